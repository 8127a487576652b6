"""Send one operation through everything: documents on disk, the compiler, the engine, HTTP, a server's raw bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import runner
from runner.engine.events import StepFinished
from runner.result import Result
from runner.values import InputValue, Json
from tests.shell.server import Behaviour, Received, Server, always, answer, serve


@dataclass(frozen=True)
class Stack:
    """A folder for documents, and the server that they lead to."""

    folder: Path
    server: Server

    def run(
        self,
        operation: Mapping[str, Json],
        step: Mapping[str, Json],
        inputs: Mapping[str, InputValue] | None = None,
        *,
        path: str = "/things",
        version: str = "3.1.2",
        schema: Json = None,
    ) -> Result:
        """Run one step that calls the one operation of a description."""
        method = str(operation.get("method", "get"))
        described = {"operationId": "op", "responses": {"200": {"description": "ok"}}, **operation}
        described.pop("method", None)
        steps = [{"stepId": "s", "operationId": "op", **step}]
        return self.run_steps({path: {method: described}}, steps, inputs, version=version, schema=schema)

    def run_steps(
        self,
        paths: Mapping[str, Json],
        steps: Sequence[Json],
        inputs: Mapping[str, InputValue] | None = None,
        *,
        version: str = "3.1.2",
        schema: Json = None,
    ) -> Result:
        info: Json = {"title": "T", "version": "1"}
        api: Json = {"openapi": version, "info": info, "servers": [{"url": self.server.url("")}], "paths": dict(paths)}
        flow: Json = {
            "arazzo": "1.1.0",
            "info": info,
            "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
            "workflows": [{"workflowId": "w", "inputs": schema or {}, "steps": list(steps)}],
        }
        (self.folder / "api.json").write_text(json.dumps(api), encoding="utf-8")
        document = self.folder / "flow.json"
        document.write_text(json.dumps(flow), encoding="utf-8")
        return runner.run(runner.compile(runner.load(str(document))), inputs=inputs or {})

    @property
    def last(self) -> Received:
        return self.server.received[-1]

    def parameter(self, declared: Mapping[str, Json], value: Json, **options: str) -> str:
        """Send a value for the one declared parameter; give what stands on the wire, or why nothing was sent."""
        before = len(self.server.received)
        name, location = str(declared["name"]), str(declared["in"])
        step: Json = {"parameters": [{"name": name, "in": location, "value": "$inputs.v"}]}
        path = f"/a/{{{name}}}/z" if location == "path" else "/a"
        assert isinstance(step, dict)
        result = self.run({"parameters": [dict(declared)]}, step, {"v": value}, path=path, **options)
        if len(self.server.received) == before:
            assert result.outcome == "error"
            return f"not sent: {problem(result)}"
        assert result.outcome == "passed"
        return on_the_wire(self.last, location, name)


def problem(result: Result) -> str:
    """Why the step failed."""
    finished = [entry.event for entry in result.entries if isinstance(entry.event, StepFinished)]
    found = finished[-1].problem if finished else result.problem
    return found.message if found else ""


def on_the_wire(received: Received, location: str, name: str) -> str:
    """What stands for a parameter in the bytes of a request."""
    target = received.head.split(b" ")[1].decode("ascii")
    match location:
        case "path":
            return target.removeprefix("/a/").removesuffix("/z")
        case "query" | "querystring":
            return target.removeprefix("/a").removeprefix("?")
        case "header":
            return raw_field(received, name) or ""
        case _:
            return raw_field(received, "Cookie") or ""


def raw_field(received: Received, name: str) -> str | None:
    """The one field line of this name, after the colon and a space."""
    prefix = f"\r\n{name}: ".encode()
    _, found, rest = received.head.partition(prefix)
    assert prefix not in rest
    return rest.split(b"\r\n")[0].decode("utf-8") if found else None


@contextmanager
def stack(folder: Path, behaviour: Behaviour | None = None) -> Iterator[Stack]:
    with serve(behaviour or always(answer("Content-Type: application/json", body=b"{}"))) as server:
        yield Stack(folder, server)
