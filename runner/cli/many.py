"""Turn many documents into what is wrong with each, on every core; what they share is read once by each process."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from runner import api
from runner.cli.cache import cache_of
from runner.cli.options import WhereOptions
from runner.cli.places import sources_of
from runner.cli.profile import Setting
from runner.cli.terminal import look
from runner.diagnostics import Diagnostic
from runner.errors import UsageError
from runner.loader.shelf import Shelf
from runner.records import Frozen, Mutable, replace

FEWEST = 24
"""Documents below which starting processes takes longer than it saves."""
BATCH = 16
"""Documents that a process is given at a time."""


class Recipe(Frozen):
    """What a process needs to make its own sources of."""

    options: WhereOptions
    setting: Setting

    def sources(self) -> api.Sources:
        sources = sources_of(self.options, self.setting)
        return replace(sources, cache=cache_of(look(), self.options.no_cache), shelf=Shelf())


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_each(files: Sequence[str], sources: api.Sources, *, plans: bool = False) -> Iterator[api.Checked]:
    """Check documents in this process, one after the other; with `plans` each comes with its plan."""
    look = api.examine if plans else api.check
    sources = replace(sources, shelf=sources.shelf or Shelf())
    for number, file in enumerate(files):
        checked = look(file, sources, contracts=True)
        checked.keep()
        yield checked
        if number == 0:
            gc.freeze()  # what they share stays: nobody need look through it again


def check_in_processes(
    files: Sequence[str], recipe: Recipe, jobs: int, tell: Callable[[int], None]
) -> Iterator[tuple[Diagnostic, ...]]:
    """Check documents in several processes, and give what is wrong with each in their order; `tell` counts them."""
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(recipe,))
    is_done = False
    try:
        for number, found in enumerate(pool.map(_check, files, chunksize=BATCH), start=1):
            tell(number)
            yield found
        is_done = True
    except BrokenProcessPool as error:
        raise UsageError(
            "a process that checked documents was ended from outside", "--jobs 1 takes one only"
        ) from error
    finally:
        # Where nothing is left to do, its threads are gone before the interpreter closes what they would write to.
        pool.shutdown(wait=is_done, cancel_futures=True)


class _Own(Mutable):
    """What a process keeps between documents; `told` is what has been said of sources that documents share."""

    sources: api.Sources
    told: set[tuple[str, str, str, int, str]]
    checked: int = 0


_own: list[_Own] = []


def _begin(recipe: Recipe) -> None:
    """Begin a process: Ctrl-C ends it without a word, for whoever started it says what there is to say."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    _own.append(_Own(recipe.sources(), set()))


def _check(file: str) -> tuple[Diagnostic, ...]:
    """Check a document; what is wrong with a source is told once by each process, for its text comes along."""
    own = _own[0]
    checked = api.check(file, own.sources, contracts=True)
    checked.keep()
    own.checked += 1
    if own.checked == 1:
        gc.freeze()
    return tuple(problem for problem in checked.diagnostics if _is_new(problem, own))


def _is_new(problem: Diagnostic, own: _Own) -> bool:
    key = (problem.rule, problem.severity, problem.span.source.uri, problem.span.start, problem.message)
    known = key in own.told
    own.told.add(key)
    return not known
