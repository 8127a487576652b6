"""Turns the name of a format into texts that have it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from runner.sandbox.generic.dice import Dice

_WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper", "kestrel"),
    *("lantern", "meadow", "north", "opal", "prairie", "quartz", "river", "summit", "timber", "umber", "violet"),
    *("willow", "yarrow", "zephyr", "acorn", "beacon", "coral", "dune", "elm", "fern", "garnet"),
)


def word(dice: Dice) -> str:
    """Give one word, of lower-case letters."""
    return dice.pick(_WORDS)


def plain_text(dice: Dice, least: int, most: int | None) -> str:
    """Give two words, and as many more as it takes, cut where it is too long."""
    text = f"{word(dice.at(0))} {word(dice.at(1))}"
    if len(text) < least:
        words = (word(dice.at(place)) for place in range(2, 2 + min(least, 20_000)))
        text = " ".join([text, *words])[:least]
        text = text.ljust(least, "x")
    return text if most is None else _cut(text, most)


def _cut(text: str, most: int) -> str:
    cut = text[:most]
    return f"{cut[:-1]}x" if cut.endswith(" ") else cut


def _moment(dice: Dice) -> datetime:
    """Give a time in the years from 2020 to 2025, in whole seconds."""
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.below(6 * 365 * 86_400))


def _date_time(dice: Dice) -> str:
    return f"{_moment(dice):%Y-%m-%dT%H:%M:%SZ}"


def _hex(dice: Dice, length: int) -> str:
    return dice.seed.hex()[:length]


def _uuid(dice: Dice) -> str:
    """Give a UUID of version 4 (RFC 9562, section 5.4)."""
    text = _hex(dice, 32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[dice.below(4)]}{text[17:20]}-{text[20:]}"


def _base64(dice: Dice) -> str:
    return base64.b64encode(f"{word(dice.at(0))} {word(dice.at(1))}".encode()).decode("ascii")


def _ipv6(dice: Dice) -> str:
    return f"2001:db8::{dice.between(1, 0xFFFF):x}:{dice.at(1).between(1, 0xFFFF):x}"  # RFC 3849: for documentation


# RFC 2606: nothing that is written here leads anywhere.
_FORMATS: Mapping[str, Callable[[Dice], str]] = MappingProxyType(
    {
        "byte": _base64,
        "date": lambda dice: f"{_moment(dice):%Y-%m-%d}",
        "date-time": _date_time,
        "duration": lambda dice: f"P{dice.between(1, 28)}D",
        "email": lambda dice: f"{word(dice)}.{dice.at(1).between(1, 99)}@example.com",
        "hostname": lambda dice: f"{word(dice)}.example.com",
        "idn-email": lambda dice: f"{word(dice)}.{dice.at(1).between(1, 99)}@example.com",
        "idn-hostname": lambda dice: f"{word(dice)}.example.com",
        "ipv4": lambda dice: f"192.0.2.{dice.between(1, 254)}",  # RFC 5737: for documentation
        "ipv6": _ipv6,
        "iri": lambda dice: f"https://example.com/{word(dice)}/{_hex(dice, 6)}",
        "iri-reference": lambda dice: f"/{word(dice)}/{_hex(dice, 6)}",
        "json-pointer": lambda dice: f"/{word(dice)}/{dice.at(1).below(10)}",
        "regex": lambda dice: f"^{word(dice)}[0-9]+$",
        "relative-json-pointer": lambda dice: f"{dice.below(3)}/{word(dice)}",
        "time": lambda dice: f"{_moment(dice):%H:%M:%SZ}",
        "uri": lambda dice: f"https://example.com/{word(dice)}/{_hex(dice, 6)}",
        "uri-reference": lambda dice: f"/{word(dice)}/{_hex(dice, 6)}",
        "uri-template": lambda dice: f"https://example.com/{word(dice)}/{{id}}",
        "url": lambda dice: f"https://example.com/{word(dice)}/{_hex(dice, 6)}",
        "uuid": _uuid,
    }
)
_SHORT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "byte": ("YQ==", ""),
        "duration": ("P1D",),
        "email": ("a@b.co", "a@b"),
        "hostname": ("b.co", "b"),
        "idn-email": ("a@b.co",),
        "idn-hostname": ("b.co", "b"),
        "ipv6": ("::1", "::"),
        "iri": ("a:b",),
        "iri-reference": ("a", ""),
        "json-pointer": ("/a", ""),
        "regex": ("a", ""),
        "relative-json-pointer": ("0",),
        "uri": ("https://b.co", "a:b"),
        "uri-reference": ("a", ""),
        "uri-template": ("a", ""),
    }
)
_LONG = ("email", "idn-email", "iri", "iri-reference", "json-pointer", "uri", "uri-reference", "uri-template", "url")


def format_texts(name: str, least: int, dice: Dice) -> Iterator[str]:
    """Offer texts of a format, some of them shorter or longer than usual; none of a format that is not known."""
    make = _FORMATS.get(name)
    if make is None:
        return
    first = make(dice)
    yield first
    if name == "date-time":
        yield f"{first[:-1]}.{dice.below(1000):03}Z"
    if name in _LONG and len(first) < least:
        filling = "x" * (least - len(first))
        yield first.replace("@", f"{filling}@") if "@" in first else first + filling
    if name == "byte" and len(first) < least:
        yield base64.b64encode(plain_text(dice, least, None).encode()[: -(-least // 4) * 3]).decode("ascii")
    yield from _SHORT.get(name, ())
    yield from (make(dice.at(attempt)) for attempt in range(40))


def is_known(name: object) -> bool:
    """Say whether texts of a format can be offered."""
    return name in _FORMATS
