"""Turns a Discriminator Object into a choice that JSON Schema can make.

The value of the property selects one schema by an explicit mapping, or by the name of a schema. Where there is `oneOf`
or `anyOf` that is one of the alternatives, or any other schema that the mapping names, and a value is checked against
that one alone. Where there is neither it is one of the heirs: the named schemas, in any of the documents, that refer to
the schema by their `allOf`, or to such a one; or the schema itself, for "the value MUST be the name of this schema
or any schema that inherits it" (Swagger 2.0, Schema Object). Without any heir nothing is known, and nothing is asked.

"If the discriminating value does not match an implicit or explicit mapping, no schema can be determined and validation
SHOULD fail" (OpenAPI 3.0.4, Discriminator Object): an error of its own, unless there is a `defaultMapping` (3.2). Where
there is no such property the alternatives count as they are written. Alternatives without a name "will not be
considered"; where such a one could be meant, or a mapping names what is not at hand, an unknown value is left to the
alternatives, too.

An heir refers back to the schema that selects it, by its `allOf`. That is no circle without end: both engines see that
they are checking already what they are about to check, and that it adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runner.records import Frozen
from runner.schema.documents import Node, target_of
from runner.schema.references import References
from runner.values import Json, split_pointer

_TOGETHER = 8


class Case(NamedTuple):
    """A schema, its place among the alternatives if it is one of them, and the values that select it."""

    target: Node
    place: int | None
    values: tuple[str, ...]

    def schema(self, name: str, then: Json, otherwise: Json) -> Json:
        """Write that a schema counts for its values, and another one for any other value."""
        return {"if": {"properties": {name: {"enum": list(self.values)}}}, "then": then, "else": otherwise}


class Choice(Frozen):
    """What a discriminator chooses from: `keyword` names the alternatives, if there are any.

    `values` are all that select a schema, `shown` those that people should know. With `closed` there are no others.
    """

    name: str
    keyword: str
    cases: tuple[Case, ...]
    values: tuple[str, ...]
    shown: tuple[str, ...]
    closed: bool
    default: Node | None

    def schema(self, selected: list[Json], known: Json, otherwise: Json) -> Json:
        """Write the choice: for an object that has the property the schema of its case, for any other `otherwise`."""
        asked: dict[str, Json] = {"type": "object", "required": [self.name]}
        is_known: dict[str, Json] = {"properties": {self.name: known}}
        if not self.closed:
            return {"if": {**asked, **is_known}, "then": self._switch(selected, True), "else": otherwise}
        return {"if": asked, "then": self._switch(selected, is_known), "else": otherwise}

    def _switch(self, selected: list[Json], last: Json) -> Json:
        """Write the cases one within the other, so that the first that fits ends it; a few at once, for it nests."""
        pairs = list(zip(self.cases, selected, strict=True))
        chains: list[Json] = []
        for start in range(0, len(pairs), _TOGETHER):
            chain = last if len(pairs) <= _TOGETHER else True
            for case, schema in reversed(pairs[start : start + _TOGETHER]):
                chain = case.schema(self.name, schema, chain)
            chains.append(chain)
        return chains[0] if len(chains) == 1 else {"allOf": [last, *chains]}


class _Candidate(NamedTuple):
    """A schema that may be selected: by its name, unless that is empty."""

    target: Node
    place: int | None
    name: str


def choice(node: Node, references: References) -> Choice | None:
    """Read the discriminator of a schema; None where it selects nothing."""
    here = node.below("discriminator", node.members.get("discriminator"))
    name = here.members.get("propertyName") if isinstance(here.value, dict) else here.value  # Swagger 2.0: a text
    if not isinstance(name, str):
        return None
    keyword = next((word for word in ("oneOf", "anyOf") if isinstance(node.members.get(word), list)), "")
    candidates = list(_alternatives(node, keyword, references) if keyword else _heirs(node, references))
    mapping = here.below("mapping", here.members.get("mapping"))
    found = {value: _mapped(mapping.below(value, name), references) for value, name in mapping.members.items()}
    explicit = {value: target for value, target in found.items() if target is not None}
    cases = list(_cases(candidates, explicit))
    if not cases:
        return None
    default = _mapped(here.below("defaultMapping", here.members.get("defaultMapping")), references)
    own = [] if keyword else [_Candidate(node, None, _name(node))]
    named = [each for each in candidates + own if each.name]
    mapped, selected = {target.key for target in explicit.values()}, {case.target.key for case in cases}
    unnamed = [each.target for each in candidates if each.target.key not in selected]
    return Choice(
        name,
        keyword,
        tuple(case for case in cases if case.target.key != node.key),
        values=tuple(dict.fromkeys([*explicit, *(each.name for each in named)])),
        shown=tuple(dict.fromkeys([*explicit, *(each.name for each in named if each.target.key not in mapped)])),
        closed=default is None and len(explicit) == len(found) and not any(map(_may_be_object, unnamed)),
        default=default,
    )


def _alternatives(node: Node, keyword: str, references: References) -> Iterator[_Candidate]:
    written = node.members[keyword]
    for place, value in enumerate(written if isinstance(written, list) else ()):
        inner = references.inner(node.below(keyword, None), place, value)
        reference = inner.members.get("$ref")
        if isinstance(reference, str):
            pointer = target_of(inner.base, reference).fragment
            name = split_pointer(pointer)[-1] if pointer.startswith("/") else ""
            yield _Candidate(references.resolve(reference, inner.below("$ref", reference)), place, name)
        else:
            yield _Candidate(inner, place, "")


def _heirs(node: Node, references: References) -> Iterator[_Candidate]:
    for heir in references.heirs(node):
        yield _Candidate(heir, None, _name(heir))


def _cases(candidates: list[_Candidate], explicit: Mapping[str, Node]) -> Iterator[Case]:
    """Give each schema that can be selected once, with all the values that do it: an explicit mapping comes first."""
    targets = {each.name: each.target for each in candidates if each.name} | dict(explicit)
    places = {each.target.key: each.place for each in reversed(candidates)}
    values: dict[tuple[str, str], list[str]] = {}
    for value, target in targets.items():
        values.setdefault(target.key, []).append(value)
    for target in {target.key: target for target in targets.values()}.values():
        yield Case(target, places.get(target.key), tuple(values[target.key]))


def _mapped(here: Node, references: References) -> Node | None:
    """Give the schema of a name, or of a URI reference; None where it is not at hand, for nothing else refers to it."""
    if not isinstance(here.value, str):
        return None
    found = references.named(here.value, here) or references.find(here.value, here)
    return references.end(found) if found is not None and isinstance(found.value, dict) else None


def _name(node: Node) -> str:
    return split_pointer(node.pointer)[-1] if node.pointer else ""


def _may_be_object(node: Node) -> bool:
    kinds = node.members.get("type", "object")
    return "object" in (kinds if isinstance(kinds, list) else [kinds])
