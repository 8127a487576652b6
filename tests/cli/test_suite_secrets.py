"""What is secret of a suite's rows stays out of everything that `arazzo test` writes, also where a row is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from runner.cli.outlets import KINDS
from tests.cli.process import Ended, arazzo
from tests.cli.test_suite import CALL, flows, told

SECRET = "pin-sesame/77+x"
PIN = "inputs: {type: object, properties: {pin: {type: string, format: password}}}\n" + CALL
STRICT_PIN = "inputs: {type: object, properties: {n: {type: integer}, pin: {type: integer}}}\n"
FREE_PIN = "inputs: {type: object, properties: {n: {type: integer}, pin: {type: string}}}\n"
ECHO = "steps: [{stepId: s, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.pin}]}]"
TO_HELPER = "steps: [{stepId: s, workflowId: helper, parameters: [{name: pin, value: $inputs.pin}]}]"
CODE = "inputs: {type: object, properties: {n: {type: integer}, code: {type: string}}}\n"
HANDED_ON = "steps: [{stepId: s, workflowId: helper, parameters: [{name: pin, value: $inputs.code}]}]"
NAMED = "inputs: {type: object, properties: {id: {type: string, format: password}, n: {type: integer}}}\n" + CALL

ROWS = {
    "refused, of a workflow that it depends on": (
        {"helper": PIN, "flow": f"dependsOn: [helper]\n{STRICT_PIN}{CALL}"},
        f"n,pin\n1,{SECRET}\n",
        "error",
    ),
    "refused, of one further down": (
        {"helper": PIN, "middle": f"dependsOn: [helper]\n{CALL}", "flow": f"dependsOn: [middle]\n{STRICT_PIN}{CALL}"},
        f"n,pin\n1,{SECRET}\n",
        "error",
    ),
    "refused, of a workflow that it calls": (
        {"helper": PIN, "flow": STRICT_PIN + TO_HELPER},
        f"n,pin\n1,{SECRET}\n",
        "error",
    ),
    "refused, by its name alone": (
        {"flow": f"inputs: {{type: object, properties: {{password: {{type: integer}}}}}}\n{CALL}"},
        f"password\n{SECRET}\n",
        "error",
    ),
    "accepted, of a workflow that it depends on": (
        {"helper": PIN, "flow": f"dependsOn: [helper]\n{FREE_PIN}{ECHO}"},
        f"n,pin\n1,{SECRET}\n",
        "passed",
    ),
    "accepted, that is handed on under another name": (
        {"helper": PIN, "flow": CODE + HANDED_ON},
        f"n,code\n1,{SECRET}\n",
        "passed",
    ),
    "in the column that a row has its name from": ({"flow": NAMED}, f"id,n\n{SECRET},1\n", "passed"),
    "part of the name of a row": (
        {"flow": PIN.replace("pin:", "n: {type: integer}, pin:")},
        f"name,n,pin\nrow of {SECRET},x,{SECRET}\n",
        "error",
    ),
}


def outputs(folder: Path, ended: Ended) -> dict[str, str]:
    """Give all that a command has said and written."""
    said = {"stdout": ended.out, "stderr": ended.err}
    made = (path for path in folder.rglob("*") if path.is_file() and path.name not in ("rows.csv", "flow.arazzo.yaml"))
    return said | {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in made}


def forms(secret: str) -> set[str]:
    raw = secret.encode()
    found = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], secret.replace("/", "\\/")}
    return found | {raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}


@pytest.mark.parametrize("shown", ["-v", "-q", "--format=json"])
@pytest.mark.parametrize(("workflows", "rows", "outcome"), ROWS.values(), ids=ROWS.keys())
def test_a_secret_of_a_row_is_in_no_output(
    tmp_path: Path, workflows: dict[str, str], rows: str, outcome: str, shown: str
) -> None:
    flows(tmp_path, workflows)
    (tmp_path / "rows.csv").write_text(rows)
    reports = [f"{kind}={kind}.out" for kind in KINDS] + ["coverage=coverage.html", "jsonl=run.jsonl"]
    ended = arazzo(
        "test", "-w", "flow", "--sandbox", "--rows", "rows.csv", shown, "--record", "cassette",
        *(each for report in reports for each in ("--report", report)), cwd=tmp_path,
    )  # fmt: skip
    assert [each for _, each in told(tmp_path)] == [outcome], ended
    found = outputs(tmp_path, ended)
    assert len(found) >= len(reports) + 2
    assert [(name, form) for name, text in found.items() for form in forms(SECRET) if form in text] == []
