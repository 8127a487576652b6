"""Turns charts into a table that a terminal shows: a block for each step, with what it is given and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.reporters.chart.chart import Chart, Step, Value, Way
from runner.reporters.style import Style
from runner.reporters.text import cut, one_line, pad, width

_HEAD = 12
"""Cells of the column that says what a line is about."""
_WIDEST_NAME = 28


def table(charts: Sequence[Chart], style: Style) -> Iterator[str]:
    """Write the charts one after the other."""
    for number, chart in enumerate(charts):
        if number:
            yield ""
        yield from _chart(chart, style)


def _chart(chart: Chart, style: Style) -> Iterator[str]:
    yield style.paint(one_line(chart.workflow_id), "strong") + (f"  {one_line(chart.summary)}" if chart.summary else "")
    if chart.needs:
        yield from _block("runs first", chart.needs, style)
    names = _room([each.name for each in chart.inputs])
    yield from _block(
        "inputs",
        [f"{pad(each.name, names)}  {style.paint(each.about, 'muted')}".rstrip() for each in chart.inputs],
        style,
    )
    for number, step in enumerate(chart.steps, start=1):
        yield ""
        yield from _step(number, step, style)
    if chart.outputs:
        yield ""
        yield from _block("outputs", _values(chart.outputs, style), style)
    if chart.teardown:
        yield ""
        yield from _block("x-finally", ["however the steps above ended"], style)
    for number, step in enumerate(chart.teardown, start=len(chart.steps) + 1):
        yield ""
        yield from _step(number, step, style)


def _step(number: int, step: Step, style: Style) -> Iterator[str]:
    where = style.paint(f"  {style.mark('arrow')} {step.server}", "muted") if step.server else ""
    yield f"{number:>3}  {style.paint(one_line(step.step_id), 'strong')}  {one_line(step.title)}{where}"
    if step.description:
        yield f"     {style.paint(one_line(step.description), 'muted')}"
    if step.needs:
        yield from _block("waits for", step.needs, style)
    yield from _block("given", _values(step.given, style), style)
    yield from _block(
        "passes if",
        [one_line(check) for check in step.checks]
        or ["it is answered with 2xx or 3xx" if step.server else "it passes"],
        style,
    )
    yield from _block("outputs", _values(step.outputs, style), style)
    good = [way for way in step.ways if way.kind in ("next", "success")]
    bad = [way for way in step.ways if way.kind not in ("next", "success")]
    yield from _block("then", [_way(way, style) for way in good], style)
    yield from _block("on failure", [_way(way, style) for way in bad], style)


def _values(values: Sequence[Value], style: Style) -> list[str]:
    names = [f"{each.place} {each.name}".strip() for each in values]
    room = _room(names)
    return [
        f"{pad(cut(name, room, style.mark('ellipsis')), room)}  {style.mark('from')} {one_line(each.text)}"
        for name, each in zip(names, values, strict=True)
    ]


def _way(way: Way, style: Style) -> str:
    goal = {"next": "", "retry": "retry "}.get(way.kind, "" if way.ends else "go to ")
    words = f"{goal}{one_line(way.target)}".strip() + (f" {way.detail}" if way.detail else "")
    name = f"{one_line(way.name)}: " if way.name else ""
    when = " and ".join(map(one_line, way.when))
    return f"{name}{words}" + (style.paint(f", if {when}", "muted") if when else "")


def _block(head: str, lines: Sequence[str], style: Style) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"     {style.paint(pad(head if number == 0 else '', _HEAD), 'muted')}{line}"


def _room(names: Sequence[str]) -> int:
    return min(max(map(width, names), default=0), _WIDEST_NAME)
