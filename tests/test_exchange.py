"""A body is decoded by its media type; why it cannot be is said in our own words."""

from __future__ import annotations

import pytest

from runner.exchange import decode, parse_json


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (b"\xff", "text/plain", "it is not utf-8: 0xFF at byte 0"),
        (b"a", "text/plain; charset=nonsense", "it is in the charset 'nonsense', which is not known"),
        (b"a", "application/octet-stream; charset=nonsense", None),
        (b"a\x00", "text/plain; charset=idna", None),
        (b'{"a": }', "application/json", "it is not JSON: expecting value, in line 1, column 7"),
        (b"[" * 200_000, "application/json", "it is not JSON: it is nested too deeply"),
        (b"9" * 5000, "application/json", "it is not JSON: a number has too many digits"),
        (b"[NaN]", "application/json", "it is not JSON: NaN is not a JSON value"),
        (b"{", None, None),
    ],
)
def test_why_a_body_is_not_what_it_says(body: bytes, content_type: str | None, problem: str | None) -> None:
    assert decode(body, content_type).problem == problem


def test_json_is_parsed_strictly_and_big_integers_stay_whole() -> None:
    assert parse_json("[1e2, 123456789012345678901234567890]") == [100.0, 123456789012345678901234567890]
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 200_000)
