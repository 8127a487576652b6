"""What a Python caller is promised: the sandbox by name, no secrets in what is told, and runs that do not meet."""

from __future__ import annotations

import asyncio
import doctest
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import runner
from runner.bundled import workflows
from runner.engine.events import Answered, StepFinished
from runner.exchange import Reply
from tests.cli.process import documents
from tests.shell.server import always, answer, serve

ROOT = Path(__file__).resolve().parent.parent
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
