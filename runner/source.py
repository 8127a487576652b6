"""Text, and places in it: what every diagnostic and every failed assertion points at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from runner.late import late_pattern
from runner.records import Frozen, replace
from runner.values import is_within, split_pointer

_BREAK = late_pattern(r"\r\n?|\n")  # "b-break" of YAML 1.2, section 5.4


class Position(NamedTuple):
    """A place as people count it: line and column from 1, columns in characters."""

    line: int
    column: int


class Source(Frozen, eq=False, dict=True):
    """A text and where it came from: `uri` identifies it, `name` is what a person is shown.

    `first` is the number of its first line: of a part of a document that is not 1.
    """

    uri: str
    name: str
    text: str
    first: int = 1
    HIDDEN = ("text",)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 hash of the text, in hexadecimal digits."""
        return sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.text))]

    def position(self, offset: int) -> Position:
        """Give line and column of a character offset."""
        index = bisect_right(self._line_starts, offset) - 1
        return Position(self.first + index, offset - self._line_starts[index] + 1)

    def line(self, number: int) -> str:
        """Give the text of line `number` (from 1) without its line break."""
        index = number - self.first
        if not 0 <= index < len(self._line_starts):
            return ""
        start, end = [*self._line_starts[index : index + 2], len(self.text)][:2]
        return self.text[start:end].rstrip("\r\n")


class Span(Frozen):
    """The characters `start` to `end` (exclusive) of a source."""

    source: Source
    start: int
    end: int

    @property
    def begin(self) -> Position:
        return self.source.position(self.start)

    @property
    def finish(self) -> Position:
        return self.source.position(self.end)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.begin.line}:{self.begin.column}"


class Place(NamedTuple):
    """Where one value stands, and where its parts stand: the shape of a document without its content."""

    start: int
    end: int
    members: dict[str, Member] | None = None
    items: list[Place] | None = None


class Member(NamedTuple):
    """One member of a mapping: where its key stands, and its value."""

    key_start: int
    key_end: int
    value: Place


Align: TypeAlias = Callable[[str, int], int]
"""Turn (raw scalar text, offset in its decoded value) into an offset in the raw text."""


@lru_cache(8)  # a long text may hold thousands of expressions; the same string is looked up by its identity
def _raw(source: Source, start: int, end: int) -> str:
    return source.text[start:end]


class SourceMap(Frozen, eq=False, dict=True):
    """The positions of a document's keys and values by JSON Pointer; `build` runs once, when first asked.

    A pointer to something that is not in the document gives its nearest ancestor: a missing member is drawn at the
    object that lacks it. `moved` are the pointers that repairs have changed, in turn: what each is now, and what was
    written. The last one that fits is undone first.
    """

    source: Source
    build: Callable[[], Place]
    align: Align
    moved: tuple[tuple[str, str], ...] = ()
    HIDDEN = ("build", "align")

    @cached_property
    def _root(self) -> Place:
        return self.build()

    @property
    def root(self) -> Place:
        """Where everything stands."""
        return self._root

    def moving(self, moves: Iterable[tuple[str, str]]) -> SourceMap:
        """Give the same positions by the pointers after a repair: what is at a move's first one was at its second."""
        return replace(self, build=lambda: self._root, moved=(*self.moved, *moves))

    def value(self, pointer: str) -> Span:
        """Give the span of the value at `pointer`."""
        place, _, _ = self._find(pointer)
        return Span(self.source, place.start, place.end)

    def key(self, pointer: str) -> Span:
        """Give the span of the key that names `pointer`; for an item of a sequence, or the root: of its start."""
        place, member, _ = self._find(pointer)
        if member is not None:
            return Span(self.source, member.key_start, member.key_end)
        first = next(iter(place.members.values()), None) if place.members else None
        if first is not None:
            return Span(self.source, first.key_start, first.key_end)
        return Span(self.source, place.start, place.end)

    def within(self, pointer: str, start: int, end: int) -> Span:
        """Give the span of characters `start` to `end` of the text value at `pointer`, as they stand in the file."""
        place, _, found = self._find(pointer)
        if not found or place.members is not None or place.items is not None:
            return self.key(pointer)
        raw = _raw(self.source, place.start, place.end)
        first, last = self.align(raw, start), self.align(raw, end)
        return Span(self.source, place.start + first, place.start + max(first, last))

    def _find(self, pointer: str) -> tuple[Place, Member | None, bool]:
        place, named = self._root, None
        for now, written in reversed(self.moved):
            if is_within(pointer, now):
                pointer = written + pointer[len(now) :]
        for token in split_pointer(pointer):
            _, _, members, items = place
            if members is not None and token in members:
                named = members[token]
                place = named.value
            elif items is not None and token.isdigit() and int(token) < len(items):
                named, place = None, items[int(token)]
            else:
                return place, named, False
        return place, named, True
