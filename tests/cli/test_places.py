"""Where requests go, by hand: servers, their variables, and the network in between."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

import pytest

from tests.cli.process import arazzo, documents
from tests.shell.authority import Authority
from tests.shell.server import Connection, always, answer, refused_port, serve

LIST = "  - {stepId: list, operationId: listThings}\n"
OK = answer("Content-Type: application/json", body=b"{}")


def with_servers(folder: Path, servers: str) -> Path:
    path = documents(folder, "SERVERS", LIST)
    api = folder / "api.yaml"
    api.write_text(api.read_text().replace("servers: [{url: 'SERVERS'}]", servers))
    return path


def test_the_server_and_its_reason_stand_at_the_head_and_in_the_reports(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        port = f"{{port: {{default: '1', enum: ['1', '{server.port}']}}}}"
        path = with_servers(
            tmp_path, f"servers: [{{url: /v1}}, {{url: 'http://127.0.0.1:{{port}}', variables: {port}}}]"
        )
        reports = ["--report", "json=r.json", "--report", "jsonl=r.jsonl", "--report", "junit=r.xml"]
        ended = arazzo("run", path.name, "--server-var", f"api.port={server.port}", *reports, cwd=tmp_path)
    assert ended.code == 0, ended
    reason = f"server 2 of the description, the first that can be used, port={server.port}"
    assert f"  api  {server.url('')}  {reason}"[:95] in ended.out
    used = {"source": "api", "url": server.url(""), "reason": reason, "sandbox": False}
    assert json.loads((tmp_path / "r.json").read_text())["servers"] == [used]
    assert json.loads((tmp_path / "r.jsonl").read_text().splitlines()[1])["servers"] == [used]
    assert f'<property name="server.api" value="{server.url("")}' in (tmp_path / "r.xml").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--server-var", "regoin=eu"], "there is no server variable 'regoin'\ndid you mean 'region'?"),
        (["--server-var", "region=mars"], "the server variable 'region' cannot be 'mars'\nit is one of 'eu', 'us'"),
        (["--server-var", "region"], "'region' is not of the form --server-var name=value"),
        (["--server-var", "region=eu", "--server-var", "region=us"], "'region' is given twice"),
        (["--server", "api=http://h/{region}"], "a base URL has no variables\nwrite their values in their places"),
        (["--insecure", "https://h/"], "this is not the name of a host"),
        (["--insecure", "*"], "this is not the name of a host"),
        (["--proxy", "gopher://bob:hunter22@h"], "this is not the URL of an http proxy"),
        (["--cacert", "gone.pem"], "no certificates can be read from 'gone.pem'"),
        (["--cacert", "api.yaml"], "no certificates can be read from 'api.yaml'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(tmp_path: Path, arguments: list[str], said: str) -> None:
    path = with_servers(
        tmp_path,
        "servers: [{url: 'http://{region}.test', variables: {region: {default: eu, enum: [eu, us]}}}]",
    )
    for command in ("run", "check"):
        ended = arazzo(command, path.name, *arguments, cwd=tmp_path)
        assert (ended.code, ended.out) == (2, ""), ended
        assert said in ended.err
        assert "hunter22" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--key", "k.pem"], "--key is the key of a certificate"),
        (["--cert", "gone.pem"], "no certificate with its key can be read from 'gone.pem'"),
        (["--cert", "a.pem:b.pem", "--key", "c.pem"], "name two keys"),
        (["--cert", "a.pem:b.pem"], "can be read from 'a.pem' and 'b.pem'"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    ended = arazzo("run", path.name, *arguments, cwd=tmp_path)
    assert ended.code == 2
    assert said in ended.err


def test_an_unchecked_host_is_always_told(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        ended = arazzo("run", path.name, "-q", "--insecure", "Some.Host:8443", "--report", "json=r.json", cwd=tmp_path)
    warning = "the certificate of 'Some.Host:8443' is not checked (--insecure): anybody may answer in its name"
    assert ended.code == 0
    assert f"warning: {warning}" in ended.err
    assert json.loads((tmp_path / "r.json").read_text())["warnings"] == [warning]


def relay(connection: Connection) -> None:
    """Behave as a proxy for plain http: open what the absolute URL names, and pass both ways once."""
    request = connection.request()
    assert request is not None
    host, _, port = request.line.split("/")[2].partition(":")
    with socket.create_connection((host, int(port))) as upstream, contextlib.suppress(OSError):
        upstream.sendall(request.head + b"\r\n\r\n" + request.body)
        connection.send(upstream.recv(65536))


def test_a_proxy_is_used_and_its_password_is_nowhere(tmp_path: Path) -> None:
    with serve(always(OK)) as server, serve(relay) as proxy:
        path = documents(tmp_path, server.url(""), LIST)
        url = proxy.url("").replace("://", "://bob:hunter22@")
        reports = [f"--report={kind}={kind}.out" for kind in ("junit", "json", "jsonl")]
        ended = arazzo(
            "run", path.name, "-v", "--proxy", url, *reports, cwd=tmp_path, env={"NO_PROXY": "", "no_proxy": ""}
        )
        assert ended.code == 0, ended
        assert proxy.received[0].line == f"GET {server.url('/things')} HTTP/1.1"
        dead = f"http://bob:hunter22@127.0.0.1:{refused_port()}"
        failed = arazzo("run", path.name, "-v", "--proxy", dead, cwd=tmp_path, env={"NO_PROXY": "", "no_proxy": ""})
        assert failed.code == 4, failed
    written = [file.read_text() for file in tmp_path.glob("*.out")]
    assert len(written) == 3
    assert not any("hunter22" in text for text in (ended.out, ended.err, failed.out, failed.err, *written))


def test_strict_makes_errors_of_what_is_warned_of(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        api = tmp_path / "api.yaml"
        api.write_text(
            api.read_text().replace("operationId: listThings,", "operationId: listThings, deprecated: true,")
        )
        assert arazzo("run", path.name, cwd=tmp_path).code == 0
        strict = arazzo("run", path.name, "--strict", cwd=tmp_path)
        assert len(server.received) == 1
    assert strict.code == 3
    assert "error[deprecated-operation]: GET /things is deprecated" in strict.err


def test_the_options_of_the_help_are_in_sections() -> None:
    for command in ("run", "test", "check"):
        shown = arazzo(command, "--help").out
        assert "Other options" not in shown
        titles = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
        assert titles[0] == "What to run:"
        assert titles[-1] == "Output:"


def test_each_of_several_flags_for_one_choice_is_in_the_help() -> None:
    shown = arazzo("show", "--help").out
    assert [flag for flag in ("--mermaid", "--svg", "--html", "--output") if flag not in shown] == []
    assert "Other options" not in shown


def test_certificates_are_checked_and_shown_as_the_options_say(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours, key = authority.sign("client"), tmp_path / "client.key"
    with serve(always(OK), authority.server(authority.sign("asking"), asks=True)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        (tmp_path / "arazzo.toml").write_text("[profile.p]\ncacert = 'ca.pem'\n")
        trusted = ["run", path.name, "--cacert", "ca.pem"]
        for arguments, code in (
            ([*trusted, "--cert", ours], 0),
            ([*trusted, "--cert", f"client.crt:{key}"], 0),
            ([*trusted, "--cert", "client.crt", "--key", "client.key"], 0),
            (["run", path.name, "--profile", "p", "--cert", ours], 0),
            (["run", path.name, "--insecure", "127.0.0.1", "--cert", ours], 0),
            (["run", path.name, "--insecure", "localhost", "--cert", ours], 4),
            (trusted, 4),
        ):
            ended = arazzo(*arguments, cwd=tmp_path)
            assert ended.code == code, (arguments, ended)


def test_a_certificate_is_shown_to_no_token_server_whose_address_is_none(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    key = "Key: {type: http, scheme: bearer}"
    flow = "{tokenUrl: 'https://[::1/t', scopes: {}}"
    oauth = f"Key: {{type: oauth2, flows: {{clientCredentials: {flow}}}}}"
    path = with_servers(tmp_path, "servers: [{url: 'https://api.test'}]")
    api = tmp_path / "api.yaml"
    api.write_text(api.read_text().replace(key, oauth))
    ended = arazzo("run", path.name, "--dry-run", "--cert", authority.sign("client"), cwd=tmp_path)
    assert ended.code == 0, ended


KINDS = ("junit", "json", "jsonl", "html", "tap", "har", "github", "summary", "gitlab", "sarif")


def test_every_report_says_which_hosts_were_not_checked(tmp_path: Path) -> None:
    path = documents(tmp_path, f"http://127.0.0.1:{refused_port()}", LIST)
    reports = [argument for kind in KINDS for argument in ("--report", f"{kind}={kind}.out")]
    arazzo("run", path.name, "--insecure", "some.host", *reports, cwd=tmp_path)
    for kind in KINDS:
        text = (tmp_path / f"{kind}.out").read_text(encoding="utf-8").replace("\\", "")
        assert "some.host" in text, kind
    json.loads((tmp_path / "har.out").read_text())
