"""The token endpoint: what each grant type gives, and every way to be refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from runner.exchange import Request, Response, header
from runner.sandbox.oauth import DEVICE_CODE, Client, Hooks, Lifetimes, challenge_of
from tests.sandbox.oauth_visitor import (
    CALLBACK,
    CHALLENGE,
    CLIENTS,
    ISSUER,
    NATIVE,
    POSTER,
    PUBLIC_ROBOT,
    VERIFIER,
    WEB,
    Visitor,
    basic,
    error,
)


@pytest.fixture
def visitor(clock):
    return Visitor(clock)


def test_the_challenge_is_that_of_the_rfcs_appendix_b():
    assert challenge_of(VERIFIER) == CHALLENGE
    assert challenge_of(VERIFIER, "plain") == VERIFIER


def test_a_code_is_redeemed_for_tokens(visitor):
    response = visitor.redeem(visitor.code())
    assert header(response.headers, "cache-control") == "no-store"
    assert header(response.headers, "pragma") == "no-cache"
    body = response.content.value
    assert {name: body[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "openid profile read",
    }
    assert visitor.status(body["access_token"]) == visitor.status(body["refresh_token"]) == "active"
    assert visitor.state.issued == {"authorization_code": 1}


def test_a_native_client_redeems_at_the_port_it_asked_from(visitor):
    at = "http://127.0.0.1:54321/cb"
    code = visitor.code(client_id="native", redirect_uri=at)
    assert error(visitor.redeem(code, NATIVE, redirect_uri="http://127.0.0.1:54322/cb")) == (400, "invalid_grant")
    assert visitor.redeem(code, NATIVE, redirect_uri=at).status == 200


def test_a_redirect_uri_that_was_not_named_need_not_be_repeated(visitor):
    code = visitor.code(redirect_uri=None)
    assert error(visitor.redeem(code, redirect_uri="https://evil.example/")) == (400, "invalid_grant")
    assert visitor.redeem(code, redirect_uri=None).status == 200


CODE_FAULTS = {
    "no code": ({"code": None}, "invalid_request"),
    "an unknown code": ({"code": "guess"}, "invalid_grant"),
    "no redirect URI": ({"redirect_uri": None}, "invalid_grant"),
    "another redirect URI": ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
    "no verifier": ({"code_verifier": None}, "invalid_request"),
    "a wrong verifier": ({"code_verifier": VERIFIER[:-1] + "K"}, "invalid_grant"),
    "the challenge for a verifier": ({"code_verifier": CHALLENGE}, "invalid_grant"),
    "an empty verifier": ({"code_verifier": ""}, "invalid_request"),
    "a verifier that is no ASCII": ({"code_verifier": "é" * 43}, "invalid_grant"),
    "a parameter twice": ({"code_verifier": [VERIFIER, VERIFIER]}, "invalid_request"),
    "a resource that was not granted": ({"resource": "https://other.example"}, "invalid_target"),
}


@pytest.mark.parametrize(("changes", "code"), CODE_FAULTS.values(), ids=CODE_FAULTS.keys())
def test_a_faulty_redemption_is_refused_and_does_not_use_the_code_up(visitor, changes, code):
    text = visitor.code(resource="https://api.example")
    assert error(visitor.redeem(**{"code": text, **changes})) == (400, code)
    assert visitor.state.tokens == {}
    assert visitor.redeem(text).status == 200


def test_a_code_is_good_for_the_client_it_was_given_to_alone(visitor):
    code = visitor.code()
    assert error(visitor.redeem(code, NATIVE)) == (400, "invalid_grant")
    assert visitor.redeem(code).status == 200


def test_a_verifier_for_a_code_without_a_challenge_is_refused(clock):
    visitor = Visitor(clock, pkce_required=False)
    code = visitor.code(code_challenge=None, code_challenge_method=None)
    assert error(visitor.redeem(code)) == (400, "invalid_grant")


def test_a_code_expires(visitor):
    code = visitor.code()
    visitor.clock.time += 600
    assert error(visitor.redeem(code)) == (400, "invalid_grant")
    assert visitor.state.issued == {}


def test_a_code_that_is_used_again_ends_what_came_of_it(visitor):
    code = visitor.code()
    first = visitor.redeem(code).content.value
    second = visitor.refresh(first["refresh_token"]).content.value
    unrelated = visitor.tokens()
    visitor.clock.time += 700  # after its own end, too
    assert error(visitor.redeem(code)) == (400, "invalid_grant")
    for reply in (first, second):
        assert visitor.status(reply["access_token"]) == "revoked"
    assert visitor.status(second["refresh_token"]) == "revoked"
    assert visitor.status(unrelated["access_token"]) == "active"
    assert visitor.state.revoked == 3


def test_a_stolen_code_without_its_verifier_ends_nothing(visitor):
    code = visitor.code()
    tokens = visitor.redeem(code).content.value
    assert error(visitor.redeem(code, code_verifier="x" * 43)) == (400, "invalid_grant")
    assert visitor.status(tokens["access_token"]) == "active"


def test_a_refresh_rotates(visitor):
    first = visitor.tokens()
    visitor.clock.time += 3600
    assert visitor.status(first["access_token"]) == "expired"
    second = visitor.refresh(first["refresh_token"]).content.value
    assert len({first["access_token"], second["access_token"], first["refresh_token"], second["refresh_token"]}) == 4
    assert visitor.status(first["refresh_token"]) == "rotated"
    assert visitor.refresh(second["refresh_token"]).status == 200
    assert visitor.state.issued == {"authorization_code": 1, "refresh_token": 2}


def test_a_refresh_token_that_was_used_ends_its_family(visitor):
    first = visitor.tokens()
    second = visitor.refresh(first["refresh_token"]).content.value
    assert error(visitor.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert error(visitor.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert visitor.status(second["access_token"]) == visitor.status(first["access_token"]) == "revoked"


def test_without_rotation_the_refresh_token_stays(clock):
    visitor = Visitor(clock, rotate=False)
    refresh_token = visitor.tokens()["refresh_token"]
    for _ in range(2):
        assert "refresh_token" not in visitor.refresh(refresh_token).content.value


def test_a_refresh_may_narrow_the_access_token_and_never_widen_it(visitor):
    narrow = visitor.refresh(visitor.tokens()["refresh_token"], scope="read").content.value
    assert narrow["scope"] == "read"
    assert error(visitor.refresh(narrow["refresh_token"], scope="read write")) == (400, "invalid_scope")
    assert error(visitor.refresh(narrow["refresh_token"], scope="all")) == (400, "invalid_scope")
    assert visitor.refresh(narrow["refresh_token"]).content.value["scope"] == "openid profile read"


def test_a_refresh_token_expires_and_each_refresh_gives_a_whole_life(clock):
    visitor = Visitor(clock, lifetimes=Lifetimes(refresh=100))
    token = visitor.tokens()["refresh_token"]
    clock.time += 99
    token = visitor.refresh(token).content.value["refresh_token"]
    clock.time += 99
    token = visitor.refresh(token).content.value["refresh_token"]
    clock.time += 100
    assert error(visitor.refresh(token)) == (400, "invalid_grant")


def test_a_refresh_wants_a_refresh_token_of_the_same_client(visitor):
    tokens = visitor.tokens()
    for wrong in ("guess", tokens["access_token"]):
        assert error(visitor.refresh(wrong)) == (400, "invalid_grant")
    assert error(visitor.refresh(tokens["refresh_token"], NATIVE)) == (400, "invalid_grant")
    assert error(visitor.ask("refresh_token")) == (400, "invalid_request")
    assert visitor.refresh(tokens["refresh_token"]).status == 200


def test_a_refresh_token_may_want_a_scope_of_its_own(clock):
    visitor = Visitor(clock, scopes=("read", "offline_access"), refresh_scope="offline_access")
    assert "refresh_token" not in visitor.tokens(scope="read")
    assert "refresh_token" in visitor.tokens(scope="read offline_access")


def test_client_credentials_give_an_access_token_alone(visitor):
    body = visitor.ask("client_credentials", scope="write openid").content.value
    assert (body["scope"], "refresh_token" in body, "id_token" in body) == ("openid write", False, False)
    assert visitor.state.token(body["access_token"]).grant.subject == "web"


def test_client_credentials_may_act_as_an_owner(clock):
    visitor = Visitor(clock, clients=(Client("c", "s", grants=("client_credentials",), owner="somebody"),))
    token = visitor.ask("client_credentials", visitor.server.settings.clients[0]).content.value["access_token"]
    assert visitor.get("/userinfo", token).content.value["sub"] == "somebody"


def test_the_password_grant_knows_its_users(visitor):
    body = visitor.ask("password", username="somebody", password="open sesame", scope="read").content.value
    assert visitor.state.token(body["access_token"]).grant.subject == "somebody"
    assert visitor.refresh(body["refresh_token"]).status == 200


WRONG_PASSWORDS = {
    "a wrong password": ({"username": "somebody", "password": "open"}, "invalid_grant"),
    "a user who has none": ({"username": "other", "password": "x"}, "invalid_grant"),
    "an unknown user": ({"username": "nobody", "password": "open sesame"}, "invalid_grant"),
    "no password": ({"username": "somebody"}, "invalid_request"),
    "no user": ({"password": "open sesame"}, "invalid_request"),
    "an unknown scope": ({"username": "somebody", "password": "open sesame", "scope": "all"}, "invalid_scope"),
}


@pytest.mark.parametrize(("form", "code"), WRONG_PASSWORDS.values(), ids=WRONG_PASSWORDS.keys())
def test_the_password_grant_refuses(visitor, form, code):
    assert error(visitor.ask("password", **form)) == (400, code)


def _basic(text: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(text.encode()).decode()


POST_WEB = {"client_id": "web", "client_secret": WEB.secret}
CLIENT_FAULTS = {
    "nobody": ({}, (), 401, "invalid_client"),
    "an unknown client": ({"client_id": "nobody", "client_secret": "x"}, (), 401, "invalid_client"),
    "a wrong secret in the body": ({"client_id": "web", "client_secret": "x"}, (), 401, "invalid_client"),
    "no secret": ({"client_id": "web"}, (), 401, "invalid_client"),
    "an empty secret": ({"client_id": "web", "client_secret": ""}, (), 401, "invalid_client"),
    "a wrong secret by Basic": ({}, (_basic("web:x"),), 401, "invalid_client"),
    "a secret that was not form-encoded": ({}, (_basic(f"web:{WEB.secret}"),), 401, "invalid_client"),
    "Basic without a colon": ({}, (_basic("web"),), 401, "invalid_client"),
    "Basic that is no base64": ({}, (("Authorization", "Basic é!"),), 401, "invalid_client"),
    "another scheme": ({}, (("Authorization", "Bearer x"),), 401, "invalid_client"),
    "Basic where only the body is allowed": ({}, (basic(POSTER),), 401, "invalid_client"),
    "a secret of a public client": ({"client_id": "native", "client_secret": "x"}, (), 401, "invalid_client"),
    "Basic and body": (POST_WEB, (basic(WEB),), 400, "invalid_request"),
    "Basic and another client_id": ({"client_id": "native"}, (basic(WEB),), 400, "invalid_request"),
    "a parameter that nobody reads, twice": ({"x": ["1", "2"], **POST_WEB}, (), 400, "invalid_request"),
    "two client_ids": ({"client_id": ["web", "web"]}, (), 400, "invalid_request"),
    "no grant type": ({"grant_type": None, **POST_WEB}, (), 400, "invalid_request"),
    "an unknown grant type": ({"grant_type": "urn:example:unheard-of", **POST_WEB}, (), 400, "unsupported_grant_type"),
    "a grant type not registered": ({"grant_type": DEVICE_CODE, **POST_WEB}, (), 400, "unauthorized_client"),
    "an unknown scope": ({"scope": "read all", **POST_WEB}, (), 400, "invalid_scope"),
    "a scope beyond the client": (
        {"client_id": "poster", "client_secret": POSTER.secret, "scope": "read write"}, (), 400, "invalid_scope",
    ),
    "client credentials of a public client": ({"client_id": PUBLIC_ROBOT.id}, (), 400, "unauthorized_client"),
    "a bad resource": ({"resource": "x", **POST_WEB}, (), 400, "invalid_target"),
    "a broken resource": ({"resource": "https://[", **POST_WEB}, (), 400, "invalid_target"),
}  # fmt: skip


@pytest.mark.parametrize(("form", "headers", "status", "code"), CLIENT_FAULTS.values(), ids=CLIENT_FAULTS.keys())
def test_the_token_endpoint_refuses(visitor, form, headers, status, code):
    response = visitor.post("/token", {"grant_type": "client_credentials", **form}, *headers)
    assert error(response) == (status, code)
    assert header(response.headers, "www-authenticate") == ('Basic realm="oauth"' if status == 401 else None)
    assert visitor.state.tokens == {}
    assert visitor.state.refusals == {code: 1}


@pytest.mark.parametrize("form", [POST_WEB, {"client_id": "poster", "client_secret": "post-secret"}])
def test_a_client_may_authenticate_in_the_body(visitor, form):
    assert visitor.post("/token", {"grant_type": "client_credentials", **form}).status == 200


def test_a_client_id_beside_basic_is_no_second_method(visitor):
    assert visitor.ask("client_credentials", client_id="web").status == 200


def test_a_grant_type_that_the_server_does_not_offer_is_unsupported(clock):
    visitor = Visitor(clock, grants=("authorization_code",))
    assert error(visitor.ask("password", username="x", password="x")) == (400, "unsupported_grant_type")


def test_the_token_endpoint_takes_forms_alone(visitor):
    sent = Request("POST", f"{ISSUER}/token", (("Content-Type", "application/json"),), b'{"grant_type": "x"}')
    assert error(visitor.server.answer(sent)) == (400, "invalid_request")


def test_a_description_has_no_character_that_the_rfc_forbids(visitor):
    response = visitor.ask('a"\\\n\u20ac')
    assert response.content.value["error_description"] == "there is no grant type a????"


def test_resource_and_audience_are_passed_through(visitor):
    asked = ("https://api.example/a", "https://api.example/b")
    tokens = visitor.tokens(resource=asked, audience="orders")
    assert visitor.state.token(tokens["access_token"]).grant.audience == (*asked, "orders")
    narrow = visitor.refresh(tokens["refresh_token"], resource=asked[0]).content.value
    assert visitor.state.token(narrow["access_token"]).grant.audience == asked[:1]
    assert visitor.state.token(narrow["refresh_token"]).grant.audience == (*asked, "orders")
    assert error(visitor.refresh(narrow["refresh_token"], resource="https://x.example")) == (400, "invalid_target")


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def test_an_id_token_is_signed_with_the_clients_secret(visitor):
    first, second, signature = visitor.tokens(nonce="n-0S6_WzA2Mj")["id_token"].split(".")
    expected = hmac.digest(WEB.secret.encode(), f"{first}.{second}".encode(), hashlib.sha256)
    assert _decoded(signature) == expected
    assert json.loads(_decoded(first)) == {"alg": "HS256", "typ": "JWT"}
    now = int(visitor.clock.now())
    assert json.loads(_decoded(second)) == {
        "iss": ISSUER, "sub": "somebody", "aud": "web", "iat": now, "exp": now + 3600, "nonce": "n-0S6_WzA2Mj",
    }  # fmt: skip


def test_the_id_token_of_a_refresh_has_no_nonce(visitor):
    refreshed = visitor.refresh(visitor.tokens(nonce="n-0S6_WzA2Mj")["refresh_token"]).content.value
    assert "nonce" not in json.loads(_decoded(refreshed["id_token"].split(".")[1]))


@pytest.mark.parametrize(("client_id", "scope"), [("web", "read"), ("native", "openid")])
def test_there_is_no_id_token_without_its_scope_or_a_secret(visitor, client_id, scope):
    client = next(client for client in CLIENTS if client.id == client_id)
    at = client.redirect_uris[0]
    code = visitor.code(client_id=client_id, redirect_uri=at, scope=scope)
    assert "id_token" not in visitor.redeem(code, client, redirect_uri=at).content.value


def test_two_servers_of_one_seed_issue_alike_and_no_others_do(clock):
    first, second, third = (Visitor(clock, seed=seed).tokens()["access_token"] for seed in ("a", "a", "b"))
    assert first == second != third


def test_no_code_or_token_is_to_be_found_in_the_state(visitor):
    code = visitor.code()
    tokens = visitor.redeem(code).content.value
    shown = repr(visitor.state)
    assert not any(text in shown for text in (code, tokens["access_token"], tokens["refresh_token"]))


def test_a_hook_adds_members_and_another_answers_instead(clock):
    busy = [Response(503)]
    hooks = Hooks(
        members=lambda grant: {"owner": grant.subject},
        intercept=lambda endpoint, _request, _now: busy.pop() if endpoint == "token" and busy else None,
    )
    visitor = Visitor(clock, hooks=hooks)
    assert visitor.ask("client_credentials").status == 503
    assert visitor.ask("client_credentials").content.value["owner"] == "web"
    assert visitor.state.requests == {"token": 2}
