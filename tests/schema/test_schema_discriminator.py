"""A discriminator selects the schema that counts, and its errors are those of that schema."""

from __future__ import annotations

import pytest

from runner.schema import EngineName, SchemaDialect, compile_schema
from runner.values import Json

URI = "https://x.test/api.yaml"
OTHER = "https://x.test/other.yaml"
MODERN: tuple[SchemaDialect, ...] = ("openapi-3.0", "2020-12")


def ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{name}"}


def tagged(**properties: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "required": ["kind", *properties],
        "properties": {"kind": {"type": "string"}, **properties},
    }


SCHEMAS: dict[str, Json] = {
    "Cat": tagged(lives={"type": "integer"}),
    "Dog": tagged(bark={"type": "string"}),
    "Fish": tagged(),
    # alternatives
    "ByName": {"oneOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
    "Any": {"anyOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
    "Overlapping": {"oneOf": [ref("Fish"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
    "Mapped": {
        "oneOf": [ref("Cat"), ref("Dog")],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"c": "#/components/schemas/Cat", "kitten": "Cat", "d": "api.yaml#/components/schemas/Dog"},
        },
    },
    "Half": {
        "oneOf": [ref("Cat"), ref("Dog")],
        "discriminator": {"propertyName": "kind", "mapping": {"c": "Cat", "f": "Fish"}},
    },
    "Unmapped": {
        "oneOf": [ref("Cat")],
        "discriminator": {"propertyName": "kind", "mapping": {"x": "https://elsewhere.test/x.json"}},
    },
    "Inline": {
        "oneOf": [
            ref("Cat"),
            {"type": "object", "properties": {"kind": {"enum": ["inline"]}}, "required": ["kind", "x"]},
        ],
        "discriminator": {"propertyName": "kind"},
    },
    "OrText": {"oneOf": [ref("Cat"), {"type": "string"}], "discriminator": {"propertyName": "kind"}},
    "Nameless": {"oneOf": [{"type": "object", "required": ["x"]}], "discriminator": {"propertyName": "kind"}},
    "Defaulted": {
        "oneOf": [ref("Cat"), ref("Dog")],
        "discriminator": {"propertyName": "kind", "defaultMapping": "Dog"},
    },
    "Alias": ref("ByName"),
    "Elsewhere": {"oneOf": [{"$ref": "other.yaml#/definitions/Bird"}], "discriminator": {"propertyName": "kind"}},
    "Wild": {"properties": {"pets": {"type": "array", "items": ref("ByName")}}},
    # heirs
    "Vehicle": {**tagged(), "discriminator": {"propertyName": "kind", "mapping": {"car": "Car"}}},
    "Car": {"allOf": [ref("Vehicle"), {"type": "object", "required": ["doors"]}]},
    "Ship": {"allOf": [ref("Vehicle"), {"type": "object", "required": ["sails"]}]},
    "Yacht": {"allOf": [ref("Ship"), {"type": "object", "required": ["owner"]}]},
    "Childless": {**tagged(), "discriminator": {"propertyName": "kind"}},
    "Wrapped": {"type": "object", "properties": {"v": {"allOf": [ref("Vehicle")], "description": "mine"}}},
    # alternatives that are heirs
    "Shape": {
        "type": "object",
        "required": ["kind", "name"],
        "oneOf": [ref("Circle"), ref("Square")],
        "discriminator": {"propertyName": "kind"},
    },
    "Circle": {"allOf": [ref("Shape"), {"required": ["radius"]}]},
    "Square": {"allOf": [ref("Shape"), {"required": ["side"], "properties": {"inner": ref("Shape")}}]},
}
DEFINITIONS: dict[str, Json] = {
    URI: {"components": {"schemas": SCHEMAS}},
    OTHER: {"definitions": {"Bird": tagged(wings={"type": "integer"})}},
}


def told(name: str, value: Json, engine: EngineName, dialect: SchemaDialect = "openapi-3.0") -> list[str]:
    compiled = compile_schema(
        {"$ref": f"{URI}#/components/schemas/{name}"}, definitions=DEFINITIONS, dialect=dialect, engine=engine
    )
    found = compiled.errors(value)
    assert compiled.valid(value) == (not found)
    own = f"{URI}#/components/schemas/"
    return sorted(f"{each.instance} {each.message} ({each.schema.removeprefix(own)})".strip() for each in found)


CASES: dict[str, tuple[str, Json, list[str]]] = {
    "the one that is named": ("ByName", {"kind": "Cat", "lives": 9}, []),
    "its errors": (
        "ByName",
        {"kind": "Cat", "lives": "9"},
        ['/lives must be integer, is "9" (Cat/properties/lives/type)'],
    ),
    "all of its errors": ("ByName", {"kind": "Dog"}, ["/bark is required (Dog/required)"]),
    "of anyOf": ("Any", {"kind": "Dog", "lives": 9}, ["/bark is required (Dog/required)"]),
    "a name nobody has": (
        "ByName",
        {"kind": "Cow", "lives": 9},
        ['/kind must be one of "Cat", "Dog", is "Cow" (ByName/discriminator)'],
    ),
    "a name that is no text": (
        "ByName",
        {"kind": 5},
        ['/kind must be one of "Cat", "Dog", is 5 (ByName/discriminator)'],
    ),
    "no name": (
        "ByName",
        {"lives": 9},
        [
            "satisfies none of 2 alternatives: /kind is required (ByName/oneOf)",
        ],
    ),
    "no object": ("ByName", 5, ["must be object, is 5 (ByName/oneOf)"]),
    "two that would match": ("Overlapping", {"kind": "Dog", "bark": "!"}, []),
    "a mapping by reference": ("Mapped", {"kind": "c"}, ["/lives is required (Cat/required)"]),
    "a mapping by name": ("Mapped", {"kind": "kitten"}, ["/lives is required (Cat/required)"]),
    "a mapping by a relative URI": ("Mapped", {"kind": "d"}, ["/bark is required (Dog/required)"]),
    "a name that is mapped from another value": ("Mapped", {"kind": "Cat", "lives": 9}, []),
    "people are told of the mapping": (
        "Mapped",
        {"kind": "x"},
        ['/kind must be one of "c", "kitten", "d", is "x" (Mapped/discriminator)'],
    ),
    "half a mapping": ("Half", {"kind": "Dog"}, ["/bark is required (Dog/required)"]),
    "people are told of the rest": (
        "Half",
        {"kind": "x"},
        ['/kind must be one of "c", "f", "Dog", is "x" (Half/discriminator)'],
    ),
    "a mapping to what is no alternative": ("Half", {"kind": "f"}, []),
    "a mapping to what is not at hand": ("Unmapped", {"kind": "x"}, ["/lives is required (Cat/required)"]),
    "an alternative without a name": (
        "Inline",
        {"kind": "inline"},
        ["satisfies none of 2 alternatives: /lives is required; /x is required (Inline/oneOf)"],
    ),
    "one with a name beside it": ("Inline", {"kind": "Cat"}, ["/lives is required (Cat/required)"]),
    "an alternative that is no object": ("OrText", "text", []),
    "an unknown name beside it": (
        "OrText",
        {"kind": "x"},
        ['/kind must be one of "Cat", is "x" (OrText/discriminator)'],
    ),
    "no alternative with a name": ("Nameless", {"kind": "x"}, ["/x is required (Nameless/oneOf/0/required)"]),
    "a default for an unknown name": ("Defaulted", {"kind": "x"}, ["/bark is required (Dog/required)"]),
    "a default for no name": (
        "Defaulted",
        {},
        ["/bark is required (Dog/required)", "/kind is required (Dog/required)"],
    ),
    "a default is not for a known name": ("Defaulted", {"kind": "Cat", "lives": 9}, []),
    "behind a reference": ("Alias", {"kind": "Dog"}, ["/bark is required (Dog/required)"]),
    "in another document": (
        "Elsewhere",
        {"kind": "Bird"},
        [f"/wings is required ({OTHER}#/definitions/Bird/required)"],
    ),
    "in an item": ("Wild", {"pets": [{"kind": "Dog"}]}, ["/pets/0/bark is required (Dog/required)"]),
    "an heir by its mapping": ("Vehicle", {"kind": "car"}, ["/doors is required (Car/allOf/1/required)"]),
    "an heir by its name": ("Vehicle", {"kind": "Ship"}, ["/sails is required (Ship/allOf/1/required)"]),
    "an heir of an heir": (
        "Vehicle",
        {"kind": "Yacht", "sails": 1},
        ["/owner is required (Yacht/allOf/1/required)"],
    ),
    "the schema itself": ("Vehicle", {"kind": "Vehicle"}, []),
    "no heir": (
        "Vehicle",
        {"kind": "Train"},
        ['/kind must be one of "car", "Ship", "Yacht", "Vehicle", is "Train" (Vehicle/discriminator)'],
    ),
    "an heir in its own place": ("Ship", {"kind": "Ship", "sails": 3}, []),
    "its heir in its place": ("Ship", {"kind": "Yacht", "sails": 3}, ["/owner is required (Yacht/allOf/1/required)"]),
    "an heir without a name": ("Ship", {"sails": 3}, ["/kind is required (Vehicle/required)"]),
    "a schema that nobody inherits": ("Childless", {"kind": "anything"}, []),
    "in an allOf that is no heir": (
        "Wrapped",
        {"v": {"kind": "Ship"}},
        ["/v/sails is required (Ship/allOf/1/required)"],
    ),
    "an alternative that is an heir": (
        "Shape",
        {"kind": "Circle"},
        ["/name is required (Shape/required)", "/radius is required (Circle/allOf/1/required)"],
    ),
    "an heir that is an alternative": (
        "Square",
        {"kind": "Square", "side": 1},
        ["/name is required (Shape/required)"],
    ),
    "and is satisfied": ("Shape", {"kind": "Square", "name": "s", "side": 1}, []),
    "one within another": (
        "Shape",
        {"kind": "Square", "name": "s", "side": 1, "inner": {"kind": "Circle", "name": "c"}},
        ["/inner/radius is required (Circle/allOf/1/required)"],
    ),
}


@pytest.mark.parametrize("dialect", MODERN)
@pytest.mark.parametrize(("name", "value", "expected"), CASES.values(), ids=CASES.keys())
def test_a_discriminator_selects_the_schema_that_counts(
    engine: EngineName, dialect: SchemaDialect, name: str, value: Json, expected: list[str]
) -> None:
    assert told(name, value, engine, dialect) == expected


SWAGGER: dict[str, Json] = {
    "Pet": {
        "type": "object",
        "discriminator": "kind",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
    },
    "Cat": {"allOf": [{"$ref": "#/definitions/Pet"}, {"type": "object", "required": ["lives"]}]},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"kind": "Cat"}, ["/lives is required"]),
        ({"kind": "Pet"}, []),
        ({"kind": "Dog"}, ['/kind must be one of "Cat", "Pet", is "Dog"']),
        ({}, ["/kind is required"]),
    ],
)
def test_a_discriminator_of_swagger_is_the_name_of_a_property(
    engine: EngineName, value: Json, expected: list[str]
) -> None:
    compiled = compile_schema(
        {"$ref": f"{URI}#/definitions/Pet"},
        definitions={URI: {"definitions": SWAGGER}},
        dialect="swagger-2.0",
        engine=engine,
    )
    assert [f"{error.instance} {error.message}" for error in compiled.errors(value)] == expected


@pytest.mark.parametrize(
    "discriminator", [None, 5, {}, {"propertyName": 5}, [], {"propertyName": "kind", "mapping": []}]
)
def test_a_discriminator_that_says_nothing_selects_nothing(engine: EngineName, discriminator: Json) -> None:
    schema: Json = {"oneOf": [{"type": "object"}], "discriminator": discriminator}
    compiled = compile_schema(schema, dialect="openapi-3.0", engine=engine)
    assert compiled.valid({"kind": "x"})
    assert not compiled.valid(5)


def test_an_older_draft_knows_no_discriminator(engine: EngineName) -> None:
    schema: Json = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "definitions": {"A": {"required": ["a"]}},
        "oneOf": [{"$ref": "#/definitions/A"}],
        "discriminator": {"propertyName": "kind"},
    }
    assert compile_schema(schema, engine=engine).valid({"kind": "B", "a": 1})


def test_a_secret_discriminator_is_not_shown(engine: EngineName) -> None:
    schema: Json = {
        "properties": {"kind": {"format": "password"}},
        "oneOf": [{"$ref": "#/$defs/A"}],
        "$defs": {"A": {}},
        "discriminator": {"propertyName": "kind"},
    }
    (error,) = compile_schema(schema, engine=engine).errors({"kind": "hunter2"})
    assert error.message == "is not one of the values allowed"


def test_what_an_alternative_says_beside_its_reference_counts_in_2020_12(engine: EngineName) -> None:
    schema: Json = {
        "oneOf": [{"$ref": "#/$defs/A", "required": ["b"]}],
        "$defs": {"A": {"required": ["a"]}},
        "discriminator": {"propertyName": "kind"},
    }
    found = compile_schema(schema, engine=engine).errors({"kind": "A"})
    assert sorted((error.instance, error.schema) for error in found) == [
        ("/a", "/$defs/A/required"),
        ("/b", "/oneOf/0/required"),
    ]


def test_what_is_evaluated_by_the_selected_schema_is_evaluated(engine: EngineName) -> None:
    schema: Json = {
        "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "$defs": {"A": {"properties": {"a": {}}}, "B": {"properties": {"b": {}}}},
        "discriminator": {"propertyName": "kind"},
        "unevaluatedProperties": False,
    }
    compiled = compile_schema(schema, engine=engine)
    assert compiled.errors({"kind": "A", "a": 1}) == ()
    assert not compiled.valid({"kind": "A", "b": 1})


@pytest.mark.parametrize("count", [1, 8, 9, 100, 300])
def test_there_may_be_many_alternatives(engine: EngineName, count: int) -> None:
    schema: Json = {
        "oneOf": [{"$ref": f"#/$defs/A{n}"} for n in range(count)],
        "$defs": {f"A{n}": {"required": [f"p{n}"]} for n in range(count)},
        "discriminator": {"propertyName": "kind"},
    }
    compiled = compile_schema(schema, engine=engine)
    for n in {0, count // 2, count - 1}:
        assert compiled.errors({"kind": f"A{n}", f"p{n}": 1}) == ()
        (error,) = compiled.errors({"kind": f"A{n}"})
        assert (error.instance, error.schema) == (f"/p{n}", f"/$defs/A{n}/required")
    (error,) = compiled.errors({"kind": "B"})
    assert (error.instance, error.keyword) == ("/kind", "discriminator")
