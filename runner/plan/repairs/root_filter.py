"""Turn a JSONPath filter on the root that is meant for the root itself into one that tests it."""

from __future__ import annotations

import re

from runner.criteria.bare import RootFilter, read_root_filter
from runner.criteria.embed import may_be_jsonpath
from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compile import compile_selector, select
from runner.plan.shapes import Shape
from runner.records import Frozen

_NAME = re.compile(r"\.([^\W\d]\w*)|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")
_COUNT = re.compile(rf"(count\(\s*@(?:{_NAME.pattern})+)(\s*\))")
_COUNTED = re.compile(rf"\(*\s*count\(\s*@((?:{_NAME.pattern})+)\s*\)\s*(?:>\s*0|>=\s*1|!=\s*0)\s*\)*")
_EMBEDDED = re.compile(r"\{\$[A-Za-z_][^{}]*\}")
_SCALARS = frozenset({"string", "boolean", "integer", "number", "null"})


class OfRoot(Frozen):
    """What is said of a filter on the root; `text` tests what was meant, None where no JSONPath does just that.

    `is_known` says that the API description makes it certain what was meant.
    """

    message: str
    text: str | None
    advice: str
    is_known: bool


def filter_of_root(condition: str, context: str, shape: Shape) -> OfRoot | None:
    """Say what a filter on the root was meant to test, or nothing where it tests items or members, as it should.

    `shape` is that of what the filter is applied to.
    """
    found = read_root_filter(condition)
    names = _names(found) if found else None
    kinds = shape.types - {"null"}
    if found is None or names is None or kinds == {"array"} or (kinds and not kinds & {"array", "object"}):
        return None
    if not may_be_jsonpath(condition, "rfc9535"):
        return None
    is_object = kinds == {"object"}
    if is_object and not all(shape.declares(name) for name in names):
        if any(shape.members.declares(name) for name in names):
            return None  # a map, whose members are tested
        is_object = False
    elif is_object and any(shape.members.declares(name) for name in names):
        is_object = False  # of either
    counting = _counting_items(found, shape)
    if is_object:
        message = f"a filter on the root tests the members of {context}, not {context} itself"
        exact = shape.requires or not _holds_of_nothing(counting)
        text = _of_object(found, counting)
        return OfRoot(message, text if exact else None, f"write {text}", is_known=True)
    message = f"a filter on the root tests what is in {context}; it may be meant for {context} itself"
    own = _at_root(counting)
    text = f"$[?{found.test} || {own}]"
    if found.rest or _holds_of_nothing(counting):
        return OfRoot(message, None, f"write $[?{own}]{found.rest} if it is the object", is_known=False)
    return OfRoot(message, text, f"write {text}", is_known=False)


def _names(found: RootFilter) -> tuple[str, ...] | None:
    """Give the member that each `@` leads to; None where one leads elsewhere, which only a member can be asked."""
    names = [_NAME.match(found.test, at + 1) for at in found.own]
    return tuple(name[name.lastindex or 1] for name in names if name) if names and all(names) else None


def _counting_items(found: RootFilter, shape: Shape) -> RootFilter:
    """Count the items of a list that is counted: `count(@.list)` is 1, however long the list is."""

    def with_items(match: re.Match[str]) -> str:
        types = shape.at(*("".join(name) for name in _NAME.findall(match[1]))).types
        is_own = match.start() + match[0].index("@") in found.own
        return f"{match[1]}[*]{match[5]}" if is_own and not (types and types <= _SCALARS) else match[0]

    text = _COUNT.sub(with_items, found.test)
    again = read_root_filter(f"$[?{text}]")
    assert again is not None
    return RootFilter(text, again.own, found.rest)


def _of_object(found: RootFilter, counting: RootFilter) -> str:
    counted = _COUNTED.fullmatch(found.test)
    if counted and not found.rest and counting.test != found.test:
        return f"${counted[1]}[*]"
    own = _at_root(counting)
    return f"$[?({own}) && ${found.rest}]" if found.rest else f"$[?{own}]"


def _at_root(found: RootFilter) -> str:
    text = found.test
    for at in reversed(found.own):
        text = f"{text[:at]}${text[at + 1 :]}"
    return text


def _holds_of_nothing(found: RootFilter) -> bool:
    """Say whether a test holds of an object without members: then it cannot be told by selecting one of them."""
    text = _EMBEDDED.sub("0", f"$[?{found.test}]")
    try:
        return bool(select(compile_selector("jsonpath", "rfc9535", text), [{}]))
    except (SelectorSyntax, SelectorFailure):
        return True
