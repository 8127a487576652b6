"""Text on the wire, read back as the types that a schema allows."""

from __future__ import annotations

import pytest

from runner.openapi.deserialize import readings, retyped
from runner.schema import compile_schema, declared_types
from runner.values import Json


def types_of(schema: Json):  # type: ignore[no-untyped-def]
    compiled = compile_schema(schema)
    return lambda path: declared_types(compiled, path)


NUMBERS: Json = {"type": "array", "items": {"type": "integer"}}
COLOUR: Json = {"type": "object", "properties": {"R": {"type": "integer"}}, "additionalProperties": {"type": "string"}}

READINGS = {
    "text": ({"type": "string"}, False, "5", ["5"]),
    "a whole number": ({"type": "integer"}, False, "5", [5, "5"]),
    "a number": ({"type": "number"}, False, "-1.5e3", [-1500.0, "-1.5e3"]),
    "no number of JSON": ({"type": "number"}, False, "0x10", ["0x10"]),
    "a number with too many digits": ({"type": "integer"}, False, "9" * 5000, ["9" * 5000]),
    "a boolean": ({"type": "boolean"}, False, "true", [True, "true"]),
    "no boolean": ({"type": "boolean"}, False, "True", ["True"]),
    "null": ({"type": ["string", "null"]}, False, "", [None, ""]),
    "anything": ({}, False, "5", ["5", 5, "5"]),
    "one of several types": ({"type": ["string", "integer"]}, False, "5", [5, "5"]),
    "one of several values": ({"enum": [1, True, None]}, False, "1", [1, "1"]),
    "a constant": ({"const": False}, False, "false", [False, "false"]),
    "a value listed where a type is named": ({"type": "string", "enum": [5]}, False, "5", ["5"]),
    "an array": (NUMBERS, False, "1, 2,3", [[1, 2, 3], "1, 2,3"]),
    "an array of one": (NUMBERS, False, "1", [[1], "1"]),
    "an empty array": (NUMBERS, False, "", [[], ""]),
    "an array of the wrong items": (NUMBERS, False, "1,b", [[1, "b"], "1,b"]),
    "an object": (COLOUR, False, "R,100,name,200", [{"R": 100, "name": "200"}, "R,100,name,200"]),
    "an object with explode": (COLOUR, True, "R=100,name=2=3", [{"R": 100, "name": "2=3"}, "R=100,name=2=3"]),
    "no object": (COLOUR, False, "R,100,G", ["R,100,G"]),
    "no object with explode": (COLOUR, True, "R,100", ["R,100"]),
    "through a reference": ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, False, "5", [5, "5"]),
}


@pytest.mark.parametrize(("schema", "explode", "text", "expected"), READINGS.values(), ids=READINGS.keys())
def test_text_has_these_readings(schema: Json, explode: bool, text: str, expected: list[Json]) -> None:
    assert list(readings(text, types_of(schema), explode=explode)) == expected


RETYPED = {
    "a number written as text": ({"type": "integer"}, "5", 5),
    "text that is no number": ({"type": "integer"}, "five", "five"),
    "text written as a number": ({"type": "string"}, 5, "5"),
    "a boolean written as text": ({"type": "boolean"}, "true", True),
    "one of several values written as text": ({"enum": [1.5, "x"]}, "1.5", "1.5"),
    "a constant written as text": ({"const": 1.5}, "1.5", 1.5),
    "a whole float": ({"type": "integer"}, 5.0, 5.0),
    "a fraction": ({"type": "integer"}, 5.5, 5.5),
    "a number too large for a float": ({"type": "integer"}, 10**400, 10**400),
    "one value for an array": (NUMBERS, "5", [5]),
    "an array of texts": (NUMBERS, ["1", "2"], [1, 2]),
    "an object": (COLOUR, {"R": "1", "name": 2}, {"R": 1, "name": "2"}),
    "null": ({"type": "string"}, None, None),
    "anything": ({}, "5", "5"),
}


@pytest.mark.parametrize(("schema", "value", "expected"), RETYPED.values(), ids=RETYPED.keys())
def test_a_value_gets_the_types_that_its_reader_sees(schema: Json, value: Json, expected: Json) -> None:
    found = retyped(value, types_of(schema))
    assert (found, type(found)) == (expected, type(expected))
