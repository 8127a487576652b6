"""What a Python caller is promised: the sandbox by name, no secrets in what is told, and runs that do not meet."""

from __future__ import annotations

import asyncio
import doctest
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from pytest_httpx import HTTPXMock

import runner
from runner.bundled import workflows
from runner.engine.events import Answered, Entry, StepFinished, WaitStarted
from runner.exchange import Reply, Response
from tests.cli.process import documents
from tests.shell.server import Connection, always, answer, serve

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 10.0
SECRET = "correct-horse-battery"
FLOWS = (
    "civitai-search-models-detail",
    "civitai-image-generation-poll",
    "civitai-vault-toggle-verify",
    "civitai-oauth-token-lifecycle",
)


def plan_of(name: str) -> runner.Plan:
    return runner.compile(runner.load(str(workflows()[name])))


def story(result: runner.Result) -> list[object]:
    """Give what happened, without the times of day and the ids that hang on them."""
    steps = [each.event for each in result.entries if isinstance(each.event, StepFinished)]
    statuses = [each.event.exchange.reply for each in result.entries if isinstance(each.event, Answered)]
    answers = [each.status if isinstance(each, runner.Response) else each.kind for each in statuses]
    return [result.outcome, [(step.step_id, step.outcome, step.attempts) for step in steps], answers]


def test_the_package_documents_itself_by_examples_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = doctest.testmod(runner, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.attempted >= 4
    assert done.failed == 0


def test_the_sandbox_is_asked_for_by_name_and_needs_nothing_else() -> None:
    results = [runner.run(plan_of(FLOWS[1]), sandbox=True), asyncio.run(runner.arun(plan_of(FLOWS[1]), sandbox=True))]
    assert [result.passed for result in results] == [True, True]
    assert story(results[0]) == story(results[1])


def test_the_sandbox_begins_as_it_is_told(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("clock: 2026-05-25T15:42:11Z\n", encoding="utf-8")
    faulty = runner.Sandbox(str(scenario), faults=["status=503,times=1"])
    result = runner.run(plan_of(FLOWS[1]), sandbox=faulty)
    assert result.entries[0].at == 1_779_723_731.0
    assert story(result) == ["failed", [("submit", "failed", 1)], [503]]
    assert runner.run(plan_of(FLOWS[1]), sandbox=runner.Sandbox(balance=0)).outcome == "failed"
    with pytest.raises(runner.UsageError, match="cannot read --scenario"):
        runner.run(plan_of(FLOWS[1]), sandbox=runner.Sandbox(str(tmp_path / "gone.yaml")))
    scenario.write_text("clok: 1\n", encoding="utf-8")
    with pytest.raises(runner.DescriptionError, match="clok"):
        runner.run(plan_of(FLOWS[1]), sandbox=runner.Sandbox(str(scenario)))


def test_a_description_without_a_server_runs_on_the_sandbox(tmp_path: Path) -> None:
    path = documents(tmp_path, "/", "  - {stepId: list, operationId: listThings}\n")
    assert runner.run(runner.compile(runner.load(str(path)), sandbox=True), sandbox=True).passed


def test_options_that_exclude_each_other_or_are_not_there_are_refused() -> None:
    class Nowhere:
        def send(self, request: runner.Request, timeout: float | None) -> Reply:
            raise AssertionError("nothing may be sent")

    plan = plan_of(FLOWS[0])
    with pytest.raises(runner.UsageError, match="no other transport"):
        runner.run(plan, sandbox=True, transport=Nowhere())
    with pytest.raises(TypeError, match="there is no option 'sandbx'"):
        runner.run(plan, sandbx=True)  # type: ignore[call-arg]


def test_budgets_and_contract_are_options_of_a_run() -> None:
    limited = runner.run(plan_of(FLOWS[0]), sandbox=True, limits=runner.Limits(steps=1))
    assert (limited.outcome, limited.problem and limited.problem.kind) == ("error", "budget")
    stale = runner.compile(runner.load(str(ROOT / "examples/stale.arazzo.yaml")))
    by_level = {level: runner.run(stale, sandbox=True, contract=level) for level in ("off", "warn", "error")}
    assert [result.outcome for result in by_level.values()] == ["passed", "passed", "failed"]
    assert by_level["off"].breaches == ()
    assert {breach.mismatch.check for breach in by_level["warn"].breaches} == {"body"}
    strict = runner.Limits(contract=runner.ContractPolicy(body="error"))
    assert runner.run(stale, sandbox=True, limits=strict).outcome == "failed"
    assert runner.run(stale, sandbox=True, limits=strict, contract="off").outcome == "passed"


def test_what_is_wrong_with_a_document_can_be_asked_for_instead_of_raised(tmp_path: Path) -> None:
    wrong = runner.check(str(ROOT / "examples/typos.arazzo.yaml"))
    assert wrong.plan is None
    assert [problem.rule for problem in wrong.errors] == ["unknown-step", "undeclared-output"]
    drawn = runner.render(wrong.errors[0])
    assert drawn.startswith("error[unknown-step]: there is no step 'lok' in this workflow\n")
    assert "help: did you mean 'look'?" in drawn
    assert runner.check(str(tmp_path / "gone.yaml")).errors[0].rule == "unreadable-document"


def test_documents_may_be_given_as_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = documents(tmp_path, "https://things.example", "  - {stepId: list, operationId: listThings}\n")
    texts = {each.name: each.read_text(encoding="utf-8") for each in (path, tmp_path / "api.yaml")}
    for name in texts:
        (tmp_path / name).unlink()
    plan = runner.compile(runner.load("flow.arazzo.yaml", runner.Sources(texts=texts)))
    assert runner.run(plan, sandbox=True).passed


def test_a_result_is_drawn_as_the_command_line_draws_it() -> None:
    failed = runner.run(plan_of(FLOWS[2]), inputs={"modelVersionId": 3200012}, sandbox=True)
    assert not failed.passed
    drawn = runner.render(failed)
    assert "error[criterion]: step 'add': $statusCode == 200 is not met: it is 403" in drawn
    assert "^^^^^^^^^^^^^^^^^^ 403 is not 200" in drawn
    assert "\x1b[" not in drawn
    assert "\x1b[1;31m" in runner.render(failed, color=True)
    assert "GET https://civitai.com/api/v1/me" in runner.render(failed, verbose=True)


LOGIN = """  inputs:
    properties: {password: {type: string, format: password, minLength: 8}, n: {type: integer}}
"""
ECHO = """  - stepId: make
    operationId: createThing
    requestBody: {contentType: application/json, payload: {user: me, note: $inputs.password}}
    outputs: {echo: $response.body#/note}
    successCriteria: [{condition: $response.body#/note == 'something else'}]
"""


def test_no_secret_is_in_what_is_told_shown_or_raised(tmp_path: Path) -> None:
    """Neither the credential nor the input; what the workflow itself gives is the caller's, secrets and all."""
    body = json.dumps({"note": SECRET}).encode()
    told: list[runner.Entry] = []
    credentials = runner.Credentials({"Key": SECRET[::-1]})
    with serve(always(answer("Content-Type: application/json", body=body, status="201 Created"))) as server:
        path = documents(tmp_path, server.url(""), ECHO, extra=LOGIN)
        plan = runner.compile(runner.load(str(path)))
        inputs = {"password": SECRET}
        result = runner.run(plan, inputs=inputs, credentials=credentials, tell=told.append)
        assert SECRET.encode() in server.received[0].body
        raw = runner.run(plan, inputs=inputs, credentials=credentials, redact=False)
    with pytest.raises(runner.InputsError) as refused:
        runner.run(plan, inputs={"password": "short-1", "n": "x"})
    everything = (
        repr(credentials), repr(plan), repr(result), repr(result.entries), repr(told), repr(result.problem),
        runner.render(result, verbose=True), runner.render(raw, verbose=True), str(refused.value), repr(refused.value),
    )  # fmt: skip
    for text in everything:
        assert SECRET not in text
        assert SECRET[::-1] not in text
        assert "short-1" not in text
    assert result.outcome == "failed"
    assert SECRET in repr(raw.entries)


def test_runs_in_threads_tell_what_they_tell_one_by_one() -> None:
    plans = {name: plan_of(name) for name in FLOWS}
    alone = {name: story(runner.run(plan, sandbox=True)) for name, plan in plans.items()}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda name: (name, story(runner.run(plans[name], sandbox=True))), FLOWS * 4))
    assert all(told == alone[name] for name, told in together)


def test_runs_in_one_event_loop_tell_what_they_tell_one_by_one() -> None:
    plans = {name: plan_of(name) for name in FLOWS}
    alone = {name: story(runner.run(plan, sandbox=True)) for name, plan in plans.items()}

    async def all_at_once() -> list[runner.Result]:
        return await asyncio.gather(*(runner.arun(plans[name], sandbox=True) for name in FLOWS * 4))

    together = dict(zip(FLOWS * 4, map(story, asyncio.run(all_at_once())), strict=True))
    assert together == alone


def test_runs_at_once_with_credentials_of_their_own_never_mix_them(tmp_path: Path) -> None:
    with serve(always(answer("Content-Type: application/json", body=b"{}"))) as server:
        path = documents(
            tmp_path,
            server.url(""),
            "  - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}\n",
        )
        plan = runner.compile(runner.load(str(path)))

        def one(number: int) -> str:
            mine = runner.Credentials({"Key": f"token-of-{number:04}"})
            return runner.run(plan, inputs={"id": str(number)}, credentials=mine).outcome

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(one, range(16))) == {"passed"}
        sent = {each.line.split()[1]: each.field("authorization") for each in server.received}
    assert sent == {f"/things/{number}": f"Bearer token-of-{number:04}" for number in range(16)}


def test_a_run_ends_when_the_caller_has_had_enough() -> None:
    enough = threading.Event()

    def tell(entry: runner.Entry) -> None:
        if isinstance(entry.event, StepFinished):
            enough.set()

    result = runner.run(plan_of(FLOWS[0]), sandbox=True, tell=tell, cancelled=enough.is_set)
    assert result.problem is not None
    assert result.problem.kind == "cancelled"
    assert [each.event.step_id for each in result.entries if isinstance(each.event, StepFinished)][:1] == ["search"]


TIDIED = """\
  - {stepId: list, operationId: listThings, timeout: 30000}
  x-finally: [{stepId: tidy, operationId: createThing}]
"""


class Unanswered:
    """A transport of a caller's that answers nothing that is asked of it, but what tidies up."""

    def __init__(self, enough: threading.Event) -> None:
        self.enough = enough

    def send(self, request: runner.Request, timeout: float | None) -> Reply:
        if request.method == "GET":
            self.enough.set()
            threading.Event().wait(timeout)
        return runner.Response(201)


class UnansweredTask(Unanswered):
    """The same, awaited."""

    async def send(self, request: runner.Request, timeout: float | None) -> Reply:  # type: ignore[override]
        if request.method == "GET":
            self.enough.set()
            await asyncio.sleep(timeout or 0)
        return runner.Response(201)


def ended_in_the_middle(folder: Path, url: str, enough: threading.Event, *, awaited: bool, **options: Any) -> None:
    """Run until a request is under way, end the run, and see that it ends at once and what tidies up is sent."""
    plan = runner.compile(runner.load(str(documents(folder, url, TIDIED))))
    began = time.monotonic()
    if awaited:
        result = asyncio.run(runner.arun(plan, cancelled=enough.is_set, **options))
    else:
        result = runner.run(plan, cancelled=enough.is_set, **options)
    assert time.monotonic() - began < PATIENCE
    assert story(result) == ["error", [("list", "error", 1), ("tidy", "passed", 1)], ["cancelled", 201]]
    assert result.problem is not None
    assert result.problem.kind == "cancelled"


@pytest.mark.parametrize("awaited", [False, True])
def test_a_caller_ends_a_run_in_the_middle_of_a_request(tmp_path: Path, awaited: bool) -> None:
    enough = threading.Event()

    def behave(connection: Connection) -> None:
        request = connection.request()
        if request is not None and request.line.startswith("GET"):
            enough.set()
            connection.wait()
        else:
            connection.send(answer(status="201 Created"))

    with serve(behave) as server:
        ended_in_the_middle(tmp_path, server.url(""), enough, awaited=awaited)


def test_a_caller_ends_a_run_also_where_the_transport_is_the_callers(tmp_path: Path) -> None:
    enough = threading.Event()
    ended_in_the_middle(tmp_path, "https://a.test", enough, awaited=False, transport=Unanswered(enough))


def test_a_stand_in_of_a_test_may_be_the_transport_of_a_run_that_its_caller_may_end(tmp_path: Path) -> None:
    transport = Mock()
    transport.send.return_value = Response(200)
    path = documents(tmp_path, "https://a.test", "  - {stepId: list, operationId: listThings}\n")
    result = runner.run(runner.compile(runner.load(str(path))), transport=transport, cancelled=lambda: False)
    assert (result.outcome, transport.send.call_count) == ("passed", 1)


def test_an_awaited_run_is_ended_without_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enough, started = threading.Event(), list[object]()
    monkeypatch.setattr(threading.Thread, "start", started.append)
    ended_in_the_middle(tmp_path, "https://a.test", enough, awaited=True, transport=UnansweredTask(enough))
    assert started == []


@pytest.mark.parametrize("awaited", [False, True])
def test_a_caller_ends_a_run_also_where_httpx_is_mocked(tmp_path: Path, httpx_mock: HTTPXMock, awaited: bool) -> None:
    enough = threading.Event()

    def hang(_: httpx.Request) -> httpx.Response:
        enough.set()
        threading.Event().wait(30)
        return httpx.Response(200)

    async def hang_awaited(_: httpx.Request) -> httpx.Response:
        enough.set()
        await asyncio.sleep(30)
        return httpx.Response(200)

    httpx_mock.add_callback(hang_awaited if awaited else hang, method="GET")
    httpx_mock.add_response(201, method="POST")
    ended_in_the_middle(tmp_path, "https://a.test", enough, awaited=awaited)


@pytest.mark.parametrize("awaited", [False, True])
def test_a_caller_ends_a_run_in_the_middle_of_a_wait(tmp_path: Path, awaited: bool) -> None:
    enough = threading.Event()
    steps = (
        "  - {stepId: list, operationId: listThings, successCriteria: [{condition: $statusCode == 200}],\n"
        "     onFailure: [{name: again, type: retry, retryAfter: 30, retryLimit: 2}]}\n"
    )

    def tell(entry: Entry) -> None:
        if isinstance(entry.event, WaitStarted):
            enough.set()

    with serve(always(answer(status="500 Oops"))) as server:
        plan = runner.compile(runner.load(str(documents(tmp_path, server.url(""), steps))))
        began = time.monotonic()
        if awaited:
            result = asyncio.run(runner.arun(plan, tell=tell, cancelled=enough.is_set))
        else:
            result = runner.run(plan, tell=tell, cancelled=enough.is_set)
        assert time.monotonic() - began < PATIENCE
    assert result.problem is not None
    assert result.problem.kind == "cancelled"
    assert len(server.received) == 1


def test_what_a_teardown_waits_for_is_waited_for_though_the_caller_has_ended_the_run(tmp_path: Path) -> None:
    retry = "onFailure: [{name: again, type: retry, retryAfter: 0.3, retryLimit: 2}]"
    tidy = f"{{stepId: tidy, operationId: createThing, successCriteria: [{{condition: $statusCode == 200}}], {retry}}}"
    path = documents(tmp_path, "https://a.test", TIDIED.replace("{stepId: tidy, operationId: createThing}", tidy))
    clock = list[float]()

    def tell(entry: Entry) -> None:
        if isinstance(entry.event, Answered):
            clock.append(time.monotonic())

    enough = threading.Event()
    plan = runner.compile(runner.load(str(path)))
    runner.run(plan, transport=Unanswered(enough), tell=tell, cancelled=enough.is_set)
    assert len(clock) == 4
    assert clock[3] - clock[1] > 0.5
