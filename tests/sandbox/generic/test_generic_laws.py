"""Whatever a description says and whatever is sent, its stand-in answers, and what it answers is what it says."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.exchange import Request, Response, header, media_type
from runner.loader.text import read_text
from runner.openapi.document import ApiDescription
from runner.openapi.problem import SerializationProblem
from runner.openapi.read import read_openapi
from runner.sandbox.generic import GenericSandbox, mount
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.place import Ungeneratable
from runner.sandbox.generic.problems import PROBLEM_TYPE
from runner.sandbox.generic.routes import Match
from runner.source import Source
from runner.text import json_text
from tests.sandbox.generic.described import HEADS, URI, check
from tests.sandbox.generic.test_generic_make_laws import SCALARS, SCHEMAS
from tests.sandbox.generic.test_generic_round_trip import request_of

OWN = frozenset({400, 401, 404, 405, 406, 413, 415, 422, 501})
"""What a stand-in says by itself."""

SCHEMA = SCHEMAS | st.sampled_from(
    [
        {"$ref": "#/components/schemas/Tree"},
        {"$ref": "#/components/schemas/Pet"},
        {"$ref": "#/components/schemas/Lost"},
        {"type": "string", "nullable": True, "format": "binary"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}, "uniqueItems": True},
    ]
)
MEDIA = st.sampled_from(
    [
        *("application/json", "application/vnd.api+json", "*/*", "text/*", "text/plain", "text/csv; charset=latin-1"),
        *("application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/mixed"),
        *("application/octet-stream", "image/png", "text/event-stream", "application/jsonl", "application/json-seq"),
    ]
)
CONTENT = st.dictionaries(
    MEDIA,
    st.fixed_dictionaries(
        {},
        optional={
            "schema": SCHEMA,
            "itemSchema": SCHEMA,
            "example": SCALARS | st.dictionaries(st.sampled_from(["id", "a"]), SCALARS, max_size=2),
            "examples": st.fixed_dictionaries({"e": st.sampled_from([{"value": 1}, {"externalValue": "x"}, {}, 3])}),
            "encoding": st.fixed_dictionaries(
                {"a": st.sampled_from([{"style": "deepObject"}, {"contentType": "a/b"}])}
            ),
        },
    ),
    max_size=2,
)
RESPONSE = st.fixed_dictionaries(
    {"description": st.just("")},
    optional={
        "content": CONTENT,
        "headers": st.dictionaries(
            st.sampled_from(["Location", "X-Rate", "Retry-After", "Set-Cookie"]),
            st.fixed_dictionaries({"required": st.booleans()}, optional={"schema": SCHEMA, "example": SCALARS}),
            max_size=2,
        ),
    },
)
PARAMETER = st.builds(
    lambda name, place, style, more: {"name": name, "in": place, "required": place == "path", **style, **more},
    st.sampled_from(["id", "filter", "X-Trace", "a"]),
    st.sampled_from(["path", "query", "header", "cookie"]),
    st.sampled_from([{}, {"style": "deepObject"}, {"style": "pipeDelimited", "explode": False}, {"style": "matrix"}]),
    st.sampled_from([{}, {"content": {"application/json": {}}}]) | st.fixed_dictionaries({"schema": SCHEMA}),
)
OPERATION = st.fixed_dictionaries(
    {
        "responses": st.dictionaries(
            st.sampled_from(["200", "201", "2XX", "204", "302", "404", "default", "100"]), RESPONSE, max_size=3
        )
    },
    optional={
        "parameters": st.lists(PARAMETER, max_size=2, unique_by=lambda each: (each["name"], each["in"])),
        "requestBody": st.fixed_dictionaries({"content": CONTENT, "required": st.booleans()}),
        "security": st.sampled_from([[], [{"key": []}], [{"oauth": ["a"]}, {}], [{"lost": []}]]),
        "callbacks": st.just({"done": {"{$request.body#/url}": {"post": {"responses": {}}}}}),
    },
)
ITEM = st.dictionaries(st.sampled_from(["get", "put", "post", "delete", "head"]), OPERATION, min_size=1, max_size=2)
COMPONENTS = {
    "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "oauth": {"type": "oauth2"}},
    "schemas": {
        "Tree": {"type": "object", "properties": {"up": {"$ref": "#/components/schemas/Tree"}}},
        "Pet": {
            "type": "object",
            "required": ["kind"],
            "properties": {"id": {"type": "integer", "readOnly": True}, "kind": {"enum": ["Cat"]}},
            "discriminator": {"propertyName": "kind"},
        },
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"id": {"minimum": 1}}}]},
    },
}
DESCRIPTION = st.builds(
    lambda version, paths, servers: {
        **HEADS[version],
        "info": {"title": "Laws", "version": "1"},
        **servers,
        "paths": paths,
        "components": COMPONENTS,
    },
    st.sampled_from(["3.0", "3.1", "3.2"]),
    st.dictionaries(
        st.sampled_from(["/a", "/a/{id}", "/a/{id}.{a}", "/{id}/a", "/a/{+id}", "/"]), ITEM, min_size=1, max_size=3
    ),
    st.sampled_from([{}, {"servers": [{"url": "/v1"}, {"url": "https://{r}.example/x/"}]}]),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "Prefer": st.sampled_from(
            ["code=404", "code=x", "example=e", "example=nobody", "dynamic=true", "code=200, a=b"]
        ),
        "Accept": st.sampled_from(["*/*", "text/*;q=0.5", "application/json", "nonsense", "a/b"]),
        "Content-Type": st.sampled_from(["application/json", "multipart/form-data; boundary=B", "text/plain", "x"]),
        "X-Key": st.just("any"),
        "Authorization": st.just("Bearer any"),
        "Cookie": st.sampled_from(["a=1", "a", ";;=", "id=%ff"]),
    },
)
SENT = st.tuples(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    st.sampled_from(["/a", "/a/1", "/a/x.y", "/7/a", "/a/b/c", "/", "/v1/a", "/a/%ff", "//a", "/a?a=1&filter[x]=2&id"]),
    FIELDS,
    st.sampled_from([b"", b"{}", b'{"a": 1}', b"[1]", b"{", b"\xff\x00", b"a=1&b=2", b"--B\r\n\r\nx\r\n--B--"]),
)


def read(document: dict[str, Any]) -> ApiDescription:
    text = read_text(Source(URI, "api.yaml", json_text(document)))
    api, _ = read_openapi(text.value, URI, text.places)
    return api


def is_own(response: Response) -> bool:
    """Say whether a reply is a word of the stand-in: none of the descriptions declares a problem."""
    return media_type(header(response.headers, "content-type")).essence == PROBLEM_TYPE and response.status in OWN


QUIET = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


@QUIET
@given(DESCRIPTION, st.lists(SENT, min_size=1, max_size=4))
def test_every_request_is_answered_and_every_answer_is_what_the_description_says(document: Any, sent: Any) -> None:
    api = read(document)
    mounted = mount(api, "")
    sandbox = GenericSandbox([mounted])
    for method, path, fields, body in sent:
        request = Request(method, f"http://127.0.0.1{path}", tuple(fields.items()), body)
        response = sandbox.answer(request)
        assert response == sandbox.answer(request)
        found = mounted.table.find(method, *path.partition("?")[::2])
        if isinstance(found, Match) and not is_own(response) and method != "HEAD":
            check(api, found.pointer, response)
        else:
            assert method in ("HEAD", "OPTIONS") or is_own(response)


@QUIET
@given(DESCRIPTION, st.integers(0, 3))
def test_a_request_made_from_the_description_is_taken(document: Any, seed: int) -> None:
    api = read(document)
    sandbox = GenericSandbox([mount(api, "")])
    for operation in api.by_pointer.values():
        try:
            path, fields, body = request_of(api, operation, Dice.of(seed))
        except (Ungeneratable, SerializationProblem, AssertionError, StopIteration):
            continue  # there is no such request
        if body == b"bytes":
            continue  # there is no schema to make a body of
        response = sandbox.answer(
            Request(operation.method, f"http://127.0.0.1{path}", (*fields, ("X-Key", "any")), body)
        )
        assert response.status not in (400, 422) or not is_own(response), response.body


def test_a_form_of_no_members_is_one() -> None:
    api = read(
        {
            "openapi": "3.0.3",
            "info": {"title": "A", "version": "1"},
            "paths": {
                "/a": {
                    "post": {
                        "requestBody": {"content": {"multipart/form-data": {"schema": {"type": "object"}}}},
                        "responses": {"204": {"description": "ok"}},
                    }
                }
            },
        }
    )
    kind = ("Content-Type", "multipart/form-data; boundary=x")
    sandbox = GenericSandbox([mount(api, "")])
    for body, status in ((b"--x--\r\n", 204), (b"--y--\r\n", 400)):
        assert sandbox.answer(Request("POST", "http://127.0.0.1/a", (kind,), body)).status == status
