"""Turns the totals of a run into the frame of a page: its head, its overview, the bar that filters, and its end."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from runner.diagnostics import Diagnostic
from runner.reporters.chart.svg import STYLE as CHART_STYLE
from runner.reporters.contract import diagnose_finding, finding_headline
from runner.reporters.html.drawing import drawing
from runner.reporters.html.markup import Markup, join, tag, text
from runner.reporters.html.step import mark
from runner.reporters.html.totals import Totals
from runner.reporters.lines import server
from runner.reporters.record import RunRecord
from runner.reporters.text import count, one_line, seconds
from runner.version import __version__

OUTCOMES = ("failed", "passed", "skipped")
MOST_TAGS, MOST_DOCUMENTS = 100, 10
LEAST = 0.5
"""Per cent of the ribbon that an outcome takes, however rare it was."""
FEW = 10
"""Cases of which the list itself is overview enough."""


@cache
def _asset(name: str) -> str:
    return files("runner.reporters.html").joinpath(name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def head(title: str) -> Markup:
    """Give the page up to its content: nothing is loaded, and no script runs but the one that stands here."""
    style, script = CHART_STYLE + _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return Markup(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{text(one_line(title))}</title>'
        f"<style>{style}</style><script>{script}</script></head><body>\n"
    )


def overview(run: RunRecord, totals: Totals, diagnostics: Sequence[Diagnostic], left_out: int) -> Markup:
    """Write what there is to say of the whole run, and the bar above the list of its cases."""
    outcome = run.outcome if totals.cases or not diagnostics else "failed"
    toggle = tag("button", "Theme", type="button", id="theme", aria_label="Switch between light and dark")
    verdict = tag("p", mark(outcome), " ", tag("strong", _verdict(outcome, totals)), class_=f"verdict {outcome}")
    title = tag("div", tag("h1", title_of(run)), verdict)
    noscript = tag("noscript", tag("p", "What is behind each line is shown by a script, which is switched off here."))
    top = tag("header", title, toggle, class_="top")
    facts = tag("dl", *_facts(run, totals))
    hints = join((*_warnings(run), *_diagnostics(diagnostics), *_findings(totals)))
    said = tag(
        "section",
        tag("h2", "Overview", class_="unseen"),
        _ribbon(totals),
        facts,
        _failures(totals),
        hints,
        class_="overview",
    )
    left = f"{count(left_out, 'more case')} that passed: a page that holds them all could not be opened."
    rest = tag("p", left, class_="soft") if left_out else ""
    return top + Markup("<main>") + said + noscript + (_bar(totals) if totals.cases else "") + rest


def title_of(run: RunRecord) -> str:
    """Give the name of the run."""
    return one_line(run.title) or one_line(run.document) or "arazzo"


def _verdict(outcome: str, totals: Totals) -> str:
    failed = totals.outcomes["failed"]
    if failed:
        return f"{failed} of {totals.cases} failed"
    if not totals.cases:
        return "nothing ran"
    skipped = f", {totals.outcomes['skipped']} skipped" if totals.outcomes["skipped"] else ""
    broken = " · a contract was broken" if outcome != "passed" else ""
    return f"{totals.outcomes['passed']} of {totals.cases} passed{skipped}{broken}"


def _ribbon(totals: Totals) -> Markup:
    """Draw the shares of the outcomes."""
    x, parts = 0.0, []
    for outcome in OUTCOMES:
        number = totals.outcomes[outcome]
        share = max(LEAST, 100 * number / totals.cases) if number else 0.0
        parts.append(tag("rect", class_=outcome, x=f"{x:.3f}%", width=f"{share:.3f}%", height="100%"))
        x += share
    return tag("svg", *parts, class_="ribbon", width="100%", height="4", aria_hidden="true") if x else Markup()


def _failures(totals: Totals) -> Markup:
    """Name the first cases that did not pass, where the list is too long to find them at a glance."""
    if totals.cases <= FEW or not totals.failures:
        return Markup()
    items = [
        tag("li", tag("a", one_line(each.name), href=f"#case-{each.number}"), " ", each.message)
        for each in totals.failures
    ]
    left = totals.outcomes["failed"] - len(items)
    items += [tag("li", f"and {left} more", class_="soft")] if left else []
    return tag("section", tag("h2", "Failures"), tag("ol", *items), class_="failures")


def _facts(run: RunRecord, totals: Totals) -> Iterator[Markup]:
    if run.started is not None:
        began = datetime.fromtimestamp(run.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        yield _fact("started", began)
        yield _fact("took", seconds(run.took))
    if totals.cases:
        counts = [count(totals.steps, "step"), count(totals.requests, "request")]
        counts += [f"{totals.recovered} recovered"] if totals.recovered else []
        yield _fact("ran", " · ".join(counts))
    if run.document:
        names = run.document.split(", ")
        more = f" and {len(names) - MOST_DOCUMENTS} more" if len(names) > MOST_DOCUMENTS else ""
        yield _fact("document", join((tag("code", each) for each in names[:MOST_DOCUMENTS]), ", ") + more)
    for used in run.servers:
        yield _fact(one_line(used.source), tag("code", server(used)))


def _fact(name: str, value: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", value))


def _warnings(run: RunRecord) -> Iterator[Markup]:
    if run.warnings:
        yield tag("ul", *(tag("li", one_line(warning)) for warning in run.warnings), class_="warnings")


def _diagnostics(diagnostics: Sequence[Diagnostic]) -> Iterator[Markup]:
    if diagnostics:
        drawn = map(drawing, diagnostics)
        has_errors = any(diagnostic.severity == "error" for diagnostic in diagnostics)
        heading = tag("summary", f"{count(len(diagnostics), 'diagnostic')} of the document")
        yield tag("details", heading, *drawn, class_="found", open=has_errors)


def _findings(totals: Totals) -> Iterator[Markup]:
    findings = totals.sorted_findings()
    if not findings:
        return
    drawn = []
    for finding in findings:
        diagnostic = diagnose_finding(finding, evidence=False)
        drawn.append(drawing(diagnostic) if diagnostic else tag("p", finding_headline(finding)))
    heading = tag("summary", f"{count(len(findings), 'broken contract')}")
    yield tag("details", heading, *drawn, class_="found", open=any(each.severity == "error" for each in findings))


def _bar(totals: Totals) -> Markup:
    find = tag("label", tag("span", "Filter", class_="unseen"), _input(), class_="find")
    chips = [_chip("", f"all {totals.cases}", pressed=True)]
    chips += [_chip(each, f"{each} {totals.outcomes[each]}") for each in OUTCOMES if totals.outcomes[each]]
    group = tag("div", *chips, role="group", aria_label="Outcome", class_="chips")
    options = [tag("option", "all tags", value="")]
    options += [tag("option", f"{name} ({number})", value=name) for name, number in totals.tags.most_common(MOST_TAGS)]
    tags = tag("select", *options, id="tag", aria_label="Tag") if totals.tags else ""
    status = tag("output", "", id="count", role="status")
    return tag("h2", "Cases", class_="unseen") + tag("div", find, group, tags, status, class_="bar", role="search")


def _input() -> Markup:
    return Markup('<input id="filter" type="search" placeholder="Filter ( / )" autocomplete="off" spellcheck="false">')


def _chip(outcome: str, words: str, *, pressed: bool = False) -> Markup:
    return tag("button", words, type="button", data_outcome=outcome, aria_pressed="true" if pressed else "false")


def foot() -> Markup:
    """Give the end of the page."""
    keys = (("/", "filter"), ("j k", "next, previous"), ("Enter", "open"), ("Esc", "clear"))
    written = join((tag("span", tag("kbd", key), f" {does}") for key, does in keys), " ")
    return Markup(f"</main>{tag('footer', tag('p', written, class_='keys'), tag('p', f'arazzo {__version__}'))}")
