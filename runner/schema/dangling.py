"""Turns schemas into the references, anywhere in what they reach, that lead nowhere; nothing is compiled for it.

A description may reach a hundred thousand schemas from one operation: each is looked at as it is, without a Node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from runner.schema.dialect import SchemaDialect
from runner.schema.documents import Definitions, Node, Target, follow, target_of
from runner.schema.keywords import MANY, NAMED, ONE, REFERENCES, Object
from runner.schema.references import References
from runner.values import Json, join_pointer

_HOLDERS = MANY | NAMED | ONE

_Path: TypeAlias = "tuple[_Path, str | int] | None"
"""A way down from the start, from its end; hardly any is ever spelled."""


class Dangling(NamedTuple):
    """A reference that leads nowhere: its text, the document it means, and where it stands."""

    reference: str
    target: str
    document: str
    pointer: str


class _Found(NamedTuple):
    """A reference as it is written: the base it is resolved against, its text, and the way to it."""

    base: str
    reference: str
    path: _Path


def dangling_references(
    starts: Iterable[tuple[str, str]], definitions: Definitions, dialect: SchemaDialect
) -> Iterator[Dangling]:
    """Walk from the schemas at `starts`, each a document and a pointer.

    Each target is told once, and of a document that is not there the first reference into it.
    """
    references = References(definitions, Definitions({}), dialect, dialect != "2020-12")
    documents = ((definitions.document(uri), pointer) for uri, pointer in starts)
    pending = [
        node for start, at in documents if start and (node := follow(start, at, identities=not references.alone))
    ]
    pending.reverse()  # the first one is taken first
    seen = set[tuple[str, str]]()
    met, told = set[tuple[str, str]](), set[Target]()
    while pending:
        start = pending.pop()
        if start.key in seen:
            continue
        seen.add(start.key)
        for base, reference, path in _within(start, references):
            if (base, reference) in met:
                continue
            met.add((base, reference))
            target = target_of(base, reference)
            found = references.find(reference, start._replace(base=base))
            if found is not None:
                pending.append(found)
            elif (cause := target if target.uri in definitions.documents else Target(target.uri, "")) not in told:
                told.add(cause)
                yield Dangling(reference, target.uri, start.document, start.pointer + _pointer(path))


def _within(start: Node, references: References) -> Iterator[_Found]:
    """Give the references in a schema and in the schemas that stand within it."""
    keywords = ("$ref",) if references.alone else tuple(REFERENCES)
    pending: list[tuple[Json, str, _Path]] = [(start.value, start.base, None)]
    while pending:
        value, base, path = pending.pop()
        if not isinstance(value, dict):
            continue
        if "$id" in value and path is not None:
            base = references.base(base, value)
        for keyword in keywords:
            if isinstance(reference := value.get(keyword), str):
                yield _Found(base, reference, (path, keyword))
        if references.alone and "$ref" in value:
            continue
        for keyword in [each for each in value if each in _HOLDERS]:
            inner = value[keyword]
            if keyword in NAMED and isinstance(inner, dict):
                leading = [each for each in inner.items() if isinstance(each[1], dict) and _leads(each[1])]
                pending += [(item, base, ((path, keyword), name)) for name, item in leading]
            elif keyword in MANY and isinstance(inner, list):
                pending += [(item, base, ((path, keyword), index)) for index, item in enumerate(inner)]
            elif keyword in ONE:
                pending.append((inner, base, (path, keyword)))


def _leads(schema: Object) -> bool:
    """Say whether a schema refers to another one, or holds any: most properties do neither."""
    return not (_HOLDERS.isdisjoint(schema) and REFERENCES.isdisjoint(schema))


def _pointer(path: _Path) -> str:
    tokens: list[str | int] = []
    while path is not None:
        path, token = path
        tokens.append(token)
    return join_pointer("", *reversed(tokens))
