"""Break a document in one place after the other: each name, reference, bracket and quote of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

EXPRESSION = re.compile(r"\$[a-zA-Z][\w.#/\[\]~-]*+(?!:\s)")  # but the name of a member
SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
NAMED = re.compile(
    r"(?<![\w-])(operationId|operationPath|reference|in|\$ref): (['\"]?)[A-Za-z0-9_$#{][^\s,}]*?(?=\2(?:[\s,}]|$))"
)
PROSE = re.compile(r"\s*(?:-\s+)?(?:summary|description|title|version):")


class Mutant(NamedTuple):
    """A text with one character less: in which line, and what was broken."""

    line: int
    what: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """Give a mutant for each place: prose and comments break nothing and are passed by."""
    start, deep = 0, 0
    for number, line in enumerate(text.split("\n"), 1):
        indent = len(line) - len(line.lstrip())
        in_prose = bool(deep) and (indent >= deep or not line.strip())
        deep = deep if in_prose else indent + 1 if PROSE.match(line) else 0
        if not in_prose and not deep and not line.lstrip().startswith("#"):
            yield from (Mutant(number, what, text[:at] + text[at + 1 :]) for at, what in _places(line, start))
        start += len(line) + 1


def _places(line: str, start: int) -> Iterator[tuple[int, str]]:
    end = comment.start() if (comment := re.search(r"\s#\s", line)) else len(line)
    for found in EXPRESSION.finditer(line[:end]):
        for segment in SEGMENT.finditer(found[0]):
            yield start + found.start() + segment.end() - 1, f"the end of '{segment[0]}' in {found[0]}"
    for named in NAMED.finditer(line[:end]):
        if "$" not in named[0]:
            yield start + named.end() - 1, f"the end of {named[0]}"
    for place, sign in enumerate(line[:end]):
        if sign in "{}[]()'\"":
            yield start + place, f"the {sign} in column {place + 1}"
