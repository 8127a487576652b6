"""Turns charts into an SVG picture that needs nothing else and is dark where the reader is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from runner.reporters.chart.chart import Chart
from runner.reporters.chart.layout import HEAD, LABEL, LETTER, PAD, Box, Line, Picture, picture
from runner.reporters.text import cut, one_line

MARGIN, TITLE = 16.0, 58.0
_BEND = 9.0

STYLE = """
.chart { --ink: #1f2328; --soft: #656d76; --card: #ffffff; --edge: #d0d7de; --back: #f6f8fa;
  --next: #57606a; --good: #1a7f37; --bad: #cf222e; --again: #9a6700; --tint: #ddf4ff; }
@media (prefers-color-scheme: dark) { .chart { --ink: #e6edf3; --soft: #8d96a0; --card: #161b22; --edge: #30363d;
  --back: #0d1117; --next: #8d96a0; --good: #3fb950; --bad: #ff7b72; --again: #d29922; --tint: #12263f; } }
.chart text { fill: var(--ink); font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.chart .back { fill: var(--back); }
.chart .head { font: 600 20px system-ui, sans-serif; }
.chart .name { font: 600 14px system-ui, sans-serif; }
.chart .soft { fill: var(--soft); }
.chart rect.box { fill: var(--card); stroke: var(--edge); }
.chart rect.teardown { stroke-dasharray: 6 4; }
.chart rect.inputs, .chart rect.outputs { fill: var(--tint); }
.chart .rule { stroke: var(--edge); }
.chart path { fill: none; stroke-width: 1.6; }
.chart .next { stroke: var(--next); } .chart .success { stroke: var(--good); }
.chart .failure { stroke: var(--bad); } .chart .retry { stroke: var(--again); stroke-dasharray: 5 4; }
.chart polygon { stroke: none !important; }
.chart polygon.next { fill: var(--next); } .chart polygon.success { fill: var(--good); }
.chart polygon.failure { fill: var(--bad); } .chart polygon.retry { fill: var(--again); }
.chart text.success { fill: var(--good); stroke: none; } .chart text.failure { fill: var(--bad); stroke: none; }
.chart text.retry { fill: var(--again); stroke: none; }
.chart a text { text-decoration: underline; }
"""


def svg(charts: Sequence[Chart]) -> str:
    """Draw all charts below each other in one picture."""
    pictures = [picture(chart, place) for place, chart in enumerate(charts)]
    wide = max((each.width for each in pictures), default=0.0) + 2 * MARGIN
    tall = sum(each.height + TITLE for each in pictures) + MARGIN * (len(pictures) + 1)
    parts: list[str] = []
    y = MARGIN
    for each in pictures:
        parts += _workflow(each, y)
        y += each.height + TITLE + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="{wide:.0f}" height="{tall:.0f}" '
        f'viewBox="0 0 {wide:.0f} {tall:.0f}"><title>{escape(_title(charts))}</title><style>{STYLE}</style>'
        f'<rect class="back" width="100%" height="100%"/>{"".join(parts)}</svg>\n'
    )


def figure(chart: Chart, widest: int) -> str:
    """Draw one workflow for a page that brings the style: each step and each way bears its name, and nothing an id.

    `widest` is in letters of a row.
    """
    drawn = picture(chart, 0, widest)
    wide, tall = drawn.width + 2, drawn.height + 2
    lines = "".join(f"<g{_named(line.way)}>{_line(line)}</g>" for line in drawn.lines)
    boxes = "".join(part for box in drawn.boxes for part in _box(box, named=True))
    return (
        f'<svg class="chart" role="img" width="{wide:.0f}" height="{tall:.0f}" viewBox="-1 -1 {wide:.0f} {tall:.0f}">'
        f"<title>{escape(_title([chart]))}</title>{lines}{boxes}</svg>"
    )


def _title(charts: Sequence[Chart]) -> str:
    return ", ".join(one_line(chart.workflow_id) for chart in charts)


def _workflow(each: Picture, y: float) -> Iterator[str]:
    yield f'<g id="{each.anchor}" transform="translate({MARGIN:.0f} {y:.0f})">'
    yield f'<text class="head" y="20">{escape(one_line(each.title))}</text>'
    letters = int(each.width / LETTER)
    yield f'<text class="soft" y="40">{escape(cut(one_line(each.summary), letters))}</text></g>'
    yield f'<g transform="translate({MARGIN:.0f} {y + TITLE:.0f})">'
    yield from map(_line, each.lines)
    for box in each.boxes:
        yield from _box(box)
    yield "</g>"


def _box(box: Box, *, named: bool = False) -> Iterator[str]:
    name = f'data-step="{"" if box.step is None else box.step}"' if named else f'id="{box.anchor}"'
    yield f'<g {name}><rect class="box {box.kind}" x="{box.x:.1f}" y="{box.y:.1f}" '
    yield f'width="{box.width:.1f}" height="{box.height:.1f}" rx="8"/>'
    title = f'<text class="name" x="{PAD}" y="{box.y + 20:.1f}">{escape(one_line(box.title))}</text>'
    yield f'<a href="#{box.link}">{title}</a>' if box.link and not named else title
    room = int((box.width - 2 * PAD) / LETTER)
    yield f'<text class="soft" x="{PAD}" y="{box.y + 37:.1f}">{escape(cut(one_line(box.subtitle), room))}</text>'
    if box.rows:
        rule = box.y + HEAD
        yield f'<line class="rule" x1="0" x2="{box.width:.1f}" y1="{rule:.1f}" y2="{rule:.1f}"/>'
    ways = iter(box.ways)
    for row in box.rows:
        way = _named(next(ways)) if named and row.kind != "text" else ""
        whole = f"<title>{escape(row.whole)}</title>" if row.whole else ""
        yield f'<text class="soft" x="{PAD}" y="{row.y:.1f}">{escape(row.label)}</text>'
        at = f'x="{PAD + LABEL * LETTER:.1f}" y="{row.y:.1f}"'
        yield f'<text class="{row.kind}"{way} {at} xml:space="preserve">{escape(row.text)}{whole}</text>'
    yield "</g>"


def _named(way: str) -> str:
    return f' data-way="{escape(way)}"'


def _line(line: Line) -> str:
    (x1, y1), (x2, y2) = line.start, line.end
    if line.x is None:
        path, head = f"M{x1:.1f} {y1:.1f}V{y2 - 6:.1f}", _arrow(x2, y2, line.kind, down=True)
    else:
        bend = min(_BEND, abs(y2 - y1) / 2)
        turn = bend if y2 > y1 else -bend
        path = (
            f"M{x1:.1f} {y1:.1f}H{line.x - bend:.1f}q{bend:.1f} 0 {bend:.1f} {turn:.1f}"
            f"V{y2 - turn:.1f}q0 {turn:.1f} {-bend:.1f} {turn:.1f}H{x2 + 7:.1f}"
        )
        head = _arrow(x2, y2, line.kind, down=False)
    return f'<path class="{line.kind}" d="{path}"/>{head}'


def _arrow(x: float, y: float, kind: str, *, down: bool) -> str:
    points = [(x, y), (x - 5, y - 8), (x + 5, y - 8)] if down else [(x, y), (x + 9, y - 5), (x + 9, y + 5)]
    return f'<polygon class="{kind}" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>'
