"""Puts off what is dear until somebody needs it: to import a module, to compile a pattern, to fill a mapping."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any, AnyStr, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")


class LateMapping(Mapping[K, V]):
    """A mapping that is found when it is first looked into."""

    def __init__(self, find: Callable[[], Mapping[K, V]]) -> None:
        self._find = find

    @cached_property
    def _found(self) -> Mapping[K, V]:
        return self._find()

    def __getitem__(self, key: K) -> V:
        return self._found[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def late_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Give a regular expression that is compiled when it is first used: most starts need only few of them."""
    return cast("re.Pattern[AnyStr]", _LatePattern(text, flags))


class _LatePattern:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self._given: Any = (text, flags)

    def __getattr__(self, name: str) -> object:
        compiled = re.compile(*self._given)
        self.__dict__.update({each: getattr(compiled, each) for each in dir(compiled) if not each.startswith("_")})
        return getattr(compiled, name)


class _Late(ModuleType):
    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


@contextmanager
def put_off(name: str) -> Iterator[None]:
    """Let who imports a module inside have it when it is used: some are large, and hardly ever are.

    The standard library's lazy loader loads a module as soon as a second one imports it (before Python 3.12).
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = _Late(name)
    try:
        yield
    finally:
        del sys.modules[name]
