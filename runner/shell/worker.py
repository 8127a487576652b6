"""Turns a selector that could take for ever into one that ends: it is applied in a process that can be killed.

XPath from 2.0 on always, and any query that searches a large value, go to one child process, which is started when it
is first needed, killed when it takes too long, and started again. They talk in JSON over pipes, each message behind its
length. `python -m runner.shell.worker` is the child.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compile import Compiled, Selection, apply, compile_selector
from runner.values import Absent, Json, Value

TIME_LIMIT = 5.0
"""Seconds for one selector."""
STARTING = 60.0
LARGE_TEXT = 64 * 1024
LARGE_TREE = 5_000
TEXT_PER_PART = 52
_LENGTH = 8


def is_costly(selector: Compiled, value: Value) -> bool:
    """Say whether a selector's time cannot be known from its text: a strange language, or a search in a large value."""
    if selector.singular or isinstance(value, Absent | bytes):
        return False
    if selector.type == "xpath":
        return selector.version != "xpath-10" or (isinstance(value, str) and len(value) > LARGE_TEXT)
    return ("?" in selector.text or ".." in selector.text) and _is_large(value)


def _is_large(value: Json) -> bool:
    """Say whether a value has more than `LARGE_TREE` parts or about 256 KB of text, and look at no more than that."""
    pending: list[Json] = [value]
    seen = 0
    while pending and seen <= LARGE_TREE:
        part = pending.pop()
        seen += 1 + (len(part) // TEXT_PER_PART if isinstance(part, str) else 0)
        if isinstance(part, dict):
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return seen > LARGE_TREE


class Worker:
    """Applies selectors, costly ones in a child process; a context manager, to be used by any number of threads."""

    def __init__(self, limit: float = TIME_LIMIT) -> None:
        self._limit = limit
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def apply(self, selector: Compiled, value: Value) -> Selection:
        """Apply a selector, or raise SelectorFailure: also where it takes longer than the limit."""
        if not is_costly(selector, value):
            return apply(selector, value)
        message = {"type": selector.type, "version": selector.version, "text": selector.text, "value": value}
        with self._lock:
            answer = self._ask(json.dumps(message).encode())
        if "failure" in answer:
            raise SelectorFailure(answer["failure"])
        return Selection(tuple(answer["values"]), answer["holds"])

    def _ask(self, message: bytes) -> dict[str, Any]:
        child = self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        pipes = child.stdin, child.stdout
        answer = within(self._limit, lambda: _exchange(*pipes, message))
        if answer is None:
            ended = child.poll() is not None
            self.close()
            reason = "the process it ran in has ended" if ended else f"it took longer than {self._limit:g} s"
            raise SelectorFailure(reason)
        found: dict[str, Any] = json.loads(answer)
        return found

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            # -P: what happens to lie in the working directory is not imported
            command = [sys.executable, "-P", "-m", "runner.shell.worker", str(self._limit * 4)]
            self._child = child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            assert child.stdout is not None
            if within(STARTING, lambda: _read(child.stdout)) is None:  # it says when it is ready
                self.close()
                raise SelectorFailure("the process for it could not be started")
        return self._child


def within(seconds: float, action: Callable[[], bytes | None]) -> bytes | None:
    """Do something that may block, and give up waiting for it after so many seconds."""
    found: list[bytes | None] = [None]

    def work() -> None:
        with suppress(OSError, ValueError):  # the pipe went away under it
            found[0] = action()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0]


def _exchange(to: IO[bytes], back: IO[bytes], message: bytes) -> bytes | None:
    _write(to, message)
    return _read(back)


def _write(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(_LENGTH, "big") + message)
    pipe.flush()


def _read(pipe: IO[bytes] | None) -> bytes | None:
    head = pipe.read(_LENGTH) if pipe else b""
    if len(head) < _LENGTH or pipe is None:
        return None
    return pipe.read(int.from_bytes(head, "big"))


def serve(give_up: float) -> None:
    """Answer messages until there are no more; the system ends this process where one takes longer than `give_up`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write(sys.stdout.buffer, b"ready")
    while (message := _read(sys.stdin.buffer)) is not None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, give_up)  # whoever started us may be gone
        _write(sys.stdout.buffer, json.dumps(_answer(json.loads(message))).encode())


def _answer(task: dict[str, Any]) -> dict[str, object]:
    try:
        selector = compile_selector(task["type"], task["version"], task["text"])
        found = apply(selector, task["value"])
    except (SelectorFailure, SelectorSyntax) as failure:
        return {"failure": str(failure)}
    except (RecursionError, MemoryError):
        return {"failure": "it needs too much memory"}
    return {"values": list(found.values), "holds": found.holds}


if __name__ == "__main__":
    serve(float(sys.argv[1]))
