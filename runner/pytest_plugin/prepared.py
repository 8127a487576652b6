"""Turns a document and what was said to pytest into everything that running it takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner import api
from runner.cli.asking import ask, ask_row
from runner.cli.budgets import contract_of, limits_of
from runner.cli.credentials import Variables, Wallet, credentials_of, gather, wanted
from runner.cli.inputs import Given, collect
from runner.cli.options import WhereOptions
from runner.cli.places import sources_of
from runner.cli.profile import Setting, setting_of
from runner.cli.world import Ready, Venue
from runner.engine.asked import Asked
from runner.engine.state import Limits
from runner.errors import UsageError
from runner.exchange import Cache
from runner.library import run_workflows
from runner.plan.plan import Plan
from runner.pytest_plugin.options import said
from runner.records import Frozen, field, replace
from runner.result import Result
from runner.shell.auth import Keyring
from runner.shell.cache import user_cache
from runner.suite.rows import Row


class Ground(Frozen):
    """What was said of running documents, and the folder from which relative paths are seen.

    `keyring` holds the tokens that all documents obtain.
    """

    here: Path
    sandbox: bool
    servers: tuple[str, ...]
    profile: str
    config: str
    contract: tuple[str, ...]
    inputs: tuple[str, ...]
    rows: str
    environ: Mapping[str, str]
    keyring: Keyring = field(default_factory=Keyring)
    HIDDEN = ("environ", "keyring")

    @property
    def where(self) -> WhereOptions:
        return WhereOptions(
            source=(),
            source_root=(),
            offline=False,
            no_cache=False,
            config=self.config or None,
            profile=self.profile or None,
            server=self.servers,
            server_var=(),
            cacert=None,
            insecure=(),
            allow_host=(),
            proxy=None,
        )


_ground = pytest.StashKey[Ground]()


def ground_of(config: pytest.Config) -> Ground:
    """Read options and ini-file, once; what is said on the command line comes before what the ini-file says."""
    if _ground not in config.stash:
        config.stash[_ground] = _read(config)
    return config.stash[_ground]


def _read(config: pytest.Config) -> Ground:
    sandbox, live = said(config, "arazzo_sandbox") is True, said(config, "arazzo_live") is True
    if config.getoption("arazzo_live") or config.getoption("arazzo_server"):
        if config.getoption("arazzo_sandbox"):
            raise UsageError("--arazzo-sandbox excludes --arazzo-live and --arazzo-server")
        sandbox = False
    elif not config.getoption("arazzo_sandbox") and sandbox and live:
        raise UsageError("arazzo_sandbox and arazzo_live exclude each other", "say one of them in the ini-file")
    return Ground(
        here=Path.cwd(),
        sandbox=sandbox,
        servers=() if sandbox else _texts(config, "arazzo_server"),
        profile=str(said(config, "arazzo_profile")),
        config=str(said(config, "arazzo_config")),
        contract=_texts(config, "arazzo_contract"),
        inputs=_texts(config, "arazzo_inputs"),
        rows=str(said(config, "arazzo_rows")),
        environ=dict(os.environ),
    )


def _texts(config: pytest.Config, name: str) -> tuple[str, ...]:
    found = said(config, name)
    return tuple(found) if isinstance(found, list) else ()


class Prepared(Frozen):
    """A document that was read, and all that a run of its workflows takes."""

    checked: api.Checked
    ground: Ground
    setting: Setting
    sources: api.Sources
    venue: Venue
    given: Given
    wallet: Wallet
    limits: Limits

    def asked(self, plan: Plan, key: str, row: Row | None, declared: frozenset[str] | None) -> Asked:
        """Accept the inputs of a workflow, with one row of data where there are rows, or raise UsageError."""
        return ask(plan, key, self.given) if row is None else ask_row(plan, key, self.given, row, declared)

    def run(self, plan: Plan, asked: Asked) -> Result:
        """Run one workflow."""
        key = asked.key
        if self.venue.sandbox:
            return run_workflows(plan, key, asked.given, sandbox=True, limits=self.limits)
        credentials = credentials_of(plan, self.venue, self.wallet)
        http = self.venue.http
        return run_workflows(plan, key, asked.given, credentials=credentials, transport=http, limits=self.limits)

    def advice(self, plan: Plan, key: str) -> str:
        """Say what a person who looks at a failure wants to know: the profile in use, and what is missing."""
        ready = Ready(plan, (Asked(key, {}),), self.venue)
        wants = [want.advice(self.wallet) for want in wanted([ready], self.wallet)]
        return "\n".join([*self.setting.notes, *wants])


def prepare(location: str, ground: Ground) -> Prepared:
    """Read and compile a document, a path as it is seen from here; UsageError where what was said cannot be used."""
    setting = setting_of(ground.config or None, ground.profile or None, (location,), ground.here)
    sources = replace(sources_of(ground.where, setting), cache=_cache(ground.environ))
    if ground.sandbox:
        sources = replace(sources, options=replace(sources.options, servers={}, stand_in=True))
    variables = Variables(ground.environ)
    given = collect((), (), (), ground.inputs, ground.environ)
    wallet = replace(gather((), variables, setting.profile), keyring=ground.keyring)
    return Prepared(
        checked=_check(location, sources, setting),
        ground=ground,
        setting=setting,
        sources=sources,
        venue=Venue(location, ground.sandbox, sources.options.servers, sources.http),
        given=given._replace(values={**setting.profile.inputs, **given.values}),
        wallet=wallet,
        limits=limits_of(setting.run, contract_of(setting, ground.contract)),
    )


def _check(location: str, sources: api.Sources, setting: Setting) -> api.Checked:
    checked = api.check(location, sources)
    if not (setting.run.strict and checked.diagnostics):
        return checked
    return checked._replace(plan=None, diagnostics=tuple(replace(d, severity="error") for d in checked.diagnostics))


def _cache(environ: Mapping[str, str]) -> Cache | None:
    return user_cache(environ) if environ.get("ARAZZO_NO_CACHE", "0") in ("", "0") else None
