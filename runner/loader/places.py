"""Turns the url of a source into where it may be: as written, by identity, and where it may have moved to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from runner.exchange import Cache
from runner.late import late_pattern
from runner.records import Frozen, field
from runner.uri import is_http, resolve_uri, split_uri, without_fragment

if TYPE_CHECKING:
    from runner.arazzo.document import SourceDescription
    from runner.description import ArazzoDescription

LookFor: TypeAlias = Callable[[str, str], Sequence[str]]
"""Give the URIs of the files of a name in and below the folder at a URI."""

_UPWARDS = late_pattern(r"(?:\.{1,2}/)+")
_MOST_OFFERED = 3


def _nowhere(folder: str, name: str) -> Sequence[str]:
    return ()


class LoadOptions(Frozen):
    """Where to look: `sources` overrides a source by name, `roots` are second bases for relative URLs.

    `working_directory` is a last base, tried with a warning. `name` turns a URI into what a person is shown. `cache`
    keeps what is dear to find out about big documents. `look_for` finds the files of a name in and below a folder.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    working_directory: str | None = None
    name: Callable[[str], str] = str
    cache: Cache | None = None
    look_for: LookFor = _nowhere


class Candidate(NamedTuple):
    """A place to look at, and what to say if it is there; `is_written` where the document names the place itself."""

    uri: str
    note: str = ""
    is_written: bool = False


def candidates(
    source: SourceDescription, arazzo: ArazzoDescription, identities: Mapping[str, str], options: LoadOptions
) -> Iterator[Candidate]:
    """Give the places where a source may be: by identity first, then by location."""
    override = options.sources.get(source.name)
    if override is not None:
        yield Candidate(override)
        return
    location = without_fragment(source.url)
    target = resolve_uri(arazzo.base_uri, location)
    # "resolve it to an Arazzo Description by identity (matching the `$self` value) rather than by location alone"
    yield Candidate(identities.get(target, target), is_written=target not in identities)
    if split_uri(location).scheme:
        return
    beside = resolve_uri(arazzo.uri, location)
    if beside != target:
        yield Candidate(beside, "it was found beside the document, not where $self puts it")
    for root in options.roots:
        yield from _below(root, location, options.look_for)
    if options.working_directory is not None:
        yield Candidate(resolve_uri(options.working_directory, location), "it was found in the working directory")


def _below(root: str, location: str, look_for: LookFor) -> Iterator[Candidate]:
    """Give the places of a source in another tree: as written, without leading `../`, then by the file's name."""
    name = _file_name(location)
    for place in dict.fromkeys((location, _UPWARDS.sub("", location, count=1), name)):
        yield Candidate(resolve_uri(root, place), "it was found under --source-root")
    named = look_for(root, name)
    if len(named) == 1:
        yield Candidate(named[0], "the only file of its name under --source-root is elsewhere")


def elsewhere(source: SourceDescription, arazzo: ArazzoDescription, options: LoadOptions) -> tuple[str, ...]:
    """Give, as people see them, the files near the document that a source may have become: the nearest there are."""
    name = _file_name(source.url)
    folders = [*options.roots, *(resolve_uri(arazzo.uri, up) for up in (".", "..", "../.."))]
    for folder in folders if name and not is_http(arazzo.uri) else ():
        found = [uri for uri in options.look_for(folder, name) if uri != arazzo.uri]
        if found:
            return tuple(map(options.name, found))[:_MOST_OFFERED]
    return ()


def _file_name(location: str) -> str:
    return location.rpartition("/")[2]
