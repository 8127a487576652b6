"""The sandbox over real sockets: both APIs on one port, and an end that is clean."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from runner.errors import UsageError
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.server import Running, ScaledTime, _listen, serve

SUBMISSION = {"steps": [{"$type": "imageGen", "input": {"prompt": "a cat", "width": 64, "height": 32}}]}


@pytest.fixture(scope="module")
def url():
    with Running(Settings(time_scale=100.0)) as server:
        yield server.url


@pytest.fixture
def client(url):
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer somebody"}) as client:
        yield client


def test_a_workflow_is_submitted_watched_and_its_picture_fetched(client, url):
    submitted = client.post("/v2/consumer/workflows", json=SUBMISSION)
    assert submitted.status_code == 202
    path = f"/v2/consumer/workflows/{submitted.json()['id']}"
    for _ in range(100):
        workflow = client.get(path).json()
        if workflow["status"] == "succeeded":
            break
        time.sleep(0.01)
    (blob,) = workflow["steps"][0]["jobs"][0]["result"]["blobs"]
    assert blob["url"].startswith(f"{url}/blobs/")
    picture = httpx.get(blob["url"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")
    assert picture.headers["content-length"] == str(len(picture.content))
    head = client.head(f"/v2/consumer/blobs/{blob['blobId']}")
    assert (head.status_code, head.headers["x-blob-status"], head.content) == (200, "allowed", b"")


@pytest.mark.parametrize("prefix", ["/api/v1", ""])
def test_the_site_answers_with_and_without_its_prefix(client, url, prefix):
    page = client.get(f"{prefix}/models", params={"limit": 1, "types": ["LORA", "LoCon"]})
    assert page.headers["content-type"] == "application/json; charset=utf-8"
    following = page.json()["metadata"]["nextPage"]
    assert following == f"{url}{prefix}/models?limit=1&types=LORA&types=LoCon&page=2"
    assert client.get(following).json()["metadata"]["currentPage"] == 2
    assert client.get(f"{prefix}/me").json()["username"].startswith("user-")


@pytest.mark.parametrize(
    ("method", "path", "status", "member"),
    [
        ("GET", "/api/v1/models/999", 404, "error"),
        ("DELETE", "/api/v1/models", 405, "error"),
        ("GET", "/nowhere", 404, "error"),
        ("GET", "/v2/consumer/nowhere", 404, "traceId"),
        ("POST", "/v2/consumer/workflows", 400, "traceId"),
        ("GET", "/api/v1/models/%E2%82%AC?x=%ff", 400, "error"),
    ],
)
def test_errors_have_the_shape_of_their_api(client, method, path, status, member):
    response = client.request(method, path)
    assert response.status_code == status
    assert member in response.json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/consumer/workflows/wf_x", 405),
        ("/v2/consumer/blobs/blob_x", 404),
        ("/api/auth/oauth/userinfo", 401),
        ("/__state", 200),
    ],
)
def test_what_head_is_told_has_a_length_and_no_body(client, path, status):
    head = client.head(path)
    assert (head.status_code, head.content) == (status, b"")
    assert int(head.headers["content-length"]) > 0
    assert "transfer-encoding" not in head.headers


def test_head_of_a_blob_is_told_the_length_that_get_sends(client):
    blob = client.post("/v2/consumer/blobs", files={"file": ("a.png", b"\x89PNG\r\n\x1a\n")}).json()
    for path in (f"/v2/consumer/blobs/{blob['id']}", blob["url"]):
        head, got = client.head(path), client.get(path)
        assert head.headers["content-length"] == str(len(got.content))
        assert head.headers["content-type"] == got.headers["content-type"]


def test_a_method_that_nobody_knows_is_refused_in_the_shape_of_the_api(client):
    response = client.request("BREW", "/v2/consumer/workflows")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://civitai.com/api/v1/enums", 200),
        ("HTTP://[x/api/v1/models/999", 404),
        ("/api/v1/models/%0D%0A", 400),
        ("//api/v1/models", 404),
        ("*", 404),
    ],
)
def test_any_target_of_a_request_is_answered_in_the_shape_of_an_api(url, target, status):
    port = httpx.URL(url).port
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "content-type: application/json" in answer


def test_a_page_is_for_reading(client):
    for path in ("/", "/__state"):
        response = client.post(path)
        assert (response.status_code, set(response.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_a_web_page_of_any_origin_may_call_the_apis_and_not_look_at_the_state(client):
    origin = {"Origin": "http://localhost:5173"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    preflight = client.options("/v2/consumer/workflows", headers=origin | asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "authorization, content-type"
    assert client.get("/api/v1/models/999", headers=origin).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/__state", headers=origin).headers


def test_a_client_that_goes_away_within_its_body_is_no_error(caplog):
    with Running() as server:
        port = httpx.URL(server.url).port
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(b"POST /v2/consumer/workflows HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert httpx.get(f"{server.url}/api/v1/enums").status_code == 200
    assert not caplog.records


def test_the_links_of_creators_and_tags_lead_to_their_models_on_this_server(client, url):
    for path in ("creators?query=JustMaier", "tags?query=comic"):
        (found,) = client.get(f"/api/v1/{path}").json()["items"]
        assert found["link"].startswith(f"{url}/api/v1/models?")
        assert client.get(found["link"]).json()["items"]


def test_no_token_is_401_with_its_challenge(url):
    response = httpx.get(f"{url}/v2/consumer/workflows")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


def test_a_body_above_the_limit_is_413_and_its_sender_hears_it(client):
    response = client.post("/v2/consumer/workflows", content=b" " * (10 * 1024 * 1024 + 1))
    assert response.status_code == 413


def test_the_front_page_says_what_is_served(client, url):
    page = client.get("/")
    assert page.status_code == 200
    assert f"{url}/v2/consumer" in page.text
    assert "Bearer sandbox-token" in page.text


def test_many_at_once_are_answered_each_with_an_id_of_its_own(url):
    def submit(ids: queue.Queue[str]) -> None:
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer crowd"}) as client:
            for _ in range(5):
                ids.put(client.post("/v2/consumer/workflows", json=SUBMISSION).json()["id"])

    ids: queue.Queue[str] = queue.Queue()
    threads = [threading.Thread(target=submit, args=(ids,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids.queue)) == 20


def test_a_server_that_ended_leaves_neither_thread_nor_port():
    before = threading.active_count()
    with Running() as server:
        assert httpx.get(server.url).status_code == 200
        port = httpx.URL(server.url).port
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_small_packets_leave_at_once():
    with _listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's algorithm on


def test_a_port_that_is_taken_is_a_usage_error_that_names_it():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot serve on 127.0.0.1 port {port}: "):
            serve("127.0.0.1", port, Settings(), lambda _url: None)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("no.such.host.invalid", 0)])
def test_a_place_that_cannot_be_served_is_a_usage_error(host, port):
    with pytest.raises(UsageError, match=f"cannot serve on {host} port {port}: "):
        serve(host, port, Settings(), lambda _url: None)


PROGRAM = """
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.server import serve
serve("127.0.0.1", 0, Settings(), lambda url: print(url, flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number):
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert httpx.get(url).status_code == 200
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_scaled_time_starts_now_and_runs_faster():
    scaled = ScaledTime(1000.0)
    assert abs(scaled.now() - time.time()) < 60
    first = scaled.now()
    time.sleep(0.01)
    assert scaled.now() - first >= 10
