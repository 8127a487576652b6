"""What is wrong with a document, and where: data that renderers draw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from runner.records import Frozen, replace, set_field
from runner.source import Span
from runner.values import Json

Severity: TypeAlias = Literal["error", "warning"]


LONGEST = 800
"""Characters of one sentence of a diagnostic: it may quote what an author wrote, however much that is."""


def shortened(text: str) -> str:
    """Leave the middle out of a text that is too long to be read: how a sentence begins and ends says what it says."""
    if len(text) <= LONGEST:
        return text
    begin = LONGEST * 3 // 4
    return f"{text[:begin]}…{text[begin + 1 - LONGEST :]}"


class Label(Frozen):
    """A second place that explains the first one."""

    span: Span
    text: str

    def __post_init__(self) -> None:
        set_field(self, "text", shortened(self.text))


class Rewrite(Frozen):
    """Put a value in the place of the one at `pointer`."""

    pointer: str
    value: Json


class Rename(Frozen):
    """Give the member at `pointer` another name."""

    pointer: str
    name: str


class Add(Frozen):
    """Add a member to the object at `pointer`, behind the member `after` or at the end."""

    pointer: str
    name: str
    value: Json
    after: str | None = None


class Remove(Frozen):
    """Take the member or entry at `pointer` away."""

    pointer: str


class Recomment(Frozen):
    """Write `text` in the place of the comment at the characters `start` to `end` of the source, or take it away."""

    start: int
    end: int
    text: str = ""


Edit: TypeAlias = Rewrite | Rename | Add | Remove | Recomment
"""A change of the document, of what it says and not of how that is quoted: the file keeps its comments and layout.

Several edits are made in turn: the pointers of each are of the document as those before it have left it.
"""


class Fix(Frozen):
    """What to do about it. With `edits` it is a repair: the author's meaning is certain and the edits write it.

    The edits are of the document that the diagnostic's `span` stands in. `elsewhere` are those that other uses of the
    same text want, where aliases put it into several places: it can be changed for all of them alone.
    """

    title: str
    edits: tuple[Edit, ...] = ()
    elsewhere: tuple[tuple[Edit, ...], ...] = ()

    def __post_init__(self) -> None:
        set_field(self, "title", shortened(self.title))


class Diagnostic(Frozen):
    """One thing that is wrong. `message` is lower case without a full stop, with the author's own names in quotes.

    `label` stands under the underlined text, `related` are second places, `notes` are sentences below. Each of them is
    cut to what can be read.
    """

    rule: str
    severity: Severity
    message: str
    span: Span
    label: str = ""
    related: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    fix: Fix | None = None

    def __post_init__(self) -> None:
        set_field(self, "message", shortened(self.message))
        set_field(self, "label", shortened(self.label))
        set_field(self, "notes", tuple(map(shortened, self.notes)))


# A value that cannot be read, or sent at all: what else is said of it only follows.
UNREADABLE_VALUES = frozenset({"yaml-value", "json-value", "unusable-value"})


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by source and position, and say each thing once.

    Of repetitions of the same rule, place and message the most severe stays, with the edits of all of them. Where a
    value cannot be read, that alone is said of it; and a quote is not stray where it is a part of a condition that is
    refused.
    """
    by_severity = sorted(diagnostics, key=lambda d: d.severity, reverse=True)
    if not by_severity:
        return ()
    unique: dict[tuple[str, str, int, str], Diagnostic] = {}
    for each in by_severity:
        key = (each.rule, each.span.source.uri, each.span.start, each.message)
        unique[key] = _with_edits_of(unique[key], each) if key in unique else each
    unreadable = {_extent(d.span) for d in by_severity if d.rule in UNREADABLE_VALUES}
    refused = {_line(d.span) for d in by_severity if d.rule == "condition-syntax"}
    told = (
        d
        for d in unique.values()
        if (d.rule in UNREADABLE_VALUES or _extent(d.span) not in unreadable)
        and (d.rule != "stray-quote" or _line(d.span) not in refused)
    )
    return tuple(sorted(told, key=lambda d: (d.span.source.name, d.span.start, d.severity, d.rule)))


def _with_edits_of(one: Diagnostic, other: Diagnostic) -> Diagnostic:
    """Give the second of two that say the same, and what the first wants of other places of the document."""
    if one.fix is None or other.fix is None or one.fix == other.fix or not (one.fix.edits and other.fix.edits):
        return other
    wanted = {repr(edits): edits for edits in (*other.fix.elsewhere, one.fix.edits, *one.fix.elsewhere)}
    wanted.pop(repr(other.fix.edits), None)
    return replace(other, fix=replace(other.fix, elsewhere=tuple(wanted.values())))


def _extent(span: Span) -> tuple[str, int, int]:
    return span.source.uri, span.start, span.end


def _line(span: Span) -> tuple[str, int]:
    return span.source.uri, span.source.position(span.start).line


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that `name` most likely meant, ignoring case, or nothing where none is close."""
    from difflib import get_close_matches  # late: as a rule nothing is misspelled

    by_fold = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> Fix | None:
    """Suggest the nearest known name."""
    best = nearest(name, known)
    return Fix(f"did you mean '{best}'?") if best else None
