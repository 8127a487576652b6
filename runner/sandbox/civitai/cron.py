"""Turns the five fields of a cron line into the last time at which it was due, in UTC."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from runner.records import Frozen

# minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_PART = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?")
_FARTHEST = 8 * 366  # days: the 29th of February does not come more rarely


class Cron(Frozen):
    """When something is due. `days` and `weekdays` are both empty when every day will do."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def read(cls, text: str) -> Cron:
        """Read numbers, ranges, lists and steps; ValueError says what cannot be read."""
        fields = text.split()
        if len(fields) != len(_BOUNDS):
            raise ValueError("a cron line has five fields")
        minutes, hours, days, months, weekdays = (
            _numbers(field, low, high) for field, (low, high) in zip(fields, _BOUNDS, strict=True)
        )
        return cls(
            tuple(sorted(minutes, reverse=True)),
            tuple(sorted(hours, reverse=True)),
            frozenset() if fields[2] == "*" else days,
            months,
            frozenset() if fields[4] == "*" else frozenset(day % 7 for day in weekdays),
        )

    def last(self, now: float) -> float:
        """Give the last time that is not after `now`, in seconds since 1970; minus infinity where there is none."""
        limit = datetime.fromtimestamp(now, UTC)
        midnight = limit.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (midnight - timedelta(days=back) for back in range(_FARTHEST)):
            if self._holds(day):
                times = (day.replace(hour=hour, minute=minute) for hour in self.hours for minute in self.minutes)
                found = next((time for time in times if time <= limit), None)
                if found is not None:
                    return found.timestamp()
        return -math.inf

    def _holds(self, day: datetime) -> bool:
        """Where both kinds of day are restricted either will do, as crontab(5) has it."""
        if day.month not in self.months:
            return False
        return not (self.days or self.weekdays) or day.day in self.days or day.isoweekday() % 7 in self.weekdays


def _numbers(field: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"'{part}' is no cron field")
        first, last, step = match.groups()
        begin = low if first is None else int(first)
        end = high if first is None or (step and last is None) else int(last or first)
        if not low <= begin <= end <= high or step == "0" or step == "00":
            raise ValueError(f"'{part}' is not within {low} and {high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)
