"""Turns a place in a body into what its schemas let stand there, before there is any body.

A JSON Schema lets through whatever it does not mention. So a member that nobody declares is not impossible; but where a
schema lists members and does not speak of others, a name that is not among them is far more often a slip than a secret.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

from runner.openapi.document import Address, ApiDescription, Operation, ResponseObject
from runner.openapi.question import Question, referenced
from runner.openapi.references import Documents, Node, Resolver
from runner.records import Frozen, field, replace
from runner.values import Json, resolve_pointer

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_INDEX = re.compile(r"0|[1-9][0-9]*")
MOST_NODES = 400
"""Schemas that are looked at for one step down: beyond that nothing is known."""

MOST_VALUES = 100_000
"""Values that are listed for one place: beyond that they are not known."""


class Misfit(NamedTuple):
    """Why nothing stands at a place: in words, and the names that are declared there."""

    why: str
    known: tuple[str, ...] = ()


class _Child(NamedTuple):
    """What one schema says of one member.

    `found`: these schemas describe it. `any`: whatever may be there. `silent`: it says nothing of members at all.
    `undeclared`: it lists `known` ones only. `never`: its value has no members, or not this one.
    """

    kind: Literal["found", "any", "silent", "undeclared", "never"]
    nodes: tuple[Node, ...] = ()
    known: tuple[str, ...] = ()
    why: str = ""


_ANY, _SILENT = _Child("any"), _Child("silent")

Shape: TypeAlias = tuple[Node, ...]
"""The schemas of which one at least describes a value; none where it may be anything."""


class Shapes(Frozen, eq=False):
    """What the schemas of one document, and of those it refers to, let stand where.

    Operations are `alike` that answer alike; `walked` is what was found in the bodies of one of them, which many
    conditions look into at the same places.
    """

    resolver: Resolver
    alike: dict[str, Operation] = field(default_factory=dict)
    kinds: dict[Hashable, Operation] = field(default_factory=dict)
    walked: dict[tuple[str, tuple[str, ...]], Shape | tuple[int, Misfit]] = field(default_factory=dict)
    HIDDEN = ("resolver", "alike", "kinds", "walked")

    @classmethod
    def of_api(cls, api: ApiDescription) -> Shapes:
        """Give those of a description: the same for all who ask while it is there."""
        found = api.made.get("shapes")
        if not isinstance(found, Shapes):
            found = api.made["shapes"] = cls(Resolver(dict(api.root), api.uri, Documents(api.documents)))
        return found

    @classmethod
    def of_schema(cls, schema: Json) -> Shapes:
        """Give those of a schema that stands by itself."""
        return cls(Resolver(schema, ""))

    @property
    def root(self) -> Shape:
        return (self.resolver.entry,)

    def response(self, operation: Operation, statuses: Iterable[str] | None = None) -> Shape:
        """Give the shape of the bodies that an operation declares for these statuses, or for any.

        Nothing is known where one of them has no schema.
        """
        keys = operation.responses if statuses is None else statuses
        responses = [operation.responses[key] for key in keys]
        media = [each for response in responses for each in response.content.values()]
        schemas = [each.schema for each in media if each.schema is not None]
        known = len(schemas) == len(media) and all(each.address for each in responses)
        return tuple(map(self.node, dict.fromkeys(schemas))) if known else ()

    def in_response(self, operation: Operation, place: tuple[str, ...]) -> Shape | tuple[int, Misfit]:
        """Go down into the bodies that an operation declares, as `walk` does."""
        key = self.first_alike(operation).pointer, place
        if key not in self.walked:
            self.walked[key] = self.walk(self.response(operation), place)
        return self.walked[key]

    def first_alike(self, operation: Operation) -> Operation:
        """Give the first operation that answers with the same statuses, headers and schemas, mostly itself."""
        found = self.alike.get(operation.pointer)
        if found is None:
            answers = tuple((status, *self._answer(each)) for status, each in operation.responses.items())
            found = self.alike[operation.pointer] = self.kinds.setdefault(answers, operation)
        return found

    def _answer(self, response: ResponseObject) -> tuple[Hashable, ...]:
        schemas = (each.schema and self._target(each.schema) for each in response.content.values())
        return response.address is not None, tuple(response.headers), tuple(zip(response.content, schemas, strict=True))

    def _target(self, address: Address) -> Address:
        """Give where a schema really stands that is a reference and nothing else."""
        node = self.node(address)
        if isinstance(node.value, dict) and node.value.keys() == {"$ref"}:
            return next(referenced(self.resolver, node)).address
        return address

    def node(self, address: Address) -> Node:
        """Give the schema at an address."""
        document = self.resolver.known.get(address.uri)
        value = resolve_pointer(document.root if document else None, address.pointer)
        return Node(value if isinstance(value, dict | bool) else True, *address, address.pointer)

    def walk(self, shape: Shape, tokens: Sequence[str]) -> Shape | tuple[int, Misfit]:
        """Go down member by member; where nothing can stand, give the number of the token, and why."""
        for number, token in enumerate(tokens):
            if not shape:
                return ()
            question = Question(self.resolver, partial(_child, token), _whole, _ANY)
            child = _any_of(map(question.answer, shape))
            if child.kind == "never" or child.kind == "undeclared":
                return number, Misfit(child.why, child.known)
            shape = child.nodes if child.kind == "found" else ()
        return shape

    def types(self, shape: Shape) -> frozenset[str]:
        """Give the names of the types that a value may have; none where it may have any."""
        question = Question(self.resolver, _joint_types, lambda _: frozenset(), frozenset[str]())
        found = [question.answer(node) for node in shape]
        return frozenset().union(*found) if all(found) else frozenset()

    def values(self, shape: Shape) -> tuple[Json, ...]:
        """Give the values of which a value is one, as `enum` and `const` list them; none where they are not listed."""
        question = Question[tuple[Json, ...]](self.resolver, _joint_values, lambda _: (), ())
        return _all_values([question.answer(node) for node in shape])

    def parts(self, shape: Shape) -> Iterator[dict[str, Json]]:
        """Give the schemas that may speak about the same value: referred to, joined, or one of several."""
        pending, seen = list(shape), set[Address]()
        while pending:
            node = pending.pop(0)
            if node.address in seen or not isinstance(node.value, dict):
                continue
            seen.add(node.address)
            yield node.value
            pending += referenced(self.resolver, node)
            pending += [part for keyword in ("allOf", "anyOf", "oneOf") for part in node.get(keyword).items()]


class ResponseBody(Frozen):
    """The bodies with which an operation may answer, and a place in them.

    `is_met` where the operation did what it is for: else the body may be one that nobody describes.
    """

    operation: Operation
    shapes: Shapes
    place: tuple[str, ...] = ()
    is_met: bool = True

    def at(self, tokens: Sequence[str]) -> ResponseBody:
        return replace(self, place=(*self.place, *tokens))

    @property
    def shape(self) -> Shape | tuple[int, Misfit]:
        """Give the schemas of the place; or the number of the first of its tokens that has none, and why."""
        return self.shapes.in_response(self.operation, self.place)

    @property
    def known(self) -> Shape:
        """Give the schemas of the place, or none."""
        found = self.shape
        return () if found and isinstance(found[0], int) else found


def _whole(schema: Json) -> _Child:
    """Say what a schema says of any member that lists no keywords."""
    return _ANY if schema is not False else _Child("never", why="nothing can stand there")


def _child(
    token: str, node: Node, schema: dict[str, Json], parts: Sequence[_Child], choices: Sequence[Sequence[_Child]]
) -> _Child:
    return _all_of([*parts, *(_any_of(each) for each in choices if each), _own(node, schema, token)])


def _joint_types(
    _: Node,
    schema: dict[str, Json],
    parts: Sequence[frozenset[str]],
    choices: Sequence[Sequence[frozenset[str]]],
) -> frozenset[str]:
    either = (frozenset[str]().union(*each) if all(each) else frozenset[str]() for each in choices)
    known = [each for each in (declared_types(schema), *parts, *either) if each]
    return frozenset.intersection(*known) if known else frozenset()


def _joint_values(
    _: Node,
    schema: dict[str, Json],
    parts: Sequence[tuple[Json, ...]],
    choices: Sequence[Sequence[tuple[Json, ...]]],
) -> tuple[Json, ...]:
    if "const" in schema:
        return (schema["const"],)
    listed = schema.get("enum")
    if isinstance(listed, list):
        return (*listed, None) if schema.get("nullable") is True else tuple(listed)
    return next(filter(None, (*parts, *map(_all_values, choices))), ())


def _all_values(choices: Sequence[tuple[Json, ...]]) -> tuple[Json, ...]:
    """Join the values that each of several schemas lists; none where one lists none, or where they are too many."""
    if not all(choices) or sum(map(len, choices)) > MOST_VALUES:
        return ()
    return tuple(value for values in choices for value in values)


def _own(node: Node, schema: dict[str, Json], token: str) -> _Child:
    """Say what the keywords of one schema, without those that lead to others, say of a member."""
    types = declared_types(schema)
    is_index = _INDEX.fullmatch(token) is not None
    as_object = _of_object(node, schema, token, stated="object" in types)
    as_array = _of_array(node, schema, stated="array" in types) if is_index else _SILENT
    if not types:
        return as_object if as_object.kind != "silent" else as_array
    ways = [as_object] if "object" in types else []
    if "array" in types:
        ways.append(as_array if is_index else _Child("never", why="an array has items, by number, and no members"))
    if not ways:
        return _Child("never", why=f"{_a(sorted(types - {'null'} or types)[0])} has no parts")
    return _any_of(ways)


def _of_object(node: Node, schema: dict[str, Json], token: str, *, stated: bool) -> _Child:
    properties = schema.get("properties")
    if isinstance(properties, dict) and token in properties:
        return _Child("found", (node.get("properties").get(token),))
    patterns = schema.get("patternProperties")
    if isinstance(patterns, dict) and patterns:
        return _ANY
    keyword = next((name for name in ("additionalProperties", "unevaluatedProperties") if name in schema), "")
    others = schema.get(keyword)
    if isinstance(others, dict) and others:
        return _Child("found", (node.get(keyword),))
    if others is True or isinstance(others, dict):
        return _ANY
    if isinstance(properties, dict) and properties:
        return _Child("undeclared", known=tuple(properties))
    if others is False:
        return _Child("undeclared")
    return _ANY if stated and not schema.keys() & {"$ref", "allOf", "anyOf", "oneOf"} else _SILENT


def _of_array(node: Node, schema: dict[str, Json], *, stated: bool) -> _Child:
    found = [node.get("items")] if isinstance(schema.get("items"), dict) else []
    found += [*node.get("prefixItems").items()]
    if isinstance(schema.get("items"), list):
        return _ANY
    if found:
        return _Child("found", tuple(found))
    return _ANY if stated else _SILENT


def _all_of(parts: Iterable[_Child]) -> _Child:
    """Join what schemas say that hold all at once."""
    by_kind = _by_kind(parts)
    never = by_kind.get("never", [])
    if never:
        return never[0]
    if found := by_kind.get("found"):
        return _Child("found", _first_nodes(found))
    if "any" in by_kind:
        return _ANY
    if undeclared := by_kind.get("undeclared"):
        return _Child("undeclared", known=_names(undeclared))
    return _SILENT


def _any_of(choices: Iterable[_Child]) -> _Child:
    """Join what schemas say of which one holds."""
    by_kind = _by_kind(choices)
    if "any" in by_kind or "silent" in by_kind:
        return _ANY
    if found := by_kind.get("found"):
        return _Child("found", _first_nodes(found))
    if undeclared := by_kind.get("undeclared"):
        return _Child("undeclared", known=_names(undeclared))
    return by_kind["never"][0] if by_kind else _ANY


def _first_nodes(children: Iterable[_Child]) -> tuple[Node, ...]:
    return tuple(islice((node for each in children for node in each.nodes), MOST_NODES))


def _by_kind(children: Iterable[_Child]) -> dict[str, list[_Child]]:
    found: dict[str, list[_Child]] = {}
    for child in children:
        found.setdefault(child.kind, []).append(child)
    return found


def _names(children: Iterable[_Child]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for child in children for name in child.known))


def declared_types(schema: dict[str, Json]) -> frozenset[str]:
    """Give the types that `type` names; none where it is missing, or names what no schema knows (`file`)."""
    written = schema.get("type")
    names = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    found = frozenset(name for name in names if isinstance(name, str))
    if not found <= frozenset(_TYPES):
        return frozenset()
    return found | {"null"} if found and schema.get("nullable") is True else found


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
