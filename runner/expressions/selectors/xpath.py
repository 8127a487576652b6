"""XPath 1.0 (lxml) and 2.0 to 3.1 (elementpath) as selectors over XML text.

A node becomes its string value; numbers, booleans and strings are themselves; maps and arrays of 3.1 are JSON's. The
prefixes declared at the root element can be used; names without one are in no namespace. XML is parsed without
entities, network or DTD. Both libraries are imported late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compiled import Compiled, Location
from runner.values import Json

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_XML = 16 * 1024 * 1024
"""Characters of XML that are looked at; more is refused."""

Found: TypeAlias = Any  # a node or value of one of the two libraries
Evaluate: TypeAlias = "Callable[[_Element], list[Found]]"

_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_VARIABLE = re.compile(r"\$\s*([\w.:-]+)")
_BINDING = re.compile(r"(?:\b(?:for|let|some|every)|[,(])\s*\$\s*([\w.:-]+)(?=\s*(?:in\b|:=|as\b|[,)]))")
_DECLARATION = re.compile(r"\s*<\?xml\b.*?\?>\s*", re.DOTALL)


def compile_xpath(version: str) -> Callable[[str], Compiled]:
    """Give the compiler of a version of XPath."""
    return lambda text: _compiled(text, version)


def _compiled(text: str, version: str) -> Compiled:
    _check_variables(text)
    language = _Xpath1(text) if version == "xpath-10" else _Xpath2(text, version)
    language.check()

    def find(value: Json) -> list[tuple[Location, Json]]:
        return [((), language.plain(found)) for found in language.evaluate(parse_xml(value))]

    def holds(value: Json) -> bool:
        return language.truth(language.evaluate(parse_xml(value)))

    def put(value: Json, new: str) -> str:
        root = parse_xml(value)
        places = [place for found in language.evaluate(root) if (place := language.place(found)) is not None]
        if not places:
            raise SelectorFailure(f"'{text}' selects no node")
        for place in places:
            place(new)
        return _written(str(value), root)

    return Compiled(text, False, find, "xpath", version, as_found=True, holds=holds, put=put)


def _check_variables(text: str) -> None:
    """Refuse variables that nothing binds: most likely runtime expressions without braces."""
    code = _LITERAL.sub(lambda found: " " * len(found[0]), text)
    bound = {found[1] for found in _BINDING.finditer(code)}
    for found in _VARIABLE.finditer(code):
        if found[1] not in bound:
            message = f"there is no variable '{found[0]}'; a runtime expression is written {{{found[0]}}}"
            raise SelectorSyntax(message, found.start(), found.end(), suggestion=f"{{{found[0]}}}")


def parse_xml(value: Json) -> _Element:
    """Parse a text as XML, or raise SelectorFailure."""
    from lxml import etree

    if not isinstance(value, str):
        raise SelectorFailure("the context is not XML: it is no text")
    if len(value) > MAX_XML:
        raise SelectorFailure(f"the context has more than {MAX_XML:,} characters")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
    )
    try:
        root = etree.fromstring(value.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SelectorFailure(f"the context is not XML: {_first_line(error)}") from None
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and next(dtd.iterentities(), None) is not None:
        raise SelectorFailure(
            "the context declares entities, which are not read"
        )  # a few lines can stand for gigabytes
    return root


def _written(before: str, root: _Element) -> str:
    """Write a document again, with the declaration it had."""
    from lxml import etree

    declaration = _DECLARATION.match(before)
    return (declaration.group() if declaration else "") + etree.tostring(root.getroottree(), encoding="unicode")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["?"])[0]


def _prefixes(root: _Element) -> dict[str, str]:
    return {prefix: uri for prefix, uri in root.nsmap.items() if prefix}


def _number(value: float) -> Json:
    return int(value) if value == value and abs(value) != float("inf") and value.is_integer() else value


def _put_element(element: _Element) -> Callable[[str], None]:
    def put(new: str) -> None:
        for child in list(element):
            element.remove(child)
        element.text = new

    return put


class _Xpath1:
    """XPath 1.0, whose values are node-sets, numbers, strings and booleans."""

    def __init__(self, text: str) -> None:
        self.text = text

    def check(self) -> None:
        from lxml import etree

        try:
            etree.XPath(self.text)
        except etree.XPathSyntaxError as error:
            raise SelectorSyntax(f"not XPath 1.0: {_first_line(error)}", 0, len(self.text)) from None

    def evaluate(self, root: _Element) -> list[Found]:
        from lxml import etree

        try:
            found = etree.XPath(self.text, namespaces=_prefixes(root))(root.getroottree())
        except etree.XPathError as error:
            raise SelectorFailure(f"the XPath cannot be evaluated: {_first_line(error)}") from None
        self.is_node_set = isinstance(found, list)
        return found if isinstance(found, list) else [found]

    def plain(self, found: Found) -> Json:
        match found:
            case bool():
                return found
            case float():
                return _number(found)
            case str():
                return str(found)
            case tuple():
                return str(found[1])
            case _:
                return str(found.xpath("string()")) if isinstance(found.tag, str) else found.text or ""

    def truth(self, found: list[Found]) -> bool:
        """Convert to boolean (XPath 1.0, section 4.3): a node-set by being non-empty, a number unless zero or NaN."""
        if len(found) != 1 or self._is_node(found[0]):
            return bool(found)
        value = found[0]
        return value == value and bool(value)

    def _is_node(self, found: Found) -> bool:
        return (hasattr(found, "getparent") and found.getparent() is not None) or hasattr(found, "tag")

    def place(self, found: Found) -> Callable[[str], None] | None:
        if isinstance(found, str):
            text: Found = found  # lxml's texts know where they stand
            parent = text.getparent() if hasattr(text, "getparent") else None
            if parent is None:
                return None
            if text.is_attribute:
                return lambda new: parent.set(text.attrname, new)
            return lambda new: setattr(parent, "tail" if text.is_tail else "text", new)
        return _put_element(found) if hasattr(found, "tag") and isinstance(found.tag, str) else None


class _Xpath2:
    """XPath 2.0 and later, whose values are sequences."""

    def __init__(self, text: str, version: str) -> None:
        self.text, self.version = text, version

    def _token(self, namespaces: dict[str, str]) -> Any:
        from elementpath import XPath2Parser
        from elementpath.xpath3 import XPath30Parser, XPath31Parser

        parsers = {"xpath-20": XPath2Parser, "xpath-30": XPath30Parser, "xpath-31": XPath31Parser}
        return parsers[self.version](namespaces=namespaces).parse(self.text)

    def check(self) -> None:
        from elementpath.exceptions import ElementPathError

        try:
            self._token({})
        except ElementPathError as error:
            code = str(error.code)
            # XPST0081: a prefix, which the document will declare; other families are found out while it is evaluated
            if "XPST" in code and "XPST0081" not in code:
                raise SelectorSyntax(f"not XPath: {_without_code(error)}", 0, len(self.text)) from None
        except (RecursionError, ValueError, OverflowError):
            raise SelectorSyntax("not XPath that can be read", 0, len(self.text)) from None

    def _attempt(self, root: _Element, use: Callable[[Any, Any], Any]) -> Any:
        from elementpath import XPathContext
        from elementpath.exceptions import ElementPathError

        try:
            token = self._token(_prefixes(root))
            return use(token, XPathContext(root.getroottree()))
        except (ElementPathError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
            raise SelectorFailure(f"the XPath cannot be evaluated: {_without_code(error)}") from None

    def evaluate(self, root: _Element) -> list[Found]:
        return list(self._attempt(root, lambda token, context: [(token, item) for item in token.select(context)]))

    def plain(self, found: Found) -> Json:
        _, item = found
        return _plain(item)

    def truth(self, found: list[Found]) -> bool:
        """Give the effective boolean value; some sequences have none."""
        from elementpath.exceptions import ElementPathError

        if not found:
            return False
        try:
            return bool(found[0][0].boolean_value([item for _, item in found]))
        except (ElementPathError, TypeError, ValueError) as error:
            raise SelectorFailure(f"the XPath has no effective boolean value: {_without_code(error)}") from None

    def place(self, found: Found) -> Callable[[str], None] | None:
        from elementpath.xpath_nodes import AttributeNode, ElementNode, TextNode

        node: Found = found[1]
        parent = getattr(node, "parent", None)
        if isinstance(node, AttributeNode) and parent is not None:
            return lambda new: parent.value.set(node.name, new)
        if isinstance(node, TextNode) and parent is not None:
            return lambda new: setattr(parent.value, "text", new)
        if not isinstance(node, ElementNode):
            return None
        element: Found = node.value
        return _put_element(element)


def _without_code(error: BaseException) -> str:
    return re.sub(r"^(\[err:)?\w*\]?:? ?", "", _first_line(error)) if isinstance(error, Exception) else "?"


def _plain(item: Found) -> Json:
    """Write an item of XPath's data model as JSON."""
    from decimal import Decimal

    from elementpath.xpath_nodes import ElementNode, XPathNode
    from elementpath.xpath_tokens import XPathArray, XPathMap

    match item:
        case ElementNode():
            element: Found = item.value
            return str(element.xpath("string()"))  # comments are no text
        case XPathNode():
            return str(item.string_value)
        case XPathMap():
            return {str(key): _sequence(value) for key, value in item.items()}
        case XPathArray():
            return [_sequence(value) for value in item.items()]
        case None | bool() | int() | str():
            return item
        case float() | Decimal():
            return _number(float(item))
        case _:
            return str(item)


def _sequence(value: Found) -> Json:
    items: Iterator[Found] = iter(value) if isinstance(value, list) else iter([value])
    plain = [_plain(item) for item in items]
    return plain[0] if len(plain) == 1 else plain
