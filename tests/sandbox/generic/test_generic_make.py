"""What is made of schemas, keyword by keyword."""

from __future__ import annotations

import base64
import json
import string
from typing import Any

import pytest

from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.make import Wishes, make_value
from runner.sandbox.generic.generate.patterns import pattern_texts
from runner.sandbox.generic.generate.place import Ungeneratable
from runner.sandbox.generic.generate.regex import Unwritable, parse_regex
from runner.schema import compile_regex, compile_schema

NODE = {
    "type": "object",
    "required": ["value"],
    "properties": {
        "value": {"type": "integer"},
        "next": {"$ref": "#/$defs/node"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    },
}
TREE = {"oneOf": [{"$ref": "#/$defs/fork"}, {"type": "integer"}]}
FORK = {
    "type": "object",
    "required": ["left", "right"],
    "properties": {"left": {"$ref": "#/$defs/tree"}, "right": {"$ref": "#/$defs/tree"}},
}
FORMATS = (
    *("byte", "date", "date-time", "duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri"),
    *("iri-reference", "json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference"),
    *("uri-template", "uuid", "password", "binary", "int32", "nobody-knows"),
)

SCHEMAS: dict[str, Any] = {
    "anything": {},
    "true": True,
    "a type of several": {"type": ["null", "integer"]},
    "bounds and a multiple": {"type": "integer", "minimum": 5, "maximum": 7, "multipleOf": 3},
    "open bounds close together": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "a multiple that is no double": {"type": "number", "multipleOf": 0.01},
    "two multiples": {"type": "integer", "allOf": [{"multipleOf": 6}, {"multipleOf": 4}], "minimum": 1},
    "far below zero": {"type": "integer", "maximum": -1_000_000},
    "beyond a double": {"type": "integer", "minimum": 2**60},
    "a number that is no integer": {"type": "number", "not": {"type": "integer"}},
    "int32": {"type": "integer", "format": "int32"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "a long text": {"type": "string", "minLength": 300, "maxLength": 301},
    "a short text": {"type": "string", "maxLength": 1},
    "the empty text": {"type": "string", "maxLength": 0},
    "a short email": {"type": "string", "format": "email", "maxLength": 6},
    "a long uri": {"type": "string", "format": "uri", "minLength": 60},
    "a format and a pattern": {"type": "string", "format": "uri", "pattern": "^https://"},
    "two patterns": {"type": "string", "pattern": "^a.*", "allOf": [{"pattern": "z$"}]},
    "not a pattern": {"type": "string", "not": {"pattern": "^[a-m]"}},
    "unlike items": {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
    "unlike items by example": {
        "type": "array",
        "uniqueItems": True,
        "minItems": 3,
        "items": {"type": "string", "example": "a"},
    },
    "names of a pattern that is always as long": {
        "type": "object",
        "minProperties": 12,
        "patternProperties": {"^x-[a-f0-9]{4}$": {"type": "integer"}},
        "additionalProperties": False,
    },
    "a format and the end of a text": {"type": "string", "format": "email", "pattern": "@corp[.]example$"},
    "a format and its beginning": {"type": "string", "format": "email", "pattern": "^admin[.]"},
    "a format and what is in its middle": {"type": "string", "format": "uri", "pattern": "[.]png"},
    "a tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "a tuple of draft-07": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "items": [{"type": "string"}, {"type": "integer"}],
        "additionalItems": False,
    },
    "what an array contains": {
        "type": "array",
        "items": {"type": "integer"},
        "minContains": 2,
        "contains": {"minimum": 50, "maximum": 51},
    },
    "what is contained in a later place": {"prefixItems": [{"type": "null"}], "contains": {"const": 3}},
    "allOf": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    "allOf that closes itself": {
        "allOf": [{"properties": {"a": {"type": "string"}}, "additionalProperties": False}],
        "properties": {"b": {"type": "string"}},
        "type": "object",
    },
    "oneOf that overlaps": {
        "type": "object",
        "oneOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}],
    },
    "oneOf of numbers": {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
    "oneOf where one holds the other": {"oneOf": [{"type": "number"}, {"type": "integer"}]},
    "anyOf whose first leads nowhere": {
        "anyOf": [{"type": "object", "required": ["q"], "properties": {"q": False}}, {"type": "string"}]
    },
    "not enum": {"type": "string", "enum": ["a", "b"], "not": {"enum": ["a"]}},
    "not required": {"type": "object", "properties": {"a": {}, "b": {}}, "not": {"required": ["a"]}},
    "not a member's bound": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "not": {"properties": {"a": {"minimum": 5}}},
    },
    "not any of": {"type": "object", "not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}},
    "if, then, else": {
        "type": "object",
        "required": ["country", "code"],
        "properties": {"country": {"enum": ["DE", "US"]}, "code": {"type": "string"}},
        "if": {"properties": {"country": {"const": "US"}}},
        "then": {"properties": {"code": {"pattern": r"^\d{5}$"}}},
        "else": {"properties": {"code": {"pattern": r"^[A-Z]\d{3}$"}}},
    },
    "dependentRequired": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "dependentRequired": {"a": ["b", "c"]},
    },
    "dependentSchemas": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "dependentSchemas": {"a": {"required": ["c"], "properties": {"c": {"const": 9}}}},
    },
    "a map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    "names by a pattern": {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 2,
        "patternProperties": {"^x-": {"type": "string"}},
    },
    "propertyNames": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{3}$"}, "minProperties": 2},
    "unevaluatedProperties": {
        "allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}],
        "properties": {"b": {"type": "integer"}},
        "unevaluatedProperties": False,
    },
    "few members of many": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in "abcdef"},
        "required": ["f"],
        "maxProperties": 2,
    },
    "const of a whole": {"const": {"a": [1, {"b": None}]}},
    "what leads back to itself": {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    "what has to lead back to itself": {"$ref": "#/$defs/tree", "$defs": {"tree": TREE, "fork": FORK}},
    "draft-04": {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "number",
        "minimum": 0,
        "exclusiveMinimum": True,
        "maximum": 1,
    },
}


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_a_value_satisfies_its_schema(schema: Any, dynamic: bool) -> None:
    compiled = compile_schema(schema)
    for seed in range(5):
        value = make_value(compiled, Dice.of(seed), Wishes(dynamic))
        assert compiled.valid(value), value


@pytest.mark.parametrize("name", FORMATS)
def test_a_text_has_its_format(name: str) -> None:
    compiled = compile_schema({"type": ["string", "integer"], "format": name})
    values = [make_value(compiled, Dice.of(seed)) for seed in range(20)]
    assert all(map(compiled.valid, values))
    assert len(set(values)) > 5


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Z]{2}-\\d{4}$",
        "^#(?:[0-9a-fA-F]{3}){1,2}$",
        "^(?=.*[A-Z])(?=.*\\d)(?=.*[^\\w]).{8,20}$",
        "^(?!foo)(?=.{3,5}$)[a-z]+$",
        r"^(['\"])\w+\1$",
        r"^(?<quote>['\"])\w+\k<quote>$",
        "^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@-]{1,64}$",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[\da-zA-Z.-]+)?$",
        "^\\p{Lu}\\p{L}+$",
        "^[\\u0041-\\u0043]{2}\\x2d\\cJ$",
        "^[^a-zA-Z0-9]$",
        "^\\S+@\\S+\\.\\S+$",
        "^a{2,}?b*?$",
        "^$|^x$",
        "x{3}|y",
        "^[]-]?]?$|^-$",
        "\\bword\\b",
        "^[一-龠]{2}$",
    ],
)
def test_a_text_is_written_from_a_pattern(pattern: str) -> None:
    regex = compile_regex(pattern)
    found = [text for text in pattern_texts(pattern, 0, None, Dice.of("p")) if regex.search(text)]
    assert found
    assert all(char >= "\x00" for text in found for char in text)


@pytest.mark.parametrize("least", [0, 1, 7, 20, 255, 3000])
def test_a_pattern_and_a_length_agree(least: int) -> None:
    compiled = compile_schema({"type": "string", "pattern": "^[a-z]+$", "minLength": least, "maxLength": least + 1})
    text = make_value(compiled, Dice.of("p"))
    assert isinstance(text, str)
    assert least <= len(text) <= least + 1
    assert set(text) <= set(string.ascii_lowercase)


@pytest.mark.parametrize("pattern", ["(", "[a", "a)", "(?<n>", "\\", "(?=", "\\u{110000}"])
def test_what_is_no_pattern_is_not_written_from(pattern: str) -> None:
    with pytest.raises(Unwritable):
        parse_regex(pattern)
    assert list(pattern_texts(pattern, 0, None, Dice.of("p"))) == []


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (False, ""),
        ({"type": "string", "enum": [1]}, ""),
        ({"type": "integer", "minimum": 5, "maximum": 4}, ""),
        ({"type": "string", "pattern": "^a$", "minLength": 3}, ""),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "array", "items": {"not": {}}, "minItems": 1}},
                "required": ["a"],
            },
            "/a/0",
        ),
        ({"type": "array", "items": {"enum": [1]}, "uniqueItems": True, "minItems": 2}, "/1"),
        ({"type": "object", "required": ["a", "b"], "maxProperties": 1}, ""),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]}}}, ""),
        ({"minLength": 10**9, "type": "string"}, ""),
        ({"minItems": 10**9, "type": "array"}, ""),
    ],
)
def test_what_no_value_satisfies_is_given_up_with_the_place(schema: Any, pointer: str) -> None:
    schema = schema if not isinstance(schema, dict) or "$ref" in schema else {"type": "object", **schema}
    with pytest.raises(Ungeneratable) as caught:
        make_value(compile_schema(schema), Dice.of("p"))
    assert caught.value.reason
    assert caught.value.pointer.startswith(pointer)


PET = {
    "type": "object",
    "required": ["id", "secret"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "secret": {"type": "string", "writeOnly": True},
        "name": {"type": "string"},
    },
}


@pytest.mark.parametrize("dialect", ["openapi-3.0", "2020-12"])
@pytest.mark.parametrize(("direction", "names"), [("response", ["id", "name"]), ("request", ["secret", "name"])])
def test_what_may_not_be_sent_is_not_made(dialect: Any, direction: Any, names: list[str]) -> None:
    compiled = compile_schema(PET, dialect=dialect, direction=direction)
    hidden = "writeOnly" if direction == "response" else "readOnly"
    assert sorted(make_value(compiled, Dice.of("p"), Wishes(hidden=hidden))) == sorted(names)


def test_the_examples_of_a_schema_come_before_what_is_made() -> None:
    schema = {
        "type": "object",
        "properties": {
            "example": {"type": "string", "example": "one"},
            "examples": {"type": "string", "examples": ["two", "three"]},
            "default": {"type": "integer", "default": 4},
            "const": {"const": "five"},
            "enum": {"enum": ["six", "seven"]},
            "stale": {"type": "integer", "example": "not a number"},
            "nothing": {"type": ["string", "null"], "default": None},
        },
    }
    made = make_value(compile_schema(schema), Dice.of("p"))
    assert isinstance(made, dict)
    listed = {name: made[name] for name in ("example", "examples", "default", "const", "enum")}
    assert listed == {"example": "one", "examples": "two", "default": 4, "const": "five", "enum": "six"}
    assert isinstance(made["stale"], int)
    assert isinstance(made["nothing"], str)
    other = make_value(compile_schema(schema), Dice.of("p"), Wishes(dynamic=True))
    assert isinstance(other, dict)
    assert other["example"] != "one"


def test_an_example_of_a_whole_that_is_stale_gives_way() -> None:
    schema = {"type": "object", "example": {"a": 1}, "properties": {"a": {"type": "string"}}, "required": ["a"]}
    made = make_value(compile_schema(schema), Dice.of("p"))
    assert isinstance(made, dict)
    assert isinstance(made["a"], str)


def test_a_string_holds_what_its_content_says() -> None:
    item = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    inner = {"type": "string", "contentMediaType": "application/json", "contentSchema": {"$ref": "#/$defs/item"}}
    schema = {"$defs": {"item": item}, "type": "array", "minItems": 2, "items": inner}
    made = make_value(compile_schema(schema), Dice.of("p"))
    assert isinstance(made, list)
    assert all(compile_schema(item).valid(json.loads(str(each))) for each in made)
    encoded = make_value(compile_schema({"type": "string", "contentEncoding": "base64"}), Dice.of("p"))
    assert base64.b64decode(str(encoded), validate=True)


def test_a_part_that_was_not_found_a_few_times_is_not_looked_for_again() -> None:
    wide: Any = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(150)}}
    wide["properties"]["z"] = {"type": "string", "minLength": 3, "maxLength": 2}
    never = {"type": "object", "required": ["a"], "properties": {"a": {**wide, "required": list(wide["properties"])}}}
    schema = {"type": "array", "minItems": 60, "items": {"anyOf": [never, {"const": 1}]}}
    assert make_value(compile_schema(schema), Dice.of("p")) == [1] * 60


def test_a_large_schema_ends_soon_and_small() -> None:
    wide = {f"p{number}": {"type": "array", "items": {"$ref": "#/$defs/s"}} for number in range(30)}
    deep = {f"q{number}": {"$ref": f"#/$defs/t{number % 10}"} for number in range(30)}
    definitions = {f"t{number}": {"type": "object", "properties": {**deep, "v": {}}} for number in range(10)}
    schema = {"$ref": "#/$defs/s", "$defs": {"s": {"type": "object", "properties": {**wide, **deep}}, **definitions}}
    assert len(str(make_value(compile_schema(schema), Dice.of("p")))) < 200_000
