"""Turns text into header fields and cookies that cannot break out of their line (RFC 9110, RFC 6265)."""

from __future__ import annotations

import re

from runner.late import late_pattern
from runner.openapi.percent import encode
from runner.openapi.problem import SerializationProblem

# RFC 9110, section 5.6.2: tchar
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9110, section 5.5: field-vchar = VCHAR / obs-text, with SP and HTAB between
_FIELD = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# RFC 6265, section 4.1.1: cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E
_COOKIE = late_pattern(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
# what style `cookie` may pass on: it is already escaped or quoted by whoever wrote it
_COOKIE_AS_WRITTEN = late_pattern(r"[\x20-\x3a\x3c-\x7e]*")


def is_header_name(name: str) -> bool:
    """Say whether a name can be that of a header: a token."""
    return _TOKEN.fullmatch(name) is not None


def header_text(name: str, value: str) -> str:
    """Check a header field and give its value as it is sent, without surrounding blanks, which are not part of it."""
    if not is_header_name(name):
        raise SerializationProblem(f"{name!r} cannot be the name of a header")
    text = value.strip(" \t")
    if not _FIELD.fullmatch(text):
        raise SerializationProblem(f"header '{name}' holds {_offence(text)}, which a header cannot carry")
    return text


def _offence(text: str) -> str:
    if "\r" in text or "\n" in text:
        return "a line break"
    if any(char > "\xff" for char in text):
        return "a character outside of ISO 8859-1"
    return "a control character"


def cookie_name(name: str) -> str:
    """Give the name of a cookie, percent-encoded where it is not a token."""
    return name if _TOKEN.fullmatch(name) else encode(name)


def cookie_text(value: str) -> str:
    """Give a value that a cookie can hold.

    One made of cookie octets goes as it is: servers expect their session cookies back unchanged, and many do not
    decode them. Any other value is percent-encoded, as style `form` has it.
    """
    return value if _COOKIE.fullmatch(value) else encode(value)


def cookie_text_as_written(value: str) -> str:
    """Check a value of style `cookie` (OpenAPI 3.2), which comes escaped already."""
    if not _COOKIE_AS_WRITTEN.fullmatch(value):
        raise SerializationProblem("a cookie of style 'cookie' holds a character that has to be escaped before")
    return value
