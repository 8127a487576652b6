"""What an anchor names is written once: a fix is made where all uses of it want the same, and told why where not."""

from __future__ import annotations

from pathlib import Path

from runner import api
from runner.cli.fix import Fixed, fix
from runner.plan.context import Options
from tests.sandboxed import told

API = """openapi: 3.0.3
info: {title: Things, version: '1'}
servers: [{url: https://things.example}]
paths:
  /thing:
    get:
      operationId: getThing
      responses:
        '200':
          description: one
          content:
            application/json:
              schema: {type: object, required: [status], properties: {status: {enum: [ok]}}}
"""
HEAD = """arazzo: 1.0.1
info: {title: Shared, version: '1'}
sourceDescriptions: [{name: things, url: things.yaml, type: openapi}]
workflows:
"""
CRITERIA = """  - workflowId: twice
    steps:
      - stepId: one
        operationId: getThing
        successCriteria: &ok
          - context: $response.body
            condition: $.status == 'ok'  # why
            type: jsonpath
        outputs: &named {status: $response.body.status}
      - stepId: two
        operationId: getThing
        successCriteria: *ok
        outputs: *named
    outputs: {one: $steps.one.outputs.status, two: $steps.two.outputs.status}
"""


def document(folder: Path, text: str) -> str:
    (folder / "things.yaml").write_text(API, encoding="utf-8")
    path = folder / "shared.arazzo.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def run(location: str) -> str:
    plan = api.check(location, api.Sources(options=Options(stand_in=True))).plan
    assert plan is not None
    return told(plan, {})


def fixed(location: str) -> tuple[Fixed, str]:
    found = fix(location, api.Sources(offline=True))
    return found, next((each.text for each in found.files.values()), "")


def test_what_all_uses_want_is_written_once_and_means_the_same(tmp_path: Path) -> None:
    location = document(tmp_path, HEAD + CRITERIA)
    before = run(location)
    found, text = fixed(location)
    assert found.left == ()
    assert text == HEAD + CRITERIA.replace(
        """          - context: $response.body
            condition: $.status == 'ok'  # why
            type: jsonpath
""",
        """          - condition: $response.body#/status == 'ok'  # why
""",
    ).replace("$response.body.status", "$response.body#/status")
    Path(location).write_text(text, encoding="utf-8")
    assert run(location) == before


DIFFERENT = """  - workflowId: first
    inputs: {type: object, properties: {a: {type: object}}}
    outputs: &named {value: $inputs.a.b}
    steps:
      - {stepId: one, operationId: getThing}
  - workflowId: second
    inputs: {type: object, properties: {a.b: {type: string}}}
    outputs: *named
    steps:
      - {stepId: two, operationId: getThing}
"""


def test_what_one_use_alone_wants_is_told_and_not_written(tmp_path: Path) -> None:
    found, text = fixed(document(tmp_path, HEAD + DIFFERENT))
    assert text == ""
    notes = [note for problem in found.left for note in problem.notes if note.startswith("--fix leaves")]
    assert notes == ["--fix leaves this as it is: an alias refers to what would change, or stands in its place"]
