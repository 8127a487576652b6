"""Turns the rule functions of every room into a table by name, each with what its docstring says.

A rule is a public function whose docstring tells what it checks, `Why:`, an `Example:`, and what to write `Instead:`.
Its name is the rule's, with dashes. A module that is added to a package of rules is found by itself.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

REPAIRS = "runner.plan.repairs"
ROOMS = (
    "runner.loader.rules",
    "runner.openapi.rules",
    "runner.asyncapi.rules",
    "runner.plan.rules",
    REPAIRS,
    "runner.rules.command",
)
"""Modules, and packages of modules, that hold rules."""

_SECTIONS = re.compile(r"^(Why|Example|Instead): *", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule's docstring says; `is_repair` where it knows what was meant and can write it."""

    name: str
    summary: str
    why: str
    example: str
    instead: str
    is_repair: bool = False


@cache
def known_rules() -> Mapping[str, Rule]:
    """Give every rule, by name and in the order of names."""
    found = (rule for room in ROOMS for module in _modules(room) for rule in _rules(module))
    return MappingProxyType({rule.name: rule for rule in sorted(found, key=lambda rule: rule.name)})


def read_rule(name: str, docstring: str, *, is_repair: bool = False) -> Rule:
    """Read the docstring of a rule; what it leaves out is empty."""
    summary, *sections = _SECTIONS.split(inspect.cleandoc(docstring))
    told = dict(zip(sections[::2], sections[1::2], strict=True))
    why, example, instead = (told.get(title, "").strip() for title in ("Why", "Example", "Instead"))
    return Rule(name, summary.strip(), why, example, instead, is_repair)


def _modules(room: str) -> Iterator[ModuleType]:
    if find_spec(room) is None:
        return
    module = import_module(room)
    yield module
    for found in iter_modules(getattr(module, "__path__", ())):
        yield import_module(f"{room}.{found.name}")


def _rules(module: ModuleType) -> Iterator[Rule]:
    for name, value in vars(module).items():
        own = inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
        if own and _SECTIONS.search(inspect.cleandoc(value.__doc__ or "")):
            yield read_rule(name.replace("_", "-"), value.__doc__, is_repair=module.__name__.startswith(REPAIRS))
