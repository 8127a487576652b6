"""Receives webhooks, in process or on a socket, the way a receiver ought to: by key, so that duplicates do nothing."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema

from runner.exchange import Reply, Request, Response, TransportFailure, header
from tests.sandbox.conftest import document

URL = "http://127.0.0.1:9/hook"


@functools.cache
def validator() -> jsonschema.Draft202012Validator:
    described = document("orchestration")
    components = described["components"]
    return jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/Event", "components": components},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


@dataclass
class Receiver:
    """A Transport that is the receiver itself. `answer` is asked how each request ends, 204 when it says nothing."""

    answer: Callable[[dict[str, Any]], Reply | None] = lambda _event: None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    came: threading.Condition = field(default_factory=threading.Condition)

    def send(self, request: Request, timeout: float | None) -> Reply:
        assert (request.method, header(request.headers, "content-type"), timeout) == ("POST", "application/json", 10.0)
        return self.receive(request.body)

    def receive(self, content: bytes) -> Reply:
        event = json.loads(content)
        validator().validate(event)
        reply = self.answer(event) or Response(204)
        with self.came:
            self.attempts.append(event)
            if isinstance(reply, Response) and reply.status < 300:
                self.seen.setdefault((event["workflowId"], event["status"], event["timestamp"]), event)
            self.came.notify_all()
        return reply

    @property
    def statuses(self) -> list[str]:
        return [event["status"] for event in self.seen.values()]

    def wait_for(self, enough: Callable[[Receiver], bool]) -> None:
        """Wait until enough has come; the time is only there so that a test that fails ends."""
        with self.came:
            assert self.came.wait_for(lambda: enough(self), 30), self.attempts


@contextmanager
def listening(receiver: Receiver) -> Iterator[str]:
    """Serve a receiver on loopback; what it answers with a failure is a connection that is closed. Gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            reply = receiver.receive(self.rfile.read(int(self.headers["Content-Length"])))
            if isinstance(reply, TransportFailure):
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook?secret=hush"
        finally:
            server.shutdown()
            thread.join()
