"""`arazzo doctor`: what stands between a document and a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.process import arazzo, documents

STEPS = "  - {stepId: list, operationId: listThings, successCriteria: [{condition: $statusCode == 200}]}\n"
INPUTS = (
    "  inputs: {type: object, required: [who], properties: {who: {type: string}, many: {type: integer, default: 3}}}\n"
)


def test_a_document_that_can_run_is_ready_and_the_next_command_is_named(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    found = arazzo("doctor", document)
    assert found.code == 0
    assert f"ready: arazzo run {document}" in found.out
    assert "https://things.test (the description's first server)" in found.out
    assert "api.yaml: OpenAPI 3.0.3, 3 operations" in found.out


def test_an_input_that_nobody_gives_is_lacking_and_one_that_is_given_wrong_too(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", STEPS, extra=INPUTS)
    found = arazzo("doctor", document, "-i", "many=some", "--format", "json")
    assert found.code == 1
    inputs = {each["name"]: each for each in found.json["inputs"]}
    assert (inputs["who"]["state"], inputs["who"]["about"]) == ("lacking", "string, required: nothing is given")
    assert inputs["many"]["about"] == 'integer, default 3: what is given must be integer, is "some"'
    assert arazzo("doctor", document, "-i", "who=me").code == 0


@pytest.mark.parametrize("reference", ["#/nowhere", "http://[x"])
def test_inputs_whose_schema_is_none_are_told_of_the_document(tmp_path: Path, reference: str) -> None:
    inputs = f"  inputs: {{type: object, properties: {{who: {{$ref: '{reference}'}}}}}}\n"
    found = arazzo("doctor", documents(tmp_path, "https://things.test", STEPS, extra=inputs), "--format", "json")
    assert found.code == 1
    [error] = [each for each in found.json["document"] if each["state"] == "lacking"]
    assert f"the reference '{reference}' leads nowhere" in error["about"]
    assert [each["name"] for each in found.json["inputs"]] == ["who"]


def test_a_credential_is_named_with_the_variable_that_would_supply_it_and_never_shown(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    api = tmp_path / "api.yaml"
    api.write_text(api.read_text(encoding="utf-8").replace("security: [{Key: []}, {}]", "security: [{Key: []}]"))
    lacking = arazzo("doctor", document)
    assert lacking.code == 1
    assert "set ARAZZO_AUTH_KEY in the environment" in lacking.out
    given = arazzo("doctor", document, env={"ARAZZO_AUTH_KEY": "hush-hush"})
    assert given.code == 0
    assert "ARAZZO_AUTH_KEY of the environment" in given.out
    assert "hush-hush" not in given.out + given.err


def test_the_default_of_an_input_that_is_a_secret_by_its_name_is_not_shown(tmp_path: Path) -> None:
    inputs = "  inputs: {type: object, properties: {apiKey: {type: string, default: k-4711}}}\n"
    found = arazzo("doctor", documents(tmp_path, "https://things.test", STEPS, extra=inputs), "--format", "json")
    assert found.json["inputs"][0]["about"] == "string, secret"
    assert "k-4711" not in found.out


def test_a_source_that_moved_is_offered_and_not_taken(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    (tmp_path / "apis" / "old").mkdir(parents=True)
    (tmp_path / "api.yaml").rename(tmp_path / "apis" / "old" / "api.yaml")
    found = arazzo("doctor", document, cwd=tmp_path)
    assert found.code == 1
    assert "is it apis/old/api.yaml? then say so with --source api=apis/old/api.yaml" in found.out
    assert arazzo("doctor", document, "--source", "api=apis/old/api.yaml", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("specs/api.yaml", "tree/specs/api.yaml"),
        ("../../specs/api.yaml", "tree/specs/api.yaml"),
        ("gone/api.yaml", "tree/api.yaml"),
        ("gone/api.yaml", "tree/v1/_original/api.yaml"),
    ],
)
def test_under_a_second_root_a_source_is_found_as_written_without_dots_and_by_its_name(
    tmp_path: Path, url: str, kept: str
) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    document.write_text(document.read_text(encoding="utf-8").replace("url: api.yaml", f"url: {url}"), encoding="utf-8")
    (tmp_path / kept).parent.mkdir(parents=True)
    (tmp_path / "api.yaml").rename(tmp_path / kept)
    found = arazzo("doctor", document, "--source-root", tmp_path / "tree", "--format", "json", cwd=tmp_path)
    [source] = found.json["sources"]
    assert (found.code, source["state"]) == (0, "noted")
    assert kept in source["about"]


def test_two_files_of_one_name_under_a_second_root_are_offered_and_none_is_taken(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    for folder in ("tree/v1", "tree/v2"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "api.yaml").write_bytes((tmp_path / "api.yaml").read_bytes())
    (tmp_path / "api.yaml").unlink()
    found = arazzo("doctor", document, "--source-root", tmp_path / "tree", cwd=tmp_path)
    assert found.code == 1
    assert "is it tree/v1/api.yaml or tree/v2/api.yaml?" in found.out


def test_an_error_of_the_document_is_named_at_its_place(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", "  - {stepId: list, operationId: listThing}\n")
    found = arazzo("doctor", document, cwd=tmp_path)
    assert found.code == 1
    assert "error[unknown-operation]" in found.out
    assert "did you mean 'listThings'?" in found.out


def test_a_bundled_workflow_needs_no_credential_until_it_goes_to_the_real_apis() -> None:
    assert arazzo("doctor", "civitai-vault-toggle-verify").code == 0
    live = arazzo("doctor", "civitai-vault-toggle-verify", "--live")
    assert live.code == 1
    assert "ARAZZO_AUTH_" in live.out


@pytest.mark.parametrize("target", ["nowhere.arazzo.yaml", "api.yaml"])
def test_what_is_no_document_is_said_without_more(tmp_path: Path, target: str) -> None:
    documents(tmp_path, "https://things.test", STEPS)
    found = arazzo("doctor", target, cwd=tmp_path)
    assert found.code == 1
    assert "thing stands between this document and a run" in found.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-i", "nope=5"), "there is no input 'nope'"),
        (("--server", "shpo=http://127.0.0.1:9"), "there is no source 'shpo'"),
        (("--server-var", "region=eu"), "region"),
    ],
)
def test_what_a_run_refuses_is_refused(tmp_path: Path, options: tuple[str, str], said: str) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", "\n  - {stepId: list, operationId: listThings}\n")
    inputs = "    inputs: {type: object, properties: {sku: {type: string}}}\n    steps:"
    path.write_text(path.read_text().replace("    steps:", inputs, 1))
    ended = arazzo("doctor", path.name, *options, cwd=tmp_path)
    assert ended.code == arazzo("run", path.name, *options, cwd=tmp_path).code == 2
    assert said in ended.err
