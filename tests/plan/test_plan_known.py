"""What was found out once, for all that is the same: it is not told of what only looks alike."""

from __future__ import annotations

import pytest

from runner.criteria.parse import parse_condition
from runner.plan.outcomes import check_outcomes
from runner.plan.plan import Inputs
from runner.source import Source, Span
from tests.scripted import header, problems


def told(text: str) -> list[str]:
    source = Source("", "", text)
    found = check_outcomes(parse_condition(text), text, lambda a, b: Span(source, a, b), is_answered=True)
    return [f"{each.message} {each.span.text}" for each in found]


def test_what_is_said_of_a_condition_is_not_said_of_one_that_equals_it() -> None:
    first, second = (f"$response.body#/a == {word} && $response.body#/a != {word}" for word in ("true", "1.00"))
    assert parse_condition(first) == parse_condition(second)
    for text in (first, second, first):
        (line,) = told(text)
        assert text in line


@pytest.mark.parametrize(("const", "refused"), [(1, True), (True, 1), ("1", 1), (0, False)])
def test_inputs_that_are_written_alike_are_compiled_once_and_no_others(const: object, refused: object) -> None:
    first, again, other = (Inputs({"const": each}, frozenset()).validator for each in (const, const, refused))
    assert first is again
    assert (first.valid(const), first.valid(refused)) == (True, False)
    assert (other.valid(const), other.valid(refused)) == (False, True)


API = """
openapi: 3.1.0
info: {title: T, version: '1'}
servers: [{url: 'https://h'}]
paths:
  /one: {get: {operationId: one, responses: {200: {description: ok, content: {application/json: {schema: ONE}}}}}}
  /two: {get: {operationId: two, responses: {200: {description: ok, content: {application/json: {schema: TWO}}}}}}
components: {schemas: {A: {properties: {name: {type: string}}}, B: {properties: {title: {type: string}}}}}
"""
STEP = "{stepId: %s, operationId: %s, successCriteria: [{condition: $response.body#/name == 'x'}]}"
FLOW = header(f"- {{workflowId: main, steps: [{STEP % ('first', 'one')}, {STEP % ('second', 'two')}]}}")
A, B = "{$ref: '#/components/schemas/A'}", "{$ref: '#/components/schemas/B'}"


@pytest.mark.parametrize(
    ("one", "two", "titles"),
    [(A, A, []), (A, B, ["GET /two"]), (B, A, ["GET /one"]), (B, B, ["GET /one", "GET /two"])],
)
def test_the_same_condition_is_told_of_each_operation_whose_answer_has_no_room_for_it(
    one: str, two: str, titles: list[str]
) -> None:
    found = problems(FLOW, {"things.yaml": API.replace("ONE", one).replace("TWO", two)})
    assert [title for line in found for title in ("GET /one", "GET /two") if title in line] == titles
