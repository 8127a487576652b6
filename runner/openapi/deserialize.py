"""Turns text that style `simple` wrote back into the values it may stand for, as far as a schema's types say.

Text has no types: `5` is a number where a number may stand, and text where text may. So one text can have several
readings, and satisfies a schema if one of them does; the first is the one that was most likely meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from runner.exchange import parse_json
from runner.late import late_pattern
from runner.openapi.schemas import Types
from runner.text import scalar_text
from runner.values import Absent, Json, Value

# The place of any item of an array, for the types that it may have.
_ITEM = "0"

# RFC 8259, section 6
_NUMBER = late_pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NUMERIC = frozenset({"integer", "number"})


def readings(text: str, types: Types, *, explode: bool = False) -> Iterator[Json]:
    """Read the text of a header: as an array or object where one may stand, and as a scalar."""
    own = types(())
    if "array" in own:
        yield [_scalar(part, types((_ITEM,))) for part in _parts(text)]
    if "object" in own and (members := _members(_parts(text), explode)) is not None:
        yield {name: _scalar(value, types((name,))) for name, value in members}
    yield from _scalars(text, own)


def form_values(members: Mapping[str, Value], types: Types) -> tuple[Json, frozenset[str]]:
    """Give the members of a form as its reader will see them, and which are files: a text stands for each of these."""
    files = frozenset(name for name, part in members.items() if _is_file(part, types((name,))))
    texts: dict[str, Json] = {
        name: "" if name in files or isinstance(part, bytes | Absent) else part for name, part in members.items()
    }
    return retyped(texts, types), files


def _is_file(part: Value, types: frozenset[str]) -> bool:
    if isinstance(part, list):
        return any(_is_file(each, types) for each in part)
    return isinstance(part, bytes) or (isinstance(part, dict) and "object" not in types)


def retyped(value: Json, types: Types, path: tuple[str, ...] = ()) -> Json:
    """Give a value that is sent as text the types that its reader will see in it.

    `"5"` and `5` are the same in a URL, and so are `5` and `[5]`. A value that already has a type that may stand there
    stays as it is.
    """
    own = types(path)
    match value:
        case list():
            return [retyped(item, types, (*path, _ITEM)) for item in value]
        case dict():
            return {name: retyped(item, types, (*path, name)) for name, item in value.items()}
        case None:
            return None
        case _ if not own or own & _types_of(value):
            return value
        case _:
            read = _scalar(scalar_text(value), own)
            alone = "array" in own and not own & _types_of(read)
            return [retyped(value, types, (*path, _ITEM))] if alone else read


def _parts(text: str) -> list[str]:
    """Split a list of a header (RFC 9110, section 5.6.1); the empty text is the empty list."""
    return [part.strip(" \t") for part in text.split(",")] if text.strip() else []


def _members(parts: list[str], explode: bool) -> list[tuple[str, str]] | None:
    """Read `R=100,G=200` with explode, `R,100,G,200` without; None for what is neither."""
    if explode:
        pairs = [part.partition("=") for part in parts]
        return [(name, value) for name, _, value in pairs] if all(sign for _, sign, _ in pairs) else None
    return list(zip(parts[::2], parts[1::2], strict=True)) if len(parts) % 2 == 0 else None


def _scalar(text: str, types: frozenset[str]) -> Json:
    """Read a text as the one scalar it most likely is: as text where that may stand."""
    return text if "string" in types else next(_scalars(text, types))


def _scalars(text: str, types: frozenset[str]) -> Iterator[Json]:
    if not types:
        yield text
    if (not types or types & _NUMERIC) and _NUMBER.fullmatch(text):
        with suppress(ValueError):  # it has more digits than a number may have here
            yield parse_json(text)
    if (not types or "boolean" in types) and text in ("true", "false"):
        yield text == "true"
    if "null" in types and text in ("", "null"):
        yield None
    yield text


def _types_of(value: Json) -> frozenset[str]:
    match value:
        case bool():
            return frozenset({"boolean"})
        case float() if not value.is_integer():
            return frozenset({"number"})
        case int() | float():
            return _NUMERIC
        case str():
            return frozenset({"string"})
        case _:
            return frozenset()
