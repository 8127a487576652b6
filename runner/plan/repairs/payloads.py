"""Values that stand for something as a whole, as people write them."""

from __future__ import annotations

from runner.expressions.grammar import IDENTIFIER
from runner.plan.mend import Reading
from runner.values import Json


def unquoted_braces(value: Json) -> str | None:
    """An expression in braces has no quotes, and is no text.

    Why: in YAML, braces without quotes around them are an object, here one with a member and no value. An expression
    that stands for a whole value takes no braces.
    Example: `value: {$steps.create.outputs.id}`.
    Instead: `value: $steps.create.outputs.id`, or `'{$steps.create.outputs.id}'` for its text.
    """
    if not isinstance(value, dict) or len(value) != 1:
        return None
    (name, member), *_ = value.items()
    return name.strip() if member is None and name.strip().startswith("$") and len(name) > 1 else None


def whole_inputs(text: str, reading: Reading) -> dict[str, Json] | None:
    """All inputs are referred to at once.

    Why: an expression names one input; the object of all of them has no name. Those that are declared are meant, each
    under its own name, and one that is not given is left out.
    Example: `payload: $inputs`.
    Instead: `payload: {title: $inputs.title, pages: $inputs.pages}`.
    """
    if text.strip() != "$inputs":
        return None
    names = sorted(reading.scope.inputs.names or ())
    if not names or not all(IDENTIFIER.fullmatch(name) for name in names):
        return None
    return {name: f"$inputs.{name}" for name in names}
