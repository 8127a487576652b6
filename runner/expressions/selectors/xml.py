"""Turns XML text into a tree whose nodes have locations, and a text and locations into the text with other values.

A location names a node by the indexes of child nodes that lead to an element, comments and processing instructions
counted too, and for an attribute or text inside it one more name: `@id`, `@{urn:x}id`, `text` (before the first child)
or `tail` (what follows the element). XML is parsed without external entities, network and DTD. A text that declares
entities of its own is refused: what they stand for grows without bound, and no API needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, cast

from runner.expressions.faults import SelectorFailure
from runner.expressions.selectors.compiled import Location
from runner.late import late_pattern
from runner.text import describe
from runner.values import Absent, Value

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST = 16 * 1024 * 1024
"""Characters, or bytes, of XML that are looked at; more is refused."""

# prolog ::= XMLDecl? Misc* (doctypedecl Misc*)?
_PROLOG = late_pattern(r"\ufeff?(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*", re.DOTALL)
_SPACE = " \t\r\n"

Place: TypeAlias = "tuple[_Element, str]"
"""An element, and which of its attributes or texts is meant; nothing for the element itself."""


class _Declarations(Protocol):
    """What a document type declaration declares, as far as it is asked."""

    def entities(self) -> list[object]: ...


class Document(NamedTuple):
    """A parsed text: its root element, and the namespaces of the prefixes that are declared anywhere, outermost first.

    A default namespace has no prefix and is not among them.
    """

    root: _Element
    namespaces: dict[str, str]


def parse_xml(value: Value) -> Document:
    """Parse text, or bytes with their own declaration or mark of encoding; SelectorFailure where they are not XML."""
    from lxml import etree

    text = xml_text(value)
    try:
        parser = etree.XMLPullParser(
            events=("start-ns",),
            encoding="utf-8" if isinstance(text, str) else None,  # of decoded text, what it declares is history
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            strip_cdata=False,
        )
        parser.feed(text.encode() if isinstance(text, str) else text)
        root = parser.close()
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SelectorFailure(f"the context is not XML: {_reason(error)}") from None
    dtd = cast("_Declarations | None", root.getroottree().docinfo.internalDTD)
    if (dtd is not None and dtd.entities()) or next(root.iter(etree.Entity), None) is not None:
        raise SelectorFailure("the context declares entities, which are not read")
    namespaces: dict[str, str] = {}
    for prefix, uri in cast("Iterable[tuple[str, str]]", (declared for _, declared in parser.read_events() or ())):
        if prefix:
            namespaces.setdefault(prefix, uri)
    return Document(root, namespaces)


def xml_text(value: Value) -> str | bytes:
    """Give a value that may be XML, or raise SelectorFailure for one that is none, or too large."""
    if not isinstance(value, str | bytes):
        found = "absent" if isinstance(value, Absent) else describe(value)
        raise SelectorFailure(f"the context is not XML: it is {found}")
    if len(value) > LARGEST:
        raise SelectorFailure(f"the context is larger than {LARGEST // 1024 // 1024} MiB")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "half of a surrogate pair is no character"
    line = (str(getattr(error, "msg", None) or error).splitlines() or ["it cannot be read"])[0]
    return line[:1].lower() + line[1:]


def locations(places: Iterable[Place]) -> tuple[Location, ...]:
    """Give the locations of nodes."""
    indexes: dict[_Element, int] = {}

    def of(element: _Element) -> Location:
        steps: list[int] = []
        parent = element.getparent()
        while parent is not None:
            if element not in indexes:
                indexes.update({child: index for index, child in enumerate(parent)})
            steps.append(indexes[element])
            element, parent = parent, parent.getparent()
        return tuple(reversed(steps))

    return tuple((*of(element), part) if part else of(element) for element, part in places)


def with_text(text: str, where: Iterable[Location], new: str) -> str:
    """Give a text of XML in which other text stands at these locations, or raise SelectorFailure.

    An element gets the text as its whole content. What stands before the root element is kept as it is, the rest is
    written anew, and means the same.
    """
    from lxml import etree

    root = parse_xml(text).root
    places = [_resolve(root, location) for location in where]
    try:
        for element, part in reversed(places):  # what holds another match is set after it
            _set(element, part, new)
    except ValueError:
        raise SelectorFailure("the new value holds characters that XML does not have") from None
    prolog = _PROLOG.match(text)
    nodes = (root, *root.itersiblings())
    written = "\n".join(etree.tostring(node, encoding="unicode", with_tail=False) for node in nodes)
    return (prolog.group() if prolog else "") + written + text[len(text.rstrip(_SPACE)) :]


def _resolve(root: _Element, location: Location) -> Place:
    element, part = root, ""
    for step in location:
        if isinstance(step, int):
            element = element[step]
        else:
            part = step
    return element, part


def _set(element: _Element, part: str, new: str) -> None:
    if part.startswith("@"):
        element.set(part[1:], new)
    elif part == "tail":
        element.tail = new
    else:
        if not part:
            del element[:]
        element.text = new
