"""What a run is asked to do: workflows with their inputs, the secrets among these, and where requests will go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.engine.events import ServerUsed
from runner.engine.state import Start
from runner.plan.plan import Plan
from runner.plan.secrets import secret_names
from runner.plan.servers import server_choices
from runner.records import Frozen, field
from runner.values import InputValue


class Asked(Frozen):
    """A workflow to run, with accepted inputs; `given` is everything that the workflows it depends on may take.

    `start` is there where it does not begin at its beginning.
    """

    key: str
    inputs: Mapping[str, InputValue]
    given: Mapping[str, InputValue] = field(default_factory=dict)
    start: Start | None = None


def servers_used(plan: Plan, asked: Sequence[Asked]) -> tuple[ServerUsed, ...]:
    """Give where the requests of these workflows can go, each server once."""
    choices = server_choices(plan, [each.key for each in asked])
    return tuple(ServerUsed(source, choice.url, choice.why) for source, choice in choices)


def secret_inputs(plan: Plan, asked: Sequence[Asked]) -> frozenset[str]:
    """Give the values of inputs that a schema marks as passwords: that of a workflow, or of one that it can reach."""
    return frozenset(
        str(values[name])
        for each in asked
        for values in (each.given, each.inputs)
        for name in secret_names(plan, each.key)
        if values.get(name) not in (None, "")
    )
