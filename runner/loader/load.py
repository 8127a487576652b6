"""Read an entry document and everything it names: URIs become a Description, and what is wrong with it.

Every document is parsed whole before anything is resolved (Parsing Documents). Texts come through the `fetch` given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from runner.arazzo.dialect import Of
from runner.arazzo.document import SourceDescription
from runner.arazzo.read import read_document
from runner.asyncapi.document import AsyncApiDescription, read_asyncapi
from runner.description import ArazzoDescription, Description
from runner.diagnostics import Diagnostic, Fix, in_order
from runner.errors import FetchError
from runner.exchange import Fetch, Fetched
from runner.loader.conform import conforms
from runner.loader.kept import kept_references, read_kept
from runner.loader.mend import mend_structure
from runner.loader.parsed import without_collecting
from runner.loader.places import LoadOptions, candidates, elsewhere
from runner.loader.quotes import stray_quotes
from runner.loader.repairs import STRUCTURE
from runner.loader.repairs.pages import file_behind, page_as_source
from runner.loader.shape import check_kind, check_shape, find_dialect, with_effect
from runner.loader.shelf import Shelf
from runner.loader.text import Document as Text
from runner.openapi.document import ApiDescription
from runner.openapi.read import read_openapi
from runner.openapi.references import Documents
from runner.openapi.survey import base_uri
from runner.records import Mutable, field, replace
from runner.source import Source, SourceMap, Span
from runner.uri import is_http, is_uri_reference, resolve_uri, split_uri, without_fragment
from runner.values import Json

# What leaves a document without a value; anything else a reader notices in an API description is a warning there.
UNREADABLE = frozenset(
    {
        "yaml-syntax",
        "json-syntax",
        "yaml-documents",
        "empty-document",
        "html-page",
        "yaml-aliases",
        "document-size",
        "document-depth",
    }
)


FARTHEST = 100
"""Documents that may lead from the entry document to another, each by naming the next."""


class Loaded(NamedTuple):
    """What was read. `description` is None where the entry document itself is no Arazzo document.

    `sources` are the texts that it was read from, None where something was looked for in vain: it may be there another
    time.
    """

    description: Description | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...] | None = None


def load(uri: str, fetch: Fetch, options: LoadOptions | None = None, shelf: Shelf | None = None) -> Loaded:
    """Load an entry document with all its sources; raise FetchError where the entry itself cannot be read."""
    shelf = shelf or Shelf()
    with without_collecting():
        loaded = _Loading(shelf.once(fetch), options or LoadOptions(), shelf, shelf.texts).run(uri)
    shelf.texts.pop(uri, None)  # a document that is checked once is not kept; where it is a source too it is read again
    return loaded


class LoadedApi(NamedTuple):
    """An API description that was read by itself. `api` is None where there is none that could be used."""

    api: ApiDescription | None
    diagnostics: tuple[Diagnostic, ...]


def load_api(uri: str, fetch: Fetch, options: LoadOptions | None = None) -> LoadedApi:
    """Load an OpenAPI description and all that it refers to; raise FetchError where itself it cannot be read."""
    with without_collecting():
        return _Loading(fetch, options or LoadOptions()).run_api(uri)


class _Loading(Mutable):
    """The documents met so far."""

    fetch: Fetch
    options: LoadOptions
    shelf: Shelf = field(default_factory=Shelf)
    texts: dict[str, Text] = field(default_factory=dict)
    arazzo: dict[str, ArazzoDescription] = field(default_factory=dict)
    apis: dict[str, ApiDescription] = field(default_factory=dict)
    asyncapi: dict[str, AsyncApiDescription] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    pending: list[_Pending] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    has_failed: bool = False

    def run(self, uri: str) -> Loaded:
        entry = self.read(self.fetch(uri))
        self.sources[entry.source.uri] = entry.source
        self.problems.extend(entry.problems)
        self.add_arazzo(entry)
        while self.pending:
            self.pending.sort(key=lambda each: each.is_absolute)  # identities are known once the rest has been read
            self.follow(self.pending.pop(0))
        if entry.source.uri not in self.arazzo:
            return Loaded(None, in_order(self.problems), self.read_from)
        description = Description(entry.source.uri, self.arazzo, self.apis, self.asyncapi)
        return Loaded(description, in_order(self.problems), self.read_from)

    @property
    def read_from(self) -> tuple[Source, ...] | None:
        return None if self.has_failed else tuple(self.sources.values())

    def run_api(self, uri: str) -> LoadedApi:
        text = self.read(self.fetch(uri))
        kind = kind_of(text.value)
        if any(problem.rule in UNREADABLE for problem in text.problems):
            return LoadedApi(None, text.problems)
        if kind != "openapi":
            return LoadedApi(None, (_no_api(text, kind),))
        self.problems.extend(replace(problem, severity="warning") for problem in text.problems)
        self.add_api(kind, text)
        return LoadedApi(self.apis.get(text.source.uri), in_order(self.problems))

    def read(self, fetched: Fetched) -> Text:
        known = self.texts.get(fetched.uri)
        if known is None:
            source = Source(fetched.uri, self.options.name(fetched.uri), fetched.text)
            known = read_kept(source, self.options.cache)
            self.texts[fetched.uri] = known
        return known

    def add_arazzo(self, text: Text, away: int = 0) -> None:
        if any(problem.rule in UNREADABLE for problem in text.problems):
            return
        dialect = find_dialect(text.value, text.places)
        if isinstance(dialect, Diagnostic):
            self.problems.append(dialect)
            return
        root, places = text.value, text.places
        if not conforms(root, Of("document"), dialect):
            root, places, repaired = mend_structure(STRUCTURE, root, places, dialect)
            self.problems.extend(with_effect((*repaired, *check_shape(root, places, dialect)), root, places))
        self.problems.extend(stray_quotes(text.places))
        document = read_document(root, dialect)
        base = resolve_uri(text.source.uri, without_fragment(document.self_uri or ""))
        sources: dict[str, str] = {}
        arazzo = ArazzoDescription(text.source.uri, base, document, places, sources)
        self.arazzo[text.source.uri] = arazzo
        if document.self_uri:
            self.identities[base] = text.source.uri
            if "#" in document.self_uri:
                self.problems.append(_fragment_in_self(document.self_uri, text.places))
            if not is_uri_reference(document.self_uri):
                self.problems.append(_not_a_uri(document.self_uri, text.places.value("/$self")))
        self.pending.extend(_Pending(source, arazzo, sources, away + 1) for source in document.source_descriptions)

    def follow(self, pending: _Pending) -> None:
        """Find a source, and take in what it is."""
        source, arazzo, sources, away = pending
        if not source.url and source.name not in self.options.sources:
            return  # diagnosed by its shape
        strict = arazzo.document.dialect.strict and source.name not in self.options.sources
        if strict and not is_uri_reference(source.url):
            self.problems.append(_not_a_uri(source.url, arazzo.places.value(f"{source.pointer}/url")))
            return
        if away > FARTHEST:
            self.problems.append(_not_read(source, _too_far(source.url), arazzo.places))
            return
        found = self.find_source(source, arazzo)
        if found is not None:
            self.sources[found.source.uri] = found.source
        if found is not None and source.name:
            sources[source.name] = found.source.uri
            self.add_source(source, found, arazzo, away)

    def find_source(self, source: SourceDescription, arazzo: ArazzoDescription) -> Text | None:
        """Read a source where it is said to be, else from the other places that the options allow."""
        if (behind := self.behind_page(source, arazzo)) is not None:
            return behind
        failures: list[FetchError] = []
        for candidate in candidates(source, arazzo, self.identities, self.options):
            try:
                if candidate.is_written:
                    _refuse_inward(arazzo.uri, candidate.uri)
                found = self.texts.get(candidate.uri) or self.read(self.fetch(candidate.uri))
            except FetchError as error:
                self.has_failed = True
                failures.append(error)
                continue
            if candidate.note:
                self.problems.append(_relocated(source, found, candidate.note, arazzo.places))
            return found
        self.problems.append(_not_read(source, failures[0], arazzo.places, elsewhere(source, arazzo, self.options)))
        return None

    def behind_page(self, source: SourceDescription, arazzo: ArazzoDescription) -> Text | None:
        """Read the file that a page shows, where the url of a source is that of such a page."""
        file = file_behind(source.url)
        if file is None or source.name in self.options.sources or source.url in self.identities:
            return None
        uri = self.identities.get(file, file)
        try:
            found = self.texts.get(uri) or self.read(self.fetch(uri))
        except FetchError:
            self.has_failed = True
            return None
        self.problems.append(page_as_source(source, file, arazzo.places))
        return found

    def add_source(self, source: SourceDescription, text: Text, arazzo: ArazzoDescription, away: int) -> None:
        uri = text.source.uri
        kind = kind_of(text.value)
        if any(problem.rule in UNREADABLE for problem in text.problems):
            self.problems.extend(text.problems)
        elif kind is None:
            self.problems.append(_unknown_kind(source, text, arazzo.places))
        elif uri not in self.arazzo and uri not in self.apis and uri not in self.asyncapi:
            if kind == "arazzo":
                self.problems.extend(text.problems)
                self.add_arazzo(text, away)
            else:
                self.problems.extend(replace(problem, severity="warning") for problem in text.problems)
                self.add_api(kind, text)
        if kind is not None and source.type is not None:
            self.problems.extend(check_kind(source, kind, arazzo.document.dialect, arazzo.places))

    def add_api(self, kind: str, text: Text) -> None:
        uri = text.source.uri
        if kind == "asyncapi":
            self.asyncapi[uri] = read_asyncapi(text.value, uri)
            return
        if uri not in self.shelf.apis:
            self.shelf.apis[uri] = read_openapi(text.value, uri, text.places, self.referenced(text))
        api, problems = self.shelf.apis[uri]
        self.has_failed = self.has_failed or bool(api.unread)
        self.sources.update((each.source.uri, each.source) for each in api.other_places.values())
        self.problems.extend(problems)
        if not any(problem.severity == "error" for problem in problems):
            self.apis[uri] = api

    def referenced(self, text: Text) -> Documents:
        """Read the other documents that `$ref`s of an API description lead to, and those that they lead to.

        Those that cannot be read are diagnosed where an operation needs them.
        """
        found: dict[str, Json] = {}
        places: dict[str, SourceMap] = {}
        unread: dict[str, str] = {}
        identities = {text.source.uri, base_uri(text.value, text.source.uri)}
        pending = [(text.source.uri, uri, 1) for uri in kept_references(text, text.source.uri, self.options.cache)]
        while pending:
            by, uri, away = pending.pop()
            if uri in found or uri in unread or uri in identities:
                continue
            try:
                if away > FARTHEST:
                    raise _too_far(uri)
                _refuse_inward(by, uri)
                other = self.read(self.fetch(uri))
            except FetchError as error:
                unread[uri] = "; ".join(filter(None, (error.reason, error.fix)))
                continue
            broken = next((problem for problem in other.problems if problem.rule in UNREADABLE), None)
            if broken is not None:
                unread[uri] = f"{broken.message} ({broken.span})"
                continue
            found[uri], places[uri] = other.value, other.places
            identities.add(base_uri(other.value, uri))
            pending.extend((uri, each, away + 1) for each in kept_references(other, uri, self.options.cache))
        return Documents(found, unread, places)


class _Pending(NamedTuple):
    """A source that a document names, still to be read; `sources` is where its URI is noted.

    `away`: how many documents lead to it.
    """

    source: SourceDescription
    arazzo: ArazzoDescription
    sources: dict[str, str]
    away: int

    @property
    def is_absolute(self) -> bool:
        return bool(split_uri(self.source.url).scheme)


def _refuse_inward(by: str, uri: str) -> None:
    """Keep a document of the network from having files of this machine read: nobody here has written it."""
    if is_http(by) and not is_http(uri):
        raise FetchError(uri, "a document from the network cannot refer to it", is_forbidden=True)


def _too_far(uri: str) -> FetchError:
    return FetchError(uri, f"more than {FARTHEST} documents lead to it, each to the next")


def _fragment_in_self(self_uri: str, places: SourceMap) -> Diagnostic:
    start = self_uri.index("#")
    return Diagnostic(
        rule="fragment-in-self",
        severity="error",
        message="the $self URI must not contain a fragment identifier",
        span=places.within("/$self", start, len(self_uri)),
        fix=Fix(f"write {self_uri[:start]}"),
    )


def _not_a_uri(text: str, span: Span) -> Diagnostic:
    return Diagnostic(
        rule="not-a-uri-reference",
        severity="error",
        message=f"'{text}' is not a URI-reference",
        span=span,
        notes=("RFC 3986 allows letters, digits, some signs, and %XX for everything else",),
    )


def kind_of(root: Json) -> str | None:
    """Detect what a description is from its content (the `type` of a source may be absent or wrong)."""
    if not isinstance(root, dict):
        return None
    for field_name, kind in (
        ("arazzo", "arazzo"),
        ("openapi", "openapi"),
        ("swagger", "openapi"),
        ("swaggerVersion", "openapi"),  # 1.2, which is refused by its name
        ("asyncapi", "asyncapi"),
    ):
        if field_name in root:
            return kind
    return None


def _not_read(
    source: SourceDescription, error: FetchError, places: SourceMap, elsewhere: Sequence[str] = ()
) -> Diagnostic:
    base = "" if error.is_forbidden else ", or a second base with --source-root DIR"
    help_ = f"say where it is with --source {source.name}=PATH{base}"
    if elsewhere:
        help_ = f"is it {' or '.join(elsewhere)}? then say so with --source {source.name}={elsewhere[0]}"
    return Diagnostic(
        rule="source-not-allowed" if error.is_forbidden else "source-unreachable" if error.remote else "missing-source",
        severity="error",
        message=f"the source '{source.name}' cannot be read: {error.reason}",
        span=places.value(f"{source.pointer}/url"),
        notes=(f"it is looked for at {error.uri}",),
        fix=Fix(error.fix or help_),
    )


def _relocated(source: SourceDescription, found: Text, note: str, places: SourceMap) -> Diagnostic:
    return Diagnostic(
        rule="source-relocated",
        severity="warning",
        message=f"the source '{source.name}' is not where its url says; {note}",
        span=places.value(f"{source.pointer}/url"),
        notes=(f"{found.source.name} is used",),
    )


def _unknown_kind(source: SourceDescription, text: Text, places: SourceMap) -> Diagnostic:
    return Diagnostic(
        rule="unknown-source-type",
        severity="error",
        message=f"{text.source.name} is neither an OpenAPI, an AsyncAPI nor an Arazzo description",
        span=places.value(f"{source.pointer}/url"),
        notes=("such a description has a field 'openapi', 'swagger', 'asyncapi' or 'arazzo' at its root",),
    )


def _no_api(text: Text, kind: str | None) -> Diagnostic:
    what = {"arazzo": "an Arazzo document", "asyncapi": "an AsyncAPI description"}.get(kind or "", "something else")
    return Diagnostic(
        rule="not-an-api-description",
        severity="error",
        message=f"{text.source.name} is {what}, not an OpenAPI description",
        span=text.places.value(""),
        notes=("such a description has a field 'openapi' or 'swagger' at its root",),
    )
