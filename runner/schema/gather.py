"""Turns a schema and the documents it refers to into one schema, in which every reference is local.

Only what can be reached is taken along, so that one broken part of a large document harms nobody else, and the engines
need neither a registry nor a base URI. `$dynamicRef` is read as `$ref`: its target does not depend on the way to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from runner.schema.convert import converted
from runner.schema.depth import DEEPEST, is_deeper
from runner.schema.dialect import SchemaDialect
from runner.schema.keywords import CLOSING, DEFINITIONS, MANY, NAMED, NAMES, ONE, REFERENCES
from runner.values import ABSENT, Json, join_pointer, member, split_pointer

# Numbers in the range of a format (OpenAPI Format Registry). JSON Schema asserts formats of strings only.
NUMERIC_FORMATS: Mapping[str, dict[str, Json]] = MappingProxyType(
    {
        name: {"if": {"type": "number"}, "then": {"type": kind, "minimum": least, "maximum": most}}
        for name, kind, least, most in (
            ("int32", "integer", -(2**31), 2**31 - 1),
            ("int64", "integer", -(2**63), 2**63 - 1),
            ("float", "number", -3.4028234663852886e38, 3.4028234663852886e38),
            ("double", "number", -1.7976931348623157e308, 1.7976931348623157e308),
        )
    }
)
# "All other properties in a '$ref' object MUST be ignored" until 2019-09 (draft-07, 8.3).
_OLD_DRAFTS = {f"http://json-schema.org/draft-{number}/schema" for number in ("04", "06", "07")}
_DRAFTS = {f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")}


@dataclass(eq=False)
class SchemaProblem(Exception):  # noqa: N818 - what is wrong is the schema, not the program
    """A schema that means nothing: `pointer` is where, in the schema itself or as `uri#pointer` in a definition."""

    message: str
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.message} (at {self.pointer})" if self.pointer else self.message


@dataclass(frozen=True, slots=True)
class Gathered:
    """A schema whose references all lead to its own `$defs`. `origins` says where each of these stands."""

    schema: dict[str, Json]
    origins: Mapping[str, str]

    def definition(self, name: str) -> Json:
        """Give the schema of a name in `$defs`."""
        definitions = self.schema["$defs"]
        return definitions.get(name) if isinstance(definitions, dict) else None


class _Node(NamedTuple):
    """A schema as it is written: its document, its pointer there, and the base URI of its references."""

    document: str
    pointer: str
    base: str
    value: Json

    @property
    def origin(self) -> str:
        return f"{self.document}#{self.pointer}" if self.document else self.pointer


def gather(schema: Json, definitions: Mapping[str, Json] | None = None, dialect: SchemaDialect = "2020-12") -> Gathered:
    """Gather a schema and all that it refers to; SchemaProblem where a reference leads nowhere."""
    draft = str(schema.get("$schema", "")).rstrip("#") if isinstance(schema, dict) else ""
    if is_deeper(schema, DEEPEST):
        raise SchemaProblem("the schema is nested too deeply")
    alone = draft in _OLD_DRAFTS or dialect != "2020-12"
    gathering = _Gathering({**(definitions or {}), "": schema}, alone, dialect)
    gathering.take(_Node("", "", _base("", schema), schema))
    root: dict[str, Json] = {"$ref": DEFINITIONS + "s0", "$defs": gathering.taken}
    if draft in _OLD_DRAFTS or draft in _DRAFTS:
        root["$schema"] = draft
    return Gathered(root, gathering.origins)


def _base(base: str, schema: Json) -> str:
    identity = schema.get("$id") if isinstance(schema, dict) else None
    return urldefrag(urljoin(base, identity)).url if isinstance(identity, str) else base


@dataclass
class _Gathering:
    """The schemas taken so far, by their names in `$defs`; `documents` has the given schema under the empty URI.

    With `alone` a reference is all that counts in a schema that has one.
    """

    documents: Mapping[str, Json]
    alone: bool
    dialect: SchemaDialect
    taken: dict[str, Json] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    pending: list[_Node] = field(default_factory=list)
    identified: list[_Node] | None = None

    def take(self, node: _Node) -> None:
        self.name(node)
        while self.pending:
            current = self.pending.pop()
            name = self.names[current.document, current.pointer]
            self.taken[name] = self.copy(current)

    def name(self, node: _Node) -> str:
        """Give the name of a schema, and take it along if it is new."""
        key = (node.document, node.pointer)
        if key not in self.names:
            self.names[key] = f"s{len(self.names)}"
            self.origins[self.names[key]] = node.origin
            self.pending.append(node)
        return self.names[key]

    def copy(self, node: _Node) -> Json:
        """Copy a schema with its references made local, alone in a schema, and its numeric formats spelled out."""
        if not isinstance(node.value, dict):
            return {"not": True} if node.value is False else node.value
        made: dict[str, Json] = {}
        more: list[Json] = []
        for keyword, value in converted(node.value, self.dialect).items():
            here = node._replace(pointer=join_pointer(node.pointer, keyword), value=value)
            if keyword in REFERENCES and isinstance(value, str):
                more.append({"$ref": DEFINITIONS + self.resolve(value, here)})
                if self.alone:
                    return more[-1]
            elif keyword not in NAMES:
                made[keyword] = self.copy_parts(keyword, here)
            if keyword == "format" and isinstance(value, str) and value in NUMERIC_FORMATS:
                more.append(NUMERIC_FORMATS[value])
        others = made.get("allOf", [])
        if more and isinstance(others, list):
            made["allOf"] = [*others, *more]
        return made

    def copy_parts(self, keyword: str, node: _Node) -> Json:
        value = node.value
        if keyword in MANY and isinstance(value, list):
            return [self.copy(self.inner(node, index, item)) for index, item in enumerate(value)]
        if keyword in NAMED and isinstance(value, dict):
            return {key: self.copy(self.inner(node, key, item)) for key, item in value.items()}
        if keyword in ONE and not (value is False and keyword in CLOSING):
            return self.copy(node._replace(base=_base(node.base, value)))
        return value

    def inner(self, node: _Node, token: str | int, value: Json) -> _Node:
        return _Node(node.document, join_pointer(node.pointer, token), _base(node.base, value), value)

    def resolve(self, reference: str, at: _Node) -> str:
        """Give the name of the schema that a reference leads to."""
        uri, _, fragment = reference.partition("#")
        target = urldefrag(urljoin(at.base, uri)).url if uri else at.base
        for start in self.resources(target):
            found = _follow(start, unquote(fragment))
            if found is not None and isinstance(found.value, (dict, bool)):
                return self.name(found)
            if found is not None:
                raise SchemaProblem(f"the reference '{reference}' does not lead to a schema", at.origin)
        raise SchemaProblem(f"the reference '{reference}' leads nowhere", at.origin)

    def resources(self, uri: str) -> Iterator[_Node]:
        """Find what a URI may mean: a document that is given under it, or a schema that has it as its `$id`."""
        if uri in self.documents:
            value = self.documents[uri]
            yield _Node(uri, "", _base(uri, value), value)
        if self.identified is None:
            self.identified = [node for name in self.documents for node in _identified(name, self.documents[name])]
        yield from (node for node in self.identified if node.base == uri)


def _follow(start: _Node, fragment: str) -> _Node | None:
    """Follow a fragment: a JSON Pointer, or the name of an anchor."""
    if fragment and not fragment.startswith("/"):
        anchors = ("$anchor", "$dynamicAnchor")
        return next((node for node in _schemas(start) if any(_has(node.value, key, fragment) for key in anchors)), None)
    node = start
    for token in split_pointer(fragment):
        value = member(node.value, token)
        if value is ABSENT or isinstance(value, bytes):
            return None
        node = _Node(node.document, join_pointer(node.pointer, token), _base(node.base, value), value)
    return node


def _has(value: Json, keyword: str, expected: str) -> bool:
    return isinstance(value, dict) and value.get(keyword) == expected


def _identified(document: str, root: Json) -> Iterator[_Node]:
    """Find the schemas of a document that have an `$id`; `base` is then their own URI."""
    start = _Node(document, "", _base(document, root), root)
    return (node for node in _schemas(start) if isinstance(node.value, dict) and isinstance(node.value.get("$id"), str))


def _schemas(start: _Node) -> Iterator[_Node]:
    """Walk over everything in a document: what stands where in an API description is not for this module to know."""
    pending = [start]
    while pending:
        node = pending.pop()
        yield node
        value = node.value
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for token, item in inner:
            if isinstance(item, (dict, list)):
                pending.append(_Node(node.document, join_pointer(node.pointer, token), _base(node.base, item), item))
