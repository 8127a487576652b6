"""Turns a value and edits into the value that they make of it; all of them at once, by the pointers of the old one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias, TypeVar, assert_never

from runner.diagnostics import Add, Edit, Recomment, Remove, Rename, Rewrite
from runner.records import Frozen, Mutable, field
from runner.values import ABSENT, Absent, Json, split_pointer


class Insert(Frozen):
    """Put an entry into the list at `pointer`, in front of the one at `index`, or at the end."""

    pointer: str
    index: int
    value: Json


Change: TypeAlias = Edit | Insert
"""What is asked for, and what a rewritten list comes to."""
C = TypeVar("C")


BOTH = "what is removed is changed, too"


class ConflictError(ValueError):
    """Edits that cannot be made of this value, or not together."""


class _Node(Mutable):
    """What becomes of one value: of itself, of its name, and of what is in it."""

    value: Json | Absent = ABSENT
    name: str | None = None
    gone: bool = False
    added: list[Add] = field(default_factory=list)
    inserted: list[Insert] = field(default_factory=list)
    inner: dict[str, _Node] = field(default_factory=dict)

    @property
    def is_only_gone(self) -> bool:
        return self == _Node(gone=True)


def apply(value: Json, changes: Iterable[Change]) -> Json:
    """Make the edits, or raise ConflictError where one leads nowhere or two of them contradict each other."""
    root = _Node()
    for change in distinct(changes):
        _plant(root, change)
    if root.gone or root.name is not None:
        raise ConflictError("the whole document can be neither renamed nor removed")
    return _changed(value, root)


def same(one: Json, other: Json) -> bool:
    """Say whether two values are the same, their types too: `1`, `1.0` and `true` are three. Order does not count."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def distinct(changes: Iterable[C]) -> list[C]:
    """Leave out repetitions; the values in edits cannot be hashed."""
    return list({repr(change): change for change in changes}.values())


def _plant(root: _Node, change: Change) -> None:
    node = root
    if isinstance(change, Recomment):
        return
    for token in split_pointer(change.pointer):
        node = node.inner.setdefault(token, _Node())
    match change:
        case Rewrite(_, value):
            if node.value is not ABSENT:
                raise ConflictError("two values are wanted in one place")
            node.value = value
        case Rename(_, name):
            if node.name is not None:
                raise ConflictError("two names are wanted for one member")
            node.name = name
        case Remove():
            node.gone = True
        case Add():
            node.added.append(change)
        case Insert():
            node.inserted.append(change)
        case _:
            assert_never(change)


def _changed(value: Json, node: _Node) -> Json:
    if not isinstance(node.value, Absent):
        if node.inner or node.added or node.inserted:
            raise ConflictError("what is rewritten as a whole is changed in a part, too")
        return node.value
    if isinstance(value, dict) and not node.inserted:
        return _changed_object(value, node)
    if isinstance(value, list) and not node.added:
        return _changed_list(value, node)
    if node.inner or node.added or node.inserted:
        raise ConflictError("an edit leads nowhere")
    return value


def _changed_object(value: dict[str, Json], node: _Node) -> Json:
    if not node.inner.keys() <= value.keys():
        raise ConflictError("an edit leads nowhere")
    made: list[tuple[str, Json]] = []
    for name, inner in value.items():
        change = node.inner.get(name)
        if change is None:
            made.append((name, inner))
        elif not change.gone:
            made.append((name if change.name is None else change.name, _changed(inner, change)))
        elif not change.is_only_gone:
            raise ConflictError(BOTH)
        made += [(add.name, add.value) for add in node.added if add.after == name]
    made += [(add.name, add.value) for add in node.added if add.after not in value]
    if len(dict(made)) < len(made):
        raise ConflictError("two members would have one name")
    return dict(made)


def _changed_list(value: list[Json], node: _Node) -> Json:
    if any(not token.isdigit() or int(token) >= len(value) for token in node.inner):
        raise ConflictError("an edit leads nowhere")
    made: list[Json] = []
    for index, inner in enumerate(value):
        made += [insert.value for insert in node.inserted if insert.index == index]
        change = node.inner.get(str(index))
        if change is None:
            made.append(inner)
        elif change.name is not None:
            raise ConflictError("an entry of a list has no name")
        elif not change.gone:
            made.append(_changed(inner, change))
        elif not change.is_only_gone:
            raise ConflictError(BOTH)
    return [*made, *(insert.value for insert in node.inserted if insert.index >= len(value))]
