"""Whatever is sent to the OAuth API, in any order, the sandbox answers as its description says, and never breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.exchange import Request, Response, header, media_type
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import AUTH_ORIGIN, Settings
from runner.sandbox.server import Running
from tests.sandbox.conftest import StillClock, document
from tests.sandbox.test_sandbox_civitai_oauth import ASKED, BACK, VERIFIER


class Operation(NamedTuple):
    method: str
    path: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return str(self.said["operationId"])


OPERATIONS = tuple(
    Operation(method.upper(), path, item[method])
    for path, item in document("oauth")["paths"].items()
    for method in ("get", "post")
    if method in item
)

BUDGETS = ('[{"type":"absolute","limit":8}]', '[{"type":"rollover","limit":1,"cron":"0 0 * * *"}]', "[{}]", "[", "7")
CLIENT = {"client_id": "demo-app", "client_secret": "demo-app-secret"}
REDEEM = {**CLIENT, "grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER, "code": ""}
FORMS: dict[str, tuple[dict[str, str], ...]] = {
    "authorize": (ASKED, {**ASKED, "client_id": "demo-native"}, {**ASKED, "login_hint": "broke"}),
    "decideAuthorization": (
        {**ASKED, "approved": "true"},
        {**ASKED, "approved": "true", "remember": "true"},
        {**ASKED, "approved": "true", "buzz_limit": BUDGETS[0]},
        {**ASKED, "approved": "false"},
    ),
    "issueToken": (
        REDEEM,
        {**CLIENT, "grant_type": "refresh_token", "refresh_token": ""},
        {**CLIENT, "grant_type": "client_credentials"},
    ),
    "revokeToken": ({**CLIENT, "token": ""}, {**CLIENT, "token": "", "token_type_hint": "refresh_token"}),
    "getUserInfo": ({},),
    "getServerMetadata": ({},),
}
"""What is sent to each operation before anything is changed in it; an empty value is a secret that was given before."""

ODD = {
    "scope": ("0", "1", "33554431", "134217727", "-1", "9" * 400, "1e3", "٣", "²", "UserRead"),
    "redirect_uri": ("http://localhost:1/callback", "https://example.com/", "x", "http://[::1", "http://127.0.0.1:x/"),
    "buzz_limit": (*BUDGETS, "[" * 5000, "NaN", '[{"type":"absolute","limit":' + "9" * 5000 + "}]"),
    "client_id": ("demo-reader", "demo-native", "demo-app ", "nobody"),
    "grant_type": ("password", "urn:ietf:params:oauth:grant-type:device_code"),
    "code_challenge_method": ("plain",),
    "response_type": ("token", "code id_token"),
}
ANYTHING = st.one_of(st.text(max_size=12), st.sampled_from(("", "\x00", "ü", "\U0001f600", "%", "&=", "a" * 3000)))
HEADERS = (
    ("Accept", "application/json"),
    ("Accept", "text/html, */*;q=0.1"),
    ("Accept", "application/json;q=x, ;;"),
    ("Authorization", "Basic ZGVtby1hcHA6ZGVtby1hcHAtc2VjcmV0"),
    ("Authorization", "Basic Og=="),
    ("Authorization", "Basic x"),
    ("Authorization", "Bearer"),
    ("Authorization", "Bearer sandbox"),
    ("Origin", "https://example.com"),
    ("Cookie", "session=x; ="),
)
KINDS = ("application/x-www-form-urlencoded",) * 6 + ("application/json", "text/plain", "x", "")


@st.composite
def forms(draw: Any, operation: Operation, secrets: list[str]) -> list[tuple[str, str]]:
    """Draw the pairs of a form, or of a query, in which little is changed or nothing."""
    known = st.sampled_from(secrets[-6:]) if secrets else st.just("unknown")
    pairs = [(name, value or draw(known)) for name, value in draw(st.sampled_from(FORMS[str(operation)])).items()]
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        place = draw(st.integers(0, max(0, len(pairs) - 1)))
        for name, _value in pairs[place : place + 1]:
            changed = draw(st.one_of(st.sampled_from(ODD.get(name, ("x",))), known, ANYTHING))
            pairs[place : place + 1] = draw(
                st.sampled_from(([], [(name, changed)], [(name, changed)], [(name, _value), (name, changed)]))
            )
    return pairs


@st.composite
def requests(draw: Any, operation: Operation, secrets: list[str]) -> Request:
    content = urlencode(draw(forms(operation, secrets)))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=2, unique_by=lambda each: each[0]))
    if str(operation) == "getUserInfo" and secrets and draw(st.booleans()):
        headers = [("Authorization", f"Bearer {draw(st.sampled_from(secrets[-6:]))}")]
    url = AUTH_ORIGIN + operation.path
    if operation.method == "GET":
        return Request("GET", f"{url}?{content}", tuple(headers))
    kind = draw(st.sampled_from(KINDS))
    body = draw(st.one_of(st.just(content.encode()), st.just(content.encode()), st.binary(max_size=8)))
    return Request("POST", url, (*headers, *((("Content-Type", kind),) if kind else ())), body)


def check(operation: Operation, sent: Request, response: Response) -> None:
    """Hold a reply against what is said of its status: its body has one of the types, and JSON fits the schema."""
    described = document("oauth")
    assert response.status < 500, (sent, response)
    declared = operation.said["responses"].get(str(response.status))
    assert declared is not None, (sent, response)
    if "$ref" in declared:
        declared = described["components"]["responses"][declared["$ref"].rpartition("/")[2]]
    if not response.body:
        assert "content" not in declared or response.status in (302, 303), (sent, response)
        return
    kind = media_type(header(response.headers, "content-type")).essence
    assert kind in declared["content"], (sent, response)
    if kind == "application/json":
        schema = {**declared["content"][kind]["schema"], "components": described["components"]}
        jsonschema.Draft202012Validator(schema).validate(response.content.value)


def secrets_in(response: Response) -> Iterator[str]:
    """Give the codes and tokens of a reply, also those that it sends a browser back with."""
    value = response.content.value
    if isinstance(value, dict):
        yield from (str(value[name]) for name in ("code", "access_token", "refresh_token") if name in value)
    yield from parse_qs(urlsplit(header(response.headers, "location") or "").query).get("code", ())


def converse(data: st.DataObject, send: Callable[[Request], Response], most: int) -> set[int]:
    """Send requests, each made of what the ones before it gave, and give the statuses that came."""
    secrets: list[str] = []
    statuses: set[int] = set()
    for _ in range(data.draw(st.integers(1, most))):
        operation = data.draw(st.sampled_from(OPERATIONS))
        sent = data.draw(requests(operation, secrets))
        response = send(sent)
        check(operation, sent, response)
        secrets += secrets_in(response)
        statuses.add(response.status)
    return statuses


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_operation_of_the_oauth_api_answers_as_its_description_says_whatever_it_is_sent(operation, data):
    sent = data.draw(requests(operation, []))
    check(operation, sent, CivitaiSandbox(StillClock(), Settings()).answer(sent))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_operations_of_the_oauth_api_in_any_order_answer_as_their_description_says(data):
    clock = StillClock()
    sandbox = CivitaiSandbox(clock, Settings())

    def send(request: Request) -> Response:
        clock.time += data.draw(st.sampled_from((0, 0, 0, 700, 4000)))
        return sandbox.answer(request)

    converse(data, send, 12)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with Running(Settings(oauth_limits=False)) as server, httpx.Client(base_url=server.url) as client:
        yield client


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_sent_to_the_oauth_api_over_the_wire_is_answered_as_its_description_says(client, data):
    def send(request: Request) -> Response:
        path = request.url.removeprefix(AUTH_ORIGIN)
        came = client.request(request.method, path, headers=list(request.headers), content=request.body)
        return Response(came.status_code, tuple(came.headers.items()), came.content)

    converse(data, send, 4)


def test_unchanged_these_requests_come_to_a_good_end(clock):
    """A property that only refusals have been seen to have would say little."""
    sandbox, secret, statuses = CivitaiSandbox(clock, Settings()), "", {}
    by_name = {str(operation): operation for operation in OPERATIONS}
    for name in ("getServerMetadata", "authorize", "decideAuthorization", "issueToken", "getUserInfo", "revokeToken"):
        operation = by_name.pop(name)
        content = urlencode({field: value or secret for field, value in FORMS[name][0].items()})
        credential = ("Authorization", f"Bearer {secret}") if name == "getUserInfo" else ("Content-Type", KINDS[0])
        headers = (("Accept", "application/json"), credential)
        query, body = ("", content.encode()) if operation.method == "POST" else (f"?{content}", b"")
        sent = Request(operation.method, f"{AUTH_ORIGIN}{operation.path}{query}", headers, body)
        response = sandbox.answer(sent)
        check(operation, sent, response)
        secret = next(secrets_in(response), secret)
        statuses[name] = response.status
    assert (by_name, set(statuses.values())) == ({}, {200}), statuses
