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
NAMES = sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob("*" + SUFFIX))

IDENTIFIER = re.compile(r"[A-Za-z0-9_\-]+")
KEY = re.compile(r"[a-zA-Z0-9.\-_]+")
STEP_OUTPUT = re.compile(r"\$steps\.([\w-]+)\.outputs\.([\w-]+)")
WORKFLOW_OUTPUT = re.compile(r"\$workflows\.([\w-]+)\.outputs\.([\w-]+)")
INPUT = re.compile(r"\$inputs\.([\w-]+)")
OPERATION = re.compile(r"(?:\$sourceDescriptions\.(?P<source>\w+)\.)?(?P<id>\w+)")
METHODS = ("get", "put", "post", "patch", "delete", "head")
IMPLIED = {("Content-Type", "header"), ("Authorization", "header")}
"""Declared as a parameter by no description, for "the parameter definition SHALL be ignored" (OpenAPI)."""


@functools.cache
def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def arazzo(name: str) -> dict[str, Any]:
    return read(FOLDER / (name + SUFFIX))


def workflows(name: str) -> dict[str, dict[str, Any]]:
    """Give the workflows of a document by id: first the one that it is named after, then those it calls."""
    return {flow["workflowId"]: flow for flow in arazzo(name)["workflows"]}


def workflow(name: str) -> dict[str, Any]:
    return workflows(name)[name]


FLOWS = [(name, flow_id) for name in NAMES for flow_id in workflows(name)]
"""Every workflow, with the name of its document."""


def dereferenced(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """Give what a Reusable Object stands for, or the object itself."""
    if "reference" not in item:
        return item
    _, kind, key = item["reference"].split(".")
    found = arazzo(name)["components"][kind][key]
    assert isinstance(found, dict)
    return found


def resolved(name: str, node: Any) -> Any:
    """Replace every Reusable Object by what it stands for."""
    if isinstance(node, list):
        return [resolved(name, member) for member in node]
    if isinstance(node, dict):
        return {key: resolved(name, member) for key, member in dereferenced(name, node).items()}
    return node


def actions(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Give every action as it runs, with the kind of list it stands in and the steps that it may go to."""
    for flow in workflows(name).values():
        ids = [step["stepId"] for step in flow["steps"]]
        for action in flow.get("failureActions", []):
            yield "failure", dereferenced(name, action), ids
        for step in flow["steps"]:
            for kind, key in (("success", "onSuccess"), ("failure", "onFailure")):
                for action in step.get(key, []):
                    yield kind, dereferenced(name, action), ids


def criteria(name: str) -> Iterator[dict[str, Any]]:
    for flow in workflows(name).values():
        for step in flow["steps"]:
            yield from step.get("successCriteria", [])
    for _, action, _ in actions(name):
        yield from action.get("criteria", [])


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for member in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from texts(member)


def operation(name: str, reference: str) -> dict[str, Any]:
    """Find an operation in a source of a document, with the parameters of its path."""
    asked = OPERATION.fullmatch(reference)
    assert asked is not None, reference
    sources = {source["name"]: source["url"] for source in arazzo(name)["sourceDescriptions"]}
    url = sources[asked["source"]] if asked["source"] else next(iter(sources.values()))
    api = read((FOLDER / url).resolve())
    (found,) = (
        {**item[method], "parameters": [*item.get("parameters", []), *item[method].get("parameters", [])]}
        for item in api["paths"].values()
        for method in METHODS
        if item.get(method, {}).get("operationId") == asked["id"]
    )
    return found


def calls(flow: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the steps of a workflow that call an operation."""
    return [step for step in flow["steps"] if "operationId" in step]


def shared_input(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Give what a schema refers to in the components, with what stands beside the reference, or the schema itself."""
    if "$ref" not in schema:
        return schema
    return {**arazzo(name)["components"]["inputs"][schema["$ref"].rpartition("/")[2]], **schema}


def inputs_schema(name: str, flow: dict[str, Any]) -> dict[str, Any]:
    """Give the schema of inputs within its document, so that `#/components/...` leads there."""
    return {"components": arazzo(name).get("components", {}), "allOf": [flow["inputs"]]}


def input_schemas(name: str, flow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    properties = shared_input(name, flow["inputs"])["properties"]
    return {key: shared_input(name, schema) for key, schema in properties.items()}


def test_there_are_bundled_workflows_each_with_example_inputs() -> None:
    assert len(NAMES) >= 13
    assert sorted(path.stem for path in (FOLDER / "inputs").glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_first_workflow_of_a_file_is_the_one_it_is_named_after_and_those_called_follow(name: str) -> None:
    assert arazzo(name)["arazzo"] in ("1.0.1", "1.1.0")
    first, *others = workflows(name)
    assert first == name
    called = {step.get("workflowId") for flow in workflows(name).values() for step in flow["steps"]}
    assert called - {None} <= set(others)
    assert all(map(IDENTIFIER.fullmatch, workflows(name)))


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_every_text_a_reader_needs_is_there(name: str, flow_id: str) -> None:
    info, flow = arazzo(name)["info"], workflows(name)[flow_id]
    assert all((info["title"], info["version"], info["summary"], flow["summary"], flow["description"]))
    assert all(step["description"] for step in flow["steps"])
    assert all(schema["description"] for schema in input_schemas(name, flow).values())


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_step_ids_and_output_keys_are_spelt_as_they_must_be_and_unique(name: str, flow_id: str) -> None:
    flow = workflows(name)[flow_id]
    ids = [step["stepId"] for step in flow["steps"]]
    assert len(set(ids)) == len(ids)
    assert all(map(IDENTIFIER.fullmatch, ids))
    for holder in (flow, *flow["steps"]):
        assert all(map(KEY.fullmatch, holder.get("outputs", {})))


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_every_operation_exists_with_the_parameters_given_and_required(name: str, flow_id: str) -> None:
    for step in calls(workflows(name)[flow_id]):
        declared = operation(name, step["operationId"])
        known = {(entry["name"], entry["in"]): entry.get("required", False) for entry in declared["parameters"]}
        given = [dereferenced(name, entry) for entry in step.get("parameters", [])]
        keys = [(entry["name"], entry["in"]) for entry in given]
        assert len(set(keys)) == len(keys)
        assert set(keys) - IMPLIED <= set(known), step["stepId"]
        assert {key for key, required in known.items() if required} <= set(keys), step["stepId"]
        assert ("requestBody" in step) == ("requestBody" in declared), step["stepId"]


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_a_called_workflow_is_given_the_inputs_that_it_has_and_needs(name: str, flow_id: str) -> None:
    for step in workflows(name)[flow_id]["steps"]:
        if "workflowId" in step:
            schema = shared_input(name, workflows(name)[step["workflowId"]]["inputs"])
            given = {dereferenced(name, entry)["name"] for entry in step["parameters"]}
            assert set(schema.get("required", ())) <= given <= set(schema["properties"]), step["stepId"]


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_a_step_refers_to_outputs_of_steps_before_it(name: str, flow_id: str) -> None:
    flow, seen = workflows(name)[flow_id], set[tuple[str, str]]()
    for step in flow["steps"]:
        used = {match for text in texts(resolved(name, step)) for match in STEP_OUTPUT.findall(text)}
        assert used <= seen, step["stepId"]
        seen |= {(step["stepId"], key) for key in step.get("outputs", {})}
    assert {match for text in texts(flow["outputs"]) for match in STEP_OUTPUT.findall(text)} <= seen
    for called, key in (match for text in texts(flow["outputs"]) for match in WORKFLOW_OUTPUT.findall(text)):
        assert key in workflows(name)[called]["outputs"]


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_every_input_used_is_declared_and_every_declared_one_used(name: str, flow_id: str) -> None:
    flow = workflows(name)[flow_id]
    used = {match for text in texts(resolved(name, [flow["steps"], flow["outputs"]])) for match in INPUT.findall(text)}
    assert used == set(input_schemas(name, flow))


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_runs_without_inputs_because_its_defaults_are_valid(name: str) -> None:
    schema = inputs_schema(name, workflow(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    schemas = input_schemas(name, workflow(name))
    defaults = {key: entry["default"] for key, entry in schemas.items() if "default" in entry}
    jsonschema.validate(defaults, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_inputs_are_valid(name: str) -> None:
    example = read(FOLDER / "inputs" / f"{name}.yaml")
    jsonschema.validate(example, inputs_schema(name, workflow(name)), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", NAMES)
def test_every_goto_leads_to_a_step_and_every_retry_has_a_limit(name: str) -> None:
    for kind, action, ids in actions(name):
        match action["type"]:
            case "goto":
                assert action["stepId"] in ids
            case "retry":
                assert kind == "failure"
                assert action["retryLimit"] > 0
                assert action["retryAfter"] > 0
            case other:
                assert other == "end"


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_an_action_is_named_once_and_one_without_criteria_comes_last(name: str, flow_id: str) -> None:
    flow = workflows(name)[flow_id]
    shared = flow.get("failureActions", [])
    for step in flow["steps"]:
        for listed in (step.get("onSuccess", []), [*step.get("onFailure", []), *shared]):
            found = [dereferenced(name, action) for action in listed]
            names = [action["name"] for action in found]
            assert len(set(names)) == len(names), step["stepId"]
            assert all("criteria" in action for action in found[:-1]), step["stepId"]


@pytest.mark.parametrize("name", NAMES)
def test_what_several_steps_share_stands_in_the_components_and_nothing_stands_there_unused(name: str) -> None:
    document = arazzo(name)
    assert all("reference" in action for flow in document["workflows"] for action in flow.get("failureActions", []))
    used = set(texts(document["workflows"]))
    for kind, members in document.get("components", {}).items():
        way = "#/components/inputs/" if kind == "inputs" else f"$components.{kind}."
        assert {way + key for key in members} <= used, kind


@pytest.mark.parametrize("name", NAMES)
def test_a_criterion_has_a_type_exactly_when_it_has_a_context(name: str) -> None:
    for criterion in criteria(name):
        assert ("type" in criterion) == ("context" in criterion), criterion
        assert criterion["condition"]
        assert criterion.get("type", "jsonpath") in ("jsonpath", "regex")


@pytest.mark.parametrize("name", NAMES)
def test_every_status_a_criterion_names_is_one_that_a_called_operation_declares(name: str) -> None:
    declared = {
        status
        for flow in workflows(name).values()
        for step in calls(flow)
        for status in operation(name, step["operationId"])["responses"]
    }
    for criterion in criteria(name):
        named = set(re.findall(r"\$statusCode == (\d{3})", criterion["condition"]))
        assert named <= declared, criterion


@pytest.mark.parametrize(("name", "flow_id"), FLOWS)
def test_a_call_that_must_not_be_made_twice_is_repeated_only_when_it_was_refused_for_its_pace(
    name: str, flow_id: str
) -> None:
    flow = workflows(name)[flow_id]
    for step in calls(flow):
        if step["operationId"].endswith("submitWorkflow"):
            assert "failureActions" not in flow
            retries = [each for each in resolved(name, step["onFailure"]) if each["type"] == "retry"]
            assert [each["criteria"] for each in retries] == [[{"condition": "$statusCode == 429"}]]
        if step["operationId"] == "toggleVaultVersion":
            # The first action whose criteria hold is taken, so the shared retry is left with the 429.
            (last,) = [each for each in step["onFailure"] if each.get("type") == "goto"]
            assert last["criteria"] == [{"condition": "$statusCode == null || $statusCode >= 500"}]


@pytest.mark.parametrize("name", [name for name in NAMES if "-oauth" not in name])  # which is about credentials
def test_a_flow_asks_for_no_credentials_and_gives_none(name: str) -> None:
    written = " ".join(texts(arazzo(name)["workflows"])).lower()
    assert not [word for word in ("authorization", "$inputs.token", "$inputs.apikey", "bearer ") if word in written]
