"""The same chart as a table, as Mermaid, as SVG and as a page."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from runner import api
from runner.reporters.chart.chart import Chart, charts
from runner.reporters.chart.html import page
from runner.reporters.chart.layout import picture
from runner.reporters.chart.mermaid import mermaid
from runner.reporters.chart.svg import svg
from runner.reporters.chart.table import table
from runner.reporters.style import Style
from tests.reporters.golden import CASES, agrees


@pytest.fixture(scope="module")
def found() -> tuple[Chart, ...]:
    checked = api.check(str(CASES / "chart" / "library.arazzo.yaml"))
    assert checked.plan is not None, checked.diagnostics
    return charts(checked.plan, ["lend"])


def test_the_table_reads_as_the_workflow_runs(found: tuple[Chart, ...]) -> None:
    assert agrees("chart/table.txt", "".join(f"{line}\n" for line in table(found, Style())))


def test_without_unicode_the_table_is_ascii(found: tuple[Chart, ...]) -> None:
    assert "\n".join(table(found, Style(unicode=False))).replace("••••", "").isascii()


def test_mermaid_draws_steps_ways_and_ends(found: tuple[Chart, ...]) -> None:
    assert agrees("chart/flow.mmd", mermaid(found))


def test_the_picture_is_as_it_was(found: tuple[Chart, ...]) -> None:
    assert agrees("chart/flow.svg", svg(found))


def test_the_picture_is_well_formed_and_its_links_lead_somewhere(found: tuple[Chart, ...]) -> None:
    root = ET.fromstring(svg(found))
    anchors = {each.get("id") for each in root.iter() if each.get("id")}
    links = [each.get("href", "") for each in root.iter("{http://www.w3.org/2000/svg}a")]
    assert links
    assert {link.removeprefix("#") for link in links} <= anchors


def test_no_box_lies_on_another_and_no_line_leaves_the_picture(found: tuple[Chart, ...]) -> None:
    for place, chart in enumerate(found):
        drawn = picture(chart, place)
        for above, below in zip(drawn.boxes, drawn.boxes[1:], strict=False):
            assert above.y + above.height < below.y
        for line in drawn.lines:
            assert max(line.start[1], line.end[1]) <= drawn.height
            assert (line.x or 0) < drawn.width


def test_lines_that_pass_each_other_have_lanes_of_their_own(found: tuple[Chart, ...]) -> None:
    sides = [line for line in picture(found[0], 0).lines if line.x is not None]
    for number, one in enumerate(sides):
        for other in sides[number + 1 :]:
            apart = max(one.start[1], one.end[1]) < min(other.start[1], other.end[1])
            apart = apart or max(other.start[1], other.end[1]) < min(one.start[1], one.end[1])
            assert apart or one.x != other.x


def test_the_page_needs_nothing_else(found: tuple[Chart, ...]) -> None:
    text = page(found, "Lending & more")
    assert "<h1>Lending &amp; more</h1>" in text
    assert not re.search(r"<script|<link|@import|url\(|src=", text)


@pytest.mark.parametrize(
    "draw", [svg, mermaid, lambda found: page(found, ""), lambda found: "\n".join(table(found, Style()))]
)
def test_a_secret_that_the_document_writes_out_is_not_shown(draw: object, found: tuple[Chart, ...]) -> None:
    text = draw(found)  # type: ignore[operator]
    assert "written-down" not in text
    assert "hush" not in text


def test_charts_of_the_bundled_workflows_can_all_be_drawn() -> None:
    for path in sorted((Path(__file__).parents[2] / "workflows").glob("*.arazzo.yaml")):
        plan = api.check(str(path)).plan
        assert plan is not None
        drawn = charts(plan, list(plan.workflows))
        ET.fromstring(svg(drawn))
        assert "\n".join(table(drawn, Style()))


def test_a_body_that_is_one_value_is_called_a_body_in_the_picture(tmp_path: Path) -> None:
    text = (CASES / "chart" / "library.arazzo.yaml").read_text(encoding="utf-8")
    whole = text.replace("payload: {title: $inputs.title, pages: 400}", "payload: $inputs.title")
    sources = api.Sources(texts={(CASES / "chart" / "whole.arazzo.yaml").as_uri(): whole})
    plan = api.check(str(CASES / "chart" / "whole.arazzo.yaml"), sources).plan
    assert plan is not None
    assert ">body ← $inputs.title<" in svg(charts(plan, ["lend"]))
