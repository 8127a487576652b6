"""Turns a server's digest challenge, a user and a password into the answer that a request carries (RFC 7616)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from runner.exchange import Headers, header
from runner.late import late_pattern
from runner.records import Frozen, replace

# RFC 9110, 11.2 and 11.3: challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_ITEM = late_pattern(
    rf"[\s,]*(?:(?P<name>{_TOKEN})\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>{_TOKEN}))(?=\s*(?:,|$))"
    rf"|(?P<scheme>{_TOKEN})(?:[ \t]+(?P<token68>[A-Za-z0-9\-._~+/]+=*)(?=\s*(?:,|$)))?)"
)
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class Login(Frozen):
    """A user and a password."""

    user: str
    password: str
    HIDDEN = ("password",)


class Challenge(Frozen):
    """A digest challenge that can be answered. `qop` is None for a server that knows only RFC 2069."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: str | None = "auth"
    opaque: str | None = None
    utf8: bool = False
    userhash: bool = False
    named: bool = True
    """Whether the server named the algorithm; else neither does the answer."""

    def hash(self, *parts: str | bytes) -> str:
        """Hash parts joined by colons; text as UTF-8, in which header fields are sent as well."""
        raw = b":".join(part if isinstance(part, bytes) else part.encode() for part in parts)
        name = _HASHES[self.algorithm.upper().removesuffix("-SESS")]
        return hashlib.new(name, raw, usedforsecurity=False).hexdigest()


class Target(NamedTuple):
    """What of a request goes into its digest; `uri` is the request target as it is sent."""

    method: str
    uri: str
    body: bytes = b""


def challenges(headers: Headers) -> Iterator[Challenge]:
    """Give the challenges of a response that can be answered, the one that the server prefers first."""
    for scheme, parameters in _parsed(header(headers, "www-authenticate") or ""):
        if scheme.lower() == "digest" and (challenge := _challenge(parameters)) is not None:
            yield challenge


def _parsed(text: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for item in _ITEM.finditer(text):
        if item["scheme"]:
            found.append((item["scheme"], {}))
        elif found:
            value = item["plain"] if item["quoted"] is None else re.sub(r"\\(.)", r"\1", item["quoted"])
            found[-1][1].setdefault(item["name"].lower(), value)
    return found


def _challenge(parameters: Mapping[str, str]) -> Challenge | None:
    algorithm = parameters.get("algorithm", "MD5")
    offered = [each.strip().lower() for each in parameters["qop"].split(",")] if "qop" in parameters else [None]
    qop = next((each for each in ("auth", "auth-int", None) if each in offered), "")
    if algorithm.upper().removesuffix("-SESS") not in _HASHES or qop == "" or "nonce" not in parameters:
        return None
    return Challenge(
        realm=parameters.get("realm", ""),
        nonce=parameters["nonce"],
        algorithm=algorithm,
        qop=qop,
        opaque=parameters.get("opaque"),
        utf8=parameters.get("charset", "").lower() == "utf-8",
        userhash=parameters.get("userhash", "").lower() == "true",
        named="algorithm" in parameters,
    )


def renewed(challenge: Challenge, headers: Headers) -> Challenge:
    """Give the challenge with the nonce that a response names for the next request (RFC 7616, 3.5)."""
    items = _ITEM.finditer(header(headers, "authentication-info") or "")
    found = next((item["quoted"] for item in items if (item["name"] or "").lower() == "nextnonce"), None)
    return replace(challenge, nonce=found) if found else challenge


def answered(challenge: Challenge, login: Login, target: Target, count: int, cnonce: str) -> str:
    """Give the Authorization value; `count` is how often the nonce has been used, this time included."""
    counted = f"{count:08x}"
    response = _response(challenge, login, target, (challenge.nonce, counted, cnonce))
    name = challenge.hash(login.user, challenge.realm) if challenge.userhash else login.user
    fields = [
        _user(name, challenge),
        ("realm", _quoted(challenge.realm)),
        ("nonce", _quoted(challenge.nonce)),
        ("uri", _quoted(target.uri)),
        ("response", _quoted(response)),
        *([("algorithm", challenge.algorithm)] if challenge.named else []),
        *([("opaque", _quoted(challenge.opaque))] if challenge.opaque is not None else []),
        *([("qop", challenge.qop), ("nc", counted)] if challenge.qop else []),
        *([("cnonce", _quoted(cnonce))] if challenge.qop or _is_session(challenge) else []),
        *([("userhash", "true")] if challenge.userhash else []),
    ]
    return "Digest " + _joined(fields)


def _response(challenge: Challenge, login: Login, target: Target, nonces: tuple[str, str, str]) -> str:
    """RFC 7616, 3.4.1 to 3.4.3."""
    nonce, counted, cnonce = nonces
    secret = challenge.hash(login.user, challenge.realm, login.password)
    if _is_session(challenge):
        secret = challenge.hash(secret, nonce, cnonce)
    body = (challenge.hash(target.body),) if challenge.qop == "auth-int" else ()
    request = challenge.hash(target.method, target.uri, *body)
    if challenge.qop is None:
        return challenge.hash(secret, nonce, request)
    return challenge.hash(secret, nonce, counted, cnonce, challenge.qop, request)


def _is_session(challenge: Challenge) -> bool:
    return challenge.algorithm.upper().endswith("-SESS")


def _user(name: str, challenge: Challenge) -> tuple[str, str]:
    """RFC 7616, 3.4: `username*` where the name cannot stand in a quoted string."""
    if challenge.utf8 and not name.isascii():
        return "username*", f"UTF-8''{quote(name, safe='')}"
    return "username", _quoted(name)


def _quoted(text: str) -> str:
    return '"' + re.sub(r"([\"\\])", r"\\\1", text) + '"'


def _joined(fields: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in fields)
