"""The JSON Schema that editors use says what `arazzo check` says of the shape of a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.arazzo.dialect import DIALECTS, Dialect
from runner.arazzo.meanings import FIELDS, OBJECTS
from runner.arazzo.schema import json_schema
from runner.loader.shape import check_shape
from runner.loader.text import read_text
from runner.schema import compile_schema
from runner.source import Source
from tests.cli.process import arazzo

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_every_object_and_field_is_explained(dialect: Dialect) -> None:
    assert dialect.objects.keys() == OBJECTS.keys()
    for name, fields in dialect.objects.items():
        assert fields.keys() <= FIELDS[name].keys()


def test_the_bundled_workflows_are_valid() -> None:
    schemas = {name: compile_schema(json_schema(dialect)) for name, dialect in DIALECTS.items()}
    for path in sorted((ROOT / "workflows").glob("*.arazzo.yaml")):
        value = read_text(Source(path.as_uri(), path.name, path.read_text(encoding="utf-8"))).value
        assert isinstance(value, dict)
        assert schemas[str(value["arazzo"])[:3]].errors(value) == ()


GOOD: dict[str, Any] = {
    "arazzo": "1.0.1",
    "info": {"title": "T", "version": "1"},
    "sourceDescriptions": [{"name": "a", "url": "a.yaml"}],
    "workflows": [{"workflowId": "w", "steps": [{"stepId": "s", "operationId": "o"}]}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    document = json.loads(json.dumps(GOOD))
    *way, last = path.split("/")
    at = document
    for token in way:
        at = at[int(token)] if isinstance(at, list) else at[token]
    at[last] = value
    return document


BROKEN = [
    changed("arazzo", "2.0.0"),
    changed("arazzo", 1.0),
    changed("workflows", []),
    changed("workflows/0/steps/0/operationID", "o"),
    changed("workflows/0/steps/0/stepId", 7),
    changed("workflows/0/steps/0/timeout", 5),  # a field of 1.1
    changed("workflows/0/steps/0/onFailure", [{"name": "n", "type": "again"}]),
    changed("workflows/0/steps/0/onFailure", [{"name": "n", "type": "retry", "retryAfter": -1}]),
    changed("workflows/0/steps/0/parameters", [{"reference": "$components.parameters.p", "in": "query"}]),
    changed("workflows/0/steps/0/outputs", {"the id": "$response.body"}),
]


@pytest.mark.parametrize("document", BROKEN, ids=range(len(BROKEN)))
def test_what_it_refuses_is_told_by_check_too(document: dict[str, Any]) -> None:
    assert compile_schema(json_schema(DIALECTS["1.0"])).errors(document)
    text = read_text(Source("memory:///d", "d", json.dumps(document)))
    version = document["arazzo"] in ("2.0.0", 1.0)  # which is told before the shape is looked at
    assert version or list(check_shape(document, text.places, DIALECTS["1.0"]))


def test_the_command_prints_it_or_writes_it_with_the_line_that_uses_it(tmp_path: Path) -> None:
    printed = arazzo("schema", "--arazzo", "1.1")
    assert printed.json["title"] == "Arazzo 1.1"
    written = arazzo("schema", "--arazzo", "1.1", "-o", "arazzo.schema.json", cwd=tmp_path)
    assert (tmp_path / "arazzo.schema.json").read_text(encoding="utf-8") == printed.out
    assert "# yaml-language-server: $schema=arazzo.schema.json" in written.err
