"""The bundled flows on the sandbox: what ends in the right branch, and that HTTP changes nothing of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.bundled import workflows
from runner.engine.events import Answered, Event, RunStarted, StepStarted
from runner.exchange import Headers, Response
from runner.records import replace
from runner.sandbox.faults import Fault
from runner.values import File, InputValue
from tests.workflows.running import Bench, Told

INPUTS = next(iter(workflows().values())).parent / "inputs"
PICTURE = INPUTS / "lighthouse.png"
FLOWS = sorted(workflows())
FULL_KB = 100 * 1024.0 * 1024.0


def examples(flow: str) -> dict[str, InputValue]:
    """Give the inputs beside a flow; those that tell of a picture come with it."""
    text = (INPUTS / f"{flow}.yaml").read_text(encoding="utf-8")
    inputs: dict[str, InputValue] = yaml.safe_load(text)
    if PICTURE.name in text:
        inputs["file"] = File(PICTURE.read_bytes(), PICTURE.name, "image/png")
    if "mimeType" in text:
        inputs["mimeType"] = "image/png"
    return inputs


@pytest.mark.parametrize(
    ("flow", "token", "inputs", "by", "outputs"),
    [
        # Work that was not done.
        ("image-generation-poll", "me", {"prompt": "[fail:blocked] x"}, "generation-failed", {"status": "failed"}),
        ("image-generation-poll", "me", {"prompt": "[expire] x"}, "generation-expired", {"status": "expired"}),
        ("image-generation-poll", "me", {"prompt": "[stall] x"}, "timed-out", {"status": "processing"}),
        ("image-generation-poll", "me", {"prompt": "[empty] x"}, "nothing-delivered", {"status": "succeeded"}),
        ("image-generation-poll", "broke", {}, "insufficient-buzz", {"workflowId": None, "cost": None}),
        ("image-generation-poll", "invalid", {}, "unauthorized", {"workflowId": None}),
        ("model-version-to-generation", "me", {"prompt": "[fail] x"}, "generation-failed", {"status": "failed"}),
        ("model-version-to-generation", "broke", {}, "insufficient-buzz", {"workflowId": None}),
        ("model-version-to-generation", "me", {"modelVersionId": 9208}, "cannot-generate-with-this-type", {}),
        ("model-version-to-generation", "me", {"modelVersionId": 3200020}, "no-air", {"workflowId": None}),
        ("model-version-to-generation", "me", {"modelVersionId": 1}, "no-such-version", {"workflowId": None}),
        ("blob-upload-img2img", "me", {"prompt": "[fail] x"}, "generation-failed", {"status": "failed"}),
        ("blob-upload-img2img", "broke", {}, "insufficient-buzz", {"workflowId": None}),
        ("blob-upload-img2img", "me", {"file": b"[nsfw:x]GIF8"}, "wrong-type", {"workflowId": None}),
        ("blob-upload-img2img", "me", {"file": b"GIF8[nsfw:x]"}, "moderated-out", {"sourceNsfwLevel": 8}),
        ("presigned-blob-generate", "me", {"prompt": "[expire] x"}, "generation-expired", {"status": "expired"}),
        ("presigned-blob-generate", "me", {"sizeBytes": 7}, "upload-refused", {"workflowId": None}),
        ("presigned-blob-generate", "me", {"mimeType": "text/plain"}, "upload-refused", {"workflowId": None}),
        ("vault-toggle-verify", "full", {}, "vault-full", {"usedKbBefore": FULL_KB, "statusAfter": None}),
        ("vault-toggle-verify", "free", {}, "no-vault", {"subscribed": False, "statusAfter": None}),
        ("vault-toggle-verify", "me", {"modelVersionId": 3200012}, "refused", {"statusAfter": None}),
        ("vault-toggle-verify", "me", {"modelVersionId": 139180}, "copy-failed", {"statusAfter": "Failed"}),
        ("vault-toggle-verify", "me", {"modelVersionId": 1}, "no-such-version", {"statusAfter": None}),
        ("permission-gated-download", "invalid", {}, "unauthorized", {"allowed": None}),
    ],
)
def test_work_that_was_not_done_is_no_success(
    flow: str, token: str, inputs: dict[str, Any], by: str, outputs: dict[str, Any]
) -> None:
    told = Bench.of(token).run(f"civitai-{flow}", inputs)
    assert (told.outcome, told.by) == ("failed", by)
    assert {name: told.outputs.get(name) for name in outputs} == outputs
    assert told.outputs.get("blobUrl") is None


def test_an_upload_url_that_expires_before_the_bytes_come_is_told() -> None:
    told = Bench.of(lapse=900.0).run("civitai-presigned-blob-generate")
    assert (told.outcome, told.by) == ("failed", "upload-url-expired")
    assert told.outputs["uploadExpiresAt"]
    assert "workflowId" not in told.outputs


@pytest.mark.parametrize(
    ("flow", "inputs", "by", "outputs"),
    [
        ("permission-gated-download", {"modelVersionId": 3200012}, "gated", {"allowed": False, "downloadUrl": None}),
        ("permission-gated-download", {"modelVersionId": 3200020}, "hidden", {"visible": False, "downloadUrl": None}),
        ("permission-gated-download", {"modelVersionId": 139180}, "archived", {"allowed": True, "downloadUrl": None}),
        ("batch-hash-reconcile", {"hashes": ["0" * 64]}, "none-matched", {"versionIds": {}, "modelId": None}),
        ("creator-models-gallery", {"creator": "nobody-at-all"}, "nobody-found", {"creator": None}),
        (
            "creator-models-gallery",
            {"creator": "quietharbour"},
            "no-models",
            {"creator": "quietharbour", "modelId": None},
        ),
        ("creator-models-gallery", {"creator": "stillwater"}, "empty-gallery", {"creator": "stillwater"}),
        ("creator-models-gallery", {"creator": "light"}, "nobody-found", {"creator": None}),
        ("creator-models-gallery", {"creator": "Just"}, "similar-names-only", {"namesFound": ["JustMaier"]}),
        ("tag-models-discovery", {"query": "zzz"}, "no-such-tag", {"tag": None}),
        ("tag-models-discovery", {"query": "someday"}, "unused-tag", {"tag": "someday", "modelCount": 0}),
        ("search-models-detail", {"query": "zzz"}, "nothing-found", {"modelId": None}),
        ("model-images-explorer", {"modelId": 3100040}, "no-images", {"imageId": None}),
        ("model-version-by-hash", {"hash": "0" * 10}, "not-catalogued", {"versionId": None}),
        ("workflow-query-cancel", {"tags": ["nobody's"]}, "nothing-active", {"workflowId": None}),
        ("vault-toggle-verify", {}, "stored", {"statusBefore": None, "statusAfter": "Stored"}),
    ],
)
def test_an_answer_that_was_not_hoped_for_is_an_answer(
    flow: str, inputs: dict[str, Any], by: str, outputs: dict[str, Any]
) -> None:
    told = Bench.of().run(f"civitai-{flow}", inputs)
    assert (told.outcome, told.by) == ("passed", by)
    assert {name: told.outputs.get(name) for name in outputs} == outputs


ORIGIN = re.compile(r"http://127\.0\.0\.1:\d+(?!/callback)|https://(blobs\.civitai\.example|(\w+\.)?civitai\.com)")


# `vary` is for the caches of browsers, whose pages only a server answers.
OF_THE_WIRE = {"host", "date", "content-length", "transfer-encoding", "vary"}


def story(told: Told) -> list[str]:
    """Write the events without what only the wire knows: where a server is, and the headers that HTTP adds.

    Ids and times are the same as they are, for both sandboxes have the same seed and the same clock.
    """
    return [ORIGIN.sub("https://there.example", _written(entry.event)) for entry in told.entries]


def _headers(headers: Headers) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in headers if name.lower() not in OF_THE_WIRE)


def _written(event: Event) -> str:
    match event:
        case RunStarted():
            return repr(replace(event, servers=()))
        case Answered(trail, exchange):
            sent, reply = exchange.sent, exchange.reply
            went = (sent.method, sent.url, _headers(sent.headers), sent.body)
            came = (reply.status, _headers(reply.headers), reply.body) if isinstance(reply, Response) else (reply,)
            return repr((trail, went, came, exchange.took))
        case _:
            return repr(event)


@pytest.mark.parametrize("given", ["defaults", "examples"])
@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_tells_the_same_in_process_and_over_http(flow: str, given: str) -> None:
    inputs = examples(flow) if given == "examples" else {}
    inside, outside = Bench.of().run(flow, inputs), Bench.of().run_over_http(flow, inputs)
    assert (inside.outcome, outside.outcome) == ("passed", "passed")
    assert story(inside) == story(outside)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_passes_also_where_the_live_apis_differ(flow: str) -> None:
    described, live = Bench.of().run(flow), Bench.of(live_like=True).run(flow)
    assert (live.outcome, live.by) == ("passed", described.by)


@pytest.mark.parametrize(
    ("flow", "token", "inputs", "by"),
    [
        ("image-generation-poll", "me", {"prompt": "[fail:blocked] x"}, "generation-failed"),
        ("image-generation-poll", "broke", {}, "insufficient-buzz"),
        ("presigned-blob-generate", "me", {}, "upload-url-expired"),
        ("permission-gated-download", "me", {"modelVersionId": 3200012}, "gated"),
        ("permission-gated-download", "invalid", {}, "unauthorized"),
        ("vault-toggle-verify", "full", {}, "vault-full"),
    ],
)
def test_a_flow_that_does_not_get_what_it_wants_tells_the_same_over_http(
    flow: str, token: str, inputs: dict[str, Any], by: str
) -> None:
    lapse = 900.0 if by == "upload-url-expired" else 0.0
    inside = Bench.of(token, lapse).run(f"civitai-{flow}", inputs)
    outside = Bench.of(token, lapse).run_over_http(f"civitai-{flow}", inputs)
    assert (inside.by, outside.by) == (by, by)
    assert story(inside) == story(outside)


def test_a_flow_waits_as_long_as_a_busy_server_says_in_process_and_over_http() -> None:
    flow = "civitai-image-generation-poll"
    inside, outside = Bench.of(busy=2).run(flow), Bench.of(busy=2).run_over_http(flow)
    replies = [entry.event.exchange.reply for entry in inside.entries if isinstance(entry.event, Answered)]
    assert [reply.status for reply in replies if isinstance(reply, Response)][:3] == [429, 429, 202]
    assert (inside.by, outside.by) == ("delivered", "delivered")
    assert story(inside) == story(outside)


SPENDS = "submitWorkflow"
DONE = {
    "civitai-image-generation-poll": "blobUrl",
    "civitai-blob-upload-img2img": "blobUrl",
    "civitai-model-version-to-generation": "blobUrl",
    "civitai-presigned-blob-generate": "blobUrl",
    "civitai-vault-toggle-verify": "usedKbAfter",
    "civitai-workflow-query-cancel": "statusAfter",
    "civitai-oauth-token-lifecycle": "statusAfterRevocation",
}
"""Of each flow that does something, the output that is there only when it was done."""


@pytest.mark.parametrize("flow", FLOWS)
def test_what_only_reads_is_read_again_after_a_fault(flow: str) -> None:
    plain = Bench.of().run(flow)
    started = [entry.event for entry in plain.entries if isinstance(entry.event, StepStarted)]
    reads = sorted({event.operation_id or "" for event in started if event.target.startswith(("GET", "HEAD"))})
    told = Bench.of(faults=tuple(Fault(status=503, times=1, operation=read) for read in reads)).run(flow)
    assert (told.outcome, told.by, told.outputs.keys()) == ("passed", plain.by, plain.outputs.keys())
    replies = [entry.event.exchange.reply for entry in told.entries if isinstance(entry.event, Answered)]
    assert [reply.status for reply in replies if isinstance(reply, Response)].count(503) == len(reads) > 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("flow", FLOWS)
def test_under_seeded_faults_a_flow_passes_only_with_its_work_done(flow: str, seed: int) -> None:
    faults = (
        Fault(status=503, rate=0.2, seed=str(seed)),
        Fault(drop=True, rate=0.1, seed=str(seed)),
        Fault(job="fail", rate=0.2, seed=str(seed)),
    )
    told, again = Bench.of(faults=faults).run(flow), Bench.of(faults=faults).run(flow)
    assert story(told) == story(again)
    if flow in DONE and told.by != "nothing-active":
        assert (told.outcome == "passed") == (told.outputs.get(DONE[flow]) is not None)
    assert told.by, "whatever happened, an action says so"


def test_with_the_seed_of_the_readme_all_pass_but_one_whose_code_is_good_for_one_use() -> None:
    faults = (Fault(status=503, rate=0.3, seed="8"),)
    told = {flow: Bench.of(faults=faults).run(flow) for flow in FLOWS}
    failed = {flow: each.by for flow, each in told.items() if each.outcome != "passed"}
    assert failed == {"civitai-oauth-token-lifecycle": "outcome-unknown"}


@pytest.mark.parametrize(
    ("flow", "operation", "by"),
    [
        ("image-generation-poll", SPENDS, "outcome-unknown"),
        ("vault-toggle-verify", "toggleVaultVersion", "not-added"),
    ],
)
def test_what_must_not_be_done_twice_is_sent_once_when_its_reply_is_lost(flow: str, operation: str, by: str) -> None:
    told = Bench.of(faults=(Fault(drop=True, operation=operation),)).run(f"civitai-{flow}")
    assert (told.outcome == "passed", told.by) == (False, by)
    sent = [entry.event.exchange.sent.method for entry in told.entries if isinstance(entry.event, Answered)]
    assert sent.count("POST") == 1


def test_the_picture_beside_the_flows_is_a_small_png() -> None:
    content = Path(PICTURE).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < 1024
