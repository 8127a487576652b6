"""Turns a request into a curl command that a shell can run as it stands, on one line."""

from __future__ import annotations

import re
import shlex

from runner.exchange import Request, header
from runner.late import late_pattern
from runner.uri import split_uri

BODY_LIMIT = 4096
"""Characters of a body that are written out; a longer one, like a binary one, is left to standard input."""

_CONTROL = late_pattern(r"[\x00-\x1f\x7f]")
_OWN = frozenset({"content-length", "connection", "transfer-encoding"})


def curl(request: Request) -> str:
    """Write a request as a curl command. What is secret has been replaced before, by the redactor."""
    text = _text(request.body)
    words = ["curl", *_method(request), *_url(request.url), *_headers(request)]
    if not request.body:
        return " ".join(words)
    if text is None or len(text) > BODY_LIMIT:
        why = "binary" if text is None else "long"
        return " ".join([*words, "--data-binary", "@-", f" # the {why} body comes from standard input"])
    return " ".join([*words, "--data-raw", quoted(text)])


def quoted(text: str) -> str:
    """Quote a word for a POSIX shell; with control characters in it, as bash and zsh write them on one line."""
    if not _CONTROL.search(text):
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return "$'" + _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped) + "'"


def _text(body: bytes) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _method(request: Request) -> list[str]:
    if request.method == "HEAD" and not request.body:
        return ["--head"]
    return [] if request.method == ("POST" if request.body else "GET") else ["-X", quoted(request.method)]


def _url(url: str) -> list[str]:
    # Brackets and braces are patterns to curl.
    return [*(["--globoff"] if re.search(r"[\[\]{}]", url) else []), quoted(url)]


def _headers(request: Request) -> list[str]:
    words: list[str] = []
    for name, value in request.headers:
        match name.lower():
            case own if own in _OWN:
                continue
            case "host" if value == split_uri(request.url).authority:
                continue
            case "accept-encoding":
                words.append("--compressed")
            case _:
                words += ["-H", quoted(f"{name}: {value}" if value else f"{name};")]
    if request.body and header(request.headers, "content-type") is None:
        words += ["-H", "Content-Type:"]  # curl would add one of its own
    return words
