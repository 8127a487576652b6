"""Turns what was found into what is told: by the level of each rule, and by comments in the document.

A comment `# arazzo: ignore[rule, rule]` silences warnings of its own line, or of the next one where it stands alone;
`# arazzo: ignore-file[rule]` silences those of the whole document. What stops a run cannot be silenced.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias

from runner.diagnostics import Diagnostic, Fix, Recomment, did_you_mean
from runner.late import late_pattern
from runner.records import Frozen, replace
from runner.source import Place, Source, Span

RuleLevel: TypeAlias = Literal["off", "warning", "error"]
LEVELS: tuple[RuleLevel, ...] = ("off", "warning", "error")

DEFAULTS: Mapping[str, RuleLevel] = {"unused-output": "off"}
"""Rules that say nothing until they are asked."""

COMMENT = "arazzo: ignore"
"""What is there only in a document that silences something."""

_COMMENT = late_pattern(r"# ?arazzo: (ignore(?:-file)?)[ \t]*(?:\[([^\]\n]*)\])?[^\r\n]*")

_HEADER = late_pattern(r"[|>][^\r\n]*")


class Silence(Frozen):
    """A comment that silences rules; `lines` are those it is about, None for the whole document.

    `is_shared` where it stands in a description that other documents use too: what it silences may be theirs.
    """

    rules: tuple[str, ...]
    lines: range | None
    span: Span
    is_shared: bool = False

    def covers(self, problem: Diagnostic) -> bool:
        if problem.span.source.uri != self.span.source.uri or problem.rule not in self.rules:
            return False
        return self.lines is None or problem.span.begin.line in self.lines


def settle(
    found: Iterable[Diagnostic], levels: Mapping[str, RuleLevel], silences: Iterable[Silence] = ()
) -> tuple[Diagnostic, ...]:
    """Give what is told of what was found: warnings by their level, errors as they are."""
    problems, comments = tuple(found), tuple(silences)
    chosen = {**DEFAULTS, **levels}
    told: list[Diagnostic] = []
    heeded: set[Silence] = set()
    for problem in problems:
        silencing = [each for each in comments if each.covers(problem)] if problem.severity == "warning" else []
        heeded.update(silencing)
        level = chosen.get(problem.rule, "warning")
        if problem.severity == "error":
            told.append(_unmoved(problem) if levels.get(problem.rule) == "off" else problem)
        elif not silencing and level != "off":
            told.append(replace(problem, severity=level))
    idle = (each for each in comments if each not in heeded and not each.is_shared)
    unused = [_unused(each, problems) for each in idle if not _only_off(each, chosen)]
    return (*told, *(each for each in unused if chosen.get(each.rule) != "off"))


def _unmoved(problem: Diagnostic) -> Diagnostic:
    return replace(problem, notes=(*problem.notes, "this is an error, which no setting of [rules] turns off"))


def silences(source: Source, root: Place) -> Iterator[Silence]:
    """Find the comments of a document that silence rules; text that only looks like one is none."""
    values: _Values | None = None
    for found in _COMMENT.finditer(source.text):
        values = values or _values(source, root)
        if values.hold(found.start()):
            continue
        span = Span(source, found.start(), found.end())
        rules = tuple(filter(None, (rule.strip() for rule in (found[2] or "").split(","))))
        line = span.begin.line
        alone = not source.line(line)[: span.begin.column - 1].strip()
        lines = values.around(line + 1 if alone else line)
        yield Silence(rules, None if found[1] == "ignore-file" else lines, span)


class _Values(NamedTuple):
    """Where the keys and scalars of a document begin, in order, and how far those up to each of them reach.

    `lines` are those of values that stand on several, each with the first and the last one of what stands there.
    """

    begins: Sequence[int]
    reach: Sequence[int]
    lines: Mapping[int, tuple[int, int]]

    def hold(self, offset: int) -> bool:
        """Say whether an offset lies within a value."""
        index = bisect_right(self.begins, offset)
        return index > 0 and offset < self.reach[index - 1]

    def around(self, line: int) -> range:
        """Give the lines of what stands on a line: a value may begin there and go on below, or have begun above."""
        first, last = self.lines.get(line, (line, line))
        return range(first, last + 1)


def _values(source: Source, root: Place) -> _Values:
    """Go through a document once; behind the `|` or `>` of a block a comment may stand."""
    held: list[tuple[int, int]] = []
    lines: dict[int, tuple[int, int]] = {}
    for start, end in dict.fromkeys(_scalars(root)):
        header = _HEADER.match(source.text, start, end)
        held.append((header.end() if header else start, end))
        first, last = source.position(start).line, source.position(end).line
        for line in range(first, last + 1) if first < last else ():
            begun, ended = lines.get(line, (first, last))
            lines[line] = min(begun, first), max(ended, last)
    held.sort()
    return _Values([begin for begin, _ in held], list(accumulate((end for _, end in held), max)), lines)


def _scalars(place: Place) -> Iterator[tuple[int, int]]:
    """Give where each key and each scalar stands."""
    if place.members is None and place.items is None:
        yield place.start, place.end
    for member in (place.members or {}).values():
        yield member.key_start, member.key_end
        yield from _scalars(member.value)
    for item in place.items or ():
        yield from _scalars(item)


def _only_off(silence: Silence, levels: Mapping[str, RuleLevel]) -> bool:
    return bool(silence.rules) and all(levels.get(rule) == "off" for rule in silence.rules)


def _unused(silence: Silence, problems: Iterable[Diagnostic]) -> Diagnostic:
    """Say that a comment silences nothing, and why."""
    if not silence.rules:
        message, fix = "this comment names no rule", Fix("write # arazzo: ignore[RULE]")
        return unused_ignore(message, silence.span, fix)
    here = [each for each in problems if silence.lines is None or each.span.begin.line in silence.lines]
    if any(each.rule in silence.rules and each.severity == "error" for each in here):
        return unused_ignore("an error cannot be silenced", silence.span, None)
    listed = " and ".join(f"'{rule}'" for rule in silence.rules)
    meant = did_you_mean(silence.rules[0], {each.rule for each in here})
    away = Fix("take it away", (Recomment(silence.span.start, silence.span.end),))
    return unused_ignore(f"there is nothing of {listed} to silence here", silence.span, meant or away)


def unused_ignore(message: str, span: Span, fix: Fix | None) -> Diagnostic:
    """A comment silences nothing.

    Why: what it was for is gone, or its rule is misspelt; and it would hide the next one unseen.
    Example: `# arazzo: ignore[undeclared-status]` on a line that is as it should be.
    Instead: take the comment away.
    """
    return Diagnostic("unused-ignore", "warning", message, span, fix=fix)
