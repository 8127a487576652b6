"""Keeps what a document came to, and gives it again for as long as nothing changes that it was read from.

Kept are the plan, what is wrong, and the schemas that a run has needed, with the hash of each text; what else the
descriptions say is read again where somebody asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from runner.diagnostics import Diagnostic
from runner.errors import FetchError
from runner.exchange import Cache, Fetch
from runner.expressions.selectors.compiled import Compiled
from runner.late import LateMapping
from runner.openapi.document import ApiDescription
from runner.packed import Part, Plain, Unpackable, pack, restored, unpack, withheld
from runner.plan.plan import Plan
from runner.records import Frozen
from runner.schema import Gathered, Mark, Nesting, Regex
from runner.shell.build import build
from runner.source import Source, SourceMap
from runner.values import ABSENT, Absent, Json

if TYPE_CHECKING:
    from runner.loader.shelf import Shelf

FORMAT: Final = 2
"""To be raised when an entry is written otherwise."""


class Known(NamedTuple):
    """What a document came to: its plan, None where it is not wanted or cannot be, and what is wrong."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]


ReadAgain: TypeAlias = Callable[[Mapping[str, str]], Mapping[str, ApiDescription]]
"""Read the descriptions of a document from texts by URI, as they were read before."""


class Spot(Frozen):
    """Where in a cache a document is kept, and what the user has `said` besides: none of it is written there."""

    cache: Cache
    key: str
    said: tuple[str, ...] = ()
    HIDDEN = ("said",)

    @classmethod
    def of(cls, cache: Cache, facts: Sequence[str | bool], said: Iterable[str] = ()) -> Spot:
        """Give the place of a document: `facts` decide, besides its sources, what it comes to; `said` is among them."""
        key = sha256(json.dumps([FORMAT, build(), facts]).encode()).hexdigest()
        return cls(cache, key, tuple(sorted({each for each in said if each}, key=lambda each: (-len(each), each))))

    def put(self, known: Known, sources: Sequence[Source]) -> None:
        """Keep what a document came to that was read from these sources; what cannot be packed is found out anew."""
        plan, numbers = known.plan, {id(source): number for number, source in enumerate(sources)}
        uris = {id(api): uri for uri, api in plan.apis.items()} if plan is not None else {}
        parts = {
            **_PARTS,
            Source: Part("source", lambda source: [numbers[id(source)]]),
            ApiDescription: Part("api", lambda api: _taken_apart(api, uris[id(api)])),
        }
        try:
            found = withheld(pack(tuple(known), parts), self.said)
            entry = {"sources": [[each.uri, each.name, each.digest] for each in sources], "known": found}
            self.cache.put(self.key, json.dumps(entry, separators=(",", ":")).encode())
        except (Unpackable, LookupError, TypeError, ValueError, RecursionError):
            pass

    def get(self, fetch: Fetch, shelf: Shelf, read_again: ReadAgain) -> tuple[Known, tuple[Source, ...]] | None:
        """Give what a document came to, and its sources, unless one of them is not what it was."""
        content = self.cache.get(self.key)
        if content is None:
            return None
        try:
            entry: Any = json.loads(content)
            sources = tuple(_unchanged(fetch, shelf, *each) for each in entry["sources"])
            found: Any = unpack(restored(entry["known"], self.said), _makers(sources, shelf, read_again))
            return Known(*found), sources
        except (FetchError, ValueError, LookupError, TypeError, AttributeError, ImportError, RecursionError):
            return None


def _unchanged(fetch: Fetch, shelf: Shelf, uri: str, name: str, digest: str) -> Source:
    source = shelf.sources.get(uri)
    if source is None:
        source = shelf.sources[uri] = Source(uri, name, fetch(uri).text)
    if source.digest != digest:
        raise LookupError(uri)
    return source


def needed(plan: Plan | None) -> int:
    """Count the schemas that are known of the descriptions of a plan."""
    return sum(len(api.schemas.needed) for api in plan.apis.values()) if plan is not None else 0


def _taken_apart(api: ApiDescription, uri: str) -> Iterator[object]:
    yield from (uri, api.uri, api.version, api.title, api.places.source, api.places.moved)
    yield from (api.dialect, api.json_schema_dialect, tuple(api.schemas.needed.items()))


def _of_gathered(gathered: Gathered) -> Iterator[object]:
    marked = _marked(gathered.schema, gathered.marks, ()) if gathered.marks else ()
    yield from (Plain(gathered.schema), Plain(dict(gathered.origins)), tuple(marked), gathered.nesting)


def _marked(node: Json, marks: Mapping[int, Mark], way: tuple[str | int, ...]) -> Iterator[tuple[object, ...]]:
    """Find what was made, which is known by its identity, and give the way to it with where it comes from."""
    mark = marks.get(id(node))
    if mark is not None:
        yield way, mark.origin, mark.keyword, mark.expected
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for token, each in inner:
        yield from _marked(each, marks, (*way, token))


_PARTS: Mapping[type, Part] = {
    Absent: Part("absent", lambda _: ()),
    Compiled: Part("selector", lambda selector: (selector.type, selector.version, selector.text, selector.of_places)),
    Regex: Part("regex", lambda regex: [regex.pattern]),
    Gathered: Part("gathered", _of_gathered),
}


def _makers(sources: Sequence[Source], shelf: Shelf, read_again: ReadAgain) -> Mapping[str, Callable[..., object]]:
    texts = {source.uri: source.text for source in sources}
    apis = LateMapping(lambda: read_again(texts))
    return {
        "absent": lambda: ABSENT,
        "source": sources.__getitem__,
        "selector": _selector,
        "regex": _regex,
        "gathered": _gathered,
        "api": lambda uri, *values: _shared(shelf, uri, _api(partial(apis.__getitem__, uri), *values)),
    }


def _selector(kind: str, version: str, text: str, of_places: bool) -> Compiled:
    from runner.expressions.selectors.compile import compile_selector  # loads the languages: where there is a selector

    found = compile_selector(kind, version, text)
    return found.places if of_places else found


def _regex(pattern: str) -> Regex:
    from runner.schema import compile_regex

    return compile_regex(pattern)


def _gathered(
    schema: dict[str, Json], origins: dict[str, str], marked: Sequence[tuple[Any, ...]], nesting: Nesting | None
) -> Gathered:
    marks: dict[int, Mark] = {}
    for way, origin, keyword, expected in marked:
        made: Any = schema
        for token in way:
            made = made[token]
        marks[id(made)] = Mark(made, origin, keyword, expected)
    return Gathered(schema, origins, marks, nesting)


def _shared(shelf: Shelf, uri: str, api: ApiDescription) -> ApiDescription:
    """Let documents share a description, each with the schemas that it has needed."""
    shared = shelf.recalled.setdefault(uri, api)
    shared.gathered.update(api.gathered)
    return shared


def _api(read: Callable[[], ApiDescription], *values: Any) -> ApiDescription:
    """Make a description of what is kept of it, which is read again for everything else."""
    uri, version, title, source, moved, dialect, json_schema_dialect, gathered = values
    return ApiDescription(
        uri,
        version,
        title,
        LateMapping(lambda: read().root),
        SourceMap(source, lambda: read().places.root, lambda text, offset: read().places.align(text, offset), moved),
        LateMapping(lambda: read().by_id),
        LateMapping(lambda: read().by_pointer),
        LateMapping(lambda: read().documents),
        LateMapping(lambda: read().other_places),
        dialect,
        json_schema_dialect,
        LateMapping(lambda: read().elsewhere),
        LateMapping(lambda: read().unread),
        dict(gathered),
    )
