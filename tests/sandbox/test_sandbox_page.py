"""The page about the served sandbox: its state for people and for programs, and nothing that could do harm."""

from __future__ import annotations

import html.parser

import httpx
import pytest

from runner.exchange import Request, Response, TransportFailure
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.page import RequestLog, Section, StatePage
from runner.sandbox.server import Running

EVIL = "<script>alert(1)</script>&\"'"


@pytest.fixture
def client():
    with Running(Settings(time_scale=1000)) as server, httpx.Client(base_url=server.url) as client:
        yield client


class Tags(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_page_shows_what_happened(client):
    token = {"Authorization": "Bearer secret-token"}
    body = {"tags": [EVIL], "steps": [{"$type": "imageGen", "input": {"prompt": "x"}}]}
    workflow = client.post("/v2/consumer/workflows", json=body, headers=token).json()
    client.post("/api/v1/vault/toggle-version", json={"modelVersionId": 2514310}, headers=token)
    client.get(f"/api/v1/models/{EVIL}?token=hush")
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    shown = Tags(page.text)
    for text in (workflow["id"], "9,992", "2514310", "submitWorkflow", "toggleVaultVersion", EVIL):
        assert text in shown.text
    assert "secret-token" not in page.text
    assert "hush" not in page.text


def test_the_page_comes_again_by_itself_and_loads_and_runs_nothing(client):
    client.get(f"/api/v1/models?query={EVIL}", headers={"Authorization": f"Bearer {EVIL}"})
    page = client.get("/")
    tags = Tags(page.text).seen
    assert ("meta", {"http-equiv": "refresh", "content": "2"}) in tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in tags
    assert {name for name, _ in tags}.isdisjoint({"script", "link", "img", "iframe", "form"})
    assert all(name not in attributes for _, attributes in tags for name in ("src", "onload", "style"))
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"


def test_the_state_is_there_as_json(client):
    client.post("/v2/consumer/workflows", json={}, headers={"Authorization": "Bearer somebody"})
    state = client.get("/__state").json()
    assert list(state) == ["requests", "accounts", "workflows", "blobs", "vault", "tokens", "webhooks"]
    (account,) = state["accounts"]
    assert (account["balance"], account["tier"]) == (10_000, "Bronze")
    assert [workflow["status"] for workflow in state["workflows"]] == ["processing", "succeeded"]
    assert [blob["state"] for blob in state["blobs"]] == ["allowed"]
    (request,) = state["requests"]
    assert (request["method"], request["path"], request["status"]) == ("POST", "/v2/consumer/workflows", 400)
    assert request["problem"] == "steps is required"


def test_the_page_shows_webhooks_without_what_may_be_a_secret_of_the_receiver(client):
    body = {
        "callbackUrl": "https://somebody:hush@example.com/hook?key=hush",
        "steps": [{"$type": "imageGen", "input": {"prompt": "x"}}],
    }
    sent = client.post("/v2/consumer/workflows", json=body, headers={"Authorization": "Bearer somebody"})
    row = client.get("/__state").json()["webhooks"][-1]
    assert row.pop("at")
    assert row == {
        "event": "workflow unassigned",
        "workflowId": sent.json()["id"],
        "url": "https://example.com/hook?…",
        "state": "held",
        "attempts": 0,
        "last": "",
    }
    page = client.get("/").text
    assert "https://example.com/hook?…" in page
    assert "hush" not in page


def test_a_url_that_an_error_repeats_is_not_shown(client):
    step = {"$type": "imageGen", "input": {}}
    body = {"callbackUrl": "http://me:hush@example.com/?key=hush", "steps": [step]}
    client.post("/v2/consumer/workflows", json=body, headers={"Authorization": "Bearer somebody"})
    (request,) = client.get("/__state").json()["requests"]
    assert request["problem"] == "callbackUrl must be an https URL, not 'http://…'"
    assert "hush" not in client.get("/").text


def test_a_place_for_an_upload_is_awaited_until_its_link_has_expired(make, clock):
    caller = make(seed_workflows=False)
    place = caller.blobs("/upload-url?mimeType=image/png").content.value

    def blobs():
        rows = {section.name: section.rows for section in caller.sandbox.sections()}["blobs"]
        return [(row["id"], row["state"], row["mimeType"]) for row in rows]

    assert blobs() == [(place["blobId"], "awaited", "image/png")]
    clock.time += 900
    assert blobs() == []


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("status", "succeeded", '<td data-name="status" class="good">succeeded'),
        ("state", "blocked", '<td data-name="state" class="bad">blocked'),
        ("state", "undelivered", '<td data-name="state" class="bad">undelivered'),
        ("status", 202, '<td data-name="status" class="good">202'),
        ("status", 404, '<td data-name="status" class="poor">404'),
        ("status", 503, '<td data-name="status" class="bad">503'),
        ("sizeKb", 6775430.35, '<td data-name="sizeKb" class="number">6,775,430.35'),
        ("modelVersionId", 2514310, '<td data-name="modelVersionId" class="">2514310'),
        ("tags", ["a", "<b>"], '<td data-name="tags" class="">a, &lt;b&gt;'),
        ("done", True, '<td data-name="done" class="">true'),
        ("at", "2026-05-28T20:26:40.000Z", 'title="2026-05-28T20:26:40.000Z">2026-05-28 20:26:40</time>'),
        ('"><b>', None, '<td data-name="&quot;&gt;&lt;b&gt;" class="">'),
    ],
)
def test_a_value_is_written_as_what_it_is(name, value, written):
    page = StatePage("t", (), lambda: [Section("things", [{name: value}])]).html().body.decode()
    assert written in page


def test_the_page_leads_to_each_of_its_parts():
    page = StatePage("t", (), lambda: [Section("one", ()), Section("two", [{"a": 1}])]).html().body.decode()
    tags = Tags(page).seen
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links == ["#one", "#two", "/__state"]
    assert [attributes.get("id") for tag, attributes in tags if tag == "h2"] == ["one", "two"]


def test_an_empty_state_is_a_page_too():
    page = StatePage(
        "t<b>", ("one", "<two>"), lambda: [Section("things", ()), Section("more", [{"a": 1}, {"b": [EVIL]}])]
    )
    text = page.html().body.decode()
    assert "t&lt;b&gt;" in text
    assert "&lt;two&gt;" in text
    assert "<p>none</p>" in text
    assert "<script" not in text
    assert page.json().content.value == {"things": [], "more": [{"a": 1}, {"b": [EVIL]}]}


def test_the_last_requests_are_kept_the_newest_first(clock):
    log = RequestLog(clock, lambda request: request.method.lower())
    for number in range(60):
        log.note(Request("GET", f"http://x/{number}?a=b%20c&token=t&signature=s"), Response(200))
    log.note(Request("PUT", "http://x/y"), TransportFailure("closed", ""))
    rows = log.section().rows
    assert len(rows) == 50
    assert rows[0] == {
        "at": "2026-05-28T20:26:40.000Z",
        "method": "PUT",
        "path": "/y",
        "operation": "put",
        "status": "closed",
        "problem": None,
    }
    assert rows[1]["path"] == "/59?a=b%20c&token=…&signature=…"
