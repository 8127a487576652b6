"""Turns credentials into the header fields, query parameters and cookies of a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from runner.exchange import Request
from runner.records import replace


class Slot(NamedTuple):
    """Where in a request a credential travels; header names in lower case."""

    location: Literal["header", "query", "cookie"]
    name: str


AUTHORIZATION = Slot("header", "authorization")


def carried(request: Request) -> frozenset[Slot]:
    """Give the headers, query parameters and cookies that a request already has."""
    headers = (Slot("header", name.lower()) for name, _ in request.headers)
    query = (Slot("query", name) for name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    cookies = (Slot("cookie", name) for name, _ in cookie_pairs(request))
    return frozenset((*headers, *query, *cookies))


def cookie_pairs(request: Request) -> tuple[tuple[str, str], ...]:
    """Give the cookies that a request's own Cookie field holds."""
    text = "; ".join(value for name, value in request.headers if name.lower() == "cookie")
    parted = (item.strip().partition("=") for item in text.split(";") if item.strip())
    return tuple((name, value) for name, _, value in parted)


def placed(request: Request, slot: Slot, name: str, text: str) -> Request:
    """Put a credential where it travels; `name` is the slot's as the description spells it."""
    match slot.location:
        case "header":
            return replace(request, headers=(*request.headers, (name, text)))
        case "query":
            return replace(request, url=_with_query(request.url, name, text))
        case "cookie":
            return with_cookies(request, ((name, text),))


def _with_query(url: str, name: str, text: str) -> str:
    rest, hash_mark, fragment = url.partition("#")
    joint = "&" if urlsplit(rest).query else "?"
    return f"{rest.rstrip('?')}{joint}{quote(name, safe='')}={quote(text, safe='')}{hash_mark}{fragment}"


def with_cookies(request: Request, pairs: Iterable[tuple[str, str]]) -> Request:
    """Add cookies to a request, in one Cookie field (RFC 6265, 5.4); a name that the request has already wins."""
    own = cookie_pairs(request)
    names = {name for name, _ in own}
    pairs = (*own, *(pair for pair in pairs if pair[0] not in names))
    if len(pairs) == len(own):
        return request
    field_value = "; ".join(f"{name}={value}" for name, value in pairs)
    others = tuple(pair for pair in request.headers if pair[0].lower() != "cookie")
    return replace(request, headers=(*others, ("Cookie", field_value)))
