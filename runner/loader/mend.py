"""Turn the JSON of a document as people write it into the JSON that the specification has for it; report each repair.

A repair of structure is a rule that knows what was meant. It looks at one value of the document and gives the edits
that make it conformant; what is read is the document after these edits, so it runs as it does after `check --fix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from runner.arazzo.dialect import (
    Anything,
    Dialect,
    Field,
    ListOf,
    MapOf,
    Number,
    Of,
    Schema,
    Shape,
    Text,
    TypeName,
)
from runner.diagnostics import Diagnostic, Edit, Fix, Severity
from runner.loader.apply import apply
from runner.loader.conform import WHOLE, conforms, is_number, is_text
from runner.records import Frozen, Mutable
from runner.source import SourceMap
from runner.values import Absent, Json, Value, join_pointer, resolve_pointer, split_pointer

MOST = 20  # repairs of one value; every one of them leads to a shape that needs fewer


class Reading(Frozen):
    """A value's place in a document, and what the specification wants there."""

    root: Json
    places: SourceMap
    dialect: Dialect
    pointer: str
    field: Field

    @property
    def shape(self) -> Shape:
        return self.field.shape

    @property
    def name(self) -> str:
        """The member's name, or the item's place."""
        return (split_pointer(self.pointer) or ("",))[-1]

    @property
    def kind(self) -> str:
        """The specification's object that is wanted, if one is."""
        return self.shape.name if isinstance(self.shape, Of) else ""


class Slip(Frozen):
    """What is not as the specification has it, at `pointer`, and the `edits` of the document that mend it, in turn.

    `moves` pair the pointers of what these edits move with those it had, a part behind its whole. `refused` says that
    Arazzo 1.1 leaves no room for this reading: there it is an error, with the same fix. `at_key` draws it at the name
    of what is there.
    """

    message: str
    pointer: str
    title: str
    edits: tuple[Edit, ...]
    moves: tuple[tuple[str, str], ...] = ()
    refused: bool = True
    at_key: bool = False


Repair: TypeAlias = Callable[[Json, Reading], Slip | None]
"""Look at a value for one particular way of writing; the function's docstring explains the rule."""


class Structure(NamedTuple):
    """A document after its repairs; `places` knows where its parts stand in the text all the same."""

    root: Json
    places: SourceMap
    problems: tuple[Diagnostic, ...]


def mend_structure(repairs: Sequence[Repair], root: Json, places: SourceMap, dialect: Dialect) -> Structure:
    """Apply repairs to a document from the outside to the inside, each value until none of them finds anything."""
    mending = _Mending(tuple(repairs), root, places, dialect, [])
    mending.visit("", Field(Of("document"), required=True), root)
    return Structure(mending.root, mending.places, tuple(mending.problems))


class _Mending(Mutable):
    """A document on its way."""

    repairs: tuple[Repair, ...]
    root: Json
    places: SourceMap
    dialect: Dialect
    problems: list[Diagnostic]

    def visit(self, pointer: str, field: Field, value: Value) -> None:
        if isinstance(field.shape, Of) and field.shape.name in WHOLE and conforms(value, field.shape, self.dialect):
            return
        for _ in range(0 if is_plain(value, field.shape) else MOST):
            if isinstance(value, Absent | bytes):
                return  # it has been taken away
            found = self.first(value, Reading(self.root, self.places, self.dialect, pointer, field))
            if found is None:
                break
            self.apply(*found)
            value = resolve_pointer(self.root, pointer)
        root = self.root
        for name, below, part in _below(value, field.shape, self.dialect):
            if self.root is not root:
                part = resolve_pointer(self.root, join_pointer(pointer, name))
            if not isinstance(below.shape, SCALAR) or not is_plain(part, below.shape):
                self.visit(join_pointer(pointer, name), below, part)

    def first(self, value: Json, reading: Reading) -> tuple[str, Slip] | None:
        for repair in self.repairs:
            slip = repair(value, reading)
            if slip is not None:
                return repair.__name__.replace("_", "-"), slip
        return None

    def apply(self, rule: str, slip: Slip) -> None:
        severity: Severity = "error" if slip.refused and self.dialect.strict else "warning"
        span = self.places.key(slip.pointer) if slip.at_key else self.places.value(slip.pointer)
        self.problems.append(Diagnostic(rule, severity, slip.message, span, fix=Fix(slip.title, slip.edits)))
        self.root = apply(self.root, slip.edits)
        self.places = self.places.moving(slip.moves) if slip.moves else self.places


SCALAR = (Text, Number, Anything)
"""Shapes whose values have no parts that the specification knows."""
ACTIONS = frozenset({"successAction", "failureAction"})
REFERRING = frozenset({"reference", "$ref"})


def is_plain(value: Value, shape: Shape) -> bool:
    """Say whether a value, but for its parts, is all that its shape wants: no repair looks at such a one."""
    match shape:
        case Text(choices=choices):
            return is_text(value, choices)
        case Number():
            return is_number(value)
        case Anything():
            return True
        case ListOf():
            return isinstance(value, list)
        case MapOf() | Schema():
            return isinstance(value, dict)
        case Of(name, or_reusable):
            if not isinstance(value, dict) or name in ACTIONS:
                return False
            return not or_reusable or not value.keys() & REFERRING
        case _:
            return False


def kind_of(value: Value, shape: Of) -> str:
    """Name the object that a value is meant to be: a Reusable Object where one may stand and it says so."""
    return "reusable" if shape.or_reusable and isinstance(value, dict) and "reference" in value else shape.name


def _below(value: Value, shape: Shape, dialect: Dialect) -> Iterator[tuple[str, Field, Value]]:
    """Give the parts of a value that the specification knows, with what it wants of each."""
    match shape, value:
        case Of(), dict():
            fields = dialect.objects[kind_of(value, shape)]
            yield from [(name, fields[name], part) for name, part in value.items() if name in fields]
        case TypeName(), dict():
            fields = dialect.objects["expressionType"]
            yield from [(name, fields[name], part) for name, part in value.items() if name in fields]
        case ListOf(item), list():
            field = Field(item, required=True)
            yield from [(str(place), field, part) for place, part in enumerate(value)]
        case MapOf(item), dict():
            field = Field(item, required=True)
            yield from [(name, field, part) for name, part in value.items()]
        case _:
            return
