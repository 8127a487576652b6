"""What holds for every condition, every text and every scope."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.criteria.check import check, compile_criterion
from runner.criteria.compare import compare
from runner.criteria.nodes import Operator
from runner.criteria.parse import parse_condition
from runner.exchange import Response
from runner.expressions.faults import SyntaxFault
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1, Grammar
from runner.expressions.parse import parse_expression
from runner.expressions.scope import Scope
from runner.values import ABSENT, Json, Value

# fmt: off
OPERAND_TEXTS = [
    "$statusCode", "$response.body", "$response.body#/a", "$response.body.a[0]", "$inputs.a", "$inputs.b.c",
    "$inputs.nope", "$response.header.a", "true", "false", "null", "0", "-1.5", "1e3", "'x'", "''", "'7'",
    "'it''s'",
]
# fmt: on

OPERANDS = st.sampled_from(OPERAND_TEXTS)
COMPARED = st.tuples(OPERANDS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), OPERANDS).map(" ".join)
CONDITIONS = st.recursive(
    OPERANDS | COMPARED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map("!({})".format),
        inner.map("({})".format),
    ),
    max_leaves=8,
)
# fmt: off
JUNK_TEXTS = [
    "$", "$inputs.a", "$steps.", "==", "=", "===", "!", "!(", "(", ")", "&&", "&", "||", "|", "<", ">", "'", '"',
    "true", "nul", "1", "01", "-1", "a.", "{$", "}", "[0]", "\\", "é", "\n",
]
# fmt: on

JUNK = st.lists(
    st.sampled_from(JUNK_TEXTS) | st.text(max_size=3),
    max_size=10,
).map("".join)
# fmt: off
QUERY_TEXTS = [
    "$", ".a", "..a", "[0]", "[*]", "[?", "]", "(", ")", "@", "@.a", "==", "!=", "<", "'x'", '"', "'",
    "{$inputs.a}", "{$inputs.b.c}", "&&", "match(", "search(", ",", "\\", "*",
]
# fmt: on

QUERIES = st.lists(
    st.sampled_from(QUERY_TEXTS),
    max_size=8,
).map("".join)
# fmt: off
PATTERN_TEXTS = [
    "a", ".", "*", "+", "?", "(", ")", "[", "]", "^", "$", "\\d", "\\", "{2}", "{$inputs.a}", "{$inputs.nope}",
    "|", "(?=a)", "(?<=a)", "(a+)+", "\\1",
]
# fmt: on

PATTERNS = st.lists(
    st.sampled_from(PATTERN_TEXTS),
    max_size=8,
).map("".join)

JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "7", "-0", "1e400", "x", "X", "a'", "\ud800"])
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", ""]), inner),
    max_leaves=6,
)
VALUES: st.SearchStrategy[Value] = JSON | st.binary(max_size=3) | st.just(ABSENT)
SCOPES = st.builds(
    lambda **names: Scope(**names),  # the hints of the class itself are recursive
    inputs=st.dictionaries(st.sampled_from(["a", "b.c"]), JSON | st.binary(max_size=2)),
    response=st.none()
    | st.builds(
        Response,
        st.integers(100, 599),
        st.just((("Content-Type", "application/json"), ("A", "7"))),
        st.sampled_from([b"", b'{"a": [1, null]}', b"[[], 1e400]", b'"\\ud800"', b"null", b"{"]),
    ),
)
GRAMMARS = st.sampled_from([ARAZZO_1_0, ARAZZO_1_1])
CONTEXTS = st.sampled_from(
    [parse_expression(text) for text in ("$response.body", "$response.body#/a", "$inputs.a", "$statusCode")]
)
OPERATORS: st.SearchStrategy[Operator] = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


@given(CONDITIONS, SCOPES)
@settings(max_examples=250, deadline=None)
def test_a_condition_is_checked_without_an_exception(condition: str, scope: Scope) -> None:
    verdict = check(compile_criterion(condition), scope)
    assert not (verdict.passed and verdict.problem)
    assert verdict.comparison in condition


@given(CONDITIONS, SCOPES)
@settings(max_examples=100, deadline=None)
def test_a_negation_fails_what_passes_and_what_is_broken_stays_broken(condition: str, scope: Scope) -> None:
    plain = check(compile_criterion(condition), scope)
    negated = check(compile_criterion(f"!({condition})"), scope)
    assert negated.problem == plain.problem
    assert negated.passed is (not plain.passed and plain.problem is None)


@given(JUNK, GRAMMARS)
@settings(max_examples=250)
def test_a_text_is_a_condition_or_a_fault_within_it(text: str, grammar: Grammar) -> None:
    try:
        condition = parse_condition(text, grammar)
    except SyntaxFault as fault:
        assert 0 <= fault.start <= fault.end <= len(text)  # noqa: PT017 - a text may well be a condition
    else:
        assert 0 <= condition.start <= condition.end <= len(text)


@given(JUNK, GRAMMARS)
@settings(max_examples=100)
def test_mending_comes_to_an_end(text: str, grammar: Grammar) -> None:
    for _ in range(100):
        try:
            parse_condition(text, grammar)
        except SyntaxFault as fault:
            mended = fault.mended(text)
            if mended is None or not fault.certain:
                return
            text = mended
        else:
            return
    raise AssertionError(f"mending does not come to an end: {text!r}")


@given(st.sampled_from(["regex", "jsonpath"]), PATTERNS | QUERIES, CONTEXTS, SCOPES)
@settings(max_examples=250, deadline=None)
def test_a_pattern_or_query_is_refused_or_checked_without_an_exception(
    kind: str, condition: str, context: object, scope: Scope
) -> None:
    try:
        criterion = compile_criterion(condition, kind, "", context)  # type: ignore[arg-type]
    except SyntaxFault as fault:
        assert 0 <= fault.start <= fault.end <= len(condition)  # noqa: PT017 - a text may well be a query
        return
    verdict = check(criterion, scope)
    assert not (verdict.passed and verdict.problem)


@given(OPERATORS, VALUES, VALUES)
@settings(max_examples=300)
def test_a_comparison_always_gives_an_answer(operator: Operator, left: Value, right: Value) -> None:
    compare(operator, left, right)
    assert compare("!=", left, right).holds is not compare("==", left, right).holds
    assert not (compare("<", left, right).holds and compare(">=", left, right).holds)
    assert compare("<", left, right).holds is compare(">", right, left).holds
