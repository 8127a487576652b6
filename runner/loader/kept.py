"""Turns what was found out about a big document into bytes to keep, and those bytes into what was found out.

Kept are its value, the problems its parser found, and the documents it refers to, by the hash of its text. Where its
parts stand is not: nearly always nobody asks, and where somebody does the text is parsed after all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final, TypeVar

from runner.diagnostics import Diagnostic, Fix, Label
from runner.exchange import Cache
from runner.loader.parsed import without_collecting
from runner.loader.text import Document, is_meant_as_json, read_text
from runner.loader.yaml import align
from runner.openapi.survey import external_references, written_references
from runner.source import Source, SourceMap, Span
from runner.values import Json
from runner.version import __version__

T = TypeVar("T")

FORMAT: Final = 1
"""To be raised when an entry is written otherwise, or when the same text gives another value or other problems."""

LEAST: Final = 64 * 1024
"""Characters of text below which finding out takes no longer than looking for an entry."""

# Characters of a value that is written out without aliases: a small text can stand for a huge one.
_LARGEST: Final = 64 * 1024 * 1024


def read_kept(source: Source, cache: Cache | None) -> Document:
    """Do what `read_text` does, once for each text. JSON is always parsed: no entry would be read sooner."""
    if cache is None or len(source.text) < LEAST or is_meant_as_json(source):
        return read_text(source)
    key = _key("document", source.digest)
    return _once(cache, key, lambda: read_text(source), _entry, lambda entry: _document(source, entry))


def kept_references(document: Document, uri: str, cache: Cache | None) -> frozenset[str]:
    """Do what `external_references` does, its walk over the document once for each text."""
    if cache is None or len(document.source.text) < LEAST:
        return external_references(document.value, uri)
    key = _key("references", document.source.digest)
    written: list[str] = _once(cache, key, lambda: list(written_references(document.value)), list, _texts)
    return external_references(document.value, uri, written)


def _texts(entry: list[object]) -> list[str]:
    return [str(each) for each in entry]


def _key(*facts: str) -> str:
    return sha256(json.dumps([FORMAT, __version__, *facts]).encode()).hexdigest()


def _once(cache: Cache, key: str, find: Callable[[], T], write: Callable[[T], Json], read: Callable[[Any], T]) -> T:
    """Give what is kept, or find it out and keep it; `write` gives null for what is not to be kept."""
    content = cache.get(key)
    if content is not None:
        try:
            with without_collecting():
                return read(json.loads(content))
        except (ValueError, LookupError, TypeError, RecursionError):
            pass  # it is ours, but not what we would have put there: this is made good below
    found = find()
    try:
        entry = write(found)
        if entry is not None:
            cache.put(key, json.dumps(entry, separators=(",", ":")).encode())
    except (ValueError, RecursionError):
        pass  # what JSON cannot be written for is found out each time
    return found


def _entry(document: Document) -> Json:
    if document.value is None or (document.shares and _is_larger(document.value, _LARGEST)):
        return None
    return {"value": document.value, "problems": [_written(problem) for problem in document.problems]}


def _is_larger(value: Json, size: int) -> bool:
    """Say whether a value is written with more than `size` characters, every alias in it written out."""
    pending: list[Json] = [value]
    while pending and size >= 0:
        each = pending.pop()
        if isinstance(each, dict):
            pending += each.values()
            size -= sum(map(len, each))
        elif isinstance(each, list):
            pending += each
        size -= len(each) if isinstance(each, str) else 2
    return size < 0


def _document(source: Source, entry: Any) -> Document:
    places = SourceMap(source, lambda: read_text(source).places.build(), align)
    return Document(source, entry["value"], places, tuple(_problem(source, *each) for each in entry["problems"]))


def _written(problem: Diagnostic) -> Json:
    """Write a problem that a parser found: all its places are in the same text, and it makes no edits."""
    return [
        problem.rule,
        problem.severity,
        problem.message,
        [problem.span.start, problem.span.end],
        problem.label,
        [[label.span.start, label.span.end, label.text] for label in problem.related],
        list(problem.notes),
        problem.fix.title if problem.fix else None,
    ]


def _problem(source: Source, *written: Any) -> Diagnostic:
    rule, severity, message, at, label, related, notes, fix = written
    labels = tuple(Label(Span(source, start, end), text) for start, end, text in related)
    made = Fix(fix) if fix is not None else None
    return Diagnostic(rule, severity, message, Span(source, *at), label, labels, tuple(notes), made)
