"""The compiled program: what to do, without YAML and files. Spans are kept as plain values, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

from runner.criteria.check import Criterion
from runner.diagnostics import Diagnostic
from runner.exchange import parse_json
from runner.expressions.nodes import Node
from runner.expressions.selectors.compile import Compiled
from runner.openapi.contract import Contract
from runner.openapi.document import ApiDescription, Operation, Parameter
from runner.openapi.encoding import Layout
from runner.records import Frozen, field
from runner.schema import Schema, compile_schema
from runner.source import Span
from runner.text import json_text
from runner.values import InputValue, Json


class Condition(Frozen):
    """A criterion ready to be checked, with the spelling and place it has in the document."""

    criterion: Criterion
    text: str
    type: str
    span: Span


class Argument(Frozen):
    """A value for an input of a called workflow."""

    name: str
    value: Node
    span: Span


class BoundParameter(Frozen):
    """A value for a parameter that the operation declares, or that is sent with its location's default style."""

    parameter: Parameter
    value: Node
    span: Span


class BoundReplacement(Frozen):
    """A value to set at a place of the payload."""

    target: Compiled
    value: Node
    span: Span


class BoundBody(Frozen):
    """A payload with the media type it is sent as; `layout` is how the parts of a form are written.

    `is_json_text`: the payload is written in the document as JSON text, not as a value. `is_chosen`: the author did not
    say which media type, so a file may go as what it is.
    """

    payload: Node | None
    is_json_text: bool
    content_type: str
    is_chosen: bool
    layout: Layout
    replacements: tuple[BoundReplacement, ...]
    span: Span


class ServerChoice(Frozen):
    """The base URL of a request, without a trailing slash, and why it is that one.

    `reason` is who gave it (`--server`), or where the description lists it: then `position` counts from 1, and
    `variables` are those of its URL with the values they have.
    """

    url: str
    reason: str
    position: int = 0
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def why(self) -> str:
        """Say the reason as a person reads it: `the description's first server, region=eu`."""
        if not self.position:
            return self.reason
        if self.reason == "default":
            return "the description names no server"
        place = f"the {self.reason}'s first server"
        if self.position > 1:
            place = f"server {self.position} of the {self.reason}, the first that can be used"
        return ", ".join([place, *(f"{name}={value}" for name, value in self.variables)])


KEY_HEADER = "Idempotency-Key"
"""What carries the key of `x-idempotency-key` (draft-ietf-httpapi-idempotency-key-header)."""


class OperationCall(Frozen):
    """A request to send, and where to.

    `key` says whether it has a key by which the API knows it again: one of its parameters (`given`), or one that is
    made up for each attempt (`generated`).
    """

    operation: Operation
    source: str
    choice: ServerChoice
    parameters: tuple[BoundParameter, ...]
    body: BoundBody | None
    accept: str | None
    contract: Contract
    key: Literal["", "given", "generated"] = ""

    @property
    def title(self) -> str:
        return self.operation.title

    @property
    def server(self) -> str:
        """The base URL, without a trailing slash."""
        return self.choice.url


class WorkflowCall(Frozen):
    """Another workflow to run; `key` finds it in the plan."""

    key: str
    workflow_id: str
    arguments: tuple[Argument, ...]

    @property
    def title(self) -> str:
        return self.workflow_id

    @property
    def target(self) -> Target:
        return Target(self.key, self.workflow_id, self.arguments)


NOTHING = "nothing"
"""What a step calls that names nothing that could be found."""


class Unrunnable(Frozen):
    """A step that is understood but cannot be run here, and why: a run that could reach it is refused.

    `operation` is there where all that lacks is a server for it.
    """

    title: str
    reason: Diagnostic
    source: str = ""
    operation: Operation | None = None


Call: TypeAlias = OperationCall | WorkflowCall | Unrunnable


class Target(Frozen):
    """A workflow that an action names, with the arguments it is given."""

    key: str
    workflow_id: str
    arguments: tuple[Argument, ...]


class Action(Frozen):
    """What to do after a step. `step` is an index into all of the workflow's steps; `retry_after` in seconds."""

    name: str
    type: Literal["end", "goto", "retry"]
    step: int | None
    step_id: str | None
    workflow: Target | None
    criteria: tuple[Condition, ...]
    retry_after: float | None
    retry_limit: int
    span: Span

    @property
    def target(self) -> str | None:
        return self.workflow.workflow_id if self.workflow else self.step_id


class StepPlan(Frozen):
    """One step; `timeout` in seconds.

    `needs` are the indexes, among all steps, of those that must have completed (dependsOn), `needs_elsewhere` those of
    other workflows, by the workflow's key and the stepId.
    """

    step_id: str
    description: str
    call: Call
    criteria: tuple[Condition, ...]
    on_success: tuple[Action, ...]
    on_failure: tuple[Action, ...]
    outputs: tuple[tuple[str, Node], ...]
    timeout: float | None
    needs: tuple[int, ...]
    needs_elsewhere: tuple[tuple[str, str], ...]
    span: Span


class Inputs(Frozen, dict=True):
    """A workflow's inputs: the JSON Schema with its references in reach, and the names it declares.

    `names` is None where the schema does not list them, and `closed` says that there are no others. `defaulted` are
    those with a default, `secret` those with `format: password`.
    """

    schema: Json
    names: frozenset[str] | None
    required: frozenset[str] = frozenset()
    defaulted: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    closed: bool = False

    @cached_property
    def validator(self) -> Schema:
        try:
            written = json_text(self.schema)
        except (ValueError, RecursionError):
            return compile_schema(self.schema)
        return _compiled(written)

    def among(self, values: Mapping[str, InputValue]) -> dict[str, InputValue]:
        """Give those of some values that have the name of an input; all of them where none are listed."""
        return {name: value for name, value in values.items() if self.names is None or name in self.names}


@lru_cache(16)  # workflows that go together often have the same inputs
def _compiled(written: str) -> Schema:
    return compile_schema(parse_json(written))


class WorkflowPlan(Frozen):
    """One workflow. `document` is the URI of its Arazzo document; `depends_on` are keys, each workflow's own first.

    `teardown` are the steps that run however the others ended.
    `tags` (`x-tags`) are what a suite may choose it by; two that share a name of `mutexes` (`x-mutex`) never overlap.
    `extent` is all of the workflow.
    """

    key: str
    workflow_id: str
    document: str
    summary: str
    description: str
    inputs: Inputs
    steps: tuple[StepPlan, ...]
    outputs: tuple[tuple[str, Node], ...]
    depends_on: tuple[str, ...]
    sources: Mapping[str, Mapping[str, str]]
    self_uri: str | None
    span: Span
    teardown: tuple[StepPlan, ...] = ()
    tags: tuple[str, ...] = ()
    mutexes: tuple[str, ...] = ()
    extent: Span | None = None

    @property
    def all_steps(self) -> tuple[StepPlan, ...]:
        """The own steps, then those of the teardown: what indexes of steps count."""
        return (*self.steps, *self.teardown)


class Plan(Frozen, dict=True, weakref=True):
    """A compiled Arazzo Description. `entries` are the workflows of the entry document that no other one calls.

    `apis` are the descriptions of all its sources by URI, whether a workflow calls them or not. `version` is the
    document's own, its info.version.
    """

    document: str
    title: str
    workflows: Mapping[str, WorkflowPlan]
    entries: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    apis: Mapping[str, ApiDescription] = field(default_factory=dict)
    version: str = ""
    HIDDEN = ("workflows", "apis")

    def reachable(self, *keys: str) -> tuple[WorkflowPlan, ...]:
        """Give the workflows that a run of `keys` can reach, those first: found once, for each case of a suite asks."""
        found = self._reached.get(keys)
        if found is None:
            found = self._reached[keys] = reach(self.workflows, keys)
        return found

    @cached_property
    def _reached(self) -> dict[tuple[str, ...], tuple[WorkflowPlan, ...]]:
        return {}

    def dependencies(self, key: str) -> tuple[WorkflowPlan, ...]:
        """Give the workflows that have to run before a workflow, each after those it needs itself."""
        found: dict[str, WorkflowPlan] = {}
        for need in self.workflows[key].depends_on:
            found.update({each.key: each for each in (*self.dependencies(need), self.workflows[need])})
        return tuple(found.values())


def reach(workflows: Mapping[str, WorkflowPlan], keys: Sequence[str]) -> tuple[WorkflowPlan, ...]:
    """Give the workflows that can be reached from `keys`, those first."""
    seen: dict[str, WorkflowPlan] = {}
    pending = list(reversed(keys))
    while pending:
        key = pending.pop()
        if key not in seen:
            seen[key] = workflows[key]
            pending.extend(reversed(successors(workflows[key])))
    return tuple(seen.values())


def successors(workflow: WorkflowPlan) -> list[str]:
    """List the keys of the workflows that a workflow depends on, calls, or may go to."""
    calls = [step.call.key for step in workflow.all_steps if isinstance(step.call, WorkflowCall)]
    actions = [action for step in workflow.all_steps for action in (*step.on_success, *step.on_failure)]
    return [*workflow.depends_on, *calls, *(action.workflow.key for action in actions if action.workflow)]
