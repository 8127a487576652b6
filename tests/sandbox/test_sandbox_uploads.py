"""Uploads to the sandbox: as a form and to a signed place, what moderation says of them, and what they are used for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from runner.exchange import Request, header
from runner.openapi.encoding import Layout
from runner.openapi.multipart import multipart_body
from runner.sandbox.civitai import accounts
from runner.sandbox.multipart import read_parts
from runner.values import File

PNG = b"\x89PNG\r\n\x1a\n and the rest"
BOUNDARY = "the-boundary"


def form(*parts: tuple[str, bytes]) -> bytes:
    """Write a form of parts, each the header fields after `form-data` and the content."""
    written = [
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head.encode(), content)
        for head, content in parts
    ]
    return b"".join(written) + b"--%b--\r\n" % BOUNDARY.encode()


def upload(caller: Any, content: bytes = PNG, name: str = "in.png", moderate: bytes | None = None, **rest: Any) -> Any:
    parts = [(f'name="file"; filename="{name}"', content)]
    parts += [] if moderate is None else [('name="moderate"', moderate)]
    return caller.blobs(method="POST", body=form(*parts), kind=f"multipart/form-data; boundary={BOUNDARY}", **rest)


def place(caller: Any, query: str = "mimeType=image/png", **rest: Any) -> Any:
    response = caller.blobs(f"/upload-url?{query}", **rest)
    assert response.status == 200, response.body
    return response.content.value


def put(caller: Any, where: Any, content: bytes = PNG, kind: str = "image/png") -> Any:
    return caller.call("PUT", where["uploadUrl"], body=content, kind=kind, token=None)


def state(caller: Any, blob_id: str) -> tuple[int, str | None, str | None]:
    response = caller.blobs(f"/{blob_id}", method="HEAD")
    return response.status, header(response.headers, "x-blob-status"), header(response.headers, "x-nsfw-level")


def test_an_uploaded_file_is_kept_byte_for_byte(caller):
    content = bytes(range(256)) * 3 + b"\r\n--\r\n\n\r" + PNG
    response = upload(caller, PNG + content)
    blob = response.content.value
    assert response.status == 201
    assert (blob["mimeType"], blob["sizeBytes"], blob["nsfwLevel"]) == ("image/png", len(PNG + content), 1)
    assert blob["sha256"] == hashlib.sha256(PNG + content).hexdigest()
    assert "nsfwReason" not in blob
    assert caller.call("GET", blob["url"], token=None).body == PNG + content
    assert caller.blobs(f"/{blob['id']}").content.value == blob
    assert caller.blobs(f"/{blob['id']}", token="someone-else").status == 404


def test_the_same_file_twice_is_two_blobs(caller):
    assert upload(caller).content.value["id"] != upload(caller).content.value["id"]


@pytest.mark.parametrize(
    ("content", "name", "status", "mime_type"),
    [
        (b"\xff\xd8\xff\xe0", "x", 201, "image/jpeg"),
        (b"GIF89a", "x.png", 201, "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "x", 201, "image/webp"),
        (b"RIFF\0\0\0\0WAVE", "x", 201, "audio/wav"),
        (b"RIFF\0\0\0\0AVI ", "x", 415, None),
        (b"\0\0\0\x18ftypisom", "x", 201, "video/mp4"),
        (b"anything", "x.WEBM", 201, "video/webm"),
        (b"anything", "x.txt", 415, None),
        (b"anything", "png", 201, "image/png"),
        (b"", "x.png", 422, None),
    ],
)
def test_the_type_of_a_file_is_found_from_its_beginning_or_its_name(caller, content, name, status, mime_type):
    response = upload(caller, content, name)
    assert (response.status, response.content.value.get("mimeType")) == (status, mime_type)


def test_the_type_that_a_part_says_it_has_is_taken(caller):
    body = form(('name="file"\r\nContent-Type: audio/aac', b"sound"))
    response = caller.blobs(method="POST", body=body, kind=f'multipart/form-data; boundary="{BOUNDARY}"')
    assert response.content.value["mimeType"] == "audio/aac"


@pytest.mark.parametrize("said", ["image/\xff", "image/☃", "image/", "image/a b"])
def test_what_is_no_media_type_is_not_taken_for_one(caller, said):
    body = form((f'name="file"; filename="x"\r\nContent-Type: {said}', b"anything"))
    assert caller.blobs(method="POST", body=body, kind=f'multipart/form-data; boundary="{BOUNDARY}"').status == 415


@pytest.mark.parametrize(
    ("body", "kind", "status", "message"),
    [
        (b"{}", "application/json", 415, "the body must be multipart/form-data, not application/json"),
        (form(), "multipart/form-data", 400, "the body cannot be read: its Content-Type has no boundary"),
        (b"", f"multipart/form-data; boundary={BOUNDARY}", 400, "the body cannot be read: it does not end with its"),
        (form()[:-4], f"multipart/form-data; boundary={BOUNDARY}", 400, "the body cannot be read: it does not end"),
        (form(("x", b"")), f"multipart/form-data; boundary={BOUNDARY}", 400, "the body cannot be read: a part has no"),
        (form(('name="f"', b"")), f"multipart/form-data; boundary={BOUNDARY}", 400, "file is required"),
        (
            form(('name="file"', PNG), ('name="moderate"', b"yes")),
            f"multipart/form-data; boundary={BOUNDARY}",
            400,
            "moderate must be true or false, not 'yes'",
        ),
    ],
)
def test_a_form_that_does_not_fit_is_refused(caller, body, kind, status, message):
    response = caller.blobs(method="POST", body=body, kind=kind)
    assert (response.status, response.content.value["message"][: len(message)]) == (status, message)


def test_what_the_runner_writes_is_read(caller):
    file = File(PNG + b"\r\n", "Bär [nsfw:x].png", "image/png")
    body, kind = multipart_body({"file": file, "moderate": True}, Layout())
    by_name = {part.name: part for part in read_parts(body, kind)}
    assert (by_name["file"].content, by_name["file"].filename) == (bytes(file), file.filename)
    assert by_name["moderate"].content == b"true"
    blob = caller.blobs(method="POST", body=body, kind=kind).content.value
    assert (blob["nsfwLevel"], blob["nsfwReason"]) == (8, "explicit content")


@pytest.mark.parametrize(
    ("content", "name", "level", "reason"),
    [
        (PNG, "[nsfw:pg13].png", 2, None),
        (PNG + b"[nsfw:r]", "x.png", 4, "mature content"),
        (PNG + b"[nsfw:r]", "[nsfw:xxx].png", 16, "explicit content"),
        (PNG + b"[nsfw:blocked]", "x.png", 32, "prohibited content"),
    ],
)
def test_marks_in_a_file_or_its_name_tell_moderation_what_to_say(caller, content, name, level, reason):
    blob = upload(caller, content, name).content.value
    assert (blob["nsfwLevel"], blob.get("nsfwReason")) == (level, reason)


def test_without_moderation_nothing_is_said(caller):
    blob = upload(caller, name="[nsfw:x].png", moderate=b"false").content.value
    assert {"nsfwLevel", "nsfwReason"}.isdisjoint(blob)
    assert state(caller, blob["id"]) == (200, "allowed", None)


def test_what_is_blocked_is_told_and_not_shown(caller):
    blob = upload(caller, name="[nsfw:blocked].png").content.value
    assert state(caller, blob["id"]) == (200, "blocked", "32")
    assert caller.call("GET", blob["url"], token=None).status == 403


def test_bytes_that_are_put_to_a_signed_place_become_the_blob_that_was_promised(caller, clock):
    where = place(caller, f"mimeType=image/png&sizeBytes={len(PNG)}")
    assert where["uploadUrl"].startswith(f"https://blobs.civitai.example/blobs/{where['blobId']}?")
    assert where["headers"].keys() == {"Content-Type", "X-Expires", "X-Signature"}
    assert where["headers"]["Content-Type"] == "image/png"
    assert where["expiresAt"] == "2026-05-28T20:41:40.000Z"
    assert state(caller, where["blobId"])[0] == caller.blobs(f"/{where['blobId']}").status == 404
    clock.time += 5
    response = put(caller, where)
    assert (response.status, response.body) == (200, b"")
    blob = caller.blobs(f"/{where['blobId']}").content.value
    assert (blob["mimeType"], blob["createdAt"]) == ("image/png", "2026-05-28T20:26:45.000Z")
    assert caller.call("GET", blob["url"], token=None).body == PNG


def test_moderation_takes_a_while_for_what_is_put_to_a_signed_place(caller, clock):
    where = place(caller)
    put(caller, where, PNG + b"[nsfw:blocked]")
    assert state(caller, where["blobId"]) == (200, "pending", None)
    assert "nsfwLevel" not in caller.blobs(f"/{where['blobId']}").content.value
    clock.time += 1
    assert state(caller, where["blobId"]) == (200, "blocked", "32")
    assert caller.blobs(f"/{where['blobId']}").content.value["nsfwReason"] == "prohibited content"


def test_a_signed_place_wants_what_was_announced(caller):
    where = place(caller, f"mimeType=image/png&sizeBytes={len(PNG)}")
    assert put(caller, where, kind="image/jpeg").status == 415
    assert put(caller, where, PNG + b"!").status == 400
    assert put(caller, where, b"").status == 400
    assert put(caller, where, kind="IMAGE/PNG; charset=binary").status == 200


def test_the_same_bytes_may_be_put_again_and_others_may_not(caller):
    where = place(caller)
    assert [put(caller, where).status, put(caller, where).status] == [200, 200]
    assert put(caller, where, PNG + b"!").status == 409


def test_a_signed_place_expires_and_cannot_be_changed(caller, clock):
    where = place(caller)
    for url in (where["uploadUrl"][:-1], where["uploadUrl"].partition("?")[0]):
        assert caller.call("PUT", url, body=PNG, kind="image/png", token=None).status == 403
    blob = upload(caller).content.value
    assert caller.call("PUT", blob["url"], body=PNG, kind="image/png", token=None).status == 403
    assert caller.call("GET", where["uploadUrl"], token=None).status == 403
    clock.time += 899
    assert put(caller, where, kind="image/gif").status == 415
    clock.time += 1
    assert put(caller, where).status == 403
    assert state(caller, where["blobId"])[0] == 404


def test_who_cannot_follow_a_signed_url_sends_its_signature_as_headers(caller, clock):
    where = place(caller)
    bare = where["uploadUrl"].partition("?")[0]

    def answered(headers: dict[str, str]) -> int:
        return caller.sandbox.answer(Request("PUT", bare, tuple(headers.items()), PNG)).status

    assert answered({**where["headers"], "X-Expires": "9999999999"}) == 403
    assert answered({**where["headers"], "X-Signature": "0" * 32}) == 403
    assert answered(where["headers"]) == 200
    clock.time += 900
    assert answered(where["headers"]) == 403


def test_how_long_links_are_good_is_a_setting(make, clock):
    caller = make(upload_link=10, blob_link=20)
    where, blob = place(caller), upload(caller).content.value
    assert (where["expiresAt"], blob["urlExpiresAt"]) == ("2026-05-28T20:26:50.000Z", "2026-05-28T20:27:00.000Z")
    clock.time += 10
    assert put(caller, where).status == 403
    assert caller.call("GET", blob["url"], token=None).status == 200
    clock.time += 10
    assert caller.call("GET", blob["url"], token=None).status == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("mimeType=png", 400),
        ("mimeType=image/png%0d%0aX: y", 400),
        ("mimeType=text/plain", 415),
        ("mimeType=image/png&sizeBytes=0", 400),
        ("mimeType=image/png&sizeBytes=x", 400),
        ("mimeType=image/png&sizeBytes=10485760", 200),
        ("mimeType=image/png&sizeBytes=10485761", 413),
        ("mimeType=audio/mpeg", 200),
    ],
)
def test_a_place_is_given_for_media_of_a_size_that_is_taken(caller, query, status):
    assert caller.blobs(f"/upload-url?{query}").status == status


def test_a_blob_is_kept_for_thirty_days_after_it_was_refreshed(caller, clock):
    one, other = upload(caller).content.value, upload(caller).content.value
    clock.time += 29 * 86_400
    refreshed = caller.blobs(f"/{one['id']}/refresh", method="POST").content.value
    assert refreshed["url"] != one["url"]
    assert {**refreshed, "url": "", "urlExpiresAt": ""} == {**one, "url": "", "urlExpiresAt": ""}
    assert caller.call("GET", refreshed["url"], token=None).status == 200
    clock.time += 86_400
    assert caller.blobs(f"/{one['id']}").status == 200
    assert caller.blobs(f"/{other['id']}").status == 404
    assert caller.blobs(f"/{other['id']}/refresh", method="POST").status == 404


def test_an_account_keeps_no_more_than_it_may_the_newest_last(caller, monkeypatch):
    monkeypatch.setattr(accounts, "MAX_KEPT", 3 * len(PNG))
    ids = [upload(caller).content.value["id"] for _ in range(4)]
    assert [state(caller, blob_id)[0] for blob_id in ids] == [404, 200, 200, 200]
    caller.submit(images=[ids[3]])


def test_places_that_nobody_used_are_forgotten(caller, clock):
    where = place(caller)
    clock.time += 900
    place(caller)
    shown = next(section for section in caller.sandbox.sections() if section.name == "blobs")
    assert where["blobId"] not in {row["id"] for row in shown.rows}


def test_a_workflow_uses_blobs_that_were_uploaded_or_made(caller, clock):
    first = caller.submit(images=[upload(caller).content.value["id"]])
    clock.time += 3
    (made,) = caller.workflow(first)["steps"][0]["jobs"][0]["result"]["blobs"]
    second = caller.submit(images=[made["blobId"]])
    clock.time += 3
    assert caller.workflow(second)["status"] == "succeeded"


def test_a_workflow_of_an_image_that_is_not_there_is_refused_and_costs_nothing(make):
    caller = make(balance=8)
    where = place(caller)
    theirs = upload(caller, token="someone-else").content.value["id"]
    for blob_id in ("nothing", where["blobId"], theirs):
        body = {"steps": [{"$type": "imageGen", "input": {"images": [blob_id]}}]}
        response = caller.workflows(method="POST", body=body)
        assert response.status == 400
        assert response.content.value["message"].startswith("steps[0].input.images[0] names no blob of yours")
    caller.submit()


@pytest.mark.parametrize(
    ("prompt", "name", "status", "reason", "level"),
    [
        ("a cat", "x.png", "succeeded", None, 1),
        ("a cat [nsfw:pg13]", "x.png", "succeeded", None, 2),
        ("a cat", "[nsfw:r].png", "succeeded", None, 4),
        ("a cat", "[nsfw:blocked].png", "failed", "blocked", None),
        ("[nsfw:blocked]", "x.png", "failed", "blocked", None),
        ("[fail]", "x.png", "failed", None, None),
        ("[fail:no_provider_available]", "x.png", "failed", "no_provider_available", None),
        ("[expire]", "x.png", "expired", "expired", None),
    ],
)
def test_what_goes_in_decides_what_comes_out(caller, clock, prompt, name, status, reason, level):
    workflow = caller.submit(prompt, images=[upload(caller, name=name).content.value["id"]])
    clock.time += 3
    (job,) = caller.workflow(workflow)["steps"][0]["jobs"]
    assert (job["status"], job.get("reason")) == (status, reason)
    assert [blob["nsfwLevel"] for blob in job.get("result", {}).get("blobs", [])] == ([level] if level else [])


def test_an_image_that_moderation_has_yet_to_block_does_not_slip_through(caller, clock):
    where = place(caller)
    put(caller, where, PNG + b"[nsfw:blocked]")
    workflow = caller.submit(images=[where["blobId"]])
    clock.time += 3
    (job,) = caller.workflow(workflow)["steps"][0]["jobs"]
    assert (job["status"], job["reason"]) == ("failed", "blocked")


def test_a_canceled_job_says_so(caller, clock):
    workflow = caller.submit()
    clock.time += 2
    caller.update(workflow, {"status": "canceled"})
    (job,) = caller.workflow(workflow)["steps"][0]["jobs"]
    assert job["reason"] == "canceled"


def test_a_workflow_may_succeed_and_deliver_nothing(caller, clock):
    workflow = caller.submit("[empty]")
    clock.time += 3
    (job,) = caller.workflow(workflow)["steps"][0]["jobs"]
    assert (job["status"], job["result"]) == ("succeeded", {"blobs": []})


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("x.png", {"nsfwLevel": 1}),
        ("[nsfw:blocked].png", {"nsfwLevel": 32, "nsfwReason": "prohibited content"}),
    ],
)
def test_a_moderation_step_delivers_its_verdict(caller, clock, name, verdict):
    image = upload(caller, name=name).content.value["id"]
    body = {"steps": [{"$type": "moderation", "input": {"images": [image]}}]}
    workflow = caller.workflows(method="POST", body=body).content.value
    clock.time += 3
    (blob,) = caller.workflow(workflow)["steps"][0]["jobs"][0]["result"]["blobs"]
    assert blob["nsfwLevel"] == verdict["nsfwLevel"]
    response = caller.sandbox.answer(Request("GET", blob["url"]))
    assert json.loads(response.body) == verdict
