"""Turns charts into boxes with rows and lines between them, in units of a picture: no colours, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runner.records import Frozen, replace
from runner.reporters.chart.chart import Chart, Step, Value, Way
from runner.reporters.text import cut, one_line, pad, width

ROW, HEAD, PAD, GAP, LANE = 20.0, 46.0, 14.0, 34.0, 18.0
LETTER = 7.3
"""The width of a letter in rows, whose type is monospaced."""
LABEL = 11
"""Letters of the column that says what a row is about."""
NARROWEST, WIDEST = 34, 92
"""Letters of a row beside its label: what is longer is cut, and shown whole when it is pointed at."""


class Row(Frozen):
    """A line of a box, `y` below the top of the picture; `whole` where `text` is cut."""

    label: str
    text: str
    y: float
    kind: str
    whole: str = ""


class Box(Frozen):
    """A box with a title; `anchor` names it for links, `link` is the anchor that its title leads to.

    `ways` name what its rows that are ways stand for, in their order; `step` is the place of the step that it is.
    """

    kind: str
    anchor: str
    title: str
    subtitle: str
    x: float
    y: float
    width: float
    height: float
    rows: tuple[Row, ...]
    link: str = ""
    step: int | None = None
    ways: tuple[str, ...] = ()


class Line(Frozen):
    """A line from a row of one box to the title of another, round by the side: `x` is where it goes up or down.

    Without `x` it goes straight down. `way` names what it stands for.
    """

    kind: str
    start: tuple[float, float]
    end: tuple[float, float]
    x: float | None = None
    way: str = ""


class Picture(Frozen):
    """The boxes and lines of one workflow."""

    title: str
    summary: str
    anchor: str
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def way_name(start: int | None, goal: int | None, action: str = "") -> str:
    """Name a way from a step to a step, by their places: None is the beginning, and what is no step of the workflow."""
    return f"{'' if start is None else start}>{'' if goal is None else goal}>{action}"


def picture(chart: Chart, place: int, widest: int = WIDEST) -> Picture:
    """Lay out a workflow from top to bottom: its inputs, its steps, its outputs."""
    anchor = f"w{place}"
    letters = min(_letters(chart), widest)
    wide = (LABEL + letters) * LETTER + 2 * PAD
    boxes: list[Box] = []
    y = 0.0
    places = {f"{anchor}-s{index}": index for index in range(len(chart.steps))}
    for kind, name, title, subtitle, rows, link in _contents(chart, anchor):
        top = y + HEAD + (4 if rows else 0)
        drawn = tuple(
            Row(label, cut(text, letters), top + number * ROW + ROW * 0.7, role, text if width(text) > letters else "")
            for number, (label, text, role) in enumerate(rows)
        )
        height = HEAD + (len(rows) * ROW + 12 if rows else 0)
        step = places.get(name)
        ways = () if step is None else tuple(_way_name(step, way) for way in ways_shown(chart.steps[step]))
        boxes.append(Box(kind, name, title, subtitle, 0.0, y, wide, height, drawn, link, step, ways))
        y += height + GAP
    lines, lanes = _lines(chart, boxes, anchor)
    return Picture(chart.workflow_id, chart.summary, anchor, tuple(boxes), lines, wide + lanes * LANE + 12, y - GAP)


def _contents(chart: Chart, anchor: str) -> Iterator[tuple[str, str, str, str, list[tuple[str, str, str]], str]]:
    """Give the kind, anchor, title, subtitle, rows and link of each box."""
    if chart.inputs or chart.needs:
        rows = [("runs first", name, "text") for name in chart.needs]
        room = max((width(each.name) for each in chart.inputs), default=0)
        rows += [("", f"{pad(each.name, room)}  {each.about}".rstrip(), "text") for each in chart.inputs]
        yield "inputs", f"{anchor}-inputs", "inputs", "what the workflow is given", rows, ""
    for index, step in enumerate(chart.steps):
        yield _step(step, "step", f"{anchor}-s{index}")
    if chart.outputs:
        rows = [("", text, "text") for text in _values(chart.outputs)]
        yield "outputs", f"{anchor}-outputs", "outputs", "what the workflow gives", rows, ""
    for index, step in enumerate(chart.teardown, start=len(chart.steps)):
        yield _step(step, "teardown", f"{anchor}-s{index}")


def _step(step: Step, kind: str, anchor: str) -> tuple[str, str, str, str, list[tuple[str, str, str]], str]:
    link = "" if step.calls is None else f"w{step.calls}"
    server = f"{step.title}   {step.server}" if step.server else step.title
    title = f"x-finally: {step.step_id}" if kind == "teardown" else step.step_id
    return kind, anchor, title, server, list(_step_rows(step)), link


def _step_rows(step: Step) -> Iterator[tuple[str, str, str]]:
    yield from _labelled("waits for", step.needs)
    yield from _labelled("given", _values(step.given))
    yield from _labelled("passes if", map(one_line, step.checks))
    yield from _labelled("outputs", _values(step.outputs))
    told = ""
    for way in ways_shown(step):
        label = "then" if way.kind == "success" else "on failure"
        yield "" if label == told else label, way_text(way), way.kind
        told = label


def ways_shown(step: Step) -> tuple[Way, ...]:
    """Give the ways that are written out: to go on to the next step, or to fail, goes without saying."""
    return tuple(way for way in step.ways if way.name or way.when)


def _goal(index: int, way: Way) -> int | None:
    """Give the step that a way leads to; a retry without a target leads back to its own."""
    return index if way.kind == "retry" and way.step is None and not way.target else way.step


def _way_name(index: int, way: Way) -> str:
    return way_name(index, _goal(index, way), way.name)


def way_text(way: Way) -> str:
    """Say in a line what an action does and when."""
    does = "retry" if way.kind == "retry" else "" if way.ends else "go to"
    goal = way.target if way.kind != "retry" or way.step is not None else ""
    words = " ".join(filter(None, (does, one_line(goal), way.detail)))
    when = " and ".join(map(one_line, way.when))
    return f"{one_line(way.name)}: {words}" + (f", if {when}" if when else "")


def _labelled(label: str, texts: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for number, text in enumerate(texts):
        yield label if number == 0 else "", text, "text"


def _values(values: Sequence[Value]) -> Iterator[str]:
    for each in values:
        yield f"{each.name or each.place} ← {one_line(each.text)}"  # a whole body has no name


def _letters(chart: Chart) -> int:
    texts = [text for _, _, _, _, rows, _ in _contents(chart, "") for _, text, _ in rows]
    titles = [width(f"{step.title}   {step.server}") - LABEL for step in chart.all_steps]
    return min(max([NARROWEST, *map(width, texts), *titles]), WIDEST)


def _lines(chart: Chart, boxes: Sequence[Box], anchor: str) -> tuple[tuple[Line, ...], int]:
    """Give the lines between boxes, those at the side in as few lanes as they need."""
    by_anchor = {box.anchor: box for box in boxes}
    middle = boxes[0].width / 2 if boxes else 0.0
    lines: list[Line] = []
    if chart.inputs or chart.needs:
        start = (middle, boxes[0].height)
        lines.append(Line("next", start, (middle, boxes[0].height + GAP), way=way_name(None, 0)))
    wanted: list[Line] = []
    for index, step in enumerate(chart.all_steps):
        box = by_anchor[f"{anchor}-s{index}"]
        bottom = box.y + box.height
        if any(way.kind == "next" and way.step is not None for way in step.ways):
            lines.append(Line("next", (middle, bottom), (middle, bottom + GAP), way=way_name(index, index + 1)))
        rows = [row for row in box.rows if row.kind != "text"]
        for way, row in zip(ways_shown(step), rows, strict=True):
            goal = _goal(index, way)
            if goal is not None:
                ends = (box.width, row.y - 4), (box.width, by_anchor[f"{anchor}-s{goal}"].y + HEAD / 2)
                wanted.append(Line(way.kind, *ends, way=_way_name(index, way)))
    lanes: list[float] = []
    placed: list[Line] = []
    for line in sorted(wanted, key=lambda each: max(each.start[1], each.end[1])):
        top, low = sorted((line.start[1], line.end[1]))
        lane = next((number for number, free in enumerate(lanes) if free < top), len(lanes))
        lanes[lane : lane + 1] = [low]
        placed.append(replace(line, x=boxes[0].width + (lane + 1) * LANE))
    return (*lines, *placed), len(lanes)
