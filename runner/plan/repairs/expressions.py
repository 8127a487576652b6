"""Runtime expressions as people write them, where one stands for a whole value."""

from __future__ import annotations

import re
from collections.abc import Collection

from runner.expressions.faults import ExpressionSyntax
from runner.expressions.grammar import read_path
from runner.expressions.names import Undeclared, resolve
from runner.expressions.nodes import Expression, Input, Output, Root, StepOutput, WorkflowValue
from runner.expressions.parse import parse_expression, parse_operand
from runner.plan.mend import Reading, Repair, Slip
from runner.plan.names import named
from runner.plan.repairs.operands import below
from runner.values import join_pointer

_HEADERS = re.compile(r"(\$(?:request|response)\.)(?i:headers?)(?:\.|\[['\"]?)([^'\"\]\s]+)(?:['\"]?\])?")
_NO_ROOT_OF_ITS_OWN = {
    "$response.statuscode": "$statusCode",
    "$response.status_code": "$statusCode",
    "$response.status": "$statusCode",
    "$request.url": "$url",
    "$request.method": "$method",
}
_ROOT = re.compile(r"\$([A-Za-z]+)(?=$|[.#\[])")
_STEP = re.compile(r"\$steps\.([A-Za-z0-9_-]+)\.(.+)", re.DOTALL)
_UNSLASHED = re.compile(r"(\$[^#\s]+)#([A-Za-z0-9_$][A-Za-z0-9_$.\[\]\-]*(?:/.*)?)", re.DOTALL)
_BODY = re.compile(r"(\$(?:(?:request|response)\.body|message\.payload))([.\[][^#]*)(#/.*)?", re.DOTALL)


def response_header(text: str, reading: Reading) -> Slip | None:
    """A header is looked for in `headers`.

    Why: a header is written `$response.header.<name>` or `$request.header.<name>`.
    Example: `$response.headers.Location`.
    Instead: `$response.header.Location`.
    """
    found = _HEADERS.fullmatch(text)
    if found is None or text == f"{found[1]}header.{found[2]}":
        return None
    right = f"{found[1]}header.{found[2]}"
    return Slip(f"a header is written '{found[1]}header.<name>'", 0, len(text), right)


def root_spelling(text: str, reading: Reading) -> Slip | None:
    """The root of an expression is spelt in another way.

    Why: roots keep their case, and the status, the URL and the method are no parts of the response or request.
    Example: `$StatusCode`, or `$response.statusCode`.
    Instead: `$statusCode`.
    """
    instead = _NO_ROOT_OF_ITS_OWN.get(text.casefold())
    if instead is not None:
        return Slip(f"'{text}' is written '{instead}'", 0, len(text), instead)
    found = _ROOT.match(text)
    if found is None or found[1] in reading.ctx.grammar.roots:
        return None
    folded = found[1].casefold()
    known = [root for root in reading.ctx.grammar.roots if folded.rstrip("s") == root.casefold().rstrip("s")]
    if len(known) != 1:
        return None
    return Slip(f"'${found[1]}' is written '${known[0]}'", 0, found.end(), f"${known[0]}")


def missing_outputs(text: str, reading: Reading) -> Slip | None:
    """An output of a step is named without `outputs`.

    Why: what a step gives is written `$steps.<stepId>.outputs.<name>`.
    Example: `$steps.login.token`, where the step declares the output `token`.
    Instead: `$steps.login.outputs.token`.
    """
    found = _STEP.fullmatch(text)
    step = reading.scope.steps.get(found[1]) if found else None
    if found is None or step is None or found[2].startswith("outputs"):
        return None
    if not any(_begins(found[2], name) for name in step.outputs):
        return None
    at = found.start(2)
    return Slip(
        "'.outputs.' is missing: $steps.<stepId>.outputs.<name>", 0, len(text), f"{text[:at]}outputs.{found[2]}"
    )


def pointer_slash(text: str, reading: Reading) -> Slip | None:
    """A JSON Pointer does not begin with a slash.

    Why: "#" is followed by a JSON Pointer, each part of which begins with "/".
    Example: `$response.body#access_token`.
    Instead: `$response.body#/access_token`.
    """
    found = _UNSLASHED.fullmatch(text)
    if found is None:
        return None
    path = read_path("." + found[2].partition("/")[0]) or ()
    rest = found[2].partition("/")
    right = f"{found[1]}{join_pointer('#', *path)}{rest[1]}{rest[2]}"
    return Slip("a JSON Pointer starts with '/'", 0, len(text), right)


def property_path(text: str, reading: Reading) -> Slip | None:
    """A part of a value is selected by a path of names and indexes.

    Why: `.name` and `[0]` are operators of conditions; elsewhere a JSON Pointer selects a part of a value. Of a name
    with dots the longest part that is declared is the name, and the rest the path.
    Example: `$response.body.items[0].id`, or `$inputs.customer.firstName`, where `customer` is declared.
    Instead: `$response.body#/items/0/id`, or `$inputs.customer#/firstName`.
    """
    found = _BODY.fullmatch(text)
    path = read_path(found[2]) if found else None
    if found is not None and path:
        return _as_pointer(text, found[2], f"{found[1]}{join_pointer('#', *path)}{(found[3] or '#')[1:]}")
    expression = as_declared(text, reading)
    pointed = below(expression, ()) if expression is not None else None
    if pointed is None or str(pointed) == text:
        return None
    name = str(pointed).partition("#")[0]
    return _as_pointer(text, text.removeprefix(name).partition("#")[0], str(pointed))


def _as_pointer(text: str, path: str, right: str) -> Slip:
    message = f"'{path}' is no JSON Pointer, which selects a part of a value outside of conditions"
    return Slip(message, 0, len(text), right)


def as_declared(text: str, reading: Reading) -> Expression | None:
    """Read a text as one expression whose names are declared, perhaps with a path behind; None where it is none."""
    try:
        expression = parse_expression(text, reading.ctx.grammar)
    except ExpressionSyntax:
        try:
            expression, end = parse_operand(text, 0, reading.ctx.grammar)
        except ExpressionSyntax:
            return None
        if end < len(text):
            return None
    found = resolve(expression, lambda root: known_names(reading, root))
    return None if isinstance(found, Undeclared) else found


def known_names(reading: Reading, root: Root) -> Collection[str] | None:
    """Give the names that are declared where an expression looks its name up; none where there is no such place."""
    match root:
        case StepOutput(step_id) if step_id not in reading.scope.steps:
            return ()
        case WorkflowValue(workflow_id) if reading.ctx.workflow(workflow_id) is None:
            return ()
        case Input() | Output() | StepOutput() | WorkflowValue():
            return named(reading.ctx, reading.scope, root)
        case _:
            return None


def _begins(written: str, name: str) -> bool:
    return written.startswith(name) and written[len(name) : len(name) + 1] in ("", ".", "[", "#")


OPERAND: tuple[Repair, ...] = (root_spelling, response_header, missing_outputs, pointer_slash)
"""What is tried on an operand of a condition, where paths of `.name` and `[0]` may stand."""

EXPRESSION: tuple[Repair, ...] = (*OPERAND, property_path)
"""What is tried on a text that is one expression, in this order."""
