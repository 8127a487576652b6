"""A schema is taken out of a large document without a look at the rest of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runner.schema import Definitions, EngineName, SchemaDialect, SchemaProblem, compile_schema
from runner.values import Json

URI = "https://x.test/api.yaml"


class Sealed(dict[str, Any]):
    """An object that gives a member by its name, and fails who looks through it."""

    def fail(self) -> Any:
        raise AssertionError("the whole document was walked over")

    items = values = keys = __iter__ = fail  # type: ignore[assignment]


class Counted(dict[str, Any]):
    """An object that counts how often it is looked through."""

    times = 0

    def items(self) -> Any:
        self.times += 1
        return super().items()


def sealed(schemas: Json) -> dict[str, Json]:
    whole: Any = Sealed(components=Sealed(schemas=Sealed(schemas)), paths=Sealed())  # type: ignore[arg-type]
    return {URI: whole}


@pytest.mark.parametrize("dialect", ["openapi-3.0", "2020-12"])
def test_a_pointer_leads_through_a_document_that_nobody_walks_over(engine: EngineName, dialect: SchemaDialect) -> None:
    definitions = sealed(
        {
            "Pet": {
                "allOf": [{"$ref": "#/components/schemas/Thing"}],
                "properties": {
                    "parent": {"$ref": "#/components/schemas/Pet"},
                    "owner": {"$ref": f"{URI}#/components/schemas/Owner/properties/name"},
                },
            },
            "Thing": {"type": "object"},
            "Owner": {"properties": {"name": {"type": "string"}, "broken": {"$ref": "nowhere"}}},
        }
    )
    for _ in range(2):
        compiled = compile_schema(
            {"$ref": f"{URI}#/components/schemas/Pet"},
            definitions=definitions,
            dialect=dialect,
            direction="response",
            engine=engine,
        )
        found = compiled.errors({"parent": {"owner": 1}})
        assert [error.schema for error in found] == [f"{URI}#/components/schemas/Owner/properties/name/type"]


def test_alternatives_of_a_discriminator_are_no_reason_to_walk_over_it(engine: EngineName) -> None:
    cat: Json = {"required": ["a"]}
    choice: Json = {"oneOf": [{"$ref": "#/components/schemas/Cat"}], "discriminator": {"propertyName": "kind"}}
    compiled = compile_schema(
        {"$ref": f"{URI}#/components/schemas/Choice"},
        definitions=sealed({"Cat": cat, "Choice": choice}),
        dialect="openapi-3.0",
        engine=engine,
    )
    assert [error.instance for error in compiled.errors({"kind": "Cat"})] == ["/a"]


DOCUMENT: dict[str, Json] = {
    "$defs": {
        "a": {"$id": "https://names.test/a", "$anchor": "here", "type": "string"},
        "b": {"$anchor": "there", "type": "integer"},
        "c": {"$id": "https://names.test/c", "$defs": {"x": {"$anchor": "there", "type": "null"}}, "$ref": "#there"},
    }
}


@pytest.mark.parametrize(
    ("reference", "pointer"),
    [
        ("https://names.test/a", "/$defs/a/type"),
        ("https://names.test/a#here", "/$defs/a/type"),
        (f"{URI}#there", "/$defs/b/type"),
        ("https://names.test/c", "/$defs/c/$defs/x/type"),
    ],
)
def test_names_are_looked_for_once(engine: EngineName, reference: str, pointer: str) -> None:
    document = Counted(DOCUMENT)
    definitions = Definitions({URI: document})
    counts = set()
    for _ in range(3):
        compiled = compile_schema({"$ref": reference}, definitions=definitions, engine=engine)
        assert [error.schema for error in compiled.errors([])] == [f"{URI}#{pointer}"]
        counts.add(document.times)
    assert len(counts) == 1
    assert document.times >= 1


def test_heirs_are_looked_for_once() -> None:
    schemas: Json = {
        "Pet": {"discriminator": {"propertyName": "kind"}},
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"required": ["a"]}]},
    }
    counted = Counted(schemas)  # type: ignore[arg-type]
    definitions = Definitions({URI: {"components": {"schemas": counted}}})
    for _ in range(3):
        compiled = compile_schema(
            {"$ref": f"{URI}#/components/schemas/Pet"}, definitions=definitions, dialect="openapi-3.0"
        )
        assert [error.instance for error in compiled.errors({"kind": "Cat"})] == ["/a"]
    assert counted.times == 1


def test_a_schema_of_ones_own_is_found_beside_the_definitions(engine: EngineName) -> None:
    definitions = Definitions({URI: DOCUMENT})
    schema: Json = {
        "allOf": [{"$ref": "#mine"}, {"$ref": "https://names.test/a"}, {"$ref": "urn:mine"}],
        "$defs": {"x": {"$anchor": "mine", "minLength": 2}, "y": {"$id": "urn:mine", "maxLength": 1}},
    }
    found = compile_schema(schema, definitions=definitions, engine=engine).errors("a")
    assert [(error.keyword, error.schema) for error in found] == [("minLength", "/$defs/x/minLength")]
    with pytest.raises(SchemaProblem, match="leads nowhere"):
        compile_schema({"$ref": "urn:mine"}, definitions=definitions, engine=engine)


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_an_address_that_is_none_leads_nowhere_but_to_what_has_it_as_its_name(keyword: str) -> None:
    named: Json = {"$id": "http://[::1/a", "$defs": {"b": {"$id": "b", "maxLength": 1}}}
    compiled = compile_schema({keyword: "http://[::1/b"}, definitions={URI: named})
    assert [error.schema for error in compiled.errors("ab")] == [f"{URI}#/$defs/b/maxLength"]
    with pytest.raises(SchemaProblem, match="leads nowhere"):
        compile_schema({keyword: "http://[::1/c"}, definitions={URI: named})


def ring(size: int) -> dict[str, Json]:
    """Schemas that refer to each other in many circles."""

    def names(place: int) -> Iterator[str]:
        yield from (f"S{(place * step + step) % size}" for step in (1, 2, 3, 5, 7))

    return {
        f"S{place}": {
            "type": "object",
            "properties": {name: {"$ref": f"#/components/schemas/{name}"} for name in names(place)},
            "additionalProperties": {"type": "integer", "nullable": True},
        }
        for place in range(size)
    }


@pytest.mark.parametrize(("engine", "size"), [("jsonschema-rs", 1000), ("jsonschema", 100)])
def test_a_thousand_schemas_refer_to_each_other(engine: EngineName, size: int) -> None:
    compiled = compile_schema(
        {"$ref": f"{URI}#/components/schemas/S0"},
        definitions={URI: {"components": {"schemas": ring(size)}}},
        dialect="openapi-3.0",
        engine=engine,
    )
    assert compiled.errors({"S1": {"S2": {"S3": {"S4": {"x": None}}}}}) == ()
    (error,) = compiled.errors({"S1": {"S2": {"S3": {"x": "y"}}}})
    assert error.schema == f"{URI}#/components/schemas/S3/additionalProperties/type"
    assert error.message == 'must be integer or null, is "y"'


@pytest.mark.parametrize("dialect", ["openapi-3.0", "2020-12"])
@pytest.mark.parametrize("length", [60, 1000])
def test_a_long_chain_of_references_is_followed(engine: EngineName, dialect: SchemaDialect, length: int) -> None:
    chain: dict[str, Json] = {f"S{n}": {"$ref": f"#/components/schemas/S{n + 1}"} for n in range(length)}
    chain[f"S{length}"] = {"type": "array", "items": {"$ref": "#/components/schemas/S0"}}
    compiled = compile_schema(
        {"$ref": f"{URI}#/components/schemas/S0"},
        definitions={URI: {"components": {"schemas": chain}}},
        dialect=dialect,
        engine=engine,
    )
    (error,) = compiled.errors([[], [[], "x"]])
    assert (error.instance, error.schema) == ("/1/1", f"{URI}#/components/schemas/S{length}/type")
