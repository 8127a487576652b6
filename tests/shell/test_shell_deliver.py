"""Which requests leave for one Send, with a scripted other side and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from runner.engine.flow import Send
from runner.exchange import Exchange, Headers, Reply, Request, Response, TransportFailure, header
from runner.openapi.document import Operation
from runner.shell.auth import Credentials
from runner.shell.clock import VirtualClock
from runner.shell.deliver import Session, carry, deliver
from tests.shell.operations import operation
from tests.shell.server import always, answer, routes, serve

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT
API = "https://api.example"


class Script:
    """A transport that gives one reply after the other, each after `took` seconds, and remembers what it was sent."""

    def __init__(self, clock: VirtualClock, *replies: Reply, took: float = 0.0) -> None:
        self.clock = clock
        self.replies = list(replies)
        self.took = took
        self.sent: list[Request] = []
        self.timeouts: list[float | None] = []

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.sent.append(request)
        self.timeouts.append(timeout)
        self.clock.sleep(self.took)
        return self.replies.pop(0)


def to(location: str, status: int = 302, *more: tuple[str, str]) -> Response:
    return Response(status, (("location", location), *more))


def delivered(
    request: Request,
    *replies: Reply,
    by: Operation | None = None,
    credentials: Credentials | None = None,
    timeout: float | None = None,
) -> tuple[Exchange, Script]:
    clock = VirtualClock(NOW)
    script = Script(clock, *replies, took=0.5)
    session = Session(clock.now, credentials or Credentials())
    return carry(deliver(Send(request, by or operation(), timeout), session), script, clock), script


def get(url: str = API + "/a", headers: Headers = ()) -> Request:
    return Request("GET", url, headers)


OK = Response(200)


def test_an_exchange_holds_what_was_sent_what_came_and_how_long_it_took() -> None:
    exchange, script = delivered(get("https://u:p@API.example/a b#x"), OK)
    assert exchange.sent == script.sent[0]
    assert exchange.sent.url == "https://api.example/a%20b"
    assert header(exchange.sent.headers, "authorization") == "Basic dTpw"
    assert header(exchange.sent.headers, "host") == "api.example"
    assert (exchange.reply, exchange.took, exchange.hops) == (OK, 0.5, ())


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (get("ftp://x/"), "url"),
        (get("http://x:y/"), "url"),
        (get("http://[x/"), "url"),
        (get(headers=(("X", "\n"),)), "protocol"),
    ],
)
@pytest.mark.parametrize("by", [operation(), operation([["Bearer"]], {"Bearer": {"type": "http", "scheme": "bearer"}})])
def test_what_cannot_be_sent_is_never_given_to_the_transport(request_: Request, kind: str, by: Operation) -> None:
    exchange, script = delivered(request_, by=by)
    assert isinstance(exchange.reply, TransportFailure)
    assert (exchange.reply.kind, script.sent) == (kind, [])


def test_redirects_are_followed_one_hop_each() -> None:
    exchange, script = delivered(get(), to("b?x=1"), to("//api.example/c#part", 308), OK)
    assert [request.url for request in script.sent] == [API + "/a", API + "/b?x=1", API + "/c"]
    assert [hop.sent for hop in exchange.hops] == script.sent[:2]
    assert [hop.response.status for hop in exchange.hops] == [302, 308]
    assert (exchange.sent, exchange.reply, exchange.took) == (script.sent[2], OK, 1.5)


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 301, "PUT"),
        ("PUT", 302, "PUT"),
        ("DELETE", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("GET", 301, "GET"),
    ],
)
def test_the_method_after_a_redirect_depends_on_its_status(method: str, status: int, then: str) -> None:
    request = Request(method, API + "/a", (("Content-Type", "text/plain"), ("X-Y", "1")), b"body")
    exchange, _ = delivered(request, to("/b", status), OK)
    kept = method == then
    assert exchange.sent.method == then
    assert exchange.sent.body == (b"body" if kept else b"")
    assert header(exchange.sent.headers, "content-type") == ("text/plain" if kept else None)
    assert header(exchange.sent.headers, "content-length") == ("4" if kept else None)
    assert header(exchange.sent.headers, "x-y") == "1"


@pytest.mark.parametrize("declared", [["302"], ["3XX"]])
def test_a_redirect_that_the_operation_declares_is_the_answer(declared: Sequence[str]) -> None:
    exchange, script = delivered(get(), to("/b"), by=operation(responses=declared))
    assert (exchange.reply, len(script.sent)) == (to("/b"), 1)


def test_default_declares_no_redirect() -> None:
    exchange, _ = delivered(get(), to("/b"), OK, by=operation(responses=["default"]))
    assert exchange.reply == OK


@pytest.mark.parametrize(
    "response",
    [
        Response(302),
        to(""),
        to("app://callback?code=1"),
        to("http://[broken/"),
        to("https://a..b/"),
        to("/b", 300),
        to("/b", 304),
        to("/b", 201),
    ],
)
def test_a_response_that_leads_nowhere_is_the_answer(response: Response) -> None:
    exchange, _ = delivered(get(), response)
    assert (exchange.reply, exchange.hops) == (response, ())


def test_a_redirect_from_https_to_http_is_refused() -> None:
    exchange, script = delivered(get(), to("http://api.example/b"))
    assert exchange.reply == TransportFailure("redirects", "a redirect from https to http was refused")
    assert len(script.sent) == 1


def test_ten_redirects_are_followed_and_no_more() -> None:
    exchange, _ = delivered(get(), *[to("/a")] * 10, OK)
    assert (exchange.reply, len(exchange.hops)) == (OK, 10)
    exchange, script = delivered(get(), *[to("/a")] * 11)
    assert exchange.reply == TransportFailure("redirects", "it was redirected more than 10 times")
    assert (len(exchange.hops), len(script.sent)) == (10, 11)


SCHEMES = {
    "Bearer": {"type": "http", "scheme": "bearer"},
    "Key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "Query": {"type": "apiKey", "in": "query", "name": "key"},
}
SECURED = operation([["Bearer", "Query"]], SCHEMES)
MINE = Credentials({"Bearer": "s3cret", "Query": "s3cret"})


def test_credentials_stay_within_their_origin() -> None:
    _, script = delivered(get(), to("/b"), OK, by=SECURED, credentials=MINE)
    assert [request.url for request in script.sent] == [API + "/a?key=s3cret", API + "/b?key=s3cret"]
    assert [header(request.headers, "authorization") for request in script.sent] == ["Bearer s3cret"] * 2


@pytest.mark.parametrize(
    "elsewhere", ["https://other.example/b", "https://api.example:8443/b", "https://sub.api.example/b"]
)
def test_credentials_are_dropped_at_another_origin_and_do_not_come_back(elsewhere: str) -> None:
    own = (("Cookie", "sid=s3cret"), ("X-API-KEY", "s3cret"), ("Proxy-Authorization", "s3cret"), ("X-Y", "1"))
    _, script = delivered(get(headers=own), to(elsewhere), to(API + "/c"), OK, by=SECURED, credentials=MINE)
    assert "s3cret" in str(script.sent[0])
    assert "s3cret" not in str(script.sent[1:])
    assert [header(request.headers, "x-y") for request in script.sent] == ["1"] * 3
    assert header(script.sent[1].headers, "host") == elsewhere.split("/")[2]


def test_an_authorization_of_the_step_s_own_is_dropped_at_another_origin() -> None:
    request = get("http://u:s3cret@127.0.0.1/a", (("Host", "virtual.example"),))
    _, script = delivered(request, to("/b"), to("http://localhost/"), OK)
    assert [header(sent.headers, "authorization") is None for sent in script.sent] == [False, False, True]
    assert [header(sent.headers, "host") for sent in script.sent] == ["virtual.example", "virtual.example", "localhost"]


def test_secret_fields_are_dropped_at_another_origin_by_their_names_and_by_what_is_known() -> None:
    clock = VirtualClock(NOW)
    session = Session(clock.now, secrets={"", "1", "json", "s3cret"})
    own = (("X-Auth-Token", "of-the-step"), ("X-Pin", "pin s3cret"), ("X-Y", "1"), ("Accept", "application/json"))
    script = Script(clock, to("/b"), to("https://other.example/c"), OK)
    carry(deliver(Send(get(headers=own), operation(), None), session), script, clock)
    held = [[name for name, _ in own if header(sent.headers, name) is not None] for sent in script.sent]
    assert held == [["X-Auth-Token", "X-Pin", "X-Y", "Accept"]] * 2 + [["X-Y", "Accept"]]


def test_cookies_of_a_response_travel_with_what_follows_in_the_run() -> None:
    clock = VirtualClock(NOW)
    session = Session(clock.now)
    script = Script(clock, to("/b", 302, ("Set-Cookie", "a=1")), to(API + "/c", 302, ("Set-Cookie", "b=2")), OK, OK)
    own = get(headers=(("Cookie", "a=own"),))
    carry(deliver(Send(own, operation(), None), session), script, clock)
    carry(deliver(Send(get("https://other.example/"), operation(), None), session), script, clock)
    assert [header(sent.headers, "cookie") for sent in script.sent] == ["a=own", "a=own", "a=own; b=2", None]


def test_the_timeout_covers_all_hops_and_each_gets_what_is_left() -> None:
    exchange, script = delivered(get(), to("/b"), to("/c"), OK, timeout=2.0)
    assert script.timeouts == [2.0, 1.5, 1.0]
    assert (exchange.reply, exchange.took) == (OK, 1.5)
    assert delivered(get(), OK)[1].timeouts == [None]


def test_time_that_runs_out_between_hops_is_a_timeout() -> None:
    exchange, script = delivered(get(), to("/b"), to("/c"), timeout=1.0)
    assert exchange.reply == TransportFailure("timeout", "no response within 1 s, after 2 redirects")
    assert (exchange.took, len(script.sent), len(exchange.hops)) == (1.0, 2, 2)


def test_a_timeout_after_a_redirect_names_the_whole_time() -> None:
    late = TransportFailure("timeout", "no response within 0.5 s")
    assert delivered(get(), late, timeout=1.0)[0].reply == late
    exchange, _ = delivered(get(), to("/b"), late, timeout=1.0)
    assert exchange.reply == TransportFailure("timeout", "no response within 1 s, after 1 redirect")


def test_a_failure_keeps_the_hops_that_led_to_it() -> None:
    closed = TransportFailure("closed", "x")
    exchange, script = delivered(get(), to("/b"), closed)
    assert (exchange.reply, exchange.sent, len(exchange.hops)) == (closed, script.sent[1], 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Sun, 06 Nov 1994 08:50:37 GMT", "60"),
        ("Sunday, 06-Nov-94 08:50:37 GMT", "60"),
        ("Sun Nov  6 08:50:37 1994", "60"),
        ("Sun, 06 Nov 1994 08:00:00 GMT", "0"),
        ("120", "120"),
        ("1.5", "1.5"),
        ("soon", "soon"),
    ],
)
def test_a_retry_after_date_becomes_seconds_and_nothing_else_changes(value: str, expected: str) -> None:
    response = Response(429, (("A", "1"), ("retry-AFTER", value), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")), b"x")
    reply = delivered(get(), response)[0].reply
    assert isinstance(reply, Response)
    # the script lets half a second pass, so a date 60 s ahead is 59.5 s ahead, rounded up
    assert reply.headers == (("A", "1"), ("retry-AFTER", expected), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"))
    assert reply.body == b"x"


def test_a_real_redirect_to_another_origin_loses_the_token(send_all: Callable[..., list[Reply]]) -> None:
    with serve(always(answer(body=b"there"))) as there:
        moved = answer(f"Location: {there.url('/x', host='localhost')}", "Set-Cookie: a=1", status="307 Temporary")
        with serve(routes({"/a": moved})) as here:
            script = Relay(send_all)
            session = Session(VirtualClock(NOW).now, Credentials({"Bearer": "s3cret"}))
            send = Send(get(here.url("/a")), operation([["Bearer"]], SCHEMES), 5.0)
            exchange = carry(deliver(send, session), script, VirtualClock(NOW))
            assert isinstance(exchange.reply, Response)
            assert exchange.reply.body == b"there"
            assert here.received[0].field("authorization") == "Bearer s3cret"
            assert there.received[0].field("authorization") is None
            assert tuple(there.received[0].fields) == exchange.sent.headers


class Relay:
    """A real transport, sync or async, as a `Transport`."""

    def __init__(self, send_all: Callable[..., list[Reply]]) -> None:
        self._send_all = send_all

    def send(self, request: Request, timeout: float | None) -> Reply:
        return self._send_all(request, timeout=timeout)[0]
