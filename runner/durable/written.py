"""Turns requests and answers into the JSON that is sealed into a journal, and back."""

from __future__ import annotations

import sys
from typing import Any, cast

from runner.durable.seal import Seal
from runner.durable.store import KeptEffect
from runner.engine.events import Answered
from runner.engine.flow import Answer, Effect, Send, Wait, Waited, is_cancelled
from runner.exchange import Exchange, Request, TransportFailure
from runner.records import Frozen
from runner.reporters.codec import read_event, write_event
from runner.values import Json

_NO_REPLY = TransportFailure("unrecorded", "")


class Remembered(Frozen):
    """What an effect was answered, and when; `learned` are the secrets that were learned with it."""

    answer: Exchange | Waited
    at: float
    learned: frozenset[str] = frozenset()
    HIDDEN = ("learned",)


class AskedFor(Frozen):
    """What an effect asked for: a request, or a wait of some seconds that ends at `wake`, in seconds since 1970."""

    request: Request | None = None
    seconds: float = 0.0
    wake: float = 0.0


def place_of(unit: str, number: int, part: str) -> str:
    """Name the place that a part of an effect is sealed for."""
    return f"{unit}\n{number}\n{part}"


def seal_asked(seal: Seal, unit: str, number: int, effect: Effect, at: float) -> bytes:
    """Seal what an effect asks for."""
    written: dict[str, Json] = (
        {"seconds": effect.seconds, "wake": at + effect.seconds}
        if isinstance(effect, Wait)
        else {"exchange": _written(Exchange(effect.request, _NO_REPLY))}
    )
    return seal.close(place_of(unit, number, "asked"), written)


def open_asked(seal: Seal, row: KeptEffect) -> AskedFor:
    """Open what an effect asked for."""
    found = cast(dict[str, Any], seal.open(place_of(row.unit, row.number, "asked"), row.asked))
    if "exchange" in found:
        return AskedFor(_read(found["exchange"]).sent)
    return AskedFor(None, found["seconds"], found["wake"])


def seal_answer(seal: Seal, unit: str, number: int, remembered: Remembered) -> bytes:
    """Seal what an effect was answered."""
    answer = remembered.answer
    written: dict[str, Json] = {"at": remembered.at, "learned": [*sorted(remembered.learned)]}
    written |= {"took": answer.took} if isinstance(answer, Waited) else {"exchange": _written(answer)}
    return seal.close(place_of(unit, number, "answered"), written)


def open_answer(seal: Seal, row: KeptEffect) -> Remembered | None:
    """Open what an effect was answered; None where it never was."""
    if row.answered is None:
        return None
    found = cast(dict[str, Any], seal.open(place_of(row.unit, row.number, "answered"), row.answered))
    answer = _read(found["exchange"]) if "exchange" in found else Waited(found["took"])
    return Remembered(answer, found["at"], frozenset(found["learned"]))


def shown(effect: Effect) -> str:
    """Name an effect to people, by nothing that could hold a secret: where the run is, and the operation's template."""
    if isinstance(effect, Wait):
        return f"wait {effect.seconds:g} s"
    place = " > ".join(f"{frame.workflow_id} > {frame.step_id}" for frame in effect.trail[-1:])
    return f"{place}  {effect.operation.method} {effect.operation.path}"


def named(effect: Send) -> str:
    """Name a request in a sentence."""
    step = effect.trail[-1].step_id if effect.trail else ""
    return f"{effect.operation.method} {effect.operation.path} of step '{step}'"


def of_answer(answer: Answer) -> Exchange | Waited | None:
    """Give an answer that can be remembered: what was broken off is none."""
    return answer if isinstance(answer, Exchange | Waited) and not is_cancelled(answer) else None


def _written(exchange: Exchange) -> Json:
    return cast(Json, write_event(Answered((), exchange), sys.maxsize)["exchange"])


def _read(data: Json) -> Exchange:
    event = read_event({"event": "Answered", "trail": [], "exchange": data, "given": []})
    assert isinstance(event, Answered)
    return event.exchange
