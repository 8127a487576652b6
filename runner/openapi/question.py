"""Puts a question about a value to the schemas that describe it together, to each once, however they refer to it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar

from runner.openapi.document import Address
from runner.openapi.references import Node, Resolver, UnresolvedReference
from runner.values import Json

_T = TypeVar("_T")

MOST_LOOKS = 20_000
"""Schemas that are looked at for one question: only those that refer to each other in circles are ever so many."""

Join: TypeAlias = Callable[[Node, dict[str, Json], Sequence[_T], Sequence[Sequence[_T]]], _T]
"""Makes an answer of a schema, of what its `$ref` and `allOf` say, and of what each of its `anyOf` and `oneOf` says."""


class Question(Generic[_T]):
    """A question to any number of schemas. `unknown` is the answer of one that is being asked already.

    What a schema says within a circle depends on where the circle was entered, and only there it is asked again.
    """

    def __init__(self, resolver: Resolver, join: Join[_T], plain: Callable[[Json], _T], unknown: _T) -> None:
        self._resolver, self._join, self._plain, self._unknown = resolver, join, plain, unknown
        self._known: dict[Address, _T] = {}
        self._circles, self._left = 0, MOST_LOOKS

    def answer(self, node: Node) -> _T:
        """Give what a schema says; without recursion, for a long chain of schemas is no reason to end."""
        path: dict[Address, tuple[Generator[Node, _T, _T], int]] = {}
        answer = self._begun(node, path)
        while path:
            address = next(reversed(path))
            asking, circles = path[address]
            try:
                part = next(asking) if answer is None else asking.send(answer)
            except StopIteration as ended:
                answer = ended.value
                del path[address]
                if circles == self._circles:
                    self._known[address] = ended.value
            else:
                answer = self._begun(part, path)
        assert answer is not None
        return answer

    def _begun(self, node: Node, path: dict[Address, tuple[Generator[Node, _T, _T], int]]) -> _T | None:
        """Give the answer that needs no other schema; else begin to ask those that it needs."""
        schema, address = node.value, node.address
        if not isinstance(schema, dict):
            return self._plain(schema)
        if address in self._known:
            return self._known[address]
        if address in path or not self._left:
            self._circles += 1
            return self._unknown
        self._left -= 1
        path[address] = self._asking(node, schema), self._circles
        return None

    def _asking(self, node: Node, schema: dict[str, Json]) -> Generator[Node, _T, _T]:
        parts: list[_T] = []
        for part in (*referenced(self._resolver, node), *node.get("allOf").items()):
            parts.append((yield part))
        choices: list[list[_T]] = []
        for keyword in ("anyOf", "oneOf"):
            choices.append([])
            for part in node.get(keyword).items():
                choices[-1].append((yield part))
        return self._join(node, schema, parts, choices)


def referenced(resolver: Resolver, node: Node) -> Iterator[Node]:
    """Give the schema that a `$ref` leads to, one that says nothing where it leads nowhere, and none without one."""
    if isinstance(node.value, dict) and "$ref" in node.value:
        try:
            yield resolver.chain(node)[-1]
        except UnresolvedReference:
            yield node._replace(value=True)
