"""Turns a JSON body into the sentences that say what is wrong with it, each with the path of its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from runner.exchange import Request, header, media_type
from runner.sandbox.civitai.replies import Refusal
from runner.values import Absent, Json

_HALF_PAIR = re.compile("[\ud800-\udfff]")

Check: TypeAlias = Callable[[Json, str], Iterator[str]]
"""Check a value that stands at a path such as `steps[0].input`; the body itself has the empty path."""


def _wrong(path: str, expected: str, value: Json) -> str:
    return f"{path or 'the body'} must be {expected}, not {_describe(value)}"


def _describe(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return repr(value if len(value) <= 40 else value[:40] + "…")
        case _:
            return str(value)


def text(value: Json, path: str) -> Iterator[str]:
    """Want a string."""
    if not isinstance(value, str):
        yield _wrong(path, "a string", value)


def flag(value: Json, path: str) -> Iterator[str]:
    """Want true or false."""
    if not isinstance(value, bool):
        yield _wrong(path, "true or false", value)


def number(value: Json, path: str) -> Iterator[str]:
    """Want a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _wrong(path, "a number", value)


def positive(most: float) -> Check:
    """Want a number above 0 that is not larger than `most`."""

    def check(value: Json, path: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            yield _wrong(path, f"a number above 0 and not above {most:g}", value)

    return check


def whole(low: int | None = None, high: int | None = None) -> Check:
    """Want an integer as JSON Schema understands it (`30.0` is one), between the bounds where there are any."""
    expected = "a whole number" if low is None else f"a whole number from {low} to {high}"

    def check(value: Json, path: str) -> Iterator[str]:
        is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
        if not is_whole or (low is not None and value < low) or (high is not None and value > high):  # type: ignore[operator]
            yield _wrong(path, expected, value)

    return check


def one_of(words: Sequence[str]) -> Check:
    """Want one of these strings."""

    def check(value: Json, path: str) -> Iterator[str]:
        if value not in words:
            yield _wrong(path, f"one of {', '.join(words)}", value)

    return check


def such_that(holds: Callable[[Json], bool], expected: str) -> Check:
    """Want what something holds of."""

    def check(value: Json, path: str) -> Iterator[str]:
        if not holds(value):
            yield _wrong(path, expected, value)

    return check


def several(item: Check, least: int = 0) -> Check:
    """Want an array whose items pass a check."""

    def check(value: Json, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _wrong(path, "an array", value)
            return
        if len(value) < least:
            yield f"{path} must have at least {least} item{'s' * (least > 1)}"
        for index, member in enumerate(value):
            yield from item(member, f"{path}[{index}]")

    return check


def record(members: Mapping[str, Check], required: Sequence[str] = ()) -> Check:
    """Want an object whose known members pass their checks; others are let through, as JSON Schema does."""

    def check(value: Json, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong(path, "an object", value)
            return
        at = f"{path}." if path else ""
        yield from (f"{at}{name} is required" for name in required if name not in value)
        for name, member in members.items():
            if name in value:
                yield from member(value[name], at + name)

    return check


def json_body(request: Request, check: Check, media: str = "application/json") -> Json:
    """Give the JSON body of a request, which must pass a check; anything else is refused by all that is wrong with it.

    A body without a type is taken for what it should be; any `+json` type is, where plain JSON is wanted.
    """
    kind = media_type(header(request.headers, "content-type"))
    if kind.essence not in ("", media) and not (media == "application/json" and kind.is_json):
        raise Refusal(415, f"the body must be {media}, not {kind.essence}")
    coding = (header(request.headers, "content-encoding") or "identity").lower()
    if coding != "identity":
        raise Refusal(415, f"the body must be sent as it is, not in the coding {coding}")
    value, problem = request.content
    if isinstance(value, Absent):
        raise Refusal(400, "a JSON body is required")
    if problem is not None or isinstance(value, bytes):
        raise Refusal(400, f"the body cannot be read: {problem or 'it is not JSON'}")
    if any(map(_HALF_PAIR.search, _texts(value))):
        raise Refusal(400, "the body cannot be read: half of a surrogate pair is no character")
    problems = list(check(value, ""))
    if problems:
        raise Refusal(400, "; ".join(problems))
    return value


def _texts(value: Json) -> Iterator[str]:
    """Give every string within a value, the names of members too."""
    rest = [value]
    while rest:
        match rest.pop():
            case str() as each:
                yield each
            case list() as items:
                rest += items
            case dict() as members:
                rest += [*members, *members.values()]
            case _:
                pass
