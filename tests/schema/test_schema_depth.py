"""However deep a value is nested, and whatever schema it is checked against, the process lives on."""

from __future__ import annotations

import threading
from typing import Literal

import pytest

from runner.schema import EngineName, SchemaProblem, compile_schema
from runner.values import Json
from tests.bounded import bounded

Shape = Literal["arrays", "objects"]
SHAPES: tuple[Shape, ...] = ("arrays", "objects")
Answer = tuple[bool, tuple[str, ...]]
STACK = 4 * 1024 * 1024
"""The stack of a thread in bytes, half of what is usual."""


def nested(depth: int, shape: Shape, inmost: Json = 1) -> Json:
    value = inmost
    for _ in range(depth):
        value = [value] if shape == "arrays" else {"a": value}
    return value


def chain(length: int) -> dict[str, Json]:
    """A schema that leads back to itself, one level further down, by way of a chain of `allOf` and `$ref`."""
    links: dict[str, Json] = {
        f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}, {"title": "T"}]} for n in range(length)
    }
    end: Json = {"items": {"$ref": "#/$defs/s0"}, "additionalProperties": {"$ref": "#/$defs/s0"}, "not": {"const": "x"}}
    return {"$ref": "#/$defs/s0", "$defs": {**links, f"s{length}": end}}


def checked(schema: Json, depth: int, inmost: Json, engine: EngineName) -> set[Answer]:
    """Check arrays and objects in a thread, whose stack is small."""
    answers: set[Answer] = set()

    def check() -> None:
        compiled = compile_schema(schema, engine=engine)
        for shape in SHAPES:
            value = nested(depth, shape, inmost)
            answers.add((compiled.valid(value), tuple(error.message for error in compiled.errors(value))))

    threading.stack_size(STACK)
    thread = threading.Thread(target=check)
    thread.start()
    thread.join()
    return answers


TOO_DEEP: Answer = (False, ("is nested too deeply to be checked",))
RECURSIVE: dict[str, Json] = {
    "itself": {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}},
    "a short chain": chain(3),
    "a chain": chain(50),
    "alternatives": {
        "anyOf": [
            {"type": "integer"},
            {"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}, "minProperties": 1},
        ]
    },
    "every member": {"unevaluatedItems": {"$ref": "#"}, "unevaluatedProperties": {"$ref": "#"}},
    "two that call each other": {
        "$ref": "#/$defs/a",
        "$defs": {
            "a": {"allOf": [{"$ref": "#/$defs/b"}], "items": {"$ref": "#/$defs/a"}},
            "b": {"allOf": [{"$ref": "#/$defs/a"}], "additionalProperties": {"$ref": "#/$defs/b"}},
        },
    },
}


@pytest.mark.parametrize("depth", [201, 100_000])
@pytest.mark.parametrize("schema", RECURSIVE.values(), ids=RECURSIVE.keys())
def test_a_hostile_value_is_refused(engine: EngineName, schema: Json, depth: int) -> None:
    assert bounded(checked, schema, depth, 1, engine) == {TOO_DEEP}


@pytest.mark.parametrize(("length", "depth"), [(1, 200), (3, 200), (12, 200), (60, 60), (1000, 3)])
def test_a_deep_value_is_checked(length: int, depth: int) -> None:
    assert bounded(checked, chain(length), depth, 1, "jsonschema-rs") == {(True, ())}
    wrong = (False, ("must not satisfy the schema under 'not'",))
    assert bounded(checked, chain(length), depth, "x", "jsonschema-rs") == {wrong}


SHALLOW: dict[str, Json] = {
    "a type": {"type": ["array", "object"]},
    "the items": {"type": ["array", "object"], "items": {"type": "array"}},
    "a number of members": {"maxProperties": 1, "maxItems": 1},
    "nothing": {},
}


@pytest.mark.parametrize("schema", SHALLOW.values(), ids=SHALLOW.keys())
def test_a_schema_that_does_not_look_does_not_mind_how_deep_a_value_is(engine: EngineName, schema: Json) -> None:
    assert bounded(checked, schema, 100_000, 1, engine) == {(True, ())}


PICKY: dict[str, Json] = {
    "another type": {"type": "string"},
    "something else": {"required": ["x"], "minItems": 2},
    "a constant": {"const": [1]},
    "an option": {"enum": [1, [2], {"a": 3}]},
    "alternatives": {"oneOf": [{"type": "string"}, {"required": ["x"], "minItems": 2}]},
}


@pytest.mark.parametrize("schema", PICKY.values(), ids=PICKY.keys())
def test_a_hostile_value_that_is_wrong_is_wrong(engine: EngineName, schema: Json) -> None:
    for valid, errors in bounded(checked, schema, 100_000, 1, engine):
        assert not valid
        assert len(errors) == 1


def test_items_are_compared_however_deep_they_are(engine: EngineName) -> None:
    valid, errors = bounded(compared, engine)
    assert not valid
    assert errors in (["is nested too deeply to be checked"], ["must not have the same item twice"])


def compared(engine: EngineName) -> tuple[bool, list[str]]:
    compiled = compile_schema({"uniqueItems": True}, engine=engine)
    value: Json = [nested(100_000, "arrays"), nested(100_000, "arrays")]
    return compiled.valid(value), [error.message for error in compiled.errors(value)]


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Json] = []
    value.append(value)
    compiled = compile_schema({"items": {"$ref": "#"}}, engine="jsonschema-rs")
    assert [error.message for error in compiled.errors(value)] == ["is nested too deeply to be checked"]


def inlined(depth: int) -> Json:
    schema: Json = {"type": "integer"}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize("depth", [75, 99])
def test_a_schema_may_be_nested_deeply(depth: int) -> None:
    definitions: dict[str, Json] = {"urn:d": {"x": inlined(depth)}}
    compiled = compile_schema(
        {"$ref": "urn:d#/x"}, definitions=definitions, dialect="openapi-3.0", engine="jsonschema-rs"
    )
    assert compiled.valid(nested(depth, "objects"))
    (error,) = compiled.errors(nested(depth, "objects", "x"))
    assert (error.instance, error.keyword) == ("/a" * depth, "type")


def test_a_schema_of_a_document_may_not_be_nested_without_end(engine: EngineName) -> None:
    definitions: dict[str, Json] = {"urn:d": {"x": inlined(5_000)}}
    with pytest.raises(SchemaProblem) as caught:
        compile_schema({"$ref": "urn:d#/x"}, definitions=definitions, engine=engine)
    assert (caught.value.message, caught.value.pointer) == ("the schema is nested too deeply", "urn:d#/x")


@pytest.mark.parametrize(("engine", "length"), [("jsonschema-rs", 5_000), ("jsonschema", 100)])
def test_a_chain_without_end_is_refused(engine: EngineName, length: int) -> None:
    assert bounded(refused, chain(length), engine) == ("the schema is nested too deeply",)


def refused(schema: Json, engine: EngineName) -> tuple[str]:
    with pytest.raises(SchemaProblem) as caught:
        compile_schema(schema, engine=engine)
    return (caught.value.message,)


def test_a_schema_that_the_slower_engine_cannot_read_is_refused_by_it() -> None:
    assert refused(inlined(99), "jsonschema") == ("the schema is nested too deeply",)


def test_of_a_large_value_with_many_alternatives_the_first_thing_that_is_wrong_is_told(engine: EngineName) -> None:
    alternatives: Json = [{"required": [f"a{number}"]} for number in range(40)]
    compiled = compile_schema({"items": {"anyOf": alternatives}}, engine=engine)
    for items, told in ((100, 100), (13_000 if engine == "jsonschema-rs" else 300, 1)):
        value: Json = [{"n": number} for number in range(items)]
        assert [count for _, count in compiled.kinds(value, 9)] == [told]
        assert len(compiled.errors(value)) == told
    assert compiled.valid([{"a0": number} for number in range(7_000)])


def test_what_is_wrong_on_ever_more_ways_is_said_to_be_too_much(engine: EngineName) -> None:
    alternatives: Json = [{"type": "array", "items": {"$ref": "#/$defs/t"}, "minItems": number} for number in range(10)]
    compiled = compile_schema({"$ref": "#/$defs/t", "$defs": {"t": {"anyOf": alternatives}}}, engine=engine)
    for depth in (7, 20):
        value = nested(depth, "arrays")
        assert not compiled.valid(value)
        (error,) = compiled.errors(value)
        assert error.message.startswith(
            "does not fit its schema, in more ways" if engine == "jsonschema-rs" else "is too large to be checked"
        )
        assert sum(count for _, count in compiled.kinds(value, 9)) == 1
    assert compiled.errors(nested(2, "arrays", [])) == ()


def test_a_value_and_a_schema_that_multiply_are_refused(engine: EngineName) -> None:
    doubling: dict[str, Json] = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(16)}
    compiled = compile_schema({"items": {"$ref": "#/$defs/s0"}, "$defs": {**doubling, "s16": {}}}, engine=engine)
    value: Json = [{"n": number} for number in range(1_001)]
    if engine == "jsonschema-rs":  # which has done that in a second or two, and would be slower for every other value
        assert compiled.valid(value)
        return
    assert not compiled.valid(value)
    (error,) = compiled.errors(value)
    assert error.message.startswith("is too large to be checked")
    assert [each for each, _ in compiled.kinds(value, 9)] == [error]
