"""What the transports make of certificates; each is made for the test, and skipped where there is no openssl."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UsageError
from runner.exchange import Reply, Request, Response, TransportFailure
from runner.shell.http import HttpTransport
from runner.shell.options import ClientCertificate, HttpOptions
from tests.shell.authority import Authority
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


def test_the_name_of_the_host_is_asked_for_in_the_handshake_and_an_address_is_not(
    authority: Authority, send_all: SendAll
) -> None:
    context = authority.server(authority.sign("named", host="IP:127.0.0.1,DNS:localhost"))
    asked: list[str | None] = []
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    with serve(always(answer()), context) as server:
        both = [Request("GET", server.url(host=host)) for host in ("localhost", "127.0.0.1")]
        assert kinds(send_all(*both, options=trusting(authority))) == ["200", "200"]
    assert asked == ["localhost", None]


def test_a_large_body_goes_out_and_comes_back_over_tls(authority: Authority, send_all: SendAll) -> None:
    body = bytes(range(256)) * 20_000

    def echo(connection: Connection) -> None:
        while received := connection.request():
            connection.send(answer(body=received.body))

    with serve(echo, authority.server(authority.sign("echo"))) as server:
        one = Request("POST", server.url(), body=body)
        for reply in send_all(one, one, options=trusting(authority)):
            assert isinstance(reply, Response)
            assert reply.body == body
        assert server.connections == 1


def test_who_goes_past_every_proxy_trusts_whom_the_machine_says(
    tls: ssl.SSLContext, certificate: Path, send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serve(always(answer()), tls) as server:
        request = Request("GET", server.url())
        replies = [*send_all(request, options=HttpOptions(direct=True)), *send_all(request, options=HttpOptions())]
    assert kinds(replies) == ["200", "connect"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def trusting(authority: Authority, **more: Any) -> HttpOptions:
    return HttpOptions(verify=str(authority.file), trust_env=False, **more)


def kinds(replies: list[Reply]) -> list[str]:
    return [reply.kind if isinstance(reply, TransportFailure) else str(reply.status) for reply in replies]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"name": "good"}, ""),
        ({"name": "wrong", "host": "DNS:elsewhere.test"}, "not valid for '127.0.0.1'"),
        ({"name": "old", "days": -1}, "certificate has expired"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_a_certificate_of_a_trusted_authority_must_be_for_this_host_and_this_day(
    made: dict[str, Any], said: str, authority: Authority, send_all: SendAll
) -> None:
    with serve(always(answer()), authority.server(authority.sign(**made))) as server:
        [reply] = send_all(Request("GET", server.url()), options=trusting(authority))
        [skipped] = send_all(Request("GET", server.url()), options=trusting(authority, insecure={"127.0.0.1"}))
    if said:
        assert isinstance(reply, TransportFailure)
        assert (reply.kind, said in reply.message) == ("tls", True), reply
    else:
        assert isinstance(reply, Response)
    assert isinstance(skipped, Response)


def test_a_connection_on_which_tls_has_ended_is_not_used_again(authority: Authority, send_all: SendAll) -> None:
    def says_goodbye(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        with contextlib.suppress(OSError):
            assert isinstance(connection.sock, ssl.SSLSocket)
            connection.sock.unwrap()

    with serve(says_goodbye, authority.server(authority.sign("good"))) as server:
        one = Request("GET", server.url())
        replies = send_all(one, one, options=trusting(authority))
    assert replies == [Response(200, (), b"all of it", "OK")] * 2


def test_only_the_host_that_is_named_is_not_checked(tls: ssl.SSLContext, send_all: SendAll) -> None:
    with serve(always(answer()), tls) as server:
        named, other = Request("GET", server.url(host="localhost")), Request("GET", server.url())
        options = HttpOptions(trust_env=False, insecure=frozenset({"localhost"}))
        assert kinds(send_all(named, other, named, options=options)) == ["200", "tls", "200"]
        by_port = HttpOptions(trust_env=False, insecure=frozenset({f"127.0.0.1:{server.port}", "localhost:1"}))
        assert kinds(send_all(named, other, options=by_port)) == ["tls", "200"]


def test_a_client_certificate_opens_what_asks_for_one(authority: Authority, send_all: SendAll) -> None:
    context = authority.server(authority.sign("asking"), asks=True)
    ours = authority.sign("client")
    key, cert = str(authority.folder / "client.key"), str(authority.folder / "client.crt")
    with serve(always(answer()), context) as server:
        one = Request("GET", server.url())
        assert kinds(send_all(one, options=trusting(authority)))[0] != "200"
        for client in (ClientCertificate(str(ours)), ClientCertificate(cert, key)):
            assert kinds(send_all(one, options=trusting(authority, client=client))) == ["200"]


def test_a_client_certificate_is_shown_to_its_hosts_only(authority: Authority, send_all: SendAll) -> None:
    context = authority.server(authority.sign("both", host="IP:127.0.0.1,DNS:localhost"), asks=True)
    ours = ClientCertificate(str(authority.sign("limited")), hosts=frozenset({"localhost"}))
    with serve(always(answer()), context) as server:
        named, other = Request("GET", server.url(host="localhost")), Request("GET", server.url())
        first, second = kinds(send_all(named, other, options=trusting(authority, client=ours)))
    assert first == "200"
    assert second != "200"


def test_a_client_certificate_that_cannot_be_used_is_refused_at_once(authority: Authority, tmp_path: Path) -> None:
    locked = authority.sign("locked", locked="hunter22")
    (tmp_path / "no.pem").write_text("nothing")
    other = str(authority.folder / "other.key")
    authority.sign("other")
    for client, said in (
        (ClientCertificate(str(locked)), "is locked by a passphrase"),
        (ClientCertificate(str(tmp_path / "no.pem")), "PEM text is expected"),
        (ClientCertificate(str(tmp_path / "gone.pem")), "No such file"),
        (ClientCertificate(str(authority.folder / "locked.crt"), other), "they do not belong together"),
    ):
        with pytest.raises(UsageError) as refused:
            HttpTransport(HttpOptions(client=client))
        assert said in str(refused.value)


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


def test_a_proxy_that_is_given_is_used_with_its_password_unless_the_host_is_exempt(
    tls: ssl.SSLContext, certificate: Path, send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve(always(answer(body=b"through")), tls) as server, serve(tunnel) as proxy:
        given = proxy.url().replace("://", "://bob:hunter22@")
        options = HttpOptions(verify=str(certificate), proxy=given)
        assert "hunter22" not in repr(options)
        assert kinds(send_all(Request("GET", server.url("/x")), options=options)) == ["200"]
        [tunnelled] = proxy.received
        assert tunnelled.line == f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"
        assert tunnelled.field("proxy-authorization") == f"Basic {b64encode(b'bob:hunter22').decode()}"
        assert server.received[0].field("proxy-authorization") is None
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert kinds(send_all(Request("GET", server.url("/y")), options=options)) == ["200"]
        assert len(proxy.received) == 1


def test_a_proxy_that_cannot_be_one_is_refused_without_its_password() -> None:
    with pytest.raises(UsageError) as refused:
        HttpTransport(HttpOptions(proxy="gopher://bob:hunter22@h"))
    assert "hunter22" not in str(refused.value)
