"""Turns a blob's id into its bytes, into what is said of it, and into links that are good for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Literal, TypeAlias

from runner.exchange import Response, header, media_type
from runner.records import Frozen, replace
from runner.sandbox.civitai.accounts import Account
from runner.sandbox.civitai.moderation import Verdict
from runner.sandbox.civitai.ranges import entity_tag, serve_file
from runner.sandbox.civitai.replies import Refusal, not_found, orchestration_error
from runner.sandbox.civitai.routes import Api, Call, Route, World
from runner.sandbox.civitai.uploads import Upload, moderated
from runner.sandbox.ids import digest, timestamp
from runner.values import Json

KEPT = 30 * 86_400.0
"""How long a blob is kept after it was made or last refreshed, in seconds."""

State: TypeAlias = Literal["pending", "allowed", "blocked"]


class Blob(Frozen):
    """A file that is there, made or uploaded. `verdict` is None until moderation has spoken, `state` says so too."""

    id: str
    mime_type: str
    created: float
    state: State
    verdict: Verdict | None
    read: Callable[[], bytes]


def look_up(account: Account, blob_id: str, now: float) -> Blob:
    """Give an account's blob that is there by now, and still is."""
    blob = _uploaded(account, blob_id, now) or _product(account, blob_id, now)
    if blob is None or now >= account.renewed.get(blob_id, blob.created) + KEPT:
        raise not_found(f"blob {blob_id}")
    return blob


def _uploaded(account: Account, blob_id: str, now: float) -> Blob | None:
    upload = account.uploads.get(blob_id)
    if upload is None or upload.content is None:
        return None
    content, verdict = upload.content, upload.verdict
    if now < upload.checked:
        return Blob(blob_id, upload.mime_type, upload.created, "pending", None, lambda: content)
    state: State = "blocked" if verdict is not None and verdict.is_blocked else "allowed"
    return Blob(blob_id, upload.mime_type, upload.created, state, verdict, lambda: content)


def _product(account: Account, blob_id: str, now: float) -> Blob | None:
    if blob_id not in account.makers:
        return None
    workflow_id, index = account.makers[blob_id]
    workflow = account.workflows[workflow_id]
    step = workflow.steps[index]
    if workflow.step_status(step, now) != "succeeded":
        return None
    recipe, given = step.recipe, step.given
    return Blob(blob_id, recipe.mime_type, step.ends, "allowed", given.verdict, lambda: recipe.make(given, blob_id))


def link(world: World, blob_id: str, now: float) -> str:
    """Write a signed URL of a blob."""
    return _signed(world, "link", blob_id, _until(world.settings.blob_link, now))


def upload_link(world: World, upload: Upload) -> str:
    """Write a signed URL that a blob may be put to."""
    return _signed(world, "upload", upload.id, int(upload.expires))


def upload_headers(world: World, upload: Upload) -> dict[str, Json]:
    """Give what is to be sent with the bytes: their type, and the signature for who cannot follow a URL of a reply."""
    expires = str(int(upload.expires))
    signature = _signature(world, "upload", upload.id, expires)
    return {"Content-Type": upload.mime_type, "X-Expires": expires, "X-Signature": signature}


def _until(lifetime: float, now: float) -> int:
    return int(now + lifetime)


def _signed(world: World, kind: str, blob_id: str, expires: int) -> str:
    signature = _signature(world, kind, blob_id, str(expires))
    return f"{world.blob_base}/{blob_id}?expires={expires}&signature={signature}"


def _signature(world: World, kind: str, blob_id: str, expires: str) -> str:
    return digest(world.settings.seed, kind, blob_id, expires).hex()[:32]


def blob_body(world: World, blob: Blob, now: float) -> dict[str, Json]:
    """Write a blob as the description's Blob; until moderation has spoken, without a level."""
    content = blob.read()
    body: dict[str, Json] = {
        "id": blob.id,
        "mimeType": blob.mime_type,
        "sizeBytes": len(content),
        "url": link(world, blob.id, now),
        "urlExpiresAt": timestamp(_until(world.settings.blob_link, now)),
        "sha256": hashlib.sha256(content).hexdigest(),
        "createdAt": timestamp(blob.created),
    }
    if blob.verdict is not None:
        body["nsfwLevel"] = blob.verdict.level
        body |= {"nsfwReason": blob.verdict.reason} if blob.verdict.reason else {}
    return body


def _download(call: Call) -> Response:
    """Answer a signed URL with the bytes; one that was changed or has expired is refused, and so is blocked content."""
    owner = _owner(call, "link")
    blob = look_up(owner, call.captured["blobId"], call.now)
    if blob.state == "blocked":
        raise Refusal(403, "moderation has blocked this blob")
    return serve_file(blob.read(), blob.mime_type, call.request)


def _put(call: Call) -> Response:
    """Take the bytes that an upload link was asked for; once, though the same ones may come again."""
    owner = _owner(call, "upload")
    upload, content = owner.uploads[call.captured["blobId"]], call.request.body
    given = media_type(header(call.request.headers, "content-type")).essence
    if given != upload.mime_type:
        raise Refusal(415, f"the link is for {upload.mime_type}, not for {given or 'a body without a type'}")
    if upload.size is not None and len(content) != upload.size:
        raise Refusal(400, f"the link is for {upload.size} bytes, not for {len(content)}")
    if not content:
        raise Refusal(400, "the body is empty")
    if upload.content is None:
        checked = call.now + call.world.settings.duration / 3
        verdict = moderated("", content)
        owner.keep(replace(upload, content=content, created=call.now, verdict=verdict, checked=checked))
    elif upload.content != content:
        raise Refusal(409, "other bytes have been put here already")
    return Response(200, (("ETag", entity_tag(content)),), reason="OK")


def _owner(call: Call, kind: str) -> Account:
    """Give whose blob a signed URL is for, if the URL is good."""
    blob_id, headers = call.captured["blobId"], call.request.headers
    expires = call.query.text("expires") or header(headers, "x-expires") or ""
    signature = call.query.text("signature") or header(headers, "x-signature")
    if signature != _signature(call.world, kind, blob_id, expires):
        raise Refusal(403, "the link's signature does not fit it")
    if float(expires) <= call.now:
        raise Refusal(403, "the link has expired; ask for a new one")
    for account in call.world.accounts.by_key.values():
        if blob_id in account.makers or blob_id in account.uploads:
            return account
    raise not_found(f"blob {blob_id}")  # deleted, or the link was written by a sandbox of the same seed that is gone


STORE = Api(
    "blobs",
    (
        Route("GET", "/{blobId}", "downloadBlob", _download),
        Route("HEAD", "/{blobId}", "downloadBlob", _download),
        Route("PUT", "/{blobId}", "putBlob", _put),
    ),
    orchestration_error,
    tokens=False,
)
"""The object store behind the links: no operation of either description, and no token."""
