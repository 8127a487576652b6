"""Security requirements that no credential can satisfy are warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Read

GET = "/paths/~1a/get"


def warnings(read: Read, document: dict[str, Any]) -> list[tuple[str, str]]:
    api, diagnostics = read({"paths": {"/a": {"get": {}}}, **document})
    assert diagnostics == ()
    problems = api.by_pointer[GET].problems
    assert {problem.severity for problem in problems} <= {"warning"}
    return [(problem.rule, problem.message) for problem in problems]


def requiring(scheme: Any) -> dict[str, Any]:
    paths = {"/a": {"get": {"security": [{"Key": []}, {}]}}}
    return {"openapi": "3.2.0", "paths": paths, "components": {"securitySchemes": {"Key": scheme}}}


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "apiKey", "in": "cookie", "name": "sid"},
        {"type": "http", "scheme": "Basic"},
        {"type": "oauth2", "flows": {}},
        {"type": "openIdConnect", "openIdConnectUrl": "https://idp.test/"},
        {"type": "mutualTLS"},
    ],
)
def test_a_scheme_that_says_how_its_credential_travels_is_passed_over(read: Read, scheme: Any) -> None:
    assert warnings(read, requiring(scheme)) == []


@pytest.mark.parametrize(
    ("scheme", "fault"),
    [
        ({"type": "apikey"}, "'type' is none of apiKey, http, oauth2, openIdConnect, mutualTLS"),
        ({}, "'type' is none of apiKey, http, oauth2, openIdConnect, mutualTLS"),
        ({"type": ["http"]}, "'type' is none of apiKey, http, oauth2, openIdConnect, mutualTLS"),
        ({"type": "apiKey", "in": "headers", "name": "X"}, "'in' is none of header, query, cookie"),
        ({"type": "apiKey", "in": "header"}, "it has no 'name'"),
        ({"type": "http", "scheme": ""}, "it has no 'scheme'"),
        ({"type": "openIdConnect"}, "it has no 'openIdConnectUrl'"),
    ],
)
def test_a_scheme_that_does_not_say_it_is_warned_of(read: Read, scheme: Any, fault: str) -> None:
    message = f"no credential can be sent for the security scheme 'Key': {fault}"
    assert warnings(read, requiring(scheme)) == [("unusable-security-scheme", message)]


def test_a_scheme_that_there_is_not_is_warned_of_with_the_one_that_was_meant(read: Read) -> None:
    document = {
        **requiring({"type": "http", "scheme": "basic"}),
        "security": [{"Kye": []}],
        "paths": {"/a": {"get": {}}},
    }
    api, _ = read(document)
    [problem] = api.by_pointer[GET].problems
    assert (problem.rule, problem.message) == ("unknown-security-scheme", "there is no security scheme 'Kye'")
    assert problem.fix is not None
    assert problem.fix.title == "did you mean 'Key'?"


def test_swagger_is_looked_at_in_the_same_way(read: Read) -> None:
    schemes = {"Key": {"type": "basic"}, "Odd": {"type": "apiKey", "in": "cookies", "name": "x"}}
    document = {"swagger": "2.0", "security": [{"Key": []}, {"Odd": []}, {"Gone": []}], "securityDefinitions": schemes}
    assert [rule for rule, _ in warnings(read, document)] == ["unusable-security-scheme", "unknown-security-scheme"]
