"""Requests made from a description are taken by its sandbox, and what comes back is what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.exchange import Headers
from runner.loader.text import read_text
from runner.openapi.body import encode_body
from runner.openapi.document import Address, ApiDescription, Location, Operation
from runner.openapi.read import read_openapi
from runner.openapi.serialize import cookie_pairs, header_value, path_segment, query_text
from runner.openapi.url import build_url
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.make import Wishes, make_value
from runner.schema import SchemaProblem
from runner.source import Source
from runner.values import Json
from tests.sandbox.generic.described import Client, check, client

SPECS = sorted((Path(__file__).parents[3] / "specs").glob("*.yaml"))
SCHEMES = {"Authorization": "Bearer any"}

STYLED = """
paths:
  /things/{id}/{list}/{label}/{matrix}:
    post:
      parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: list, in: path, required: true, schema: {type: array, minItems: 1, items: {enum: [a, b]}}}
      - {name: label, in: path, required: true, style: label, schema: {type: object, required: [x], properties: {x: {type: integer}}}}
      - {name: matrix, in: path, required: true, style: matrix, explode: true, schema: {type: array, minItems: 2, items: {type: boolean}}}
      - {name: deep, in: query, required: true, style: deepObject, schema: {type: object, required: [a], properties: {a: {type: number}}}}
      - {name: pipes, in: query, required: true, style: pipeDelimited, explode: false, schema: {type: array, minItems: 1, items: {format: uuid, type: string}}}
      - {name: form, in: query, required: true, schema: {type: array, minItems: 1, items: {type: string, format: email}}}
      - {name: X-Object, in: header, required: true, schema: {type: object, required: [n], properties: {n: {type: integer}}, additionalProperties: false}}
      - {name: crumb, in: cookie, required: true, schema: {type: string, pattern: '^[a-z]+$'}}
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema: {type: object, required: [n, tags], properties: {n: {type: integer}, tags: {type: array, minItems: 2, items: {type: string}}}}
      responses: {'200': {description: '', content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: integer}}}}}}}
"""  # noqa: E501


def described() -> Iterator[Any]:
    for path in SPECS:
        text = read_text(Source(path.as_uri(), path.name, path.read_text(encoding="utf-8")))
        api, _ = read_openapi(text.value, path.as_uri(), text.places)
        yield from (pytest.param(api, pointer, id=f"{path.stem} {pointer}") for pointer in api.by_pointer)
    api = client(STYLED).api
    yield from (pytest.param(api, pointer, id=pointer) for pointer in api.by_pointer)


def made(api: ApiDescription, address: Address | None, dice: Dice) -> Json:
    assert address is not None
    found = api.schemas.at(address.uri, address.pointer, "request")
    assert not isinstance(found, SchemaProblem)
    return make_value(found.schema, dice, Wishes(dynamic=True, hidden="readOnly"))


def request_of(api: ApiDescription, operation: Operation, dice: Dice) -> tuple[str, Headers, bytes]:
    """Make a request: its path and query, its fields, its body."""
    values: dict[Location, dict[str, str]] = {"path": {}, "query": {}, "header": dict(SCHEMES), "cookie": {}}
    write: Any = {"path": path_segment, "query": query_text, "header": header_value, "cookie": cookie_pairs}
    for parameter in operation.parameters:
        if parameter.required:
            value = made(api, parameter.schema, dice.at(parameter.name))
            values[parameter.location][parameter.name] = write[parameter.location](parameter, value)
    body, fields = b"", dict(values["header"])
    if values["cookie"]:
        fields["Cookie"] = "; ".join(values["cookie"].values())
    if operation.request_body is not None:
        kind, media = next(iter(operation.request_body.content.items()))
        body, fields["Content-Type"] = (
            encode_body(made(api, media.schema, dice.at("body")), kind) if media.schema else (b"bytes", kind)
        )
    return build_url("", operation.path, values["path"], list(values["query"].values())), tuple(fields.items()), body


@pytest.mark.parametrize(("api", "pointer"), list(described()))
def test_a_request_made_from_a_description_is_answered_as_it_says(api: ApiDescription, pointer: str) -> None:
    operation, sandbox = api.by_pointer[pointer], Client(api)
    for seed in range(3):
        path, fields, body = request_of(api, operation, Dice.of(seed))
        response = sandbox.send(operation.method, path, body, **dict(fields))
        assert response.status < 400, (path, body, response.body)
        check(api, pointer, response)
