"""What holds for every expression, every text and every scope."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.exchange import Request, Response
from runner.expressions.evaluate import evaluate
from runner.expressions.faults import ExpressionSyntax, SyntaxFault
from runner.expressions.fill import Missing, fill
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1, Grammar
from runner.expressions.names import resolve
from runner.expressions.nodes import (
    Accessed,
    Body,
    ComponentReference,
    Expression,
    HeaderField,
    Input,
    Method,
    Output,
    PathParameter,
    Payload,
    QueryParameter,
    Root,
    SelfUri,
    SourceReference,
    StatusCode,
    StepOutput,
    Url,
    WorkflowValue,
)
from runner.expressions.parse import parse_expression, parse_operand
from runner.expressions.scope import Scope
from runner.expressions.template import Style, compile_node, parse_value
from runner.values import Json, Value

STRICT = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=6)
IDENTIFIER = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=8)
TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=8)
CHARS = st.lists(
    st.characters(min_codepoint=0x20, exclude_characters='"\\{}', exclude_categories=())
    | st.sampled_from(["\\n", '\\"', "\\\\", "\\u00e9", "\\/"]),
    min_size=1,
    max_size=8,
).map("".join)
TOKENS = st.lists(st.characters(exclude_characters="/~{}\r\n") | st.sampled_from(["~0", "~1"]), max_size=5).map("".join)
POINTER = st.none() | st.lists(TOKENS, max_size=3).map(lambda tokens: "".join(f"/{token}" for token in tokens))
SIDE = st.sampled_from(["request", "response", "message"])

ROOTS: st.SearchStrategy[Root] = st.one_of(
    st.sampled_from([Url(), Method(), StatusCode(), SelfUri()]),
    st.builds(HeaderField, SIDE, TOKEN),
    st.builds(QueryParameter, SIDE, CHARS),
    st.builds(PathParameter, SIDE, CHARS),
    st.builds(Body, SIDE, POINTER),
    st.builds(Payload, SIDE, POINTER),
    st.builds(Input, IDENTIFIER, POINTER),
    st.builds(Output, IDENTIFIER, POINTER),
    st.builds(StepOutput, STRICT, IDENTIFIER, POINTER),
    st.builds(WorkflowValue, STRICT, st.sampled_from(["inputs", "outputs"]), IDENTIFIER, POINTER),
    st.builds(SourceReference, STRICT, CHARS),
    st.builds(ComponentReference, st.sampled_from(["parameters", "successActions", "failureActions"]), IDENTIFIER),
)
PATHS = st.lists(
    st.integers(0, 10**15 - 1) | st.text(string.ascii_letters + "-_é$", min_size=1, max_size=5), min_size=1, max_size=4
).map(tuple)
ACCESSED = st.builds(Accessed, st.builds(Body, SIDE) | st.builds(Payload, SIDE), PATHS)

# fmt: off
PIECE_TEXTS = [
    "$", "$url", "$inputs.", "$steps.", ".outputs.", "$response.body", "$request.", "header.", "query.", "#",
    "/", "~", "~0", "{", "{$", "}", "}", ".", "..", "[", "0", "]", "[0]", "a", "b.c", '"', "\\", '\\"', "*",
    "\n", "==", "&&", "(", ")", "é", "\ud800", "$sourceDescriptions.", "$components.", "parameters.", "$self",
    "$foo", ":", ",",
]
# fmt: on

PIECES = st.lists(st.sampled_from(PIECE_TEXTS) | st.text(max_size=3), max_size=10).map("".join)

GRAMMARS = st.sampled_from([ARAZZO_1_0, ARAZZO_1_1])
STYLES: st.SearchStrategy[Style] = st.sampled_from(["text", "json", "form"])

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0", "é", ""]), inner),
    max_leaves=8,
)
NAMED: st.SearchStrategy[dict[str, Value]] = st.dictionaries(st.sampled_from(["a", "b.c", "a.b"]), JSON | st.binary())
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Content-Type", "a", "A"]), st.sampled_from(["application/json", "text/plain", "x", ""])
    ),
    max_size=3,
).map(tuple)
BODIES = st.binary(max_size=8) | st.sampled_from([b'{"a": [0, {"b": null}]}', b"[1e400, 1]", b'"\\ud800"', b"[" * 3000])
SCOPES: st.SearchStrategy[Scope] = st.builds(
    lambda **names: Scope(**names),  # the hints of the class itself are recursive
    inputs=NAMED,
    outputs=NAMED,
    steps=st.dictionaries(st.sampled_from(["a", "b"]), NAMED),
    workflows=st.dictionaries(
        st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from(["inputs", "outputs"]), NAMED)
    ),
    self_uri=st.none() | st.just("https://example.org/"),
    request=st.none() | st.builds(Request, st.just("get"), st.just("https://example.org/"), HEADERS, BODIES),
    response=st.none() | st.builds(Response, st.integers(100, 599), HEADERS, BODIES),
    parameters=st.dictionaries(st.tuples(st.sampled_from(["path", "query"]), st.just("a")), st.text(max_size=3)),
)


@given(ROOTS)
def test_an_expression_is_read_back_from_its_spelling(node: Root) -> None:
    assert parse_expression(str(node), ARAZZO_1_1) == node


@given(ACCESSED)
def test_a_path_is_read_back_from_its_spelling(node: Accessed) -> None:
    text = str(node)
    assert parse_operand(text, 0, ARAZZO_1_1) == (node, len(text))


@given(PIECES, GRAMMARS)
@settings(max_examples=250)
@example("$inputs." + "a" * 5000, ARAZZO_1_1)
def test_a_text_is_an_expression_or_a_fault_within_it(text: str, grammar: Grammar) -> None:
    try:
        node = parse_expression(text, grammar)
    except ExpressionSyntax as fault:
        assert 0 <= fault.start <= fault.end <= len(text)  # noqa: PT017 - a text may well be an expression
        return
    assert str(node) == text
    assert parse_expression(str(node), grammar) == node


@given(PIECES, GRAMMARS)
@settings(max_examples=250)
def test_a_certain_suggestion_moves_a_text_forward(text: str, grammar: Grammar) -> None:
    for _ in range(20):
        try:
            parse_expression(text, grammar)
        except ExpressionSyntax as fault:
            mended = fault.mended(text)
            if mended is None or not fault.certain:
                return
            assert mended != text
            text = mended
        else:
            return
    raise AssertionError(f"mending does not come to an end: {text!r}")


@given(PIECES, GRAMMARS, STYLES, SCOPES)
@settings(max_examples=250, deadline=None)
def test_a_value_is_parsed_or_refused_and_filled_without_an_exception(
    text: str, grammar: Grammar, style: Style, scope: Scope
) -> None:
    try:
        node = parse_value(text, grammar, style).node
    except SyntaxFault as fault:
        assert 0 <= fault.start <= fault.end <= len(text)  # noqa: PT017 - a text may well be a value
        return
    fill(node, scope)


EXPRESSIONS: st.SearchStrategy[Expression] = ROOTS | ACCESSED | st.builds(Accessed, st.builds(Input, IDENTIFIER), PATHS)
NEARBY: st.SearchStrategy[Expression] = st.sampled_from(
    [
        parse_operand(text, 0)[0]
        for text in (
            "$inputs.a",
            "$inputs.a#/0/a",
            "$inputs.b.c[0]",
            "$outputs.a.b",
            "$steps.a.outputs.a#/",
            "$workflows.a.outputs.a#/0",
            "$response.body#/a/1/b",
            "$response.body[0].a",
            "$request.header.a",
            "$request.query.a",
        )
    ]
)


@given(EXPRESSIONS | NEARBY, SCOPES)
@settings(max_examples=300, deadline=None)
def test_evaluation_is_total(expression: Expression, scope: Scope) -> None:
    evaluate(expression, scope)


@given(JSON, SCOPES)
@settings(max_examples=50, deadline=None)
def test_a_payload_without_expressions_stays_as_it_is(value: Json, scope: Scope) -> None:
    def text(found: str, pointer: str) -> object:
        return parse_value(found.replace("$", "")).node

    node = compile_node(value, text)  # type: ignore[arg-type]
    assert not isinstance(fill(node, scope), Missing)


@given(EXPRESSIONS | NEARBY, st.lists(IDENTIFIER, max_size=4))
def test_names_resolve_to_the_same_expression_twice(expression: Expression, declared: list[str]) -> None:
    found = resolve(expression, lambda _: declared)
    if isinstance(found, Accessed | Input | Output | StepOutput | WorkflowValue):
        assert resolve(found, lambda _: declared) == found
