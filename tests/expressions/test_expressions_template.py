"""Texts and payloads of a document, and what they become."""

from __future__ import annotations

import json

import pytest

from runner.exchange import Response
from runner.expressions.faults import ExpressionSyntax
from runner.expressions.fill import Missing, fill
from runner.expressions.grammar import ARAZZO_1_0
from runner.expressions.nodes import (
    ArrayOf,
    Body,
    Computed,
    Constant,
    Escaped,
    Expression,
    Input,
    Node,
    ObjectOf,
    Part,
    Quoted,
    Selected,
    StatusCode,
    StepOutput,
    Template,
)
from runner.expressions.parse import parse_expression
from runner.expressions.scope import Scope
from runner.expressions.template import SelectorFields, Style, compile_node, parse_value, selector_fields
from runner.values import ABSENT, Json, Value

SCOPE = Scope(
    inputs={
        "text": 'say "hi" \\ é',
        "int": 3,
        "one": 1.0,
        "huge": 1e21,
        "tiny": 1e-7,
        "big": 10**25,
        "yes": True,
        "null": None,
        "object": {"a": [1, None, "ü"]},
        "list": [],
        "infinity": float("inf"),
        "surrogate": "\ud800",
    },
    response=Response(200, (("Content-Type", "image/png"),), b"\xff"),
)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("$statusCode", Computed(StatusCode())),
        ("$inputs.a", Computed(Input("a"))),
        ("plain", Constant("plain")),
        ("", Constant("")),
        ("$", Constant("$")),
        ("$5.00", Constant("$5.00")),
        ("$.store.items", Constant("$.store.items")),
        ("costs $inputs.a", Constant("costs $inputs.a")),
        ('{"a": {"b": 1}}', Constant('{"a": {"b": 1}}')),
        ("/pets/{petId}", Constant("/pets/{petId}")),
        ("{$100} {$} {$ }", Constant("{$100} {$} {$ }")),
        ("{\\u0024inputs.a}", Constant("{\\u0024inputs.a}")),
        ("{$inputs.a}", Template((Input("a"),))),
        ("a{$inputs.a}{$inputs.b}c", Template(("a", Input("a"), Input("b"), "c"))),
        ("/x/{petId}/{$inputs.a#/b}", Template(("/x/{petId}/", Input("a", "/b")))),
    ],
)
def test_a_text_is_an_expression_a_template_or_a_constant(text: str, node: Node) -> None:
    parsed = parse_value(text)
    assert parsed.node == node
    assert parsed.warning is None


@pytest.mark.parametrize(
    ("text", "node", "mended"),
    [
        ("$top", Constant("$top"), None),
        ("$top\n", Constant("$top\n"), None),
        ("$request-id", Constant("$request-id"), "$request"),
        ("$input.a", Constant("$input.a"), "$inputs.a"),
        ("$top {$inputs.a}", Template(("$top ", Input("a"))), None),
    ],
)
def test_an_unknown_root_is_data_with_a_warning(text: str, node: Node, mended: str | None) -> None:
    parsed = parse_value(text)
    assert parsed.node == node
    assert parsed.warning is not None
    assert parsed.warning.mended(text) == mended


@pytest.mark.parametrize("text", ["$self", "$message.payload"])
def test_what_1_0_does_not_know_is_data_there(text: str) -> None:
    assert parse_value(text, ARAZZO_1_0).node == Constant(text)
    assert isinstance(parse_value(text).node, Computed)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("$inputs", (7, 7)),
        ("$inputs.a and more", (9, 10)),
        ("$steps.a.b", (8, 10)),
        ("x {$inputs.a", (2, 4)),
        ("x {$inputs.a {y} z", (2, 4)),
        ("x {$foo.a} y", (3, 7)),
        ("x {$inputs.%} y", (11, 12)),
        ("x {$inputs.a} {$steps.s.y} z", (23, 25)),
        ("x {$inputs.{$inputs.a}}", (11, 12)),
        ("x {$ inputs.a}", (3, 4)),
        ("x {${a}}", (3, 4)),
        ("$inputs.a{$inputs.b}", (9, 20)),
    ],
)
def test_a_malformed_expression_is_refused_at_its_characters(text: str, span: tuple[int, int]) -> None:
    with pytest.raises(ExpressionSyntax) as caught:
        parse_value(text)
    assert (caught.value.start, caught.value.end) == span


def test_every_expression_can_be_settled_with_its_place() -> None:
    seen: list[tuple[str, int, int]] = []

    def settle(expression: Expression, start: int, end: int) -> Expression:
        seen.append((str(expression), start, end))
        return StatusCode()

    text = 'x{$inputs.a} {"b": "{$inputs.b}"}'
    assert parse_value(text, style="json", settle=settle).node == Template(
        ("x", StatusCode(), ' {"b": ', Quoted(StatusCode()), "}"), "json"
    )
    assert seen == [("$inputs.a", 2, 11), ("$inputs.b", 21, 30)]
    assert parse_value("$inputs.c", settle=settle).node == Computed(StatusCode())
    assert seen[-1] == ("$inputs.c", 0, 9)
    assert [text[start:end] for name, start, end in seen[:2]] == ["$inputs.a", "$inputs.b"]


A = Input("a")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('{"a": "{$inputs.a}"}', ('{"a": ', Quoted(A), "}")),
        ('{"a": {$inputs.a}}', ('{"a": ', A, "}")),
        ('{"a": "x{$inputs.a}"}', ('{"a": "x', Escaped(A), '"}')),
        ('{"a": "{$inputs.a}y"}', ('{"a": "', Escaped(A), 'y"}')),
        ('"{$inputs.a}{$inputs.a}"', ('"', Escaped(A), Escaped(A), '"')),
        ('"\\"{$inputs.a}"', ('"\\"', Escaped(A), '"')),
        ('"\\\\" {$inputs.a}', ('"\\\\" ', A)),
        ('["{$inputs.a}","{$inputs.a}"]', ("[", Quoted(A), ",", Quoted(A), "]")),
        ('""{$inputs.a}""', ('""', A, '""')),
        ("{$inputs.a}", (A,)),
        ('"{$inputs.a}"', (Quoted(A),)),
    ],
)
def test_a_json_text_knows_its_quotes(text: str, parts: tuple[Part, ...]) -> None:
    assert parse_value(text, style="json").node == Template(parts, "json")


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        ("text", "{$inputs.text}", 'say "hi" \\ é'),
        ("text", "<a>{$inputs.text}</a>", '<a>say "hi" \\ é</a>'),
        ("text", "{$inputs.int} {$inputs.one} {$inputs.huge} {$inputs.tiny}", "3 1 1e+21 1e-7"),
        ("text", "{$inputs.big}", "10000000000000000000000000"),
        ("text", "{$inputs.yes} {$inputs.null}", "true null"),
        ("text", "{$inputs.object} {$inputs.list}", '{"a":[1,null,"ü"]} []'),
        ("form", "a={$inputs.text}&b={$inputs.int}", "a=say%20%22hi%22%20%5C%20%C3%A9&b=3"),
        ("form", "a={$inputs.surrogate}", "a=%3F"),
        ("json", '{"a": "{$inputs.text}"}', '{"a": "say \\"hi\\" \\\\ é"}'),
        ("json", '{"a": "{$inputs.object}"}', '{"a": {"a":[1,null,"ü"]}}'),
        ("json", '{"a": "{$inputs.int}"}', '{"a": "3"}'),
        ("json", '{"a": "{$inputs.null}"}', '{"a": "null"}'),
        ("json", '{"a": "<{$inputs.text}>"}', '{"a": "<say \\"hi\\" \\\\ é>"}'),
        ("json", '{"a": "<{$inputs.object}>"}', '{"a": "<{\\"a\\":[1,null,\\"ü\\"]}>"}'),
        ("json", '{"a": {$inputs.text}, "b": {$inputs.one}}', '{"a": "say \\"hi\\" \\\\ é", "b": 1}'),
        ("json", '{"a": {$inputs.null}, "b": {$inputs.yes}}', '{"a": null, "b": true}'),
    ],
)
def test_a_value_becomes_text_as_its_surroundings_need_it(style: Style, text: str, expected: str) -> None:
    filled = fill(parse_value(text, style=style).node, SCOPE)
    assert filled == expected
    if style == "json":
        json.loads(str(filled))


@pytest.mark.parametrize(
    ("style", "text", "expression", "reason"),
    [
        ("text", "a{$inputs.nope}", Input("nope"), "is not there"),
        ("json", '"{$inputs.nope}"', Input("nope"), "is not there"),
        ("text", "a{$steps.s.outputs.x}", StepOutput("s", "x"), "is not there"),
        ("text", "{$response.body}", Body("response"), "is a binary body, which can only be used whole"),
        ("json", "{$inputs.infinity}", Input("infinity"), "cannot be written as text"),
        ("text", "$steps.s.outputs.x", StepOutput("s", "x"), "is not there"),
    ],
)
def test_a_value_that_is_not_there_is_missing(style: Style, text: str, expression: Expression, reason: str) -> None:
    missing = fill(parse_value(text, style=style).node, SCOPE)
    assert missing == Missing(expression, reason)
    assert missing.message == f"'{expression}' {reason}"


@pytest.mark.parametrize("text", ["$inputs.nope", "$inputs.object#/nope"])
def test_exactly_an_input_that_is_not_given_is_left_out(text: str) -> None:
    assert fill(parse_value(text).node, SCOPE) is ABSENT


def test_a_whole_expression_keeps_its_type() -> None:
    assert fill(parse_value("$inputs.big").node, SCOPE) == 10**25
    assert fill(parse_value("$response.body").node, SCOPE) == b"\xff"
    assert fill(parse_value("$inputs.null").node, SCOPE) is None


def compiled(value: Json, *, selectors: bool = True) -> Node:
    def selector(fields: SelectorFields, pointer: str) -> Node:
        return Selected(parse_expression(fields.context), fields.selector, fields.type, fields.version)  # type: ignore[arg-type]

    return compile_node(value, lambda text, pointer: parse_value(text).node, selector if selectors else None)


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, "x", [], {}, {"a": [1, {"b": "c"}]}, {"$inputs.a": 1}, {"{$inputs.a}": ["x"]}]
)
def test_a_payload_without_expressions_is_one_constant(value: Json) -> None:
    assert compiled(value) == Constant(value)


def test_only_what_holds_an_expression_is_taken_apart() -> None:
    value: Json = {"a": {"b": 1}, "c": ["x", "$inputs.int", {"d": "<{$inputs.int}>"}]}
    node = compiled(value)
    inner = ObjectOf((("d", Template(("<", Input("int"), ">"))),))
    assert node == ObjectOf((("a", Constant({"b": 1})), ("c", ArrayOf((Constant("x"), Computed(Input("int")), inner)))))
    assert fill(node, SCOPE) == {"a": {"b": 1}, "c": ["x", 3, {"d": "<3>"}]}


def test_each_string_is_given_with_its_pointer() -> None:
    seen: list[tuple[str, str]] = []

    def note(text: str, pointer: str) -> Node:
        seen.append((text, pointer))
        return Constant(text)

    compile_node({"a/b": ["x", {"c~": "y"}]}, note, pointer="/payload")
    assert seen == [("x", "/payload/a~1b/0"), ("y", "/payload/a~1b/1/c~0")]


def test_absent_inputs_are_left_out_of_objects_and_arrays_and_null_is_a_value() -> None:
    node = compiled({"a": "$inputs.nope", "b": "$inputs.null", "c": ["$inputs.nope", 1], "d": {"e": "$inputs.nope"}})
    assert fill(node, SCOPE) == {"b": None, "c": [1], "d": {}}


@pytest.mark.parametrize(
    "value",
    [
        {"a": "$steps.s.outputs.x"},
        ["$steps.s.outputs.x"],
        {"a": {"b": ["x {$inputs.nope}"]}},
        {"a": "$response.body"},
        ["$response.body"],
    ],
)
def test_a_payload_with_a_missing_part_is_missing(value: Json) -> None:
    assert isinstance(fill(compiled(value), SCOPE), Missing)


SELECTOR: dict[str, Json] = {"context": "$inputs.object", "selector": "$.a[1:]", "type": "jsonpath"}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (SELECTOR, ("$inputs.object", "$.a[1:]", "jsonpath", "rfc9535")),
        ({**SELECTOR, "type": "xpath"}, ("$inputs.object", "$.a[1:]", "xpath", "xpath-31")),
        ({**SELECTOR, "type": "jsonpointer"}, ("$inputs.object", "$.a[1:]", "jsonpointer", "rfc6901")),
        (
            {**SELECTOR, "type": {"type": "xpath", "version": "xpath-10"}},
            ("$inputs.object", "$.a[1:]", "xpath", "xpath-10"),
        ),
        ({**SELECTOR, "more": 1}, None),
        ({**SELECTOR, "type": "click"}, None),
        ({**SELECTOR, "type": {"type": "xpath"}}, None),
        ({**SELECTOR, "type": {"type": "xpath", "version": "xpath-10", "x": "y"}}, None),
        ({**SELECTOR, "context": 1}, None),
        ({"context": "x", "selector": "y"}, None),
        ([], None),
        ("context", None),
    ],
)
def test_a_selector_object_has_exactly_its_three_members(value: Json, fields: tuple[str, ...] | None) -> None:
    assert selector_fields(value) == fields


def test_in_1_0_a_selector_object_is_data() -> None:
    node = compiled(SELECTOR, selectors=False)
    assert fill(node, SCOPE) == {**SELECTOR, "context": {"a": [1, None, "ü"]}}


@pytest.mark.parametrize(
    ("selector", "kind", "expected"),
    [
        ("$.a[0]", "jsonpath", 1),
        ("$.a[1]", "jsonpath", None),
        ("$.a[1:]", "jsonpath", [None, "ü"]),
        ("$.a[?@ == 'nope']", "jsonpath", []),
        ("/a/2", "jsonpointer", "ü"),
        ("", "jsonpointer", {"a": [1, None, "ü"]}),
    ],
)
def test_a_singular_selector_gives_the_value_and_any_other_an_array(selector: str, kind: str, expected: Value) -> None:
    node = compiled({"x": {"context": "$inputs.object", "selector": selector, "type": kind}})
    assert fill(node, SCOPE) == {"x": expected}


@pytest.mark.parametrize(
    ("context", "selector", "reason"),
    [
        ("$inputs.object", "$.b", "has nothing at '$.b'"),
        ("$inputs.nope", "$.b", "is not there"),
        ("$response.body", "$.b", "cannot be searched by '$.b': a binary body is no structured data"),
        ("$inputs.object", "$[", "cannot be searched by '$['"),
    ],
)
def test_a_selector_that_gives_nothing_is_missing(context: str, selector: str, reason: str) -> None:
    found = fill(compiled({"context": context, "selector": selector, "type": "jsonpath"}), SCOPE)
    assert isinstance(found, Missing)
    assert found.reason.startswith(reason)
