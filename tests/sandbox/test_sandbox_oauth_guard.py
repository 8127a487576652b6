"""What a token opens, how it ends, and what the server tells of it and of itself."""

from __future__ import annotations

import pytest

from runner.exchange import Request, Response, header
from runner.sandbox.oauth import Client, Grant, Paths
from tests.sandbox.oauth_visitor import CALLBACK, ISSUER, NATIVE, POSTER, WEB, Visitor, basic, error

PLAIN = 'Bearer realm="oauth"'


@pytest.fixture
def visitor(clock):
    return Visitor(clock, resources={"/orders": ("read", "write"), "/open": ()})


def guarded(token=None, *, url="https://api.example/things", scheme="Bearer"):
    return Request("GET", url, (("Authorization", f"{scheme} {token}"),) if token is not None else ())


def test_a_good_token_gives_its_grant(visitor):
    token = visitor.tokens()["access_token"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        grant = visitor.server.check_bearer(guarded(token, scheme=scheme), ("read",))
        assert isinstance(grant, Grant)
        assert (grant.client_id, grant.subject, grant.scopes) == ("web", "somebody", ("openid", "profile", "read"))


NO_TOKEN = {"no field": guarded(), "another scheme": guarded("abc", scheme="Basic")}


@pytest.mark.parametrize("request_", NO_TOKEN.values(), ids=NO_TOKEN.keys())
def test_without_a_token_the_challenge_says_no_more_than_how(visitor, request_):
    response = visitor.server.check_bearer(request_)
    assert isinstance(response, Response)
    assert (response.status, header(response.headers, "www-authenticate"), response.body) == (401, PLAIN, b"")


def check_refused(visitor, token, scopes, status, code):
    response = visitor.server.check_bearer(guarded(token), scopes)
    assert error(response) == (status, code)
    challenge = header(response.headers, "www-authenticate")
    assert challenge.startswith(f'{PLAIN}, error="{code}", error_description="')
    return challenge


@pytest.mark.parametrize("text", ["guess", "é", "two words"])
def test_an_unknown_token_is_invalid(visitor, text):
    check_refused(visitor, text, (), 401, "invalid_token")


def test_an_empty_token_is_a_malformed_request(visitor):
    check_refused(visitor, "", (), 400, "invalid_request")


def test_a_refresh_token_opens_nothing(visitor):
    check_refused(visitor, visitor.tokens()["refresh_token"], (), 401, "invalid_token")


def test_an_expired_token_is_invalid_and_told_why(visitor):
    token = visitor.tokens()["access_token"]
    visitor.clock.time += 3599
    assert isinstance(visitor.server.check_bearer(guarded(token)), Grant)
    visitor.clock.time += 1
    assert "the access token is expired" in check_refused(visitor, token, (), 401, "invalid_token")


def test_a_token_without_a_scope_is_told_which(visitor):
    challenge = check_refused(visitor, visitor.tokens()["access_token"], ("read", "write"), 403, "insufficient_scope")
    assert challenge.endswith('scope="read write"')


def test_a_token_in_the_query_counts_where_it_may(clock):
    visitor = Visitor(clock, bearer_query="token")
    token = visitor.tokens()["access_token"]
    url = f"https://api.example/?token={token}"
    assert isinstance(visitor.server.check_bearer(guarded(url=url)), Grant)
    assert error(visitor.server.check_bearer(guarded(token, url=url))) == (400, "invalid_request")
    assert visitor.server.check_bearer(guarded(url="https://api.example/?access_token=x")).status == 401


def test_the_demo_resource_is_guarded(visitor):
    assert visitor.get("/open").status == 401
    assert error(visitor.get("/orders", visitor.tokens()["access_token"])) == (403, "insufficient_scope")
    response = visitor.get("/orders", visitor.tokens(scope="read write")["access_token"])
    assert response.content.value == {"client_id": "web", "sub": "somebody", "scope": "read write"}


def test_userinfo_tells_what_the_scopes_open(visitor):
    def told(scope):
        return visitor.get("/userinfo", visitor.tokens(scope=scope)["access_token"]).content.value

    assert told("openid") == {"sub": "somebody"}
    assert told("openid profile") == {"sub": "somebody", "name": "Some Body", "picture": None}
    assert told("openid email") == {"sub": "somebody", "email": "some@body.example"}
    assert told("read") == {
        "error": "insufficient_scope", "error_description": "the request needs the scope openid",
    }  # fmt: skip


def revoke(visitor, token, client=WEB, **form):
    headers = (basic(client),) if client.secret else ()
    named = {} if client.secret else {"client_id": client.id}
    return visitor.post("/revoke", {"token": token, **named, **form}, *headers)


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "something_else"])
def test_revoking_an_access_token_ends_it_alone(visitor, hint):
    tokens = visitor.tokens()
    for _ in range(2):  # twice is once
        assert revoke(visitor, tokens["access_token"], token_type_hint=hint).status == 200
    assert visitor.status(tokens["access_token"]) == "revoked"
    assert visitor.status(tokens["refresh_token"]) == "active"
    assert visitor.state.revoked == 1


def test_revoking_a_refresh_token_ends_its_family(visitor):
    first = visitor.tokens()
    second = visitor.refresh(first["refresh_token"]).content.value
    revoke(visitor, second["refresh_token"])
    assert visitor.status(first["access_token"]) == visitor.status(second["access_token"]) == "revoked"
    assert error(visitor.refresh(second["refresh_token"])) == (400, "invalid_grant")


def test_revoking_what_is_not_known_is_no_error(visitor):
    assert (revoke(visitor, "guess").status, revoke(visitor, "guess").body) == (200, b"{}")


def test_revoking_is_for_the_client_that_has_the_token(visitor):
    token = visitor.tokens()["access_token"]
    assert error(revoke(visitor, token, NATIVE)) == (400, "invalid_grant")
    assert error(visitor.post("/revoke", {"token": token})) == (401, "invalid_client")
    assert error(revoke(visitor, None)) == (400, "invalid_request")
    assert error(revoke(visitor, [token, token])) == (400, "invalid_request")
    assert visitor.status(token) == "active"


def test_public_clients_can_be_kept_from_revoking(clock):
    assert error(revoke(Visitor(clock, public_may_revoke=False), "guess", NATIVE)) == (401, "invalid_client")
    assert revoke(Visitor(clock), "guess", NATIVE).status == 200


def introspect(visitor, token, client=WEB):
    sent = {"token": token, "client_id": client.id, "client_secret": client.secret}
    return visitor.post("/introspect", sent)


def test_introspection_tells_what_an_access_token_is_good_for(visitor):
    token = visitor.tokens(resource="https://api.example")["access_token"]
    now = int(visitor.clock.now())
    assert introspect(visitor, token, POSTER).content.value == {
        "active": True, "scope": "openid profile read", "client_id": "web", "sub": "somebody", "username": "somebody",
        "iss": ISSUER, "iat": now, "exp": now + 3600, "token_type": "Bearer", "aud": ["https://api.example"],
    }  # fmt: skip


def test_introspection_of_a_client_of_its_own_names_no_user(visitor):
    told = introspect(visitor, visitor.ask("client_credentials").content.value["access_token"]).content.value
    assert (told["sub"], "username" in told) == ("web", False)


def test_introspection_tells_nothing_of_what_is_not_active(visitor):
    tokens = visitor.tokens()
    assert introspect(visitor, tokens["refresh_token"]).content.value["active"] is True
    visitor.refresh(tokens["refresh_token"])
    visitor.clock.time += 3600
    for token in ("guess", tokens["refresh_token"], tokens["access_token"]):
        assert introspect(visitor, token).content.value == {"active": False}


def test_introspection_is_for_clients_with_a_secret(visitor):
    assert error(introspect(visitor, "x", NATIVE)) == (401, "invalid_client")
    assert error(introspect(visitor, "x", Client("nobody", "x"))) == (401, "invalid_client")
    assert error(introspect(visitor, None)) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
def test_the_server_describes_itself(clock, path):
    told = Visitor(clock, paths=Paths(token="/api/token", introspect=None)).get(path).content.value
    assert (told["issuer"], told["token_endpoint"]) == (ISSUER, f"{ISSUER}/api/token")
    assert told["authorization_endpoint"] == f"{ISSUER}/authorize"
    assert "introspection_endpoint" not in told
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "client_credentials" in told["grant_types_supported"]
    assert told["scopes_supported"] == ["openid", "profile", "email", "read", "write"]


def test_every_endpoint_it_names_is_there(visitor):
    told = visitor.get("/.well-known/openid-configuration").content.value
    named = [url for name, url in told.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(named) == 7
    for url in named:
        assert visitor.server.answer(Request("GET", url)).status != 404
    assert visitor.get("/jwks").content.value == {"keys": []}


def test_the_issuer_is_the_origin_of_the_request_unless_it_is_set(clock):
    server = Visitor(clock, issuer="").server
    told = server.answer(Request("GET", "http://127.0.0.1:8080/.well-known/openid-configuration")).content.value
    assert (told["issuer"], told["token_endpoint"]) == ("http://127.0.0.1:8080", "http://127.0.0.1:8080/token")


def test_other_paths_and_methods_are_not_there(visitor):
    assert visitor.get("/nowhere").status == 404
    response = visitor.get("/token")
    assert (response.status, header(response.headers, "allow")) == (405, "POST")
    assert Visitor(visitor.clock, paths=Paths(revoke=None)).post("/revoke", {}).status == 404


def test_head_is_get_without_the_body(visitor):
    response = visitor.server.answer(Request("HEAD", f"{ISSUER}/.well-known/openid-configuration"))
    assert (response.status, response.body) == (200, b"")


def test_requests_are_counted_by_endpoint(visitor):
    visitor.refresh(visitor.tokens()["refresh_token"])
    visitor.get("/nowhere")
    assert visitor.state.requests == {"authorize": 1, "token": 2}
    assert visitor.authorize(redirect_uri=CALLBACK).status == 302
    assert visitor.state.requests["authorize"] == 2
