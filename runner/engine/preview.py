"""Turn a plan and its inputs into the requests that a run would send, as far as they are known before any answer.

A value that only an answer can give has a stand-in: a word that no encoding changes, so that it can be found again in
the finished request and shown as what it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

from runner.engine.asked import Asked
from runner.engine.attempt import compute, scope_of
from runner.engine.events import Problem
from runner.engine.request import argument_values, build_request
from runner.engine.state import Limits, Run, WorkflowState
from runner.exchange import Request
from runner.expressions.evaluate import evaluate
from runner.expressions.nodes import (
    Accessed,
    ArrayOf,
    Computed,
    Constant,
    Escaped,
    Expression,
    Input,
    Node,
    ObjectOf,
    Output,
    Part,
    Quoted,
    Selected,
    StepOutput,
    Template,
    WorkflowValue,
)
from runner.expressions.scope import Scope, Values
from runner.expressions.selectors.compile import Apply, apply
from runner.plan.inputs import accept
from runner.plan.plan import (
    BoundBody,
    OperationCall,
    Plan,
    StepPlan,
    Target,
    Unrunnable,
    WorkflowCall,
)
from runner.records import Frozen, Mutable, field, replace
from runner.values import ABSENT, InputValue

Reason = Literal["asked", "dependency", "call", "goto", "retry"]


class PreviewedRequest(Frozen):
    """A request as its step makes it. `unknown` maps each stand-in that occurs in it to what it stands for."""

    call: OperationCall
    request: Request
    unknown: Mapping[str, str]


class PreviewedStep(Frozen):
    """What a step would do: send a request, run a workflow (None where it was shown before), or fail before sending."""

    step_id: str
    title: str
    does: PreviewedRequest | PreviewedWorkflow | Problem | None


class PreviewedWorkflow(Frozen):
    """A workflow as it would run where every step passes and no action leads elsewhere; its teardown is apart."""

    workflow_id: str
    summary: str
    reason: Reason
    steps: tuple[PreviewedStep, ...]
    teardown: tuple[PreviewedStep, ...] = ()


def preview(plan: Plan, asked: Sequence[Asked], apply: Apply = apply) -> tuple[PreviewedWorkflow, ...]:
    """Walk the asked workflows, those they need first and those that actions lead to last, each workflow once."""
    shared = {name: value for each in asked for name, value in {**each.given, **each.inputs}.items()}
    walk = _Walk(Run(plan, Limits(), shared, apply))
    for each in asked:
        for needed in plan.dependencies(each.key):
            walk.top(needed.key, accept(needed.inputs, needed.inputs.among(shared)).values, "dependency")
        walk.top(each.key, each.inputs, "asked")
    return tuple(walk.found)


def named(text: str, unknown: Mapping[str, str]) -> str:
    """Write what the stand-ins of a text stand for in their places: `<$steps.find.outputs.id>`."""
    for word, meaning in unknown.items():
        text = text.replace(word, f"<{meaning}>")
    return text


class _Walk(Mutable):
    """A walk through workflows: those found so far, and the stand-ins made on the way, by what they stand for."""

    run: Run
    found: list[PreviewedWorkflow] = field(default_factory=list)
    walked: set[str] = field(default_factory=set)
    later: list[tuple[str, Mapping[str, InputValue], Reason]] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    def top(self, key: str, inputs: Mapping[str, InputValue], reason: Reason) -> None:
        """Walk a workflow that no step calls, and those that actions on the way lead to."""
        self.later.append((key, inputs, reason))
        while self.later:
            workflow = self.workflow(*self.later.pop(0))
            self.found += [workflow] if workflow else []

    def workflow(self, key: str, inputs: Mapping[str, InputValue], reason: Reason) -> PreviewedWorkflow | None:
        """Walk a workflow; None where that has been done."""
        if key in self.walked:
            return None
        self.walked.add(key)
        plan = self.run.plan.workflows[key]
        state = WorkflowState(plan, inputs)
        steps = tuple(self.step(state, step) for step in plan.steps)
        outputs = compute(plan.outputs, scope_of(self.run, state))
        record = {"inputs": dict(inputs), "outputs": outputs}
        self.run.finished.setdefault(plan.document, {})[plan.workflow_id] = record
        teardown = tuple(self.step(state, step) for step in plan.teardown)
        return PreviewedWorkflow(plan.workflow_id, plan.summary, reason, steps, teardown)

    def step(self, state: WorkflowState, step: StepPlan) -> PreviewedStep:
        scope = scope_of(self.run, state)
        does: PreviewedRequest | PreviewedWorkflow | Problem | None
        match step.call:
            case OperationCall() as call:
                does, outputs = self.request(call, step, scope)
                state.outputs[step.step_id] = outputs
            case WorkflowCall() as called:
                does = self.called(called.target, scope)
                results = self.results(called.key)
                state.outputs[step.step_id] = {**results, **compute(step.outputs, replace(scope, outputs=results))}
            case Unrunnable(_, reason):
                does = Problem("expression", reason.message, reason.span)
            case _:
                assert_never(step.call)
        for action in (*step.on_success, *step.on_failure):
            if action.workflow is not None:
                self.led_to(action.workflow, state, scope, "goto" if action.type == "goto" else "retry")
        return PreviewedStep(step.step_id, step.call.title, does)

    def request(self, call: OperationCall, step: StepPlan, scope: Scope) -> tuple[PreviewedRequest | Problem, Values]:
        """Build the request of a step, and give those of its outputs that no answer is needed for."""
        parameters = tuple(replace(each, value=self.known(each.value, scope)) for each in call.parameters)
        body = self.body(call.body, scope) if call.body else None
        built = build_request(replace(call, parameters=parameters, body=body), scope)
        if isinstance(built, Problem):
            return built, {}
        if call.key == "generated":
            built = built.with_key(self.word("a key that is made up when it runs"))
        request = built.request
        text = "\n".join([request.url, *map(str, request.headers), request.body.decode("utf-8", "replace")])
        unknown = {word: meaning for meaning, word in self.words.items() if word in text}
        outputs = compute(step.outputs, replace(scope, request=request, parameters=built.parameters))
        return PreviewedRequest(call, request, unknown), outputs

    def body(self, body: BoundBody, scope: Scope) -> BoundBody:
        """Put stand-ins into a body; nothing can be replaced in one that is unknown as a whole."""
        payload = None if body.payload is None else self.known(body.payload, scope)
        if payload is not body.payload and isinstance(payload, Constant):
            return replace(body, payload=payload, replacements=())
        changed = (replace(each, value=self.known(each.value, scope)) for each in body.replacements)
        return replace(body, payload=payload, replacements=tuple(changed))

    def called(self, target: Target, scope: Scope) -> PreviewedWorkflow | Problem | None:
        inputs = self.inputs(target, scope, {})
        return inputs if isinstance(inputs, Problem) else self.workflow(target.key, inputs, "call")

    def led_to(self, target: Target, state: WorkflowState, scope: Scope, reason: Reason) -> None:
        """Note a workflow that an action leads to; it takes over inputs of the same names."""
        inputs = self.inputs(target, scope, state.inputs)
        if not isinstance(inputs, Problem):
            self.later.append((target.key, inputs, reason))

    def inputs(self, target: Target, scope: Scope, own: Mapping[str, InputValue]) -> Mapping[str, InputValue] | Problem:
        """Give the inputs of a workflow. They are not checked: what stands in for a number is no number."""
        plan = self.run.plan.workflows[target.key]
        arguments = tuple(replace(each, value=self.known(each.value, scope)) for each in target.arguments)
        values = argument_values(arguments, scope)
        if isinstance(values, Problem):
            return values
        return accept(plan.inputs, {**plan.inputs.among(own), **values}).values

    def results(self, key: str) -> Values:
        plan = self.run.plan.workflows[key]
        return self.run.finished.get(plan.document, {}).get(plan.workflow_id, {}).get("outputs", {})

    def known(self, node: Node, scope: Scope) -> Node:
        """Give a node with stand-ins for all that only an answer can give."""
        match node:
            case Constant():
                return node
            case Computed(expression):
                return Constant(self.word(str(expression))) if self.is_unknown(expression, scope) else node
            case Selected(context, selector):
                unknown = self.is_unknown(context, scope)
                return Constant(self.word(f"{context} at {selector}")) if unknown else node
            case Template(parts, style):
                return Template(tuple(self.part(part, style, scope) for part in parts), style)
            case ObjectOf(members):
                return ObjectOf(tuple((name, self.known(member, scope)) for name, member in members))
            case ArrayOf(items):
                return ArrayOf(tuple(self.known(item, scope) for item in items))
            case _:
                assert_never(node)

    def part(self, part: Part, style: str, scope: Scope) -> Part:
        """Put a stand-in for an expression within text; where it would be a JSON value, it is a JSON string."""
        if isinstance(part, str):
            return part
        expression = part.expression if isinstance(part, Quoted | Escaped) else part
        if not self.is_unknown(expression, scope):
            return part
        word = self.word(str(expression))
        return f'"{word}"' if style == "json" and not isinstance(part, Escaped) else word

    def is_unknown(self, expression: Expression, scope: Scope) -> bool:
        """Say whether an expression has no value because something has to be answered first."""
        root = expression.base if isinstance(expression, Accessed) else expression
        if evaluate(expression, scope) is not ABSENT:
            return False
        given = scope.inputs.get(root.name) if isinstance(root, Input) else None
        return isinstance(root, StepOutput | WorkflowValue | Output) or given in self.words.values()

    def word(self, meaning: str) -> str:
        """Give the stand-in for what is not known yet."""
        return self.words.setdefault(meaning, f"arazzo-unknown-{len(self.words) + 1}-")
