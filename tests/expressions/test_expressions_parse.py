"""The expression grammar, production by production."""

from __future__ import annotations

import pytest

from runner.expressions.faults import ExpressionSyntax, UnknownRoot
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1, Grammar
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
    SelfUri,
    SourceReference,
    StatusCode,
    StepOutput,
    Url,
    WorkflowValue,
)
from runner.expressions.parse import parse_expression, parse_operand

ALL_VERSIONS: list[tuple[str, Expression]] = [
    ("$url", Url()),
    ("$method", Method()),
    ("$statusCode", StatusCode()),
    ("$request.header.accept", HeaderField("request", "accept")),
    ("$response.header.X-Rate.Limit!#$%&'*+^_`|~", HeaderField("response", "X-Rate.Limit!#$%&'*+^_`|~")),
    ("$request.query.a b.c[d]#e", QueryParameter("request", "a b.c[d]#e")),
    ('$request.query.say \\"hi\\" \\u00e9', QueryParameter("request", 'say \\"hi\\" \\u00e9')),
    ("$request.path.id", PathParameter("request", "id")),
    ("$request.body", Body("request")),
    ("$response.body#", Body("response", "")),
    ("$response.body#/", Body("response", "/")),
    ("$request.body#/user/uuid", Body("request", "/user/uuid")),
    ("$response.body#/a~1b/c~0d/é x/.[0]", Body("response", "/a~1b/c~0d/é x/.[0]")),
    ("$inputs.username", Input("username")),
    ("$inputs.a.b-c_d", Input("a.b-c_d")),
    ("$inputs.customer#/first/0", Input("customer", "/first/0")),
    ("$outputs.bar", Output("bar")),
    ("$outputs.bar#/0", Output("bar", "/0")),
    ("$steps.someStepId.outputs.pets", StepOutput("someStepId", "pets")),
    ("$steps.some-step_1.outputs.pets.all#/0/id", StepOutput("some-step_1", "pets.all", "/0/id")),
    ("$steps.s.outputs.a.outputs.b", StepOutput("s", "a.outputs.b")),
    ("$workflows.foo.inputs.username", WorkflowValue("foo", "inputs", "username")),
    ("$workflows.foo.outputs.mapped#/name", WorkflowValue("foo", "outputs", "mapped", "/name")),
    ("$sourceDescriptions.petstore.getPetById", SourceReference("petstore", "getPetById")),
    ("$sourceDescriptions.petstore.pets/{id}".replace("{id}", "id"), SourceReference("petstore", "pets/id")),
    ("$sourceDescriptions.petstore.a.b c", SourceReference("petstore", "a.b c")),
    ("$components.parameters.foo.bar", ComponentReference("parameters", "foo.bar")),
    ("$components.successActions.bar", ComponentReference("successActions", "bar")),
    ("$components.failureActions.baz", ComponentReference("failureActions", "baz")),
]

ONLY_1_1: list[tuple[str, Expression]] = [
    ("$self", SelfUri()),
    ("$message.header.Server", HeaderField("message", "Server")),
    ("$message.payload", Payload("message")),
    ("$message.payload#/status", Payload("message", "/status")),
    ("$response.payload#/status", Payload("response", "/status")),
]

ONLY_1_0: list[tuple[str, Expression]] = [
    ("$inputs.$orderby", Input("$orderby")),
    ("$inputs.page[size]", Input("page[size]")),
    ("$inputs.foo bar", Input("foo bar")),
    ("$steps.s.outputs.Location header (new URI)", StepOutput("s", "Location header (new URI)")),
    ("$steps.get pet.outputs.groups[0].id#/x", StepOutput("get pet", "groups[0].id", "/x")),
    ("$steps.a.b.outputs.x", StepOutput("a.b", "x")),
    ("$workflows.my flow.outputs.x", WorkflowValue("my flow", "outputs", "x")),
    ("$sourceDescriptions.my source.op", SourceReference("my source", "op")),
    ("$response.body#/a{b}", Body("response", "/a{b}")),
]


@pytest.mark.parametrize("grammar", [ARAZZO_1_0, ARAZZO_1_1], ids=["1.0", "1.1"])
@pytest.mark.parametrize(("text", "node"), ALL_VERSIONS)
def test_a_production_of_every_version_is_read_and_spelled_back(text: str, node: Expression, grammar: Grammar) -> None:
    assert parse_expression(text, grammar) == node
    assert str(node) == text


@pytest.mark.parametrize(("text", "node"), ONLY_1_1)
def test_what_came_with_1_1_is_unknown_in_1_0(text: str, node: Expression) -> None:
    assert parse_expression(text, ARAZZO_1_1) == node
    assert str(node) == text
    with pytest.raises(ExpressionSyntax):
        parse_expression(text, ARAZZO_1_0)


@pytest.mark.parametrize(("text", "node"), ONLY_1_0)
def test_a_name_of_1_0_is_nearly_any_text(text: str, node: Expression) -> None:
    assert parse_expression(text, ARAZZO_1_0) == node
    assert str(node) == text
    with pytest.raises(ExpressionSyntax):
        parse_expression(text, ARAZZO_1_1)


# text, the faulty characters, a part of the message, what the text becomes with the suggestion, is that certain
FAULTS: list[tuple[str, tuple[int, int], str, str | None, bool]] = [
    ("", (0, 0), "starts with '$'", None, False),
    ("inputs.a", (0, 8), "starts with '$'", None, False),
    ("$", (0, 1), "'$' is no expression", None, False),
    ("$request", (8, 8), "header, query, path, body or payload", None, False),
    ("$request.", (9, 9), "header, query, path, body or payload", None, False),
    ("$request.cookie.a", (9, 15), "no part 'cookie'", None, False),
    ("$response.headers.X", (10, 17), "no part 'headers'", "$response.header.X", True),
    ("$response.Body#/a", (10, 14), "no part 'Body'", "$response.body#/a", True),
    ("$response.bdy", (10, 13), "no part 'bdy'", "$response.body", False),
    ("$response.statusCode", (0, 20), "is written '$statusCode'", "$statusCode", True),
    ("$request.url", (0, 12), "is written '$url'", "$url", True),
    ("$request.method", (0, 15), "is written '$method'", "$method", True),
    ("$response.header", (16, 16), "'.' and the name of a header", None, False),
    ("$response.header.", (17, 17), "the name of the header is missing", None, False),
    ("$response.header.a b", (18, 20), "unexpected ' b'", None, False),
    ("$response.header.Link[0]", (21, 24), "unexpected '[0]'", None, False),
    ("$request.query.", (15, 15), "the name of the parameter is missing", None, False),
    ('$request.query."', (15, 16), "cannot start with", None, False),
    ("$request.path.a\\x", (15, 17), "unexpected", None, False),
    ("$response.body#id", (15, 17), "starts with '/'", "$response.body#/id", True),
    ("$response.body#/a~2", (17, 19), "'~' is written '~0'", "$response.body#/a~02", False),
    ("$response.body#/~", (16, 17), "'~' is written '~0'", "$response.body#/~0", False),
    ("$response.body#/a{b}", (17, 20), "cannot contain", None, False),
    ("$response.body.a[0].b", (14, 21), "in conditions only", "$response.body#/a/0/b", True),
    ("$response.body[0]", (14, 17), "in conditions only", "$response.body#/0", True),
    ("$response.body.a/b", (14, 18), "in conditions only", "$response.body#/a~1b", True),
    ("$response.body.items[*].id", (14, 26), "unexpected", None, False),
    ("$response.body..id", (14, 18), "unexpected", None, False),
    ("$inputs", (7, 7), "'.' and the name of an input", None, False),
    ("$inputs.", (8, 8), "the name of the input is missing", None, False),
    ("$inputs.#/a", (8, 8), "the name of the input is missing", None, False),
    ("$inputs.%a", (8, 9), "cannot start with '%'", None, False),
    ("$inputs.a b", (9, 10), "' ' cannot stand in a name", None, False),
    ("$inputs.a#b", (10, 11), "starts with '/'", "$inputs.a#/b", True),
    ("$inputs.a[0].b", (9, 14), "in conditions only", "$inputs.a#/0/b", True),
    ("$inputs.a{$inputs.b}", (9, 20), "cannot contain", None, False),
    ("$inputs.a\n", (9, 10), "line break", "$inputs.a", True),
    ("$response.body#/a\r\n", (17, 19), "line break", "$response.body#/a", True),
    ("$statusCode  ", (11, 13), "white space", "$statusCode", True),
    ("$url.host", (4, 9), "unexpected '.host'", None, False),
    ("$url#/a", (4, 7), "unexpected '#/a'", None, False),
    ("$statusCode == 200", (11, 18), "unexpected", None, False),
    ("$outputs", (8, 8), "'.' and the name of an output", None, False),
    ("$steps", (6, 6), "'.' and the id of a step", None, False),
    ("$steps.", (7, 7), "the id of the step is missing", None, False),
    ("$steps..outputs.a", (7, 7), "the id of the step is missing", None, False),
    ("$steps.a", (8, 8), "the name of the output is missing", None, False),
    ("$steps.a.outputs", (8, 16), "the name of the output is missing", None, False),
    ("$steps.a.outputs.", (17, 17), "the name of the output is missing", None, False),
    ("$steps.fund.session_id", (11, 22), "'.outputs.' is missing", "$steps.fund.outputs.session_id", True),
    ("$steps.fund.session#/id", (11, 23), "'.outputs.' is missing", "$steps.fund.outputs.session#/id", True),
    ("$steps.fund.output.id", (11, 21), "'.outputs.' is missing", "$steps.fund.outputs.id", False),
    ("$steps.get pet.outputs.x", (10, 11), "' ' cannot stand in the id of a step", None, False),
    ("$workflows.w", (12, 12), "the name of the output is missing", None, False),
    ("$workflows.w.steps.s", (12, 20), "'.outputs.' is missing", "$workflows.w.outputs.steps.s", False),
    ("$workflows.w.inputs.", (20, 20), "the name of the input is missing", None, False),
    ("$sourceDescriptions.s", (21, 21), "an operationId, a workflowId or a field", None, False),
    ("$sourceDescriptions.s.", (22, 22), "an operationId, a workflowId or a field is missing", None, False),
    ("$components.inputs.a", (12, 18), "unknown component type 'inputs'", None, False),
    ("$components.parameter.a", (12, 21), "unknown component type", "$components.parameters.a", False),
    ("$components.parameters", (22, 22), "the name of a component", None, False),
    ("$components.parameters.a/b", (24, 25), "'/' cannot stand in a name", None, False),
    ("$components.parameters.a#/b", (24, 27), "unexpected '#/b'", None, False),
    ("{$inputs.a}", (0, 11), "takes no braces", "$inputs.a", True),
    ("$foo", (0, 4), "unknown root '$foo'", None, False),
    ("$input.a", (0, 6), "unknown root '$input'", "$inputs.a", False),
    ("$StatusCode", (0, 11), "unknown root '$StatusCode'", "$statusCode", True),
]


@pytest.mark.parametrize(("text", "span", "message", "mended", "certain"), FAULTS)
def test_a_fault_names_its_characters_and_what_to_write_instead(
    text: str, span: tuple[int, int], message: str, mended: str | None, certain: bool
) -> None:
    with pytest.raises(ExpressionSyntax) as caught:
        parse_expression(text, ARAZZO_1_1)
    fault = caught.value
    assert message in fault.message
    assert (fault.start, fault.end) == span
    assert fault.mended(text) == mended
    assert fault.certain is certain


@pytest.mark.parametrize(("text", "mended"), [(text, mended) for text, _, _, mended, certain in FAULTS if certain])
def test_a_certain_suggestion_gives_an_expression(text: str, mended: str) -> None:
    assert str(parse_expression(mended, ARAZZO_1_1)) == mended


@pytest.mark.parametrize(("grammar", "roots"), [(ARAZZO_1_0, 11), (ARAZZO_1_1, 13)])
def test_an_unknown_root_is_answered_with_the_roots_there_are(grammar: Grammar, roots: int) -> None:
    with pytest.raises(UnknownRoot) as caught:
        parse_expression("$transaction.id", grammar)
    assert caught.value.message.count("$") == roots + 1


@pytest.mark.parametrize(
    ("text", "node", "end"),
    [
        ("$statusCode==200", StatusCode(), 11),
        ("$statusCode<200", StatusCode(), 11),
        ("$statusCode>=200", StatusCode(), 11),
        ("$statusCode)", StatusCode(), 11),
        ("$statusCode=200", StatusCode(), 11),
        ("$inputs.a&&$inputs.b", Input("a"), 9),
        ("$inputs.a||$inputs.b", Input("a"), 9),
        ("$inputs.a!='b'", Input("a"), 9),
        ("$response.body#/a.b[0] == 1", Body("response", "/a.b[0]"), 22),
        ("$response.body#/a!b&c|d", Body("response", "/a!b&c|d"), 23),
        ("$response.header.X!#&'*+|~^ ", HeaderField("response", "X!#&'*+|~^"), 27),
        ("$response.header.X&&true", HeaderField("response", "X"), 18),
        ("$response.body.id", Accessed(Body("response"), ("id",)), 17),
        ("$response.body[0]", Accessed(Body("response"), (0,)), 17),
        ("$response.body.a[0].b-c == 1", Accessed(Body("response"), ("a", 0, "b-c")), 23),
        ("$message.payload.x", Accessed(Payload("message"), ("x",)), 18),
        ("$inputs.a.b[2]", Accessed(Input("a.b"), (2,)), 14),
        ("$steps.s.outputs.list[0].id\t", Accessed(StepOutput("s", "list"), (0, "id")), 27),
    ],
)
def test_an_operand_ends_at_white_space_a_parenthesis_or_an_operator(text: str, node: Expression, end: int) -> None:
    assert parse_operand(text, 0) == (node, end)


def test_an_operand_starts_where_it_is_told() -> None:
    assert parse_operand("1 < $inputs.a.b < 2", 4) == (Input("a.b"), 15)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("x $response.body.items[*].id", (16, 28)),
        ("x $response.body#/a~9 == 1", (19, 21)),
        ("x $url.a", (6, 8)),
        ("x $response.body[01]", (16, 20)),
        ("x $inputs.a'b'", (11, 12)),
    ],
)
def test_a_fault_in_an_operand_has_its_place_in_the_condition(text: str, span: tuple[int, int]) -> None:
    with pytest.raises(ExpressionSyntax) as caught:
        parse_operand(text, 2)
    assert (caught.value.start, caught.value.end) == span


def test_a_loose_operand_keeps_its_brackets_in_the_name() -> None:
    assert parse_operand("$inputs.page[size] == 3", 0, ARAZZO_1_0) == (Input("page[size]"), 18)


def test_a_path_spells_itself_back() -> None:
    node = Accessed(Body("response"), ("a", 0, "b"))
    assert parse_operand(str(node), 0) == (node, len(str(node)))
