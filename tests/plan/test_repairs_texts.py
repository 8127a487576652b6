"""Expressions and texts as people write them: what is understood, as what, and what is left as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.diagnostics import Rewrite
from tests.scripted import compiled, header

INPUTS = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string"},
        "base": {"type": "string"},
        "customer": {"type": "object"},
        "a.b": {"type": "string"},
        "a": {"type": "object"},
        "list": {"type": "array"},
        "page[size]": {"type": "integer"},
    },
}

OUTPUTS = {"data": "$response.body", "token": "$response.header.ETag"}


def document(value: Any, version: str = "1.0.1") -> str:
    workflow = {
        "workflowId": "main",
        "inputs": INPUTS,
        "steps": [
            {"stepId": "first", "operationId": "listThings", "outputs": OUTPUTS},
            {"stepId": "second", "operationId": "createThing", "requestBody": {"payload": {"value": value}}},
        ],
    }  # fmt: skip
    return header("- " + json.dumps(workflow), version=version)


def understood(value: Any, version: str = "1.0.1") -> tuple[list[tuple[str, str]], list[Any]]:
    """What is said of the value, and what its fixes would write instead."""
    found = compiled(document(value, version)).diagnostics
    edits = [edit.value for each in found if each.fix for edit in each.fix.edits if isinstance(edit, Rewrite)]
    return [(each.rule, each.severity) for each in found if each.rule != "invalid-name"], edits


UNDERSTOOD = [
    ("bare-expression", "Bearer $inputs.apiKey", "Bearer {$inputs.apiKey}"),
    ("bare-expression", "email:$inputs.apiKey", "email:{$inputs.apiKey}"),
    ("bare-expression", "heads/$inputs.base.", "heads/{$inputs.base}."),
    ("bare-expression", "$inputs.base/things", "{$inputs.base}/things"),
    ("bare-expression", "$inputs.base $inputs.apiKey", "{$inputs.base} {$inputs.apiKey}"),
    ("bare-expression", "see $inputs.base.html", "see {$inputs.base}.html"),  # a text has no parts
    ("bare-expression", "see $inputs.a.b!", "see {$inputs.a.b}!"),  # an input of that name
    ("bare-expression", "q=$steps.first.outputs.token&x", "q={$steps.first.outputs.token}&x"),
    ("bare-expression", "id $steps.first.outputs.data#/items/0/id, x", "id {$steps.first.outputs.data#/items/0/id}, x"),
    ("bare-expression", '{"c": $inputs.customer, "d": 1}', '{"c": {$inputs.customer}, "d": 1}'),
    ("bare-expression", "{$inputs.base} and $inputs.apiKey", "{$inputs.base} and {$inputs.apiKey}"),
    ("property-path", "$inputs.customer.firstName", "$inputs.customer#/firstName"),
    ("property-path", "$inputs.list[0].id", "$inputs.list#/0/id"),
    ("property-path", "$inputs.a.c", "$inputs.a#/c"),
    ("property-path", "$steps.first.outputs.data.items[0].id", "$steps.first.outputs.data#/items/0/id"),
    ("property-path", "$steps.first.outputs.data.items#/0/id", "$steps.first.outputs.data#/items/0/id"),
    ("property-path", "x {$steps.first.outputs.data.id} y", "x {$steps.first.outputs.data#/id} y"),
    ("missing-outputs", "$steps.first.token", "$steps.first.outputs.token"),
    ("pointer-slash", "$steps.first.outputs.data#id", "$steps.first.outputs.data#/id"),
    ("root-spelling", "$Inputs.apiKey", "$inputs.apiKey"),
    ("root-spelling", "{$Steps.first.outputs.token}", "{$steps.first.outputs.token}"),
    ("spaced-expression", "a { $inputs.base } b", "a {$inputs.base} b"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "written", "right"), UNDERSTOOD)
@pytest.mark.parametrize("version", ["1.0.1", "1.1.0"])
def test_a_text_is_understood_and_its_fix_writes_what_is_compiled(
    rule: str, written: str, right: str, version: str
) -> None:
    said, edits = understood(written, version)
    assert {each for each, _ in said} == {rule}
    assert edits
    assert set(edits) == {right}
    assert understood(right, version) == ([], [])


SEVERAL = [
    ("Bearer $steps.first.token", {"bare-expression"}),
    ("{$steps.first.token} $inputs.base", {"missing-outputs", "bare-expression"}),
]


@pytest.mark.parametrize(("written", "rules"), SEVERAL)
def test_what_is_found_in_one_text_is_told_piece_by_piece(written: str, rules: set[str]) -> None:
    assert {rule for rule, _ in understood(written)[0]} == rules


LEFT_ALONE = [
    "plain text",
    "costs $5.00, or $x",
    "$inputs.apiKey",
    "$inputs.a.b",
    "$inputs.page[size]",
    "$steps.first.outputs.data#/items/0",
    "Bearer {$inputs.apiKey}",
    "/things/{id}",
    '{"a": "{$inputs.apiKey}", "b": {"c": {$inputs.customer}}}',
    "the word inputs. and $ alone",
    "user@example.com",
]


@pytest.mark.parametrize("written", LEFT_ALONE)
def test_a_text_that_is_as_it_should_be_is_left_alone(written: str) -> None:
    assert understood(written) == ([], [])


def test_an_expression_is_found_before_as_many_names_as_anybody_writes_behind_one() -> None:
    said, edits = understood("to $inputs.base" + ".example" * 49 + " now")
    assert (said, edits) == ([("bare-expression", "warning")], ["to {$inputs.base}" + ".example" * 49 + " now"])
    assert understood("to $inputs.base" + ".example" * 50 + " now") == ([("stray-expression", "error")], [])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Bearer $inputs.apikey", ("stray-expression", "error")),
        ("Bearer $steps.frist.outputs.token", ("stray-expression", "error")),
        ("$inputs.nobody", ("undeclared-input", "warning")),
        ("$faker.name", ("unknown-expression", "warning")),
    ],
)
def test_a_name_that_nothing_declares_is_never_guessed(written: str, said: tuple[str, str]) -> None:
    assert understood(written) == ([said], [])


HEADERS = [
    ("$response.headers.ETag", "$response.header.ETag"),
    ("$response.headers['ETag']", "$response.header.ETag"),
    ("$response.Header.ETag", "$response.header.ETag"),
    ("$response.statusCode", "$statusCode"),
    ("$response.status", "$statusCode"),
    ("$response.body.items[0].id", "$response.body#/items/0/id"),
    ("$response.body[0]", "$response.body#/0"),
    ("$response.body#id", "$response.body#/id"),
]


@pytest.mark.parametrize(("written", "right"), HEADERS)
def test_a_part_of_the_answer_is_understood_in_outputs_and_in_conditions(written: str, right: str) -> None:
    def of(text: str) -> str:
        steps = [
            {"stepId": "s", "operationId": "listThings", "outputs": {"o": text}},
            {"stepId": "t", "operationId": "listThings", "successCriteria": [{"condition": f"{text} != 404"}]},
        ]
        return header("- " + json.dumps({"workflowId": "main", "steps": steps}))

    found = compiled(of(written)).diagnostics
    edits = {edit.value for each in found if each.fix for edit in each.fix.edits if isinstance(edit, Rewrite)}
    assert {each.severity for each in found} == {"warning"}
    in_conditions = {f"{right} != 404"} if "body" not in written or "#" in written else set()  # a path may stand there
    assert edits == {right} | in_conditions
    assert compiled(of(right)).diagnostics == ()
