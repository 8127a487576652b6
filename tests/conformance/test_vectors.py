"""The vectors of the suite, kind by kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.criteria.check import check, compile_criterion
from runner.expressions.evaluate import evaluate
from runner.expressions.faults import SelectorFailure, SelectorSyntax, SyntaxFault
from runner.expressions.fill import Missing, fill
from runner.expressions.names import Undeclared, resolve
from runner.expressions.nodes import Input, Node, Output, Root, Selected, StepOutput, WorkflowValue
from runner.expressions.parse import parse_expression
from runner.expressions.selectors.compile import DEFAULT_VERSIONS, compile_selector, select
from runner.expressions.template import SelectorFields, compile_node, parse_text, parse_value
from runner.values import ABSENT
from tests.conformance.harness import compile_flow, grammar_of, scope_of, vectors
from tests.scripted import play


def cases(kind: str) -> Any:
    found = vectors(kind)
    return pytest.mark.parametrize("case", found, ids=[case["id"] for case in found])


def same(found: Any, expected: Any) -> bool:
    """Compare JSON values: true is not 1, and 1 is not 1.0 where the type has to be kept."""
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


@cases("expression")
def test_an_expression_gives(case: Any) -> None:
    try:
        expression = parse_expression(case["expression"], grammar_of(case))
    except SyntaxFault:
        assert case.get("invalid"), case["id"]
        return
    declared = case.get("declared")
    if declared is not None:
        found = resolve(expression, lambda root: names(declared, root))
        if isinstance(found, Undeclared):
            assert case.get("invalid"), case["id"]
            return
        expression = found
    value = evaluate(expression, scope_of(case.get("scope", {})))
    assert not case.get("invalid"), "it was accepted"
    if case.get("absent"):
        assert value is ABSENT
    else:
        assert value is not ABSENT
        assert same(value, case["value"]), value
    assert parse_expression(str(parse_expression(case["expression"], grammar_of(case))), grammar_of(case))


def names(declared: Any, root: Root) -> list[str] | None:
    match root:
        case Input():
            found = declared.get("inputs")
        case Output():
            found = declared.get("outputs")
        case StepOutput(step_id):
            found = declared.get("steps", {}).get(step_id)
        case WorkflowValue(workflow_id, kind):
            found = declared.get("workflows", {}).get(workflow_id, {}).get(kind)
        case _:
            found = None
    return found  # type: ignore[no-any-return]


@cases("template")
def test_a_template_gives(case: Any) -> None:
    try:
        node = parse_text(case["template"], grammar_of(case), case.get("style", "text"))
    except SyntaxFault:
        assert case.get("invalid"), case["id"]
        return
    assert not case.get("invalid"), "it was accepted"
    found = fill(node, scope_of(case.get("scope", {})))
    if case.get("absent"):
        assert isinstance(found, Missing)
    else:
        assert found == case["text"]


@cases("payload")
def test_a_payload_gives(case: Any) -> None:
    grammar = grammar_of(case)

    def text(written: str, _: str) -> Node:
        return parse_value(written, grammar).node

    def selector(fields: SelectorFields, _: str) -> Node:
        compile_selector(fields.type, fields.version, fields.selector)
        return Selected(parse_expression(fields.context, grammar), fields.selector, fields.type, fields.version)  # type: ignore[arg-type]

    try:
        node = compile_node(case["payload"], text, selector if grammar.strict else None)
    except SyntaxFault:
        assert case.get("invalid"), case["id"]
        return
    assert not case.get("invalid"), "it was accepted"
    found = fill(node, scope_of(case.get("scope", {})))
    if case.get("absent"):
        assert isinstance(found, Missing)
    else:
        assert same(found, case["value"]), found


@cases("criterion")
def test_a_criterion_is(case: Any) -> None:
    written, grammar = case["criterion"], grammar_of(case)
    kind = written.get("type", "simple")
    kind, version = (
        (kind["type"], kind["version"]) if isinstance(kind, dict) else (kind, DEFAULT_VERSIONS.get(kind, ""))
    )
    try:
        context = parse_expression(written["context"], grammar) if "context" in written else None
        criterion = compile_criterion(written["condition"], kind, version, context, grammar)
    except SyntaxFault:
        assert case["result"] == "invalid"
        return
    verdict = check(criterion, scope_of(case.get("scope", {})))
    found = "pass" if verdict.passed else "broken" if verdict.problem else "fail"
    assert found == case["result"], verdict


@cases("comparison")
def test_a_comparison_is(case: Any) -> None:
    condition = f"$inputs.left {case['operator']} $inputs.right"
    scope = scope_of({"inputs": {side: case[side] for side in ("left", "right") if side in case}})
    verdict = check(compile_criterion(condition, grammar=grammar_of(case)), scope)
    assert ("broken" if verdict.problem else verdict.passed) == case["result"], verdict


@cases("selector")
def test_a_selector_selects(case: Any) -> None:
    kind = case["type"]
    kind, version = (kind["type"], kind["version"]) if isinstance(kind, dict) else (kind, DEFAULT_VERSIONS[kind])
    try:
        found = list(select(compile_selector(kind, version, case["selector"]), case["context"]))
    except SelectorSyntax:
        assert case.get("invalid"), case["id"]
        return
    except SelectorFailure:
        assert case.get("failure"), case["id"]
        return
    assert not case.get("invalid"), "it was accepted"
    assert not case.get("failure"), "it was applied"
    assert same(found, case["values"]), found


@cases("replacement")
def test_a_replacement_gives(case: Any) -> None:
    flow = {
        "documents": {
            "flow.arazzo.json": {
                "arazzo": case.get("version", "1.1.0"),
                "info": {"title": "t", "version": "1"},
                "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
                "workflows": [
                    {
                        "workflowId": "main",
                        "inputs": {
                            "type": "object",
                            "properties": {name: {} for name in case.get("scope", {}).get("inputs", {})},
                        },
                        "steps": [
                            {
                                "stepId": "send",
                                "operationId": "send",
                                "requestBody": {
                                    "contentType": case["contentType"],
                                    "payload": case["payload"],
                                    "replacements": case["replacements"],
                                },
                            }
                        ],
                    }
                ],
            },
            "api.json": {
                "openapi": "3.1.0",
                "info": {"title": "t", "version": "1"},
                "servers": [{"url": "https://api.example"}],
                "paths": {
                    "/x": {"post": {"operationId": "send", "requestBody": {"content": {case["contentType"]: {}}}}}
                },
            },
        }
    }
    compiled = compile_flow(flow)
    if compiled.plan is None:
        assert case.get("invalid"), [problem.message for problem in compiled.diagnostics]
        return
    assert not case.get("invalid"), "it was accepted"
    from runner.exchange import Response

    replies = [] if case.get("failure") else [Response(200)]
    story = play(compiled.plan, replies, case.get("scope", {}).get("inputs", {}))
    if case.get("failure"):
        assert story.requests == []
        return
    (request,) = story.requests
    body = request.body.decode()
    if "json" in case["contentType"]:
        assert same(json.loads(body), case["body"]), body
    else:
        assert body == case["body"]


def test_the_suite_has_vectors_of_every_kind() -> None:
    kinds = ("expression", "template", "payload", "criterion", "comparison", "selector", "replacement")
    assert all(vectors(kind) for kind in kinds)
