"""Turns a place in a document into the same place in the document without secrets, which a diagnostic may quote."""

from __future__ import annotations

from runner.records import replace
from runner.reporters.secret_places import SPAN_FILL
from runner.reporters.secret_values import SecretValues
from runner.source import Source, Span


class MaskedDocuments:
    """Documents as they may be shown. A mask is as long as its secret, so that positions hold."""

    def __init__(self) -> None:
        self._known: dict[Source, tuple[int, Source]] = {}

    def masked(self, span: Span, secrets: SecretValues) -> Span:
        """Give the same place; a document is masked again where more secrets are known than the last time."""
        known, document = self._known.get(span.source, (0, span.source))
        if known != len(secrets.known):
            text = secrets.mask(span.source.text, by=lambda found: SPAN_FILL.sub("*", found[0]))
            document = span.source if text == span.source.text else replace(span.source, text=text)
            self._known[span.source] = (len(secrets.known), document)
        return span if document is span.source else replace(span, source=document)
