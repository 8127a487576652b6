"""The queue that hands chunks to workers, on DBOS: what was begun by one that died is begun again by another.

A chunk is a workflow that passes over its rows once and says when it wants to be looked at again: then the next pass
is a workflow of its own, put off until that time, and nothing waits for it. That rows are run once is not DBOS's
matter (see `rows.py`): a chunk may be passed over twice, or by two at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from runner.errors import UsageError
from runner.fleet.database import LONGEST_PAUSE
from runner.fleet.store_url import INSTALL, StoreError, is_postgres, path_of, shown
from runner.fleet.tables import VERSION

Pass: TypeAlias = Callable[[str, int], "float | None"]
"""Pass over a chunk of a batch, and give the seconds after which it wants another pass; None where it is done.

It must not raise: a workflow that failed is never tried again.
"""

QUEUE: Final = "arazzo-chunks"
WORKFLOW: Final = "arazzo-chunk"
LIVE: Final = ("ENQUEUED", "DELAYED", "PENDING")
ENDING: Final = 60
"""Seconds that passes have to come to an end when the worker ends."""
NOTING: Final = 2
"""Seconds that the queue has then to note that they have."""


class Engine:
    """DBOS, as one worker uses it: it is there once in a process."""

    def __init__(self, url: str, worker: str, look: Pass, side_by_side: int = 2) -> None:
        self._dbos = _dbos()
        self._url = url
        self._look = look
        self._side_by_side = side_by_side
        self._under_way: set[tuple[str, int, int]] = set()
        logging.getLogger("dbos").setLevel(logging.CRITICAL)  # what matters is told by the worker
        self._dbos.DBOS(
            config={
                "name": "arazzo",
                "system_database_url": url if is_postgres(url) else f"sqlite:///{path_of(url).absolute()}",
                "executor_id": worker,
                # Workers of one format understand each other, whatever the code is made of.
                "application_version": f"arazzo-{VERSION}",
                "enable_otlp": False,
                "log_level": "CRITICAL",
                "serializer": self._dbos.DBOSPortableJSONSerializer(),  # what it keeps can be read by people
                "sys_db_pool_size": 5,
                "sys_db_idle_transaction_timeout_sec": LONGEST_PAUSE,
            }
        )

        @self._dbos.DBOS.workflow(name=WORKFLOW)  # type: ignore[untyped-decorator]
        def chunk(batch: str, number: int, turn: int) -> None:
            self._workflow(batch, number, turn)

    def __enter__(self) -> Engine:
        with self._told():
            self._dbos.DBOS.launch()
            self._dbos.DBOS.register_queue(
                QUEUE, worker_concurrency=self._side_by_side, polling_interval_sec=0.25, on_conflict="always_update"
            )
        return self

    def __exit__(self, *_: object) -> None:
        noting, until = NOTING if self._under_way else 0, time.monotonic() + ENDING
        while self._under_way and time.monotonic() < until:
            time.sleep(0.05)
        self._dbos.DBOS.destroy(workflow_completion_timeout_sec=noting)

    def _workflow(self, batch: str, chunk: int, turn: int) -> None:
        self._under_way.add((batch, chunk, turn))
        try:
            seconds = self._dbos.DBOS.run_step({"name": "pass"}, self._look, batch, chunk)
            if seconds is not None:
                self._enqueue(batch, chunk, turn + 1, seconds)
        finally:
            self._under_way.discard((batch, chunk, turn))

    def _enqueue(self, batch: str, chunk: int, turn: int, seconds: float = 0.0) -> None:
        """Have a chunk passed over after so many seconds; `turn` counts its passes, and each is there once."""
        options: dict[str, Any] = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": _id(batch, chunk, turn),
            "app_version": f"arazzo-{VERSION}",
        }
        if seconds > 0:
            options["delay_seconds"] = seconds
        self._dbos.DBOS.enqueue_workflow_with_options(options, batch, chunk, turn)

    def enlist(self, batch: str, chunks: Iterable[int]) -> None:
        """Have each of these chunks passed over, unless it is going to be."""
        with self._told():
            live = {chunk for chunk, _ in self._passes(batch, LIVE)}
            missing = [chunk for chunk in chunks if chunk not in live]
            turns: dict[int, int] = {}
            for chunk, turn in self._passes(batch) if missing else ():
                turns[chunk] = max(turn, turns.get(chunk, -1))
            for chunk in missing:
                self._enqueue(batch, chunk, turns.get(chunk, -1) + 1)

    def take_over(self, dead: str) -> int:
        """Have what a dead worker was at begun again, by whoever comes first; give how much that is."""
        with self._told():
            found = self._dbos.DBOS.list_workflows(
                status="PENDING", executor_id=dead, load_input=False, load_output=False
            )
            if found:
                self._dbos.DBOS.resume_workflows([each.workflow_id for each in found], queue_name=QUEUE)
        return len(found)

    def _passes(self, batch: str, states: Sequence[str] | None = None) -> Iterator[tuple[int, int]]:
        """Give the passes over chunks of a batch, those in these states: each chunk with the number of the pass."""
        found = self._dbos.DBOS.list_workflows(
            workflow_id_prefix=f"{batch}/",
            status=list(states) if states else None,
            load_input=False,
            load_output=False,
        )
        for each in found:
            name, chunk, turn = each.workflow_id.rsplit("/", 2)
            if name == batch:  # a prefix is a pattern, in which '_' stands for anything
                yield int(chunk), int(turn)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in plain words what the database has against it; statements and their values are left out."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (SQLAlchemyError, self._dbos.DBOSException) as error:
            why = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
            raise StoreError(f"the queue in {shown(self._url)} cannot be used: {why}") from error


def _id(batch: str, chunk: int, turn: int) -> str:
    return f"{batch}/{chunk}/{turn}"


def _dbos() -> Any:
    try:
        import dbos
    except ImportError as error:
        raise UsageError("workers need what is not installed here", INSTALL) from error
    return dbos
