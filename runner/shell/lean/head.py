"""Turns a Request into the bytes that begin it, and the bytes that begin an answer into status and header fields."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from runner.exchange import Headers, Request, header
from runner.late import late_pattern
from runner.shell.wire import FRAMING, HAS_CONTENT, TOKEN, Place, is_carried, is_framed, lowered

_TARGET = re.compile(r"[\x21-\x7e]+")

# RFC 9112, 4: status-line = HTTP-version SP status-code SP [ reason-phrase ]; some leave out the second space.
_STATUS = re.compile(r"HTTP/([0-9])\.([0-9]) ([0-9]{3})(?: ([^\x00\x0b-\x0d]*))?")
# Control characters other than these are sent in practice, though RFC 9110, 5.5 knows them not.
_UNREADABLE = re.compile(r"[\x00\x0b-\x0d]")
_FOLD = late_pattern(r"\n[ \t]+")
_TELLING = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})
_LENGTH = re.compile(r"[0-9]{1,20}")


class NotHttpError(Exception):
    """The answer breaks a rule of HTTP, which `str()` names."""


class Written(NamedTuple):
    """The bytes that begin a request; `closes`: it asks for the connection to be closed after it."""

    data: bytes
    closes: bool


class Head(NamedTuple):
    """The beginning of an answer. `length` is Content-Length, None where there is none; `coding` Content-Encoding.

    `persists`: the connection may be used again, if the body has an end of its own.
    """

    status: int
    reason: str
    headers: Headers
    length: int | None
    chunked: bool
    persists: bool
    coding: str


def head_of(request: Request, place: Place) -> Written | None:
    """Write request line and header fields, Host first; nothing where HTTP cannot carry them (RFC 9112, 3 and 5).

    A field that frames the body is sent only where it says the truth: what is in the body never becomes a request.
    """
    fields, body, names = request.headers, request.body, lowered(tuple([name for name, _ in request.headers]))
    if names is None or not (FRAMING.isdisjoint(names) or is_framed(request)) or not TOKEN.fullmatch(request.method):
        return None
    if not is_carried("".join([value for _, value in fields])) or not _TARGET.fullmatch(place.target):
        return None
    if "content-length" not in names and (body or request.method.upper() in HAS_CONTENT):
        fields = (*fields, ("Content-Length", str(len(body))))
    if "host" not in names:
        fields = (("Host", place.authority), *fields)
    elif names[0] != "host":
        at = names.index("host")
        fields = (fields[at], *fields[:at], *fields[at + 1 :])
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    closes = "connection" in names and "close" in (header(fields, "connection") or "").lower()
    return Written(f"{request.method} {place.target} HTTP/1.1\r\n{lines}\r\n".encode(), closes)


@lru_cache(maxsize=32)  # within a second, an API answers the same question with the same head
def read_head(block: bytes) -> Head:
    """Read everything up to the empty line; raises NotHttpError. Fields stay in their order and spelling."""
    # "a recipient MAY recognize a single LF as a line terminator" (RFC 9112, 2.2)
    line, _, rest = block.decode("latin-1").replace("\r\n", "\n").partition("\n")
    matched = _STATUS.fullmatch(line)
    if matched is None:
        raise NotHttpError("illegal status line" if line else "no response line received")
    major, minor, status, reason = matched.groups("")
    headers = read_fields(rest)
    told: dict[str, str] = {}
    for name, value in headers:
        if (key := name.lower()) in _TELLING:
            told[key] = f"{told[key]},{value}" if key in told else value
    length, chunked = _length(told.get("content-length")), _is_chunked(told.get("transfer-encoding"))
    persists = (major, minor) >= ("1", "1") and "close" not in told.get("connection", "").lower()
    if chunked and length is not None:
        # RFC 9112, 6.3: "Transfer-Encoding overrides the Content-Length", and somebody may be smuggling
        length, persists = None, False
    return Head(int(status), _text(reason), headers, length, chunked, persists, told.get("content-encoding", ""))


def read_fields(text: str) -> Headers:
    """Read field lines, each of which ends with a line feed (RFC 9112, 5); raises NotHttpError."""
    if text.startswith((" ", "\t")):
        raise NotHttpError("continuation line at start of headers")
    if "\n " in text or "\n\t" in text:
        # RFC 9112, 5.2: a user agent "MUST replace each received obs-fold with one or more SP octets"
        text = _FOLD.sub(" ", text)
    if not (text := text.rstrip("\n")):
        return ()
    parts = [line.partition(":") for line in text.split("\n")]
    names = [name for name, colon, _ in parts if colon and name]
    if len(names) < len(parts) or _UNREADABLE.search(text) or not TOKEN.fullmatch("".join(names)):
        raise NotHttpError("illegal header line")
    if text.isascii():
        return tuple([(name, value.strip(" \t")) for name, _, value in parts])
    return tuple([(name, _text(value.strip(" \t"))) for name, _, value in parts])


def _text(value: str) -> str:
    """Read a field value as what it is today (UTF-8), else as what it was once (ISO 8859-1)."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _length(value: str | None) -> int | None:
    """Read a Content-Length; several fields, or a list, that say the same are one (RFC 9110, 8.6)."""
    if value is None:
        return None
    said = {part.strip(" \t") for part in value.split(",")} if "," in value else {value}
    if len(said) > 1:
        raise NotHttpError("conflicting Content-Length headers")
    [digits] = said
    if not _LENGTH.fullmatch(digits):
        raise NotHttpError("bad Content-Length")
    return int(digits)


def _is_chunked(value: str | None) -> bool:
    if value is None:
        return False
    if value.lower() != "chunked":
        raise NotHttpError("its Transfer-Encoding is not 'chunked'")
    return True
