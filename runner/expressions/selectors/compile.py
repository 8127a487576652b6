"""Turns the text of a selector, in any of its languages, into one that can be applied: the door to this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from runner.diagnostics import nearest
from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compiled import Apply, Compiled, Location, Selection
from runner.expressions.selectors.goessner import compile_goessner
from runner.expressions.selectors.jsonpath import compile_jsonpath
from runner.expressions.selectors.pointer import compile_pointer
from runner.expressions.selectors.xpath import compile_xpath
from runner.values import Absent, Json, Value

__all__ = ["DEFAULT_VERSIONS", "Apply", "Compiled", "Selection", "apply", "compile_selector", "locate", "select"]

DEFAULT_VERSIONS: Mapping[str, str] = {"jsonpath": "rfc9535", "xpath": "xpath-31", "jsonpointer": "rfc6901"}
"""Expression Type Object: the version each type has where none is given."""


_LANGUAGES: Mapping[tuple[str, str], Callable[[str], Compiled]] = {
    ("jsonpath", "rfc9535"): compile_jsonpath,
    ("jsonpath", "draft-goessner-dispatch-jsonpath-00"): compile_goessner,
    ("jsonpointer", "rfc6901"): compile_pointer,
    **{("xpath", version): compile_xpath(version) for version in ("xpath-31", "xpath-30", "xpath-20", "xpath-10")},
}


@lru_cache(maxsize=512)
def compile_selector(type: str, version: str, text: str) -> Compiled:  # noqa: A002 - the specification's word
    """Compile a selector, or raise SelectorSyntax. An empty version is the type's default."""
    version = version or DEFAULT_VERSIONS.get(type, "")
    language = _LANGUAGES.get((type, version))
    if language is not None:
        return replace(language(text), type=type, version=version)
    if type not in DEFAULT_VERSIONS:
        raise SelectorSyntax(f"unknown selector type '{type}': it is jsonpath, xpath or jsonpointer", 0, len(text))
    known = [each for name, each in _LANGUAGES if name == type]
    best = nearest(version, known) or DEFAULT_VERSIONS[type]
    raise SelectorSyntax(f"unknown version '{version}' of {type}: did you mean '{best}'?", 0, len(text))


def select(selector: Compiled, value: Value) -> tuple[Json, ...]:
    """Give what a selector selects, in document order, or raise SelectorFailure."""
    return tuple(found for _, found in _found(selector, value))


def apply(selector: Compiled, value: Value) -> Selection:
    """Apply a selector in this process, or raise SelectorFailure."""
    if selector.holds is None:
        values = select(selector, value)
        return Selection(values, bool(values))
    if isinstance(value, Absent | bytes):
        return Selection(select(selector, value), holds=False)
    return Selection(select(selector, value), selector.holds(value))


def locate(selector: Compiled, value: Value) -> tuple[Location, ...]:
    """Give where a selector's matches stand, in document order, or raise SelectorFailure."""
    return tuple(location for location, _ in _found(selector, value))


def _found(selector: Compiled, value: Value) -> list[tuple[Location, Json]]:
    if isinstance(value, Absent):
        raise SelectorFailure("there is nothing to select from")
    if isinstance(value, bytes):
        raise SelectorFailure("a binary body is no structured data")
    try:
        return list(selector.find(value))
    except RecursionError:
        raise SelectorFailure("the value is nested too deeply") from None
