"""Turns refusals, redirects and pages into responses that nobody may keep."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from runner.exchange import Headers, Response
from runner.sandbox.replies import reply
from runner.values import Json

# RFC 6749, 5.1: the field "Cache-Control" with a value of "no-store", and "Pragma" with "no-cache".
_NO_STORE: Headers = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))

_STATUS = {"invalid_client": 401, "invalid_token": 401, "insufficient_scope": 403}

# RFC 6749, 5.2: error_description "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E".
_UNSPEAKABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


_HEAD = """<!doctype html>
<html lang=en>
<meta charset=utf-8>
<meta name=viewport content="width=device-width">
<meta name=color-scheme content="light dark">
<title>Sandbox sign-in</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 34rem; padding: 0 1rem }
button { font: inherit; margin: 1rem .5rem 0 0; padding: .4rem 1.2rem } label { display: block }
</style>
"""


class Refusal(Exception):  # noqa: N818 - what an endpoint raises to answer no; it never leaves the server
    """The answer is an error: a code of RFC 6749 and its kin, a sentence, and the header fields that go with them."""

    def __init__(self, code: str, description: str, headers: Headers = ()) -> None:
        super().__init__(description)
        self.code = code
        self.description = _UNSPEAKABLE.sub("?", description)
        self.headers = headers

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 400)

    @property
    def members(self) -> dict[str, str]:
        return {"error": self.code, "error_description": self.description}


def private(value: Json, status: int = 200, headers: Headers = ()) -> Response:
    """Answer with a JSON body that nobody may store."""
    return reply(value, status, (*_NO_STORE, *headers))


def refused(refusal: Refusal) -> Response:
    """Answer a program with an error."""
    return private({**refusal.members}, refusal.status, refusal.headers)


def refused_page(refusal: Refusal) -> Response:
    """Answer a person with an error."""
    return page(f"<h1>{refusal.code}</h1><p>{html.escape(refusal.description)}</p>", 400)


def page(content: str, status: int = 200) -> Response:
    """Answer with a page; whoever gives the content has escaped what is not its own."""
    body = f"{_HEAD}{content}".encode()
    headers = (("Content-Type", "text/html; charset=utf-8"), ("X-Frame-Options", "DENY"), *_NO_STORE)
    return Response(status, headers, body, HTTPStatus(status).phrase)


def redirect(url: str, parameters: Mapping[str, str], status: int) -> Response:
    """Send the browser to a URL with parameters added to its query."""
    joint = "&" if "?" in url else "?"
    location = f"{url}{joint}{urlencode(parameters)}"
    return Response(status, (("Location", location), *_NO_STORE), b"", HTTPStatus(status).phrase)
