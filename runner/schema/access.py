"""Turns `readOnly` and `writeOnly` into what they mean for a request, or for a response.

"If the property is marked as `readOnly` being `true` and is in the `required` list, the `required` will take effect on
the response only" and it "SHOULD NOT be sent as part of the request" (OpenAPI 3.0.4, Schema Object; `writeOnly` the
other way round). In Swagger 2.0 and OpenAPI 3.0 such a property is not required, and an error where it is sent. In
2020-12, and so in OpenAPI 3.1 and 3.2, they are annotations, of which the owner of the data may make what he likes
(Validation, 9.4): the property is not required either, but it may be there.

The mark stands on the schema of the property, on one that this refers to, or in its `allOf`. `required` may stand
beside the `properties`, in a schema that refers to them or has them in its `allOf`, or in an alternative of such a one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runner.records import Frozen, field
from runner.schema.dialect import Direction, SchemaDialect
from runner.schema.documents import Node
from runner.schema.keywords import REFERENCES
from runner.schema.references import References
from runner.values import Json, join_pointer

_LEADING = frozenset({*REFERENCES, "allOf"})
_TELLING = _LEADING | {"properties"}


class Refused(NamedTuple):
    """A keyword that says that a property may not be sent, and where it stands."""

    keyword: str
    origin: str


def marking(direction: Direction | None, dialect: SchemaDialect) -> str | None:
    """Give the keyword that marks what is not sent in a direction; Swagger 2.0 has no `writeOnly`."""
    match direction:
        case None:
            return None
        case "request":
            return "readOnly"
        case "response":
            return None if dialect == "swagger-2.0" else "writeOnly"


class Access(Frozen):
    """What may be sent: the keyword that marks what may not, if there is one."""

    references: References
    keyword: str | None
    marked: dict[tuple[str, str], Refused | None] = field(default_factory=dict)

    def excused(self, node: Node, already: frozenset[str]) -> frozenset[str]:
        """Give the properties that are not required of a value, with those that are known already."""
        if self.keyword is None or node.members.keys().isdisjoint(_TELLING):
            return already
        return already.union(
            name
            for schema in self._together(node)
            for name, inner in schema.below("properties", schema.members.get("properties")).members.items()
            if self._may_be_marked(inner)
            and self._mark(self.keyword, self.references.inner(schema.below("properties", None), name, inner))
            is not None
        )

    def refused(self, node: Node) -> Refused | None:
        """Say why a property may not be sent, given its schema."""
        if self.keyword is None or self.references.dialect == "2020-12" or not self._may_be_marked(node.value):
            return None
        return self._mark(self.keyword, node)

    def _may_be_marked(self, schema: Json) -> bool:
        """Say whether a schema has a mark, or leads to others that may have one."""
        return isinstance(schema, dict) and (self.keyword in schema or not schema.keys().isdisjoint(_LEADING))

    def _mark(self, keyword: str, node: Node) -> Refused | None:
        if node.key not in self.marked:
            found = (schema for schema in self._together(node) if schema.members.get(keyword) is True)
            marked = next(found, None)
            self.marked[node.key] = marked and Refused(keyword, join_pointer(marked.origin, keyword))
        return self.marked[node.key]

    def _together(self, node: Node) -> Iterator[Node]:
        """Give the schemas that a value has to satisfy together with one: what it refers to, and its `allOf`."""
        seen = set[tuple[str, str]]()
        pending = [node]
        while pending:
            current = pending.pop()
            if current.key in seen:
                continue
            seen.add(current.key)
            references = [name for name in REFERENCES if isinstance(current.members.get(name), str)]
            if not (references and self.references.alone):
                yield current
                pending += self._parts(current)
            for name in references:
                here = current.below(name, current.members[name])
                pending.append(self.references.resolve(str(here.value), here))

    def _parts(self, node: Node) -> Iterator[Node]:
        parts = node.members.get("allOf")
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield self.references.inner(node.below("allOf", None), index, part)
