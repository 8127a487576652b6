"""Puts off the import of a module until somebody looks into it, whoever else imports it first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


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
