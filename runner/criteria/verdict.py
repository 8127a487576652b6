"""The result of checking one criterion."""

from __future__ import annotations

from runner.records import Frozen
from runner.values import ABSENT, Value


class Verdict(Frozen):
    """Passed, failed, or broken: a criterion that could not be evaluated has failed and says why in `problem`.

    `left` and `right` are the operands of the comparison that decided; of a regex its context and pattern, of a
    JSONPath or XPath what it selected and ABSENT. `comparison` is the deciding part as written. `note` is a warning:
    the two values are of kinds that are never equal and have no order.
    """

    passed: bool
    left: Value = ABSENT
    right: Value = ABSENT
    comparison: str = ""
    problem: str | None = None
    note: str | None = None
