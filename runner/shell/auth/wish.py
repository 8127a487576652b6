"""Turns what a user gave for an OAuth scheme into the flow that can be run with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runner.records import Frozen, replace
from runner.shell.auth.schemes import KINDS, FlowKind, OAuth, OAuthFlow

PREFERENCE: tuple[FlowKind, ...] = ("password", "clientCredentials", "authorizationCode", "deviceAuthorization")
"""Who gives a user's password wants to act as that user; a flow that needs nobody goes before one that asks."""

NEEDS: Mapping[FlowKind, tuple[str, ...]] = {
    "password": ("USERNAME", "PASSWORD"),
    "clientCredentials": ("CLIENT_ID", "CLIENT_SECRET"),
    "authorizationCode": ("CLIENT_ID",),
    "deviceAuthorization": ("CLIENT_ID",),
}
ASKING: frozenset[FlowKind] = frozenset({"authorizationCode", "deviceAuthorization"})


class Given(Frozen):
    """What a user gave for an OAuth scheme, empty where nothing."""

    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    scope: str = ""
    audience: str = ""
    flow: str = ""
    HIDDEN = ("password", "client_secret", "refresh_token")

    @staticmethod
    def of(parts: Mapping[str, str]) -> Given:
        """Read the parts of a scheme's credentials."""
        return Given(**{part.lower(): value for part, value in parts.items() if part})

    @property
    def preferred(self) -> FlowKind | None:
        """The flow that FLOW names, however it is spelled: `clientCredentials`, `client_credentials`."""
        wanted = re.sub(r"[^a-z]", "", self.flow.lower())
        return next((kind for kind in KINDS if kind.lower() == wanted), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.password, self.client_secret, self.refresh_token)))

    def refreshes(self, kind: FlowKind) -> bool:
        """Say whether a refresh token was given that a flow of this kind led to: one that acts for a user."""
        return bool(self.refresh_token) and kind != "clientCredentials"

    def has(self, part: str) -> bool:
        """Say whether a part was given."""
        return bool(getattr(self, part.lower()))


class Wish(Frozen):
    """A token that is wanted: from where, for which scopes, with what; equal wishes are granted by one token.

    `asks`: there is a user who can be asked.
    """

    scheme: OAuth
    scopes: tuple[str, ...]
    given: Given
    asks: bool = False

    @staticmethod
    def of(scheme: OAuth, required: Iterable[str], given: Given, asks: bool) -> Wish | None:
        """Wish for a token with the scopes of a requirement, or with SCOPE; None where no flow could give one.

        RFC 6749, 6: a refresh without a scope asks for what the user once agreed to, so one token does for all.
        """
        kinds = possible(scheme.kinds, given, asks)
        if not kinds:
            return None
        scopes = given.scope.replace(",", " ").split() if given.scope else [] if given.refreshes(kinds[0]) else required
        return Wish(scheme, tuple(sorted(set(scopes))), given, asks)

    @property
    def asks_a_user(self) -> bool:
        """Whether a user has to agree, or may have to: a server that was not asked yet may offer nothing else."""
        kinds = possible(self.scheme.kinds, self.given, self.asks)
        return bool(ASKING.intersection(kinds if self.scheme.metadata_url else kinds[:1]))

    def joined(self, other: Wish) -> Wish | None:
        """Give the wish that grants both, where one token can: two schemes of one authorization server."""
        if replace(self, scopes=()) != replace(other, scopes=()):
            return None
        return replace(self, scopes=tuple(sorted({*self.scopes, *other.scopes})))


def can_run(kind: FlowKind, given: Given, asks: bool) -> bool:
    """Say whether a flow can be run from its beginning."""
    return all(map(given.has, NEEDS[kind])) and (asks or kind not in ASKING)


def possible(kinds: Iterable[FlowKind], given: Given, asks: bool) -> list[FlowKind]:
    """Give the flows that lead to a token, best first."""
    able = [kind for kind in kinds if given.refreshes(kind) or can_run(kind, given, asks)]
    return sorted(able, key=lambda kind: (kind != given.preferred, not given.refreshes(kind), PREFERENCE.index(kind)))


def best_flow(flows: Iterable[OAuthFlow], wish: Wish) -> OAuthFlow | None:
    """Give the flow to run, None where none of them can be."""
    by_kind = {flow.kind: flow for flow in reversed(tuple(flows))}
    kinds = possible(by_kind, wish.given, wish.asks)
    return by_kind[kinds[0]] if kinds else None
