from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.diagnostics import Diagnostic
from runner.openapi.document import ApiDescription
from runner.openapi.read import read_openapi
from runner.openapi.references import Documents
from runner.source import Member, Place, Source, SourceMap
from runner.values import Json, join_pointer

Read = Callable[..., tuple[ApiDescription, tuple[Diagnostic, ...]]]


def places_of(value: Json, uri: str) -> SourceMap:
    """A map of a source in which the text of each value, and of its key, is its own JSON Pointer."""
    lines: list[str] = []

    def place(item: Json, pointer: str) -> Place:
        start = sum(len(line) + 1 for line in lines)
        lines.append(pointer)
        end = start + len(pointer)
        if isinstance(item, dict):
            places = {k: place(v, join_pointer(pointer, k)) for k, v in item.items()}
            return Place(start, end, {k: Member(each.start, each.end, each) for k, each in places.items()})
        if isinstance(item, list):
            return Place(start, end, None, [place(v, join_pointer(pointer, i)) for i, v in enumerate(item)])
        return Place(start, end)

    root = place(value, "")
    return SourceMap(Source(uri, "api.yaml", "\n".join(lines)), lambda: root, lambda _, offset: offset)


@pytest.fixture
def read() -> Read:
    """Read a description; the text under a diagnostic is the pointer it points at."""

    def reading(
        value: Json, uri: str = "https://api.test/v1/openapi.json", documents: dict[str, Json] | None = None
    ) -> tuple[ApiDescription, tuple[Diagnostic, ...]]:
        return read_openapi(value, uri, places_of(value, uri), Documents(documents or {}))

    return reading
