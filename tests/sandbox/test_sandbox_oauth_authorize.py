"""The authorization endpoint: who is sent back with a code, who with an error, and who is not sent anywhere."""

from __future__ import annotations

import html
import re

import pytest

from runner.exchange import Request, header
from runner.sandbox.oauth import Client, Hooks
from tests.sandbox.oauth_visitor import CALLBACK, CHALLENGE, CLIENTS, ISSUER, VERIFIER, Visitor, returned


@pytest.fixture
def visitor(clock):
    return Visitor(clock)


def test_a_good_request_comes_back_with_code_state_and_issuer(visitor):
    response = visitor.authorize()
    location = header(response.headers, "location")
    assert location.startswith(CALLBACK + "&code=")
    assert header(response.headers, "cache-control") == "no-store"
    answered = returned(response)
    assert answered == {"tenant": "7", "code": answered["code"], "state": "af0ifjsldkj", "iss": ISSUER}


REDIRECTED = {
    "response_type missing": ({"response_type": None}, "invalid_request"),
    "response_type empty": ({"response_type": ""}, "invalid_request"),
    "response_type token": ({"response_type": "token"}, "unsupported_response_type"),
    "response_mode fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "a parameter twice": ({"scope": ["read", "write"]}, "invalid_request"),
    "a state twice": ({"state": ["af0ifjsldkj", "x"]}, "invalid_request"),
    "an unknown scope": ({"scope": "read everything"}, "invalid_scope"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "the method plain": ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
    "no method, which means plain": ({"code_challenge_method": None}, "invalid_request"),
    "a challenge that is no SHA-256": ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
    "a resource that is no URI": ({"resource": "api"}, "invalid_target"),
    "a resource with a fragment": ({"resource": "https://api.example/#x"}, "invalid_target"),
}


@pytest.mark.parametrize(("changes", "code"), REDIRECTED.values(), ids=REDIRECTED.keys())
def test_an_error_goes_back_to_the_client_with_the_state(visitor, changes, code):
    answered = returned(visitor.authorize(**changes))
    assert (answered["error"], answered["state"], answered["iss"]) == (code, "af0ifjsldkj", ISSUER)
    assert answered["error_description"]
    assert "code" not in answered
    assert visitor.state.codes == {}
    assert visitor.state.refusals == {code: 1}


PAGES = {
    "no client": ({"client_id": None}, "invalid_request"),
    "a client twice": ({"client_id": ["web", "native"]}, "invalid_request"),
    "an unknown client": ({"client_id": "<b>nobody</b>"}, "invalid_client"),
    "another redirect URI": ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
    "a redirect URI that only begins alike": ({"redirect_uri": CALLBACK + "&x=1"}, "invalid_request"),
    "a redirect URI twice": ({"redirect_uri": [CALLBACK, CALLBACK]}, "invalid_request"),
    "none where the client has several": ({"client_id": "native", "redirect_uri": None}, "invalid_request"),
    "a client that registered none": ({"client_id": "poster", "redirect_uri": CALLBACK}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "code"), PAGES.values(), ids=PAGES.keys())
def test_without_client_or_redirect_uri_an_error_is_a_page(visitor, changes, code):
    response = visitor.authorize(**changes)
    assert (response.status, header(response.headers, "location")) == (400, None)
    assert f"<h1>{code}</h1>" in response.content.value
    assert "<b>" not in response.content.value
    assert visitor.state.refusals == {code: 1}


ADDRESSES = {
    "another port": ("http://127.0.0.1:54321/cb", True),
    "no port": ("http://127.0.0.1/cb", True),
    "another port on IPv6": ("http://[::1]:54321/cb", True),
    "a scheme of its own": ("com.example.app:/cb", True),
    "another path": ("http://127.0.0.1:54321/callback", False),
    "a query": ("http://127.0.0.1:54321/cb?x=1", False),
    "another name of the host": ("http://localhost:54321/cb", False),
    "https": ("https://127.0.0.1:54321/cb", False),
    "a host that begins alike": ("http://127.0.0.1.evil.example/cb", False),
    "a user before a host": ("http://127.0.0.1:80@evil.example/cb", False),
    "a port of a scheme that is not http": ("com.example.app:1/cb", False),
}


@pytest.mark.parametrize(("address", "accepted"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_only_the_port_of_a_loopback_address_is_free(visitor, address, accepted):
    response = visitor.authorize(client_id="native", redirect_uri=address)
    assert response.status == (302 if accepted else 400)
    assert not accepted or header(response.headers, "location").startswith(address + "?code=")


def test_the_port_of_another_host_is_not_free(clock):
    visitor = Visitor(clock, clients=(Client("c", None, ("http://app.example/cb",)),))
    assert visitor.authorize(client_id="c", redirect_uri="http://app.example:8080/cb").status == 400


def test_a_client_that_was_not_registered_for_codes_is_told_so(clock):
    visitor = Visitor(clock, clients=(Client("c", "s", (CALLBACK,), ("client_credentials",)),))
    assert returned(visitor.authorize(client_id="c"))["error"] == "unauthorized_client"


def test_a_scope_beyond_the_client_is_refused_or_trimmed(clock):
    client = Client("c", None, (CALLBACK,), scopes=("read",))
    strict, lax = (Visitor(clock, clients=(client,), excess_scopes=how) for how in ("refuse", "trim"))
    assert returned(strict.authorize(client_id="c", scope="read write"))["error"] == "invalid_scope"
    assert lax.redeem(lax.code(client_id="c", scope="read write"), client).content.value["scope"] == "read"


def test_state_can_be_made_mandatory(clock):
    answered = returned(Visitor(clock, state_required=True).authorize(state=None))
    assert (answered["error"], "state" in answered) == ("invalid_request", False)


def test_without_a_state_none_comes_back(visitor):
    assert "state" not in returned(visitor.authorize(state=None))


def test_pkce_can_be_left_out_where_the_settings_allow_it(clock):
    visitor = Visitor(clock, pkce_required=False)
    code = visitor.code(code_challenge=None, code_challenge_method=None)
    assert visitor.redeem(code, code_verifier=None).status == 200
    assert returned(visitor.authorize(code_challenge=None))["error"] == "invalid_request"


def test_plain_can_be_allowed(clock):
    visitor = Visitor(clock, pkce_methods=("S256", "plain"))
    code = visitor.code(code_challenge=VERIFIER, code_challenge_method=None)
    assert visitor.redeem(code, code_verifier="x" * 43).status == 400
    assert visitor.redeem(code).status == 200


def test_the_user_that_is_hinted_at_is_the_one(visitor):
    visitor.code(login_hint="other")
    visitor.code(login_hint="nobody")
    assert [code.grant.subject for code in visitor.state.codes.values()] == ["other", "somebody"]


def test_a_server_without_users_gives_no_access(clock):
    assert returned(Visitor(clock, users=()).authorize())["error"] == "access_denied"


@pytest.fixture
def asking(clock):
    return Visitor(clock, consent="page")


def fields(page):
    """Read a consent page as a browser would."""
    return {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'type=hidden name="(.*?)" value="(.*?)"', page)
    }


def test_a_page_asks_and_its_form_brings_the_code(asking):
    response = asking.authorize(state='"><script>alert(1)</script>')
    assert (response.status, header(response.headers, "cache-control")) == (200, "no-store")
    page = response.content.value
    assert "web asks somebody for: openid profile read" in page
    assert "<script>" not in page
    assert asking.state.codes == {}
    answered = returned(asking.post("/authorize", {**fields(page), "decision": "allow"}))
    assert answered["state"] == '"><script>alert(1)</script>'
    assert asking.redeem(answered["code"]).status == 200


def test_a_user_who_says_no_sends_the_client_away(asking):
    answered = returned(asking.authorize("POST", decision="deny"))
    assert (answered["error"], answered["state"]) == ("access_denied", "af0ifjsldkj")
    assert asking.state.codes == {}


def test_a_get_decides_nothing(asking):
    assert asking.authorize(decision="allow").status == 200
    assert asking.state.codes == {}


def test_a_decision_is_held_to_the_same_rules_as_the_question(asking):
    assert asking.authorize("POST", decision="allow", redirect_uri="https://evil.example/").status == 400
    assert returned(asking.authorize("POST", decision="allow", scope="all"))["error"] == "invalid_scope"


def test_what_is_remembered_is_not_asked_again(asking):
    asking.authorize("POST", decision="allow", remember="true", scope="openid read")
    assert returned(asking.authorize(scope="read"))["code"]
    assert asking.authorize(scope="read write").status == 200
    asking.authorize("POST", decision="allow", remember="true", scope="write")
    assert returned(asking.authorize(scope="read write"))["code"]
    assert asking.authorize(scope="read", login_hint="other").status == 200
    assert asking.authorize(scope="read", prompt="consent").status == 200


def test_a_question_that_may_not_be_asked_is_an_error(asking):
    assert returned(asking.authorize(prompt="none"))["error"] == "consent_required"


def test_what_the_decision_says_besides_is_kept_with_the_grant(clock):
    visitor = Visitor(clock, consent="page", hooks=Hooks(consent=lambda form: {"limit": int(form["limit"])}))
    visitor.authorize("POST", decision="allow", limit="500")
    (code,) = visitor.state.codes.values()
    assert code.grant.extra == {"limit": 500}


def test_an_authorization_request_may_be_a_post(visitor):
    assert returned(visitor.authorize("POST"))["code"]


def test_a_post_that_is_no_form_is_a_page(visitor):
    response = visitor.server.answer(Request("POST", f"{ISSUER}/authorize", (("Content-Type", "text/plain"),), b"x"))
    assert (response.status, "invalid_request" in response.content.value) == (400, True)


def test_registered_clients_show_no_secret():
    assert "s+e:c" not in repr(CLIENTS)
