"""A provider that is nothing like the RFCs' examples is a table of settings; and whatever comes, there is an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.exchange import Response, header
from runner.sandbox.oauth import Client, Hooks, Lifetimes, Paths, ScopeSyntax
from tests.sandbox.conftest import StillClock
from tests.sandbox.oauth_visitor import CALLBACK, Visitor, error

NAMES = ("UserRead", "ModelsRead", "BuzzRead")
BITS = {name: 1 << bit for bit, name in enumerate(NAMES)}


def read_bits(text):
    number = int(text)
    if not 0 <= number < 1 << len(NAMES):
        raise ValueError("a bit has no meaning")
    return tuple(name for name, bit in BITS.items() if number & bit)


APP = Client("app", "app-secret", (CALLBACK,), scopes=("UserRead", "ModelsRead"))
DRESS = {
    "clients": (APP,),
    "paths": Paths(authorize="/api/oauth/authorize", token="/api/oauth/token", revoke="/api/oauth/revoke", device=None),
    "lifetimes": Lifetimes(code=60, access=120),
    "scopes": NAMES,
    "scope_syntax": ScopeSyntax(read_bits, lambda names: str(sum(BITS[name] for name in names))),
    "always_scopes": ("UserRead",),
    "excess_scopes": "trim",
    "consent": "page",
    "consent_field": "approved",
    "consent_allow": "true",
    "name_issuer": False,
    "redirect_status": 303,
    "userinfo_scopes": ("UserRead",),
    "token_prefix": "example_",
}


def decide(visitor, **changes):
    form = {
        "response_type": "code",
        "client_id": "app",
        "scope": "6",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "approved": "true",
        **changes,
    }
    return visitor.post("/api/oauth/authorize", form)


def redeem(visitor, code):
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return visitor.post("/api/oauth/token", {"client_id": "app", "client_secret": "app-secret", **form})


@pytest.fixture
def dressed(clock):
    return Visitor(clock, **DRESS)


def test_scopes_may_be_a_bitmask_that_is_trimmed_and_has_a_bit_always_set(dressed):
    response = decide(dressed)
    location = header(response.headers, "location")
    assert (response.status, "iss=" in location) == (303, False)
    body = redeem(dressed, location.partition("code=")[2]).content.value
    assert (body["scope"], body["expires_in"]) == ("3", 120)
    assert body["access_token"].startswith("example_")
    assert dressed.get("/userinfo", body["access_token"]).content.value == {"sub": "somebody"}


@pytest.mark.parametrize("scope", ["8", "-1", "read"])
def test_a_bitmask_that_cannot_be_read_is_an_invalid_scope(dressed, scope):
    assert "error=invalid_scope" in header(decide(dressed, scope=scope).headers, "location")


def test_a_limit_is_a_hook(clock):
    left = {"token": 1}

    def limit(endpoint, _request, _now):
        if endpoint not in left:
            return None
        left[endpoint] -= 1
        return None if left[endpoint] >= 0 else Response(429, (("Retry-After", "60"),))

    visitor = Visitor(clock, hooks=Hooks(intercept=limit))
    assert [visitor.ask("client_credentials").status for _ in range(2)] == [200, 429]


PATHS = ("/authorize", "/token", "/revoke", "/introspect", "/userinfo", "/device_authorization", "/device", "/x")
WORDS = st.sampled_from(
    ["web", "tv", "code", "authorization_code", "password", "S256", "allow", "", "é", '"<&%', "\r\n"]
)
NAMES_OF_PARAMETERS = st.sampled_from(
    ["client_id", "redirect_uri", "grant_type", "scope", "code", "code_challenge", "token", "user_code", "decision"]
)


@given(
    path=st.sampled_from(PATHS),
    pairs=st.dictionaries(NAMES_OF_PARAMETERS, st.lists(WORDS | st.text(max_size=5), min_size=1, max_size=2)),
    authorization=st.none() | st.text(max_size=20),
)
def test_whatever_is_sent_there_is_an_answer(path, pairs, authorization):
    visitor = Visitor(StillClock())
    pairs = {name: [value.encode("utf-8", "replace").decode() for value in values] for name, values in pairs.items()}
    headers = () if authorization is None else (("Authorization", authorization),)
    for response in (visitor.get(path, **pairs), visitor.post(path, pairs, *headers)):
        assert 200 <= response.status < 500
        assert not any("\r" in value or "\n" in value for _, value in response.headers)


def test_the_dress_says_no_as_well(dressed):
    assert "error=access_denied" in header(decide(dressed, approved="false").headers, "location")
    assert error(redeem(dressed, "guess")) == (400, "invalid_grant")
