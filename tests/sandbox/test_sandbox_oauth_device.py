"""A device without a browser gets its token once its user has typed the code elsewhere."""

from __future__ import annotations

import pytest

from runner.sandbox.oauth import DEVICE_CODE, Client
from tests.sandbox.oauth_visitor import ISSUER, NATIVE, TV, Visitor, error


@pytest.fixture
def visitor(clock):
    return Visitor(clock, consent="page")


def begin(visitor, **form):
    return visitor.post("/device_authorization", {"client_id": "tv", "scope": "read", **form})


def poll(visitor, device_code, client=TV, wait=5.0):
    visitor.clock.time += wait
    return visitor.ask(DEVICE_CODE, client, device_code=device_code)


def decide(visitor, user_code, decision):
    return visitor.post("/device", {"user_code": user_code, "decision": decision})


def test_a_device_waits_for_its_user_and_gets_its_tokens_once(visitor):
    begun = begin(visitor).content.value
    assert begun["verification_uri"] == f"{ISSUER}/device"
    assert begun["verification_uri_complete"] == f"{ISSUER}/device?user_code={begun['user_code']}"
    assert (begun["expires_in"], begun["interval"]) == (900, 5)
    assert error(poll(visitor, begun["device_code"])) == (400, "authorization_pending")
    assert "tv asks somebody for: read" in visitor.get("/device", user_code=begun["user_code"]).content.value
    typed = begun["user_code"].lower().replace("-", " ")
    assert "allowed" in decide(visitor, typed, "allow").content.value
    body = poll(visitor, begun["device_code"]).content.value
    assert body["scope"] == "read"
    assert visitor.refresh(body["refresh_token"], TV).status == 200
    assert error(poll(visitor, begun["device_code"])) == (400, "invalid_grant")
    assert visitor.state.issued == {DEVICE_CODE: 1, "refresh_token": 1}


def test_a_device_that_asks_too_often_has_to_wait_longer_each_time(visitor):
    code = begin(visitor).content.value["device_code"]
    waits = [
        (0, "authorization_pending"),
        (4, "slow_down"),
        (9, "slow_down"),
        (14, "slow_down"),
        (20, "authorization_pending"),
    ]
    assert [error(poll(visitor, code, wait=wait))[1] for wait, _ in waits] == [answer for _, answer in waits]


def test_a_user_who_says_no_is_heard(visitor):
    begun = begin(visitor).content.value
    decide(visitor, begun["user_code"], "deny")
    for _ in range(2):
        assert error(poll(visitor, begun["device_code"])) == (400, "access_denied")
    assert decide(visitor, begun["user_code"], "allow").status == 400


def test_a_device_code_expires(visitor):
    begun = begin(visitor).content.value
    visitor.clock.time += 900
    assert decide(visitor, begun["user_code"], "allow").status == 400
    assert error(poll(visitor, begun["device_code"])) == (400, "expired_token")


def test_a_device_code_is_good_for_the_client_it_was_given_to_alone(clock):
    other = Client("other-tv", None, grants=TV.grants)
    visitor = Visitor(clock, clients=(TV, other))
    code = begin(visitor).content.value["device_code"]
    assert error(poll(visitor, code, other)) == (400, "invalid_grant")
    assert error(poll(visitor, "guess")) == (400, "invalid_grant")
    assert error(poll(visitor, None)) == (400, "invalid_request")


def test_with_automatic_consent_opening_the_page_is_enough(clock):
    visitor = Visitor(clock)
    begun = begin(visitor).content.value
    assert error(poll(visitor, begun["device_code"])) == (400, "authorization_pending")
    assert visitor.get("/device", user_code=begun["user_code"]).status == 200
    assert poll(visitor, begun["device_code"]).status == 200


def test_the_page_asks_for_the_code_and_refuses_one_that_nobody_waits_for(visitor):
    assert "name=user_code" in visitor.get("/device").content.value
    assert visitor.get("/device", user_code="BCDF-GHJK").status == 400


REFUSED = {
    "nobody": ({"client_id": None}, (401, "invalid_client")),
    "a client for browsers": ({"client_id": NATIVE.id}, (400, "unauthorized_client")),
    "an unknown scope": ({"scope": "all"}, (400, "invalid_scope")),
}


@pytest.mark.parametrize(("form", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_a_device_is_refused(visitor, form, expected):
    assert error(begin(visitor, **form)) == expected
    assert visitor.state.devices == {}
