"""Turns a wish for a token into one: a kept token, a refreshed one, or the flow that leads to a new one."""

from __future__ import annotations

from typing import assert_never

from runner.exchange import Request, Response, TransportFailure
from runner.records import replace
from runner.shell.auth.consent import by_code, by_device
from runner.shell.auth.endpoint import JSON, Ports, ask, ask_token
from runner.shell.auth.keyring import Got
from runner.shell.auth.metadata import Metadata, offered, read_metadata
from runner.shell.auth.schemes import FlowKind, OAuthFlow
from runner.shell.auth.tokens import Refused, Token, members, no_token, refusal
from runner.shell.auth.wish import Wish, best_flow, can_run
from runner.shell.effects import Steps


def token_for(wish: Wish, ports: Ports) -> Steps[Got[Token] | TransportFailure]:
    """Give a token that is valid now; it is asked for once, however many want it at the same time.

    After a failure one of the others asks once more, unless that would be a user.
    """
    failures = 1 if wish.asks_a_user else 2
    return ports.keyring.tokens.get(
        wish, lambda token: ports.now() < token.until, lambda held: obtain(wish, held, ports), failures
    )


def give_up(wish: Wish, token: Token, ports: Ports) -> None:
    """Use a token no more that a server refused; what refreshes it is kept."""
    ports.keyring.tokens.amend(wish, token, replace(token, until=0.0))


def obtain(wish: Wish, held: Token | None, ports: Ports) -> Steps[Token | TransportFailure]:
    """Ask for a new token, with the refresh token of the one that was held where it has one."""
    flow = yield from _flow(wish, ports)
    if isinstance(flow, TransportFailure):
        return flow
    refresh = held.refresh if held else ""
    if not refresh and wish.given.refreshes(flow.kind):
        refresh = wish.given.refresh_token
    answer: Token | Refused = Refused("", "there is nothing to ask with")
    if refresh:
        answer = yield from _refreshed(flow, refresh, wish, ports)
    spent = isinstance(answer, Refused) and (not refresh or answer.error == "invalid_grant")
    begins = spent and can_run(flow.kind, wish.given, wish.asks)
    if begins:
        answer = yield from _begun(flow, wish, ports)
    if isinstance(answer, Token):
        return answer
    advice = _advice(answer.error, flow.kind if begins else None)
    return no_token(flow.token_url, f"{answer.why}; {advice}" if advice else answer.why)


def _advice(error: str, begun: FlowKind | None) -> str:
    """Say which part of the credentials a refusal is about (RFC 6749, 5.2); `begun` is None after a refresh."""
    match error, begun:
        case "invalid_client", _:
            return "check CLIENT_ID and CLIENT_SECRET"
        case "invalid_grant", None:
            return "a new REFRESH_TOKEN is needed: this one has ended, and some servers take each only once"
        case "invalid_grant", "password":
            return "check USERNAME and PASSWORD"
        case "invalid_scope", _:
            return "SCOPE says which to ask for"
        case (("unauthorized_client" | "unsupported_grant_type"), _):
            return "FLOW says which flow to use"
        case _:
            return ""


def _refreshed(flow: OAuthFlow, refresh: str, wish: Wish, ports: Ports) -> Steps[Token | Refused]:
    """RFC 6749, 6: the server MAY issue a new refresh token, "in which case the client MUST discard the old" one."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "scope": " ".join(wish.scopes)}
    answer = yield from ask_token(flow.refresh_url or flow.token_url, form, wish.given, ports)
    return replace(answer, refresh=answer.refresh or refresh) if isinstance(answer, Token) else answer


def _begun(flow: OAuthFlow, wish: Wish, ports: Ports) -> Steps[Token | Refused]:
    given, show = wish.given, ports.keyring.show
    form = {"scope": " ".join(wish.scopes), "audience": given.audience}
    match flow.kind:
        case "clientCredentials":
            return ask_token(flow.token_url, {"grant_type": "client_credentials", **form}, given, ports)
        case "password":
            form = {"grant_type": "password", "username": given.username, "password": given.password, **form}
            return ask_token(flow.token_url, form, given, ports)
        case "authorizationCode":
            assert show is not None
            return by_code(flow, wish, show, ports)
        case "deviceAuthorization":
            assert show is not None
            return by_device(flow, wish, show, ports)
        case _:
            assert_never(flow.kind)


def _flow(wish: Wish, ports: Ports) -> Steps[OAuthFlow | TransportFailure]:
    """Choose the flow, of those that the description or the server's metadata has."""
    declared = best_flow(wish.scheme.flows, wish)
    if declared is not None:
        return declared
    url = wish.scheme.metadata_url
    found = yield from ports.keyring.servers.get(url, lambda _: True, lambda _: _metadata(url, ports))
    if isinstance(found, TransportFailure):
        return found
    metadata = found.value
    flow = best_flow(offered(metadata, wish.given.preferred), wish)
    if flow is None:
        listed = ", ".join(metadata.grant_types)
        return no_token(url, f"the server offers {listed}; nothing that was given suits one of these")
    if metadata.posts:
        ports.keyring.posting.add((flow.token_url, wish.given.client_id))
    return flow


def _metadata(url: str, ports: Ports) -> Steps[Metadata | TransportFailure]:
    reply = yield from ask(Request("GET", url, (JSON,)), ports)
    if not isinstance(reply, Response):
        return no_token(url, reply.message)
    if reply.status != 200:
        return no_token(url, refusal(reply))
    metadata = read_metadata(members(reply), url)
    return metadata if isinstance(metadata, Metadata) else no_token(url, metadata)
