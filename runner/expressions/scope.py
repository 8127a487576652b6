"""What an expression can see while a workflow runs."""

from __future__ import annotations

from collections.abc import Mapping

from runner.exchange import Request, Response
from runner.expressions.selectors.compile import Apply, apply
from runner.records import Frozen, field
from runner.values import Value

Values = Mapping[str, Value]


class Scope(Frozen):
    """The names in reach at one moment.

    `steps` holds the outputs of the steps that ran, `workflows` the `inputs` and `outputs` of the workflows that ran,
    `sources` the fields of each Source Description, `parameters` the path and query parameters as sent, by (in, name).
    `response` is None where none came. `apply` applies selectors: in this process, or in one that can be killed.
    """

    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    steps: Mapping[str, Values] = field(default_factory=dict)
    workflows: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    self_uri: str | None = None
    request: Request | None = None
    response: Response | None = None
    parameters: Mapping[tuple[str, str], str] = field(default_factory=dict)
    apply: Apply = apply

    def with_outputs(self, outputs: Values) -> Scope:
        """Give the scope in which `outputs` are those of a workflow."""
        return Scope(self.inputs, outputs, self.steps, self.workflows, self.sources, self.self_uri, apply=self.apply)

    def with_exchange(
        self, request: Request, parameters: Mapping[tuple[str, str], str], response: Response | None
    ) -> Scope:
        """Give the scope of a step whose request was sent."""
        return Scope(
            self.inputs,
            self.outputs,
            self.steps,
            self.workflows,
            self.sources,
            self.self_uri,
            request,
            response,
            parameters,
            self.apply,
        )
