"""Turns the parts that operations of every version are made of into values, and notes what is wrong with them.

What cannot be read is left out and told, so that a description that is partly bad can be run where it is good.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from runner.diagnostics import Diagnostic, Fix, Severity
from runner.openapi.document import Address, MediaTypeObject, Operation, ResponseObject
from runner.openapi.parts import is_status_key, status_key
from runner.openapi.references import Node, Resolver, UnresolvedReference
from runner.openapi.survey import absolute_references
from runner.records import Frozen, field
from runner.source import SourceMap
from runner.text import describe
from runner.values import Json, join_pointer, pointer_name

# Parameter Object: "If `in` is `header` and the `name` field is `Accept`, `Content-Type` or `Authorization`, the
# parameter definition SHALL be ignored."
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})

_KINDS: Mapping[type, str] = {dict: "an object", list: "a list", str: "a text"}


def address_of(node: Node) -> Address | None:
    """Give where something stands, None where there is nothing."""
    return None if node.value is None else node.address


def _parameter_fault(name: Json, location: Json, locations: Collection[str]) -> str:
    """Say why nobody can tell what a parameter is."""
    if not isinstance(name, str):
        return "this parameter has no 'name'"
    if location is None:
        return f"the parameter '{name}' has no 'in'"
    return f"the parameter '{name}' is in none of {', '.join(locations)}"


class Slot(NamedTuple):
    """Where an operation stands: its path and method, its object, and the path item with what it refers to."""

    path: str
    method: str
    node: Node
    path_item: tuple[Node, ...]

    def around(self, name: str) -> Node:
        """Give a field of the path item; beside a `$ref` its own fields come first."""
        fields = [layer.get(name) for layer in self.path_item]
        return next((field for field in fields if field.value is not None), fields[0])


def security_schemes(resolver: Resolver, schemes: Node) -> dict[str, dict[str, Json]]:
    """Read a map of Security Scheme Objects; one that leads nowhere is not there."""
    return {name: value for name, node in schemes.members() if (value := _scheme(resolver, node)) is not None}


def _scheme(resolver: Resolver, node: Node) -> dict[str, Json] | None:
    try:
        value = resolver.resolve(node).value
    except UnresolvedReference:
        return None
    return value if isinstance(value, dict) else None


ReadOperation: TypeAlias = Callable[[Slot, str], Operation]
"""Read the operation of a slot; the text is its place below `paths`."""


class Reader(Frozen):
    """Read parts of one operation and note what is wrong with them."""

    resolver: Resolver
    places: SourceMap
    problems: list[Diagnostic] = field(default_factory=list)

    def resolved(self, node: Node, severity: Severity = "warning") -> Node | None:
        """Follow the references at a node; None, and a diagnostic, where they lead nowhere."""
        try:
            return self.resolver.resolve(node)
        except UnresolvedReference as problem:
            self._unresolved(problem, severity)
            return None

    def chain(self, node: Node) -> tuple[Node, ...]:
        """Give a node and all it refers to; just the node, and a warning, where that leads nowhere."""
        try:
            return self.resolver.chain(node)
        except UnresolvedReference as problem:
            self._unresolved(problem)
            return (node,)

    def _unresolved(self, problem: UnresolvedReference, severity: Severity = "warning") -> None:
        span = self.places.value(join_pointer(problem.pointer, "$ref"))
        self.problems.append(Diagnostic("unresolved-reference", severity, str(problem), span))

    def warn(self, rule: str, message: str, pointer: str, fix: str = "") -> None:
        made = Fix(fix) if fix else None
        self.problems.append(Diagnostic(rule, "warning", message, self.places.value(pointer), fix=made))

    def expect(self, kind: type[Json], node: Node) -> None:
        """Warn where a node is neither of a kind nor null, which counts as nothing."""
        if node.value is not None and not isinstance(node.value, kind):
            name = pointer_name(node.pointer)
            self.warn("malformed-openapi", f"'{name}' is {_KINDS[kind]}, not {describe(node.value)}", node.pointer)

    def objects(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Give the members of an object that are no extensions; warn where it is no object."""
        self.expect(dict, node)
        return ((name, item) for name, item in node.members() if not name.startswith("x-"))

    def portable(self, node: Node) -> Json:
        """Give a value as it is read in the entry document: references in other documents become absolute."""
        same = node.uri == self.resolver.entry.uri
        return node.value if same else absolute_references(node.value, node.uri)

    def media_types(self, content: Node) -> dict[str, MediaTypeObject]:
        """Read a map of Media Type Objects, references followed; an empty one where there is none."""
        return {name: self._media_type(item) for name, item in content.members()}

    def _media_type(self, item: Node) -> MediaTypeObject:
        node = self.resolved(item)
        value = self.portable(node) if node is not None else None
        if node is None or not isinstance(value, dict):
            return MediaTypeObject()
        return MediaTypeObject(address_of(node.get("schema")), value, address_of(node.get("itemSchema")))

    def parameters(self, slot: Slot, node: Node, locations: Collection[str]) -> Iterator[tuple[str, str, Node]]:
        """Give name, location and object of the parameters of path item and operation, whose own override by both.

        There is one body: its name "has no effect on the parameter itself" (Swagger 2.0, Parameter Object).
        """
        merged: dict[tuple[str, str], tuple[str, str, Node]] = {}
        for holder in (slot.around("parameters"), node.get("parameters")):
            self.expect(list, holder)
            for name, location, item in self._parameter_list(holder, locations):
                key = {"header": name.lower(), "body": ""}.get(location, name)
                if location != "header" or key not in IGNORED_HEADERS:
                    merged[location, key] = name, location, item
        return iter(merged.values())

    def _parameter_list(self, holder: Node, locations: Collection[str]) -> Iterator[tuple[str, str, Node]]:
        for item in holder.items():
            node = self.resolved(item, "error")  # whatever the step gives for it could only be sent as a guess
            if node is None or node.value is None:
                continue
            location = node.get("in").value
            name = "" if location == "body" else node.get("name").value
            if isinstance(name, str) and isinstance(location, str) and location in locations:
                yield name, location, node
            else:
                self.warn("malformed-parameter", _parameter_fault(name, location, locations), item.pointer)

    def responses(self, node: Node, read: Callable[[Node], ResponseObject]) -> dict[str, ResponseObject]:
        """Read a Responses Object; of two keys that mean the same the first counts."""
        responses: dict[str, ResponseObject] = {}
        for key, item in self.objects(self.resolved(node) or node):
            if not is_status_key(key):
                message = f"'{key}' is no status: write 200, 2XX or default"
                self.problems.append(Diagnostic("malformed-openapi", "warning", message, self.places.key(item.pointer)))
            found = self.resolved(item)
            if found is not None:
                self.expect(dict, found)
            known = found is not None and isinstance(found.value, dict)
            responses.setdefault(status_key(key), read(found) if found and known else ResponseObject())
        return responses
