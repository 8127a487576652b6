"""Turn the text of `arazzo.toml` into defaults and profiles, or say at line and column what is wrong with it.

A file that lies in a folder may be a stranger's. So it holds no secret, but names the environment variables that do; it
names no file to take a secret from and none to write; and where nobody asked for it (`cli/profile.py`) it reads no
variables but those that begin with `ARAZZO_`, for documents of its own folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.cli.toml import Keys, Table, TomlReader
from runner.diagnostics import did_you_mean
from runner.engine.policy import read_policy
from runner.errors import UsageError
from runner.late import late_pattern
from runner.levels import LEVELS, RuleLevel
from runner.records import Frozen, field
from runner.shell.reach import allowance
from runner.source import Source
from runner.uri import split_uri
from runner.values import Json

NAME = "arazzo.toml"
RUN_KEYS = ("timeout", "pace", "max-steps", "max-time", "max-teardown", "contract", "strict", "offline")
PROFILE_KEYS = ("servers", "server-vars", "inputs", "auth", "source", "contract", "proxy", "cacert", "allow-host")
_REFERENCE = late_pattern(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_VARIABLE = late_pattern(r"[A-Za-z_][A-Za-z0-9_]*")


class RunDefaults(Frozen):
    """`[run]`: what an option that is not given is; None leaves it at what it is without a file."""

    timeout: float | None = None
    pace: float | None = None
    max_steps: int | None = None
    max_time: float | None = None
    max_teardown: float | None = None
    contract: str | None = None
    strict: bool = False
    offline: bool = False


class Profile(Frozen):
    """`[profile.NAME]`: where to and as whom; `auth` gives the environment variable that holds each credential."""

    name: str
    servers: Mapping[str, str] = field(default_factory=dict)
    server_vars: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Json] = field(default_factory=dict)
    auth: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, str] = field(default_factory=dict)
    contract: str | None = None
    proxy: str | None = None
    cacert: str | None = None
    allow_host: tuple[str, ...] = ()


class Config(Frozen):
    """A file that was read; `name` is what a person is shown for it."""

    name: str
    reader: TomlReader
    run: RunDefaults
    profiles: Mapping[str, Profile]
    default_profile: str | None
    rules: Mapping[str, RuleLevel] = field(default_factory=dict)
    HIDDEN = ("reader",)


def find(folder: Path) -> Path | None:
    """Find the file in a folder or those above it, up to the root of the repository; outside of one, in it alone.

    Whoever may write into `/tmp` has no say in what is run below it.
    """
    folders = [folder, *folder.parents]
    root = next((index for index, each in enumerate(folders) if (each / ".git").exists()), 0)
    return next((each / NAME for each in folders[: root + 1] if (each / NAME).is_file()), None)


def read(path: Path, name: str) -> Config:
    """Read a file, or raise UsageError with the place of what is wrong."""
    import tomllib  # only where there is such a file

    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        data = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: it is not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax(name, str(error))) from error
    reader = TomlReader(Source(path.as_uri(), name, text))
    reader.check_keys(data, (), ("run", "profile", "rules", "default-profile"))
    tables = reader.table(data, ("profile",))
    profiles = {each: _profile(reader, tables, each, path.parent) for each in tables}
    default = reader.text(data, ("default-profile",))
    if default is not None and default not in profiles:
        raise reader.refused(("default-profile",), *unknown_profile(default, profiles))
    return Config(name, reader, _run(reader, data), profiles, default, _rules(reader, data))


def unknown_profile(name: str, known: Mapping[str, Profile]) -> tuple[str, str]:
    """Say that there is no such profile, and which one was probably meant."""
    meant = did_you_mean(name, known)
    listed = f"profiles there are: {', '.join(known) or 'none'}"
    return f"there is no profile '{name}'", meant.title if meant else listed


def _syntax(name: str, message: str) -> str:
    """Put the place in tomllib's message, `… (at line 3, column 5)`, where ours has it."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    where, what = (f"{name}:{found[2]}:{found[3]}", found[1]) if found else (name, message)
    return f"{where}: it is not TOML: {what[:1].lower()}{what[1:]}"


def _run(reader: TomlReader, data: Table) -> RunDefaults:
    table = reader.table(data, ("run",))
    reader.check_keys(table, ("run",), RUN_KEYS)
    steps = reader.number(table, ("run", "max-steps"), int)
    return RunDefaults(
        timeout=reader.number(table, ("run", "timeout"), float),
        pace=reader.number(table, ("run", "pace"), float, positive=False),
        max_steps=None if steps is None else int(steps),
        max_time=reader.number(table, ("run", "max-time"), float),
        max_teardown=reader.number(table, ("run", "max-teardown"), float),
        contract=_contract(reader, table, ("run", "contract")),
        strict=reader.flag(table, ("run", "strict")),
        offline=reader.flag(table, ("run", "offline")),
    )


def _rules(reader: TomlReader, data: Table) -> dict[str, RuleLevel]:
    """Read `[rules]`: what each rule is that is not what it is by itself."""
    levels = reader.texts(data, ("rules",))
    if not levels:
        return {}
    from runner.rulebook import rulebook  # reads the explanation of every rule

    found: dict[str, RuleLevel] = {}
    for rule, written in levels.items():
        level = next((each for each in LEVELS if each == written), None)
        if rule not in rulebook():
            meant = did_you_mean(rule, rulebook())
            hint = meant.title if meant else "arazzo explain lists them all"
            raise reader.refused(("rules", rule), f"there is no rule '{rule}'", hint)
        if level is None:
            raise reader.refused(("rules", rule), f"'{rule}' is one of {', '.join(LEVELS)}")
        found[rule] = level
    return found


def _contract(reader: TomlReader, table: Table, path: Keys) -> str | None:
    """Read what --contract takes: a level, or levels of single checks."""
    text = reader.text(table, path)
    if text is not None:
        try:
            read_policy([text])
        except UsageError as error:
            raise reader.refused(path, error.message, error.hint) from None
    return text


def _profile(reader: TomlReader, tables: Table, name: str, folder: Path) -> Profile:
    path = ("profile", name)
    table = reader.table(tables, path)
    reader.check_keys(table, path, PROFILE_KEYS)
    cacert, proxy = reader.text(table, (*path, "cacert")), reader.text(table, (*path, "proxy"))
    if proxy is not None:
        _refuse_password(reader, proxy, (*path, "proxy"), "set HTTPS_PROXY, or give --proxy URL")
    return Profile(
        name=name,
        servers=_places(reader, table, (*path, "servers")),
        server_vars=reader.texts(table, (*path, "server-vars")),
        inputs=reader.values(table, (*path, "inputs")),
        auth=dict(_references(reader, table, (*path, "auth"))),
        source={key: _beside(folder, value) for key, value in _places(reader, table, (*path, "source")).items()},
        contract=_contract(reader, table, (*path, "contract")),
        proxy=proxy,
        cacert=cacert and _beside(folder, cacert),
        allow_host=_hosts(reader, table, (*path, "allow-host")),
    )


def _hosts(reader: TomlReader, table: Table, path: Keys) -> tuple[str, ...]:
    """Read a list of what --allow-host takes."""

    def accept(value: Json) -> list[str] | None:
        texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
        return texts if texts == value else None

    found = tuple(reader.value(table, path, accept, "a list of texts") or ())
    for text in found:
        try:
            allowance(text)
        except UsageError as error:
            raise reader.refused(path, error.message.removeprefix("--"), error.hint) from None
    return found


def _beside(folder: Path, location: str) -> str:
    """Give a path as seen from the folder of the file; a URL as it is."""
    return location if "://" in location else str(folder / location)


def _places(reader: TomlReader, table: Table, path: Keys) -> dict[str, str]:
    """Give a table of URLs or paths by the names of sources."""
    found = reader.texts(table, path)
    for name, url in found.items():
        _refuse_password(reader, url, (*path, name), "give a user and password with --auth")
    return found


def _refuse_password(reader: TomlReader, url: str, path: Keys, instead: str) -> None:
    if "@" in (split_uri(url if "://" in url else f"http://{url}").authority or ""):
        raise reader.refused(path, "no password may stand in this file", instead)


def _references(reader: TomlReader, table: Table, path: Keys) -> Iterator[tuple[str, str]]:
    """Give the variable of each credential, written `{ env = "NAME" }` or `"env:NAME"`; never repeat what else is."""
    for key, value in reader.table(table, path).items():
        if isinstance(value, str) and (found := _REFERENCE.fullmatch(value)):
            yield key, found[1]
        elif isinstance(value, dict) and isinstance(name := value.get("env"), str) and _VARIABLE.fullmatch(name):
            reader.check_keys(value, (*path, key), ("env",))
            yield key, name
        else:
            hint = f'write {key} = {{ env = "NAME" }} and put the secret into that environment variable'
            raise reader.refused(
                (*path, key), f"'{key}' is not a reference, and no secret may stand in this file", hint
            )
