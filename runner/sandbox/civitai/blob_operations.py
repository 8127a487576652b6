"""Turns calls of the Orchestration API's blob operations into responses."""

from __future__ import annotations

import re

from runner.exchange import Response, header, media_type
from runner.sandbox.civitai.blobs import Blob, blob_body, look_up, upload_headers, upload_link
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.civitai.routes import Call, Route
from runner.sandbox.civitai.settings import MAX_BODY
from runner.sandbox.civitai.uploads import Upload, is_media, media_type_of, moderated
from runner.sandbox.ids import identifier, timestamp
from runner.sandbox.multipart import Part, read_parts
from runner.sandbox.replies import reply
from runner.values import Json

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


def _upload(call: Call) -> Response:
    parts = {part.name: part for part in _parts(call)}
    if "file" not in parts:
        raise Refusal(400, "file is required")
    file, asked = parts["file"], _flag(parts.get("moderate"))
    kind = media_type_of(file.content, file.media_type, file.filename)
    if not file.content:
        raise Refusal(422, "the file is empty")
    upload = Upload(
        _new_id(call),
        kind,
        call.now,
        content=file.content,
        verdict=moderated(file.filename or "", file.content) if asked else None,
    )
    call.account.keep(upload)
    return reply(_body(call, look_up(call.account, upload.id, call.now)), 201)


def _parts(call: Call) -> tuple[Part, ...]:
    content_type = header(call.request.headers, "content-type") or ""
    kind = media_type(content_type).essence
    if kind != "multipart/form-data":
        raise Refusal(415, f"the body must be multipart/form-data, not {kind or 'of unknown type'}")
    try:
        return read_parts(call.request.body, content_type)
    except ValueError as error:
        raise Refusal(400, f"the body cannot be read: {error}") from None


def _flag(part: Part | None) -> bool:
    text = "true" if part is None else part.content.decode("utf-8", "replace")
    if text not in ("true", "false"):
        raise Refusal(400, f"moderate must be true or false, not {text[:40]!r}")
    return text == "true"


def _upload_url(call: Call) -> Response:
    mime_type = call.query.required("mimeType").lower()
    if _MEDIA_TYPE.fullmatch(mime_type) is None:
        raise Refusal(400, f"mimeType must be a media type, not {mime_type[:80]!r}")
    if not is_media(mime_type):
        raise Refusal(415, f"only images, video and audio are taken, not {mime_type}")
    size = call.query.whole("sizeBytes", 1, 10**15, default=0) or None
    if size is not None and size > MAX_BODY:
        raise Refusal(413, f"at most {MAX_BODY} bytes are taken, not {size}")
    expires = int(call.now + call.world.settings.upload_link)
    upload = Upload(_new_id(call), mime_type, call.now, expires, size)
    call.account.keep(upload)
    return reply(
        {
            "blobId": upload.id,
            "uploadUrl": upload_link(call.world, upload),
            "expiresAt": timestamp(expires),
            "headers": upload_headers(call.world, upload),
        }
    )


def _new_id(call: Call) -> str:
    account = call.account
    account.uploaded += 1
    return identifier("blob_", "upload", account.key, account.uploaded)


def _get(call: Call) -> Response:
    return reply(_body(call, _own_blob(call)))


def _head(call: Call) -> Response:
    blob = _own_blob(call)
    level = () if blob.verdict is None else (("X-Nsfw-Level", str(blob.verdict.level)),)
    return reply(_body(call, blob), 200, (("X-Blob-Status", blob.state), *level))


def _refresh(call: Call) -> Response:
    blob = _own_blob(call)
    call.account.renewed[blob.id] = call.now
    return reply(_body(call, blob))


def _own_blob(call: Call) -> Blob:
    return look_up(call.account, call.captured["blobId"], call.now)


def _body(call: Call, blob: Blob) -> dict[str, Json]:
    return blob_body(call.world, blob, call.now)


BLOBS = (
    Route("POST", "/blobs", "uploadBlob", _upload, bearer=True),
    Route("GET", "/blobs/upload-url", "getBlobUploadUrl", _upload_url, bearer=True),
    Route("GET", "/blobs/{blobId}", "getBlob", _get, bearer=True),
    Route("HEAD", "/blobs/{blobId}", "headBlob", _head, bearer=True),
    Route("POST", "/blobs/{blobId}/refresh", "refreshBlob", _refresh, bearer=True),
)
