"""Turns a JSON text into its value at once, and into the places of its parts when something has to be shown.

`json` is many times as fast as any parser that keeps positions, and nearly every document is right. A second, slower
reading finds the places, and those mistakes that `json` does not see or cannot place.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from runner.diagnostics import Diagnostic, in_order
from runner.loader.parsed import DEFAULT_LIMITS, Limits, Parsed, Reporter, unreadable, without_collecting
from runner.loader.scalars import finite_number, whole_number
from runner.schema.depth import is_deeper
from runner.source import Member, Place, Source
from runner.values import Json

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^\s{}\[\],:"]+', re.DOTALL)
# What stands for one character in a string; two escapes may make a surrogate pair.
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_NUMBER_STARTS = "-0123456789NI"


def parse_json_text(source: Source, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Parse JSON strictly; whatever is wrong with it becomes a diagnostic, never an exception."""
    reporter = Reporter(source)
    if len(source.text) > limits.size:
        return unreadable(source, reporter.too_large(limits.size))
    reading = _Reading(_without_mark(source.text))
    try:
        with without_collecting():
            value = reading.parse()
    except json.JSONDecodeError as error:
        return unreadable(source, _syntax_problem(reporter, error))
    except RecursionError:
        return unreadable(source, _depth_problem(reporter, limits.depth))
    if is_deeper(value, limits.depth):
        return unreadable(source, _depth_problem(reporter, limits.depth))
    if not reading.doubtful:
        return Parsed(value, lambda: _scan(source).place)
    scanned = _scan(source)
    return Parsed(value, lambda: scanned.place, scanned.problems)


def align(raw: str, offset: int) -> int:
    """Give the place in `raw` of character `offset` of the string it stands for; beyond the string: its end."""
    if not raw.startswith('"'):
        return min(offset, len(raw))
    if "\\" not in raw:
        return min(offset + 1, len(raw) - 1)
    places = _character_places(raw)
    return places[offset] if offset < len(places) else len(raw) - 1


@lru_cache(maxsize=2)  # a long text may hold thousands of expressions, and each asks where it stands
def _character_places(raw: str) -> array[int]:
    return array("L", (found.start() for found in _CHARACTER.finditer(raw, 1, len(raw) - 1)))


def _without_mark(text: str) -> str:
    """Put white space in the place of a byte order mark."""
    return " " + text[1:] if text.startswith("\ufeff") else text


class _Reading:
    """A reading by `json`; `doubtful` says that it met something which only the second reading can place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.doubtful = False

    def parse(self) -> Json:
        try:
            return self.decode()
        except json.JSONDecodeError:
            raise
        except ValueError:  # more digits than Python converts: rare, and watching every integer for it is dear
            return self.decode(parse_int=self.whole)

    def decode(self, parse_int: Callable[[str], Json] | None = None) -> Json:
        value: Json = json.JSONDecoder(
            object_pairs_hook=self.members,
            parse_int=parse_int,
            parse_float=self.real,
            parse_constant=self.refused,
        ).decode(self.text)
        return value

    def members(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        """Make an object; of members with the same name the first stays."""
        made = dict(pairs)
        if len(made) < len(pairs):
            self.doubtful = True
            for name, value in reversed(pairs):
                made[name] = value
        return made

    def whole(self, text: str) -> Json:
        try:
            return whole_number(text)
        except ValueError:
            return self.refused(text)

    def real(self, text: str) -> Json:
        try:
            return finite_number(text)
        except ValueError:
            return self.refused(text)

    def refused(self, _: str) -> Json:
        self.doubtful = True
        return None


def _depth_problem(reporter: Reporter, limit: int) -> Diagnostic:
    depth = 0
    for token in _TOKEN.finditer(reporter.source.text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token.group(), 0)
        if depth > limit:
            return reporter.too_deep(limit, token.start())
    return reporter.too_deep(limit, 0)


class _Scanned(NamedTuple):
    place: Place
    problems: tuple[Diagnostic, ...]


def _scan(source: Source) -> _Scanned:
    """Find the places of a text that `json` has accepted, and what it could not say about it."""
    reporter, problems = Reporter(source), list[Diagnostic]()
    with without_collecting():
        place = _places(reporter, problems)
    return _Scanned(place, in_order(problems))


def _places(reporter: Reporter, problems: list[Diagnostic]) -> Place:
    """Build the tree of places; `parts` is the collection being filled, `key` that of the member to come."""
    new, stack = tuple.__new__, list[tuple[Any, str | None, int, int, int]]()
    root: list[Place] = []
    parts: Any = root
    key: str | None = ""  # None: a key comes next
    key_start = key_end = 0
    for token in _TOKEN.finditer(_without_mark(reporter.source.text)):
        text = token.group()
        start, end = token.span()
        if text == "{" or text == "[":
            stack.append((parts, key, key_start, key_end, start))
            parts, key = ({}, None) if text == "{" else ([], "")
            continue
        if text == "}" or text == "]":
            inner = parts
            parts, key, key_start, key_end, start = stack.pop()
            place = new(Place, (start, end, inner, None) if text == "}" else (start, end, None, inner))
        elif key is None:
            key = json.loads(text) if "\\" in text else text[1:-1]
            key_start, key_end = start, end
            continue
        else:
            if text[0] in _NUMBER_STARTS:
                problems += _number_problem(reporter, text, (start, end))
            place = new(Place, (start, end, None, None))
        if parts.__class__ is list:
            parts.append(place)
            continue
        if key in parts:
            first = parts[key]
            at = (key_start, key_end)
            problems.append(reporter.duplicate_key(key or "", at, (first.key_start, first.key_end)))
        else:
            parts[key] = new(Member, (key_start, key_end, place))
        key = None
    return root[0]


def _number_problem(reporter: Reporter, text: str, at: tuple[int, int]) -> list[Diagnostic]:
    try:
        if text.lstrip("-").isdigit():
            whole_number(text)
        elif text.endswith(("NaN", "Infinity")):
            raise ValueError(f"'{text}' is not a JSON value")
        else:
            finite_number(text)
    except ValueError as error:
        return [reporter.error("json-value", str(error), at, fix="put it in quotes if it is meant as text")]
    return []


# What `json` says, and what we say; `{0}` is the character at fault.
_SYNTAX = (
    ("Expecting property name", "expected a key in double quotes", "keys stand in double quotes"),
    ("Illegal trailing comma", "a comma stands before the closing bracket", "remove the comma"),
    ("Expecting ':'", "expected ':' after the key", ""),
    ("Expecting ','", "expected ',' or the closing bracket", ""),
    ("Expecting value", "expected a value", ""),
    ("Unterminated string", "this quote is never closed", ""),
    (
        "Invalid control character",
        "a line break or control character stands in a string",
        'write a line break as "\\n"',
    ),
    ("Invalid \\\\u", "'\\u' needs four hexadecimal digits", ""),
    ("Invalid \\u", "'\\u' needs four hexadecimal digits", ""),
    ("Invalid \\", "this starts no valid escape", "write two backslashes for one"),
    ("Extra data", "more text follows the end of the document", ""),
)


def _syntax_problem(reporter: Reporter, error: json.JSONDecodeError) -> Diagnostic:
    text, at = reporter.source.text, error.pos
    message, fix = next(
        ((message, fix) for start, message, fix in _SYNTAX if error.msg.startswith(start)),
        (error.msg[:1].lower() + error.msg[1:], ""),
    )
    comma = (
        re.compile(r",\s*").search(text, max(text.rfind(",", 0, at), 0), at)
        if text[at : at + 1] in ("}", "]")
        else None
    )
    if comma is not None and comma.end() == at:
        message, fix, at = "a comma stands before the closing bracket", "remove the comma", comma.start()
    elif text.startswith(("//", "/*", "#"), at):
        message, fix = "JSON has no comments", "remove it, or write the document as YAML"
    elif text.startswith("'", at):
        fix = "use double quotes"
    return reporter.error("json-syntax", message, (at, at + 1), fix=fix)
