"""Turn the options of a run into what a journal may keep of them, and back into options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from runner.cli.begin import Begun
from runner.cli.journal import Remaining
from runner.cli.options import ExecuteOptions
from runner.durable.store import JournalError
from runner.errors import UsageError
from runner.plan.secrets import secret_names
from runner.records import values_of
from runner.values import Json

Options = TypeVar("Options", bound=ExecuteOptions)
_ELSEWHERE = ("env:", "file:")


def remaining(options: ExecuteOptions, begun: Begun) -> Remaining:
    """Leave out of the options what is secret: it has to be given again, where it is not read from elsewhere."""
    secret = {name for ready, _ in begun.equipped for key in ready.keys for name in secret_names(ready.plan, key)}
    kept, omitted = dict(values_of(options)), list[str]()
    kept["input_"] = _without(options.input_, lambda name, _: name in secret, "-i", omitted)
    kept["auth"] = _without(options.auth, lambda _, value: not value.startswith(_ELSEWHERE), "--auth", omitted)
    if options.proxy and urlsplit(options.proxy).password:
        kept["proxy"] = None
        omitted.append("--proxy")
    return cast(Mapping[str, Json], kept), omitted


def refuse_unkept(options: ExecuteOptions, begun: Begun) -> None:
    """Refuse to keep a run that could not be resumed."""
    if "-" in options.inputs:
        raise UsageError("--journal keeps runs that can begin again, and standard input can be read once")
    if any(ready.venue.sandbox for ready, _ in begun.equipped):
        hint = "serve a sandbox that lasts: arazzo sandbox, and --server NAME=URL"
        raise UsageError("--journal is for runs on real servers: the embedded sandbox ends with its process", hint)


def restored(kind: type[Options], kept: Mapping[str, Json], changes: Mapping[str, object]) -> Options:
    """Make options of what was kept, with what is said anew."""
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in kept.items()}
    for name in ("input_", "auth", "env_file"):
        values[name] = (*values[name], *cast(Sequence[str], changes[name]))
    said = {name: value for name, value in changes.items() if name not in ("input_", "auth", "env_file")}
    return kind(**{**values, **{name: value for name, value in said.items() if value}})


def refuse_missing(omitted: Sequence[str], changes: Mapping[str, object]) -> None:
    """Say which secret inputs have to be given again; credentials may come from the environment now."""
    given = {text.partition("=")[0] for text in cast(Sequence[str], changes["input_"])}
    for each in omitted:
        option, _, name = each.partition(" ")
        if option == "-i" and name not in given:
            raise JournalError(f"the input '{name}' is secret, so it was not kept", f"give it again: -i {name}=…")


def _without(
    texts: Sequence[str], is_secret: Callable[[str, str], bool], option: str, omitted: list[str]
) -> tuple[str, ...]:
    found = []
    for text in texts:
        name, _, value = text.partition("=")
        if is_secret(name, value):
            omitted.append(f"{option} {name}")
        else:
            found.append(text)
    return tuple(found)
