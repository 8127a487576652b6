"""The credentials of a run: gathered from where the user keeps them, matched with what the operations ask for.

Gathered they are one flat mapping. A key is `[<SOURCE>_]<SCHEME>[_<PART>]`, as an environment variable ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from runner.cli.config import Profile
from runner.cli.world import Ready, Venue
from runner.diagnostics import nearest
from runner.embedded import STOOD_IN, sandbox_credentials
from runner.errors import UsageError
from runner.loader.text import decode_bytes
from runner.plan.plan import OperationCall, Plan
from runner.records import Frozen, field
from runner.sandbox.civitai.places import SANDBOX_TOKEN
from runner.shell.auth import PREFIX, Claim, Credentials, Keyring, calls, keys, suffix, supplied, ways
from runner.shell.wire import origin

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Secret(NamedTuple):
    """A credential: its value, its name as it was written, and where it comes from (`--auth`, `the environment`)."""

    value: str
    name: str
    origin: str
    of_profile: bool = False

    @property
    def shown(self) -> str:
        return f"--auth {self.name}" if self.origin == "--auth" else self.name


class Wallet(Frozen):
    """All that was given, by key. `unset` are the variables that the profile names and that are not there, by key.

    `certificate`: there is one of the client. `keyring` holds the tokens that all documents obtain with these.
    """

    secrets: Mapping[str, Secret] = field(default_factory=dict)
    unset: Mapping[str, str] = field(default_factory=dict)
    certificate: bool = False
    keyring: Keyring = field(default_factory=Keyring)
    HIDDEN = ("secrets", "keyring")

    @property
    def values(self) -> dict[str, str]:
        """The flat mapping of keys to values."""
        return {key: secret.value for key, secret in self.secrets.items()}


class Variables(Frozen):
    """The environment, and the files that stand in for it where it has no such variable."""

    environ: Mapping[str, str]
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    HIDDEN = ("environ", "files")

    def get(self, name: str) -> str | None:
        """Give a variable; one that is empty counts as not set."""
        return self.environ.get(name) or self.files.get(name, ("", ""))[0] or None

    @property
    def merged(self) -> dict[str, str]:
        return {**{name: value for name, (value, _) in self.files.items()}, **self.environ}

    def origin(self, name: str) -> str:
        return "the environment" if self.environ.get(name) else f"--env-file {self.files[name][1]}"


def gather(auth: Sequence[str], variables: Variables, profile: Profile) -> Wallet:
    """Gather credentials: `--auth` before the environment, that before its files, and those before the profile."""
    found: dict[str, Secret] = {}
    unset: dict[str, str] = {}
    for name, variable in profile.auth.items():
        value = variables.get(variable)
        if value is None:
            unset[suffix(name)] = variable
        else:
            found[suffix(name)] = Secret(value, name, f"{variable}, as profile '{profile.name}' says", of_profile=True)
    for name in variables.merged:
        if name.startswith(PREFIX) and (value := variables.get(name)):
            found[name.removeprefix(PREFIX)] = Secret(value, name, variables.origin(name))
    found.update(_from_options(auth, variables))
    return Wallet(found, {key: variable for key, variable in unset.items() if key not in found})


def _from_options(auth: Sequence[str], variables: Variables) -> dict[str, Secret]:
    """Read `--auth NAME=VALUE` options; no message repeats a value."""
    found: dict[str, Secret] = {}
    for text in auth:
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            hint = "VALUE is the secret, or env:VARIABLE, or file:PATH"
            raise UsageError(f"--auth {name if sign else '…'}: write --auth NAME=VALUE", hint)
        if suffix(name) in found:
            raise UsageError(f"--auth {name}: the credential is given twice")
        found[suffix(name)] = Secret(_value(name, value, variables), name, "--auth")
    return found


def _value(name: str, text: str, variables: Variables) -> str:
    kind, _, where = text.partition(":")
    if kind == "env":
        value = variables.get(where)
        if value is None:
            raise UsageError(f"--auth {name}: the environment has no variable '{where}'")
        return value
    if kind != "file":
        return text
    try:
        value = decode_bytes(Path(where).read_bytes()).removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise UsageError(f"--auth {name}: '{where}' cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"--auth {name}: '{where}' is not text") from error
    if not value:
        raise UsageError(f"--auth {name}: '{where}' is empty")
    return value


def credentials_of(plan: Plan, venue: Venue, wallet: Wallet) -> Credentials:
    """Give the credentials for a document at its venue.

    The token of the sandbox is also sent to an address of this machine that `--server` gives for an API the sandbox
    stands in for, where nobody gave another.
    """
    if venue.sandbox:
        return sandbox_credentials(plan)
    local = {
        origin(url)
        for name, url in venue.servers.items()
        if urlsplit(url).hostname in LOOPBACK and name in _stood_in(plan)
    }
    return Credentials(wallet.values, dict.fromkeys(local, SANDBOX_TOKEN), wallet.certificate, wallet.keyring)


def _stood_in(plan: Plan) -> set[str]:
    """Give the sources whose descriptions name a server that the sandbox stands in for."""
    return {
        call.source
        for call in calls(plan, plan.workflows)
        if any(server.url.startswith(STOOD_IN) for server in call.operation.servers)
    }


class Want(NamedTuple):
    """What an operation needs and nobody gave: the ways to supply it, best first, each by the keys it takes.

    `names` spells each key as `--auth` takes it.
    """

    ways: tuple[tuple[str, ...], ...]
    names: Mapping[str, str]
    operation: str

    def advice(self, wallet: Wallet) -> str:
        """Say what is missing and what would supply it."""
        text = f"'{self.operation}' wants a credential that nobody gave; "
        best, *others = self.ways
        unset = [wallet.unset[key] for key in best if key in wallet.unset]
        if unset:
            text += f"the profile takes it from {' and '.join(unset)}, which is not set; "
        variables = (" and ".join(PREFIX + key for key in way) for way in (best, *others))
        options = " ".join(f"--auth {self.names[key]}=…" for key in best)
        return f"{text}set {', or '.join(variables)} in the environment, or give {options}"


def wanted(ready: Sequence[Ready], wallet: Wallet) -> tuple[Want, ...]:
    """Give the credentials that are missing, each once."""
    wants: dict[tuple[tuple[str, ...], ...], Want] = {}
    for each in ready:
        credentials = credentials_of(each.plan, each.venue, wallet)
        for call in calls(each.plan, each.keys) if not each.venue.sandbox else ():
            found = tuple(tuple(name.removeprefix(PREFIX) for name in way) for way in lacking(call, credentials))
            if found:
                operation = call.operation.operation_id or call.title
                wants.setdefault(found, Want(found, dict(_spelled(call.operation.security_schemes)), operation))
    return tuple(wants.values())


def _spelled(schemes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Spell every key of the schemes for `--auth`."""
    for scheme in schemes:
        for key in keys(scheme):
            part = key.removeprefix(suffix(scheme)).lower()
            yield key, f"{scheme}.{part[1:]}" if part else scheme


def lacking(call: OperationCall, credentials: Credentials) -> tuple[tuple[str, ...], ...]:
    """Give the ways to supply what neither the step nor the user gives, each by its environment variables."""
    claim = Claim(call.operation, credentials, call.source, call.server)
    return ways(claim, supplied(call), origin(call.server))


def used(call: OperationCall, wallet: Wallet) -> Iterator[Secret]:
    """Give those of the user's credentials that belong to the schemes an operation asks for."""
    for name in dict.fromkeys(name for alternative in call.operation.security for name in alternative):
        known = keys(name, call.source)
        yield from (secret for key, secret in wallet.secrets.items() if key in known)


def strays(ready: Sequence[Ready], wallet: Wallet) -> Iterator[str]:
    """Say which of the credentials given belong to no security scheme, with the nearest name there is.

    A profile serves several documents: of its names only those are told that look like a slip.
    """
    live = [each for each in ready if not each.venue.sandbox]
    schemes = {
        (call.source, name): None
        for each in live
        for call in calls(each.plan, each.keys)
        for name in call.operation.security_schemes
    }
    known = {key for source, name in schemes for key in keys(name, source)}
    plain = {suffix(name): name for _, name in schemes}
    whole = {suffix(f"{source}.{name}"): f"{source}.{name}" for source, name in schemes}
    for key, secret in wallet.secrets.items() if schemes else ():
        if key in known:
            continue
        names = {
            each: PREFIX + each if secret.name.startswith(PREFIX) else name for each, name in {**whole, **plain}.items()
        }
        meant = nearest(key, names)
        if meant or not secret.of_profile:
            hint = f"did you mean {names[meant]}?" if meant else f"those are {', '.join(names[each] for each in plain)}"
            yield f"{secret.shown} belongs to no security scheme: {hint}"


def unproven(ready: Sequence[Ready]) -> Iterator[str]:
    """Say which operations nobody may call without a client certificate."""
    for each in ready:
        for call in calls(each.plan, each.keys) if not each.venue.sandbox else ():
            operation = call.operation
            tls = {name for name, scheme in operation.security_schemes.items() if scheme.get("type") == "mutualTLS"}
            if operation.security and all(tls & alternative.keys() for alternative in operation.security):
                yield f"'{operation.operation_id or call.title}' wants a client certificate; give --cert FILE"
                return


def proxy_secrets(ready: Sequence[Ready]) -> frozenset[str]:
    """Give the passwords that stand in the URLs of proxies: no report may show them."""
    proxies = (urlsplit(each.venue.http.proxy) for each in ready if each.venue.http.proxy)
    return frozenset(unquote(parts.password) for parts in proxies if parts.password)
