"""Measures what `arazzo check` takes for a thousand documents that share a few descriptions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench.measure import Place
from tests.bench.rows import Row
from tests.bench.works import ARAZZO

WAYS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ours", "checked", ()),
    ("one process", "checked by one", ("--jobs", "1")),
    ("again", "checked", ()),
)
DOCUMENTS, APIS, OPERATIONS, WORKFLOWS = 1_000, 5, 200, 4


def api(number: int) -> dict[str, object]:
    """Make a description of ordinary size."""
    schema = {"type": "object", "properties": {f"p{each}": {"type": "string"} for each in range(20)}}
    answer = {
        "200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}
    }
    paths = {
        f"/things{each}/{{id}}": {
            "get": {
                "operationId": f"get{each}",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": answer,
            }
        }
        for each in range(OPERATIONS)
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": f"API {number}", "version": "1"},
        "servers": [{"url": f"https://api{number}.test"}],
        "paths": paths,
        "components": {"schemas": {"T": schema}},
    }


def flow(number: int) -> str:
    """Make a document of ordinary size."""
    lines = [
        "arazzo: 1.0.1",
        f"info: {{title: Flow {number}, version: '1'}}",
        "sourceDescriptions:",
        f"  - {{name: things, url: ../api{number % APIS}.json, type: openapi}}",
        "workflows:",
    ]
    for each in range(WORKFLOWS):
        lines += [
            f"  - workflowId: w{each}",
            "    inputs: {type: object, properties: {id: {type: string}}}",
            "    steps:",
        ]
        for step in range(6):
            lines += [
                f"      - stepId: s{step}",
                f"        operationId: get{(number * 7 + each * 6 + step) % OPERATIONS}",
                "        parameters: [{name: id, in: path, value: $inputs.id}]",
                "        successCriteria: [{condition: $statusCode == 200 && $response.body#/p1 != null}]",
                "        outputs: {value: $response.body#/p2}",
            ]
    return "\n".join(lines) + "\n"


def write(folder: Path, documents: int) -> None:
    for number in range(APIS):
        (folder / f"api{number}.json").write_text(json.dumps(api(number)), encoding="utf-8")
    (folder / "flows").mkdir()
    for number in range(documents):
        (folder / "flows" / f"flow{number:04}.arazzo.yaml").write_text(flow(number), encoding="utf-8")


def rows(place: Place) -> list[Row]:
    """Check everything on every core, and in one process; give a document's CPU, and how many cores were at work.

    Neither has read the documents before; then they are checked once more.
    """
    folder = place.folder / "many"
    folder.mkdir()
    write(folder, DOCUMENTS)
    costs = {}
    for name, cache, options in WAYS:
        costs[name], ended = place.run([ARAZZO, "check", str(folder / "flows"), *options], cache)
        assert ended.code == 0, ended
        assert str(DOCUMENTS) in ended.output.replace(",", ""), ended
    figures = {name: cost.cpu / DOCUMENTS * 1e3 for name, cost in costs.items()}
    again = {"ours": figures.pop("again")}
    walls = costs["ours"].wall / costs["one process"].wall
    return [
        Row(f"arazzo check, of {DOCUMENTS} documents each", "ms", again, 10, "<= 10 ms"),
        Row("that, read for the first time", "ms", figures, 10, "<= 10 ms"),
        Row("that, the time beside one process's", "x", {"ours": walls}, 0.75, "both cores: <= 0.75 x"),
    ]
