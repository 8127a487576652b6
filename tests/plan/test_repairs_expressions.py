"""Expressions and texts as people write them: what each becomes, what is refused, and what is left as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.diagnostics import Rewrite
from runner.plan.compile import Compiled
from runner.plan.plan import OperationCall
from tests.scripted import compiled

OPERATION = {
    "operationId": "op",
    "parameters": [{"name": "q", "in": "query"}, {"name": "X-H", "in": "header"}],
    "requestBody": {"content": {"application/json": {}}},
    "responses": {"200": {"description": "ok"}},
}
API = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "https://api.example"}],
    "paths": {"/x": {"post": OPERATION}},
}
INPUTS = {
    "type": "object",
    "properties": {"key": {"type": "string"}, "branch": {"type": "string"}, "who": {"type": "object"}, "a.b": {}},
}
STATUS = [{"condition": "$statusCode == 200"}]


def document(written: Any, place: str = "value", version: str = "1.0.1", inputs: Any = INPUTS) -> dict[str, Any]:
    """Make a document with a value in its second step; the first one has the outputs `token` and `data`."""
    one = {
        "stepId": "one",
        "operationId": "op",
        "successCriteria": STATUS,
        "outputs": {"token": "$response.body#/token", "data": "$response.body"},
    }
    two: dict[str, Any] = {"stepId": "two", "operationId": "op", "successCriteria": STATUS}
    match place:
        case "value":
            two["parameters"] = [{"name": "q", "in": "query", "value": written}]
        case "header":
            two["parameters"] = [{"name": "X-H", "in": "header", "value": written}]
        case "payload":
            two["requestBody"] = {"contentType": "application/json", "payload": written}
        case "output":
            two["outputs"] = {"o": written}
        case _:
            two["successCriteria"] = [{"context": written, "type": "regex", "condition": "a"}]
    return {
        "arazzo": version,
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
        "workflows": [{"workflowId": "main", "inputs": inputs, "steps": [one, two]}],
    }


def compile_it(root: dict[str, Any]) -> Compiled:
    return compiled(json.dumps(root), {"api.json": json.dumps(API)})


def node_in(found: Compiled) -> object:
    """Give what was compiled from the value, wherever it stands."""
    assert found.plan is not None, found.diagnostics
    step = found.plan.workflows["main"].steps[1]
    assert isinstance(step.call, OperationCall)
    body = step.call.body.payload if step.call.body else None
    return (*(each.value for each in step.call.parameters), body, step.outputs, step.criteria[0].criterion)


def rewritten(found: Compiled) -> Any:
    """Give the value that all the fixes write."""
    edits = {edit for each in found.diagnostics if each.fix for edit in map(_frozen, each.fix.edits)}
    assert len(edits) == 1, found.diagnostics
    return json.loads(edits.pop())


def _frozen(edit: object) -> str:
    assert isinstance(edit, Rewrite)
    return json.dumps(edit.value)


DATA = "$steps.one.outputs.data"

# rule, where it stands, the value, what it becomes
REPAIRED = [
    ("bare-expression", "header", "Bearer $inputs.key", "Bearer {$inputs.key}"),
    ("bare-expression", "value", "key:$inputs.key", "key:{$inputs.key}"),
    ("bare-expression", "value", "heads/$inputs.branch", "heads/{$inputs.branch}"),
    ("bare-expression", "value", "$inputs.key/$inputs.branch.", "{$inputs.key}/{$inputs.branch}."),
    ("bare-expression", "value", "$inputs.key $inputs.branch", "{$inputs.key} {$inputs.branch}"),
    ("bare-expression", "value", "{$inputs.key}-$inputs.branch-", "{$inputs.key}-{$inputs.branch}-"),
    ("bare-expression", "value", "file $inputs.branch.json", "file {$inputs.branch}.json"),
    ("bare-expression", "value", "x $steps.one.token, y", "x {$steps.one.outputs.token}, y"),
    ("bare-expression", "value", f"x {DATA}.a[0].b", f"x {{{DATA}#/a/0/b}}"),
    ("bare-expression", "value", "x $inputs.a.b.c", "x {$inputs.a.b#/c}"),
    ("bare-expression", "output", "Bearer $response.body.token", "Bearer {$response.body#/token}"),
    ("bare-expression", "payload", '{"w": $inputs.who}', '{"w": {$inputs.who}}'),
    ("bare-expression", "payload", '{"w": "$inputs.who"}', '{"w": "{$inputs.who}"}'),
    ("bare-expression", "payload", "q($url: S) { a(k: $inputs.key) }", "q($url: S) { a(k: {$inputs.key}) }"),
    ("property-path", "value", f"{DATA}.id", f"{DATA}#/id"),
    ("property-path", "value", f"{DATA}.a[0].b", f"{DATA}#/a/0/b"),
    ("property-path", "value", f"{DATA}.a.0.$ref", f"{DATA}#/a/0/$ref"),
    ("property-path", "value", f"{DATA}['a b'][\"c/d\"]", f"{DATA}#/a b/c~1d"),
    ("property-path", "value", f"{DATA}.a#/b", f"{DATA}#/a/b"),
    ("property-path", "value", "$inputs.who.name", "$inputs.who#/name"),
    ("property-path", "value", "$inputs.a.b.c", "$inputs.a.b#/c"),
    ("property-path", "value", "<{$inputs.who.name}>", "<{$inputs.who#/name}>"),
    ("property-path", "payload", {"a": ["$inputs.who.name"]}, {"a": ["$inputs.who#/name"]}),
    ("property-path", "output", "$response.body.items[0].id", "$response.body#/items/0/id"),
    ("property-path", "output", "$response.body[0]", "$response.body#/0"),
    ("property-path", "context", "$response.body.message", "$response.body#/message"),
    ("missing-outputs", "value", "$steps.one.token", "$steps.one.outputs.token"),
    ("missing-outputs", "value", "$steps.one.output.token", "$steps.one.outputs.token"),
    ("missing-outputs", "value", "$steps.one.Outputs.token", "$steps.one.outputs.token"),
    ("missing-outputs", "value", "$steps.one.data.a[0]", f"{DATA}#/a/0"),
    ("missing-outputs", "value", "{$steps.one.data#/a}!", f"{{{DATA}#/a}}!"),
    ("root-spelling", "value", "$Inputs.key", "$inputs.key"),
    ("root-spelling", "output", "$StatusCode", "$statusCode"),
    ("root-spelling", "output", "$response.Body#/id", "$response.body#/id"),
    ("root-spelling", "output", "$response.statusCode", "$statusCode"),
    ("root-spelling", "output", "$request.URL", "$url"),
    ("response-header", "output", "$response.headers.ETag", "$response.header.ETag"),
    ("response-header", "output", "$response.headers['X-Y.Z']", "$response.header.X-Y.Z"),
    ("pointer-slash", "output", "$response.body#id", "$response.body#/id"),
    ("pointer-slash", "output", "$response.body#a/0/b", "$response.body#/a/0/b"),
    ("spaced-expression", "value", "$inputs.key\n", "$inputs.key"),
    ("spaced-expression", "value", "a { $inputs.key }", "a {$inputs.key}"),
    ("spaced-expression", "context", " $response.body", "$response.body"),
    ("braced-expression", "context", "{$response.body}", "$response.body"),
    ("braced-expression", "output", "{$response.body#/id}", "$response.body#/id"),
]


@pytest.mark.parametrize(("rule", "place", "written", "expected"), REPAIRED)
def test_a_text_is_understood_and_its_fix_writes_what_is_compiled(
    rule: str, place: str, written: Any, expected: Any
) -> None:
    found = compile_it(document(written, place))
    said = {(each.rule, each.severity) for each in found.diagnostics}
    assert said - {("composed-output", "warning")} == {(rule, "warning")}
    value = rewritten(found)
    again = compile_it(document(expected, place))
    assert value == _at(expected)
    assert {each.rule for each in again.diagnostics} <= {"composed-output"}
    assert node_in(found) == node_in(again)


def _at(value: Any) -> Any:
    """Give the only text in a value."""
    while not isinstance(value, str):
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value


CONFORMANT = [
    ("value", "Bearer {$inputs.key}"),
    ("value", "$inputs.key"),
    ("value", "$inputs.a.b"),
    ("value", f"{DATA}#/a.b/c"),
    ("value", "costs $5 or US$"),
    ("value", "$$inputs.key"),
    ("value", "query($url: S) { a(b: $url, c: $method) }"),
    ("value", "all $inputs, no $outputs"),
    ("value", "[$.items[0], @.id]"),
    ("payload", '{"price": "\\u0024inputs.key"}'),
    ("payload", {"a": "$inputs.key", "b": "{$inputs.who#/name}"}),
    ("output", "$response.header.Content-Type"),
    ("output", "$response.body"),
    ("output", "$response.body#/headers/X"),
    ("context", "$response.body#/message"),
]


@pytest.mark.parametrize(("place", "written"), CONFORMANT)
@pytest.mark.parametrize("version", ["1.0.1", "1.1.0"])
def test_what_is_as_the_specification_has_it_is_left_alone(place: str, written: Any, version: str) -> None:
    assert compile_it(document(written, place, version)).diagnostics == ()


# rule, where it stands, the value, what is offered instead
REFUSED = [
    ("stray-expression", "header", "Bearer $inputs.kye", "write {$inputs.key}, if that is meant"),
    ("stray-expression", "value", "x $steps.none.outputs.token", "write {$steps.one.outputs.token}, if that is meant"),
    ("path-to-several", "output", "$response.body.items[*].id", "name one place, such as #/items/0"),
    ("path-to-several", "value", f"{DATA}..id", "name one place, such as #/items/0"),
    ("path-to-several", "value", f"{DATA}.a[?@.b]", "name one place, such as #/items/0"),
    ("comparison-as-value", "output", "$response.body.n > 0", "refer to the value, and compare it in a condition"),
    ("comparison-as-value", "output", "$response.body#/n == 0", "refer to the value, and compare it in a condition"),
    ("comparison-as-value", "value", "$inputs.key == 'a'", "refer to the value, and compare it in a condition"),
    ("pointer-spelling", "output", "$response.body#/[0].id", "did you mean '#/0/id'?"),
    ("pointer-spelling", "output", "$response.body#a.b", "did you mean '#/a/b'?"),
    ("pointer-spelling", "context", "$response.body#$.a[0]", "did you mean '#/a/0'?"),
    ("missing-output-name", "value", "$steps.one", "write $steps.one.outputs.<name>, where the names are: data, token"),
    ("missing-output-name", "value", "$steps.one.tokn", "did you mean '$steps.one.outputs.token'?"),
    ("part-of-scalar", "value", "$inputs.key.name", "write $inputs.key, or declare it as an object"),
    ("undeclared-output", "value", "$steps.one.outputs.tokn", "did you mean 'token'?"),
    ("expression-syntax", "output", "$response", None),
]


@pytest.mark.parametrize(("rule", "place", "written", "offered"), REFUSED)
def test_what_cannot_be_understood_is_refused_with_what_was_probably_meant(
    rule: str, place: str, written: str, offered: str | None
) -> None:
    found = compile_it(document(written, place))
    assert found.plan is None
    assert [(each.rule, each.fix.title if each.fix else None) for each in found.diagnostics] == [(rule, offered)]


DOUBTED = [
    ("pointer-spelling", "$response.body#/a[0]", "did you mean '#/a/0'?"),
    ("pointer-spelling", "$response.body#/a/", "did you mean '#/a'?"),
    ("unknown-expression", "$body.id", "write $response.body, if that is meant"),
    ("composed-output", "id {$response.body#/id}", "name each value, and compose them where they are used"),
]


@pytest.mark.parametrize(("rule", "written", "offered"), DOUBTED)
def test_what_may_be_meant_as_it_is_written_is_taken_so_with_a_warning(rule: str, written: str, offered: str) -> None:
    found = compile_it(document(written, "output"))
    assert found.plan is not None
    assert [(each.rule, each.fix.title) for each in found.diagnostics if each.fix] == [(rule, offered)]


STRICT = {
    "$steps.one.token": "error",
    "$Inputs.key": "error",
    f"{DATA}#id": "error",
    "$inputs.key\n": "error",
    "$inputs.who.name": "warning",
    f"{DATA}[0]": "warning",
    "Bearer $inputs.key": "warning",
}


@pytest.mark.parametrize(("written", "severity"), STRICT.items())
def test_arazzo_1_1_refuses_what_its_grammar_has_no_room_for_and_offers_the_same_fix(
    written: str, severity: str
) -> None:
    old, new = (compile_it(document(written, version=version)) for version in ("1.0.1", "1.1.0"))
    assert [each.severity for each in new.diagnostics] == [severity]
    assert rewritten(new) == rewritten(old)


def test_all_inputs_at_once_are_an_object_of_those_that_are_declared() -> None:
    inputs = {"type": "object", "properties": {"title": {}, "pages": {}}}
    found = compile_it(document("$inputs", "payload", inputs=inputs))
    assert [each.rule for each in found.diagnostics] == ["whole-inputs"]
    whole = {"pages": "$inputs.pages", "title": "$inputs.title"}
    assert rewritten(found) == whole
    assert node_in(found) == node_in(compile_it(document(whole, "payload", inputs=inputs)))


@pytest.mark.parametrize("names", [[], ["a b"]])
def test_all_inputs_at_once_are_refused_where_no_expression_can_name_each(names: list[str]) -> None:
    inputs = {"type": "object", "properties": {name: {} for name in names}}
    found = compile_it(document("$inputs", "payload", inputs=inputs))
    assert [each.rule for each in found.diagnostics] == ["expression-syntax"]


@pytest.mark.parametrize("name", ["page[size]", "$orderby", "a b (c)"])
def test_a_name_that_1_1_cannot_spell_is_one_in_1_0(name: str) -> None:
    inputs = {"type": "object", "properties": {name: {}}}
    assert compile_it(document(f"$inputs.{name}", inputs=inputs)).diagnostics == ()
    strict = compile_it(document(f"$inputs.{name}", version="1.1.0", inputs=inputs)).diagnostics
    assert [each.rule for each in strict] == ["unspellable-name"]


def test_inputs_whose_names_are_not_known_are_left_to_the_run() -> None:
    inputs = {"type": "object", "patternProperties": {"^x": {}}}
    assert compile_it(document("$inputs.xa.b", inputs=inputs)).diagnostics == ()


def test_a_step_of_another_workflow_is_said_to_be_one() -> None:
    root = document("$steps.far.outputs.id")
    far = {"workflowId": "other", "steps": [{"stepId": "far", "operationId": "op", "successCriteria": STATUS}]}
    root["workflows"].append(far)
    (said,) = (each for each in compile_it(root).diagnostics if each.rule == "unknown-step")
    assert said.fix is not None
    assert said.fix.title == "it is a step of 'other': write $workflows.other.outputs.<name>"
