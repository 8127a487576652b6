"""`arazzo sandbox FILE`, over a real socket, and `arazzo run FILE --sandbox`, which leaves the process never."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.process import arazzo, started

API = """openapi: 3.1.0
info: {title: Pets, version: '1'}
SERVERS
security: [{key: []}]
paths:
  /pets:
    post:
      operationId: createPet
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        '201':
          description: made
          headers: {Location: {required: true, schema: {type: string, format: uri-reference}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}
  /pets/{id}:
    get:
      operationId: getPet
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        '200': {description: one, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
        '404': {description: none}
components:
  securitySchemes: {key: {type: SCHEME}}
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: {type: integer, minimum: 1}
        name: {type: string, pattern: '^[A-Z][a-z]+$'}
        email: {type: string, format: email}
"""
FLOW = """arazzo: 1.0.1
info: {title: F, version: '1'}
sourceDescriptions: [{name: my-pets, url: pets.yaml, type: openapi}]
workflows:
- workflowId: flow
  steps:
  - stepId: create
    operationId: createPet
    requestBody: {payload: {id: 42, name: Bo}}
    successCriteria: [{condition: $statusCode == 201}]
    outputs: {id: $response.body#/id}
  - stepId: fetch
    operationId: getPet
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
    successCriteria: [{condition: $response.body#/id == 42}]
    outputs: {pet: $response.body}
  outputs: {pet: $steps.fetch.outputs.pet}
"""
SERVERS = "servers: [{url: 'https://api.pets.invalid/v1'}]"
HTTP_BEARER = "http, scheme: bearer"


def write(folder: Path, servers: str = SERVERS, scheme: str = HTTP_BEARER, flow: str = FLOW) -> Path:
    (folder / "pets.yaml").write_text(API.replace("SERVERS", servers).replace("SCHEME", scheme), encoding="utf-8")
    path = folder / "flow.arazzo.yaml"
    path.write_text(flow, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "scheme",
    [
        HTTP_BEARER,
        "http, scheme: basic",
        "http, scheme: digest",
        "apiKey, in: header, name: X-Key",
        "apiKey, in: query, name: key",
        "apiKey, in: cookie, name: key",
        "oauth2, flows: {clientCredentials: {tokenUrl: 'https://t.invalid/token', scopes: {}}}",
        "openIdConnect, openIdConnectUrl: 'https://t.invalid/openid'",
        "mutualTLS",
    ],
)
def test_a_flow_runs_without_its_api_whatever_credential_that_wants(tmp_path: Path, scheme: str) -> None:
    ended = arazzo("run", write(tmp_path, scheme=scheme), "--sandbox", "--contract", "error", "--format", "json")
    assert ended.code == 0, ended.err
    assert ended.json["outputs"]["pet"]["id"] == 42


@pytest.mark.parametrize(
    ("servers", "place"),
    [
        (SERVERS, "https://api.pets.invalid/v1"),
        ("servers: [{url: /v3}]", "https://my-pets.example/v3"),
        ("servers: []", "https://my-pets.example"),
        ("servers: [{url: 'https://{region}.pets.invalid'}]", "https://my-pets.example"),
        ("servers: [{url: 'ws://pets.invalid/socket'}]", "https://my-pets.example/socket"),
        ("servers: [{url: 'http://127.0.0.1:9'}]", "http://127.0.0.1:9"),
    ],
)
def test_every_source_has_a_stand_in_wherever_its_server_is(tmp_path: Path, servers: str, place: str) -> None:
    ended = arazzo("run", write(tmp_path, servers), "--sandbox", "--contract", "error")
    assert ended.code == 0, ended.err
    assert f"my-pets  sandbox instead of {place}\n" in ended.out


def test_without_the_sandbox_a_relative_server_is_refused_as_before(tmp_path: Path) -> None:
    ended = arazzo("run", write(tmp_path, "servers: [{url: /v3}]"))
    assert ended.code == 3
    assert "relative to where the description is served" in ended.err


def test_two_sources_on_one_origin_are_both_stood_in_for(tmp_path: Path) -> None:
    path = write(tmp_path)
    other = API.replace("createPet", "createToy").replace("getPet", "getToy").replace("/pets", "/toys")
    other = other.replace("SERVERS", SERVERS).replace("SCHEME", HTTP_BEARER)
    (tmp_path / "toys.yaml").write_text(other, encoding="utf-8")
    flow = FLOW.replace("type: openapi}", "type: openapi}, {name: toys, url: toys.yaml, type: openapi}")
    flow = flow.replace("operationId: getPet", "operationId: $sourceDescriptions.toys.getToy")
    flow = flow.replace("operationId: createPet", "operationId: $sourceDescriptions.my-pets.createPet")
    path.write_text(flow, encoding="utf-8")
    assert arazzo("run", path, "--sandbox", "--contract", "error").code == 0


def test_two_sources_that_describe_one_path_are_each_meant_by_their_steps(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "strict.yaml").write_text((tmp_path / "pets.yaml").read_text().replace("^[A-Z][a-z]+$", "^strict$"))
    flow = FLOW.replace("type: openapi}", "type: openapi}, {name: strict, url: strict.yaml, type: openapi}")
    flow = flow.replace("operationId: getPet", "operationId: $sourceDescriptions.strict.getPet")
    path.write_text(flow.replace("operationId: createPet", "operationId: $sourceDescriptions.my-pets.createPet"))
    ended = arazzo("run", path, "--sandbox", "--contract", "error", "--format", "json")
    assert (ended.code, ended.json["outputs"]["pet"]["name"]) == (0, "strict")


def test_a_request_that_is_wrong_is_told_where(tmp_path: Path) -> None:
    flow = FLOW.replace("name: Bo", "name: bo")
    ended = arazzo("run", write(tmp_path, flow=flow), "--sandbox", "-v")
    assert ended.code == 1
    assert "'/name' in the request body must match" in ended.out + ended.err


ASKING = """  - stepId: gone
    operationId: getPet
    parameters: [{name: id, in: path, value: 1}, {name: Prefer, in: header, value: code=404}]
    successCriteria: [{condition: $statusCode == 404}]
"""


def test_a_flow_can_ask_for_the_reply_that_it_is_written_for(tmp_path: Path) -> None:
    flow = FLOW.replace("  - stepId: fetch", f"{ASKING}  - stepId: fetch")
    ended = arazzo("run", write(tmp_path, flow=flow), "--sandbox", "--contract", "error")
    assert ended.code == 0, ended.out + ended.err


def test_a_fault_happens_in_a_run_too_and_is_retried(tmp_path: Path) -> None:
    retry = (
        "    onFailure: [{name: again, type: retry, retryAfter: 1, retryLimit: 3}]\n    outputs: {pet: $response.body}"
    )
    path = write(tmp_path, flow=FLOW.replace("    outputs: {pet: $response.body}", retry))
    faults = ("--fault", "status=404,times=1,operation=getPet", "--fault", "drop,times=2,path=/v1/pets/*")
    ended = arazzo("run", path, "--sandbox", "--contract", "error", *faults)
    assert ended.code == 0, ended.out + ended.err
    assert "3 attempts" in ended.out


def test_another_seed_makes_other_values(tmp_path: Path) -> None:
    path = write(tmp_path)
    runs = [arazzo("run", path, "--sandbox", "--format", "json", *more) for more in ((), (), ("--seed", "other"))]
    one, same, other = (each.json["outputs"]["pet"]["name"] for each in runs)
    assert one == same != other


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            ("--fault", "job=fail"),
            "the fault 'job=fail' is for the stand-ins of Civitai's APIs: a description has no jobs",
        ),
        (("--fault", "drop,operation=getPat"), "a fault is for the operation 'getPat', and no description has one"),
        (("--live-like",), "--live-like is for the stand-ins of Civitai's APIs"),
    ],
)
def test_what_no_description_has_is_refused_before_anything_is_sent(
    tmp_path: Path, option: tuple[str, ...], message: str
) -> None:
    for command in (("run", write(tmp_path), "--sandbox"), ("sandbox", tmp_path / "pets.yaml", "--port", "0")):
        ended = arazzo(*command, *option)
        assert (ended.code, ended.out) == (2, "")
        assert message in ended.err


def test_a_scenario_is_for_civitai_and_a_seed_is_not(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("balance: 7\n", encoding="utf-8")
    for arguments, message in [
        ((write(tmp_path), "--sandbox", "--scenario", scenario), "--scenario is for the stand-ins of Civitai's APIs"),
        ((write(tmp_path), "--sandbox", "--sandbox-balance", "3"), "--sandbox-balance is for the stand-ins"),
        (("civitai-search-models-detail", "--seed", "x"), "--seed is for APIs of which there is no more than a"),
        (("civitai-search-models-detail", "--live", "--seed", "x"), "--seed is for runs on the sandbox"),
    ]:
        ended = arazzo("run", *arguments)
        assert (ended.code, message in ended.err) == (2, True), ended.err


def test_faults_of_a_document_with_both_kinds_of_api_reach_both(tmp_path: Path) -> None:
    specs = Path(__file__).parents[2] / "specs"
    flow = FLOW.replace(
        "type: openapi}]", f"type: openapi}}, {{name: site, url: '{specs}/civitai-site.openapi.yaml'}}]"
    )
    flow = flow.replace("operationId: ", "operationId: $sourceDescriptions.my-pets.").replace(
        "arazzo: 1.0.1", "arazzo: 1.1.0"
    )
    search = "  - {stepId: search, operationId: $sourceDescriptions.site.listModels}\n"
    path = write(tmp_path, flow=flow.replace("  - stepId: fetch", f"{search}  - stepId: fetch"))
    assert arazzo("run", path, "--sandbox", "--contract", "error", "--live-like").code == 0
    for operation in ("getPet", "listModels"):
        ended = arazzo("run", path, "--sandbox", "--fault", f"status=503,operation={operation}", "--fault", "job=fail")
        assert ended.code == 1
        assert "→ 503" in ended.out


def test_a_served_description_meets_faults(tmp_path: Path) -> None:
    write(tmp_path)
    faults = ("--fault", "status=503,times=1,retry-after=7", "--fault", "drop,operation=createPet")
    with (
        started("sandbox", "pets.yaml", "--port", "0", *faults, cwd=tmp_path) as process,
        httpx.Client(base_url=served(process), headers={"Authorization": "Bearer any"}) as client,
    ):
        busy = client.get("/pets/42")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "7")
        assert client.get("/pets/42").status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/pets", json={"id": 7, "name": "Bo"})


def served(process: Any) -> str:
    """Read where a started sandbox is."""
    url = re.search(r"http://\S+", process.stdout.readline())
    assert url is not None
    return url.group()


def test_a_description_is_served_over_a_real_socket_until_it_is_stopped(tmp_path: Path) -> None:
    write(tmp_path)
    with started("sandbox", "pets.yaml", "--port", "0", "--seed", "s", cwd=tmp_path) as process:
        url = served(process)
        line = process.stdout.readline()
        assert line == f"  {url}/v1  Pets (2 operations)  pets.yaml\n"
        key = {"Authorization": "Bearer any"}
        with httpx.Client(base_url=url, headers=key) as client:
            made = client.post("/v1/pets", json={"id": 7, "name": "Bo"})
            assert (made.status_code, made.json()["id"], made.json()["name"]) == (201, 7, "Bo")
            assert client.get("/pets/42").json() == client.get("/pets/42").json()
            assert client.get("/pets/42", headers={"Prefer": "code=404"}).status_code == 404
            assert client.get("/pets/x").json()["errors"][0]["parameter"] == "id"
            assert client.request("PROPFIND", "/pets/42").status_code == 405
            assert client.options("/pets/42").headers["allow"] == "GET, HEAD, OPTIONS"
            assert client.head("/pets/42").headers["content-type"] == "application/json"
            assert "/v1  Pets (2 operations)" in client.get("/").text
            foreign = client.get("/pets/42", headers={"Origin": "http://localhost:3000"})
            assert foreign.headers["access-control-allow-origin"] == "*"
        assert httpx.get(f"{url}/pets/42").status_code == 401
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=20) == 0


def test_several_descriptions_are_told_apart_and_shown(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "toys.yaml").write_text((tmp_path / "pets.yaml").read_text().replace("/pets", "/toys"))
    with started("sandbox", "pets.yaml", "toys.yaml", "--port", "0", cwd=tmp_path) as process:
        url = served(process)
        shown = [process.stdout.readline().split()[0] for _ in range(2)]
        assert shown == [f"{url}/pets/v1", f"{url}/toys/v1"]
        key = {"Authorization": "Bearer any"}
        assert httpx.get(f"{url}/toys/v1/toys/3", headers=key).json()["id"] == 3
        assert httpx.get(f"{url}/pets/v1/toys/3", headers=key).status_code == 404
        assert httpx.get(f"{url}/pets/3", headers=key).json()["id"] == 3


@pytest.mark.parametrize(
    ("name", "text", "code", "message"),
    [
        ("none.yaml", None, 3, "none.yaml cannot be read"),
        ("broken.yaml", "openapi: [", 3, "yaml-syntax"),
        ("empty.yaml", "", 3, "empty-document"),
        ("arazzo.yaml", FLOW, 3, "arazzo.yaml is an Arazzo document, not an OpenAPI description"),
        ("async.yaml", "asyncapi: 3.0.0", 3, "async.yaml is an AsyncAPI description"),
        ("other.yaml", "a: 1", 3, "other.yaml is something else"),
        ("old.yaml", "swagger: '1.2'", 3, "Swagger version '1.2' is unknown"),
        ("no.yaml", "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}", 2, "no.yaml has no operations"),
        ("http://127.0.0.1:9/api.yaml", None, 4, "http://127.0.0.1:9/api.yaml cannot be read"),
    ],
)
def test_what_cannot_be_served_is_refused(tmp_path: Path, name: str, text: str | None, code: int, message: str) -> None:
    write(tmp_path)
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    ended = arazzo("sandbox", "pets.yaml", name, cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_what_is_wrong_in_a_description_is_told_and_the_rest_is_served(tmp_path: Path) -> None:
    write(tmp_path)
    text = (tmp_path / "pets.yaml").read_text().replace("'404': {description: none}", "'404': {$ref: '#/nowhere'}")
    (tmp_path / "pets.yaml").write_text(text)
    with started("sandbox", "pets.yaml", "--port", "0", cwd=tmp_path) as process:
        url = served(process)
        assert httpx.get(f"{url}/pets/3", headers={"Authorization": "Bearer any"}).json()["id"] == 3
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert "reference '#/nowhere' cannot be resolved" in err


def test_a_port_that_is_taken_and_options_without_effect_are_usage_errors(tmp_path: Path) -> None:
    write(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = arazzo("sandbox", "pets.yaml", "--port", port, cwd=tmp_path)
    assert (ended.code, f"cannot serve on 127.0.0.1 port {port}" in ended.err) == (2, True)
    for arguments, said in [
        (("pets.yaml", "--balance", "3"), "--balance is for the stand-ins of Civitai's APIs"),
        (("pets.yaml", "--time-scale", "2"), "--time-scale is for the stand-ins"),
        (("--seed", "x"), "--seed is for descriptions"),
        (("--offline",), "--offline is for descriptions"),
    ]:
        ended = arazzo("sandbox", *arguments, cwd=tmp_path)
        assert (ended.code, said in ended.err) == (2, True), ended.err


def test_offline_fetches_no_description(tmp_path: Path) -> None:
    ended = arazzo("sandbox", "http://127.0.0.1:9/api.yaml", "--offline", cwd=tmp_path)
    assert ended.code == 4
    assert "offline" in ended.err
