from __future__ import annotations

import pytest

from runner.openapi.references import (
    MAX_HOPS,
    Documents,
    Node,
    Resolver,
    UnresolvedReference,
)
from runner.openapi.survey import absolute_references, external_references, written_references
from runner.uri import resolve_uri, split_uri
from runner.values import Json

BASE = "http://a/b/c/d;p?q"


@pytest.mark.parametrize(
    ("reference", "target"),
    [  # RFC 3986, section 5.4
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("http:g", "http:g"),
    ],
)
def test_a_reference_is_resolved_as_rfc_3986_says(reference: str, target: str) -> None:
    assert resolve_uri(BASE, reference) == target


@pytest.mark.parametrize(
    ("base", "reference", "target"),
    [
        ("memory://docs/api/openapi.yaml", "../common.yaml#/x", "memory://docs/common.yaml#/x"),
        ("file:///srv/api/openapi.yaml", "parts/a.yaml", "file:///srv/api/parts/a.yaml"),
        ("openapi.yaml", "../a.yaml", "../a.yaml"),
        ("https://h", "a.yaml", "https://h/a.yaml"),
        ("memory:api.yaml", "b.yaml", "memory:b.yaml"),
    ],
)
def test_any_scheme_can_be_a_base(base: str, reference: str, target: str) -> None:
    assert resolve_uri(base, reference) == target


@pytest.mark.parametrize(
    ("uri", "is_file"), [("file:///a", True), ("FILE:///a", True), ("files:///a", False), ("/file", False), ("", False)]
)
def test_the_case_of_a_scheme_does_not_matter(uri: str, is_file: bool) -> None:
    assert split_uri(uri).has_scheme("http", "file") == is_file


def resolve(root: Json, documents: dict[str, Json] | None = None) -> Node:
    resolver = Resolver(root, "https://h/api/root.yaml", Documents(documents or {}))
    return resolver.resolve(resolver.entry.get("start"))


@pytest.mark.parametrize(
    ("reference", "root"),
    [
        ("#/a", {"a": 1}),
        ("#/a~1b/c~0d", {"a/b": {"c~d": 1}}),
        ("#/a%20b/%7Bx%7D", {"a b": {"{x}": 1}}),
        ("#/list/1", {"list": [0, 1]}),
        ("root.yaml#/a", {"a": 1}),
        ("#/one", {"one": {"$ref": "#/two"}, "two": {"$ref": "#/a"}, "a": 1}),
        ("#/one/x", {"one": {"$ref": "#/two"}, "two": {"$ref": "#/a"}, "a": {"x": 1}}),
        ("#/one/x/y", {"one": {"$ref": "#/two"}, "two": {"x": {"$ref": "#/a"}}, "a": {"y": 1}}),
        ("#b/c", {"a": {"$anchor": "b/c", "$ref": "#/x"}, "x": 1}),
        ("#dynamic", {"a": [0, {"$dynamicAnchor": "dynamic", "$ref": "#/x"}], "x": 1}),
        ("schemas/s", {"a": {"$id": "schemas/s", "$ref": "/api/root.yaml#/x"}, "x": 1}),
        ("https://s.test/s#/x", {"a": {"$id": "https://s.test/s", "x": 1}}),
        ("https://s.test/s#here", {"a": {"$id": "https://s.test/s", "b": {"$anchor": "here", "$ref": "root.yaml#/x"}},
                                   "x": 1}),
    ],
)  # fmt: skip
def test_a_reference_finds_its_value(reference: str, root: dict[str, Json]) -> None:
    assert resolve({"start": {"$ref": reference}, **root}).value == 1


@pytest.mark.parametrize(
    ("root", "pointer", "reason"),
    [
        ({"start": {"$ref": "#/nowhere"}}, "/start", "missing"),
        ({"start": {"$ref": "#anchor"}, "a": {"x-b": {"$anchor": "anchor"}}}, "/start", "anchor"),
        ({"start": {"$ref": "#/a/b"}, "a": {"$ref": "#/a/b"}}, "/a", "circular"),
        ({"start": {"$ref": "#/a/b"}, "a": {"$ref": "#/c"}, "c": 1}, "/start", "missing"),
        ({"start": {"$ref": "other.yaml#/a"}}, "/start", "document"),
        ({"start": {"$ref": "#/start"}}, "/start", "circular"),
        ({"start": {"$ref": "#/b"}, "b": {"$ref": "#/start"}}, "/start", "circular"),
        ({"start": {"$ref": "#/b"}, "b": {"$ref": "#/c"}}, "/b", "missing"),
    ],
)
def test_a_reference_that_leads_nowhere_says_where_it_stands_and_why(root: Json, pointer: str, reason: str) -> None:
    with pytest.raises(UnresolvedReference) as caught:
        resolve(root)
    assert (caught.value.pointer, caught.value.reason) == (pointer, reason)
    assert caught.value.reference in str(caught.value)


def test_a_chain_of_references_is_bounded() -> None:
    chain: dict[str, Json] = {str(n): {"$ref": f"#/{n + 1}"} for n in range(MAX_HOPS + 5)}
    with pytest.raises(UnresolvedReference, match="more than 64 references"):
        resolve({"start": {"$ref": "#/0"}, **chain})


def test_a_description_beside_a_reference_overrides_the_one_it_refers_to() -> None:
    found = resolve({"start": {"$ref": "#/a", "description": "mine", "name": "no"}, "a": {"name": "b", "summary": "s"}})
    assert found.value == {"name": "b", "summary": "s", "description": "mine"}


def test_a_reference_into_another_document_goes_on_from_there() -> None:
    root: Json = {"start": {"$ref": "../shared/a.yaml#/x"}, "end": 7}
    documents: dict[str, Json] = {
        "https://h/shared/a.yaml": {"x": {"$ref": "b.yaml"}},
        "https://h/shared/b.yaml": {"$ref": "../api/root.yaml#/end"},
    }
    assert resolve(root, documents) == Node(7, "https://h/api/root.yaml", "/end", "/end")


def test_a_value_of_another_document_is_placed_at_the_reference_to_it() -> None:
    found = resolve({"start": {"$ref": "b.yaml#/x"}}, {"https://h/api/b.yaml": {"x": {"y": 1}}})
    assert found.get("y") == Node(1, "https://h/api/b.yaml", "/start/y", "/x/y")


def test_external_references_are_found_everywhere_but_in_data() -> None:
    root: Json = {
        "paths": {"/a": {"$ref": "paths/a.yaml#/a"}, "/example": {"get": {"$ref": "paths/b.yaml"}}},
        "components": {
            "schemas": {
                "A": {"$ref": "#/components/schemas/B"},
                "B": {"properties": {"example": {"$ref": "https://other.test/s.json#/S"}, "$ref": {"type": "string"}}},
                "C": {"example": {"$ref": "step1"}, "default": {"$ref": "step2"}, "enum": [{"$ref": "step3"}]},
                "D": {"allOf": [{"$ref": "root.yaml#/components/schemas/A"}]},
            }
        },
        "x-internal": {"$ref": "secret.yaml"},
    }
    assert external_references(root, "https://h/api/root.yaml#/x") == {
        "https://h/api/paths/a.yaml",
        "https://h/api/paths/b.yaml",
        "https://other.test/s.json",
    }


def test_references_of_another_document_become_absolute_but_its_data_stays() -> None:
    schema: Json = {"properties": {"default": {"$ref": "#/S"}}, "default": {"$ref": "step"}, "items": [{"$ref": "c"}]}
    assert absolute_references(schema, "https://h/b.yaml") == {
        "properties": {"default": {"$ref": "https://h/b.yaml#/S"}},
        "default": {"$ref": "step"},
        "items": [{"$ref": "https://h/c"}],
    }


def test_a_document_is_known_by_its_self_and_refers_to_others_from_there() -> None:
    root: Json = {
        "openapi": "3.2.0",
        "$self": "https://id.test/v1/api.yaml#x",
        "start": {"$ref": "b.yaml#/x"},
        "w": {"$ref": "https://h/api/root.yaml#/end"},
        "end": 7,
    }
    documents: dict[str, Json] = {
        "https://id.test/v1/b.yaml": {
            "openapi": "3.2.0",
            "$self": "../v2/b.yaml",
            "x": {"$ref": "#/y"},
            "y": {"$ref": "https://id.test/v2/b.yaml#/z"},
            "z": {"$ref": "../v1/api.yaml#/w"},
        },
    }
    assert resolve(root, documents) == Node(7, "https://id.test/v1/api.yaml", "/end", "/end")


def test_a_document_that_could_not_be_read_is_not_looked_for_in_others() -> None:
    root: Json = {"start": {"$ref": "gone.yaml"}, "a": {"$id": "gone.yaml"}}
    resolver = Resolver(root, "https://h/api/root.yaml", Documents({}, {"https://h/api/gone.yaml": "it is gone"}))
    with pytest.raises(UnresolvedReference, match="cannot be read: it is gone"):
        resolver.resolve(resolver.entry.get("start"))


IDENTIFIED: Json = {
    "openapi": "3.1.0",
    "components": {
        "$ref": "index.yaml",
        "schemas": {
            "A": {"$id": "https://s.test/schemas/a", "items": {"$ref": "b"}, "not": {"$ref": "/local.yaml"}},
            "B": {"$id": "https://s.test/schemas/b", "properties": {"$id": {"$ref": "c.yaml"}}, "if": {"$id": 7}},
            "C": {"$dynamicRef": "d.yaml#meta", "allOf": [{"$ref": "?query"}, {"$ref": 7}]},
        },
    },
    "paths": {"$ref": "paths.yaml#/all"},
}


def test_what_a_document_refers_to_does_not_depend_on_where_it_stands() -> None:
    written = written_references(IDENTIFIED)
    assert written == (
        *("?query", "d.yaml", "https://s.test/local.yaml", "https://s.test/schemas/c.yaml", "index.yaml", "paths.yaml"),
    )
    for uri in ("https://h/api/root.yaml", "file:///root.yaml"):
        found = external_references(IDENTIFIED, uri)
        assert found == external_references(None, uri, written)
        assert found == {resolve_uri(uri, each) for each in written}


def test_a_schema_document_refers_to_others_from_its_own_identity() -> None:
    schema: Json = {"$id": "https://s.test/a/b", "items": {"$ref": "c"}, "not": {"$ref": "b#/items"}}
    assert external_references(schema, "https://h/b.json") == {"https://s.test/a/c"}


def test_a_description_refers_to_others_from_its_self() -> None:
    root: Json = {
        "openapi": "3.2.0",
        "$self": "https://id.test/v1/api.yaml",
        "a": [{"$ref": "b"}, {"$ref": "api.yaml"}],
    }
    assert external_references(root, "https://h/root.yaml") == {"https://id.test/v1/b"}
