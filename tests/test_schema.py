"""A value is checked against a schema, and told what is wrong with it, by both engines alike."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy

import pytest

from runner.schema import EngineName, Schema, SchemaError, SchemaProblem, compile_schema, with_defaults
from runner.values import Json

ENGINES: list[EngineName] = ["jsonschema-rs", "jsonschema"]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    return name


def briefly(errors: tuple[SchemaError, ...]) -> list[str]:
    return sorted(f"{error.instance} {error.message}".strip() for error in errors)


OLD, MORE = "http://json-schema.org/draft-07/schema#", "has more items than are allowed"
CASES: list[tuple[str, Json, Json, list[str]]] = [
    ("one type", {"type": "integer"}, "abc", ['must be integer, is "abc"']),
    ("several types", {"type": ["string", "null"]}, 5, ["must be string or null, is 5"]),
    ("a collection is not shown", {"type": "string"}, {"a": "secret"}, ["must be string, is an object"]),
    ("a list is not shown", {"type": "string"}, ["secret"], ["must be string, is an array"]),
    ("an integer without fraction", {"type": "integer"}, 1.0, []),
    ("a boolean is no number", {"type": "number"}, True, ["must be number, is true"]),
    ("a long text is cut", {"type": "null"}, "x" * 100, ['must be null, is "' + "x" * 57 + '…"']),
    ("an option", {"enum": ["a", "b", None]}, "c", ['must be one of "a", "b", null, is "c"']),
    ("many options", {"enum": list(range(20))}, 99, ["must be one of 0, 1, 2, 3, 4, 5, 6, 7, …, is 99"]),
    ("a constant", {"const": "x"}, 1, ['must be "x", is 1']),
    ("minimum", {"minimum": 1}, 0, ["must be at least 1, is 0"]),
    ("maximum", {"maximum": 1.5}, 2, ["must be at most 1.5, is 2"]),
    ("exclusive bounds", {"exclusiveMinimum": 1, "exclusiveMaximum": 3}, 1, ["must be more than 1, is 1"]),
    ("the other exclusive bound", {"exclusiveMaximum": 3}, 3, ["must be less than 3, is 3"]),
    ("multiples", {"multipleOf": 5}, 7, ["must be a multiple of 5, is 7"]),
    ("too short", {"minLength": 3}, "ab", ["must have at least 3 characters, has 2"]),
    ("one character", {"maxLength": 1}, "ab", ["must have at most 1 character, has 2"]),
    ("a pattern is searched", {"pattern": "^a|b$"}, "ab", []),
    ("a pattern", {"pattern": "^a$"}, "a\n", ['must match the pattern "^a$", is "a\\n"']),
    ("digits are those of ASCII", {"pattern": "\\d"}, "٣", ['must match the pattern "\\\\d", is "٣"']),
    ("too few items", {"minItems": 2}, [1], ["must have at least 2 items, has 1"]),
    ("too many items", {"maxItems": 1}, [1, 2], ["must have at most 1 item, has 2"]),
    ("the same item twice", {"uniqueItems": True}, [1, 1], ["must not have the same item twice"]),
    ("nothing it must contain", {"contains": {"type": "null"}}, [1], ["must have an item that satisfies 'contains'"]),
    ("an item", {"items": {"type": "string"}}, ["a", 1], ["/1 must be string, is 1"]),
    ("an item too many", {"prefixItems": [True], "items": False}, [1, 2], ["/1 is not allowed"]),
    (
        "an item too many, as it was written",
        {"$schema": OLD, "items": [True], "additionalItems": False},
        [1, 2],
        [MORE],
    ),
    (
        "nothing is allowed",
        {"additionalProperties": False},
        {"a": 1, "b": 2},
        ["/a is not allowed", "/b is not allowed"],
    ),
    ("too few properties", {"minProperties": 1}, {}, ["must have at least 1 property, has 0"]),
    ("missing properties", {"required": ["a", "b"]}, {}, ["/a is required", "/b is required"]),
    ("a nested one", {"properties": {"a": {"required": ["b"]}}}, {"a": {}}, ["/a/b is required"]),
    ("a dependent one", {"dependentRequired": {"a": ["b"]}}, {"a": 1}, ["/b is required where 'a' is given"]),
    ("names are escaped", {"properties": {"a/b": {"type": "null"}}}, {"a/b": 1}, ["/a~1b must be null, is 1"]),
    (
        "a property too many",
        {"properties": {"a": True}, "patternProperties": {"^x": True}, "additionalProperties": False},
        {"a": 1, "xx": 1, "b": 1},
        ["/b is not allowed"],
    ),
    ("a property that is refused", {"properties": {"a": False}}, {"a": 1}, ["/a is not allowed"]),
    ("a name", {"propertyNames": {"pattern": "^a"}}, {"b": 1}, ["/b is not allowed as a name"]),
    ("everything refused", False, 1, ["is not allowed"]),
    ("everything allowed", True, 1, []),
    ("not", {"not": {"type": "string"}}, "a", ["must not satisfy the schema under 'not'"]),
    ("then", {"if": {"type": "string"}, "then": {"minLength": 2}}, "a", ["must have at least 2 characters, has 1"]),
    ("types of alternatives", {"anyOf": [{"type": "string"}, {"type": "null"}]}, 1, ["must be string or null, is 1"]),
    (
        "the alternative of its type",
        {"anyOf": [{"type": "null"}, {"type": "object", "required": ["a"]}]},
        {},
        ["/a is required"],
    ),
    (
        "the alternative of its tag",
        {
            "oneOf": [
                {"properties": {"kind": {"const": kind}, "value": {"type": value}}, "required": ["kind"]}
                for kind, value in (("a", "string"), ("b", "integer"))
            ]
        },
        {"kind": "b", "value": "x"},
        ['/value must be integer, is "x"'],
    ),
    (
        "no alternative in particular",
        {"anyOf": [{"minimum": 3}, {"maximum": 1}]},
        2,
        ["satisfies none of 2 alternatives: must be at least 3, is 2; must be at most 1, is 2"],
    ),
    (
        "too many alternatives",
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        1,
        ["satisfies more than one of the schemas under 'oneOf'"],
    ),
    (
        "all of them",
        {"allOf": [{"minimum": 3}, {"maximum": 1}]},
        2,
        ["must be at least 3, is 2", "must be at most 1, is 2"],
    ),
]


@pytest.mark.parametrize(("schema", "value", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_value_is_told_what_is_wrong(engine: EngineName, schema: Json, value: Json, expected: list[str]) -> None:
    compiled = compile_schema(schema, engine=engine)
    assert briefly(compiled.errors(value)) == sorted(expected)
    assert compiled.valid(value) == (not expected)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("int32", [0, 2**31 - 1, -(2**31), 1.0, "text"], [2**31, -(2**31) - 1, 1.5]),
        ("int64", [2**63 - 1], [2**63, 10**30]),
        ("float", [1.5, 3e38], [1e39]),
        ("double", [1.7e308], [10**400]),
        ("byte", ["", "YWI=", 5], ["YWI", "a b", "Zm9v*"]),
        ("password", ["anything", 5], []),
        ("of-ones-own", ["anything"], []),
        ("date-time", ["2024-02-29T12:00:00Z", "2024-01-01t00:00:00.5+01:00"], ["2024-02-30T00:00:00Z", "2024-01-01"]),
        ("date", ["2024-02-29", 5], ["2023-02-29", "29.2.2024"]),
        ("time", ["12:00:00Z"], ["25:00:00Z", "12:00"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
        ("email", ["a@b.test"], ["a"]),
        ("ipv4", ["127.0.0.1"], ["1.2.3"]),
        ("uri", ["https://x.test/a?b#c", "urn:x:y"], ["/a", "a b"]),
    ],
)
def test_formats_are_asserted(engine: EngineName, name: str, good: list[Json], bad: list[Json]) -> None:
    compiled = compile_schema({"properties": {"v": {"format": name}}}, engine=engine)
    for value in good:
        assert compiled.errors({"v": value}) == (), value
    for value in bad:
        (error,) = compiled.errors({"v": value})
        assert (error.instance, error.keyword, error.schema) == ("/v", "format", "/properties/v/format")
        assert error.message.startswith(f"must have the format {name}, is ")


SECRET = "hunter2"
SECRETS: dict[str, Json] = {
    "a password": {"format": "password", "minLength": 20},
    "a password in a sibling": {"allOf": [{"format": "password"}, {"pattern": "^x", "maxLength": 2}]},
    "something write-only": {"writeOnly": True, "enum": ["a"]},
    "a constant": {"format": "password", "const": "other"},
    "a type": {"format": "password", "type": "integer"},
    "behind a reference": {"$ref": "#/$defs/secret", "maxLength": 2},
    "in an alternative": {"anyOf": [{"format": "password", "minLength": 20}, {"minLength": 30}]},
    "types of alternatives": {"anyOf": [{"format": "password", "type": "integer"}, {"type": "null"}]},
}


def test_what_is_wrong_with_many_items_is_told_once_for_each_kind_and_counted(engine: EngineName) -> None:
    item: Json = {"required": ["a", "b"], "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
    compiled = compile_schema({"items": item}, engine=engine)
    value: Json = [{"a": 1, "b": 1}, {"a": "x", "b": 1}, {"a": "y", "b": "y"}, {}, {"a": 1}]
    found = {f"{error.instance} {error.message}": count for error, count in compiled.kinds(value, 9)}
    if engine == "jsonschema":  # it says of an item at once what is missing
        assert found == {
            '/1/a must be integer, is "x"': 2,
            '/2/b must be integer, is "y"': 1,
            "/3/a is required": 1,
            "/3/b is required": 1,
            "/4/b is required": 1,
        }
    else:
        assert found == {
            '/1/a must be integer, is "x"': 2,
            '/2/b must be integer, is "y"': 1,
            "/3/a is required": 1,
            "/3/b is required": 2,
        }
    assert list(compiled.kinds([{"a": 1, "b": 1}], 9)) == []
    assert [error.instance for error, _ in compiled.kinds(value, 1)] == ["/1/a"]


@pytest.mark.parametrize("schema", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_never_shown(engine: EngineName, schema: Json) -> None:
    root: Json = {"properties": {"p": schema}, "$defs": {"secret": {"format": "password"}}}
    errors = compile_schema(root, engine=engine).errors({"p": SECRET})
    assert errors
    for error in errors:
        assert SECRET not in error.message
        assert ", is " not in error.message
        assert ", has " not in error.message


def test_what_is_part_of_a_secret_is_secret(engine: EngineName) -> None:
    schema: Json = {"properties": {"p": {"writeOnly": True, "items": {"type": "integer"}}}}
    (error,) = compile_schema(schema, engine=engine).errors({"p": [SECRET]})
    assert (error.instance, error.message) == ("/p/0", "must be integer")


def test_half_a_surrogate_pair_is_a_character(engine: EngineName) -> None:
    compiled = compile_schema({"minLength": 2}, engine=engine)
    assert briefly(compiled.errors("\ud800")) == ["must have at least 2 characters, has 1"]
    assert not compiled.valid("\ud800")
    json.dumps(briefly(compile_schema({"type": "null"}, engine=engine).errors("\ud800"))).encode("utf-8")


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_a_deep_value_ends_neither_the_check_nor_the_process(engine: EngineName, depth: int) -> None:
    value: Json = []
    for _ in range(depth):
        value = [value]
    compiled = compile_schema({"items": {"$ref": "#"}}, engine=engine)
    assert briefly(compiled.errors(value)) == ["is nested too deeply to be checked"]
    assert not compiled.valid(value)


def test_a_search_that_takes_too_long_is_an_error_of_its_own() -> None:
    compiled = compile_schema({"pattern": r"(x+x+)+y\1"}, engine="jsonschema-rs")
    (error,) = compiled.errors("x" * 40)
    assert error.message == "cannot be matched against its pattern: the search takes too long"


def test_the_fast_engine_is_the_default() -> None:
    assert compile_schema({}).validator.__class__ is compile_schema({}, engine="jsonschema-rs").validator.__class__


def test_importing_the_door_imports_neither_library() -> None:
    code = "import sys, runner.schema; assert not {'jsonschema', 'jsonschema_rs', 'referencing'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


PROBLEMS: dict[str, tuple[Json, str, str]] = {
    "a type nobody knows": ({"properties": {"a": {"type": "text"}}}, "'type' cannot be \"text\"", "/properties/a/type"),
    "a keyword of the wrong kind": ({"required": "a"}, "'required' cannot be \"a\"", "/required"),
    "a list of properties": ({"properties": []}, "'properties' cannot be an array", "/properties"),
    "a number for a schema": (
        {"properties": {"a": 5}},
        "a schema must be an object, true or false, is 5",
        "/properties/a",
    ),
    "a number for the schema": (5, "a schema must be an object, true or false, is 5", ""),
    "a broken pattern": ({"items": {"pattern": "("}}, "the pattern '(' is no regular expression", "/items/pattern"),
    "a reference to nothing": (
        {"items": {"$ref": "#/$defs/x"}},
        "the reference '#/$defs/x' leads nowhere",
        "/items/$ref",
    ),
    "a reference to text": (
        {"$ref": "#/title", "title": "x"},
        'a schema must be an object, true or false, is "x"',
        "/title",
    ),
    "a reference to the world": (
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        "the reference 'https://json-schema.org/draft/2020-12/schema' leads nowhere",
        "/$ref",
    ),
}


@pytest.mark.parametrize(("schema", "message", "pointer"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_schema_that_means_nothing_is_refused(engine: EngineName, schema: Json, message: str, pointer: str) -> None:
    with pytest.raises(SchemaProblem) as caught:
        compile_schema(schema, engine=engine)
    assert (caught.value.message, caught.value.pointer) == (message, pointer)


def test_a_deep_schema_is_refused(engine: EngineName) -> None:
    schema: Json = {}
    for _ in range(5000):
        schema = {"not": schema}
    with pytest.raises(SchemaProblem, match="the schema is nested too deeply"):
        compile_schema(schema, engine=engine)


DEFAULTS: dict[str, tuple[Json, Json, Json]] = {
    "a missing property": ({"properties": {"a": {"default": 1}}}, {}, {"a": 1}),
    "null is given": ({"properties": {"a": {"default": 1}}}, {"a": None}, {"a": None}),
    "no default": ({"properties": {"a": {"type": "string"}}}, {}, {}),
    "a nested one": ({"properties": {"a": {"properties": {"b": {"default": 1}}}}}, {"a": {}}, {"a": {"b": 1}}),
    "no object for its sake": ({"properties": {"a": {"properties": {"b": {"default": 1}}}}}, {}, {}),
    "within a default": (
        {"properties": {"a": {"default": {}, "properties": {"b": {"default": [1]}}}}},
        {},
        {"a": {"b": [1]}},
    ),
    "through references": (
        {"$ref": "#/$defs/o", "$defs": {"o": {"properties": {"a": {"$ref": "#/$defs/d"}}}, "d": {"default": 1}}},
        {},
        {"a": 1},
    ),
    "its own comes before that of a reference": (
        {"properties": {"a": {"default": 2, "$ref": "#/$defs/d"}}, "$defs": {"d": {"default": 1}}},
        {},
        {"a": 2},
    ),
    "through allOf": ({"allOf": [{"properties": {"a": {"default": 1}}}, {"$ref": "#/allOf/0"}]}, {}, {"a": 1}),
    "not through anyOf": ({"anyOf": [{"properties": {"a": {"default": 1}}}]}, {}, {}),
    "a schema within itself": (
        {"properties": {"a": {"$ref": "#"}, "b": {"default": 1}}},
        {"a": {"a": {}}},
        {"a": {"a": {"b": 1}, "b": 1}, "b": 1},
    ),
    "a default within itself": (
        {
            "properties": {"a": {"$ref": "#/$defs/n"}},
            "$defs": {"n": {"default": {}, "properties": {"a": {"$ref": "#/$defs/n"}}}},
        },
        {},
        {"a": {}},
    ),
    "no object at all": ({"properties": {"a": {"default": 1}}}, [1], [1]),
}


@pytest.mark.parametrize(("schema", "value", "expected"), DEFAULTS.values(), ids=DEFAULTS.keys())
def test_defaults_are_filled_in(schema: Json, value: Json, expected: Json) -> None:
    before = deepcopy((schema, value))
    filled = with_defaults(schema, value)
    assert filled == expected
    assert (schema, value) == before


def test_a_default_is_copied() -> None:
    schema: dict[str, Json] = {"properties": {"a": {"default": []}}}
    filled = with_defaults(schema, {})
    assert isinstance(filled, dict)
    assert isinstance(filled["a"], list)
    filled["a"].append(1)
    assert with_defaults(schema, {}) == {"a": []}


def test_a_schema_is_a_value() -> None:
    assert isinstance(compile_schema({}), Schema)
    assert "gathered" not in repr(compile_schema({"const": "x"}))
