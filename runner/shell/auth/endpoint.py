"""Turns a form into a token: what a client sends to an authorization server, and how it says who it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote_plus, urlencode, urlsplit

from runner.exchange import Reply, Request, Response, TransportFailure
from runner.records import Frozen
from runner.shell.auth.keyring import Keyring
from runner.shell.auth.tokens import Refused, Token, members, read_token
from runner.shell.auth.wish import Given
from runner.shell.effects import Enter, Steps, dispatched
from runner.shell.wire import basic, complete, legal_url

TIMEOUT = 30.0  # seconds for one request to an authorization server
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Accept", "application/json")
SECRET_FIELDS = ("code", "code_verifier", "device_code", "refresh_token", "password", "client_secret")


class Ports(Frozen):
    """What obtaining a token needs of a run. `now` gives seconds since 1970; `gated` as of its session."""

    now: Callable[[], float]
    keyring: Keyring
    user_agent: str
    gated: bool = False


def endpoint_at(url: str) -> str | TransportFailure:
    """Give the URL of an authorization server's endpoint as it may be used; https is a MUST (RFC 6749, 3.1 and 3.2)."""
    legal = legal_url(url)
    if isinstance(legal, TransportFailure):
        return legal
    parts = urlsplit(legal)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        return TransportFailure("url", "it is neither https nor on this machine")
    return legal


def ask(request: Request, ports: Ports) -> Steps[Reply]:
    """Send a request to an authorization server: without cookies, following no redirect."""
    if isinstance(unsafe := endpoint_at(request.url), TransportFailure):
        return unsafe
    finished = complete(request, ports.user_agent)
    if isinstance(finished, TransportFailure):
        return finished
    if ports.gated:
        yield Enter(finished.url, at_once=True)  # a request that has been let in waits for the answer
    arrival = yield from dispatched(finished, TIMEOUT)
    return arrival.reply


def ask_token(url: str, form: Mapping[str, str], given: Given, ports: Ports) -> Steps[Token | Refused]:
    """Ask a token endpoint for a token, as the client that the user gave."""
    asked_at = ports.now()
    reply = yield from ask_as_client(url, form, given, ports)
    told = {**form, **_client(given)}
    return read_token(reply, asked_at, [told[name] for name in SECRET_FIELDS if name in told])


def ask_as_client(url: str, form: Mapping[str, str], given: Given, ports: Ports) -> Steps[Reply]:
    """Send a form to an authorization server, and say which client sends it.

    RFC 6749, 2.3.1: servers MUST support HTTP Basic, so a client's secret goes there first; into the body where that
    is refused, and straight there from then on.
    """
    client, posting = (url, given.client_id), ports.keyring.posting
    posted = {**form, **_client(given)}
    if not given.client_secret or client in posting:
        return (yield from _post(url, posted, ports))
    pair = f"{quote_plus(given.client_id)}:{quote_plus(given.client_secret)}"
    reply = yield from _post(url, form, ports, ("Authorization", basic(pair)))
    if isinstance(reply, Response) and _refuses_client(reply):
        reply = yield from _post(url, posted, ports)
        if isinstance(reply, Response) and reply.status == 200:
            posting.add(client)
    return reply


def _client(given: Given) -> dict[str, str]:
    named = {"client_id": given.client_id, "client_secret": given.client_secret}
    return {name: value for name, value in named.items() if value}


def _refuses_client(response: Response) -> bool:
    """RFC 6749, 5.2: `invalid_client`, with 400 or 401; a server that looks into the body alone misses something."""
    return response.status == 401 or members(response).get("error") in ("invalid_client", "invalid_request")


def _post(url: str, form: Mapping[str, str], ports: Ports, *headers: tuple[str, str]) -> Steps[Reply]:
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    return ask(Request("POST", url, (FORM, JSON, *headers), body), ports)
