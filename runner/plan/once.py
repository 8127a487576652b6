"""What was made of a text once, for all the places of a workflow where it means the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from runner.diagnostics import Diagnostic
from runner.plan.context import Context
from runner.records import Frozen, field, replace

T = TypeVar("T")

_BY_PLACE = re.compile(r"steps|outputs|workflows|request|message")


def is_by_place(*texts: str | None) -> bool:
    """Say whether what texts refer to may depend on the step that they belong to, beside its operation."""
    return _BY_PLACE.search(" ".join(filter(None, texts))) is not None


class Once(Frozen, eq=False):
    """What was made already, by all that it depends on. What something was said of is made, and said, each time."""

    made: dict[Hashable, object] = field(default_factory=dict)

    def make(self, key: Hashable, ctx: Context, anew: Callable[[Context], T]) -> T:
        """Give what was made by this key, else make it with the context that `anew` is handed."""
        if key in self.made:
            return cast(T, self.made[key])
        said: list[Diagnostic] = []
        made = anew(replace(ctx, report=said.append))
        for each in said:
            ctx.report(each)
        if not said:
            self.made[key] = made
        return made
