"""Turns a document into pytest's items, and runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import Any

import pytest

from runner import api
from runner.diagnostics import Diagnostic
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.plan.plan import Plan
from runner.plan.secrets import secret_names
from runner.pytest_plugin.drawing import NotPassed, draw, requests
from runner.pytest_plugin.mutexes import group_items, held, is_worker, lock_of
from runner.pytest_plugin.prepared import Prepared, ground_of, prepare
from runner.pytest_plugin.rows import rows_of, tables_of
from runner.reporters.diagnostics import summary
from runner.suite.cases import mutexes_of
from runner.suite.rows import Row

INVALID = "(document)"
"""The name of the one item of a document that cannot be run."""

OWN_MARKS = ("filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail")
"""What means something to pytest: a tag of this name is no more than a keyword, for `-k`."""

_SHOWN_WIDTH = 100


class Document(pytest.File):
    """A document: its workflows, or one item that says what is wrong with it."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            ground = ground_of(self.config)
            prepared = prepare(api.display_name(self.path.as_uri(), ground.here), ground)
            self.config.add_cleanup(prepared.checked.keep)  # once it is known what runs need of it
            plan = prepared.checked.plan
            secret = {name for key in plan.entries for name in secret_names(plan, key)} if plan else ()
            rows = rows_of(self.path, ground.rows, ground.here, secret)
        except UsageError as error:
            raise self.CollectError(f"error: {error}") from None
        if plan is None:
            yield InvalidDocument.from_parent(self, name=INVALID, errors=prepared.checked.errors)
            return
        _note_sources(self.config, plan)
        if rows is not None:
            tables_of(self.config).note(rows, plan)
        for key in plan.entries:
            for row in (None,) if rows is None else rows:
                yield self._item(prepared, plan, key, row)

    def _item(self, prepared: Prepared, plan: Plan, key: str, row: Row | None) -> WorkflowItem:
        workflow = plan.workflows[key]
        name = workflow.workflow_id if row is None else f"{workflow.workflow_id}[{row.name}]"
        item: WorkflowItem = WorkflowItem.from_parent(self, name=name, prepared=prepared, plan=plan, key=key)
        item.row = row
        for tag in workflow.tags:
            mark(item, tag)
        return item


class ArazzoItem(pytest.Item):
    """What fails with a drawing instead of a traceback."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        error = excinfo.value
        if not isinstance(error, NotPassed | ArazzoError):
            return super().repr_failure(excinfo, style)
        terminal = self.config.get_terminal_writer()
        width = terminal.fullwidth if terminal.hasmarkup else _SHOWN_WIDTH
        return draw(error, api.display_name(self.path.as_uri(), ground_of(self.config).here), width).as_repr()


class WorkflowItem(ArazzoItem):
    """A workflow, with one row of data where there are rows."""

    row: Row | None = None

    def __init__(self, *, prepared: Prepared, plan: Plan, key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prepared, self.plan, self.key = prepared, plan, key
        self.mutexes = mutexes_of(plan, key)

    def setup(self) -> None:
        """Wait for the workflows that this one must not overlap with, where other processes run them."""
        if is_worker(self.config):
            locks = ExitStack()
            self.addfinalizer(locks.close)
            for name in sorted(self.mutexes):  # in one order, so that no two wait for each other
                locks.enter_context(held(lock_of(self.config, name)))

    def runtest(self) -> None:
        if misfit := self.config.stash.get(_misfit, ""):
            raise UsageError(misfit)
        declared = tables_of(self.config).declared(Path(self.row.file)) if self.row else None
        result = self.prepared.run(self.plan, self.prepared.asked(self.plan, self.key, self.row, declared))
        if result.problem and result.problem.kind == "cancelled":
            raise KeyboardInterrupt
        if result.passed:
            return
        self._add("requests", requests(result))
        self._add("notes", self.prepared.advice(self.plan, self.key))
        warned = [each for each in self.prepared.checked.diagnostics if each.severity == "warning"]
        self._add("check", f"{summary(warned)} of the document: arazzo check draws them" if warned else "")
        raise NotPassed(result, self.plan.workflows[self.key].span)

    def _add(self, name: str, text: str) -> None:
        if text:
            self.add_report_section("call", name, text)

    def reportinfo(self) -> tuple[PathLike[str], int | None, str]:
        return self.path, self.plan.workflows[self.key].span.begin.line - 1, self.name


class InvalidDocument(ArazzoItem):
    """A document that cannot be run: it fails with everything that is wrong with it."""

    def __init__(self, *, errors: tuple[Diagnostic, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.errors = errors

    def runtest(self) -> None:
        raise DescriptionError(self.errors)

    def reportinfo(self) -> tuple[PathLike[str], int | None, str]:
        return self.path, self.errors[0].span.begin.line - 1, self.name


def mark(item: pytest.Item, tag: str) -> None:
    """Let a tag be chosen by `-m`, as far as it can be a mark, and by `-k`."""
    item.extra_keyword_matches.add(tag)
    if tag in OWN_MARKS or not re.fullmatch(r"[A-Za-z][\w.+-]*", tag):
        return
    line = f"{tag}: a tag (x-tags) of Arazzo workflows"
    if line not in item.config.getini("markers"):
        item.config.addinivalue_line("markers", line)
    item.add_marker(tag)


_sources = pytest.StashKey[set[str]]()
_misfit = pytest.StashKey[str]()


def _note_sources(config: pytest.Config, plan: Plan) -> None:
    config.stash.setdefault(_sources, set()).update(name for name, _ in plan.sources)


def settle(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Refuse what was said of documents and fits none of those that were collected, and group those with mutexes."""
    try:
        refuse_unknown_servers(config)
        tables_of(config).check()
    except UsageError as error:
        if not is_worker(config):
            raise pytest.UsageError(str(error)) from None
        config.stash[_misfit] = str(error)  # each item says it: a worker that ends is taken for one that crashed
    if config.pluginmanager.hasplugin("xdist"):
        group_items((item, item.mutexes) for item in items if isinstance(item, WorkflowItem))


def refuse_unknown_servers(config: pytest.Config) -> None:
    """Refuse a server for a source that no document has, once all of them are known."""
    known = config.stash.get(_sources, set())
    for server in ground_of(config).servers if known else ():
        name = server.partition("=")[0]
        if name not in known:
            raise UsageError(
                f"--arazzo-server {server}: there is no source '{name}'; sources there are: {', '.join(sorted(known))}"
            )
