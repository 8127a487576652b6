"""Runs tasks side by side, and passes on what they tell as if they had run one after the other.

The oldest task that runs is heard as it goes; what later ones tell is held back until it is their turn. No more than
`AHEAD` times as many as there are jobs are begun ahead of it, and none while `MOST_HELD` bytes of bodies are held back,
so what is held is bounded. Tasks that share the name of a mutex never overlap.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeAlias

from runner.engine.events import Answered, Entry, Outcome
from runner.records import Mutable, field
from runner.shell.clock import SLICE, never
from runner.shell.turn import ALONE, Turn
from runner.suite.cases import Task

AHEAD = 4
"""Cases that may have begun ahead of the oldest one that has not finished, for each job."""

MOST_HELD = 64 * 1024 * 1024
"""Bytes of bodies that are held back before no other case begins than the oldest."""

STACK = 16 * 1024 * 1024
"""Bytes for each thread, as much as a main thread has: what is nested deeply is read by recursion in native code."""

Tell: TypeAlias = Callable[[Entry], None]
Perform: TypeAlias = Callable[[Task, Tell], Outcome]
"""Run a task to its end and say how it came out."""


class Schedule(Mutable):
    """Runs each task once. `lane` gives each thread what it performs tasks with, `skip` what is told of one not begun.

    With one job everything happens in the thread that calls `run`. `cancelled` ends it early: what has begun is
    finished, and all others are skipped. Under `fail_fast` the first task in order that does not pass is the last one
    that is told: those before it are run, and all after it are skipped, whatever of them has run already. A thread
    performs and tells in its `turn`.
    """

    tasks: Iterator[Task]
    lane: Callable[[], AbstractContextManager[Perform]]
    skip: Callable[[Task, str], Entry]
    tell: Tell
    jobs: int = 1
    fail_fast: bool = False
    cancelled: Callable[[], bool] = never
    turn: Turn = field(default_factory=lambda: ALONE)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: deque[Task] = field(default_factory=deque)
    _held: defaultdict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _weight: int = 0
    _done: set[int] = field(default_factory=set)
    _busy: set[str] = field(default_factory=set)
    _pulled: int = 0
    _is_exhausted: bool = False
    _oldest: int = 0
    _begun: dict[int, Task] = field(default_factory=dict)
    _last: Task | None = None
    _is_interrupted: bool = False
    _failure: BaseException | None = None
    HIDDEN = ("_changed", "_held")

    def run(self) -> None:
        """Run all tasks, and tell of those that are not begun in their place."""
        if self.jobs == 1:
            self._work()
        else:
            self._work_together()
        if self._failure is not None:
            raise self._failure
        self._skip_rest()

    def _work_together(self) -> None:
        # Daemons: a second Ctrl-C ends the program whatever they are at.
        threads = [threading.Thread(target=self._guarded, daemon=True, name=f"job-{n}") for n in range(self.jobs)]
        size = threading.stack_size(STACK)
        for thread in threads:
            thread.start()
        threading.stack_size(size)
        for thread in threads:
            while thread.is_alive():
                thread.join(SLICE)  # a signal is heard between any two

    def _guarded(self) -> None:
        """Hand what should never happen to the thread that waits for this one."""
        try:
            self._work()
        except BaseException as error:
            with self._changed:
                self._failure = self._failure or error
                self._changed.notify_all()

    def _work(self) -> None:
        with self.lane() as perform:
            while (task := self._next()) is not None:
                with self.turn.held():
                    outcome = perform(task, self._listener(task.number))
                    self._finish(task, outcome)

    def _next(self) -> Task | None:
        """Wait for a task that may begin; nothing where none is left, or none is to begin any more."""
        with self._changed:
            while not (self._failure or self._stopped()):
                if (task := self._free()) is not None:
                    self._busy.update(task.subject.mutexes)
                    self._begun[task.number] = task
                    return task
                if (self._is_exhausted or self._last) and not any(self._counts(each.number) for each in self._waiting):
                    return None
                self._changed.wait(SLICE)
            return None

    def _stopped(self) -> bool:
        self._is_interrupted = self._is_interrupted or self.cancelled()
        return self._is_interrupted

    def _counts(self, number: int) -> bool:
        """Say whether what a task tells is told: no longer where one before it did not pass under `fail_fast`."""
        return self._last is None or number <= self._last.number

    def _free(self) -> Task | None:
        """Give the first of the tasks within reach that shares no mutex with one that runs."""
        reach = self._oldest + (AHEAD * self.jobs if self._weight < MOST_HELD else 1)
        while not (self._is_exhausted or self._last) and self._pulled < reach:
            if (task := next(self.tasks, None)) is None:
                self._is_exhausted = True
            else:
                self._waiting.append(task)
                self._pulled += 1
        for task in self._waiting:
            if task.number < reach and self._counts(task.number) and self._busy.isdisjoint(task.subject.mutexes):
                self._waiting.remove(task)
                return task
        return None

    def _listener(self, number: int) -> Tell:
        if self.jobs == 1:
            return self.tell  # no other task is under way

        def listen(entry: Entry) -> None:
            with self._changed:
                if not self._counts(number):
                    return
                if number == self._oldest:
                    self.tell(entry)
                else:
                    self._held[number].append(entry)
                    self._weight += weight_of(entry)

        return listen

    def _finish(self, task: Task, outcome: Outcome) -> None:
        with self._changed:
            self._busy.difference_update(task.subject.mutexes)
            if outcome != "passed" and self.fail_fast and self._counts(task.number) and not self._stopped():
                self._last = task
                for number in [number for number in self._held if not self._counts(number)]:
                    self._released(number)
            self._done.add(task.number)
            self._advance()
            self._changed.notify_all()

    def _advance(self) -> None:
        """Go on to the oldest task that has not finished, and tell what was held back until then."""
        while self._counts(self._oldest):
            for entry in self._released(self._oldest):
                self.tell(entry)
            if self._oldest not in self._done:
                return
            self._done.remove(self._oldest)
            self._begun.pop(self._oldest, None)
            self._oldest += 1

    def _released(self, number: int) -> list[Entry]:
        """Give what was held back of a task, and hold it no longer."""
        entries = self._held.pop(number, [])
        self._weight -= sum(map(weight_of, entries))
        return entries

    def _skip_rest(self) -> None:
        """Tell of the tasks that were not begun, and of those that do not count, each in its place."""
        beyond = [task for task in (*self._waiting, *self._begun.values()) if not self._counts(task.number)]
        for task in self._waiting:
            if self._counts(task.number):
                self._held[task.number].append(self._skipped(task))
                self._done.add(task.number)
        self._advance()
        for task in sorted(beyond, key=lambda each: each.number):
            self.tell(self._skipped(task))
        for task in self.tasks if self._last or self._is_interrupted else ():
            self.tell(self._skipped(task))

    def _skipped(self, task: Task) -> Entry:
        if self._last is None or self._counts(task.number):
            return self.skip(task, "interrupted")
        return self.skip(task, f"'{self._last.case.name}' did not pass (--fail-fast)")


def weight_of(entry: Entry) -> int:
    """Give the bytes of the bodies that an entry holds."""
    return entry.event.exchange.weight if isinstance(entry.event, Answered) else 0
