"""JSON Pointer (RFC 6901) as a selector."""

from __future__ import annotations

from collections.abc import Iterable

from runner.expressions.faults import SelectorSyntax
from runner.expressions.selectors.compiled import JsonQuery, Location
from runner.late import late_pattern
from runner.values import Absent, Json, Value, member, split_pointer

_BAD_ESCAPE = late_pattern(r"~(?![01])")
_INDEX = late_pattern(r"0|[1-9][0-9]{0,14}")


def compile_pointer(text: str) -> JsonQuery:
    """Compile a JSON Pointer; a `#` before it, as in a URI, is refused with the fix."""
    if text.startswith("#"):
        raise SelectorSyntax("a JSON Pointer starts with '/', not with '#'", 0, 1, suggestion="", certain=True)
    if text and not text.startswith("/"):
        raise SelectorSyntax("a JSON Pointer starts with '/'", 0, len(text), suggestion="/" + text)
    bad = _BAD_ESCAPE.search(text)
    if bad:
        message = "in a JSON Pointer '~' is written '~0', and '/' in a name '~1'"
        raise SelectorSyntax(message, bad.start(), bad.end(), suggestion="~0")
    tokens = split_pointer(text)

    def find(value: Json) -> Iterable[tuple[Location, Json]]:
        location: list[str | int] = []
        current: Value = value
        for token in tokens:
            if isinstance(current, list) and not _INDEX.fullmatch(token):
                return ()
            location.append(int(token) if isinstance(current, list) else token)
            current = member(current, token)
        return () if isinstance(current, Absent | bytes) else ((tuple(location), current),)

    return JsonQuery(singular=True, find=find)
