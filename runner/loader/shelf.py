"""Turns what was read for one document into what others find ready: texts, API descriptions, and what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.diagnostics import Diagnostic
from runner.errors import FetchError
from runner.exchange import Fetch, Fetched
from runner.openapi.document import ApiDescription
from runner.records import Frozen, field
from runner.source import Source

if TYPE_CHECKING:
    from runner.loader.text import Document


class Shelf(Frozen):
    """What was read of sources, for every document that names them: one reading serves them all.

    `sources` and `recalled` are texts and descriptions of documents that had been kept. `parts` are the shelves of
    those documents that may have files read in the same folders.
    """

    texts: dict[str, Document] = field(default_factory=dict)
    apis: dict[str, tuple[ApiDescription, tuple[Diagnostic, ...]]] = field(default_factory=dict)
    failures: dict[str, FetchError] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    recalled: dict[str, ApiDescription] = field(default_factory=dict)
    parts: dict[tuple[object, ...], Shelf] = field(default_factory=dict)

    def among(self, folders: tuple[object, ...]) -> Shelf:
        """Give the shelf of the documents that may have files read in these folders: what one may, another may not."""
        return self.parts.setdefault(folders, Shelf())

    def once(self, fetch: Fetch) -> Fetch:
        """Look once for what cannot be fetched."""

        def fetch_or_recall(uri: str) -> Fetched:
            failure = self.failures.get(uri)
            if failure is None:
                try:
                    return fetch(uri)
                except FetchError as error:
                    if error.is_forbidden:
                        raise  # to this document; another may read it
                    failure = self.failures[uri] = error
            raise FetchError(failure.uri, failure.reason, failure.remote, failure.fix)

        return fetch_or_recall
