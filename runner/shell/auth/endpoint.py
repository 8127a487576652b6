"""Turns a form into a token: what a client sends to an authorization server, and how it says who it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

from runner.exchange import Reply, Request, TransportFailure
from runner.shell.auth.keyring import Keyring
from runner.shell.auth.tokens import Refused, Token, read_token
from runner.shell.auth.wish import Given
from runner.shell.effects import Steps, dispatched
from runner.shell.wire import basic, complete, legal_url

TIMEOUT = 30.0  # seconds for one request to an authorization server
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Accept", "application/json")
SECRET_FIELDS = ("code", "code_verifier", "device_code", "refresh_token", "password", "client_secret")


@dataclass(frozen=True, slots=True)
class Ports:
    """What obtaining a token needs of a run. `now` gives seconds since 1970."""

    now: Callable[[], float]
    keyring: Keyring
    user_agent: str


def refusal_of(url: str) -> str | None:
    """Say why a URL cannot be the endpoint of an authorization server; https is a MUST (RFC 6749, 3.1 and 3.2)."""
    legal = legal_url(url)
    if isinstance(legal, TransportFailure):
        return legal.message
    parts = urlsplit(legal)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        return "it is neither https nor on this machine"
    return None


def ask(request: Request, ports: Ports) -> Steps[Reply]:
    """Send a request to an authorization server: without cookies, following no redirect."""
    if why := refusal_of(request.url):
        return TransportFailure("url", why)
    finished = complete(request, ports.user_agent)
    if isinstance(finished, TransportFailure):
        return finished
    arrival = yield from dispatched(finished, TIMEOUT)
    return arrival.reply


def ask_token(url: str, form: Mapping[str, str], given: Given, ports: Ports) -> Steps[Token | Refused]:
    """Ask a token endpoint for a token, as the client that the user gave.

    RFC 6749, 2.3.1: servers MUST support HTTP Basic, so a client's secret goes there first; into the body where that
    is refused, and straight there from then on.
    """
    client, posting = (url, given.client_id), ports.keyring.posting
    if not given.client_secret or client in posting:
        return (yield from _asked(url, {**form, **_client(given)}, given, ports))
    pair = f"{quote_plus(given.client_id)}:{quote_plus(given.client_secret)}"
    answer = yield from _asked(url, form, given, ports, ("Authorization", basic(pair)))
    if isinstance(answer, Refused) and answer.error in ("invalid_client", "invalid_request", "401"):
        answer = yield from _asked(url, {**form, **_client(given)}, given, ports)
        if isinstance(answer, Token):
            posting.add(client)
    return answer


def _client(given: Given) -> dict[str, str]:
    named = {"client_id": given.client_id, "client_secret": given.client_secret}
    return {name: value for name, value in named.items() if value}


def _asked(
    url: str, form: Mapping[str, str], given: Given, ports: Ports, *headers: tuple[str, str]
) -> Steps[Token | Refused]:
    asked_at = ports.now()
    reply = yield from post(url, form, ports, *headers)
    told = {**form, **_client(given)}
    return read_token(reply, asked_at, [told[name] for name in SECRET_FIELDS if name in told])


def post(url: str, form: Mapping[str, str], ports: Ports, *headers: tuple[str, str]) -> Steps[Reply]:
    """Send a form to an authorization server."""
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    return ask(Request("POST", url, (FORM, JSON, *headers), body), ports)
