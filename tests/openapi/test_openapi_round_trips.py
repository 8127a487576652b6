"""What was meant arrives: bodies of every kind, sent over loopback and read there by parsers that are not ours."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from starlette.datastructures import UploadFile
from starlette.requests import Request

import runner
from runner.engine.events import Answered, Entry
from runner.exchange import Response
from runner.result import Result
from runner.values import InputValue, Json
from tests.openapi.stack import Stack, problem, stack
from tests.shell.server import Connection, Received, answer

PNG = b"\x89PNG\r\n\x1a\n\x00\xff--" + bytes(range(256))


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("documents")) as made:
        yield made


def post(
    wire: Stack,
    content: Json,
    body: dict[str, Json],
    inputs: dict[str, InputValue] | None = None,
    version: str = "3.2.0",
) -> Received:
    result = wire.run(
        {"method": "post", "requestBody": {"content": content}}, {"requestBody": body}, inputs, version=version
    )
    assert result.outcome == "passed", problem(result)
    return wire.last


def form(received: Received) -> list[tuple[str, Any]]:
    """Read a form as Starlette does for an application: texts, and files as name, type and content."""

    async def read() -> list[tuple[str, Any]]:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": received.body, "more_body": False}

        headers = [(name.lower().encode(), value.encode()) for name, value in received.fields]
        async with Request({"type": "http", "method": "POST", "headers": headers}, receive).form() as found:
            return [
                (name, (item.filename, item.content_type, await item.read()) if isinstance(item, UploadFile) else item)
                for name, item in found.multi_items()
            ]

    return asyncio.run(read())


def lines(body: bytes) -> list[Json]:
    return [json.loads(line) for line in body.splitlines()]


def records(body: bytes) -> list[Json]:
    assert body.startswith(b"\x1e")
    return [json.loads(record) for record in body[1:].split(b"\x1e")]


def xml(body: bytes) -> object:
    return etree.fromstring(body).text


NESTED: Json = {"a": [1, 1.5, None, True, 'é"\\\r\n☃'], "": {}, "big": 2**70, "long": "x" * 100_000}


@pytest.mark.parametrize(
    ("content_type", "payload", "parse", "meant"),
    [
        ("application/json", NESTED, json.loads, NESTED),
        ("application/merge-patch+json", {"a": None}, json.loads, {"a": None}),
        ("application/json; charset=utf-8", "é", json.loads, "é"),
        ("application/json", '{"a": "{$inputs.text}", "b": "{$inputs.list}"}', json.loads,
         {"a": 'x"y\\', "b": [1, "2"]}),
        ("application/jsonl", [{"a": "\n"}, 1, "é"], lines, [{"a": "\n"}, 1, "é"]),
        ("application/x-ndjson", '{"a": "{$inputs.text}"}\n2\n', lines, [{"a": 'x"y\\'}, 2]),
        ("application/json-seq", [{"a": "\x1e"}, None], records, [{"a": "\x1e"}, None]),
        ("text/plain; charset=utf-16", "é☃", lambda body: body.decode("utf-16"), "é☃"),
        ("text/csv", "a,b\r\n1,2\r\n", bytes.decode, "a,b\r\n1,2\r\n"),
        ("application/xml", '<?xml version="1.0"?><a>é</a>', xml, "é"),
        ("text/xml; charset=iso-8859-1", '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>', xml, "é"),
        ("application/octet-stream", {"filename": "x", "content": "AP8=", "contentEncoding": "base64"}, bytes,
         b"\x00\xff"),
    ],
)  # fmt: skip
def test_a_body_arrives_as_it_was_meant(
    wire: Stack, content_type: str, payload: Json, parse: Callable[[bytes], object], meant: object
) -> None:
    received = post(wire, {content_type: {}}, {"payload": payload}, {"text": 'x"y\\', "list": [1, "2"]})
    assert received.field("content-type") == content_type
    assert parse(received.body) == meant


def test_text_names_its_charset_where_it_matters(wire: Stack) -> None:
    assert post(wire, {"text/plain": {}}, {"payload": "é"}).field("content-type") == "text/plain; charset=utf-8"


def test_a_url_encoded_form_arrives(wire: Stack) -> None:
    media: Json = {
        "schema": {"type": "object"},
        "encoding": {
            "deep": {"style": "deepObject"},
            "piped": {"style": "pipeDelimited", "explode": False},
            "json": {"contentType": "application/json"},
            "kept": {"allowReserved": True},
        },
    }
    payload: Json = {
        "text": "é &=+%\r\n", "": "no name", "list": ["a", "b c"], "object": {"k": [1]}, "flag": False, "none": None,
        "deep": {"a": "1&"}, "piped": ["a", "b"], "json": "quoted", "kept": "a/b?c", "number": 1.0,
    }  # fmt: skip
    received = post(wire, {"application/x-www-form-urlencoded": media}, {"payload": payload})
    assert form(received) == [
        ("text", "é &=+%\r\n"), ("", "no name"), ("list", "a"), ("list", "b c"), ("object", '{"k":[1]}'),
        ("flag", "false"), ("deep[a]", "1&"), ("piped", "a|b"), ("json", '"quoted"'), ("kept", "a/b?c"),
        ("number", "1"),
    ]  # fmt: skip


def test_a_form_may_be_written_out(wire: Stack) -> None:
    body: dict[str, Json] = {"payload": "a={$inputs.v}&b=2"}
    received = post(wire, {"application/x-www-form-urlencoded": {}}, body, {"v": "x y&z"})
    assert form(received) == [("a", "x y&z"), ("b", "2")]


def test_a_multipart_form_arrives_with_its_files(wire: Stack) -> None:
    media: Json = {
        "schema": {"properties": {"raw": {"type": "string", "format": "binary"}}},
        "encoding": {"avatar": {"contentType": "image/png, image/jpeg"}},
    }
    payload: Json = {
        "text": "é\r\n", "list": ["a", "b"], "object": {"k": "é"}, "flag": True, "none": None, "raw": "bytes",
        "given": {"filename": 'ä "1".bin', "content": "AP8=", "contentEncoding": "base64"},
        "avatar": "$inputs.avatar", "files": ["$inputs.avatar", "$inputs.plain"],
    }  # fmt: skip
    files: dict[str, InputValue] = {"avatar": runner.File(PNG, "me.jpg", "image/jpeg"), "plain": PNG}
    received = post(wire, {"multipart/form-data": media}, {"payload": payload}, files)
    assert form(received) == [
        ("text", "é\r\n"), ("list", "a"), ("list", "b"), ("object", '{"k":"é"}'), ("flag", "true"),
        ("raw", ("raw", "application/octet-stream", b"bytes")),
        ("given", ("ä %221%22.bin", "application/octet-stream", b"\x00\xff")),
        ("avatar", ("me.jpg", "image/jpeg", PNG)),
        ("files", ("me.jpg", "image/jpeg", PNG)), ("files", ("files", "application/octet-stream", PNG)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("offered", "wanted", "file", "sent"),
    [
        (["application/octet-stream"], None, runner.File(PNG, "a.png", "image/png"), "application/octet-stream"),
        (["image/jpeg", "image/png"], None, runner.File(PNG, "a.png", "image/png"), "image/png"),
        (["image/*"], None, runner.File(PNG, "a.png", "image/png"), "image/png"),
        (["application/json", "image/png"], None, PNG, "image/png"),
        (["*/*"], None, PNG, "application/octet-stream"),
        (["*/*"], None, runner.File(PNG, "a.png", "image/png"), "image/png"),
        ([], None, PNG, "application/octet-stream"),
        (["image/*"], "image/webp", PNG, "image/webp"),
    ],
)
def test_a_file_may_be_the_whole_body(
    wire: Stack, offered: list[str], wanted: str | None, file: bytes, sent: str
) -> None:
    body: dict[str, Json] = {"payload": "$inputs.file", **({"contentType": wanted} if wanted else {})}
    received = post(wire, {each: {} for each in offered}, body, {"file": file})
    assert (received.field("content-type"), received.body) == (sent, PNG)


def test_a_content_type_that_is_given_as_a_header_is_that_of_the_body(wire: Stack) -> None:
    given: Json = [{"name": "content-type", "in": "header", "value": "multipart/form-data"}]
    step: dict[str, Json] = {"parameters": given, "requestBody": {"payload": {"a": "b"}}}
    assert wire.run({"method": "post"}, step).outcome == "passed"
    assert [value for name, value in wire.last.fields if name.lower() == "content-type"] != []
    assert form(wire.last) == [("a", "b")]


def test_an_optional_body_that_is_not_there_is_not_sent(wire: Stack) -> None:
    for step in ({}, {"requestBody": {"payload": "$inputs.gone"}}):
        schema: Json = {"properties": {"gone": {}}}
        operation: dict[str, Json] = {"method": "post", "requestBody": {"content": {"application/json": {}}}}
        assert wire.run(operation, step, schema=schema).outcome == "passed"
        assert (wire.last.field("content-length"), wire.last.field("content-type")) == ("0", None)


@pytest.mark.parametrize(
    ("content_type", "payload", "why"),
    [
        ("application/xml", {"a": 1}, "give the XML as text"),
        ("multipart/form-data", [1], "made from an object"),
        ("image/*", "x", "say which one with contentType"),
        ("application/jsonl", {"a": 1}, "made from an array"),
        ("application/json", {"a": float("inf")}, "cannot spell"),
        ("text/plain; charset=latin-1", "☃", "does not have"),
        ("multipart/form-data", {"f": {"filename": "a", "content": "?", "contentEncoding": "base64"}}, "not base64"),
    ],
)
def test_a_payload_without_a_form_is_refused_where_it_stands(
    wire: Stack, content_type: str, payload: Json, why: str
) -> None:
    before = len(wire.server.received)
    operation: dict[str, Json] = {"method": "post", "requestBody": {"content": {content_type: {}}}}
    result = wire.run(operation, {"requestBody": {"payload": "$inputs.p"}}, {"p": payload})
    assert why in problem(result)
    if payload != {"a": float("inf")}:  # JSON, in which the document is written, has no such number
        with pytest.raises(runner.DescriptionError, match=why):
            wire.run(operation, {"requestBody": {"payload": payload}})
    assert len(wire.server.received) == before


@pytest.mark.parametrize("payload", [{"f": "$inputs.f"}, ["$inputs.f"]])
def test_a_file_is_no_part_of_json(wire: Stack, payload: Json) -> None:
    operation: dict[str, Json] = {"method": "post", "requestBody": {"content": {"application/json": {}}}}
    result = wire.run(operation, {"requestBody": {"payload": payload}}, {"f": PNG})
    assert problem(result).endswith("'$inputs.f' is a binary body, which can only be used whole")


def responses(result: Result) -> list[Response]:
    return [
        entry.event.exchange.reply
        for entry in result.entries
        if isinstance(entry.event, Answered) and isinstance(entry.event.exchange.reply, Response)
    ]


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON_TYPE = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("method", "reply", "criterion"),
    [
        ("get", answer(JSON_TYPE, "Content-Encoding: gzip", body=gzip.compress(b'{"a":1}')), "$response.body#/a == 1"),
        ("get", answer(JSON_TYPE, "Content-Encoding: deflate", body=zlib.compress(b'{"a":1}')),
         "$response.body#/a == 1"),
        ("get", CHUNKED + b'4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n', "$response.body#/a == 1"),
        ("get", answer(JSON_TYPE), "$statusCode == 200 && $response.body == null"),
        ("delete", b"HTTP/1.1 204 No Content\r\n\r\n", "$statusCode == 204 && $response.body == null"),
        ("head", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Type: application/json\r\n\r\n",
         "$statusCode == 200 && $response.header.content-length == 7 && $response.body == null"),
    ],
)  # fmt: skip
def test_replies_of_every_kind_are_understood(tmp_path: Path, method: str, reply: bytes, criterion: str) -> None:
    def behave(connection: Connection) -> None:
        while connection.request():
            connection.send(reply)

    with stack(tmp_path, behave) as wire:
        for _ in range(2):  # the connection is in order afterwards
            assert wire.run({"method": method}, {"successCriteria": [{"condition": criterion}]}).outcome == "passed"


def redirecting(connection: Connection) -> None:
    while received := connection.request():
        elsewhere = received.line.split(" ")[1] == "/things"
        connection.send(
            answer("Location: /elsewhere", status="302 Found") if elsewhere else answer(JSON_TYPE, body=b'"there"')
        )


def test_a_redirect_is_an_answer_where_it_is_declared_and_followed_where_it_is_not(tmp_path: Path) -> None:
    with stack(tmp_path, redirecting) as wire:
        criterion = "$statusCode == 302 && $response.header.location == '/elsewhere'"
        step: dict[str, Json] = {"successCriteria": [{"condition": criterion}]}
        assert wire.run({"responses": {"302": {"description": "there"}}}, step).outcome == "passed"
        assert len(wire.server.received) == 1
        step = {"successCriteria": [{"condition": "$response.body == 'there'"}]}
        assert wire.run({}, step).outcome == "passed"
        assert [received.line.split(" ")[1] for received in wire.server.received[1:]] == ["/things", "/elsewhere"]


def test_what_was_downloaded_is_uploaded_byte_for_byte(tmp_path: Path) -> None:
    def behave(connection: Connection) -> None:
        while received := connection.request():
            is_download = received.line.startswith("GET")
            connection.send(answer("Content-Type: image/png", body=PNG) if is_download else answer())

    ok: Json = {"200": {"description": "ok"}}
    binary: Json = {"content": {"image/png": {}}}
    multipart: Json = {"content": {"multipart/form-data": {}}}
    paths: dict[str, Json] = {
        "/down": {"get": {"operationId": "down", "responses": ok}},
        "/up": {"put": {"operationId": "up", "requestBody": binary, "responses": ok}},
        "/form": {"post": {"operationId": "form", "requestBody": multipart, "responses": ok}},
    }
    output = "$steps.down.outputs.image"
    steps: list[Json] = [
        {"stepId": "down", "operationId": "down", "outputs": {"image": "$response.body"}},
        {"stepId": "up", "operationId": "up", "requestBody": {"payload": output}},
        {
            "stepId": "form",
            "operationId": "form",
            "requestBody": {"payload": {"f": None}, "replacements": [{"target": "/f", "value": output}]},
        },
    ]
    with stack(tmp_path, behave) as wire:
        assert wire.run_steps(paths, steps).outcome == "passed"
        _, whole, part = wire.server.received
    assert (whole.field("content-type"), whole.body) == ("image/png", PNG)
    assert form(part) == [("f", ("f", "application/octet-stream", PNG))]


def test_a_file_input_satisfies_a_schema_for_text_and_no_other(wire: Stack) -> None:
    operation: dict[str, Json] = {"method": "post", "requestBody": {"content": {"application/octet-stream": {}}}}
    step: dict[str, Json] = {"requestBody": {"payload": "$inputs.f"}}
    for schema in ({"type": "string", "format": "binary", "minLength": 5}, {}, {"type": ["string", "null"]}):
        declared: Json = {"type": "object", "required": ["f"], "properties": {"f": schema}}
        assert wire.run(operation, step, {"f": b"\x00"}, schema=declared).outcome == "passed"
    declared = {"properties": {"f": {"type": "object"}}}
    with pytest.raises(runner.InputsError) as caught:
        wire.run(operation, step, {"f": b"\x00"}, schema=declared)
    assert "f: is a file, for which its schema says type: string" in str(caught.value.problems)
    with pytest.raises(runner.InputsError) as caught:
        wire.run(operation, step, {"f": {"content": b"\x00"}}, schema=declared)  # type: ignore[dict-item]
    assert "f: a file can be an input, but no part of one" in str(caught.value.problems)


def test_a_file_is_handed_to_another_workflow_and_kept_once(tmp_path: Path) -> None:
    big = runner.File(b"\x00\xff" * 1_000_000, "big.bin")
    seen: list[Entry] = []
    with stack(tmp_path) as wire:
        info: Json = {"title": "T", "version": "1"}
        body: Json = {"content": {"application/octet-stream": {}}}
        operation: Json = {"operationId": "op", "requestBody": body, "responses": {"200": {"description": "ok"}}}
        api: Json = {
            "openapi": "3.1.2",
            "info": info,
            "servers": [{"url": wire.server.url("")}],
            "paths": {"/": {"post": operation}},
        }
        call: Json = {"stepId": "c", "workflowId": "w", "parameters": [{"name": "g", "value": "$inputs.f"}]}
        send: Json = {"stepId": "s", "operationId": "op", "requestBody": {"payload": "$inputs.g"}}
        flow: Json = {
            "arazzo": "1.0.1",
            "info": info,
            "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
            "workflows": [
                {"workflowId": "v", "inputs": {"properties": {"f": {}}}, "steps": [call]},
                {"workflowId": "w", "inputs": {"properties": {"g": {"type": "string"}}}, "steps": [send]},
            ],
        }
        (tmp_path / "api.json").write_text(json.dumps(api))
        (tmp_path / "flow.json").write_text(json.dumps(flow))
        plan = runner.compile(runner.load(str(tmp_path / "flow.json")))
        result = runner.run(plan, "v", inputs={"f": big}, tell=seen.append)
        assert result.outcome == "passed", result.problem
        assert wire.last.body == big
    held = [value for entry in seen for value in getattr(entry.event, "inputs", {}).values()]
    assert held == [big, big]
    assert all(value is big for value in held)
    [exchange] = [entry.event.exchange for entry in seen if isinstance(entry.event, Answered)]
    assert exchange.sent.body is big
