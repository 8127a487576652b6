"""Turns what a client asks for, as scope and as resource, into what it is granted."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from runner.sandbox.oauth.call import Call, Parameters
from runner.sandbox.oauth.replies import Refusal
from runner.sandbox.oauth.settings import Client, Settings


def grant_scopes(settings: Settings, client: Client, asked: str | None) -> tuple[str, ...]:
    """Give the scopes that a client gets for a `scope` parameter; without one all that it may have."""
    allowed = settings.scopes if client.scopes is None else client.scopes
    if asked is None:
        return _ordered(settings, allowed)
    wanted = read_scopes(settings, asked)
    excess = [scope for scope in wanted if scope not in allowed]
    if excess and settings.excess_scopes == "refuse":
        raise Refusal("invalid_scope", f"the client may not have {', '.join(excess)}")
    return _ordered(settings, set(wanted) & set(allowed))


def narrow_scopes(settings: Settings, granted: tuple[str, ...], asked: str | None) -> tuple[str, ...]:
    """Give the scopes of a refresh: they "MUST NOT include any scope not originally granted" (RFC 6749, 6)."""
    if asked is None:
        return granted
    wanted = read_scopes(settings, asked)
    if not set(wanted) <= set(granted):
        raise Refusal("invalid_scope", "a refresh cannot widen the scope")
    return _ordered(settings, wanted)


def read_scopes(settings: Settings, text: str) -> tuple[str, ...]:
    """Read a `scope` parameter; what this server does not have is refused."""
    try:
        wanted = tuple(settings.scope_syntax.read(text))
    except ValueError as error:
        raise Refusal("invalid_scope", f"the scope cannot be read: {error}") from None
    unknown = [scope for scope in wanted if scope not in settings.scopes]
    if unknown:
        raise Refusal("invalid_scope", f"there is no scope {', '.join(unknown)}")
    return wanted


def read_audience(parameters: Parameters, within: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Read `resource` (RFC 8707, 2) and `audience`; without any give `within`, beyond which they may not go."""
    resources = parameters.several("resource")
    for resource in resources:
        if not _is_resource(resource):
            raise Refusal("invalid_target", "a resource must be an absolute URI without a fragment")
    asked = tuple(dict.fromkeys((*resources, *parameters.several("audience"))))
    if within and not set(asked) <= set(within):
        raise Refusal("invalid_target", "the resource is not one that was granted")
    return asked or within


def written(call: Call, scopes: Iterable[str]) -> str:
    """Write scopes as this server does."""
    return call.settings.scope_syntax.write(scopes)


def _ordered(settings: Settings, scopes: Iterable[str]) -> tuple[str, ...]:
    chosen = {*scopes, *settings.always_scopes}
    return tuple(scope for scope in settings.scopes if scope in chosen)


def _is_resource(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and "#" not in text
