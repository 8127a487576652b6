"""Follow Reusable Objects to the components of their own document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from runner.arazzo.document import Action, Parameter, ParameterEntry, Reusable
from runner.diagnostics import Diagnostic
from runner.plan.context import Context
from runner.plan.rules import names


def ignore(problem: Diagnostic) -> None:
    """Report nothing: it is reported elsewhere."""


T = TypeVar("T", Parameter, Action)


def component(ctx: Context, entry: Reusable, kind: str, known: Mapping[str, T]) -> T | None:
    """Find the component that a Reusable Object refers to ("it MUST link to" the matching map), or report why not."""
    prefix = f"$components.{kind}."
    pointer = f"{entry.pointer}/reference"
    if not entry.reference.startswith(prefix):
        ctx.report(names.wrong_component(entry.reference, kind, ctx.value(pointer)))
        return None
    name = entry.reference.removeprefix(prefix)
    found = known.get(name)
    if found is None:
        span = ctx.within(pointer, len(prefix), len(entry.reference))
        ctx.report(names.unknown_component(name, kind, known, span))
    return found


def resolved_parameters(ctx: Context, entries: Sequence[ParameterEntry], *, quiet: bool = False) -> list[Parameter]:
    """Give the parameters of one list, references resolved and their values overridden; `quiet` reports nothing."""
    ctx = replace(ctx, report=ignore) if quiet else ctx
    known = ctx.arazzo.document.components.parameters
    found: list[Parameter] = []
    for entry in entries:
        if not isinstance(entry, Reusable):
            found.append(entry)
            continue
        parameter = component(ctx, entry, "parameters", known)
        if parameter is None:
            continue
        if entry.overrides:
            parameter = Parameter(parameter.name, parameter.location, entry.value, entry.pointer)
        found.append(parameter)
    return found
