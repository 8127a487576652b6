"""Runtime expressions as people write them, where one stands for a whole value."""

from __future__ import annotations

import re

from runner.plan.mend import Reading, Repair, Slip
from runner.plan.repairs.paths import pointer_slash, property_path
from runner.plan.repairs.reach import reached, step_of, understood, workflow_of

_MISPLACED = {
    "$response.statuscode": "$statusCode",
    "$response.status": "$statusCode",
    "$response.status_code": "$statusCode",
    "$request.url": "$url",
    "$request.method": "$method",
}
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_HEADER = re.compile(
    rf"(?P<side>\$(?:request|response|message))\.(?:headers\.(?P<plain>{_TOKEN})"
    rf"|headers?\[(?P<quote>['\"])(?P<quoted>{_TOKEN}?)(?P=quote)\])"
)
_WORDS = re.compile(r"\$(?P<root>[A-Za-z]+)(?:(?P<dot>\.)(?P<part>[A-Za-z]+))?")
_OUTPUTS = re.compile(r"\.(?:outputs?\.)?", re.IGNORECASE)


def spaced_expression(text: str, reading: Reading) -> Slip | None:
    """White space stands before or after an expression.

    Why: it belongs to no expression; a block of YAML (`|`, `>`) ends in a line break, which the text then has.
    Example: `{ $inputs.name }`, or `$inputs.name` in a block scalar.
    Instead: `{$inputs.name}`; end the block with `|-`, or write the expression on the line of its key.
    """
    bare = text.strip()
    if bare == text or not bare.startswith("$"):
        return None
    message = "white space around an expression belongs to none"
    return Slip(message, 0, len(text), bare, refused=True) if understood(_INNER, bare, reading) else None


def braced_expression(text: str, reading: Reading) -> Slip | None:
    """An expression stands in braces where nothing but an expression can stand.

    Why: braces embed an expression in a text; a `context` and an output are no texts.
    Example: `context: '{$response.body}'`.
    Instead: `context: $response.body`.
    """
    if not text.startswith("{$") or not text.endswith("}") or text.count("{") != 1:
        return None
    message = "an expression that stands alone takes no braces"
    return Slip(message, 0, len(text), text[1:-1], refused=True) if understood(_INNER, text[1:-1], reading) else None


def root_spelling(text: str, reading: Reading) -> Slip | None:
    """A word of the language has other capitals than it should, or stands in the wrong place.

    Why: `$inputs`, `.body` and all other words of expressions are case-sensitive; the status, the URL and the method
    belong to no request or response.
    Example: `$Inputs.email`, `$response.Body#/id`, `$response.statusCode`, `$request.url`.
    Instead: `$inputs.email`, `$response.body#/id`, `$statusCode`, `$url`.
    """
    words = _WORDS.match(text)
    if words is None:
        return None
    right = _MISPLACED.get(text.casefold()) or _in_its_case(words, reading)
    rest = text[words.end() :] if text.casefold() not in _MISPLACED else ""
    end = len(text) - len(rest)
    if right == text[:end] or not understood(_NAMES, right + rest, reading):
        return None
    if "." not in text and right != "$statusCode":
        return None  # `$URL` may be a variable of something else
    return Slip(f"'{text[:end]}' is written '{right}'", 0, end, right, refused=True)


def _in_its_case(words: re.Match[str], reading: Reading) -> str:
    roots = {each.casefold(): each for each in reading.ctx.grammar.roots}
    parts = {each.casefold(): each for each in reading.ctx.grammar.parts}
    root, part = roots.get(words["root"].casefold(), words["root"]), words["part"] or ""
    if root in ("request", "response", "message"):
        part = parts.get(part.casefold(), part)
    return f"${root}{words['dot'] or ''}{part}"


def response_header(text: str, reading: Reading) -> Slip | None:
    """A header is referred to in another way than `header.<name>`.

    Why: the part is called `header`, without an s, and the name follows a dot.
    Example: `$response.headers.Location`, `$response.headers['Location']`.
    Instead: `$response.header.Location`.
    """
    found = _HEADER.fullmatch(text)
    if found is None:
        return None
    right = f"{found['side']}.header.{found['plain'] or found['quoted']}"
    return Slip("a header is referred to as header.<name>", 0, len(text), right, refused=True)


def missing_outputs(text: str, reading: Reading) -> Slip | None:
    """The output of a step or workflow is named without `outputs` before it.

    Why: an output is `$steps.<stepId>.outputs.<name>`; of a workflow, inputs can be named too. It is understood if the
    step or workflow declares such an output.
    Example: `$steps.login.token`.
    Instead: `$steps.login.outputs.token`.
    """
    owner = step_of(text, reading) or workflow_of(text, reading)
    between = _OUTPUTS.match(owner.rest) if owner else None
    if owner is None or between is None or ".outputs." in owner.rest or owner.rest.startswith(".inputs."):
        return None
    names = {owner.rest[1:], owner.rest[between.end() :]}
    found = [name for name in names if _is_declared(f"{owner.base}.outputs.{name}", reading)]
    if len(found) != 1 or _is_declared(f"{owner.base}.inputs.{found[0]}", reading):
        return None
    right = f"{owner.base}.outputs.{found[0]}"
    spelled = understood((property_path,), right, reading) or right
    return Slip(f"'.outputs.' is missing after '{owner.base}'", 0, len(text), spelled, refused=True)


def _is_declared(text: str, reading: Reading) -> bool:
    """Say whether a declared name is all of a text, up to a path or pointer behind it."""
    found = reached(text, reading)
    return found is not None and found.rest[:1] in ("", ".", "[", "#")


_NAMES: tuple[Repair, ...] = (response_header, missing_outputs, pointer_slash, property_path)

_INNER: tuple[Repair, ...] = (root_spelling, *_NAMES)

OPERAND: tuple[Repair, ...] = (root_spelling, response_header, missing_outputs, pointer_slash)
"""What is tried on an expression in a condition, where paths of `.name` and `[0]` may stand."""

EXPRESSION: tuple[Repair, ...] = (spaced_expression, braced_expression, *_INNER)
"""What is tried on a text that is, or has to be, one expression, in this order."""

EMBEDDED: tuple[Repair, ...] = _INNER
"""What is tried on a text between the braces of a template."""
