"""Turns a keyword that a value does not satisfy into a few words: one entry for each keyword."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from runner.text import json_text
from runner.values import Json

LONGEST, MOST = 60, 8


class Case(NamedTuple):
    """A failed keyword: what it says, and the value; `names` are the members at fault where the engine knows them."""

    keyword: str
    expected: Json
    value: Json
    secret: bool
    names: tuple[str, ...] = ()


def named_messages(case: Case) -> Iterator[tuple[str, str]]:
    """Give the members at fault, each with what is wrong with its being there, or not."""
    members = case.value if isinstance(case.value, dict) else {}
    match case.keyword, case.expected:
        case "required", _:
            yield from ((name, "is required") for name in case.names)
        case "dependentRequired", dict() as dependents:
            for given, names in dependents.items():
                if given in members and isinstance(names, list):
                    missing = (str(name) for name in names if name not in members)
                    yield from ((name, f"is required where '{given}' is given") for name in missing)
        case "propertyNames", _:
            yield from ((name, "is not allowed as a name") for name in case.names)
        case "additionalProperties", _:  # an engine names none where none is allowed
            yield from ((name, "is not allowed") for name in case.names or members)
        case _:
            yield from ((name, "is not allowed") for name in case.names)


def message(case: Case) -> str:
    """Say what a value should have been, and what it is unless that is secret."""
    words = _MESSAGES.get(case.keyword)
    return words(case) if words else f"does not satisfy '{case.keyword}'"


def type_message(names: Iterable[str], value: Json, secret: bool) -> str:
    """Say which types a value may have."""
    return f"must be {_either(list(names))}{_is(Case('type', None, value, secret))}"


def type_names(expected: Json) -> list[str]:
    """Give the names that `type` lists."""
    return [str(name) for name in (expected if isinstance(expected, list) else [expected])]


def listed(parts: list[str], separator: str = ", ") -> str:
    """Join the first few of a list."""
    return separator.join(parts[:MOST]) + (f"{separator}…" if len(parts) > MOST else "")


def shown(value: Json) -> str:
    """Write a value in few characters; of a collection only that it is one, for there may be secrets in it."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    text = json_text(value)
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 2] + ('…"' if isinstance(value, str) else "…")


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _is(case: Case) -> str:
    return "" if case.secret else f", is {shown(case.value)}"


def _has(case: Case) -> str:
    return f", has {len(case.value)}" if isinstance(case.value, (str, list, dict)) and not case.secret else ""


def _enum(case: Case) -> str:
    options = case.expected if isinstance(case.expected, list) else []
    if case.secret:
        return "is not one of the values allowed"
    return f"must be one of {listed([shown(option) for option in options])}{_is(case)}"


def _const(case: Case) -> str:
    return "is not the value required" if case.secret else f"must be {shown(case.expected)}{_is(case)}"


_Words: TypeAlias = Callable[[Case], str]


def _bound(words: str) -> _Words:
    return lambda case: f"must be {words} {shown(case.expected)}{_is(case)}"


def _count(words: str, one: str, many: str) -> _Words:
    return lambda case: f"must have {words} {shown(case.expected)} {one if case.expected == 1 else many}{_has(case)}"


def _fixed(words: str) -> _Words:
    return lambda _: words


_MESSAGES: Mapping[str, _Words] = {
    "type": lambda case: type_message(type_names(case.expected), case.value, case.secret),
    "enum": _enum,
    "const": _const,
    "discriminator": _enum,
    "readOnly": _fixed("is read-only: it must not be sent"),
    "writeOnly": _fixed("is write-only: it must not be sent back"),
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("more than"),
    "exclusiveMaximum": _bound("less than"),
    "multipleOf": _bound("a multiple of"),
    "minLength": _count("at least", "character", "characters"),
    "maxLength": _count("at most", "character", "characters"),
    "minItems": _count("at least", "item", "items"),
    "maxItems": _count("at most", "item", "items"),
    "minProperties": _count("at least", "property", "properties"),
    "maxProperties": _count("at most", "property", "properties"),
    "pattern": lambda case: f"must match the pattern {shown(case.expected)}{_is(case)}",
    "patternLimit": _fixed("cannot be matched against its pattern: the search takes too long"),
    "format": lambda case: f"must have the format {case.expected}{_is(case)}",
    "uniqueItems": _fixed("must not have the same item twice"),
    "contains": _fixed("must have an item that satisfies 'contains'"),
    "minContains": _fixed("has too few items that satisfy 'contains'"),
    "maxContains": _fixed("has too many items that satisfy 'contains'"),
    "not": _fixed("must not satisfy the schema under 'not'"),
    "oneOf": _fixed("satisfies more than one of the schemas under 'oneOf'"),
    "false": _fixed("is not allowed"),
    "unevaluatedProperties": _fixed("has properties that are not allowed"),
    "unevaluatedItems": _fixed("has items that are not allowed"),
    "items": _fixed("has more items than are allowed"),
    "additionalItems": _fixed("has more items than are allowed"),
    "dependencies": _fixed("lacks a member that another one depends on"),
}
