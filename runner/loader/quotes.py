"""Finds the quotes in a YAML text that close what nothing opens: they are a part of the value, unseen."""

from __future__ import annotations

from collections.abc import Iterator

from runner.diagnostics import Diagnostic, Fix
from runner.loader.faults import stray_quote
from runner.source import Place, SourceMap, Span


def stray_quotes(places: SourceMap) -> Iterator[Diagnostic]:
    """Say which values without quotes of their own end in one."""
    text = places.source.text
    if all(line.count("'") % 2 == line.count('"') % 2 == 0 for line in text.split("\n")):
        return  # which is so in nearly every document, and needs no positions
    for start, end in _scalars(places.root):
        raw = text[start:end]
        sign = raw[-1:]
        if sign in ("'", '"') and raw[0] not in "'\"|>{[" and raw.count(sign) % 2:
            span = Span(places.source, end - 1, end)
            yield stray_quote(sign, span, Fix("take it away, or put one at the beginning too"))


def _scalars(place: Place) -> Iterator[tuple[int, int]]:
    if place.members is not None:
        for member in place.members.values():
            yield from _scalars(member.value)
    elif place.items is not None:
        for item in place.items:
            yield from _scalars(item)
    else:
        yield place.start, place.end
