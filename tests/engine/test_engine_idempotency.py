"""`x-idempotency-key`: which request carries which key, also where it is tried again."""

from __future__ import annotations

import pytest

from runner.exchange import Reply, TransportFailure
from tests.scripted import Story, header, play, problems, reply

LOST = TransportFailure("timeout", "no response within 1 s")


def keyed(key: str, replies: list[Reply], more: str = "") -> Story:
    document = header(
        f"""
        - workflowId: w
          inputs: {{type: object, properties: {{order: {{}}, none: {{}}, empty: {{}}, nothing: {{}}}}}}
          steps:
          - stepId: make
            operationId: createThing
            x-idempotency-key: {key}
            requestBody: {{payload: {{a: 1}}}}
            onFailure: [{{name: again, type: retry, retryLimit: 3}}]
            outputs: {{key: $request.header.Idempotency-Key}}
          outputs: {{key: $steps.make.outputs.key}}
        {more}"""
    )
    return play(document, replies, {"order": "o-7", "empty": "", "nothing": []})


def keys(story: Story) -> list[str | None]:
    return [dict(each.headers).get("Idempotency-Key") for each in story.requests]


@pytest.mark.parametrize(
    ("key", "sent"),
    [("mine", "mine"), ("$inputs.order", "o-7"), ("'{$inputs.order}-1'", "o-7-1"), ("false", None)],
)
def test_a_key_is_what_the_step_says(key: str, sent: str | None) -> None:
    story = keyed(key, [reply(201)])
    assert keys(story) == [sent]
    assert story.outputs.get("key") == sent


@pytest.mark.parametrize("key", ["$inputs.none", "$inputs.empty", "$inputs.nothing", "' '"])
def test_a_key_that_comes_to_nothing_sends_nothing(key: str) -> None:
    story = keyed(key, [])
    assert story.requests == []
    assert story.outcome == "error"
    assert story.problem == "step 'make' failed: the idempotency key is empty"


def test_a_request_that_nobody_answered_keeps_its_key_and_an_answered_one_does_not() -> None:
    story = keyed("true", [LOST, LOST, reply(503), reply(201)])
    first, second, third, fourth = keys(story)
    assert first == second == third
    assert fourth not in (first, None)
    assert story.outputs["key"] == fourth


def test_a_workflow_that_comes_again_has_another_key() -> None:
    story = play(
        header(
            """
            - workflowId: w
              steps:
              - stepId: make
                operationId: createThing
                x-idempotency-key: true
                requestBody: {payload: {a: 1}}
                onSuccess: [{name: on, type: goto, workflowId: v, criteria: [{condition: $statusCode == 201}]}]
            - workflowId: v
              steps:
              - {stepId: look, operationId: listThings, onSuccess: [{name: back, type: goto, workflowId: w}]}
            """
        ),
        [reply(201), reply(), reply(200)],
        workflows=["w"],
    )
    first, _, again = keys(story)
    assert first is not None
    assert again not in (None, first)


@pytest.mark.parametrize("key", ["5", "[a]", "{a: b}"])
def test_a_key_is_a_text_or_true(key: str) -> None:
    step = f"{{stepId: s, operationId: listThings, x-idempotency-key: {key}}}"
    (problem,) = problems(header(f"- {{workflowId: w, steps: [{step}]}}"))
    assert "wrong-type" in problem
    assert "a string, or true or false" in problem
