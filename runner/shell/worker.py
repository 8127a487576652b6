"""Turns a selector that could take for ever into one that ends: it is applied in a process that can be killed.

XPath from 2.0 on always, any query that searches a large value, and one that searches a value again and again, go to
one child process, which is started when it is first needed, killed when it takes too long, and started again. It may
use only so much memory, where the system can be told. They talk in JSON over pipes, each message behind its length.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import IO, TYPE_CHECKING, Any

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compile import Compiled, Selection, apply, compile_selector
from runner.late import late_pattern
from runner.values import Absent, Json, Value

if TYPE_CHECKING:
    import subprocess

TIME_LIMIT = 5.0
"""Seconds for one selector."""
STARTING = 60.0
MEMORY = 2 * 1024 * 1024 * 1024
"""Bytes for the child: `1 to 1000000000` asks for all there are."""
LARGE_TEXT = 64 * 1024
LARGE_TREE = 5_000
TEXT_PER_PART = 52
_LENGTH = 8

# -I and the paths of this process: the child sees the modules that we see, and nothing that happens to lie around.
_CHILD = "import sys; sys.path[:] = sys.argv[2:]; from runner.shell.worker import serve; serve(float(sys.argv[1]))"

# A second `$` or `..` searches everything for everything that is found; in a literal they only seem to be there.
_REPEATS_JSONPATH = re.compile(r"\$.*\$|\.\..*\.\.", re.DOTALL)
# So do predicates, axes and a second `//` of XPath 1.0.
_REPEATS_XPATH = late_pattern(r"\[|::|//.*//", re.DOTALL)


def is_costly(selector: Compiled, value: Value) -> bool:
    """Say whether a selector may take long: by its language, for the size of the value, or because it multiplies."""
    if isinstance(value, Absent):
        return False
    if selector.type == "xpath":
        large = isinstance(value, str | bytes) and len(value) > LARGE_TEXT
        return selector.version != "xpath-10" or large or bool(_REPEATS_XPATH.search(selector.text))
    searches = selector.type == "jsonpath" and ("?" in selector.text or ".." in selector.text)
    if isinstance(value, bytes) or not searches:
        return False
    return bool(_REPEATS_JSONPATH.search(selector.text)) or _is_large(value)


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
    """Applies selectors, costly ones in a child process; a context manager, to be used by any number of threads.

    The child is waited for inside of `apart()`.
    """

    def __init__(
        self, limit: float = TIME_LIMIT, apart: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._limit = limit
        self._apart = apart
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
        message = _written(selector, value)
        with self._apart(), self._lock:
            answer = self._ask(message)
        if "failure" in answer:
            raise SelectorFailure(answer["failure"])
        return Selection(tuple(answer["values"]), answer["singular"], answer["holds"])

    def _ask(self, message: bytes) -> dict[str, Any]:
        child = self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        pipes = child.stdin, child.stdout
        try:
            answer = within(self._limit, lambda: _exchange(*pipes, message))
        except BaseException:  # Ctrl-C: what the child says now would be taken for the next answer
            self.close()
            raise
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
            self._child = child = self._start()
            assert child.stdout is not None
            if within(STARTING, lambda: _read(child.stdout)) is None:  # it says when it is ready
                self.close()
                raise SelectorFailure("the process for it could not be started")
        return self._child

    def _start(self) -> subprocess.Popen[bytes]:
        import subprocess  # late: small searches are done here

        command = [sys.executable or "", "-I", "-c", _CHILD, str(self._limit * 4), *sys.path]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:
            raise SelectorFailure(f"the process for it could not be started: {error.strerror}") from None


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


def _written(selector: Compiled, value: Value) -> bytes:
    message: dict[str, object] = {
        "selector": (selector.type, selector.version, selector.text),
        "of_places": selector.of_places,
        **({"bytes": value.decode("latin-1")} if isinstance(value, bytes) else {"value": value}),
    }
    try:
        return json.dumps(message).encode()
    except RecursionError:
        raise SelectorFailure("the value is nested too deeply") from None


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
    _bound_memory()
    _write(sys.stdout.buffer, b"ready")
    while (message := _read(sys.stdin.buffer)) is not None:
        _alarm(give_up)  # whoever started us may be gone
        _write(sys.stdout.buffer, _answered(message))
        _alarm(0)


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _bound_memory() -> None:
    with suppress(ImportError, OSError, ValueError):  # not every system has it, or lets it be set
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most < 0 else min(MEMORY, most), most))


def _answered(message: bytes) -> bytes:
    try:
        task = json.loads(message)
        selector = compile_selector(*task["selector"])
        value = task["bytes"].encode("latin-1") if "bytes" in task else task["value"]
        found = apply(selector.places if task["of_places"] else selector, value)
        return json.dumps({"values": found.values, "singular": found.singular, "holds": found.holds}).encode()
    except (SelectorFailure, SelectorSyntax) as failure:
        return json.dumps({"failure": str(failure)}).encode()
    except RecursionError:
        return b'{"failure": "the value is nested too deeply"}'
    except MemoryError:
        return b'{"failure": "it needs too much memory"}'
