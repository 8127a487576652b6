"""The command line against a real OAuth server and API: tokens come, are shared, and never show."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import httpx
import pytest

from runner.sandbox.oauth import DEVICE_CODE, Client, Lifetimes
from runner.shell.clock import VirtualClock
from tests.cli.process import Ended, arazzo, on_terminal
from tests.guarded import ANN, NATIVE, POSTER, ROBOT, SECRETS, TV, Browser, Guarded, guarded

HOUR = 3600.0
REPORTS = ("json", "jsonl", "junit")
ADDRESS = re.compile(r"Open this address in a browser, and agree there[^\n]*:\s+(http://\S+)\r?\n")


def as_client(client: Client, **more: str) -> dict[str, str]:
    """Write a client's credentials for the scheme `Login` as the environment holds them."""
    parts = {"CLIENT_ID": client.id, "CLIENT_SECRET": client.secret or "", **more}
    return {f"ARAZZO_AUTH_LOGIN_{part}": value for part, value in parts.items()}


def run(*paths: Path, env: dict[str, str], code: int = 0) -> Ended:
    """Run documents with every report, none of which may hold a secret."""
    folder = paths[0].parent
    reports = [argument for kind in REPORTS for argument in ("--report", f"{kind}={kind}.out")]
    ended = arazzo("run", *(path.name for path in paths), "-v", *reports, cwd=folder, env=env)
    assert ended.code == code, ended
    written = [(folder / f"{kind}.out").read_text(encoding="utf-8") for kind in REPORTS]
    hide(ended.out, ended.err, *written)
    return ended


def hide(*texts: str) -> None:
    found = [secret for secret in SECRETS for text in texts if secret in text]
    assert found == []


# Without anybody there


@pytest.mark.parametrize(("client", "refused"), [(ROBOT, 0), (POSTER, 1)])
def test_one_token_serves_the_steps_of_all_documents_however_the_server_wants_the_secret(
    client: Client, refused: int, tmp_path: Path
) -> None:
    with guarded() as stage:
        paths = [
            stage.write(tmp_path, "clientCredentials", steps="list list list", name=name) for name in ("one", "two")
        ]
        ended = run(*paths, env=as_client(client))
    assert stage.subjects == [client.id] * 6
    assert (stage.issued, len(set(stage.bearers))) == ({"client_credentials": 1}, 1)
    assert stage.server.state.requests["token"] == 1 + refused
    assert 'seen  "***"' in ended.out


def test_a_user_s_password_is_used_once_and_the_token_refreshed_when_it_has_expired(tmp_path: Path) -> None:
    clock = VirtualClock(1_780_000_000)  # of the server alone: the client is told of the end by a 401
    with guarded(clock) as stage:
        stage.before = lambda number: number in (2, 5) and clock.sleep(HOUR)
        path = stage.write(tmp_path, "password", steps="list list list list")
        run(path, env=as_client(ROBOT, USERNAME=ANN.name, PASSWORD=ANN.password or ""))
        ended = [token.ended for token in stage.server.state.tokens.values() if token.kind == "refresh"]
    assert (stage.asked, stage.subjects) == (6, ["ann"] * 4)
    assert (stage.issued, len(set(stage.bearers))) == ({"password": 1, "refresh_token": 2}, 3)
    assert ended == ["rotated", "rotated", None]


def test_a_token_that_is_over_by_the_client_s_own_clock_is_not_sent(tmp_path: Path) -> None:
    clock = VirtualClock(1_780_000_000)  # of the server: it stands still, and refuses nothing
    with guarded(clock, lifetimes=Lifetimes(access=1)) as stage:
        path = stage.write(tmp_path, "password", steps="list list")
        document = json.loads(path.read_text())
        waiting = {"name": "wait", "type": "retry", "retryAfter": 1, "retryLimit": 1}
        document["workflows"][0]["steps"][0] |= {
            "successCriteria": [{"condition": "$response.header.x-call == 2"}],
            "onFailure": [waiting],
        }
        path.write_text(json.dumps(document))
        run(path, env=as_client(ROBOT, USERNAME=ANN.name, PASSWORD=ANN.password or ""))
    assert stage.subjects == ["ann"] * 3
    assert stage.issued["password"] == 1
    assert stage.issued["refresh_token"] >= 1
    assert dict(stage.server.state.refusals) == {}


def test_no_token_ends_while_its_request_waits_for_its_turn(tmp_path: Path) -> None:
    with guarded(lifetimes=Lifetimes(access=2)) as stage:
        stage.write(tmp_path, "clientCredentials", steps="list")
        said = ("--repeat", 24, "--jobs", 24, "--rate", "5/s")
        ended = arazzo("test", *said, cwd=tmp_path, env=as_client(ROBOT))
    assert ended.code == 0, ended
    assert "24 passed" in ended.out


def test_a_token_that_is_revoked_is_replaced_by_one_new_one(tmp_path: Path) -> None:
    with guarded() as stage:
        stage.before = lambda number: number == 2 and stage.revoke_all()
        run(stage.write(tmp_path, openid=True, steps="list list list"), env=as_client(ROBOT))
    assert (stage.asked, stage.subjects, stage.issued) == (4, ["robot"] * 3, {"client_credentials": 2})
    assert stage.server.state.requests["openid_configuration"] == 1


@pytest.mark.parametrize(
    ("kind", "env", "why"),
    [
        (
            "clientCredentials",
            as_client(ROBOT, CLIENT_SECRET="s3same"),
            "invalid_client (the client's secret is wrong); check CLIENT_ID and CLIENT_SECRET",
        ),
        (
            "password",
            as_client(ROBOT, USERNAME="ann", PASSWORD="r0b0t"),
            "invalid_grant (the user name or the password is wrong); check USERNAME and PASSWORD",
        ),
        (
            "authorizationCode",
            as_client(NATIVE, REFRESH_TOKEN="r0b0t-s3same"),
            "invalid_grant (the client has no such refresh token); a new REFRESH_TOKEN is needed",
        ),
        ("clientCredentials", as_client(TV, CLIENT_SECRET="s3same"), "the client may not authenticate by"),
    ],
)
def test_what_the_server_refuses_is_told_and_nothing_is_sent_to_the_api(
    kind: str, env: dict[str, str], why: str, tmp_path: Path
) -> None:
    with guarded() as stage:
        ended = run(stage.write(tmp_path, kind), env=env, code=4)
        assert f"GET /orders: no token from '{stage.idp}/token': " in ended.out
    assert why in ended.out
    assert stage.asked == 0


def test_a_refresh_token_is_good_for_one_invocation_where_the_server_rotates_them(tmp_path: Path) -> None:
    with guarded() as stage:
        form = {"grant_type": "password", "username": ANN.name, "password": ANN.password}
        mine = httpx.post(f"{stage.idp}/token", data=form, auth=(ROBOT.id, "r0b0t%2Bs3cret%2F%26")).json()
        path = stage.write(tmp_path, "authorizationCode", steps="list create")
        env = as_client(ROBOT, REFRESH_TOKEN=mine["refresh_token"])
        run(path, env=env)
        ended = run(path, env=env, code=4)
    assert stage.issued == {"password": 1, "refresh_token": 1}
    assert "invalid_grant (the refresh token is rotated); a new REFRESH_TOKEN is needed" in ended.out


def test_where_nobody_can_be_asked_every_other_way_is_named(tmp_path: Path) -> None:
    with guarded() as stage:
        ended = run(stage.write(tmp_path, "authorizationCode"), env={"ARAZZO_AUTH_LOGIN_CLIENT_ID": "native"}, code=1)
    assert (
        "'list' wants a credential that nobody gave; "
        "set ARAZZO_AUTH_LOGIN, or ARAZZO_AUTH_LOGIN_REFRESH_TOKEN in the environment, or give --auth Login=…"
    ) in ended.err


# On a terminal


def at_a_browser(stage: Guarded, browser: Browser, *paths: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run on a terminal, opening each address that is shown there."""

    def react(shown: str) -> None:
        for url in ADDRESS.findall(shown)[len(browser.shown) :]:
            browser.show(url)

    code, shown = on_terminal("run", *(path.name for path in paths), react=react, cwd=paths[0].parent, env=env)
    hide(shown)
    return code, shown


no_browser = pytest.mark.skipif(sys.platform == "darwin", reason="it would open a real browser")


@no_browser
@pytest.mark.parametrize("openid", [False, True])
def test_a_user_agrees_once_for_all_documents_and_is_not_asked_when_the_token_has_expired(
    openid: bool, tmp_path: Path
) -> None:
    clock, browser = VirtualClock(1_780_000_000), Browser()
    with guarded(clock, consent="page") as stage:
        stage.before = lambda number: number == 2 and clock.sleep(HOUR)
        paths = [
            stage.write(tmp_path, *([] if openid else ["authorizationCode"]), steps=steps, name=name, openid=openid)
            for name, steps in (("one", "list list"), ("two", "create"))
        ]
        code, shown = at_a_browser(stage, browser, *paths, env=as_client(NATIVE))
    assert code == 0, shown
    assert "\r\x1b[2KOpen this address" in shown  # and not behind the line that tells which step is running
    assert browser.asked_for == ["openid read write" if openid else "read write"]
    assert stage.subjects == ["ann"] * 3
    assert stage.issued == {"authorization_code": 1, "refresh_token": 1}


@no_browser
def test_a_user_agrees_on_another_device(tmp_path: Path) -> None:
    browser = Browser()
    with guarded(consent="page", lifetimes=Lifetimes(poll=1)) as stage:
        path = stage.write(tmp_path, "deviceAuthorization", steps="list create")
        code, shown = at_a_browser(stage, browser, path, env=as_client(TV))
    assert code == 0, shown
    assert (len(browser.shown), stage.subjects, stage.issued) == (1, ["ann"] * 2, {DEVICE_CODE: 1})


@no_browser
@pytest.mark.parametrize(
    ("browser", "why"),
    [
        (Browser("deny"), "access_denied (the user said no)"),
        (
            Browser(turn=lambda url: re.sub("(?<=code_challenge=)[^&]*", "x" * 43, url)),
            "invalid_grant (the code_verifier does not fit the code_challenge)",
        ),
    ],
)
def test_what_comes_back_from_the_browser_otherwise_is_told(browser: Browser, why: str, tmp_path: Path) -> None:
    with guarded(consent="page") as stage:
        path = stage.write(tmp_path, "authorizationCode")
        code, shown = at_a_browser(stage, browser, path, env=as_client(NATIVE))
    assert (code, stage.asked) == (4, 0)
    assert why in shown
