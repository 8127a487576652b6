"""The sandbox as the live APIs are: each difference from the descriptions, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.exchange import Request, Response, header
from runner.sandbox.civitai.live import LIVE
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import Settings
from tests.sandbox.conftest import ORCHESTRATION, SITE, StillClock, document

CONSUMER = f"{ORCHESTRATION}/v2/consumer"
WAI = "A5F58EB1C33616C4F06BCA55AF39876A7B817913CD829CAA8ACB111B770C85CC"


class Live:
    def __init__(self, **settings: Any) -> None:
        self.clock = StillClock()
        self.sandbox = CivitaiSandbox(self.clock, Settings(live_like=True, **settings))

    def __call__(self, method: str, url: str, body: Any = None, token: str = "somebody") -> Response:
        kind = "application/json-patch+json" if method == "PATCH" else "application/json"
        headers = (("Authorization", f"Bearer {token}"), ("Content-Type", kind))
        return self.sandbox.answer(Request(method, url, headers, b"" if body is None else json.dumps(body).encode()))

    def anybody(self, url: str) -> Response:
        return self.sandbox.answer(Request("GET", url))

    def submit(self, token: str = "somebody") -> Response:
        return self("POST", f"{CONSUMER}/workflows", {"steps": [{"$type": "imageGen", "input": {}}]}, token)


@pytest.fixture
def live() -> Live:
    return Live()


def test_every_operation_of_the_table_is_one_of_the_descriptions():
    known = {
        operation["operationId"]
        for api in ("site", "orchestration")
        for path in document(api)["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
    }
    assert {name for each in LIVE for name in each.operations} <= known


def test_too_little_buzz_is_403_as_a_problem(live):
    refused = live.submit("broke")
    assert (refused.status, header(refused.headers, "content-type")) == (403, "application/problem+json")
    problem = refused.content.value
    assert (problem["status"], problem["title"]) == (403, "Forbidden")
    assert problem["detail"].startswith("the workflow costs 8 Buzz")


def test_a_queued_workflow_is_scheduled(live):
    workflow = live.submit().content.value
    live.clock.time += 0.6
    seen = live("GET", f"{CONSUMER}/workflows/{workflow['id']}").content.value
    assert seen["status"] == seen["steps"][0]["status"] == "scheduled"
    assert live("GET", f"{CONSUMER}/workflows?take=1").content.value["items"][0]["status"] == "scheduled"


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", {"tags": ["x"]}), ("PATCH", [{"op": "add", "path": "/tags/-", "value": "x"}])]
)
def test_a_change_is_answered_without_a_body(live, method, body):
    url = f"{CONSUMER}/workflows/{live.submit().content.value['id']}"
    changed = live(method, url, body)
    assert (changed.status, changed.body, header(changed.headers, "content-type")) == (204, b"", None)
    assert live("GET", url).content.value["tags"] == ["x"]


def test_workflows_are_not_filtered_by_status_and_have_a_next(live):
    page = live("GET", f"{CONSUMER}/workflows?status=failed&take=1").content.value
    assert len(page["items"]) == 1
    assert set(page) == {"items", "next"}
    following = live("GET", f"{CONSUMER}/workflows?take=1&cursor={page['next']}").content.value
    assert set(following) == {"items"}


def test_a_blob_leads_to_its_content(live):
    workflow = live("GET", f"{CONSUMER}/workflows?tags=sandbox-demo").content.value["items"][1]
    (made,) = workflow["steps"][0]["jobs"][0]["result"]["blobs"]
    url = f"{CONSUMER}/blobs/{made['blobId']}"
    found = live("GET", url)
    assert (found.status, found.body, header(found.headers, "x-nsfw-level")) == (308, b"", "1")
    assert live("GET", header(found.headers, "location")).body.startswith(b"\x89PNG")
    assert live("HEAD", url).status == 204
    assert live("GET", f"{url}0").status == 404


def test_ids_by_hash_are_pairs_and_want_sha256(live):
    url = f"{SITE}/model-versions/by-hash"
    assert live("POST", f"{url}/ids", [WAI]).content.value == [{"modelVersionId": 2514310, "hash": WAI}]
    assert live("POST", f"{url}/ids", ["DAEE95B7"]).status == live("POST", url, ["DAEE95B7"]).status == 400
    assert live("POST", url, [WAI]).status == 200
    assert live("POST", url, {}).content.value["message"] == "the body must be an array, not an object"


def test_users_are_items_and_a_tier_is_in_lower_case(live):
    assert [user["username"] for user in live("GET", f"{SITE}/users?username=aju").content.value["items"]] == ["Ajuro"]
    assert live("GET", f"{SITE}/users?limit=x").status == 400
    assert live("GET", f"{SITE}/me").content.value["tier"] == "bronze"


@pytest.mark.parametrize("path", ["/models", "/images"])
def test_pages_have_no_totals_and_end_at_a_thousand_items(live, path):
    metadata = live("GET", f"{SITE}{path}?limit=2").content.value["metadata"]
    assert set(metadata) == {"currentPage", "pageSize", "nextPage"}
    assert live("GET", f"{SITE}{path}?limit=100&page=10").status == 200
    too_deep = live("GET", f"{SITE}{path}?limit=100&page=11")
    assert (too_deep.status, header(too_deep.headers, "retry-after")) == (429, None)
    assert "totalItems" in live("GET", f"{SITE}/tags").content.value["metadata"]


def test_query_and_page_exclude_each_other(live):
    assert live("GET", f"{SITE}/models?query=xl").status == 200
    assert live("GET", f"{SITE}/models?query=xl&page=1").status == 400


def test_favorites_are_those_of_somebody(live):
    for query in ("favorites=true", "hidden=false"):
        assert live.anybody(f"{SITE}/models?{query}").status == 401
        assert live("GET", f"{SITE}/models?{query}").status == 200


def test_what_is_changed_may_be_kept_as_long(live):
    for path in ("images", "users"):
        kept = header(live.anybody(f"{SITE}/{path}").headers, "cache-control")
        assert kept == "public, s-maxage=300, stale-while-revalidate=150"


@pytest.mark.parametrize(("query", "told"), [("", False), ("&withMeta=true", True), ("&withMeta=a&withMeta=b", False)])
def test_meta_is_told_when_it_is_asked_for(live, query, told):
    (image,) = live("GET", f"{SITE}/images?postId=1981754{query}").content.value["items"]
    assert (image["meta"] is not None) is told


def test_a_vault_that_refuses_breaks(live):
    for token in ("free", "full"):
        refused = live("POST", f"{SITE}/vault/toggle-version", {"modelVersionId": 2514310}, token)
        assert refused.status == 500
    assert live("POST", f"{SITE}/vault/toggle-version", {"modelVersionId": 2514310}).status == 200
