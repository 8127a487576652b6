"""Turns the security of an operation and the credentials of a user into what a request can be sent with, or lacks.

OpenAPI, Security Requirement Object: "only one of the Security Requirement Objects in the list needs to be satisfied";
within one "all schemes MUST be satisfied".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TypeAlias, assert_never

from runner.late import late_pattern
from runner.openapi.document import Operation
from runner.records import Frozen
from runner.shell.auth.credentials import PREFIX, SETTINGS, Credentials, suffix
from runner.shell.auth.digest import Login
from runner.shell.auth.schemes import ApiKey, HttpScheme, MutualTls, OAuth, Scheme, absolute, read_scheme, slot_of
from runner.shell.auth.slots import AUTHORIZATION, Slot
from runner.shell.auth.wish import ASKING, NEEDS, PREFERENCE, Given, Wish
from runner.shell.wire import basic

_CONTROLS = late_pattern(r"[\x00-\x08\x0a-\x1f\x7f]")


class Fixed(Frozen):
    """A credential that is sent as it is; `name` is the slot's as the description spells it."""

    slot: Slot
    name: str
    text: str
    HIDDEN = ("text",)


Offer: TypeAlias = Fixed | Login | Wish


class Unusable(Frozen):
    """Why what the user gave cannot be sent as it is."""

    message: str


class Claim(Frozen):
    """Whose request it is, and what the user has.

    `source` names the source description; relative URLs of its schemes are resolved against `server`.
    """

    operation: Operation
    credentials: Credentials
    source: str = ""
    server: str = ""


def offers(claim: Claim, has: frozenset[Slot], at: str) -> tuple[Offer, ...] | Unusable:
    """Give what satisfies the operation's security at origin `at`, beyond what the request `has`.

    The first alternative that can be satisfied is taken, one that the request satisfies by itself before all others.
    `{}` (no security) is no alternative here: who has a token for an API wants to be known to it.
    """
    found = [_together(claim, required, has, at) for required in claim.operation.security if required]
    whole = [each for each in found if isinstance(each, tuple)]
    if whole or not all(claim.operation.security):
        return min(whole, key=bool, default=())
    return next((each for each in found if isinstance(each, Unusable)), ())


def _together(
    claim: Claim, required: Mapping[str, tuple[str, ...]], has: frozenset[Slot], at: str
) -> tuple[Offer, ...] | Unusable | None:
    """Give what satisfies one alternative, None where something lacks; one place of a request holds one credential."""
    placed: dict[Slot, tuple[str, Offer]] = {}
    for name, scopes in required.items():
        scheme = _scheme(claim, name)
        slot = slot_of(scheme)
        if slot in has or (isinstance(scheme, MutualTls) and claim.credentials.client_certificate):
            continue
        offer = _offer(claim, name, scopes, at)
        if isinstance(offer, Unusable):
            return offer
        if offer is None or slot is None:
            return None
        other = placed.get(slot)
        both = offer if other is None else _both(other[1], offer)
        if other is not None and both is None:
            where = "Authorization" if slot == AUTHORIZATION else slot.name
            return Unusable(f"'{other[0]}' and '{name}' both travel as '{where}', and a request has only one")
        if both is not None:
            placed[slot] = name, both
    return tuple(offer for _, offer in placed.values())


def _both(one: Offer, other: Offer) -> Offer | None:
    if one == other:
        return one
    return one.joined(other) if isinstance(one, Wish) and isinstance(other, Wish) else None


def _scheme(claim: Claim, name: str) -> Scheme | None:
    return read_scheme(claim.operation.security_schemes.get(name, {}))


def _offer(claim: Claim, name: str, scopes: Iterable[str], at: str) -> Offer | Unusable | None:
    """Give what satisfies one scheme, None where the user has nothing for it; a stand-in counts where nothing else."""
    parts = claim.credentials.parts(name, claim.source)
    if any(_CONTROLS.search(value) for value in parts.values()):
        return Unusable(f"what was given for '{name}' holds a line break or another control character")
    stand_in = claim.credentials.by_origin.get(at)
    if parts.keys() <= set(SETTINGS) and stand_in:
        parts = {**parts, "": stand_in}
    bare = parts.get("", "")
    scheme = _scheme(claim, name)
    match scheme:
        case ApiKey():
            return Fixed(scheme.slot, scheme.name, bare) if bare else None
        case HttpScheme() if bare and ":" not in bare and bare != stand_in and scheme.kind in ("basic", "digest"):
            return Unusable(f"'{name}' takes a user and a password: write user:password")
        case HttpScheme():
            return _http(scheme, bare or _pair(parts))
        case OAuth():
            if bare:
                return Fixed(AUTHORIZATION, "Authorization", _named("Bearer", bare))
            given = Given.of(parts)
            if given.flow and given.preferred is None:
                known = f"{', '.join(PREFERENCE[:-1])} or {PREFERENCE[-1]}"
                return Unusable(f"'{given.flow}' is no flow that '{name}' could be told to use; say {known}")
            keyring = claim.credentials.keyring
            wish = Wish.of(absolute(scheme, claim.server), scopes, given, keyring.show is not None)
            return wish and keyring.all_at_once(wish)
        case MutualTls() | None:
            return None
        case _:
            assert_never(scheme)


def _pair(parts: Mapping[str, str]) -> str:
    return f"{parts['USERNAME']}:{parts['PASSWORD']}" if {"USERNAME", "PASSWORD"} <= parts.keys() else ""


def _http(scheme: HttpScheme, secret: str) -> Offer | None:
    if not secret:
        return None
    match scheme.kind:
        case "basic":
            text = basic(secret)
        case "digest":
            user, colon, password = secret.partition(":")
            return Login(user, password) if colon else None
        case "bearer":
            text = _named("Bearer", secret)
        case _:
            text = _named(scheme.name, secret)
    return Fixed(AUTHORIZATION, "Authorization", text)


def _named(scheme: str, secret: str) -> str:
    """Write a secret after its scheme; `Bearer x` given whole is taken as it is."""
    return secret if secret.lower().startswith(f"{scheme.lower()} ") else f"{scheme} {secret}"


def missing(
    operation: Operation, credentials: Credentials, has: frozenset[Slot], at: str, source: str = ""
) -> tuple[str, ...]:
    """Give the environment variables that would supply what the operation requires and neither request nor user has."""
    return next(iter(ways(Claim(operation, credentials, source), has, at)), ())


def ways(claim: Claim, has: frozenset[Slot], at: str) -> tuple[tuple[str, ...], ...]:
    """Give every way to supply what the operation lacks, best first, each by the environment variables it takes."""
    security = claim.operation.security
    if not all(security) or any(_together(claim, required, has, at) is not None for required in security):
        return ()
    found = (way for required in security for way in _ways(claim, required, has, at))
    return tuple(dict.fromkeys(found))


def _ways(
    claim: Claim, required: Mapping[str, tuple[str, ...]], has: frozenset[Slot], at: str
) -> Iterator[tuple[str, ...]]:
    lacking = [name for name, scopes in required.items() if _together(claim, {name: scopes}, has, at) is None]
    choices = [tuple(_parts_lacking(claim, name)) for name in lacking]
    for chosen in product(*choices):
        named = ((PREFIX + suffix(name), part) for name, parts in zip(lacking, chosen, strict=True) for part in parts)
        yield tuple(f"{name}_{part}" if part else name for name, part in named)


def _parts_lacking(claim: Claim, name: str) -> Iterator[tuple[str, ...]]:
    """Give the parts that would make a scheme's credentials complete, one way after the other; none for mutual TLS."""
    scheme, given = _scheme(claim, name), claim.credentials.parts(name, claim.source)
    match scheme:
        case OAuth():
            asks = claim.credentials.keyring.show is not None
            kinds = [kind for kind in PREFERENCE if kind in scheme.kinds]
            able = [NEEDS[kind] for kind in kinds if asks or kind not in ASKING]
            unable = [(*NEEDS[kind], "REFRESH_TOKEN") for kind in kinds if not asks and kind in ASKING]
            for parts in (*able, ("",), *unable):
                yield tuple(part for part in parts if part not in given)
        case HttpScheme() if scheme.kind in ("basic", "digest") and {"USERNAME", "PASSWORD"} & given.keys():
            yield tuple(part for part in ("USERNAME", "PASSWORD") if part not in given)
        case ApiKey() | HttpScheme():
            yield ("",)
        case MutualTls() | None:
            return
        case _:
            assert_never(scheme)
