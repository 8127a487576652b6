"""Whatever a server does, by any driver: the step says what in one line, the next request works, nothing stays."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.result import Result
from runner.shell.options import HttpOptions
from tests.cli.process import arazzo
from tests.faults.attempts import OPTIONS, says, try_out
from tests.faults.drivers import DRIVERS, ending, nothing_left, unresolved
from tests.faults.flows import flow, told, written
from tests.faults.rude import CUT, FAULTS, PATIENT, rude
from tests.shell.authority import Authority
from tests.shell.server import Connection, always, answer, refused_port, serve


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_flow_goes_on_after_a_server_that(fault: str, driver: str) -> None:
    with nothing_left():
        try_out(fault, driver)


CERTIFICATES: dict[str, tuple[dict[str, Any], str]] = {
    "another host": ({"name": "wrong", "host": "DNS:elsewhere.test"}, "not valid for '127.0.0.1'"),
    "another day": ({"name": "old", "days": -1}, "certificate has expired"),
    "nobody who is trusted": ({"name": "good"}, "unable to get local issuer certificate"),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("whose", CERTIFICATES)
def test_a_flow_goes_on_after_a_certificate_of(whose: str, driver: str, authority: Authority) -> None:
    made, said = CERTIFICATES[whose]
    trusted = True if "nobody" in whose else str(authority.file)
    context = authority.server(authority.sign(**made))
    with nothing_left(), serve(always(answer()), context) as secret, serve(rude(lambda _: None)) as server:
        plan = flow(secret.url(""), server.url(""), PATIENT)
        options = HttpOptions(trust_env=False, verify=trusted)
        result: Result = ending(lambda: DRIVERS[driver](plan, options))
    (first, _) = told(result.entries)
    says(result.entries, "tls", "the certificate of '127.0.0.1' is not trusted: ")
    assert said in first.message


def cuts_off(connection: Connection) -> None:
    """Close the connection below TLS, as anybody on the way can."""
    os.close(connection.sock.detach())


def says_goodbye(connection: Connection) -> None:
    """End TLS as it should be, and leave the rest to the other side."""
    with contextlib.suppress(OSError):
        assert isinstance(connection.sock, ssl.SSLSocket)
        connection.sock.unwrap()


ENDLESS, COUNTED = b"HTTP/1.1 200 OK\r\n\r\nhalf of it", answer(body=b"all of it")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("sent", "end", "said"),
    [(ENDLESS, cuts_off, CUT), (ENDLESS, says_goodbye, ""), (COUNTED, cuts_off, "")],
    ids=["cut off where only the end tells that it is whole", "ended", "cut off after all of it"],
)
def test_a_flow_goes_on_after_tls_was(
    sent: bytes, end: Callable[[Connection], None], said: str, driver: str, authority: Authority
) -> None:
    if said and driver == "httpx-async":
        pytest.skip("anyio takes it for the end, unless it may wait for the other side's farewell when it closes")

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(sent)
        end(connection)

    context = authority.server(authority.sign("good"))
    with nothing_left(), serve(behave, context) as secret, serve(rude(lambda _: None)) as server:
        plan = flow(secret.url(""), server.url(""), PATIENT)
        options = HttpOptions(trust_env=False, verify=str(authority.file))
        result: Result = ending(lambda: DRIVERS[driver](plan, options))
    says(result.entries, "protocol" if said else "", said)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_flow_goes_on_after_nobody_answered(driver: str) -> None:
    with nothing_left(), serve(rude(lambda _: None)) as server, unresolved("nowhere.invalid"):
        nowhere, port = "http://nowhere.invalid", refused_port()
        for fault, kind, said in (
            (nowhere, "dns", "cannot resolve host 'nowhere.invalid'"),
            (f"http://127.0.0.1:{port}", "connect", f"connection to 127.0.0.1:{port} refused"),
        ):
            plan = flow(fault, server.url(""), PATIENT)
            says(ending(lambda plan=plan: DRIVERS[driver](plan, OPTIONS)).entries, kind, said)  # type: ignore[misc]


ON_THE_COMMAND_LINE = [
    "resets in the body",
    "trickles its head",
    "sends fields without end",
    "sends half of a gzip",
    "sends an answer nobody asked for",
    "speaks another protocol",
]


@pytest.mark.parametrize("command", [("run",), ("test", "-j", "4", "--repeat", "8")], ids=["run", "test"])
@pytest.mark.parametrize("fault", ON_THE_COMMAND_LINE)
def test_a_command_goes_on_after_a_server_that(fault: str, command: tuple[str, ...], tmp_path: Path) -> None:
    behaviour, kind, said, timeout = FAULTS[fault]
    with serve(rude(behaviour)) as server:
        path = written(tmp_path, server.url(""), server.url(""), timeout)
        ended = arazzo(*command, path, "--pace", "0", "--report", f"jsonl={tmp_path / 'report.jsonl'}")
    assert ended.code == 0, ended
    lines = (tmp_path / "report.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    replies = [line["exchange"]["reply"] for line in events if line.get("event") == "Answered"]
    failures = [(reply["failure"], reply["message"][: len(said)]) for reply in replies if "failure" in reply]
    assert failures == ([(kind, said)] * (len(replies) // 2) if kind else [])
    assert len(replies) == (2 if command[0] == "run" else 16)
