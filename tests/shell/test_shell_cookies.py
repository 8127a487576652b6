"""Which cookies a run keeps, and which requests carry them."""

from __future__ import annotations

import pytest

from runner.shell.cookies import CookieJar

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def carried(url: str, *set_cookies: str, source: str = "https://api.example/a/b", later: float = 0) -> str:
    """What a request to `url` carries after a response from `source` set these cookies."""
    jar = CookieJar()
    jar.store(source, tuple(("set-cookie", text) for text in set_cookies), NOW)
    return "; ".join(f"{name}={value}" for name, value in jar.pairs(url, NOW + later))


@pytest.mark.parametrize(
    ("set_cookie", "url", "expected"),
    [
        ("a=1", "https://api.example/a/c", "a=1"),
        ("a=1", "https://api.example:8443/a/", "a=1"),
        ("a=1", "https://api.example/a", "a=1"),
        ("a=1", "https://api.example/ab", ""),
        ("a=1", "https://api.example/", ""),
        ("a=1", "https://www.api.example/a/", ""),
        ("a=1; Path=/", "https://api.example/x", "a=1"),
        ("a=1; Path=/x/", "https://api.example/x/y", "a=1"),
        ("a=1; Path=/x/", "https://api.example/x", ""),
        ("a=1; path=nonsense", "https://api.example/a/x", "a=1"),
        ("a=1; Domain=.API.example; Path=/", "https://www.api.example/", "a=1"),
        ("a=1; Domain=other.example; Path=/", "https://api.example/", ""),
        ("a=1; Domain=other.example; Path=/", "https://other.example/", ""),
        ("a=1; Domain=example; Path=/", "https://other.example/", ""),
        ("a=1; Domain=i.example; Path=/", "https://api.example/", ""),
        ("a=1; Secure; Path=/", "http://api.example/", ""),
        ("a=1; Secure; Path=/", "https://api.example/", "a=1"),
        ("a=b=c; Path=/", "https://api.example/", "a=b=c"),
        ('a="q"; Path=/', "https://api.example/", 'a="q"'),
        ("a=; Path=/", "https://api.example/", "a="),
        ("=1; Path=/", "https://api.example/", ""),
        ("nonsense", "https://api.example/a/", ""),
    ],
)
def test_a_cookie_goes_where_it_was_meant_for(set_cookie: str, url: str, expected: str) -> None:
    assert carried(url, set_cookie) == expected


@pytest.mark.parametrize(
    ("attributes", "alive_after", "gone_after"),
    [
        ("Max-Age=60", 59, 60),
        ("Expires=Sun, 06 Nov 1994 08:50:37 GMT", 59, 60),
        ("Expires=Sunday, 06-Nov-94 08:50:37 GMT", 59, 60),
        ("Expires=Sun Nov  6 08:50:37 1994", 59, 60),
        ("Max-Age=60; Expires=Sun, 06 Nov 1994 09:49:37 GMT", 59, 60),
    ],
)
def test_a_cookie_ends_when_it_says(attributes: str, alive_after: float, gone_after: float) -> None:
    url = "https://api.example/a/"
    assert carried(url, f"a=1; {attributes}", later=alive_after) == "a=1"
    assert carried(url, f"a=1; {attributes}", later=gone_after) == ""


@pytest.mark.parametrize(
    "attributes", ["Max-Age=nonsense", "Expires=nonsense", "Expires=Sun, 42 Nov 1994 08:50:37 GMT"]
)
def test_an_end_that_cannot_be_read_counts_as_none(attributes: str) -> None:
    assert carried("https://api.example/a/", f"a=1; {attributes}", later=1e9) == "a=1"


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-5", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_cookie_that_has_expired_removes_the_one_of_its_name(end: str) -> None:
    assert carried("https://api.example/a/", "a=1", "b=2", f"a=gone; {end}") == "b=2"


def test_the_same_name_at_the_same_path_is_one_cookie_and_longer_paths_come_first() -> None:
    assert carried("https://api.example/a/", "a=1", "a=2", "a=3; Path=/") == "a=2; a=3"


def test_an_address_is_no_domain() -> None:
    assert carried("http://10.127.0.0.1/", "a=1; Path=/", source="http://127.0.0.1/") == ""
    assert carried("http://127.0.0.1/", "a=1; Domain=0.0.1; Path=/", source="http://127.0.0.1/") == ""
    assert carried("http://127.0.0.1/", "a=1; Domain=127.0.0.1; Path=/", source="http://127.0.0.1/") == "a=1"
    assert carried("http://localhost/", "a=1; Domain=localhost; Path=/", source="http://localhost/") == "a=1"
