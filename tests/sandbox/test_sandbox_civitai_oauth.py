"""Civitai's third API on the sandbox: consents, tokens, and what these open on the other two."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import jsonschema
import pytest

from runner.exchange import Request, header
from runner.loader.text import read_text
from runner.sandbox.civitai.budgets import read_consent
from runner.sandbox.civitai.cron import Cron
from runner.sandbox.civitai.orchestration import ORCHESTRATION
from runner.sandbox.civitai.scenario import read_scenario
from runner.sandbox.civitai.scopes import FULL, NAMES, NEEDED, read_mask, write_mask
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.civitai.site import SITE
from runner.sandbox.ids import seconds, timestamp
from runner.sandbox.oauth.replies import Refusal
from runner.sandbox.server import Running
from runner.source import Source
from tests.sandbox.conftest import Caller, check_declared, document

AUTH = "https://auth.civitai.com/api/auth/oauth"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
BACK = "http://127.0.0.1:50123/callback"
ASKED = {
    "response_type": "code",
    "client_id": "demo-app",
    "redirect_uri": BACK,
    "scope": write_mask(FULL),
    "state": "only-ours",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Accept", "application/json")


class App:
    """An app of the sandbox, and the browser of its user."""

    def __init__(self, caller):
        self.caller = caller

    def get(self, path, *headers, **query):
        url = f"{AUTH}/{path}{'?' * bool(query)}{urlencode(query)}"
        return self.answer("get", path, Request("GET", url, headers))

    def post(self, path, *headers, **form):
        sent = urlencode({name: value for name, value in form.items() if value is not None}).encode()
        return self.answer("post", path, Request("POST", f"{AUTH}/{path}", (FORM, *headers), sent))

    def answer(self, method, path, request):
        response = self.caller.sandbox.answer(request)
        if response.content.value and "json" in (header(response.headers, "content-type") or ""):
            described = document("oauth")
            check_declared(described, described["paths"][f"/api/auth/oauth/{path}"][method]["responses"], response)
        return response

    def consent(self, **changes):
        return self.post("authorize", JSON, **{**ASKED, "approved": "true", **changes})

    def token(self, **form):
        return self.post("token", **{"client_id": "demo-app", "client_secret": "demo-app-secret", **form})

    def redeem(self, code, **changes):
        given = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER, **changes}
        return self.token(grant_type="authorization_code", **given)

    def tokens(self, **changes):
        response = self.redeem(self.consent(**changes).content.value["code"])
        assert response.status == 200, response.body
        return response.content.value

    def access(self, **changes):
        return self.tokens(**changes)["access_token"]

    def revoke(self, token):
        return self.post("revoke", token=token, client_id="demo-app", client_secret="demo-app-secret")


@pytest.fixture
def app(caller):
    return App(caller)


def told(response):
    return response.status, response.content.value.get("error")


def test_a_browser_is_asked_and_sent_back_with_code_and_state(app):
    page = app.get("authorize", **ASKED)
    assert page.status == 200
    assert b"demo-app asks JustMaier for: UserRead UserWrite ModelsRead " in page.body
    back = app.post("authorize", **ASKED, approved="true")
    location = header(back.headers, "location")
    assert (back.status, location.partition("?")[0]) == (303, BACK)
    assert dict(parse_qsl(urlsplit(location).query)).keys() == {"code", "state"}


def test_a_program_that_consents_is_told_what_a_browser_would_carry(app):
    response = app.consent()
    assert response.status == 200
    assert response.content.value.keys() == {"code", "state"}
    assert header(response.headers, "cache-control") == "no-store"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"approved": "false"}, (403, "access_denied")),
        ({"client_id": "nobody"}, (400, "invalid_client")),
        ({"redirect_uri": "https://evil.example/"}, (400, "invalid_request")),
        ({"scope": "134217728"}, (400, "invalid_scope")),
        ({"scope": "read"}, (400, "invalid_scope")),
        ({"state": None}, (400, "invalid_request")),
        ({"code_challenge": None}, (400, "invalid_request")),
        ({"code_challenge_method": "plain"}, (400, "invalid_request")),
        ({"response_type": "token"}, (400, "unsupported_response_type")),
        ({"buzz_limit": "500"}, (400, "invalid_request")),
        ({"buzz_limit": "["}, (400, "invalid_request")),
    ],
)
def test_a_consent_that_is_not_right_gives_no_code(app, changes, expected):
    response = app.consent(**changes)
    assert told(response) == expected
    assert "code" not in response.content.value


def test_tokens_are_opaque_and_say_what_they_are_good_for(app):
    tokens = app.tokens(scope="6")
    assert re.fullmatch("civitai_[0-9A-Z]{26}", tokens.pop("access_token"))
    assert re.fullmatch("civitai_[0-9A-Z]{26}", tokens.pop("refresh_token"))
    assert tokens == {"token_type": "Bearer", "expires_in": 3600, "scope": "7"}


def test_bits_that_an_app_may_not_have_are_left_out(app):
    code = app.consent(client_id="demo-reader").content.value["code"]
    response = app.redeem(code, client_id="demo-reader", client_secret="demo-reader-secret")
    assert response.content.value["scope"] == "10701093"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_verifier": "x" * 43}, (400, "invalid_grant")),
        ({"code_verifier": None}, (400, "invalid_request")),
        ({"redirect_uri": "http://127.0.0.1:1/callback"}, (400, "invalid_grant")),
        ({"client_secret": "guess"}, (401, "invalid_client")),
        ({"client_secret": None}, (401, "invalid_client")),
        ({"client_id": "demo-reader", "client_secret": "demo-reader-secret"}, (400, "invalid_grant")),
        ({"code": "guess"}, (400, "invalid_grant")),
    ],
)
def test_a_code_is_for_who_asked_for_it(app, changes, expected):
    code = app.consent().content.value["code"]
    assert told(app.redeem(**{"code": code, **changes})) == expected
    assert app.redeem(code).status == 200


def test_a_code_used_twice_ends_what_came_of_it(app, caller):
    code = app.consent().content.value["code"]
    access = app.redeem(code).content.value["access_token"]
    assert told(app.redeem(code)) == (400, "invalid_grant")
    assert caller.site("/me", token=access).status == 401


def test_a_refresh_rotates_and_a_refresh_token_used_twice_ends_all(app, caller):
    first = app.tokens()
    second = app.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).content.value
    assert caller.site("/me", token=second["access_token"]).status == 200
    again = app.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert told(again) == (400, "invalid_grant")
    assert caller.site("/me", token=second["access_token"]).status == 401


def test_an_app_may_act_for_its_owner_without_a_refresh_token(app, caller):
    tokens = app.token(grant_type="client_credentials", scope="1").content.value
    assert "refresh_token" not in tokens
    assert caller.site("/me", token=tokens["access_token"]).content.value["username"] == "JustMaier"


def test_userinfo_and_the_site_tell_of_the_same_user(app, caller):
    access = app.access()
    info = app.get("userinfo", ("Authorization", f"Bearer {access}")).content.value
    me = caller.site("/me", token=access).content.value
    assert info.keys() == document("oauth")["components"]["schemas"]["UserInfo"]["properties"].keys()
    assert all(info[name] == me[name] for name in ("id", "username", "email", "image"))
    assert me == caller.site("/me", token="JustMaier").content.value


@pytest.mark.parametrize("credential", [None, "Basic eDp5", "Bearer", "Bearer  ", "x"])
def test_without_a_token_userinfo_says_so_as_it_says_all_else(app, credential):
    response = app.get("userinfo", *([("Authorization", credential)] if credential else []))
    assert told(response) == (401, "invalid_token")
    assert header(response.headers, "www-authenticate") == "Bearer"


def test_another_user_is_hinted_at(app, caller):
    access = app.access(login_hint="broke")
    picture = {"steps": [{"$type": "imageGen", "input": {}}]}
    assert caller.workflows(method="POST", body=picture, token=access).status == 402


@pytest.mark.parametrize("how", ["unknown", "expired", "revoked", "refresh token"])
def test_a_token_that_is_not_good_is_401_on_either_api(app, caller, clock, how):
    tokens = app.tokens()
    token = tokens["access_token"]
    match how:
        case "unknown":
            token = "civitai_made-up"
        case "expired":
            clock.time += 3600
        case "revoked":
            assert (app.revoke(tokens["refresh_token"]).status, app.revoke("civitai_unknown").status) == (200, 200)
        case _:
            token = tokens["refresh_token"]
    for response in (
        caller.site("/me", token=token),
        caller.site("/models", token=token),
        caller.workflows(token=token),
    ):
        assert response.status == 401
        assert header(response.headers, "www-authenticate") == 'Bearer error="invalid_token"'
        assert token not in response.body.decode()


def test_public_apps_cannot_revoke(app):
    assert told(app.post("revoke", token="x", client_id="demo-native")) == (401, "invalid_client")


def test_every_operation_that_wants_a_token_names_its_scope_and_no_other_does():
    wanting = {route.operation_id for api in (SITE, ORCHESTRATION) for route in api.routes if route.bearer}
    assert set(NEEDED) == wanting
    assert set(NEEDED.values()) <= set(FULL)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("UserRead", set()), ("AIServicesRead", {"GET"}), ("AIServicesWrite", {"POST"}), ("ModelsRead", {"permissions"})],
)
def test_a_token_opens_what_its_scopes_cover_and_nothing_else(app, caller, scope, allowed):
    access = app.access(scope=write_mask([scope]))
    picture = {"steps": [{"$type": "imageGen", "input": {}}]}
    answers = {
        "GET": caller.workflows(token=access),
        "POST": caller.workflows(method="POST", body=picture, token=access),
        "permissions": caller.site("/permissions/check?entityType=Model&entityId=827184", token=access),
    }
    assert {name for name, response in answers.items() if response.status < 400} == allowed
    assert caller.site("/me", token=access).status == caller.site("/models", token=access).status == 200
    for response in answers.values():
        if response.status >= 400:
            assert (response.status, response.content.value["code"]) == (403, "insufficient_scope")
            challenge = header(response.headers, "www-authenticate")
            assert re.fullmatch(r'Bearer error="insufficient_scope", scope="\d+"', challenge)
    assert answers["permissions"].status == 200 or answers["permissions"].content.value["error"] == "insufficient_scope"


def generate(caller, token, quantity=1):
    body = {"steps": [{"$type": "imageGen", "input": {"quantity": quantity}}]}
    return caller.workflows(method="POST", body=body, token=token)


def limit(**budget: Any) -> str:
    return json.dumps([budget])


def test_an_app_spends_what_its_user_allowed_and_not_a_buzz_more(app, caller):
    access = app.access(buzz_limit=limit(type="absolute", limit=20))
    assert [generate(caller, access).status for _ in range(3)] == [202, 202, 402]
    refusal = generate(caller, access).content.value
    assert refusal["code"] == generate(caller, "broke").content.value["code"]
    assert refusal["message"] == "the workflow costs 8 Buzz and of the 20 that the app may spend 4 are left"
    assert generate(caller, "JustMaier").status == 202


def test_a_new_token_begins_with_what_is_left_and_a_refund_comes_back(app, caller):
    first = app.access(buzz_limit=limit(type="absolute", limit=8))
    workflow = generate(caller, first).content.value
    second = app.access(buzz_limit=limit(type="absolute", limit=8))
    assert generate(caller, second).status == 402
    caller.update(workflow, {"status": "canceled"}, token=second)
    assert generate(caller, second).status == 202


def test_a_budget_is_of_one_app(app, caller):
    app_token = app.access(buzz_limit=limit(type="absolute", limit=8))
    assert generate(caller, app_token).status == 202
    code = app.consent(client_id="demo-native", buzz_limit=limit(type="absolute", limit=8)).content.value["code"]
    native = app.redeem(code, client_id="demo-native", client_secret=None).content.value["access_token"]
    assert [generate(caller, native).status for _ in range(2)] == [202, 402]


def test_what_is_remembered_of_a_consent_holds_its_budget_too(app, caller):
    app.consent(buzz_limit=limit(type="absolute", limit=8), remember="true")
    silently = app.get("authorize", JSON, **ASKED, buzz_limit=limit(type="absolute", limit=999))
    access = app.redeem(silently.content.value["code"]).content.value["access_token"]
    assert [generate(caller, access).status for _ in range(2)] == [202, 402]


@pytest.mark.parametrize(
    ("budget", "after"),
    [
        ({"type": "sliding", "limit": 8, "unit": "minute", "window": 30}, 30 * 60),
        ({"type": "rollover", "limit": 8, "cron": "30 * * * *"}, seconds("2026-05-28T20:30:00Z") - 1_780_000_000),
    ],
)
def test_a_budget_over_time_opens_again(app, caller, clock, budget, after):
    access = app.access(buzz_limit=limit(**budget))
    began = clock.time
    assert [generate(caller, access).status for _ in range(2)] == [202, 402]
    clock.time = began + after - 1
    assert generate(caller, access).status == 402
    clock.time = began + after
    assert generate(caller, access).status == 202


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ({}, "buzz_limit must be an array, not an object"),
        ([{"limit": 1}], "buzz_limit[0].type is required"),
        ([{"type": "weekly", "limit": 1}], "buzz_limit[0].type must be one of absolute, sliding, rollover"),
        ([{"type": "absolute"}], "buzz_limit[0].limit is required"),
        ([{"type": "absolute", "limit": -1}], "buzz_limit[0].limit must be a whole number from 0"),
        ([{"type": "sliding", "limit": 1}], "buzz_limit[0].unit is required; buzz_limit[0].window is required"),
        ([{"type": "rollover", "limit": 1, "cron": "@daily"}], "buzz_limit[0].cron cannot be read: a cron line has"),
        ([{"type": "absolute", "limit": 1, "currencies": ["red"]}], "buzz_limit[0].currencies[0] must be one of blue"),
        ([7], "buzz_limit[0] must be an object, not 7"),
    ],
)
def test_a_budget_that_cannot_be_read_is_refused_by_its_place(budgets, message):
    with pytest.raises(Refusal) as refused:
        read_consent({"buzz_limit": json.dumps(budgets)})
    assert message in str(refused.value)


def test_the_budgets_of_the_description_can_be_read():
    described = document("oauth")
    schema = {"$ref": "#/components/schemas/BuzzLimit", "components": described["components"]}
    for example in described["components"]["schemas"]["BuzzLimit"]["examples"]:
        jsonschema.Draft202012Validator(schema).validate(example)
        assert read_consent({"buzz_limit": json.dumps(example)}) == {"buzz_limit": example}


@pytest.mark.parametrize(
    ("line", "now", "last"),
    [
        ("* * * * *", "2026-05-28T20:26:40Z", "2026-05-28T20:26:00Z"),
        ("0 0 * * *", "2026-05-28T20:26:40Z", "2026-05-28T00:00:00Z"),
        ("30 21 * * *", "2026-05-28T20:26:40Z", "2026-05-27T21:30:00Z"),
        ("0 0 1 * *", "2026-05-28T20:26:40Z", "2026-05-01T00:00:00Z"),
        ("0 0 29 2 *", "2026-05-28T20:26:40Z", "2024-02-29T00:00:00Z"),
        ("0 9 * * 1-5", "2026-05-31T12:00:00Z", "2026-05-29T09:00:00Z"),
        ("0 9 * * 7", "2026-05-31T12:00:00Z", "2026-05-31T09:00:00Z"),
        ("0 0 13 * 5", "2026-05-28T20:26:40Z", "2026-05-22T00:00:00Z"),
        ("*/20 8,20 * * *", "2026-05-28T20:26:40Z", "2026-05-28T20:20:00Z"),
        ("5/20 * * * *", "2026-05-28T20:26:40Z", "2026-05-28T20:25:00Z"),
        ("26 20 * * *", "2026-05-28T20:26:00Z", "2026-05-28T20:26:00Z"),
    ],
)
def test_a_cron_line_was_last_due(line, now, last):
    assert timestamp(Cron.read(line).last(seconds(now))) == last.replace("Z", ".000Z")


def test_a_day_that_never_comes_was_never_due():
    assert Cron.read("0 0 31 2 *").last(1_780_000_000) == float("-inf")


@pytest.mark.parametrize("line", ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "x * * * *"])
def test_what_is_no_cron_line_is_refused(line):
    with pytest.raises(ValueError, match=r"."):
        Cron.read(line)


@pytest.mark.parametrize("mask", ["0", "1", "33554431", "134217727"])
def test_masks_are_read_and_written(mask):
    assert write_mask(read_mask(mask)) == mask
    assert len(read_mask("134217727")) == len(NAMES)


def begun(scenario, **start):
    read = read_scenario(read_text(Source("s", "s", scenario)), Settings(**start))
    assert not read.problems
    return read.settings


@pytest.mark.parametrize(
    ("scenario", "authorized", "issued"),
    [
        ("{}", 30, 30),
        ("oauth-limits: true", 10, 20),
        ("oauth-limits: 2", 2, 2),
        ("live-like: true", 10, 20),
        ("{live-like: true, oauth-limits: false}", 30, 30),
    ],
)
def test_limits_are_counted_where_a_scenario_asks_for_them(clock, scenario, authorized, issued):
    app = App(Caller(begun(scenario), clock))
    for ask, answered in ((lambda: app.get("authorize", **ASKED), authorized), (app.token, issued)):
        assert [ask().status != 429 for _ in range(30)] == [True] * answered + [False] * (30 - answered)


def test_who_is_limited_is_told_when_to_come_again(make, clock):
    app = App(make(oauth_limits={"token": 1}))
    app.token()
    refused = app.token()
    assert told(refused) == (429, "rate_limited")
    assert header(refused.headers, "retry-after") == "60"
    clock.time += 60
    assert app.token().status == 400


def test_over_the_wire_a_limit_of_a_scenario_holds_for_its_minute():
    with Running(begun("oauth-limits: 3", time_scale=60)) as server, httpx.Client(base_url=server.url) as client:

        def token():
            return client.post("/api/auth/oauth/token", data={"grant_type": "client_credentials", "client_id": "x"})

        slow = next(each for each in (token() for _ in range(10_000)) if each.status_code == 429)
        assert 0 < int(slow.headers["retry-after"]) <= 60
        assert slow.json()["error"] == "rate_limited"
        assert any(token().status_code == 401 for _ in range(10_000))


def test_where_only_known_tokens_are_good_only_known_accounts_sign_in(clock):
    scenario = "{tokens: {only-known: true}, accounts: {alice: {balance: 9}, bob: {}}}"
    app = App(Caller(begun(scenario), clock))
    for hint, name in ((None, "alice"), ("bob", "bob"), ("JustMaier", "alice"), ("sandbox", "alice")):
        access = app.access(login_hint=hint)
        assert app.get("userinfo", ("Authorization", f"Bearer {access}")).content.value["sub"] == name
        assert app.caller.site("/me", token=access).content.value["username"] == name
    own = app.token(grant_type="client_credentials").content.value["access_token"]
    assert app.caller.site("/me", token=own).content.value["username"] == "alice"


def test_where_no_account_is_known_nobody_signs_in(clock):
    app = App(Caller(begun("tokens: {only-known: true}"), clock))
    assert told(app.consent()) == (403, "access_denied")
    assert told(app.token(grant_type="client_credentials")) == (400, "unauthorized_client")


def test_the_state_shows_what_tokens_are_good_for_and_never_a_token(app, caller, clock):
    narrow = app.tokens(scope="114689", buzz_limit=limit(type="absolute", limit=20))
    assert generate(caller, narrow["access_token"]).status == 202
    app.revoke(app.access(login_hint="broke"))
    rows = {section.name: section.rows for section in caller.sandbox.sections()}["tokens"]
    assert [(row["kind"], row["state"]) for row in rows] == [
        *(("refresh", "active"), ("access", "revoked")),
        *(("refresh", "active"), ("access", "active")),
    ]
    assert (rows[0]["scopes"], rows[0]["spent"], rows[0]["budgets"]) == (["Full"], 0, [])
    assert rows[-1] == {
        "client": "demo-app",
        "account": "JustMaier",
        "kind": "access",
        "state": "active",
        "scope": "114689",
        "scopes": ["UserRead", "AIServicesRead", "AIServicesWrite", "BuzzRead"],
        "spent": 8,
        "budgets": ["absolute: 8 of 20"],
        "expiresAt": timestamp(clock.time + 3600),
    }
    assert "civitai_" not in json.dumps(rows)


def test_the_server_describes_itself_on_its_own_host_and_on_one_that_it_shares(app):
    request = Request("GET", "https://auth.civitai.com/.well-known/openid-configuration")
    alone = app.caller.sandbox.answer(request).content.value
    assert (alone["issuer"], alone["token_endpoint"]) == ("https://auth.civitai.com", f"{AUTH}/token")
    assert not [member for member in alone if member.startswith(("introspection", "device"))]
    with Running(Settings()) as server:
        shared = httpx.get(f"{server.url}/.well-known/openid-configuration").json()
        assert shared["token_endpoint"] == f"{server.url}/api/auth/oauth/token"
        assert httpx.get(shared["userinfo_endpoint"]).status_code == 401
    assert app.caller.sandbox.answer(Request("GET", "https://auth.civitai.com/x")).status == 404
