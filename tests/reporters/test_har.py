"""An HTTP Archive that viewers can open, and that claims nothing that is not known."""

from __future__ import annotations

import base64
import io
import json
from datetime import datetime
from typing import Any

import pytest

from runner.engine.events import Answered, Entry, Frame
from runner.exchange import Exchange, Headers, Hop, Request, Response, TransportFailure
from runner.reporters.har import Har
from runner.reporters.reporter import Broadcast

from .story import SECRET, story
from .suite import suite


def archive(entries: list[Entry], limit: int = 1000) -> dict[str, Any]:
    stream = io.StringIO()
    report = Broadcast([Har(stream, limit)])
    for entry in entries:
        report.tell(entry)
    report.close()
    log: dict[str, Any] = json.loads(stream.getvalue())["log"]
    return log


def one(exchange: Exchange, limit: int = 1000) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = archive([Entry(100.0, Answered((Frame("w", "s", 1, 2),), exchange))], limit)[
        "entries"
    ]
    return found


REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {
    "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize",
}  # fmt: skip


@pytest.mark.parametrize("entries", [story(), suite()], ids=["story", "suite"])
def test_every_entry_has_what_the_format_requires(entries: list[Entry]) -> None:
    log = archive(entries)
    assert log["version"] == "1.2"
    assert {"name", "version"} <= log["creator"].keys()
    assert len(log["entries"]) == sum(isinstance(entry.event, Answered) for entry in entries)
    for each in log["entries"]:
        assert datetime.fromisoformat(each["startedDateTime"]).tzinfo
        assert each["request"].keys() >= REQUEST
        assert each["response"].keys() >= RESPONSE
        assert {"size", "mimeType"} <= each["response"]["content"].keys()
        assert each["cache"] == {}
        assert each["time"] == pytest.approx(sum(took for took in each["timings"].values() if took >= 0))


def test_a_request_and_its_response_are_told() -> None:
    headers: Headers = (("Content-Type", "application/json"), ("Cookie", "theme=dark; lang=en"))
    sent = Request("POST", "https://x.example/a?b=1&c=&b=%20", headers, b'{"a": 1}')
    answer = Response(201, (("Content-Type", "text/plain"), ("Set-Cookie", "seen=yes; Path=/")), b"hello", "Created")
    (found,) = one(Exchange(sent, answer, 0.25))
    assert found["startedDateTime"] == "1970-01-01T00:01:39.750Z"
    assert (found["time"], found["timings"]["wait"]) == (250, 250)
    assert {name for name, took in found["timings"].items() if took == -1} == {
        "blocked", "dns", "connect", "ssl", "send", "receive",
    }  # fmt: skip
    assert [(each["name"], each["value"]) for each in found["request"]["queryString"]] == [
        ("b", "1"), ("c", ""), ("b", " "),
    ]  # fmt: skip
    assert [each["name"] for each in found["request"]["cookies"]] == ["theme", "lang"]
    assert [each["name"] for each in found["response"]["cookies"]] == ["seen"]
    assert found["request"]["postData"] == {"mimeType": "application/json", "text": '{"a": 1}'}
    assert found["response"]["content"] == {"size": 5, "mimeType": "text/plain", "text": "hello"}
    assert found["_arazzo"] == {"workflow": "w", "step": "s", "attempt": 2}


def test_the_query_of_an_address_that_is_none_is_told() -> None:
    [entry] = one(Exchange(Request("GET", "http://[x/?a=1"), TransportFailure("url", "it is none")))
    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}]


def test_a_redirect_is_an_entry_of_its_own_whose_time_is_not_known() -> None:
    there = Response(302, (("Location", "/there"),))
    hop = Hop(Request("GET", "https://x.example/here"), there)
    first, last = one(Exchange(Request("GET", "https://x.example/there"), Response(200), 0.5, (hop,)))
    assert (first["response"]["status"], first["response"]["redirectURL"]) == (302, "/there")
    assert [(each["time"], each["timings"]["wait"]) for each in (first, last)] == [(0, -1), (0, -1)]
    assert last["comment"] == "with what was sent before it took 500.0 ms"


def test_where_no_response_came_the_status_is_0() -> None:
    (found,) = one(Exchange(Request("GET", "https://x.example/"), TransportFailure("dns", "no such host")))
    assert found["response"]["status"] == 0
    assert found["response"]["_error"] == "dns: no such host"


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"abcd", {"size": 4, "text": "abcd"}),
        (b"abcdef", {"size": 6, "text": "abcd", "comment": "the first 4 of 6 bytes"}),
        ("aé€x".encode(), {"size": 7, "text": "aé", "comment": "the first 3 of 7 bytes"}),
        (b"\xff\x00", {"size": 2, "text": base64.b64encode(b"\xff\x00").decode(), "encoding": "base64"}),
        (b"", {"size": 0}),
    ],
)
def test_a_body_is_kept_up_to_a_limit(body: bytes, content: dict[str, object]) -> None:
    (found,) = one(Exchange(Request("GET", "https://x.example/"), Response(200, (), body)), limit=4)
    assert found["response"]["content"] == {"mimeType": "x-unknown", **content}


def test_a_case_is_named_at_its_requests() -> None:
    found = archive(suite())["entries"]
    assert found[0]["_arazzo"] == {"case": "adopt[rex]", "workflow": "adopt", "step": "login", "attempt": 1}


def test_no_secret_is_in_it() -> None:
    text = json.dumps(archive(story()))
    assert SECRET not in text
    assert "tok-12345678" not in text


def test_a_run_without_requests_is_an_archive_without_entries() -> None:
    assert archive([])["entries"] == []
