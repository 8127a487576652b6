"""What every rule is made of."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Fix, Label
from runner.source import Span


def error(
    rule: str, message: str, span: Span, *, label: str = "", related: tuple[Label, ...] = (), fix: Fix | None = None
) -> Diagnostic:
    """Report what stops a run."""
    return Diagnostic(rule, "error", message, span, label, related, fix=fix)


def warning(rule: str, message: str, span: Span, *, fix: Fix | None = None) -> Diagnostic:
    """Report what a run survives."""
    return Diagnostic(rule, "warning", message, span, fix=fix)


def known_names(kind: str, names: list[str]) -> Fix | None:
    """Offer the names there are, where none is close to the one that is written."""
    if not names:
        return None
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return Fix(f"{kind} there are: {shown}")
