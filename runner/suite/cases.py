"""Turn documents, rows and repetitions into the cases of a suite, one after the other and always in the same order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePath

from runner.diagnostics import did_you_mean
from runner.engine.events import Case
from runner.errors import UsageError
from runner.plan.plan import Plan, WorkflowPlan
from runner.records import Frozen, replace
from runner.suite.rows import Row

_SUFFIX = re.compile(r"(\.arazzo)?\.(ya?ml|json)$", re.IGNORECASE)


class Selection(Frozen):
    """What of the documents is wanted: workflows by id, by tag, or by the lines of each document, which come with it.

    Where nothing is said these are the workflows that no other in the document calls.
    """

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def keys(self, plan: Plan, lines: Iterable[int] = ()) -> tuple[str, ...]:
        """Give the workflows of a document that are wanted, in its order."""
        own = {key: workflow for key, workflow in plan.workflows.items() if "#" not in key}
        at = [_at_line(plan.document, own, line) for line in lines]
        among = at or [key for key in own if self.ids or self.tags or key in plan.entries]
        return tuple(
            key
            for key, workflow in own.items()
            if key in among
            and (not self.ids or workflow.workflow_id in self.ids)
            and (not self.tags or set(self.tags) & set(workflow.tags))
        )

    def check(self, plans: Sequence[Plan], chosen: Sequence[Sequence[str]]) -> None:
        """Refuse a name that none of the documents has, and a selection of nothing."""
        workflows = [workflow for plan in plans for key, workflow in plan.workflows.items() if "#" not in key]
        _check_names("workflow", self.ids, [workflow.workflow_id for workflow in workflows])
        _check_names("tag", self.tags, [tag for workflow in workflows for tag in workflow.tags])
        if not any(chosen):
            raise UsageError("nothing is selected", "no workflow has all that -w, --tag and the lines ask for")


def _check_names(what: str, wanted: Iterable[str], known: Sequence[str]) -> None:
    there = list(dict.fromkeys(known))
    for name in wanted:
        if name not in there:
            meant = did_you_mean(name, there)
            hint = meant.title if meant else f"{what}s there are: {', '.join(there) or 'none'}"
            raise UsageError(f"nothing is selected: there is no {what} '{name}'", hint)


def _at_line(document: str, workflows: dict[str, WorkflowPlan], line: int) -> str:
    """Find the workflow that stands at a line."""
    for key, workflow in workflows.items():
        extent = workflow.extent or workflow.span
        last = extent.finish
        if extent.begin.line <= line <= last.line - (last.column == 1):
            return key
    places = ", ".join(f"{each.workflow_id} ({each.span.begin.line})" for each in workflows.values())
    raise UsageError(f"nothing is selected: no workflow stands at {document}:{line}", f"workflows there are: {places}")


class Subject(Frozen):
    """A workflow that was chosen: `home` counts the documents that are run, `title` is its own in the suite.

    `mutexes` are its own, and those of all that it calls or depends on.
    """

    home: int
    title: str
    document: str
    workflow: WorkflowPlan
    mutexes: frozenset[str] = frozenset()


def subjects(documents: Sequence[tuple[Plan, Sequence[str]]]) -> tuple[Subject, ...]:
    """Name the chosen workflows; where two documents have one workflowId, that of the document goes before it."""
    found = [
        Subject(home, plan.workflows[key].workflow_id, plan.document, plan.workflows[key], mutexes_of(plan, key))
        for home, (plan, keys) in enumerate(documents)
        for key in keys
    ]
    twice = {title for title, number in Counter(each.title for each in found).items() if number > 1}
    stems = _stems({each.document for each in found if each.title in twice})
    return tuple(
        replace(each, title=f"{stems[each.document]}/{each.title}") if each.title in twice else each for each in found
    )


def mutexes_of(plan: Plan, key: str) -> frozenset[str]:
    """Give the names of what a workflow, with all that it calls or depends on, has for itself."""
    return frozenset(name for each in plan.reachable(key) for name in each.mutexes)


def _stems(documents: Iterable[str]) -> dict[str, str]:
    """Shorten the names of documents as far as they stay different."""
    whole = {document: _SUFFIX.sub("", document) for document in documents}
    last = {document: PurePath(name).name for document, name in whole.items()}
    common = Counter(last.values())
    return {document: name if common[name] == 1 else whole[document] for document, name in last.items()}


class Task(Frozen):
    """A case that is to be run; `number` counts those of this run from 0."""

    number: int
    case: Case
    subject: Subject
    row: Row | None = None


class Shard(Frozen):
    """Every `of`th case, beginning with number `place`: by position, so that shards are of one size."""

    place: int = 1
    of: int = 1

    @staticmethod
    def read(text: str) -> Shard:
        """Read `2/5`."""
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--shard {text}: write K/N, such as 2/5 for the second of five")
        return Shard(int(found[1]), int(found[2]))

    def holds(self, position: int) -> bool:
        return position % self.of == self.place - 1


def cases(
    found: Sequence[Subject], rows: Iterable[Row] | None, repeat: int
) -> Iterator[tuple[Subject, Case, Row | None]]:
    """Give every case: the workflows in order, each with every row, each as often as is asked for."""
    for subject in found:
        for row in rows if rows is not None else (None,):
            for repetition in range(1, repeat + 1):
                yield subject, case_of(subject, row, repetition if repeat > 1 else 0), row


def case_of(subject: Subject, row: Row | None, repetition: int) -> Case:
    name = subject.title if row is None else f"{subject.title}[{row.name}]"
    workflow = subject.workflow
    return Case(
        name=f"{name} #{repetition}" if repetition > 1 else name,
        document=subject.document,
        workflow_id=workflow.workflow_id,
        row=row.name if row else "",
        repetition=repetition,
        tags=workflow.tags,
        span=workflow.span,
        number=row.number if row else 0,
    )


def tasks(
    every: Iterable[tuple[Subject, Case, Row | None]], shard: Shard, wanted: Callable[[Case], bool] = lambda _: True
) -> Iterator[Task]:
    """Number the cases of a shard that are wanted."""
    number = 0
    for position, (subject, case, row) in enumerate(every):
        if shard.holds(position) and wanted(case):
            yield Task(number, case, subject, row)
            number += 1
