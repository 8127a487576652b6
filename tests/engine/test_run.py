"""Flows with scripted replies: what is sent, what is decided, what comes out."""

from __future__ import annotations

import pytest

from runner.engine.events import (
    Answered,
    BodyUnreadable,
    CriterionChecked,
    RunFinished,
    RunStarted,
    SecretsLearned,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.engine.flow import Cancelled
from runner.engine.state import Limits
from runner.exchange import Reply, Response, TransportFailure
from tests.scripted import header, plan_of, play, reply

TWO_STEPS = header("""
- workflowId: main
  inputs: {type: object, properties: {limit: {type: integer}, cursor: {type: string}}}
  steps:
  - stepId: list
    operationId: listThings
    parameters:
    - {name: limit, in: query, value: $inputs.limit}
    - {name: cursor, in: query, value: $inputs.cursor}
    outputs: {first: $response.body#/items/0/id}
  - stepId: open
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.list.outputs.first}]
    successCriteria: [{condition: $statusCode == 200}]
    outputs: {name: $response.body#/name}
  outputs: {name: $steps.open.outputs.name, count: $steps.list.outputs.count}
""").replace("outputs: {first:", "outputs: {count: $response.body#/total, first:")


def test_outputs_feed_the_next_step_and_keep_their_types() -> None:
    story = play(
        TWO_STEPS, [reply(body={"total": 0, "items": [{"id": "a/b"}]}), reply(body={"name": None})], {"limit": 3}
    )
    assert story.sent == ["GET /things?limit=3", "GET /things/a%2Fb"]
    assert story.outcome == "passed"
    assert story.outputs == {"name": None, "count": 0}


def test_an_optional_input_that_is_not_given_is_left_out_of_the_request() -> None:
    story = play(TWO_STEPS, [reply(body={"items": [{"id": 1}]}), reply()])
    assert story.sent == ["GET /things", "GET /things/1"]


def test_an_absent_output_fails_the_step_before_anything_is_sent() -> None:
    story = play(TWO_STEPS, [reply(body={"items": []})])
    assert story.sent == ["GET /things"]
    assert story.outcome == "error"
    assert "$steps.list.outputs.first" in story.problem


def test_a_step_without_criteria_fails_on_an_error_status() -> None:
    story = play(TWO_STEPS, [reply(503)])
    assert story.outcome == "failed"
    (checked,) = story.all(CriterionChecked)
    assert (checked.implied, checked.verdict.passed, checked.verdict.left) == (True, False, 503)


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "passed"), (204, "passed"), (302, "passed"), (199, "failed"), (400, "failed")]
)
def test_without_criteria_2xx_and_3xx_are_success(status: int, outcome: str) -> None:
    document = header("""
    - workflowId: main
      steps:
      - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: x}]}
    """)
    assert play(document, [reply(status)]).outcome == outcome


def test_no_response_at_all_fails_the_step_whatever_its_criteria_say() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: get
        operationId: listThings
        successCriteria: [{condition: $statusCode != 404}]
    """)
    story = play(document, [TransportFailure("dns", "cannot resolve host 'api.example.com'")])
    assert story.outcome == "error"
    assert story.problem == "step 'get' failed: GET /things: cannot resolve host 'api.example.com'"


def test_every_criterion_that_is_not_met_is_told() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: get
        operationId: listThings
        successCriteria:
        - {condition: $statusCode == 200}
        - {condition: $response.body#/a == 1}
        - {context: $response.body, condition: '$.b[*]', type: jsonpath}
        - {context: $response.body#/c, condition: '^x', type: regex}
    """)
    story = play(document, [reply(500, {"a": 1, "b": [], "c": "yx"})])
    assert [event.verdict.passed for event in story.all(CriterionChecked)] == [False, True, False, False]
    assert story.problem == "step 'get' failed: $statusCode == 200 is not met: it is 500"


def polling(action: str, more: str = "") -> str:
    return header(f"""
- workflowId: main
  steps:
  - stepId: poll
    operationId: getThing
    parameters: [{{name: id, in: path, value: x}}]
    successCriteria: [{{condition: $response.body#/done == true}}]
    onFailure:
    - {action}
    {more}
  - {{stepId: after, operationId: listThings}}
""")


NOT_DONE, DONE = reply(body={"done": False}), reply(body={"done": True})


def test_a_retry_waits_as_long_as_it_says() -> None:
    story = play(
        polling("{name: again, type: retry, retryAfter: 2.5, retryLimit: 3}"), [NOT_DONE, NOT_DONE, DONE, reply()]
    )
    assert story.pauses == [(2.5, "retry"), (2.5, "retry")]
    assert story.outcome == "passed"
    assert story.steps == [("poll", "passed"), ("after", "passed")]


def test_a_retry_without_a_limit_is_one_retry() -> None:
    story = play(polling("{name: again, type: retry, retryAfter: 1}"), [NOT_DONE, NOT_DONE])
    assert story.outcome == "failed"


def test_the_next_action_is_tried_when_the_retries_are_spent() -> None:
    story = play(
        polling("{name: again, type: retry, retryAfter: 1, retryLimit: 2}", "- {name: go, type: goto, stepId: after}"),
        [NOT_DONE, NOT_DONE, NOT_DONE, reply()],
    )
    assert story.actions == ["again", "again", "go"]
    assert story.outcome == "passed"


def test_a_retry_limit_of_zero_is_spent_at_once() -> None:
    story = play(polling("{name: again, type: retry, retryLimit: 0}", "- {name: stop, type: end}"), [NOT_DONE])
    assert story.actions == ["stop"]
    assert story.outcome == "failed"


@pytest.mark.parametrize("seconds", ["7", "0"])
def test_a_retry_after_header_overrules_the_document(seconds: str) -> None:
    busy = reply(429, {"done": False}, (("retry-after", seconds),))
    story = play(polling("{name: again, type: retry, retryAfter: 2}"), [busy, DONE, reply()])
    assert story.waits == ([float(seconds)] if seconds != "0" else [])


def test_each_failed_attempt_reads_the_actions_from_the_top() -> None:
    document = polling(
        "{name: busy, type: retry, retryAfter: 1, retryLimit: 2, criteria: [{condition: $statusCode == 429}]}",
        "- {name: wait, type: retry, retryAfter: 3, retryLimit: 2, criteria: [{condition: $statusCode == 200}]}",
    )
    story = play(document, [NOT_DONE, reply(429, {}), NOT_DONE, reply(429, {}), DONE, reply()])
    assert story.actions == ["wait", "busy", "wait", "busy"]
    assert story.outcome == "passed"


def test_entering_a_step_again_resets_its_retries() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: poll
        operationId: getThing
        parameters: [{name: id, in: path, value: x}]
        successCriteria: [{condition: $response.body#/done == true}]
        onFailure: [{name: again, type: retry, retryAfter: 1, retryLimit: 1}]
        onSuccess: [{name: round, type: goto, stepId: poll, criteria: [{condition: $response.body#/more == true}]}]
    """)
    more = reply(body={"done": True, "more": True})
    story = play(document, [NOT_DONE, more, NOT_DONE, DONE], limits=Limits(pace=0))
    assert story.actions == ["again", "round", "again"]
    assert story.outcome == "passed"


def test_a_retry_can_run_a_step_first_without_its_actions() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: login
        operationId: login
        outputs: {token: $response.body#/token}
        onSuccess: [{name: away, type: end}]
      - {stepId: unused, operationId: listThings}
    - workflowId: other
      steps:
      - stepId: login
        operationId: login
        outputs: {token: $response.body#/token}
      - stepId: get
        operationId: listThings
        parameters: [{name: Authorization, in: header, value: 'Bearer {$steps.login.outputs.token}'}]
        successCriteria: [{condition: $statusCode == 200}]
        onFailure:
        - {name: renew, type: retry, stepId: login, retryAfter: 0, criteria: [{condition: $statusCode == 401}]}
    """)
    story = play(
        document, [reply(body={"token": "a"}), reply(401), reply(body={"token": "b"}), reply()], workflows=["other"]
    )
    assert story.sent == ["POST /login", "GET /things", "POST /login", "GET /things"]
    assert ("Authorization", "Bearer b") in story.requests[-1].headers
    assert story.outcome == "passed"


def test_a_retry_whose_reference_fails_makes_room_for_the_next_action() -> None:
    document = header("""
    - workflowId: main
      steps:
      - {stepId: login, operationId: login}
      - stepId: get
        operationId: listThings
        onFailure:
        - {name: renew, type: retry, stepId: login, retryLimit: 5}
        - {name: give-up, type: end}
    """)
    story = play(document, [reply(), reply(401), reply(500)])
    assert story.actions == ["renew", "give-up"]
    assert story.outcome == "failed"


CALLING = header("""
- workflowId: main
  inputs: {type: object, properties: {name: {type: string}}}
  steps:
  - stepId: call
    workflowId: child
    parameters: [{name: name, value: $inputs.name}]
  - stepId: use
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.call.outputs.id}]
  outputs: {id: $steps.call.outputs.id, child: $workflows.child.outputs.id}
- workflowId: child
  inputs: {type: object, properties: {name: {type: string}, kind: {type: string, default: plain}}}
  steps:
  - stepId: create
    operationId: createThing
    requestBody: {payload: {name: $inputs.name, kind: $inputs.kind}}
    outputs: {id: $response.body#/id}
  outputs: {id: $steps.create.outputs.id}
""")


def test_a_called_workflow_gets_its_inputs_and_gives_its_outputs() -> None:
    story = play(CALLING, [reply(201, {"id": 7}), reply()], {"name": "x"})
    assert story.requests[0].body == b'{"name":"x","kind":"plain"}'
    assert story.sent == ["POST /things", "GET /things/7"]
    assert story.outputs == {"id": 7, "child": 7}


def test_an_absent_optional_input_leaves_the_member_of_a_payload_out() -> None:
    story = play(CALLING, [reply(201, {"id": 7}), reply()])
    assert story.requests[0].body == b'{"kind":"plain"}'


def test_a_called_workflow_that_fails_fails_the_step() -> None:
    story = play(CALLING, [reply(500)], {"name": "x"})
    assert story.outcome == "failed"
    assert "workflow 'child' failed" in story.problem
    assert [event.workflow_id for event in story.all(WorkflowFinished)] == ["child", "main"]


def test_goto_a_workflow_is_one_way_and_its_outcome_is_the_one_that_counts() -> None:
    document = header("""
    - workflowId: main
      inputs: {type: object, properties: {name: {type: string}}}
      steps:
      - stepId: first
        operationId: listThings
        outputs: {n: $response.body#/n}
        onSuccess: [{name: leave, type: goto, workflowId: target}]
      - {stepId: never, operationId: listThings}
      outputs: {n: $steps.first.outputs.n}
    - workflowId: target
      inputs: {type: object, properties: {name: {type: string}}}
      steps:
      - {stepId: create, operationId: createThing, requestBody: {payload: {name: $inputs.name}}}
    """)
    passed = play(document, [reply(body={"n": 1}), reply(201)], {"name": "x"}, workflows=["main"])
    assert passed.requests[1].body == b'{"name":"x"}'
    assert (passed.outcome, passed.outputs) == ("passed", {"n": 1})
    failed = play(document, [reply(body={"n": 1}), reply(500)], {"name": "x"}, workflows=["main"])
    assert failed.outcome == "failed"
    assert [event.outcome for event in failed.all(WorkflowFinished)] == ["failed", "failed"]


def test_a_failure_that_an_action_went_on_from_is_recovered() -> None:
    story = play(polling("{name: skip, type: goto, stepId: after}"), [NOT_DONE, reply()])
    assert story.outcome == "passed"
    assert story.steps == [("poll", "failed"), ("after", "passed")]


def test_outputs_of_a_failed_attempt_are_there_for_what_comes_after() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: create
        operationId: createThing
        successCriteria: [{condition: $statusCode == 201}]
        onFailure:
        - name: undo
          type: goto
          stepId: remove
          criteria: [{condition: $steps.create.outputs.id != null}]
        outputs: {id: $response.body#/id}
      - {stepId: skipped, operationId: listThings}
      - {stepId: remove, operationId: deleteThing, parameters: [{name: id, in: path, value: $steps.create.outputs.id}]}
    """)
    assert play(document, [reply(500, {"id": 9}), reply(204)]).sent == ["POST /things", "DELETE /things/9"]


def test_dependencies_run_once_each_and_before() -> None:
    document = header("""
    - workflowId: a
      dependsOn: [b, c]
      steps: [{stepId: s, operationId: listThings}]
    - workflowId: b
      dependsOn: [c]
      steps: [{stepId: s, operationId: login}]
    - workflowId: c
      steps: [{stepId: s, operationId: createThing}]
    """)
    story = play(document, [reply(201), reply(), reply()])
    assert story.sent == ["POST /things", "POST /login", "GET /things"]
    assert [event.reason for event in story.all(WorkflowStarted)] == ["dependency", "dependency", "asked"]


def test_a_failed_dependency_skips_what_depends_on_it() -> None:
    document = header("""
    - workflowId: a
      dependsOn: [b]
      steps: [{stepId: s, operationId: listThings}]
    - workflowId: b
      steps: [{stepId: s, operationId: login}]
    """)
    story = play(document, [reply(500)])
    assert story.sent == ["POST /login"]
    assert story.outcome == "failed"
    assert story.problem == "workflow 'b', which must come first, did not pass"


def test_a_loop_without_a_delay_is_paced_and_a_new_request_resets_the_pace() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: page
        operationId: listThings
        parameters: [{name: cursor, in: query, value: $steps.page.outputs.next}]
        outputs: {next: $response.body#/next}
        onSuccess: [{name: on, type: goto, stepId: page, criteria: [{condition: $response.body#/more == true}]}]
    """).replace("value: $steps.page.outputs.next", "value: fixed")
    more = reply(body={"more": True})
    story = play(document, [more, more, more, reply(body={})])
    assert story.pauses == [(1.0, "pace"), (2.0, "pace"), (4.0, "pace")]


def test_a_retry_without_a_delay_of_its_own_is_paced() -> None:
    story = play(polling("{name: again, type: retry, retryLimit: 9}"), [*[NOT_DONE] * 7, DONE, reply()])
    assert story.waits == [1, 2, 4, 8, 16, 30, 30]


def test_an_explicit_delay_of_zero_is_now() -> None:
    assert play(polling("{name: again, type: retry, retryAfter: 0}"), [NOT_DONE, DONE, reply()]).waits == []


def test_an_endless_loop_ends_in_a_named_outcome() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: page
        operationId: listThings
        onSuccess: [{name: on, type: goto, stepId: page}]
    """)
    story = play(document, [reply()] * 25, limits=Limits(steps=25, pace=0))
    assert story.outcome == "error"
    assert "more than 25 steps" in story.problem
    assert "'main.page' 25 times" in story.problem


def test_workflows_that_call_each_other_end_in_a_named_outcome() -> None:
    document = header("""
    - workflowId: a
      steps: [{stepId: s, workflowId: b}]
    - workflowId: b
      steps: [{stepId: s, workflowId: a}]
    """)
    story = play(document, [], workflows=["a"])
    assert story.outcome == "error"
    assert "levels deep" in story.problem


def test_workflows_that_go_to_each_other_end_in_a_named_outcome() -> None:
    document = header("""
    - workflowId: a
      steps: [{stepId: s, operationId: listThings, onSuccess: [{name: on, type: goto, workflowId: b}]}]
    - workflowId: b
      steps: [{stepId: s, operationId: listThings, onSuccess: [{name: on, type: goto, workflowId: a}]}]
    """)
    story = play(document, [reply()] * 3000, limits=Limits(steps=3000, pace=0), workflows=["a"])
    assert story.outcome == "error"
    assert len(story.all(WorkflowStarted)) == len(story.all(WorkflowFinished)) == 3001


TIMED = """
- workflowId: main
  steps:
  - stepId: slow
    operationId: getThing
    timeout: 2500
    parameters: [{name: id, in: path, value: x}]
    onFailure: [{name: again, type: retry, retryAfter: 10}]
"""
TIMED_OUT = TransportFailure("timeout", "no response within 2.5 s")


def test_a_step_timeout_bounds_each_attempt_and_not_the_wait_between() -> None:
    story = play(header(TIMED, version="1.1.0"), [TIMED_OUT, reply()])
    assert story.timeouts == [2.5, 2.5]
    assert story.waits == [10]
    assert story.outcome == "passed"


def test_a_step_that_times_out_says_so() -> None:
    story = play(header(TIMED, version="1.1.0"), [TIMED_OUT, TIMED_OUT])
    assert story.problem == "step 'slow' failed: step 'slow' took longer than 2.5 s"


def test_the_timeout_of_a_step_covers_the_workflow_it_calls() -> None:
    document = header(
        """
    - workflowId: main
      steps:
      - stepId: call
        workflowId: child
        timeout: 5000
        onFailure: [{name: on, type: goto, stepId: after}]
      - {stepId: after, operationId: listThings}
    - workflowId: child
      steps:
      - stepId: poll
        operationId: getThing
        parameters: [{name: id, in: path, value: x}]
        successCriteria: [{condition: $statusCode == 200}]
        onFailure: [{name: again, type: retry, retryAfter: 2, retryLimit: 99}]
    """,
        version="1.1.0",
    )
    story = play(document, [reply(500), reply(500), reply()], took=1)
    assert story.waits == [2, 1]
    assert story.outcome == "passed"
    assert story.steps == [("poll", "error"), ("call", "error"), ("after", "passed")]


def test_a_budget_of_time_ends_the_run() -> None:
    story = play(
        polling("{name: again, type: retry, retryAfter: 10, retryLimit: 99}"), [NOT_DONE] * 3, limits=Limits(wall=25)
    )
    assert story.outcome == "error"
    assert "longer than 25 s" in story.problem


@pytest.mark.parametrize("late", [reply(), TransportFailure("timeout", "no response within 5 s")])
def test_a_request_that_was_under_way_when_the_budget_ran_out_is_told(late: Reply) -> None:
    story = play(CALLING, [late], {"name": "x"}, limits=Limits(wall=5.0), took=5.0)
    assert [event.exchange.reply for event in story.all(Answered)] == [late]
    assert (story.outcome, story.problem) == ("error", "the run took longer than 5 s")


def test_cancelling_closes_every_level_that_is_open() -> None:
    story = play(CALLING, [Cancelled()], {"name": "x"})
    assert story.outcome == "error"
    assert [event.workflow_id for event in story.all(WorkflowFinished)] == ["child", "main"]
    assert story.steps == [("create", "error"), ("call", "error")]
    assert isinstance(story.events[-1], RunFinished)


def test_a_body_that_is_not_what_it_says_is_told_and_seen_as_text() -> None:
    document = header("""
    - workflowId: main
      steps:
      - stepId: get
        operationId: listThings
        successCriteria: [{condition: $response.body == 'oops'}]
        outputs: {text: $response.body}
    """)
    story = play(document, [reply(body="OOPS")])
    assert len(story.all(BodyUnreadable)) == 1
    assert story.outcome == "passed"
    assert story.outputs == {}


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_body_is_absent(status: int) -> None:
    document = header("""
    - workflowId: main
      steps:
      - {stepId: get, operationId: listThings, successCriteria: [{condition: $response.body == null}]}
    """)
    assert play(document, [Response(status)]).outcome == "passed"


def test_actions_and_parameters_of_the_workflow_stay_unless_a_step_overrides_them() -> None:
    document = header("""
    - workflowId: main
      parameters:
      - {name: X-Trace, in: header, value: all}
      - {name: limit, in: query, value: 5}
      failureActions:
      - {name: recover, type: goto, stepId: last}
      - {name: stop, type: end}
      steps:
      - stepId: first
        operationId: listThings
        parameters: [{name: x-trace, in: header, value: mine}]
        onFailure: [{name: recover, type: retry, retryAfter: 0}]
      - {stepId: last, operationId: login}
    """)
    story = play(document, [reply(500), reply(), reply()])
    assert story.sent == ["GET /things?limit=5", "GET /things?limit=5", "POST /login?limit=5"]
    assert ("x-trace", "mine") in story.requests[0].headers
    assert ("X-Trace", "all") in story.requests[2].headers


def test_reusable_objects_are_followed_and_their_values_overridden() -> None:
    document = header(
        """
        - workflowId: main
          steps:
          - stepId: first
            operationId: listThings
            parameters:
            - {reference: $components.parameters.page, value: 0}
            onFailure: [{reference: $components.failureActions.again}]
        """,
        extra="""
        components:
          parameters: {page: {name: limit, in: query, value: 10}}
          failureActions: {again: {name: again, type: retry, retryAfter: 3}}
        """,
    )
    story = play(document, [reply(500), reply()])
    assert story.sent == ["GET /things?limit=0", "GET /things?limit=0"]
    assert story.waits == [3]


def test_json_text_with_expressions_is_sent_as_json() -> None:
    document = header("""
    - workflowId: main
      inputs: {type: object}
      steps:
      - stepId: create
        operationId: createThing
        requestBody:
          contentType: application/json
          payload: '{"name": "{$inputs.name}", "tags": "{$inputs.tags}", "n": {$inputs.n}}'
    """)
    story = play(document, [reply(201)], {"name": 'a"b', "tags": ["x"], "n": 3})
    assert story.requests[0].body == b'{"name":"a\\"b","tags":["x"],"n":3}'


def test_steps_with_depends_on_run_in_an_order_that_satisfies_them() -> None:
    document = header(
        """
    - workflowId: main
      steps:
      - {stepId: second, operationId: listThings, dependsOn: [first]}
      - {stepId: first, operationId: login}
    """,
        version="1.1.0",
    )
    assert play(document, [reply(), reply()]).sent == ["POST /login", "GET /things"]


def test_the_plan_knows_which_workflows_nobody_calls() -> None:
    assert plan_of(CALLING).entries == ("main",)


SECRETIVE = header("""
- workflowId: before
  inputs: {type: object, properties: {pin: {type: string, format: password}}}
  steps: [{stepId: a, operationId: listThings}]
- workflowId: called
  inputs: {type: object, properties: {word: {type: string, format: password}}}
  steps: [{stepId: b, operationId: listThings}]
- workflowId: main
  dependsOn: [before]
  inputs: {type: object, properties: {pin: {type: string}, plain: {type: string}}}
  steps: [{stepId: call, workflowId: called, parameters: [{name: word, value: $inputs.plain}]}]
""")


def test_what_any_workflow_declares_secret_is_told_before_the_workflow_that_has_it() -> None:
    story = play(SECRETIVE, [reply(), reply()], {"pin": "pin-1234", "plain": "word-1234"})
    (started,) = story.all(RunStarted)
    assert started.secrets == {"pin-1234", "word-1234"}  # also what is handed on to a password, by another name
    told = [event for event in story.events if isinstance(event, SecretsLearned | WorkflowStarted)]
    assert [event.secrets if isinstance(event, SecretsLearned) else event.workflow_id for event in told] == [
        {"pin-1234"}, "before", "main", {"word-1234"}, "called",
    ]  # fmt: skip
