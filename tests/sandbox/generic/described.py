"""Descriptions written in a few lines, and the sandbox that serves them."""

from __future__ import annotations

import json
from typing import Any

import yaml

from runner.exchange import Request, Response
from runner.loader.text import read_text
from runner.openapi.contract import Contract
from runner.openapi.document import ApiDescription
from runner.openapi.media import match_status
from runner.openapi.read import read_openapi
from runner.sandbox.generic import GenericSandbox, lay_out
from runner.sandbox.generic.reply import CHECKS
from runner.source import Source

URI = "file:///api.yaml"
HEADS = {
    "2.0": {"swagger": "2.0"},
    "3.0": {"openapi": "3.0.3"},
    "3.1": {"openapi": "3.1.0"},
    "3.2": {"openapi": "3.2.0"},
}


def description(document: str | dict[str, Any], version: str = "3.1") -> ApiDescription:
    """Read a description; the head is added."""
    value = yaml.safe_load(document) if isinstance(document, str) else document
    text = json.dumps({**HEADS[version], "info": {"title": "Things", "version": "1"}, **value})
    read = read_text(Source(URI, "api.yaml", text))
    api, problems = read_openapi(read.value, URI, read.places)
    assert [each for each in problems if each.severity == "error"] == []
    return api


class Client:
    """Sends requests to the sandbox of a description; what it answers by itself is held against that."""

    def __init__(self, api: ApiDescription, seed: str = "sandbox") -> None:
        self.api = api
        (served,) = lay_out([("api.yaml", api)])
        self.sandbox = GenericSandbox(served.mounts, seed)

    def send(self, method: str, path: str, body: bytes | Any = b"", **fields: str) -> Response:
        headers = [(name.replace("_", "-"), value) for name, value in fields.items()]
        if not isinstance(body, bytes):
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.sandbox.answer(Request(method, f"http://127.0.0.1:8080{path}", tuple(headers), body))

    def get(self, path: str, **fields: str) -> Response:
        return self.send("GET", path, **fields)

    def value(self, path: str, **fields: str) -> Any:
        """Give the body of a good reply."""
        response = self.get(path, **fields)
        assert response.status < 400, response.body
        return response.content.value


def client(document: str | dict[str, Any], version: str = "3.1", seed: str = "sandbox") -> Client:
    return Client(description(document, version), seed)


def with_schema(schema: Any, media: str = "application/json", **content: Any) -> dict[str, Any]:
    """Describe one operation, `GET /thing`, by the schema of its reply."""
    told = {**({} if schema is None else {"schema": schema}), **content}
    return {"paths": {"/thing": {"get": {"responses": {"200": {"description": "", "content": {media: told}}}}}}}


def check(api: ApiDescription, pointer: str, response: Response) -> None:
    """Assert that a reply is what its operation says."""
    operation = api.by_pointer[pointer]
    assert match_status(operation.responses, response.status) is not None, response.body
    found = Contract(operation, api).check_response(operation.method, response, CHECKS)
    assert found.mismatches == (), (pointer, response.body, found.mismatches)
