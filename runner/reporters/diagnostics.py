"""Turns a diagnostic into text: drawn at its line as a good compiler does, or on one line."""

from __future__ import annotations

from collections.abc import Iterable

from runner.diagnostics import Diagnostic
from runner.reporters.snippet import Underline, draw, gutter_width
from runner.reporters.style import Style
from runner.reporters.text import count, one_line, visible


def render_full(diagnostic: Diagnostic, style: Style) -> str:
    """Draw a diagnostic at its line, with the second places, the notes and what helps."""
    role = diagnostic.severity
    head = style.paint(f"{diagnostic.severity}[{diagnostic.rule}]", role)
    head += style.paint(f": {one_line(diagnostic.message)}", "strong")
    underlines = [Underline(diagnostic.span, diagnostic.label, "^", role)]
    underlines += [Underline(label.span, label.text, "-", "note") for label in diagnostic.related]
    gutter = gutter_width(underlines)
    notes = [_note("note", text, gutter, style) for text in diagnostic.notes]
    if diagnostic.fix:
        notes.append(_note("help", diagnostic.fix.title, gutter, style))
    lines = [head, *draw(underlines, style)]
    if notes and len(lines) > 2:
        lines.append(f"{' ' * gutter} {style.paint('|', 'gutter')}")
    return "\n".join([*lines, *notes])


def render_concise(diagnostic: Diagnostic) -> str:
    """Write a diagnostic on one line: `file:line:column: severity[rule]: message`."""
    return f"{one_line(str(diagnostic.span))}: {diagnostic.severity}[{diagnostic.rule}]: {one_line(diagnostic.message)}"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """Count diagnostics: `2 errors, 1 warning`, or `no problems`."""
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counted = [(severities.count("error"), "error"), (severities.count("warning"), "warning")]
    return ", ".join(count(number, noun) for number, noun in counted if number) or "no problems"


def _note(kind: str, text: str, gutter: int, style: Style) -> str:
    lead = f"{' ' * gutter} {style.paint('=', 'gutter')} {style.paint(kind, 'strong')}: "
    indent = "\n" + " " * (gutter + len(f" = {kind}: "))
    return lead + visible(text).replace("\n", indent)
