"""Turns the reply of a token endpoint into a token, or into why there is none, without a secret in it (RFC 6749, 5)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from runner.exchange import Reply, Response, TransportFailure
from runner.records import Frozen
from runner.values import Json, Value

MARGIN = 30.0
"""Seconds before its end at which a token is not used any more; a tenth of its life for one that lives shorter."""

LONGEST = 200  # characters of what a server says


class Token(Frozen):
    """An access token; `until` is in seconds since 1970, `refresh` empty where there is no refresh token."""

    access: str
    until: float = math.inf
    refresh: str = ""
    HIDDEN = ("access", "refresh")

    @property
    def secrets(self) -> frozenset[str]:
        return frozenset(filter(None, (self.access, self.refresh)))


class Refused(Frozen):
    """The server answered and gave no token: its error code, and that in a sentence."""

    error: str
    why: str


def read_token(reply: Reply, asked_at: float, secrets: Iterable[str] = ()) -> Token | Refused:
    """Read a reply to a token request that left at `asked_at`; `secrets` are kept out of what is told of it."""
    if isinstance(reply, TransportFailure):
        return Refused(reply.kind, reply.message)
    body = members(reply)
    if body.get("error"):
        return Refused(_said(body["error"], secrets), described(body, secrets))
    if not 200 <= reply.status < 300:
        return Refused(str(reply.status), refusal(reply))
    access, kind = body.get("access_token"), body.get("token_type")
    if not isinstance(access, str) or not access:
        return Refused("", "the answer holds no access_token" if body else "the answer is no JSON object")
    if isinstance(kind, str) and kind.lower() != "bearer":
        return Refused("", f"the token is of the type '{_said(kind, secrets)}', and only bearer tokens can be sent")
    refresh = body.get("refresh_token")
    return Token(access, asked_at + _lifetime(body.get("expires_in")), refresh if isinstance(refresh, str) else "")


def members(response: Response) -> Mapping[str, Json]:
    """Give the members of a body that is a JSON object, whatever its media type; else none."""
    value: Value = response.content.value
    if not isinstance(value, dict):
        value = Response(200, (), response.body).content.value  # without Content-Type, so that it is tried as JSON
    return value if isinstance(value, dict) else {}


def refusal(response: Response) -> str:
    """Say what a server answered that gave no reason of its own."""
    if 300 <= response.status < 400:
        return f"the server answered {response.status}, and secrets follow no redirect"
    return f"the server answered {response.status} {_said(response.reason, ())}".rstrip()


def described(error: Mapping[str, Json], secrets: Iterable[str] = ()) -> str:
    """Write an error response in one line (RFC 6749, 4.1.2.1 and 5.2)."""
    secrets = tuple(secrets)
    code, description = _said(error.get("error"), secrets), _said(error.get("error_description"), secrets)
    return f"{code} ({description})" if description else code


def _said(value: Json, secrets: Iterable[str]) -> str:
    """Give what a stranger wrote as it may be shown: one line, not long, and no secret that it repeats."""
    text = value if isinstance(value, str) else "" if value is None else "an error that is no text"
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = "".join(char if char.isprintable() else " " for char in text).strip()
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _lifetime(written: Json) -> float:
    """Give the seconds for which a token is used; some servers write `expires_in` as a string."""
    try:
        seconds = float(written) if isinstance(written, int | float | str) and not isinstance(written, bool) else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None or math.isnan(seconds):
        return math.inf
    return max(0.0, seconds - min(MARGIN, seconds / 10))


def no_token(url: str, why: str) -> TransportFailure:
    """Say that a token could not be had from a URL."""
    return TransportFailure("credentials", f"no token from '{shown(url)}': {why}")


def shown(url: str) -> str:
    """Give a URL as it may be shown: without user, password and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a URL that is not valid"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
