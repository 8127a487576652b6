"""Turns what was granted into codes and tokens, and keeps them: all that outlives a request, open to inspection.

Codes and tokens are kept under a hash of their text: the text itself is only ever in the reply that issued it, and
looking one up takes no longer the better it was guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal, TypeAlias

from runner.records import Frozen, Mutable, field, replace
from runner.sandbox.ids import digest, identifier
from runner.values import Json

Kind: TypeAlias = Literal["access", "refresh"]
Status: TypeAlias = Literal["active", "expired", "rotated", "revoked"]
Decision: TypeAlias = Literal["pending", "allowed", "denied"]


class Grant(Frozen):
    """What a client may do, and in whose name; tokens that stem from one authorization share its `family`.

    `audience` is what the client named as `resource` (RFC 8707) and `audience`; `extra` is what a hook added.
    """

    client_id: str
    subject: str
    scopes: tuple[str, ...]
    family: str
    audience: tuple[str, ...] = ()
    nonce: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


class Token(Frozen):
    """A token without its text; times in seconds since 1970."""

    kind: Kind
    grant: Grant
    issued: float
    expires: float
    ended: Literal["rotated", "revoked"] | None = None

    def status(self, now: float) -> Status:
        """Say whether the token is good at a time, and if not why."""
        return self.ended or ("expired" if self.expires <= now else "active")


class Code(Frozen):
    """An authorization code without its text: what it is good for, and what must come with it.

    `redirect_uri` is where it was sent, `named` says that the request named it and did not leave it to the server.
    """

    grant: Grant
    expires: float
    redirect_uri: str
    named: bool
    challenge: str | None
    method: str
    used: bool = False


class Device(Frozen):
    """A device authorization (RFC 8628): what was asked for, what the user said, when the device may ask again."""

    grant: Grant
    user_code: str
    expires: float
    interval: float
    polled: float | None = None
    decision: Decision = "pending"
    used: bool = False


class Consent(Frozen):
    """What a user has agreed to for good: so much need not be asked again, and holds as it was agreed to."""

    scopes: frozenset[str] = frozenset()
    extra: Mapping[str, Json] = field(default_factory=dict)


class State(Mutable):
    """Everything issued, and how much was asked.

    `requests` counts by endpoint, `issued` token replies by grant type, `refusals` by error code, `revoked` tokens.
    """

    tokens: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    consents: dict[tuple[str, str], Consent] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    issued: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    revoked: int = 0
    _named: int = 0

    def name(self, seed: str, kind: str, prefix: str = "") -> str:
        """Name the next thing of a kind: nobody can guess it without the seed, and with it all runs are alike."""
        self._named += 1
        return identifier(prefix, seed, kind, self._named)

    def token(self, text: str) -> Token | None:
        """Give what is known of a token."""
        return self.tokens.get(key(text))

    def end(self, text: str, how: Literal["rotated", "revoked"]) -> None:
        """End one token that has not ended before."""
        self._end(key(text), how)

    def revoke_family(self, family: str) -> None:
        """End every token that stems from one authorization."""
        for name in [name for name, token in self.tokens.items() if token.grant.family == family]:
            self._end(name, "revoked")

    def _end(self, name: str, how: Literal["rotated", "revoked"]) -> None:
        token = self.tokens[name]
        if token.ended is None:
            self.tokens[name] = replace(token, ended=how)
            self.revoked += how == "revoked"


def key(text: str) -> str:
    """Give the name under which a code or token is kept."""
    return digest(text).hex()
