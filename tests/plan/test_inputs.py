"""What is said of the inputs of a workflow, and of the arguments that are given for them."""

from __future__ import annotations

import pytest

from tests.scripted import compiled, header, problems

INPUTS = "- {workflowId: main, inputs: SCHEMA, steps: [{stepId: a, operationId: login}]}"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{properties: {a: {type: zzz}}}", "zzz error invalid-inputs-schema: the inputs are not a valid JSON Schema:"),
        ("{$ref: '#/nope'}", "'#/nope' error invalid-inputs-schema: "),
        ("{properties: {a: {type: string, default: 7}}}", "7 warning invalid-default: its own schema refuses"),
        ("{properties: {a: {type: array, items: {type: string, default: 1}}}}", "1 warning invalid-default: "),
        ("{properties: {a: {required: [b], default: {}}}}", "{} warning invalid-default: "),
        ("{properties: {a: {format: password, maxLength: 1, default: xyz}}}", "xyz warning invalid-default: "),
    ],
)
def test_what_is_wrong_with_inputs_is_said_where_it_stands(schema: str, expected: str) -> None:
    (problem,) = compiled(header(INPUTS.replace("SCHEMA", schema))).diagnostics
    told_of = f"{problem.span.text} {problem.severity} {problem.rule}: {problem.message}"
    assert told_of.startswith(expected)
    assert "xyz" not in problem.message


def test_a_default_that_other_defaults_complete_is_not_refused() -> None:
    schema = "{properties: {a: {required: [b], properties: {b: {default: 1}}, default: {}}}}"
    assert problems(header(INPUTS.replace("SCHEMA", schema))) == []


def test_inputs_among_the_components_that_nothing_uses_are_warned_of() -> None:
    document = header(
        INPUTS.replace("SCHEMA", "{}"), extra="components: {inputs: {x: {type: zzz}, y: {type: string, default: 1}}}\n"
    )
    found = compiled(document).diagnostics
    assert [(each.severity, each.rule, each.span.text) for each in found] == [
        ("warning", "invalid-inputs-schema", "zzz"),
        ("warning", "invalid-default", "1"),
    ]


def test_an_argument_that_is_no_input_is_said_at_its_name() -> None:
    document = header("""
    - workflowId: main
      steps: [{stepId: call, workflowId: sub, parameters: [{name: z, value: 1}]}]
    - workflowId: sub
      inputs: {properties: {id: {type: string}}}
      steps: [{stepId: get, operationId: login}]
    """)
    assert problems(document) == ["7:63 warning undeclared-input: the workflow declares no input 'z'"]
