"""Submitting workflows to the sandbox: what is refused, what it costs, how the status moves."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runner.exchange import Request

PUBLISHED: dict[str, Any] = {
    "tags": ["api-evangelist", "sdxl-demo"],
    "callbackUrl": "https://example.com/civitai/webhooks",
    "callbackEvents": ["workflow:succeeded", "workflow:failed"],
    "detailed": True,
    "steps": [
        {
            "$type": "imageGen",
            "name": "sdxl-hero",
            "input": {
                "engine": "sdxl",
                "model": "urn:air:sdxl:checkpoint:civitai:101055@128078",
                "prompt": "a glowing API specification floating above a cyberpunk skyline",
                "negativePrompt": "blurry, watermark, low quality, text",
                "width": 1024,
                "height": 1024,
                "steps": 30,
                "cfgScale": 7,
                "sampler": "DPM++ 2M Karras",
                "seed": 42,
                "quantity": 2,
                "additionalNetworks": [{"air": "urn:air:sdxl:lora:civitai:200000@250000", "strength": 0.8}],
            },
        }
    ],
}


def picture(**given: Any) -> dict[str, Any]:
    return {"steps": [{"$type": "imageGen", "input": given}]}


def test_the_published_example_is_accepted_as_published(caller):
    response = caller.workflows(method="POST", body=PUBLISHED)
    body = response.content.value
    assert response.status == 202
    assert re.fullmatch("wf_[0-9A-HJKMNP-TV-Z]{26}", body.pop("id"))
    assert body == {
        "status": "unassigned",
        "tags": ["api-evangelist", "sdxl-demo"],
        "createdAt": "2026-05-28T20:26:40.000Z",
        "cost": {"base": 24, "total": 24, "currency": "BUZZ"},
        "steps": [{"name": "sdxl-hero", "$type": "imageGen", "status": "unassigned", "jobs": []}],
    }


def test_the_same_calls_at_the_same_time_give_the_same_ids(make):
    assert make().submit() == make().submit()
    assert make(seed="another").submit()["id"] != make().submit()["id"]


@pytest.mark.parametrize(
    ("step", "price"),
    [
        ({"$type": "imageGen", "input": {}}, 8),
        ({"$type": "imageGen", "input": {"steps": 30, "quantity": 2}}, 24),
        ({"$type": "imageGen", "input": {"width": 512, "height": 512}}, 2),
        ({"$type": "imageGen", "input": {"width": 8, "height": 8, "steps": 1}}, 1),
        ({"$type": "imageGen", "input": {"width": 832, "height": 1216, "steps": 25.0}}, 10),
        ({"$type": "comfy", "input": {"quantity": 3}}, 24),
        ({"$type": "videoGen", "input": {}}, 320),
        ({"$type": "videoGen", "input": {"duration": 2.5, "quantity": 2}}, 320),
        ({"$type": "training", "input": {}}, 500),
    ],
)
def test_prices_are_those_that_are_written_down(caller, step, price):
    response = caller.workflows(method="POST", body={"steps": [step]})
    assert response.content.value["cost"] == {"base": price, "total": price, "currency": "BUZZ"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "a JSON body is required"),
        (b"{", "the body cannot be read: it is not JSON: "),
        ([], "the body must be an object, not an array"),
        (None, "a JSON body is required"),
        ({}, "steps is required"),
        ({"steps": {}}, "steps must be an array, not an object"),
        ({"steps": []}, "steps must have at least 1 item"),
        ({"steps": ["x"]}, "steps[0] must be an object, not 'x'"),
        ({"steps": [{"$type": "imageGen"}]}, "steps[0].input is required"),
        ({"steps": [{"input": {}}]}, "steps[0].$type is required"),
        ({"steps": [{"$type": "echo", "input": {}}]}, "steps[0].$type must be one of imageGen, "),
        (picture(quantity=0), "steps[0].input.quantity must be a whole number from 1 to 10, not 0"),
        (picture(quantity=11), "steps[0].input.quantity must be a whole number from 1 to 10, not 11"),
        (picture(quantity=1.5), "steps[0].input.quantity must be a whole number from 1 to 10, not 1.5"),
        (picture(quantity=True), "steps[0].input.quantity must be a whole number from 1 to 10, not true"),
        (picture(quantity="2"), "steps[0].input.quantity must be a whole number from 1 to 10, not '2'"),
        (picture(width=0), "steps[0].input.width must be a whole number from 1 to 4096, not 0"),
        (picture(seed=None), "steps[0].input.seed must be a whole number, not null"),
        (picture(cfgScale="7"), "steps[0].input.cfgScale must be a number, not '7'"),
        (picture(duration=0), "steps[0].input.duration must be a number above 0 and not above 3600, not 0"),
        (picture(images=["a", 1]), "steps[0].input.images[1] must be a string, not 1"),
        (picture(additionalNetworks=[{"air": 1}]), "steps[0].input.additionalNetworks[0].air must be a string, not 1"),
        ({**PUBLISHED, "callbackUrl": "http://example.com"}, "callbackUrl must be an https URL, not "),
        ({**PUBLISHED, "callbackUrl": "https://[x"}, "callbackUrl must be an https URL, not "),
        ({**PUBLISHED, "callbackEvents": ["workflow:done"]}, "callbackEvents[0] must be one of workflow:*, "),
        ({**PUBLISHED, "detailed": "yes"}, "detailed must be true or false, not 'yes'"),
        ({**PUBLISHED, "tags": "one"}, "tags must be an array, not 'one'"),
        ({**PUBLISHED, "tags": ["\ud800"]}, "the body cannot be read: half of a surrogate pair is no character"),
        ({**PUBLISHED, "\udfff": 1}, "the body cannot be read: half of a surrogate pair is no character"),
        (picture(prompt="\ud83d"), "the body cannot be read: half of a surrogate pair is no character"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_its_place(caller, body, message):
    response = caller.workflows(method="POST", body=body)
    assert response.status == 400
    assert response.content.value["message"].startswith(message)
    assert set(response.content.value) == {"code", "message", "traceId"}


def test_everything_wrong_is_said_at_once(caller):
    body = picture(quantity=11, width="wide")
    message = caller.workflows(method="POST", body=body).content.value["message"]
    assert "input.quantity" in message
    assert "input.width" in message


def test_members_the_description_does_not_know_are_let_through(caller):
    body = {**picture(prompt="x", strength=0.7), "metadata": {}}
    assert caller.workflows(method="POST", body=body).status == 202


def test_a_body_of_another_kind_is_415(caller):
    headers = (("Authorization", "Bearer x"), ("Content-Type", "text/plain"))
    url = "https://orchestration.civitai.com/v2/consumer/workflows"
    assert caller.sandbox.answer(Request("POST", url, headers, b"{}")).status == 415


def test_half_a_surrogate_pair_in_a_header_is_answered_too(caller):
    response = caller.call("GET", "https://orchestration.civitai.com/v2/consumer/workflows", token="\udc80")
    assert response.status == 200
    kind = "application/\udc80"
    response = caller.call("POST", "https://orchestration.civitai.com/v2/consumer/workflows", body=b"", kind=kind)
    assert response.content.value["message"] == "the body must be application/json, not application/?"


def test_a_body_that_is_compressed_is_415(caller):
    headers = (("Authorization", "Bearer somebody"), ("Content-Encoding", "gzip"))
    url = "https://orchestration.civitai.com/v2/consumer/workflows"
    response = caller.sandbox.answer(Request("POST", url, headers, b"\x1f\x8b"))
    assert (response.status, response.content.value["message"]) == (
        415,
        "the body must be sent as it is, not in the coding gzip",
    )


def test_a_balance_is_spent_and_a_short_one_is_402_with_both_figures(make):
    caller = make(balance=20)
    caller.submit()
    caller.submit()
    response = caller.workflows(method="POST", body=picture())
    assert response.status == 402
    assert response.content.value["code"] == "insufficient_buzz"
    assert response.content.value["message"] == "the workflow costs 8 Buzz and the balance is 4 Buzz"
    caller.submit(width=512, height=512)


def test_each_token_has_a_balance_of_its_own(make):
    caller = make(balance=8)
    caller.submit(token="one")
    caller.submit(token="two")
    assert caller.workflows(method="POST", body=picture(), token="one").status == 402


def test_a_token_that_begins_with_broke_has_nothing(caller):
    assert caller.workflows(method="POST", body=picture(), token="broke-student").status == 402


@pytest.mark.parametrize(
    ("after", "status", "jobs"),
    [
        (0, "unassigned", 0),
        (0.49, "unassigned", 0),
        (0.5, "preparing", 0),
        (1, "processing", 1),
        (2.99, "processing", 1),
        (3, "succeeded", 1),
        (10_000, "succeeded", 1),
    ],
)
def test_the_status_moves_with_the_clock(caller, clock, after, status, jobs):
    workflow = caller.submit()
    clock.time += after
    seen = caller.workflow(workflow)
    (step,) = seen["steps"]
    assert (seen["status"], step["status"], len(step["jobs"])) == (status, status, jobs)
    assert ("startedAt" in seen, "completedAt" in seen) == (jobs == 1, status == "succeeded")


def test_the_duration_is_a_setting(make, clock):
    caller = make(duration=60)
    workflow = caller.submit()
    clock.time += 59
    assert caller.workflow(workflow)["status"] == "processing"
    clock.time += 1
    assert caller.workflow(workflow)["completedAt"] == "2026-05-28T20:27:40.000Z"


@pytest.mark.parametrize(
    ("prompt", "after", "status"),
    [
        ("a cat [fail]", 2.9, "processing"),
        ("a cat [fail]", 3, "failed"),
        ("[expire]", 3, "expired"),
        ("[stall]", 1e6, "processing"),
        ("[slow:60]", 59, "processing"),
        ("[slow:60]", 60, "succeeded"),
        ("[slow:60] [fail]", 60, "failed"),
        ("[slow:1.5]", 1.5, "succeeded"),
        ("[slow:0]", 0.9, "preparing"),
        ("[slow:x]", 3, "succeeded"),
    ],
)
def test_a_prompt_steers_how_its_workflow_ends(caller, clock, prompt, after, status):
    workflow = caller.submit(prompt)
    clock.time += after
    seen = caller.workflow(workflow)
    (job,) = seen["steps"][0]["jobs"] or [{"status": seen["status"]}]
    assert (seen["status"], job["status"]) == (status, status)
    assert ("completedAt" in seen) == (status in ("failed", "expired", "succeeded"))
    assert ("result" in job) == (status == "succeeded")


def test_steps_run_side_by_side_and_the_slowest_ends_the_workflow(caller, clock):
    prompts = ("[slow:5]", "[slow:9]")
    body = {"steps": [{"$type": "imageGen", "name": p, "input": {"prompt": p}} for p in prompts]}
    workflow = caller.workflows(method="POST", body=body).content.value
    clock.time += 5
    seen = caller.workflow(workflow)
    assert [seen["status"], *(step["status"] for step in seen["steps"])] == ["processing", "succeeded", "processing"]
    clock.time += 4
    assert caller.workflow(workflow)["status"] == "succeeded"


def test_the_first_step_to_fail_ends_the_workflow_and_cancels_the_others(caller, clock):
    prompts = ("[slow:2]", "[slow:5][fail]", "[stall]", "[slow:9][expire]")
    body = {"steps": [{"$type": "imageGen", "input": {"prompt": prompt}} for prompt in prompts]}
    workflow = caller.workflows(method="POST", body=body).content.value
    clock.time += 20
    seen = caller.workflow(workflow)
    assert [step["name"] for step in seen["steps"]] == ["0", "1", "2", "3"]
    assert seen["status"] == "failed"
    assert [step["status"] for step in seen["steps"]] == ["succeeded", "failed", "canceled", "canceled"]
    assert seen["steps"][3]["completedAt"] == seen["completedAt"] == "2026-05-28T20:26:45.000Z"
