"""A workflow against a Swagger 2.0 description, over real sockets: what each of its parameters becomes on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import runner
from runner.shell.auth import Credentials
from tests.shell.server import Received, Server, answer, routes, serve

SWAGGER = """
swagger: 2.0
info: {title: Pets, version: '1'}
basePath: /v2
produces: [application/json]
security: [{key: []}]
securityDefinitions: {key: {type: apiKey, name: X-Api-Key, in: header}}
parameters:
  petId: {name: petId, in: path, required: true, type: string}
paths:
  /pets/{petId}:
    parameters: [{$ref: '#/parameters/petId'}]
    get:
      operationId: findPet
      parameters:
      - {name: csv, in: query, type: array, items: {type: string}}
      - {name: ssv, in: query, type: array, items: {type: string}, collectionFormat: ssv}
      - {name: tsv, in: query, type: array, items: {type: string}, collectionFormat: tsv}
      - {name: pipes, in: query, type: array, items: {type: string}, collectionFormat: pipes}
      - {name: multi, in: query, type: array, items: {type: string}, collectionFormat: multi}
      - {name: X-Tags, in: header, type: array, items: {type: string}, collectionFormat: pipes}
      responses: {200: {description: a pet, schema: {$ref: '#/definitions/Pet'}}}
    put:
      operationId: putPet
      consumes: [application/json]
      parameters: [{name: pet, in: body, required: true, schema: {$ref: '#/definitions/Pet'}}]
      responses: {200: {description: ok}}
  /pets:
    post:
      consumes: [application/x-www-form-urlencoded]
      parameters:
      - {name: name, in: formData, type: string, required: true}
      - {name: tags, in: formData, type: array, items: {type: string}, collectionFormat: pipes}
      responses: {200: {description: ok}}
  /photos:
    post:
      operationId: addPhoto
      parameters:
      - {name: title, in: formData, type: string}
      - {name: photo, in: formData, type: file}
      responses: {200: {description: ok}}
definitions:
  Pet: {type: object, properties: {id: {type: integer}, next: {$ref: '#/definitions/Pet'}}}
"""

FLOW = """
arazzo: 1.0.1
info: {title: Pets, version: '1'}
sourceDescriptions: [{name: pets, url: 'URL', type: openapi}]
workflows:
- workflowId: all
  steps:
  - stepId: find
    operationId: findPet
    parameters:
    - {name: petId, in: path, value: 'a/b'}
    - {name: csv, in: query, value: [a, b]}
    - {name: ssv, in: query, value: [a, b]}
    - {name: tsv, in: query, value: [a, b]}
    - {name: pipes, in: query, value: [a, b]}
    - {name: multi, in: query, value: [a, b]}
    - {name: X-Tags, in: header, value: [a, b]}
    outputs: {id: $response.body#/id}
  - stepId: put
    operationId: putPet
    parameters: [{name: petId, in: path, value: $steps.find.outputs.id}]
    requestBody: {payload: {id: $steps.find.outputs.id}}
  - stepId: add
    operationPath: '{$sourceDescriptions.pets.url}#/paths/~1pets/post'
    requestBody: {payload: {name: Rex & Co, tags: [a, b]}}
  - stepId: photo
    operationId: addPhoto
    requestBody: {payload: {title: hello, photo: 'bytes'}}
  outputs: {id: $steps.find.outputs.id}
"""


@pytest.fixture
def server() -> Iterator[Server]:
    ok = answer("Content-Type: application/json", body=b'{"id": 7}')
    table = {"/docs/swagger.yaml": answer(body=SWAGGER.encode())}
    paths = ("/v2/pets/a%2Fb", "/v2/pets/7", "/v2/pets", "/v2/photos")
    with serve(routes(table | dict.fromkeys(paths, ok))) as running:
        yield running


@pytest.fixture
def sent(server: Server, tmp_path: Path) -> list[Received]:
    """The requests of a run; the description says no host and no scheme, so they go where it came from."""
    (tmp_path / "flow.yaml").write_text(FLOW.replace("URL", server.url("/docs/swagger.yaml")), encoding="utf-8")
    plan = runner.compile(runner.load(str(tmp_path / "flow.yaml")))
    result = runner.run(plan, credentials=Credentials({"key": "secret"}))
    assert (result.outcome, result.outputs) == ("passed", {"id": 7})
    description, *requests = server.received
    assert description.field("X-Api-Key") is None
    return requests


def test_parameters_are_sent_as_swagger_describes_them(sent: list[Received]) -> None:
    find, put, _, _ = sent
    query = "csv=a,b&ssv=a%20b&tsv=a%09b&pipes=a%7Cb&multi=a&multi=b"
    assert find.line == f"GET /v2/pets/a%2Fb?{query} HTTP/1.1"
    assert (find.field("X-Tags"), find.field("Accept")) == ("a|b", "application/json")
    assert put.line == "PUT /v2/pets/7 HTTP/1.1"
    assert (put.body, put.field("Content-Type")) == (b'{"id":7}', "application/json")


def test_forms_are_sent_as_swagger_describes_them(sent: list[Received]) -> None:
    _, _, add, photo = sent
    assert (add.line, add.body) == ("POST /v2/pets HTTP/1.1", b"name=Rex+%26+Co&tags=a%7Cb")
    assert add.field("Content-Type") == "application/x-www-form-urlencoded"
    assert (photo.field("Content-Type") or "").startswith("multipart/form-data; boundary=")
    assert b'name="title"\r\n\r\nhello\r\n' in photo.body
    assert b'name="photo"; filename="photo"\r\nContent-Type: application/octet-stream\r\n\r\nbytes\r\n' in photo.body


def test_credentials_are_sent_as_swagger_describes_them(sent: list[Received]) -> None:
    assert [each.field("X-Api-Key") for each in sent] == ["secret"] * 4
