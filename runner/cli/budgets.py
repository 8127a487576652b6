"""Turn what was said of budgets, pace and contracts, or what stands in `[run]`, into the limits of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runner.cli.profile import Setting
from runner.engine.policy import read_policy
from runner.engine.state import Limits


class Budgets(Protocol):
    """What may be said of budgets; None leaves one at what it is by itself."""

    @property
    def timeout(self) -> float | None: ...
    @property
    def pace(self) -> float | None: ...
    @property
    def max_steps(self) -> int | None: ...
    @property
    def max_time(self) -> float | None: ...
    @property
    def max_teardown(self) -> float | None: ...


def limits_of(said: Budgets, contract: Sequence[str]) -> Limits:
    """Give the budgets of a run, and how closely it holds APIs to their contracts."""
    usual = Limits()
    return Limits(
        steps=said.max_steps or usual.steps,
        wall=said.max_time,
        request_timeout=said.timeout or usual.request_timeout,
        pace=usual.pace if said.pace is None else said.pace,
        contract=read_policy(contract),
        teardown=said.max_teardown or usual.teardown,
    )


def contract_of(setting: Setting, given: tuple[str, ...]) -> tuple[str, ...]:
    """Give what is said of contracts: what is given for single checks changes what the profile says of all."""
    level = setting.profile.contract or setting.run.contract
    return (level, *given) if level else given
