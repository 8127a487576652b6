"""The OAuth flows against a server and an API that are really there, run from Python; only the time is virtual."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

import runner
from runner.api import ask, run_plan, start
from runner.engine.events import Entry
from runner.result import Result, result_of
from runner.sandbox.oauth import DEVICE_CODE, Lifetimes
from runner.shell.auth import Credentials, Keyring
from runner.shell.clock import AsyncVirtualClock, VirtualClock
from runner.shell.drive import AsyncWorld, World, adrive
from runner.shell.http import AsyncHttpTransport, HttpTransport
from tests.guarded import ANN, NATIVE, POSTER, ROBOT, TV, Browser, Guarded, guarded
from tests.shell.authorizing import START, chance
from tests.shell.conftest import QUIET

HOUR = 3600.0


@dataclass
class Time(VirtualClock):
    """A virtual clock of both the client and the server; `then` happens at each rest."""

    then: Callable[[int], object] = lambda _: None
    rests: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(START)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if seconds:
            self.rests.append(seconds)
            self.then(len(self.rests))


Play: TypeAlias = Callable[[Path, Credentials, Time], Result]


def synchronous(path: Path, credentials: Credentials, time: Time) -> Result:
    plan, entries = runner.compile(runner.load(str(path))), list[Entry]()
    with HttpTransport(QUIET) as transport:
        world = World(transport, time, entries.append, credentials)
        outcome = run_plan(plan, [ask(plan, key, {}) for key in plan.entries], world)
    return result_of(outcome, tuple(entries))


def asynchronous(path: Path, credentials: Credentials, time: Time) -> Result:
    plan, entries = runner.compile(runner.load(str(path))), list[Entry]()

    async def awaited() -> Result:
        async with AsyncHttpTransport(QUIET) as transport:
            world = AsyncWorld(transport, AsyncVirtualClock(time), entries.append, credentials)
            flow = start(plan, [ask(plan, key, {}) for key in plan.entries], None, world)
            return result_of(await adrive(flow, world), tuple(entries))

    return asyncio.run(awaited())


@pytest.fixture(params=[synchronous, asynchronous])
def play(request: pytest.FixtureRequest) -> Play:
    chosen: Play = request.param
    return chosen


def given(browser: Browser | None = None, **parts: str | None) -> Credentials:
    """Credentials for the scheme `Login`, of somebody who sits at a browser or of nobody."""
    values = {f"Login.{part}": value or "" for part, value in parts.items()}
    return Credentials(values, keyring=Keyring(show=browser and browser.show, random=chance))


def robot(**more: str) -> Credentials:
    return given(client_id=ROBOT.id, client_secret=ROBOT.secret, **more)


def passed(result: Result) -> Result:
    assert result.outcome == "passed", result.problem
    return result


def refusals(stage: Guarded) -> dict[str, int]:
    return dict(stage.server.state.refusals)


# Tokens for a client


def test_a_client_gets_one_token_for_many_steps(play: Play, tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:
        path, credentials = stage.write(tmp_path, "clientCredentials", steps="list list list list list"), robot()
        passed(play(path, credentials, time))
        passed(play(path, credentials, time))
    assert stage.subjects == ["robot"] * 10
    assert (stage.issued, len(set(stage.bearers)), refusals(stage)) == ({"client_credentials": 1}, 1, {})


def test_a_server_that_refuses_basic_is_given_the_secret_in_the_body_and_asked_so_from_then_on(
    play: Play, tmp_path: Path
) -> None:
    with guarded(time := Time()) as stage:
        path = stage.write(tmp_path, "clientCredentials", steps="list list")
        credentials = given(client_id=POSTER.id, client_secret=POSTER.secret)
        passed(play(path, credentials, time))
        time.sleep(HOUR)
        passed(play(path, credentials, time))
    assert stage.subjects == ["poster"] * 4
    assert (stage.issued, refusals(stage)) == ({"client_credentials": 2}, {"invalid_client": 1})


def test_a_user_s_password_is_sent_once_and_the_token_refreshed_over_each_expiry(play: Play, tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:
        stage.after = lambda number: number in (2, 4) and time.sleep(HOUR)
        path = stage.write(tmp_path, "password", steps="list list list list list list")
        passed(play(path, robot(username=ANN.name, password=ANN.password or ""), time))
        ended = [token.ended for token in stage.server.state.tokens.values() if token.kind == "refresh"]
    assert stage.subjects == ["ann"] * 6
    assert (stage.issued, len(set(stage.bearers)), refusals(stage)) == ({"password": 1, "refresh_token": 2}, 3, {})
    assert ended == ["rotated", "rotated", None]


def test_a_token_that_is_revoked_is_replaced_by_one_new_one(play: Play, tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:
        stage.before = lambda number: number == 3 and stage.revoke_all()
        passed(play(stage.write(tmp_path, "clientCredentials", steps="list list list list"), robot(), time))
    assert (stage.asked, stage.subjects) == (5, ["robot"] * 4)
    assert (stage.issued, refusals(stage)) == ({"client_credentials": 2}, {"invalid_token": 1})


def test_a_new_token_that_is_refused_is_not_replaced(play: Play, tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:
        stage.before = lambda _: stage.revoke_all()
        result = play(stage.write(tmp_path, "clientCredentials", steps="list list"), robot(), time)
    assert result.outcome == "failed"
    assert (stage.asked, stage.issued) == (1, {"client_credentials": 1})


def test_runs_at_the_same_time_share_one_token(tmp_path: Path) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(runner.arun(plan, credentials=credentials, transport=QUIET) for _ in range(8)))

    with guarded() as stage:
        plan, credentials = runner.compile(runner.load(str(stage.write(tmp_path, "clientCredentials")))), robot()
        asyncio.run(all_at_once())
    assert (stage.subjects, stage.issued) == (["robot"] * 8, {"client_credentials": 1})


# Tokens that a user agrees to


def test_a_user_agrees_once_in_a_browser_and_the_token_is_refreshed_from_then_on(play: Play, tmp_path: Path) -> None:
    browser = Browser()
    with guarded(time := Time(), consent="page") as stage:
        stage.after = lambda number: number in (1, 3) and time.sleep(HOUR)
        path = stage.write(tmp_path, "authorizationCode", steps="list list list list")
        passed(play(path, given(browser, client_id=NATIVE.id), time))
    assert "You can close this window" in browser.last
    assert stage.subjects == ["ann"] * 4
    assert (stage.issued, refusals(stage)) == ({"authorization_code": 1, "refresh_token": 2}, {})
    query = httpx.URL(browser.shown[0]).params
    assert len(browser.shown) == 1
    assert (query["code_challenge_method"], query["redirect_uri"][:17]) == ("S256", "http://127.0.0.1:")


def test_a_user_is_asked_at_once_for_all_that_a_run_needs(play: Play, tmp_path: Path) -> None:
    browser = Browser()
    with guarded(time := Time(), consent="page") as stage:
        path = stage.write(tmp_path, "authorizationCode", steps="list create list create")
        passed(play(path, given(browser, client_id=NATIVE.id), time))
    assert browser.asked_for == ["read write"]
    assert (stage.subjects, stage.issued) == (["ann"] * 4, {"authorization_code": 1})


def test_a_user_who_revokes_what_was_agreed_to_is_asked_again(play: Play, tmp_path: Path) -> None:
    browser = Browser()
    with guarded(time := Time(), consent="page") as stage:
        stage.before = lambda number: number == 2 and stage.revoke_all()
        path = stage.write(tmp_path, "authorizationCode", steps="list list list")
        passed(play(path, given(browser, client_id=NATIVE.id), time))
    assert (stage.issued, len(browser.shown)) == ({"authorization_code": 2}, 2)
    assert refusals(stage) == {"invalid_token": 1, "invalid_grant": 1}


def test_a_user_agrees_on_another_device_while_the_server_is_asked_as_often_as_it_allows(
    play: Play, tmp_path: Path
) -> None:
    shown: list[str] = []
    browser, time = Browser(), Time()
    with guarded(time, consent="page", lifetimes=Lifetimes(poll=7)) as stage:
        time.then = lambda number: number == 3 and browser.show(shown[0])
        path = stage.write(tmp_path, "deviceAuthorization", steps="list list")
        keyring = Keyring(show=lambda url, _=None: shown.append(url))
        passed(play(path, Credentials({"Login.client_id": TV.id}, keyring=keyring), time))
    assert (time.rests, stage.subjects) == ([7.0, 7.0, 7.0], ["ann", "ann"])
    assert (stage.issued, refusals(stage)) == ({DEVICE_CODE: 1}, {"authorization_pending": 2})


# A server that says of itself what it offers


def test_a_server_is_discovered_once(play: Play, tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:
        path, credentials = stage.write(tmp_path, openid=True, steps="list create list"), robot()
        passed(play(path, credentials, time))
        passed(play(path, credentials, time))
    assert stage.server.state.requests["openid_configuration"] == 1
    assert stage.issued == {"client_credentials": 2}  # one for each scope


def test_a_user_is_asked_by_a_server_that_was_discovered(play: Play, tmp_path: Path) -> None:
    browser = Browser()
    with guarded(time := Time(), consent="page") as stage:
        path = stage.write(tmp_path, openid=True, steps="list create")
        passed(play(path, given(browser, client_id=NATIVE.id), time))
    assert (stage.subjects, browser.asked_for) == (["ann", "ann"], ["openid read write"])


# What a server refuses


def without_a_token(result: Result, stage: Guarded) -> str:
    """Say why there is no token; the API must not have been asked."""
    assert (result.outcome, stage.asked) == ("error", 0)
    assert result.problem is not None
    before, _, why = result.problem.message.partition(f"no token from '{stage.idp}/token': ")
    assert before == "step 'list1' failed: GET /orders: "
    return why


@pytest.mark.parametrize(
    ("kind", "parts", "why"),
    [
        (
            "clientCredentials",
            {"client_secret": "guess"},
            "invalid_client (the client's secret is wrong); check CLIENT_ID and CLIENT_SECRET",
        ),
        (
            "clientCredentials",
            {"client_id": "nobody"},
            "invalid_client (there is no such client); check CLIENT_ID and CLIENT_SECRET",
        ),
        (
            "clientCredentials",
            {"scope": "admin"},
            "invalid_scope (there is no scope admin); SCOPE says which to ask for",
        ),
        (
            "password",
            {"username": "ann", "password": "guess"},
            "invalid_grant (the user name or the password is wrong); check USERNAME and PASSWORD",
        ),
    ],
)
def test_what_is_wrong_is_told_as_the_server_says_it(
    kind: str, parts: dict[str, str], why: str, tmp_path: Path
) -> None:
    credentials = given(**{"client_id": ROBOT.id, "client_secret": ROBOT.secret, **parts})
    with guarded(time := Time()) as stage:
        assert without_a_token(synchronous(stage.write(tmp_path, kind), credentials, time), stage) == why


def test_a_user_who_says_no_is_told_of(tmp_path: Path) -> None:
    with guarded(time := Time(), consent="page") as stage:
        path = stage.write(tmp_path, "authorizationCode")
        result = synchronous(path, given(Browser("deny"), client_id=NATIVE.id), time)
        assert without_a_token(result, stage) == "access_denied (the user said no)"


def test_an_answer_of_another_server_is_not_taken_to_this_one(tmp_path: Path) -> None:
    browser = Browser(back=lambda url: url.copy_set_param("iss", "https://evil.example"))
    with guarded(time := Time()) as stage:
        path = stage.write(tmp_path, openid=True)
        result = synchronous(path, given(browser, client_id=NATIVE.id), time)
        assert result.problem is not None
        assert "the answer comes from another server: its iss is not the issuer" in result.problem.message
    assert (stage.server.state.requests["token"], stage.asked) == (0, 0)


def test_a_code_that_somebody_else_asked_for_is_refused_for_its_verifier(tmp_path: Path) -> None:
    browser = Browser(turn=lambda url: re.sub("(?<=code_challenge=)[^&]*", "x" * 43, url))
    with guarded(time := Time()) as stage:
        result = synchronous(stage.write(tmp_path, "authorizationCode"), given(browser, client_id=NATIVE.id), time)
        why = without_a_token(result, stage)
    assert why == "invalid_grant (the code_verifier does not fit the code_challenge)"
    assert stage.issued == {}


def test_a_code_that_somebody_else_used_before_is_refused_and_what_they_got_ends(tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:

        def steal(url: httpx.URL) -> httpx.URL:
            form = {
                "grant_type": "authorization_code",
                "client_id": NATIVE.id,
                "code": url.params["code"],
                "redirect_uri": httpx.URL(browser.shown[0]).params["redirect_uri"],
                "code_verifier": base64.urlsafe_b64encode(chance(32)).decode().rstrip("="),
            }
            stolen.append(httpx.post(f"{stage.idp}/token", data=form).json()["access_token"])
            return url

        stolen: list[str] = []
        browser = Browser(back=steal)
        result = synchronous(stage.write(tmp_path, "authorizationCode"), given(browser, client_id=NATIVE.id), time)
        assert without_a_token(result, stage) == "invalid_grant (the code has been used before)"
        token = stage.server.state.token(stolen[0])
        assert token is not None
        assert token.ended == "revoked"


def test_a_refresh_token_that_was_rotated_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with guarded(time := Time()) as stage:
        form = {"grant_type": "password", "username": ANN.name, "password": ANN.password}
        pair = (ROBOT.id, "r0b0t%2Bs3cret%2F%26")
        mine = httpx.post(f"{stage.idp}/token", data=form, auth=pair).json()["refresh_token"]
        path = stage.write(tmp_path, "authorizationCode")
        passed(synchronous(path, robot(refresh_token=mine), time))
        stage.asked = 0
        assert without_a_token(synchronous(path, robot(refresh_token=mine), time), stage) == (
            "invalid_grant (the refresh token is rotated); "
            "a new REFRESH_TOKEN is needed: this one has ended, and some servers take each only once"
        )
    assert stage.issued == {"password": 1, "refresh_token": 1}
