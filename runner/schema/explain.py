"""Turns the failures of a value into errors: where, by which keyword, and in our own words without any secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runner.records import Frozen
from runner.schema.engines import Failure
from runner.schema.gathered import Gathered
from runner.schema.keywords import Object, applied, within
from runner.schema.messages import Case, listed, message, named_messages, type_message, type_names
from runner.values import ABSENT, Json, Value, join_pointer, member

# Keywords that an engine may call by the name of another one.
_NAMED_BY_PATH = frozenset({"dependentRequired", "minContains", "maxContains"})


class SchemaError(Frozen):
    """What is wrong with a value: a pointer to it, the keyword it fails, and where that stands.

    `schema` is a pointer into the schema, or `uri#pointer` into a definition. A property that is missing, or one too
    many, has a pointer of its own.
    """

    instance: str
    keyword: str
    schema: str
    message: str


class _Place(NamedTuple):
    """A keyword: its name, what it says, and where it stands as written."""

    keyword: str
    expected: Json
    origin: str


class Explaining(Frozen):
    """The explanation of one value."""

    gathered: Gathered
    value: Json

    def errors(self, failure: Failure) -> Iterator[SchemaError]:
        """Give the errors of a failure: one for each member at fault, or those of the alternative that was meant."""
        place = self.place(failure)
        if place.keyword == failure.keyword and failure.branches and all(failure.branches):
            yield from self.alternatives(failure, place)
            return
        at = join_pointer("", *failure.instance)
        case = Case(place.keyword, place.expected, self.at(failure.instance), self.is_secret(failure), failure.names)
        named = list(named_messages(case))
        for name, words in named:
            yield SchemaError(join_pointer(at, name), place.keyword, place.origin, words)
        if not named:
            yield SchemaError(at, place.keyword, place.origin, message(case))

    def alternatives(self, failure: Failure, place: _Place) -> Iterator[SchemaError]:
        """Explain a value that satisfies none of several schemas."""
        meant = [branch for branch in failure.branches if _is_meant(branch, failure.instance)]
        if len(meant) == 1:
            for inner in meant[0]:
                yield from self.errors(inner)
            return
        at = join_pointer("", *failure.instance)
        types = self.types(failure)
        if types:
            words = type_message(types, self.at(failure.instance), self.is_secret(failure))
        else:
            firsts = [next(self.errors(branch[0])) for branch in failure.branches]
            causes = dict.fromkeys(f"{error.instance.removeprefix(at)} {error.message}".strip() for error in firsts)
            words = f"satisfies none of {len(failure.branches)} alternatives: {listed(list(causes), '; ')}"
        yield SchemaError(at, place.keyword, place.origin, words)

    def types(self, failure: Failure) -> list[str]:
        """Give the types that the alternatives ask for, where that is all there is to say."""
        found: list[str] = []
        for branch in failure.branches:
            if any(inner.keyword != "type" or inner.instance != failure.instance for inner in branch):
                return []
            found += [name for inner in branch for name in type_names(self.place(inner).expected)]
        return list(dict.fromkeys(found))

    def place(self, failure: Failure) -> _Place:
        """Give the keyword as it is written: it may have been made from another one."""
        node, origin, mark = self.gathered.place(failure.path)
        if mark is not None:
            return _Place(mark.keyword, mark.expected, mark.origin)
        if failure.keyword == "not" and node is True:
            return _Place("false", node, origin.removesuffix("/not"))
        keyword = failure.path[-1] if failure.path[-1] in _NAMED_BY_PATH else failure.keyword
        return _Place(keyword, _json(node), origin)

    def at(self, instance: tuple[str, ...]) -> Json:
        """Give the part of the value that a failure is about."""
        value: Value = self.value
        for token in instance:
            value = member(value, token)
        return _json(value)

    def is_secret(self, failure: Failure) -> bool:
        """Say whether a schema that may speak about the value, or about what it is part of, declares it secret."""
        root = self.gathered.schema
        current = applied(root, root, branches=True)
        for token in failure.instance:
            if any(map(_declares_secret, current)):
                return True
            parts = (part for schema in current for part in within(schema, token))
            inner = {id(found): found for part in parts for found in applied(part, root, branches=True)}
            current = list(inner.values())
        return any(map(_declares_secret, current))


def _json(value: Value) -> Json:
    return None if value is ABSENT or isinstance(value, bytes) else value


def _declares_secret(schema: Object) -> bool:
    return schema.get("format") == "password" or schema.get("writeOnly") is True


def _is_meant(branch: tuple[Failure, ...], instance: tuple[str, ...]) -> bool:
    """Say whether a value was meant for a branch: it is of that type, and its tags are those of the branch."""
    return not any(
        (inner.keyword == "type" and inner.instance == instance)
        or (inner.keyword in ("const", "enum") and len(inner.instance) <= len(instance) + 1)
        for inner in branch
    )
