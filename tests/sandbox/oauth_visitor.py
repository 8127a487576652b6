"""Calls an OAuth stand-in the way clients, browsers and resource servers do."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from runner.exchange import Request, Response, header
from runner.sandbox.oauth import DEVICE_CODE, Client, OAuthServer, Settings, User
from tests.sandbox.conftest import StillClock

ISSUER = "https://auth.example"
CALLBACK = "https://app.example/cb?tenant=7"

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

WEB = Client(
    "web",
    "s+e:c r%et/é",
    (CALLBACK,),
    ("authorization_code", "refresh_token", "client_credentials", "password"),
)
NATIVE = Client("native", None, ("http://127.0.0.1/cb", "http://[::1]:7000/cb", "com.example.app:/cb"))
POSTER = Client(
    "poster", "post-secret", grants=("client_credentials",), scopes=("read",), auth_methods=("client_secret_post",)
)
TV = Client("tv", None, grants=(DEVICE_CODE, "refresh_token"))
PUBLIC_ROBOT = Client("public-robot", None, grants=("client_credentials",))
CLIENTS = (WEB, NATIVE, POSTER, TV, PUBLIC_ROBOT)

SOMEBODY = User(
    "somebody", "open sesame", {"name": "Some Body", "email": "some@body.example", "shoe_size": 43, "picture": None}
)
ALL_GRANTS = ("authorization_code", "refresh_token", "client_credentials", "password", DEVICE_CODE)

Form = Mapping[str, str | Sequence[str] | None]


class Visitor:
    """Knows one server, its clock, and how each endpoint is asked properly; keywords replace, None leaves out."""

    def __init__(self, clock: StillClock, **settings: Any) -> None:
        given = {"issuer": ISSUER, "clients": CLIENTS, "users": (SOMEBODY, User("other")), "grants": ALL_GRANTS}
        self.clock = clock
        self.server = OAuthServer(clock, Settings(**{**given, **settings}))
        self.state = self.server.state

    def get(self, path: str, token: str | None = None, **query: Any) -> Response:
        headers = (("Authorization", f"Bearer {token}"),) if token else ()
        return self.server.answer(Request("GET", f"{ISSUER}{path}?{_encoded(query)}", headers))

    def post(self, path: str, form: Form, *headers: tuple[str, str]) -> Response:
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        return self.server.answer(Request("POST", ISSUER + path, (kind, *headers), _encoded(form).encode()))

    def authorize(self, method: str = "GET", **changes: Any) -> Response:
        asked = {
            "response_type": "code",
            "client_id": "web",
            "redirect_uri": CALLBACK,
            "scope": "openid profile read",
            "state": "af0ifjsldkj",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return self.get("/authorize", **asked) if method == "GET" else self.post("/authorize", asked)

    def code(self, **changes: Any) -> str:
        """Have the user say yes, and give the code."""
        return returned(self.authorize(**changes))["code"]

    def ask(self, grant_type: str, client: Client = WEB, **form: Any) -> Response:
        """Ask for tokens, as a confidential client by Basic."""
        sent = {"grant_type": grant_type, **form}
        if client.secret is None:
            return self.post("/token", {"client_id": client.id, **sent})
        return self.post("/token", sent, basic(client))

    def redeem(self, code: str, client: Client = WEB, **changes: Any) -> Response:
        given = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}
        return self.ask("authorization_code", client, **given)

    def refresh(self, refresh_token: str, client: Client = WEB, **form: Any) -> Response:
        return self.ask("refresh_token", client, refresh_token=refresh_token, **form)

    def tokens(self, **changes: Any) -> Any:
        """Give the token reply of a whole authorization code flow."""
        response = self.redeem(self.code(**changes))
        assert response.status == 200, response.body
        return response.content.value

    def status(self, token: str) -> str:
        known = self.state.token(token)
        assert known is not None
        return known.status(self.clock.now())


def basic(client: Client) -> tuple[str, str]:
    """Write a client's credentials as RFC 6749, 2.3.1 has them."""
    pair = f"{quote_plus(client.id)}:{quote_plus(client.secret or '')}"
    return "Authorization", "Basic " + base64.b64encode(pair.encode()).decode()


def returned(response: Response) -> dict[str, str]:
    """Give the parameters that were added to the redirect URI."""
    location = header(response.headers, "location")
    assert response.status == 302, response.body
    assert location is not None
    return dict(parse_qsl(urlsplit(location).query))


def error(response: Response) -> tuple[int, str]:
    """Give status and error code of a refusal, which must be one that nobody may store."""
    assert header(response.headers, "cache-control") == "no-store"
    body: Any = response.content.value
    assert isinstance(body["error_description"], str)
    return response.status, body["error"]


def _encoded(form: Form) -> str:
    return urlencode({name: value for name, value in form.items() if value is not None}, doseq=True)
