"""Turn the text of an environment file (`NAME=value` lines) into variables; nothing is interpolated, `$X` stays so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.errors import UsageError
from runner.late import late_pattern
from runner.loader.text import decode_bytes
from runner.source import Source

_BLANK = late_pattern(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_NAME = late_pattern(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_QUOTED = {
    '"': late_pattern(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": late_pattern(r"'([^']*)'"),
}
# `#` begins a comment after a blank only: `a#b` is a value
_PLAIN = late_pattern(r"(?P<value>[^\n]*?)[ \t]*(?:(?<=[ \t])#[^\n]*)?(?:\n|\Z)")
_ESCAPE = late_pattern(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


def read_env_files(paths: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Read files in order, a later one wins: each variable with its value and the file it comes from."""
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        try:
            text = decode_bytes(Path(path).read_bytes())
        except OSError as error:
            raise UsageError(f"--env-file {path}: {error.strerror or error}") from error
        except ValueError as error:
            raise UsageError(f"--env-file {path}: it is not text: {error}") from error
        found.update((name, (value, path)) for name, value in entries(Source(path, path, text)))
    return found


def entries(source: Source) -> Iterator[tuple[str, str]]:
    """Give the variables of a file in order; UsageError names line and column, and never shows a value."""
    text, position = source.text.replace("\r\n", "\n"), 0
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = max(blank.end(), position + 1)
            continue
        named = _NAME.match(text, position)
        if named is None:
            raise _refused(source, position, "a line is NAME=value, a comment, or empty")
        start = named.end()
        quoted = _QUOTED.get(text[start : start + 1])
        if quoted is None:
            plain = _PLAIN.match(text, start)
            assert plain is not None
            yield named["name"], plain["value"]
            position = max(plain.end(), start + 1)
            continue
        found = quoted.match(text, start)
        if found is None:
            raise _refused(source, start, "the quote that begins here is not closed")
        rest = _BLANK.match(text, found.end())
        if rest is None:
            raise _refused(source, found.end(), "nothing but a comment may follow a closing quote")
        yield named["name"], _unescaped(found[1]) if text[start] == '"' else found[1]
        position = max(rest.end(), found.end())


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _refused(source: Source, offset: int, why: str) -> UsageError:
    line, column = Source(source.uri, source.name, source.text.replace("\r\n", "\n")).position(offset)
    return UsageError(f"{source.name}:{line}:{column}: {why}")
