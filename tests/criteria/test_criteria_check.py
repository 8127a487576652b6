"""Criteria and their verdicts."""

from __future__ import annotations

import json

import pytest

from runner.criteria.check import check, compile_criterion
from runner.criteria.parse import ConditionSyntax
from runner.criteria.verdict import Verdict
from runner.exchange import Response
from runner.expressions.faults import ExpressionSyntax, SelectorSyntax, SyntaxFault
from runner.expressions.grammar import ARAZZO_1_1, Grammar
from runner.expressions.nodes import Expression, Input
from runner.expressions.parse import parse_expression
from runner.expressions.scope import Scope
from runner.values import ABSENT, Json, Value

BODY: Json = {
    "status": "Available",
    "count": 3,
    "ratio": 1.0,
    "pets": [{"name": "Rex", "price": 5}, {"name": "it's", "price": 15}],
    "empty": [],
    "gone": None,
    "ok": True,
    "text": "",
    "long": "a" * 200,
}
SCOPE = Scope(
    inputs={
        "status": "available",
        "name": "Rex",
        "injection": "' || true || '",
        "backslash": "a\\",
        "price": 10,
        "pattern": "^avail",
        "broken": "(",
        "object": {"a": 1},
        "null": None,
    },
    response=Response(200, (("Content-Type", "application/json"),), json.dumps(BODY).encode()),
)


def verdict(
    condition: str,
    kind: str = "simple",
    context: str = "$response.body",
    grammar: Grammar = ARAZZO_1_1,
    version: str = "",
) -> Verdict:
    criterion = compile_criterion(condition, kind, version, parse_expression(context), grammar)
    return check(criterion, SCOPE)


@pytest.mark.parametrize(
    ("condition", "passed", "left", "right", "comparison"),
    [
        ("$statusCode == 200", True, 200, 200, "$statusCode == 200"),
        ("$statusCode == 201", False, 200, 201, "$statusCode == 201"),
        (
            "$response.body.status == 'AVAILABLE'",
            True,
            "Available",
            "AVAILABLE",
            "$response.body.status == 'AVAILABLE'",
        ),
        ("$response.body#/count > '2'", True, 3, "2", "$response.body#/count > '2'"),
        ("$response.body.gone == null", True, None, None, "$response.body.gone == null"),
        ("$response.body.nope == null", True, ABSENT, None, "$response.body.nope == null"),
        ("$response.body.nope != null", False, ABSENT, None, "$response.body.nope != null"),
        ("$response.body.count != null", True, 3, None, "$response.body.count != null"),
        ("$response.body.nope == $statusCode", False, ABSENT, 200, "$response.body.nope == $statusCode"),
        ("$response.body.pets[1].price == 15", True, 15, 15, "$response.body.pets[1].price == 15"),
        ("$response.body.ok", True, True, ABSENT, "$response.body.ok"),
        ("$response.body.text", False, "", ABSENT, "$response.body.text"),
        ("$response.body.nope", False, ABSENT, ABSENT, "$response.body.nope"),
        ("$response.body.empty", True, [], ABSENT, "$response.body.empty"),
        ("!$response.body.nope", True, ABSENT, ABSENT, "!$response.body.nope"),
        ("!($statusCode == 404)", True, 200, 404, "!($statusCode == 404)"),
        ("!($statusCode == 200)", False, 200, 200, "!($statusCode == 200)"),
        ("(1 == 1) == true", True, True, True, "(1 == 1) == true"),
        ("null", False, None, ABSENT, "null"),
        # of `&&` the first that fails, of `||` the last; of those that pass the last that was looked at
        ("$statusCode == 200 && 1 == 2 && 3 == 4", False, 1, 2, "1 == 2"),
        ("$statusCode == 200 && 1 == 1", True, 1, 1, "1 == 1"),
        ("1 == 2 || 3 == 4", False, 3, 4, "3 == 4"),
        ("1 == 2 || 3 == 3 || 5 == 5", True, 3, 3, "3 == 3"),
        ("false && $inputs.x == $inputs.y", False, False, ABSENT, "false"),
        ("true || $inputs.x == $inputs.y", True, True, ABSENT, "true"),
    ],
)
def test_a_simple_condition_shows_the_comparison_that_decided(
    condition: str, passed: bool, left: Value, right: Value, comparison: str
) -> None:
    assert verdict(condition) == Verdict(passed, left, right, comparison)


@pytest.mark.parametrize(
    "condition",
    [
        "$inputs.x == $inputs.y",
        "$inputs.x != $inputs.y",
        "$inputs.x <= $inputs.y",
        "!($inputs.x == $inputs.y)",
        "!!($inputs.x == $inputs.y)",
        "$inputs.x == $inputs.y || true",
        "!(true && $inputs.x == $inputs.y)",
        "($inputs.x == $inputs.y) == false",
        "false == ($inputs.x == $inputs.y)",
    ],
)
def test_a_comparison_of_nothing_with_nothing_breaks_the_whole_condition(condition: str) -> None:
    problem = "there is nothing to compare: '$inputs.x' and '$inputs.y' are both absent"
    found = verdict(condition)
    assert not found.passed
    assert found.problem == problem


def test_without_a_response_there_is_no_status() -> None:
    assert check(compile_criterion("$statusCode == 200"), Scope()) == Verdict(False, ABSENT, 200, "$statusCode == 200")
    assert check(compile_criterion("$response.body#/a == null"), Scope()).passed


@pytest.mark.parametrize(
    ("condition", "context", "passed", "left", "pattern"),
    [
        (r"^2\d{2}$", "$statusCode", True, 200, r"^2\d{2}$"),
        ("^200$", "$statusCode", True, 200, "^200$"),
        ("vail", "$response.body#/status", True, "Available", "vail"),
        ("^vail", "$response.body#/status", False, "Available", "^vail"),
        ("available", "$response.body#/status", False, "Available", "available"),
        ("^1$", "$response.body#/ratio", True, 1.0, "^1$"),
        ("^true$", "$response.body#/ok", True, True, "^true$"),
        ("^$", "$response.body#/text", True, "", "^$"),
        ("({$inputs.pattern}|x)", "$inputs.status", True, "available", "(^avail|x)"),
        ("^{$inputs.price}$", "$inputs.price", True, 10, "^10$"),
        ("^(?=A)Av", "$response.body#/status", True, "Available", "^(?=A)Av"),
    ],
)
def test_a_regex_searches_the_text_of_its_context_with_case(
    condition: str, context: str, passed: bool, left: Value, pattern: str
) -> None:
    assert verdict(condition, "regex", context) == Verdict(passed, left, pattern, condition)


@pytest.mark.parametrize(
    ("condition", "context", "problem"),
    [
        (".", "$response.body#/nope", "the context '$response.body#/nope' is absent"),
        (".", "$response.body#/gone", "the context '$response.body#/gone' is null"),
        (".", "$response.body", "the context '$response.body' is an object, not a text"),
        (".", "$response.body#/pets", "the context '$response.body#/pets' is an array, not a text"),
        ("{$inputs.nope}", "$statusCode", "'$inputs.nope' is not there"),
        ("a{$inputs.broken}", "$statusCode", "with its values filled in it is no regular expression"),
    ],
)
def test_a_regex_that_cannot_be_searched_is_broken(condition: str, context: str, problem: str) -> None:
    found = verdict(condition, "regex", context)
    assert (found.passed, found.problem, found.comparison) == (False, problem, condition)


def test_a_regex_that_backtracks_without_end_is_broken_or_decided() -> None:
    found = verdict(r"^(a+)+\1$(?<!a)", "regex", "$response.body#/long")
    assert not found.passed


@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        ("$.pets[*].name", ["Rex", "it's"]),
        ("$.pets[?@.price > 10].name", ["it's"]),
        ("$.pets[?(@.name == 'Rex')].price", [5]),
        ("$.pets[?(@.name == '{$inputs.name}')].price", [5]),
        ('$.pets[?(@.name == "{$inputs.name}")].price', [5]),
        ("$.pets[?(@.price > {$inputs.price})].price", [15]),
        ("$.gone", [None]),
        ("$.empty", [[]]),
        ("$.empty[*]", []),
        ("$.nope", []),
        ("$[?count(@.pets) > 0]", []),
    ],
)
def test_a_jsonpath_passes_when_it_selects_something(condition: str, selected: list[Json]) -> None:
    assert verdict(condition, "jsonpath") == Verdict(bool(selected), selected, ABSENT, condition)


def test_a_filter_on_the_root_tests_its_members() -> None:
    assert not verdict("$[?(@.status)]", "jsonpath").passed


@pytest.mark.parametrize(
    ("condition", "context", "problem"),
    [
        ("$", "$response.body#/nope", "the context '$response.body#/nope' is absent"),
        ("$", "$response.body#/gone", "the context '$response.body#/gone' is null"),
        (
            "$.pets[?@.name == '{$inputs.injection}']",
            "$response.body",
            "'$inputs.injection' has a quote or backslash, which could end the quoted text it stands in",
        ),
        (
            "$.pets[?@.name == 'x \\' {$inputs.backslash}']",
            "$response.body",
            "'$inputs.backslash' has a quote or backslash, which could end the quoted text it stands in",
        ),
        ("$.pets[?@.name == '{$inputs.nope}']", "$response.body", "'$inputs.nope' is not there"),
        ("$.pets[?@.price > {$inputs.status}]", "$response.body", "with its values filled in it is no JSONPath"),
        ("$.{$inputs.broken}", "$response.body", "with its values filled in it is no JSONPath"),
    ],
)
def test_a_jsonpath_that_cannot_be_evaluated_is_broken(condition: str, context: str, problem: str) -> None:
    found = verdict(condition, "jsonpath", context)
    assert (found.passed, found.problem, found.comparison) == (False, problem, condition)


def test_a_binary_body_is_no_context() -> None:
    scope = Scope(response=Response(200, (("Content-Type", "image/png"),), b"\xff"))
    body = parse_expression("$response.body")
    for kind, condition in (("regex", "."), ("jsonpath", "$.a")):
        found = check(compile_criterion(condition, kind, context=body), scope)
        assert found.problem == "the context '$response.body' is a binary body"


@pytest.mark.parametrize(
    ("condition", "kind", "version", "error"),
    [
        ("$statusCode === 200", "simple", "", ConditionSyntax),
        ("$foo == 200", "simple", "", ExpressionSyntax),
        ("(", "regex", "", ConditionSyntax),
        ("a{$inputs.%}", "regex", "", ExpressionSyntax),
        ("$.pets[?", "jsonpath", "", SelectorSyntax),
        ("$.cancel == true", "jsonpath", "rfc9535", SelectorSyntax),
        ("$.pets", "jsonpath", "rfc1", SelectorSyntax),
        ("$.pets[?@.a == '{$inputs}']", "jsonpath", "", ExpressionSyntax),
        ("/root/pets[", "xpath", "", SelectorSyntax),
        ("/root[a = $inputs.name]", "xpath", "xpath-10", SelectorSyntax),
        ("count(/root", "xpath", "xpath-20", SelectorSyntax),
        ("/root[ends-with(a, 'b')]", "xpath", "xpath-10", SelectorSyntax),
        ("/root[a = '{$inputs}']", "xpath", "", ExpressionSyntax),
        ("true", "css", "", ConditionSyntax),
    ],
)
def test_what_is_not_in_its_language_is_refused_when_compiled(
    condition: str, kind: str, version: str, error: type[SyntaxFault]
) -> None:
    with pytest.raises(error) as caught:
        compile_criterion(condition, kind, version, parse_expression("$response.body"))
    assert 0 <= caught.value.start <= caught.value.end <= len(condition)


@pytest.mark.parametrize("kind", ["regex", "jsonpath", "xpath"])
def test_a_type_other_than_simple_needs_a_context(kind: str) -> None:
    with pytest.raises(ConditionSyntax, match=f"a condition of type {kind} needs a context"):
        compile_criterion("$", kind)


def test_goessners_dialect_is_used_when_it_is_asked_for() -> None:
    found = verdict("$.pets[-1:].name", "jsonpath", version="draft-goessner-dispatch-jsonpath-00")
    assert found == Verdict(True, ["it's"], ABSENT, "$.pets[-1:].name")


@pytest.mark.parametrize(
    ("condition", "kind", "places"),
    [
        ("$inputs.a == 1", "simple", [(0, 9)]),
        ("^{$inputs.a}{$inputs.b}", "regex", [(2, 11), (13, 22)]),
        ("$.a[?@.x == {$inputs.a}]", "jsonpath", [(13, 22)]),
    ],
)
def test_every_expression_can_be_settled_with_its_place(
    condition: str, kind: str, places: list[tuple[int, int]]
) -> None:
    seen: list[tuple[int, int]] = []

    def settle(expression: Expression, start: int, end: int) -> Expression:
        seen.append((start, end))
        return expression

    compile_criterion(condition, kind, context=Input("x"), settle=settle)
    assert seen == places
