"""Turns an XPath 1.0 expression into a selector over XML text, by lxml, which is imported late.

What holds for every version (see `xpath`) holds here. Of 1.0: a name without prefix is in no namespace; a number is as
XPath writes it where JSON has none (`NaN`, `Infinity`); and a condition is converted as by `boolean()` (section 4.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias, cast

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compiled import Location, Selection
from runner.expressions.selectors.variables import check_variables
from runner.expressions.selectors.xml import Document, Place, locations, parse_xml
from runner.records import Frozen
from runner.values import Json, Value

if TYPE_CHECKING:
    from lxml.etree import _Element, _ElementUnicodeResult

    Node: TypeAlias = "_Element | _ElementUnicodeResult | tuple[str | None, str]"
    Result: TypeAlias = "list[Node] | bool | float | str"

# XPath 1.0, section 4, and the node types of section 2.3
_FUNCTIONS = frozenset(
    re.findall(
        r"\S+",
        "last position count id local-name namespace-uri name string concat starts-with contains substring-before "
        "substring-after substring string-length normalize-space translate boolean not true false lang number sum "
        "floor ceiling round",
    )
)
_NODE_TYPES = frozenset(("comment", "text", "processing-instruction", "node"))

_NAME = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"""\s*(?P<word>(?P<literal>"[^"]*"|'[^']*'|\d+(?:\.\d*)?|\.\d+|\$\s*{_NAME}(?::{_NAME})?)"""
    rf"|(?P<name>{_NAME}(?::(?:{_NAME}|\*))?)|::|//|\.\.|!=|<=|>=|\S)"
)
_OPERATORS = frozenset(("=", "!=", "<", "<=", ">", ">=", "|", "+", "-", ",", ")"))


def compile_xpath10(text: str) -> XPath10:
    """Compile an expression, or raise SelectorSyntax."""
    from lxml import etree

    check_variables(text)
    try:
        etree.XPath(text)
    except etree.XPathSyntaxError as error:
        at = min([each.column for each in error.error_log][:1] or [0], default=0)
        start = len(text.encode()[:at].decode(errors="ignore"))
        raise SelectorSyntax(f"not XPath 1.0: {str(error).lower()}", min(start, len(text)), len(text)) from None
    except ValueError:  # characters that XML does not have
        raise SelectorSyntax("not XPath 1.0: it holds control characters", 0, len(text)) from None
    return XPath10(_from_document(text))


def _from_document(text: str) -> str:
    """Write an expression whose outermost paths begin at the document: lxml would begin them at the root element.

    In `Invoice/Header = 'x'` both readings of a context are a slash apart. Unknown functions are refused on the way.
    """
    pieces: list[str] = []
    position = depth = 0
    operand, step = True, False  # may an operand begin here, and is a step of a path due
    for word, start, is_literal, is_call in _tokens(text):
        if operand and not is_literal and not is_call and word not in ("(", ")", "-", "/", "//"):
            if depth == 0:
                pieces += [text[position:start], "/"]
                position = start
            operand, step = False, word == "@"
        elif operand:
            operand, step = is_call or word in ("(", "-"), word in ("/", "//")
        elif step and word not in _OPERATORS:
            step = word == "@"
        elif word in ("/", "//", "::"):
            step = True
        else:
            depth += (word == "[") - (word == "]")
            operand, step = not is_literal and word not in ("(", ")", "]"), False
    return "".join(pieces) + text[position:]


def _tokens(text: str) -> Iterator[tuple[str, int, bool, bool]]:
    """Give each word, its offset, whether it is a literal or variable, and whether it is the name of a function."""
    for found in _TOKEN.finditer(text):
        word, start = found["word"], found.start("word")
        is_call = False
        if found["name"] and text[found.end() :].lstrip().startswith("("):
            is_call = word in _FUNCTIONS
            if not is_call and word not in _NODE_TYPES and word not in ("and", "or", "mod", "div"):
                raise SelectorSyntax(f"there is no function '{word}' in XPath 1.0", start, start + len(word))
        yield word, start, found["literal"] is not None, is_call


class XPath10(Frozen):
    """An expression of XPath 1.0, its outermost paths made absolute."""

    text: str

    def select(self, value: Value) -> Selection:
        document = parse_xml(value)
        result = self._evaluate(document, self.text)
        if isinstance(result, list):
            # lxml leaves the document itself out of what it gives
            holds = bool(result) or bool(self._evaluate(document, f"boolean({self.text})"))
            nodes = result if result or not holds else [document.root]
            return Selection(tuple(_node_text(node) for node in nodes), len(nodes) <= 1, holds)
        return Selection((_plain(result),), singular=True, holds=result == result and bool(result))  # NaN is unequal

    def locate(self, value: Value) -> tuple[Location, ...]:
        result = self._evaluate(parse_xml(value), self.text)
        if not isinstance(result, list):
            raise SelectorFailure("it gives a value, not a place")
        return locations(_place(node) for node in result)

    def _evaluate(self, document: Document, text: str) -> Result:
        from lxml import etree

        try:
            query = etree.XPath(text, namespaces=document.namespaces or None)
            return cast("Result", query(document.root))
        except (etree.XPathError, ValueError) as error:
            raise SelectorFailure(f"it cannot be evaluated: {str(error).lower()}") from None


def _plain(value: bool | float | str) -> Json:
    if isinstance(value, bool | str):
        return value if isinstance(value, bool) else str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() else value


def _node_text(node: Node) -> str:
    """Give the string value of a node (section 5)."""
    if isinstance(node, tuple):
        return node[1]
    if isinstance(node, str):
        return str(node)
    return str(node.xpath("string()")) if isinstance(node.tag, str) else node.text or ""


def _place(node: Node) -> Place:
    if isinstance(node, str):
        element = node.getparent()
        if element is not None:
            part = "tail" if node.is_tail else "text"
            return element, f"@{node.attrname!s}" if node.is_attribute else part
    elif not isinstance(node, tuple) and isinstance(node.tag, str):
        return node, ""
    raise SelectorFailure("it selects what is no element, attribute or text")
