"""Where documents come from, and what is said when they do not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runner.errors import FetchError
from runner.exchange import Fetched, Reply, Request, Response, Transport, TransportFailure
from runner.loader.text import decode_bytes
from runner.shell.fetch import FetchPorts, make_fetch
from runner.shell.http import HttpTransport
from tests.shell.conftest import QUIET
from tests.shell.server import always, answer, once, routes, serve


class Site:
    """A transport that answers by URL."""

    def __init__(self, **pages: Reply) -> None:
        self.pages: dict[str, Reply] = pages
        self.asked: list[str] = []

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.asked.append(request.url)
        return self.pages.get(request.url, Response(404, reason="Not Found"))

    @contextmanager
    def open(self) -> Iterator[Transport]:
        yield self


def refused(uri: str, base: Path, ports: FetchPorts | None = None) -> FetchError:
    with pytest.raises(FetchError) as caught:
        make_fetch(base, ports or FetchPorts(Site().open))(uri)
    return caught.value


def test_a_file_is_read_by_uri_and_by_path(tmp_path: Path) -> None:
    file = tmp_path / "a b é.yaml"
    file.write_bytes("\ufeffname: é".encode())
    fetch = make_fetch(tmp_path, FetchPorts(Site().open))
    expected = Fetched(file.as_uri(), "name: é")
    assert fetch(file.as_uri()) == expected
    assert fetch(file.as_uri().replace("file:///", "file://localhost/")) == expected
    assert fetch("a b é.yaml") == expected
    assert fetch(str(file)) == expected


def test_a_pipe_that_a_shell_has_opened_is_read_as_well(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from: a pipe")
    os.close(writing)
    try:
        assert make_fetch(tmp_path, FetchPorts(Site().open))(f"/dev/fd/{reading}").text == "from: a pipe"
    finally:
        os.close(reading)


@pytest.mark.parametrize("uri", ["pipe.yaml", "link.yaml"])
def test_a_pipe_by_its_name_is_refused_and_not_waited_for(uri: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "pipe.yaml")
    assert refused(uri, tmp_path).reason == "it is a named pipe, not a file"


def test_a_device_and_a_socket_are_refused(tmp_path: Path) -> None:
    assert refused("/dev/zero", tmp_path).reason == "it is a device, not a file"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.yaml"))
        assert refused("s.yaml", tmp_path).reason == "it is a socket, not a file"


def test_the_empty_device_is_an_empty_file(tmp_path: Path) -> None:
    assert make_fetch(tmp_path, FetchPorts(Site().open))(os.devnull).text == ""


def test_bytes_become_text_as_the_caller_says(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("é".encode("utf-16"))
    ports = FetchPorts(Site().open, decode=lambda content: content.decode("utf-16"))
    assert make_fetch(tmp_path, ports)("x").text == "é"


def test_a_decoder_that_says_what_is_wrong_is_believed(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a: \x80")
    with pytest.raises(FetchError) as caught:
        make_fetch(tmp_path, FetchPorts(Site().open, decode=decode_bytes))("x")
    assert caught.value.reason == "the text is not UTF-8: 0x80 at byte 3, in line 1"


def test_a_file_that_is_not_there_is_told_with_the_one_that_was_probably_meant(tmp_path: Path) -> None:
    (tmp_path / "petstore.yaml").touch()
    error = refused((tmp_path / "petsotre.yaml").as_uri(), tmp_path)
    assert error.reason == "there is no such file; did you mean 'petstore.yaml'?"
    assert (error.remote, error.exit_code) == (False, 3)
    assert refused("quite-different", tmp_path).reason == "there is no such file"
    assert refused("nowhere/petstore.yaml", tmp_path).reason == "there is no folder 'nowhere'"
    assert refused("petstore.yaml/x", tmp_path).reason == "not a directory"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        (".", "it is a folder, not a file"),
        ("ftp://h/x.yaml", "'ftp' is not file, http or https"),
        ("data:text/plain,x", "'data' is not file, http or https"),
        ("file://elsewhere/x.yaml", "a file on another machine ('elsewhere') cannot be read"),
        ("file://[::1/x.yaml", "a file on another machine ('[::1') cannot be read"),
        ("a\0b", "it is not a file name"),
    ],
)
def test_what_cannot_be_a_document_is_refused(uri: str, reason: str, tmp_path: Path) -> None:
    assert refused(uri, tmp_path).reason == reason


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").touch(mode=0o000)
    assert refused("x", tmp_path).reason == "permission denied"


def test_a_refusal_of_the_file_system_is_told_without_root_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert refused("x", tmp_path).reason == "permission denied"


def test_what_is_not_text_is_told_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"ab\xff")
    assert refused("x", tmp_path).reason == "it is not UTF-8 text (byte 2 is 0xff)"


@pytest.mark.parametrize(
    ("content", "reason", "fix"),
    [
        (b"a: \xe9", "it is not UTF-8 text", "save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", "it is a gzip file, not text", "unpack it, and name the document in it"),
        (b"PK\x03\x04", "it is a zip file, not text", "unpack it, and name the document in it"),
    ],
)
def test_what_another_place_would_not_help_says_what_would(
    content: bytes, reason: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(content)
    error = refused("x", tmp_path)
    assert error.reason.startswith(reason)
    assert error.fix == fix


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(2 * 1024 * 1024))
    error = refused("x", tmp_path, FetchPorts(Site().open, max_size=1024 * 1024))
    assert error.reason == "it is larger than 1 MiB"


def test_a_document_is_fetched_and_knows_where_it_really_came_from(tmp_path: Path) -> None:
    pages = {"/old": answer("Location: /new", status="301 Moved"), "/new": answer(body="é: 1".encode())}
    with serve(routes(pages)) as server:
        ports = FetchPorts(lambda: HttpTransport(QUIET))
        assert make_fetch(tmp_path, ports)(server.url("/old")) == Fetched(server.url("/new"), "é: 1")
        assert "application/yaml" in (server.received[0].field("accept") or "")


def test_a_page_of_github_is_fetched_raw(tmp_path: Path) -> None:
    raw = "https://raw.githubusercontent.com/o/r/main/a/openapi.yaml"
    site = Site(**{raw: Response(200, (), b"openapi: 3.1.0")})
    fetch = make_fetch(tmp_path, FetchPorts(site.open))
    assert fetch("https://github.com/o/r/blob/main/a/openapi.yaml") == Fetched(raw, "openapi: 3.1.0")


def test_yaml_that_its_server_calls_html_is_read(tmp_path: Path) -> None:
    site = Site(**{URL: Response(200, (("Content-Type", "text/html"),), b"a: 1")})
    assert make_fetch(tmp_path, FetchPorts(site.open))(URL).text == "a: 1"


URL = "https://h.example/x"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Response(404, reason="Not Found"), "the server answered 404 Not Found"),
        (Response(500), "the server answered 500"),
        (TransportFailure("dns", "cannot resolve host 'h.example'"), "cannot resolve host 'h.example'"),
        (
            Response(200, (("Content-Type", "Text/HTML; x=y"),), b"<html>"),
            "it is an HTML page, not a document",
        ),
        (Response(200, (), b"\xff"), "it is not UTF-8 text (byte 0 is 0xff)"),
        (Response(200, (), bytes(2_000_000)), "it is larger than 1 MiB"),
        (Response(302, (("Location", URL),)), "it was redirected more than 5 times"),
        (Response(302, (("Location", "http://h.example/"),)), "a redirect from https to http was refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_document_that_does_not_come_is_told(reply: Reply, reason: str, tmp_path: Path) -> None:
    error = refused(URL, tmp_path, FetchPorts(Site(**{URL: reply}).open, max_size=1024 * 1024))
    assert (error.reason, error.remote, error.exit_code) == (reason, True, 4)


def test_offline_nothing_is_asked(tmp_path: Path) -> None:
    site = Site()
    error = refused(URL, tmp_path, FetchPorts(site.open, offline=True))
    assert (error.reason, error.remote, site.asked) == ("--offline forbids to fetch it", True, [])


def test_a_password_in_an_address_is_never_shown(tmp_path: Path) -> None:
    assert "s3cret" not in str(refused("https://user:s3cret@h.example/x", tmp_path))


def test_a_server_that_is_late_or_too_generous_is_left(tmp_path: Path) -> None:
    with serve(once(answer(body=bytes(100)))) as server:
        error = refused(server.url(), tmp_path, FetchPorts(lambda: HttpTransport(QUIET), max_size=50))
        assert "larger than" in error.reason
    with serve(always(b"")) as server:
        error = refused(server.url(), tmp_path, FetchPorts(lambda: HttpTransport(QUIET), timeout=0.1))
        assert error.reason == "no response within 0.1 s"
