"""Turn a text as people write it into the text that the specification has for it, and report each repair.

A repair is a rule that knows what was meant. It is a function of a text and of where the text stands; it looks for one
way of writing, and says which characters should be which. What is compiled is the mended text, and the edit that is
offered writes that very text: so a document runs as it does after `arazzo check --fix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from runner.diagnostics import Diagnostic, Fix, Rewrite, Severity
from runner.expressions.template import Style
from runner.plan.context import Context
from runner.plan.names import Names
from runner.source import Span

MOST = 100  # repairs in one text; every one of them shortens the way to a text that needs none


@dataclass(frozen=True, slots=True)
class Reading:
    """A text's place, the names in its reach, and the language around its expressions."""

    ctx: Context
    scope: Names
    pointer: str
    style: Style = "text"


@dataclass(frozen=True, slots=True)
class Slip:
    """The characters `start` to `end` of a text, the `text` that should stand there, and what is said of it.

    `refused` says that Arazzo 1.1 leaves no room for this reading: there it is an error, with the same fix.
    """

    message: str
    start: int
    end: int
    text: str
    refused: bool = False


Repair: TypeAlias = Callable[[str, Reading], Slip | None]
"""Find the first place of a text that is written in one particular way; the function's docstring explains the rule."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A text after its repairs. `replaced` are the start, the end and the new length of each, in turn."""

    text: str
    reading: Reading
    replaced: tuple[tuple[int, int, int], ...] = ()

    def span(self, start: int, end: int) -> Span:
        """Give where the characters of the mended text stand in the file; replaced ones as a whole."""
        for first, last, length in reversed(self.replaced):
            shift = last - first - length
            start = start if start <= first else first if start < first + length else start + shift
            end = end if end <= first else last if end <= first + length else end + shift
        return self.reading.ctx.within(self.reading.pointer, start, end)


def mend(repairs: Iterable[Repair], written: str, reading: Reading) -> Mended:
    """Apply repairs to a text until none of them finds anything, and report each with the edit that writes them all."""
    known = tuple(repairs)
    mended = Mended(written, reading)
    found: list[tuple[Repair, Slip, Span]] = []
    while len(found) < MOST and (next_one := _first(known, mended)) is not None:
        repair, slip = next_one
        found.append((repair, slip, mended.span(slip.start, slip.end)))
        text = mended.text[: slip.start] + slip.text + mended.text[slip.end :]
        mended = Mended(text, reading, (*mended.replaced, (slip.start, slip.end, len(slip.text))))
    edits = (Rewrite(reading.pointer, mended.text),)
    for repair, slip, span in found:
        fix = Fix(f"write {slip.text}" if slip.text else "leave it out", edits)
        reading.ctx.report(repaired(reading.ctx, rule_name(repair), slip.message, span, fix, refused=slip.refused))
    return mended


def repaired(ctx: Context, rule: str, message: str, span: Span, fix: Fix, *, refused: bool = False) -> Diagnostic:
    """Report what was understood though it is not written as the specification says."""
    severity: Severity = "error" if refused and ctx.arazzo.document.dialect.strict else "warning"
    return Diagnostic(rule, severity, message, span, fix=fix)


def rule_name(rule: Callable[..., object]) -> str:
    """Give the name of a rule: its function's, with dashes."""
    return rule.__name__.replace("_", "-")


def _first(repairs: Iterable[Repair], mended: Mended) -> tuple[Repair, Slip] | None:
    for repair in repairs:
        slip = repair(mended.text, mended.reading)
        if slip is not None:
            return repair, slip
    return None
