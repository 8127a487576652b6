"""Text that is not in the language it should be in."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Fix
from runner.plan.rules.report import error, warning
from runner.source import Span


def expression_syntax(message: str, span: Span, fix: Fix | None) -> Diagnostic:
    """A runtime expression does not follow the grammar.

    Why: it could only be sent as it is written, or give nothing.
    Example: `$steps.login.token` instead of `$steps.login.outputs.token`.
    Instead: see Runtime Expressions in the specification for the forms there are.
    """
    return error("expression-syntax", message, span, fix=fix)


def unknown_expression(text: str, span: Span, fix: Fix | None) -> Diagnostic:
    """A value begins with `$` but is no runtime expression; it is used as it is written.

    Why: it may be data (`$5.00`), or an expression that is misspelt.
    Example: `$request-id` as the value of a header.
    Instead: nothing, if it is data; else begin with one of the roots of Runtime Expressions.
    """
    return warning("unknown-expression", f"'{text}' is not an expression; it is used as text", span, fix=fix)


def invalid_inputs_schema(message: str, span: Span) -> Diagnostic:
    """The `inputs` of a workflow are not a valid JSON Schema.

    Why: no input could be checked against it.
    Example: `type: strin`.
    Instead: write JSON Schema 2020-12.
    """
    text = f"the inputs are not a valid JSON Schema: {message}"
    return error("invalid-inputs-schema", text, span, fix=Fix("write JSON Schema 2020-12"))


def invalid_default(message: str, span: Span) -> Diagnostic:
    """The default of an input does not fit the input's own schema.

    Why: a run that relies on it is refused before it begins.
    Example: `type: string` with `default: 7`.
    Instead: write a default that the schema accepts.
    """
    text = f"its own schema refuses this default: {message}"
    return warning("invalid-default", text, span, fix=Fix("write a default that the schema accepts, or none"))


def malformed_selector(reason: str, span: Span) -> Diagnostic:
    """An output is an object, but no Selector Object.

    Why: an output is an expression or a Selector Object, which has exactly `context`, `selector` and `type`.
    Example: `{context: $response.body, select: $.id, type: jsonpath}`.
    Instead: write the three fields, in a document of version 1.1.
    """
    fix = Fix("write the three fields context, selector and type")
    return error("malformed-selector", f"this output is no Selector Object: {reason}", span, fix=fix)


def missing_dollar(written: str, meant: str, span: Span) -> Diagnostic:
    """A text is an expression of a declared name in all but its first sign.

    Why: only what begins with `$` is an expression; this text is sent as it is written.
    Example: `value: steps.create.outputs.id`.
    Instead: `value: $steps.create.outputs.id`.
    """
    return warning("missing-dollar", f"'{written}' is sent as it is written", span, fix=Fix(f"write {meant}"))


def constant_output(meant: str | None, span: Span) -> Diagnostic:
    """An output is neither an expression nor a Selector Object.

    Why: an output is "a dynamic output value defined using a Runtime Expression or Selector Object".
    Example: `done: true`, `done: finished`, or a path alone: `id: $.id`. The constant is given as it is.
    Instead: refer to a value of the run.
    """
    fix = Fix(f"write {meant}, if that is meant" if meant else "refer to a value of the run, as in $response.body#/id")
    return warning("constant-output", "this output is a constant, not an expression", span, fix=fix)
