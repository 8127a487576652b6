"""Turns documents into the texts that their repairs leave, their own and those of sources: nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner import api
from runner.diagnostics import Diagnostic, Edit, in_order
from runner.loader.edit import revise
from runner.source import Source

PASSES = 25
"""Readings of a document; a repair may show what another one hid, but none of them brings back what it has repaired."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text before and after, and how many fixes lie between."""

    before: Source
    text: str
    fixes: int


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is left to say of a document, and the files that change, by URI."""

    checked: api.Checked
    files: Mapping[str, Rewritten] = field(default_factory=dict)


def fix(location: str, sources: api.Sources) -> Fixed:
    """Make every fix of a document that can be made, in its text and in those of its sources that are files.

    Each text is read again after its fixes, until there is nothing left to fix.
    """
    files: dict[str, Rewritten] = {}
    refused: dict[tuple[str, str], str] = {}
    found = api.check(location, sources, contracts=True)
    for _ in range(PASSES):
        changed = dict(_pass(found, refused))
        if not changed:
            break
        for uri, made in changed.items():
            earlier = files.get(uri, Rewritten(made.before, "", 0))
            files[uri] = Rewritten(earlier.before, made.text, earlier.fixes + made.fixes)
        sources = replace(sources, texts={**sources.texts, **{uri: made.text for uri, made in changed.items()}})
        found = api.check(location, sources, contracts=True)
    return Fixed(_with_reasons(found, refused), files)


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
        fixed = fix(file, replace(sources, texts={**sources.texts, **texts}))
        left += fixed.checked.diagnostics
        for uri, made in fixed.files.items():
            earlier = changed.get(uri, Rewritten(made.before, "", 0))
            changed[uri] = Rewritten(earlier.before, made.text, earlier.fixes + made.fixes)
    return in_order(left), changed


def is_fixable(problem: Diagnostic) -> bool:
    return bool(problem.fix and problem.fix.edits)


def _pass(checked: api.Checked, refused: dict[tuple[str, str], str]) -> Iterator[tuple[str, Rewritten]]:
    """Revise each text once; what is refused is noted with its reason."""
    by_source: dict[str, list[Diagnostic]] = {}
    for problem in checked.diagnostics:
        if is_fixable(problem) and _key(problem) not in refused:
            by_source.setdefault(problem.span.source.uri, []).append(problem)
    for uri, problems in by_source.items():
        if not uri.startswith("file:"):
            refused |= {_key(problem): "it does not stand in a file" for problem in problems}
            continue
        source = problems[0].span.source
        revision = revise(source, [problem.fix for problem in problems if problem.fix])
        refused |= {(uri, _said(each.fix.edits)): each.reason for each in revision.refused}
        if revision.text != source.text:
            made = {_said(each.edits) for each in revision.made}
            yield uri, Rewritten(source, revision.text, sum(_key(problem)[1] in made for problem in problems))


def _with_reasons(checked: api.Checked, refused: Mapping[tuple[str, str], str]) -> api.Checked:
    """Say of each fix that was refused why it was."""
    told = (
        replace(problem, notes=(*problem.notes, f"--fix leaves this as it is: {refused[_key(problem)]}"))
        if _key(problem) in refused
        else problem
        for problem in checked.diagnostics
    )
    return checked._replace(diagnostics=tuple(told))


def _key(problem: Diagnostic) -> tuple[str, str]:
    return problem.span.source.uri, _said(problem.fix.edits if problem.fix else ())


def _said(edits: tuple[Edit, ...]) -> str:
    """Tell edits apart by what they say: the values in them cannot be hashed."""
    return repr(edits)
