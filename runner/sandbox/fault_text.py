"""Turns a text such as `status=503,rate=0.2,seed=1` into a fault, or says what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeAlias

from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.records import replace
from runner.sandbox.faults import Fault

FORM = "status=503 | drop | latency=S | job=fail, then rate=, seed=, times=, path=, operation=, retry-after="
_JOB = re.compile(r"fail(:[a-z_]{1,40})?|expire|stall|empty|slow:[0-9]{1,9}(\.[0-9]{1,9})?")
_DAY = 86_400

_Set: TypeAlias = Callable[[Fault, str], Fault | None]
"""Set what a value says; None where it is not of the form."""


def _number(text: str, high: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= high else None


def _whole(text: str, low: int, high: int) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) and low <= int(text) <= high else None


def _status(fault: Fault, text: str) -> Fault | None:
    status = _whole(text, 400, 599)
    return None if status is None else replace(fault, status=status)


def _latency(fault: Fault, text: str) -> Fault | None:
    seconds = _number(text, _DAY)
    return None if seconds is None else replace(fault, latency=seconds)


def _rate(fault: Fault, text: str) -> Fault | None:
    rate = _number(text, 1)
    return None if rate is None else replace(fault, rate=rate)


def _times(fault: Fault, text: str) -> Fault | None:
    times = _whole(text, 1, 10**9)
    return None if times is None else replace(fault, times=times)


def _retry_after(fault: Fault, text: str) -> Fault | None:
    seconds = _whole(text, 0, _DAY)
    return None if seconds is None else replace(fault, retry_after=seconds)


_KEYS: dict[str, tuple[_Set, str]] = {
    "status": (_status, "a status from 400 to 599"),
    "drop": (lambda fault, text: None if text else replace(fault, drop=True), "given without a value"),
    "latency": (_latency, f"a number of seconds up to {_DAY}"),
    "job": (
        lambda fault, text: replace(fault, job=text) if _JOB.fullmatch(text) else None,
        "one of fail, fail:REASON, expire, stall, empty, slow:SECONDS",
    ),
    "rate": (_rate, "a number from 0 to 1"),
    "seed": (lambda fault, text: replace(fault, seed=text) if text else None, "a text"),
    "times": (_times, "a whole number above 0"),
    "path": (
        lambda fault, text: replace(fault, path=text) if text.startswith(("/", "*")) else None,
        "a pattern such as /v2/*/workflows",
    ),
    "operation": (lambda fault, text: replace(fault, operation=text) if text else None, "an operationId"),
    "retry-after": (_retry_after, f"a whole number of seconds up to {_DAY}"),
}


def read_fault(text: str) -> Fault:
    """Read a fault; UsageError says which part of it is wrong."""
    fault, seen = Fault(), set()
    for part in text.split(","):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if key not in _KEYS:
            meant = did_you_mean(key, _KEYS)
            raise _refused(text, f"there is no '{key}'", meant.title if meant else f"a fault is {FORM}")
        if key in seen:
            raise _refused(text, f"'{key}' is given twice")
        seen.add(key)
        put, form = _KEYS[key]
        changed = put(fault, value)
        if changed is None:
            raise _refused(text, f"'{key}' is {form}")
        fault = changed
    return _sensible(text, fault)


def _sensible(text: str, fault: Fault) -> Fault:
    """Refuse what cannot happen."""
    if fault.status is None and not fault.drop and not fault.latency and fault.job is None:
        raise _refused(text, "nothing goes wrong", f"a fault is {FORM}")
    if fault.status is not None and fault.drop:
        raise _refused(text, "a connection that is dropped has no status")
    if fault.retry_after is not None and fault.status is None:
        raise _refused(text, "'retry-after' is a header field of an answer: give a status too")
    if fault.job and (fault.status or fault.drop or fault.latency or fault.path or fault.operation):
        raise _refused(text, "a job goes wrong later than its request", "give two faults")
    return fault


def _refused(text: str, why: str, hint: str = "") -> UsageError:
    return UsageError(f"the fault '{text}': {why}", hint)
