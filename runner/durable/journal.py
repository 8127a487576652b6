"""Stands between one flow and the world: writes what is asked and answered, and answers from what was written before.

An effect is written before it is carried out, and its answer before the flow hears it. So after any end of the process
at most one effect, the last, is without an answer, and a resumed flow, which asks for the same again, is fed all the
others. One that was broken off by the user has none either; where a teardown came after it, the flow is told again that
it was broken off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Final, Literal, TypeAlias

from runner.cassette.compare import differences
from runner.cassette.leaving import hidden
from runner.durable.seal import Seal
from runner.durable.store import EffectKind, Effects, JournalError, KeptEffect, is_torn_down
from runner.durable.written import (
    AskedFor,
    Remembered,
    named,
    of_answer,
    open_answer,
    open_asked,
    seal_answer,
    seal_asked,
    shown,
)
from runner.engine.events import Entry, SecretsLearned
from runner.engine.flow import Answer, Cancelled, Effect, Send, Wait, Waited, is_cancelled
from runner.exchange import Exchange, Request, Response, TransportFailure
from runner.records import Frozen, replace
from runner.reporters.redact import Redactor
from runner.shell.clock import never
from runner.shell.cookies import CookieJar
from runner.shell.drive import Stopped, abandoned

SLICE: Final = 2.0
"""Seconds of a wait after which it is asked whether somebody wants the run to end."""
_MOST: Final = 3
_LOST: Final = TransportFailure(
    "closed", "the answer was lost with the process that waited for it; it may have arrived"
)
# RFC 9110, 9.2.2: "PUT, DELETE, and safe request methods are idempotent."
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

Lost: TypeAlias = Literal["refuse", "send", "fail"]
"""What becomes of a request whose answer was lost and that may not just be sent again: the run stops, it is sent all
the same, or the step is told that no answer came."""

Steps: TypeAlias = Generator[Effect, Answer, Answer]


class UnknownAnswerError(JournalError):
    """Nobody knows whether a request arrived, and it must not come twice."""


class Parked(Exception):  # noqa: N818 - not an error: the run goes on at `wake`, in seconds since 1970
    """A wait that is too long to hold a process for; everything up to it is kept."""

    def __init__(self, wake: float) -> None:
        super().__init__(f"waits until {wake}")
        self.wake = wake


class Unit(Frozen):
    """A part of a run that is one flow, and where it is kept; the caller holds the claim of the run.

    `option` is what a command needs to find the store.
    """

    store: Effects
    run_id: str
    name: str
    seal: Seal
    option: str = ""
    HIDDEN = ("seal",)


class Journal:
    """The journal of one unit of a run.

    `now` gives seconds since 1970. `lost` is for the one request whose answer was lost. A wait of more than
    `park_after` seconds raises Parked.
    """

    def __init__(
        self, unit: Unit, now: Callable[[], float], *, lost: Lost = "refuse", park_after: float | None = None
    ) -> None:
        store, run_id, seal = unit.store, unit.run_id, unit.seal
        self.jar = CookieJar()
        self._store, self._run_id, self._unit, self._seal = store, run_id, unit.name, seal
        self._option = unit.option
        self._now, self._lost, self._park_after = now, lost, park_after
        kept = list(store.effects(run_id, unit.name))
        while kept and kept[-1].kind == "cancel":  # nothing came of it
            store.drop(run_id, unit.name, kept.pop().number)
        self._rows = deque(kept)
        self._number = 0
        self._at = kept[0].at if kept else None
        self._pending: AskedFor | None = None
        self._learned: set[str] = set()
        self._known = set(seal.secrets.values())
        self._broken: JournalError | None = None
        self._stopped = False
        self.tell: Callable[[Entry], None] = _ignore
        self.wished: Callable[[], bool] = never

    @property
    def is_replaying(self) -> bool:
        """Whether the next effect is one that was asked for before."""
        return bool(self._rows)

    def now(self) -> float:
        """Give the time: as it was, for what is told again."""
        return self._now() if self._at is None else self._at

    def hear(self, entry: Entry) -> None:
        """Pass on what the driver tells, and note what has to be known again."""
        if isinstance(entry.event, SecretsLearned):
            self._learned |= entry.event.secrets
            self._known |= entry.event.secrets
        self.tell(entry)

    def cancelled(self) -> bool:
        """Say whether the flow is to end here, or ended here before; that it does is written like any effect.

        What was answered is told again first; a request whose answer was lost is not sent any more.
        """
        wished = self.wished()
        if self._rows and self._rows[0].kind == "cancel":
            self._number = self._rows.popleft().number
            self._stopped = True
        if self._stopped or len(self._rows) > 1 or (self._rows and self._rows[0].answered is not None):
            return self._stopped
        try:
            if wished or self._store.is_cancelling(self._run_id):
                self._stopped = True
                self._number = self._rows.popleft().number if self._rows else self._number
                self._write("cancel", "", b"")
        except JournalError as error:  # told where the next effect would be
            self._broken = error
        return self._stopped

    def is_torn_down(self) -> bool:
        """Say whether the user has ended the flow and its teardown was begun: then there is no way on."""
        return is_torn_down(self._store.effects(self._run_id, self._unit))

    @property
    def is_cancelled(self) -> bool:
        """Whether the flow was ended before an effect, or in a wait."""
        return self._stopped

    def around(self, effect: Effect, carry_out: Callable[[Effect], Answer]) -> Answer:
        """Answer an effect from what was kept, or carry it out and keep what comes of it."""
        steps, answer = self._steps(effect), None
        while True:
            try:
                wanted = steps.send(answer)
            except StopIteration as stop:
                return _value(stop)
            answer = carry_out(wanted)

    async def aaround(self, effect: Effect, carry_out: Callable[[Effect], Awaitable[Answer]]) -> Answer:
        """`around`, awaited; what is written holds the loop up for as long as the disk takes."""
        steps, answer = self._steps(effect), None
        while True:
            try:
                wanted = steps.send(answer)
            except StopIteration as stop:
                return _value(stop)
            answer = await carry_out(wanted)

    def _steps(self, effect: Effect) -> Steps:
        answer: Answer = None
        try:
            if self._broken is not None:
                raise self._broken
            if self._rows:
                recalled = self._recalled(effect)
                if recalled is not None:
                    return recalled
            else:
                self._ask(effect)
            self._at = None
            answer = (yield from self._wait(effect)) if isinstance(effect, Wait) else (yield effect)
            self._keep(answer)
        except UnknownAnswerError as error:
            assert isinstance(effect, Send)
            raise Stopped(error, Exchange(effect.request, _LOST)) from error  # reports say that it may have arrived
        except JournalError as error:
            raise Stopped(self._with_what_was_sent(error, effect, answer), answer) from error
        return answer

    def _recalled(self, effect: Effect) -> Answer:
        """Give what an effect was answered; None where it is to be carried out."""
        row = self._rows.popleft()
        self._number = row.number
        asked = open_asked(self._seal, row)
        self._hold(effect, asked)
        found = open_answer(self._seal, row)
        if found is not None:
            self._relearn(found)
            return found.answer
        if self._rows:
            return abandoned(effect)
        self._pending = asked
        return self._decided(effect) if isinstance(effect, Send) else None

    def _decided(self, effect: Send) -> Answer:
        """Decide about a request whose answer was lost: None where it is sent again."""
        if effect.operation.method.upper() in IDEMPOTENT or effect.has_key or self._lost == "send":
            return None
        if self._lost == "fail":
            answer = Exchange(effect.request, _LOST)
            self._at = None
            self._keep(answer)
            return answer
        message = (
            f"{named(effect)} was sent, or was about to be, when the run broke off: nobody knows whether it arrived"
        )
        hint = (
            f"find out, then: arazzo resume {self._run_id}{self._option} --send-again if it did not,"
            f" or --take-as-failed to let the step fail as if no answer had come;"
            " an x-idempotency-key on the step makes it safe to send again"
        )
        raise UnknownAnswerError(message, hint)

    def _relearn(self, found: Remembered) -> None:
        """Bring the run to know what it knew after an answer."""
        self._at = found.at
        if found.learned:
            self._known |= found.learned
            self.tell(Entry(found.at, SecretsLearned(found.learned)))
        if isinstance(found.answer, Exchange):
            for hop in found.answer.hops:
                self.jar.store(hop.sent.url, hop.response.headers, found.at)
            if isinstance(found.answer.reply, Response):
                self.jar.store(found.answer.sent.url, found.answer.reply.headers, found.at)

    def _ask(self, effect: Effect) -> None:
        at = self._now()
        number = self._number + 1
        asked = seal_asked(self._seal, self._unit, number, effect, at)
        self._write("wait" if isinstance(effect, Wait) else "send", shown(effect), asked)
        self._pending = AskedFor(None, effect.seconds, at + effect.seconds) if isinstance(effect, Wait) else None

    def _write(self, kind: EffectKind, told: str, asked: bytes) -> None:
        self._store.ask(self._run_id, KeptEffect(self._unit, self._number + 1, kind, told, self._now(), asked))
        self._number += 1

    def _wait(self, effect: Wait) -> Steps:
        """Wait until the wake-up time, in slices; what was waited before the process ended is not waited again."""
        asked = self._pending
        assert asked is not None
        left = min(max(asked.wake - self._now(), 0.0), effect.seconds)  # a clock that was set back holds nothing up
        before, waited = effect.seconds - left, 0.0
        if left > SLICE:
            self._store.change(self._run_id, "waiting", self._now(), asked.wake)
        if self._park_after is not None and left > self._park_after:
            raise Parked(asked.wake)
        while waited < left:
            answer = yield replace(effect, seconds=min(left - waited, SLICE))
            if not isinstance(answer, Waited):
                return answer
            waited += answer.took
            if waited < left and (self.wished() or self._store.is_cancelling(self._run_id)):
                self._stopped = True  # its row has no answer, which says so
                return Cancelled()
        if left > SLICE:
            self._store.change(self._run_id, "running", self._now())
        return Waited(before + waited)

    def _keep(self, answer: Answer) -> None:
        remembered = of_answer(answer)
        if remembered is not None:
            kept = Remembered(remembered, self._now(), frozenset(self._learned))
            self._store.answer(
                self._run_id, self._unit, self._number, seal_answer(self._seal, self._unit, self._number, kept)
            )
        self._learned.clear()

    def _hold(self, effect: Effect, asked: AskedFor) -> None:
        """Refuse an effect that is not the one that was kept."""
        if isinstance(effect, Wait):
            if asked.request is not None or abs(asked.seconds - effect.seconds) > 0.001:
                raise JournalError(
                    "the run goes another way than before: it waits where it did not, or for another time"
                )
        elif asked.request is None:
            raise JournalError(f"the run goes another way than before: it sends {named(effect)} where it waited")
        elif asked.request != effect.request:
            told = "; ".join(self._differences(asked.request, effect.request)) or "in what is secret"
            raise JournalError(f"{named(effect)} is not the request that was sent before: {told}")

    def _differences(self, before: Request, after: Request) -> Sequence[str]:
        redactor = Redactor(self._known)
        found = differences(hidden(before, redactor), hidden(after, redactor))
        return [*map(str, found[:_MOST]), *([f"and {len(found) - _MOST} more"] if len(found) > _MOST else [])]

    def _with_what_was_sent(self, error: JournalError, effect: Effect, answer: Answer) -> JournalError:
        """Say what the journal does not know any more."""
        if not isinstance(answer, Exchange) or is_cancelled(answer):
            return error
        assert isinstance(effect, Send)
        came = f"answered {answer.reply.status}" if isinstance(answer.reply, Response) else "not answered"
        return JournalError(
            f"{error.message}; {named(effect)} was sent and {came}, and the journal does not have that", error.hint
        )


def _ignore(_entry: Entry) -> None:
    """Tell nobody."""


def _value(stop: StopIteration) -> Answer:
    answer: Answer = stop.value
    return answer
