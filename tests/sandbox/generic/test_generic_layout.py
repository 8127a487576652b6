"""Where several descriptions are found on one server."""

from __future__ import annotations

from typing import Any

import pytest

from runner.exchange import Request
from runner.sandbox.generic import GenericSandbox, lay_out, mount
from tests.sandbox.generic.described import description


def api(word: str, *servers: str, path: str = "/which") -> Any:
    content = {"application/json": {"schema": {"const": word}}}
    return description(
        {
            "servers": [{"url": url} for url in servers],
            "paths": {path: {"get": {"responses": {"200": {"description": "", "content": content}}}}},
        }
    )


@pytest.mark.parametrize(
    ("described", "paths"),
    [
        ([("a.yaml", ("https://x.test/v1",))], ["/v1"]),
        ([("a.yaml", ())], [""]),
        ([("a.yaml", ("https://x.test/a",)), ("b.yaml", ("https://x.test/b/",))], ["/a", "/b"]),
        ([("a.yaml", ("https://x.test/v1",)), ("b.yaml", ("https://y.test/v1",))], ["/a/v1", "/b/v1"]),
        ([("one/api.v1.yaml", ()), ("two/api.json", ()), ("c d.yaml", ())], ["/api", "/api-2", "/c-d"]),
        ([("https://h.test/specs/pets.yaml?x=1", ()), ("b.yaml", ("/v1",))], ["", "/v1"]),
        ([("a.yaml", ("https://{region}.test/{base}",))], [""]),
    ],
)
def test_descriptions_are_told_apart_by_base_path_or_else_by_name(described: Any, paths: list[str]) -> None:
    served = lay_out([(name, api(name, *servers)) for name, servers in described])
    assert [each.path for each in served] == paths
    sandbox = GenericSandbox([each for one in served for each in one.mounts])
    for each in served:
        response = sandbox.answer(Request("GET", f"http://127.0.0.1{each.path}/which"))
        assert response.content.value == each.name


def test_without_a_base_path_the_first_that_has_the_path_answers() -> None:
    served = lay_out([("a", api("a", "/a", path="/x")), ("b", api("b", "/b", path="/y"))])
    sandbox = GenericSandbox([each for one in served for each in one.mounts], page="what is here")
    answers = {path: sandbox.answer(Request("GET", f"http://h{path}")) for path in ("/x", "/y", "/b/x", "/", "")}
    assert [answers[path].content.value for path in ("/x", "/y")] == ["a", "b"]
    assert answers["/b/x"].status == 404
    assert [answers[path].body for path in ("/", "")] == [b"what is here"] * 2


def test_a_mount_with_an_origin_answers_there_alone() -> None:
    sandbox = GenericSandbox([mount(api("a"), "https://a.test/v1"), mount(api("b"), "https://b.test/v1")])
    assert sandbox.claims("https://a.test/anything")
    assert not sandbox.claims("https://c.test/v1/which")
    assert not sandbox.claims("nonsense")
    for word in "ab":
        assert sandbox.answer(Request("GET", f"https://{word}.test/v1/which")).content.value == word
    assert sandbox.answer(Request("GET", "https://c.test/v1/which")).status == 404
