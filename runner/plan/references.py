"""Turn the ids by which a document refers to its own parts, as people write them, into those that are declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runner.arazzo.document import Action, ActionEntry, Components, Reusable, Step, Workflow
from runner.description import ArazzoDescription, Description
from runner.diagnostics import Diagnostic, Fix, Rename
from runner.plan.context import Context, Options
from runner.plan.mend import Reading, Repair, mend, repaired, rule_name
from runner.plan.names import Names, StepNames
from runner.plan.plan import Inputs
from runner.plan.repairs.fields import operation_field
from runner.plan.repairs.ids import STEP_ID, WORKFLOW_ID
from runner.records import Frozen, replace


def with_ids(description: Description, report: Callable[[Diagnostic], None], options: Options) -> Description:
    """Give a description whose documents refer to their steps and workflows by the ids that are declared."""
    documents = {
        uri: _document(Context(description, arazzo, report, options)) for uri, arazzo in description.arazzo.items()
    }
    return replace(description, arazzo=documents)


def _document(ctx: Context) -> ArazzoDescription:
    arazzo, moves = ctx.arazzo, list[tuple[str, str]]()
    found = [_References(ctx, _step_names(each), moves) for each in arazzo.document.workflows]
    workflows = tuple(
        references.workflow(each) for references, each in zip(found, arazzo.document.workflows, strict=True)
    )
    components = _components(ctx, _References(ctx, _no_steps(), moves))
    document = replace(arazzo.document, workflows=workflows, components=components)
    return replace(arazzo, document=document, places=arazzo.places.moving(moves) if moves else arazzo.places)


def _step_names(workflow: Workflow) -> Names:
    steps = {
        step.step_id: StepNames(place, frozenset(), step.pointer)
        for place, step in enumerate(workflow.all_steps)
        if step.step_id
    }
    return replace(_no_steps(), steps=steps)


def _no_steps() -> Names:
    return Names(Inputs(True, None), {}, frozenset())


def _components(ctx: Context, references: _References) -> Components:
    """Mend the actions among the components; the steps that they name are those of the workflow that uses them."""
    components = ctx.arazzo.document.components
    used = _used(ctx.arazzo.document.workflows)

    def actions(kind: str, named: Mapping[str, Action]) -> dict[str, Action]:
        return {
            name: replace(references, scope=used[key]).action(action) if (key := (kind, name)) in used else action
            for name, action in named.items()
        }

    return replace(
        components,
        success_actions=actions("successActions", components.success_actions),
        failure_actions=actions("failureActions", components.failure_actions),
    )


def _used(workflows: Sequence[Workflow]) -> dict[tuple[str, str], Names]:
    """Give the action components that are used, by kind and name, with the steps of the first workflow that does."""
    found: dict[tuple[str, str], Names] = {}
    for workflow in workflows:
        names = _step_names(workflow)
        entries = [*workflow.success_actions, *workflow.failure_actions]
        entries += [entry for step in workflow.all_steps for entry in (*step.on_success, *step.on_failure)]
        for entry in entries:
            if isinstance(entry, Reusable) and entry.reference.startswith("$components."):
                kind, _, name = entry.reference.removeprefix("$components.").partition(".")
                found.setdefault((kind, name), names)
    return found


class _References(Frozen):
    """The ids in one workflow's reach."""

    ctx: Context
    scope: Names
    moves: list[tuple[str, str]]

    def workflow(self, workflow: Workflow) -> Workflow:
        return replace(
            workflow,
            depends_on=self.each(WORKFLOW_ID, workflow.depends_on, f"{workflow.pointer}/dependsOn"),
            steps=tuple(self.step(step) for step in workflow.steps),
            success_actions=self.entries(workflow.success_actions),
            failure_actions=self.entries(workflow.failure_actions),
            teardown=tuple(self.step(step) for step in workflow.teardown),
        )

    def step(self, step: Step) -> Step:
        return replace(
            self.with_fields(step),
            workflow_id=self.one(WORKFLOW_ID, step.workflow_id, f"{step.pointer}/workflowId"),
            depends_on=self.each(STEP_ID, step.depends_on, f"{step.pointer}/dependsOn"),
            on_success=self.entries(step.on_success),
            on_failure=self.entries(step.on_failure),
        )

    def with_fields(self, step: Step) -> Step:
        """Put the name of an operation, and the path to one, where they belong."""
        found = operation_field(self.ctx, step)
        if found is None:
            return step
        written, meant = (f"{step.pointer}/{field}" for field in (found.written, found.meant))
        fix = Fix(f"write {found.meant} for {found.written}", (Rename(written, found.meant),))
        rule = rule_name(operation_field)
        self.ctx.report(repaired(self.ctx, rule, found.message, self.ctx.key(written), fix, refused=True))
        self.moves.append((meant, written))
        return replace(step, operation_id=step.operation_path, operation_path=step.operation_id)

    def entries(self, entries: Sequence[ActionEntry]) -> tuple[ActionEntry, ...]:
        return tuple(self.action(entry) if isinstance(entry, Action) else entry for entry in entries)

    def action(self, action: Action) -> Action:
        return replace(
            action,
            step_id=self.one(STEP_ID, action.step_id, f"{action.pointer}/stepId"),
            workflow_id=self.one(WORKFLOW_ID, action.workflow_id, f"{action.pointer}/workflowId"),
        )

    def each(self, repairs: Sequence[Repair], texts: Sequence[str], pointer: str) -> tuple[str, ...]:
        found = (self.one(repairs, text, f"{pointer}/{place}") for place, text in enumerate(texts))
        return tuple(text for text in found if text is not None)

    def one(self, repairs: Sequence[Repair], text: str | None, pointer: str) -> str | None:
        return text and mend(repairs, text, Reading(self.ctx, self.scope, pointer)).text
