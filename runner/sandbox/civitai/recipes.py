"""Turns a step's input into its price and its product: one row per `$type`.

A picture costs 8 Buzz for 1024 × 1024 pixels at 20 steps and grows with pixels, steps and quantity, rounded up: the
published example (30 steps, quantity 2) costs 24. A video costs 64 Buzz a second. Everything else has a flat price.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable

from runner.records import Frozen
from runner.sandbox.civitai.moderation import SAFE, Verdict
from runner.sandbox.ids import digest

MAX_SIDE = 4096
_PIXELS = 1024 * 1024


class Input(Frozen):
    """What prices and products depend on, with the sandbox's defaults filled in; `duration` in seconds.

    `verdict` is the strictest that moderation gives of the prompt and of the images that come with it.
    """

    prompt: str = ""
    width: int = 1024
    height: int = 1024
    steps: int = 20
    quantity: int = 1
    duration: float = 5.0
    verdict: Verdict = SAFE


class Recipe(Frozen):
    """A kind of step. `sized` products have a width and a height, `timed` ones last as long as the input says."""

    price: Callable[[Input], int]
    mime_type: str
    make: Callable[[Input, str], bytes]
    sized: bool = False
    timed: bool = False


def picture_price(given: Input) -> int:
    """Price a picture in Buzz."""
    return -(-8 * given.width * given.height * given.steps * given.quantity // (_PIXELS * 20))


def _per_second(rate: int) -> Callable[[Input], int]:
    return lambda given: max(1, round(rate * given.duration)) * given.quantity


def _flat(buzz: int) -> Callable[[Input], int]:
    return lambda given: buzz * given.quantity


def png(given: Input, blob_id: str) -> bytes:
    """Draw a picture of one colour, which depends on the blob's id: a palette of one entry and a bit per pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", given.width, given.height, 1, 3, 0, 0, 0)
    row = bytes(1 + (given.width + 7) // 8)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"PLTE", digest(blob_id)[:3]),
            chunk(b"IDAT", zlib.compress(row * given.height, 9)),
            chunk(b"IEND", b""),
        )
    )


def _mp4(_given: Input, _blob_id: str) -> bytes:
    # The file type box alone: recognized as MP4, with nothing to play.
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41")


def _wav(_given: Input, _blob_id: str) -> bytes:
    # A tenth of a second of silence, mono, 8 bits at 8 kHz.
    silence = b"\x80" * 800
    layout = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", len(silence))
    return struct.pack("<4sI4s", b"RIFF", 4 + len(layout) + len(silence), b"WAVE") + layout + silence


def _text(given: Input, _blob_id: str) -> bytes:
    return f"Written in the sandbox for: {given.prompt}\n".encode()


def _verdict(given: Input, _blob_id: str) -> bytes:
    level, reason = given.verdict
    return json.dumps({"nsfwLevel": level} | ({"nsfwReason": reason} if reason else {})).encode()


def _tensors(_given: Input, _blob_id: str) -> bytes:
    # A valid safetensors file without tensors: the length of its header, and the header.
    return struct.pack("<Q", 2) + b"{}"


RECIPES = {
    "imageGen": Recipe(picture_price, "image/png", png, sized=True),
    "videoGen": Recipe(_per_second(64), "video/mp4", _mp4, sized=True, timed=True),
    "audioGen": Recipe(_flat(10), "audio/wav", _wav, timed=True),
    "textGen": Recipe(_flat(1), "text/plain", _text),
    "transcribe": Recipe(_flat(1), "text/plain", _text),
    "tts": Recipe(_flat(2), "audio/wav", _wav, timed=True),
    "music": Recipe(_flat(20), "audio/wav", _wav, timed=True),
    "upscale": Recipe(_flat(10), "image/png", png, sized=True),
    "interpolate": Recipe(_flat(20), "video/mp4", _mp4, sized=True, timed=True),
    "training": Recipe(_flat(500), "application/octet-stream", _tensors),
    "comfy": Recipe(picture_price, "image/png", png, sized=True),
    "moderation": Recipe(_flat(1), "application/json", _verdict),
}
