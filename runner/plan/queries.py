"""Turn a JSONPath into the paths in it, and hold those against what the API description lets be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from runner.criteria.pieces import bracket_end
from runner.diagnostics import Diagnostic
from runner.expressions.nodes import Accessed, Expression
from runner.plan.compared import Compared, Scalar, check_compared
from runner.plan.fit import LENGTH_WORDS, At, check_expression
from runner.plan.names import Names
from runner.plan.repairs.texts import literals
from runner.plan.shapes import described

LONGEST = 10_000  # characters of a query that are looked through

_STEP = r"\.([^\W\d]\w*)|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]|\[(0|[1-9][0-9]*)\]"
_STEPS = re.compile(rf"{_STEP}|(\.\*|\[\*\])")
_PATH = re.compile(rf"[$@](?P<steps>(?:{_STEP})+)(?![\w-])")
_BASE = re.compile(rf"(?P<root>[$@])(?P<steps>(?:{_STEPS.pattern})*)\Z")
_FILTER = re.compile(r"\[\s*\?")
_ANOTHER = re.compile(r",\s*\?")  # a filter among other selectors, where a bracket begins with none
_LITERAL = r"'[^'\\{]*'|\"[^\"\\{]*\"|(?:true|false|-?[0-9]+(?:\.[0-9]+)?)(?![\w.+-])"
_RIGHT = re.compile(rf"\s*(?P<operator>[=!<>]=?)\s*(?P<literal>{_LITERAL})")
_LEFT = re.compile(rf"(?<![\w.\])])(?P<literal>{_LITERAL})\s*(?P<operator>[=!<>]=?)\s*\Z")


class _Filter(NamedTuple):
    """Where a filter stands, and the way from the context to what it tests; None where that may be anything."""

    start: int
    end: int
    tested: tuple[str, ...] | None


class _Path(NamedTuple):
    """A path of one value, from the context on; `end` is where it ends in the query."""

    tokens: tuple[str, ...]
    start: int
    end: int


def check_query(scope: Names, context: Expression, query: str, at: At) -> Iterator[Diagnostic]:
    """Say which names and indexes of a JSONPath no answer has room for, and what is compared in vain in its filters."""
    return _Query(scope, context, query, at).check() if len(query) <= LONGEST else iter(())


class _Query:
    def __init__(self, scope: Names, context: Expression, query: str, at: At) -> None:
        self.scope, self.query, self.at = scope, query, at
        self.base, self.path = (context.base, context.path) if isinstance(context, Accessed) else (context, ())
        self.strings = [span for span in literals(query) if query[span[0] - 1 : span[0]] != "["]

    def check(self) -> Iterator[Diagnostic]:
        known = set[tuple[str, ...]]()
        filters = self.filters()
        for path in self.paths(filters):
            is_length = path.tokens[-1] in LENGTH_WORDS
            tokens = path.tokens[:-1] if is_length else path.tokens
            if tokens not in known:
                known.add(tokens)
                yield from check_expression(self.scope, self.expression(tokens), self.at(path.start, path.end))
            if not is_length and any(each.start < path.start < each.end for each in filters):
                yield from self.compared(path)

    def expression(self, tokens: Sequence[str]) -> Expression:
        return Accessed(self.base, (*self.path, *tokens))

    def is_in_string(self, position: int) -> bool:
        return any(start < position < end for start, end in self.strings)

    def filters(self) -> list[_Filter]:
        """Find the filters; the items of an array are all of one kind, while a member may be anything."""
        found: list[_Filter] = []
        is_one = not any(not self.is_in_string(each.start()) for each in _ANOTHER.finditer(self.query))
        for opening in _FILTER.finditer(self.query):
            start, end = opening.start(), bracket_end(self.query, opening.start())
            if end is not None and not self.is_in_string(start):
                base = _BASE.search(self.query, 0, start)
                tokens = self.walk(base["root"], base["steps"], base.start(), found) if base else None
                found.append(_Filter(start, end, self.items(tokens) if is_one else None))
        return found

    def paths(self, filters: Sequence[_Filter]) -> Iterator[_Path]:
        """Find the paths of names and indexes, outside of strings."""
        for found in _PATH.finditer(self.query):
            tokens = self.walk(found[0][0], found["steps"], found.start(), filters)
            if tokens and not self.is_in_string(found.start()):
                yield _Path(tokens, *found.span())

    def walk(self, root: str, steps: str, position: int, filters: Sequence[_Filter]) -> tuple[str, ...] | None:
        """Give the way from the context to where a path leads, or None where that is not one kind of place."""
        around = [each.tested for each in filters if each.start < position < each.end]
        tokens: tuple[str, ...] | None = () if root == "$" else around[-1] if around else None
        for step in _STEPS.finditer(steps):
            is_any = step.group(5) is not None
            name = next(filter(None, step.groups()), "")
            tokens = self.items(tokens) if is_any else None if tokens is None else (*tokens, name)
        return tokens

    def items(self, tokens: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Give the way to the items of an array, which all have one shape; None for what may be anything else."""
        if tokens is None or described(self.scope, self.expression(tokens)).only_types - {"null"} != {"array"}:
            return None
        return (*tokens, "0")

    def compared(self, path: _Path) -> Iterator[Diagnostic]:
        """Say of a comparison of a path with a literal, in a filter, where it never changes."""
        found = _RIGHT.match(self.query, path.end) or _LEFT.search(self.query, 0, path.start)
        if found is None:
            return
        written = found["literal"]
        shape, span = described(self.scope, self.expression(path.tokens)), self.at(*found.span("literal"))
        place = f"'{self.query[path.start : path.end]}'"
        compared = Compared(place, found["operator"], _scalar(written), written, span)
        yield from check_compared(shape, compared, in_query=True)


def _scalar(written: str) -> Scalar:
    if written[0] in "'\"":
        return written[1:-1]
    return written == "true" if written in ("true", "false") else float(written) if "." in written else int(written)
