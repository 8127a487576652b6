"""Values that stand for something as a whole, as people write them."""

from __future__ import annotations

from runner.expressions.grammar import IDENTIFIER
from runner.plan.mend import Reading
from runner.values import Json


def whole_inputs(text: str, reading: Reading) -> dict[str, Json] | None:
    """All inputs are referred to at once.

    Why: an expression names one input; the object of all of them has no name. Those that are declared are meant, each
    under its own name, and one that is not given is left out.
    Example: `payload: $inputs`.
    Instead: `payload: {title: $inputs.title, pages: $inputs.pages}`.
    """
    names = sorted(reading.scope.inputs.names or ())
    if text.strip() != "$inputs" or not names or not all(IDENTIFIER.fullmatch(name) for name in names):
        return None
    return {name: f"$inputs.{name}" for name in names}
