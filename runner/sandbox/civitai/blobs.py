"""Turns a blob's id into its bytes and into a link that is good for an hour."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runner.exchange import Response
from runner.sandbox.civitai.accounts import Account
from runner.sandbox.civitai.replies import Refusal, not_found, orchestration_error
from runner.sandbox.civitai.routes import Api, Call, Route, World
from runner.sandbox.civitai.workflows import Step
from runner.sandbox.ids import digest, timestamp
from runner.values import Json

LIFETIME = 3600
"""How long a link is good, in seconds."""

NSFW_LEVEL = 1
"""Of everything made here, on the site's scale: PG."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A product that is there: its id and the step that made it."""

    id: str
    step: Step

    @property
    def content(self) -> bytes:
        return self.step.recipe.make(self.step.given, self.id)


def look_up(account: Account, blob_id: str, now: float) -> Blob:
    """Give an account's blob whose step has succeeded by now."""
    if blob_id in account.makers:
        workflow_id, index = account.makers[blob_id]
        workflow = account.workflows[workflow_id]
        step = workflow.steps[index]
        if workflow.step_status(step, now) == "succeeded":
            return Blob(blob_id, step)
    raise not_found(f"blob {blob_id}")


def link(world: World, blob_id: str, now: float) -> str:
    """Write a signed URL of a blob."""
    expires = int(now) + LIFETIME
    return f"{world.blob_base}/{blob_id}?expires={expires}&signature={_signature(world, blob_id, str(expires))}"


def blob_body(world: World, blob: Blob, now: float) -> dict[str, Json]:
    """Write a blob as the description's Blob."""
    content = blob.content
    return {
        "id": blob.id,
        "mimeType": blob.step.recipe.mime_type,
        "sizeBytes": len(content),
        "url": link(world, blob.id, now),
        "urlExpiresAt": timestamp(int(now) + LIFETIME),
        "sha256": hashlib.sha256(content).hexdigest(),
        "nsfwLevel": NSFW_LEVEL,
        "createdAt": timestamp(blob.step.ends),
    }


def _download(call: Call) -> Response:
    """Answer a signed URL with the bytes; one that was changed or has expired is refused."""
    blob_id = call.captured["blobId"]
    expires = call.query.text("expires") or ""
    if call.query.text("signature") != _signature(call.world, blob_id, expires):
        raise Refusal(403, "the link's signature does not fit it")
    if float(expires) <= call.now:
        raise Refusal(403, "the link has expired; ask getBlob for a new one")
    owner = next((account for account in call.world.accounts.by_key.values() if blob_id in account.makers), None)
    if owner is None:  # the link was written by a sandbox of the same seed that is gone
        raise not_found(f"blob {blob_id}")
    blob = look_up(owner, blob_id, call.now)
    return Response(200, (("Content-Type", blob.step.recipe.mime_type),), blob.content, "OK")


def _signature(world: World, blob_id: str, expires: str) -> str:
    return digest(world.settings.seed, "link", blob_id, expires).hex()[:32]


STORE = Api(
    "blobs",
    [Route(method, "/{blobId}", "downloadBlob", _download) for method in ("GET", "HEAD")],
    orchestration_error,
    tokens=False,
)
"""The object store behind the links: no operation of either description, and no token."""
