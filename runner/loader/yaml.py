"""Turns a YAML text into JSON and the places of its parts: YAML 1.2's core schema on PyYAML's event stream.

PyYAML gives the syntax, as a stream of events with marks; what they mean is decided here. Its own constructors would
read YAML 1.1, where `no` is false and `12:30` is 750, lose every position, and take several times as long.

All problems but broken syntax are reported together. An alias gives the very value that it refers to, and the place of
that value: what is shown, or repaired, is the text that has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from runner.diagnostics import Diagnostic, Fix, in_order
from runner.loader.align import align as align
from runner.loader.parsed import DEFAULT_LIMITS, Limits, Parsed, Reporter, unreadable, without_collecting
from runner.loader.scalars import NUMBER_STARTS, WORD_STARTS, is_scalar_tag, plain_value, tagged_value
from runner.loader.slips import Complaint, explain, unprintable
from runner.source import Member, Place, Source
from runner.values import Json

MERGE: Final = "<<"
STANDARD_TAG: Final = "tag:yaml.org,2002:"

# What neither parser lets through: all but production [1] of YAML 1.2.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Line breaks of YAML 1.1 that are ordinary characters in 1.2 (section 5.4).
_OLD_BREAKS = "\x85\u2028\u2029"
# The anchor and the tag before a node, with the white space and the comments after them.
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+(?:#.*)?)*)*")
_NOT_ALWAYS_TEXT: Final = WORD_STARTS + NUMBER_STARTS
_TOO_DEEP: Final = "exceeded maximum nesting depth"


class _Parser(Protocol):
    """What both parsers of PyYAML do."""

    def get_event(self) -> yaml.Event | None: ...


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for where its C library is missing; some fifty times slower."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def new_parser(text: str) -> _Parser:
    """Give libyaml's parser where PyYAML was built with it."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PythonParser(text)
    parser: _Parser = CParser(text)
    return parser


def parse_yaml(source: Source, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Parse a YAML document; whatever is wrong with it becomes a diagnostic, never an exception."""
    reporter = Reporter(source)
    if len(source.text) > limits.size:
        return unreadable(source, reporter.too_large(limits.size))
    building = _Building(reporter, limits)
    try:
        with without_collecting():
            building.run(_events(source.text))
    except _RefusedError as refused:
        return unreadable(source, refused.problem)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: text or an escape that is no Unicode
        problem = _depth_problem(reporter, error, limits) or _syntax_problem(reporter, error, building.quoted)
        return unreadable(source, problem)
    if not building.values or building.places[0].start == building.places[0].end:
        return unreadable(source, reporter.error("empty-document", "the document is empty", (0, 0)))
    problems = in_order(building.problems)
    return Parsed(building.values[0], lambda: building.places[0], problems, shares=building.aliased > 0)


def _events(text: str) -> Iterator[yaml.Event]:
    """Give the events of a text as YAML 1.2 reads it; every character keeps its place."""
    if text.startswith("\ufeff"):
        text = "\n" + text[1:]
    spares = (char for char in map(chr, range(0xE000, 0xF8FF)) if char not in text)
    hidden = {ord(char): next(spares) for char in _OLD_BREAKS if char in text}
    events = iter(new_parser(text.translate(hidden) if hidden else text).get_event, None)
    return _shown(events, {ord(spare): chr(code) for code, spare in hidden.items()}) if hidden else events


def _shown(events: Iterator[yaml.Event], back: dict[int, str]) -> Iterator[yaml.Event]:
    """Put the characters back that were hidden from a parser of YAML 1.1."""
    for event in events:
        if isinstance(event, ScalarEvent):
            event.value = event.value.translate(back)
        yield event


def _depth_problem(reporter: Reporter, error: Exception, limits: Limits) -> Diagnostic | None:
    """Say it in our words where the parser itself refuses how deeply a text is nested.

    libyaml does so at 1,000 levels since its release 0.2.6, and while it reads ahead: before we have seen the events of
    those levels. The text up to there has them all.
    """
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None or error.problem != _TOO_DEEP:
        return None
    end = error.problem_mark.index
    try:
        _Building(reporter, limits).run(_events(reporter.source.text[:end]))
    except _RefusedError as refused:
        return refused.problem
    except yaml.YAMLError:  # it is deeper than libyaml allows, and not too deep by these limits
        pass
    return reporter.too_deep(limits.depth, end)


def _syntax_problem(reporter: Reporter, error: Exception, quoted: tuple[int, int] | None) -> Diagnostic:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        since = error.context_mark.index if error.context_mark is not None else None
        return explain(
            reporter,
            Complaint(error.problem or "", error.problem_mark.index, error.context or "", since, quoted),
        )
    # The C library counts bytes here, and Python's reader stops for it: look for what they mean.
    found = _UNPRINTABLE.search(reporter.source.text, 1 if reporter.source.text.startswith("\ufeff") else 0)
    if found is None:
        return explain(reporter, Complaint(str(error), 0))
    return unprintable(reporter, found.start())


def _extent(event: Any) -> tuple[int, int]:
    """Give where an event's token stands."""
    return event.start_mark.index, event.end_mark.index


class _RefusedError(Exception):
    """The document is not read any further."""

    def __init__(self, problem: Diagnostic) -> None:
        self.problem = problem


class _Scalar(NamedTuple):
    """A scalar, and where it stands."""

    start: int
    end: int
    value: Json


class _Anchored(NamedTuple):
    """A value that has an anchor, where it stands, and how many nodes it is with all its aliases written out."""

    value: Json
    place: Place
    nodes: int


class _Building:
    """One document being built: `values` and `places` of its root, and the problems so far."""

    def __init__(self, reporter: Reporter, limits: Limits) -> None:
        self.reporter = reporter
        self.text = reporter.source.text
        self.limits = limits
        self.values: list[Json] = []
        self.places: list[Place] = []
        self.problems: list[Diagnostic] = []
        self.quoted: tuple[int, int] | None = None  # the last quoted text
        self.anchors: dict[str, _Anchored | None] = {}  # None while the node is being built
        self.aliased = 0
        self.documents = 0

    def run(self, events: Iterator[Any]) -> None:  # noqa: C901 - a call for each kind of event would double the time
        """Build the document: one turn for each event, with a stack of its own, so that depth costs no recursion.

        `content` and `parts` are the collection being filled and the places of what is in it. `key` is that of the
        member to come; None says that a key comes next, and in a sequence it is never None. `end` is that of the last
        token: there a block collection ends, before the blank lines and comments that follow.
        """
        new, scalar, stack = tuple.__new__, ScalarEvent, list[tuple[Any, ...]]()
        content, parts, key = cast("tuple[Any, Any, str | None]", (self.values, self.places, ""))
        key_start = key_end = nodes = end = 0
        for event in events:
            kind = event.__class__
            if kind is scalar:
                start, end, value, style = event.start_mark.index, event.end_mark.index, event.value, event.style
                if event.tag is not None or event.anchor is not None or style == "|" or style == ">":
                    start, end, value = self.marked_scalar(event, key is None)
                elif style:
                    self.quoted = (start, end)
                elif key is not None and value[:1] in _NOT_ALWAYS_TEXT:
                    value = self.plain(value, start, end)
                if key is None:
                    key, key_start, key_end = value, start, end
                    continue
                nodes += 1
                place = new(Place, (start, end, None, None))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = self.collection_start(event, len(stack))
                stack.append((content, parts, key, key_start, key_end, start, event.anchor, nodes))
                nodes += 1
                content, parts, key = ({}, {}, None) if kind is MappingStartEvent else ([], [], "")
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if event.end_mark.index > event.start_mark.index:  # a bracket, not the end of an indentation
                    end = event.end_mark.index
                value, inner = content, parts
                content, parts, key, key_start, key_end, start, anchor, before = stack.pop()
                place = new(Place, (start, end, inner, None) if kind is MappingEndEvent else (start, end, None, inner))
                if kind is MappingEndEvent and MERGE in value:
                    value, place = self.merge(value, place)
                if anchor is not None:
                    self.anchors[anchor] = _Anchored(value, place, nodes - before)
            elif kind is AliasEvent:
                end = event.end_mark.index
                value, place, size = self.alias(event)
                nodes += size
            elif kind is DocumentStartEvent and self.another_document(event):
                return
            else:
                continue
            if content.__class__ is list:
                content.append(value)
                parts.append(place)
            elif key is None:
                key, key_start, key_end = self.odd_key(value, place), place.start, place.end
            else:
                if key in content:
                    self.duplicate(key, (key_start, key_end), parts[key])
                else:
                    content[key], parts[key] = value, new(Member, (key_start, key_end, place))
                key = None

    def error(self, rule: str, message: str, at: tuple[int, int], fix: str = "") -> None:
        self.problems.append(self.reporter.error(rule, message, at, fix=fix))

    def plain(self, text: str, start: int, end: int) -> Json:
        """Resolve a plain scalar."""
        try:
            return plain_value(text)
        except ValueError as error:
            self.error("yaml-value", str(error), (start, end), "put it in quotes if it is meant as text")
            return None

    def marked_scalar(self, event: ScalarEvent, is_key: bool) -> _Scalar:
        """Read a scalar with an anchor or a tag, or a block; its place is that of its text alone."""
        start, end = _extent(event)
        if event.tag is not None or event.anchor is not None:
            start = self.after_properties(start, end)
        if event.style in ("|", ">"):
            end = start + len(self.text[start:end].rstrip())
        value: Json = event.value
        if event.tag is not None and event.tag != "!":
            value = self.tagged(event, start, end)
        elif event.tag is None and not event.style and not is_key:
            value = self.plain(event.value, start, end)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, Place(start, end), 1)
        return _Scalar(start, end, event.value if is_key else value)

    def tagged(self, event: ScalarEvent, start: int, end: int) -> Json:
        """Resolve a scalar by its tag."""
        written = event.tag or ""
        tag = written.removeprefix(STANDARD_TAG)
        if tag == written or not is_scalar_tag(tag):
            self.unknown_tag(event, start)
            return event.value if event.style else self.plain(event.value, start, end)
        try:
            return tagged_value(tag, event.value)
        except ValueError as error:
            self.error("yaml-value", str(error), (start, end), "leave the tag out")
            return None

    def collection_start(self, event: Any, depth: int) -> int:
        """Give where a collection within `depth` others starts, after its anchor and its tag."""
        start: int = event.start_mark.index
        if depth >= self.limits.depth:
            raise _RefusedError(self.reporter.too_deep(self.limits.depth, start))
        if event.tag is None and event.anchor is None:
            return start
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        start = self.after_properties(start, len(self.text))
        expected = "map" if isinstance(event, MappingStartEvent) else "seq"
        if event.tag not in (None, "!", STANDARD_TAG + expected):
            self.unknown_tag(event, start)
        return start

    def after_properties(self, start: int, end: int) -> int:
        found = _PROPERTIES.match(self.text, start, end)
        return found.end() if found else start

    def unknown_tag(self, event: ScalarEvent | CollectionStartEvent, value_start: int) -> None:
        """Refuse a tag: "Tags MUST be limited to those allowed by YAML's JSON schema ruleset" (Arazzo, Format)."""
        start = self.text.find("!", _extent(event)[0])
        tag = str(event.tag).replace(STANDARD_TAG, "!!")
        end = start + len(self.text[start:value_start].split(maxsplit=1)[0])
        self.error(
            "yaml-tag",
            f"the tag '{tag}' has no meaning in JSON",
            (start, end),
            "leave the tag out" if tag.startswith("!!") else "put text that starts with '!' in quotes",
        )

    def alias(self, event: AliasEvent) -> _Anchored:
        """Give what an alias refers to, and count what it would be when written out."""
        name, at = event.anchor or "", _extent(event)
        found = self.anchors.get(name)
        if found is None:
            where = "it stands in itself" if name in self.anchors else "no anchor of that name stands before it"
            self.error("yaml-aliases", f"the alias '*{name}' cannot be resolved: {where}", at, "write the value out")
            return _Anchored(None, Place(*at), 1)
        self.aliased += found.nodes
        if self.aliased > self.limits.aliased:
            message = f"the aliases of this document stand for more than {self.limits.aliased:,} values"
            raise _RefusedError(self.reporter.error("yaml-aliases", message, at))
        return found

    def another_document(self, event: DocumentStartEvent) -> bool:
        """Refuse a second document in one text."""
        self.documents += 1
        if self.documents == 1:
            return False
        at = _extent(event)
        self.error("yaml-documents", "a second document starts here", at, "put each document into a file of its own")
        return True

    def odd_key(self, value: Json, place: Place) -> str:
        """Give the text of a key that is an alias or a collection; the latter is refused."""
        written = self.text[place.start : place.end]
        if isinstance(value, (dict, list)):
            fix = "put it in quotes if it is meant as text"
            self.error("yaml-key", "a key must be text, not a mapping or a list", (place.start, place.end), fix)
        return value if isinstance(value, str) else written

    def duplicate(self, key: str, at: tuple[int, int], first: Member) -> None:
        self.problems.append(self.reporter.duplicate_key(key, at, (first.key_start, first.key_end)))

    def merge(self, mapping: dict[str, Json], place: Place) -> tuple[dict[str, Json], Place]:
        """Merge what a plain `<<` refers to; members of the mapping itself win, then those of the first in a list."""
        members = place.members or {}
        key_start, key_end, found = members[MERGE]
        merged = mapping[MERGE]
        listed = merged if isinstance(merged, list) else [merged]
        sources = [source for source in listed if isinstance(source, dict)]
        if self.text[key_start:key_end] != MERGE or len(sources) < len(listed):
            return mapping, place
        message = "'<<' merges mappings in YAML 1.1 only; other tools read it as a name"
        span = self.reporter.span(key_start, key_end)
        self.problems.append(Diagnostic("yaml-merge-key", "warning", message, span, fix=Fix("write the members out")))
        values: dict[str, Json] = {}
        where: dict[str, Member] = {}
        for source, its in zip(reversed(sources), reversed(found.items or [found]), strict=True):
            values |= source
            where |= its.members or {}
        values |= {key: value for key, value in mapping.items() if key != MERGE}
        where |= {key: member for key, member in members.items() if key != MERGE}
        return values, place._replace(members=where)
