"""Turns a value into XML, as the `xml` of its schemas says (XML Object): names, attributes, wrapped arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from runner.records import Frozen
from runner.schema.keywords import Object, applied, within
from runner.text import scalar_text
from runner.values import Json

_NAME = re.compile(r"[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Part(Frozen):
    """A value and the schemas that speak about it."""

    value: Json
    schemas: tuple[Object, ...]

    @property
    def xml(self) -> Mapping[str, Json]:
        return {name: value for each in reversed(self.schemas) for name, value in _object(each.get("xml")).items()}

    def name(self, otherwise: str) -> str:
        name, prefix = self.xml.get("name"), self.xml.get("prefix")
        name = name if isinstance(name, str) else otherwise
        name = f"{prefix}:{name}" if isinstance(prefix, str) and prefix else name
        return name if _NAME.fullmatch(name) else "element"


def xml_text(value: Json, schema: Json, root: Object, name: str) -> str:
    """Write a value as a document; its root element is called by its schema, else by `name`."""
    part = _Part(value, tuple(applied(schema, root, branches=True)))
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    if isinstance(value, list):
        tag = part.name(name)
        return f"{declaration}<{tag}>{''.join(_elements(part, 'item', root, plain=True))}</{tag}>"
    return declaration + "".join(_elements(part, name, root))


def _elements(part: _Part, name: str, root: Object, *, plain: bool = False) -> Iterator[str]:
    """Write the elements that a value comes to: one, or one for each item of an array, in a wrapper if it wants one."""
    if not isinstance(part.value, list):
        yield _element(part, part.name(name), root)
        return
    items = [_inner(part, str(index), item, root) for index, item in enumerate(part.value)]
    inside = (element for item in items for element in _elements(item, name if plain else part.name(name), root))
    if part.xml.get("wrapped") is True and not plain:
        tag = part.name(name)
        yield f"<{tag}>{''.join(element for item in items for element in _elements(item, name, root))}</{tag}>"
    else:
        yield from inside


def _element(part: _Part, tag: str, root: Object) -> str:
    attributes = _namespace(part)
    if not isinstance(part.value, dict):
        return f"<{tag}{attributes}>{_text(part.value)}</{tag}>"
    children = list[str]()
    for name, value in part.value.items():
        inner = _inner(part, name, value, root)
        if inner.xml.get("attribute") is True and not isinstance(value, dict | list):
            attributes += f" {inner.name(name)}={quoteattr(_plain(value))}"
        else:
            children += _elements(inner, name, root)
    return f"<{tag}{attributes}>{''.join(children)}</{tag}>"


def _inner(part: _Part, token: str, value: Json, root: Object) -> _Part:
    found = [each for schema in part.schemas for inner in within(schema, token) for each in _same(inner, root)]
    return _Part(value, tuple(found))


def _same(schema: Json, root: Object) -> list[Object]:
    return applied(schema, root, branches=True)


def _namespace(part: _Part) -> str:
    uri, prefix = part.xml.get("namespace"), part.xml.get("prefix")
    if not isinstance(uri, str):
        return ""
    return f" xmlns{f':{prefix}' if isinstance(prefix, str) and prefix else ''}={quoteattr(uri)}"


def _text(value: Json) -> str:
    return escape(_plain(value))


def _plain(value: Json) -> str:
    text = "" if value is None or isinstance(value, dict | list) else scalar_text(value)
    return _NOT_XML.sub("?", text)


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
