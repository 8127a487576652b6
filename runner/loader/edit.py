"""Turns a text and the edits that are wanted of it into the new text: comments, quotes, layout and line ends stay.

Only the characters that differ are replaced. Every new text is read again, and has to say exactly what the edits make
of the old value; what cannot be written so is refused with a reason, and the text stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from runner.diagnostics import Edit, Fix
from runner.loader.apply import Change, ConflictError, apply, distinct, same
from runner.loader.page import LostError, Page
from runner.loader.splice import Splice, Splices, refined, spliced
from runner.loader.text import Document, read_text
from runner.source import Source
from runner.values import Json

NO_SPELLING = "it cannot be written here without changing what stands around it"
SHARED = "an alias refers to what would change, or stands in its place"


class Refusal(NamedTuple):
    """A fix that is not made, and why."""

    fix: Fix
    reason: str


class Revision(NamedTuple):
    """The new text with the fixes `made` in it. Those `left` wait for it to be read again; others are `refused`."""

    text: str
    made: tuple[Fix, ...]
    left: tuple[Fix, ...] = ()
    refused: tuple[Refusal, ...] = ()


def revise(source: Source, fixes: Iterable[Fix]) -> Revision:
    """Make as many fixes of a text as go together. Where any can be made, at least one is."""
    document = read_text(source)
    chosen, left = _compatible(document.value, [fix for fix in fixes if fix.edits])
    text = _together(document, _edits(chosen))
    if text is not None:
        return Revision(text, tuple(chosen), tuple(left))
    tried = [(fix, _alone(document, fix)) for fix in chosen]
    refused = tuple(Refusal(fix, found.reason) for fix, found in tried if isinstance(found, _No))
    good = [(fix, found) for fix, found in tried if isinstance(found, str)]
    text = _together(document, _edits(fix for fix, _ in good))
    if text is not None:
        return Revision(text, tuple(fix for fix, _ in good), tuple(left), refused)
    (first, text), *others = good
    return Revision(text, (first,), (*(fix for fix, _ in others), *left), refused)


def edit_text(source: Source, edits: Sequence[Edit]) -> str:
    """Make edits of a text; ValueError says why they cannot be made."""
    found = _alone(read_text(source), Fix("", tuple(edits)))
    if isinstance(found, _No):
        raise ValueError(found.reason)
    return found


class _No(NamedTuple):
    reason: str


def _edits(fixes: Iterable[Fix]) -> list[Edit]:
    return [edit for fix in fixes for edit in fix.edits]


def _compatible(value: Json, fixes: list[Fix]) -> tuple[list[Fix], list[Fix]]:
    """Choose the fixes that do not contradict each other, the first ones first."""
    if _goes(value, _edits(fixes)):
        return fixes, []
    # What contradicts itself is chosen too: it is refused by itself, and waits for nothing.
    chosen = [fix for fix in fixes if not _goes(value, fix.edits)]
    sound: list[Fix] = []
    left: list[Fix] = []
    for fix in fixes:
        if fix not in chosen:
            (sound if _goes(value, _edits([*sound, fix])) else left).append(fix)
    return [*sound, *chosen], left


def _goes(value: Json, edits: Sequence[Edit]) -> bool:
    try:
        apply(value, edits)
    except ConflictError:
        return False
    return True


def _together(document: Document, edits: Sequence[Edit]) -> str | None:
    """Make edits all at once, each in the way that changes least, or give nothing where they do not come out right."""
    page = Page(document, document.places.build())
    try:
        wanted = apply(document.value, edits)
        found = [next(spliced(page, each)) for edit in distinct(edits) for each in refined(page, edit)]
    except (ConflictError, LostError, StopIteration):
        return None
    text = _with(document.source.text, found)
    return text if text is not None and _says(document, text, wanted) else None


def _alone(document: Document, fix: Fix) -> str | _No:
    """Make one fix, trying every way of each of its edits."""
    try:
        wanted = apply(document.value, fix.edits)
    except ConflictError as error:
        return _No(str(error))
    text = _together(document, fix.edits)
    if text is not None:
        return text
    reason = SHARED if document.shares else NO_SPELLING
    try:
        now = document
        for change in _from_the_end(document, fix.edits):
            now = _changed(now, change)
    except (ConflictError, LostError, StopIteration) as error:
        return _No(str(error) or reason)
    return now.source.text if same(now.value, wanted) else _No(reason)


def _from_the_end(document: Document, edits: Iterable[Edit]) -> list[Change]:
    """Order edits so that none of them moves what a later one points at."""
    page = Page(document, document.places.build())
    changes = [change for edit in distinct(edits) for change in refined(page, edit)]
    return sorted(changes, key=lambda change: _at(page, change), reverse=True)


def _at(page: Page, change: Change) -> tuple[int, int]:
    first = next(spliced(page, change))[0]
    return first.start, first.end


def _changed(document: Document, change: Change) -> Document:
    """Make one edit in the first way that comes out right; StopIteration where there is none."""
    wanted = apply(document.value, [change])
    page = Page(document, document.places.build())
    texts = (_with(document.source.text, [each]) for each in spliced(page, change))
    return next(_read(document, text) for text in texts if text is not None and _says(document, text, wanted))


def _with(text: str, found: Iterable[Splices]) -> str | None:
    """Replace characters of a text, or give nothing where two replacements are of the same characters."""
    splices = sorted({splice: None for each in found for splice in each}, key=lambda splice: splice[:2])
    return "".join(_pieces(text, splices)) if not _overlap(splices) else None


def _overlap(splices: Sequence[Splice]) -> bool:
    return any(one.end > other.start for one, other in pairwise(splices))


def _pieces(text: str, splices: Iterable[Splice]) -> Iterator[str]:
    last = 0
    for splice in splices:
        yield text[last : splice.start]
        yield splice.text
        last = splice.end
    yield text[last:]


def _says(document: Document, text: str, wanted: Json) -> bool:
    """Read a new text, and say whether it is what was wanted, with nothing wrong that was not wrong before."""
    read = _read(document, text)
    known = {problem.rule for problem in document.problems}
    return same(read.value, wanted) and {problem.rule for problem in read.problems} <= known


def _read(document: Document, text: str) -> Document:
    return read_text(Source(document.source.uri, document.source.name, text))
