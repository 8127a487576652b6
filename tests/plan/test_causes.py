"""Root causes first: what follows from a problem that has been told is not told again."""

from __future__ import annotations

import pytest

from tests.plan.test_diagnostics import step
from tests.scripted import API, compiled, header, problems

ONE = step("- {stepId: one, operationId: listThings}")
QUALIFIED = step(
    "- {stepId: one, operationId: $sourceDescriptions.things.listThings}\n"
    "- {stepId: two, operationPath: '{$sourceDescriptions.things.url}#/paths/~1things/get'}"
)


@pytest.mark.parametrize("document", [ONE, QUALIFIED], ids=["plain", "qualified"])
@pytest.mark.parametrize(
    ("api", "rule"),
    [
        ("a: [", "yaml-syntax"),
        ("", "empty-document"),
        ("swagger: '1.2'\npaths: {}", "unsupported-openapi"),
        ("swaggerVersion: '1.2'\napis: []", "unsupported-openapi"),
        ("openapi: 4.0.0\npaths: {}", "unsupported-openapi"),
        ("a: 1", "unknown-source-type"),
    ],
)
def test_an_operation_may_be_in_a_source_that_could_not_be_used(document: str, api: str, rule: str) -> None:
    (found,) = problems(document, {"things.yaml": api})
    assert f"error {rule}: " in found


def test_an_operation_cannot_be_in_an_arazzo_document_that_could_not_be_read() -> None:
    document = step("- {stepId: one, operationId: nope}").replace(
        "[{name: things", "[{name: lib, url: lib.yaml, type: arazzo}, {name: things"
    )
    assert [line.split(" ")[2] for line in problems(document, {"lib.yaml": "a: ["})] == [
        "unknown-operation:",
        "yaml-syntax:",
    ]


@pytest.mark.parametrize("sources", ["7", "[7]", "[]", "[{name: '', url: things.yaml}]"])
def test_nothing_is_unknown_while_the_sources_are_not_known(sources: str) -> None:
    for document in (ONE, QUALIFIED):
        text = document.replace("[{name: things, url: things.yaml, type: openapi}]", sources)
        assert not [line for line in problems(text) if "unknown-" in line]


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ("openapi: 3.0.0", "1:1 warning malformed-openapi: the description has no 'paths', and so no operations"),
        ("openapi: 3.0.0\npaths: []", "2:8 warning malformed-openapi: 'paths' is an object, not a list"),
    ],
)
def test_a_description_without_operations_says_why_beside_what_is_missing(api: str, expected: str) -> None:
    found = problems(ONE, {"things.yaml": api})
    assert sorted(found) == sorted(
        [expected, "7:32 error unknown-operation: there is no operation 'listThings' in the source 'things'"]
    )


def test_what_an_operation_that_is_used_leaves_out_is_said_at_its_place() -> None:
    api = (
        "openapi: 3.0.0\nservers: [{url: 'ftp://x'}]\n"
        "paths: {things: {get: {operationId: listThings, parameters: 5, responses: [], requestBody: 7}}}"
    )
    assert sorted(problems(ONE, {"things.yaml": api})) == [
        "2:17 warning unusable-server: 'ftp' is not http or https: no request can go there",
        "3:42 warning no-server: the description 'things' names no server with an absolute URL",
        "3:61 warning malformed-openapi: 'parameters' is a list, not a number",
        "3:75 warning malformed-openapi: 'responses' is an object, not a list",
        "3:9 warning malformed-openapi: the path 'things' does not begin with '/'",
        "3:92 warning malformed-openapi: 'requestBody' is an object, not a number",
    ]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("gone.yaml", "that document cannot be read: there is no such file"),
        ("bad.yaml", "that document cannot be read: a value is expected here (memory:///bad.yaml:1:5)"),
        ("good.yaml", "there is nothing at that place"),
    ],
)
def test_a_parameter_that_a_step_needs_and_that_leads_nowhere_says_why(file: str, reason: str) -> None:
    api = API.replace("- {name: cursor, in: query, schema: {type: string}}", f"- $ref: '{file}#/a'")
    found = problems(ONE, {"things.yaml": api, "bad.yaml": "a: [", "good.yaml": "b: 1"})
    assert [line.split(" ", 1)[1] for line in found] == [
        f"error unresolved-reference: reference '{file}#/a' cannot be resolved: {reason}"
    ]
    other = step("- {stepId: one, operationId: login}")
    assert problems(other, {"things.yaml": api, "bad.yaml": "a: [", "good.yaml": "b: 1"}) == []


def test_the_texts_of_a_step_whose_target_is_unknown_are_checked_all_the_same() -> None:
    document = step("""
        - stepId: one
          operationId: nope
          parameters: [{name: a, in: query, value: $steps.p.outputs.a}]
          requestBody: {payload: {a: $steps.q.outputs.a}, replacements: [{target: /a, value: $steps.r.outputs.a}]}
          onSuccess:
          - {name: a, type: goto, stepId: s, criteria: [{condition: a = b}]}
          - {name: b, type: goto, workflowId: w, criteria: [{condition: a = b}]}
    """)
    found = [line.split(" ", 1)[1] for line in problems(document)]
    for name in "pqrs":
        assert f"error unknown-step: there is no step '{name}' in this workflow" in found
    assert "error unknown-workflow: there is no workflow 'w'" in found
    assert len([line for line in found if "condition-syntax" in line]) == 2


def test_a_workflow_without_an_id_is_checked_all_the_same() -> None:
    found = problems(header("- {workflowId: '', steps: [{stepId: a, operationId: listThngs}]}"))
    assert [line.split(" ")[2] for line in found] == ["empty-value:", "unknown-operation:"]


def test_an_error_that_is_also_a_warning_elsewhere_stays_an_error() -> None:
    document = header(
        "- {workflowId: main, inputs: {$ref: '#/components/inputs/x'}, steps: [{stepId: a, operationId: login}]}",
        extra="components: {inputs: {x: {type: zzz}}}\n",
    )
    (problem,) = compiled(document).diagnostics
    assert (problem.severity, problem.rule, problem.span.text) == ("error", "invalid-inputs-schema", "zzz")


WITH_WEBHOOKS = """
openapi: 3.1.0
servers: [{url: 'https://api.example.com'}]
paths:
  /things: {$ref: '#/components/pathItems/Things'}
  /cats/{id}: {$ref: '#/components/pathItems/Animal'}
  /dogs/{id}: {$ref: '#/components/pathItems/Animal'}
components:
  pathItems:
    Things: {get: {operationId: listThings}}
    Animal: {get: {}}
webhooks: {new: {post: {}}}
"""


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("/paths/~1things/get", None),
        ("/components/pathItems/Things/get", None),
        (
            "/webhooks/new/post",
            "uncallable-operation: {} is a webhook: a request that the API sends, and nobody can call",
        ),
        (
            "/components/pathItems/Animal/get",
            "shared-operation: {} is the operation of several paths: '/paths/~1cats~1{{id}}/get' and '/paths/~1dogs~1{{id}}/get'",  # noqa: E501
        ),
        ("/paths/~1things", "uncallable-operation: {} is not an operation, but '/paths/~1things/get' is one"),
    ],
)
def test_an_operation_path_says_why_it_cannot_be_called(fragment: str, expected: str | None) -> None:
    document = step(f"- {{stepId: one, operationPath: '{{$sourceDescriptions.things.url}}#{fragment}'}}")
    wanted = [] if expected is None else ["7:68 error " + expected.format(f"'{fragment}'")]
    assert problems(document, {"things.yaml": WITH_WEBHOOKS}) == wanted
