"""Turns coverage into one page that needs nothing else: no script, nothing from outside, dark where the reader is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TextIO

from runner.engine.events import Entry
from runner.openapi.inventory import KINDS
from runner.reporters.coverage.reach import (
    PLURALS,
    CoverageRecorder,
    DescriptionCoverage,
    OperationCoverage,
    Reached,
    reached_of,
    total,
)

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --yes: #1a7f37; --no: #b35900; }
@media (prefers-color-scheme: dark) { :root { --yes: #4ac26b; --no: #e0a458; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
table.shares { width: auto; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font-family: ui-monospace, monospace; font-size: .92em; }
.yes { color: var(--yes); } .no { color: var(--no); }
.tag { display: inline-block; margin: 0 .5em .15em 0; white-space: nowrap; }
meter { width: 8rem; vertical-align: middle; }
summary { cursor: pointer; }
"""


class CoveragePage:
    """A reporter that writes the page when it is closed. The recorder, which others share, is told once."""

    def __init__(self, stream: TextIO, recorder: CoverageRecorder) -> None:
        self._stream = stream
        self._recorder = recorder

    def tell(self, entry: Entry) -> None:
        """Leave it to the recorder."""

    def close(self) -> None:
        self._stream.write(page(self._recorder.coverage()))
        self._stream.flush()


def page(coverage: Sequence[DescriptionCoverage]) -> str:
    """Give the whole document."""
    body = "".join(
        (
            "<h1>API coverage</h1>",
            _shares({PLURALS[kind]: total(coverage, kind) for kind in KINDS}),
            *(part for each in coverage for part in _description(each)),
        )
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>API coverage</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _shares(shares: Mapping[str, Reached]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td class="number">{share.number} of {share.of}</td>'
        f'<td class="number">{share.percent:.1f} %</td>'
        f'<td><meter min="0" max="100" value="{share.percent:.1f}" aria-label="{name}"></meter></td></tr>'
        for name, share in shares.items()
    )
    return f'<table class="shares"><tbody>{rows}</tbody></table>'


def _description(each: DescriptionCoverage) -> Iterator[str]:
    yield f"<h2>{escape(each.title or each.name)}</h2><p><code>{escape(each.name)}</code></p>"
    yield _shares({PLURALS[kind]: each.reached(kind) for kind in KINDS})
    yield (
        '<table><thead><tr><th scope="col">operation</th><th scope="col" class="number">answers</th>'
        '<th scope="col">statuses</th><th scope="col">parameters</th></tr></thead><tbody>'
    )
    yield from (_operation(operation, each.name) for operation in each.operations)
    yield "</tbody></table>"
    properties = reached_of(each.properties.values())
    if properties.of:
        yield f"<details><summary>response properties: {properties.number} of {properties.of}</summary><p>"
        yield from (_tag(name, count) for name, count in each.properties.items())
        yield "</p></details>"


def _operation(operation: OperationCoverage, file: str) -> str:
    reached = "yes" if operation.answers else "no"
    statuses = "".join(_tag(name, count) for name, count in operation.statuses.items())
    parameters = "".join(_tag(name, count) for name, count in operation.parameters.items())
    where = escape(f"{file}:{operation.line}")
    return (
        f'<tr><td><code class="{reached}" title="{where}">{escape(operation.title)}</code></td>'
        f'<td class="number">{operation.answers}</td><td>{statuses}</td><td>{parameters}</td></tr>'
    )


def _tag(name: str, count: int) -> str:
    reached, mark = ("yes", "✓") if count else ("no", "○")
    return f'<span class="tag {reached}" title="seen {count} times">{mark} <code>{escape(name)}</code></span> '
