"""OAuth 2.0 and OpenID Connect: what is asked of an authorization server, when, and what its refusals are told as."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from runner.engine.flow import Send
from runner.exchange import Reply, Request, Response, TransportFailure, header
from runner.openapi.document import Operation
from runner.shell.auth import Credentials, Keyring
from runner.shell.auth.consent import challenge_of
from runner.shell.auth.metadata import read_metadata
from runner.shell.auth.schemes import KINDS
from runner.shell.auth.tokens import Token
from runner.shell.deliver import deliver
from tests.shell.authorizing import START, Script, chance, failure, form, json_reply, status, token
from tests.shell.operations import operation

IDP = "https://idp.example"
ISSUER = {"issuer": IDP, "token_endpoint": f"{IDP}/token", "authorization_endpoint": f"{IDP}/authorize?tenant=1"}
WELL_KNOWN = f"{IDP}/.well-known/openid-configuration"
OK, REFUSED = Response(200), Response(401)
SECRET = "s3cret/+ &"


def secured(*kinds: str, scopes: tuple[str, ...] = (), **urls: str) -> Operation:
    """An operation that wants a token by one of these flows."""
    flow = {
        "tokenUrl": f"{IDP}/token",
        "authorizationUrl": f"{IDP}/authorize?tenant=1",
        "deviceAuthorizationUrl": f"{IDP}/device",
        **urls,
    }
    return operation([{"O": scopes}], {"O": {"type": "oauth2", "flows": dict.fromkeys(kinds, flow)}}, path="/")


def discovered(scopes: tuple[str, ...] = (), url: str = WELL_KNOWN) -> Operation:
    return operation([{"O": scopes}], {"O": {"type": "openIdConnect", "openIdConnectUrl": url}})


MACHINE = secured("clientCredentials", scopes=("write", "read"))


def client(**more: str) -> Credentials:
    parts = {"CLIENT_ID": "me", "CLIENT_SECRET": SECRET, **more}
    return Credentials({f"O_{part}": value for part, value in parts.items()}, keyring=Keyring(random=chance))


def user(**more: str) -> Credentials:
    parts = {"USERNAME": "ann", "PASSWORD": SECRET, **more}
    return Credentials({f"O_{part}": value for part, value in parts.items()})


def bearers(script: Script) -> list[str | None]:
    """Give what the API was sent, in order."""
    return [
        (header(request.headers, "authorization") or "").removeprefix("Bearer ")
        for request in script.sent
        if request.url.startswith("https://api.example")
    ]


def asked(script: Script) -> list[dict[str, str]]:
    """Give the forms that the token endpoint was sent, in order."""
    return [form(request) for request in script.sent if request.url.startswith(f"{IDP}/")]


# Client credentials


def test_a_client_asks_for_a_token_and_sends_it() -> None:
    script = Script()
    exchange = script.deliver(MACHINE, client(), [token("t1", expires_in=3600), OK])
    request, call = script.sent
    assert (request.method, request.url) == ("POST", f"{IDP}/token")
    assert form(request) == {"grant_type": "client_credentials", "scope": "read write"}
    pair = base64.b64encode(b"me:s3cret%2F%2B+%26").decode()  # RFC 6749, 2.3.1: form-encoded before
    assert header(request.headers, "authorization") == f"Basic {pair}"
    assert header(request.headers, "user-agent") == "test"
    assert header(call.headers, "authorization") == "Bearer t1"
    assert (status(exchange), exchange.took, exchange.sent, exchange.hops) == (200, 0.5, call, ())
    assert script.learned == {"t1"}


def test_a_token_serves_many_steps_until_shortly_before_its_end() -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1", expires_in=3600), OK])
    script.clock.sleep(3568.0)  # with the 30 s of margin and what the requests took
    script.deliver(MACHINE, credentials, [OK])
    script.clock.sleep(2.0)
    script.deliver(MACHINE, credentials, [token("t2", expires_in="3600"), OK])
    assert bearers(script) == ["t1", "t1", "t2"]


@pytest.mark.parametrize("lifetime", [{}, {"expires_in": None}, {"expires_in": "never"}, {"expires_in": True}])
def test_a_token_without_an_end_is_used_until_it_is_refused(lifetime: dict[str, Any]) -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1", **lifetime), OK])
    script.clock.sleep(1e9)
    script.deliver(MACHINE, credentials, [OK])
    assert bearers(script) == ["t1", "t1"]


def test_a_short_lived_token_has_a_short_margin() -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1", expires_in=10), OK])
    script.clock.sleep(7.5)
    script.deliver(MACHINE, credentials, [OK])
    script.deliver(MACHINE, credentials, [token("t2", expires_in=10), OK])
    assert bearers(script) == ["t1", "t1", "t2"]


def test_other_scopes_are_another_token_and_the_same_in_another_order_are_not() -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1"), OK])
    script.deliver(secured("clientCredentials", scopes=("read", "write")), credentials, [OK])
    script.deliver(secured("clientCredentials", scopes=("admin",)), credentials, [token("t2"), OK])
    assert bearers(script) == ["t1", "t1", "t2"]


def test_scope_and_audience_are_what_the_user_says() -> None:
    script, credentials = Script(), client(SCOPE="b, a", AUDIENCE="https://api.example")
    script.deliver(MACHINE, credentials, [token("t1"), OK])
    assert asked(script) == [{"grant_type": "client_credentials", "scope": "a b", "audience": "https://api.example"}]


@pytest.mark.parametrize(
    "refusal", [json_reply(401, error="invalid_client"), json_reply(400, error="invalid_request"), Response(401)]
)
def test_a_server_that_refuses_basic_gets_the_secret_in_the_body_and_from_then_on_there(refusal: Reply) -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [refusal, token("t1"), OK])
    script.deliver(secured("clientCredentials"), credentials, [token("t2"), OK])
    posted = {"client_id": "me", "client_secret": SECRET, "grant_type": "client_credentials"}
    assert asked(script)[1:] == [{**posted, "scope": "read write"}, posted]
    tokens = [request for request in script.sent if request.url == f"{IDP}/token"]
    assert [header(request.headers, "authorization") is None for request in tokens] == [False, True, True]


def test_a_token_that_was_there_and_is_refused_is_replaced_once() -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1"), OK])
    exchange = script.deliver(MACHINE, credentials, [REFUSED, token("t2"), OK])
    assert (bearers(script), status(exchange), exchange.took) == (["t1", "t1", "t2"], 200, 1.0)
    assert exchange.sent == script.sent[-1]
    again = script.deliver(MACHINE, credentials, [REFUSED, token("t3"), REFUSED])
    assert (bearers(script)[3:], status(again)) == (["t2", "t3"], 401)


@pytest.mark.parametrize("then", [[OK], []])
def test_a_request_whose_token_is_refused_is_told_whatever_comes_of_it(then: list[Reply]) -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1"), OK])
    exchange = script.deliver(MACHINE, credentials, [REFUSED, token("t2") if then else Response(500), *then])
    assert [(header(hop.sent.headers, "authorization"), hop.response) for hop in exchange.hops] == [
        ("Bearer t1", REFUSED)
    ]
    assert isinstance(exchange.reply, Response) == bool(then)


def test_a_new_token_that_is_refused_is_not_replaced() -> None:
    script = Script()
    assert status(script.deliver(MACHINE, client(), [token("t1"), REFUSED])) == 401


def test_a_refusal_of_the_step_s_own_header_changes_no_token() -> None:
    script, credentials = Script(), client()
    own = Request("GET", "https://api.example/", (("Authorization", "Bearer own"),))
    assert status(script.deliver(MACHINE, credentials, [REFUSED], request=own)) == 401
    assert bearers(script) == ["own"]


def test_a_token_does_not_follow_a_redirect_to_another_origin() -> None:
    script = Script()
    moved = Response(302, (("Location", "https://other.example/"),))
    script.deliver(MACHINE, client(), [token("t1"), moved, REFUSED])
    assert header(script.sent[-1].headers, "authorization") is None


def test_the_cookies_of_a_run_stay_out_of_it() -> None:
    script, credentials = Script(), client()
    session = script.session(credentials)
    session.jar.store(f"{IDP}/token", (("Set-Cookie", "a=1"),), START)
    reply = Response(200, (("Set-Cookie", "b=2"),), b'{"access_token": "t1"}')
    script.play(deliver(Send(Request("GET", "https://api.example/"), MACHINE, None), session), reply, OK)
    assert header(script.sent[0].headers, "cookie") is None
    assert session.jar.pairs(f"{IDP}/token", START) == (("a", "1"),)


# What goes wrong


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (json_reply(400, error="invalid_scope"), "invalid_scope; SCOPE says which to ask for"),
        (
            json_reply(400, error="invalid_scope", error_description="no such\nscope"),
            "invalid_scope (no such scope); SCOPE says which to ask for",
        ),
        (
            json_reply(200, error="unsupported_grant_type"),
            "unsupported_grant_type; FLOW says which flow to use",
        ),
        (json_reply(400, error={"code": 7}), "an error that is no text"),
        (json_reply(400, error="e", error_description=f"unknown secret {SECRET}"), "e (unknown secret ***)"),
        (json_reply(400, error="x" * 300), "x" * 200 + "…"),
        (Response(503, (), b"<html>", "Service Unavailable"), "the server answered 503 Service Unavailable"),
        (Response(302, (("Location", f"{IDP}/x"),)), "the server answered 302, and secrets follow no redirect"),
        (Response(200, (), b"<html>"), "the answer is no JSON object"),
        (Response(200), "the answer is no JSON object"),
        (json_reply(200, token="t1"), "the answer holds no access_token"),
        (json_reply(200, access_token=7), "the answer holds no access_token"),
        (
            json_reply(200, access_token="t1", token_type="mac"),
            "the token is of the type 'mac', and only bearer tokens can be sent",
        ),
        (TransportFailure("dns", "there is no host 'idp.example'"), "there is no host 'idp.example'"),
    ],
)
def test_what_a_token_endpoint_answers_otherwise_is_why_the_request_was_not_sent(reply: Reply, why: str) -> None:
    script = Script()
    exchange = script.deliver(MACHINE, client(), [reply])
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': {why}"
    assert (bearers(script), exchange.took) == ([], 0.0)


def test_a_client_that_is_refused_both_ways_is_told_of() -> None:
    refusal = json_reply(401, error="invalid_client", error_description="no such client")
    exchange = Script().deliver(MACHINE, client(), [refusal, refusal])
    why = "invalid_client (no such client); check CLIENT_ID and CLIENT_SECRET"
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': {why}"


def test_a_token_that_cannot_be_replaced_says_why() -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [token("t1"), OK])
    exchange = script.deliver(MACHINE, credentials, [REFUSED, json_reply(400, error="invalid_grant")])
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': invalid_grant"


def test_a_failure_is_not_kept() -> None:
    script, credentials = Script(), client()
    script.deliver(MACHINE, credentials, [Response(500)])
    assert status(script.deliver(MACHINE, credentials, [token("t1"), OK])) == 200


@pytest.mark.parametrize(
    ("url", "asked_at", "why"),
    [
        ("http://idp.example/token", None, "it is neither https nor on this machine"),
        ("ftp://idp.example/token", None, "the URL cannot be requested: 'ftp' is not http or https"),
        ("http://127.0.0.1:9/token", "http://127.0.0.1:9/token", None),
        ("http://localhost/token", "http://localhost/token", None),
        ("/oauth/token", "https://api.example/oauth/token", None),
        ("token?x=1", "https://api.example/token?x=1", None),
    ],
)
def test_a_token_url_is_absolute_or_relative_to_the_server_and_safe(
    url: str, asked_at: str | None, why: str | None
) -> None:
    script = Script()
    replies = [token("t1"), OK] if asked_at else []
    exchange = script.deliver(secured("clientCredentials", tokenUrl=url), client(), replies)
    if why:
        assert failure(exchange) == f"credentials: no token from '{url}': {why}"
    else:
        assert script.sent[0].url == asked_at


def test_user_and_query_of_a_token_url_are_not_shown() -> None:
    flow = secured("clientCredentials", tokenUrl="https://u:p@idp.example/token?key=s3cret")
    exchange = Script().deliver(flow, client(), [Response(500)])
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': the server answered 500"


def test_no_secret_shows_in_what_is_printed_of_any_of_it() -> None:
    script, credentials = Script(), client(REFRESH_TOKEN="r3fresh", PASSWORD="p4ss")
    script.deliver(MACHINE, credentials, [token("t0ken", refresh_token="r2"), OK])
    keyring = credentials.keyring
    shown = repr((credentials, keyring, Token("t0ken", 1.0, "r2"), script.session(credentials)))
    assert [secret for secret in (SECRET, "r3fresh", "p4ss", "t0ken", "r2") if secret in shown] == []


# Password, refresh


PASSWORD = secured("password", refreshUrl=f"{IDP}/refresh")


def test_a_user_s_password_is_sent_once_and_what_refreshes_the_token_after_that() -> None:
    script, credentials = Script(), user(CLIENT_ID="app")
    script.deliver(PASSWORD, credentials, [token("t1", expires_in=100, refresh_token="r1"), OK])
    script.clock.sleep(100)
    script.deliver(PASSWORD, credentials, [token("t2", expires_in=100, refresh_token="r2"), OK])
    script.clock.sleep(100)
    script.deliver(PASSWORD, credentials, [token("t3", expires_in=100), OK])
    exchange = script.deliver(PASSWORD, credentials, [REFUSED, token("t4"), OK])
    assert asked(script) == [
        {"grant_type": "password", "username": "ann", "password": SECRET, "client_id": "app"},
        {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "app"},
        {"grant_type": "refresh_token", "refresh_token": "r2", "client_id": "app"},
        {"grant_type": "refresh_token", "refresh_token": "r2", "client_id": "app"},  # it was not rotated
    ]
    assert [request.url for request in script.sent[2:3]] == [f"{IDP}/refresh"]
    assert (bearers(script), status(exchange)) == (["t1", "t2", "t3", "t3", "t4"], 200)
    assert script.learned == {"t1", "t2", "t3", "t4", "r1", "r2"}


def test_a_refresh_token_that_is_spent_leads_back_to_the_password() -> None:
    script, credentials = Script(), user()
    script.deliver(PASSWORD, credentials, [token("t1", expires_in=0, refresh_token="r1"), OK])
    script.deliver(PASSWORD, credentials, [json_reply(400, error="invalid_grant"), token("t2"), OK])
    assert [each["grant_type"] for each in asked(script)] == ["password", "refresh_token", "password"]


def test_a_refresh_that_fails_otherwise_is_not_made_worse_by_a_password() -> None:
    script, credentials = Script(), user()
    script.deliver(PASSWORD, credentials, [token("t1", expires_in=0, refresh_token="r1"), OK])
    exchange = script.deliver(PASSWORD, credentials, [Response(503)])
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': the server answered 503"


def test_a_refresh_token_of_the_user_s_is_enough_and_serves_all_scopes() -> None:
    script = Script()
    credentials = Credentials({"O_CLIENT_ID": "app", "O_REFRESH_TOKEN": "mine"})
    flows = [secured("authorizationCode", scopes=(scope,)) for scope in ("read", "write")]
    script.deliver(flows[0], credentials, [token("t1", expires_in=0, refresh_token="r1"), OK])
    script.deliver(flows[1], credentials, [token("t2"), OK])
    assert [each["refresh_token"] for each in asked(script)] == ["mine", "r1"]
    assert "scope" not in asked(script)[0]


def test_a_refresh_token_that_is_refused_with_nobody_to_ask_is_told_of() -> None:
    credentials = Credentials({"O_CLIENT_ID": "app", "O_REFRESH_TOKEN": "mine"})
    exchange = Script().deliver(secured("authorizationCode"), credentials, [json_reply(400, error="invalid_grant")])
    assert failure(exchange) == (
        f"credentials: no token from '{IDP}/token': invalid_grant; "
        "a new REFRESH_TOKEN is needed: this one has ended, and some servers take each only once"
    )


# Which flow


@pytest.mark.parametrize(
    ("given", "flow", "grant"),
    [
        (("CLIENT_ID", "CLIENT_SECRET"), "", "client_credentials"),
        (("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"), "", "password"),
        (("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"), "client-credentials", "client_credentials"),
        (("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"), "authorizationCode", "password"),  # nobody to ask
        (("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"), "", "refresh_token"),
        (("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"), "clientCredentials", "client_credentials"),
    ],
)
def test_the_flow_is_the_one_that_is_preferred_or_best_of_those_that_are_possible(
    given: tuple[str, ...], flow: str, grant: str
) -> None:
    script = Script()
    credentials = Credentials({"O_FLOW": flow, **{f"O_{part}": "x" for part in given}})
    script.deliver(secured(*KINDS), credentials, [token("t1"), OK])
    assert asked(script)[0]["grant_type"] == grant


def test_two_schemes_of_one_server_are_satisfied_by_one_token_for_both() -> None:
    schemes = MACHINE.security_schemes
    both = operation([{"O": ("read",), "P": ("write",)}], {"O": schemes["O"], "P": schemes["O"]})
    values = {"CLIENT_ID": "me", "CLIENT_SECRET": "x"}
    credentials = Credentials({f"{name}_{part}": value for name in "OP" for part, value in values.items()})
    script = Script()
    script.deliver(both, credentials, [token("t1"), OK])
    assert asked(script)[0]["scope"] == "read write"


def test_two_schemes_that_want_two_tokens_cannot_both_be_satisfied() -> None:
    schemes = {"O": MACHINE.security_schemes["O"], "P": PASSWORD.security_schemes["O"]}
    credentials = Credentials({"O_CLIENT_ID": "a", "O_CLIENT_SECRET": "b", "P_USERNAME": "c", "P_PASSWORD": "d"})
    exchange = Script().deliver(operation([["O", "P"]], schemes), credentials, [])
    assert failure(exchange) == "credentials: 'O' and 'P' both travel as 'Authorization', and a request has only one"


def test_a_flow_that_there_is_not_is_told_before_anything_is_sent() -> None:
    exchange = Script().deliver(secured(*KINDS), client(FLOW="magic"), [])
    known = "password, clientCredentials, authorizationCode or deviceAuthorization"
    assert failure(exchange) == f"credentials: 'magic' is no flow that 'O' could be told to use; say {known}"


# Authorization code


def test_the_challenge_of_a_verifier_is_that_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # appendix B
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@dataclass
class Browser:
    """A user who answers at once, or never; `answer` is what the authorization server says."""

    answer: Mapping[str, str] | None
    shown: list[tuple[str, str | None]] = field(default_factory=list)
    uri: str = "http://127.0.0.1:7/callback"

    def show(self, url: str, code: str | None = None) -> None:
        self.shown.append((url, code))

    def listen(self, state: str) -> AbstractContextManager[Any]:
        done: Future[dict[str, str]] = Future()
        if self.answer is not None:
            done.set_result({"state": state, **self.answer})
        return nullcontext(Listening(self.uri, done))

    def credentials(self, **parts: str) -> Credentials:
        values = {f"O_{part}": value for part, value in {"CLIENT_ID": "app", **parts}.items()}
        return Credentials(values, keyring=Keyring(self.show, self.listen, chance))


@dataclass
class Listening:
    uri: str
    answer: Future[dict[str, str]]


CODE = secured("authorizationCode", scopes=("read",))
BYTES = base64.urlsafe_b64encode(chance(32)).rstrip(b"=").decode()


def test_a_user_agrees_in_a_browser_and_the_code_becomes_a_token() -> None:
    browser, script = Browser({"code": "c0de"}), Script()
    exchange = script.deliver(CODE, browser.credentials(AUDIENCE="api"), [token("t1"), OK])
    [(url, typed)] = browser.shown
    assert url.startswith(f"{IDP}/authorize?tenant=1&")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "app",
        "state": BYTES,
        "redirect_uri": browser.uri,
        "scope": "read",
        "audience": "api",
        "code_challenge": challenge_of(BYTES),
        "code_challenge_method": "S256",
    }
    assert asked(script) == [
        {
            "grant_type": "authorization_code",
            "code": "c0de",
            "redirect_uri": browser.uri,
            "client_id": "app",
            "code_verifier": BYTES,
        }
    ]
    assert (typed, status(exchange), bearers(script)) == (None, 200, ["t1"])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"error": "access_denied", "error_description": "ann said no"}, "access_denied (ann said no)"),
        ({"error": "access_denied"}, "access_denied"),
        ({}, "the answer holds no code"),
        (
            {"code": "c", "state": "x"},
            "the answer belongs to another request: its state is not the one that was sent",
        ),
        (None, "nobody agreed within 300 s"),
    ],
)
def test_a_user_who_does_not_agree_is_why_there_is_no_token(answer: Mapping[str, str] | None, why: str) -> None:
    exchange = Script().deliver(CODE, Browser(answer).credentials(), [])
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': {why}"


@pytest.mark.parametrize("url", ["http://idp.example/authorize", "file:///etc/passwd", "javascript:alert(1)"])
def test_only_a_safe_url_is_opened_in_a_browser(url: str) -> None:
    browser = Browser({"code": "c"})
    exchange = Script().deliver(secured("authorizationCode", authorizationUrl=url), browser.credentials(), [])
    assert "the authorizationUrl cannot be opened" in failure(exchange)
    assert browser.shown == []


def test_what_a_server_repeats_of_code_and_verifier_is_not_shown() -> None:
    refusal = json_reply(400, error="invalid_grant", error_description=f"c0de and {BYTES} do not fit")
    exchange = Script().deliver(CODE, Browser({"code": "c0de"}).credentials(), [refusal])
    assert failure(exchange).endswith("invalid_grant (*** and *** do not fit)")


def test_without_anybody_to_ask_a_request_goes_out_without_a_token() -> None:
    script = Script()
    assert status(script.deliver(CODE, Credentials({"O_CLIENT_ID": "app"}), [REFUSED])) == 401


# Device authorization


DEVICE = secured("deviceAuthorization", scopes=("read",))
PENDING, SLOW = json_reply(400, error="authorization_pending"), json_reply(400, error="slow_down")


def started(**more: Any) -> Response:
    return json_reply(device_code="d3vice", user_code="ABCD", verification_uri=f"{IDP}/go", **more)


@pytest.mark.parametrize(
    ("more", "shown"),
    [({}, (f"{IDP}/go", "ABCD")), ({"verification_uri_complete": f"{IDP}/go?c=ABCD"}, (f"{IDP}/go?c=ABCD", None))],
)
def test_a_user_agrees_on_another_device(more: dict[str, str], shown: tuple[str, str | None]) -> None:
    browser, script = Browser(None), Script()
    script.deliver(DEVICE, browser.credentials(), [started(**more), PENDING, SLOW, token("t1"), OK])
    assert browser.shown == [shown]
    assert script.rested == [5.0, 5.0, 10.0]
    assert asked(script)[0] == {"client_id": "app", "scope": "read"}
    assert asked(script)[1] == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "d3vice",
        "client_id": "app",
    }
    assert bearers(script) == ["t1"]


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ([started(interval=1), json_reply(400, error="access_denied")], "access_denied"),
        ([started(interval=1000), PENDING], "nobody agreed within 300 s"),
        ([json_reply(400, error="invalid_scope")], "the device authorization failed: invalid_scope"),
        ([Response(500)], "the device authorization failed: the server answered 500"),
        ([TransportFailure("dns", "no host")], "the device authorization failed: no host"),
        (
            [json_reply(device_code="d", user_code="u", verification_uri="file:///x")],
            "the verification_uri cannot be opened: the URL cannot be requested: 'file' is not http or https",
        ),
    ],
)
def test_a_device_that_nobody_lets_in_gets_no_token(replies: list[Reply], why: str) -> None:
    exchange = Script().deliver(DEVICE, Browser(None).credentials(), replies)
    assert failure(exchange) == f"credentials: no token from '{IDP}/token': {why}"


def test_a_client_with_a_secret_says_who_it_is_before_a_user_is_asked() -> None:
    script = Script()
    credentials = Browser(None).credentials(CLIENT_SECRET=SECRET)
    script.deliver(DEVICE, credentials, [Response(401), started(), token("t1"), OK])
    pair = base64.b64encode(b"app:s3cret%2F%2B+%26").decode()
    assert header(script.sent[0].headers, "authorization") == f"Basic {pair}"
    assert asked(script)[1]["client_secret"] == SECRET


# Discovery


MACHINES = {**ISSUER, "grant_types_supported": ["client_credentials", "refresh_token"]}


def test_a_server_is_asked_once_what_it_offers() -> None:
    script, credentials = Script(), client()
    script.deliver(discovered(), credentials, [json_reply(**MACHINES), token("t1"), OK])
    script.deliver(discovered(("admin",)), credentials, [token("t2"), OK])
    assert [request.url for request in script.sent] == [
        WELL_KNOWN,
        f"{IDP}/token",
        "https://api.example/v1/",
        f"{IDP}/token",
        "https://api.example/v1/",
    ]


def test_a_server_that_takes_a_secret_in_the_body_only_gets_it_there() -> None:
    script, methods = Script(), {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    script.deliver(discovered(), client(), [json_reply(**MACHINES, **methods), token("t1"), OK])
    assert asked(script)[1]["client_secret"] == SECRET


def test_a_user_who_logs_in_with_openid_connect_asks_for_it() -> None:
    browser, script = Browser({"code": "c"}), Script()
    script.deliver(discovered(("email",)), browser.credentials(), [json_reply(**ISSUER), token("t1"), OK])
    assert dict(parse_qsl(urlsplit(browser.shown[0][0]).query))["scope"] == "openid email"


def test_a_flow_that_the_server_does_not_list_is_run_where_the_user_insists() -> None:
    exchange = Script().deliver(discovered(), client(), [json_reply(**ISSUER)])
    assert failure(exchange) == (
        f"credentials: no token from '{WELL_KNOWN}': "
        "the server offers authorization_code, implicit; nothing that was given suits one of these"
    )
    insisted = Script().deliver(discovered(), client(FLOW="clientCredentials"), [json_reply(**ISSUER), token("t"), OK])
    assert status(insisted) == 200


def test_metadata_of_oauth_says_what_a_description_leaves_out() -> None:
    url = f"{IDP}/.well-known/oauth-authorization-server"
    scheme = {"type": "oauth2", "flows": {}, "oauth2MetadataUrl": url}
    script = Script()
    script.deliver(operation([["O"]], {"O": scheme}), client(), [json_reply(**MACHINES), token("t1"), OK])
    assert script.sent[0].url == url


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (
            json_reply(**{**MACHINES, "issuer": "https://evil.example"}),
            "the issuer that it names is not the one whose metadata it should be",
        ),
        (
            json_reply(issuer=IDP),
            "it is no metadata of an authorization server: it lacks 'issuer' or 'token_endpoint'",
        ),
        (
            Response(200, (), b"<html>"),
            "it is no metadata of an authorization server: it lacks 'issuer' or 'token_endpoint'",
        ),
        (Response(404, (), b"", "Not Found"), "the server answered 404 Not Found"),
        (Response(301, (("Location", "https://x/"),)), "the server answered 301, and secrets follow no redirect"),
        (TransportFailure("connect", "nobody is there"), "nobody is there"),
    ],
)
def test_metadata_that_cannot_be_trusted_is_not_used(reply: Reply, why: str) -> None:
    script, credentials = Script(), client()
    exchange = script.deliver(discovered(), credentials, [reply])
    assert failure(exchange) == f"credentials: no token from '{WELL_KNOWN}': {why}"
    assert status(script.deliver(discovered(), credentials, [json_reply(**MACHINES), token("t1"), OK])) == 200


@pytest.mark.parametrize(
    ("url", "issuer", "good"),
    [
        (f"{IDP}/.well-known/openid-configuration", IDP, True),
        (f"{IDP}/.well-known/openid-configuration", f"{IDP}/", True),
        (f"{IDP}/.well-known/openid-configuration", f"{IDP}/tenant", False),
        (f"{IDP}/tenant/.well-known/openid-configuration", f"{IDP}/tenant", True),
        (f"{IDP}/.well-known/oauth-authorization-server/tenant", f"{IDP}/tenant", True),
        (f"{IDP}/.well-known/oauth-authorization-server/tenant", IDP, False),
        (f"{IDP}/tenant/.well-known/openid-configuration", f"{IDP}/{{tenant}}", False),
        (f"{IDP}/metadata.json", IDP, True),
        (f"{IDP}/metadata.json", "https://other.example", False),
        (f"{IDP}/metadata.json", "https://[broken", False),
    ],
)
def test_the_issuer_is_the_one_that_the_url_was_made_of(url: str, issuer: str, good: bool) -> None:
    assert isinstance(read_metadata({**ISSUER, "issuer": issuer}, url), str) is not good
