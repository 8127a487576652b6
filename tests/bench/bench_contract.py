"""What the whole contract check of one response costs, beside that of its body's schema alone.

Run as `python -m tests.bench.bench_contract`. The bodies are those of `bench_schema.py`; nothing is asserted of times.
"""

from __future__ import annotations

import json

from runner.engine.policy import CHECKS
from runner.exchange import Response
from runner.openapi.contract import Contract
from runner.openapi.read import read_openapi
from runner.openapi.references import Documents
from runner.source import Place, Source, SourceMap
from runner.values import Json
from tests.bench.bench_schema import microseconds, page, ref, schemas

URI = "https://x.test/api.yaml"
HEADERS = (
    ("Date", "Sat, 28 Nov 2026 04:43:28 GMT"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Content-Length", "5000"),
    ("Connection", "keep-alive"),
    ("X-Rate-Limit", "4999"),
    ("X-Request-Id", "123e4567-e89b-12d3-a456-426614174000"),
    ("Cache-Control", "no-store"),
    ("ETag", '"33a64df551425fcc55e4d42a148795d9f25f89d4"'),
)
DECLARED: dict[str, Json] = {
    "X-Rate-Limit": {"required": True, "schema": {"type": "integer", "minimum": 0}},
    "X-Request-Id": {"schema": {"type": "string", "format": "uuid"}},
}


def contract(headers: dict[str, Json], recursive: bool) -> Contract:
    content: Json = {"application/json": {"schema": ref("Page")}}
    responses: Json = {"200": {"description": "a page", "headers": headers, "content": content}}
    root: Json = {
        "openapi": "3.0.3",
        "paths": {"/orders": {"get": {"responses": responses}}},
        "components": {"schemas": schemas(recursive)},
    }
    nowhere = SourceMap(Source(URI, "api.yaml", ""), lambda: Place(0, 0), lambda _, offset: offset)
    api, _ = read_openapi(root, URI, nowhere, Documents({}))
    [operation] = api.by_pointer.values()
    return Contract(operation, api)


def compare(name: str, size: int, headers: dict[str, Json], recursive: bool) -> None:
    found = contract(headers, recursive)
    response = Response(200, HEADERS, json.dumps(page(size)).encode())
    assert found.check_response("GET", response, CHECKS) == ("200", "application/json", ())
    value = response.content.value
    assert not isinstance(value, bytes)
    [compiled] = [each for key, each in found.api.schemas.compiled.items() if key[1].endswith("/schema")][-1:]
    assert not isinstance(compiled, Exception)
    schema = compiled.schema
    alone = microseconds(lambda: schema.valid(value))
    whole = microseconds(lambda: found.check_response("GET", response, CHECKS))
    read = microseconds(lambda: json.loads(response.body))
    print(f"{name}: {len(response.body):,} bytes")
    print(f"  its schema alone  {alone:>12,.1f} µs")
    print(f"  the whole check   {whole:>12,.1f} µs, {whole - alone:,.1f} µs more")
    print(f"  to read the JSON  {read:>12,.1f} µs, which has been done before")


def main() -> None:
    compare("5 KB, no headers", 5_000, {}, recursive=False)
    compare("5 KB, two headers", 5_000, DECLARED, recursive=False)
    compare("5 KB, two headers, of a recursive schema", 5_000, DECLARED, recursive=True)
    compare("5 MB, two headers", 5_000_000, DECLARED, recursive=False)


if __name__ == "__main__":
    main()
