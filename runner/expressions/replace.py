"""Set values at places of a payload: JSON Pointer, JSONPath and XPath targets; the payload itself is never changed."""

from __future__ import annotations

from runner.expressions.faults import SelectorFailure
from runner.expressions.selectors.compile import Compiled, locate
from runner.expressions.text import as_text
from runner.values import Absent, Json, Value, join_pointer, with_pointer


def replaced(payload: Value, target: Compiled, new: Json) -> Json:
    """Give the payload with `new` wherever `target` points, or raise SelectorFailure.

    A JSON Pointer creates its last member; any other target has to match something, and all its matches are set.
    """
    if isinstance(payload, bytes):
        raise SelectorFailure("the payload is binary: nothing in it can be replaced")
    value = {} if isinstance(payload, Absent) else payload
    if target.put is not None:
        return target.put(value, as_text(new))
    if target.type == "jsonpointer":
        try:
            return with_pointer(value, target.text, new)
        except ValueError as error:
            raise SelectorFailure(str(error)) from None
    places = locate(target, value)
    if not places:
        raise SelectorFailure(f"'{target.text}' matches nothing")
    for place in sorted(places, key=len, reverse=True):  # what holds another match is set after it
        value = with_pointer(value, join_pointer("", *place), new)
    return value
