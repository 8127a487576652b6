"""Set values at places of a payload: JSON Pointer, JSONPath and XPath targets; the payload itself is never changed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from urllib.parse import quote, unquote_plus

from runner.expressions.faults import SelectorFailure
from runner.expressions.selectors.compile import Apply, Compiled, apply
from runner.expressions.selectors.compiled import Location
from runner.expressions.selectors.xml import with_text
from runner.expressions.text import as_text
from runner.values import Absent, Json, Value, with_pointer


def replaced(payload: Value, target: Compiled, new: Json, apply: Apply = apply) -> Json:
    """Give the payload with `new` wherever `target` points, or raise SelectorFailure.

    A JSON Pointer creates its last member; any other target has to match something, and all its matches are set.
    """
    if isinstance(payload, bytes):
        raise SelectorFailure("the payload is binary: nothing in it can be replaced")
    value = {} if isinstance(payload, Absent) else payload
    try:
        if target.type == "jsonpointer":
            return with_pointer(value, target.text, new)
        places = [_location(place) for place in apply(target.places, value).values]
        if not places:
            raise SelectorFailure(f"'{target.text}' matches nothing")
        return with_text(str(value), places, as_text(new)) if target.type == "xpath" else _with(value, places, new)
    except ValueError as error:
        raise SelectorFailure(str(error)) from None
    except RecursionError:
        raise SelectorFailure("the payload is nested too deeply") from None


def _location(place: Json) -> Location:
    return tuple(step for step in place if isinstance(step, str | int)) if isinstance(place, list) else ()


def _with(value: Json, places: Iterable[Location], new: Json) -> Json:
    """Give a copy of a value with something else at places that are there; what holds another place is set whole."""
    below: dict[str | int, list[Location]] = {}
    for place in places:
        if not place:
            return new
        below.setdefault(place[0], []).append(place[1:])
    if isinstance(value, dict):
        return {name: _with(each, below[name], new) if name in below else each for name, each in value.items()}
    if isinstance(value, list):
        return [_with(each, below[index], new) if index in below else each for index, each in enumerate(value)]
    return value


def replaced_in_form(text: str, target: Compiled, new: Json, apply: Apply = apply) -> Json:
    """Do the same in a form that is written as text; the fields that are not meant stay as they are written.

    Its fields are the members of an object, a field that is repeated is an array.
    """
    pairs = [(unquote_plus(pair.partition("=")[0]), pair) for pair in text.split("&") if pair]
    written: dict[str, list[str]] = {}
    for name, pair in pairs:
        written.setdefault(name, []).append(pair)
    fields: dict[str, Json] = {}
    for name, own in written.items():
        values: list[Json] = [unquote_plus(pair.partition("=")[2]) for pair in own]
        fields[name] = values if len(values) > 1 else values[0]
    changed = replaced(fields, target, new, apply)
    if not isinstance(changed, dict):
        return changed
    anew = {name: _pairs(name, value) for name, value in changed.items() if value is not fields.get(name)}
    result: list[str] = []
    for name, pair in pairs:
        result += [pair] if changed[name] is fields[name] else anew.pop(name, [])
    return "&".join([*result, *chain.from_iterable(anew.values())])


def _pairs(name: str, value: Json) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [f"{_encoded(name)}={_encoded(as_text(item))}" for item in items]


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="replace")
