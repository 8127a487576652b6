from __future__ import annotations

import json
from email import message_from_bytes
from urllib.parse import parse_qsl

import pytest

from runner.openapi.body import encode_body, encode_text
from runner.openapi.encoding import Layout, layout_of
from runner.openapi.problem import SerializationProblem
from runner.openapi.read import read_openapi
from runner.openapi.references import Documents
from runner.values import ABSENT, Json, Value
from tests.openapi.conftest import places_of

FORM = "application/x-www-form-urlencoded"
FORM_DATA = "multipart/form-data"
MIXED = "multipart/mixed"


def layout(media: Json, content_type: str, *, version: str = "3.2.0", schemas: Json = None) -> Layout:
    """How the parts of a form are written that a description declares like this."""
    description: Json = {
        "openapi": version,
        "paths": {"/": {"post": {"requestBody": {"content": {content_type: media}}}}},
        "components": {"schemas": schemas or {}},
    }
    uri = "https://api.test/openapi.json"
    api, _ = read_openapi(description, uri, places_of(description, uri), Documents({}))
    body = api.by_pointer["/paths/~1/post"].request_body
    assert body is not None
    return layout_of(api, body.content[content_type], content_type)


@pytest.mark.parametrize(
    ("value", "content_type", "body", "final"),
    [
        ({"a": [1, 1.5, None, True, "é"]}, "application/json", '{"a":[1,1.5,null,true,"é"]}', "application/json"),
        ("text", "application/json", '"text"', "application/json"),
        (None, "application/json", "null", "application/json"),
        ([{"op": "add"}], "application/json-patch+json", '[{"op":"add"}]', "application/json-patch+json"),
        ({"a": 1}, "application/json; charset=utf-8", '{"a":1}', "application/json; charset=utf-8"),
        ([{"a": 1}, 2], "application/x-ndjson", '{"a":1}\n2\n', "application/x-ndjson"),
        ([{"a": 1}, 2], "application/jsonl", '{"a":1}\n2\n', "application/jsonl"),
        ([{"a": 1}, 2], "application/json-seq", '\x1e{"a":1}\n\x1e2\n', "application/json-seq"),
        ([{"a": 1}], "application/geo+json-seq", '\x1e{"a":1}\n', "application/geo+json-seq"),
        ({"filename": "a", "content": "aGk=", "contentEncoding": "base64"}, "image/png", "hi", "image/png"),
        ("hi", "text/plain", "hi", "text/plain"),
        ("é", "text/plain", "é", "text/plain; charset=utf-8"),
        (1.0, "text/plain", "1", "text/plain"),
        ("<a>é</a>", "application/xml", "<a>é</a>", "application/xml"),
        ("raw", "application/octet-stream", "raw", "application/octet-stream"),
        ("a=1&b=2", FORM, "a=1&b=2", FORM),
        (ABSENT, "application/json", "", "application/json"),
    ],
)
def test_a_body_is_encoded_by_its_media_type(value: Value, content_type: str, body: str, final: str) -> None:
    assert encode_body(value, content_type) == (body.encode(), final)


@pytest.mark.parametrize("content_type", ["image/png", "application/json", "multipart/form-data; boundary=x"])
def test_bytes_go_as_they_are(content_type: str) -> None:
    assert encode_body(b"\x89PNG\x00", content_type) == (b"\x89PNG\x00", content_type)


def test_text_is_written_in_the_charset_of_its_type() -> None:
    assert encode_body("é", "text/plain; charset=latin-1") == (b"\xe9", "text/plain; charset=latin-1")


def test_json_text_is_not_encoded_again() -> None:
    assert encode_text('{"a": 1}', "application/json") == (b'{"a": 1}', "application/json")


@pytest.mark.parametrize(
    ("value", "content_type", "problem"),
    [
        ({"a": 1}, "application/xml", "give the XML as text"),
        ({"a": 1}, "text/plain", "no form in 'text/plain'"),
        ([1], "image/png", "no form in 'image/png'"),
        ({"content": "x", "filename": "a", "contentEncoding": "gzip"}, "image/png", "contentEncoding"),
        ({"a": 1}, "application/jsonl", "from an array"),
        ({"a": 1}, "application/json-seq", "from an array"),
        ("x", "image/*", "a range of media types: say which one"),
        (float("nan"), "text/plain", "not finite"),
        ({"a": float("nan")}, FORM, "not finite"),
        ([1], FORM, "made from an object"),
        ([1], "multipart/form-data", "made from an object"),
        ("x", "multipart/form-data", "needs a boundary"),
        (b"x", "multipart/form-data", "needs a boundary"),
        ({"a": float("inf")}, "application/json", "number"),
        ({"a": {"b": float("nan")}}, FORM, "number"),
        ("☃", "text/plain; charset=latin-1", "does not have"),
        ("x", "text/plain; charset=klingon", "unknown"),
        ("x", "json", "'json' is not a media type: write it as type/subtype"),
        (b"x", "", "'' is not a media type"),
        ("x", "text/plain\r\nEvil: 1", "Content-Type"),
    ],
)
def test_what_cannot_be_encoded_is_refused(value: Json, content_type: str, problem: str) -> None:
    with pytest.raises(SerializationProblem, match=problem):
        encode_body(value, content_type)


@pytest.mark.parametrize(
    ("value", "encoding", "body"),
    [
        ({"a": "x y&z", "b": 1.0, "c": True, "~": "+"}, {}, "a=x+y%26z&b=1&c=true&%7E=%2B"),
        ({"tags": ["a", "b"], "none": None, "empty": [], "text": ""}, {}, "tags=a&tags=b&text="),
        ({"o": {"k": "v w"}}, {}, "o=%7B%22k%22%3A%22v+w%22%7D"),
        ({"o": [{"k": 1}, [2]]}, {}, "o=%7B%22k%22%3A1%7D&o=%5B2%5D"),
        ({"tags": ["a", "b c"]}, {"tags": {"explode": False}}, "tags=a,b%20c"),
        ({"tags": ["a", "b"]}, {"tags": {"style": "pipeDelimited"}}, "tags=a%7Cb"),
        ({"o": {"k": 1}}, {"o": {"style": "deepObject", "explode": True}}, "o%5Bk%5D=1"),
        ({"o": {"k": 1}}, {"o": {"style": "form"}}, "k=1"),
        ({"a": "x/y"}, {"a": {"allowReserved": True}}, "a=x/y"),
        ({"a": "x"}, {"a": {"contentType": "application/json"}}, "a=%22x%22"),
        ({"a": [], "b": 1}, {"a": {"style": "form"}}, "b=1"),
        ({}, {}, ""),
    ],
)
def test_an_object_becomes_a_url_encoded_form(value: Json, encoding: Json, body: str) -> None:
    assert encode_body(value, FORM, layout({"encoding": encoding}, FORM)) == (body.encode(), FORM)


def test_a_url_encoded_form_reads_back() -> None:
    value: Json = {"ä ö": "☃&=+%", "n": "line\r\nbreak"}
    body, _ = encode_body(value, FORM)
    assert dict(parse_qsl(body.decode())) == value


def parts(value: Json, media: dict[str, Json] | None = None) -> list[tuple[str | None, str | None, str | None, bytes]]:
    """Name, file name, content type and content of each part, read by another parser."""
    body, content_type = encode_body(value, FORM_DATA, layout(media or {}, FORM_DATA))
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = []
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        found.append((name, part.get_filename(), part["content-type"], part.get_payload(decode=True)))
    return found


@pytest.mark.parametrize(
    ("value", "media", "expected"),
    [
        ({"a": "x", "n": 1.0, "b": False}, {}, [("a", None, None, b"x"), ("n", None, None, b"1"),
                                                ("b", None, None, b"false")]),
        ({"o": {"k": "v"}}, {}, [("o", None, "application/json", b'{"k":"v"}')]),
        ({"t": ["a", "b", None], "z": None}, {}, [("t", None, None, b"a"), ("t", None, None, b"b")]),
        ({"f": {"filename": "a.png", "contentType": "image/png", "content": "P\r\nNG"}}, {},
         [("f", "a.png", "image/png", b"P\r\nNG")]),
        ({"f": {"filename": "a.bin", "content": "AP8=", "contentEncoding": "base64"}}, {},
         [("f", "a.bin", "application/octet-stream", b"\x00\xff")]),
        ({"f": {"contentType": "text/csv", "content": "a,b"}}, {}, [("f", None, "text/csv", b"a,b")]),
        ({"f": {"content": "a", "other": 1}}, {}, [("f", None, "application/json", b'{"content":"a","other":1}')]),
        ({"f": [{"filename": "1", "content": "a"}, {"filename": "2", "content": "b"}]}, {},
         [("f", "1", "application/octet-stream", b"a"), ("f", "2", "application/octet-stream", b"b")]),
        ({"f": "data"}, {"schema": {"properties": {"f": {"type": "string", "format": "binary"}}}},
         [("f", "f", "application/octet-stream", b"data")]),
        ({"f": ["a"]}, {"schema": {"properties": {"f": {"type": "array", "items": {}}}}},
         [("f", "f", "application/octet-stream", b"a")]),
        ({"f": "data"}, {"schema": {"properties": {"f": {"contentMediaType": "image/png"}}},
                         "encoding": {"f": {"contentType": "image/*, image/png"}}},
         [("f", "f", "image/png", b"data")]),
        ({"m": "<a/>"}, {"encoding": {"m": {"contentType": "application/xml"}}},
         [("m", None, "application/xml", b"<a/>")]),
    ],
)  # fmt: skip
def test_an_object_becomes_a_multipart_form(value: Json, media: dict[str, Json], expected: list[object]) -> None:
    assert parts(value, media) == expected


def test_bytes_in_a_form_are_files() -> None:
    downloaded: Json = {"f": b"\x00\xff", "g": {"filename": "g.png", "contentType": "image/png", "content": b"\xff"}}  # type: ignore[dict-item]
    assert parts(downloaded) == [
        ("f", "f", "application/octet-stream", b"\x00\xff"),
        ("g", "g.png", "image/png", b"\xff"),
    ]


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
@pytest.mark.parametrize("value", [{"f": b"x"}, {"f": {"g": b"x"}}])
def test_bytes_within_text_are_refused(content_type: str, value: dict[str, Json]) -> None:
    with pytest.raises(SerializationProblem, match="binary"):
        encode_body(value, content_type)


def test_the_same_form_gives_the_same_bytes() -> None:
    value: Json = {"a": "x"}
    assert encode_body(value, "multipart/form-data") == encode_body(value, "multipart/form-data")
    assert encode_body(value, "multipart/form-data")[1] != encode_body({"a": "y"}, "multipart/form-data")[1]


def test_the_boundary_occurs_in_no_part() -> None:
    boundary = encode_body({"a": "x"}, "multipart/form-data")[1].partition("boundary=")[2]
    body, content_type = encode_body({"a": "x", "b": f"--{boundary}--"}, "multipart/form-data")
    chosen = content_type.partition("boundary=")[2]
    assert body.count(chosen.encode()) == 3


def test_a_name_cannot_break_out_of_its_part() -> None:
    body, _ = encode_body({'a"\r\nEvil: 1': {"filename": 'b"\r\nEvil: 2', "content": "x"}}, "multipart/form-data")
    assert b'name="a%22%0D%0AEvil: 1"; filename="b%22%0D%0AEvil: 2"' in body
    assert b"\nEvil" not in body


@pytest.mark.parametrize(
    "file",
    [
        {"filename": "a", "contentType": "a/b\r\nEvil: 1", "content": "x"},
        {"filename": "a", "content": "not base64!", "contentEncoding": "base64"},
        {"filename": "a", "content": "\ud800"},
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_without_quoting_it(file: dict[str, Json]) -> None:
    with pytest.raises(SerializationProblem) as caught:
        encode_body({"f": file}, "multipart/form-data")
    assert "Evil" not in str(caught.value)
    assert "base64!" not in str(caught.value)


def test_numbers_in_json_stay_as_they_are() -> None:
    body, _ = encode_body({"id": 2**70, "price": 1.0}, "application/json")
    assert body == b'{"id":1180591620717411303424,"price":1.0}'
    assert json.loads(body) == {"id": 2**70, "price": 1.0}
