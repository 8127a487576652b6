"""YAML texts give the values of YAML 1.2's core schema, by libyaml and by PyYAML's own parser alike."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import runner.loader.yaml as loader
from runner.loader.yaml import PythonParser, new_parser, parse_yaml
from runner.source import Source
from runner.values import Json


def value_of(text: str) -> Json:
    parsed = parse_yaml(Source("file:///t.yaml", "t.yaml", text))
    assert [problem for problem in parsed.problems if problem.severity == "error"] == []
    return parsed.value


@pytest.fixture(autouse=True, params=[new_parser, PythonParser], ids=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "new_parser", request.param)


SCALARS: list[tuple[str, Json]] = [
    *((word, None) for word in ("null", "Null", "NULL", "~", "")),
    *((word, True) for word in ("true", "True", "TRUE")),
    *((word, False) for word in ("false", "False", "FALSE")),
    ("0", 0),
    ("-0", 0),
    ("+12", 12),
    ("014", 14),
    ("08", 8),
    ("0o17", 15),
    ("0x1F", 31),
    ("123456789012345678901234567890", 123456789012345678901234567890),
    ("1.0", 1.0),
    ("-.5", -0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
    ("+1.5E-2", 0.015),
    *(
        (text, text)
        for text in (
            *("yes", "no", "on", "off", "y", "n", "nUll", "tRUE", "nil", "=", "."),
            *("12:30:45", "2024-01-01", "2024-01-01T00:00:00Z", "1_000", "0b1", "0o8", "0xG", "-0x1", "+", "-."),
            *("1.2.3", "1e", "e3", ".e3", "inf", "nan", "+.nan", "1,000", "٣"),
        )
    ),
]


@pytest.mark.parametrize(("text", "expected"), SCALARS)
def test_a_plain_scalar_is_resolved_by_the_core_schema(text: str, expected: Json) -> None:
    value = value_of(f"a: {text}")
    assert value == {"a": expected}
    assert isinstance(value, dict)
    assert type(value["a"]) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'12'", "12"),
        ('"true"', "true"),
        ('"\\u00e9\\t\\x41\\"\\/"', 'é\tA"/'),
        ("'it''s'", "it's"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("!!str", ""),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ('!!bool "true"', True),
        ("!!null ''", None),
        ("!!map {b: 1}", {"b": 1}),
        ("!!seq [1]", [1]),
        ("|\n  x\n  y\n", "x\ny\n"),
        ("|-\n  12\n", "12"),
        (">\n  x\n  y\n\n  z\n", "x y\nz\n"),
        ("x\n  y\n\n  z", "x y\nz"),
        ("&anchor 12", 12),
        ("{b: [1, 'c'], d: }", {"b": [1, "c"], "d": None}),
        ("\n- b: 1\n- - 2\n  - 3\n-", [{"b": 1}, [2, 3], None]),
    ],
)
def test_a_node_has_the_value_its_style_and_tag_give_it(text: str, expected: Json) -> None:
    assert value_of(f"a: {text}") == {"a": expected}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("200: a\ntrue: b\nnull: c\n014: d\n1.0: e", ["200", "true", "null", "014", "1.0"]),
        ("'200': a\n\"x y\": b\n? c\n: d\n", ["200", "x y", "c"]),
        ("!!int 1: a\n&k on: b\n*k : c\n", ["1", "on"]),
        ("a: &x 014\n*x : b", ["a", "014"]),
        ("{? : a}", [""]),
    ],
)
def test_keys_are_text_as_it_is_written(text: str, keys: list[str]) -> None:
    value = parse_yaml(Source("u", "n", text)).value
    assert isinstance(value, dict)
    assert list(value) == keys


def test_an_alias_gives_the_very_value_of_its_anchor() -> None:
    value = value_of("a: &x {b: 1}\nc: *x\nd: [*x, &y 2, *y]\n")
    assert value == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, 2, 2]}
    assert isinstance(value, dict)
    assert value["a"] is value["c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", {"a": 1, "b": 3}),
        ("x: &x {a: 1, b: 2}\ny: {b: 3, <<: *x}", {"a": 1, "b": 3}),
        ("x: [&x {a: 1}, &z {a: 2, c: 4}]\ny: {<<: [*x, *z]}", {"a": 1, "c": 4}),
        ("x: 1\ny: {<<: {a: 1}}", {"a": 1}),
        ("x: 1\ny: {'<<': {a: 1}}", {"<<": {"a": 1}}),
        ("x: 1\ny: {<<: text}", {"<<": "text"}),
    ],
)
def test_merge_keys_are_understood(text: str, expected: Json) -> None:
    value = value_of(text)
    assert isinstance(value, dict)
    assert value["y"] == expected


def test_line_breaks_of_yaml_1_1_are_ordinary_characters() -> None:
    assert value_of('a: x\u2028y\x85z\nb: "\u2029"\nc: |\n  x\u2028y\n\ue000: 1') == {
        "a": "x\u2028y\x85z",
        "b": "\u2029",
        "c": "x\u2028y\n",
        "\ue000": 1,
    }


def test_a_version_directive_changes_nothing() -> None:
    assert value_of("%YAML 1.1\n---\na: [no, 014]\n...\n# the end\n") == {"a": ["no", 14]}


# PyYAML writes these as line breaks, which they are in YAML 1.1.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029")
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(CHARACTERS, max_size=5), inner, max_size=4),
    max_leaves=12,
)


class Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads back: strings that 1.1 would quote need it less often than those 1.2 does."""

    def ignore_aliases(self, _: object) -> bool:
        return True


@given(JSON_VALUES, st.sampled_from(["'", '"']), st.booleans())
def test_what_was_written_is_read_back(value: Json, style: str, flow: bool) -> None:
    def write(data: Json) -> yaml.Node:
        match data:
            case dict():
                return yaml.MappingNode(
                    "tag:yaml.org,2002:map", [(write(k), write(v)) for k, v in data.items()], flow_style=flow
                )
            case list():
                return yaml.SequenceNode("tag:yaml.org,2002:seq", [write(item) for item in data], flow_style=flow)
            case str():
                return yaml.ScalarNode("tag:yaml.org,2002:str", data, style=style)
            case None:
                return yaml.ScalarNode("tag:yaml.org,2002:null", "null")
            case bool():
                return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if data else "false")
            case int():
                return yaml.ScalarNode("tag:yaml.org,2002:int", str(data))
            case float():
                return yaml.ScalarNode("tag:yaml.org,2002:float", repr(data))

    assert value_of(yaml.serialize(write(value), Dumper=Dumper, allow_unicode=True)) == value
