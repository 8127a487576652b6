"""Turn the steps of one workflow into step plans, in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

from runner.arazzo.document import Action as WrittenAction
from runner.arazzo.document import Parameter, Step, Workflow
from runner.openapi.document import Operation
from runner.openapi.fit import ResponseBody, Shapes
from runner.openapi.media import choose_content_type
from runner.plan.actions import Steps, compile_action, merged, written_actions
from runner.plan.arguments import arguments, check_arguments
from runner.plan.calls import body_style, operation_call
from runner.plan.components import ignore, parameter_key, resolved_parameters, unique_parameters
from runner.plan.conditions import conditions
from runner.plan.context import Context
from runner.plan.fit import bodies
from runner.plan.keys import refuse_key
from runner.plan.names import Names, StepNames, sent_parts, step_outputs, workflow_outputs
from runner.plan.order import Order, order_steps
from runner.plan.plan import NOTHING, Action, Call, StepPlan, Unrunnable, WorkflowCall
from runner.plan.rules import calls
from runner.plan.schemas import read_inputs
from runner.plan.targets import Found, FoundChannel, FoundOperation, FoundWorkflow, find_target
from runner.plan.values import output_node, payload_node, value_node
from runner.records import Frozen, replace
from runner.values import join_pointer


class StepCompiler(Frozen, dict=True):
    """The steps of one workflow, with what its texts may refer to."""

    ctx: Context
    workflow: Workflow
    order: Order
    names: Names

    @classmethod
    def of(cls, ctx: Context, workflow: Workflow) -> StepCompiler:
        order = order_steps(ctx, workflow)
        places = {index: place for place, index in enumerate(order.sequence)}
        steps: dict[str, StepNames] = {}
        inputs = read_inputs(workflow.inputs, ctx.arazzo.document.root)
        alone, quiet = Names(inputs, {}, frozenset()), replace(ctx, report=ignore)
        for index, step in enumerate(workflow.all_steps):
            known, last = bodies(ctx, step, find_target(quiet, alone, step)), index >= len(workflow.steps)
            found = StepNames(places[index], step_outputs(ctx, step), step.pointer, known, in_teardown=last)
            steps.setdefault(step.step_id, found)
        own = replace(alone, steps=steps, outputs=workflow_outputs(workflow))
        return cls(ctx, workflow, order, replace(own, jumps=tuple(_jumps(ctx, workflow, steps))))

    @cached_property
    def places(self) -> Steps:
        of_teardown = frozenset(step_id for step_id, step in self.names.steps.items() if step.in_teardown)
        return Steps({step_id: step.order for step_id, step in self.names.steps.items()}, of_teardown)

    @cached_property
    def shared_parameters(self) -> list[Parameter]:
        return unique_parameters(self.ctx, self.workflow.parameters)

    @cached_property
    def shared_actions(self) -> Mapping[str, Sequence[WrittenAction]]:
        return {
            "success": written_actions(self.ctx, self.workflow.success_actions, "success"),
            "failure": written_actions(self.ctx, self.workflow.failure_actions, "failure"),
        }

    @cached_property
    def run_places(self) -> Mapping[int, int]:
        """The place of each step, by that in the document, in the order in which they run."""
        return {position: place for place, position in enumerate(self.order.sequence)}

    def compile(self) -> tuple[StepPlan, ...]:
        """Compile all steps in the order in which they run."""
        return tuple(self.step(self.workflow.all_steps[index], index) for index in self.order.sequence)

    def step(self, step: Step, index: int) -> StepPlan:
        ctx = self.ctx
        last = index >= len(self.workflow.steps)
        before = replace(self.names, order=self.names.steps[step.step_id].order, in_teardown=last)
        found = find_target(ctx, before, step)
        after = self.after(step, before, found)
        return StepPlan(
            step_id=step.step_id,
            description=step.description,
            call=self.call(step, before, found),
            criteria=conditions(ctx, after, step.success_criteria),
            on_success=self.actions(step, after, "success"),
            on_failure=self.actions(step, after, "failure"),
            outputs=tuple(
                (name, output_node(ctx, after, value, join_pointer(step.pointer, "outputs", name)))
                for name, value in step.outputs.items()
            ),
            timeout=None if step.timeout is None else step.timeout / 1000,
            needs=tuple(self.run_places[need] for need in self.order.needs[index]),
            needs_elsewhere=self.order.elsewhere[index],
            span=ctx.value(f"{step.pointer}/stepId"),
        )

    def after(self, step: Step, before: Names, found: Found | None) -> Names:
        """Give what a step's criteria and outputs see: the request that was sent, or the called workflow's outputs."""
        match found:
            case FoundWorkflow(_, called):
                return replace(before, outputs=workflow_outputs(called), called=called.workflow_id)
            case FoundOperation(_, operation, api):
                response = ResponseBody(operation, Shapes.of_api(api))
                return replace(before, sent=partial(self.sent, step, operation), response=response)
            case _:
                return before

    def sent(self, step: Step, operation: Operation) -> frozenset[tuple[str, str]]:
        """Give the parts of a step's request that can be referred to, which few texts do."""
        own = resolved_parameters(self.ctx, (*self.workflow.parameters, *step.parameters), quiet=True)
        return sent_parts(operation, own)

    def actions(self, step: Step, scope: Names, kind: str) -> tuple[Action, ...]:
        own = (
            written_actions(self.ctx, step.on_success, "success")
            if kind == "success"
            else written_actions(self.ctx, step.on_failure, "failure")
        )
        shared = () if scope.in_teardown else self.shared_actions[kind]  # those are about the workflow's own steps
        if not own and not shared:
            return ()
        response = replace(scope.response, is_met=kind == "success") if scope.response else None
        visible = replace(scope, own=True, response=response)
        compiled = (compile_action(self.ctx, visible, written, self.places) for written in merged(own, shared))
        return tuple(action for action in compiled if action is not None)

    def call(self, step: Step, scope: Names, found: Found | None) -> Call:
        own = unique_parameters(self.ctx, step.parameters, by_location=not isinstance(found, FoundWorkflow))
        match found:
            case FoundOperation():
                parameters = _overridden(own, self.shared_parameters, by_location=True)
                scope = replace(scope, is_unsent=True)
                return operation_call(self.ctx, scope, step, found, self.relevant(found, own, parameters))
            case FoundWorkflow():
                refuse_key(self.ctx, step, "a step that calls a workflow sends no request of its own")
                return self.workflow_call(step, scope, found, own)
            case _:
                return self.unrunnable(step, scope, found, own)

    def relevant(self, found: FoundOperation, own: list[Parameter], parameters: list[Parameter]) -> list[Parameter]:
        """Leave out path parameters of the workflow that this operation's path does not have."""
        path = found.operation.path
        return [p for p in parameters if p in own or p.location != "path" or f"{{{p.name}}}" in path]

    def workflow_call(self, step: Step, scope: Names, found: FoundWorkflow, own: list[Parameter]) -> WorkflowCall:
        ctx, called = self.ctx, found.workflow
        inputs = read_inputs(called.inputs, found.arazzo.document.root)
        shared = [p for p in self.shared_parameters if inputs.names is None or p.name in inputs.names]
        given = _overridden(own, shared, by_location=False)
        values = arguments(ctx, scope, given, in_action=False)
        check_arguments(ctx, inputs, given, called.workflow_id, ctx.value(f"{step.pointer}/workflowId"))
        return WorkflowCall(found.key(ctx.description.entry), called.workflow_id, values)

    def unrunnable(self, step: Step, scope: Names, found: Found | None, own: list[Parameter]) -> Unrunnable:
        """Give a step that cannot be run, after its texts have been checked like those of any other."""
        title = found.title if isinstance(found, FoundChannel) else NOTHING
        for parameter in _overridden(own, self.shared_parameters, by_location=True):
            value_node(self.ctx, scope, parameter.value, f"{parameter.pointer}/value")
        if step.request_body is not None:
            body = step.request_body
            style = body_style(choose_content_type(None, body.content_type, body.payload))
            payload_node(self.ctx, scope, body.payload, f"{body.pointer}/payload", style)
            for replacement in body.replacements:
                value_node(self.ctx, scope, replacement.value, f"{replacement.pointer}/value")
        if step.correlation_id is not None:
            value_node(self.ctx, scope, step.correlation_id, f"{step.pointer}/correlationId")
        span = self.ctx.value(f"{step.pointer}/stepId")
        return Unrunnable(title, calls.not_supported_yet(f"step '{step.step_id}' ({title})", span))


def _overridden(own: Sequence[Parameter], shared: Sequence[Parameter], *, by_location: bool) -> list[Parameter]:
    """Put a step's parameters before those of the workflow that it does not override."""
    taken = {parameter_key(parameter, by_location=by_location) for parameter in own}
    return [*own, *(p for p in shared if parameter_key(p, by_location=by_location) not in taken)]


def _jumps(ctx: Context, workflow: Workflow, steps: Mapping[str, StepNames]) -> list[tuple[int, int]]:
    """List the gotos to a step of this workflow, and the retries, as from and to."""
    components = ctx.arazzo.document.components
    known = {
        **{f"$components.successActions.{name}": action for name, action in components.success_actions.items()},
        **{f"$components.failureActions.{name}": action for name, action in components.failure_actions.items()},
    }
    shared = (*workflow.success_actions, *workflow.failure_actions)
    jumps = []
    for step in workflow.all_steps:
        start, last = steps[step.step_id].order, steps[step.step_id].in_teardown
        for entry in (*step.on_success, *step.on_failure, *(() if last else shared)):
            action = entry if isinstance(entry, WrittenAction) else known.get(entry.reference)
            if action is None:
                continue
            if action.type == "retry":
                reference = steps.get(action.step_id or "")
                first = reference.order if reference else start
                jumps.append((max(start, first), start))  # what a retry refers to has run before
            elif action.step_id is not None and action.step_id in steps:
                jumps.append((start, steps[action.step_id].order))
    return jumps
