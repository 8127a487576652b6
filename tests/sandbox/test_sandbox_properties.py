"""Whatever is sent to any operation of the descriptions, the sandbox answers as they say, and never breaks."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import jsonschema_rs
import pytest

from runner.exchange import Request, Response, header, media_type
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.server import Running
from tests.sandbox.conftest import ORCHESTRATION, SITE, StillClock, document

AUTH = "https://auth.civitai.com"
BASES = {"site": SITE, "orchestration": ORCHESTRATION, "oauth": AUTH}
METHODS = ("get", "put", "post", "patch", "delete", "head")
TOKENS = (*("somebody",) * 9, "broke", "free", "full", "papercut", "invalid", "ü", None)
KNOWN = (
    *("827184", "2514310", "3200012", "3200020", "139180", "101055", "9173928", "0", "-1", "2147483648", "1e3"),
    *("A5F58EB1C33616C4F06BCA55AF39876A7B817913CD829CAA8ACB111B770C85CC", "DAEE95B7", "a", "", "%00", "..", "/"),
    *("[fail]", "[expire]", "[stall]", "[slow:9e9]", "[nsfw:blocked]", "[empty]", "image/png", "ü", "\ud800"),
)
# What a schema does not say of a value, by the name of its member or parameter.
NAMED = {
    "callbackUrl": ("https://example.com/hook",) * 5 + ("http://example.com/", "x"),
    "images": ([],) * 5 + (["x"],),
    "tags": (["a"],) * 3 + (["ü", "☃"], ["\ud800"], "a"),
    "mimeType": ("image/png", "image/png", "text/plain", "x"),
    "sizeBytes": (1, 100, 10**7, 10**9, 0),
    "cursor": ("YmVmb3JlOjE", "YmVmb3JlOjk", "x"),
    "entityId": (2514310, 3200012, 827184, 1),
    "modelVersionId": (2514310, 3200012, 3200020, 139180, 1),
    "client_id": ("demo-app",) * 30 + ("demo-reader", "demo-native", "x"),
    "client_secret": ("demo-app-secret",) * 30 + ("demo-reader-secret", "x"),
    "redirect_uri": ("http://127.0.0.1:50123/callback",) * 30 + ("https://app.example/callback", "http://[x"),
    "scope": (*("114689", "33554431") * 4, "1", "0", "134217728", "x"),
    "code_challenge": ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",) * 9 + ("x",),
    "code_verifier": ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",) * 30 + ("x",),
    "buzz_limit": (
        *('[{"type":"absolute","limit":20}]', '[{"type":"rollover","limit":9,"cron":"0 0 31 2 *"}]', "[]") * 4,
        *('[{"type":"sliding","limit":9,"unit":"month","window":1000}]', '["\\ud800"]', "[7]", "{", "\ud800"),
    ),
    "approved": ("true",) * 9 + ("false", "x"),
}
PNG = b"\x89PNG\r\n\x1a\n"
# What a path of the site names that is there.
HASH = KNOWN[11]
THERE = {"id": ["827184", "3100040", "2514310", "128078", "3200012"], "hash": [HASH, HASH[:10]]}


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
MANY = "a0éΩ☃𝒳 %&'\"</{}\x00\x7f\r\n\u2028\ud800"


class Dice(Random):
    """What is drawn from, and what was found by name in the replies so far."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.found = {name: list(known) for name, known in THERE.items()}

    def again(self, name: str) -> str | None:
        """Give one of the last that were found of a name, mostly, and the newest of them more often than not."""
        if name not in self.found or self.random() > 0.75:
            return None
        return self.choice(self.found[name][-6:] + self.found[name][-1:] * 6)


def text(dice: Dice) -> str:
    return dice.choice(KNOWN) if dice.random() < 0.6 else "".join(dice.choices(MANY, k=dice.randrange(6)))


def number(dice: Dice) -> float:
    return dice.choice((dice.randint(-3, 40), dice.randint(-(2**70), 2**70), dice.uniform(-10, 10), 1e300, 1.0, -0.0))


def anything(dice: Dice, depth: int = 0) -> Any:
    roll = dice.randrange(6 if depth < 3 else 4)
    if roll == 5:
        return {text(dice): anything(dice, depth + 1) for _ in range(dice.randrange(4))}
    if roll == 4:
        return [anything(dice, depth + 1) for _ in range(dice.randrange(4))]
    return (dice.choice((None, True, False)), number(dice), text(dice), text(dice))[roll]


def value(dice: Dice, api: str, schema: Any, name: str = "") -> Any:
    """Give a value for a schema, or for a member or parameter of a name that more is known of."""
    if dice.randrange(80) == 0:
        return anything(dice)
    if known := dice.again({"token": "refresh_token"}.get(name, name)):
        return known
    return dice.choice(NAMED[name]) if name in NAMED else fitting(dice, api, resolved(api, schema))


def fitting(dice: Dice, api: str, schema: dict[str, Any]) -> Any:
    if "allOf" in schema:
        parts = (fitting(dice, api, resolved(api, part)) for part in schema["allOf"])
        return {name: member for part in parts for name, member in part.items()}
    if "enum" in schema:
        return dice.choice(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            needed = schema.get("required", ())
            likely = 0.9 if api == "oauth" else 0.4
            chosen = {
                name: each for name, each in schema["properties"].items() if name in needed or dice.random() < likely
            }
            return {name: value(dice, api, each, name) for name, each in chosen.items()}
        case "array":
            return [value(dice, api, schema["items"]) for _ in range(dice.randrange(4))]
        case "integer":
            low, high = schema.get("minimum", 1), schema.get("maximum", 300)
            return dice.choice((dice.randint(low, high), dice.randint(low, high), 2514310, 827184))
        case "number":
            return dice.choice((dice.randint(0, 30), dice.uniform(0, 100)))
        case "boolean":
            return dice.choice((True, False))
        case "string":
            return text(dice)
        case _:
            return anything(dice)


def written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def query_pairs(dice: Dice, operation: Operation) -> list[tuple[str, str]]:
    pairs = []
    for parameter in operation.parameters:
        if parameter["in"] == "query" and (parameter.get("required") or dice.random() < 0.5):
            given = value(dice, operation.api, parameter["schema"], parameter["name"])
            pairs += [(parameter["name"], written(each)) for each in (given if isinstance(given, list) else [given])]
    return pairs + dice.choice(([], [], [], pairs[:1], [("unknown", "x")]))


def patch(dice: Dice) -> list[dict[str, Any]]:
    def operation() -> dict[str, Any]:
        members = {
            "path": dice.choice(("/status", "/tags", "/tags/-", "/tags/0", "/tags/0", "/id", "", "/x/y", "x")),
            "from": dice.choice(("/tags", "/tags/0", "/status", "", "/x")),
            "value": dice.choice(("canceled", text(dice), anything(dice))),
        }
        op = dice.choice(("add", "remove", "replace", "move", "copy", "test", "put"))
        return {"op": op} | {name: each for name, each in members.items() if dice.random() < 0.8}

    return [operation() for _ in range(dice.randrange(4))]


def body(dice: Dice, operation: Operation) -> tuple[bytes, str | None]:
    content = operation.said.get("requestBody", {}).get("content", {})
    if not content or dice.randrange(20) == 0:
        return dice.choice(((b"", None), (b"{", "application/json"), (b"\xff", "text/plain"), (b"[]", None)))
    kind, media = dice.choice(sorted(content.items(), key=lambda each: each[0]))
    if kind == "multipart/form-data":
        return form(dice)
    if kind == "application/x-www-form-urlencoded":
        members = value(dice, operation.api, media["schema"])
        pairs = {name: written(each) for name, each in members.items()} if isinstance(members, dict) else {}
        return urlencode(pairs, errors="surrogatepass").encode(), kind
    if kind == "application/json-patch+json":
        return json.dumps(patch(dice)).encode(), kind
    if "json" not in kind:  # what is put in the store is bytes
        return dice.choice((dice.randbytes(dice.randrange(9)), PNG)), dice.choice((kind, kind.replace("*", "png")))
    given = value(dice, operation.api, media["schema"])
    if "steps" in media["schema"] and (blob := dice.again("blobId")):
        given |= {"steps": [{"$type": "imageGen", "input": {"images": [blob], "quantity": 2}}]}
    return json.dumps(given).encode(), kind


def form(dice: Dice) -> tuple[bytes, str]:
    name = dice.choice(("a.png", "a.txt", "[nsfw:blocked].png", 'q"uote', "ü.gif"))
    kind = dice.choice(("image/png", "image/☃", "text/plain"))
    moderate = dice.choice(("true", "false", "", "maybe"))
    whole = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode()
        + f"Content-Type: {kind}\r\n\r\n".encode()
        + dice.choice((dice.randbytes(dice.randrange(9)), PNG))
        + f'\r\n--b\r\nContent-Disposition: form-data; name="moderate"\r\n\r\n{moderate}\r\n--b--'.encode()
    )
    cut = dice.randrange(len(whole)) if dice.randrange(10) == 0 else None
    return whole[:cut], dice.choice(("multipart/form-data; boundary=b",) * 4 + ("multipart/form-data", "x"))


def request(dice: Dice, operation: Operation) -> Request:
    path = operation.path
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            given = dice.again(parameter["name"]) or text(dice)
            path = path.replace(f"{{{parameter['name']}}}", quote(given, safe="", errors="surrogatepass"))
    pairs = query_pairs(dice, operation)
    token = (dice.again("access_token") if dice.random() < 0.3 else None) or dice.choice(TOKENS)
    content, kind = body(dice, operation)
    is_bearer = token and (operation.api, operation.method) != ("oauth", "POST")  # there an app says who it is
    headers = [("Authorization", f"Bearer {token}")] if is_bearer else []
    headers += [("Accept", dice.choice(("application/json",) * 3 + ("*/*",)))]
    headers += [("Content-Type", kind)] if kind else []
    named = [parameter["name"] for parameter in operation.parameters if parameter["in"] == "header"]
    headers += [(name, dice.again(name) or text(dice)) for name in named]
    query = f"?{urlencode(pairs, errors='surrogatepass')}" if pairs else ""
    return Request(operation.method, operation.base + path + query, tuple(headers), content)


@functools.cache
def validator(api: str, operation: str, status: str, kind: str) -> Any:
    """Give what an operation says of a reply: a validator of its body, None for one without, or KeyError."""
    (said,) = (each.said for each in OPERATIONS if str(each) == operation)
    declared = resolved(api, said["responses"][status])
    if "content" not in declared:
        return None
    schema = {**declared["content"][kind]["schema"], "components": document(api)["components"]}
    return jsonschema_rs.Draft202012Validator(schema)


def check(operation: Operation, sent: Request, response: Response) -> None:
    assert response.status < 500, (sent, response.body)
    if response.status in (404, 405) and str(response.status) not in operation.said["responses"]:
        return  # an empty or a slashed path parameter makes another path
    kind = media_type(header(response.headers, "content-type")).essence
    declared = validator(operation.api, str(operation), str(response.status), kind)
    if declared is None:
        assert not response.body
    elif operation.method != "HEAD":
        declared.validate(response.content.value)


REMEMBERED = ("id", "blobId", "code", "access_token", "refresh_token", "X-Expires", "X-Signature")


def note(dice: Dice, value: Any) -> None:
    """Remember what a reply names that may be asked for; the code of an error is none."""
    if isinstance(value, dict) and not {"message", "error"} & value.keys():
        for name, member in value.items():
            if name in REMEMBERED and isinstance(member, str):
                kind = {"wf_": "workflowId", "blo": "blobId"}.get(member[:3], name)
                dice.found.setdefault(kind, []).append(member)
            note(dice, member)
    elif isinstance(value, list):
        for member in value:
            note(dice, member)


SOMEBODY = ("Authorization", "Bearer somebody")
FORM = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + PNG + b"\r\n--b--"
WORKFLOWS = f"{ORCHESTRATION}/v2/consumer/workflows"
PLACE = f"{ORCHESTRATION}/v2/consumer/blobs/upload-url?mimeType=image/png&sizeBytes={len(PNG)}"
STORED = 2514310
"""A version that is in the vault from the start."""
APP = "grant_type=client_credentials&client_id=demo-app&client_secret=demo-app-secret&scope=33554431"
MADE = (
    (f"{SITE}/vault/toggle-version", "application/json", json.dumps({"modelVersionId": STORED}).encode()),
    (f"{AUTH}/api/auth/oauth/token", "application/x-www-form-urlencoded", APP.encode()),
    (WORKFLOWS, "application/json", b'{"tags":["a"],"steps":[{"$type":"imageGen","input":{"width":8}}]}'),
    (f"{ORCHESTRATION}/v2/consumer/blobs", "multipart/form-data; boundary=b", FORM),
)


def begun(dice: Dice, balance: int = 10_000) -> tuple[CivitaiSandbox, StillClock]:
    """Give a sandbox that has something to be asked about."""
    clock = StillClock()
    sandbox = CivitaiSandbox(clock, Settings(balance=balance))
    for url, kind, content in MADE:
        by = () if url.startswith(AUTH) else (SOMEBODY,)
        made = sandbox.answer(Request("POST", url, (*by, ("Content-Type", kind)), content))
        assert made.status in (200, 201, 202), made.body
        note(dice, made.content.value)
    for url in (WORKFLOWS, PLACE):
        note(dice, sandbox.answer(Request("GET", url, (SOMEBODY,))).content.value)
    return sandbox, clock


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_answers_as_its_description_says_whatever_it_is_sent(operation):
    statuses = set()
    for seed in range(3):
        dice = Dice(f"{operation} {seed}")
        sandbox, _ = begun(dice)
        for _ in range(40):
            sent = request(dice, operation)
            response = sandbox.answer(sent)
            check(operation, sent, response)
            statuses.add(response.status)
    assert min(statuses) < 400, "of what does not come to a good end, only refusals are seen"


def visit(dice: Dice, sandbox: CivitaiSandbox, clock: StillClock, some: Sequence[Operation], times: int) -> None:
    """Ask for some operations in any order while time goes on."""
    for _ in range(times):
        operation = dice.choice(some)
        sent = request(dice, operation)
        response = sandbox.answer(sent)
        check(operation, sent, response)
        note(dice, response.content.value)
        clock.time += dice.choice((0, 0, 0, 0.5, 0.5, 2, 2, 4000))


@pytest.mark.parametrize("seed", range(20))
def test_operations_in_any_order_answer_as_their_descriptions_say(seed):
    dice = Dice(f"any order {seed}")
    sandbox, clock = begun(dice, dice.choice((20, 10_000)))
    visit(dice, sandbox, clock, OPERATIONS, 40)
    for section in sandbox.sections():
        json.dumps([dict(row) for row in section.rows], ensure_ascii=False).encode()
        assert all(row["balance"] >= 0 for row in section.rows if section.name == "accounts")


def test_apps_that_come_and_go_are_answered_as_the_descriptions_say():
    some = [each for each in OPERATIONS if each.api == "oauth" or str(each) in ("submitWorkflow", "getCurrentUser")]
    some += [each for each in some if str(each) in ("decideAuthorization", "issueToken")] * 4
    dice = Dice("apps")
    sandbox, clock = begun(dice)
    states: set[Any] = set()
    for _ in range(100):
        visit(dice, sandbox, clock, some, 10)
        states |= {row["state"] for section in sandbox.sections() if section.name == "tokens" for row in section.rows}
    assert states == {"active", "expired", "rotated", "revoked"}


def test_what_is_sent_over_the_wire_is_answered_as_the_descriptions_say():
    dice = Dice("over the wire")
    with Running() as server, httpx.Client(base_url=server.url) as client:
        for _ in range(100):
            operation = dice.choice(OPERATIONS)
            sent = request(dice, operation)
            headers = [pair for pair in sent.headers if re.fullmatch("[!-~]+( [!-~]+)?", pair[1])]
            path = sent.url.removeprefix(operation.base.removesuffix("/api/v1"))
            came = client.request(sent.method, path, headers=headers, content=sent.body)
            check(operation, sent, Response(came.status_code, tuple(came.headers.items()), came.content))
