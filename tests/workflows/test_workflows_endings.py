"""How each bundled flow ends, reply by reply: the action that ends it, the outcome, and outputs that say so.

An answer that was not hoped for (nothing found, not allowed) passes. Work that was not done (a version that is not
stored, a picture that is not there) never does.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any, NamedTuple

import pytest

from runner.bundled import workflows
from runner.engine.events import ActionTaken, StepStarted
from runner.exchange import Reply, TransportFailure
from runner.plan.plan import Plan
from tests.scripted import Story, play, reply
from tests.workflows.running import planned


def plan(flow: str) -> Plan:
    return planned(f"civitai-{flow}")


def ended_by(story: Story) -> str:
    ends = [event.name for event in story.all(ActionTaken) if event.type == "end"]
    return ends[-1] if ends else ""


class Ending(NamedTuple):
    """What a flow is answered, and how it ends: outputs are compared where they are named, None is one that is absent.

    The replies are answered once each, in order; all of them must be asked for.
    """

    flow: str
    replies: Iterable[Reply]
    outcome: str
    by: str
    outputs: dict[str, Any] = {}  # noqa: RUF012 - a default that nobody changes
    inputs: dict[str, Any] = {}  # noqa: RUF012


LOST = TransportFailure("connect", "connection refused")


def items(*found: Any) -> Reply:
    return reply(200, {"items": list(found), "metadata": {}})


def head(status: int, state: str | None = None) -> Reply:
    return reply(status, headers=() if state is None else (("X-Blob-Status", state),))


MODEL = {"id": 7, "name": "M", "type": "LORA", "creator": {"username": "ann"}, "modelVersions": [{"id": 70}]}
VERSION = {
    "id": 70,
    "modelId": 7,
    "name": "v1",
    "baseModel": "SDXL 1.0",
    "air": "urn:air:sdxl:lora:civitai:7@70",
    "downloadUrl": "https://civitai.com/api/download/models/70",
    "files": [{"id": 1, "name": "m.safetensors"}],
}
CHECKPOINT = {**VERSION, "air": "urn:air:sdxl:checkpoint:civitai:7@70"}
ALLOWED = {"canView": True, "canDownload": True}


def image(**meta: Any) -> dict[str, Any]:
    return {"id": 5, "url": "https://image.civitai.com/5.jpeg", "username": "bob", "meta": meta}


READ = [
    Ending("batch-hash-reconcile", [reply(200, {})], "passed", "none-matched", {"versionIds": {}, "modelId": None}),
    Ending(
        "batch-hash-reconcile",
        [reply(200, {"A" * 64: 70}), reply(200, [])],
        "passed",
        "matches-vanished",
        {"versionIds": {"A" * 64: 70}, "versionId": None, "airs": []},
    ),
    Ending(
        "batch-hash-reconcile",
        [reply(200, {"A" * 64: 70}), reply(200, [VERSION]), reply(200, MODEL)],
        "passed",
        "reconciled",
        {"versionId": 70, "airs": [VERSION["air"]], "modelName": "M", "creator": "ann"},
    ),
    Ending(
        "batch-hash-reconcile",
        [reply(200, {"A" * 64: 70}), reply(200, [VERSION]), reply(404, {"error": "gone"})],
        "failed",
        "model-gone",
        {"versionId": 70, "modelName": None},
    ),
    Ending("batch-hash-reconcile", [reply(400, {"error": "not a hash"})], "failed", "bad-request"),
    Ending("creator-models-gallery", [items()], "passed", "nobody-found", {"creator": None, "namesFound": []}),
    Ending(
        "creator-models-gallery",
        [items({"username": "ann2"}, {"username": "joann"})],
        "passed",
        "similar-names-only",
        {"namesFound": ["ann2", "joann"], "creator": None},
        {"creator": "ann"},
    ),
    Ending(
        "creator-models-gallery",
        [items({"username": "ann2"}, {"username": "ann"}), items()],
        "passed",
        "no-models",
        {"creator": "ann", "modelId": None, "imageUrls": None},
        {"creator": "ann"},
    ),
    Ending(
        "creator-models-gallery",
        [items({"username": "Ann"}), items(MODEL), items()],
        "passed",
        "empty-gallery",
        {"creator": "ann", "modelId": 7, "imageUrls": []},
        {"creator": "ann"},
    ),
    Ending(
        "creator-models-gallery",
        [items({"username": "ann"}), items(MODEL), items(image(), image())],
        "passed",
        "gallery",
        {"modelNames": ["M"], "imageUrls": [image()["url"]] * 2},
        {"creator": "ann"},
    ),
    Ending("model-images-explorer", [reply(404, {})], "failed", "not-there", {"modelName": None}),
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items()],
        "passed",
        "no-images",
        {"modelName": "M", "imageId": None, "route": None},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items(image(civitaiResources=[{"modelVersionId": 70}])), reply(200, VERSION)],
        "passed",
        "resolved",
        {"imageId": 5, "route": "resource", "versionId": 70, "air": VERSION["air"]},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items(image(**{"Model hash": "0123456789"})), reply(200, VERSION), reply(200, VERSION)],
        "passed",
        "resolved",
        {"route": "model-hash", "versionId": 70},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items(image(resources=[{"hash": "0123456789"}])), reply(404, {}), reply(200, VERSION)],
        "passed",
        "resolved",
        {"route": "newest", "versionId": 70},
    ),
    # A workflow that failed is not called again as if nobody had answered.
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items(image(civitaiResources=[{"modelVersionId": 70}])), reply(404, {})],
        "failed",
        "not-there",
        {"imageId": 5, "versionId": None},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items(image(resources=[{"hash": "0123456789"}])), reply(200, VERSION), reply(404, {})],
        "failed",
        "not-there",
        {"imageId": 5, "air": None},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, MODEL), items(image()), reply(200, VERSION)],
        "passed",
        "resolved",
        {"route": "newest", "versionId": 70},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, {**MODEL, "modelVersions": []}), items(image())],
        "passed",
        "no-version",
        {"imageId": 5, "route": None, "versionId": None},
    ),
    Ending(
        "model-images-explorer",
        [reply(200, {**MODEL, "modelVersions": []}), items(image(resources=[{"hash": "?"}])), reply(400, {})],
        "passed",
        "no-version",
        {"route": None, "versionId": None},
    ),
    Ending(
        "model-version-by-hash",
        [reply(404, {"error": "no such hash"})],
        "passed",
        "not-catalogued",
        {"notFound": "no such hash", "versionId": None},
    ),
    Ending(
        "model-version-by-hash",
        [reply(200, {**VERSION, "files": []}), reply(200, MODEL)],
        "passed",
        "identified-but-archived",
        {"versionId": 70, "fileName": None, "modelName": "M"},
    ),
    Ending("model-version-by-hash", [reply(200, VERSION), reply(404, {})], "failed", "model-gone", {"versionId": 70}),
    Ending(
        "model-version-by-hash",
        [reply(200, VERSION), reply(200, MODEL)],
        "passed",
        "identified",
        {"versionId": 70, "fileName": "m.safetensors", "creator": "ann"},
    ),
    Ending("permission-gated-download", [reply(404, {})], "failed", "no-such-version", {"allowed": None}),
    Ending("permission-gated-download", [reply(200, VERSION), reply(401, {})], "failed", "unauthorized"),
    # A decision that is none, as the live API's map of ids would be.
    Ending(
        "permission-gated-download",
        [reply(200, VERSION), reply(200, {"70": True})],
        "failed",
        "unexpected-answer",
        {"allowed": None, "downloadUrl": None},
    ),
    Ending(
        "permission-gated-download",
        [reply(200, VERSION), reply(200, {"canView": True, "canDownload": False})],
        "passed",
        "gated",
        {"allowed": False, "visible": True, "downloadUrl": None},
    ),
    Ending(
        "permission-gated-download",
        [reply(200, VERSION), reply(200, {"canView": False, "canDownload": False})],
        "passed",
        "hidden",
        {"allowed": False, "visible": False, "downloadUrl": None},
    ),
    Ending(
        "permission-gated-download",
        [reply(200, VERSION), reply(200, ALLOWED), reply(200, {"id": 70, "name": "v1"})],
        "passed",
        "archived",
        {"allowed": True, "downloadUrl": None},
    ),
    Ending(
        "permission-gated-download",
        [reply(200, VERSION), reply(200, ALLOWED), reply(200, VERSION)],
        "passed",
        "handed-out",
        {"allowed": True, "downloadUrl": VERSION["downloadUrl"]},
    ),
    Ending("search-models-detail", [items()], "passed", "nothing-found", {"modelId": None}),
    Ending(
        "search-models-detail",
        [items(MODEL), reply(200, {**MODEL, "modelVersions": []})],
        "passed",
        "no-version-yet",
        {"modelId": 7, "versionId": None},
    ),
    Ending(
        "search-models-detail",
        [items(MODEL), reply(200, MODEL), reply(200, VERSION)],
        "passed",
        "found",
        {"modelId": 7, "versionId": 70, "air": VERSION["air"]},
    ),
    Ending("tag-models-discovery", [items()], "passed", "no-such-tag", {"tagsFound": [], "tag": None, "modelId": None}),
    Ending(
        "tag-models-discovery",
        [items({"name": "comic book", "modelCount": 0})],
        "passed",
        "unused-tag",
        {"tag": "comic book", "modelCount": 0, "modelId": None},
    ),
    Ending(
        "tag-models-discovery",
        [items({"name": "comic book", "modelCount": 3}), items()],
        "passed",
        "nothing-visible",
        {"tag": "comic book", "modelNames": [], "modelId": None},
    ),
    Ending(
        "tag-models-discovery",
        [items({"name": "comic book"}), items(MODEL), reply(200, MODEL)],
        "passed",
        "discovered",
        {"tagsFound": ["comic book"], "tag": "comic book", "modelNames": ["M"], "modelId": 7, "versionId": 70},
    ),
]

ME = reply(200, {"id": 1, "username": "ann"})
ABSENT_ITEM = reply(404, {"error": "not in the vault"})


def vault(used: float = 10, limit: float = 100, *, subscribed: bool = True) -> Reply:
    kb = {"storageUsedKb": used, "storageLimitKb": limit}
    return reply(200, {"subscribed": subscribed, "tier": "Bronze", **kb})


def item(status: str) -> Reply:
    return reply(200, {"id": 3, "modelVersionId": 128078, "status": status, "sizeKb": 5})


NOT_STORED = {"statusAfter": None, "usedKbAfter": None}
VAULT = [
    Ending("vault-toggle-verify", [reply(401, {})], "failed", "unauthorized"),
    Ending(
        "vault-toggle-verify",
        [ME, vault(0, 0, subscribed=False)],
        "failed",
        "no-vault",
        {"subscribed": False, "username": "ann", **NOT_STORED},
    ),
    Ending(
        "vault-toggle-verify",
        [ME, vault(100, 100), ABSENT_ITEM],
        "failed",
        "vault-full",
        {"usedKbBefore": 100, "limitKb": 100, "statusBefore": None, **NOT_STORED},
    ),
    Ending(
        "vault-toggle-verify",
        [ME, vault(99, 100), ABSENT_ITEM, reply(403, {"code": "vault_full"})],
        "failed",
        "vault-full",
        {"usedKbBefore": 99, **NOT_STORED},
    ),
    Ending("vault-toggle-verify", [ME, vault(), ABSENT_ITEM, reply(403, {})], "failed", "refused", NOT_STORED),
    Ending("vault-toggle-verify", [ME, vault(), ABSENT_ITEM, reply(404, {})], "failed", "no-such-version", NOT_STORED),
    Ending("vault-toggle-verify", [ME, vault(), item("Failed")], "failed", "copy-failed", {"statusBefore": "Failed"}),
    Ending(
        "vault-toggle-verify",
        [ME, vault(100, 100), item("Stored"), item("Stored"), vault(100, 100)],
        "passed",
        "stored-already",
        {"statusBefore": "Stored", "statusAfter": "Stored"},
    ),
    Ending(
        "vault-toggle-verify",
        [ME, vault(), ABSENT_ITEM, item("Pending"), item("Pending"), item("Stored"), vault(15)],
        "passed",
        "stored",
        {"statusBefore": None, "statusAfter": "Stored", "usedKbBefore": 10, "usedKbAfter": 15, "sizeKb": 5},
    ),
    Ending(
        "vault-toggle-verify",
        [ME, vault(), ABSENT_ITEM, item("Pending"), item("Failed")],
        "failed",
        "copy-failed",
        {"statusAfter": "Failed", "usedKbAfter": None},
    ),
    # The reply to the toggle is lost: it is looked up, never sent again.
    Ending("vault-toggle-verify", [ME, vault(), ABSENT_ITEM, LOST, item("Stored"), vault(15)], "passed", "stored"),
    Ending("vault-toggle-verify", [ME, vault(), ABSENT_ITEM, reply(500, {}), ABSENT_ITEM], "failed", "not-added"),
    Ending(
        "vault-toggle-verify",
        [ME, vault(), ABSENT_ITEM, *repeat(item("Pending"), 62)],
        "failed",
        "not-stored-in-time",
        {"statusAfter": "Pending", "usedKbAfter": None},
    ),
]

BLOB = {"blobId": "blob_9", "url": "https://blobs.example/9"}
SUBMITTED = reply(202, {"id": "wf_1", "status": "preparing", "cost": {"total": 12}})


def state(status: str, *blobs: Any) -> Reply:
    job = {"id": "job_1", "status": status, "result": {"blobs": list(blobs)}}
    return reply(200, {"id": "wf_1", "status": status, "cost": {"total": 12}, "steps": [{"jobs": [job]}]})


def generations(flow: str, *before: Reply, after: tuple[Reply, ...] = ()) -> list[Ending]:
    """Give the endings that every generation has, whatever comes before it is submitted and after it is delivered."""
    nothing = {"workflowId": None, "blobUrl": None}
    ends: list[tuple[list[Reply], str, dict[str, Any]]] = [
        ([reply(400, {})], "rejected", nothing),
        ([reply(401, {})], "unauthorized", nothing),
        ([reply(402, {})], "insufficient-buzz", nothing),
        ([reply(403, {})], "forbidden-or-insufficient-buzz", nothing),
        ([LOST], "outcome-unknown", nothing),
        ([reply(500, {})], "outcome-unknown", nothing),
        # Taken, by the look of it, and there is no way to ask what became of it.
        ([reply(202, {})], "outcome-unknown", nothing),
        ([reply(429, {})] * 4, "unavailable", nothing),
        ([SUBMITTED, state("failed")], "generation-failed", {"status": "failed", "cost": 12, "blobUrl": None}),
        ([SUBMITTED, state("expired")], "generation-expired", {"status": "expired", "blobUrl": None}),
        ([SUBMITTED, state("canceled")], "generation-canceled", {"status": "canceled", "blobUrl": None}),
        # What one job delivered makes no success of a workflow that ended otherwise.
        *(
            ([SUBMITTED, state(status, BLOB)], f"generation-{status}", {"status": status})
            for status in ("failed", "expired", "canceled")
        ),
        ([SUBMITTED, state("succeeded")], "nothing-delivered", {"status": "succeeded", "blobUrl": None}),
        ([SUBMITTED, reply(404, {})], "workflow-gone", {"workflowId": "wf_1", "status": None}),
        ([SUBMITTED, state("on holiday")], "unexpected-answer", {"workflowId": "wf_1", "status": "on holiday"}),
        ([SUBMITTED, *repeat(reply(503, {}), 6)], "unavailable", {"workflowId": "wf_1", "status": None}),
        ([SUBMITTED, *repeat(state("processing"), 91)], "timed-out", {"workflowId": "wf_1", "status": "processing"}),
    ]
    failed = [Ending(flow, [*before, *replies], "failed", by, outputs) for replies, by, outputs in ends]
    waited = [reply(429, {}), SUBMITTED, reply(503, {}), LOST, state("scheduled"), state("succeeded", BLOB), *after]
    delivered = Ending(flow, [*before, *waited], "passed", "delivered", {"status": "succeeded", "blobUrl": BLOB["url"]})
    return [*failed, delivered]


UPLOADED = reply(201, {"id": "blob_1", "nsfwLevel": 1})
PLACE = {
    "blobId": "blob_1",
    "uploadUrl": "https://blobs.civitai.example/blobs/blob_1?expires=9&signature=s",
    "headers": {"Content-Type": "image/webp", "X-Expires": "9", "X-Signature": "s"},
}
ELSEWHERE = {**PLACE, "uploadUrl": "https://store.example/u/1?sig=s", "headers": {"Content-Type": "image/webp"}}
FRESH = reply(200, {"id": "blob_9", "url": BLOB["url"]})
NOT_PAID = {"workflowId": None, "blobUrl": None}

GENERATE = [
    *generations("image-generation-poll"),
    *generations("blob-upload-img2img", UPLOADED, after=(FRESH,)),
    *generations("model-version-to-generation", reply(200, VERSION)),
    *generations("model-version-to-generation", reply(200, CHECKPOINT)),
    *generations("presigned-blob-generate", reply(200, PLACE), reply(200), head(200, "allowed")),
    Ending(
        "blob-upload-img2img",
        [reply(201, {"id": "blob_1", "nsfwLevel": 8, "nsfwReason": "explicit content"})],
        "failed",
        "moderated-out",
        {"sourceNsfwLevel": 8, "sourceNsfwReason": "explicit content", **NOT_PAID},
    ),
    Ending("blob-upload-img2img", [reply(201, {"id": "blob_1", "nsfwLevel": 4})], "failed", "moderated-out", NOT_PAID),
    Ending("blob-upload-img2img", [reply(400, {})], "failed", "upload-rejected", NOT_PAID),
    Ending("blob-upload-img2img", [reply(413, {})], "failed", "too-large", NOT_PAID),
    Ending("blob-upload-img2img", [reply(415, {})], "failed", "wrong-type", NOT_PAID),
    Ending("blob-upload-img2img", [reply(422, {})], "failed", "not-acceptable", NOT_PAID),
    Ending(
        "blob-upload-img2img",
        [UPLOADED, SUBMITTED, state("succeeded", BLOB), reply(404, {})],
        "failed",
        "result-gone",
        {"status": "succeeded", "blobId": "blob_9", "blobUrl": None},
    ),
    # The live API leads to the picture instead of telling of it.
    Ending(
        "blob-upload-img2img",
        [UPLOADED, SUBMITTED, state("succeeded", BLOB), reply(308, headers=(("Location", BLOB["url"]),))],
        "passed",
        "delivered",
        {"blobId": "blob_9", "blobUrl": None, "blobLocation": BLOB["url"]},
    ),
    Ending(
        "blob-upload-img2img",
        [UPLOADED, SUBMITTED, state("succeeded", BLOB), reply(200, {"id": "blob_9"})],
        "failed",
        "unexpected-answer",
        {"blobUrl": None, "blobLocation": None},
    ),
    Ending("model-version-to-generation", [reply(404, {})], "failed", "no-such-version", NOT_PAID),
    Ending("model-version-to-generation", [reply(200, {"id": 70, "name": "v1"})], "failed", "no-air", NOT_PAID),
    Ending(
        "model-version-to-generation",
        [reply(200, {**VERSION, "air": "urn:air:sd1:embedding:civitai:7@70"})],
        "failed",
        "cannot-generate-with-this-type",
        {"air": "urn:air:sd1:embedding:civitai:7@70", **NOT_PAID},
    ),
    Ending(
        "presigned-blob-generate",
        [reply(200, PLACE), reply(403, {"message": "the link has expired"})],
        "failed",
        "upload-url-expired",
        {"sourceBlobId": "blob_1", "sourceBlobStatus": None, **NOT_PAID},
    ),
    Ending("presigned-blob-generate", [reply(415, {})], "failed", "upload-refused", NOT_PAID),
    Ending("presigned-blob-generate", [reply(200, PLACE), reply(400, {})], "failed", "upload-refused", NOT_PAID),
    Ending(
        "presigned-blob-generate",
        [reply(200, PLACE), reply(503, {}), reply(200), head(200, "pending"), head(200, "blocked")],
        "failed",
        "moderated-out",
        {"sourceBlobStatus": "blocked", **NOT_PAID},
    ),
    Ending(
        "presigned-blob-generate",
        [reply(200, ELSEWHERE), *repeat(head(404), 121)],
        "failed",
        "never-uploaded",
        {"uploadUrl": ELSEWHERE["uploadUrl"], **NOT_PAID},
    ),
    Ending(
        "presigned-blob-generate",
        [reply(200, PLACE), reply(200), *repeat(head(200, "pending"), 121)],
        "failed",
        "never-moderated",
        {"sourceBlobStatus": "pending", **NOT_PAID},
    ),
    Ending(
        "presigned-blob-generate",
        [reply(200, ELSEWHERE), head(404), head(204), SUBMITTED, state("succeeded", BLOB)],
        "passed",
        "delivered",
        {"sourceBlobId": "blob_1", "blobUrl": BLOB["url"]},
    ),
]

ACTIVE = {"id": "wf_1", "status": "processing"}
CANCEL = [
    Ending("workflow-query-cancel", [items()], "passed", "nothing-active", {"active": [], "workflowId": None}),
    Ending(
        "workflow-query-cancel",
        [items(ACTIVE), state("succeeded")],
        "passed",
        "already-ended",
        {"statusBefore": "succeeded", "statusAfter": None},
    ),
    Ending(
        "workflow-query-cancel",
        [items(ACTIVE), state("processing"), reply(409, {}), state("succeeded")],
        "passed",
        "too-late",
        {"statusBefore": "processing", "statusAfter": "succeeded"},
    ),
    Ending(
        "workflow-query-cancel",
        [items(ACTIVE), state("processing"), reply(200, {}), state("processing"), state("canceled")],
        "passed",
        "canceled",
        {"active": ["wf_1"], "workflowId": "wf_1", "statusBefore": "processing", "statusAfter": "canceled"},
    ),
    Ending("workflow-query-cancel", [items(ACTIVE), reply(404, {})], "failed", "workflow-gone", {"statusAfter": None}),
    Ending(
        "workflow-query-cancel",
        [items(ACTIVE), state("processing"), reply(204), *repeat(state("processing"), 31)],
        "failed",
        "not-confirmed",
        {"statusAfter": "processing"},
    ),
]


ENDINGS = [*READ, *VAULT, *GENERATE, *CANCEL]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda each: f"{each.flow}-{each.by}")
def test_a_flow_ends_as_it_was_answered(ending: Ending) -> None:
    story = play(plan(ending.flow), ending.replies, ending.inputs)
    outcome = "passed" if story.outcome == "passed" else "failed"
    assert (outcome, ended_by(story)) == (ending.outcome, ending.by)
    found = {name: story.outputs.get(name) for name in ending.outputs}
    assert found == ending.outputs


SAID_BY_THE_STATUS_ALONE = {"bad-request", "rejected", "unauthorized", "forbidden", "vanished"}
"""Actions that follow from a status whatever the step, and are tried where they matter."""

LAST_WORDS = {"unavailable", "unexpected-answer"}
"""What ends a flow when nothing else does, at whatever step."""


@pytest.mark.parametrize("flow", sorted({each.flow for each in ENDINGS}))
def test_every_action_that_may_end_a_flow_is_seen_to_end_it(flow: str) -> None:
    compiled = plan(flow)
    steps = [step for workflow in compiled.workflows.values() for step in workflow.steps]
    listed = [action for step in steps for action in (*step.on_success, *step.on_failure)]
    stories = [play(compiled, each.replies, each.inputs) for each in ENDINGS if each.flow == flow]
    seen = {event.name for story in stories for event in story.all(ActionTaken)}
    ends = {action.name for action in listed if action.type == "end"}
    assert ends - SAID_BY_THE_STATUS_ALONE - LAST_WORDS - seen == set()


@pytest.mark.parametrize("answer", [reply(500, {}), LOST], ids=["500", "lost"])
@pytest.mark.parametrize("flow", sorted(workflows()))
def test_a_flow_that_nobody_serves_says_so(flow: str, answer: Reply) -> None:
    story = play(planned(flow), repeat(answer), endless=True)
    assert story.outcome != "passed"
    begins_with_money = flow == "civitai-image-generation-poll"
    assert ended_by(story) == ("outcome-unknown" if begins_with_money else "unavailable")


@pytest.mark.parametrize("flow", sorted(workflows()))
def test_an_answer_that_nobody_foresaw_ends_a_flow_by_that_name(flow: str) -> None:
    story = play(planned(flow), [reply(418, {})])
    assert (story.outcome, ended_by(story)) == ("failed", "unexpected-answer")


def test_every_bundled_flow_of_these_apis_has_its_endings() -> None:
    apis = {name for name, path in workflows().items() if "-oauth" not in path.name}
    assert {f"civitai-{each.flow}" for each in ENDINGS} == apis


def test_a_lost_toggle_is_never_sent_again() -> None:
    story = play(plan("vault-toggle-verify"), [ME, vault(), ABSENT_ITEM, LOST, item("Stored"), vault(15)])
    assert [request.method for request in story.requests].count("POST") == 1


def test_a_lora_is_put_on_the_base_model_and_a_checkpoint_is_the_model_itself() -> None:
    for version, ways in ((VERSION, "with-network"), (CHECKPOINT, "with-checkpoint")):
        story = play(plan("model-version-to-generation"), [reply(200, version), SUBMITTED, state("succeeded", BLOB)])
        assert [event.step_id for event in story.all(StepStarted)] == ["open-version", ways, "submit", "poll"]
        (given,) = story.requests[1].content[0]["steps"]  # type: ignore[index, call-overload]
        networks = given["input"].get("additionalNetworks")  # type: ignore[index, union-attr]
        assert networks == ([{"air": version["air"], "strength": 0.8}] if version is VERSION else None)


def test_the_bytes_of_a_presigned_upload_go_to_the_store_with_what_it_signed_and_nothing_else() -> None:
    replies = [reply(200, PLACE), reply(200), head(200), SUBMITTED, state("succeeded", BLOB)]
    story = play(plan("presigned-blob-generate"), replies)
    put = story.requests[1]
    assert (put.method, put.url) == ("PUT", "https://blobs.civitai.example/blobs/blob_1")
    headers = dict(put.headers)
    assert (headers["Content-Type"], headers["X-Expires"], headers["X-Signature"]) == ("image/webp", "9", "s")
    assert "Authorization" not in headers
    assert put.body.startswith(b"RIFF\x16\0\0\0WEBPVP8L")
