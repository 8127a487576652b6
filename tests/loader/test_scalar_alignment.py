"""A character of a scalar's value is found again in the text of the file, whatever its style."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.loader.yaml import align, parse_yaml
from runner.source import Source


@pytest.mark.parametrize(
    ("raw", "offset", "expected"),
    [
        ("$steps.a", 0, 0),
        ("$steps.a", 7, 7),
        ("$steps.a", 8, 8),
        ("x\n  y", 2, 4),
        ("x\n\n  y", 1, 2),
        ("'a''b'", 0, 1),
        ("'a''b'", 1, 2),
        ("'a''b'", 2, 4),
        ("'ab'", 2, 3),
        (r'"a\u00e9b"', 2, 8),
        (r'"\x41\tb"', 2, 7),
        (r'"\U0001F600b"', 1, 11),
        (r'"\"b"', 1, 3),
        ('"a \\\n   b"', 2, 8),
        ('"a\n\n  b"', 2, 6),
        ("|\n  a\n  b\n", 0, 4),
        ("|\n  a\n  b\n", 1, 5),
        ("|\n  a\n  b\n", 2, 8),
        ("|- # why\n\n    a\n     b", 1, 14),
        ("|- # why\n\n    a\n     b", 3, 20),
        ("|2\n    a\n  b", 2, 7),
        (">\n  a\n  b\n", 2, 8),
        (">\n  a\n\n  b\n", 1, 6),
        (">\n  a\n\n  b\n", 2, 9),
        (">\n  a\n    b\n  c\n", 2, 8),
        ("|", 3, 1),
        ("", 3, 0),
    ],
)
def test_an_offset_in_the_value_is_an_offset_in_the_text(raw: str, offset: int, expected: int) -> None:
    assert align(raw, offset) == expected


LINES = st.text(st.sampled_from("ab c'\"\\é😀:#-$}\t"), max_size=30)
VALUES = st.lists(LINES, min_size=1, max_size=5).map("\n".join)


def stands_for(raw: str, place: int, char: str) -> bool:
    """Say whether what is written at `place` is how `raw` writes `char`."""
    written = raw[place : place + 1]
    match char:
        case "\n":
            return written in ("\n", "\r", "") or raw.startswith(r"\n", place)
        case " ":
            return written in (" ", "\n", "\r", "\t", "\\")
        case _:
            return written == char or (raw.startswith('"') and written == "\\") or not raw[place:].strip()


@settings(max_examples=300)
@given(VALUES, st.sampled_from(["", "'", '"', "|", ">"]), st.integers(8, 60), st.booleans())
def test_every_character_is_found_in_every_style(value: str, style: str, width: int, crlf: bool) -> None:
    written = yaml.dump({"k": {"v": value}}, default_style=style or None, width=width, allow_unicode=True)
    written = written.replace("\n", "\r\n") if crlf else written
    source = Source("u", "n", written)
    parsed = parse_yaml(source)
    assert parsed.value == {"k": {"v": value}}
    place = (parsed.places.members or {})["k"].value
    start, end, *_ = (place.members or {})["v"].value
    raw = written[start:end]
    header = raw.partition("\n")[0]
    assume(raw[:1] not in ("|", ">") or not any(char.isdigit() for char in header) or not value[:1].isspace())
    places = [align(raw, offset) for offset in range(len(value))]
    assert places == sorted(places)
    for char, found in zip(value, places, strict=True):
        assert stands_for(raw, found, char), (raw, found, char)
