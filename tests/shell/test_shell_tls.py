"""What the transports make of certificates; each is made for the test, and skipped where there is no openssl."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from runner.exchange import Request, Response, TransportFailure
from runner.shell.options import HttpOptions
from tests.shell.conftest import QUIET, SendAll
from tests.shell.server import Connection, always, answer, serve


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([openssl, *new, *subject, "-keyout", key, "-out", cert], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_self_signed_certificate_is_refused_in_one_line(tls: ssl.SSLContext, send_all: SendAll) -> None:
    with serve(always(answer()), tls) as server:
        [reply] = send_all(Request("GET", server.url()))
    message = "the certificate of '127.0.0.1' is not trusted: self-signed certificate"
    assert reply == TransportFailure("tls", message)


def test_a_certificate_that_the_user_trusts_is_accepted(
    tls: ssl.SSLContext, certificate: Path, send_all: SendAll
) -> None:
    with serve(always(answer(body=b"safe")), tls) as server:
        one = Request("GET", server.url())
        replies = send_all(one, one, options=HttpOptions(verify=str(certificate), trust_env=False))
        assert [reply.body for reply in replies if isinstance(reply, Response)] == [b"safe", b"safe"]
        assert server.connections == 1


def test_a_certificate_for_another_name_is_refused(tls: ssl.SSLContext, certificate: Path, send_all: SendAll) -> None:
    with serve(always(answer()), tls) as server:
        request = Request("GET", server.url(host="localhost"))
        [reply] = send_all(request, options=HttpOptions(verify=str(certificate), trust_env=False))
    assert isinstance(reply, TransportFailure)
    assert reply.kind == "tls"
    assert "not valid for 'localhost'" in reply.message


def test_any_certificate_is_accepted_where_the_user_says_so(tls: ssl.SSLContext, send_all: SendAll) -> None:
    with serve(always(answer(body=b"x")), tls) as server:
        [reply] = send_all(Request("GET", server.url()), options=HttpOptions(verify=False, trust_env=False))
    assert isinstance(reply, Response)


def test_a_server_that_does_not_speak_tls_is_told(send_all: SendAll) -> None:
    with serve(lambda connection: connection.send(answer())) as server:
        [reply] = send_all(Request("GET", server.url().replace("http:", "https:")), options=QUIET)
    assert isinstance(reply, TransportFailure)
    assert (reply.kind, reply.message.partition(":")[0]) == ("tls", "no TLS connection to '127.0.0.1'")


def test_a_handshake_that_never_ends_is_late(send_all: SendAll) -> None:
    with serve(lambda connection: connection.wait()) as server:
        request = Request("GET", server.url().replace("http:", "https:"))
        assert send_all(request, timeout=0.15) == [TransportFailure("timeout", "no response within 0.15 s")]


def tunnel(connection: Connection) -> None:
    """Behave as a proxy that is asked to CONNECT."""
    request = connection.request()
    assert request is not None
    host, _, port = request.line.split(" ")[1].rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        back = threading.Thread(target=pour, args=(upstream, connection.sock))
        back.start()
        pour(connection.sock, upstream)
        back.join()


def pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("trusted", [True, False])
def test_https_goes_through_a_proxy_and_the_certificate_is_the_server_s(
    trusted: bool, tls: ssl.SSLContext, certificate: Path, send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve(always(answer(body=b"through")), tls) as server, serve(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url())
        options = HttpOptions(verify=str(certificate) if trusted else True)
        [reply] = send_all(Request("GET", server.url("/x")), options=options)
        assert proxy.received[0].line == f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"
        if trusted:
            assert isinstance(reply, Response)
            assert (reply.body, server.received[0].line) == (b"through", "GET /x HTTP/1.1")
        else:
            message = "the certificate of '127.0.0.1' is not trusted: self-signed certificate"
            assert reply == TransportFailure("tls", message)
