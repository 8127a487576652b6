"""Turns a graph of records into JSON, each of its values once, and that JSON into the records again.

Values whose parts are there already are made together, all of a kind at a time and a column for each of their parts,
so that to make them again costs little more than to call their classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from itertools import repeat, starmap
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from runner.records import Frozen, Mutable, field, field_names
from runner.values import Json

MOST: Final = 4_000_000
"""Values within plain JSON that are looked at: a small document can stand for a huge one."""


class Unpackable(Exception):  # noqa: N818 - whoever packs does without
    """Why a graph cannot be packed."""


class Part(NamedTuple):
    """How values of a class are packed that is none of ours: the name of what makes them again, and out of what."""

    maker: str
    apart: Callable[[Any], Iterable[object]]


class Plain(NamedTuple):
    """JSON that need not be looked through to know that it is."""

    value: Json


Makers: TypeAlias = Mapping[str, Callable[..., object]]


def pack(root: object, parts: Mapping[type, Part]) -> Json:
    """Turn a value into JSON, or raise Unpackable; values of the classes in `parts` are packed as that says.

    What equals something that was met before is that: values are frozen, or are never changed.
    """
    packing = _Packing({**_CONTAINERS, **parts})
    try:
        return packing.packed(packing.number(root))
    except RecursionError:
        raise Unpackable("it is nested too deeply") from None


def unpack(packed: Json, makers: Makers) -> object:
    """Turn JSON that `pack` gave into the value; what was packed by a Part is made by the maker of its name.

    ValueError, LookupError, TypeError, AttributeError or ImportError say that it is nothing that `pack` gives today.
    """
    if not (isinstance(packed, dict) and isinstance(root := packed["root"], int)):
        raise TypeError("a packed value is an object with a root")
    made: list[Any] = [*_listed(packed["atoms"])]
    at = made.__getitem__
    for kind, count, columns in map(_listed, _listed(packed["groups"])):
        rows = zip(*(map(at, column) for column in columns), strict=True) if columns else repeat((), count)
        made += starmap(_maker(kind, makers), rows)
    return at(root)


def withheld(packed: Json, said: Sequence[str]) -> Json:
    """Leave texts out of what `pack` gave, wherever they stand in a text; `restored` puts them back.

    Longer ones come before those that stand in them. Plain JSON is left alone: it is what a document says.
    """
    if not (said and isinstance(packed, dict)):
        return packed
    parting = re.compile("|".join(map(re.escape, said)))
    atoms: list[Json] = []
    gaps: list[Json] = []
    for at, atom in enumerate(_listed(packed["atoms"])):
        between = parting.split(atom) if isinstance(atom, str) else [atom]
        if len(between) > 1:
            gaps.append([at, [said.index(each) for each in parting.findall(atom)]])
        atoms.append(between if len(between) > 1 else atom)
    return {**packed, "atoms": atoms, "gaps": gaps}


def restored(packed: Json, said: Sequence[str]) -> Json:
    """Put the texts back that `withheld` has left out; the exceptions are those of `unpack`."""
    if not (said and isinstance(packed, dict)):
        return packed
    atoms = [*_listed(packed["atoms"])]
    for at, numbers in map(_listed, _listed(packed["gaps"])):
        first, *others = _listed(atoms[at])
        filled = (said[number] + after for number, after in zip(numbers, others, strict=True))
        atoms[at] = first + "".join(filled)
    return {**packed, "atoms": atoms}


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value


def _maker(kind: str, makers: Makers) -> Callable[..., object]:
    found = _MAKERS.get(kind) or makers.get(kind)
    if found is not None:
        return found
    module, _, name = kind.partition(":")
    if not module.startswith(_OURS):
        raise LookupError(kind)
    record: Any = getattr(import_module(module), name)
    if not (isinstance(record, type) and _is_record(record)):
        raise TypeError(kind)
    return record


def _is_record(kind: type) -> bool:
    return issubclass(kind, Frozen) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


def _pairs(mapping: Mapping[object, object]) -> Iterable[object]:
    return (each for pair in mapping.items() for each in pair)


_OURS: Final = "runner."
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_NO_PARTS: Final = -1
_CONTAINERS: Mapping[type, Part] = {
    tuple: Part("()", iter),
    list: Part("[]", iter),
    dict: Part("{}", _pairs),
    frozenset: Part("frozenset", sorted),
}
_MAKERS: Makers = {
    "()": lambda *values: values,
    "[]": lambda *values: [*values],
    "{}": lambda *values: dict(zip(values[::2], values[1::2], strict=True)),
    "frozenset": lambda *values: frozenset(values),
}


class _Packing(Mutable):
    """The values that were met so far, by numbers.

    `numbers` knows a text or an integer by itself, another atom by its kind and how it is written, a value by its kind
    and the numbers of its parts. `levels` says how many levels of parts there are in each. `known` holds what was met,
    by its identity.
    """

    parts: dict[type, Part]
    numbers: dict[object, int] = field(default_factory=dict)
    levels: list[int] = field(default_factory=list)
    atoms: dict[int, Json] = field(default_factory=dict)
    known: dict[int, tuple[object, int]] = field(default_factory=dict)
    looked_at: int = 0

    def number(self, value: Any) -> int:
        kind = type(value)
        if kind is str or kind is int:
            found = self.numbers.get(value)
            return self._atom(value, value) if found is None else found
        known = self.known.get(id(value))
        if known is None:
            known = self.known[id(value)] = (value, self._number(value, kind))
        return known[1]

    def _number(self, value: Any, kind: type) -> int:
        if kind in _SCALARS:  # 1, 1.0 and true are equal, as 0.0 and -0.0 are
            return self._atom((kind, repr(value)), value)
        if kind is Plain:
            return self._atom((kind, id(value.value)), value.value)
        if (kind is dict or kind is list) and self._is_json(value):
            return self._atom((kind, id(value)), value)
        part = self.parts.get(kind) or self._record(kind)
        numbers = [*map(self.number, part.apart(value))]
        number = self.numbers.setdefault((kind, *numbers), len(self.levels))
        if number == len(self.levels):
            self.levels.append(1 + max(map(self.levels.__getitem__, numbers), default=_NO_PARTS))
        return number

    def _atom(self, key: object, value: Json) -> int:
        number = self.numbers.setdefault(key, len(self.levels))
        if number == len(self.levels):
            self.levels.append(_NO_PARTS)
            self.atoms[number] = value
        return number

    def _is_json(self, value: Json) -> bool:
        self.looked_at += 1
        if self.looked_at > MOST:
            raise Unpackable("it is too large")
        match value:
            case dict():
                return all(type(name) is str and self._is_json(each) for name, each in value.items())
            case list():
                return all(map(self._is_json, value))
            case _:
                return type(value) in _SCALARS

    def _record(self, kind: type) -> Part:
        """Say how records of a class are packed: by its name, and of their fields."""
        if not (kind.__module__.startswith(_OURS) and _is_record(kind)):
            raise Unpackable(f"there is a {kind.__qualname__} in it")
        apart = _fields(field_names(kind)) if issubclass(kind, Frozen) else iter
        made = self.parts[kind] = Part(f"{kind.__module__}:{kind.__qualname__}", apart)
        return made

    def packed(self, root: int) -> Json:
        """Give the atoms, then all values of a level and a kind together, and the place of one among all of them."""
        groups: dict[tuple[int, str, int], list[tuple[int, ...]]] = {}
        for key, number in self.numbers.items():
            if isinstance(key, tuple) and (level := self.levels[number]) != _NO_PARTS:
                group = (level, self.parts[key[0]].maker, len(key) - 1)
                groups.setdefault(group, []).append((number, *key[1:]))
        order = sorted(groups)
        numbers = [*self.atoms, *(row[0] for group in order for row in groups[group])]
        places = dict(zip(numbers, range(len(numbers)), strict=True))
        at = places.__getitem__
        return {
            "root": places[root],
            "groups": [[group[1], len(groups[group]), _columns(groups[group], at)] for group in order],
            "atoms": [*self.atoms.values()],
        }


def _fields(names: tuple[str, ...]) -> Callable[[Any], Iterable[object]]:
    """Make what gives the fields of a record: `attrgetter` gives a tuple of two or more."""
    return attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]


def _columns(rows: list[tuple[int, ...]], at: Callable[[int], int]) -> list[Json]:
    """Turn the parts in the rows of a group, behind the number of each, into columns of places."""
    return [[*map(at, column)] for column in [*zip(*rows, strict=True)][1:]]
