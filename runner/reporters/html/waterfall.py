"""Turns the moments of a step into bars on the time line of its case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runner.exchange import Response
from runner.reporters.html.flow import state
from runner.reporters.html.markup import Markup, join, tag
from runner.reporters.record import Moment, StepRecord
from runner.reporters.text import seconds

TICKS = 4
NARROWEST = 0.6
"""Per cent of the time line that a bar takes, however short it was."""


class Scale(NamedTuple):
    """A time line: where it begins, in seconds since 1970, and how many seconds it is long."""

    begin: float
    length: float

    def share(self, took: float) -> float:
        """Give how many per cent of the line a duration takes."""
        return 100 * min(1.0, max(0.0, took / self.length)) if self.length > 0 else 0.0


def axis(scale: Scale) -> Markup:
    """Write the times along the line."""
    marks = (tag("span", seconds(scale.length * part / TICKS)) for part in range(TICKS + 1))
    return tag("div", join(marks), class_="axis", aria_hidden="true")


def bars(step: StepRecord, scale: Scale) -> Markup:
    """Draw a step: its whole time, and on it each request and each wait."""
    whole = _bar("whole", step.started, step.started + step.took, scale, seconds(step.took))
    parts = join(_moments(step, scale))
    return tag("svg", whole, parts, class_="bars", width="100%", height="14", aria_hidden="true")


def _moments(step: StepRecord, scale: Scale) -> Iterator[Markup]:
    requests = iter(step.exchanges)
    number = 0
    for moment in step.moments:
        if moment.kind == "wait":
            yield _moment("wait", moment, scale, "waited")
            continue
        number += 1
        reply = next(requests).reply
        came = str(reply.status) if isinstance(reply, Response) else reply.kind
        kind = state(step) if number == len(step.exchanges) else "again"
        yield _moment(kind, moment, scale, f"request {number}: {came},")


def _moment(kind: str, moment: Moment, scale: Scale, words: str) -> Markup:
    return _bar(kind, moment.started, moment.finished, scale, f"{words} {seconds(moment.finished - moment.started)}")


def _bar(kind: str, started: float, finished: float, scale: Scale, words: str) -> Markup:
    width = max(NARROWEST, scale.share(finished - started))
    x = min(scale.share(started - scale.begin), 100 - width)
    thin = kind in ("whole", "wait")
    return tag(
        "rect",
        tag("title", words),
        class_=kind,
        x=f"{x:.2f}%",
        width=f"{width:.2f}%",
        y="5" if thin else "2",
        height="4" if thin else "10",
        rx="2",
    )
