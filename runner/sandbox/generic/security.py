"""Turns the security of an operation and a request into whether a credential of the right kind is there.

Any value of it is good: nothing here is real. What cannot be seen, a client certificate, is taken to be there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from runner.exchange import header
from runner.openapi.document import Operation
from runner.sandbox.generic.arguments import Sent
from runner.sandbox.generic.problems import Refusal
from runner.values import Json

Scheme = Mapping[str, Json]


def check_security(operation: Operation, sent: Sent, realm: str) -> None:
    """Raise a Refusal of 401 unless one alternative is satisfied; it names what would have done, by its challenges."""
    alternatives = [
        {name: operation.security_schemes.get(name, {}) for name in required} for required in operation.security
    ]
    if not alternatives or any(all(_has(each, sent) for each in schemes.values()) for schemes in alternatives):
        return
    wanted = [" and ".join(_described(name, each) for name, each in schemes.items()) for schemes in alternatives]
    every = [each for schemes in alternatives for each in schemes.values()]
    challenges = dict.fromkeys(challenge for each in every if (challenge := _challenge(each, realm)))
    headers = tuple(("WWW-Authenticate", challenge) for challenge in challenges)
    raise Refusal(401, f"{operation.title} wants {', or '.join(wanted)}; any value of it will do", headers)


def _has(scheme: Scheme, sent: Sent) -> bool:
    match _kind(scheme):
        case "apiKey", location:
            return bool(_key(str(scheme.get("name")), location, sent))
        case "http", name:
            return _authorization(sent, name)
        case _:
            return True


def _kind(scheme: Scheme) -> tuple[str, str]:
    """Give how a credential travels: as an API key in a place, or in the Authorization field under a name."""
    match scheme.get("type"):
        case "apiKey":
            return "apiKey", str(scheme.get("in"))
        case "http":
            return "http", str(scheme.get("scheme")).lower()
        case "basic":
            return "http", "basic"
        case "oauth2" | "openIdConnect":
            return "http", "bearer"
        case _:
            return "", ""


def _key(name: str, location: str, sent: Sent) -> str | None:
    match location:
        case "header":
            return header(sent.headers, name)
        case "query":
            return dict(parse_qsl(sent.query)).get(name)
        case "cookie":
            return dict(sent.cookies).get(name)
        case _:
            return "unknown"


def _authorization(sent: Sent, name: str) -> bool:
    given, _, rest = (header(sent.headers, "authorization") or "").strip().partition(" ")
    return given.lower() == name and bool(rest.strip())


def _described(name: str, scheme: Scheme) -> str:
    match _kind(scheme):
        case "apiKey", location:
            place = {"query": "query parameter", "cookie": "cookie"}.get(location, location)
            return f"'{name}', an API key in the {place} '{scheme.get('name')}'"
        case "http", kind:
            return f"'{name}', 'Authorization: {kind.capitalize()} …'"
        case _:
            return f"'{name}'"


def _challenge(scheme: Scheme, realm: str) -> str:
    """Write a challenge (RFC 9110, 11.6.1); an API key has no registered scheme, and says where it goes."""
    quoted = _quoted(realm)
    match _kind(scheme):
        case "http", "digest":
            return f'Digest realm={quoted}, qop="auth", algorithm=SHA-256, nonce="sandbox"'
        case "http", kind:
            return f"{kind.capitalize()} realm={quoted}"
        case "apiKey", location:
            return f"ApiKey realm={quoted}, in={_quoted(location)}, name={_quoted(str(scheme.get('name')))}"
        case _:
            return ""


def _quoted(text: str) -> str:
    plain = re.sub(r"[^\x20-\x7e]", "?", text)
    return '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'
