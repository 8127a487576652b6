"""Turns charts into Mermaid flowcharts, which GitHub, GitLab and most editors draw inside Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.reporters.chart.chart import Chart, Step, Way
from runner.reporters.text import cut, one_line

_LONGEST = 80
_ENDS = {"the workflow ends": "ends", "the workflow fails": "fails", "the teardown ends": "over"}
_SIGNS = re.compile(r"\W")
# What Mermaid reads as its own inside a quoted label; `#35;` and the like are its way to write a character.
_MEANING = str.maketrans(
    {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}
)


def mermaid(charts: Sequence[Chart]) -> str:
    """Write one flowchart with a box around each workflow."""
    return "\n".join(("flowchart TD", *_lines(charts))) + "\n"


def _lines(charts: Sequence[Chart]) -> Iterator[str]:
    for place, chart in enumerate(charts):
        yield f'  subgraph w{place}["{_label(chart.workflow_id)}"]'
        for index, step in enumerate(chart.steps):
            yield f'    {_id(place, index)}["{_step(step)}"]'
        if chart.teardown:
            yield f'    subgraph w{place}finally["x-finally"]'
            for index, step in enumerate(chart.teardown, start=len(chart.steps)):
                yield f'      {_id(place, index)}["{_step(step)}"]'
            yield "    end"
        for index, step in enumerate(chart.all_steps):
            for way in step.ways:
                yield from _way(place, index, way)
        yield "  end"
    for place, chart in enumerate(charts):
        for index, step in enumerate(chart.all_steps):
            if step.calls is not None:
                yield f"  {_id(place, index)} -. calls .-> w{step.calls}"


def _way(place: int, index: int, way: Way) -> Iterator[str]:
    start, label = _id(place, index), _way_label(way)
    arrow = "-->" if way.kind in ("next", "success") else "-.->"
    said = f'|"{label}"|' if label else ""
    if way.kind == "retry":
        yield f"    {start} {arrow}{said} {_id(place, index if way.step is None else way.step)}"
    elif way.step is not None:
        yield f"    {start} {arrow}{said} {_id(place, way.step)}"
    elif way.kind != "failure" or way.name:  # that a step that fails ends the workflow goes without saying
        yield f'    {start} {arrow}{said} {_end(place, way)}(["{_label(way.target)}"])'


def _way_label(way: Way) -> str:
    words = f"{way.name} {way.detail}".strip()
    when = " and ".join(way.when)
    return _label(f"{words} if {when}" if when else words)


def _step(step: Step) -> str:
    return f"<b>{_label(step.step_id)}</b><br/>{_label(step.title)}"


def _label(text: str) -> str:
    return cut(one_line(text), _LONGEST).translate(_MEANING)


def _id(place: int, index: int) -> str:
    return f"w{place}s{index}"


def _end(place: int, way: Way) -> str:
    """Name an end: all that end in the same way share it."""
    elsewhere = _SIGNS.sub("_", way.target) if way.target.startswith("workflow ") else ""
    return f"w{place}{elsewhere or _ENDS[way.target]}"
