"""A bracket that is only a character is found; those of escapes are none."""

from __future__ import annotations

import pytest

from runner.plan.patterns import stray_bracket


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        (r"^\p{L}+$", None),
        (r"[\p{Lu}\P{Script=Greek}]", None),
        (r"\u{1F600}", None),
        (r"a{2,3}", None),
        (r"\p{L}}", 5),
        (r"a{b", 1),
        (r"\\p{L}", 3),
    ],
)
def test_a_bracket_that_lost_its_other_half_is_found(pattern: str, place: int | None) -> None:
    assert stray_bracket(pattern) == place
