"""Turns a text and what is wrong with it into the text after its fixes: comments, quotes, layout and line ends stay.

Only the characters that differ are replaced. Every new text is read again, and has to say exactly what the edits make
of the old value; what cannot be written so is refused with a reason, and the text stays as it is.

A fix is found in a document as it is understood, after others have been made in thought. So a fix waits where its edits
do not lead to what it is about in the text as it is written; once the others are made, reading again finds it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from runner.diagnostics import Add, Diagnostic, Edit, Recomment, Remove, Rename, Rewrite
from runner.loader.apply import Change, ConflictError, apply, distinct, same
from runner.loader.page import LostError, Page
from runner.loader.splice import Splice, Splices, refined, spliced
from runner.loader.text import Document, read_text
from runner.source import Source
from runner.values import Json, split_pointer

NO_SPELLING = "it cannot be written here without changing what stands around it"
SHARED = "an alias refers to what would change, or stands in its place"
ELSEWHERE = "it does not lead to what it is about"


class Refusal(NamedTuple):
    """A problem whose fix is not made, and why."""

    problem: Diagnostic
    reason: str


class Revision(NamedTuple):
    """The new text, and the problems `made` good in it; for those `left` it has to be read again."""

    text: str
    made: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...] = ()
    refused: tuple[Refusal, ...] = ()


def revise(source: Source, problems: Iterable[Diagnostic]) -> Revision:
    """Fix as many problems of a text as go together. Where any of them can be fixed, at least one is."""
    document = read_text(source)
    page = Page(document, document.places.build())
    fixable = [problem for problem in problems if edits_of(problem)]
    here = [problem for problem in fixable if _is_about(page, problem)]
    lost = [Refusal(problem, ELSEWHERE) for problem in fixable if problem not in here]
    single = [problem for problem in here if len(edits_of(problem)) == 1]
    revision = _at_once(document, single)
    taken = [_container(edits_of(problem)) for problem in revision.made]
    made, left, refused = [*revision.made], [*revision.left], [*revision.refused, *lost]
    now = document if revision.text == source.text else _read(document, revision.text)
    for problem in (problem for problem in here if problem not in single):
        container = _container(edits_of(problem))
        if any(_is_within(container, each) or _is_within(each, container) for each in taken):
            left.append(problem)
            continue
        found = _in_turn(now, edits_of(problem))
        if isinstance(found, str):
            refused.append(Refusal(problem, found))
            continue
        now = found
        taken.append(container)
        made.append(problem)
    return Revision(now.source.text, tuple(made), tuple(left), tuple(refused))


def edits_of(problem: Diagnostic) -> tuple[Edit, ...]:
    """Give the edits that fix a problem, if there are any."""
    return problem.fix.edits if problem.fix else ()


def _edits(problems: Iterable[Diagnostic]) -> list[Edit]:
    return [edit for problem in problems for edit in edits_of(problem)]


def _is_about(page: Page, problem: Diagnostic) -> bool:
    """Say whether the first edit of a fix leads to where the problem is drawn, or into the object around that."""
    edit = edits_of(problem)[0]
    if isinstance(edit, Recomment):
        return True
    try:
        spot = page.spot(edit.pointer)
    except LostError:
        return False
    start, end = (spot.key.key_start if spot.key else spot.place.start), spot.place.end
    if start <= problem.span.start <= end or problem.span.start <= start <= problem.span.end:
        return True
    around = spot.around
    return around is not None and around.members is not None and around.start <= problem.span.start <= around.end


def _container(edits: Sequence[Edit]) -> tuple[str, ...] | None:
    """Give the place that holds all that edits change; None for a comment, which is in no value."""
    places = [_changed_at(edit) for edit in edits if not isinstance(edit, Recomment)]
    if not places:
        return None
    shared = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*places, strict=False))
    return tuple(tokens[0] for tokens in shared)


def _changed_at(edit: Rewrite | Rename | Add | Remove) -> tuple[str, ...]:
    tokens = split_pointer(edit.pointer)
    return tokens[:-1] if isinstance(edit, Remove | Rename) else tokens


def _is_within(inner: tuple[str, ...] | None, outer: tuple[str, ...] | None) -> bool:
    return inner is not None and outer is not None and inner[: len(outer)] == outer


def _at_once(document: Document, problems: list[Diagnostic]) -> Revision:
    """Make fixes of one edit each, all by the pointers of the document as it is."""
    chosen, left = _compatible(document.value, problems)
    text = _together(document, _edits(chosen))
    if text is not None:
        return Revision(text, tuple(chosen), tuple(left))
    tried = [(problem, _in_turn(document, edits_of(problem))) for problem in chosen]
    refused = tuple(Refusal(problem, found) for problem, found in tried if isinstance(found, str))
    good = [(problem, found.source.text) for problem, found in tried if not isinstance(found, str)]
    edits = _edits(problem for problem, _ in good)
    text = _together(document, edits) or _one_by_one(document, edits)
    if text is not None:
        return Revision(text, tuple(problem for problem, _ in good), tuple(left), refused)
    (first, text), *others = good
    return Revision(text, (first,), (*(problem for problem, _ in others), *left), refused)


def _compatible(value: Json, problems: list[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Choose the problems whose fixes do not contradict each other, the first ones first."""
    if _goes(value, _edits(problems)):
        return problems, []
    # What contradicts itself is chosen too: it is refused by itself, and waits for nothing.
    chosen = [problem for problem in problems if not _goes(value, edits_of(problem))]
    sound: list[Diagnostic] = []
    left: list[Diagnostic] = []
    for problem in problems:
        if problem not in chosen:
            (sound if _goes(value, _edits([*sound, problem])) else left).append(problem)
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


def _in_turn(document: Document, edits: Sequence[Edit]) -> Document | str:
    """Make edits one after the other, each in the first way that comes out right, or say why that cannot be done."""
    now = document
    try:
        for edit in edits:
            wanted = apply(now.value, [edit])
            for change in _from_the_end(now, [edit]):
                now = _changed(now, change)
            if not same(now.value, wanted):
                return NO_SPELLING
    except (ConflictError, LostError, StopIteration) as error:
        return str(error) or (SHARED if document.shares else NO_SPELLING)
    return now


def _one_by_one(document: Document, edits: Sequence[Edit]) -> str | None:
    """Make edits that are meant at once one after the other, or give nothing where they do not come out right."""
    now = document
    try:
        for change in _from_the_end(document, distinct(edits)):
            now = _changed(now, change)
        return now.source.text if same(now.value, apply(document.value, edits)) else None
    except (ConflictError, LostError, StopIteration):
        return None


def _from_the_end(document: Document, edits: Iterable[Edit]) -> list[Change]:
    """Break edits up, in an order in which none of them moves what a later one points at."""
    page = Page(document, document.places.build())
    changes = (change for edit in edits for change in refined(page, edit))
    return sorted(changes, key=lambda change: next(spliced(page, change))[0][:2], reverse=True)


def _changed(document: Document, change: Change) -> Document:
    """Make one edit in the first way that comes out right; StopIteration where there is none."""
    wanted = apply(document.value, [change])
    page = Page(document, document.places.build())
    texts = (_with(document.source.text, [each]) for each in spliced(page, change))
    return next(_read(document, text) for text in texts if text is not None and _says(document, text, wanted))


def _with(text: str, found: Iterable[Splices]) -> str | None:
    """Replace characters of a text, or give nothing where two replacements are of the same characters."""
    splices = sorted({splice: None for each in found for splice in each}, key=lambda splice: splice[:2])
    overlap = any(one.end > other.start for one, other in pairwise(splices))
    return None if overlap else "".join(_pieces(text, splices))


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
