"""Turns the query and the path of a URL into checked values; what does not fit is refused by 400."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlencode

from runner.records import Frozen
from runner.sandbox.civitai.replies import Refusal

MAX_ID = 2**31 - 1
"""Ids are positive 32-bit integers."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def whole(text: str, name: str, low: int, high: int) -> int:
    """Read a whole number between two bounds."""
    if _WHOLE.fullmatch(text) is None or not low <= int(text) <= high:
        raise Refusal(400, f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


def _word(text: str, name: str, words: Sequence[str]) -> str:
    if text not in words:
        raise Refusal(400, f"{name} must be one of {', '.join(words)}, not {text!r}")
    return text


class Query(Frozen):
    """The query of a URL as pairs, in order. Names that no method asks for are ignored."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Query:
        return cls(tuple(parse_qsl(text, keep_blank_values=True)))

    def text(self, name: str) -> str | None:
        """Give a value that may stand once."""
        values = [value for key, value in self.pairs if key == name]
        if len(values) > 1:
            raise Refusal(400, f"{name} is given {len(values)} times")
        return values[0] if values else None

    def required(self, name: str) -> str:
        """Give a value that must stand once."""
        value = self.text(name)
        if value is None:
            raise Refusal(400, f"{name} is required")
        return value

    def whole(self, name: str, low: int, high: int, default: int) -> int:
        value = self.text(name)
        return default if value is None else whole(value, name, low, high)

    def identity(self, name: str) -> int | None:
        """Give an id that may stand once."""
        value = self.text(name)
        return None if value is None else whole(value, name, 1, MAX_ID)

    def word(self, name: str, words: Sequence[str]) -> str | None:
        value = self.text(name)
        return None if value is None else _word(value, name, words)

    def flag(self, name: str) -> bool | None:
        value = self.word(name, ("true", "false"))
        return None if value is None else value == "true"

    def several(self, name: str, words: Sequence[str] = ()) -> tuple[str, ...]:
        """Give a list that is written `name=a&name=b` or `name=a,b`; with `words`, of nothing but those."""
        values = tuple(part for key, value in self.pairs if key == name for part in value.split(",") if part)
        return tuple(_word(value, name, words) for value in values) if words else values

    def with_value(self, name: str, value: str) -> str:
        """Write the query again with one value exchanged or added."""
        others = [pair for pair in self.pairs if pair[0] != name]
        return urlencode([*others, (name, value)], quote_via=quote)
