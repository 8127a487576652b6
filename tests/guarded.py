"""An OAuth server and an API that asks it about every token, on two origins of this machine; and a browser for them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from runner.exchange import Request, Response, header
from runner.sandbox.oauth import DEVICE_CODE, Client, Grant, OAuthServer, Settings, User
from runner.sandbox.server import Running
from runner.sandbox.stand_in import Now
from runner.shell.clock import SystemClock

PREFIX = "t0k3n_"
"""What every token of the server begins with, so that one can be looked for everywhere."""

ROBOT = Client("robot", "r0b0t+s3cret/&", grants=("client_credentials", "password", "refresh_token"))
POSTER = Client("poster", "p0ster-s3cret", grants=("client_credentials",), auth_methods=("client_secret_post",))
NATIVE = Client("native", None, ("http://127.0.0.1/callback",))
TV = Client("tv", None, grants=(DEVICE_CODE, "refresh_token"))
ANN = User("ann", "open s3same")
SECRETS = (PREFIX, "r0b0t", "p0ster-s3cret", "s3same")
ALL_GRANTS = ("authorization_code", "refresh_token", "client_credentials", "password", DEVICE_CODE)


@dataclass
class Guarded:
    """The two servers, while they run; `subjects` are those whose calls the API answered, `asked` counts all calls.

    `before` and `after` are told the number of each call, before the API looks at its token and when it has done so.
    """

    server: OAuthServer
    idp: str = ""
    api: str = ""
    asked: int = 0
    subjects: list[str] = field(default_factory=list)
    bearers: list[str] = field(default_factory=list)
    before: Callable[[int], object] = lambda _: None
    after: Callable[[int], object] = lambda _: None

    def answer(self, request: Request) -> Response:
        """Answer a call of the API, telling back the token it came with."""
        self.asked += 1
        self.before(self.asked)
        grant = self.server.check_bearer(request, ("write",) if request.method == "POST" else ("read",))
        if not isinstance(grant, Grant):
            return grant
        self.after(self.asked)
        self.subjects.append(grant.subject)
        self.bearers.append((header(request.headers, "authorization") or "").removeprefix("Bearer "))
        body = json.dumps({"subject": grant.subject, "seen": self.bearers[-1]}).encode()
        return Response(200, (("Content-Type", "application/json"), ("X-Call", str(self.asked))), body, "OK")

    @property
    def issued(self) -> dict[str, int]:
        """How many tokens were given, by grant type."""
        return dict(self.server.state.issued)

    def revoke_all(self) -> None:
        """End every token that there is."""
        for token in tuple(self.server.state.tokens.values()):
            self.server.state.revoke_family(token.grant.family)

    def flow(self, **urls: str) -> dict[str, Any]:
        """Give an OAuth Flow Object for this server."""
        return {
            "tokenUrl": f"{self.idp}/token",
            "authorizationUrl": f"{self.idp}/authorize",
            "deviceAuthorizationUrl": f"{self.idp}/device_authorization",
            "scopes": {"read": "", "write": ""},
            **urls,
        }

    def write(self, folder: Path, *kinds: str, steps: str = "list", name: str = "flow", openid: bool = False) -> Path:
        """Write a document that calls the API, whose scheme `Login` has these flows; `steps` are operations."""
        flows = {kind: self.flow() for kind in kinds}
        scheme: dict[str, Any] = {"type": "oauth2", "flows": flows}
        if openid:
            scheme = {"type": "openIdConnect", "openIdConnectUrl": f"{self.idp}/.well-known/openid-configuration"}
        (folder / "api.json").write_text(json.dumps(_description(self.api, scheme)), encoding="utf-8")
        path = folder / f"{name}.arazzo.json"
        path.write_text(json.dumps(_document(name, steps.split())), encoding="utf-8")
        return path


def _description(api: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
    def operation(name: str, scope: str) -> dict[str, Any]:
        content = {"application/json": {"schema": {"type": "object"}}}
        responses = {"200": {"description": "ok", "content": content}, "401": {"description": "no"}}
        return {"operationId": name, "security": [{"Login": [scope]}], "responses": responses}

    return {
        "openapi": "3.2.0",
        "info": {"title": "Guarded", "version": "1"},
        "servers": [{"url": api}],
        "paths": {"/orders": {"get": operation("list", "read"), "post": operation("create", "write")}},
        "components": {"securitySchemes": {"Login": scheme}},
    }


def _document(name: str, operations: list[str]) -> dict[str, Any]:
    return {
        "arazzo": "1.0.1",
        "info": {"title": "Guarded", "version": "1"},
        "sourceDescriptions": [{"name": "shop", "url": "api.json", "type": "openapi"}],
        "workflows": [
            {
                "workflowId": name,
                "steps": [
                    {
                        "stepId": f"{operation}{number}",
                        "operationId": operation,
                        "successCriteria": [{"condition": "$statusCode == 200"}],
                        "outputs": {"subject": "$response.body#/subject", "seen": "$response.body#/seen"},
                    }
                    for number, operation in enumerate(operations, 1)
                ],
                "outputs": {"seen": f"$steps.{operations[-1]}{len(operations)}.outputs.seen"},
            }
        ],
    }


@contextmanager
def guarded(clock: Now | None = None, **settings: Any) -> Iterator[Guarded]:
    """Run both servers for the length of a `with` block; `settings` are those of the OAuth server."""
    given = {"clients": (ROBOT, POSTER, NATIVE, TV), "users": (ANN,), "grants": ALL_GRANTS, "token_prefix": PREFIX}
    stage = Guarded(OAuthServer(clock or SystemClock(), Settings(**{**given, **settings})))
    with Running(stand_in=stage.server.answer) as idp, Running(stand_in=stage.answer) as api:
        stage.idp, stage.api = idp.url, api.url
        yield stage


@dataclass
class Browser:
    """Somebody who opens what is shown, answers what they are asked there, and is led back to where they came from.

    `turn` may change a URL before it is opened, and `back` the one that leads to the client.
    """

    decision: str = "allow"
    turn: Callable[[str], str] = lambda url: url
    back: Callable[[httpx.URL], httpx.URL] = lambda url: url
    shown: list[str] = field(default_factory=list)
    last: str = ""

    def show(self, url: str, code: str | None = None) -> None:
        """Open a URL, send the form that it holds, and follow where that leads."""
        self.shown.append(url)
        url = self.turn(url)
        with httpx.Client(trust_env=False, timeout=20) as http:
            page = http.get(url)
            if page.status_code == 200:
                page = http.post(url, data={**_fields(page.text), "decision": self.decision})
            if page.next_request is not None:
                page = http.get(self.back(page.next_request.url))
            self.last = page.text

    @property
    def asked_for(self) -> list[str]:
        """The scopes that each URL asked for."""
        return [httpx.URL(url).params["scope"] for url in self.shown]


def _fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type=hidden name="([^"]*)" value="([^"]*)">', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}
