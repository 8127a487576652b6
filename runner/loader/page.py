"""Turns JSON Pointers into the places of a text that an edit needs: a value, its neighbours, and the style around."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

from runner.loader.json import align as align_json
from runner.loader.spell import Dialect
from runner.loader.text import Document
from runner.records import Frozen
from runner.source import Member, Place
from runner.values import Json, split_pointer

_NESTED = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*\r?\n( +)[^\s#-]", re.MULTILINE)
_LIST = re.compile(r"^( *)(?:- )?[^\s#-][^\n]*:[ \t]*\r?\n( *)- ", re.MULTILINE)
_ALIAS = re.compile(r"\s*:\s*\*[^\s,\[\]{}]+")


class LostError(ValueError):
    """What an edit is about is not there, or not in a way that could be edited."""


class Spot(NamedTuple):
    """A value in a text: its place, its key where it has one, and the collection that it is in.

    `token` is the last of its pointer; `flow` says that it stands within brackets.
    """

    value: Json
    place: Place
    key: Member | None
    around: Place | None
    siblings: Json
    token: str
    flow: bool


class Page(Frozen, eq=False, dict=True):
    """A document that is being edited."""

    document: Document
    root: Place

    @property
    def text(self) -> str:
        return self.document.source.text

    @cached_property
    def is_json(self) -> bool:
        return self.document.places.align is align_json

    @cached_property
    def eol(self) -> str:
        return "\r\n" if self.text[: self.text.find("\n")].endswith("\r") else "\n"

    @cached_property
    def step(self) -> int:
        """The columns by which the document indents what is nested."""
        steps = [len(found[2]) - len(found[1]) for found in _NESTED.finditer(self.text)]
        return next((step for step in steps if step > 0), 2)

    @cached_property
    def outdented(self) -> bool:
        """Whether the document writes lists in the column of their keys."""
        found = _LIST.search(self.text)
        return bool(found and len(found[1]) == len(found[2]) and "- " not in found[0].split("\n")[0][:4])

    def dialect(self, flow: bool, indent: int = 0) -> Dialect:
        return Dialect(self.is_json, flow, indent, self.step, self.eol, self.outdented)

    def spot(self, pointer: str) -> Spot:
        """Find a value, or raise LostError."""
        spot = Spot(self.document.value, self.root, None, None, None, "", self.is_flow(self.root))
        for token in split_pointer(pointer):
            spot = self._inner(spot, token)
        return spot

    def _inner(self, spot: Spot, token: str) -> Spot:
        members, items, value = spot.place.members, spot.place.items, spot.value
        if members is not None and token in members and isinstance(value, dict):
            key, place, inner = members[token], members[token].value, value[token]
        elif items is not None and token.isdigit() and int(token) < len(items) and isinstance(value, list):
            key, place, inner = None, items[int(token)], value[int(token)]
        else:
            raise LostError("it leads nowhere")
        return Spot(inner, place, key, spot.place, value, token, spot.flow or self.is_flow(place))

    def is_flow(self, place: Place) -> bool:
        """Say whether a collection is written in brackets."""
        is_collection = place.members is not None or place.items is not None
        return is_collection and self.text[place.start : place.start + 1] in ("{", "[")

    def end(self, key: Member, around: Place) -> int:
        """Give where a member ends; the value of an alias stands elsewhere."""
        if key.key_end <= key.value.start <= around.end:
            return key.value.end
        alias = _ALIAS.match(self.text, key.key_end)
        if alias is None:
            raise LostError("it is merged from elsewhere")
        return alias.end()

    def column(self, at: int) -> int:
        return at - self.line_start(at)

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Give the end of the line that `at` is in, in front of its break."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def next_line(self, at: int) -> int:
        """Give the start of the line that follows `at`."""
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def begins_line(self, at: int) -> bool:
        """Say whether nothing but spaces stands before `at` on its line."""
        return not self.text[self.line_start(at) : at].strip()

    def ends_line(self, at: int) -> bool:
        """Say whether nothing but spaces or a comment stands behind `at` on its line."""
        rest = self.text[at : self.line_end(at)]
        return not rest.strip() or bool(re.match(r"[ \t]+#", rest))

    def dash(self, index: int, around: Place) -> int:
        """Give where the dash of an entry of a block list stands."""
        column, items = self.column(around.start), around.items or []
        if index == 0:
            return around.start
        found = re.compile(rf"^[ ]{{{column}}}-(?=\s|\Z)", re.MULTILINE)
        dashes = [each.end() - 1 for each in found.finditer(self.text, around.start, around.end + 1)]
        before = items[index - 1].end
        dash = [at for at in dashes if before <= at <= max(items[index].start, before)]
        if not dash:
            raise LostError("its dash is not found")
        return dash[-1]
