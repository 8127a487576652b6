"""Holds the API descriptions against the published ones, and their examples against their schemas."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[1]
SEEDS = ROOT.parent / "shared" / "seeds"
PUBLISHED = ("site", "orchestration")
NAMES = (*PUBLISHED, "oauth")
METHODS = ("get", "put", "post", "patch", "delete", "head")

# Maps whose keys are names, so that `x-added` in them would be one more name.
MAPS_OF_NAMES = (
    *("properties", "content", "schemas", "responses", "headers"),
    *("examples", "parameters", "securitySchemes", "callbacks"),
)

# Nothing in a Reference Object but these two may stand beside `$ref`.
BESIDE_REFERENCE = {"$ref", "summary", "description"}


@functools.cache
def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def spec(name: str) -> dict[str, Any]:
    return read(ROOT / "specs" / f"civitai-{name}.openapi.yaml")


def unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def at(document: Any, pointer: str) -> Any:
    for token in map(unescape, pointer.split("/")[1:]):
        document = document[int(token)] if isinstance(document, list) else document[token]
    return document


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every node of the description; what an example holds is data, not description."""
    yield path, node
    if path[-1:] in (("example",), ("value",)):
        return
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, member in items:
        yield from walk(member, (*path, str(key)))


def without_additions(node: Any) -> Any:
    """Take away what the `x-added` lists name, and the lists; a name that leads nowhere is an error."""
    if isinstance(node, list):
        return [without_additions(member) for member in node]
    if not isinstance(node, dict):
        return node
    kept = copy.deepcopy(node)
    for pointer in kept.pop("x-added", ()):
        *way, last = map(unescape, pointer.split("/"))
        holder = kept
        for token in way:
            holder = holder[token]
        del holder[last]
    return {key: without_additions(member) for key, member in kept.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_without_its_marked_additions_a_description_is_the_published_one(name: str) -> None:
    seed_path = SEEDS / f"{name}.openapi.yaml"
    if not seed_path.exists():
        pytest.skip(f"the published descriptions are not here: {SEEDS}")
    seed = read(seed_path)
    ours = without_additions(spec(name))
    # `info.description` explains the additions after the published text.
    assert ours["info"]["description"].startswith(seed["info"]["description"])
    ours["info"]["description"] = seed["info"]["description"]
    assert ours == seed


def is_map_of_names(path: tuple[str, ...]) -> bool:
    """Say so by the key; a property may have any name, and what it names is a schema."""
    return path[-1:] != () and path[-1] in MAPS_OF_NAMES and path[-2:-1] != ("properties",)


@pytest.mark.parametrize("name", PUBLISHED)
def test_additions_are_marked_only_where_an_extension_may_stand(name: str) -> None:
    marked = [(path, node) for path, node in walk(spec(name)) if isinstance(node, dict) and "x-added" in node]
    assert marked
    for path, node in marked:
        assert "$ref" not in node, path
        assert not is_map_of_names(path), path


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_somewhere_and_stands_alone(name: str) -> None:
    document = spec(name)
    references = [(path, node) for path, node in walk(document) if isinstance(node, dict) and "$ref" in node]
    assert references
    for path, node in references:
        assert node["$ref"].startswith("#/"), path
        assert at(document, node["$ref"]) is not None
        assert set(node) <= BESIDE_REFERENCE, path


@pytest.mark.parametrize("name", NAMES)
def test_every_component_is_used(name: str) -> None:
    document = spec(name)
    used = {node["$ref"] for _, node in walk(document) if isinstance(node, dict) and "$ref" in node}
    declared = {
        f"#/components/{kind}/{key}"
        for kind, members in document["components"].items()
        if kind not in ("securitySchemes", "x-added")
        for key in members
    }
    assert declared <= used


def examples(document: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Give each example with the schema it stands beside: of schemas, of parameters and headers, of media types."""
    for path, node in walk(document):
        where = "/".join(path)
        if not isinstance(node, dict):
            continue
        if "example" in node:
            yield where, node["schema"], node["example"]
        beside = node.get("examples")
        if isinstance(beside, list):
            for value in beside:
                yield where, node, value
        elif isinstance(beside, dict) and "schema" in node:
            for key, entry in beside.items():
                resolved = at(document, entry["$ref"]) if "$ref" in entry else entry
                yield f"{where}/{key}", node["schema"], resolved["value"]


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_against_its_schema(name: str) -> None:
    document = spec(name)
    found = list(examples(document))
    assert len(found) > 20
    for where, schema, value in found:
        # The description lies around the schema, so that `#/components/...` leads there.
        validator = jsonschema.Draft202012Validator({"components": document["components"], "allOf": [schema]})
        faults = [fault.message for fault in validator.iter_errors(value)]
        assert not faults, where


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_a_valid_json_schema(name: str) -> None:
    for schema in spec(name)["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (method, operation)
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_declares_the_replies_of_an_overloaded_server(name: str) -> None:
    document = spec(name)
    for _, operation in operations(document):
        assert {"429", "503", "5XX"} <= set(operation["responses"]), operation["operationId"]
        for status in ("429", "503"):
            reply = operation["responses"][status]
            resolved = at(document, reply["$ref"]) if "$ref" in reply else reply
            assert "Retry-After" in resolved["headers"], operation["operationId"]


@pytest.mark.parametrize("name", NAMES)
def test_every_error_reply_has_the_shape_of_an_error_and_those_to_head_no_body(name: str) -> None:
    document = spec(name)
    error = {"$ref": "#/components/schemas/Error"}
    for method, operation in operations(document):
        for status, reply in operation["responses"].items():
            if status < "4":
                continue
            resolved = at(document, reply["$ref"]) if "$ref" in reply else reply
            if method == "head":
                assert "content" not in resolved
            else:
                assert resolved["content"]["application/json"]["schema"] == error, (operation["operationId"], status)


def test_a_webhook_is_described_where_it_is_asked_for() -> None:
    document = spec("orchestration")
    submit = document["paths"]["/v2/consumer/workflows"]["post"]
    assert list(submit["callbacks"]["workflowEvent"]) == ["{$request.body#/callbackUrl}"]
    request = document["components"]["schemas"]["WorkflowRequest"]
    assert "callbackUrl" in request["properties"]
