"""The comparison rules, pair by pair."""

from __future__ import annotations

from itertools import product

import pytest

from runner.criteria.compare import compare, same_json, truth
from runner.criteria.nodes import Operator
from runner.values import ABSENT, Json, Value

OPERATORS: tuple[Operator, ...] = ("==", "!=", "<", "<=", ">", ">=")
EQUAL = ("==", "<=", ">=")
SMALLER = ("!=", "<", "<=")
ONLY_EQUAL = ("==",)
DIFFERENT = ("!=",)

BIG = 9007199254740993

# left, right, the operators that hold
PAIRS: list[tuple[Value, Value, tuple[str, ...]]] = [
    # texts, without case
    ("a", "a", EQUAL),
    ("Paid", "pAID", EQUAL),
    ("STRASSE", "straße", EQUAL),
    ("İ", "i", ("!=", ">", ">=")),
    ("a", "B", SMALLER),
    ("A", "b", SMALLER),
    ("", "a", SMALLER),
    ("a", "ab", SMALLER),
    # numbers, exactly
    (1, 1, EQUAL),
    (1, 1.0, EQUAL),
    (0, -0.0, EQUAL),
    (1, 2, SMALLER),
    (-1, 0.5, SMALLER),
    (0.1, 0.1, EQUAL),
    (BIG - 1, BIG, SMALLER),
    (float(BIG - 1), BIG, SMALLER),
    (10**400, 10**400 + 1, SMALLER),
    (10**4000, float("inf"), SMALLER),
    # a number and a text that is a JSON number
    (200, "200", EQUAL),
    ("200", 200, EQUAL),
    (1, "1.0", EQUAL),
    (0.1, "0.1", EQUAL),
    (100, "1e2", EQUAL),
    (9, "10", SMALLER),
    ("9", 10, SMALLER),
    (BIG, "9007199254740992.5", ("!=", ">", ">=")),
    (5, "1e999999999", SMALLER),
    # two of them: numbers under an ordering, texts under `==`
    ("9", "10", SMALLER),
    ("1", "1.0", ("!=", "<=", ">=")),
    ("1E2", "1e2", EQUAL),
    ("9", "a", SMALLER),
    ("10", "9a", SMALLER),
    # not a JSON number
    (1, " 1", DIFFERENT),
    (1, "1_0", DIFFERENT),
    (1, "+1", DIFFERENT),
    (1, "01", DIFFERENT),
    (1, "1.", DIFFERENT),
    (1, ".5", DIFFERENT),
    (1, "nan", DIFFERENT),
    (1, "Infinity", DIFFERENT),
    (1, "0x1", DIFFERENT),
    (1, "１", DIFFERENT),
    (1, "1\n", DIFFERENT),
    (1, "", DIFFERENT),
    (float("nan"), float("nan"), DIFFERENT),
    (5, "1e99999999999999999999", DIFFERENT),
    # null, and what is absent
    (None, None, ONLY_EQUAL),
    (ABSENT, None, ONLY_EQUAL),
    (None, 0, DIFFERENT),
    (None, "", DIFFERENT),
    (None, "null", DIFFERENT),
    (None, False, DIFFERENT),
    (None, [], DIFFERENT),
    (ABSENT, 404, DIFFERENT),
    (ABSENT, "x", DIFFERENT),
    # booleans
    (True, True, ONLY_EQUAL),
    (True, False, DIFFERENT),
    (True, 1, DIFFERENT),
    (False, 0, DIFFERENT),
    (True, "true", DIFFERENT),
    # arrays and objects, by JSON value
    ([1, {"a": None}], [1.0, {"a": None}], ONLY_EQUAL),
    ([1], [True], DIFFERENT),
    (["A"], ["a"], DIFFERENT),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ONLY_EQUAL),
    ({"a": 1}, {"a": 1, "b": 2}, DIFFERENT),
    ([], {}, DIFFERENT),
    ([1], 1, DIFFERENT),
    ([], "", DIFFERENT),
    # binary bodies
    (b"\xff", b"\xff", ONLY_EQUAL),
    (b"\xff", b"", DIFFERENT),
    (b"a", "a", DIFFERENT),
]

MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@pytest.mark.parametrize(("left", "right", "holding"), PAIRS)
def test_a_pair_of_values_compares_as_the_table_says(left: Value, right: Value, holding: tuple[str, ...]) -> None:
    assert tuple(each for each in OPERATORS if compare(each, left, right).holds) == holding
    mirrored = {each for each in OPERATORS if compare(each, right, left).holds}
    assert mirrored == {MIRRORED[each] for each in holding}


SAMPLES: list[Value] = [None, ABSENT, True, 0, 1.5, "", "7", "x", [], [1], {}, {"a": 1}, b"", float("nan")]


@pytest.mark.parametrize(("left", "right"), list(product(SAMPLES, SAMPLES)))
def test_not_equal_is_the_negation_of_equal(left: Value, right: Value) -> None:
    assert compare("!=", left, right).holds is not compare("==", left, right).holds


@pytest.mark.parametrize(
    ("operator", "left", "right", "note"),
    [
        ("==", 1, "x", "number and text cannot be compared"),
        ("!=", True, "true", "boolean and text cannot be compared"),
        ("==", [], {}, "array and object cannot be compared"),
        ("<", True, False, "boolean and boolean cannot be compared"),
        ("<", [1], [2], "array and array cannot be compared"),
        (">=", 1, None, "number and null cannot be compared"),
        ("<", b"a", "7", "binary body and text cannot be compared"),
        ("==", 1, None, None),
        ("!=", None, [], None),
        ("==", "a", "b", None),
        ("<", "7", "x", None),
        ("<", 1, "2", None),
    ],
)
def test_kinds_that_cannot_be_compared_are_noted(
    operator: Operator, left: Value, right: Value, note: str | None
) -> None:
    assert compare(operator, left, right).note == note


@pytest.mark.parametrize(
    ("value", "passes"),
    [
        (True, True),
        (1, True),
        (-0.5, True),
        ("x", True),
        ("false", True),
        ("0", True),
        ([], True),
        ({}, True),
        (b"x", True),
        (False, False),
        (0, False),
        (0.0, False),
        (float("nan"), False),
        ("", False),
        (None, False),
        (ABSENT, False),
        (b"", False),
    ],
)
def test_a_bare_value_passes_when_it_is_truthy(value: Value, passes: bool) -> None:
    assert truth(value) is passes


def test_deep_values_are_compared_without_recursion() -> None:
    def nested(depth: int, inner: Json) -> Json:
        value = inner
        for _ in range(depth):
            value = [{"a": value}]
        return value

    assert same_json(nested(20_000, 1), nested(20_000, 1.0))
    assert not same_json(nested(20_000, 1), nested(20_000, 2))
