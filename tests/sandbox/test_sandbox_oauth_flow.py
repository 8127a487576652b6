"""The bundled life of a token: to its end on the sandbox and over HTTP, and every refusal by its own name."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
import yaml

import runner
from runner.api import ask, start
from runner.bundled import workflows
from runner.engine.events import ActionTaken, StepFinished
from runner.engine.state import Limits
from runner.exchange import Request, Response, TransportFailure
from runner.records import replace
from runner.result import result_of
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.server import Running
from runner.sandbox.transport import SandboxTransport
from runner.shell.clock import VirtualClock
from runner.shell.drive import World, drive
from runner.shell.worker import Worker
from tests.cli.process import COMMAND, environment

NAME = "civitai-oauth-token-lifecycle"
FROM_CODE = "civitai-oauth-token-from-code"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
EXAMPLE = Path(workflows()[NAME]).parent / "inputs" / f"{NAME}.yaml"


class Play:
    """Runs the document on a sandbox. `between` may answer instead of it, or do something before it does."""

    def __init__(self, between=lambda _request, _send: None):
        self.clock = VirtualClock(1_800_000_000)
        self.sandbox = CivitaiSandbox(self.clock)
        self.inner = SandboxTransport(self.sandbox, self.clock)
        self.between = between
        self.sent: list[Request] = []

    def send(self, request, timeout):
        self.sent.append(request)
        return self.between(request, self.inner.send) or self.inner.send(request, timeout)

    def run(self, workflow_id=NAME, **inputs):
        plan = runner.compile(runner.load(str(workflows()[NAME])))
        (key,) = (key for key, workflow in plan.workflows.items() if workflow.workflow_id == workflow_id)
        asked, entries = [ask(plan, key, inputs)], []
        with Worker() as worker:
            world = World(self, self.clock, entries.append, apply=worker.apply)
            outcome = drive(start(plan, asked, Limits(), world), world)
        self.result = result_of(outcome, tuple(entries))
        events = [entry.event for entry in entries]
        self.actions = [event.name for event in events if isinstance(event, ActionTaken)]
        self.steps = [event.step_id for event in events if isinstance(event, StepFinished)]
        return self.result

    def code(self):
        form = {
            "response_type": "code",
            "client_id": "demo-app",
            "redirect_uri": "http://127.0.0.1:8765/callback",
            "state": "of-the-test",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "approved": "true",
        }
        return self.post("authorize", form).content.value["code"]

    def post(self, path, form):
        headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
        url = f"https://auth.civitai.com/api/auth/oauth/{path}"
        return self.sandbox.answer(Request("POST", url, headers, urlencode(form).encode()))

    @property
    def good_tokens(self):
        state = self.sandbox._oauth.state
        return [token for token in state.tokens.values() if token.status(self.clock.now()) == "active"]


def form(request):
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def is_step(request, path, **members):
    return request.url.endswith(path) and members.items() <= form(request).items()


@pytest.mark.parametrize("example", [False, True])
def test_from_the_question_to_the_revoked_token(example):
    play = Play()
    result = play.run(**(yaml.safe_load(EXAMPLE.read_text()) if example else {}))
    assert result.outcome == "passed"
    assert result.outputs["username"] == "JustMaier"
    assert result.outputs["statusAfterRevocation"] == 401
    assert result.outputs["authorizationUrl"].startswith("https://auth.civitai.com/api/auth/oauth/authorize?")
    assert play.good_tokens == []
    assert play.actions == ["revoked", "revoked"]


def test_the_other_workflow_goes_on_from_a_code_that_a_person_brought():
    play = Play()
    result = play.run(FROM_CODE, code=play.code())
    assert (result.outcome, result.outputs["statusAfterRevocation"]) == ("passed", 401)


def test_where_nobody_is_signed_in_it_ends_with_what_a_person_has_to_open():
    def signed_out(request, _send):
        return Response(303, (("Location", "/login"),)) if is_step(request, "authorize", approved="true") else None

    play = Play(signed_out)
    result = play.run()
    assert (result.outcome, play.actions, play.steps) == ("failed", ["consent-needed"], ["ask", "consent"])
    assert "code_challenge=E9Melhoa" in result.outputs["authorizationUrl"]


def test_a_user_who_says_no_is_an_end_of_its_own():
    def no(request, send):
        if not is_step(request, "authorize", approved="true"):
            return None
        return send(replace(request, body=request.body.replace(b"approved=true", b"approved=false")), None)

    play = Play(no)
    assert (play.run().outcome, play.actions) == ("failed", ["denied"])


def test_an_answer_to_another_question_is_not_taken():
    def swapped(request, _send):
        if not is_step(request, "authorize", approved="true"):
            return None
        return Response(200, (("Content-Type", "application/json"),), b'{"code":"theirs","state":"theirs"}')

    play = Play(swapped)
    assert (play.run().outcome, play.actions, play.steps) == ("failed", ["wrong-state"], ["ask", "consent"])


def test_a_wrong_verifier_is_an_end_of_its_own():
    play = Play()
    assert play.run(codeVerifier="x" * 43).outcome == "failed"
    assert play.actions == ["wrong-verifier"]
    assert play.good_tokens == []


def test_a_code_used_before_is_an_end_of_its_own():
    play = Play()
    code = play.code()
    assert play.run(FROM_CODE, code=code).outcome == "passed"
    assert play.run(FROM_CODE, code=code).outcome == "failed"
    assert play.actions == ["code-used-or-expired"]


def test_a_code_refused_without_a_word_is_an_end_of_its_own():
    def terse(request, _send):
        if not is_step(request, "token", grant_type="authorization_code"):
            return None
        return Response(400, (("Content-Type", "application/json"),), b'{"error":"invalid_grant"}')

    play = Play(terse)
    assert (play.run().outcome, play.actions) == ("failed", ["code-refused"])


def test_a_refresh_token_that_somebody_else_used_first_is_an_end_of_its_own():
    def thief(request, send):
        if is_step(request, "token", grant_type="refresh_token"):
            assert send(request, None).status == 200
        return

    play = Play(thief)
    assert (play.run().outcome, play.actions) == ("failed", ["refresh-token-rotated"])
    assert play.good_tokens == []


def test_an_app_with_a_wrong_secret_is_an_end_of_its_own():
    play = Play()
    assert (play.run(clientSecret="guess").outcome, play.actions) == ("failed", ["app-refused"])


def broken(path, at):
    """Answer the requests to a path from the `at`-th on as a server that has a fault for good."""
    seen = [0]

    def answer(request, _send):
        seen[0] += request.url.endswith(path)
        is_broken = request.url.endswith(path) and seen[0] >= at
        return (
            Response(500, (("Content-Type", "application/json"),), b'{"error":"server_error"}') if is_broken else None
        )

    return answer


@pytest.mark.parametrize(
    ("path", "at", "last"),
    [
        ("/userinfo", 1, "withdrawn"),
        ("/me", 1, "withdrawn"),
        ("/token", 2, "withdrawn"),
        ("/me", 2, "revoked-after-failure"),
    ],
)
def test_what_fails_in_between_gives_the_tokens_back_and_fails(path, at, last):
    play = Play(broken(path, at))
    assert play.run().outcome == "failed"
    assert play.actions[-1] == last
    assert play.good_tokens == []


def test_when_the_reply_to_the_refresh_is_lost_what_came_of_it_is_given_back_too():
    def lost(request, send):
        if not is_step(request, "token", grant_type="refresh_token"):
            return None
        assert send(request, None).status == 200
        return TransportFailure("closed", "the connection was closed")

    play = Play(lost)
    assert (play.run().outcome, play.actions[-1]) == ("failed", "withdrawn")
    assert play.good_tokens == []


def test_tokens_that_cannot_be_given_back_fail_the_run():
    play = Play(broken("/revoke", 1))
    assert (play.run().outcome, play.actions[-1]) == ("failed", "not-revoked")


def test_a_code_is_sent_again_only_when_it_was_refused_for_its_pace():
    def once(request, _send):
        redeems = [each for each in play.sent if is_step(each, "token", grant_type="authorization_code")]
        if request not in redeems or len(redeems) > 1:
            return None
        return Response(429, (("Content-Type", "application/json"),), b'{"error":"rate_limited"}')

    play = Play(once)
    assert (play.run().outcome, play.actions[0]) == ("passed", "slow-down")
    play = Play(broken("/token", 1))
    assert (play.run().outcome, play.actions) == ("failed", ["outcome-unknown"])


def command(*arguments):
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_it_is_without_fault_by_every_measure_and_tells_no_token(tmp_path):
    assert command("check", "--strict", str(workflows()[NAME]))[0] == 0
    report = tmp_path / "run.jsonl"
    code, out = command("run", NAME, "--contract", "error", "--report", f"jsonl={report}", "--format", "json")
    assert code == 0, out
    for told in (out, report.read_text()):
        assert "JustMaier" in told
        assert "civitai_" not in told
        assert VERIFIER not in told
        assert "demo-app-secret" not in told


def test_it_is_the_same_over_http():
    with Running(Settings()) as server:
        servers = ["--server", f"oauth={server.url}", "--server", f"site={server.url}/api/v1"]
        code, out = command("run", NAME, "--contract", "error", *servers)
    assert code == 0, out
    assert "statusAfterRevocation  401" in out
