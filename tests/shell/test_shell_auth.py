"""What an operation's security and a user's secrets add to a request."""

from __future__ import annotations

import pytest

from runner.exchange import Headers, Request
from runner.shell.auth import (
    Credentials,
    Slot,
    authorize,
    carried,
    from_environment,
    missing,
    with_cookies,
)
from tests.shell.operations import operation

BEARER = {"Bearer": {"type": "http", "scheme": "bearer"}}
BASIC = {"Basic": {"type": "http", "scheme": "Basic"}}
KEY = {"Key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}}
QUERY = {"Query": {"type": "apiKey", "in": "query", "name": "api key"}}
COOKIE = {"Cookie": {"type": "apiKey", "in": "cookie", "name": "sid"}}
OAUTH = {"OAuth": {"type": "oauth2", "flows": {}}}
OIDC = {"Oidc": {"type": "openIdConnect", "openIdConnectUrl": "x"}}
OLD_BASIC = {"Old": {"type": "basic"}}
DIGEST = {"Digest": {"type": "http", "scheme": "digest"}}
TLS = {"Tls": {"type": "mutualTLS"}}
ALL = {**BEARER, **BASIC, **KEY, **QUERY, **COOKIE, **OAUTH, **OIDC, **OLD_BASIC, **DIGEST, **TLS}

URL = "https://api.example/pets?x=1"


def authorized(security: list[list[str]], secrets: dict[str, str], request: Request | None = None) -> Request:
    return authorize(request or Request("GET", URL), operation(security, ALL), Credentials(secrets))


@pytest.mark.parametrize(
    ("scheme", "secret", "expected"),
    [
        ("Bearer", "s3cret", Request("GET", URL, (("Authorization", "Bearer s3cret"),))),
        ("Bearer", "bearer s3cret", Request("GET", URL, (("Authorization", "bearer s3cret"),))),
        (
            "Basic",
            "a:b c",
            Request("GET", URL, (("Authorization", "Basic YTpiIGM="),)),
        ),
        ("Old", "a:b", Request("GET", URL, (("Authorization", "Basic YTpi"),))),
        ("OAuth", "s3cret", Request("GET", URL, (("Authorization", "Bearer s3cret"),))),
        ("Oidc", "s3cret", Request("GET", URL, (("Authorization", "Bearer s3cret"),))),
        ("Key", "s3cret", Request("GET", URL, (("X-Api-Key", "s3cret"),))),
        ("Query", "s3&cret", Request("GET", URL + "&api%20key=s3%26cret")),
        ("Cookie", "s3cret", Request("GET", URL, (("Cookie", "sid=s3cret"),))),
        ("Digest", "a:b", Request("GET", URL)),
        ("Tls", "x", Request("GET", URL)),
        ("Undefined", "x", Request("GET", URL)),
    ],
)
def test_a_secret_travels_as_its_scheme_says(scheme: str, secret: str, expected: Request) -> None:
    assert authorized([[scheme]], {scheme: secret}) == expected


@pytest.mark.parametrize(
    ("security", "known", "expected"),
    [
        ([], ["Bearer"], []),
        ([["Bearer"], ["Key"]], ["Bearer", "Key"], ["Authorization"]),
        ([["Bearer"], ["Key"]], ["Key"], ["X-Api-Key"]),
        ([["Bearer", "Key"], ["Cookie"]], ["Key", "Cookie"], ["Cookie"]),
        ([["Bearer", "Key"]], ["Bearer", "Key"], ["Authorization", "X-Api-Key"]),
        ([["Bearer", "Key"]], ["Key"], []),
        ([[], ["Bearer"]], ["Bearer"], ["Authorization"]),
        ([[]], ["Bearer"], []),
    ],
)
def test_the_first_alternative_that_can_be_satisfied_is_taken(
    security: list[list[str]], known: list[str], expected: list[str]
) -> None:
    request = authorized(security, dict.fromkeys(known, "s3cret"))
    assert [name for name, _ in request.headers] == expected


@pytest.mark.parametrize(
    ("security", "headers", "url"),
    [
        ([["Bearer"]], (("authorization", "own"),), URL),
        ([["Key"]], (("x-api-KEY", "own"),), URL),
        ([["Query"]], (), URL + "&api+key="),
        ([["Cookie"]], (("Cookie", "a=1; sid=own"),), URL),
        ([["Bearer"], ["Key"]], (("X-Api-Key", "own"),), URL),
    ],
)
def test_what_a_request_has_already_wins(security: list[list[str]], headers: Headers, url: str) -> None:
    request = Request("GET", url, headers)
    assert authorized(security, dict.fromkeys(ALL, "s3cret"), request) == request


def test_what_a_request_lacks_of_an_alternative_is_added_to_what_it_has() -> None:
    request = Request("GET", URL, (("X-Api-Key", "own"),))
    sent = authorized([["Key", "Bearer"]], {"Bearer": "s3cret"}, request)
    assert sent.headers == (("X-Api-Key", "own"), ("Authorization", "Bearer s3cret"))


def test_a_query_is_begun_where_there_is_none_and_a_fragment_stays_behind() -> None:
    sent = authorized([["Query"]], {"Query": "s"}, Request("GET", "http://h/x#part"))
    assert sent.url == "http://h/x?api%20key=s#part"


def test_the_environment_supplies_secrets_by_a_scheme_s_name_in_capitals() -> None:
    credentials = from_environment({"ARAZZO_AUTH_PET_STORE_2": "s3cret", "ARAZZO_AUTH_EMPTY": "", "HOME": "/"})
    assert credentials.lookup("pet.store-2", "https://api.example") == "s3cret"
    assert credentials.lookup("empty", "https://api.example") is None
    assert credentials.lookup("HOME", "https://api.example") is None


def test_a_token_for_an_origin_stands_in_where_no_scheme_is_named() -> None:
    credentials = Credentials({"Bearer": "mine"}, {"https://sandbox.example": "stand-in"})
    assert credentials.lookup("Bearer", "https://sandbox.example") == "mine"
    assert credentials.lookup("Other", "https://sandbox.example") == "stand-in"
    assert credentials.lookup("Other", "https://api.example") is None


def test_secrets_are_listed_in_every_form_they_are_sent_in_and_never_shown() -> None:
    credentials = Credentials({"Bearer": "s3cret", "Basic": "user:pass"}, {"https://h": "stand-in"})
    assert credentials.secrets == {"s3cret", "user:pass", "pass", "dXNlcjpwYXNz", "stand-in"}
    assert repr(credentials) == "Credentials()"


@pytest.mark.parametrize(
    ("security", "known", "has", "expected"),
    [
        ([["Bearer"]], [], set(), ("ARAZZO_AUTH_BEARER",)),
        ([["Bearer", "Key"]], ["Key"], set(), ("ARAZZO_AUTH_BEARER",)),
        ([["Digest"], ["Key"]], [], set(), ("ARAZZO_AUTH_KEY",)),
        ([["Digest"]], [], set(), ()),
        ([["Bearer"]], ["Bearer"], set(), ()),
        ([["Bearer"]], [], {Slot("header", "authorization")}, ()),
        ([["Bearer"], []], [], set(), ()),
        ([], [], set(), ()),
    ],
)
def test_missing_secrets_are_named_as_they_would_be_supplied(
    security: list[list[str]], known: list[str], has: set[Slot], expected: tuple[str, ...]
) -> None:
    credentials = Credentials(dict.fromkeys(known, "s3cret"))
    assert missing(operation(security, ALL), credentials, frozenset(has), "https://api.example") == expected


def test_a_request_carries_its_headers_query_parameters_and_cookies() -> None:
    request = Request("GET", "http://h/?a%20b=&c=1", (("X-Y", "1"), ("cookie", "s=1; t=2")))
    assert carried(request) == {
        Slot("query", "a b"),
        Slot("query", "c"),
        Slot("header", "x-y"),
        Slot("header", "cookie"),
        Slot("cookie", "s"),
        Slot("cookie", "t"),
    }


def test_cookies_join_the_ones_a_request_has_and_never_replace_them() -> None:
    request = Request("GET", "http://h/", (("cookie", "a=own"), ("X", "1")))
    assert with_cookies(request, [("a", "2"), ("b", "3")]).headers == (("X", "1"), ("Cookie", "a=own; b=3"))
    assert with_cookies(request, [("a", "2")]) is request
