"""Turn a regular expression that can be read into what in it most likely means something else than it seems to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from runner.diagnostics import Diagnostic
from runner.plan.rules import patterns as rules
from runner.source import Span

At: TypeAlias = Callable[[int, int], Span]
"""Where characters of the pattern stand in the file."""

_PART = re.compile(r"\\[pPu]\{[^{}]*\}|\\.|\{\$[^{}]*\}|\{[0-9]+(?:,[0-9]*)?\}|\[\^?|[\]{}]", re.DOTALL)
_PROGRAM = re.compile(r"/(?P<own>\^.*|.*(?<!\\)\$)/(?P<flags>[a-z]*)", re.DOTALL)
# IdentityEscape and the other escapes of ECMA-262 with its flag u, and `\-`, which it has in classes only.
_ESCAPES = frozenset(r"^$\.*+?()[]{}|/-dDsSwWbBtnvfrcxukpP0123456789")


def check_criterion(pattern: str, at: At) -> Iterator[Diagnostic]:
    """Say what is odd in the pattern of a criterion, which may hold expressions."""
    program = _PROGRAM.fullmatch(pattern)
    if program is not None:
        flags = f"(?{program['flags']})" if program["flags"] == "i" else ""
        yield rules.pattern_slash(flags + program["own"], at(0, len(pattern)))
    stray = stray_bracket(pattern)
    if stray is not None:
        yield rules.pattern_bracket(pattern[stray], at(stray, stray + 1))


def check_schema(pattern: str, at: At) -> Iterator[Diagnostic]:
    """Say what is odd in the `pattern` of a JSON Schema."""
    yield from check_criterion(pattern, at)
    for found in _PART.finditer(pattern):
        if found[0][0] == "\\" and found[0][1] not in _ESCAPES:
            yield rules.pattern_escape(found[0], at(*found.span()))


def stray_bracket(pattern: str) -> int | None:
    """Give where a pattern has a bracket that is only a character there, for it has lost its other half."""
    opened: int | None = None
    for found in _PART.finditer(pattern):
        sign = found[0]
        if len(sign) > 1 and sign != "[^":
            continue  # what is escaped, an expression, or how often
        if opened is not None:
            if sign.startswith("[") and r"\]" not in _class(pattern, opened):
                return found.start()
            opened = None if sign == "]" else opened
        elif sign.startswith("["):
            opened = found.start()
        elif sign in ("]", "}", "{"):
            return found.start()
    return None


def _class(pattern: str, start: int) -> str:
    """Give a class from its bracket to the first one that could close it; with `\\]` in it, `[` is meant as well."""
    found = next((each for each in _PART.finditer(pattern, start) if each[0] == "]"), None)
    return pattern[start : found.start() if found else len(pattern)]
