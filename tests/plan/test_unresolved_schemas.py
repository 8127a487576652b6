"""References in the schemas of the operations that are called: those that lead nowhere are told before a run."""

from __future__ import annotations

import pytest

from tests.scripted import header, problems

FLOW = header("- {workflowId: main, steps: [{stepId: one, operationId: one}]}")
API = """
openapi: 3.1.0
info: {title: T, version: '1'}
servers: [{url: 'https://h'}]
paths:
  /one: {post: {operationId: one, parameters: [{name: q, in: query, schema: QUERY}],
    requestBody: {content: {application/json: {schema: BODY}}},
    responses: {200: {description: ok, headers: {X-A: {schema: HEADER}}, content: {application/json: {schema: REPLY}}}}}}
  /two: {get: {operationId: two, responses: {200: {description: ok, content: {a/b: {schema: {$ref: '#/components/schemas/Two'}}}}}}}
components:
  schemas:
    Pet: {properties: {friend: {$ref: '#/components/schemas/Pet'}, toys: {items: {anyOf: [{$ref: '#/components/schemas/Toy'}]}}}}
    Toy: {additionalProperties: {$ref: 'memory:///more.yaml#/Part'}, example: {$ref: '#/nowhere'}, x-a: {$ref: '#/nowhere'}}
    Two: {$ref: '#/nowhere'}
    Named: {$id: 'https://id.test/a', $defs: {x: {$anchor: x, items: {$ref: b}}}}
"""  # noqa: E501 - one operation stands on a line
PLACES = ("QUERY", "BODY", "HEADER", "REPLY")
MORE = {"more.yaml": "Part: {allOf: [{$ref: '#/Gone'}, {$ref: 'memory:///things.yaml#/components/schemas/Toy'}]}"}


def told(schemas: dict[str, str], version: str = "3.1.0") -> list[str]:
    api = API.replace("3.1.0", version)
    for place in PLACES:
        api = api.replace(place, schemas.get(place, "{}"))
    return [line.split(" ", 1)[1] for line in problems(FLOW, {"things.yaml": api, **MORE})]


def missing(reference: str, why: str = "there is nothing at that place") -> str:
    return f"warning unresolved-reference: reference '{reference}' cannot be resolved: {why}"


@pytest.mark.parametrize("place", PLACES)
def test_a_schema_that_leads_nowhere_is_told_wherever_the_operation_has_it(place: str) -> None:
    assert told({place: "{$ref: '#/components/schemas/Pat'}"}) == [missing("#/components/schemas/Pat")]


def test_what_a_schema_reaches_is_looked_at_in_every_document_and_what_it_does_not_is_not() -> None:
    assert told({"REPLY": "{$ref: '#/components/schemas/Pet'}"}) == [missing("#/Gone")]


def test_a_target_or_a_whole_document_that_is_missing_is_told_once() -> None:
    gone = "{$ref: 'memory:///gone.yaml#/a'}"
    why = "that document cannot be read: there is no such file"
    other = gone.replace("/a", "/b")
    assert told({"QUERY": gone, "BODY": f"{{items: {gone}}}", "REPLY": other}) == [
        missing("memory:///gone.yaml#/a", why)
    ]


@pytest.mark.parametrize(
    ("version", "schema", "reference"),
    [
        ("3.1.0", "{$ref: 'https://id.test/a#x'}", "b"),
        ("3.1.0", "{$ref: '#/components/schemas/Pet', not: {$ref: '#/a'}}", "#/a"),
        ("3.1.0", "{$dynamicRef: '#nobody'}", "#nobody"),
        ("3.0.4", "{not: {$ref: '#/a'}, $ref: '#/components/schemas/Two'}", "#/nowhere"),
    ],
)
def test_a_reference_is_followed_as_its_version_says(version: str, schema: str, reference: str) -> None:
    assert any(f"'{reference}'" in line for line in told({"BODY": schema}, version))


def test_names_of_properties_are_no_references() -> None:
    assert told({"BODY": "{properties: {$ref: {type: string}, items: {enum: [{$ref: '#/a'}]}}}"}) == []
