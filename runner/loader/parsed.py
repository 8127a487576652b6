"""What a parser makes of a text: its value, where the parts stand, and what is wrong; and the bounds it keeps."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from runner.diagnostics import Diagnostic, Fix, Label
from runner.records import Frozen
from runner.source import Place, Source, Span
from runner.values import Json


class Limits(Frozen):
    """Bounds on one document: characters of text, levels of nesting, nodes that its aliases stand for."""

    size: int = 64 * 1024 * 1024
    depth: int = 200
    aliased: int = 1_000_000


DEFAULT_LIMITS = Limits()


class Parsed(Frozen, eq=False, dict=True):
    """A parsed text. `value` is None where there is none to be had; `places` are built when first asked for.

    `shares` says that parts of the value are there more than once without being written so.
    """

    value: Json
    build: Callable[[], Place]
    problems: tuple[Diagnostic, ...] = ()
    shares: bool = False
    HIDDEN = ("build",)

    @cached_property
    def places(self) -> Place:
        return self.build()


@contextmanager
def without_collecting() -> Iterator[None]:
    """Build a tree that stays: collecting garbage while it grows finds nothing, and doubles the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def unreadable(source: Source, problem: Diagnostic) -> Parsed:
    """Give the result of a text that has no value."""
    return Parsed(None, lambda: Place(0, len(source.text)), (problem,))


class Reporter(Frozen):
    """Makes the diagnostics of one source from character offsets."""

    source: Source

    def span(self, start: int, end: int) -> Span:
        """Give a span within the text, at least one character wide where there is one."""
        size = len(self.source.text)
        start = min(start, size)
        return Span(self.source, start, min(max(end, start + 1), size))

    def error(
        self, rule: str, message: str, at: tuple[int, int], *notes: str, fix: str = "", related: tuple[Label, ...] = ()
    ) -> Diagnostic:
        """Make an error at the characters `at`."""
        made = Fix(fix) if fix else None
        return Diagnostic(rule, "error", message, self.span(*at), related=related, notes=notes, fix=made)

    def too_large(self, limit: int) -> Diagnostic:
        """Refuse a text for its size."""
        size = len(self.source.text)
        message = f"the document has {size:,} characters, more than {limit:,}"
        return self.error("document-size", message, (0, 1), fix="split it, or leave out what is not used")

    def too_deep(self, limit: int, offset: int) -> Diagnostic:
        """Refuse a text for its nesting."""
        message = f"the document is nested deeper than {limit} levels"
        return self.error("document-depth", message, (offset, offset + 1), fix="flatten it")

    def duplicate_key(self, key: str, at: tuple[int, int], first: tuple[int, int]) -> Diagnostic:
        """Refuse a second member of the same name; the first one is kept."""
        related = (Label(self.span(*first), "it stands here first"),)
        fix = "join the two, or rename one of them"
        return self.error("duplicate-key", f"the key '{key}' is given twice", at, fix=fix, related=related)
