from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.openapi.document import MediaTypeObject, RequestBody, ResponseObject
from runner.openapi.media import accept_header, choose_content_type, match_media, match_status
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


VERSIONS = {
    "application/json; version=1": "one",
    "application/json;version=2": "two",
    'application/json; version="2"; lang=en': "english",
    "application/json": "bare",
    "application/problem+json": "problem",
    "application/*": "application",
    "text/plain; charset=utf-8": "text",
    "text/xml;version=1": "xml",
    "*/*": "any",
}


@pytest.mark.parametrize(
    ("content_type", "found"),
    [
        ("application/json;version=1", "one"),
        ("Application/JSON ; Version=2; charset=utf-8", "two"),
        ('application/json; lang=en; version="2"', "english"),
        ("application/json; version=3", "bare"),
        ("application/json", "bare"),
        ("application/problem+json", "problem"),
        ("application/other+json", "application"),
        ("text/plain", "text"),
        ("text/plain; charset=latin-1", "text"),
        ("text/xml", "any"),
        ("", "any"),
        ("odd; x", "any"),
    ],
)
def test_parameters_tell_media_types_apart(content_type: str, found: str) -> None:
    assert match_media(VERSIONS, content_type) == found


def test_of_two_equal_media_types_the_first_counts() -> None:
    assert match_media({"TEXT/plain": 1, "text/Plain; charset=x": 2}, "text/plain") == 1
    assert match_media({"application/json; version=1": 1}, "application/json") is None


@pytest.mark.parametrize(
    ("status", "key"), [(200, "200"), (204, "2XX"), (404, "4XX"), (500, "default"), (299, "2XX"), (301, "301")]
)
def test_a_status_is_found_by_itself_then_by_its_range(status: int, key: str, read: Read) -> None:
    written = {"200": {}, "2xX": {}, "4XX": {}, "301": None, "DEFAULT": {"description": "else"}}
    api, _ = read({"openapi": "3.1.0", "paths": {"/": {"get": {"responses": written}}}})
    responses = api.by_pointer["/paths/~1/get"].responses
    assert match_status(responses, status) == (key, responses[key])


def test_a_status_that_nothing_stands_for_is_not_found() -> None:
    assert match_status({"2XX": ResponseObject()}, 404) is None


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
