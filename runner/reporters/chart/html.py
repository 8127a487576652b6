"""Turns charts into one page that needs nothing else: the picture, and below it what a picture cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from runner.reporters.chart.chart import Chart, Step, Value
from runner.reporters.chart.layout import way_text, ways_shown
from runner.reporters.chart.svg import svg
from runner.reporters.text import one_line

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #656d76; }
@media (prefers-color-scheme: dark) { :root { --soft: #8d96a0; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
.picture { overflow-x: auto; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 500; color: var(--soft); white-space: nowrap; width: 1%; }
summary { cursor: pointer; }
"""


def page(charts: Sequence[Chart], title: str) -> str:
    """Give the whole document."""
    heading = escape(one_line(title) or "Workflows")
    details = "".join(part for chart in charts for part in _details(chart))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{_STYLE}</style></head><body><h1>{heading}</h1>"
        f'<div class="picture">{svg(charts)}</div>{details}</body></html>\n'
    )


def _details(chart: Chart) -> Iterator[str]:
    yield f"<details><summary>{escape(chart.workflow_id)}: every value, whole</summary>"
    for step in chart.all_steps:
        yield f"<h3>{escape(step.step_id)}</h3><p>{escape(step.description)}</p><table><tbody>"
        yield from (_row(label, texts) for label, texts in _rows(step))
        yield "</tbody></table>"
    yield "</details>"


def _rows(step: Step) -> Iterator[tuple[str, list[str]]]:
    yield "calls", [f"{step.title} {step.server}".strip()]
    yield "given", [_value(each) for each in step.given]
    yield "passes if", list(step.checks)
    yield "outputs", [_value(each) for each in step.outputs]
    yield "goes on", [way_text(way) for way in ways_shown(step)]


def _row(label: str, texts: Sequence[str]) -> str:
    lines = "<br>".join(f"<code>{escape(text)}</code>" for text in texts)
    return f'<tr><th scope="row">{label}</th><td>{lines}</td></tr>' if texts else ""


def _value(value: Value) -> str:
    return f"{value.place} {value.name} ← {value.text}".strip()
