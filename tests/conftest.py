"""What holds for every test: none fails for want of time on a busy machine, or leaves anything in anybody's home."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("ARAZZO_NO_CACHE", "1")
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
