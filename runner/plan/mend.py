"""Turn a text as people write it into the text that the specification has for it, and report each repair.

A repair is a rule that knows what was meant. It is a function of a text and of where the text stands; it looks for one
way of writing, and says which characters should be which. What is compiled is the mended text, and the edit that is
offered writes that very text: so a document runs as it does after `arazzo check --fix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from runner.diagnostics import Diagnostic, Edit, Fix, Remove, Rewrite, Severity
from runner.expressions.template import Style
from runner.plan.context import Context
from runner.plan.names import Names
from runner.records import Frozen, replace
from runner.source import Span
from runner.values import pointer_name

LONGEST = 100_000
"""Characters of a text beyond which it is taken as it is: nobody writes so, and to look through it takes its time."""
MOST = 100  # repairs in one text; every one of them shortens the way to a text that needs none
MOST_READ = 300_000
"""Characters that are looked through of one text: after each repair it is all of them again."""


class Reading(Frozen):
    """A text's place, the names in its reach, and the language around its expressions."""

    ctx: Context
    scope: Names
    pointer: str
    style: Style = "text"


class Slip(Frozen):
    """The characters `start` to `end` of a text, the `text` that should stand there, and what is said of it.

    `refused` says that Arazzo 1.1 leaves no room for this reading: there it is an error, with the same fix. `edits` are
    those that it needs in other places of the document, and `title` what is offered, where that is not the text alone.
    """

    message: str
    start: int
    end: int
    text: str
    refused: bool = False
    edits: tuple[Edit, ...] = ()
    title: str = ""


Repair: TypeAlias = Callable[[str, Reading], Slip | None]
"""Find the first place of a text that is written in one particular way; the function's docstring explains the rule."""


class Found(NamedTuple):
    """What a repair found, and where in the file."""

    rule: str
    slip: Slip
    span: Span


class Mended(Frozen):
    """A text after its repairs. `replaced` are the start, the end and the new length of each, in turn."""

    text: str
    reading: Reading
    replaced: tuple[tuple[int, int, int], ...] = ()
    found: tuple[Found, ...] = ()

    def span(self, start: int, end: int) -> Span:
        """Give where the characters of the mended text stand in the file; replaced ones as a whole."""
        for first, last, length in reversed(self.replaced):
            shift = last - first - length
            start = start if start <= first else first if start < first + length else start + shift
            end = end if end <= first else last if end <= first + length else end + shift
        return self.reading.ctx.within(self.reading.pointer, start, end)

    def after(self, rule: str, slip: Slip) -> Mended:
        """Apply one repair more."""
        changed = slip.text != self.text[slip.start : slip.end]
        return replace(
            self,
            text=self.text[: slip.start] + slip.text + self.text[slip.end :],
            replaced=(*self.replaced, *([(slip.start, slip.end, len(slip.text))] if changed else ())),
            found=(*self.found, Found(rule, slip, self.span(slip.start, slip.end))),
        )

    def by(self, repairs: Iterable[Repair]) -> Mended:
        """Apply repairs until none of them finds anything."""
        known, mended = tuple(repairs) if len(self.text) <= LONGEST else (), self
        most = min(MOST, MOST_READ // max(len(self.text), 1))
        while len(mended.found) < most and (next_one := _first(known, mended)) is not None:
            mended = mended.after(*next_one)
        return mended

    def report(self) -> None:
        """Report what was repaired, each with the edits that write it all."""
        edits: tuple[Edit, ...] = (Rewrite(self.reading.pointer, self.text),) if self.replaced else ()
        edits += tuple(edit for each in self.found for edit in each.slip.edits)
        for rule, slip, span in self.found:
            fix = Fix(_title(slip), edits)
            self.reading.ctx.report(repaired(self.reading.ctx, rule, slip.message, span, fix, refused=slip.refused))


def mend(repairs: Iterable[Repair], written: str, reading: Reading) -> Mended:
    """Apply repairs to a text until none of them finds anything, and report each with the edit that writes them all."""
    mended = Mended(written, reading).by(repairs)
    mended.report()
    return mended


def _title(slip: Slip) -> str:
    if slip.title:
        return slip.title
    removed = " and ".join(f"'{pointer_name(edit.pointer)}'" for edit in slip.edits if isinstance(edit, Remove))
    without = f", and leave out {removed}" if removed else ""
    return f"write {slip.text}{without}" if slip.text else "leave it out"


def repaired(ctx: Context, rule: str, message: str, span: Span, fix: Fix, *, refused: bool = False) -> Diagnostic:
    """Report what was understood though it is not written as the specification says."""
    severity: Severity = "error" if refused and ctx.arazzo.document.dialect.strict else "warning"
    return Diagnostic(rule, severity, message, span, fix=fix)


def rule_name(rule: Callable[..., object]) -> str:
    """Give the name of a rule: its function's, with dashes."""
    return rule.__name__.replace("_", "-")


def _first(repairs: Iterable[Repair], mended: Mended) -> tuple[str, Slip] | None:
    for repair in repairs:
        slip = repair(mended.text, mended.reading)
        if slip is not None:
            return rule_name(repair), slip
    return None
