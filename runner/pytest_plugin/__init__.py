"""Turns Arazzo documents into pytest's items: each workflow that no other calls is a test, with each row of its data.

Pytest imports this wherever the package is installed. So nothing of the runner is imported before there is a document
to run or a fixture is asked for.

Requests may cost money, so no document runs by accident: a bare `pytest` collects documents only where the ini-file or
an option says where they run; `pytest workflows/` names them, and they run as `arazzo run` would run them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.pytest_plugin.options import add_options, is_asked_for

if TYPE_CHECKING:
    from runner.pytest_plugin.documents import Document
    from runner.pytest_plugin.fixtures import PlanFactory, SandboxFactory

_left_out = pytest.StashKey[list[Path]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Document | None:
    config = parent.config
    if not any(fnmatchcase(file_path.name, pattern) for pattern in config.getini("arazzo_files")):
        return None
    if not is_asked_for(config):
        config.stash.setdefault(_left_out, []).append(file_path)
        return None
    from runner.pytest_plugin.documents import Document

    return Document.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Settle what takes all documents to be known."""
    if any(type(item).__module__.startswith(__name__) for item in items):
        from runner.pytest_plugin.documents import settle

        settle(config, items)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say that there were documents which nobody asked for."""
    left_out = config.stash.get(_left_out, [])
    if not left_out:
        return []
    found = "1 document" if len(left_out) == 1 else f"{len(left_out)} documents"
    why = "nobody said where to run: set arazzo_sandbox or arazzo_live in the ini-file, or name the folder"
    return [f"arazzo: {found} not collected, for {why}"]


@pytest.fixture
def arazzo_plan(request: pytest.FixtureRequest) -> PlanFactory:
    """Compile documents: `arazzo_plan("checkout.arazzo.yaml")` gives a plan to run with `runner.run`.

    A path is looked for beside the test, then below pytest's root. Options and arazzo.toml hold as for documents that
    are collected; `servers={"shop": url}` says otherwise. What is wrong with the document fails the test.
    """
    from runner.pytest_plugin.fixtures import PlanFactory

    return PlanFactory(request.config, request.path)


@pytest.fixture
def arazzo_sandbox(request: pytest.FixtureRequest) -> Iterator[SandboxFactory]:
    """Serve stand-ins while the test lasts: `arazzo_sandbox("api.yaml").url` is where what it describes answers.

    Without a description Civitai's APIs are served. `servers` gives base URLs by the names of sources, and `transport`
    reaches the same stand-in without a socket.
    """
    from contextlib import ExitStack

    from runner.pytest_plugin.fixtures import SandboxFactory

    with ExitStack() as servers:
        yield SandboxFactory(request.config, request.path, servers)
