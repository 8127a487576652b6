"""The entry document and all its sources, as written, with positions: what the loader gives and the compiler reads."""

from __future__ import annotations

from collections.abc import Mapping

from runner.arazzo.document import Document
from runner.asyncapi.document import AsyncApiDescription
from runner.openapi.document import ApiDescription
from runner.records import Frozen, field
from runner.source import SourceMap


class ArazzoDescription(Frozen, eq=False):
    """One Arazzo document: where it was read, its base URI, and the URI that each of its sources was read from."""

    uri: str
    base_uri: str
    document: Document
    places: SourceMap
    sources: Mapping[str, str] = field(default_factory=dict)


class Description(Frozen, eq=False, weakref=True):
    """An Arazzo Description: documents by URI. A source that could not be read is in none of them."""

    entry: str
    arazzo: Mapping[str, ArazzoDescription]
    apis: Mapping[str, ApiDescription]
    asyncapi: Mapping[str, AsyncApiDescription] = field(default_factory=dict)

    @property
    def main(self) -> ArazzoDescription:
        return self.arazzo[self.entry]
