"""What is said of an Arazzo document whose parts have the wrong shape, and where."""

from __future__ import annotations

import pytest

from tests.scripted import header, problems

ONE_STEP = "- {workflowId: main, steps: [STEP]}"
STEP = "{stepId: one, operationId: login}"


def document(step: str = STEP) -> str:
    return header(ONE_STEP.replace("STEP", step))


def said(text: str) -> list[str]:
    """Severity, rule and message of what is wrong."""
    return [line.split(" ", 1)[1] for line in problems(text)]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("true", "'arazzo' is a string, not a boolean"),
        ("null", "'arazzo' is a string, not null"),
        ("[1.0.1]", "'arazzo' is a string, not a list"),
        ("1.1", "'arazzo' is a string, not a number"),
    ],
)
def test_a_version_that_is_no_text_is_named_by_its_json_type(written: str, message: str) -> None:
    assert said(f"arazzo: {written}\n") == [f"error wrong-type: {message}"]


@pytest.mark.parametrize("written", ["true", "1.10", "0x1F"])
def test_a_scalar_that_should_be_text_is_quoted_as_it_is_written(written: str) -> None:
    from tests.scripted import compiled

    (problem,) = compiled(document().replace("title: T", f"title: {written}")).diagnostics
    assert problem.fix is not None
    assert problem.fix.title == f"write it in quotes: '{written}'"


def test_an_item_is_named_by_its_list() -> None:
    assert said(header("- 7\n- {workflowId: main, steps: [{stepId: one, operationId: login}]}")) == [
        "error wrong-type: 'workflows[0]' is an object (a workflow), not a number"
    ]


REQUIRED = {
    "workflowId": document().replace("workflowId: main", "workflowId: ''"),
    "stepId": document("{stepId: '', operationId: login}"),
    "url": document().replace("url: things.yaml", "url: ''"),
    "condition": document("{stepId: one, operationId: login, successCriteria: [{condition: ''}]}"),
    "name": document("{stepId: one, operationId: login, parameters: [{name: '', in: query, value: 1}]}"),
    "reference": document("{stepId: one, operationId: login, onFailure: [{reference: ''}]}"),
}


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_text_that_is_empty_is_an_error(name: str) -> None:
    assert f"error empty-value: '{name}' is empty" in said(REQUIRED[name])


def test_the_name_of_a_source_or_an_action_must_not_be_empty() -> None:
    assert said(document().replace("name: things", "name: ''")) == ["error empty-value: 'name' is empty"]
    assert said(document("{stepId: one, operationId: login, onSuccess: [{name: '', type: end}]}")) == [
        "error empty-value: 'name' is empty"
    ]


def test_an_optional_text_that_is_empty_is_absent_with_a_warning() -> None:
    assert said(document("{stepId: one, operationId: login, description: ''}")) == [
        "warning empty-field: 'description' is empty, as if it were not there"
    ]


def test_an_empty_target_is_the_whole_payload() -> None:
    body = "requestBody: {payload: 1, replacements: [{target: '', value: 2}]}"
    assert said(document(f"{{stepId: one, operationId: createThing, {body}}}")) == []


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("9" * 400, "wrong-value: 99999999999999999999… (400 digits) is too large for 'retryLimit'"),
        ("0x" + "F" * 5000, "yaml-value: this number has 5,002 digits, more than 2,000"),
        ("1e400", "yaml-value: '1e400' is too large for a number"),
        (".inf", "yaml-value: '.inf' is not a JSON value"),
        ("-1", "wrong-value: -1 is not a non-negative integer"),
        ("1.5", "wrong-value: 1.5 is not a non-negative integer"),
        ("true", "wrong-type: 'retryLimit' is a non-negative integer, not a boolean"),
    ],
)
def test_a_number_that_is_none_is_said_once(limit: str, expected: str) -> None:
    step = f"{{stepId: one, operationId: login, onFailure: [{{name: a, type: retry, retryLimit: {limit}}}]}}"
    assert said(document(step)) == [f"error {expected}"]


def test_a_default_that_cannot_be_read_is_said_once() -> None:
    schema = "inputs: {properties: {n: {type: integer, default: 1e400}}}"
    text = document().replace("workflowId: main", f"workflowId: main, {schema}")
    assert said(text) == ["error yaml-value: '1e400' is too large for a number"]
