"""What values are made of: records that cannot change, and records that can, quick to define, to make and to compare.

A run makes a hundred of them for every three requests, and a start defines four hundred classes: msgspec's `Struct`
does both in C, where a frozen dataclass is written, compiled and run as Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from dataclasses import field as field
    from dataclasses import replace as replace
    from typing import Any, dataclass_transform

    class _Record:
        __dataclass_fields__: ClassVar[dict[str, Any]]
        HIDDEN: ClassVar[tuple[str, ...]]

        # The options are those of msgspec, by their names there.
        def __init_subclass__(cls, *, eq: bool = True, dict: bool = False, weakref: bool = False) -> None: ...  # noqa: A002

    def set_field(record: Frozen, name: str, value: object) -> None:
        """Set a field of a record that is being made, in `__post_init__`."""

    @dataclass_transform(frozen_default=True, field_specifiers=(field,))
    class Frozen(_Record):
        """A record that cannot change; it can be hashed where its values can. With `eq=False` it equals only itself."""

    @dataclass_transform(field_specifiers=(field,))
    class Mutable(_Record):
        """A record that can change, and cannot be hashed."""

else:
    from msgspec import Struct, field
    from msgspec.structs import force_setattr, replace

    set_field = force_setattr

    def _shown(record: Struct) -> str:
        # What a class hides stays hidden in those that are made of it.
        hidden = {name for kind in type(record).__mro__ for name in vars(kind).get("HIDDEN", ())}
        values = ((name, getattr(record, name)) for name in record.__struct_fields__ if name not in hidden)
        return f"{type(record).__qualname__}({', '.join(f'{name}={value!r}' for name, value in values)})"

    class Frozen(Struct, frozen=True):
        HIDDEN = ()
        __repr__ = _shown

    class Mutable(Struct):
        HIDDEN = ()
        __repr__ = _shown


R = TypeVar("R", bound="Frozen")


def field_names(kind: type[Frozen] | Frozen) -> tuple[str, ...]:
    """Give the names of the fields of a record, in order."""
    names: tuple[str, ...] = kind.__struct_fields__  # type: ignore[union-attr]  # every Struct has it
    return names


def values_of(record: Frozen) -> dict[str, object]:
    """Give the values of a record by the names of its fields, in order."""
    return {name: getattr(record, name) for name in field_names(record)}


def changed(record: R, **values: object) -> R:
    """Give a record with other values in some fields: the record itself where it has them already."""
    for name, value in values.items():
        held = getattr(record, name)
        if held is not value and held != value:
            return replace(record, **values)
    return record
