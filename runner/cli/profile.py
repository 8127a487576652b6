"""Choose the file and the profile that an invocation uses, and tell of it: nobody is redirected unnoticed.

What was asked for, with `--config` or `--profile`, is used as it is. A file that was merely found is used for documents
in its own folder only: it may be a stranger's, and then it can do no more than the stranger's documents, which name
their servers themselves and are given the `ARAZZO_AUTH_…` variables. So its default profile reads no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runner import bundled
from runner.cli.config import NAME, Config, Profile, RunDefaults, find, read, unknown_profile
from runner.errors import UsageError
from runner.levels import RuleLevel
from runner.records import Frozen, field

OWN = "ARAZZO_"


class Setting(Frozen):
    """The defaults and the profile that are in use, and what is said of that on stderr."""

    run: RunDefaults = RunDefaults()
    profile: Profile = Profile("")
    notes: tuple[str, ...] = ()
    rules: Mapping[str, RuleLevel] = field(default_factory=dict)


def setting_of(config: str | None, profile: str | None, targets: Sequence[str], here: Path) -> Setting:
    """Find and read the file, and choose the profile; UsageError where one that was named is not there."""
    path = here / config if config else find(here)
    if path is None:
        if profile is None:
            return Setting()
        hint = "it is looked for from here up to the root of the repository; or give --config FILE"
        raise UsageError(f"--profile {profile}: there is no {NAME}", hint)
    name = config or _shown(path, here)
    asked_for = bool(config or profile)
    strange = [] if asked_for else [target for target in targets if not _is_below(target, path.parent, here)]
    if strange:
        note = f"{name} is not used: '{strange[0]}' is not in its folder"
        return Setting(notes=() if bundled.is_name(strange[0]) else (note,))
    found = read(path, name)
    chosen = profile or found.default_profile
    if chosen is None:
        return Setting(found.run, rules=found.rules)
    if chosen not in found.profiles:
        raise UsageError(*unknown_profile(chosen, found.profiles))
    if not asked_for:
        _refuse_foreign_variables(found, found.profiles[chosen])
        _refuse_foreign_reach(found, found.profiles[chosen])
    note = announcement(found.profiles[chosen], name)
    return Setting(found.run, found.profiles[chosen], (note,), found.rules)


def _shown(path: Path, here: Path) -> str:
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _is_below(target: str, folder: Path, here: Path) -> bool:
    if "://" in target or (bundled.is_name(target) and not (here / target).exists()):
        return False
    return (here / target).resolve().is_relative_to(folder.resolve())


def _refuse_foreign_variables(config: Config, profile: Profile) -> None:
    for name, variable in profile.auth.items():
        if not variable.startswith(OWN):
            raise config.reader.refused(
                ("profile", profile.name, "auth", name),
                f"a profile that is used without being asked for reads no variable but {OWN}…, and not '{variable}'",
                f"ask for it: --profile {profile.name}",
            )


def _refuse_foreign_reach(config: Config, profile: Profile) -> None:
    if profile.allow_host:
        raise config.reader.refused(
            ("profile", profile.name, "allow-host"),
            "a profile that is used without being asked for allows no hosts",
            f"ask for it: --profile {profile.name}",
        )


def announcement(profile: Profile, file: str) -> str:
    """Say which profile is in use, and everything by which it changes where requests go and as whom."""
    facts = [
        *(f"{name} at {url}" for name, url in profile.servers.items()),
        *(f"{name} read from {place}" for name, place in profile.source.items()),
        *([f"through the proxy {profile.proxy}"] if profile.proxy else []),
        *([f"trusting {profile.cacert}"] if profile.cacert else []),
        *([f"reaching {', '.join(profile.allow_host)}"] if profile.allow_host else []),
        *([f"credentials from {', '.join(dict.fromkeys(profile.auth.values()))}"] if profile.auth else []),
    ]
    return f"profile '{profile.name}' of {file}" + (f": {'; '.join(facts)}" if facts else "")
