"""What can be wrong with the structure of a document, where it has to be explained: one function per rule."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Fix
from runner.source import Span


def foreign_reference(what: str, span: Span) -> Diagnostic:
    """A parameter or action is to be taken from another file.

    Why: a Reusable Object reuses a component of its own document; `$ref` is known in the schemas of `inputs` alone.
    Example: `parameters: [{$ref: ./parameters.yaml#/page}]`.
    Instead: put it under `components.parameters`, and write `reference: $components.parameters.page`.
    """
    message = f"{what} cannot be taken from elsewhere by $ref"
    return Diagnostic(
        "foreign-reference", "error", message, span, fix=Fix("reuse a component: write reference: $components.…")
    )


def invented_field(message: str, span: Span, advice: str) -> Diagnostic:
    """An object has a field that Arazzo does not have, and that would change what happens.

    Why: it would be dropped in silence, and the workflow would do something else than it says.
    Example: `forEach: $steps.list.outputs.items` in a step, or `outputs` in an action.
    Instead: see the help for what Arazzo has for it.
    """
    return Diagnostic("invented-field", "error", message, span, fix=Fix(advice))


def stray_quote(sign: str, span: Span, fix: Fix) -> Diagnostic:
    """A text without quotes ends in a quote that nothing opens.

    Why: the quote is a part of the value, where it was most likely meant to close one.
    Example: `condition: ^[a-z]+$'`.
    Instead: `condition: '^[a-z]+$'`.
    """
    return Diagnostic("stray-quote", "warning", f"this {sign} closes nothing: it is a part of the text", span, fix=fix)
