"""The example blocks of the specification's text, found by heading, and documents in which they can be run.

The text is no part of this project: it is read where it lies beside it. Where it is not there, the tests are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runner.loader.text import read_text
from runner.plan.compile import Compiled
from runner.plan.plan import Plan
from runner.source import Source
from tests.conformance.harness import compile_flow
from tests.scripted import told

TEXT = Path(__file__).resolve().parents[3] / "shared" / "spec" / "arazzo-1.1.0.md"
ENTRY = "https://flows.example/flow.arazzo.yaml"
SERVER = "https://api.example.com/v1"

needs_text = pytest.mark.skipif(not TEXT.exists(), reason="the text of the specification is not beside the project")


class Place(NamedTuple):
    """An example: the heading it stands under, and its position among those of that heading."""

    heading: str
    position: int

    def __str__(self) -> str:
        return f"{self.heading} {self.position}"


USED: set[Place] = set()


def example(heading: str, *positions: int) -> pytest.MarkDecorator:
    """Hand the test, as `written`, the examples under a heading: the first, or those at some positions, one by one."""
    places = [Place(heading, position) for position in positions or (1,)]
    USED.update(places)
    return pytest.mark.parametrize("written", places, indirect=True, ids=str)


def used(heading: str, position: int = 1) -> Place:
    """Name one more example that a test reads."""
    place = Place(heading, position)
    USED.add(place)
    return place


_HEADING = re.compile(r"#{1,6}\s+(?P<heading>.+?)\s*")
_FENCE = re.compile(r"```(?P<language>\w*)\s*")


@cache
def blocks() -> dict[Place, str]:
    """Find the fenced blocks of YAML, JSON and HTTP: all that hold Arazzo objects."""
    found: dict[Place, str] = {}
    heading, language, lines = "", "", None
    for line in TEXT.read_text(encoding="utf-8").splitlines():
        fence = _FENCE.fullmatch(line)
        if lines is not None and fence is None:
            lines.append(line)
        elif fence is not None and lines is None:
            language, lines = fence["language"], []
        elif fence is not None and lines is not None:
            if language in ("yaml", "json", "http"):
                position = 1 + sum(place.heading == heading for place in found)
                found[Place(heading, position)] = "\n".join(lines) + "\n"
            lines = None
        elif title := _HEADING.fullmatch(line):
            heading = title["heading"]
    return found


def text_of(place: Place) -> str:
    return blocks()[place]


def value_of(place: Place) -> Any:
    """Read an example with the project's own reader. Those that show one member of an object lack its braces."""
    text = text_of(place)
    read = read_text(Source("memory:///example", str(place), text if not text.startswith('"') else f"{{{text}}}"))
    assert not read.problems, [told(problem) for problem in read.problems]
    return read.value


def api(paths: str, version: str = "3.2.0") -> str:
    """An API description with these paths, one line each: `METHOD /path operationId name:in ...`."""
    return (
        f"openapi: {version}\ninfo: {{title: A, version: '1'}}\nservers: [{{url: '{SERVER}'}}]\npaths:\n"
        + "\n".join(_operation(line) for line in paths.split("\n") if line.strip())
    )


def _operation(line: str) -> str:
    method, path, operation_id, *parameters = line.split()
    return f"  {path}:\n    {method.lower()}:\n      operationId: {operation_id}\n      parameters: [" + (
        ", ".join(map(_parameter, parameters)) + "]\n      responses: {'200': {description: ok}}"
    )


def _parameter(written: str) -> str:
    """`name:in`, or `name:querystring:media/type`."""
    name, place, *media = written.split(":")
    kind = f"content: {{{media[0]}: {{schema: {{}}}}}}" if media else "schema: {}"
    return f"{{name: {name}, in: {place}, {'required: true, ' if place == 'path' else ''}{kind}}}"


PETS = api(
    """
    GET /user/login loginUser username:query password:query
    GET /pet/findByStatus findPetsByStatus status:query
    GET /pets/{petId} getPetById petId:path
    GET /pets listPets page:query storeId:header
    POST /waiting joinWaitingList
    POST /token refreshToken
    POST /orders placeOrder
    """
)
MESSAGES = """
asyncapi: 3.0.0
info: {title: Orders, version: '1'}
channels: {place-order: {address: place-order}}
operations:
  placeOrder: {action: send, channel: {$ref: '#/channels/place-order'}}
  confirmOrder: {action: receive, channel: {$ref: '#/channels/place-order'}}
"""


def source(name: str = "petStoreDescription", url: str = "pets.yaml", kind: str = "openapi") -> dict[str, Any]:
    return {"name": name, "url": url, "type": kind}


def document(*workflows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An Arazzo document with these workflows and one API description."""
    own = {"arazzo": "1.1.0", "info": {"title": "T", "version": "1"}, "sourceDescriptions": [source()]}
    return {**own, "workflows": [*workflows], **more}


def workflow(*steps: Mapping[str, Any], workflow_id: str = "main", **more: Any) -> dict[str, Any]:
    return {"workflowId": workflow_id, "steps": [*steps], **more}


def step(operation: str, step_id: str = "", **more: Any) -> dict[str, Any]:
    return {"stepId": step_id or operation, "operationId": operation, **more}


def inputs_of(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {} for name in names}}


def compiled(entry: Mapping[str, Any], files: Mapping[str, Any] | None = None, uri: str = ENTRY) -> Compiled:
    """Compile a document as if it came from `uri`, with its descriptions around it."""
    return compile_flow({"documents": {uri: dict(entry), **(files or {"https://flows.example/pets.yaml": PETS})}})


def plan_of(entry: Mapping[str, Any], files: Mapping[str, Any] | None = None, uri: str = ENTRY) -> Plan:
    result = compiled(entry, files, uri)
    assert result.plan is not None, [told(problem) for problem in result.diagnostics]
    return result.plan


def rules(result: Compiled, severity: str) -> Iterator[str]:
    return (problem.rule for problem in result.diagnostics if problem.severity == severity)
