"""An Arazzo document as its author wrote it: the specification's objects, unparsed, each with its JSON Pointer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from runner.arazzo.dialect import Dialect
from runner.records import Frozen, field
from runner.values import Json


class ExpressionType(Frozen):
    """A criterion's, selector's or target's `type`: as a string, or an Expression Type Object with a version."""

    type: str
    version: str | None
    pointer: str


class Criterion(Frozen):
    condition: str
    context: str | None
    type: ExpressionType | None
    pointer: str


class Reusable(Frozen):
    """A Reusable Object; `overrides` says whether `value` was written, for null is a value too."""

    reference: str
    value: Json
    overrides: bool
    pointer: str


class Parameter(Frozen):
    name: str
    location: str | None
    value: Json
    pointer: str


ParameterEntry: TypeAlias = Parameter | Reusable


class Action(Frozen):
    """A Success Action or Failure Action Object."""

    name: str
    type: str
    workflow_id: str | None
    step_id: str | None
    parameters: tuple[ParameterEntry, ...]
    retry_after: float | None
    retry_limit: int | None
    criteria: tuple[Criterion, ...]
    pointer: str


ActionEntry: TypeAlias = Action | Reusable
ActionKind: TypeAlias = Literal["success", "failure"]


class Replacement(Frozen):
    target: str
    selector_type: ExpressionType | None
    value: Json
    pointer: str


class RequestBody(Frozen):
    content_type: str | None
    payload: Json
    has_payload: bool
    replacements: tuple[Replacement, ...]
    pointer: str


class Step(Frozen):
    """A Step Object. `idempotency_key` is `x-idempotency-key`, an extension: True for a key that is made up."""

    step_id: str
    description: str
    operation_id: str | None
    operation_path: str | None
    channel_path: str | None
    workflow_id: str | None
    parameters: tuple[ParameterEntry, ...]
    request_body: RequestBody | None
    success_criteria: tuple[Criterion, ...]
    on_success: tuple[ActionEntry, ...]
    on_failure: tuple[ActionEntry, ...]
    outputs: Mapping[str, Json]
    timeout: int | None
    correlation_id: str | None
    action: str | None
    depends_on: tuple[str, ...]
    pointer: str
    idempotency_key: str | bool = False


class Workflow(Frozen):
    """A Workflow Object. `teardown` is `x-finally`, an extension: steps that run however the others ended."""

    workflow_id: str
    summary: str
    description: str
    inputs: Json
    depends_on: tuple[str, ...]
    steps: tuple[Step, ...]
    success_actions: tuple[ActionEntry, ...]
    failure_actions: tuple[ActionEntry, ...]
    outputs: Mapping[str, Json]
    parameters: tuple[ParameterEntry, ...]
    pointer: str
    teardown: tuple[Step, ...] = ()
    tags: tuple[str, ...] = ()
    mutexes: tuple[str, ...] = ()

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The own steps, then those of the teardown."""
        return (*self.steps, *self.teardown)


class SourceDescription(Frozen):
    name: str
    url: str
    type: str | None
    pointer: str


class Components(Frozen):
    inputs: Mapping[str, Json] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    success_actions: Mapping[str, Action] = field(default_factory=dict)
    failure_actions: Mapping[str, Action] = field(default_factory=dict)


class Document(Frozen):
    """One Arazzo document. `root` is the whole of it as plain JSON, into which `$ref`s of inputs point."""

    dialect: Dialect
    self_uri: str | None
    title: str
    source_descriptions: tuple[SourceDescription, ...]
    workflows: tuple[Workflow, ...]
    components: Components
    root: Json
    HIDDEN = ("root",)
