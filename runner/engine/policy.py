"""What a run makes of a mismatch with an API description: nothing, a warning or a failure, for each check by itself."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias, TypeVar, get_args

from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.openapi.mismatch import Check
from runner.records import Frozen, field_names, replace

Level: TypeAlias = Literal["off", "warn", "error"]

LEVELS: tuple[Level, ...] = get_args(Level)
CHECKS: tuple[Check, ...] = get_args(Check)

_N = TypeVar("_N", bound=str)


class ContractPolicy(Frozen):
    """The level of each check. Whatever it is, the flow goes on as written.

    Under `error` a mismatch fails the workflow and the run at their end, though every step may have passed. The
    mismatches of every attempt count, also of one that was retried or recovered from: a retry makes up for a reply that
    the workflow did not want, but the API has broken its word. What cannot be checked, because the description itself
    is wrong there, has not passed either.
    """

    status: Level = "warn"
    content_type: Level = "warn"
    headers: Level = "warn"
    body: Level = "warn"
    request: Level = "warn"

    def __post_init__(self) -> None:
        for check in CHECKS:
            _known(self.level(check), LEVELS, "level")

    @property
    def checks(self) -> frozenset[Check]:
        """The checks that are made."""
        return _checks(self)

    def level(self, check: Check) -> Level:
        level: Level = getattr(self, _field(check))
        return level


@lru_cache(16)  # it is asked for with every request
def _checks(policy: ContractPolicy) -> frozenset[Check]:
    return frozenset(check for check in CHECKS if policy.level(check) != "off")


def _field(check: str) -> str:
    return check.replace("-", "_")


def same_level(level: Level) -> ContractPolicy:
    """Give the policy that has one level for all checks."""
    return ContractPolicy(**dict.fromkeys(field_names(ContractPolicy), level))


def read_policy(texts: Iterable[str]) -> ContractPolicy:
    """Read `error`, or `body=error,headers=off`; what comes later counts. UsageError names what cannot be read."""
    policy = ContractPolicy()
    for part in (part.strip() for text in texts for part in text.split(",")):
        name, sign, value = part.partition("=")
        if not sign and name in CHECKS:
            raise UsageError(f"the contract check '{name}' is given no level", f"write {name}=error")
        level = _known(value if sign else name, LEVELS, "level")
        policy = replace(policy, **{_field(_known(name, CHECKS, "check")): level}) if sign else same_level(level)
    return policy


def _known(name: str, names: tuple[_N, ...], kind: str) -> _N:
    found = next((each for each in names if each == name), None)
    if found is None:
        meant = did_you_mean(name, names)
        hint = meant.title if meant else f"there are {', '.join(names)}"
        raise UsageError(f"there is no contract {kind} '{name}'", hint)
    return found
