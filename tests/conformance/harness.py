"""Run the suite's vectors and flows on this project's runner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from runner.diagnostics import Diagnostic
from runner.engine.state import Limits
from runner.errors import FetchError
from runner.exchange import Fetched, Headers, Reply, Request, Response, TransportFailure
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1, Grammar
from runner.expressions.scope import Scope
from runner.loader.load import load
from runner.loader.text import read_text
from runner.plan.compile import Compiled, compile_description
from runner.source import Source

HERE = Path(__file__).resolve().parent


@cache
def read(path: Path) -> Any:
    """Read a file of the suite with the project's own YAML reader: YAML 1.2, duplicate keys refused."""
    document = read_text(Source(path.as_uri(), path.name, path.read_text(encoding="utf-8")))
    assert not document.problems, [f"{p.span}: {p.message}" for p in document.problems]
    return document.value


def vectors(kind: str) -> list[Any]:
    """Give the cases of a kind, from every file."""
    files = [read(path) for path in sorted((HERE / "vectors").glob("*.json"))]
    return [case for file in files if file["kind"] == kind for case in file["cases"]]


def flows() -> dict[str, Any]:
    """Give the flows by name."""
    return {path.stem: read(path) for path in sorted((HERE / "flows").rglob("*.yaml"))}


def every_case() -> Iterator[tuple[str, Any]]:
    """Give every case of the suite with its id."""
    for path in sorted((HERE / "vectors").glob("*.json")):
        yield from ((case["id"], case) for case in read(path)["cases"])
    yield from flows().items()


def grammar_of(case: Mapping[str, Any]) -> Grammar:
    return ARAZZO_1_0 if case.get("version", "1.1.0").startswith("1.0") else ARAZZO_1_1


def scope_of(data: Mapping[str, Any]) -> Scope:
    """Make what is in reach from its description."""
    request, response = data.get("request"), data.get("response")
    parameters = {
        (place, name): value for place in ("path", "query") for name, value in (request or {}).get(place, {}).items()
    }
    return Scope(
        inputs=data.get("inputs", {}),
        outputs=data.get("outputs", {}),
        steps={step: each.get("outputs", {}) for step, each in data.get("steps", {}).items()},
        workflows=data.get("workflows", {}),
        sources=data.get("sourceDescriptions", {}),
        self_uri=data.get("self"),
        request=None if request is None else request_of(request),
        response=None if response is None else response_of(response),
        parameters=parameters,
    )


def request_of(data: Mapping[str, Any]) -> Request:
    headers, body = _message(data)
    return Request(data.get("method", "GET"), data.get("url", "https://api.example/"), headers, body)


def response_of(data: Mapping[str, Any]) -> Response:
    headers, body = _message(data)
    return Response(data.get("status", 200), headers, body)


def _message(data: Mapping[str, Any]) -> tuple[Headers, bytes]:
    headers = tuple((name, value) for name, value in data.get("headers", []))
    if "body" not in data:
        return headers, b""
    body = data["body"]
    if isinstance(body, str):
        return headers, body.encode()
    named = any(name.lower() == "content-type" for name, _ in headers)
    return headers if named else (("Content-Type", "application/json"), *headers), json.dumps(body).encode()


def reply_of(data: Mapping[str, Any]) -> Reply:
    if "failure" in data:
        return TransportFailure(data["failure"], f"no response: {data['failure']}")
    return response_of(data)


def compile_flow(flow: Mapping[str, Any]) -> Compiled:
    """Load and compile a flow's documents; those that are texts are read as they are."""
    base = flow.get("base", "file:///suite/")
    texts = {
        urljoin(base, name): document if isinstance(document, str) else json.dumps(document, indent=1)
        for name, document in flow["documents"].items()
    }

    def fetch(uri: str) -> Fetched:
        if uri not in texts:
            raise FetchError(uri, "there is no such document")
        return Fetched(uri, texts[uri])

    loaded = load(next(iter(texts)), fetch)
    if loaded.description is None:
        return Compiled(None, loaded.diagnostics)
    compiled = compile_description(loaded.description)
    problems = (*loaded.diagnostics, *compiled.diagnostics)
    failed = any(problem.severity == "error" for problem in problems)
    return Compiled(None if failed else compiled.plan, problems)


def limits_of(flow: Mapping[str, Any]) -> Limits:
    return Limits(pace=1.0 if flow.get("pace") else 0.0, steps=flow.get("steps", 10_000))


def stands_at(diagnostic: Diagnostic, pointer: str, entry: str) -> bool:
    """Say whether a diagnostic is about the value, or the key, at a JSON Pointer of the entry document."""
    from runner.loader.text import read_text as again

    places = again(Source("memory:", "memory", entry)).places
    value, key = places.value(pointer), places.key(pointer)
    start, end = min(value.start, key.start), max(value.end, key.end)
    return start <= diagnostic.span.start and diagnostic.span.end <= end
