"""Turns what stands between a document and a run into lines, or a JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from runner.records import Frozen
from runner.reporters.json import VERSION
from runner.reporters.style import Mark, Role, Style
from runner.reporters.text import count, cut, one_line, pad, width
from runner.values import Json

State: TypeAlias = Literal["ready", "lacking", "noted"]

_SHOWN: dict[State, tuple[Mark, Role]] = {
    "ready": ("passed", "ok"),
    "lacking": ("failed", "error"),
    "noted": ("skipped", "warning"),
}
_WIDEST = 32


class Finding(Frozen):
    """One thing that a run needs. `noted` is not there, but a run can be tried without it; `help` says what to do."""

    name: str
    state: State
    about: str
    help: str = ""


class Section(Frozen):
    """What a run needs of one kind."""

    title: str
    findings: tuple[Finding, ...]


def lacking(sections: Sequence[Section]) -> int:
    """Count what has to be there and is not."""
    return sum(finding.state == "lacking" for section in sections for finding in section.findings)


def doctor_lines(document: str, sections: Sequence[Section], then: str, style: Style) -> Iterator[str]:
    """Write a block for each section and, at the end, the verdict with the next step."""
    yield style.paint(one_line(document), "strong")
    for section in sections:
        if not section.findings:
            continue
        yield ""
        yield style.paint(section.title, "muted")
        room = min(max(width(one_line(each.name)) for each in section.findings), _WIDEST)
        for finding in section.findings:
            yield from _finding(finding, room, style)
    yield ""
    number = lacking(sections)
    if number:
        verdict = f"{count(number, 'thing stands', 'things stand')} between this document and a run"
        yield style.paint(verdict, "error")
    else:
        yield f"{style.paint('ready', 'ok')}: {then}"


def _finding(finding: Finding, room: int, style: Style) -> Iterator[str]:
    mark, role = _SHOWN[finding.state]
    name = pad(cut(one_line(finding.name), room, style.mark("ellipsis")), room)
    yield f"  {style.paint(style.mark(mark), role)} {name}  {one_line(finding.about)}".rstrip()
    if finding.help:
        yield f"  {' ' * (room + 4)}{style.paint('help:', 'note')} {one_line(finding.help)}"


def doctor_json(document: str, sections: Sequence[Section]) -> dict[str, Json]:
    """Give the same for a program."""
    return {
        "version": VERSION,
        "document": document,
        "ready": lacking(sections) == 0,
        **{
            section.title.replace(" ", "_"): [
                {"name": each.name, "state": each.state, "about": each.about, "help": each.help or None}
                for each in section.findings
            ]
            for section in sections
        },
    }
