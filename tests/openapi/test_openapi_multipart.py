"""Multipart bodies as another parser reads them, after what a description says of their parts."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

import pytest

from runner.openapi.body import encode_body
from runner.openapi.problem import SerializationProblem
from runner.values import File, Json
from tests.openapi.test_openapi_body import FORM, FORM_DATA, MIXED, layout

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


class Seen(NamedTuple):
    """A part as a server sees it."""

    name: object
    filename: str | None
    type: str | None
    content: bytes


def message(body: bytes, content_type: str) -> Message:
    return message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)


def seen(part: Message) -> Seen:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return Seen(
        part.get_param("name", header="content-disposition"), part.get_filename(), part["content-type"], content
    )


def sent(value: object, media: Json, content_type: str = FORM_DATA, **described: Json) -> list[Message]:
    body, final = encode_body(value, content_type, layout(media, content_type, **described))  # type: ignore[arg-type]
    parts = message(body, final).get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


SCHEMAS: Json = {
    "Upload": {
        "allOf": [{"$ref": "#/components/schemas/Base"}],
        "properties": {"many": {"type": "array", "items": {"$ref": "#/components/schemas/Bytes"}}},
    },
    "Base": {
        "type": "object",
        "properties": {
            "one": {"$ref": "#/components/schemas/Bytes"},
            "note": {"$ref": "#/components/schemas/Note"},
        },
    },
    "Bytes": {"type": "string", "format": "binary"},
    "Note": {"type": "string"},
    "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
}


def test_a_schema_is_honoured_wherever_it_stands() -> None:
    media: Json = {"schema": {"$ref": "#/components/schemas/Upload"}}
    parts = sent({"one": "1", "many": ["2", "3"], "note": "n"}, media, schemas=SCHEMAS)
    assert list(map(seen, parts)) == [
        ("one", "one", "application/octet-stream", b"1"),
        ("many", "many", "application/octet-stream", b"2"),
        ("many", "many", "application/octet-stream", b"3"),
        ("note", None, None, b"n"),
    ]


@pytest.mark.parametrize(
    ("schema", "filename", "type_"),
    [
        ({"type": "string"}, None, None),
        ({"type": "string", "format": "binary"}, "p", "application/octet-stream"),
        ({}, "p", "application/octet-stream"),
        ({"description": "any bytes"}, "p", "application/octet-stream"),
        (True, "p", "application/octet-stream"),
        ({"contentMediaType": "image/png"}, "p", "application/octet-stream"),
        ({"type": "string", "contentMediaType": "image/png", "contentEncoding": "base64"}, None,
         "application/octet-stream"),
        ({"enum": ["x"]}, None, None),
        ({"anyOf": [{"type": "string"}]}, None, None),
        ({"$ref": "#/components/schemas/Gone"}, None, None),
        ({"$ref": "#/components/schemas/Loop"}, "p", "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_default_content_type_of_a_text_follows_its_schema(
    schema: Json, filename: str | None, type_: str | None
) -> None:
    [part] = sent({"p": "x"}, {"schema": {"properties": {"p": schema}}}, schemas=SCHEMAS)
    assert seen(part) == ("p", filename, type_, b"x")


@pytest.mark.parametrize(
    ("declared", "file", "type_"),
    [
        ("image/png, image/jpeg", File(PNG, "a.jpg", "image/jpeg"), "image/jpeg"),
        ("image/png, image/jpeg", File(PNG, "a.gif", "image/gif"), "image/png"),
        ("image/*", File(PNG, "a.gif", "image/gif"), "image/gif"),
        ("image/*", PNG, "application/octet-stream"),
        (None, File(PNG, "a.gif", "image/gif"), "image/gif"),
        (None, File(PNG, "a"), "application/octet-stream"),
        ("image/png", PNG, "image/png"),
    ],
)
def test_a_file_goes_as_what_it_is_where_the_api_takes_that(declared: str | None, file: bytes, type_: str) -> None:
    media: Json = {"encoding": {"f": {"contentType": declared}}} if declared else {}
    [part] = sent({"f": file}, media)
    assert seen(part)[2:] == (type_, PNG)
    assert part.get_filename() == (getattr(file, "filename", "") or "f")


def test_what_a_step_says_of_a_file_wins() -> None:
    media: Json = {"encoding": {"f": {"contentType": "image/png"}}}
    file = {"filename": "ü.gif", "contentType": "image/gif", "content": File(PNG, "a.png", "image/png")}
    body, _ = encode_body({"f": file}, FORM_DATA, layout(media, FORM_DATA))  # type: ignore[dict-item]
    assert 'filename="ü.gif"\r\nContent-Type: image/gif\r\n'.encode() in body


def test_headers_of_a_part_come_from_the_step_and_from_what_leaves_no_choice() -> None:
    media: Json = {
        "encoding": {
            "f": {
                "headers": {
                    "X-Kind": {"schema": {"const": "avatar"}},
                    "X-Size": {"schema": {"enum": [7]}},
                    "X-Free": {"required": True, "schema": {"type": "string"}},
                    "X-Own": {"schema": {"const": "theirs"}},
                    "Content-Type": {"schema": {"const": "text/evil"}},
                    "X-Shared": {"$ref": "#/components/headers/Gone"},
                }
            }
        }
    }
    file: Json = {
        "filename": "a",
        "contentType": "text/csv",
        "content": "1",
        "headers": {"x-own": "mine", "X-No": None},
    }
    [part] = sent({"f": file}, media)
    assert part.items() == [
        ("Content-Disposition", 'form-data; name="f"; filename="a"'),
        ("Content-Type", "text/csv"),
        ("X-Kind", "avatar"),
        ("X-Size", "7"),
        ("x-own", "mine"),
    ]


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({"X\r\nEvil": "1"}, "cannot be the name"),
        ({"X": "1\r\nEvil: 1"}, "line break"),
        ({"Content-Disposition": "x"}, "made from its filename"),
        ([1], "an object of names"),
    ],
)
def test_headers_that_a_part_cannot_have_are_refused(headers: Json, problem: str) -> None:
    file: Json = {"filename": "a", "content": "1", "headers": headers}
    with pytest.raises(SerializationProblem, match=problem):
        encode_body({"f": file}, FORM_DATA)


@pytest.mark.parametrize(
    ("version", "encoding", "value", "parts"),
    [
        ("3.1.0", {"explode": False}, ["a b", "c"], [("p", b"a b,c")]),
        ("3.1.0", {"style": "form"}, ["a&", "c"], [("p", b"a&"), ("p", b"c")]),
        ("3.1.0", {"style": "form"}, {"k": "v ä", "l": 1.0}, [("k", "v ä".encode()), ("l", b"1")]),
        ("3.2.0", {"style": "pipeDelimited", "explode": False}, ["a", "b"], [("p", b"a|b")]),
        ("3.2.0", {"style": "spaceDelimited", "explode": False}, ["a", "b"], [("p", b"a b")]),
        ("3.2.0", {"style": "deepObject"}, {"k": "v"}, [("p[k]", b"v")]),
        ("3.2.0", {"allowReserved": True}, "%20/?", [("p", b"%20/?")]),
        ("3.0.4", {"explode": False}, ["a", "c"], [("p", b"a"), ("p", b"c")]),
        ("3.0.4", {"style": "deepObject"}, {"k": "v"}, [("p", b'{"k":"v"}')]),
    ],
)
def test_a_style_names_the_parts_and_encodes_nothing(
    version: Json, encoding: Json, value: Json, parts: list[tuple[str, bytes]]
) -> None:
    found = sent({"p": value}, {"encoding": {"p": encoding}}, version=version)
    assert [(seen(part).name, seen(part).content) for part in found] == parts


def test_a_part_is_written_in_the_charset_it_names() -> None:
    media: Json = {"encoding": {"x": {"contentType": "application/xml; charset=iso-8859-1"}}}
    [part] = sent({"x": "<ä/>"}, media)
    assert seen(part)[2:] == ("application/xml; charset=iso-8859-1", b"<\xe4/>")
    with pytest.raises(SerializationProblem, match="charset 'iso-8859-1'"):
        sent({"x": "☃"}, media)


def test_an_object_is_not_sent_as_something_that_it_is_not() -> None:
    with pytest.raises(SerializationProblem, match="'x' is application/xml: give it as text"):
        sent({"x": {"a": 1}}, {"encoding": {"x": {"contentType": "application/xml"}}})


def test_bytes_become_text_where_the_schema_wants_base64() -> None:
    media: Json = {"schema": {"properties": {"p": {"type": "string", "contentEncoding": "base64url"}}}}
    [part] = sent({"p": b"\xfb\xff"}, media)
    assert seen(part) == ("p", None, "application/octet-stream", b"-_8=")
    assert encode_body({"p": b"\xfb\xff"}, FORM, layout(media, FORM))[0] == b"p=-_8%3D"  # type: ignore[dict-item]


def test_parts_by_position_have_no_names() -> None:
    media: Json = {
        "schema": {"prefixItems": [{"type": "object"}, {}], "items": {"type": "string"}},
        "prefixEncoding": [{}, {"contentType": "image/*"}],
        "itemEncoding": {"contentType": "text/css", "headers": {"X-Part": {"schema": {"const": "rest"}}}},
    }
    parts = sent([{"a": 1}, File(PNG, "p.png", "image/png"), "b{}", "i{}"], media, MIXED)
    assert list(map(seen, parts)) == [
        (None, None, "application/json", b'{"a":1}'),
        (None, "p.png", "image/png", PNG),
        (None, None, "text/css", b"b{}"),
        (None, None, "text/css", b"i{}"),
    ]
    assert [part["x-part"] for part in parts] == [None, None, "rest", "rest"]
    assert parts[1]["content-disposition"] == 'attachment; filename="p.png"'


def test_parts_may_have_parts() -> None:
    media: Json = {
        "prefixEncoding": [
            {},
            {"contentType": "multipart/mixed", "prefixEncoding": [{"contentType": "application/xml"}, {}]},
        ]
    }
    outer = sent([["x"], ["<a/>", "plain"]], media, MIXED)
    assert seen(outer[0])[2:] == ("application/json", b'["x"]')
    inner = outer[1].get_payload()
    assert isinstance(inner, list)
    assert [(part["content-type"], part.get_payload()) for part in inner if isinstance(part, Message)] == [
        ("application/xml", "<a/>"),
        ("text/plain; charset=utf-8", "plain"),
    ]


def test_a_schema_for_each_item_serves_where_there_is_no_other() -> None:
    [part] = sent(["x"], {"itemSchema": {"format": "binary"}}, MIXED)
    assert seen(part) == (None, "part 1", "application/octet-stream", b"x")


def test_the_parameters_of_a_multipart_type_stay_and_a_boundary_that_is_given_is_used() -> None:
    _, related = encode_body([{}], "multipart/related; type=text/html")
    assert related.startswith("multipart/related; type=text/html; boundary=arazzo-")
    body, given = encode_body({"a": "x"}, 'multipart/form-data; boundary="a b=c"')
    assert given == 'multipart/form-data; boundary="a b=c"'
    assert body.startswith(b"--a b=c\r\n")
    with pytest.raises(SerializationProblem, match="occurs in a part"):
        encode_body({"a": "--here--"}, "multipart/form-data; boundary=here")


def test_a_form_without_members_is_a_form() -> None:
    body, content_type = encode_body({}, FORM_DATA)
    assert body == b"--" + content_type.partition("boundary=")[2].encode() + b"--\r\n"
