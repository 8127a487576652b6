"""What a regular expression says that its author hardly meant."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Fix
from runner.plan.rules.report import warning
from runner.source import Span


def pattern_bracket(sign: str, span: Span) -> Diagnostic:
    """A bracket of a pattern has lost its other half, so that the pattern means something else than it seems to.

    Why: a `]` or `}` that closes nothing is a character like any other, and so is a `[` within brackets.
    Example: `^https?://[^/]+/v[0-9+$`, where the second class never ends before the last `]`.
    Instead: close the bracket; for the character itself write `\\[` or `\\]`.
    """
    message = f"this '{sign}' is a character here: a bracket around it has lost its other half"
    return warning("pattern-bracket", message, span, fix=Fix(f"close the bracket, or write \\{sign} for the character"))


def pattern_slash(written: str, span: Span) -> Diagnostic:
    """A pattern stands between slashes, as in a program.

    Why: the slashes are characters of the text that is looked for; before `^`, or behind `$`, there never are any.
    Example: `/^2[0-9]+$/`.
    Instead: `^2[0-9]+$`.
    """
    message = "the slashes around a pattern are characters here: nothing fits it"
    return warning("pattern-slash", message, span, fix=Fix(f"write {written}"))


def pattern_escape(written: str, span: Span) -> Diagnostic:
    """A pattern of a schema escapes a character for which there is no escape.

    Why: JSON Schema recommends patterns that ECMA-262 takes with its flag `u`, and many a validator refuses others:
    with that flag only the characters of its syntax may be escaped.
    Example: `^urn\\:` or `\\_id$`.
    Instead: write the character alone: `^urn:`, `_id$`.
    """
    message = f"'{written}' is no escape of ECMA-262, and other tools refuse it"
    return warning("pattern-escape", message, span, fix=Fix(f"write {written[1:]}"))
