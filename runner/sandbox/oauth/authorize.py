"""Turns an authorization request into a code, an error or a question to the user (RFC 6749, 4.1.1 and 4.1.2).

Until client and redirect URI are known to be right an error is a page: the server "MUST NOT automatically redirect the
user-agent to the invalid redirection URI" (4.1.2.1). From there on it goes to the client.
"""

from __future__ import annotations

import html
import re

from runner.exchange import Response
from runner.records import Frozen, replace
from runner.sandbox.oauth.call import Call, Parameters
from runner.sandbox.oauth.clients import check_grant
from runner.sandbox.oauth.pkce import read_challenge
from runner.sandbox.oauth.replies import Refusal, page, private, redirect
from runner.sandbox.oauth.scopes import grant_scopes, read_audience
from runner.sandbox.oauth.settings import Client, User
from runner.sandbox.oauth.state import Code, Consent, Grant, key

# RFC 8252, 7.3: "The authorization server MUST allow any port to be specified at the time of the request for loopback
# IP redirect URIs"; `localhost` counts here too, as it does with most providers.
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?([/?].*)?")


# What a program is told instead of a redirect: a code, or the error there is.
_STATUS = {None: 200, "access_denied": 403}


class _Asked(Frozen):
    """A request whose client and redirect URI are right."""

    call: Call
    parameters: Parameters
    client: Client
    redirect_uri: str

    def back(self, **members: str) -> Response:
        """Send the browser back to the client."""
        state = self.parameters.several("state")[:1]
        members |= {"state": state[0]} if state else {}
        members |= {"iss": self.call.issuer} if self.call.settings.name_issuer else {}
        if self.call.wants_json:
            return private({**members}, _STATUS.get(members.get("error"), 400))
        return redirect(self.redirect_uri, members, self.call.settings.redirect_status)


def authorize(call: Call) -> Response:
    """Answer the authorization endpoint: a GET asks, a POST with the consent field decides."""
    parameters = call.form if call.request.method == "POST" else call.query
    client = _client(call, parameters)
    asked = _Asked(call, parameters, client, _redirect_uri(client, parameters.get("redirect_uri")))
    try:
        return _answer(asked)
    except Refusal as refusal:
        call.state.refusals[refusal.code] += 1
        return asked.back(**refusal.members)


def _client(call: Call, parameters: Parameters) -> Client:
    client = call.settings.client(parameters.required("client_id"))
    if client is None:
        raise Refusal("invalid_client", "there is no such client")
    return client


def _redirect_uri(client: Client, named: str | None) -> str:
    """Give where to send the browser: what was named if it is registered; one alone need not be named (3.1.2.3)."""
    if named is None and len(client.redirect_uris) == 1:
        return client.redirect_uris[0]
    if named is None:
        raise Refusal("invalid_request", "redirect_uri is required")
    if not any(named == registered or _differ_in_port(registered, named) for registered in client.redirect_uris):
        raise Refusal("invalid_request", "the redirect_uri is not one that the client registered")
    return named


def _differ_in_port(registered: str, named: str) -> bool:
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(named)
    return ours is not None and theirs is not None and ours.groups() == theirs.groups()


def _answer(asked: _Asked) -> Response:
    settings, parameters, state = asked.call.settings, asked.parameters, asked.call.state
    code = _code(asked)
    scopes, pair = frozenset(code.grant.scopes), (asked.client.id, code.grant.subject)
    before = state.consents.get(pair, Consent())
    decision = parameters.get(settings.consent_field) if asked.call.request.method == "POST" else None
    if decision is None and not _is_known(asked, scopes, before):
        return _question(asked, code.grant)
    if decision not in (None, settings.consent_allow):
        raise Refusal("access_denied", "the user said no")
    extra = settings.hooks.consent(dict(parameters.pairs)) if decision else before.extra
    if decision and parameters.get("remember"):
        state.consents[pair] = Consent(scopes | before.scopes, extra)
    text = state.name(settings.seed, "code")
    state.codes[key(text)] = replace(code, grant=replace(code.grant, family=key(text), extra=extra))
    return asked.back(code=text)


def _is_known(asked: _Asked, scopes: frozenset[str], before: Consent) -> bool:
    """Say whether the user need not be asked: the server says yes by itself, or has been told before."""
    prompt = (asked.parameters.get("prompt") or "").split()
    if asked.call.settings.consent == "auto":
        return True
    known = "consent" not in prompt and scopes <= before.scopes
    if not known and "none" in prompt:
        raise Refusal("consent_required", "the user would have to be asked")  # OpenID Connect Core, 3.1.2.6
    return known


def _code(asked: _Asked) -> Code:
    """Check the rest of a request and give what a code for it would stand for."""
    settings, parameters = asked.call.settings, asked.parameters
    parameters.check_single()
    if parameters.required("response_type") != "code":
        raise Refusal("unsupported_response_type", "response_type must be code")
    if parameters.get("response_mode") not in (None, "query"):
        raise Refusal("invalid_request", "response_mode must be query")
    if settings.state_required:
        parameters.required("state")
    check_grant(asked.client, "authorization_code")
    challenge, method = read_challenge(asked.call, parameters)
    grant = Grant(
        client_id=asked.client.id,
        scopes=grant_scopes(settings, asked.client, parameters.get("scope")),
        audience=read_audience(parameters),
        subject=signed_in(asked.call, parameters).name,
        family="",  # there is none until there is a code
        nonce=parameters.get("nonce") or "",
    )
    named = parameters.get("redirect_uri") is not None
    return Code(grant, asked.call.now + settings.lifetimes.code, asked.redirect_uri, named, challenge, method)


def signed_in(call: Call, parameters: Parameters) -> User:
    """Give the user whose browser this is."""
    hinted = call.settings.user(parameters.get("login_hint") or "")
    user = hinted or next(iter(call.settings.users), None)
    if user is None:
        raise Refusal("access_denied", "nobody can sign in")
    return user


def _question(asked: _Asked, grant: Grant) -> Response:
    question = f"{grant.client_id} asks {grant.subject} for: {' '.join(grant.scopes)}"
    return page(consent_form(asked.call, asked.parameters, question))


def consent_form(call: Call, parameters: Parameters, question: str) -> str:
    """Write the form that sends a request again with the user's decision."""
    settings = call.settings
    kept = (
        f'<input type=hidden name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in parameters.pairs
        if name not in (settings.consent_field, "remember")
    )
    answers = ((settings.consent_allow, "Allow"), ("deny", "Deny"))
    buttons = (
        f'<button name="{html.escape(settings.consent_field)}" value="{html.escape(value)}">{label}</button>'
        for value, label in answers
    )
    remember = "<label><input type=checkbox name=remember value=true> Remember</label>"
    return f"<form method=post><p>{html.escape(question)}</p>{''.join(kept)}{remember}{''.join(buttons)}</form>"
