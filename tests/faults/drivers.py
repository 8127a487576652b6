"""Every way in which a flow is driven, and what it may leave behind in this process: nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from runner.engine.state import Limits
from runner.library import arun, run_workflows
from runner.plan.plan import Plan
from runner.result import Result
from runner.shell.http import AsyncHttpTransport, HttpTransport
from runner.shell.network import AsyncNetwork, Network
from runner.shell.options import HttpOptions

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds after which something that should take a moment is taken to hang. No measurement: machines are slow."""
QUICK = Limits(pace=0)
DESCRIPTORS = Path("/proc/self/fd")


def _blocking(kind: type[Network] | type[HttpTransport]) -> Callable[[Plan, HttpOptions], Result]:
    def driven(plan: Plan, options: HttpOptions) -> Result:
        with kind(options) as transport:
            return run_workflows(plan, transport=transport, limits=QUICK)

    return driven


def _awaited(kind: type[AsyncNetwork] | type[AsyncHttpTransport]) -> Callable[[Plan, HttpOptions], Result]:
    async def driven(plan: Plan, options: HttpOptions) -> Result:
        async with kind(options) as transport:
            return await arun(plan, transport=transport, limits=QUICK)

    return lambda plan, options: asyncio.run(driven(plan, options))


DRIVERS: Mapping[str, Callable[[Plan, HttpOptions], Result]] = {
    "lean": _blocking(Network),
    "lean-async": _awaited(AsyncNetwork),
    "httpx": _blocking(HttpTransport),
    "httpx-async": _awaited(AsyncHttpTransport),
}


class Held(NamedTuple):
    """What this process holds: file descriptors, sockets among them, and threads; -1 where nobody can tell."""

    files: int
    sockets: int
    threads: int


def held() -> Held:
    """Count what this process holds right now."""
    if not DESCRIPTORS.is_dir():
        return Held(-1, -1, threading.active_count())
    files = sockets = 0
    for path in DESCRIPTORS.iterdir():
        with suppress(OSError):  # the one that listed them is closed by now
            mode = os.fstat(int(path.name)).st_mode
            files += 1
            sockets += stat.S_ISSOCK(mode)
    return Held(files, sockets, threading.active_count())


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail where more is held after a block than before; what is on its way out gets a moment."""
    before = held()
    yield
    until = time.monotonic() + 10
    while (after := held()) > before and time.monotonic() < until:
        time.sleep(0.01)
    left = [f"{now - was} {name}" for name, was, now in zip(Held._fields, before, after, strict=True) if now > was]
    if left:
        pytest.fail(f"left behind: {', '.join(left)}")


def ending(action: Callable[[], T]) -> T:
    """Give what an action gives, and fail where it hangs: it runs in a thread that can be left alone."""
    came: list[T] = []
    raised: list[BaseException] = []

    def act() -> None:
        try:
            came.append(action())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        pytest.fail(f"there was no end within {PATIENCE} s")
    if raised:
        raise raised[0]
    return came[0]


@contextmanager
def unresolved(host: str) -> Iterator[None]:
    """Let nobody know where a host is."""
    real = socket.getaddrinfo

    def look_up(name: Any, *arguments: Any, **more: Any) -> Any:
        if name in (host, host.encode()):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(name, *arguments, **more)

    socket.getaddrinfo = look_up
    try:
        yield
    finally:
        socket.getaddrinfo = real
