"""Turns text into what XML 1.0 can hold, and elements into the lines of a document."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What is no `Char` (XML 1.0, production 2), and DEL."""

_MESSAGE_LIMIT = 1000


def safe(text: str) -> str:
    """Drop terminal colours and make characters visible that XML cannot hold: `#x01`, half a surrogate as `#xD83D`."""
    if text.isascii() and text.isprintable():
        return text
    plain = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_XML.sub(lambda found: f"#x{ord(found[0]):02X}", plain)


def message(text: str) -> str:
    """Write text for a `message` attribute: one line, of bounded length."""
    line = " ".join(safe(text).split())
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"


def element(tag: str, attributes: dict[str, str | int | None], text: str = "") -> ET.Element:
    """Build an element; attributes that are None are left out."""
    given = {name: safe(str(value)) for name, value in attributes.items() if value is not None}
    made = ET.Element(tag, given)
    made.text = safe(text) or None
    return made


def indented(element: ET.Element, level: int) -> str:
    """Write an element that stands `level` deep, on lines of its own; one with children has no text beside them."""
    margin, (begin, end) = "  " * level, tags(element)
    if len(element):
        inner = "".join([indented(child, level + 1) for child in element])
        return f"{margin}{begin}\n{inner}{margin}{end}\n"
    if element.text:
        return f"{margin}{begin}{_escaped(element.text)}{end}\n"
    return f"{margin}{begin.removesuffix('>')} />\n"


def tags(element: ET.Element) -> tuple[str, str]:
    """Give the tags that open and close an element."""
    attributes = "".join([f' {name}="{_in_quotes(value)}"' for name, value in element.items()])
    return f"<{element.tag}{attributes}>", f"</{element.tag}>"


def _escaped(text: str) -> str:
    """Escape what would be markup; `>` as well, so that `]]>` cannot stand there."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _in_quotes(text: str) -> str:
    """Escape what would end an attribute, or come out of it as a space (XML 1.0, 3.3.3)."""
    text = _escaped(text).replace('"', "&quot;")
    return text if text.isprintable() else text.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#09;")
