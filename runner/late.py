"""Puts off what is dear until somebody looks into it: the import of a module, or what a mapping holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TypeVar

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
