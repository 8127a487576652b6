"""A sandbox to call, with a clock that stands still until it is told otherwise; replies are held against the specs."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from runner.exchange import Request, Response
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import Settings

SPECS = Path(__file__).parents[2] / "specs"
SITE = "https://civitai.com/api/v1"
ORCHESTRATION = "https://orchestration.civitai.com"
# A description names the replies of an operation; this one is of a path.
OF_A_PATH = {405}


@functools.cache
def document(name: str) -> dict[str, Any]:
    text = (SPECS / f"civitai-{name}.openapi.yaml").read_text(encoding="utf-8")
    described: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return described


def check_reply(method: str, url: str, response: Response) -> None:
    """Hold a reply against the description of its operation, if it has one."""
    name, base = ("site", SITE) if url.startswith(SITE) else ("orchestration", ORCHESTRATION)
    path = url.removeprefix(base).partition("?")[0]
    described = document(name)
    for template, item in sorted(described["paths"].items(), key=lambda entry: entry[0].count("{")):
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in item:
            if response.status not in OF_A_PATH:
                check_declared(described, item[method.lower()]["responses"], response)
            return


def check_declared(described: dict[str, Any], responses: dict[str, Any], response: Response) -> None:
    status = str(response.status)
    declared = responses.get(status) or responses.get(f"{status[0]}XX")
    assert declared is not None, f"{status} is not declared"
    while "$ref" in declared:
        declared = functools.reduce(lambda at, key: at[key], declared["$ref"].split("/")[1:], described)
    if "content" in declared and response.body:
        schema = declared["content"]["application/json"]["schema"]
        validator = jsonschema.Draft202012Validator({**schema, "components": described["components"]})
        validator.validate(response.content.value)


@dataclass
class StillClock:
    """Time that passes when it is told to, or slept through."""

    time: float = 1_780_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Caller:
    """Calls one sandbox, as the holder of one token or of none."""

    def __init__(self, settings: Settings, clock: StillClock) -> None:
        self.clock = clock
        self.sandbox = CivitaiSandbox(clock, settings)

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        token: str | None = "somebody",
        kind: str = "application/json",
    ) -> Response:
        headers = [("Authorization", f"Bearer {token}")] if token else []
        sent = b""
        if body is not None:
            headers.append(("Content-Type", kind))
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.sandbox.answer(Request(method, url, tuple(headers), sent))
        check_reply(method, url, response)
        return response

    def site(self, path: str, method: str = "GET", **rest: Any) -> Response:
        return self.call(method, SITE + path, **rest)

    def workflows(self, path: str = "", method: str = "GET", **rest: Any) -> Response:
        return self.call(method, f"{ORCHESTRATION}/v2/consumer/workflows{path}", **rest)

    def blobs(self, path: str = "", method: str = "GET", **rest: Any) -> Response:
        return self.call(method, f"{ORCHESTRATION}/v2/consumer/blobs{path}", **rest)

    def submit(self, prompt: str = "a lighthouse", token: str = "somebody", tags: Any = (), **given: Any) -> Any:
        """Submit a picture and give the workflow, which must have been accepted."""
        body = {"tags": list(tags), "steps": [{"$type": "imageGen", "input": {"prompt": prompt, **given}}]}
        response = self.workflows(method="POST", body=body, token=token)
        assert response.status == 202, response.body
        return response.content.value

    def workflow(self, workflow: Any, **rest: Any) -> Any:
        return self.workflows("/" + workflow["id"], **rest).content.value

    def update(self, workflow: Any, body: Any, **rest: Any) -> Response:
        return self.workflows("/" + workflow["id"], method="PUT", body=body, **rest)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def make(clock: StillClock) -> Callable[..., Caller]:
    """Make a caller of a sandbox with settings of its own."""
    return lambda **settings: Caller(Settings(**settings), clock)


@pytest.fixture
def caller(make: Callable[..., Caller]) -> Caller:
    return make()
