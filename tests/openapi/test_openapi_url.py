from __future__ import annotations

import pytest

from runner.openapi.document import Server
from runner.openapi.problem import SerializationProblem
from runner.openapi.url import build_url, server_url, template_variables


@pytest.mark.parametrize(
    ("server", "path", "query", "url"),
    [
        ("https://h/v1", "/pets", [], "https://h/v1/pets"),
        ("https://h/v1/", "/pets", [], "https://h/v1/pets"),
        ("https://h", "pets", [], "https://h/pets"),
        ("https://h", "/", [], "https://h/"),
        ("https://h/v1", "/pets/", ["a=1"], "https://h/v1/pets/?a=1"),
        ("https://h/v1?key=k", "/pets", ["a=1", "", "b=2&b=3"], "https://h/v1/pets?key=k&a=1&b=2&b=3"),
        ("https://h", "/pets?kind=dog", ["a=1"], "https://h/pets?kind=dog&a=1"),
        ("https://h#top", "/#Action=List", ["a=1"], "https://h/?a=1"),
        ("https://h", "/a b/ü/x:y@z", [], "https://h/a%20b/%C3%BC/x:y@z"),
    ],
)
def test_server_path_and_query_are_joined_once(server: str, path: str, query: list[str], url: str) -> None:
    assert build_url(server, path, {}, query) == url


@pytest.mark.parametrize(
    ("path", "values", "url"),
    [
        ("/pets/{petId}/toys/{toy}", {"petId": "7", "toy": "a%2Fb"}, "https://h/pets/7/toys/a%2Fb"),
        ("/v1/{+name}:undelete", {"name": "projects/p"}, "https://h/v1/projects/p:undelete"),
        ("/a{x}{y}", {"x": ";x=1", "y": ".b"}, "https://h/a;x=1.b"),
        ("/r.{format}", {"format": "json", "other": "z"}, "https://h/r.json"),
        ("/find?q={q}", {"q": "%26"}, "https://h/find?q=%26"),
        ("/{x}", {"x": "{x}"}, "https://h/{x}"),
    ],
)
def test_path_variables_are_replaced(path: str, values: dict[str, str], url: str) -> None:
    assert build_url("https://h", path, values) == url


@pytest.mark.parametrize("path", ["/pets/{petId}", "/pets/{+petId}", "/pets?id={petId}"])
def test_a_path_variable_without_a_value_is_an_error(path: str) -> None:
    with pytest.raises(SerializationProblem, match="'petId' has no value"):
        build_url("https://h", path, {"petid": "1"})


@pytest.mark.parametrize(
    ("path", "value"), [("/a/{x}/b", ".."), ("/a/{x}", "."), ("/a/{+x}", "b/../c"), ("/a/{+x}", "b/%2E%2e")]
)
def test_a_value_cannot_climb_out_of_its_path(path: str, value: str) -> None:
    with pytest.raises(SerializationProblem, match="another resource"):
        build_url("https://h", path, {"x": value})


def test_the_variables_of_a_template_are_known_with_their_operator() -> None:
    assert template_variables("/{a}/x{+b}:z") == {"a": False, "b": True}


REGIONS = Server(
    "https://{region}.h:{port}/{base}/", {"region": "eu", "port": "443", "base": "v1"}, {"region": ("eu", "us")}
)


@pytest.mark.parametrize(
    ("overrides", "url"),
    [
        (None, "https://eu.h:443/v1"),
        ({"region": "us", "base": "a b", "unknown": "x"}, "https://us.h:443/a b"),
    ],
)
def test_server_variables_have_defaults_and_overrides(overrides: dict[str, str] | None, url: str) -> None:
    assert server_url(REGIONS, overrides) == url


@pytest.mark.parametrize(("url", "expected"), [("/", ""), ("https://h/", "https://h"), ("https://h/a", "https://h/a")])
def test_a_server_url_loses_its_last_slash(url: str, expected: str) -> None:
    assert server_url(Server(url)) == expected


def test_a_value_outside_of_the_enum_is_refused() -> None:
    with pytest.raises(SerializationProblem, match="'region' is one of 'eu', 'us'"):
        server_url(REGIONS, {"region": "moon"})


def test_a_server_variable_without_a_value_is_an_error() -> None:
    with pytest.raises(SerializationProblem, match="'tenant'"):
        server_url(Server("https://{tenant}.h"))
