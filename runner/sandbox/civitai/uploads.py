"""Turns the bytes that somebody sends into a file that is kept: its media type, and what moderation says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.records import Frozen
from runner.sandbox.civitai.moderation import Verdict, judge, strictest
from runner.sandbox.civitai.replies import Refusal

_MEDIA_TYPE = re.compile(r"(image|video|audio)/[a-z0-9!#$&^_.+-]{1,127}")
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
)
_INNER = ((b"WEBP", "image/webp"), (b"WAVE", "audio/wav"))
_ENDINGS: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
}


class Upload(Frozen):
    """A file, or the place for one: `content` is None until it is put there, which must be before `expires`.

    `size` is the size that was announced. `checked` is when moderation has spoken; without a `verdict` it was not
    asked. Times in seconds since 1970.
    """

    id: str
    mime_type: str
    created: float
    expires: float = 0.0
    size: int | None = None
    content: bytes | None = None
    verdict: Verdict | None = None
    checked: float = 0.0


def moderated(filename: str, content: bytes) -> Verdict:
    """Give what moderation says of a file."""
    return strictest((judge(filename), judge(content)))


def media_type_of(content: bytes, declared: str | None, filename: str | None) -> str:
    """Give the media type of a file: as it begins, as its sender says, as its name ends; refuse all but media."""
    ending = (filename or "").rpartition(".")[2].lower()
    found = _sniff(content) or (declared if declared and is_media(declared) else None) or _ENDINGS.get(ending)
    if found is None:
        raise Refusal(415, f"only images, video and audio are taken, not {declared or 'a file of unknown type'}")
    return found


def is_media(mime_type: str) -> bool:
    """Say whether a text is the media type of an image, a video or a sound."""
    return _MEDIA_TYPE.fullmatch(mime_type) is not None


def _sniff(content: bytes) -> str | None:
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content.startswith(b"RIFF"):
        return next((found for mark, found in _INNER if content[8:12] == mark), None)
    return next((found for mark, found in _BEGINNINGS if content.startswith(mark)), None)
