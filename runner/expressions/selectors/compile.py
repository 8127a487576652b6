"""Turns the text of a selector, in any of its languages, into one that can be applied: the door to this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from runner.diagnostics import nearest
from runner.expressions.faults import SelectorSyntax
from runner.expressions.selectors.compiled import Apply, Compiled, Location, Query, Selection
from runner.expressions.selectors.pointer import compile_pointer
from runner.values import Json, Value

__all__ = ["DEFAULT_VERSIONS", "Apply", "Compiled", "Selection", "apply", "compile_selector", "locate", "select"]

DEFAULT_VERSIONS: Mapping[str, str] = {"jsonpath": "rfc9535", "xpath": "xpath-31", "jsonpointer": "rfc6901"}
"""Expression Type Object: the version each type has where none is given."""


def _rfc9535(text: str) -> Query:
    from runner.expressions.selectors.jsonpath import compile_jsonpath  # late: each loads a library

    return compile_jsonpath(text)


def _goessner(text: str) -> Query:
    from runner.expressions.selectors.goessner import compile_goessner

    return compile_goessner(text)


def _xpath(version: str, text: str) -> Query:
    from runner.expressions.selectors.xpath import compile_xpath

    return compile_xpath(version, text)


def _xpath10(text: str) -> Query:
    from runner.expressions.selectors.xpath10 import compile_xpath10

    return compile_xpath10(text)


_LANGUAGES: Mapping[tuple[str, str], Callable[[str], Query]] = {
    ("jsonpath", "rfc9535"): _rfc9535,
    ("jsonpath", "draft-goessner-dispatch-jsonpath-00"): _goessner,
    ("jsonpointer", "rfc6901"): compile_pointer,
    **{("xpath", version): partial(_xpath, version) for version in ("xpath-31", "xpath-30", "xpath-20")},
    ("xpath", "xpath-10"): _xpath10,
}


@lru_cache(maxsize=512)
def compile_selector(type: str, version: str, text: str) -> Compiled:  # noqa: A002 - the specification's word
    """Compile a selector, or raise SelectorSyntax. An empty version is the type's default."""
    version = version or DEFAULT_VERSIONS.get(type, "")
    language = _LANGUAGES.get((type, version))
    if language is not None:
        return Compiled(type, version, text, language(text))
    if type not in DEFAULT_VERSIONS:
        raise SelectorSyntax(f"unknown selector type '{type}': it is jsonpath, xpath or jsonpointer", 0, len(text))
    known = [each for name, each in _LANGUAGES if name == type]
    best = nearest(version, known) or DEFAULT_VERSIONS[type]
    raise SelectorSyntax(f"unknown version '{version}' of {type}: did you mean '{best}'?", 0, len(text))


def apply(selector: Compiled, value: Value) -> Selection:
    """Apply a selector in this process, however long it takes, or raise SelectorFailure."""
    if selector.of_places:
        return Selection(tuple(list(place) for place in selector.query.locate(value)), singular=False, holds=None)
    return selector.query.select(value)


def select(selector: Compiled, value: Value) -> tuple[Json, ...]:
    """Give what a selector selects, in document order, or raise SelectorFailure."""
    return apply(selector, value).values


def locate(selector: Compiled, value: Value) -> tuple[Location, ...]:
    """Give where a selector's matches stand, in document order, or raise SelectorFailure."""
    return selector.query.locate(value)
