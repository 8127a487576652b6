"""What the compiler says, and where: each rule with a document that breaks it."""

# ruff: noqa: E501 - each row holds a whole document, which has the columns that the row names

from __future__ import annotations

from textwrap import dedent

import pytest

from runner.plan.context import Options
from runner.plan.plan import OperationCall, Unrunnable
from tests.scripted import API, compiled, header, plan_of, problems, told


def step(text: str) -> str:
    """A document whose only workflow has these steps; the first line of `text` is line 7."""
    return header(
        "- workflowId: main\n  steps:\n" + "\n".join("  " + line for line in dedent(text).strip().splitlines())
    )


TABLE = {
    "an unknown step": (
        step(
            "- {stepId: one, operationId: listThings, onSuccess: [{name: n, type: goto, stepId: tow}]}\n- {stepId: two, operationId: login}"
        ),
        ["7:86 error unknown-step: there is no step 'tow' in this workflow"],
    ),
    "an unknown workflow": (
        step("- {stepId: one, workflowId: mian}"),
        ["7:31 error unknown-workflow: there is no workflow 'mian'"],
    ),
    "an unknown operation": (
        step("- {stepId: one, operationId: listThing}"),
        ["7:32 error unknown-operation: there is no operation 'listThing' in the source 'things'"],
    ),
    "an unknown operation of a named source": (
        step("- {stepId: one, operationId: $sourceDescriptions.things.listThing}"),
        ["7:59 error unknown-operation: there is no operation 'listThing' in the source 'things'"],
    ),
    "an unknown source": (
        step("- {stepId: one, operationId: $sourceDescriptions.thing.listThings}"),
        ["7:52 error unknown-source: there is no source description 'thing'"],
    ),
    "an unknown source in a path": (
        step("- {stepId: one, operationPath: '{$sourceDescriptions.Things.url}#/paths/~1things/get'}"),
        ["7:56 error unknown-source: there is no source description 'Things'"],
    ),
    "a path to no operation": (
        step("- {stepId: one, operationPath: '{$sourceDescriptions.things.url}#/paths/~1thing/get'}"),
        ["7:68 error unknown-operation: there is no operation '/paths/~1thing/get' in the source 'things'"],
    ),
    "a path that is only a path": (
        step("- {stepId: one, operationPath: /things}"),
        [
            "7:34 error operation-path-syntax: an operationPath is a source's url, '#', and a JSON Pointer to an operation"
        ],
    ),
    "an unknown component": (
        step("- stepId: one\n  operationId: listThings\n  onFailure: [{reference: $components.failureActions.stop}]"),
        ["9:56 error unknown-component: there is no component 'stop' in components.failureActions"],
    ),
    "a component of the wrong kind": (
        step("- stepId: one\n  operationId: listThings\n  onFailure: [{reference: $components.parameters.stop}]"),
        ["9:29 error wrong-component: '$components.parameters.stop' does not refer to components.failureActions"],
    ),
    "two steps of one name": (
        step("- {stepId: one, operationId: listThings}\n- {stepId: one, operationId: login}"),
        ["8:14 error duplicate-id: the step 'one' is there twice"],
    ),
    "two parameters of one name": (
        step(
            "- stepId: one\n  operationId: listThings\n  parameters:\n"
            "  - {name: limit, in: query, value: 1}\n  - {name: limit, in: query, value: 2}\n  - {name: limit, in: header, value: 3}"
        ),
        ["11:8 error duplicate-id: the parameter 'limit' is there twice"],
    ),
    "a forward reference": (
        step(
            "- stepId: one\n  operationId: getThing\n  parameters: [{name: id, in: path, value: $steps.two.outputs.id}]\n"
            "- {stepId: two, operationId: login, outputs: {id: $response.body}}"
        ),
        ["9:46 error forward-reference: step 'two' comes later, so its outputs are not there yet"],
    ),
    "a forward reference that a goto reaches": (
        step(
            "- stepId: one\n  operationId: getThing\n  parameters: [{name: id, in: path, value: $steps.two.outputs.id}]\n"
            "- stepId: two\n  operationId: login\n  outputs: {id: $response.body}\n  onSuccess: [{name: n, type: goto, stepId: one}]"
        ),
        [
            "9:46 warning forward-reference: step 'two' comes later, so its outputs are not there yet",
            "13:18 warning loop-without-limit: this goes back to 'one' each time it passes, without limit",
        ],
    ),
    "an undeclared output": (
        step(
            "- {stepId: one, operationId: login, outputs: {token: $response.body}}\n"
            "- stepId: two\n  operationId: getThing\n  parameters: [{name: id, in: path, value: 'x{$steps.one.outputs.tokn}'}]"
        ),
        ["10:49 error undeclared-output: step 'one' has no output 'tokn'"],
    ),
    "an undeclared input": (
        step(
            "- stepId: one\n  operationId: listThings\n  parameters: [{name: limit, in: query, value: $inputs.limit}]"
        ),
        ["9:50 warning undeclared-input: the workflow declares no input 'limit'"],
    ),
    "a missing path parameter": (
        step("- {stepId: one, operationId: getThing}"),
        ["7:32 error missing-parameter: GET /things/{id} requires 'id'"],
    ),
    "a path parameter of another name": (
        step("- stepId: one\n  operationId: getThing\n  parameters: [{name: Id, in: path, value: 1}]"),
        [
            "8:18 error missing-parameter: GET /things/{id} requires 'id'",
            "9:25 error unknown-path-parameter: the path /things/{id} has no parameter 'Id'",
        ],
    ),
    "a parameter that does not say where it goes": (
        step("- stepId: one\n  operationId: login\n  parameters: [{name: q, value: 1}]"),
        ["9:19 error missing-location: the parameter 'q' does not say where it goes: 'in' is missing"],
    ),
    "an expression that is misspelt": (
        step("- stepId: one\n  operationId: getThing\n  parameters: [{name: id, in: path, value: $steps.one.id}]"),
        ["9:46 error missing-output-name: '$steps.one' refers to a step, and 'id' is no output of it"],
    ),
    "a condition that is misspelt": (
        step('- stepId: one\n  operationId: login\n  successCriteria:\n  - condition: "$statusCode = 200"'),
        ["10:31 warning operator-spelling: '=' is written '=='"],
    ),
    "a condition in a folded block": (
        step(
            "- stepId: one\n  operationId: login\n  successCriteria:\n  - condition: >-\n      $statusCode == 200\n      && $response.body#/a === 1"
        ),
        ["12:30 warning operator-spelling: '===' is written '=='"],
    ),
    "a JSONPath that is misspelt": (
        step(
            "- stepId: one\n  operationId: login\n  successCriteria:\n  - {context: $response.body, condition: '$.a[?(@.b', type: jsonpath}"
        ),
        ["10:50 error condition-syntax"],
    ),
    "a pattern that is misspelt": (
        step(
            "- stepId: one\n  operationId: login\n  successCriteria:\n  - {context: $response.body, condition: '(', type: regex}"
        ),
        ["10:45 error condition-syntax"],
    ),
    "a regex without context": (
        step("- stepId: one\n  operationId: login\n  successCriteria:\n  - {condition: '^2', type: regex}"),
        ["10:25 error missing-context: a regex criterion needs a context"],
    ),
    "a step that calls nothing": (
        step("- {stepId: one}"),
        ["7:6 error missing-target: step 'one' names no operationId, operationPath or workflowId"],
    ),
    "a step that calls two things": (
        step("- {stepId: one, operationId: login, workflowId: main}"),
        ["7:39 error several-targets: 'operationId' and 'workflowId' exclude each other"],
    ),
    "a goto that leads nowhere": (
        step("- {stepId: one, operationId: login, onSuccess: [{name: on, type: goto}]}"),
        ["7:62 error missing-target: the action 'on' says goto, but not where: a stepId or workflowId is missing"],
    ),
    "a misspelt field": (
        step("- {stepId: one, operationId: login, succesCriteria: [{condition: 'true'}]}"),
        ["7:39 error unknown-field: a step has no field 'succesCriteria'"],
    ),
    "a field of one's own": (
        step("- {stepId: one, operationId: login, comment: hello}"),
        ["7:39 warning unknown-field: a step has no field 'comment'"],
    ),
    "a field of a later version": (
        step("- {stepId: one, operationId: login, timeout: 100}"),
        ["7:39 warning unknown-field: 'timeout' is a field of Arazzo 1.1; it is ignored"],
    ),
    "a workflow of an API description": (
        step("- {stepId: one, workflowId: $sourceDescriptions.things.one}"),
        ["7:51 error not-an-arazzo-source: the source 'things' is not an Arazzo document: it has no workflows"],
    ),
    "retry fields of an action that does not retry": (
        step(
            "- stepId: one\n  operationId: login\n  onFailure:\n  - {name: a, type: goto, stepId: one, retryLimit: 3, retryAfter: 2}\n  - {name: b, type: end, stepId: one, workflowId: main}"
        ),
        [
            "10:8 warning loop-without-limit: this goes back to 'one' each time it fails, without limit",
            "10:42 warning unused-field: 'retryLimit' has no meaning in an action of type 'goto'",
            "10:57 warning unused-field: 'retryAfter' has no meaning in an action of type 'goto'",
            "11:28 warning unused-field: 'stepId' has no meaning in an action of type 'end'",
            "11:41 warning unused-field: 'workflowId' has no meaning in an action of type 'end'",
        ],
    ),
    "header names that cannot be sent": (
        step(
            "- stepId: one\n  operationId: login\n  parameters:\n  - {name: X a, in: header, value: 1}\n  - {name: \u00e9, in: header, value: 2}\n  - {name: X-B, in: header, value: 1}"
        ),
        [
            "10:14 error invalid-header-name: 'X a' cannot be the name of a header",
            "11:14 error invalid-header-name: '\u00e9' cannot be the name of a header",
        ],
    ),
    "constants that cannot be sent": (
        step(
            '- stepId: one\n  operationId: listThings\n  parameters:\n  - {name: limit, in: query, value: {a: [1]}}\n  - {name: X-B, in: header, value: "a\\nb"}\n- stepId: two\n  operationId: createThing\n  requestBody: {payload: \'{"a": }\'}\n- stepId: three\n  operationId: createThing\n  requestBody: {contentType: text/plain, payload: {a: 1}}'
        ),
        [
            "10:39 error unusable-value: query parameter 'limit' holds an array within an object",
            "11:38 error unusable-value: header 'X-B' holds a line break",
            "14:28 error unusable-value: the payload is not JSON: expecting value, in line 1, column 7",
            "17:32 warning content-type-not-offered: POST /things does not take text/plain",
            "17:53 error unusable-value: an object has no form in 'text/plain'",
        ],
    ),
    "an extension": (step("- {stepId: one, operationId: login, x-note: hello}"), []),
}


@pytest.mark.parametrize(("document", "expected"), TABLE.values(), ids=TABLE.keys())
def test_the_compiler_says(document: str, expected: list[str]) -> None:
    found = problems(document)
    assert len(found) == len(expected), found
    for line, wanted in zip(found, expected, strict=True):
        assert line.startswith(wanted)


def test_everything_that_is_wrong_is_said_in_one_go() -> None:
    document = step("""
        - stepId: one
          operationId: listThings
          successCriteria: [{condition: $statusCode == 20O}]
          onSuccess: [{name: n, type: goto, stepId: tow}]
        - stepId: two
          operationId: getThing
          parameters: [{name: id, in: path, value: $steps.one.outputs.id}]
    """)
    assert [line.split(" ")[2] for line in problems(document)] == [
        "condition-syntax:",
        "unknown-step:",
        "undeclared-output:",
    ]


def test_a_closed_schema_makes_an_undeclared_input_an_error() -> None:
    document = header("""
    - workflowId: main
      inputs: {type: object, properties: {limit: {type: integer}}, additionalProperties: false}
      steps:
      - stepId: one
        operationId: listThings
        parameters: [{name: limit, in: query, value: $inputs.limt}]
    """)
    assert problems(document) == ["11:50 error undeclared-input: the workflow declares no input 'limt'"]


def test_inputs_are_declared_through_references_too() -> None:
    document = header(
        """
        - workflowId: main
          inputs: {$ref: '#/components/inputs/page'}
          steps:
          - stepId: one
            operationId: listThings
            parameters: [{name: limit, in: query, value: $inputs.limit}]
        """,
        extra="components: {inputs: {page: {type: object, properties: {limit: {type: integer, default: 3}}}}}\n",
    )
    assert problems(document) == []
    assert plan_of(document).workflows["main"].inputs.names == {"limit"}


def test_a_cycle_of_workflows_is_refused() -> None:
    document = header("""
    - {workflowId: a, dependsOn: [b], steps: [{stepId: s, operationId: login}]}
    - {workflowId: b, dependsOn: [a], steps: [{stepId: s, operationId: login}]}
    """)
    assert ["dependency-cycle" in line for line in problems(document)] == [True]


def test_a_cycle_of_steps_is_refused() -> None:
    document = header(
        """
        - workflowId: main
          steps:
          - {stepId: a, operationId: login, dependsOn: [b]}
          - {stepId: b, operationId: login, dependsOn: [a]}
        """,
        version="1.1.0",
    )
    assert problems(document) == ["7:3 error dependency-cycle: these depend on each other: 'a' → 'b' → 'a'"]


def test_a_missing_source_is_said_at_its_url() -> None:
    found = problems(step("- {stepId: one, operationId: login}").replace("url: things.yaml", "url: gone.yaml"))
    assert found == ["3:42 error missing-source: the source 'things' cannot be read: there is no such file"]


def test_broken_yaml_is_said_at_its_place() -> None:
    (found,) = problems("arazzo: 1.0.1\ninfo:\n  title: 'x\n")
    assert found.startswith("3:")
    assert "yaml-syntax" in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- 1\n", "this is not an Arazzo document"),
        ("openapi: 3.1.0\n", "this is an openapi description"),
        ("info: {}\n", "the field 'arazzo' is missing"),
        ("arazzo: 2.0.0\n", "Arazzo 2.0.0 is not known"),
        ("arazzo: 1.0\n", "'arazzo' is a string"),
    ],
)
def test_what_is_not_an_arazzo_document_is_refused(text: str, expected: str) -> None:
    (found,) = problems(text)
    assert expected in found


TWO_SOURCES = step("- {stepId: one, operationId: OPERATION}").replace(
    "[{name: things", "[{name: others, url: others.yaml, type: openapi}, {name: things"
)
OTHERS = """
openapi: 3.0.3
info: {title: O, version: '1'}
servers: [{url: https://others.example}]
paths:
  /x: {get: {operationId: getX, responses: {}}}
  /login: {post: {operationId: login, responses: {}}}
"""


def test_with_several_sources_a_plain_operation_id_is_understood_while_one_source_has_it() -> None:
    document = TWO_SOURCES.replace("OPERATION", "getX")
    (found,) = problems(document, {"others.yaml": OTHERS})
    assert "warning unqualified-operation" in found
    call = plan_of(document, {"others.yaml": OTHERS}).workflows["main"].steps[0].call
    assert isinstance(call, OperationCall)
    assert call.server == "https://others.example"


def test_with_several_sources_an_ambiguous_operation_id_is_refused() -> None:
    (found,) = problems(TWO_SOURCES.replace("OPERATION", "login"), {"others.yaml": OTHERS})
    assert "error ambiguous-operation: the operation 'login' is in 'others' and 'things'" in found


def test_a_qualified_operation_id_is_found_in_its_source() -> None:
    assert problems(TWO_SOURCES.replace("OPERATION", "$sourceDescriptions.things.login"), {"others.yaml": OTHERS}) == []


def test_a_workflow_of_another_document_is_called_and_compiled_with_its_own_sources() -> None:
    other = header("""
    - workflowId: sub
      inputs: {type: object, required: [id], properties: {id: {type: string}}}
      steps:
      - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}
      outputs: {name: $steps.get.outputs.name}
    """).replace(
        "parameters: [{name: id, in: path, value: $inputs.id}]}",
        "parameters: [{name: id, in: path, value: $inputs.id}], outputs: {name: $response.body#/name}}",
    )
    main = step(
        "- {stepId: call, workflowId: $sourceDescriptions.lib.sub, parameters: [{name: id, value: '7'}]}"
    ).replace("[{name: things", "[{name: lib, url: lib.yaml, type: arazzo}, {name: things")
    plan = plan_of(main, {"lib.yaml": other})
    assert set(plan.workflows) == {"main", "memory:///lib.yaml#sub"}


def test_a_workflow_that_is_called_without_a_required_input_is_refused() -> None:
    document = header("""
    - workflowId: main
      steps: [{stepId: call, workflowId: sub}]
    - workflowId: sub
      inputs: {type: object, required: [id], properties: {id: {type: string}}}
      steps: [{stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}]
    """)
    (found,) = problems(document)
    assert "missing-input: workflow 'sub' requires 'id'" in found


def test_a_description_without_a_server_is_a_warning_until_the_step_is_to_run() -> None:
    files = {"things.yaml": API.replace("servers: [{url: 'https://api.example.com/v1'}]", "")}
    document = step("- {stepId: one, operationId: login}")
    result = compiled(document, files)
    assert [told(problem).split(" ", 1)[1] for problem in result.diagnostics] == [
        "warning no-server: the description 'things' names no server with an absolute URL"
    ]
    assert result.plan is not None
    assert isinstance(result.plan.workflows["main"].steps[0].call, Unrunnable)
    given = compiled(document, files, Options(servers={"things": "http://127.0.0.1:9/"}))
    assert given.plan is not None
    call = given.plan.workflows["main"].steps[0].call
    assert isinstance(call, OperationCall)
    assert call.server == "http://127.0.0.1:9"


def test_a_missing_server_is_told_once_of_a_description_and_of_each_operation_with_servers_of_its_own() -> None:
    own = "operationId: login\n      servers: [{url: /own}]"
    files = {
        "things.yaml": API.replace("[{url: 'https://api.example.com/v1'}]", "[{url: /v1}]").replace(
            "operationId: login", own
        )
    }
    names = ("listThings", "createThing", "login", "login")
    steps = "\n".join(f"- {{stepId: s{place}, operationId: {name}}}" for place, name in enumerate(names))
    assert problems(step(steps), files) == [
        "3:42 warning no-server: the description 'things' names no server with an absolute URL",
        "9:31 warning no-server: POST /login names no server with an absolute URL",
        "10:31 warning no-server: POST /login names no server with an absolute URL",
    ]


def test_a_deprecated_operation_is_warned_of_where_it_is_called() -> None:
    files = {"things.yaml": API.replace("operationId: login", "operationId: login\n      deprecated: true")}
    assert problems(step("- {stepId: one, operationId: login}"), files) == [
        "7:32 warning deprecated-operation: POST /login is deprecated"
    ]


def test_an_operation_of_an_arazzo_document_is_refused() -> None:
    document = step("- {stepId: b, operationId: $sourceDescriptions.lib.one}").replace(
        "[{name: things", "[{name: lib, url: lib.yaml, type: arazzo}, {name: things"
    )
    library = header("- {workflowId: one, steps: [{stepId: a, operationId: login}]}")
    assert problems(document, {"lib.yaml": library}) == [
        "7:50 error not-an-api-source: the source 'lib' is an Arazzo document: it has no operations"
    ]


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        ("{name: limit, in: query, value: [[1]]}", "holds an array within an array"),
        ("{name: 'X Trace', in: header, value: a}", "'X Trace' cannot be the name of a header"),
        (r'{name: X-Trace, in: header, value: "a\r\nEvil: 1"}', "header 'X-Trace' holds a line break"),
        ("{name: X-A, in: header, value: snow☃}", "a character outside of ISO 8859-1"),
    ],
)
def test_a_constant_that_cannot_be_sent_is_refused_at_its_place(parameter: str, problem: str) -> None:
    [found] = problems(step(f"- stepId: s\n  operationId: listThings\n  parameters:\n  - {parameter}"))
    assert problem in found
    assert found.startswith("10:")


def test_the_path_value_that_would_name_another_resource_is_the_one_that_is_shown() -> None:
    api = API.replace("/things/{id}:\n    get:", "/things/{name}/{id}:\n    get:")
    parameters = "{name: name, in: path, value: a}, {name: id, in: path, value: '..'}"
    document = step(f"- {{stepId: s, operationId: getThing, parameters: [{parameters}]}}")
    [found] = problems(document, {"things.yaml": api})
    column = document.splitlines()[6].index("'..'") + 1
    assert found.startswith(f"7:{column} ")


@pytest.mark.parametrize("value", ["''", "[]", "'..'", "'.'", "null"])
def test_a_constant_path_value_that_would_name_another_resource_is_refused(value: str) -> None:
    parameter = f"{{name: id, in: path, value: {value}}}"
    [found] = problems(step(f"- {{stepId: s, operationId: getThing, parameters: [{parameter}]}}"))
    assert "the URL would name another resource" in found
    assert "unusable-value" in found
