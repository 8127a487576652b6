"""Turns text into percent-encoded text: what RFC 3986 and RFC 6570 keep, and what the place it goes to allows.

Three ways to encode:

* `encode`: RFC 6570's simple expansion, everything but unreserved characters.
* `encode_reserved`: its reserved expansion (`allowReserved`, `{+name}`), reserved characters and triples kept, save
  those that would end the place they stand in: the query, the path, a segment of it, a cookie.
* `encode_form`: `application/x-www-form-urlencoded`, space as `+`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

from runner.late import late_pattern
from runner.openapi.problem import SerializationProblem

# RFC 3986, section 2.2: reserved = gen-delims / sub-delims. Not among them here: `#`, `[` and `]`, which neither a path
# nor a query may hold (sections 3.3 and 3.4). RFC 6570 would let them through and leave a broken URL to the author.
IN_QUERY = ":/?@!$&'()*+,;="
IN_PATH = ":/@!$&'()*+,;="
# OpenAPI, Path Templating: a value "MUST NOT contain any unescaped generic syntax characters": `/`, `?`, `#`
IN_SEGMENT = ":@!$&'()*+,;="
# RFC 6265, section 4.1.1: a cookie's value holds no `,` and no `;`, but `#`, `[` and `]`
IN_COOKIE = ":/?#[]@!$&'()*+="
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]*")
_TRIPLE = late_pattern(r"(%[0-9A-Fa-f]{2})")


def encode(text: str) -> str:
    """Percent-encode everything but letters, digits and `-._~`."""
    return _quoted(text, "")


def encode_reserved(text: str, keep: str) -> str:
    """Percent-encode all but unreserved characters and those to `keep`; percent-encoded triples stay."""
    if "%" not in text:
        return _quoted(text, keep)
    pieces = _TRIPLE.split(text)
    return "".join(piece if index % 2 else _quoted(piece, keep) for index, piece in enumerate(pieces))


def encode_form(text: str) -> str:
    """Encode for a form body: space as `+`, and the tilde too, as the form media type's own rules want it."""
    return quote_plus(_unicode(text), safe="").replace("~", "%7E")


def _quoted(text: str, keep: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(_unicode(text), safe=keep)


def _unicode(text: str) -> str:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise SerializationProblem("half of a surrogate pair is not text and cannot be sent")
    return text
