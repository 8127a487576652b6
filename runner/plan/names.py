"""The names that a workflow's expressions may use, and each expression with its names resolved against them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping

from runner.arazzo.document import Parameter, Step, Workflow
from runner.description import ArazzoDescription
from runner.diagnostics import Diagnostic, Fix
from runner.expressions.names import Undeclared, resolve
from runner.expressions.nodes import (
    Accessed,
    Body,
    ComponentReference,
    Expression,
    HeaderField,
    Input,
    Method,
    Output,
    PathParameter,
    Payload,
    QueryParameter,
    Root,
    SourceReference,
    StatusCode,
    StepOutput,
    Url,
    WorkflowValue,
)
from runner.openapi.document import Operation
from runner.openapi.fit import ResponseBody
from runner.openapi.url import template_variables
from runner.plan.context import Context, find_workflow, split_reference
from runner.plan.once import Once
from runner.plan.plan import Inputs
from runner.plan.rules import flow, language, names
from runner.plan.schemas import read_inputs
from runner.records import Frozen, field, replace
from runner.source import Span


class StepNames(Frozen):
    """A step that can be referred to; `order` is its place in the sequence of execution.

    `bodies` are the outputs that are a part of the response; `in_teardown` says that it is a step of `x-finally`.
    """

    order: int
    outputs: frozenset[str]
    pointer: str
    bodies: Mapping[str, ResponseBody] = field(default_factory=dict)
    in_teardown: bool = False


class Names(Frozen):
    """What is in reach of one text. `outputs` are those `$outputs` means there.

    `order` is the place of the step that the text belongs to, None after the last one; `own` says whether that step's
    own outputs are there already, as they are for its actions. `jumps` are the gotos and retries, from and to;
    `sent` gives the parts of the request that can be referred to, as (in, name), None where that is not known.
    `response` is what `$response.body` can be; None where it may be anything.
    `called` is the workflow whose outputs `$outputs` means, where it is not the own one.
    `in_teardown` says that the text belongs to a step of `x-finally`, `is_unsent` that it is a part of a request.
    `once` is what was made of the workflow's texts so far.
    """

    inputs: Inputs
    steps: Mapping[str, StepNames]
    outputs: frozenset[str]
    order: int | None = None
    own: bool = False
    jumps: tuple[tuple[int, int], ...] = ()
    called: str | None = None
    sent: Callable[[], frozenset[tuple[str, str]]] | None = None
    response: ResponseBody | None = None
    in_teardown: bool = False
    is_unsent: bool = False
    once: Once = field(default_factory=Once)

    @property
    def place(self) -> tuple[Hashable, ...]:
        """What a text means can depend on this of its place, unless it refers to steps, outputs or requests."""
        body = self.response
        response = body and (body.shapes, body.shapes.first_alike(body.operation).pointer, body.place, body.is_met)
        return response, self.in_teardown, self.is_unsent


SOURCE_FIELDS = ("name", "type", "url")
_NOT_YET = frozenset({"forward-reference", "step-of-teardown", "not-sent-yet"})

# "Request parameters MUST be declared …"; these say what HTTP itself sends.
ALWAYS_SENT = frozenset({("header", "accept"), ("header", "content-type"), ("header", "authorization")})


def sent_parts(operation: Operation, own: Iterable[Parameter]) -> frozenset[tuple[str, str]]:
    """Give the parameters that a step's request has: those that the operation declares, and the step's own."""
    declared = {(each.location, each.name) for each in operation.parameters}
    given = {(each.location or "", each.name) for each in own}
    path = {("path", name) for name in template_variables(operation.path)}
    found = ALWAYS_SENT | declared | given | path
    return frozenset((place, name.lower() if place == "header" else name) for place, name in found)


def workflow_outputs(workflow: Workflow) -> frozenset[str]:
    return frozenset(workflow.outputs)


def step_outputs(ctx: Context, step: Step) -> frozenset[str]:
    """Give a step's outputs; those of a workflow it calls are there by default."""
    return frozenset(step.outputs) | (_called_outputs(ctx, step.workflow_id) if step.workflow_id else frozenset())


def _called_outputs(ctx: Context, text: str) -> frozenset[str]:
    called = peek_workflow(ctx, text)
    return workflow_outputs(called[1]) if called else frozenset()


def peek_workflow(ctx: Context, text: str) -> tuple[ArazzoDescription, Workflow] | None:
    """Find a workflow by the text that names it, without reporting anything."""
    reference = split_reference(text, ctx.source_names)
    arazzo = ctx.arazzo if reference is None else ctx.other(reference[0])
    found = find_workflow(arazzo, reference[1] if reference else text) if arazzo else None
    return (arazzo, found) if arazzo and found else None


def settle(ctx: Context, scope: Names, expression: Expression, span: Span) -> Expression:
    """Resolve the names of one expression, and report those that lead nowhere."""
    if isinstance(expression, SourceReference):
        expression = SourceReference(*(split_reference(str(expression), ctx.source_names) or ("", "")))
    base = expression.base if isinstance(expression, Accessed) else expression
    if not _is_in_reach(ctx, scope, base, span):
        return expression
    found = resolve(expression, lambda root: named(ctx, scope, root))
    if isinstance(found, Undeclared):
        _report_undeclared(ctx, scope, base, found, span)
        return found.expression
    return found


def settled_quietly(ctx: Context, scope: Names, expression: Expression) -> tuple[Expression, list[Diagnostic]]:
    """Resolve the names of one expression, and give what there is to say of it instead of reporting it."""
    found: list[Diagnostic] = []
    nowhere = ctx.value("")
    return settle(replace(ctx, report=found.append), scope, expression, nowhere), found


def is_known(ctx: Context, scope: Names, expression: Expression) -> bool:
    """Say whether all names of an expression are declared, its last one to the end; nothing is reported."""
    settled, found = settled_quietly(ctx, scope, expression)
    is_whole = settled == expression or isinstance(expression, SourceReference)
    return is_whole and all(each.rule in _NOT_YET for each in found)


def _is_in_reach(ctx: Context, scope: Names, base: Root, span: Span) -> bool:
    """Check the first name of an expression: its step, workflow, source or component."""
    match base:
        case Body(side) | Payload(side) | HeaderField(side) if scope.is_unsent and side != "message":
            output = "" if isinstance(base, HeaderField) or side == "request" else _earlier(scope)
            ctx.report(names.not_sent_yet(str(base), output, span))
            return False
        case StatusCode() | Url() | Method() if scope.is_unsent:
            ctx.report(names.not_sent_yet(str(base), "", span))
            return False
        case StepOutput(step_id):
            return _check_step(ctx, scope, step_id, span)
        case WorkflowValue(workflow_id):
            if ctx.workflow(workflow_id) is None:
                known = [each.workflow_id for each in ctx.arazzo.document.workflows]
                ctx.report(names.unknown_workflow(workflow_id, known, span))
                return False
        case SourceReference(source, reference):
            return is_declared(ctx, source, span) and _has_field(ctx, source, reference, span)
        case ComponentReference():
            message = "a component cannot be used as a value"
            ctx.report(language.expression_syntax(message, span, Fix("refer to it with a reusable object")))
            return False
        case HeaderField("request", name):
            _check_sent(ctx, scope, ("header", name.lower()), name, span)
        case QueryParameter("request", name):
            _check_sent(ctx, scope, ("query", name), name, span)
        case PathParameter("request", name):
            _check_sent(ctx, scope, ("path", name), name, span)
        case _:
            pass  # every other root is there by itself
    return True


def _earlier(scope: Names) -> str:
    """Give an output of the step before, as what is meant by a part of a response may be one."""
    before = [(each.order, step_id) for step_id, each in scope.steps.items() if each.outputs]
    own = len(before) if scope.order is None else scope.order
    step_id = max(((order, step_id) for order, step_id in before if order < own), default=(0, ""))[1]
    names_ = sorted(scope.steps[step_id].outputs) if step_id else []
    return f"$steps.{step_id}.outputs.{names_[0]}" if len(names_) == 1 else ""


def is_declared(ctx: Context, source: str, span: Span) -> bool:
    """Say whether a source description of this name is declared; report it where not, if all of them could be read."""
    if source in ctx.source_names:
        return True
    if ctx.knows_every_source:
        ctx.report(names.unknown_source(source, ctx.source_names, span))
    return False


def _has_field(ctx: Context, source: str, reference: str, span: Span) -> bool:
    """Check a reference to a source: an operationId or workflowId of it, else one of its fields."""
    api, other = ctx.api(source), ctx.other(source)
    known = {*SOURCE_FIELDS, *(api.by_id if api else ())}
    known |= {each.workflow_id for each in other.document.workflows} if other else set()
    if reference in known or not ctx.is_loaded(source):
        return True
    ctx.report(names.undeclared_output(reference, f"the source '{source}'", SOURCE_FIELDS, span))
    return False


def _check_sent(ctx: Context, scope: Names, part: tuple[str, str], name: str, span: Span) -> None:
    if scope.sent is None or part in (sent := scope.sent()):
        return
    known = sorted(each for place, each in sent if place == part[0])
    problem = names.undeclared_request_part(name, part[0], known, span)
    ctx.report(problem if ctx.arazzo.document.dialect.strict else replace(problem, severity="warning"))


def _check_step(ctx: Context, scope: Names, step_id: str, span: Span) -> bool:
    step = scope.steps.get(step_id)
    if step is None:
        holders = [each for each in ctx.arazzo.document.workflows if step_id in {s.step_id for s in each.steps}]
        elsewhere = holders[0].workflow_id if len(holders) == 1 else None
        ctx.report(names.unknown_step(step_id, scope.steps, span, elsewhere=elsewhere))
        return False
    if step.in_teardown and not scope.in_teardown:
        ctx.report(flow.step_of_teardown(step_id, span))
        return True
    order = scope.order
    if order is not None and (step.order > order or (step.order == order and not scope.own)):
        reachable = any(start >= step.order and target <= order for start, target in scope.jumps)
        target, own = ctx.value(f"{step.pointer}/stepId"), step.order == order
        ctx.report(names.forward_reference(step_id, span, target, own=own, reachable=reachable))
    return True


def named(ctx: Context, scope: Names, base: Root) -> Collection[str] | None:
    """Give the names that are declared where an expression looks its name up; the step or workflow is there."""
    match base:
        case Input():
            return scope.inputs.names
        case Output():
            return scope.outputs
        case StepOutput(step_id):
            return scope.steps[step_id].outputs
        case WorkflowValue(workflow_id, kind):
            workflow = ctx.workflow(workflow_id)
            assert workflow is not None
            if kind == "outputs":
                return workflow_outputs(workflow)
            return read_inputs(workflow.inputs, ctx.arazzo.document.root).names
        case _:
            return None


def _report_undeclared(ctx: Context, scope: Names, base: Root, found: Undeclared, span: Span) -> None:
    match base:
        case Input():
            closed = scope.inputs.closed
            ctx.report(names.undeclared_input(found.name, sorted(scope.inputs.names or ()), span, closed=closed))
        case StepOutput(step_id):
            owner = f"step '{step_id}'"
            ctx.report(names.undeclared_output(found.name, owner, sorted(scope.steps[step_id].outputs), span))
        case Output():
            owner = f"workflow '{scope.called}'" if scope.called else "this workflow"
            ctx.report(names.undeclared_output(found.name, owner, sorted(scope.outputs), span))
        case WorkflowValue(workflow_id, "outputs"):
            known = sorted(named(ctx, scope, base) or ())
            ctx.report(names.undeclared_output(found.name, f"workflow '{workflow_id}'", known, span))
        case WorkflowValue():
            known = sorted(named(ctx, scope, base) or ())
            ctx.report(names.undeclared_input(found.name, known, span, closed=False))
        case _:
            pass  # nothing else has a name that is declared
