"""What is fetched for an API description that stands in several documents, and where the parts of them stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runner.errors import FetchError
from runner.exchange import Fetched
from runner.loader.load import load
from runner.openapi.document import ApiDescription

FLOW = """
arazzo: 1.0.1
info: {title: T, version: '1'}
sourceDescriptions: [{name: api, url: api.json, type: openapi}]
workflows: [{workflowId: w, steps: [{stepId: s, operationId: a}]}]
"""
OK: Any = {"get": {"operationId": "a", "responses": {"200": {"description": "ok"}}}}


def loaded(files: Mapping[str, Any]) -> tuple[ApiDescription, list[str]]:
    """Load a description at `memory://h/api.json`, and tell in which order what was asked for."""
    asked: list[str] = []

    def fetch(uri: str) -> Fetched:
        asked.append(uri)
        if uri == "memory://h/flow.yaml":
            return Fetched(uri, FLOW)
        if uri not in files:
            raise FetchError(uri, "there is no such file")
        return Fetched(uri, json.dumps(files[uri]))

    description = load("memory://h/flow.yaml", fetch).description
    assert description is not None
    return description.apis["memory://h/api.json"], asked[1:]


def test_each_document_is_fetched_once_and_recursion_ends() -> None:
    api, asked = loaded(
        {
            "memory://h/api.json": {
                "openapi": "3.1.0",
                "paths": {"/a": {"$ref": "parts/a.json"}, "/b": {"$ref": "gone"}},
            },
            "memory://h/parts/a.json": {"get": {"operationId": "a", "responses": {"200": {"$ref": "b.json#/ok"}}}},
            "memory://h/parts/b.json": {"ok": {"description": "ok"}, "S": {"items": {"$ref": "a.json#/x"}, "not": {}}},
        }
    )
    assert asked[0] == "memory://h/api.json"
    assert sorted(asked[1:]) == ["memory://h/gone", "memory://h/parts/a.json", "memory://h/parts/b.json"]
    response = api.by_id["a"].responses["200"]
    assert response.address is not None
    assert api.span(response.address).text == '{"description": "ok"}'


def test_what_is_known_by_its_self_is_not_fetched_again() -> None:
    api, asked = loaded(
        {
            "memory://h/api.json": {
                "openapi": "3.2.0",
                "$self": "https://id.test/v1/api.json",
                "paths": {"/a": {"$ref": "more.json#/components/pathItems/A"}},
                "components": {"responses": {"Ok": {"description": "fine"}}},
            },
            "https://id.test/v1/more.json": {
                "openapi": "3.2.0",
                "$self": "/v2/more.json",
                "components": {"pathItems": {"A": {"get": {"operationId": "a", "responses": {
                    "200": {"$ref": "../v1/api.json#/components/responses/Ok"},
                    "404": {"$ref": "more.json#/components/responses/Gone"},
                }}}}, "responses": {"Gone": {"description": "gone"}}},
            },
        }
    )  # fmt: skip
    assert asked == ["memory://h/api.json", "https://id.test/v1/more.json"]
    addresses = [response.address for response in api.by_id["a"].responses.values()]
    assert [api.span(each).text for each in addresses if each] == ['{"description": "fine"}', '{"description": "gone"}']


def test_a_schema_that_stands_in_the_document_is_not_fetched() -> None:
    schemas = {"A": {"$id": "https://s.test/a", "items": {"$ref": "b"}}, "B": {"$id": "https://s.test/b"}}
    description = {"openapi": "3.1.0", "paths": {"/a": OK}, "components": {"schemas": schemas}}
    assert loaded({"memory://h/api.json": description})[1] == ["memory://h/api.json"]


def test_a_source_that_cannot_be_read_says_what_would_help() -> None:
    def fetch(uri: str) -> Fetched:
        if uri == "memory://h/flow.yaml":
            return Fetched(uri, FLOW)
        raise FetchError(uri, "it is not text", fix="save it as UTF-8")

    [problem] = load("memory://h/flow.yaml", fetch).diagnostics
    assert problem.fix is not None
    assert problem.fix.title == "save it as UTF-8"


def test_a_document_of_the_network_has_no_file_of_this_machine_read() -> None:
    files = {
        "https://far.test/api.json": {
            "openapi": "3.1.0",
            "paths": {"/a": OK, "/b": {"$ref": "file:///etc/hosts"}, "/c": {"$ref": "//other.test/c.json"}},
        },
        "https://far.test/flow.json": {
            "arazzo": "1.0.1",
            "info": {"title": "T", "version": "1"},
            "sourceDescriptions": [{"name": "near", "url": "file:///home/me/api.json", "type": "openapi"}],
            "workflows": [],
        },
    }
    sources = "[{name: api, url: 'https://far.test/api.json'}, {name: more, url: 'https://far.test/flow.json'}]"
    asked: list[str] = []

    def fetch(uri: str) -> Fetched:
        asked.append(uri)
        if uri == "file:///flow.yaml":
            return Fetched(uri, FLOW.replace("[{name: api, url: api.json, type: openapi}]", sources))
        if uri not in files:
            raise FetchError(uri, "there is no such file")
        return Fetched(uri, json.dumps(files[uri]))

    told = [str(problem.message) for problem in load("file:///flow.yaml", fetch).diagnostics]
    assert not [uri for uri in asked[1:] if uri.startswith("file:")]
    assert "https://other.test/c.json" in asked
    assert "the source 'near' cannot be read: a document from the network cannot refer to it" in told
    why = "that document cannot be read: a document from the network cannot refer to it"
    assert f"reference 'file:///etc/hosts' cannot be resolved: {why}" in told
