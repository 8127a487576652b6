"""Turns calls of the Orchestration API's operations into responses."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial

from runner.exchange import Response
from runner.records import replace
from runner.sandbox.civitai.accounts import Spent, spend
from runner.sandbox.civitai.blob_operations import BLOBS
from runner.sandbox.civitai.blobs import link, look_up
from runner.sandbox.civitai.budgets import check_budgets, note_spending
from runner.sandbox.civitai.moderation import SAFE, Verdict
from runner.sandbox.civitai.outbox import Subscription
from runner.sandbox.civitai.replies import Refusal, not_found, orchestration_error, too_many
from runner.sandbox.civitai.routes import Api, Call, Route, World
from runner.sandbox.civitai.submission import Update, read_patch, read_submission, read_update
from runner.sandbox.civitai.workflows import STATUSES, Moment, Status, Step, Workflow, begin
from runner.sandbox.ids import timestamp
from runner.sandbox.replies import reply
from runner.values import Json

_CURSOR = re.compile(r"before:([0-9]{1,18})")


def _submit(call: Call) -> Response:
    account, settings = call.account, call.world.settings
    account.submissions += 1
    if account.submissions <= settings.busy:
        raise too_many("the orchestrator is busy", retry_after=1)
    wanted = read_submission(call.request, lambda blob_id: _image(call, blob_id), settings)
    check_budgets(call.grant, account, wanted.price, call.now)
    spend(account, wanted.price)
    moment = Moment(account.key, account.sequence, call.now, settings.duration)
    steps = [replace(step, steering=call.world.faults.job()) for step in wanted.steps]
    workflow = begin(moment, steps, wanted.tags)
    account.add(workflow)
    note_spending(call.grant, account, Spent(call.now, workflow.id, workflow.charged))
    for callback in wanted.callbacks:
        describe = partial(_step_body, call.world)
        call.world.outbox.subscribe(Subscription(account, workflow.id, callback, describe))
    return reply(_workflow_body(call.world, workflow, call.now), 202)


def _query(call: Call) -> Response:
    take = call.query.whole("take", 1, 100, default=20)
    status = call.query.word("status", STATUSES)
    tags = set(call.query.several("tags"))
    before = _read_cursor(call.query.text("cursor"))
    found = [
        workflow
        for workflow in call.account.newest_first()
        if (before is None or workflow.sequence < before)
        and (status is None or workflow.status(call.now) == status)
        and tags <= set(workflow.tags)
    ]
    page: dict[str, Json] = {"items": [_workflow_body(call.world, workflow, call.now) for workflow in found[:take]]}
    if len(found) > take:
        page["nextCursor"] = _write_cursor(found[take - 1])
    return reply(page)


def _get(call: Call) -> Response:
    return reply(_workflow_body(call.world, _own_workflow(call), call.now))


def _image(call: Call, blob_id: str) -> Verdict | None:
    """Give what moderation says of an image, or will say before a job begins; what it was not asked of is safe."""
    try:
        blob = look_up(call.account, blob_id, call.now)
    except Refusal:
        return None
    upload = call.account.uploads.get(blob_id)
    return (blob.verdict if upload is None else upload.verdict) or SAFE


def _update(call: Call) -> Response:
    return _change(call, _own_workflow(call), read_update(call.request))


def _patch(call: Call) -> Response:
    workflow = _own_workflow(call)
    return _change(call, workflow, read_patch(call.request, _workflow_body(call.world, workflow, call.now)))


def _change(call: Call, workflow: Workflow, wanted: Update) -> Response:
    """Cancel a workflow, change its tags, or both; or neither where it has ended and is to be canceled."""
    status = workflow.status(call.now)
    if wanted.cancel and status != "canceled":
        if workflow.is_over(call.now):
            raise Refusal(409, f"the workflow has {_ENDED[status]}: it cannot be canceled")
        workflow = _canceled(call, workflow)
    if wanted.tags is not None:
        workflow = replace(workflow, tags=wanted.tags)
    call.account.workflows[workflow.id] = workflow
    return reply(_workflow_body(call.world, workflow, call.now))


_ENDED = {"succeeded": "succeeded already", "failed": "failed already", "expired": "expired"}


def _canceled(call: Call, workflow: Workflow) -> Workflow:
    """Cancel a workflow, and give back what it has not used."""
    canceled = workflow.cancel(call.now)
    call.account.refund(workflow, workflow.charged - canceled.charged)
    call.account.workflows[workflow.id] = canceled
    return canceled


def _delete(call: Call) -> Response:
    workflow = _own_workflow(call)
    if not workflow.is_over(call.now):
        _canceled(call, workflow)
    call.world.outbox.refresh(call.now)
    call.account.remove(workflow)
    return Response(204, reason="No Content")


def _own_workflow(call: Call) -> Workflow:
    workflow_id = call.captured["workflowId"]
    if workflow_id not in call.account.workflows:
        raise not_found(f"workflow {workflow_id}")
    return call.account.workflows[workflow_id]


def _write_cursor(last: Workflow) -> str:
    return base64.urlsafe_b64encode(f"before:{last.sequence}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    read = _CURSOR.fullmatch(text)
    if read is None:
        raise Refusal(400, "cursor is not one that this API gave")
    return int(read[1])


def _workflow_body(world: World, workflow: Workflow, now: float) -> dict[str, Json]:
    """Write a workflow as the description's Workflow, as it stands now."""
    return {
        "id": workflow.id,
        "status": workflow.status(now),
        "tags": list(workflow.tags),
        "createdAt": timestamp(workflow.created),
        **_times(workflow.started(now), workflow.completed(now)),
        "cost": {"base": workflow.price, "total": workflow.charged, "currency": "BUZZ"},
        "steps": [_step_body(world, workflow, step, now) for step in workflow.steps],
    }


def _step_body(world: World, workflow: Workflow, step: Step, now: float) -> dict[str, Json]:
    status = workflow.step_status(step, now)
    started = workflow.started(now)
    times = _times(started, workflow.completed(now, step))
    # A step is one job that makes all of its products; "steps with empty jobs" is how the published example begins.
    job: dict[str, Json] = {"id": step.job_id, "status": status, **times}
    if status == "succeeded":
        job["result"] = {"blobs": [_product_body(world, step, blob_id, now) for blob_id in step.blob_ids]}
    elif reason := _reason(step, status):
        job["reason"] = reason
    jobs: list[Json] = [] if started is None else [job]
    return {"name": step.name, "$type": step.kind, "status": status, **times, "jobs": jobs}


def _reason(step: Step, status: Status) -> str | None:
    return "canceled" if status == "canceled" else step.reason if status == step.outcome else None


def _product_body(world: World, step: Step, blob_id: str, now: float) -> dict[str, Json]:
    body: dict[str, Json] = {
        "blobId": blob_id,
        "url": link(world, blob_id, now),
        "mimeType": step.recipe.mime_type,
        "nsfwLevel": step.given.verdict.level,
    }
    if step.recipe.sized:
        body |= {"width": step.given.width, "height": step.given.height}
    if step.recipe.timed:
        body["durationMs"] = round(step.given.duration * 1000)
    return body


def _times(started: float | None, completed: float | None) -> dict[str, Json]:
    times = {"startedAt": started, "completedAt": completed}
    return {name: timestamp(time) for name, time in times.items() if time is not None}


ORCHESTRATION = Api(
    "orchestration",
    (
        Route("POST", "/workflows", "submitWorkflow", _submit, bearer=True),
        Route("GET", "/workflows", "queryWorkflows", _query, bearer=True),
        Route("GET", "/workflows/{workflowId}", "getWorkflow", _get, bearer=True),
        Route("PUT", "/workflows/{workflowId}", "updateWorkflow", _update, bearer=True),
        Route("PATCH", "/workflows/{workflowId}", "patchWorkflow", _patch, bearer=True),
        Route("DELETE", "/workflows/{workflowId}", "deleteWorkflow", _delete, bearer=True),
        *BLOBS,
    ),
    orchestration_error,
)
"""Paths are written without `/v2/consumer`, which every path of the description begins with."""
