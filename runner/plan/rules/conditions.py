"""Conditions that cannot be understood, or may not mean what they say."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Fix, Remove
from runner.plan.rules.report import error, warning
from runner.source import Span


def condition_syntax(message: str, span: Span, fix: Fix | None) -> Diagnostic:
    """A condition cannot be read.

    Why: it could neither pass nor fail; nothing malformed may ever pass.
    Example: `$statusCode => 200`, or `$response.body#/url contains 'x'`.
    Instead: combine expressions, literals ('text', 1, true, null) and the operators `== != < <= > >= ! && ||`; a
    criterion of type regex searches a text.
    """
    return error("condition-syntax", message, span, fix=fix)


def unclear_comparison(message: str, span: Span, advice: str) -> Diagnostic:
    """A comparison stands where a JSONPath is wanted, and could mean two things or cannot be written exactly.

    Why: what is in no language is understood only where one thing can be meant. A path with `*` may give several
    values, of which one or all should fit; a path that is not compared may ask whether there is a value, or whether it
    is true.
    Example: `$.items[*].status == 'done'`, or `$.ready && $.count > 0`, with `type: jsonpath`.
    Instead: `$.items[?@.status == 'done']`, or a simple condition on the context.
    """
    return error("unclear-comparison", message, span, fix=Fix(advice) if advice else None)


def unknown_length(operand: str, word: str, span: Span, *, is_text: bool) -> Diagnostic:
    """A simple condition asks for `.length` of what may be an array or a text.

    Why: it is the member of that name, which arrays and texts do not have; how long they are cannot always be said.
    Example: `$steps.list.outputs.items.length == 3`, where nothing says what `items` is.
    Instead: look for the items that matter (`$steps.list.outputs.items#/2 != null`), or let a JSONPath count them
    (`$[?length($.items) == 3]`).
    """
    message = f"'.{word}' is a member of '{operand}', not how long an array or text is"
    count = "count with a criterion of type jsonpath, as in $[?length($.items) > 0]"
    match = "match the text with a criterion of type regex, as in ^.{5}$"
    fix = Fix(match if is_text else f"look for an item, as in $response.body#/items/0 != null, or {count}")
    return warning("unknown-length", message, span, fix=fix)


def context_syntax(text: str, span: Span, fix: Fix | None) -> Diagnostic:
    """The context of a criterion is no runtime expression.

    Why: a context says which value of the run the condition is applied to; a name or a document cannot be one.
    Example: `context: response`.
    Instead: `context: $response.body`.
    """
    return error("context-syntax", "the context of a criterion is a runtime expression", span, fix=fix)


def missing_context(kind: str, span: Span) -> Diagnostic:
    """A regex, JSONPath or XPath criterion does not say what it is applied to.

    Why: "If `type` is specified, then the `context` MUST be provided".
    Example: `type: regex` with a `condition` alone.
    Instead: add `context`, for instance `context: $response.body`.
    """
    return error(
        "missing-context",
        f"a {kind} criterion needs a context",
        span,
        fix=Fix("add context: $response.body, for instance"),
    )


def unused_context(span: Span, pointer: str) -> Diagnostic:
    """A simple criterion has a context, which means nothing there.

    Why: simple conditions name what they compare; the context is ignored.
    Example: `context: $response.body` beside `condition: $statusCode == 200`.
    Instead: leave it out, or say which `type` was meant.
    """
    message = "the context of a simple condition is ignored"
    return warning("unused-context", message, span, fix=Fix("leave it out", (Remove(pointer),)))


def constant_condition(written: str, what: str, span: Span, advice: str) -> Diagnostic:
    """A condition, or a part of it, has the same result whatever the API answers.

    Why: a bare value is true unless it is false, null, zero, empty or absent; a status, a URL, a method or a literal
    is none of these. A status is a number from 100 to 599, and no value equals two others: what is true of all of
    them checks nothing, and what is true of none can never pass.
    Example: `$statusCode`, `$statusCode > 0`, `$response.body#/ready == true || true`, or
    `$statusCode == 200 && $statusCode == 201`.
    Instead: compare it: `$statusCode == 200`; join alternatives by `||`.
    """
    return warning("constant-condition", f"{written} {what}", span, fix=Fix(advice))


def selector_syntax(message: str, span: Span, fix: Fix | None) -> Diagnostic:
    """A JSONPath, XPath or JSON Pointer is not written in its language.

    Why: it could select nothing, or something else; each language, and each version of it, has its own signs.
    Example: `$.items[(@.length-1)]`, which RFC 9535 does not know.
    Instead: `$.items[-1]`; or say which version is meant with `type: {type: jsonpath, version: ...}`.
    """
    return error("selector-syntax", message, span, fix=fix)
