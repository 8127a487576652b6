"""Turns the names of documents into plans, and those of descriptions into stand-ins that are served, for a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from runner import api, bundled
from runner.embedded import ANY_PAIR, Sandbox
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.exchange import Transport
from runner.openapi.document import ApiDescription
from runner.plan.plan import Plan
from runner.pytest_plugin.drawing import draw
from runner.pytest_plugin.prepared import ground_of, prepare
from runner.records import Frozen, replace
from runner.sandbox.civitai.settings import SANDBOX_TOKEN
from runner.sandbox.generic import SEED, GenericSandbox, lay_out
from runner.sandbox.server import Running
from runner.sandbox.transport import SandboxTransport
from runner.shell.auth import Credentials
from runner.shell.clock import SystemClock


class PlanFactory(Frozen):
    """Compiles documents, once for all tests of a session."""

    config: pytest.Config
    test: Path

    def __call__(self, document: str | Path, *, servers: Mapping[str, str] | None = None) -> Plan:
        """Give the plan of a document: a path beside the test or below pytest's root, or a bundled name."""
        ground = ground_of(self.config)
        if servers:
            given = tuple(f"{name}={url}" for name, url in servers.items())
            ground = replace(ground, servers=given, sandbox=False)
        location = self._location(document, ground.here)
        key = (location, ground.servers, ground.sandbox)
        plans = self.config.stash.setdefault(_plans, {})
        if key not in plans:
            try:
                prepared = prepare(location, ground)
                self.config.add_cleanup(prepared.checked.keep)
                plan = prepared.checked.plan
                if plan is None:
                    raise DescriptionError(prepared.checked.errors)
            except ArazzoError as error:
                pytest.fail(draw(error, location, 100).plain, pytrace=False)
            plans[key] = plan
        return plans[key]

    def _location(self, document: str | Path, here: Path) -> str:
        if bundled.is_name(str(document)):
            return str(bundled.workflows()[str(document)])
        return api.display_name(find(document, self.test, self.config).as_uri(), here)


_plans = pytest.StashKey[dict[tuple[str, tuple[str, ...], bool], Plan]]()


def find(path: str | Path, test: Path, config: pytest.Config) -> Path:
    """Find a file beside a test, else below pytest's root; that is also where one is that is not there."""
    beside = test.parent / path
    return beside if beside.exists() else (config.rootpath / path).absolute()


class Served(Frozen):
    """Stand-ins that are served: `url` is the base URL of the first, `servers` has those of all by name.

    `transport` reaches the same URLs without a socket, and `credentials` open them.
    """

    url: str
    servers: Mapping[str, str]
    transport: Transport
    credentials: Credentials
    HIDDEN = ("transport", "credentials")


class SandboxFactory(Frozen):
    """Serves stand-ins until the test has ended."""

    config: pytest.Config
    test: Path
    servers: ExitStack

    def __call__(self, *descriptions: str | Path, sandbox: Sandbox | None = None) -> Served:
        """Serve stand-ins for API descriptions, or for Civitai's APIs where none is named.

        `sandbox` says how it begins; of a stand-in for a description that is its `seed`.
        """
        chosen = sandbox or Sandbox()
        if not descriptions:
            return self._civitai(chosen)
        if chosen != Sandbox(seed=chosen.seed):
            raise UsageError("a stand-in for a description takes a seed, and nothing else of a sandbox")
        return self._described([self._load(each) for each in descriptions], chosen.seed or SEED)

    def _civitai(self, chosen: Sandbox) -> Served:
        running = self.servers.enter_context(Running(chosen.settings()))
        url = running.url
        servers = {"site": f"{url}/api/v1", "orchestration": url, "oauth": url}
        transport = SandboxTransport(running.sandbox, SystemClock())
        return Served(servers["site"], servers, transport, Credentials(by_origin={url: SANDBOX_TOKEN}))

    def _described(self, described: Sequence[tuple[str, ApiDescription]], seed: str) -> Served:
        laid_out = lay_out(described)
        mounts = [mount for each in laid_out for mount in each.mounts]
        url = self.servers.enter_context(Running(stand_in=GenericSandbox(mounts, seed).answer)).url
        servers = {Path(each.name).name.partition(".")[0]: url + each.path for each in laid_out}
        near = GenericSandbox([replace(mount, origin=url) for mount in mounts], seed)
        credentials = Credentials(by_origin={url: ANY_PAIR})
        return Served(url + laid_out[0].path, servers, SandboxTransport(near, SystemClock()), credentials)

    def _load(self, description: str | Path) -> tuple[str, ApiDescription]:
        name = str(description)
        location = name if "://" in name else str(find(description, self.test, self.config))
        loaded = api.load_api_description(location)
        if loaded.api is None:
            pytest.fail(draw(DescriptionError(loaded.diagnostics), location, 100).plain, pytrace=False)
        return location, loaded.api
