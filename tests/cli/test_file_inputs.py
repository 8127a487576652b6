"""`--input-file`: a file as text, as JSON, as base64, or as it is, as the schema of the input says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runner.cli.inputs import collect, values_for
from runner.errors import UsageError
from runner.plan.schemas import read_inputs
from runner.values import File, InputValue, Json
from tests.cli.process import arazzo
from tests.shell.server import always, answer, serve

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


def given(folder: Path, content: bytes, schema: Json, *, name: str = "me.png") -> InputValue:
    """What an input of this schema gets from a file of this content."""
    (folder / name).write_bytes(content)
    inputs = read_inputs({"properties": {"f": schema}, "$defs": {"file": {"format": "binary"}}}, {})
    return values_for(collect([], [], [f"f={folder / name}"], [], {}), inputs)["f"]


@pytest.mark.parametrize(
    ("content", "schema", "value"),
    [
        (b"line\n", {"type": "string"}, "line\n"),
        (b"\xef\xbb\xbfline", {"type": "string"}, "line"),
        (b'{"a": 1}', {"type": "string"}, '{"a": 1}'),
        (b'{"a": 1}', {"type": "object"}, {"a": 1}),
        (b'{"a": 1}', {}, {"a": 1}),
        (b"7\n", {"type": "integer"}, 7),
        (b"text", {}, "text"),
        (PNG, {}, PNG),
        (b"text", {"type": "string", "format": "binary"}, b"text"),
        (PNG, {"type": "string", "format": "binary"}, PNG),
        (PNG, {"contentMediaType": "image/png"}, PNG),
        (PNG, {"$ref": "#/$defs/file"}, PNG),
        (PNG, {"anyOf": [{"type": "null"}, {"type": "string", "format": "binary"}]}, PNG),
        (b"\x00\xff", {"type": "string", "format": "byte"}, "AP8="),
        (b"\x00\xff", {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}, "AP8="),
    ],
)
def test_a_file_is_read_as_the_schema_says(tmp_path: Path, content: bytes, schema: Json, value: InputValue) -> None:
    found = given(tmp_path, content, schema)
    assert found == value
    assert isinstance(found, File) is isinstance(value, bytes)


@pytest.mark.parametrize(
    ("name", "content_type"), [("me.png", "image/png"), ("a.JPG", "image/jpeg"), ("a.strange", None), ("none", None)]
)
def test_a_file_knows_its_name_and_what_the_name_says(tmp_path: Path, name: str, content_type: str | None) -> None:
    found = given(tmp_path, PNG, {"format": "binary"}, name=name)
    assert isinstance(found, File)
    assert (found.filename, found.content_type) == (name, content_type)


def test_a_file_that_is_no_text_is_refused_for_a_text_with_what_would_help(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--input-file f: it is not text") as caught:
        given(tmp_path, PNG, {"type": "string"})
    assert "format: binary" in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        collect([], [], [f"f={tmp_path / 'gone'}"], [], {})


API = """openapi: 3.1.0
info: {title: A, version: '1'}
servers: [{url: '%s'}]
paths:
  /upload:
    post:
      operationId: upload
      requestBody: {content: {multipart/form-data: {schema: {properties: {note: {type: string}, photo: {}}}}}}
      responses: {'200': {description: ok}}
"""
FLOW = """arazzo: 1.0.1
info: {title: F, version: '1'}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: flow
  inputs: {type: object, properties: {photo: {type: string, format: binary}, path: {type: string}}}
  steps:
  - {stepId: up, operationId: upload, requestBody: {payload: {note: $inputs.path, photo: $inputs.photo}}}
"""


def test_a_file_is_uploaded_and_reports_tell_its_size_only(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8192
    (tmp_path / "me.png").write_bytes(content)
    with serve(always(answer())) as server:
        (tmp_path / "api.yaml").write_text(API % server.url(""), encoding="utf-8")
        (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
        ended = arazzo(
            "run", "flow.yaml", "--input-file", "photo=me.png", "-i", "path=me.png", "--format", "json",
            "--report", "jsonl=run.jsonl", "--report", "junit=run.xml", cwd=tmp_path,
        )  # fmt: skip
        (received,) = server.received
    assert ended.code == 0, ended
    assert b'name="photo"; filename="me.png"\r\nContent-Type: image/png\r\n\r\n' + content in received.body
    assert b'name="note"\r\n\r\nme.png\r\n' in received.body  # a path in a text is a text: nothing is read
    assert ended.json["workflows"][0]["inputs"]["photo"] == {"$bytes": len(content)}
    started = json.loads((tmp_path / "run.jsonl").read_text(encoding="utf-8").splitlines()[2])
    assert started["inputs"]["photo"]["length"] == len(content)
    written = sum((tmp_path / name).stat().st_size for name in ("run.jsonl", "run.xml")) + len(ended.out)
    assert written < len(content) / 2, written


def test_a_pipe_by_its_name_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it is a named pipe, not a file"):
        collect([], [], [f"f={tmp_path / 'pipe'}"], [], {})
