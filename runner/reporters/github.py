"""Turns diagnostics into workflow commands, which GitHub shows as annotations at the lines of a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from runner.diagnostics import Diagnostic, Severity
from runner.reporters.diagnostics import render_concise
from runner.reporters.text import count
from runner.source import Source

MOST = 10
"""Annotations of one kind that GitHub shows for a step."""

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def workflow_commands(diagnostics: Sequence[Diagnostic], path: Callable[[Source], str]) -> Iterator[str]:
    """Write the first annotations of each kind, and the others as lines of the log; `path` names a file."""
    kinds: tuple[Severity, ...] = ("error", "warning")
    for kind in kinds:
        found = [each for each in diagnostics if each.severity == kind]
        yield from (_command(each, path) for each in found[:MOST])
        if len(found) > MOST:
            yield from map(render_concise, found[MOST:])
            more = count(len(found) - MOST, f"more {kind}")
            yield f"::notice title=arazzo::{more} in the log: GitHub shows {MOST} of a kind"


def _command(diagnostic: Diagnostic, path: Callable[[Source], str]) -> str:
    """Write one annotation; columns are of one line only, and a document that could not be read has none."""
    span = diagnostic.span
    begin, end = span.begin, span.finish
    facts: dict[str, object] = {"file": path(span.source)}
    if span.source.text:
        facts |= {"line": begin.line, "endLine": end.line}
        facts |= {"col": begin.column, "endColumn": end.column} if begin.line == end.line else {}
    facts["title"] = diagnostic.rule
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    lines += [f"help: {diagnostic.fix.title}"] if diagnostic.fix else []
    properties = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in facts.items())
    message = "\n".join(lines).translate(_DATA)
    return f"::{diagnostic.severity} {properties}::{message}"
