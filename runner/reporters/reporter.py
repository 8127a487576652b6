"""The one method every reporter has, and the way from one stream of entries to many reporters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Protocol

from runner.engine.events import CaseFinished, CaseStarted, Entry, SecretsLearned
from runner.reporters.redact import Redactor


class Reporter(Protocol):
    """Is told what happened, entry by entry. `close` writes what is left to write; the stream stays the caller's."""

    def tell(self, entry: Entry) -> None: ...

    def close(self) -> None: ...


class Broadcast:
    """Tell several reporters the same story, with the secrets taken out once, before any of them hears it.

    What is learned in a case of a suite is forgotten at its end: a million of them have more secrets than can be kept.
    Where `in_brief` is wanted they hear of a case when it is over: all of it, or that it passed.
    """

    def __init__(
        self, reporters: Iterable[Reporter], redactor: Redactor | None = None, *, in_brief: bool = False
    ) -> None:
        self._reporters = tuple(reporters)
        self._redactor = self._of_all = redactor or Redactor()
        self._in_brief = in_brief
        self._case: list[Entry] = []

    def tell(self, entry: Entry) -> None:
        if not self._in_brief:
            self._tell(entry)
        elif type(entry.event) is CaseFinished:
            self._tell_case([*self._case, entry], passed=entry.event.outcome == "passed")
            self._case = []
        elif self._case or type(entry.event) is CaseStarted:
            self._case.append(entry)
        else:
            self._tell(entry)

    def _tell_case(self, case: Sequence[Entry], *, passed: bool) -> None:
        for entry in (case[0], case[-1]) if passed else case:
            self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        kind = type(entry.event)
        if kind is CaseStarted:
            self._redactor = self._of_all.fork()
        redacted = self._redactor.redact(entry)
        if kind is CaseFinished:
            self._redactor = self._of_all
        if kind is SecretsLearned:
            return
        for reporter in self._reporters:
            reporter.tell(redacted)

    def close(self) -> None:
        """Close every reporter, also where one of them fails; the failure is raised at the end."""
        if self._case:
            self._tell_case(self._case, passed=False)
        with ExitStack() as closing:
            for reporter in reversed(self._reporters):
                closing.callback(reporter.close)
