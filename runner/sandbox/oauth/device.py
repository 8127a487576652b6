"""Turns the request of a device without a browser into a code that its user types elsewhere (RFC 8628)."""

from __future__ import annotations

import html
from urllib.parse import urlencode

from runner.exchange import Response
from runner.records import replace
from runner.sandbox.ids import digest
from runner.sandbox.oauth.authorize import consent_form, signed_in
from runner.sandbox.oauth.call import Call, Parameters
from runner.sandbox.oauth.clients import authenticate, check_grant
from runner.sandbox.oauth.replies import Refusal, page, private
from runner.sandbox.oauth.scopes import grant_scopes, read_audience
from runner.sandbox.oauth.settings import DEVICE_CODE
from runner.sandbox.oauth.state import Device, Grant, key
from runner.values import Json

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # 6.1: "20^8", without vowels so that no word comes of it


def device_authorization(call: Call) -> Response:
    """Answer a device with a code of its own and one for its user (3.1 and 3.2)."""
    form, settings, state = call.form, call.settings, call.state
    form.check_single()
    client = authenticate(call, form)
    check_grant(client, DEVICE_CODE)
    scopes = grant_scopes(settings, client, form.get("scope"))
    text = state.name(settings.seed, "device")
    grant = Grant(client.id, signed_in(call, form).name, scopes, key(text), read_audience(form))
    lifetimes = settings.lifetimes
    device = Device(grant, _user_code(text), call.now + lifetimes.device, lifetimes.poll)
    state.devices[key(text)] = device
    return private(_members(call, text, device))


def _members(call: Call, text: str, device: Device) -> dict[str, Json]:
    where = call.url(call.settings.paths.device or "")
    return {
        "device_code": text,
        "user_code": device.user_code,
        "verification_uri": where,
        "verification_uri_complete": f"{where}?{urlencode({'user_code': device.user_code})}",
        "expires_in": int(device.expires - call.now),
        "interval": int(device.interval),
    }


def _user_code(text: str) -> str:
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest("user", text)[:8])
    return f"{letters[:4]}-{letters[4:]}"


def verify(call: Call) -> Response:
    """Answer the user who types a code in: with `consent="auto"` that alone allows it, else a form asks (3.3)."""
    settings = call.settings
    posted = call.request.method == "POST"
    parameters = call.form if posted else call.query
    typed = parameters.get("user_code")
    if typed is None:
        return page("<form><label>Code <input name=user_code></label><button>Go on</button></form>")
    name, device = _waiting(call, typed)
    decision = parameters.get(settings.consent_field) if posted else None
    if decision is None and settings.consent == "page":
        return page(_question(call, parameters, device.grant))
    allowed = decision in (None, settings.consent_allow)
    grant = replace(device.grant, extra=settings.hooks.consent(dict(parameters.pairs)))
    call.state.devices[name] = replace(device, decision="allowed" if allowed else "denied", grant=grant)
    return page(f"<p>{html.escape(device.grant.client_id)} was {'allowed' if allowed else 'denied'}.</p>")


def _waiting(call: Call, typed: str) -> tuple[str, Device]:
    """Find the device that waits for a code, however it was typed."""
    letters = _letters(typed)
    for name, device in call.state.devices.items():
        is_waiting = device.decision == "pending" and call.now < device.expires
        if is_waiting and _letters(device.user_code) == letters:
            return name, device
    raise Refusal("invalid_request", "no device waits for this code")


def _letters(user_code: str) -> str:
    return "".join(letter for letter in user_code.upper() if letter in _LETTERS)


def _question(call: Call, parameters: Parameters, grant: Grant) -> str:
    question = f"A device with {grant.client_id} asks {grant.subject} for: {' '.join(grant.scopes)}"
    return consent_form(call, parameters, question)
