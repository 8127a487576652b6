"""What is made of a schema satisfies it: for all schemas that some value satisfies, and for any that is written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.make import Wishes, make_value
from runner.sandbox.generic.generate.place import Ungeneratable
from runner.schema import SchemaProblem, compile_schema

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.integers(-(10**4), 10**4).map(lambda number: number / 4),
    st.text("abcXYZ019 -_é", max_size=8),
)
NAMES = st.sampled_from(["a", "b", "id", "name", "x-y", "ä"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


@st.composite
def satisfied(draw: Any, value: Any, depth: int = 0) -> Any:
    """A schema that the value satisfies."""
    schema: dict[str, Any] = dict(draw(_of_type(value, depth)))
    extra = draw(st.sampled_from(["", "", "allOf", "anyOf", "oneOf", "not", "if", "enum", "$ref"]))
    if extra == "allOf":
        schema["allOf"] = [draw(_of_type(value, depth))]
    elif extra == "anyOf":
        other = draw(_of_type(draw(SCALARS), depth))
        schema["anyOf"] = draw(st.permutations([draw(_of_type(value, depth)), other]))
    elif extra == "oneOf":
        schema["oneOf"] = [{"const": value}, {"not": {}}]
    elif extra == "not":
        other = draw(SCALARS)
        assume(not compile_schema({"const": other}).valid(value))
        schema["not"] = {"const": other}
    elif extra == "if":
        schema |= {"if": {"type": _name(value)}, "then": draw(_of_type(value, depth)), "else": {"const": 0}}
    elif extra == "enum":
        schema["enum"] = [draw(SCALARS), value]
    return schema


def _name(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else kinds[type(value)]


@st.composite
def _of_type(draw: Any, value: Any, depth: int) -> Any:
    schema: dict[str, Any] = {}
    if draw(st.booleans()):
        schema["type"] = draw(st.sampled_from([_name(value), sorted({_name(value), "null"})]))
    parts = {bool: st.just({}), int: _number, float: _number, str: _text, list: _array, dict: _object}
    if value is not None:
        part = parts[type(value)]
        schema |= draw(part if not callable(part) else part(value, depth))
    return schema


@st.composite
def _number(draw: Any, value: Any, _depth: int) -> Any:
    given = {
        "minimum": value - draw(st.integers(0, 5)),
        "maximum": value + draw(st.integers(0, 5)),
        "exclusiveMinimum": value - draw(st.integers(1, 9)),
        "exclusiveMaximum": value + draw(st.integers(1, 9)),
        "multipleOf": 0.25 if isinstance(value, float) else draw(st.sampled_from([1, abs(value) or 3])),
    }
    return {name: given[name] for name in draw(st.sets(st.sampled_from(sorted(given))))}


@st.composite
def _text(draw: Any, value: Any, _depth: int) -> Any:
    given = {
        "minLength": max(0, len(value) - draw(st.integers(0, 3))),
        "maxLength": len(value) + draw(st.integers(0, 3)),
        "pattern": draw(
            st.sampled_from(["^", f"^.{{{len(value)}}}$", f"{re.escape(value[:2])}", f"^[^q]{{0,{len(value)}}}$"])
        )
        .replace("\\ ", " ")
        .replace("\\-", "-"),
    }
    return {name: given[name] for name in draw(st.sets(st.sampled_from(sorted(given))))}


@st.composite
def _array(draw: Any, value: Any, depth: int) -> Any:
    made: dict[str, Any] = {}
    if draw(st.booleans()):
        made |= {"minItems": max(0, len(value) - 1), "maxItems": len(value) + draw(st.integers(0, 2))}
    if depth < 3 and value and draw(st.booleans()):
        made["prefixItems"] = [draw(satisfied(item, depth + 1)) for item in value]
        made["items"] = draw(st.sampled_from([True, False]))
    if value and draw(st.booleans()):
        made["contains"] = {"const": value[-1]}
    return made


@st.composite
def _object(draw: Any, value: Any, depth: int) -> Any:
    made: dict[str, Any] = {}
    if depth < 3 and value and draw(st.booleans()):
        made["properties"] = {name: draw(satisfied(item, depth + 1)) for name, item in value.items()}
        made["additionalProperties"] = draw(st.sampled_from([True, False, {"type": "string"}]))
    if draw(st.booleans()):
        made["required"] = sorted(value)
    if draw(st.booleans()):
        made |= {"minProperties": len(value), "maxProperties": len(value) + 1}
    if draw(st.booleans()):
        made["propertyNames"] = {"minLength": 1, "maxLength": 12}
    if draw(st.booleans()):
        made["dependentRequired"] = {name: sorted(value)[:2] for name in value}
    return made


CASES = VALUES.flatmap(lambda value: satisfied(value).map(lambda schema: (schema, value)))
QUIET = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


@QUIET
@given(CASES, st.booleans())
def test_a_schema_that_some_value_satisfies_gets_one_that_does(case: Any, dynamic: bool) -> None:
    schema, value = case
    compiled = compile_schema(schema)
    assert compiled.valid(value)
    made = make_value(compiled, Dice.of("law"), Wishes(dynamic))
    assert compiled.valid(made), (schema, made)
    assert json.loads(json.dumps(made)) == made


KEYWORDS = {
    "type": st.sampled_from(["string", "integer", "number", "object", "array", "boolean", "null", ["string", "null"]]),
    "enum": st.lists(SCALARS, min_size=1, max_size=3),
    "minimum": st.integers(-5, 5),
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    "maxLength": st.integers(0, 4),
    "pattern": st.sampled_from(["^a+$", "b", "^[0-9]{2,}$", "(?<!x)y", "^(?!a)"]),
    "format": st.sampled_from(["uuid", "date", "email", "uri", "int32", "nobody-knows"]),
    "minItems": st.integers(0, 3),
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "minProperties": st.integers(0, 3),
    "maxProperties": st.integers(0, 3),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
    "default": SCALARS,
    "examples": st.lists(SCALARS, max_size=2),
    "$ref": st.sampled_from(["#", "#/$defs/other"]),
}


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    more = {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), st.lists(inner, min_size=1, max_size=3)),
        **dict.fromkeys(("not", "if", "then", "else", "items", "contains", "additionalProperties"), inner),
        **dict.fromkeys(("propertyNames", "unevaluatedProperties", "unevaluatedItems"), inner),
        **dict.fromkeys(("properties", "dependentSchemas"), st.dictionaries(NAMES, inner, max_size=3)),
    }
    return st.booleans() | st.fixed_dictionaries({}, optional={**KEYWORDS, **more})


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional=KEYWORDS), nested, max_leaves=8)


@QUIET
@given(SCHEMAS, SCHEMAS)
def test_whatever_a_schema_says_a_value_is_valid_or_the_schema_is_given_up(schema: Any, other: Any) -> None:
    whole = {**schema, "$defs": {"other": other}} if isinstance(schema, dict) else schema
    try:
        compiled = compile_schema(whole)
    except SchemaProblem:
        assume(False)
    try:
        made = make_value(compiled, Dice.of("law"))
    except Ungeneratable:
        return
    assert compiled.valid(made), made
    assert make_value(compiled, Dice.of("law")) == made


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_the_same_dice_make_the_same_value_and_others_another(seed: str) -> None:
    compiled = compile_schema({"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 2})
    assert make_value(compiled, Dice.of(seed)) == make_value(compiled, Dice.of(seed))
    assert make_value(compiled, Dice.of(seed)) != make_value(compiled, Dice.of(seed, "else"))
