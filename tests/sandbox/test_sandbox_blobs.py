"""What the sandbox's workflows make: the bytes, the links to them, and who may look at them."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from typing import Any

import pytest

from runner.exchange import Request, header
from runner.sandbox.civitai.recipes import RECIPES


def products(caller: Any, clock: Any, **given: Any) -> list[dict[str, Any]]:
    workflow = caller.submit(**given)
    clock.time += 3
    blobs: list[dict[str, Any]] = caller.workflow(workflow)["steps"][0]["jobs"][0]["result"]["blobs"]
    return blobs


def test_one_job_gives_as_many_pictures_as_were_asked_for(caller, clock):
    blobs = products(caller, clock, quantity=3, width=832, height=1216)
    assert len({blob["blobId"] for blob in blobs}) == 3
    for blob in blobs:
        assert (blob["width"], blob["height"], blob["mimeType"], blob["nsfwLevel"]) == (832, 1216, "image/png", 1)


def test_a_blob_is_a_png_of_its_size_with_the_digest_it_is_said_to_have(caller, clock):
    (made,) = products(caller, clock, width=100, height=7)
    blob = caller.call("GET", f"https://orchestration.civitai.com/v2/consumer/blobs/{made['blobId']}").content.value
    response = caller.call("GET", made["url"], token=None)
    assert response.status == 200
    assert ("Content-Type", "image/png") in response.headers
    assert (len(response.body), hashlib.sha256(response.body).hexdigest()) == (blob["sizeBytes"], blob["sha256"])
    assert response.body[:8] == b"\x89PNG\r\n\x1a\n"
    chunks = dict(png_chunks(response.body[8:]))
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (100, 7)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 7 * (1 + 13)


def png_chunks(data: bytes) -> Any:
    while data:
        (length,) = struct.unpack(">I", data[:4])
        kind, body, crc = data[4:8], data[8 : 8 + length], data[8 + length : 12 + length]
        assert struct.pack(">I", zlib.crc32(kind + body)) == crc
        yield kind, body
        data = data[12 + length :]


@pytest.mark.parametrize("kind", RECIPES)
def test_every_kind_of_step_delivers_something_of_its_type(caller, clock, kind):
    body = {"steps": [{"$type": kind, "input": {"prompt": "x", "duration": 2}}]}
    workflow = caller.workflows(method="POST", body=body).content.value
    clock.time += 3
    (blob,) = caller.workflow(workflow)["steps"][0]["jobs"][0]["result"]["blobs"]
    response = caller.call("GET", blob["url"], token=None)
    assert response.body
    assert ("Content-Type", blob["mimeType"]) in response.headers
    assert blob.get("durationMs", 2000) == 2000


def test_a_link_expires_after_an_hour_and_a_new_one_is_to_be_had(caller, clock):
    (made,) = products(caller, clock)
    clock.time += 3599
    assert caller.call("GET", made["url"], token=None).status == 200
    clock.time += 2
    assert caller.call("GET", made["url"], token=None).status == 403
    blob = caller.call("GET", f"https://orchestration.civitai.com/v2/consumer/blobs/{made['blobId']}").content.value
    assert caller.call("GET", blob["url"], token=None).status == 200


PNG = b"\x89PNG\r\n\x1a\n0123456789"


def fetched(caller: Any, *headers: tuple[str, str], method: str = "GET") -> Any:
    """Upload 18 bytes, and fetch them by their link."""
    form = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + PNG + b"\r\n--b--"
    blob = caller.blobs(method="POST", body=form, kind="multipart/form-data; boundary=b").content.value
    return caller.sandbox.answer(Request(method, blob["url"], headers))


@pytest.mark.parametrize(
    ("asked", "status", "body", "place"),
    [
        (None, 200, PNG, None),
        ("bytes=0-3", 206, PNG[:4], "bytes 0-3/18"),
        ("bytes=8-", 206, PNG[8:], "bytes 8-17/18"),
        ("bytes=-5", 206, PNG[-5:], "bytes 13-17/18"),
        ("bytes=-99", 206, PNG, "bytes 0-17/18"),
        ("bytes=17-99", 206, PNG[17:], "bytes 17-17/18"),
        ("bytes=18-", 416, None, "bytes */18"),
        ("bytes=-0", 416, None, "bytes */18"),
        ("bytes=3-2", 200, PNG, None),
        ("bytes=0-1,4-5", 200, PNG, None),
        ("lines=0-1", 200, PNG, None),
        ("bytes=x", 200, PNG, None),
    ],
)
def test_a_link_gives_the_range_that_is_asked_for(caller, asked, status, body, place):
    response = fetched(caller, *([("Range", asked)] if asked else []))
    assert (response.status, header(response.headers, "content-range")) == (status, place)
    assert body is None or response.body == body


def test_who_has_the_bytes_is_not_sent_them_again(caller):
    tag = header(fetched(caller).headers, "etag")
    for known in (tag, f'"other", W/{tag}', "*"):
        response = fetched(caller, ("If-None-Match", known))
        assert (response.status, response.body, header(response.headers, "etag")) == (304, b"", tag)
    assert fetched(caller, ("If-None-Match", '"other"')).status == 200


def test_a_range_is_of_the_bytes_that_the_caller_knows_or_else_of_none(caller):
    tag = header(fetched(caller).headers, "etag")
    assert fetched(caller, ("Range", "bytes=0-3"), ("If-Range", tag)).status == 206
    assert fetched(caller, ("Range", "bytes=0-3"), ("If-Range", '"other"')).status == 200


def test_head_of_a_link_tells_how_long_the_file_is(caller):
    response = fetched(caller, ("Range", "bytes=0-3"), method="HEAD")
    assert (response.status, response.body, header(response.headers, "content-length")) == (200, b"", "18")


def test_a_link_cannot_be_changed(caller, clock):
    (made,) = products(caller, clock)
    later = re.sub(r"expires=\d+", "expires=9999999999", made["url"])
    for url in (later, made["url"].partition("?")[0], made["url"].replace("blob_", "blob_0")):
        assert caller.call("GET", url, token=None).status == 403


def test_a_link_of_a_sandbox_that_is_gone_is_404(caller, clock, make):
    (made,) = products(caller, clock)
    assert make().call("GET", made["url"], token=None).status == 404


def test_a_blob_can_be_looked_at_by_its_owner_once_it_is_there(caller, clock):
    workflow = caller.submit()
    clock.time += 3
    (blob,) = caller.workflow(workflow)["steps"][0]["jobs"][0]["result"]["blobs"]
    url = f"https://orchestration.civitai.com/v2/consumer/blobs/{blob['blobId']}"
    there = caller.call("HEAD", url)
    assert (there.status, there.body) == (200, b"")
    assert ("X-Nsfw-Level", "1") in there.headers
    clock.time -= 0.5
    for method in ("GET", "HEAD"):
        assert caller.call(method, url).status == 404
    clock.time += 0.5
    assert caller.call("GET", url, token="someone-else").status == 404
    assert caller.call("HEAD", url + "0").body == b""
