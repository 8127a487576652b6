"""Turns a text and what is wrong with it into the text after its fixes: comments, quotes, layout and line ends stay.

Only the characters that differ are replaced. Every new text is read again, and has to say exactly what the edits make
of the old value; what cannot be written so is refused with a reason, and the text stays as it is.

A fix is found in a document as it is understood, after others have been made in thought. So a fix waits where its edits
do not lead to what it is about in the text as it is written; once the others are made, reading again finds it anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, takewhile, zip_longest
from typing import NamedTuple, TypeAlias

from runner.diagnostics import Add, Diagnostic, Edit, Recomment, Remove, Rename, Rewrite
from runner.loader.apply import Change, ConflictError, Insert, apply, distinct, same
from runner.loader.page import LostError, Page
from runner.loader.splice import Splice, Splices, refined, spliced
from runner.loader.text import Document, read_text
from runner.records import replace
from runner.source import Source
from runner.values import Json, split_pointer

NO_SPELLING = "it cannot be written here without changing what stands around it"
SHARED = "an alias refers to what would change, or stands in its place"
DIFFERENT = "aliases put it into several places, which need different texts"
MIXED = "some lines of the text end in a lone CR and others do not: save it with one kind of line ends"
ELSEWHERE = "it does not lead to what it is about"

Container: TypeAlias = tuple[str, ...] | None
"""The place that holds all that some edits change; None for a comment, which is in no value."""


_LONE_RETURN = re.compile(r"\r(?!\n)")


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
    """Fix as many problems of a text as go together. Where any of them can be fixed, at least one is.

    Lines that end in a lone CR, as Macintoshes once wrote them, are edited as lines of LF: every place is the same.
    """
    found = tuple(problems)
    if not _LONE_RETURN.search(source.text):
        return _revised(source, found)
    if "\n" in source.text:
        return Revision(source.text, (), (), tuple(Refusal(each, MIXED) for each in found if edits_of(each)))
    made = _revised(Source(source.uri, source.name, source.text.replace("\r", "\n")), found)
    return made._replace(text=made.text.replace("\n", "\r"))


def _revised(source: Source, problems: Iterable[Diagnostic]) -> Revision:
    document = read_text(source)
    page = Page(document, document.places.build())
    here, lost = _parted([problem for problem in problems if edits_of(problem)], lambda each: _is_about(page, each))
    single, several = _parted(here, lambda each: len(edits_of(each)) == 1)
    first = _at_once(document, single)
    now = document if first.text == source.text else _read(document, first.text)
    then = _apart(now, several, _Taken(_container(_edits([problem])) for problem in first.made))
    refused = (*first.refused, *(Refusal(problem, ELSEWHERE) for problem in lost), *then.refused)
    return Revision(then.text, (*first.made, *then.made), (*first.left, *then.left), refused)


def _parted(
    problems: Iterable[Diagnostic], test: Callable[[Diagnostic], bool]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Give those of which a test is true, and the others."""
    parts: tuple[list[Diagnostic], list[Diagnostic]] = [], []
    for problem in problems:
        parts[0 if test(problem) else 1].append(problem)
    return parts


def edits_of(problem: Diagnostic) -> tuple[Edit, ...]:
    """Give the edits that fix a problem, if there are any."""
    return problem.fix.edits if problem.fix else ()


def _rounds(problem: Diagnostic) -> list[list[Edit]]:
    """Give the edits of a fix in turn; those that aliases want in several places are made at once."""
    elsewhere = problem.fix.elsewhere if problem.fix else ()
    rounds = zip_longest(edits_of(problem), *elsewhere)
    return [[edit for edit in edits if edit is not None] for edits in rounds]


def _edits(problems: Iterable[Diagnostic]) -> list[Edit]:
    return [edit for problem in problems for edits in _rounds(problem) for edit in edits]


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


def _container(edits: Sequence[Edit]) -> Container:
    """Give the place that holds all that edits change."""
    places = [_changed_at(edit) for edit in edits if not isinstance(edit, Recomment)]
    if not places:
        return None
    shared = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*places, strict=False))
    return tuple(tokens[0] for tokens in shared)


def _changed_at(edit: Rewrite | Rename | Add | Remove) -> tuple[str, ...]:
    tokens = split_pointer(edit.pointer)
    return tokens[:-1] if isinstance(edit, Remove | Rename) else tokens


class _Taken:
    """The places in which something has changed."""

    def __init__(self, containers: Iterable[Container]) -> None:
        self.places: set[tuple[str, ...]] = set()
        self.above: set[tuple[str, ...]] = set()
        for container in containers:
            self.add(container)

    def add(self, container: Container) -> None:
        if container is not None:
            self.places.add(container)
            self.above.update(container[:length] for length in range(len(container) + 1))

    def meets(self, container: Container) -> bool:
        """Say whether a place holds one of these, or is in one."""
        if container is None:
            return False
        return container in self.above or any(container[:length] in self.places for length in range(len(container)))


class _Halved(NamedTuple):
    """A document after fixes, those that were made, and those that could not be."""

    document: Document
    made: list[Diagnostic]
    refused: list[Refusal]


def _apart(document: Document, problems: list[Diagnostic], taken: _Taken) -> Revision:
    """Make fixes of several edits each, at once those that have nothing to do with each other."""
    made, refused, rest, is_settled = list[Diagnostic](), list[Refusal](), problems, False
    while not is_settled:
        chosen, rest = _separate(rest, taken)
        found = _by_halves(document, chosen)
        document, is_settled = found.document, not found.refused  # in the place of what is refused others may go
        for problem in found.made:
            taken.add(_container(_edits([problem])))
        made += found.made
        refused += found.refused
    return Revision(document.source.text, tuple(made), tuple(rest), tuple(refused))


def _separate(problems: list[Diagnostic], taken: _Taken) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Choose the problems whose places have nothing to do with each other, the first ones first; and give the rest."""
    chosen = _Taken(())

    def is_free(problem: Diagnostic) -> bool:
        container = _container(_edits([problem]))
        if taken.meets(container) or chosen.meets(container):
            return False
        chosen.add(container)
        return True

    return _parted(problems, is_free)


def _by_halves(document: Document, problems: list[Diagnostic]) -> _Halved:
    """Make fixes in separate places all at once; where that does not come out right, each half of them by itself."""
    now = _in_step(document, problems)
    if now is not None:
        return _Halved(now, problems, [])
    if len(problems) == 1:
        alone = _in_turn(document, problems[0])
        if isinstance(alone, str):
            return _Halved(document, [], [Refusal(problems[0], alone)])
        return _Halved(alone, problems, [])
    middle = len(problems) // 2
    first = _by_halves(document, problems[:middle])
    then = _by_halves(first.document, problems[middle:])
    return _Halved(then.document, first.made + then.made, first.refused + then.refused)


def _in_step(document: Document, problems: list[Diagnostic]) -> Document | None:
    """Make the first edits of all fixes at once, then the second ones, and so on."""
    now = document
    for rounds in zip_longest(*map(_rounds, problems), fillvalue=list[Edit]()):
        text = _together(now, [edit for edits in rounds for edit in edits])
        if text is None:
            return None
        now = _read(now, text)
    return now


def _at_once(document: Document, problems: list[Diagnostic]) -> Revision:
    """Make fixes of one edit each, all by the pointers of the document as it is."""
    chosen, left = _compatible(document.value, problems)
    text = _together(document, _edits(chosen))
    if text is not None:
        return Revision(text, tuple(chosen), tuple(left))
    good, refused = _sound(document, chosen)
    edits = _edits(good)
    text = _together(document, edits) or _one_by_one(document, edits)
    if text is not None:
        return Revision(text, tuple(good), tuple(left), tuple(refused))
    first, *others = good
    alone = _in_turn(document, first)
    assert not isinstance(alone, str)
    return Revision(alone.source.text, (first,), (*others, *left), tuple(refused))


def _sound(document: Document, problems: list[Diagnostic]) -> tuple[list[Diagnostic], list[Refusal]]:
    """Give the problems whose fixes come out right by themselves, and why the others do not."""
    if _together(document, _edits(problems)) is not None:
        return problems, []
    if len(problems) == 1:
        alone = _in_turn(document, problems[0])
        return ([], [Refusal(problems[0], alone)]) if isinstance(alone, str) else (problems, [])
    middle = len(problems) // 2
    first, then = _sound(document, problems[:middle]), _sound(document, problems[middle:])
    return first[0] + then[0], first[1] + then[1]


def _compatible(value: Json, problems: list[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Choose the problems whose fixes do not contradict each other, the first ones first."""
    if _goes(value, _edits(problems)):
        return problems, []
    # What contradicts itself is chosen too: it is refused by itself, and waits for nothing.
    possible, chosen = _parted(problems, lambda problem: _goes(value, _edits([problem])))
    sound, left = _agreeing(value, [], possible)
    return [*sound, *chosen], left


def _agreeing(
    value: Json, sound: list[Diagnostic], problems: list[Diagnostic]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Add to the `sound` problems those that go with them, and give what is left; halves are tried by themselves."""
    if _goes(value, _edits([*sound, *problems])):
        return [*sound, *problems], []
    if len(problems) == 1:
        return sound, problems
    middle = len(problems) // 2
    sound, left = _agreeing(value, sound, problems[:middle])
    sound, others = _agreeing(value, sound, problems[middle:])
    return sound, left + others


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


def _in_turn(document: Document, problem: Diagnostic) -> Document | str:
    """Make edits one after the other, each in the first way that comes out right, or say why that cannot be done."""
    now = document
    try:
        for edits in _rounds(problem):
            wanted = apply(now.value, edits)
            text = _together(now, edits) if len(edits) > 1 else None
            for change in _from_the_end(now, edits) if text is None else ():
                now = _changed(now, change)
            now = now if text is None else _read(now, text)
            if not same(now.value, wanted):
                return NO_SPELLING
    except (ConflictError, LostError, StopIteration) as error:
        return str(error) or _why_not(document, problem)
    return now


def _why_not(document: Document, problem: Diagnostic) -> str:
    """Say why there is no spelling: what an alias stands for cannot be changed for one of its uses alone."""
    if not document.shares:
        return NO_SPELLING
    wanted = {
        repr([replace(each, pointer="") for each in edits if not isinstance(each, Recomment)])
        for edits in (edits_of(problem), *(problem.fix.elsewhere if problem.fix else ()))
    }
    return SHARED if len(wanted) == 1 else DIFFERENT


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
    """Break edits up, in an order in which none of them moves what a later one points at.

    Of entries that are inserted at one place the last comes first: those before it push it on.
    """
    page = Page(document, document.places.build())
    changes = [change for edit in edits for change in refined(page, edit)]

    def place(number: int) -> tuple[int, int, int]:
        change = changes[number]
        start, end, _ = next(spliced(page, change))[0]
        return start, end, number if isinstance(change, Insert) else -number

    return [changes[number] for number in sorted(range(len(changes)), key=place, reverse=True)]


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
