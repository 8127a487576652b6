"""Which names of operations, steps, workflows and parameters are understood, as what, and which are left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from runner.diagnostics import Diagnostic
from runner.loader.apply import apply
from runner.loader.kept import read_kept
from runner.plan.plan import OperationCall, WorkflowCall
from runner.source import Source
from tests.scripted import compiled, header, plan_of, play, reply

PETS = """
openapi: 3.0.3
info: {title: Pets, version: '1'}
servers: [{url: https://pets.example}]
paths:
  /pets:
    get: {operationId: listPets, responses: {'200': {description: ok}}}
    post:
      operationId: addPet
      parameters: [{name: X-Trace, in: header, schema: {type: string}}]
      requestBody:
        content:
          application/json:
            schema:
              allOf: [{$ref: '#/components/schemas/Name'}, {properties: {age: {type: integer}}}]
      responses: {'201': {description: ok}}
  /pets/{petId}:
    get: {operationId: getPet, responses: {'200': {description: ok}}}
    delete: {responses: {'204': {description: ok}}}
  /search:
    get:
      operationId: things.search
      parameters:
      - {name: page_size, in: query, schema: {type: integer}}
      - {name: q, in: query, schema: {type: string}}
      responses: {'200': {description: ok}}
    post:
      operationId: LIST_PETS
      requestBody: {content: {application/json: {schema: {}}}}
      responses: {'200': {description: ok}}
components: {schemas: {Name: {type: object, properties: {name: {type: string}}}}}
"""
PETS_ALONE = PETS.replace("operationId: LIST_PETS", "operationId: search")


def document(steps: str, *, several: bool = False, version: str = "1.0.1", before: str = "") -> str:
    text = header(f"{before}- {{workflowId: main, steps: [{steps}]}}\n", version=version)
    other = "[{name: pets, url: pets.yaml, type: openapi}"
    return text.replace(
        "[{name: things, url: things.yaml, type: openapi}",
        other + (", {name: things, url: things.yaml, type: openapi}" if several else ""),
    )


def files(text: str = PETS_ALONE) -> Mapping[str, str]:
    return {"pets.yaml": text}


ID = "operationId"
PATH = "operationPath"
PETS_URL = "{$sourceDescriptions.pets.url}#"
ONE: dict[str, tuple[str, str, str, list[str]]] = {
    "the source in front of a dot": (ID, "pets.getPet", "$sourceDescriptions.pets.getPet", ["qualified-operation"]),
    "the source with a dollar": (ID, "$pets.getPet", "$sourceDescriptions.pets.getPet", ["qualified-operation"]),
    "no dollar": (ID, "sourceDescriptions.pets.getPet", "$sourceDescriptions.pets.getPet", ["qualified-operation"]),
    "braces": (ID, "{$sourceDescriptions.pets.getPet}", "$sourceDescriptions.pets.getPet", ["qualified-operation"]),
    "another case": (ID, "GetPet", "getPet", ["operation-spelling"]),
    "other punctuation": (ID, "list-pets", "listPets", ["operation-spelling"]),
    "another case of a source's": (
        ID,
        "$sourceDescriptions.pets.GET_PET",
        "$sourceDescriptions.pets.getPet",
        ["operation-spelling"],
    ),
    "both": (ID, "pets.getpet", "$sourceDescriptions.pets.getPet", ["qualified-operation", "operation-spelling"]),
    "a method and a path": (ID, "GET /pets/{petId}", "getPet", ["method-and-path"]),
    "a method and a path as path": (
        PATH,
        "get  /pets/{petId}",
        f"{PETS_URL}/paths/~1pets~1{{petId}}/get",
        ["method-and-path"],
    ),
    "a source and a pointer": (PATH, "pets#/paths/~1pets/get", f"{PETS_URL}/paths/~1pets/get", ["source-of-path"]),
    "no braces": (
        PATH,
        "$sourceDescriptions.pets.url#/paths/~1pets/get",
        f"{PETS_URL}/paths/~1pets/get",
        ["source-of-path"],
    ),
    "no url": (
        PATH,
        "{$sourceDescriptions.pets}#/paths/~1pets/get",
        f"{PETS_URL}/paths/~1pets/get",
        ["source-of-path"],
    ),
    "neither": (PATH, "$sourceDescriptions.pets#/paths/~1pets/get", f"{PETS_URL}/paths/~1pets/get", ["source-of-path"]),
    "the url of the source": (PATH, "pets.yaml#/paths/~1pets/get", f"{PETS_URL}/paths/~1pets/get", ["source-of-path"]),
    "the only source": (PATH, "#/paths/~1pets/get", f"{PETS_URL}/paths/~1pets/get", ["source-of-path"]),
    "slashes": (
        PATH,
        f"{PETS_URL}/paths/pets/{{petId}}/get",
        f"{PETS_URL}/paths/~1pets~1{{petId}}/get",
        ["path-spelling"],
    ),
    "slashes after a slash": (PATH, f"{PETS_URL}/paths//pets/get", f"{PETS_URL}/paths/~1pets/get", ["path-spelling"]),
    "capitals": (PATH, f"{PETS_URL}/paths/~1pets/GET", f"{PETS_URL}/paths/~1pets/get", ["path-spelling"]),
    "all of them": (PATH, "pets#/paths/pets/GET", f"{PETS_URL}/paths/~1pets/get", ["source-of-path", "path-spelling"]),
}


@pytest.mark.parametrize(("field", "written", "meant", "rules"), ONE.values(), ids=ONE.keys())
def test_an_operation_is_understood_as_it_would_be_written(
    field: str, written: str, meant: str, rules: list[str]
) -> None:
    text = document(f"{{stepId: one, {field}: '{written}', parameters: [{{name: petId, in: path, value: 1}}]}}")
    found = compiled(text, files()).diagnostics
    told = [each for each in found if each.rule != "unknown-path-parameter"]
    assert sorted(each.rule for each in told) == sorted(rules)
    assert {each.severity for each in told} == {"warning"}
    assert told[0].fix is not None
    (edit,) = told[0].fix.edits
    assert (getattr(edit, "pointer", ""), getattr(edit, "value", "")) == (f"/workflows/0/steps/0/{field}", meant)
    again = compiled(text.replace(written, meant), files()).diagnostics
    assert [each for each in again if each.rule != "unknown-path-parameter"] == []


@pytest.mark.parametrize(("field", "written", "meant", "rules"), ONE.values(), ids=ONE.keys())
def test_a_document_of_1_1_has_no_room_for_it(field: str, written: str, meant: str, rules: list[str]) -> None:
    text = document(f"{{stepId: one, {field}: '{written}'}}", version="1.1.0")
    found = [each for each in compiled(text, files()).diagnostics if each.rule in rules]
    assert [each.severity for each in found] == ["error"] * len(rules)
    assert all(each.fix and each.fix.edits for each in found)


SEVERAL: dict[str, tuple[str, str, str | None]] = {
    "an operation of one source": (ID, "getPet", "unqualified-operation"),
    "an operation of both in another case": (ID, "LISTPETS", "unknown-operation"),
    "a method and a path": (ID, "GET /search", "method-and-path"),
    "a method and a path as path": (PATH, "GET /search", "operation-path-syntax"),
    "a fragment alone": (PATH, "#/paths/~1pets/get", "operation-path-syntax"),
    "a path alone": (PATH, "/search", "operation-path-syntax"),
    "an operation with the name of a source in it": (ID, "things.search", "unqualified-operation"),
}


@pytest.mark.parametrize(("field", "written", "rule"), SEVERAL.values(), ids=SEVERAL.keys())
def test_with_several_sources_nothing_is_guessed(field: str, written: str, rule: str) -> None:
    text = document(f"{{stepId: one, {field}: '{written}'}}", several=True)
    found = [each.rule for each in compiled(text, files(PETS)).diagnostics]
    assert [each for each in found if each != "missing-parameter"] == [rule]


LEFT = {
    "two that differ in case only": (ID, "Listpets", "unknown-operation"),
    "an unknown one": (ID, "getPets", "unknown-operation"),
    "an unknown source": (ID, "cats.getPet", "unknown-operation"),
    "a plain path": (PATH, "/pets", "operation-path-syntax"),
    "an unknown source of a path": (PATH, "cats#/paths/~1pets/get", "operation-path-syntax"),
    "a path with an unknown method": (PATH, f"{PETS_URL}/paths/pets/PUT", "unknown-operation"),
}


@pytest.mark.parametrize(("field", "written", "rule"), LEFT.values(), ids=LEFT.keys())
def test_what_is_not_certain_is_refused(field: str, written: str, rule: str) -> None:
    found = compiled(document(f"{{stepId: one, {field}: '{written}'}}"), files(PETS)).diagnostics
    assert [(each.rule, each.severity) for each in found] == [(rule, "error")]


def test_a_plain_path_is_answered_with_the_operations_that_it_has() -> None:
    (found,) = compiled(document("{stepId: one, operationPath: /pets}"), files()).diagnostics
    assert found.fix is not None
    assert found.fix.title == f"write '{PETS_URL}/paths/~1pets/get' or '{PETS_URL}/paths/~1pets/post'"


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (f"operationId: '{PETS_URL}/paths/~1pets/get'", PATH),
        ("operationId: 'pets#/paths/~1pets/get'", PATH),
        ("operationId: DELETE /pets/{petId}", PATH),
        ("operationPath: listPets", ID),
        ("operationPath: $sourceDescriptions.pets.listPets", ID),
        ("operationPath: pets.listPets", ID),
    ],
)
def test_an_operation_in_the_wrong_field_is_put_into_the_other(written: str, field: str) -> None:
    text = document(f"{{stepId: one, '{written.partition(': ')[0]}': '{written.partition(': ')[2].strip(chr(39))}'}}")
    found = compiled(text, files()).diagnostics
    assert found[0].rule == "operation-field"
    assert mended(text)["workflows"][0]["steps"][0].keys() == {"stepId", field}


def mended(text: str) -> Any:
    """Apply the edits that are offered, round by round, until there are none."""
    for _ in range(5):
        result = compiled(text, files())
        offered = [each.fix.edits for each in result.diagnostics if each.fix and each.fix.edits]
        given = [edits for place, edits in enumerate(offered) if edits not in offered[:place]]
        root = read_kept(Source("memory:///flow.yaml", "flow.yaml", text), None).value
        if not given:
            return root
        for edits in given:
            with suppress(ValueError):  # what another one has moved is mended in the next round
                root = apply(root, edits)
        text = json.dumps(root)
    raise AssertionError("the edits have no end")


STEPS = "{stepId: first, operationId: listPets}, {stepId: get-pet, operationId: listPets, outputs: {a: $statusCode}}"
IDS: dict[str, tuple[str, str, list[str]]] = {
    "a goto": ("onSuccess: [{name: a, type: goto, stepId: $steps.get-pet}]", "get-pet", ["step-as-expression"]),
    "a goto in braces": (
        "onSuccess: [{name: a, type: goto, stepId: '{$steps.get-pet}'}]",
        "get-pet",
        ["step-as-expression"],
    ),
    "a goto in another case": ("onSuccess: [{name: a, type: goto, stepId: getPet}]", "get-pet", ["step-spelling"]),
    "both": (
        "onSuccess: [{name: a, type: goto, stepId: $steps.get_pet}]",
        "get-pet",
        ["step-as-expression", "step-spelling"],
    ),
    "the goto of a component": (
        "onSuccess: [{reference: $components.successActions.a}]",
        "get-pet",
        ["step-as-expression"],
    ),
}


@pytest.mark.parametrize(("written", "target", "rules"), IDS.values(), ids=IDS.keys())
def test_a_step_is_found_by_what_it_is_called(written: str, target: str, rules: list[str]) -> None:
    text = document(f"{STEPS}, {{stepId: last, operationId: listPets, {written}}}")
    text += "components: {successActions: {a: {name: a, type: goto, stepId: $steps.get-pet}}}\n"
    result = compiled(text, files())
    assert result.plan is not None, [each.message for each in result.diagnostics]
    (action,) = result.plan.workflows["main"].steps[-1].on_success
    assert (action.step, action.step_id) == (1, target)
    assert [each.rule for each in result.diagnostics if each.rule in {*rules}] == rules
    assert not [each for each in compiled(json.dumps(mended(text)), files()).diagnostics if each.rule in rules]


@pytest.mark.parametrize("name", ["$steps.nobody", "$inputs.first", "$steps.get-pet.outputs.a", "nobody"])
def test_a_step_that_nobody_has_is_refused(name: str) -> None:
    goto = f"onSuccess: [{{name: a, type: goto, stepId: {name}}}]"
    text = document(f"{STEPS}, {{stepId: last, operationId: listPets, {goto}}}")
    assert [each.rule for each in compiled(text, files()).diagnostics if each.severity == "error"] == ["unknown-step"]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("buy-pet", []),
        ("$workflows.buy-pet", ["workflow-as-expression"]),
        ("buyPet", ["workflow-spelling"]),
        ("$workflows.BuyPet", ["workflow-as-expression", "workflow-spelling"]),
    ],
)
def test_a_workflow_is_found_by_what_it_is_called_with_its_outputs(name: str, rules: list[str]) -> None:
    bought = "- {workflowId: buy-pet, steps: [{stepId: a, operationId: listPets}], outputs: {id: $inputs.x}}\n"
    after = "{stepId: b, operationId: listPets, outputs: {a: $steps.call.outputs.id}}"
    steps = f"{{stepId: call, workflowId: {name}}}, {after}"
    text = document(steps, before=bought).replace("{workflowId: main,", f"{{workflowId: main, dependsOn: [{name}],")
    result = compiled(text, files())
    assert result.plan is not None
    main = result.plan.workflows["main"]
    assert main.depends_on == ("buy-pet",)
    assert isinstance(main.steps[0].call, WorkflowCall)
    assert [each.rule for each in result.diagnostics if each.rule.startswith("workflow-")] == rules * 2


def test_a_step_depends_on_one_that_is_written_as_an_expression() -> None:
    text = document(f"{STEPS}, {{stepId: last, operationId: listPets, dependsOn: [$steps.first]}}", version="1.1.0")
    (found,) = compiled(text, files()).diagnostics
    assert (found.rule, found.severity) == ("step-as-expression", "error")


def call_of(steps: str) -> tuple[OperationCall, list[Diagnostic]]:
    result = compiled(document(steps), files())
    assert result.plan is not None, [each.message for each in result.diagnostics]
    call = result.plan.workflows["main"].steps[0].call
    assert isinstance(call, OperationCall)
    return call, list(result.diagnostics)


PLACES = {
    "a path parameter in the query": (
        "getPet",
        "{name: petId, in: query, value: 1}",
        [("petId", "path")],
        ["wrong-location"],
    ),
    "a query parameter in the path": (
        "things.search",
        "{name: q, in: path, value: 1}",
        [("q", "query")],
        ["wrong-location"],
    ),
    "a header in the query": (
        "addPet",
        "{name: x-trace, in: query, value: 1}",
        [("X-Trace", "header")],
        ["wrong-location"],
    ),
    "no place": ("things.search", "{name: q, value: 1}", [("q", "query")], ["missing-location"]),
    "no place of a header": ("addPet", "{name: x-trace, value: 1}", [("X-Trace", "header")], ["missing-location"]),
    "a header that nobody declares": ("listPets", "{name: X-Own, in: header, value: 1}", [("X-Own", "header")], []),
    "a query parameter that nobody declares": (
        "things.search",
        "{name: sort, in: query, value: 1}",
        [("sort", "query")],
        [],
    ),
    "almost a query parameter": (
        "things.search",
        "{name: pageSize, in: query, value: 1}",
        [("pageSize", "query")],
        ["unknown-parameter"],
    ),
    "one that is there beside it": (
        "things.search",
        "{name: page_size, in: query, value: 1}, {name: page-size, in: query, value: 1}",
        [("page_size", "query"), ("page-size", "query")],
        [],
    ),
    "one that is there at both places": (
        "getPet",
        "{name: petId, in: path, value: 1}, {name: petId, in: query, value: 2}",
        [("petId", "path"), ("petId", "query")],
        [],
    ),
}


@pytest.mark.parametrize(("operation", "written", "sent", "rules"), PLACES.values(), ids=PLACES.keys())
def test_a_parameter_goes_where_the_api_has_it(
    operation: str, written: str, sent: list[tuple[str, str]], rules: list[str]
) -> None:
    body = ", requestBody: {payload: {name: a}}" if operation == "addPet" else ""
    steps = f"{{stepId: one, operationId: {operation}, parameters: [{written}]{body}}}"
    call, found = call_of(steps)
    assert [(each.parameter.name, each.parameter.location) for each in call.parameters] == sent
    assert [each.rule for each in found] == rules
    again = compiled(json.dumps(mended(document(steps))), files())
    assert [each.rule for each in again.diagnostics] == [rule for rule in rules if rule == "unknown-parameter"]


def test_a_parameter_that_several_steps_share_is_left_to_its_author() -> None:
    text = document("{stepId: one, operationId: getPet, parameters: [{reference: $components.parameters.id}]}")
    text += "components: {parameters: {id: {name: petId, value: 1}}}\n"
    (found,) = compiled(text, files()).diagnostics
    assert (found.rule, found.fix and found.fix.edits) == ("missing-location", ())


BODIES = {
    "a member": ("addPet", "{name: name, in: body, value: Rex}", '{"name": "Rex"}'),
    "two members": (
        "addPet",
        "{name: name, in: body, value: Rex}, {name: age, in: body, value: 3}",
        '{"name": "Rex", "age": 3}',
    ),
    "the whole": ("addPet", "{name: body, in: body, value: {name: Rex}}", '{"name": "Rex"}'),
    "an expression": ("addPet", "{name: payload, in: body, value: $inputs.pet}", '{"name": "Ann"}'),
    "a member of anything": ("search", "{name: term, in: body, value: Rex}", '{"term": "Rex"}'),
}


@pytest.mark.parametrize(("operation", "parameters", "body"), BODIES.values(), ids=BODIES.keys())
def test_parameters_of_a_body_are_a_body(operation: str, parameters: str, body: str) -> None:
    text = document(f"{{stepId: one, operationId: {operation}, parameters: [{parameters}]}}")
    found = [each for each in compiled(text, files()).diagnostics if each.rule != "undeclared-input"]
    assert {each.rule for each in found} == {"body-parameter"}
    inputs = {"pet": {"name": "Ann"}}
    for each in (text, json.dumps(mended(text))):
        (request,) = play(plan_of(each, files()), [reply(201)], inputs).requests
        assert json.loads(request.body or b"") == json.loads(body)


@pytest.mark.parametrize(
    "written",
    [
        "addPet, parameters: [{name: pet, in: body, value: {name: Rex}}]",
        "addPet, parameters: [{name: name, in: body, value: Rex}], requestBody: {payload: {age: 3}}",
        "listPets, parameters: [{name: name, in: body, value: Rex}]",
    ],
    ids=["a name that is no member", "beside a body", "no body is declared"],
)
def test_a_parameter_that_could_be_anything_in_a_body_is_refused(written: str) -> None:
    found = compiled(document(f"{{stepId: one, operationId: {written}}}"), files()).diagnostics
    assert [each.rule for each in found] == ["misplaced-body"]


@pytest.mark.parametrize(
    ("content_type", "rules"),
    [
        ("text/plain", ["content-type-not-offered"]),
        ("application/json", []),
        ("application/json; charset=utf-8", []),
    ],
)
def test_a_media_type_that_is_not_offered_is_warned_of(content_type: str, rules: list[str]) -> None:
    body = f"requestBody: {{contentType: {content_type}, payload: 'x'}}"
    found = compiled(document(f"{{stepId: one, operationId: addPet, {body}}}"), files()).diagnostics
    assert [each.rule for each in found] == rules


@pytest.mark.parametrize(
    ("written", "version", "expected"),
    [
        ("OpenAPI", "1.0.1", ["warning value-case"]),
        ("swagger", "1.0.1", ["warning wrong-source-type"]),
        ("arazzo", "1.0.1", ["warning wrong-source-type"]),
        ("openapi 3", "1.1.0", ["error wrong-source-type"]),
        ("openapi", "1.0.1", []),
        ("''", "1.0.1", ["warning empty-field"]),
    ],
)
def test_the_content_says_what_a_source_is(written: str, version: str, expected: list[str]) -> None:
    text = document("{stepId: one, operationId: listPets}", version=version).replace(
        "type: openapi", f"type: {written}"
    )
    result = compiled(text, files())
    assert [f"{each.severity} {each.rule}" for each in result.diagnostics] == expected
    assert compiled(json.dumps(mended(text)), files()).diagnostics == ()
