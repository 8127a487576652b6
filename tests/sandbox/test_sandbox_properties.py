"""Whatever is sent to any operation of the descriptions, the sandbox answers as they say, and never breaks."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.exchange import Request, Response
from runner.sandbox.civitai import CivitaiSandbox, Settings
from runner.sandbox.server import Running
from tests.sandbox.conftest import ORCHESTRATION, SITE, StillClock, document

BASES = {"site": SITE, "orchestration": ORCHESTRATION}
METHODS = ("get", "put", "post", "patch", "delete", "head")
TOKENS = (*("somebody",) * 9, "broke", "free", "full", "papercut", "invalid", "ü", None)
HASH = "A5F58EB1C33616C4F06BCA55AF39876A7B817913CD829CAA8ACB111B770C85CC"
KNOWN = (
    *("827184", "2514310", "3200012", "3200020", "139180", "101055", "9173928", "0", "-1", "2147483648", "1e3"),
    *(HASH, "DAEE95B7", "a", "", "%00", "..", "/", "ü"),
    *("[fail]", "[expire]", "[stall]", "[slow:9e9]", "[nsfw:blocked]", "[empty]", "image/png", "text/plain"),
)
# What a schema does not say of a value, by the name of its member or parameter.
NAMED = {
    "callbackUrl": ("https://example.com/hook",) * 5 + ("http://example.com/", "x"),
    "images": ([],) * 5 + (["x"],),
    "mimeType": ("image/png", "image/png", "text/plain", "x"),
    "sizeBytes": (1, 100, 10**7, 10**9, 0),
    "cursor": ("YmVmb3JlOjE", "YmVmb3JlOjk", "x"),
    "entityId": (2514310, 3200012, 827184, 1),
    "entityType": ("ModelVersion", "ModelVersion", "Model", "Image", "x"),
    "modelVersionId": (2514310, 2514310, 3200012, 3200020, 139180, 1),
}
PNG = b"\x89PNG\r\n\x1a\n"
# What a path names that is there.
THERE = {"getModel": ("827184", "3100040"), "getModelVersionByHash": (HASH, HASH[:10])} | dict.fromkeys(
    ("getModelVersion", "getModelVersionMini"), ("2514310", "128078", "3200012", "139180")
)
STORED = 2514310
"""A version that is in the vault from the start."""


class Operation(NamedTuple):
    api: str
    method: str
    path: str
    said: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]

    @property
    def base(self) -> str:
        return str(self.said["servers"][0]["url"]) if "servers" in self.said else BASES[self.api]

    def __str__(self) -> str:
        return str(self.said["operationId"])


def operations() -> Iterator[Operation]:
    for api in BASES:
        for path, item in document(api)["paths"].items():
            for method in (name for name in METHODS if name in item):
                said = item[method]
                parameters = (*item.get("parameters", ()), *said.get("parameters", ()))
                yield Operation(api, method.upper(), path, said, parameters)


OPERATIONS = tuple(operations())


def resolved(api: str, node: Any) -> Any:
    while "$ref" in node:
        node = functools.reduce(lambda at, key: at[key], node["$ref"].split("/")[1:], document(api))
    return node


# What may be sent: mostly what the schema allows, and now and then anything at all.
TEXTS = st.one_of(st.sampled_from(KNOWN), st.text(max_size=12))
NUMBERS = st.one_of(st.integers(-3, 40), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@functools.cache
def values(api: str, written: str) -> st.SearchStrategy[Any]:
    schema = resolved(api, json.loads(written))
    return st.integers(0, 79).flatmap(lambda roll: ANYTHING if roll == 79 else fitting(api, schema))


def of(api: str, schema: Any, name: str = "") -> st.SearchStrategy[Any]:
    return st.sampled_from(NAMED[name]) if name in NAMED else values(api, json.dumps(schema))


def fitting(api: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            members = {name: of(api, member, name) for name, member in schema["properties"].items()}
            needed = {name: members.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(needed, optional=members)
        case "array":
            return st.lists(of(api, schema["items"]), max_size=3)
        case "integer":
            low, high = schema.get("minimum", 1), schema.get("maximum", 300)
            return st.one_of(st.integers(low, high), st.sampled_from([2514310, 827184]))
        case "number":
            return st.one_of(st.integers(0, 30), st.floats(0, 100))
        case "boolean":
            return st.booleans()
        case "string":
            return TEXTS
        case _:
            return ANYTHING


def written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@st.composite
def query_pairs(draw: Any, operation: Operation) -> list[tuple[str, str]]:
    pairs = []
    for parameter in operation.parameters:
        if parameter["in"] == "query" and (parameter.get("required") or draw(st.booleans())):
            value = draw(of(operation.api, parameter["schema"], parameter["name"]))
            listed = value if isinstance(value, list) else [value]
            pairs += [(parameter["name"], written(each)) for each in listed]
    return pairs + draw(st.sampled_from([[], [], [], pairs[:1], [("unknown", "x")]]))


def path_values(ids: list[str]) -> st.SearchStrategy[str]:
    known = st.one_of(st.sampled_from(KNOWN), st.text(max_size=8))
    return st.one_of(st.sampled_from(ids), st.sampled_from(ids), st.sampled_from(ids), known) if ids else known


NOTHING: Mapping[str, str] = MappingProxyType({})
PATCHES = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(("add", "remove", "replace", "move", "copy", "test", "put"))},
        optional={
            "path": st.sampled_from(("/status", "/tags", "/tags/-", "/tags/0", "/tags/0", "/id", "", "/x/y", "x")),
            "from": st.sampled_from(("/tags", "/tags/0", "/status", "", "/x")),
            "value": st.one_of(st.just("canceled"), ANYTHING),
        },
    ),
    max_size=4,
)


@st.composite
def bodies(draw: Any, operation: Operation, ids: list[str]) -> tuple[bytes, str | None]:
    content = operation.said.get("requestBody", {}).get("content", {})
    if not content or draw(st.integers(0, 19)) == 0:
        return draw(st.sampled_from([(b"", None), (b"{", "application/json"), (b"\xff", "text/plain"), (b"[]", None)]))
    kind, media = draw(st.sampled_from(sorted(content.items(), key=lambda each: each[0])))
    if kind == "multipart/form-data":
        return draw(forms())
    if kind == "application/json-patch+json":
        return json.dumps(draw(PATCHES)).encode(), kind
    if "json" not in kind:  # what is put in the store is bytes
        return draw(st.one_of(st.just(PNG), st.binary(max_size=8))), kind.replace("*", "png")
    value = draw(of(operation.api, media["schema"]))
    if isinstance(value, list):  # of hashes
        value += draw(st.lists(st.sampled_from((HASH, HASH, HASH.lower())), max_size=2))
    if ids and isinstance(value, dict) and draw(st.booleans()):
        value = with_images(value, ids)
    return json.dumps(value).encode(), kind


def with_images(value: dict[str, Any], ids: list[str]) -> dict[str, Any]:
    steps = [{"$type": "imageGen", "input": {"images": ids[:1], "quantity": 2}}]
    return {**value, "steps": steps}


@st.composite
def forms(draw: Any) -> tuple[bytes, str]:
    name = draw(st.sampled_from(("a.png", "a.txt", "[nsfw:blocked].png", 'q"uote', "ü.gif")))
    content = draw(st.one_of(st.binary(max_size=8), st.just(PNG)))
    moderate = draw(st.sampled_from(("true", "false", "", "maybe")))
    body = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        + content
        + f'\r\n--b\r\nContent-Disposition: form-data; name="moderate"\r\n\r\n{moderate}\r\n--b--'.encode()
    )
    cut = draw(st.integers(0, len(body))) if draw(st.integers(0, 9)) == 0 else None
    return body[:cut], draw(st.sampled_from(("multipart/form-data; boundary=b",) * 4 + ("multipart/form-data", "x")))


def ids_for(operation: Operation, name: str, ids: list[str]) -> list[str]:
    """Choose what a parameter of a path may name; only into the last place for a blob, bytes may be put."""
    if operation.api != "orchestration":
        return [*THERE.get(str(operation), ())]
    found = [each for each in ids if each.startswith("wf_" if name == "workflowId" else "blob_")]
    return found[-1:] if str(operation) == "putBlob" else found


@st.composite
def requests(draw: Any, operation: Operation, ids: list[str], signed: Mapping[str, str] = NOTHING) -> Request:
    path = operation.path
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            value = draw(path_values(ids_for(operation, parameter["name"], ids)))
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
    pairs = draw(query_pairs(operation))
    token = draw(st.sampled_from(TOKENS))
    body, kind = draw(bodies(operation, ids))
    headers = [("Authorization", f"Bearer {token}")] if token else []
    headers += [("Content-Type", kind)] if kind else []
    headers += [(name, draw(st.sampled_from((value, value, value, "x")))) for name, value in signed.items()]
    url = operation.base + path + (f"?{urlencode(pairs)}" if pairs else "")
    return Request(operation.method, url, tuple(headers), body)


@functools.cache
def validator(api: str, operation: str, status: str) -> Any:
    """Give what an operation says of a reply: a validator of its body, None for one without, or KeyError."""
    (said,) = (each.said for each in OPERATIONS if str(each) == operation)
    declared = resolved(api, said["responses"][status])
    if "content" not in declared:
        return None
    schema = {**declared["content"]["application/json"]["schema"], "components": document(api)["components"]}
    return jsonschema.Draft202012Validator(schema)


def check(operation: Operation, sent: Request, response: Response) -> None:
    assert response.status < 500, (sent, response.body)
    if response.status in (404, 405) and str(response.status) not in operation.said["responses"]:
        return  # an empty or a slashed path parameter makes another path
    declared = validator(operation.api, str(operation), str(response.status))
    if declared is None:
        assert not response.body
    elif operation.method != "HEAD":
        declared.validate(response.content.value)


def ids_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name in ("id", "blobId") and isinstance(member, str) and member.startswith(("wf_", "blob_")):
                yield member
            yield from ids_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from ids_in(member)


class Begun(NamedTuple):
    """A sandbox that has something to be asked about, its ids, and what a place for a blob was signed with."""

    sandbox: CivitaiSandbox
    clock: StillClock
    ids: list[str]
    signed: Mapping[str, str]


def begun(settings: Settings) -> Begun:
    clock = StillClock()
    sandbox, ids = CivitaiSandbox(clock, settings), []
    token = ("Authorization", "Bearer somebody")
    form = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + PNG + b"\r\n--b--"
    for path, kind, body in (
        ("workflows", "application/json", b'{"tags":["a"],"steps":[{"$type":"imageGen","input":{"width":8}}]}'),
        ("blobs", "multipart/form-data; boundary=b", form),
    ):
        url = f"{ORCHESTRATION}/v2/consumer/{path}"
        made = sandbox.answer(Request("POST", url, (token, ("Content-Type", kind)), body))
        ids += ids_in(made.content.value)
    stored = json.dumps({"modelVersionId": STORED}).encode()
    sandbox.answer(Request("POST", f"{SITE}/vault/toggle-version", (token,), stored))
    listed = sandbox.answer(Request("GET", f"{ORCHESTRATION}/v2/consumer/workflows", (token,)))
    query = f"mimeType=image/png&sizeBytes={len(PNG)}"
    place: Any = sandbox.answer(
        Request("GET", f"{ORCHESTRATION}/v2/consumer/blobs/upload-url?{query}", (token,))
    ).content.value
    signed = {name: value for name, value in place["headers"].items() if name.startswith("X-")}
    return Begun(sandbox, clock, [*sorted({*ids, *ids_in(listed.content.value)}), place["blobId"]], signed)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_answers_as_its_description_says_whatever_it_is_sent(operation):
    statuses = set()

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def answers(data):
        start = begun(Settings())
        sent = data.draw(requests(operation, start.ids, start.signed))
        response = start.sandbox.answer(sent)
        check(operation, sent, response)
        statuses.add(response.status)

    answers()
    assert min(statuses) < 300, "of what does not come to a good end, only refusals are seen"


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_operations_in_any_order_answer_as_their_descriptions_say(data):
    sandbox, clock, ids, signed = begun(Settings(balance=data.draw(st.sampled_from((20, 10_000)))))
    for _ in range(data.draw(st.integers(2, 8))):
        operation = data.draw(st.sampled_from(OPERATIONS))
        sent = data.draw(requests(operation, ids[-8:], signed))
        response = sandbox.answer(sent)
        check(operation, sent, response)
        ids += ids_in(response.content.value)
        clock.time += data.draw(st.sampled_from((0, 0.5, 2, 4000)))
    for account in sandbox.sections()[0].rows:
        assert account["balance"] >= 0


def is_ascii(request: Request) -> bool:
    return all(value.isascii() for _, value in request.headers)


@pytest.fixture(scope="module")
def client():
    with Running() as server, httpx.Client(base_url=server.url) as client:
        yield client


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_sent_over_the_wire_is_answered_as_the_descriptions_say(client, data):
    operation = data.draw(st.sampled_from(OPERATIONS))
    sent = data.draw(
        requests(operation, []).filter(lambda request: ("Authorization", "Bearer ü") not in request.headers)
    )
    path = sent.url.removeprefix(operation.base.removesuffix("/api/v1"))
    came = client.request(sent.method, path, headers=list(sent.headers), content=sent.body)
    check(operation, sent, Response(came.status_code, tuple(came.headers.items()), came.content))
