"""Turns an ECMA-262 regular expression into a bounded search for it.

jsonschema-rs bounds the steps of a search: a pattern like `^(a+)+$` costs nothing, and one that cannot be made cheap is
given up. Where it is missing Python's `re` stands in, for what both languages write alike, and without a bound.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

from runner.late import late_pattern
from runner.records import Frozen
from runner.schema.choice import EngineName, best_engine

# Steps of backtracking before a search is given up: some 20 ms.
BACKTRACK_LIMIT = 1_000_000


class RegexSyntax(ValueError):  # noqa: N818 - the names say what happened
    """A text is no regular expression; `message` says why, `position` where, `advice` what to write instead."""

    def __init__(self, message: str, position: int | None = None, advice: str = "") -> None:
        super().__init__(message)
        self.message, self.position, self.advice = message, position, advice


class RegexLimit(Exception):  # noqa: N818
    """A search was given up, and so has no answer."""


class Regex(Frozen):
    """A compiled pattern; `search` raises RegexLimit where it takes too long."""

    pattern: str
    inner: Any
    HIDDEN = ("inner",)

    def search(self, text: str) -> bool:
        """Say whether the pattern matches somewhere in a text."""
        if isinstance(self.inner, re.Pattern):
            return self.inner.search(text) is not None
        try:
            failure = next(iter(self.inner.iter_errors(text)), None)
        except UnicodeEncodeError:  # half a surrogate pair
            failure = next(iter(self.inner.iter_errors(text.encode("utf-8", "replace").decode("utf-8"))), None)
        if failure is not None and type(failure.kind).__name__ != "Pattern":
            raise RegexLimit("the search takes too long")  # without the pattern: a secret may be part of it
        return failure is None


@lru_cache(maxsize=256)
def compile_regex(pattern: str, engine: EngineName | None = None) -> Regex:
    """Compile a pattern; RegexSyntax says what is wrong with it."""
    parts = list(_PARTS.finditer(pattern))
    if any(part["foreign"] for part in parts):
        raise _refused(pattern)
    groups = [part["group"] for part in parts if part["group"] or part.group() == "("]
    try:
        written = _PARTS.sub(lambda part: _plain(part, groups), pattern)
        return Regex(pattern, (_rust if (engine or best_engine()) == "jsonschema-rs" else _python)(written))
    except (ValueError, re.error, OverflowError, RecursionError):
        raise _refused(pattern) from None


# What engines read otherwise, or not at all; what they read beyond ECMA-262 is foreign: flags, `(?P<`, `a++`.
_PARTS = late_pattern(
    r"\\k<(?P<back>[A-Za-z_$][\w$]*)>|\\.|\[(?:\\.?|[^\]\\])*(?:\]|\Z)|\((?!\?)|\(\?<(?P<group>[A-Za-z_$][\w$]*)>|\."
    r"|(?P<foreign>\(\?(?!:|=|!|<[=!])|(?:[*+?]|\{\d+(?:,\d*)?\})\+)",
    re.DOTALL,
)


def _plain(part: re.Match[str], groups: list[str]) -> str:
    if part["back"] and part["back"] in groups:
        return rf"(?:\{groups.index(part['back']) + 1})"
    return r"[^\n\r\u2028\u2029]" if part.group() == "." else part.group()


def _rust(pattern: str) -> object:
    import jsonschema_rs

    options = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT)
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)


def _python(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # `[[` means the same in both, today
        return re.compile(translate(pattern))


# What `re` says of what is unfinished, in our words, with what to write instead.
_REASONS = {
    "unterminated character set": ("'{}' is not closed", "close it with ']', or write \\{} for the character"),
    "missing ), unterminated subpattern": ("'{}' is not closed", "close it with ')', or write \\{} for the character"),
    "unbalanced parenthesis": ("'{}' closes nothing", "open it with '(', or write \\{} for the character"),
    "nothing to repeat": ("'{}' repeats nothing", "write before it what it repeats, or \\{} for the character"),
    "multiple repeat": ("'{}' repeats what is repeated already", "leave it out, or write \\{} for the character"),
    "bad escape (end of pattern)": ("'{}' escapes nothing", "leave it out, or write \\\\ for the character"),
}


_PROPERTY = late_pattern(r"\\[pP]\{[^{}]*\}|\\.", re.DOTALL)


def _unknown_property(pattern: str) -> RegexSyntax | None:
    """Say that there is no such property of Unicode, or that the engine knows none."""
    for written in (found[0] for found in _PROPERTY.finditer(pattern) if len(found[0]) > 2):
        if best_engine() != "jsonschema-rs":
            return RegexSyntax(
                f"{written} needs the package jsonschema-rs; without it a class does, such as [A-Za-zÀ-ÿ]"
            )
        try:
            _rust(written)
        except ValueError:
            return RegexSyntax(
                f"{written} is no property of Unicode, as \\p{{L}}, \\p{{Lu}} and \\p{{Script=Greek}} are"
            )
    return None


def _refused(pattern: str) -> RegexSyntax:
    """Say why a pattern is refused: Python's `re` says it best, of the pattern as it is written."""
    if unknown := _unknown_property(pattern):
        return unknown
    pattern = _PROPERTY.sub(lambda found: "a" * len(found[0]) if len(found[0]) > 2 else found[0], pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except re.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        sign = pattern[error.pos : error.pos + 1] if error.pos is not None else ""
        message, advice = _REASONS.get(error.msg, (error.msg, ""))
        # no `format`: what `re` says in words of its own may quote braces
        return RegexSyntax(message.replace("{}", sign) + where, error.pos, advice.replace("{}", sign))
    except (OverflowError, RecursionError):
        return RegexSyntax("it is too large")
    return RegexSyntax("it is not a regular expression of ECMA-262")


_SPACE = r"\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
# What ECMA-262 writes, and what Python writes for it outside and inside of a class.
_WRITTEN = {
    "$": (r"\Z", "$"),
    ".": (r"[^\n\r\u2028\u2029]", "."),
    r"\d": ("[0-9]", "0-9"),
    r"\D": ("[^0-9]", r"\D"),
    r"\w": ("[A-Za-z0-9_]", "A-Za-z0-9_"),
    r"\W": ("[^A-Za-z0-9_]", r"\W"),
    r"\s": (f"[{_SPACE}]", _SPACE),
    r"\S": (f"[^{_SPACE}]", r"\S"),
    r"\/": ("/", "/"),
    "(?<": ("(?P<", "(?<"),
    "[": ("[", r"\["),
}
_TOKEN = late_pattern(r"\\u\{[0-9A-Fa-f]{1,6}\}|\\c[A-Za-z]|\\.|\(\?<(?![=!])|[\[\].$]", re.DOTALL)


def translate(pattern: str) -> str:
    """Write a pattern of ECMA-262 as one of Python's `re`, as far as they differ in common use."""
    inside = False

    def write(found: re.Match[str]) -> str:
        nonlocal inside
        token, written_inside = found.group(), inside
        if token.startswith(r"\u{"):
            return rf"\U{int(token[3:-1], 16):08x}"
        if token.startswith(r"\c"):
            return rf"\x{ord(token[2]) % 32:02x}"
        if token in ("[", "]"):
            inside = token == "[" or (inside and token != "]")
        return _WRITTEN.get(token, (token, token))[written_inside]

    return _TOKEN.sub(write, pattern)
