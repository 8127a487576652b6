"""Simple conditions: their literals, operators and binding, and what is said about everything else."""

from __future__ import annotations

import pytest

from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Or
from runner.criteria.parse import MAX_NESTING, ConditionSyntax, parse_condition
from runner.expressions.faults import ExpressionSyntax, SyntaxFault
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1
from runner.expressions.nodes import Accessed, Body, Expression, Input, StatusCode


def shape(condition: Condition) -> object:
    """Write a condition without its places, as nested tuples."""
    match condition:
        case Literal(value):
            return value
        case Operand(expression):
            return str(expression)
        case Comparison(operator, left, right):
            return (operator, shape(left), shape(right))
        case Not(inner):
            return ("!", shape(inner))
        case And(conditions):
            return ("&&", *map(shape, conditions))
        case Or(conditions):
            return ("||", *map(shape, conditions))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("0", 0),
        ("-0", 0),
        ("200", 200),
        ("-17", -17),
        ("1.5", 1.5),
        ("-1.5e-3", -0.0015),
        ("1E2", 100.0),
        ("12345678901234567890", 12345678901234567890),
        ("''", ""),
        ("'a b'", "a b"),
        ("'it''s'", "it's"),
        ("''''", "'"),
        ("'\"'", '"'),
        ("'&& ) $x {$y}'", "&& ) $x {$y}"),
        ("'a\nb\\n'", "a\nb\\n"),
    ],
)
def test_a_literal_is_a_boolean_null_a_number_or_a_string(text: str, value: object) -> None:
    condition = parse_condition(f" {text} ")
    assert condition == Literal(value, 1, 1 + len(text))  # type: ignore[arg-type]
    assert type(shape(condition)) is type(value)


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("space", ["", " ", "\n\t"])
def test_every_comparison_operator_stands_with_and_without_space(operator: str, space: str) -> None:
    text = f"$statusCode{space}{operator}{space}200"
    assert shape(parse_condition(text)) == (operator, "$statusCode", 200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true || false && true", ("||", True, ("&&", False, True))),
        ("true && false || true", ("||", ("&&", True, False), True)),
        ("(true || false) && true", ("&&", ("||", True, False), True)),
        ("true && true && false", ("&&", True, True, False)),
        ("true || true || false", ("||", True, True, False)),
        ("1 < 2 && 3 > 2 || 1 == 1", ("||", ("&&", ("<", 1, 2), (">", 3, 2)), ("==", 1, 1))),
        ("!true", ("!", True)),
        ("!!true", ("!", ("!", True))),
        ("! $inputs.a && true", ("&&", ("!", "$inputs.a"), True)),
        ("!$inputs.a == false", ("==", ("!", "$inputs.a"), False)),
        ("!($inputs.a == false)", ("!", ("==", "$inputs.a", False))),
        ("(1 < 2) == true", ("==", ("<", 1, 2), True)),
        ("((($inputs.a)))", "$inputs.a"),
        ("1 == ('a' == 'b')", ("==", 1, ("==", "a", "b"))),
        ("$response.body.a[0].b == 1", ("==", "$response.body.a[0].b", 1)),
        ("$response.body#/a.b[0] == 1", ("==", "$response.body#/a.b[0]", 1)),
        ("$response.header.Content-Type=='a/b'", ("==", "$response.header.Content-Type", "a/b")),
        ("($inputs.a)&&($inputs.b)", ("&&", "$inputs.a", "$inputs.b")),
        ("200 == $statusCode", ("==", 200, "$statusCode")),
    ],
)
def test_operators_bind_as_one_expects(text: str, expected: object) -> None:
    assert shape(parse_condition(text)) == expected


def test_every_part_knows_its_place() -> None:
    text = "true && !($inputs.a.b <  2)"
    condition = parse_condition(text)
    assert isinstance(condition, And)
    negation = condition.conditions[1]
    assert isinstance(negation, Not)
    comparison = negation.condition
    assert isinstance(comparison, Comparison)
    assert text[condition.start : condition.end] == text
    assert text[negation.start : negation.end] == "!($inputs.a.b <  2)"
    assert text[comparison.start : comparison.end] == "$inputs.a.b <  2"
    assert comparison.left == Operand(Input("a.b"), 10, 21)
    assert comparison.right == Literal(2, 25, 26)


def test_a_path_is_an_operator_of_conditions() -> None:
    assert parse_condition("$response.body[0].x") == Operand(Accessed(Body("response"), (0, "x")), 0, 19)


def test_every_expression_can_be_settled_with_its_place() -> None:
    seen: list[tuple[str, int, int]] = []

    def settle(expression: Expression, start: int, end: int) -> Expression:
        seen.append((str(expression), start, end))
        return StatusCode()

    condition = parse_condition("$inputs.a == 1 && $inputs.b[0]", settle=settle)
    assert shape(condition) == ("&&", ("==", "$statusCode", 1), "$statusCode")
    assert seen == [("$inputs.a", 0, 9), ("$inputs.b[0]", 18, 30)]


# text, the faulty characters, a part of the message, what the text becomes with the suggestion, is that certain
FAULTS: list[tuple[str, tuple[int, int], str, str | None, bool]] = [
    ("", (0, 0), "is empty", None, False),
    (" \n", (0, 2), "is empty", None, False),
    ("$statusCode === 200", (12, 15), "'===' is written '=='", "$statusCode == 200", True),
    ("$statusCode !== 200", (12, 15), "'!==' is written '!='", "$statusCode != 200", True),
    ("$statusCode = 200", (12, 13), "'=' is written '=='", "$statusCode == 200", True),
    ("$statusCode=200", (11, 12), "'=' is written '=='", "$statusCode==200", True),
    ("$statusCode <> 200", (12, 14), "'<>' is written '!='", "$statusCode != 200", True),
    ("$statusCode => 200", (12, 14), "'=>' is written '>='", "$statusCode >= 200", False),
    ("$statusCode =< 200", (12, 14), "'=<' is written '<='", "$statusCode <= 200", False),
    ("$inputs.a =~ 'x'", (10, 12), "type regex", None, False),
    ("true & false", (5, 6), "'&' is written '&&'", "true && false", True),
    ("true | false", (5, 6), "'|' is written '||'", "true || false", True),
    ("true and false", (5, 8), "'and' is written '&&'", "true && false", True),
    ("true OR false", (5, 7), "'OR' is written '||'", "true || false", True),
    ("not true", (0, 3), "'not' is written '!'", "! true", True),
    ("$inputs.a == True", (13, 17), "'True' is written 'true'", "$inputs.a == true", True),
    ("NULL == $inputs.a", (0, 4), "'NULL' is written 'null'", "null == $inputs.a", True),
    ("undefined == $inputs.a", (0, 9), "'undefined' is written 'null'", "null == $inputs.a", True),
    ('$inputs.a == "x"', (13, 16), "single quotes", "$inputs.a == 'x'", True),
    ('$inputs.a == "it\'s \\"x\\""', (13, 25), "single quotes", "$inputs.a == 'it''s \"x\"'", True),
    ('$inputs.a == "x', (13, 15), "single quotes", None, False),
    ("$inputs.a == 'x", (13, 15), "closes", None, False),
    ("{$statusCode} == 200", (0, 13), "takes no braces", "$statusCode == 200", True),
    ("200 == {$response.body#/a}", (7, 26), "takes no braces", "200 == $response.body#/a", True),
    ("$inputs.a == NEW", (13, 16), "'NEW' needs single quotes", "$inputs.a == 'NEW'", True),
    ("$inputs.a == NEW && true", (13, 16), "needs single quotes", "$inputs.a == 'NEW' && true", True),
    ("($inputs.a == NEW)", (14, 17), "needs single quotes", "($inputs.a == 'NEW')", True),
    ("$inputs.a == Pet not found", (13, 26), "needs single quotes", "$inputs.a == 'Pet not found'", True),
    ("$inputs.a == application/json", (13, 29), "needs single quotes", "$inputs.a == 'application/json'", True),
    ("$inputs.a == body.id", (13, 20), "needs single quotes", "$inputs.a == 'body.id'", False),
    ("$inputs.a == 007", (13, 16), "needs single quotes", "$inputs.a == '007'", False),
    ("$inputs.a == 2024-01-01", (13, 23), "needs single quotes", "$inputs.a == '2024-01-01'", False),
    ("NEW == $inputs.a", (0, 3), "neither an expression", "'NEW' == $inputs.a", False),
    ("statusCode == 200", (0, 10), "neither an expression", "$statusCode == 200", False),
    ("$inputs.a contains 'x'", (10, 18), "no operator 'contains'", None, False),
    ("$inputs.a matches 'x'", (10, 17), "no operator 'matches'", None, False),
    ("length($inputs.a) > 0", (0, 6), "no function 'length'", None, False),
    ("1 == count($inputs.a)", (5, 10), "no function 'count'", None, False),
    ("$inputs.a.contains('x')", (18, 19), "no functions", None, False),
    ("$inputs.a + 1 == 2", (10, 11), "there is no '+'", None, False),
    ("$inputs.a == +1", (13, 15), "needs single quotes", "$inputs.a == '+1'", False),
    ("$inputs.a ? 1 : 2", (10, 11), "there is no '?'", None, False),
    ("1 < 2 < 3", (6, 7), "do not chain", None, False),
    ("1 == 2 != 3", (7, 9), "do not chain", None, False),
    ("(true", (0, 1), "'(' is not closed", None, False),
    ("true && ((1 == 1)", (8, 9), "'(' is not closed", None, False),
    ("true)", (4, 5), "')' closes nothing", None, False),
    ("()", (1, 2), "after '(', not ')'", None, False),
    ("== 200", (0, 2), "not '=='", None, False),
    ("$statusCode ==", (14, 14), "after '==', but the condition ends", None, False),
    ("$statusCode == == 2", (15, 17), "after '==', not '=='", None, False),
    ("true &&", (7, 7), "after '&&', but the condition ends", None, False),
    ("|| true", (0, 2), "not '||'", None, False),
    ("!", (1, 1), "after '!', but the condition ends", None, False),
    ("$statusCode 200", (12, 15), "an operator is missing before '200'", None, False),
    ("(1 2)", (3, 4), "an operator is missing before '2'", None, False),
    ("true false", (5, 10), "an operator is missing before 'false'", None, False),
    ("true !false", (5, 6), "an operator is missing before '!'", None, False),
    ("$statusCode == 200;", (18, 19), "no operator ';'", None, False),
]


@pytest.mark.parametrize(("text", "span", "message", "mended", "certain"), FAULTS)
def test_a_fault_names_its_characters_and_what_to_write_instead(
    text: str, span: tuple[int, int], message: str, mended: str | None, certain: bool
) -> None:
    with pytest.raises(ConditionSyntax) as caught:
        parse_condition(text)
    fault = caught.value
    assert message in fault.message
    assert (fault.start, fault.end) == span
    assert fault.mended(text) == mended
    assert fault.certain is certain


@pytest.mark.parametrize("mended", [mended for _, _, _, mended, certain in FAULTS if certain])
def test_a_certain_suggestion_gives_a_condition(mended: str) -> None:
    parse_condition(mended)


@pytest.mark.parametrize(
    ("text", "span", "mended"),
    [
        ("true && $steps.a.b == 1", (16, 18), "true && $steps.a.outputs.b == 1"),
        ("true && $response.headers.X", (18, 25), "true && $response.header.X"),
        ("200 == $StatusCode", (7, 18), "200 == $statusCode"),
        ("($response.body#id == 1)", (16, 18), "($response.body#/id == 1)"),
        ("$body.stock > 0", (0, 5), None),
        ("$response.body.items[*].id == 1", (14, 26), None),
        ("$inputs.page[size] == 1", (12, 18), None),
    ],
)
def test_a_fault_in_an_expression_has_its_place_in_the_condition(
    text: str, span: tuple[int, int], mended: str | None
) -> None:
    with pytest.raises(ExpressionSyntax) as caught:
        parse_condition(text, ARAZZO_1_1)
    assert (caught.value.start, caught.value.end) == span
    assert caught.value.mended(text) == mended


def test_a_loose_name_ends_at_white_space_in_a_condition() -> None:
    assert shape(parse_condition("$inputs.page[size] == 1", ARAZZO_1_0)) == ("==", "$inputs.page[size]", 1)


@pytest.mark.parametrize("text", ["(" * 5000, "(" * 5000 + "true" + ")" * 5000, "!" * 5000 + "true", "!(" * 3000])
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(ConditionSyntax, match=f"nested more than {MAX_NESTING} deep") as caught:
        parse_condition(text)
    assert caught.value.start == MAX_NESTING


def test_nesting_up_to_the_bound_and_long_chains_are_read() -> None:
    assert shape(parse_condition("(" * MAX_NESTING + "true" + ")" * MAX_NESTING)) is True
    chain = parse_condition(" && ".join(["1 == 1"] * 5000))
    assert isinstance(chain, And)
    assert len(chain.conditions) == 5000


@pytest.mark.parametrize("text", ["1e5" + "0" * 3, "-" * 10, "1" * 5000, "'" * 4999, "$" * 100, "{" * 100])
def test_odd_texts_raise_no_other_error(text: str) -> None:
    try:
        parse_condition(text)
    except SyntaxFault as fault:
        assert 0 <= fault.start <= fault.end <= len(text)  # noqa: PT017 - a text may well be a condition
