"""Turns an XPath 2.0, 3.0 or 3.1 expression into a selector over XML text, by elementpath, which is imported late.

For every version: the context is the document, so that `/a` and `a` are the same. A prefix means what it is declared to
mean first in the document; a name without prefix is in no namespace (`*:name` is in any). A node gives its string
value, an element that of all the text in it. One value is given as it is, several as an array, none is absent; so
whoever always wants an array writes `array { … }` in 3.1.

Numbers without fraction are integers, maps and arrays are JSON's, and what JSON has not (`NaN`, `INF`, dates) is the
text XPath makes of it. There is no access to files, the network or the environment. Nothing here bounds the time and
memory that an expression takes: `1 to 1000000000` is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compiled import Location, Selection
from runner.expressions.selectors.variables import check_variables
from runner.expressions.selectors.xml import Place, locations, parse_xml, xml_text
from runner.records import Frozen
from runner.values import Json, Value

if TYPE_CHECKING:
    from elementpath import XPathContext
    from elementpath.xpath_nodes import EtreeDocumentNode
    from elementpath.xpath_tokens import XPathToken
    from lxml.etree import _Element

    Item: TypeAlias = object

_MOST = 100_000
"""Values that are taken of what an expression selects; more are a failure."""

_NAME = re.compile(r"([^\W\d][\w.\-]*)(:(?=[^\W\d*]|\*))?")
"""A name, and whether it is the prefix of another one."""
_T = TypeVar("_T")


def compile_xpath(version: str, text: str) -> XPath:
    """Compile an expression of a version, or raise SelectorSyntax. The document will declare its prefixes."""
    from elementpath import ElementPathError

    check_variables(text)
    prefixes = {found[1]: f"urn:{found[1]}" for found in _NAME.finditer(text) if found[2]}
    try:
        _parse(version, text, tuple(prefixes.items()))
    except ElementPathError as error:
        start, end = error.token.span if error.token is not None else (0, len(text))
        if str(error.message) == "unexpected end of source":
            start = end = len(text)
        raise SelectorSyntax(f"not XPath {_number(version)}: {error.message}", start, min(end, len(text))) from None
    except RecursionError:
        raise SelectorSyntax("the XPath is nested too deeply", 0, len(text)) from None
    except Exception as error:  # a number of more digits than Python reads, for instance
        raise SelectorSyntax(f"not XPath {_number(version)}: {error}", 0, len(text)) from None
    return XPath(version, text)


def _number(version: str) -> str:
    return f"{version[-2]}.{version[-1]}"


@lru_cache(maxsize=256)
def _parse(version: str, text: str, namespaces: tuple[tuple[str, str], ...]) -> XPathToken:
    """Read an expression. The library's own `parse` would also evaluate it, as far as it goes without a document."""
    from elementpath import XPath2Parser
    from elementpath.collations import UNICODE_CODEPOINT_COLLATION
    from elementpath.tdop import Parser
    from elementpath.xpath3 import XPath30Parser, XPath31Parser

    parsers = {"xpath-20": XPath2Parser, "xpath-30": XPath30Parser, "xpath-31": XPath31Parser}
    kind = parsers[version]
    own = {prefix: uri for prefix, uri in namespaces if prefix not in kind.DEFAULT_NAMESPACES}
    parser = kind(own, default_collation=UNICODE_CODEPOINT_COLLATION)
    if parser.tokenizer is None:
        parser.tokenizer = parser.create_tokenizer(parser.symbol_table)
    token: XPathToken = Parser.parse(parser, text)
    if token.label in ("sequence type", "function test"):
        raise token.error("XPST0003", "a type is no expression")
    return token


class XPath(Frozen):
    """An expression of XPath 2.0 or later."""

    version: str
    text: str

    def select(self, value: Value) -> Selection:
        return self._applied(value, _selection)

    def locate(self, value: Value) -> tuple[Location, ...]:
        return self._applied(value, lambda items, _: locations([_place(item) for item in items]))

    def _applied(self, value: Value, use: Callable[[list[Item], XPathToken], _T]) -> _T:
        from elementpath import ElementPathError, XPathContext

        tree, namespaces = _tree(xml_text(value))
        try:
            token = _parse(self.version, self.text, namespaces)
            return use(_items(token, XPathContext(tree)), token)
        except ElementPathError as error:
            raise SelectorFailure(f"it cannot be evaluated: {_reason(error)}") from None
        except RecursionError:
            raise SelectorFailure("it is nested too deeply") from None
        except (SelectorFailure, MemoryError):
            raise
        except Exception as error:  # what the library stumbles over is no reason to stop a run
            raise SelectorFailure(f"it cannot be evaluated: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Say in a line what went wrong, without the names of classes."""
    line = (str(getattr(error, "message", error)).splitlines() or [""])[0][:200]
    return "a value of another type is needed" if "<class" in line or not line else line[:1].lower() + line[1:]


def _items(token: XPathToken, context: XPathContext) -> list[Item]:
    items: list[Item] = []
    for item in token.select(context):
        if len(items) == _MOST:
            raise SelectorFailure(f"it selects more than {_MOST} values")
        items.append(item)
    return items


@lru_cache(maxsize=1)
def _tree(value: str | bytes) -> tuple[EtreeDocumentNode, tuple[tuple[str, str], ...]]:
    """Give a document as the library sees it; criteria and outputs ask the same body one after the other."""
    from runner.expressions.selectors.nodes import node_tree

    document = parse_xml(value)
    return node_tree(document.root), tuple(document.namespaces.items())


def _selection(items: list[Item], token: XPathToken) -> Selection:
    """Make JSON of a result; some sequences have no effective boolean value (section 2.4.3)."""
    from elementpath import ElementPathError

    values = tuple(_json(item, token) for item in items)
    try:
        holds: bool | None = bool(token.boolean_value(items))
    except ElementPathError:
        holds = None
    return Selection(values, len(values) <= 1, holds)


def _json(item: Item, token: XPathToken) -> Json:
    from elementpath import XPathNode
    from elementpath.xpath_tokens import XPathArray, XPathFunction, XPathMap

    match item:
        case bool() | str():
            return item if isinstance(item, bool) else str(item)
        case int():
            return int(item)
        case float() | Decimal():
            if not math.isfinite(item):
                return str(token.string_value(item))
            return int(item) if item == int(item) else float(item)
        case XPathNode():
            return item.string_value
        case XPathMap():
            return {str(token.string_value(key)): _sequence(value, token) for key, value in item.items()}
        case XPathArray():
            return [_sequence(value, token) for value in item.items()]
        case XPathFunction():
            raise SelectorFailure("it gives a function, which is no value")
        case _:
            return str(token.string_value(item))


def _sequence(value: Item, token: XPathToken) -> Json:
    """Make JSON of a member: one item is a value, none or several are an array."""
    return [_json(item, token) for item in value] if isinstance(value, list) else _json(value, token)


def _place(item: Item) -> Place:
    from elementpath.xpath_nodes import AttributeNode, EtreeElementNode, TextNode

    match item:
        case EtreeElementNode():
            return cast("_Element", item.value), ""
        case AttributeNode(name=name, parent=EtreeElementNode(value=element)):
            return cast("_Element", element), f"@{name}"
        case TextNode(parent=EtreeElementNode(value=element, children=siblings)):
            at = next(index for index, child in enumerate(siblings) if child is item)
            return (cast("_Element", siblings[at - 1].value), "tail") if at else (cast("_Element", element), "text")
        case _:
            raise SelectorFailure("it selects what is no element, attribute or text")
