"""A graph of records is packed into JSON and comes back as it was, and what was never packed is refused."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.diagnostics import Diagnostic, Fix, Label, Rewrite
from runner.expressions.nodes import Constant, StatusCode
from runner.openapi.document import Address
from runner.packed import Part, Unpackable, pack, restored, unpack, withheld
from runner.source import Source, Span
from runner.values import ABSENT, Absent, Json

SOURCE = Source("file:///flow.yaml", "flow.yaml", "arazzo: 1.0.1")
PARTS = {Source: Part("source", lambda source: [source.uri]), Absent: Part("absent", lambda _: ())}
MAKERS = {"source": lambda uri: {SOURCE.uri: SOURCE}[uri], "absent": lambda: ABSENT}


def through(value: object) -> Any:
    """Pack a value, write it, read it and unpack it."""
    return unpack(json.loads(json.dumps(pack(value, PARTS))), MAKERS)


SCALARS: st.SearchStrategy[Json] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
)
JSON: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
RECORDS = (
    st.builds(Constant, JSON)
    | st.just(StatusCode())
    | st.builds(Span, st.just(SOURCE), st.integers(0, 9), st.integers(0, 9))
    | st.builds(Address, st.text(max_size=3), st.text(max_size=3))
    | st.just(ABSENT)
)
GRAPHS = st.recursive(
    RECORDS | JSON | st.frozensets(st.text(max_size=3), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(GRAPHS)
def test_whatever_is_packed_comes_back(value: object) -> None:
    again = through(value)
    assert again == value
    if "frozenset" not in repr(value):  # whose order is its own
        assert repr(again) == repr(value), "1 is not true, 0.0 is not -0.0, and a tuple is no list"


def test_a_diagnostic_comes_back_with_all_that_is_in_it() -> None:
    span = Span(SOURCE, 0, 6)
    fix = Fix("write 1.0.1", (Rewrite("/arazzo", {"a": [1, 1.0, True]}),))
    told = Diagnostic(
        "unknown-step", "error", "there is no step 'x'", span, "here", (Label(span, "there"),), ("n",), fix
    )
    assert repr(through(told)) == repr(told)
    assert through(told).span.source is SOURCE


def test_what_is_met_twice_is_there_once() -> None:
    schema: Json = {"type": "string"}
    first, (second,) = through((Constant(schema), [Constant(schema)]))
    assert first is second


class Foreign(NamedTuple):
    value: int


@pytest.mark.parametrize("value", [object(), Foreign(1), b"bytes", 1j, (lambda: None,), {"a": {"b": object()}}])
def test_what_is_none_of_ours_is_not_packed(value: object) -> None:
    with pytest.raises(Unpackable, match=r"there is an? .* in it"):
        pack((value,), {})


def test_what_goes_too_deep_is_not_packed() -> None:
    value: tuple[object, ...] = ()
    for _ in range(100_000):
        value = (value,)
    with pytest.raises(Unpackable, match="nested"):
        pack(value, {})


def test_a_small_value_that_stands_for_a_huge_one_is_not_packed() -> None:
    value: Json = ["x"]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(Unpackable, match="too large"):
        pack(value, {})


BROKEN: list[Json] = [
    None,
    [],
    {},
    {"root": 0},
    {"root": 7, "groups": [], "atoms": [1]},
    {"root": "0", "groups": [], "atoms": [1]},
    {"root": 0, "groups": [["os:system", 1, [[0]]]], "atoms": ["true"]},
    {"root": 0, "groups": [["runner.version:__version__", 1, []]], "atoms": []},
    {"root": 0, "groups": [["runner.packed:unpack", 1, [[0]]]], "atoms": [1]},
    {"root": 0, "groups": [["runner.nowhere:Constant", 1, [[0]]]], "atoms": [1]},
    {"root": 0, "groups": [["runner.expressions.nodes:Nothing", 1, [[0]]]], "atoms": [1]},
    {"root": 0, "groups": [["runner.expressions.nodes:Constant", 1, [[0], [0]]]], "atoms": [1]},
    {"root": 0, "groups": [["()", 2, [[0], [0, 0]]]], "atoms": [1]},
    {"root": 0, "groups": [["nobody", 1, [[0]]]], "atoms": [1]},
]


@pytest.mark.parametrize("packed", BROKEN)
def test_what_was_never_packed_is_refused(packed: Json) -> None:
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError, ImportError)):
        unpack(packed, {})


@pytest.mark.parametrize(
    "text",
    ["", "a", "ab", "abab", "xaby", "aab", "1", "a.b", "ba", "ab\\1", "-abc-ab-"],
    ids=lambda text: text or "empty",
)
@pytest.mark.parametrize("said", [("abc", "ab", "a.b", "1"), ("a",), (".",), ()], ids=str)
def test_texts_that_are_withheld_stand_in_no_text_that_is_written_until_they_are_put_back(
    text: str, said: tuple[str, ...]
) -> None:
    packed = pack((text, [text], 1, None, "other"), {})
    written = json.loads(json.dumps(withheld(packed, said)))
    atoms = [piece for atom in written["atoms"][:1] for piece in (atom if isinstance(atom, list) else [atom])]
    assert not any(each in piece for each in said for piece in atoms)
    assert unpack(restored(written, said), {}) == (text, [text], 1, None, "other")
