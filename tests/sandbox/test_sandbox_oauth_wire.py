"""The OAuth stand-in over real sockets, asked by oauthlib: a client that knows the RFCs and not this server."""

from __future__ import annotations

import httpx
import pytest
from oauthlib.oauth2 import (
    BackendApplicationClient,
    InvalidGrantError,
    LegacyApplicationClient,
    WebApplicationClient,
)

from runner.sandbox.oauth import Client, OAuthServer, Settings, User
from runner.sandbox.server import Running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CALLBACK = "http://127.0.0.1:{port}/callback"
ROBOT = Client("robot", "robot-secret", grants=("client_credentials", "password", "refresh_token"))
NATIVE = Client("native", None, (CALLBACK.format(port=1),))


@pytest.fixture
def server(clock):
    settings = Settings(
        clients=(ROBOT, NATIVE),
        users=(User("somebody", "open sesame"),),
        grants=("authorization_code", "refresh_token", "client_credentials", "password"),
        resources={"/orders": ("read",)},
    )
    return OAuthServer(clock, settings)


@pytest.fixture
def http(server, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # oauthlib wants https otherwise
    with Running(stand_in=server.answer) as running, httpx.Client(base_url=running.url) as http:
        yield http


def url_of(http, name):
    return http.get("/.well-known/oauth-authorization-server").json()[name]


def ask(http, client, body, auth=None):
    response = http.post(url_of(http, "token_endpoint"), content=body, headers=FORM, auth=auth)
    assert response.headers["cache-control"] == "no-store"
    return client.parse_request_body_response(response.text)


def call(http, client):
    url, headers, _ = client.add_token(f"{http.base_url}/orders")
    return http.get(url, headers=headers)


def test_client_credentials_open_a_resource_until_they_expire(http, clock):
    client = BackendApplicationClient(ROBOT.id)
    tokens = ask(http, client, client.prepare_request_body(scope="read"), auth=(ROBOT.id, ROBOT.secret))
    assert (tokens["token_type"], tokens["expires_in"], list(tokens.scopes)) == ("Bearer", 3600, ["read"])
    assert call(http, client).json()["sub"] == "robot"
    clock.time += 3600
    expired = call(http, client)
    assert expired.status_code == 401
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]


def test_the_password_grant_is_understood(http):
    client = LegacyApplicationClient(ROBOT.id)
    body = client.prepare_request_body("somebody", "open sesame", scope="read")
    ask(http, client, body, auth=(ROBOT.id, ROBOT.secret))
    assert call(http, client).json()["sub"] == "somebody"
    with pytest.raises(InvalidGrantError):
        ask(http, client, client.prepare_request_body("somebody", "guess"), auth=(ROBOT.id, ROBOT.secret))


@pytest.fixture
def native(http):
    """A native client that the user has said yes to, with the verifier it has to show."""
    client = WebApplicationClient(NATIVE.id)
    verifier = client.create_code_verifier(64)
    challenge = client.create_code_challenge(verifier, "S256")
    at = CALLBACK.format(port=50123)
    asked = client.prepare_request_uri(
        url_of(http, "authorization_endpoint"), at, "openid read", "xyz", challenge, "S256"
    )
    location = http.get(asked).headers["location"]
    client.parse_request_uri_response(location, state="xyz")
    return client


def redemption(client, verifier=None):
    return client.prepare_request_body(
        redirect_uri=CALLBACK.format(port=50123), code_verifier=verifier or client.code_verifier
    )


def test_a_code_with_pkce_is_redeemed_refreshed_and_revoked(http, server, native):
    tokens = ask(http, native, redemption(native))
    assert call(http, native).json() == {"client_id": "native", "sub": "somebody", "scope": "openid read"}
    userinfo = http.get(
        url_of(http, "userinfo_endpoint"), headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert userinfo.json() == {"sub": "somebody"}

    first = tokens["refresh_token"]
    tokens = ask(http, native, native.prepare_refresh_body(client_id=NATIVE.id, refresh_token=first))
    assert tokens["refresh_token"] != first
    assert call(http, native).status_code == 200

    url, headers, body = native.prepare_token_revocation_request(
        url_of(http, "revocation_endpoint"), tokens["refresh_token"], "refresh_token", client_id=NATIVE.id
    )
    assert http.post(url, headers=headers, content=body).status_code == 200
    assert call(http, native).status_code == 401
    with pytest.raises(InvalidGrantError):
        ask(http, native, native.prepare_refresh_body(client_id=NATIVE.id))
    assert server.state.issued == {"authorization_code": 1, "refresh_token": 1}


def test_a_wrong_verifier_a_reused_code_and_a_rotated_token_are_invalid_grants(http, native):
    with pytest.raises(InvalidGrantError, match="does not fit"):
        ask(http, native, redemption(native, "x" * 64))
    tokens = ask(http, native, redemption(native))
    ask(http, native, native.prepare_refresh_body(client_id=NATIVE.id))
    with pytest.raises(InvalidGrantError, match="is rotated"):
        ask(http, native, native.prepare_refresh_body(client_id=NATIVE.id, refresh_token=tokens["refresh_token"]))
    assert call(http, native).status_code == 401
    with pytest.raises(InvalidGrantError, match="used before"):
        ask(http, native, redemption(native))


def test_without_a_stand_in_of_its_own_the_server_still_has_civitais():
    with Running() as running:
        assert "Civitai" in httpx.get(running.url).text


def test_a_stand_in_answers_at_the_root_too(http):
    assert http.get("/").json()["error"] == "not_found"
