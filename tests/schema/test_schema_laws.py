"""What holds of any schema: the dialects differ in nothing that they share, and both engines say the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.schema import Direction, SchemaDialect, compile_schema
from runner.values import ABSENT, Json, resolve_pointer

NAMES = ("a", "b", "c")
scalars = st.sampled_from([None, True, False, 0, 1, 2, -1, 1.5, "", "a", "ab", "2024-02-29"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
TYPES = ("array", "boolean", "integer", "number", "object", "string")
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(TYPES),
    "enum": st.lists(scalars, min_size=1, max_size=3),
    "minimum": st.integers(-1, 2),
    "maximum": st.integers(-1, 2),
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    "minLength": st.integers(0, 2),
    "maxLength": st.integers(0, 2),
    "pattern": st.sampled_from(["^a", "b$", "\\d"]),
    "format": st.sampled_from(["int32", "date", "password", "binary"]),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "uniqueItems": st.booleans(),
    "required": st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
    "minProperties": st.integers(0, 2),
    "maxProperties": st.integers(0, 2),
}


def within(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            **KEYWORDS,
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
        },
    )


# One level down: what a schema means that is checked against itself, and is satisfied where it is not, nobody says.
REFERENCES: list[dict[str, Any]] = [
    {keyword: {"$ref": f"#/components/schemas/{name}"}}
    for keyword in ("items", "additionalProperties")
    for name in "AB"
]
references = st.sampled_from(REFERENCES)
schemas = st.recursive(st.fixed_dictionaries({}, optional=KEYWORDS) | references, within, max_leaves=5)


def verdict(document: Json, value: Json, dialect: SchemaDialect, direction: Direction | None = None) -> bool:
    """Check with both engines, and hold that they agree, and that every error stands somewhere in the document."""
    verdicts = set()
    for engine in ("jsonschema-rs", "jsonschema"):
        compiled = compile_schema(
            {"$ref": "urn:d#/components/schemas/A"},
            definitions={"urn:d": document},
            dialect=dialect,
            direction=direction,
            engine=engine,  # type: ignore[arg-type]
        )
        errors = compiled.errors(value)
        assert compiled.valid(value) == (not errors)
        for error in errors:
            assert resolve_pointer(document, error.schema.removeprefix("urn:d#")) is not ABSENT, error
        verdicts.add(not errors)
    assert len(verdicts) == 1
    return verdicts.pop()


def holding(a: Json, b: Json) -> Json:
    return {"components": {"schemas": {"A": a, "B": b}}}


@settings(max_examples=150, deadline=None)
@given(schemas, schemas, values)
def test_what_the_dialects_share_means_the_same(a: Json, b: Json, value: Json) -> None:
    document = holding(a, b)
    assert verdict(document, value, "openapi-3.0") == verdict(document, value, "2020-12")


@settings(max_examples=50, deadline=None)
@given(schemas, schemas, values, st.sampled_from(["request", "response"]))
def test_a_direction_means_nothing_where_nothing_is_marked(a: Json, b: Json, value: Json, direction: Direction) -> None:
    document = holding(a, b)
    assert verdict(document, value, "openapi-3.0", direction) == verdict(document, value, "openapi-3.0")


@settings(max_examples=80, deadline=None)
@given(st.fixed_dictionaries({}, optional=KEYWORDS), st.sampled_from(TYPES), values)
def test_nullable_is_a_list_of_types(schema: dict[str, Json], kind: str, value: Json) -> None:
    nullable = holding({**schema, "type": kind, "nullable": True}, {})
    listed = holding({**schema, "type": [kind, "null"]}, {})
    assert verdict(nullable, value, "openapi-3.0") == verdict(listed, value, "2020-12")


@settings(max_examples=80, deadline=None)
@given(st.integers(-2, 2), st.booleans(), st.integers(-2, 2) | st.floats(-2, 2))
def test_an_exclusive_bound_is_a_bound_that_is_not_reached(bound: int, exclusive: bool, value: float) -> None:
    low = holding({"minimum": bound, "exclusiveMinimum": exclusive}, {})
    high = holding({"maximum": bound, "exclusiveMaximum": exclusive}, {})
    assert verdict(low, value, "openapi-3.0") == (value > bound or (value == bound and not exclusive))
    assert verdict(high, value, "openapi-3.0") == (value < bound or (value == bound and not exclusive))
