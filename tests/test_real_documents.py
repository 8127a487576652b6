"""Documents as people write them run as their authors meant: `tests/cases/real/`.

Each says in comments at its top which requests a run sends, in order, and how it ends; that was written before the
document was run. The APIs are stood in for by no more than their descriptions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import runner
from runner import api
from runner.engine.events import Answered
from runner.exchange import Request, header
from runner.plan.context import Options
from runner.sandbox.generic import GenericSandbox, mount
from runner.sandbox.transport import SandboxTransport
from runner.shell.auth import calls
from runner.shell.clock import VirtualClock

REAL = Path(__file__).parent / "cases" / "real"
DOCUMENTS = sorted(REAL.glob("*.arazzo.*"))
MEANT = re.compile(r"^# meant: (.*)$", re.M)


@dataclass
class Meant:
    """What a document says of its run."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: dict[int, object] = field(default_factory=dict)
    headers: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    outcome: str = ""


def meant(text: str) -> Meant:
    found = Meant()
    for line in MEANT.findall(text):
        if line in ("passed", "failed"):
            found.outcome = line
        elif line.startswith("header "):
            name, _, value = line.removeprefix("header ").partition(": ")
            found.headers.setdefault(len(found.requests) - 1, []).append((name, value))
        else:
            method, target, *body = line.split(" ", 2)
            if body:
                found.bodies[len(found.requests)] = json.loads(body[0])
            found.requests.append((method, target))
    return found


def sent(document: Path) -> tuple[list[Request], str]:
    """Run a document on stand-ins, and give what was sent and how it ended."""
    checked = api.check(str(document), api.Sources(options=Options(stand_in=True)))
    assert checked.plan is not None, [str(each.span) + each.message for each in checked.errors]
    places = dict.fromkeys((call.server, call.contract.api) for call in calls(checked.plan, checked.plan.workflows))
    clock = VirtualClock(1_700_000_000.0)
    sandbox = GenericSandbox([mount(described, server) for server, described in places])
    result = runner.run(
        checked.plan,
        transport=SandboxTransport(sandbox, clock),
        credentials=runner.Credentials(by_origin=dict.fromkeys((origin(server) for server, _ in places), "a:b")),
        redact=False,
    )
    requests = [entry.event.exchange.sent for entry in result.entries if isinstance(entry.event, Answered)]
    return requests, result.outcome


def origin(server: str) -> str:
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.netloc}"


def targets(requests: list[Request], bases: list[str]) -> Iterator[tuple[str, str]]:
    for request in requests:
        base = next((base for base in bases if request.url.startswith(base + "/")), "")
        yield request.method, request.url.removeprefix(base)


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name.removesuffix(".arazzo.yaml") for path in DOCUMENTS])
def test_a_document_runs_as_its_author_meant(document: Path) -> None:
    wanted = meant(document.read_text(encoding="utf-8"))
    assert wanted.outcome, "the document does not say how it ends"
    requests, outcome = sent(document)
    bases = ["https://pay.test/v1", "https://tickets.test/api", "https://media.test", "https://crm.test"]
    found = [(method, re.sub(r"^https?://[^/]+", "", target)) for method, target in targets(requests, bases)]
    assert found == wanted.requests
    assert outcome == wanted.outcome
    for number, body in wanted.bodies.items():
        assert json.loads(requests[number].body) == body
    for number, pairs in wanted.headers.items():
        for name, value in pairs:
            assert header(requests[number].headers, name) == value


def test_there_are_a_hundred_of_them() -> None:
    assert len(DOCUMENTS) >= 100
