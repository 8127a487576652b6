"""Turns the numbers of idempotency keys into keys that no other run has, and that this run finds again."""

from __future__ import annotations

import hmac
import os
from uuid import UUID

from runner.engine.state import DrawKey

SEED_BYTES = 16


def fresh_seed() -> bytes:
    """Draw what sets the keys of one run apart from those of all others."""
    return os.urandom(SEED_BYTES)


def seed_of(seed: bytes, part: str) -> bytes:
    """Give what sets the keys of a part of a run apart from those of its others."""
    return hmac.digest(seed, part.encode(), "sha256")


def keys_of(seed: bytes) -> DrawKey:
    """Give what makes up the keys of the run that has this seed."""

    def draw(number: int) -> str:
        return str(UUID(bytes=hmac.digest(seed, str(number).encode(), "sha256")[:16], version=4))

    return draw
