from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.text import json_text, number_text, scalar_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (1, "1"),
        (-7, "-7"),
        (1.0, "1"),
        (-0.0, "0"),
        (100.0, "100"),
        (0.1, "0.1"),
        (-1.5, "-1.5"),
        (123.456, "123.456"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (0.0000001, "1e-7"),
        (-1.25e-9, "-1.25e-9"),
        (5e-324, "5e-324"),
        (9007199254740993, "9007199254740993"),
        (10**40, "1" + "0" * 40),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_number_is_written_as_ecma_262_does(number: float, text: str) -> None:
    assert number_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(number: float) -> None:
    assert float(number_text(number)) == number


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (None, "null"), ("", ""), ("a b", "a b"), (2.0, "2")]
)
def test_a_scalar_becomes_text(value: bool | str | float | None, text: str) -> None:
    assert scalar_text(value) == text


def test_json_is_compact_and_keeps_characters() -> None:
    assert json_text({"a": [1, "é"], "b": None}) == '{"a":[1,"é"],"b":null}'


def test_half_a_surrogate_pair_is_escaped_in_json() -> None:
    assert json.loads(json_text("é\ud800").encode()) == "é\ud800"


def test_json_refuses_what_it_cannot_spell() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text([float("inf")])
