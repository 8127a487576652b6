"""The one method every reporter has, and the way from one stream of entries to many reporters."""

from __future__ import annotations

from collections.abc import Iterable
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
    """

    def __init__(self, reporters: Iterable[Reporter], redactor: Redactor | None = None) -> None:
        self._reporters = tuple(reporters)
        self._redactor = self._of_all = redactor or Redactor()

    def tell(self, entry: Entry) -> None:
        if isinstance(entry.event, CaseStarted):
            self._redactor = self._of_all.fork()
        redacted = self._redactor.redact(entry)
        if isinstance(entry.event, CaseFinished):
            self._redactor = self._of_all
        if isinstance(redacted.event, SecretsLearned):
            return
        for reporter in self._reporters:
            reporter.tell(redacted)

    def close(self) -> None:
        """Close every reporter, also where one of them fails; the failure is raised at the end."""
        with ExitStack() as closing:
            for reporter in reversed(self._reporters):
                closing.callback(reporter.close)
