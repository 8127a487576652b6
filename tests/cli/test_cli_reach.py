"""Who a document may reach, from the command line: by where it came from, and by what the user allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import runner
from runner.engine.events import RunStarted
from tests.cli.process import Ended, arazzo, documents
from tests.shell.server import Server, answer, routes, serve

LIST = "  - {stepId: list, operationId: listThings, successCriteria: [{condition: $statusCode == 200}]}\n"


@contextmanager
def site(folder: Path, **more: bytes) -> Iterator[tuple[Server, dict[str, bytes]]]:
    """Serve a document, its description and its API on 127.0.0.1."""
    table = {f"/{name}": reply for name, reply in more.items()}
    with serve(routes(table)) as server:
        documents(folder, server.url(""), LIST)
        for name in ("flow.arazzo.yaml", "api.yaml"):
            table[f"/{name}"] = answer("Content-Type: application/yaml", body=(folder / name).read_bytes())
        table.setdefault("/things", answer("Content-Type: application/json", body=b"[]"))
        yield server, table


def asked(server: Server) -> list[str]:
    return [received.line.split(" ")[1] for received in server.received]


def run(server: Server, *options: object, verb: str = "run", cwd: Path | None = None) -> Ended:
    return arazzo(verb, server.url("/flow.arazzo.yaml"), *options, cwd=cwd)


def test_a_fetched_document_has_nothing_read_from_this_machine(tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        ended = run(server)
        assert ended.code == 3
        assert "source-not-allowed" in ended.err
        assert "'127.0.0.1' is this machine, which a document that was fetched may not reach" in ended.err
        assert f"allow it: --allow-host 127.0.0.1:{server.port}" in ended.err
        assert asked(server) == ["/flow.arazzo.yaml"]


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.0/8"])
def test_a_fetched_document_reaches_what_is_allowed(allowed: str, tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        ended = run(server, "--allow-host", allowed)
        assert ended.code == 0, ended
        assert asked(server) == ["/flow.arazzo.yaml", "/api.yaml", "/things"]


@pytest.mark.parametrize("verb", ["run", "check", "doctor", "show", "sandbox"])
def test_what_is_secret_in_the_address_of_a_document_is_not_repeated(verb: str, tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        for path in ("gone.yaml", "flow.arazzo.yaml"):
            url = server.url(f"/{path}?token=s3cr3t-token").replace("://", "://bob:s3cr3t-word@")
            ended = arazzo(verb, url, cwd=tmp_path)
            assert ended.code != 0
            assert "s3cr3t" not in ended.out + ended.err
            assert f"/{path}?token=***" in ended.out + ended.err


def test_a_source_that_is_not_there_is_named_without_what_is_secret_in_its_address(tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        place = server.url("/gone.yaml?token=s3cr3t-token").replace("://", "://bob:s3cr3t-word@")
        ended = arazzo("run", "flow.arazzo.yaml", "--source", f"api={place}", cwd=tmp_path)
        assert (ended.code, "s3cr3t" in ended.err) == (4, False)
        assert "/gone.yaml?token=***" in ended.err


def test_a_file_that_a_fetched_document_names_is_not_looked_for_elsewhere_either(tmp_path: Path) -> None:
    with site(tmp_path) as (server, table):
        named = (
            (tmp_path / "flow.arazzo.yaml").read_bytes().replace(b"api.yaml", (tmp_path / "api.yaml").as_uri().encode())
        )
        table["/flow.arazzo.yaml"] = answer("Content-Type: application/yaml", body=named)
        ended = run(server, "--allow-host", "127.0.0.1")
        assert ended.code == 3
        assert "a document from the network cannot refer to it" in ended.err
        assert "help: say where it is with --source api=PATH\n" in ended.err


def test_an_address_that_is_of_no_web_page_is_told_so(tmp_path: Path) -> None:
    ended = arazzo("run", "ftp://host/flow.yaml", cwd=tmp_path)
    assert "ftp://host/flow.yaml cannot be read: 'ftp' is not file, http or https" in ended.err


def test_a_server_that_may_not_be_reached_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        source = ("--source", f"api={tmp_path / 'api.yaml'}")
        for options, code in (((), 2), (("--dry-run",), 2), (("--server", f"api={server.url('')}"), 0)):
            server.received.clear()
            ended = run(server, *source, *options)
            assert ended.code == code, ended
            assert asked(server) == ["/flow.arazzo.yaml", *(["/things"] if code == 0 else [])]
            if code:
                assert "the requests of 'api' go too far: '127.0.0.1' is this machine" in ended.err
                assert f"allow it: --allow-host 127.0.0.1:{server.port}" in ended.err


def test_the_doctor_names_the_host_to_allow(tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        ended = run(server, "--source", f"api={tmp_path / 'api.yaml'}", verb="doctor")
        assert ended.code == 1
        assert "'127.0.0.1' is this machine, which a document that was fetched may not reach" in " ".join(
            ended.out.split()
        )
        assert f"allow it: --allow-host 127.0.0.1:{server.port}" in ended.out
        assert run(server, "--allow-host", "127.0.0.1", verb="doctor").code == 0


@pytest.mark.parametrize("fetched", [True, False], ids=["fetched", "local"])
def test_a_redirect_to_where_nobody_may_go_fails_its_step(fetched: bool, tmp_path: Path) -> None:
    away = answer("Location: http://169.254.169.254/latest/meta-data/", status="302 Found")
    with site(tmp_path, things=away) as (server, _):
        ended = run(server, "--allow-host", "127.0.0.1") if fetched else arazzo("run", tmp_path / "flow.arazzo.yaml")
        assert ended.code == 1
        assert "'169.254.169.254' is a link-local address" in ended.out
        assert "--allow-host 169.254.169.254:80" in ended.out


def test_a_redirect_to_a_place_that_is_not_allowed_sends_nothing_there(tmp_path: Path) -> None:
    with serve(routes({}), host="127.0.0.2") as other, site(tmp_path) as (server, table):
        table["/things"] = answer(f"Location: {other.url(host='127.0.0.2')}", status="307 Temporary Redirect")
        ended = run(server, "--allow-host", "127.0.0.1")
        assert ended.code == 1
        assert f"--allow-host 127.0.0.2:{other.port}" in ended.out
        assert other.connections == 0


def test_a_reference_to_a_place_that_is_not_allowed_is_not_followed(tmp_path: Path) -> None:
    with serve(routes({}), host="127.0.0.2") as other, site(tmp_path) as (server, table):
        reference = f"parameters: [{{$ref: '{other.url('/p.yaml', host='127.0.0.2')}#/p'}}]"
        api = table["/api.yaml"].partition(b"\r\n\r\n")[2].decode()
        api = api.replace("{operationId: listThings,", f"{{operationId: listThings, {reference},")
        table["/api.yaml"] = answer("Content-Type: application/yaml", body=api.encode())
        ended = run(server, "--allow-host", "127.0.0.1")
        assert ended.code == 3
        assert f"--allow-host 127.0.0.2:{other.port}" in ended.err
        assert other.connections == 0


def test_a_document_itself_is_read_from_where_the_user_says_but_not_where_that_leads(tmp_path: Path) -> None:
    with serve(routes({}), host="127.0.0.2") as other, site(tmp_path) as (server, table):
        table["/flow.arazzo.yaml"] = answer(f"Location: {other.url(host='127.0.0.2')}", status="302 Found")
        ended = run(server)
        assert ended.code == 3
        assert "document-not-allowed" in ended.err
        assert f"--allow-host 127.0.0.2:{other.port}" in ended.err
        assert other.connections == 0


def test_a_profile_that_is_asked_for_allows_hosts_and_one_that_was_found_does_not(tmp_path: Path) -> None:
    config = tmp_path / "arazzo.toml"
    config.write_text("default-profile = 'near'\n[profile.near]\nallow-host = ['127.0.0.0/8']\n")
    with site(tmp_path) as (server, _):
        ended = run(server, "--profile", "near", cwd=tmp_path)
        assert ended.code == 0, ended
        assert "note: profile 'near' of arazzo.toml: reaching 127.0.0.0/8" in ended.err
        ended = arazzo("run", "flow.arazzo.yaml", cwd=tmp_path)
        assert ended.code == 2
        assert "arazzo.toml:3:1: a profile that is used without being asked for allows no hosts" in ended.err
        assert "ask for it: --profile near" in ended.err


@pytest.mark.parametrize(("written", "said"), [("'10.0.0.1/8'", "a list of texts"), ("['a/b']", "not a network")])
def test_a_profile_that_allows_nonsense_is_refused_with_its_place(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "arazzo.toml").write_text(f"[profile.near]\nallow-host = {written}\n")
    documents(tmp_path, "http://127.0.0.1:9", LIST)
    ended = arazzo("run", "flow.arazzo.yaml", "--profile", "near", cwd=tmp_path)
    assert ended.code == 2
    assert "arazzo.toml:2:1: " in ended.err
    assert said in ended.err


def test_python_callers_are_held_to_the_same_rule(tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        url = server.url("/flow.arazzo.yaml")
        with pytest.raises(runner.DescriptionError, match="source-not-allowed"):
            runner.load(url)
        allowed = runner.HttpOptions(allow_hosts=("127.0.0.1",))
        plan = runner.compile(runner.load(url, runner.Sources(http=allowed)))
        assert runner.run(plan, transport=allowed).outcome == "passed"
        result = runner.run(plan)
        assert result.outcome == "error"
        assert asked(server)[-1] == "/things"
        assert asked(server).count("/things") == 1


def test_python_callers_may_call_any_document_a_strangers(tmp_path: Path) -> None:
    with site(tmp_path) as (server, _):
        plan = runner.compile(runner.load(str(tmp_path / "flow.arazzo.yaml")))
        assert runner.run(plan, transport=runner.HttpOptions(fetched=True)).outcome == "error"
        assert asked(server) == []


def test_python_callers_hear_whose_certificates_are_not_checked(tmp_path: Path) -> None:
    with site(tmp_path):
        plan = runner.compile(runner.load(str(tmp_path / "flow.arazzo.yaml")))
        for options, said in (
            (runner.HttpOptions(insecure=frozenset({"h"})), "the certificate of 'h' is not checked"),
            (runner.HttpOptions(verify=False), "no certificate is checked"),
        ):
            [started] = [
                e.event for e in runner.run(plan, transport=options).entries if isinstance(e.event, RunStarted)
            ]
            assert said in " ".join(started.warnings)


# Files


def outside(folder: Path) -> Path:
    """Lay out a repository beside a description that is none of its business, and give the document in it."""
    flows = folder / "repository" / "flows"
    flows.mkdir(parents=True)
    (folder / "repository" / ".git").mkdir()
    document = documents(flows, "http://127.0.0.1:9", LIST)
    (folder / "elsewhere").mkdir()
    (flows / "api.yaml").rename(folder / "elsewhere" / "api.yaml")
    return document


@pytest.mark.parametrize(
    "url", ["../../elsewhere/api.yaml", "{folder}/elsewhere/api.yaml", "file://{folder}/elsewhere/api.yaml"]
)
def test_a_file_outside_of_the_repository_is_not_read(url: str, tmp_path: Path) -> None:
    document = outside(tmp_path)
    document.write_text(document.read_text().replace("url: api.yaml", f"url: {url.format(folder=tmp_path)}"))
    ended = arazzo("check", document, cwd=tmp_path)
    assert ended.code == 3, ended
    assert "source-not-allowed" in ended.out + ended.err
    assert f"--source-root {tmp_path / 'elsewhere'}" in ended.out + ended.err
    assert arazzo("check", document, "--source-root", tmp_path / "elsewhere", cwd=tmp_path).code == 0
    assert arazzo("check", document, "--source", f"api={tmp_path / 'elsewhere' / 'api.yaml'}", cwd=tmp_path).code == 0


def test_a_link_that_leads_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    document = outside(tmp_path)
    (document.parent / "api.yaml").symlink_to(tmp_path / "elsewhere" / "api.yaml")
    ended = arazzo("check", document)
    assert ended.code == 3
    assert "source-not-allowed" in ended.out + ended.err


def test_links_that_lead_in_a_circle_are_told(tmp_path: Path) -> None:
    document = outside(tmp_path)
    (document.parent / "api.yaml").symlink_to(document.parent / "other.yaml")
    (document.parent / "other.yaml").symlink_to(document.parent / "api.yaml")
    ended = arazzo("check", document)
    assert ended.code == 3
    assert "missing-source" in ended.out + ended.err


def test_a_reference_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    document = outside(tmp_path)
    api = (tmp_path / "elsewhere" / "api.yaml").read_text()
    (document.parent / "api.yaml").write_text(
        api.replace(
            "{operationId: listThings,", "{operationId: listThings, parameters: [{$ref: '../../secret.yaml#/p'}],"
        )
    )
    (tmp_path / "secret.yaml").write_text("p: {name: q, in: query}\n")
    ended = arazzo("check", document)
    assert ended.code == 3
    assert f"it is outside of '{tmp_path / 'repository'}'" in ended.out + ended.err


def test_outside_of_a_repository_the_working_directory_and_the_own_folder_are_read(tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    document = documents(flows, "http://127.0.0.1:9", LIST)
    assert arazzo("check", document, cwd=Path("/")).code == 0
    (flows / "api.yaml").rename(tmp_path / "api.yaml")
    document.write_text(document.read_text().replace("url: api.yaml", "url: ../api.yaml"))
    assert arazzo("check", document, cwd=tmp_path).code == 0
    assert arazzo("check", document, cwd=flows).code == 3


@pytest.mark.parametrize("url", ["file:///etc/hostname", "api.yaml"])
def test_a_fetched_document_has_no_files_read(url: str, tmp_path: Path) -> None:
    with site(tmp_path) as (server, table):
        table["/flow.arazzo.yaml"] = table["/flow.arazzo.yaml"].replace(b"url: api.yaml", f"url: {url}".encode())
        del table["/api.yaml"]
        document = table["/flow.arazzo.yaml"].partition(b"\r\n\r\n")[2]
        table["/flow.arazzo.yaml"] = answer(body=document)
        ended = run(server, "--allow-host", "127.0.0.1", verb="check", cwd=tmp_path)
        assert ended.code != 0
        assert "api.yaml is used" not in ended.out + ended.err
