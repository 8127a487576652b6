"""Turns a request and the recorded one into their differences; what was taken out as a secret is like anything.

Not compared is what says nothing of the workflow: how long the body is, who the client is, what it can unpack,
cookies, which the recording had from the server, and the key of `x-idempotency-key`, which is another in every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl

from runner.exchange import Headers, MediaType, Request, header, media_type
from runner.records import Frozen
from runner.reporters.secret_values import ALIAS, PLACEHOLDER
from runner.text import json_text
from runner.uri import split_uri
from runner.values import Json, join_pointer

Part: TypeAlias = Literal["method", "url", "query", "header", "body"]

_OF_THE_CLIENT = frozenset(
    {
        "host",
        "user-agent",
        "accept-encoding",
        "content-length",
        "connection",
        "transfer-encoding",
        "cookie",
        "idempotency-key",
    }
)
_SECRET = re.compile(rf"{ALIAS.pattern}|{re.escape(PLACEHOLDER)}")
_CREDENTIAL = re.compile(rf"(?:[\w-]+ )?(?:{_SECRET.pattern})")
_LONGEST = 200


class Difference(Frozen):
    """Where a request is not the recorded one: the text that was there, and the one that is; None is not there."""

    part: Part
    name: str
    before: str | None
    after: str | None

    @property
    def where(self) -> str:
        """Name the place as a person does."""
        match self.part:
            case "query":
                return f"query parameter '{self.name}'"
            case "header":
                return f"header '{self.name}'"
            case "body":
                return f"body at '{self.name}'" if self.name else "body"
            case "method" | "url":
                return self.part

    def __str__(self) -> str:
        before = "not there" if self.before is None else _short(self.before)
        after = "not there" if self.after is None else _short(self.after)
        return f"{self.where} was {before}, is {after}"

    @property
    def lines(self) -> Iterator[str]:
        """Write it as a diff does."""
        if self.before is not None:
            yield f"- {self.where}: {_short(self.before)}"
        if self.after is not None:
            yield f"+ {self.where}: {_short(self.after)}"


def differences(recorded: Request, sent: Request) -> tuple[Difference, ...]:
    """Compare two requests: first what says which answer is wanted, the headers last."""
    return (*_essential(recorded, sent), *_headers(recorded.headers, sent.headers))


def _essential(recorded: Request, sent: Request) -> Iterator[Difference]:
    if recorded.method != sent.method:
        yield Difference("method", "", recorded.method, sent.method)
    before, after = split_uri(recorded.url), split_uri(sent.url)
    bare = [str(parts._replace(query=None, fragment=None)) for parts in (before, after)]
    if not alike(bare[0], bare[1]):
        yield Difference("url", "", bare[0], bare[1])
    yield from _fields("query", _pairs(before.query or ""), _pairs(after.query or ""))
    yield from _bodies(recorded, sent)


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _headers(recorded: Headers, sent: Headers) -> Iterator[Difference]:
    kept = [[(name.lower(), value) for name, value in each] for each in (recorded, sent)]
    compared = [[pair for pair in each if pair[0] not in _OF_THE_CLIENT] for each in kept]
    for found in _fields("header", *compared):
        is_multipart = found.name == "content-type" and found.before and found.after
        if not (is_multipart and _multipart(found.before) and _multipart(found.before) == _multipart(found.after)):
            yield found


def _multipart(value: str | None) -> str:
    """Give the kind of a multipart body: its boundary follows from what is in it."""
    essence = media_type(value).essence
    return essence if essence.startswith("multipart/") else ""


def _fields(part: Part, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> Iterator[Difference]:
    """Compare the values of each name. A credential that was recorded need not be there: a replay needs none."""
    old, new = _grouped(before), _grouped(after)
    for name in dict.fromkeys((*old, *new)):
        had, has = old.get(name, []), new.get(name, [])
        for index in range(max(len(had), len(has))):
            one = had[index] if index < len(had) else None
            other = has[index] if index < len(has) else None
            is_credential = part != "body" and one is not None and _CREDENTIAL.fullmatch(one)
            if other is None and is_credential:
                continue
            if one is None or other is None or not alike(one, other):
                yield Difference(part, name, one, other)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _bodies(recorded: Request, sent: Request) -> Iterator[Difference]:
    if recorded.body == sent.body:
        return
    kinds = [media_type(header(each.headers, "content-type")) for each in (recorded, sent)]
    before, after = recorded.content.value, sent.content.value
    if all(kind.essence == "application/x-www-form-urlencoded" for kind in kinds):
        yield from _fields("body", *(_pairs(_text(each.body)) for each in (recorded, sent)))
    elif not isinstance(before, str | bytes) and not isinstance(after, str | bytes) and recorded.body and sent.body:
        yield from _values(before, after, "")  # type: ignore[arg-type]  # it is there, and no text
    else:
        one, other = (_comparable(each, kind) for each, kind in zip((recorded, sent), kinds, strict=True))
        if not alike(one, other):
            yield Difference("body", "", _described(recorded), _described(sent))


def _values(before: Json, after: Json, pointer: str) -> Iterator[Difference]:
    """Compare two JSON values member by member."""
    if isinstance(before, str) and _SECRET.fullmatch(before):
        return
    match before, after:
        case dict(), dict():
            for name in dict.fromkeys((*before, *after)):
                place = join_pointer(pointer, name)
                if name not in before or name not in after:
                    one, other = (json_text(each[name]) if name in each else None for each in (before, after))
                    yield Difference("body", place, one, other)
                else:
                    yield from _values(before[name], after[name], place)
        case list(), list() if len(before) == len(after):
            for index, (one_item, other_item) in enumerate(zip(before, after, strict=True)):
                yield from _values(one_item, other_item, join_pointer(pointer, index))
        case str(), str():
            if not alike(before, after):
                yield Difference("body", pointer, json_text(before), json_text(after))
        case _:
            if before != after or isinstance(before, bool) != isinstance(after, bool):
                yield Difference("body", pointer, json_text(before), json_text(after))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def _comparable(request: Request, kind: MediaType) -> str:
    """Give a body as a text; of a multipart one without its boundary, which follows from what is in it."""
    text = _text(request.body)
    if kind.essence.startswith("multipart/") and text.startswith("--"):
        return text.replace(text.partition("\r\n")[0], "--")
    return text


def _described(request: Request) -> str | None:
    if not request.body:
        return None
    try:
        return request.body.decode()
    except UnicodeDecodeError:
        return f"{len(request.body)} bytes"


def alike(recorded: str, text: str) -> bool:
    """Say whether a text is the recorded one, where a secret that was taken out may have been anything."""
    if PLACEHOLDER not in recorded:
        return recorded == text
    return _wildcard(recorded).fullmatch(text) is not None


@lru_cache(maxsize=64)
def _wildcard(recorded: str) -> re.Pattern[str]:
    """Turn a text with placeholders into a pattern whose gaps take as little as they can, and never look back."""
    head, *rest = _SECRET.split(recorded)
    gaps = [f"(?>.*?{re.escape(each)})" for each in rest[:-1]]
    return re.compile("".join([re.escape(head), *gaps, ".*", re.escape(rest[-1])]), re.DOTALL)


def _short(text: str) -> str:
    """Write a value on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
