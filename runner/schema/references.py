"""Turns the references of one schema into the schemas they lead to, in it or in the definitions it was given."""

from __future__ import annotations

from collections.abc import Iterator

from runner.records import Frozen, field
from runner.schema.dialect import SchemaDialect
from runner.schema.documents import Definitions, Node, Target, base_of, follow, target_of
from runner.schema.gathered import SchemaProblem
from runner.schema.messages import shown
from runner.values import Json


class References(Frozen):
    """The definitions given, and the schema itself as the document without a URI.

    With `alone` a reference is all that counts in a schema that has one.
    """

    given: Definitions
    own: Definitions
    dialect: SchemaDialect
    alone: bool
    resolved: dict[tuple[str, str], Node] = field(default_factory=dict)

    def base(self, base: str, schema: Json) -> str:
        """Give the base URI within a schema; `$id` is a member like any other in OpenAPI 3.0 and Swagger 2.0."""
        return base_of(base, schema) if self.dialect == "2020-12" else base

    def inner(self, node: Node, token: str | int, value: Json) -> Node:
        """Give a schema within another one, or within the keyword that holds it."""
        return node.below(token, value)._replace(base=self.base(node.base, value))

    def resolve(self, reference: str, at: Node) -> Node:
        """Give the schema that a reference leads to, through references that stand alone."""
        key = (at.base, reference)
        if key not in self.resolved:
            self.resolved[key] = self.end(self._target(reference, at))
        return self.resolved[key]

    def end(self, node: Node) -> Node:
        """Follow a schema that is no more than a reference to the one that says something."""
        seen = set[tuple[str, str]]()
        while (reference := self.only(node)) is not None:
            at = node.below("$ref", reference)
            if node.key in seen:
                raise SchemaProblem(f"the reference '{reference}' leads back to itself", at.origin)
            seen.add(node.key)
            node = self._target(reference, at)
        return node

    def only(self, node: Node) -> str | None:
        """Give the reference of a schema that says nothing else."""
        reference = node.members.get("$ref")
        return reference if isinstance(reference, str) and (self.alone or len(node.members) == 1) else None

    def _target(self, reference: str, at: Node) -> Node:
        found = self.find(reference, at)
        if found is None:
            raise SchemaProblem(f"the reference '{reference}' leads nowhere", at.origin)
        if not isinstance(found.value, (dict, bool)):
            raise SchemaProblem(f"a schema must be an object, true or false, is {shown(found.value)}", found.origin)
        return found

    def find(self, reference: str, at: Node) -> Node | None:
        """Give what a reference leads to, if it leads anywhere."""
        target = target_of(at.base, reference)
        found = (self._follow(definitions, start, target) for definitions, start in self._resources(target.uri))
        return next((node for node in found if node is not None), None)

    def named(self, name: str, at: Node) -> Node | None:
        """Give the schema of a name: in the same document, or else in any other."""
        if "/" in name:  # a URI reference
            return None
        both = (self.own.named(), self.given.named())
        here = next((schemas[at.document, name] for schemas in both if (at.document, name) in schemas), None)
        return here or next((node for schemas in both for (_, known), node in schemas.items() if known == name), None)

    def heirs(self, node: Node) -> list[Node]:
        """Give the named schemas that have a schema in their `allOf`, directly or by way of others."""
        return [heir for definitions in (self.own, self.given) for heir in definitions.heirs(node)]

    def _resources(self, uri: str) -> Iterator[tuple[Definitions, Node]]:
        """Find what a URI may mean: a document that is given under it, or a schema that has it as its `$id`."""
        both = (self.own, self.given)
        for definitions in both:
            document = definitions.document(uri)
            if document is not None:
                yield definitions, document._replace(base=self.base(uri, document.value))
        if self.dialect == "2020-12":
            for definitions in reversed(both):
                yield from ((definitions, node) for node in definitions.identified(uri))

    def _follow(self, definitions: Definitions, start: Node, target: Target) -> Node | None:
        if not target.fragment or target.fragment.startswith("/"):
            return follow(start, target.fragment, identities=self.dialect == "2020-12")
        return definitions.anchored(start, target.fragment) if self.dialect == "2020-12" else None


def meant(uri: str, pointer: str, definitions: Definitions, dialect: SchemaDialect) -> tuple[str, str]:
    """Give the place of what the schema at a place comes to, by references that stand alone; else that place itself."""
    references = References(definitions, Definitions({}), dialect, dialect != "2020-12")
    document = definitions.document(uri)
    try:
        node = document and follow(document, pointer, identities=dialect == "2020-12")
        return references.end(node).key if node else (uri, pointer)
    except SchemaProblem:
        return uri, pointer
