"""Serves the benchmarks' API on loopback, in a process of its own, and counts what it is asked.

Started as `python -m tests.bench.server`, it prints its port and ends with its standard input. What it costs is not
counted, but everybody waits for it: it knows as much of HTTP/1.1 as the tools need that are measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import NamedTuple

from tests.bench.answers import Answer, answer


class Seen(NamedTuple):
    """What the server has been asked since it was last told to forget: `last` is a method and a path."""

    requests: int
    refused: int
    connections: int
    last: str


class Counts:
    def __init__(self) -> None:
        self.forget(False)

    def forget(self, wrong: bool) -> None:
        self.requests, self.refused, self.connections, self.last, self.wrong = 0, 0, 0, "", wrong

    def control(self, path: str) -> Answer:
        if path != "/-/seen":
            self.forget(path == "/-/wrong")
        return Answer(200, json.dumps([self.requests, self.refused, self.connections, self.last]).encode())

    def asked(self, method: str, path: str, authorization: str, body: bytes) -> Answer:
        if path.startswith("/-/"):
            return self.control(path)
        found = answer(method, path, authorization, body, self.wrong)
        self.requests += 1
        self.refused += found.status != 200
        self.last = f"{method} {path}"
        return found


class Connection(asyncio.Protocol):
    def __init__(self, counts: Counts) -> None:
        self.counts, self.kept = counts, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.counts.connections += 1

    def data_received(self, data: bytes) -> None:
        self.kept += data
        while (end := self.kept.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.kept[:end].decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            whole = end + 4 + int(fields.get("content-length", "0"))
            if len(self.kept) < whole:
                return
            body, self.kept = self.kept[end + 4 : whole], self.kept[whole:]
            method, path, _ = first.split(" ")
            self.reply(self.counts.asked(method, path, fields.get("authorization", ""), body), fields)

    def reply(self, found: Answer, fields: dict[str, str]) -> None:
        head = (
            f"HTTP/1.1 {found.status} X\r\nContent-Type: application/json\r\nContent-Length: {len(found.body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + found.body)
        if fields.get("connection", "").lower() == "close":
            self.transport.close()


async def serve() -> None:
    loop, counts = asyncio.get_running_loop(), Counts()
    server = await loop.create_server(lambda: Connection(counts), "127.0.0.1", 0, backlog=1024)
    over = asyncio.Event()
    print(server.sockets[0].getsockname()[1], flush=True)

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait, daemon=True).start()
    await over.wait()


class Served(NamedTuple):
    """A server that runs: its URL."""

    url: str

    def forget(self, wrong: bool = False) -> None:
        """Count from zero; with `wrong` answer so that no flow may pass."""
        self._ask("wrong" if wrong else "right")

    def seen(self) -> Seen:
        return Seen(*json.loads(self._ask("seen")))

    def _ask(self, what: str) -> bytes:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{self.url}/-/{what}") as response:
            found: bytes = response.read()
        return found


@contextmanager
def served() -> Iterator[Served]:
    with Popen([sys.executable, "-m", "tests.bench.server"], stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Served(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    asyncio.run(serve())
