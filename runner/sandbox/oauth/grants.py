"""Turns a token request into tokens: one function per grant type (RFC 6749, 4.1.3, 4.3, 4.4 and 6; RFC 8628, 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from runner.exchange import Response
from runner.records import Frozen, replace
from runner.sandbox.oauth.call import Call, Parameters
from runner.sandbox.oauth.clients import authenticate, check_grant, same
from runner.sandbox.oauth.id_token import id_token
from runner.sandbox.oauth.pkce import check_verifier
from runner.sandbox.oauth.replies import Refusal, private
from runner.sandbox.oauth.scopes import grant_scopes, narrow_scopes, read_audience, written
from runner.sandbox.oauth.settings import DEVICE_CODE, Client
from runner.sandbox.oauth.state import Device, Grant, Kind, Token, key
from runner.values import Json


class _Asked(Frozen):
    """A token request of a client that is who it says."""

    call: Call
    form: Parameters
    client: Client


class _Granted(Frozen):
    """What a token request gets: the grant of its access token, and that of a refresh token if there is to be one."""

    access: Grant
    refresh: Grant | None = None


def token(call: Call) -> Response:
    """Answer the token endpoint."""
    form = call.form
    form.check_single()
    grant_type = form.required("grant_type")
    client = authenticate(call, form)
    if grant_type not in call.settings.grants or grant_type not in _GRANTS:
        raise Refusal("unsupported_grant_type", f"there is no grant type {grant_type}")
    check_grant(client, grant_type)
    granted = _GRANTS[grant_type](_Asked(call, form, client))
    call.state.issued[grant_type] += 1
    return private(_members(call, client, granted))


def _members(call: Call, client: Client, granted: _Granted) -> dict[str, Json]:
    """Issue tokens and write the reply that carries them (RFC 6749, 5.1)."""
    lifetimes, grant = call.settings.lifetimes, granted.access
    members: dict[str, Json] = {
        "access_token": _issue(call, "access", grant, lifetimes.access),
        "token_type": "Bearer",
        "expires_in": int(lifetimes.access),
    }
    if grant.scopes:
        members["scope"] = written(call, grant.scopes)
    if granted.refresh is not None:
        members["refresh_token"] = _issue(call, "refresh", granted.refresh, lifetimes.refresh)
    signed = id_token(call, client, grant)
    return members | ({"id_token": signed} if signed else {}) | dict(call.settings.hooks.members(grant))


def _issue(call: Call, kind: Kind, grant: Grant, lifetime: float) -> str:
    text = call.state.name(call.settings.seed, kind, call.settings.token_prefix)
    call.state.tokens[key(text)] = Token(kind, grant, call.now, call.now + lifetime)
    return text


def _with_refresh(asked: _Asked, grant: Grant) -> _Granted:
    """Add a refresh token where client and scope are of the kind that gets one."""
    wanted = asked.call.settings.refresh_scope
    refreshable = "refresh_token" in asked.client.grants and (wanted is None or wanted in grant.scopes)
    access = replace(grant, audience=read_audience(asked.form, grant.audience))
    return _Granted(access, grant if refreshable else None)


def _authorization_code(asked: _Asked) -> _Granted:
    """Redeem a code.

    Nothing but a request that would have been good uses a code up or, if it was used, ends what came of it: who has
    stolen a code and not its verifier shall not be able to do harm with it.
    """
    call, form = asked.call, asked.form
    name = key(form.required("code"))
    code = call.state.codes.get(name)
    if code is None or code.grant.client_id != asked.client.id:
        raise Refusal("invalid_grant", "the client has no such code")
    redirect_uri = form.get("redirect_uri")
    if redirect_uri != code.redirect_uri and (code.named or redirect_uri is not None):
        raise Refusal("invalid_grant", "the redirect_uri is not that of the authorization request")
    check_verifier(code, form.get("code_verifier"))
    if code.used:
        # RFC 6749, 4.1.2: "SHOULD revoke (when possible) all tokens previously issued based on that authorization code"
        call.state.revoke_family(code.grant.family)
        raise Refusal("invalid_grant", "the code has been used before")
    if code.expires <= call.now:
        raise Refusal("invalid_grant", "the code has expired")
    granted = _with_refresh(asked, code.grant)
    call.state.codes[name] = replace(code, used=True)
    return granted


def _refresh_token(asked: _Asked) -> _Granted:
    """Refresh. A token used before ends its family: one of the two who have it has stolen it (RFC 9700, 4.14.2)."""
    call, form = asked.call, asked.form
    text = form.required("refresh_token")
    known = call.state.token(text)
    if known is None or known.kind != "refresh" or known.grant.client_id != asked.client.id:
        raise Refusal("invalid_grant", "the client has no such refresh token")
    status = known.status(call.now)
    if status == "rotated":
        call.state.revoke_family(known.grant.family)
    if status != "active":
        raise Refusal("invalid_grant", f"the refresh token is {status}")
    access = replace(
        known.grant,
        scopes=narrow_scopes(call.settings, known.grant.scopes, form.get("scope")),
        audience=read_audience(form, known.grant.audience),
        nonce="",
    )
    if not call.settings.rotate:
        return _Granted(access)
    call.state.end(text, "rotated")
    return _Granted(access, known.grant)


def _client_credentials(asked: _Asked) -> _Granted:
    """RFC 6749, 4.4: for confidential clients only, and without a refresh token."""
    if asked.client.secret is None:
        raise Refusal("unauthorized_client", "a public client has no credentials of its own")
    return _Granted(_direct_grant(asked, asked.client.owner or asked.client.id))


def _password(asked: _Asked) -> _Granted:
    name, password = asked.form.required("username"), asked.form.required("password")
    user = asked.call.settings.user(name)
    if user is None or user.password is None or not same(user.password, password):
        raise Refusal("invalid_grant", "the user name or the password is wrong")
    return _with_refresh(asked, _direct_grant(asked, user.name))


def _direct_grant(asked: _Asked, subject: str) -> Grant:
    """Give what a client is granted without a browser."""
    call, form = asked.call, asked.form
    scopes = grant_scopes(call.settings, asked.client, form.get("scope"))
    family = call.state.name(call.settings.seed, "family")
    return Grant(asked.client.id, subject, scopes, family, read_audience(form))


def _device_code(asked: _Asked) -> _Granted:
    """Answer a device that asks whether its user has decided (RFC 8628, 3.5)."""
    call = asked.call
    name = key(asked.form.required("device_code"))
    device = call.state.devices.get(name)
    if device is None or device.used or device.grant.client_id != asked.client.id:
        raise Refusal("invalid_grant", "the client has no such device code")
    if device.expires <= call.now:
        raise Refusal("expired_token", "the device code has expired")
    early = device.polled is not None and call.now < device.polled + device.interval
    # "the interval MUST be increased by 5 seconds for this and all subsequent requests"
    call.state.devices[name] = replace(device, polled=call.now, interval=device.interval + 5 * early)
    if early:
        raise Refusal("slow_down", f"a device may ask every {device.interval + 5:g} seconds now")
    return _decided(asked, name, device)


def _decided(asked: _Asked, name: str, device: Device) -> _Granted:
    match device.decision:
        case "pending":
            raise Refusal("authorization_pending", "the user has not decided yet")
        case "denied":
            raise Refusal("access_denied", "the user said no")
        case "allowed":
            granted = _with_refresh(asked, device.grant)
            asked.call.state.devices[name] = replace(device, used=True)
            return granted


_GRANTS: Mapping[str, Callable[[_Asked], _Granted]] = MappingProxyType(
    {
        "authorization_code": _authorization_code,
        "refresh_token": _refresh_token,
        "client_credentials": _client_credentials,
        "password": _password,
        DEVICE_CODE: _device_code,
    }
)
