"""Turn a JSONPath into the paths from its root, and hold those against what the API description lets be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from runner.diagnostics import Diagnostic
from runner.expressions.nodes import Accessed, Expression
from runner.plan.fit import LENGTH_WORDS, At, check_expression
from runner.plan.names import Names
from runner.plan.repairs.texts import literals

_STEP = r"\.([^\W\d]\w*)|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]|\[(0|[1-9][0-9]*)\]"
_STEPS = re.compile(_STEP)
_PATH = re.compile(rf"\$(?P<steps>(?:{_STEP})+)(?![\w-])")


class _Path(NamedTuple):
    tokens: tuple[str, ...]
    start: int
    end: int


def check_query(scope: Names, context: Expression, query: str, at: At) -> Iterator[Diagnostic]:
    """Say which names and indexes of a JSONPath, up to its first wildcard or filter, no answer has room for."""
    base, path = (context.base, context.path) if isinstance(context, Accessed) else (context, ())
    for each in _paths(query):
        yield from check_expression(scope, Accessed(base, (*path, *each.tokens)), at(each.start, each.end))


def _paths(query: str) -> Iterator[_Path]:
    """Find the paths that begin at the root, each once, outside of strings."""
    strings = [span for span in literals(query) if query[span[0] - 1 : span[0]] != "["]
    known: set[tuple[str, ...]] = set()
    for found in _PATH.finditer(query):
        if any(start < found.start() < end for start, end in strings):
            continue
        steps = [next(filter(None, step.groups()), "") for step in _STEPS.finditer(found["steps"])]
        tokens = tuple(steps[:-1] if steps[-1] in LENGTH_WORDS else steps)
        if tokens not in known:
            known.add(tokens)
            yield _Path(tokens, *found.span())
