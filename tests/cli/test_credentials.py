"""Where credentials come from, which wins, and what is said of those that are missing or belong nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import runner
from runner.cli.config import Profile
from runner.cli.credentials import Variables, gather
from runner.errors import UsageError
from runner.shell.auth import Credentials
from tests.cli.process import arazzo, documents, on_terminal
from tests.shell.server import Server, always, answer, serve

LIST = "  - {stepId: list, operationId: listThings}\n"
OK = answer("Content-Type: application/json", body=b"{}")


def needing(folder: Path, server: Server | None = None) -> Path:
    """Write a document whose operations require a bearer token, scheme `Key` of the source `api`."""
    path = documents(folder, server.url("") if server else "http://127.0.0.1:9", LIST)
    api = folder / "api.yaml"
    api.write_text(api.read_text().replace("security: [{Key: []}, {}]", "security: [{Key: []}]"))
    return path


def test_the_nearest_source_wins(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    variables = Variables(
        {"ARAZZO_AUTH_A": "env", "ARAZZO_AUTH_B": "env", "OTHER": "other", "ARAZZO_AUTH_EMPTY": ""},
        {"ARAZZO_AUTH_B": ("file", ".env"), "ARAZZO_AUTH_C": ("file", ".env"), "P": ("profile", ".env")},
    )
    profile = Profile("p", auth={"c": "P", "d": "P", "site.key": "P", "gone": "GONE", "a": "GONE"})
    given = ["a=literal:x", "site.bearerAuth=env:OTHER", "oauth.client_id=env:P", f"f=file:{tmp_path / 'token'}"]
    wallet = gather(given, variables, profile)
    assert wallet.values == {
        "A": "literal:x",
        "B": "env",
        "C": "file",
        "D": "profile",
        "SITE_KEY": "profile",
        "SITE_BEARERAUTH": "other",
        "OAUTH_CLIENT_ID": "profile",
        "F": "from-file",
    }
    assert wallet.unset == {"GONE": "GONE"}
    assert wallet.secrets["B"].origin == "the environment"
    assert wallet.secrets["C"].origin == "--env-file .env"
    assert wallet.secrets["D"].origin == "P, as profile 'p' says"
    assert "other" not in repr(wallet) + repr(variables)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hunter22", "--auth …: write --auth NAME=VALUE"),
        ("=hunter22", "write --auth NAME=VALUE"),
        ("key=", "--auth key: write --auth NAME=VALUE"),
        ("key=env:NOT_SET_AT_ALL", "--auth key: the environment has no variable 'NOT_SET_AT_ALL'"),
        ("key=file:/gone", "'/gone' cannot be read: No such file"),
    ],
)
def test_what_is_no_credential_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        gather([text], Variables({}), Profile(""))
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_a_credential_that_is_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        gather(["a.b=1", "A_B=2"], Variables({}), Profile(""))


def test_a_file_of_variables_supplies_credentials_and_inputs(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("export ARAZZO_AUTH_KEY='t0ps3cret' # ours\nTHING=7\nNO_COLOR=1\n")
    inputs = "  inputs: {properties: {id: {type: string}}}\n"
    steps = "  - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}\n"
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), steps, extra=inputs)
        ended = arazzo("run", path.name, "--env-file", ".env", "--input-env", "id=THING", "-v", cwd=tmp_path)
        (received,) = server.received
    assert ended.code == 0, ended
    assert received.line == "GET /things/7 HTTP/1.1"
    assert received.field("authorization") == "Bearer t0ps3cret"
    assert "t0ps3cret" not in ended.out + ended.err


def test_a_missing_credential_is_said_before_the_first_request_with_what_would_supply_it(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = needing(tmp_path, server)
        ended = arazzo("run", path.name, "--report", "json=r.json", cwd=tmp_path)
        assert len(server.received) == 1
        strict = arazzo("run", path.name, "--strict", cwd=tmp_path)
        assert len(server.received) == 1
    advice = (
        "'listThings' wants a credential that nobody gave; set ARAZZO_AUTH_KEY in the environment, or give --auth Key="
    )
    assert f"warning: {advice}" in ended.err
    assert advice in (tmp_path / "r.json").read_text()
    assert (strict.code, strict.out) == (2, "")
    assert f"error: {advice}" in strict.err


def test_a_variable_that_the_profile_names_and_nobody_set_is_named(tmp_path: Path) -> None:
    path = needing(tmp_path)
    (tmp_path / "arazzo.toml").write_text("[profile.p.auth]\nKey = 'env:STAGING_TOKEN'\n")
    ended = arazzo("run", path.name, "--profile", "p", "--dry-run", cwd=tmp_path)
    assert "the profile takes it from STAGING_TOKEN, which is not set; set ARAZZO_AUTH_KEY" in ended.err


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (["--auth", "Kay=x"], {}, "warning: --auth Kay belongs to no security scheme: did you mean Key?"),
        (["--auth", "apt.Key=x"], {}, "--auth apt.Key belongs to no security scheme: did you mean api.Key?"),
        ([], {"ARAZZO_AUTH_KAY": "x"}, "ARAZZO_AUTH_KAY belongs to no security scheme: did you mean ARAZZO_AUTH_KEY?"),
        ([], {"ARAZZO_AUTH_ZZZZZ": "x"}, "ARAZZO_AUTH_ZZZZZ belongs to no security scheme: those are ARAZZO_AUTH_KEY"),
        (["--auth", "api.key=x", "--auth", "key.client_id=y"], {}, ""),
    ],
)
def test_a_name_that_belongs_to_no_scheme_is_told_with_the_nearest(
    tmp_path: Path, arguments: list[str], env: dict[str, str], said: str
) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    ended = arazzo("run", path, "--dry-run", *arguments, env=env)
    assert ended.code == 0
    assert said in ended.err if said else "belongs to no" not in ended.err


OAUTH = "{type: oauth2, flows: {password: {tokenUrl: 'https://idp.example/token', scopes: {}}}}"


@pytest.mark.parametrize(
    ("scheme", "given", "said"),
    [
        (
            "{type: http, scheme: bearer}",
            {"Key": "t0ps\n3cret"},
            "'Key' holds a line break or another control character",
        ),
        ("{type: http, scheme: basic}", {"Key": "t0ps3cret"}, "'Key' takes a user and a password: write user:password"),
        (
            "{type: http, scheme: Digest}",
            {"Key": "t0ps3cret"},
            "'Key' takes a user and a password: write user:password",
        ),
        (
            OAUTH,
            {"Key.flow": "magic"},
            "is no flow that 'Key' could be told to use; say password, clientCredentials",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(
    scheme: str, given: dict[str, str], said: str, tmp_path: Path
) -> None:
    with serve(always(OK)) as server:
        path = needing(tmp_path, server)
        api = tmp_path / "api.yaml"
        api.write_text(api.read_text().replace("{type: http, scheme: bearer}", scheme))
        ended = arazzo("run", path, *(f"--auth={name}={value}" for name, value in given.items()))
        with pytest.raises(runner.UsageError, match="'Key'"):
            runner.run(runner.compile(runner.load(str(path))), credentials=Credentials(given))
        assert server.received == []
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "t0ps" not in ended.err


def test_under_strict_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST + "  - {stepId: create, operationId: createThing}\n")
    api = tmp_path / "api.yaml"
    text = api.read_text().replace("scheme: bearer}}", "scheme: bearer}, Tls: {type: mutualTLS}}")
    text = text.replace("[{Key: []}, {}]", "[{Key: []}]")
    api.write_text(text.replace("createThing\n", "createThing\n      security: [{Tls: []}]\n"))
    ended = arazzo("run", path, "--strict")
    assert (ended.code, ended.out) == (2, "")
    assert "error: 'listThings' wants a credential that nobody gave" in ended.err
    assert "'createThing' wants a client certificate; give --cert FILE" in ended.err


def test_a_scheme_that_is_not_there_is_said_where_it_is_wanted(tmp_path: Path) -> None:
    path = needing(tmp_path)
    api = tmp_path / "api.yaml"
    api.write_text(api.read_text().replace("[{Key: []}]", "[{Kee: []}]"))
    ended = arazzo("check", path, "--strict")
    assert ended.code == 3
    assert "error[unknown-security-scheme]: there is no security scheme 'Kee'" in ended.out + ended.err
    assert "did you mean 'Key'?" in ended.out + ended.err


def test_an_api_behind_client_certificates_says_so(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    api = tmp_path / "api.yaml"
    text = api.read_text().replace("{type: http, scheme: bearer}", "{type: mutualTLS}").replace(", {}]", "]")
    api.write_text(text)
    assert "'listThings' wants a client certificate; give --cert FILE" in arazzo("run", path, "--dry-run").err
    assert arazzo("run", path, "--dry-run", "--strict").code == 2


def typed(path: Path, *arguments: str, answer: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run on a terminal, answer the first question, and give the exit code and all that was shown."""
    answers = [answer]

    def react(shown: str) -> str | None:
        return answers.pop() if "(empty: none)" in shown and answers else None

    return on_terminal("run", path, *arguments, react=react, cwd=path.parent, env=env)


def test_on_a_terminal_a_missing_credential_is_asked_for_without_showing_it(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = needing(tmp_path, server)
        code, shown = typed(path, answer="t0ps3cret")
        assert code == 0, shown
        assert "Key, for 'listThings' (empty: none): " in shown
        assert "t0ps3cret" not in shown
        assert server.received[-1].field("authorization") == "Bearer t0ps3cret"
        code, shown = typed(path, answer="")
        assert "wants a credential that nobody gave" in shown
        assert server.received[-1].field("authorization") is None
        for arguments, env in ((["--no-input"], {}), ([], {"CI": "true"})):
            code, shown = typed(path, *arguments, answer="", env=env)
            assert "(empty: none)" not in shown
            assert "wants a credential that nobody gave" in shown
