"""Turns the bytes of a file into what is sent of them: all, a range, or none where they are known (RFC 9110)."""

from __future__ import annotations

import hashlib
import re

from runner.exchange import Request, Response, header
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.replies import phrase

# 14.1.2: the first and the last place, or how many at the end. More than one range is a field that may be ignored.
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")


def entity_tag(content: bytes) -> str:
    """Name bytes by what they are (8.8.3)."""
    return f'"{hashlib.sha256(content).hexdigest()}"'


def serve_file(content: bytes, mime_type: str, request: Request) -> Response:
    """Answer a GET or a HEAD, whose conditions are looked at in the order of 13.2.2."""
    asked = request.headers
    tag, kind = entity_tag(content), ("Content-Type", mime_type)
    fields = (("ETag", tag), ("Accept-Ranges", "bytes"))
    known = header(asked, "if-none-match")
    if known is not None and (known.strip() == "*" or tag in known):
        return Response(304, fields, reason=phrase(304))
    # "GET is the only method for which range handling is defined" (14.2).
    is_ranged = request.method == "GET" and header(asked, "if-range") in (None, tag)
    places = _places(header(asked, "range") or "", len(content)) if is_ranged else None
    if places is None:
        return Response(200, (kind, *fields), content, phrase(200))
    first, last = places
    there = ("Content-Range", f"bytes {first}-{last}/{len(content)}")
    return Response(206, (kind, *fields, there), content[first : last + 1], phrase(206))


def _places(text: str, size: int) -> tuple[int, int] | None:
    """Read the first and the last place of a range; None where all is wanted. Refuse one that begins after the end."""
    read = _RANGE.fullmatch(text.strip())
    if read is None:
        return None
    begin, end, count = read.groups()
    if end is not None and int(end) < int(begin):
        return None  # "An int-range is invalid if the last-pos value is present and less than first-pos" (14.1.1)
    first = max(size - int(count), 0) if count is not None else int(begin)
    if first >= size:
        raise Refusal(416, f"there are {size} bytes", (("Content-Range", f"bytes */{size}"),))
    return first, min(int(end), size - 1) if end is not None else size - 1
