"""What each expression sees."""

from __future__ import annotations

import pytest

from runner.exchange import Request, Response
from runner.expressions.evaluate import evaluate
from runner.expressions.nodes import Accessed, Body, Input
from runner.expressions.parse import parse_expression, parse_operand
from runner.expressions.scope import Scope
from runner.values import ABSENT, Value

BIG = 123456789012345678901234567890

SCOPE = Scope(
    inputs={"a": {"b": [1, {"c": None}], "0": "zero", "x/y": 1, "": "empty"}, "null": None, "no": False, "big": BIG},
    outputs={"bar": [1, 2]},
    steps={"s": {"pets": [{"id": 7}], "text": '{"a": 1}'}},
    workflows={"w": {"inputs": {"u": "me"}, "outputs": {"o": {"name": "x"}}}},
    sources={"petstore": {"url": "https://api.example/spec", "type": "openapi", 'say "hi"': "quoted"}},
    self_uri="https://example.org/flow",
    request=Request(
        "post",
        "https://api.example/pets?q=1",
        (("Accept", "text/html"), ("Content-Type", "application/json")),
        b'{"user": {"uuid": "u1"}}',
    ),
    response=Response(
        201,
        (
            ("Link", "<a>"),
            ("link", "<b>"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Content-Type", "application/json"),
        ),
        b'{"id": 12345678901234567890, "items": [{"id": 0}], "gone": null}',
    ),
    parameters={("query", "q"): "1", ("path", "id"): "7", ("query", 'a"b'): "quoted"},
)

VALUES: list[tuple[str, Value]] = [
    ("$url", "https://api.example/pets?q=1"),
    ("$method", "POST"),
    ("$statusCode", 201),
    ("$self", "https://example.org/flow"),
    ("$request.header.ACCEPT", "text/html"),
    ("$request.header.x-none", ABSENT),
    ("$request.query.q", "1"),
    ("$request.query.Q", ABSENT),
    ('$request.query.a\\"b', "quoted"),
    ("$request.path.id", "7"),
    ("$request.path.q", ABSENT),
    ("$request.body#/user/uuid", "u1"),
    ("$request.payload#/user/uuid", "u1"),
    ("$response.header.link", "<a>, <b>"),
    ("$response.header.set-cookie", "a=1"),
    ("$response.query.q", ABSENT),
    ("$response.path.id", ABSENT),
    ("$response.body#/id", 12345678901234567890),
    ("$response.body#/items/0/id", 0),
    ("$response.body#/items/1", ABSENT),
    ("$response.body#/items/-", ABSENT),
    ("$response.body#/items/00", ABSENT),
    ("$response.body#/items/" + "9" * 5000, ABSENT),
    ("$response.body#/gone", None),
    ("$response.body#/gone/more", ABSENT),
    ("$response.body#/nope", ABSENT),
    ("$message.header.a", ABSENT),
    ("$message.payload#/a", ABSENT),
    ("$inputs.null", None),
    ("$inputs.no", False),
    ("$inputs.big", BIG),
    ("$inputs.nope", ABSENT),
    ("$inputs.a#/b/1/c", None),
    ("$inputs.a#/x~1y", 1),
    ("$inputs.a#/", "empty"),
    ("$inputs.a#/0", "zero"),
    ("$outputs.bar#/1", 2),
    ("$steps.s.outputs.pets#/0/id", 7),
    ("$steps.s.outputs.text", '{"a": 1}'),
    ("$steps.s.outputs.text#/a", ABSENT),
    ("$steps.never.outputs.x", ABSENT),
    ("$workflows.w.inputs.u", "me"),
    ("$workflows.w.outputs.o#/name", "x"),
    ("$workflows.v.outputs.o", ABSENT),
    ("$sourceDescriptions.petstore.url", "https://api.example/spec"),
    ('$sourceDescriptions.petstore.say \\"hi\\"', "quoted"),
    ("$sourceDescriptions.other.url", ABSENT),
    ("$components.parameters.a", ABSENT),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_an_expression_gives_the_value_it_refers_to_with_its_type(text: str, value: Value) -> None:
    found = evaluate(parse_expression(text), SCOPE)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$response.body.items[0].id", 0),
        ("$response.body.items.0.id", 0),
        ("$response.body.items[1].id", ABSENT),
        ("$response.body.nope.more", ABSENT),
        ("$response.body.items.length", ABSENT),
        ("$steps.s.outputs.pets[0].id", 7),
    ],
)
def test_a_path_walks_objects_and_arrays(text: str, value: Value) -> None:
    assert evaluate(parse_operand(text, 0)[0], SCOPE) == value


@pytest.mark.parametrize("text", [text for text, _ in VALUES])
def test_everything_is_absent_where_nothing_happened(text: str) -> None:
    assert evaluate(parse_expression(text), Scope()) is ABSENT


def response(body: bytes, content_type: str, status: int = 200) -> Scope:
    return Scope(response=Response(status, (("Content-Type", content_type),), body))


@pytest.mark.parametrize(
    ("scope", "pointer", "value"),
    [
        (response(b"<a/>", "application/xml"), None, "<a/>"),
        (response(b"<a/>", "application/xml"), "/a", ABSENT),
        (response(b"hello", "text/plain"), "/0", ABSENT),
        (response(b"\xff\x00", "image/png"), None, b"\xff\x00"),
        (response(b"\xff\x00", "image/png"), "/0", ABSENT),
        (response(b"", "application/json", 204), None, ABSENT),
        (response(b"{broken", "application/json"), None, "{broken"),
        (response(b'"text"', "application/json"), "", "text"),
    ],
)
def test_a_pointer_reaches_into_json_only(scope: Scope, pointer: str | None, value: Value) -> None:
    assert evaluate(Body("response", pointer), scope) == value


def test_a_huge_index_is_absent() -> None:
    assert evaluate(Accessed(Input("a"), (10**14,)), Scope(inputs={"a": [1]})) is ABSENT
