"""Gives the nodes of elementpath the string values that XPath defines; imported late, as the library is.

The library leaves out the text behind a comment or processing instruction, and takes a comment beside the root element
for text of the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from elementpath.datatypes import UntypedAtomic
from elementpath.tree_builders import get_node_tree
from elementpath.xpath_nodes import EtreeDocumentNode, EtreeElementNode
from lxml.etree import XPath, _Element

_string = XPath("string()", smart_strings=False)


def _text_of(element: object) -> str:
    return str(_string(cast(_Element, element)))


class _ElementNode(EtreeElementNode):
    __slots__ = ()

    @property
    def string_value(self) -> str:
        return _text_of(self.value)

    @property
    def compat_string_value(self) -> str:
        return self.string_value

    @property
    def iter_typed_values(self) -> Iterator[UntypedAtomic]:
        yield UntypedAtomic(self.string_value)


class _DocumentNode(EtreeDocumentNode):
    __slots__ = ()

    @property
    def string_value(self) -> str:
        return _text_of(self.value.getroot())

    @property
    def compat_string_value(self) -> str:
        return self.string_value


def node_tree(root: _Element) -> EtreeDocumentNode:
    """Give the document of an element as a tree of nodes."""
    tree = get_node_tree(root.getroottree())
    assert isinstance(tree, EtreeDocumentNode)
    tree.__class__ = _DocumentNode
    for node in (tree.elements or {}).values():
        if isinstance(node, EtreeElementNode):
            node.__class__ = _ElementNode
    return tree
