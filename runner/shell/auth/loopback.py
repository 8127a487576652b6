"""Turns the redirect of a browser to this machine into the answer of an authorization server (RFC 8252, 7.3)."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from runner.records import Frozen
from runner.uri import split_uri

if TYPE_CHECKING:
    from concurrent.futures import Future

PATH = "/callback"

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>arazzo</title><p>{}</p></html>"""
_DONE = "The answer has arrived. You can close this window."
_STRANGE = "This is not the answer that is being waited for."


class Listener(Frozen):
    """A port of 127.0.0.1 that waits for one redirect; `answer` becomes the query of the one with the right state."""

    uri: str
    answer: Future[dict[str, str]]


@contextmanager
def listen(state: str) -> Iterator[Listener]:
    """Listen on a free port while the block runs; what comes without `state` is refused and changes nothing."""
    from concurrent.futures import Future  # late, as the server is: most runs ask nobody
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    answer: Future[dict[str, str]] = Future()
    taking = threading.Lock()

    class Callback(BaseHTTPRequestHandler):
        timeout = 10  # seconds for one connection, so that an idle one keeps no thread

        def do_GET(self) -> None:
            parts = split_uri(self.path)
            query = dict(parse_qsl(parts.query or "", keep_blank_values=True))
            expected = hmac.compare_digest(query.get("state", "").encode(), state.encode())
            if parts.path != PATH or not expected:
                self._say(400, _STRANGE)
                return
            with taking:
                if not answer.done():
                    answer.set_result(query)
            self._say(200, _DONE)

        def _say(self, status: int, text: str) -> None:
            page = _PAGE.format(text).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Log nothing: the query holds the code."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Callback) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        try:
            yield Listener(f"http://127.0.0.1:{server.server_port}{PATH}", answer)
        finally:
            server.shutdown()
            serving.join()
