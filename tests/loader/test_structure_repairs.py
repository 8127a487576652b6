"""What the structure of a document is mended to, and what is left as it is."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from runner.arazzo.dialect import dialect_of
from runner.diagnostics import Rewrite
from runner.errors import FetchError
from runner.exchange import Fetched
from runner.loader.apply import apply
from runner.loader.kept import read_kept
from runner.loader.load import load
from runner.loader.mend import Structure, mend_structure
from runner.loader.repairs import STRUCTURE
from runner.loader.repairs.pages import file_behind
from runner.loader.shape import check_shape
from runner.source import Source
from runner.values import Json, resolve_pointer
from tests.scripted import API, compiled, header, plan_of, problems

STEP = "/workflows/0/steps/0"


def document(step: str, version: str = "1.0.1", extra: str = "") -> str:
    return header(
        f"- {{workflowId: main, steps: [{{stepId: one, operationId: login, {step}}}]}}\n", version=version
    ) + (extra)


def mended(text: str, version: str = "1.0.1") -> Structure:
    read = read_kept(Source("memory:///flow.yaml", "flow.yaml", text), None)
    dialect = dialect_of(version)
    assert dialect is not None
    assert not read.problems
    return mend_structure(STRUCTURE, read.value, read.places, dialect)


CRITERION: Json = [{"condition": "$statusCode == 200"}]
MENDED: dict[str, tuple[str, str, Any, list[str]]] = {
    "an empty text": ("operationPath: ''", "", {"stepId": "one", "operationId": "login"}, ["empty-field"]),
    "nothing behind a key": ("outputs: ", "", {"stepId": "one", "operationId": "login"}, ["empty-field"]),
    "an empty place": (
        "parameters: [{name: a, in: '', value: ''}]",
        "/parameters/0",
        {"name": "a", "value": ""},
        ["empty-field"],
    ),
    "a number as description": ("description: 1.10", "/description", "1.10", ["unquoted-text"]),
    "a boolean as condition": (
        "successCriteria: [{condition: true}]",
        "/successCriteria/0/condition",
        "true",
        ["unquoted-text"],
    ),
    "a delay in quotes": (
        "onFailure: [{name: a, type: retry, retryAfter: '0.5'}]",
        "/onFailure/0/retryAfter",
        0.5,
        ["quoted-number"],
    ),
    "a limit in quotes": (
        "onFailure: [{name: a, type: retry, retryLimit: ' 5 '}]",
        "/onFailure/0/retryLimit",
        5,
        ["quoted-number"],
    ),
    "a type in capitals": ("onFailure: [{name: a, type: RETRY}]", "/onFailure/0/type", "retry", ["value-case"]),
    "a place in capitals": (
        "parameters: [{name: a, in: Header, value: 1}]",
        "/parameters/0/in",
        "header",
        ["value-case"],
    ),
    "one criterion": (
        "successCriteria: {condition: $statusCode == 200}",
        "/successCriteria",
        CRITERION,
        ["single-entry"],
    ),
    "one condition": ("successCriteria: $statusCode == 200", "/successCriteria", CRITERION, ["bare-condition"]),
    "a list of conditions": (
        "successCriteria: [$statusCode == 200]",
        "/successCriteria",
        CRITERION,
        ["bare-condition"],
    ),
    "one action, without a name": (
        "onSuccess: {type: end}",
        "/onSuccess",
        [{"type": "end", "name": "end"}],
        ["single-entry", "unnamed-action"],
    ),
    "one reused parameter": (
        "parameters: {$ref: '#/components/parameters/a'}",
        "/parameters",
        {"$ref": "#/components/parameters/a"},
        [],
    ),
    "parameters as a map": (
        "parameters: {limit: 1, ids: [1, 2], X-A: {in: header, value: b}}",
        "/parameters",
        [
            {"name": "limit", "value": 1},
            {"name": "ids", "value": [1, 2]},
            {"name": "X-A", "in": "header", "value": "b"},
        ],
        ["parameter-map"],
    ),
    "a reference by a pointer": (
        "parameters: [{$ref: '#/components/parameters/a~1b', value: 1}]",
        "/parameters/0",
        {"reference": "$components.parameters.a/b", "value": 1},
        ["reference-spelling"],
    ),
    "an empty reference": (
        "onSuccess: [{reference: '', name: a, type: end}]",
        "/onSuccess/0",
        {"name": "a", "type": "end"},
        ["empty-reference"],
    ),
    "a condition in an action": (
        "onSuccess: [{name: a, type: end, condition: $statusCode == 200}]",
        "/onSuccess/0",
        {"name": "a", "type": "end", "criteria": CRITERION},
        ["action-condition"],
    ),
    "a condition beside no criteria": (
        "onSuccess: [{name: a, type: end, criteria: [], condition: $statusCode == 200}]",
        "/onSuccess/0/criteria",
        CRITERION,
        ["action-condition"],
    ),
    "two actions without a name": (
        "onFailure: [{type: goto, stepId: one}, {type: goto, stepId: one}]",
        "/onFailure",
        [
            {"type": "goto", "stepId": "one", "name": "goto-one"},
            {"type": "goto", "stepId": "one", "name": "goto-one-2"},
        ],
        ["unnamed-action", "unnamed-action"],
    ),
    "an action without a name, whose goal is an expression": (
        "onFailure: [{type: goto, stepId: $steps.one}]",
        "/onFailure/0/name",
        "goto-one",
        ["unnamed-action"],
    ),
    "zeros of an editor": (
        "onFailure: [{name: a, type: end, retryAfter: 0, retryLimit: 0, stepId: ''}]",
        "/onFailure/0",
        {"name": "a", "type": "end"},
        ["idle-retry", "idle-retry", "empty-field"],
    ),
}


@pytest.mark.parametrize(("step", "pointer", "expected", "rules"), MENDED.values(), ids=MENDED.keys())
def test_a_structure_is_mended_by_the_edits_that_are_offered(
    step: str, pointer: str, expected: Any, rules: list[str]
) -> None:
    text = document(step)
    found = mended(text)
    assert resolve_pointer(found.root, STEP + pointer) == expected
    assert [each.rule for each in found.problems] == rules
    assert {each.severity for each in found.problems} <= {"warning"}
    read = read_kept(Source("memory:///flow.yaml", "flow.yaml", text), None)
    fixes = [each.fix.edits for each in found.problems if each.fix]
    assert reduce(apply, fixes, read.value) == found.root


@pytest.mark.parametrize(("step", "pointer", "expected", "rules"), MENDED.values(), ids=MENDED.keys())
def test_what_is_mended_needs_no_repair(step: str, pointer: str, expected: Any, rules: list[str]) -> None:
    found = mended(document(step))
    dialect = dialect_of("1.0.1")
    assert dialect is not None
    assert mend_structure(STRUCTURE, found.root, found.places, dialect).root == found.root
    if rules:
        assert not [each.message for each in check_shape(found.root, found.places, dialect) if each.severity == "error"]


UNTOUCHED = {
    "an empty value": "parameters: [{name: a, in: query, value: ''}, {name: b, in: query, value: null}]",
    "an empty target": "requestBody: {payload: 1, replacements: [{target: '', value: 2}]}",
    "an empty list": "onFailure: []",
    "a number as value": "parameters: [{name: a, in: query, value: '5'}]",
    "a text that is no number": "onFailure: [{name: a, type: retry, retryAfter: soon}]",
    "a limit with a fraction": "onFailure: [{name: a, type: retry, retryLimit: '1.5'}]",
    "a retry of nothing": "onFailure: [{name: a, type: retry, retryAfter: 0, retryLimit: 0}]",
    "parameters by their place": "parameters: {query: {limit: 1}}",
    "a parameter that lacks its value": "parameters: {name: limit, in: query}",
    "parameters whose values are objects": "parameters: {filter: {value: 1, style: form}}",
    "a condition beside criteria": "onSuccess: [{name: a, type: end, criteria: [{condition: 1 == 1}], condition: '1'}]",
    "a condition with a context": "onSuccess: [{name: a, type: end, context: $response.body, condition: $.a}]",
    "an action without a type": "onSuccess: [{stepId: one}]",
    "a reference to a file": "parameters: [{$ref: ./parameters.yaml}]",
    "a reference to other components": "parameters: [{$ref: '#/components/inputs/a'}]",
    "a reference that is one": "parameters: [{reference: $components.parameters.a, value: ''}]",
    "outputs as a list": "outputs: [{a: $statusCode}]",
    "an object for a text": "description: {a: 1}",
    "an extension": "x-note: ''",
}


@pytest.mark.parametrize("step", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_what_is_conformant_or_could_mean_two_things_is_left_alone(step: str) -> None:
    text = document(step)
    found = mended(text)
    assert found.problems == ()
    assert found.root == read_kept(Source("memory:///flow.yaml", "flow.yaml", text), None).value


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("https://github.com/o/r/blob/v1.0/a/b.yaml", "https://raw.githubusercontent.com/o/r/v1.0/a/b.yaml"),
        ("http://www.github.com/o/r/blob/main/b.yaml?raw=true#L3", "https://raw.githubusercontent.com/o/r/main/b.yaml"),
        ("https://gitlab.com/g/s/r/-/blob/main/b.yaml", "https://gitlab.com/g/s/r/-/raw/main/b.yaml"),
        ("https://bitbucket.org/o/r/src/main/b.yaml", "https://bitbucket.org/o/r/raw/main/b.yaml"),
        ("https://raw.githubusercontent.com/o/r/main/blob/b.yaml", None),
        ("https://github.com/o/r/raw/main/b.yaml", None),
        ("blob/main/b.yaml", None),
        ("https://example.com/o/r/blob/main/b.yaml", None),
    ],
)
def test_the_url_of_a_page_is_that_of_the_file_behind_it(url: str, file: str | None) -> None:
    assert file_behind(url) == file


PAGE, FILE = "https://github.com/o/r/blob/main/b.yaml", "https://raw.githubusercontent.com/o/r/main/b.yaml"


@pytest.mark.parametrize(
    ("there", "rules"), [((FILE,), ["page-as-source"]), ((PAGE, FILE), ["page-as-source"]), ((PAGE,), [])]
)
def test_the_file_behind_a_page_is_read_where_it_is_there(there: tuple[str, ...], rules: list[str]) -> None:
    texts = {"memory:///flow.yaml": document("x-a: 1").replace("url: things.yaml", f"url: {PAGE}")}

    def fetch(uri: str) -> Fetched:
        if uri not in (*texts, *there):
            raise FetchError(uri, "there is no such file")
        return Fetched(uri, texts.get(uri, API))

    found = load("memory:///flow.yaml", fetch)
    assert [each.rule for each in found.diagnostics] == rules
    assert found.description is not None
    assert set(found.description.apis) == {there[-1]}


STRICT = {
    "onSuccess: [{type: end}]": "error unnamed-action",
    "successCriteria: $statusCode == 200": "error bare-condition",
    "parameters: [{$ref: $components.parameters.a}]": "error reference-spelling",
    "description: 5": "error unquoted-text",
    "description: ''": "warning empty-field",
    "parameters: null": "error empty-field",
    "onSuccess: [{name: a, type: end, condition: 1 == 1}]": "error action-condition",
}


@pytest.mark.parametrize(("step", "expected"), STRICT.items())
def test_a_document_of_1_1_is_refused_with_the_same_fix(step: str, expected: str) -> None:
    (strict,) = mended(document(step, "1.1.0"), "1.1.0").problems
    (repaired,) = mended(document(step)).problems
    assert f"{strict.severity} {strict.rule}" == expected
    assert strict.fix == repaired.fix
    assert strict.fix is not None
    assert strict.fix.edits


@pytest.mark.parametrize(
    ("step", "rule", "at"),
    [
        ("onSuccess: [{name: a, type: end, condition: $status == 200}]", "condition-syntax", "$status "),
        ("parameters: {limit: $inputs.nobody}", "undeclared-input", "$inputs"),
        ("parameters: {limit: $inputs.nobody}", "missing-location", "limit"),
        ("successCriteria: ['$statusCode == 200', '$status == 200']", "condition-syntax", "$status "),
        ("onFailure: [{$ref: '#/components/failureActions/nobody'}]", "unknown-component", "'#/components"),
    ],
)
def test_what_a_repair_has_moved_is_drawn_where_it_is_written(step: str, rule: str, at: str) -> None:
    text = document(step).replace("login", "listThings")
    (found,) = (each for each in compiled(text).diagnostics if each.rule == rule)
    assert text[found.span.start :].startswith(at.strip()), text[found.span.start :]


def test_a_repair_inside_a_component_that_nobody_uses_stops_nothing() -> None:
    unused = "components: {failureActions: {a: {type: end}}}\n"
    text = document("description: a", "1.1.0", unused)
    assert [each.split(" ", 1)[1] for each in problems(text)] == ["warning unnamed-action: an action has no name"]
    used = document("onFailure: [{reference: $components.failureActions.a}]", "1.1.0", unused)
    assert [each.split(" ", 1)[1] for each in problems(used)] == ["error unnamed-action: an action has no name"]


def test_a_mended_document_is_what_is_run() -> None:
    plan = plan_of(
        document("successCriteria: $statusCode == 201, onSuccess: {type: end, condition: $statusCode == 201}")
    )
    (step,) = plan.workflows["main"].steps
    assert [each.text for each in step.criteria] == ["$statusCode == 201"]
    assert [(each.name, len(each.criteria)) for each in step.on_success] == [("end", 1)]


def test_an_unquoted_version_is_refused_with_the_text_that_is_meant() -> None:
    (problem,) = compiled("arazzo: 1.1\n").diagnostics
    assert problem.fix is not None
    assert problem.fix.edits == (Rewrite("/arazzo", "1.1.0"),)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("step: {forEach: $inputs.a}", "invented-field"),
        ("step: {retryLimit: 3}", "invented-field"),
        ("onSuccess: [{name: a, type: end, outputs: {a: 1}}]", "invented-field"),
        ("onSuccess: [{name: a, type: goto, stepId: one, retryAfter: 3}]", "invented-field"),
        ("requestBody: {payload: {}, replacements: [{target: /a, value: 1, default: 2}]}", "invented-field"),
        ("onSuccess: [{name: a, type: retry}]", "unknown-value"),
        ("onFailure: [{name: a, type: notify}]", "unknown-value"),
        ("parameters: [{name: a, in: formData, value: 1}]", "unknown-value"),
        ("parameters: [{$ref: ./a.yaml}]", "foreign-reference"),
        ("outputs: [{a: $statusCode}]", "wrong-type"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_there_is_instead(written: str, rule: str) -> None:
    step = written.removeprefix("step: {").removesuffix("}") if written.startswith("step:") else written
    found = [each for each in compiled(document(step)).diagnostics if each.severity == "error"]
    assert [each.rule for each in found] == [rule]
    assert found[0].fix is not None
