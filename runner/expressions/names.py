"""Turns the dotted names of an expression into the declared name and the path that follows it.

"identifier" allows dots, and `.` also dereferences: `$inputs.a.b` is the input `a.b`, or `b` of the input `a`. What is
declared decides; the longest declared name wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeAlias

from runner.diagnostics import nearest
from runner.expressions.grammar import read_path
from runner.expressions.nodes import (
    Accessed,
    Expression,
    Input,
    Output,
    Root,
    StepOutput,
    WorkflowValue,
)
from runner.records import Frozen, replace
from runner.values import join_pointer

Names: TypeAlias = Callable[[Root], Collection[str] | None]
"""Give the names that are declared where an expression looks its name up; None where they are not known."""


class Undeclared(Frozen):
    """A name that nothing declares. `nearest` is the declared name that was most likely meant.

    `unreadable` is set where a declared name is followed by what is no path of `.name` and `[0]`.
    """

    expression: Expression
    name: str
    nearest: str | None
    unreadable: str = ""


def resolve(expression: Expression, names: Names) -> Expression | Undeclared:
    """Split the name of an expression into the longest declared name and a path.

    An expression without a name, or whose names are not known, is given back as it is.
    """
    base = expression.base if isinstance(expression, Accessed) else expression
    if not isinstance(base, Input | Output | StepOutput | WorkflowValue):
        return expression
    declared = names(base)
    if declared is None:
        return expression
    spelled = base.name + str(expression)[len(str(base)) :]
    unreadable = ""
    for name in sorted((name for name in declared if _begins(spelled, name)), key=len, reverse=True):
        path = read_path(spelled[len(name) :])
        if path is not None:
            return _placed(replace(base, name=name), path)
        unreadable = unreadable or spelled[len(name) :]
    head = re.split(r"[.\[]", spelled, maxsplit=1)[0]
    return Undeclared(expression, spelled, nearest(spelled, declared) or nearest(head, declared), unreadable)


def _begins(spelled: str, name: str) -> bool:
    return name != "" and spelled.startswith(name) and spelled[len(name) : len(name) + 1] in ("", ".", "[")


def _placed(base: Input | Output | StepOutput | WorkflowValue, path: tuple[str | int, ...]) -> Expression:
    if not path:
        return base
    if base.pointer is None:
        return Accessed(base, path)
    return replace(base, pointer=join_pointer("", *path) + base.pointer)
