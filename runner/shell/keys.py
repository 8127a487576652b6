"""Turns where an attempt is into an idempotency key that no other run has, and that this run finds again."""

from __future__ import annotations

import hmac
import os
from uuid import UUID

from runner.engine.events import Trail
from runner.engine.state import DrawKey, place_key

SEED_BYTES = 16


def fresh_seed() -> bytes:
    """Draw what sets the keys of one run apart from those of all others."""
    return os.urandom(SEED_BYTES)


def keys_of(seed: bytes) -> DrawKey:
    """Give what makes up the keys of the run that has this seed."""

    def draw(trail: Trail) -> str:
        return str(UUID(bytes=hmac.digest(seed, place_key(trail).encode(), "sha256")[:16], version=4))

    return draw
