"""What is said of a whole invocation, where there is no document to say it of; and of comments about rules."""

from __future__ import annotations

from collections.abc import Iterable

from runner.diagnostics import Diagnostic, Edit, Fix, did_you_mean
from runner.source import Source, Span


def refused(message: str, hint: str, span: Span) -> Diagnostic:
    """What was asked for on the command line cannot be done.

    Why: reports know only diagnostics, and say why nothing ran.
    Example: `arazzo run flow.arazzo.yaml -w logn` where the document has no workflow `logn`.
    Instead: what the message offers.
    """
    return Diagnostic("refused", "error", message, span, fix=Fix(hint) if hint else None)


def unreadable_document(message: str, span: Span) -> Diagnostic:
    """A document that was named cannot be read.

    Why: nothing is known of it.
    Example: `arazzo check flwo.arazzo.yaml` where the file is called `flow.arazzo.yaml`.
    Instead: name a file that is there and may be read, in UTF-8, UTF-16 or UTF-32.
    """
    return Diagnostic("unreadable-document", "error", message, span)


def document_unreachable(message: str, span: Span) -> Diagnostic:
    """A document that was named by its URL cannot be fetched.

    Why: nothing is known of it; the exit code is 4, for trying again may help.
    Example: `arazzo check https://example.com/flow.arazzo.yaml` without a network.
    Instead: look at the reason; under `--offline` nothing is fetched.
    """
    return Diagnostic("document-unreachable", "error", message, span)


def unused_ignore(rule: str, known: Iterable[str], span: Span, edit: Edit) -> Diagnostic:
    """A comment ignores a rule that says nothing there.

    Why: it would hide the next mistake at that place, which nobody has seen yet.
    Example: `# arazzo: ignore[unknown-expression]` behind a value that is an expression by now.
    Instead: take the comment away.
    """
    names = set(known)
    if rule in names:
        return Diagnostic("unused-ignore", "warning", f"'{rule}' says nothing here", span, fix=_away(edit))
    fix = did_you_mean(rule, names) or _away(edit)
    return Diagnostic("unused-ignore", "warning", f"there is no rule '{rule}'", span, fix=fix)


def nowhere(uri: str, name: str) -> Span:
    """Give a place in a document whose text there is not."""
    return Span(Source(uri, name, ""), 0, 0)


def _away(edit: Edit) -> Fix:
    return Fix("take it out of the comment", (edit,))
