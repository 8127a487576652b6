"""Holds the bundled workflows to what a reader of the files may rely on, without the runner's own compiler."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "workflows"
SUFFIX = ".arazzo.yaml"
FILES = sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob("*" + SUFFIX))

IDENTIFIER = re.compile(r"[A-Za-z0-9_\-]+")
KEY = re.compile(r"[a-zA-Z0-9.\-_]+")
STEP_OUTPUT = re.compile(r"\$steps\.([\w-]+)\.outputs\.([\w-]+)")
INPUT = re.compile(r"\$inputs\.([\w-]+)")
METHODS = ("get", "put", "post", "patch", "delete", "head")


@functools.cache
def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def arazzo(name: str) -> dict[str, Any]:
    return read(FOLDER / (name.partition("#")[0] + SUFFIX))


NAMES = [
    name if name == flow["workflowId"] else f"{name}#{flow['workflowId']}"
    for name in FILES
    for flow in arazzo(name)["workflows"]
]
"""Every workflow: by the name of its file, which is its own; another of that file after a `#`."""


def workflow(name: str) -> dict[str, Any]:
    workflow_id = name.rpartition("#")[2]
    (found,) = (flow for flow in arazzo(name)["workflows"] if flow["workflowId"] == workflow_id)
    assert isinstance(found, dict)
    return found


def inputs(name: str) -> dict[str, Any]:
    schema = workflow(name)["inputs"]
    found = arazzo(name)["components"]["inputs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    assert isinstance(found, dict)
    return found


def calls(name: str) -> list[dict[str, Any]]:
    """Give the steps that call an operation; others call a workflow of their own document."""
    flow = workflow(name)
    ids = {each["workflowId"] for each in arazzo(name)["workflows"]}
    assert {step["workflowId"] for step in flow["steps"] if "workflowId" in step} <= ids
    return [step for step in flow["steps"] if "workflowId" not in step]


def dereferenced(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """Give what a Reusable Object stands for, or the object itself."""
    if "reference" not in item:
        return item
    _, kind, key = item["reference"].split(".")
    found = arazzo(name)["components"][kind][key]
    assert isinstance(found, dict)
    return found


def actions(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every action as it runs, with the kind of list it stands in."""
    flow = workflow(name)
    for action in flow.get("failureActions", []):
        yield "failure", dereferenced(name, action)
    for step in flow["steps"]:
        for kind, key in (("success", "onSuccess"), ("failure", "onFailure")):
            for action in step.get(key, []):
                yield kind, dereferenced(name, action)


def criteria(name: str) -> Iterator[dict[str, Any]]:
    for step in workflow(name)["steps"]:
        yield from step["successCriteria"]
    for _, action in actions(name):
        yield from action.get("criteria", [])


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for member in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(member)


def operation(name: str, operation_id: str) -> dict[str, Any]:
    """Find an operation in the source it names, or in the only one, with the parameters of its path."""
    wanted, _, operation_id = operation_id.removeprefix("$sourceDescriptions.").rpartition(".")
    (source,) = (each for each in arazzo(name)["sourceDescriptions"] if wanted in ("", each["name"]))
    api = read((FOLDER / source["url"]).resolve())
    (found,) = (
        {**item[method], "parameters": [*item.get("parameters", []), *item[method].get("parameters", [])]}
        for item in api["paths"].values()
        for method in METHODS
        if item.get(method, {}).get("operationId") == operation_id
    )
    return found


def test_there_are_bundled_workflows_each_with_example_inputs() -> None:
    assert len(NAMES) >= 5
    assert sorted(path.stem for path in (FOLDER / "inputs").glob("*.yaml")) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_file_begins_with_the_workflow_that_it_is_named_after(name: str) -> None:
    assert arazzo(name)["arazzo"] == "1.0.1"
    assert arazzo(name)["workflows"][0]["workflowId"] == name
    assert IDENTIFIER.fullmatch(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_text_a_reader_needs_is_there(name: str) -> None:
    info, flow = arazzo(name)["info"], workflow(name)
    assert all((info["title"], info["version"], info["summary"], flow["summary"], flow["description"]))
    assert all(step["description"] for step in flow["steps"])
    assert all(schema["description"] for schema in inputs(name)["properties"].values())


@pytest.mark.parametrize("name", NAMES)
def test_step_ids_and_output_keys_are_spelt_as_they_must_be_and_unique(name: str) -> None:
    flow = workflow(name)
    ids = [step["stepId"] for step in flow["steps"]]
    assert len(set(ids)) == len(ids)
    assert all(map(IDENTIFIER.fullmatch, ids))
    for holder in (flow, *flow["steps"]):
        assert all(map(KEY.fullmatch, holder.get("outputs", {})))


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_exists_with_the_parameters_given_and_required(name: str) -> None:
    for step in calls(name):
        declared = operation(name, step["operationId"])
        known = {(entry["name"], entry["in"]): entry.get("required", False) for entry in declared["parameters"]}
        given = [dereferenced(name, entry) for entry in step.get("parameters", [])]
        keys = [(entry["name"], entry["in"]) for entry in given]
        assert len(set(keys)) == len(keys)
        # A step may bring its own credential; OpenAPI lets no description declare that field as a parameter.
        assert set(keys) <= {*known, ("Authorization", "header")}, step["stepId"]
        assert {key for key, required in known.items() if required} <= set(keys), step["stepId"]
        assert ("requestBody" in step) == ("requestBody" in declared), step["stepId"]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_refers_to_outputs_of_steps_before_it(name: str) -> None:
    flow, seen = workflow(name), set[tuple[str, str]]()
    for step in flow["steps"]:
        resolved = {**step, "parameters": [dereferenced(name, entry) for entry in step.get("parameters", [])]}
        used = {match for text in texts(resolved) for match in STEP_OUTPUT.findall(text)}
        assert used <= seen, step["stepId"]
        seen |= {(step["stepId"], key) for key in step.get("outputs", {})}
    assert {match for text in flow["outputs"].values() for match in STEP_OUTPUT.findall(text)} <= seen


@pytest.mark.parametrize("name", NAMES)
def test_every_input_used_is_declared_and_every_declared_one_used(name: str) -> None:
    flow = workflow(name)
    used = {match for text in texts(flow["steps"]) for match in INPUT.findall(text)}
    assert used == set(inputs(name)["properties"])


@pytest.mark.parametrize("name", FILES)
def test_a_flow_runs_without_inputs_because_its_defaults_are_valid(name: str) -> None:
    schema = inputs(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    defaults = {key: entry["default"] for key, entry in schema["properties"].items() if "default" in entry}
    jsonschema.validate(defaults, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", FILES)
def test_the_example_inputs_are_valid(name: str) -> None:
    example = read(FOLDER / "inputs" / f"{name}.yaml")
    jsonschema.validate(example, inputs(name), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", NAMES)
def test_every_goto_leads_to_a_step_and_every_retry_has_a_limit(name: str) -> None:
    ids = {step["stepId"] for step in workflow(name)["steps"]}
    for kind, action in actions(name):
        match action["type"]:
            case "goto":
                assert action["stepId"] in ids
            case "retry":
                assert kind == "failure"
                assert action["retryLimit"] > 0
                assert action["retryAfter"] > 0
            case other:
                assert other == "end"


@pytest.mark.parametrize("name", NAMES)
def test_an_action_is_named_once_and_one_without_criteria_comes_last(name: str) -> None:
    flow = workflow(name)
    shared = flow.get("failureActions", [])
    for step in flow["steps"]:
        for listed in (step.get("onSuccess", []), [*step.get("onFailure", []), *shared]):
            resolved = [dereferenced(name, action) for action in listed]
            names = [action["name"] for action in resolved]
            assert len(set(names)) == len(names), step["stepId"]
            assert all("criteria" in action for action in resolved[:-1]), step["stepId"]


@pytest.mark.parametrize("name", NAMES)
def test_a_criterion_has_a_type_exactly_when_it_has_a_context(name: str) -> None:
    for criterion in criteria(name):
        assert ("type" in criterion) == ("context" in criterion), criterion
        assert criterion["condition"]
        assert criterion.get("type", "jsonpath") in ("jsonpath", "regex")


@pytest.mark.parametrize("name", NAMES)
def test_every_status_a_criterion_names_is_one_that_a_called_operation_declares(name: str) -> None:
    declared = {status for step in calls(name) for status in operation(name, step["operationId"])["responses"]}
    for criterion in criteria(name):
        named = set(re.findall(r"\$statusCode == (\d{3})", criterion["condition"]))
        assert named <= declared, criterion


def test_a_submission_is_repeated_only_when_it_was_refused_for_its_pace() -> None:
    (submit, _) = workflow("civitai-image-generation-poll")["steps"]
    retries = [action for action in submit["onFailure"] if action.get("type") == "retry"]
    assert [action["criteria"] for action in retries] == [[{"condition": "$statusCode == 429"}]]
    assert "failureActions" not in workflow("civitai-image-generation-poll")
