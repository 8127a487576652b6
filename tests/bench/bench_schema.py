"""What it costs to check a response, beside what it costs the jsonschema library: `python -m tests.bench.bench_schema`.

The values are made up: 5 KB of a page with formats, patterns and alternatives everywhere, 5 KB of a record that is
mostly text, and 5 MB. Nothing is asserted of the times.
"""

from __future__ import annotations

import json
import time
import timeit
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator

from runner.schema import Schema, compile_schema
from runner.schema.gather import gather
from runner.values import Json
from tests.bench.rows import Row

URI = "https://x.test/api.yaml"


def ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas(recursive: bool) -> dict[str, Json]:
    """A listing of OpenAPI 3.0; with `recursive` an order may have a parent."""
    parent: dict[str, Json] = {"parent": {"allOf": [ref("Order")]}} if recursive else {}
    text, number = {"type": "string"}, {"type": "integer", "format": "int64"}
    return {
        "Page": {
            "type": "object",
            "required": ["items", "total"],
            "properties": {
                "items": {"type": "array", "items": ref("Order")},
                "total": number,
                "next": nullable("string"),
            },
        },
        "Order": {
            "type": "object",
            "required": ["id", "customer", "lines", "state"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "customer": ref("Customer"),
                "state": {"type": "string", "enum": ["open", "paid", "sent", "done"]},
                "created": {"type": "string", "format": "date-time"},
                "note": nullable("string"),
                "discount": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "lines": {"type": "array", "minItems": 1, "items": ref("Line")},
                "payment": ref("Payment"),
                **parent,
            },
        },
        "Customer": {
            "type": "object",
            "required": ["id", "name"],
            "properties": {
                "id": number,
                "name": text,
                "email": {"type": "string", "format": "email"},
                "phone": nullable("string"),
            },
        },
        "Line": {
            "type": "object",
            "required": ["sku", "count"],
            "properties": {
                "sku": {"type": "string", "pattern": "^[A-Z]{3}-\\d+$"},
                "count": {"type": "integer", "format": "int32", "minimum": 1},
                "price": {"type": "number", "format": "double"},
            },
        },
        "Payment": {"oneOf": [ref("Card"), ref("Transfer")], "discriminator": {"propertyName": "kind"}},
        "Card": {
            "type": "object",
            "required": ["kind", "last4"],
            "properties": {"kind": text, "last4": {"type": "string", "maxLength": 4}},
        },
        "Transfer": {"type": "object", "required": ["kind", "iban"], "properties": {"kind": text, "iban": text}},
    }


def nullable(kind: str) -> dict[str, Json]:
    return {"type": kind, "nullable": True}


def record_schemas() -> dict[str, Json]:
    """A ticket as trackers describe theirs: people, labels, links, and text."""
    text, number, flag = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
    person = dict.fromkeys(("login", "avatar", "home", "followers", "starred", "events", "kind"), text)
    label = {"id": number, "name": text, "color": text, "default": flag, "description": nullable("string")}
    return {
        "Person": {
            "type": "object",
            "required": ["id", "login"],
            "properties": {"id": number, **person, "admin": flag},
        },
        "Label": {"type": "object", "properties": label},
        "Ticket": {
            "type": "object",
            "required": ["id", "title", "author", "labels", "created"],
            "properties": {
                **dict.fromkeys(("title", "body", "state", "address", "comments_address", "events_address"), text),
                "id": number,
                "author": ref("Person"),
                "assignees": {"type": "array", "items": ref("Person")},
                "labels": {"type": "array", "items": ref("Label")},
                "locked": flag,
                "comments": {"type": "integer", "minimum": 0},
                "created": {"type": "string", "format": "date-time"},
                "closed": {"type": "string", "format": "date-time", "nullable": True},
            },
        },
    }


def record() -> dict[str, Json]:
    """Make a ticket of about 5 KB."""
    links = {name: f"https://tracker.test/people/someone/{name}" for name in ("avatar", "home", "followers", "starred")}
    person = {"id": 1, "login": "someone", **links, "events": links["home"], "kind": "user", "admin": False}
    label = {"id": 7, "name": "bug", "color": "d73a4a", "default": True, "description": "it does not do what it says"}
    addresses = {name: f"https://tracker.test/{name}/1" for name in ("address", "comments_address", "events_address")}
    made: dict[str, Json] = json.loads(
        json.dumps(
            {
                **addresses,
                "id": 1,
                "title": "It stops",
                "body": "It goes on for a while, and then it stops. " * 40,
                "state": "open",
                "author": person,
                "assignees": [person] * 4,
                "labels": [label] * 8,
                "locked": False,
                "comments": 3,
                "created": "2024-02-29T12:00:00Z",
                "closed": None,
            }
        )
    )
    return made


def order(place: int) -> dict[str, Json]:
    payment: Json = (
        {"kind": "Card", "last4": "4242"} if place % 2 else {"kind": "Transfer", "iban": "DE02120300000000202051"}
    )
    return {
        "id": f"123e4567-e89b-12d3-a456-{place:012d}",
        "customer": {"id": 2**40 + place, "name": f"Customer {place}", "email": "someone@mail.test", "phone": None},
        "state": "open",
        "created": "2024-02-29T12:00:00Z",
        "note": None if place % 3 else "leave it at the door, please",
        "discount": 0.5,
        "lines": [{"sku": f"ABC-{place}{line}", "count": line + 1, "price": 12.75} for line in range(3)],
        "payment": payment,
    }


def page(size: int) -> dict[str, Json]:
    """Make a listing of about so many bytes."""
    count = max(1, size // len(json.dumps(order(1))))
    made: dict[str, Json] = json.loads(
        json.dumps({"items": [order(n) for n in range(count)], "total": count, "next": None})
    )
    return made


def microseconds(call: Callable[[], Any]) -> float:
    """Give the best of several runs; what others take of the machine is not counted."""
    timer = timeit.Timer(call, timer=time.process_time)
    number = max(1, timer.autorange()[0] // 4)
    return min(timer.repeat(5, number)) / number * 1e6


def compare(name: str, value: dict[str, Json], described: dict[str, Json], root_name: str, wrong: Json) -> None:
    """Compare the two on a value, and on a wrong one, of which one thing is to be told."""
    definitions: dict[str, Json] = {URI: {"components": {"schemas": described}}}
    root: Json = {"$ref": f"{URI}#/components/schemas/{root_name}"}

    def compiled() -> Schema:
        return compile_schema(root, definitions=definitions, dialect="openapi-3.0", direction="response")

    schema, other = compiled(), Draft202012Validator(gather(root, definitions, "openapi-3.0").schema)
    assert schema.valid(value)
    assert schema.errors(value) == ()
    assert other.is_valid(value)
    assert len(schema.errors(wrong)) == 1

    print(f"{name}: {len(json.dumps(value)):,} bytes; compiled in {microseconds(compiled):,.0f} µs")
    reference = microseconds(lambda: other.is_valid(value))
    print(f"  {'jsonschema':<12}{reference:>14,.1f} µs")
    for label, call in (
        ("valid", lambda: schema.valid(value)),
        ("errors", lambda: schema.errors(value)),
        ("one error", lambda: schema.errors(wrong)),
    ):
        cost = microseconds(call)
        print(f"  {label:<12}{cost:>14,.1f} µs{reference / cost:>10,.0f} times as fast")


def row() -> Row:
    """Give what it takes to check a page of 5 KB that is right, beside the library."""
    definitions: dict[str, Json] = {URI: {"components": {"schemas": schemas(False)}}}
    root: Json = {"$ref": f"{URI}#/components/schemas/Page"}
    schema = compile_schema(root, definitions=definitions, dialect="openapi-3.0", direction="response")
    other = Draft202012Validator(gather(root, definitions, "openapi-3.0").schema)
    value, wrong = page(5_000), changed(page(5_000), "items", -1, "lines", 0, "count")
    assert schema.valid(value)
    assert not schema.valid(wrong)
    assert other.is_valid(value)
    assert not other.is_valid(wrong)
    figures = {
        "ours": microseconds(lambda: schema.valid(value)),
        "jsonschema": microseconds(lambda: other.is_valid(value)),
    }
    return Row("check a response of 5 KB", "us", figures, 20, "<= 20 us")


def changed(value: dict[str, Json], *path: str | int) -> Json:
    """Copy a value and put -1 in one place of it."""
    copy: Any = json.loads(json.dumps(value))
    place = copy
    for token in path[:-1]:
        place = place[token]
    place[path[-1]] = -1
    return copy  # type: ignore[no-any-return]


def main() -> None:
    ticket = record()
    compare("5 KB of text", ticket, record_schemas(), "Ticket", changed(ticket, "comments"))
    for size, name in ((5_000, "5 KB"), (5_000_000, "5 MB")):
        listing = page(size)
        wrong = changed(listing, "items", -1, "lines", 0, "count")
        compare(f"{name} of formats", listing, schemas(False), "Page", wrong)
        compare(f"{name} of formats, in a recursive schema", listing, schemas(True), "Page", wrong)


if __name__ == "__main__":
    main()
