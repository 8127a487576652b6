"""Compile a Description into a Plan, and say everything that is wrong with it in one go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from runner.arazzo.document import Workflow
from runner.description import ArazzoDescription, Description
from runner.diagnostics import Diagnostic, in_order
from runner.openapi.document import Operation
from runner.openapi.reach import unresolved_schemas
from runner.plan.context import Context, Options
from runner.plan.plan import OperationCall, Plan, WorkflowCall, WorkflowPlan, reach, successors
from runner.plan.references import with_ids
from runner.plan.rules import names
from runner.plan.schemas import check_inputs, check_shared_inputs
from runner.plan.steps import StepCompiler
from runner.plan.targets import find_called, workflow_key
from runner.plan.values import output_node
from runner.plan.ways import check_ways, unused_outputs
from runner.records import Mutable, field
from runner.source import Span
from runner.values import join_pointer, resolve_pointer

SPELLABLE = re.compile(r"[A-Za-z0-9_-]+")


class Compiled(NamedTuple):
    """The plan, or None where there are errors, and everything that was noticed.

    `draft` is the plan as far as it could be made: to be looked at, not to be run.
    """

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    draft: Plan | None = None


def compile_description(description: Description, options: Options | None = None) -> Compiled:
    """Compile every workflow of the entry document, and those of other documents that they reach."""
    return _Compilation(description, options or Options()).run()


class _Compilation(Mutable):
    description: Description
    options: Options
    problems: list[Diagnostic] = field(default_factory=list)
    plans: dict[str, WorkflowPlan] = field(default_factory=dict)
    contexts: dict[str, Context] = field(default_factory=dict)

    def run(self) -> Compiled:
        self.description = with_ids(self.description, self.problems.append, self.options)
        entry = self.description.main
        for uri in self.description.arazzo:
            self.check_ids(self.context(uri))
            check_shared_inputs(self.context(uri))
        pending = [(entry.uri, workflow) for workflow in entry.document.workflows]
        while pending:
            uri, workflow = pending.pop(0)
            key = workflow_key(uri, workflow.workflow_id or workflow.pointer, entry.uri)
            if key not in self.plans:
                self.plans[key] = plan = self.workflow(self.context(uri), workflow, key)
                pending.extend(self.located(key) for key in successors(plan) if key not in self.plans)
        self.check_cycles()
        self.check_schemas()
        diagnostics = in_order(self.problems)
        failed = any(problem.severity == "error" for problem in diagnostics)
        draft = self.plan(entry)
        return Compiled(None if failed else draft, diagnostics, draft)

    def context(self, uri: str) -> Context:
        if uri not in self.contexts:
            arazzo = self.description.arazzo[uri]
            self.contexts[uri] = Context(self.description, arazzo, self.problems.append, self.options)
        return self.contexts[uri]

    def located(self, key: str) -> tuple[str, Workflow]:
        """Find the document and workflow of a key."""
        for uri, arazzo in self.description.arazzo.items():
            for workflow in arazzo.document.workflows:
                if workflow_key(uri, workflow.workflow_id, self.description.entry) == key:
                    return uri, workflow
        raise KeyError(key)

    def check_ids(self, ctx: Context) -> None:
        """Report names that are there twice: sources, workflows, and the steps of each workflow."""
        document = ctx.arazzo.document
        sources = [(source.name, f"{source.pointer}/name") for source in document.source_descriptions]
        workflows = [(workflow.workflow_id, f"{workflow.pointer}/workflowId") for workflow in document.workflows]
        _report_twice(ctx, "source description", sources)
        _report_twice(ctx, "workflow", workflows)
        for workflow in document.workflows:
            _report_twice(ctx, "step", [(step.step_id, f"{step.pointer}/stepId") for step in workflow.all_steps])

    def workflow(self, ctx: Context, workflow: Workflow, key: str) -> WorkflowPlan:
        steps = StepCompiler.of(ctx, workflow)
        inputs = steps.names.inputs
        check_inputs(ctx, inputs, f"{workflow.pointer}/inputs")
        compiled = steps.compile()
        outputs = tuple(
            (name, output_node(ctx, steps.names, value, join_pointer(workflow.pointer, "outputs", name)))
            for name, value in workflow.outputs.items()
        )
        plan = WorkflowPlan(
            key=key,
            workflow_id=workflow.workflow_id,
            document=ctx.arazzo.uri,
            summary=workflow.summary,
            description=workflow.description,
            inputs=inputs,
            steps=compiled[: len(workflow.steps)],
            outputs=outputs,
            depends_on=self.depends_on(ctx, workflow),
            sources={
                source.name: {"url": source.url, "name": source.name, **({"type": source.type} if source.type else {})}
                for source in ctx.arazzo.document.source_descriptions
            },
            self_uri=ctx.arazzo.base_uri if ctx.arazzo.document.self_uri else None,
            span=ctx.value(f"{workflow.pointer}/workflowId"),
            teardown=compiled[len(workflow.steps) :],
            tags=workflow.tags,
            mutexes=workflow.mutexes,
            extent=ctx.value(workflow.pointer),
        )
        self.problems += [*check_ways(plan), *unused_outputs(ctx, workflow)]
        return plan

    def depends_on(self, ctx: Context, workflow: Workflow) -> tuple[str, ...]:
        found = (
            find_called(ctx, name, f"{workflow.pointer}/dependsOn/{place}")
            for place, name in enumerate(workflow.depends_on)
        )
        return tuple(dict.fromkeys(each.key(self.description.entry) for each in found if each is not None))

    def check_cycles(self) -> None:
        """Report workflows that depend on each other in a circle."""
        done: set[str] = set()
        for key in self.plans:
            self.check_cycle(key, (), done)

    def check_schemas(self) -> None:
        """Report references that lead nowhere in the schemas of the operations that are called."""
        called: dict[str, list[Operation]] = {}
        for plan in self.plans.values():
            for step in plan.all_steps:
                if isinstance(step.call, OperationCall):
                    called.setdefault(step.call.contract.api.uri, []).append(step.call.operation)
        for api in self.description.apis.values():
            self.problems += unresolved_schemas(api, called.get(api.uri, ()))

    def check_cycle(self, key: str, path: tuple[str, ...], done: set[str]) -> None:
        if key in path:
            circle = (*path[path.index(key) :], key)
            if any(after in self.plans[each].depends_on for each, after in pairwise(circle)):
                ids = [self.plans[each].workflow_id for each in circle]
                self.problems.append(names.dependency_cycle(ids, self.plans[key].span))
        elif key not in done and key in self.plans:
            for following in _before(self.plans[key]):
                self.check_cycle(following, (*path, key), done)
            done.add(key)

    def plan(self, entry: ArazzoDescription) -> Plan:
        own = [workflow.workflow_id or workflow.pointer for workflow in entry.document.workflows]
        entries = entry_workflows(self.plans, own)
        sources = tuple((source.name, source.url) for source in entry.document.source_descriptions)
        apis = {api.uri: api for api in self.description.apis.values()}
        version = resolve_pointer(entry.document.root, "/info/version")
        named = (entry.places.source.name, entry.document.title)
        return Plan(*named, self.plans, entries, sources, apis, version if isinstance(version, str) else "")


def entry_workflows(plans: Mapping[str, WorkflowPlan], own: Sequence[str]) -> tuple[str, ...]:
    """Give the workflows that no other calls or goes to; of a circle that nothing else leads to, the first one."""
    called = {key for plan in plans.values() for key in successors(plan) if key != plan.key}
    entries = [key for key in own if key not in called]
    for key in own:
        if key not in {plan.key for plan in reach(plans, entries)}:
            entries.append(key)
    return tuple(key for key in own if key in entries)


def _before(plan: WorkflowPlan) -> list[str]:
    """List the workflows that have to end before this one can: those it depends on and those it calls."""
    return [*plan.depends_on, *(step.call.key for step in plan.all_steps if isinstance(step.call, WorkflowCall))]


def _report_twice(ctx: Context, kind: str, found: list[tuple[str, str]]) -> None:
    first: dict[str, Span] = {}
    for name, pointer in found:
        span = ctx.value(pointer)
        if name and not SPELLABLE.fullmatch(name):
            ctx.report(names.unspellable_id(kind, name, span))
        if name and name in first:
            ctx.report(names.duplicate_id(kind, name, span, first[name]))
        first.setdefault(name, span)
