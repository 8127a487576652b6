"""The Orchestration API of the sandbox: finding and canceling workflows, tokens, limits and unknown ways."""

from __future__ import annotations

from typing import Any

import pytest

PICTURE: dict[str, Any] = {"steps": [{"$type": "imageGen", "input": {}}]}


def test_a_fresh_account_has_a_running_and_a_finished_workflow_that_cost_nothing(make):
    caller = make(balance=8)
    running, finished = caller.workflows("?tags=sandbox-demo").content.value["items"]
    assert (running["status"], finished["status"]) == ("processing", "succeeded")
    assert running["cost"]["total"] == finished["cost"]["total"] == 0
    (blob,) = finished["steps"][0]["jobs"][0]["result"]["blobs"]
    assert caller.call("GET", blob["url"], token=None).status == 200
    assert caller.update(running, {"status": "canceled"}).content.value["status"] == "canceled"
    assert caller.workflows("?status=processing").content.value == {"items": []}
    caller.submit()


def test_the_workflows_to_begin_with_are_a_setting(make):
    assert make(seed_workflows=False).workflows().content.value == {"items": []}


def test_workflows_come_newest_first_and_only_ones_own(caller, clock):
    mine = []
    for _ in range(3):
        mine.insert(0, caller.submit()["id"])
        clock.time += 1
    caller.submit(token="someone-else")
    assert [item["id"] for item in caller.workflows().content.value["items"]][:3] == mine


def test_workflows_are_found_by_all_of_their_tags_and_their_status(make, clock):
    caller = make(seed_workflows=False)
    both = caller.submit(tags=["a", "b"])["id"]
    only = caller.submit(tags=["a"])["id"]
    clock.time += 3
    late = caller.submit(tags=["a", "b"])["id"]

    def found(query: str) -> list[str]:
        return [item["id"] for item in caller.workflows(query).content.value["items"]]

    assert found("?tags=a") == [late, only, both]
    assert found("?tags=a&tags=b") == found("?tags=a,b") == [late, both]
    assert found("?tags=A") == []
    assert found("?tags=a&status=succeeded") == [only, both]
    assert found("?status=unassigned") == [late]


def test_following_the_cursor_gives_everything_once_even_when_more_is_submitted(make):
    caller = make(seed_workflows=False)
    ids = [caller.submit()["id"] for _ in range(5)][::-1]
    seen, query = [], "?take=2"
    while query:
        page = caller.workflows(query).content.value
        seen += [item["id"] for item in page["items"]]
        caller.submit()
        query = "nextCursor" in page and f"?take=2&cursor={page['nextCursor']}"
    assert seen == ids


def test_a_page_that_is_just_full_has_no_cursor(caller):
    assert "nextCursor" not in caller.workflows("?take=2").content.value
    assert "nextCursor" in caller.workflows("?take=1").content.value


@pytest.mark.parametrize(
    "query",
    ["take=0", "take=101", "take=x", "status=scheduled", "cursor=", "cursor=abc", "cursor=ü", "cursor=YmVmb3JlOg"],
)
def test_a_query_with_a_bad_value_is_400(caller, query):
    assert caller.workflows(f"?{query}").status == 400


def test_a_workflow_that_is_unknown_or_someone_elses_is_404(caller):
    workflow = caller.submit()
    assert caller.workflows("/wf_unknown").status == 404
    assert caller.workflows("/" + workflow["id"], token="someone-else").status == 404
    assert caller.update(workflow, {"status": "canceled"}, token="someone-else").status == 404


def test_canceling_before_processing_gives_the_money_back(make, clock):
    caller = make(balance=8)
    workflow = caller.submit()
    clock.time += 0.9
    canceled = caller.update(workflow, {"status": "canceled"}).content.value
    assert canceled["status"] == canceled["steps"][0]["status"] == "canceled"
    assert canceled["cost"] == {"base": 8, "total": 0, "currency": "BUZZ"}
    assert "completedAt" in canceled
    assert "startedAt" not in canceled
    clock.time += 100
    assert caller.workflow(workflow) == canceled
    caller.submit()


def test_canceling_while_processing_gives_nothing_back(make, clock):
    caller = make(balance=8)
    workflow = caller.submit()
    clock.time += 1
    canceled = caller.update(workflow, {"status": "canceled"}).content.value
    assert canceled["cost"]["total"] == 8
    assert canceled["steps"][0]["jobs"][0]["status"] == "canceled"
    assert caller.workflows(method="POST", body=PICTURE).status == 402


@pytest.mark.parametrize(("prompt", "said"), [("", "succeeded"), ("[fail]", "failed"), ("[expire]", "expired")])
def test_what_has_ended_cannot_be_canceled_and_nothing_changes(caller, clock, prompt, said):
    workflow = caller.submit(prompt, tags=["old"])
    clock.time += 3
    response = caller.update(workflow, {"status": "canceled", "tags": ["new"]})
    assert response.status == 409
    assert said in response.content.value["message"]
    assert caller.workflow(workflow)["tags"] == ["old"]


def test_canceling_again_changes_nothing_and_refunds_nothing(make, clock):
    caller = make(balance=8)
    workflow = caller.submit()
    once = caller.update(workflow, {"status": "canceled"}).content.value
    clock.time += 9
    again = caller.update(workflow, {"status": "canceled"})
    assert (again.status, again.content.value) == (200, once)
    caller.submit()
    assert caller.workflows(method="POST", body=PICTURE).status == 402


def test_tags_are_replaced_and_an_empty_update_changes_nothing(caller):
    workflow = caller.submit(tags=["old"])
    assert caller.update(workflow, {"tags": ["new", "newer"]}).content.value["tags"] == ["new", "newer"]
    assert caller.update(workflow, {}).content.value["tags"] == ["new", "newer"]
    assert caller.update(workflow, {"tags": []}).content.value["tags"] == []


@pytest.mark.parametrize("body", [{"status": "succeeded"}, {"tags": [1]}, [], b"x"])
def test_an_update_that_does_not_fit_is_400(caller, body):
    assert caller.update(caller.submit(), body).status == 400


CALLS = [
    ("POST", "/workflows"),
    ("GET", "/workflows"),
    ("GET", "/workflows/wf_1"),
    ("PUT", "/workflows/wf_1"),
    ("PATCH", "/workflows/wf_1"),
    ("DELETE", "/workflows/wf_1"),
    ("POST", "/blobs"),
    ("GET", "/blobs/upload-url"),
    ("GET", "/blobs/b"),
    ("POST", "/blobs/b/refresh"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("token", [None, "invalid-one", "expired-one"])
def test_every_operation_wants_a_good_token(caller, method, path, token):
    response = caller.call(method, f"https://orchestration.civitai.com/v2/consumer{path}", token=token)
    assert response.status == 401
    assert response.content.value["code"] == "unauthorized"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/v2/consumer/workflows", 405),
        ("HEAD", "/v2/consumer/blobs/upload-url", 405),
        ("GET", "/v2/consumer/nothing", 404),
        ("GET", "/v1/consumer/workflows", 404),
        ("GET", "", 404),
    ],
)
def test_an_unknown_path_is_404_and_a_wrong_verb_405(caller, method, path, status):
    assert caller.call(method, f"https://orchestration.civitai.com{path}").status == status


def test_more_requests_than_a_minute_allows_are_429_until_it_is_over(make, clock):
    caller = make(rate_limit=2)
    assert [caller.workflows().status for _ in range(2)] == [200, 200]
    clock.time += 20.5
    response = caller.workflows()
    assert response.status == 429
    assert ("Retry-After", "40") in response.headers
    assert caller.workflows(token="someone-else").status == 200
    assert caller.site("/models").status == 200
    clock.time += 40
    assert caller.workflows().status == 200


def test_without_a_rate_limit_nothing_is_too_many(make):
    caller = make(rate_limit=None)
    assert {caller.site("/models/1102").status for _ in range(300)} == {200}


def test_the_first_submissions_find_it_busy_and_cost_nothing(make):
    caller = make(busy=2, balance=8)
    for _ in range(2):
        response = caller.workflows(method="POST", body=PICTURE)
        assert response.status == 429
        assert ("Retry-After", "1") in response.headers
    caller.submit()
    assert caller.workflows(method="POST", body=PICTURE, token="someone-else").status == 429
