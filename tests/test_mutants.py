"""Whatever is broken in a bundled workflow is told at its line before anything is sent, or has broken nothing.

Every mutant of every workflow takes minutes (`ALL_MUTANTS=1 pytest tests/test_mutants.py`); without that one in
twenty-five is looked at, from another start for each workflow.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.description import Description
from runner.diagnostics import Diagnostic, in_order
from runner.exchange import Fetched
from runner.levels import settle
from runner.loader.load import load
from runner.loader.text import read_text
from runner.plan.compile import compile_description
from runner.plan.plan import Plan
from runner.records import replace
from runner.source import Source
from runner.values import Json
from tests.mutants import EXPRESSION, Mutant, mutants

WORKFLOWS = sorted((Path(__file__).parents[1] / "workflows").glob("*.arazzo.yaml"))
EVERY = 1 if os.environ.get("ALL_MUTANTS") else 25


def as_they_are(uri: str) -> Fetched:
    return Fetched(uri, Path(uri.removeprefix("file://")).read_text(encoding="utf-8"))


class Bundled:
    """A workflow whose descriptions are read once, for all its mutants."""

    def __init__(self, path: Path) -> None:
        self.uri = path.as_uri()
        self.text = path.read_text(encoding="utf-8")
        self.value = self.read(self.text)
        found = load(self.uri, as_they_are).description
        assert found is not None
        self.description: Description = found

    def read(self, text: str) -> Json:
        return read_text(Source(self.uri, "document", text)).value

    def fetch(self, text: str) -> Callable[[str], Fetched]:
        def fetched(uri: str) -> Fetched:
            if uri == self.uri:
                return Fetched(uri, text)
            path = Path(uri.removeprefix("file://"))
            if path.name.endswith(".openapi.yaml"):
                return Fetched(uri, STUB)  # the description that was read before takes its place
            raise AssertionError(uri)

        return fetched

    def check(self, text: str) -> tuple[tuple[Diagnostic, ...], Plan | None]:
        """Say what is wrong with a mutant, and what it comes to."""
        loaded = load(self.uri, self.fetch(text))
        if loaded.description is None:
            return loaded.diagnostics, None
        known = self.description.apis
        apis = {uri: known.get(uri, api) for uri, api in loaded.description.apis.items()}
        compiled = compile_description(replace(loaded.description, apis=apis))
        return in_order(settle((*loaded.diagnostics, *compiled.diagnostics), {})), compiled.draft


STUB = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n"


def lines(found: tuple[Diagnostic, ...]) -> set[int]:
    """Give every line that a person is shown."""
    spans = [span for each in found for span in (each.span, *(label.span for label in each.related))]
    return {line for span in spans for line in range(span.begin.line, span.finish.line + 1)}


# What no description and no grammar says anything of: the members of objects that may have any, and text within a text.
FREE = ("/meta/", "/headers/", "'[{")


def is_told(bundled: Bundled, mutant: Mutant) -> bool:
    if bundled.read(mutant.text) == bundled.value:
        return True  # quotes that need not be there
    written, broken = (text.split("\n")[mutant.line - 1] for text in (bundled.text, mutant.text))
    if any(free in written and broken.startswith(written[: written.index(free) + 1]) for free in FREE):
        return True
    was, now, all_of_them = ({*EXPRESSION.findall(text)} for text in (written, broken, bundled.text))
    if now != was and now <= all_of_them:
        return True  # it names something else, which is there
    found, _ = bundled.check(mutant.text)
    return bool(lines(found) & {mutant.line - 1, mutant.line, mutant.line + 1})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name.removesuffix(".arazzo.yaml"))
def test_what_is_broken_is_told_where_it_is(path: Path) -> None:
    bundled = Bundled(path)
    assert bundled.check(bundled.text)[0] == ()
    chosen = list(mutants(bundled.text))[WORKFLOWS.index(path) % EVERY :: EVERY]
    assert len(chosen) > 5
    silent = [f"line {each.line}: {each.what}" for each in chosen if not is_told(bundled, each)]
    assert silent == []
