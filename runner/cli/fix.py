"""Turns documents into the texts that their repairs leave, their own and those of sources: nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runner import api
from runner.diagnostics import Diagnostic, in_order
from runner.loader.edit import revise
from runner.records import Frozen, field, replace
from runner.source import Source

PASSES = 100
"""Readings of a document; a repair may show what another one hid, but none of them brings back what it has repaired."""


class Rewritten(Frozen):
    """A text before and after, and how many fixes lie between."""

    before: Source
    text: str
    fixes: int


class Fixed(Frozen):
    """What is left to say of a document, and the files that change, by URI."""

    left: tuple[Diagnostic, ...]
    files: Mapping[str, Rewritten] = field(default_factory=dict)


def fix(location: str, sources: api.Sources, known: Sequence[Diagnostic] | None = None) -> Fixed:
    """Make every fix of a document that can be made, in its text and in those of its sources that are files.

    Each text is read again after its fixes, until there is nothing left to fix. What is `known` to be wrong with the
    texts as they are need not be looked for.
    """
    files: dict[str, Rewritten] = {}
    found = api.check(location, sources, contracts=True).diagnostics if known is None else known
    for _ in range(PASSES):
        reasons: dict[int, str] = {}
        changed = dict(_pass(found, reasons))
        if not changed:
            break
        for uri, made in changed.items():
            earlier = files.get(uri, Rewritten(made.before, "", 0))
            files[uri] = Rewritten(earlier.before, made.text, earlier.fixes + made.fixes)
        sources = replace(sources, texts={**sources.texts, **{uri: made.text for uri, made in changed.items()}})
        found = api.check(location, sources, contracts=True).diagnostics
    return Fixed(tuple(_with_reasons(found, reasons)), files)


def _pass(found: Sequence[Diagnostic], reasons: dict[int, str]) -> Iterator[tuple[str, Rewritten]]:
    """Revise each text once; the reason why something cannot be fixed is noted by its place among what was found."""
    by_source: dict[str, dict[int, Diagnostic]] = {}
    for index, problem in enumerate(found):
        if is_fixable(problem):
            by_source.setdefault(problem.span.source.uri, {})[index] = problem
    for uri, problems in by_source.items():
        if not uri.startswith("file:"):
            reasons |= dict.fromkeys(problems, "it does not stand in a file")
            continue
        source = next(iter(problems.values())).span.source
        revision = revise(source, problems.values())
        refused = {id(each.problem): each.reason for each in revision.refused}
        reasons |= {index: refused[id(problem)] for index, problem in problems.items() if id(problem) in refused}
        if revision.text != source.text:
            yield uri, Rewritten(source, revision.text, len(revision.made))


def _with_reasons(found: Sequence[Diagnostic], reasons: Mapping[int, str]) -> Iterator[Diagnostic]:
    """Say of each fix that was refused why it was."""
    for index, problem in enumerate(found):
        note = f"--fix leaves this as it is: {reasons.get(index)}"
        yield replace(problem, notes=(*problem.notes, note)) if index in reasons else problem


def fix_each(
    files: Sequence[str], sources: api.Sources, found: Sequence[tuple[Diagnostic, ...]]
) -> tuple[tuple[Diagnostic, ...], dict[str, Rewritten]]:
    """Fix the documents in which there is something to fix, one after the other: they may share what changes."""
    left: list[Diagnostic] = []
    changed: dict[str, Rewritten] = {}
    for file, problems in zip(files, found, strict=True):
        if not any(map(is_fixable, problems)):
            left += problems
            continue
        texts = {uri: each.text for uri, each in changed.items()}
        fixed = fix(file, replace(sources, texts={**sources.texts, **texts}), None if changed else problems)
        left += fixed.left
        for uri, made in fixed.files.items():
            earlier = changed.get(uri, Rewritten(made.before, "", 0))
            changed[uri] = Rewritten(earlier.before, made.text, earlier.fixes + made.fixes)
    return in_order(left), changed


def is_fixable(problem: Diagnostic) -> bool:
    return bool(problem.fix and problem.fix.edits)
