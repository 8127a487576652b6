from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.openapi.document import MediaTypeObject, RequestBody
from runner.openapi.media import accept_header, choose_content_type, match_media
from runner.values import File, Json, Value

if TYPE_CHECKING:
    from conftest import Read


@pytest.mark.parametrize(
    ("offered", "wanted", "value", "chosen"),
    [
        (None, None, {}, "application/json"),
        (None, None, b"x", "application/octet-stream"),
        (None, "text/csv", {}, "text/csv"),
        (["text/plain"], None, {}, "text/plain"),
        (["application/xml", "application/json"], None, {}, "application/json"),
        (["application/xml", "application/json; charset=utf-8"], None, {}, "application/json; charset=utf-8"),
        (["application/xml", "multipart/form-data"], None, {}, "application/xml"),
        (["application/json"], "application/xml", {}, "application/xml"),
        (["*/*"], None, {}, "application/json"),
        (["*/*"], None, b"x", "application/octet-stream"),
        (["text/*"], None, "x", "text/plain"),
        (["application/*"], None, {}, "application/json"),
        (["image/*"], None, "x", "image/*"),
        (["image/*"], None, b"x", "image/*"),
        (["image/*"], None, File(b"x", "a.png", "image/png"), "image/png"),
        (["image/jpeg", "image/png"], None, File(b"x", "a.png", "image/png"), "image/png"),
        (["image/jpeg", "image/png"], None, File(b"x", "a.gif", "image/gif"), "image/jpeg"),
        (["application/json", "image/png"], None, b"x", "image/png"),
        (["multipart/form-data", "video/mp4"], None, b"x", "video/mp4"),
        (["application/json"], None, b"x", "application/json"),
        (None, None, File(b"x", "a.png", "image/png"), "image/png"),
        ([], None, {}, "application/json"),
        (["", "bad\r\nEvil: 1"], None, {}, "application/json"),
    ],
)
def test_a_content_type_is_chosen(offered: list[str] | None, wanted: str | None, value: Value, chosen: str) -> None:
    body = None if offered is None else RequestBody(True, {key: MediaTypeObject() for key in offered}, "")
    assert choose_content_type(body, wanted, value) == chosen


@pytest.mark.parametrize(
    ("content_type", "found"),
    [
        ("application/json", 1),
        ("Application/JSON; charset=utf-8", 1),
        ("text/plain", 2),
        ("text/csv", 3),
        ("image/png", 4),
        (None, 4),
    ],
)
def test_the_most_specific_media_type_counts(content_type: str | None, found: int) -> None:
    content = {"*/*": 4, "text/*": 3, "text/plain": 2, "application/json": 1}
    assert match_media(content, content_type) == found
    assert match_media({"text/plain": 1}, "application/json") is None


@pytest.mark.parametrize(
    ("responses", "accept"),
    [
        ({}, None),
        ({"204": {}}, None),
        ({"200": {"content": {"application/json": {}}}, "404": {"content": {"application/json": {}}}},
         "application/json"),
        ({"200": {"content": {"text/csv": {}, "application/json": {}}},
          "default": {"content": {"application/problem+json": {}, "": {}, "a\r\nb": {}}}},
         "application/json, application/problem+json, text/csv"),
        ({"200": {"content": None}}, None),
    ],
)  # fmt: skip
def test_the_accept_header_lists_what_is_declared_json_first(
    responses: dict[str, dict[str, Json]], accept: str | None, read: Read
) -> None:
    api, _ = read({"openapi": "3.1.0", "paths": {"/": {"get": {"responses": responses}}}})
    assert accept_header(api.by_pointer["/paths/~1/get"]) == accept
