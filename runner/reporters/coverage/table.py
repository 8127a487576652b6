"""Turns coverage into lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runner.openapi.inventory import KINDS, Kind
from runner.reporters.coverage.reach import PLURALS, DescriptionCoverage, OperationCoverage, Reached, reached_of, total
from runner.reporters.style import Style
from runner.reporters.text import cut, one_line, pad, width

MOST = 100
"""Operations of one description that are named although nothing reached them: a terminal is no place for thousands."""


def table(coverage: Sequence[DescriptionCoverage], style: Style) -> Iterator[str]:
    """Draw coverage for a terminal: a head for each description, a line for each operation."""
    for each in coverage:
        yield f"coverage of {style.paint(one_line(each.name), 'strong')}  {style.paint(one_line(each.title), 'muted')}"
        yield _shares({kind: each.reached(kind) for kind in KINDS}, style)
        names = [one_line(operation.title) for operation in each.operations]
        widest = min(max(map(width, names), default=0), max(20, style.width // 2))
        missed = 0
        for name, operation in zip(names, each.operations, strict=True):
            missed += not operation.answers
            if operation.answers or missed <= MOST:
                yield _line(cut(name, widest, style.mark("ellipsis")), operation, style, widest)
        if missed > MOST:
            yield "  " + style.paint(f"{style.mark('skipped')} and {missed - MOST} more", "muted")
        yield ""
    if len(coverage) > 1:
        yield f"coverage of {style.paint(f'all {len(coverage)} descriptions', 'strong')}"
        yield _shares({kind: total(coverage, kind) for kind in KINDS}, style)
        yield ""
    if not coverage:
        yield "no API description could be reached"


def _shares(reached: Mapping[Kind, Reached], style: Style) -> str:
    return "  " + f" {style.mark('dot')} ".join(_share(kind, share) for kind, share in reached.items())


def _share(kind: Kind, reached: Reached) -> str:
    return f"{PLURALS[kind]} {reached.number} of {reached.of} ({int(reached.percent)} %)"


def _line(name: str, operation: OperationCoverage, style: Style, widest: int) -> str:
    if not operation.answers:
        return "  " + style.paint(f"{style.mark('skipped')} {name}", "muted")
    statuses = " ".join(
        style.paint(status, "ok" if count else "muted") + (style.mark("passed") if count else style.mark("skipped"))
        for status, count in operation.statuses.items()
    )
    parameters = reached_of(operation.parameters.values())
    given = f"  parameters {parameters.number}/{parameters.of}" if parameters.of else ""
    return f"  {style.paint(style.mark('passed'), 'ok')} {pad(name, widest)}  {statuses}{style.paint(given, 'muted')}"
