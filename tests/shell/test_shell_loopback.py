"""The redirect of a browser to this machine, over a real socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from runner.engine.flow import Send
from runner.exchange import Exchange, Reply, Request, Response, header
from runner.shell.auth import Credentials, Keyring
from runner.shell.auth.loopback import listen
from runner.shell.clock import AsyncVirtualClock, VirtualClock
from runner.shell.deliver import acarry, carry, deliver
from runner.shell.http import HttpTransport
from tests.shell.authorizing import START, Script, failure, form, status, token
from tests.shell.conftest import QUIET
from tests.shell.operations import operation

FLOW = {"authorizationUrl": "https://idp.example/authorize", "tokenUrl": "https://idp.example/token"}
CODE = operation([["O"]], {"O": {"type": "oauth2", "flows": {"authorizationCode": FLOW}}})
SEND = Send(Request("GET", "https://api.example/"), CODE, 5.0)


def got(url: str, method: str = "GET") -> Response:
    with HttpTransport(QUIET) as transport:
        reply = transport.send(Request(method, url, (("Host", urlsplit(url).netloc),)), 5)
    assert isinstance(reply, Response), reply
    return reply


def test_the_redirect_with_the_right_state_is_the_answer() -> None:
    with listen("st4te") as redirect:
        assert urlsplit(redirect.uri)[:2] == ("http", f"127.0.0.1:{urlsplit(redirect.uri).port}")
        assert urlsplit(redirect.uri).path == "/callback"
        page = got(f"{redirect.uri}?code=c%26d&state=st4te")
        assert (page.status, b"You can close this window" in page.body) == (200, True)
        assert redirect.answer.result(5) == {"code": "c&d", "state": "st4te"}


@pytest.mark.parametrize(
    "wrong", ["?code=x&state=other", "?code=x", "?code=x&state=st4t%C3%A9", "", "/../x?code=x&state=st4te"]
)
def test_what_comes_with_another_state_or_elsewhere_is_refused_and_changes_nothing(wrong: str) -> None:
    with listen("st4te") as redirect:
        assert got(f"{redirect.uri}{wrong}").status == 400
        assert not redirect.answer.done()
        assert got(f"{redirect.uri}?error=access_denied&state=st4te").status == 200
        assert redirect.answer.result(5) == {"error": "access_denied", "state": "st4te"}


def test_a_target_that_is_no_address_is_refused_too() -> None:
    with listen("st4te") as redirect:
        with socket.create_connection(("127.0.0.1", urlsplit(redirect.uri).port or 0), 5) as line:
            line.sendall(b"GET http://[x/callback?code=x HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 400 " in line.makefile("rb").readline()
        assert not redirect.answer.done()


def test_the_first_answer_stands_and_only_a_get_is_one() -> None:
    with listen("st4te") as redirect:
        assert got(f"{redirect.uri}?code=0&state=st4te", "POST").status == 501
        for code in ("1", "2"):
            assert got(f"{redirect.uri}?code={code}&state=st4te").status == 200
        assert redirect.answer.result(5)["code"] == "1"


def test_a_page_shows_nothing_of_what_came() -> None:
    with listen("st4te") as redirect:
        page = got(f"{redirect.uri}?error=%3Cscript%3E&state=st4te")
        assert b"script" not in page.body


def test_the_port_is_closed_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    with listen("st4te") as redirect:
        got(f"{redirect.uri}?code=c&state=st4te")
    with HttpTransport(QUIET) as transport:
        assert not isinstance(transport.send(Request("GET", redirect.uri), 5), Response)
    assert capfd.readouterr() == ("", "")


@dataclass
class Browser:
    """A browser in which a user agrees, or not; it follows the redirect in a thread of its own."""

    answer: dict[str, str]
    threads: list[threading.Thread] = field(default_factory=list)

    def show(self, url: str, code: str | None = None) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = f"{query['redirect_uri']}?{urlencode({**self.answer, 'state': query['state']})}"
        self.threads.append(threading.Thread(target=got, args=(back,)))
        self.threads[-1].start()

    def credentials(self) -> Credentials:
        return Credentials({"O_CLIENT_ID": "app"}, keyring=Keyring(self.show))


@dataclass
class Servers:
    """An authorization server and an API, as transports of both kinds."""

    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.sent.append(request)
        return token("t1") if request.url == FLOW["tokenUrl"] else Response(200)


class Awaited:
    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    async def send(self, request: Request, timeout: float | None) -> Reply:
        return self.servers.send(request, timeout)


def synchronous(given: Credentials, servers: Servers) -> Exchange:
    return carry(deliver(SEND, Script().session(given)), servers, VirtualClock(START))


def asynchronous(given: Credentials, servers: Servers) -> Exchange:
    clock = AsyncVirtualClock(VirtualClock(START))
    return asyncio.run(acarry(deliver(SEND, Script().session(given)), Awaited(servers), clock))


Run = Callable[[Credentials, Servers], Exchange]


@pytest.mark.parametrize("run", [synchronous, asynchronous])
def test_a_user_agrees_in_a_browser_and_the_request_goes_out(run: Run) -> None:
    browser, servers = Browser({"code": "c0de"}), Servers()
    assert status(run(browser.credentials(), servers)) == 200
    assert form(servers.sent[0])["code"] == "c0de"
    assert header(servers.sent[1].headers, "authorization") == "Bearer t1"
    browser.threads[0].join(5)


@pytest.mark.parametrize("run", [synchronous, asynchronous])
def test_a_user_who_says_no_is_told_as_the_server_says_it(run: Run) -> None:
    browser, servers = Browser({"error": "access_denied", "error_description": "not today"}), Servers()
    said = failure(run(browser.credentials(), servers))
    assert said == "credentials: no token from 'https://idp.example/token': access_denied (not today)"
    assert servers.sent == []
    browser.threads[0].join(5)
