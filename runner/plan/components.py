"""Follow Reusable Objects to the components of their own document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from runner.arazzo.document import Action, Parameter, ParameterEntry, Reusable
from runner.diagnostics import Diagnostic
from runner.plan.context import Context
from runner.plan.rules import names
from runner.records import replace


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
        whole = ctx.value(pointer)
        is_written = entry.reference in whole.text  # else it was repaired
        span = ctx.within(pointer, len(prefix), len(entry.reference)) if is_written else whole
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


def unique_parameters(ctx: Context, entries: Sequence[ParameterEntry], *, by_location: bool = True) -> list[Parameter]:
    """Give the parameters of a list; "the list MUST NOT include duplicate parameters"."""
    found: dict[tuple[str, str | None], Parameter] = {}
    places: dict[tuple[str, str | None], str] = {}
    for entry in entries:
        for parameter in resolved_parameters(ctx, (entry,)):
            key = parameter_key(parameter, by_location=by_location)
            if parameter.name and key in found:
                span, first = ctx.key(entry.pointer), ctx.key(places[key])
                ctx.report(names.duplicate_id("parameter", parameter.name, span, first))
            found.setdefault(key, parameter)
            places.setdefault(key, entry.pointer)
    return list(found.values())


def parameter_key(parameter: Parameter, *, by_location: bool) -> tuple[str, str | None]:
    """Name a parameter by name and `in`, header names without case; for a workflow by name alone."""
    if not by_location:
        return parameter.name, None
    is_header = parameter.location == "header"
    return parameter.name.lower() if is_header else parameter.name, parameter.location
