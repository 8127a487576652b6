"""What an operation's security and a user's credentials add to a request, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from runner.exchange import Headers, Request, TransportFailure
from runner.openapi.document import Operation
from runner.records import replace
from runner.shell.auth import Claim, Credentials, Keyring, Slot, from_environment, keys, missing, ways
from runner.shell.auth.endpoint import Ports
from runner.shell.auth.guard import Guard, dress, server_of
from runner.shell.auth.slots import carried, with_cookies
from runner.values import Json
from tests.shell.authorizing import Script
from tests.shell.operations import operation

TOKEN_URL = "https://idp.example/token"
BEARER = {"Bearer": {"type": "http", "scheme": "bearer"}}
BASIC = {"Basic": {"type": "http", "scheme": "Basic"}}
KEY = {"Key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}}
QUERY = {"Query": {"type": "apiKey", "in": "query", "name": "api key"}}
COOKIE = {"Cookie": {"type": "apiKey", "in": "cookie", "name": "sid"}}
OAUTH = {"OAuth": {"type": "oauth2", "flows": {}}}
OIDC = {"Oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://idp.example/.well-known/openid-configuration"}}
OLD_BASIC = {"Old": {"type": "basic"}}
DIGEST = {"Digest": {"type": "http", "scheme": "digest"}}
HOBA = {"Hoba": {"type": "http", "scheme": "HOBA"}}
TLS = {"Tls": {"type": "mutualTLS"}}
MACHINE = {"Machine": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": {}}}}}
USER = {"User": {"type": "oauth2", "flow": "password", "tokenUrl": TOKEN_URL, "scopes": {}}}
CODE = {
    "Code": {"type": "oauth2", "flows": {"authorizationCode": {"authorizationUrl": "https://x", "tokenUrl": TOKEN_URL}}}
}
ALL: Mapping[str, Mapping[str, Json]] = {
    **BEARER, **BASIC, **KEY, **QUERY, **COOKIE, **OAUTH, **OIDC, **OLD_BASIC, **DIGEST, **HOBA, **TLS, **MACHINE,
    **USER, **CODE, "Other": {"type": "http", "scheme": "bearer"}, "Nameless": {"type": "apiKey", "in": "header"},
    "Nowhere": {"type": "apiKey", "in": "body", "name": "x"}, "Future": {"type": "telepathy"},
    "Empty": {"type": "http"},
}  # fmt: skip

URL = "https://api.example/pets?x=1"


def dressed(request: Request, by: Operation, credentials: Credentials, source: str = "") -> Request | TransportFailure:
    """Give a request as it leaves with credentials that no server has to be asked for."""
    script = Script()
    claim = Claim(by, credentials, source, "https://api.example")
    guard = Guard(claim, Ports(script.clock.now, credentials.keyring, "test"), script.learned.update)
    found = script.play(dress(request, guard))
    assert not script.sent
    return found if isinstance(found, TransportFailure) else found.request


def authorized(security: Sequence[Sequence[str]], secrets: dict[str, str], request: Request | None = None) -> Request:
    found = dressed(request or Request("GET", URL), operation(security, ALL), Credentials(secrets))
    assert isinstance(found, Request), found
    return found


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
        ("Machine", "s3cret", Request("GET", URL, (("Authorization", "Bearer s3cret"),))),
        ("Oidc", "s3cret", Request("GET", URL, (("Authorization", "Bearer s3cret"),))),
        ("Hoba", "s3cret", Request("GET", URL, (("Authorization", "HOBA s3cret"),))),
        ("Hoba", "hoba s3cret", Request("GET", URL, (("Authorization", "hoba s3cret"),))),
        ("Key", "s3cret", Request("GET", URL, (("X-Api-Key", "s3cret"),))),
        ("Query", "s3&cret", Request("GET", URL + "&api%20key=s3%26cret")),
        ("Cookie", "s3cret", Request("GET", URL, (("Cookie", "sid=s3cret"),))),
        ("Digest", "a:b", Request("GET", URL)),  # it waits for the challenge
        ("Tls", "x", Request("GET", URL)),
        ("Nameless", "x", Request("GET", URL)),
        ("Nowhere", "x", Request("GET", URL)),
        ("Future", "x", Request("GET", URL)),
        ("Empty", "x", Request("GET", URL)),
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
        ([["Future", "Key"], ["Bearer"]], ["Future", "Key", "Bearer"], ["Authorization"]),
        ([["Tls"], ["Key"]], ["Tls", "Key"], ["X-Api-Key"]),
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
        ([["Machine"]], (("authorization", "own"),), URL),
        ([["Key"]], (("x-api-KEY", "own"),), URL),
        ([["Query"]], (), URL + "&api+key="),
        ([["Cookie"]], (("Cookie", "a=1; sid=own"),), URL),
        ([["Bearer"], ["Key"]], (("X-Api-Key", "own"),), URL),
        ([["Bearer", "Basic"]], (("Authorization", "own"),), URL),
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


@pytest.mark.parametrize(
    ("security", "secrets", "expected"),
    [
        ([["Bearer", "Basic"]], {"Bearer": "t", "Basic": "a:b"}, None),
        ([["Bearer", "Other"]], {"Bearer": "t", "Other": "u"}, None),
        ([["Bearer", "Other"]], {"Bearer": "t", "Other": "t"}, "Bearer t"),
        ([["Bearer", "Basic"], ["Basic"]], {"Bearer": "t", "Basic": "a:b"}, "Basic YTpi"),
        ([["Bearer", "Basic"], []], {"Bearer": "t", "Basic": "a:b"}, ""),
        ([["Bearer", "Basic"]], {"Bearer": "t"}, ""),
    ],
)
def test_two_credentials_for_one_header_cannot_both_be_sent(
    security: list[list[str]], secrets: dict[str, str], expected: str | None
) -> None:
    found = dressed(Request("GET", URL), operation(security, ALL), Credentials(secrets))
    if expected is None:
        first, second = security[0]
        message = f"'{first}' and '{second}' both travel as 'Authorization', and a request has only one"
        assert found == TransportFailure("credentials", message)
    else:
        assert isinstance(found, Request)
        assert dict(found.headers).get("Authorization", "") == expected


@pytest.mark.parametrize(("certificate", "sent"), [(True, [("X-Api-Key", "s3cret")]), (False, [])])
def test_mutual_tls_is_satisfied_by_a_certificate_of_the_run(certificate: bool, sent: list[tuple[str, str]]) -> None:
    credentials = Credentials({"Key": "s3cret"}, client_certificate=certificate)
    found = dressed(Request("GET", URL), operation([["Tls", "Key"]], ALL), credentials)
    assert isinstance(found, Request)
    assert list(found.headers) == sent


def test_a_user_and_a_password_may_be_given_apart() -> None:
    assert authorized([["Basic"]], {"BASIC_USERNAME": "a", "BASIC_PASSWORD": "b"}).headers == (
        ("Authorization", "Basic YTpi"),
    )


# Where values come from


def test_the_environment_supplies_values_by_what_follows_the_prefix() -> None:
    credentials = from_environment({"ARAZZO_AUTH_PET_STORE_2": "s3cret", "ARAZZO_AUTH_EMPTY": "", "HOME": "/"})
    assert credentials.values == {"PET_STORE_2": "s3cret"}
    assert credentials.parts("pet.store-2") == {"": "s3cret"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"BEARER": "any"}, {"": "any"}),
        ({"BEARER": "any", "PETS_BEARER": "own"}, {"": "own"}),
        ({"SHOP_BEARER": "another's"}, {}),
        ({"BEARER": "any", "PETS_BEARER_CLIENT_ID": "own"}, {"CLIENT_ID": "own"}),
        ({"BEARER_CLIENT_SECRET": "any", "PETS_BEARER_CLIENT_ID": "own"}, {"CLIENT_ID": "own"}),
        ({"BEARER_CLIENT_ID": "any", "PETS_BEARER_SCOPE": "own"}, {"CLIENT_ID": "any", "SCOPE": "own"}),
        ({"BEARER_SCOPE": "any", "PETS_BEARER": "own"}, {"": "own", "SCOPE": "any"}),
    ],
)
def test_a_key_that_names_the_source_wins_and_is_not_completed_by_one_that_does_not(
    values: dict[str, str], expected: dict[str, str]
) -> None:
    assert Credentials(values).parts("bearer", "pets") == expected


def test_a_token_goes_to_the_api_that_it_was_given_for() -> None:
    credentials = Credentials({"PETS_BEARER": "for pets", "SHOP_BEARER": "for the shop"})
    sent = {
        source: dressed(Request("GET", URL), operation([["Bearer"]], ALL), credentials, source)
        for source in ("pets", "shop", "zoo")
    }
    given = {source: dict(request.headers) for source, request in sent.items() if isinstance(request, Request)}
    assert given == {
        "pets": {"Authorization": "Bearer for pets"},
        "shop": {"Authorization": "Bearer for the shop"},
        "zoo": {},
    }


@pytest.mark.parametrize(
    ("values", "origin", "expected"),
    [
        ({"Bearer": "mine"}, "https://api.example", "Bearer mine"),
        ({}, "https://api.example", "Bearer stand-in"),
        ({"BEARER_SCOPE": "read"}, "https://api.example", "Bearer stand-in"),
        ({}, "https://other.example", None),
    ],
)
def test_a_token_for_an_origin_stands_in_where_nothing_else_was_given(
    values: dict[str, str], origin: str, expected: str | None
) -> None:
    credentials = Credentials(values, {origin: "stand-in"})
    found = dressed(Request("GET", URL), operation([["Bearer"]], ALL), credentials)
    assert isinstance(found, Request)
    assert dict(found.headers).get("Authorization") == expected


def test_every_key_that_is_looked_at_is_known() -> None:
    known = keys("bearer", "pet-shop")
    assert {"BEARER", "PET_SHOP_BEARER", "BEARER_CLIENT_ID", "PET_SHOP_BEARER_FLOW"} <= known
    assert "BEARER_TOKEN" not in known


def test_secrets_are_listed_in_every_form_they_are_sent_in_and_never_shown() -> None:
    credentials = Credentials({"Bearer": "s3cret", "Basic": "user:pass"}, {"https://h": "stand-in"})
    assert credentials.secrets == {"s3cret", "user:pass", "pass", "dXNlcjpwYXNz", "stand-in"}
    assert repr(credentials) == "Credentials(client_certificate=False)"


def test_names_are_no_secrets_but_what_belongs_to_them_is() -> None:
    parts = {"USERNAME": "ann", "PASSWORD": "p4ss", "CLIENT_ID": "id", "CLIENT_SECRET": "s3", "REFRESH_TOKEN": "r3"}
    settings = {"SCOPE": "read", "AUDIENCE": "api", "FLOW": "password"}
    credentials = Credentials({f"A_{part}": value for part, value in {**parts, **settings}.items()})
    assert credentials.secrets == {"p4ss", "s3", "r3", "YW5uOnA0c3M="}


# What is missing


@pytest.mark.parametrize(
    ("security", "known", "has", "expected"),
    [
        ([["Bearer"]], [], set(), ("ARAZZO_AUTH_BEARER",)),
        ([["Bearer", "Key"]], ["Key"], set(), ("ARAZZO_AUTH_BEARER",)),
        ([["Future"], ["Key"]], [], set(), ("ARAZZO_AUTH_KEY",)),
        ([["Future"]], [], set(), ()),
        ([["Tls", "Bearer"]], [], set(), ()),
        ([["Digest"]], [], set(), ("ARAZZO_AUTH_DIGEST",)),
        ([["Digest"]], ["DIGEST_USERNAME"], set(), ("ARAZZO_AUTH_DIGEST_PASSWORD",)),
        ([["Machine"]], [], set(), ("ARAZZO_AUTH_MACHINE_CLIENT_ID", "ARAZZO_AUTH_MACHINE_CLIENT_SECRET")),
        ([["Machine"]], ["MACHINE_CLIENT_ID"], set(), ("ARAZZO_AUTH_MACHINE_CLIENT_SECRET",)),
        ([["Machine"]], ["MACHINE_CLIENT_ID", "MACHINE_CLIENT_SECRET"], set(), ()),
        ([["User"]], [], set(), ("ARAZZO_AUTH_USER_USERNAME", "ARAZZO_AUTH_USER_PASSWORD")),
        ([["OAuth"]], [], set(), ("ARAZZO_AUTH_OAUTH",)),
        ([["Code"]], [], set(), ("ARAZZO_AUTH_CODE",)),
        ([["Code"]], ["CODE_REFRESH_TOKEN"], set(), ()),
        ([["Bearer"]], ["Bearer"], set(), ()),
        ([["Bearer"]], [], {Slot("header", "authorization")}, ()),
        ([["Bearer"], []], [], set(), ()),
        ([["Bearer", "Basic"]], ["Bearer"], set(), ("ARAZZO_AUTH_BASIC",)),
        ([], [], set(), ()),
    ],
)
def test_missing_secrets_are_named_as_they_would_be_supplied(
    security: list[list[str]], known: list[str], has: set[Slot], expected: tuple[str, ...]
) -> None:
    credentials = Credentials(dict.fromkeys(known, "s3cret"))
    assert missing(operation(security, ALL), credentials, frozenset(has), "https://api.example") == expected


def test_every_way_to_supply_what_is_missing_is_told_best_first() -> None:
    claim = Claim(operation([["Machine", "Key"], ["Bearer"]], ALL), Credentials())
    assert ways(claim, frozenset(), "https://api.example") == (
        ("ARAZZO_AUTH_MACHINE_CLIENT_ID", "ARAZZO_AUTH_MACHINE_CLIENT_SECRET", "ARAZZO_AUTH_KEY"),
        ("ARAZZO_AUTH_MACHINE", "ARAZZO_AUTH_KEY"),
        ("ARAZZO_AUTH_BEARER",),
    )


def test_a_flow_that_asks_somebody_is_a_way_where_there_is_somebody() -> None:
    credentials = Credentials(keyring=Keyring(show=lambda url, code=None: None))
    assert ways(Claim(operation([["Code"]], ALL), credentials), frozenset(), "") == (
        ("ARAZZO_AUTH_CODE_CLIENT_ID",),
        ("ARAZZO_AUTH_CODE",),
    )


# Requests


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("https://h/v1/pets/1%2F2?x=1", "/pets/{id}", "https://h/v1"),
        ("https://h/", "/", "https://h"),
        ("https://h/v1/", "/", "https://h/v1"),
        ("https://h:8443/a/b/c/d", "/c/d", "https://h:8443/a/b"),
    ],
)
def test_the_server_of_a_request_is_what_stands_before_the_path_of_its_operation(
    url: str, path: str, expected: str
) -> None:
    assert server_of(url, operation(path=path)) == expected


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


def test_credentials_that_are_others_have_other_secrets() -> None:
    credentials = Credentials({"KEY": "s3cret"})
    assert credentials.secrets == {"s3cret"}
    assert replace(credentials, values={"KEY": "0ther"}).secrets == {"0ther"}
    assert replace(credentials, by_origin={"https://x.example": "stand-in"}).secrets == {"s3cret", "stand-in"}
