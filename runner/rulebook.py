"""All rules by name, each with its explanation: what it checks, why, an example, and what to write instead."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from runner.levels import unused_ignore
from runner.loader import faults
from runner.loader import repairs as structure
from runner.loader import rules as loader_rules
from runner.openapi import rules as openapi_rules
from runner.plan import repairs, rules
from runner.plan.mend import rule_name
from runner.records import Frozen

PARTS = ("Why", "Example", "Instead")


class Rule(Frozen):
    """A rule: what it is about in a sentence, and the rest of its explanation. A repair is understood all the same."""

    name: str
    about: str
    why: str
    example: str
    instead: str
    is_repair: bool = False


@cache
def rulebook() -> Mapping[str, Rule]:
    """Give every rule there is, sorted by name."""
    found = [*_written(loader_rules.RULES), *_written(openapi_rules.RULES)]
    found += [*_of_module(faults, is_repair=False), *_functions(rules, is_repair=False)]
    found += [*_functions(structure, is_repair=True), *_functions(repairs, is_repair=True)]
    found.append(read_rule("unused-ignore", unused_ignore.__doc__ or ""))
    return {rule.name: rule for rule in sorted(found, key=lambda each: each.name)}


def read_rule(name: str, text: str, *, is_repair: bool = False) -> Rule:
    """Read the explanation of a rule: a sentence, and a paragraph that names the parts."""
    about, _, rest = inspect.cleandoc(text).partition("\n")
    parts: dict[str, list[str]] = {}
    part: list[str] = []
    for line in rest.split("\n"):
        head, sign, text_ = line.partition(": ")
        if sign and head in PARTS:
            part = parts.setdefault(head, [text_])
        elif line.strip():
            part.append(line.strip())
    why, example, instead = (" ".join(parts.get(each, ())) for each in PARTS)
    return Rule(name, about, why, example, instead, is_repair)


def _written(texts: Mapping[str, str]) -> Iterator[Rule]:
    for name, text in texts.items():
        yield read_rule(name, text)


def _functions(package: ModuleType, *, is_repair: bool) -> Iterator[Rule]:
    """Give the rules of a package, which are the functions of its modules whose explanation has all parts."""
    for info in iter_modules(package.__path__):
        yield from _of_module(import_module(f"{package.__name__}.{info.name}"), is_repair=is_repair)


def _of_module(module: ModuleType, *, is_repair: bool) -> Iterator[Rule]:
    for function in vars(module).values():
        if not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        text = function.__doc__ or ""
        if all(f"\n    {part}: " in text for part in PARTS):
            yield read_rule(rule_name(function), text, is_repair=is_repair)
