"""Turns the names and values that a user gave into the credentials of a security scheme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from runner.records import Frozen, field, set_field
from runner.shell.auth.keyring import Keyring
from runner.shell.wire import basic

PREFIX = "ARAZZO_AUTH_"

SETTINGS = ("SCOPE", "AUDIENCE", "FLOW")
PARTS = ("USERNAME", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", *SETTINGS)
"""What may follow a scheme's name: `OAUTH_CLIENT_ID`. The name alone holds a token, a key, or `user:password`."""

_SHOWN = tuple(f"_{part}" for part in ("USERNAME", "CLIENT_ID", *SETTINGS))  # RFC 6749, 2.2: "is not a secret"


class Credentials(Frozen, dict=True):
    """What a user has: by `[<SOURCE>_]<SCHEME>[_<PART>]`, and tokens that stand in at certain origins.

    A key is written as an environment variable ends (`suffix`). One that names the source wins over one that does not:
    two APIs often both call their scheme `bearerAuth`, and the token of the one must not go to the other.

    Where a description names a token endpoint, a client's secret goes there and nowhere else: to configure an OAuth
    scheme by its name is to trust the endpoint that the description gives for this name.

    `client_certificate`: the transport of the run shows one. `keyring` holds the tokens that were obtained with these
    credentials, for every run that is given them.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    by_origin: Mapping[str, str] = field(default_factory=dict)
    client_certificate: bool = False
    keyring: Keyring = field(default_factory=Keyring)
    HIDDEN = ("values", "by_origin", "keyring")

    def __post_init__(self) -> None:
        set_field(self, "values", {suffix(key): value for key, value in self.values.items() if value})

    def parts(self, scheme: str, source: str = "") -> Mapping[str, str]:
        """Give what there is for a security scheme by PART, the bare value under an empty one.

        Values of the source's own are never completed by those of no source: half of a pair may belong to another API.
        """
        shared = self._below(suffix(scheme))
        own = self._below(suffix(f"{source}_{scheme}")) if source else {}
        if own.keys() <= set(SETTINGS):
            return {**shared, **own}
        return {**{part: value for part, value in shared.items() if part in SETTINGS}, **own}

    def _below(self, name: str) -> dict[str, str]:
        keys = {"": name, **{part: f"{name}_{part}" for part in PARTS}}
        return {part: self.values[key] for part, key in keys.items() if key in self.values}

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The values that no report may show: each secret, the password of a pair, and the form Basic sends it in."""
        return frozenset(self.named_secrets.values())

    @property
    def named_secrets(self) -> Mapping[str, str]:
        """`secrets`, each by a name that stays when its value is another."""
        secret = {key: value for key, value in self.values.items() if not key.endswith(_SHOWN)}
        secret |= self.by_origin
        pairs = {name: value for name, value in secret.items() if ":" in value} | self._pairs()
        passwords = {f"{name} password": value.partition(":")[2] for name, value in pairs.items()}
        encoded = {f"{name} basic": basic(value).removeprefix("Basic ") for name, value in pairs.items()}
        return {name: value for name, value in {**secret, **passwords, **encoded}.items() if value}

    def _pairs(self) -> dict[str, str]:
        """Give `user:password` for those that were given apart."""
        names = [key.removesuffix("USERNAME") for key in self.values if key.endswith("USERNAME")]
        return {
            f"{name}USERNAME": f"{self.values[f'{name}USERNAME']}:{self.values[f'{name}PASSWORD']}"
            for name in names
            if f"{name}PASSWORD" in self.values
        }


NO_CREDENTIALS = Credentials()


def suffix(name: str) -> str:
    """Give a name as an environment variable ends: `petstore-auth` is `PETSTORE_AUTH`."""
    return re.sub(r"[^0-9A-Z]", "_", name.upper())


def keys(scheme: str, source: str = "") -> frozenset[str]:
    """Give every key of `Credentials.values` that is looked at for a security scheme of a source."""
    names = [suffix(scheme), *([suffix(f"{source}_{scheme}")] if source else [])]
    return frozenset((*names, *(f"{name}_{part}" for name in names for part in PARTS)))


def from_environment(environ: Mapping[str, str]) -> Credentials:
    """Read what `ARAZZO_AUTH_...` variables hold; an empty one counts as not set."""
    return Credentials({name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX)})
