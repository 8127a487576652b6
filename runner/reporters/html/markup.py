"""Turns text from anywhere into HTML: what is not markup by its type is escaped, and shows what it would hide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from html import escape

from runner.reporters.text import visible

# Most texts are plain, and are looked at once.
_PLAIN = re.compile(r"[ !#$%(-;=?-~]*")


class Markup(str):
    """HTML as it stands; any other string is text."""

    __slots__ = ()

    def __add__(self, other: str) -> Markup:
        return Markup(str.__add__(self, text(other)))


def text(content: str) -> Markup:
    """Write text so that it does nothing: no markup, no control characters, no change of direction."""
    if isinstance(content, Markup):
        return content
    return Markup(content if _PLAIN.fullmatch(content) else escape(visible(content)))


def tag(name: str, *content: str, **attributes: str | int | bool | None) -> Markup:
    """Write an element; `class_` is the attribute `class`, `data_id` is `data-id`; None and False are left out."""
    written = "".join([_attribute(key, value) for key, value in attributes.items()]) if attributes else ""
    return Markup(f"<{name}{written}>{_joined(content)}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Markup:
    """Write several parts one after the other."""
    return Markup(text(between).join([text(each) for each in parts]) if between else _joined(parts))


def _joined(parts: Iterable[str]) -> str:
    return "".join([each if isinstance(each, Markup) or _PLAIN.fullmatch(each) else text(each) for each in parts])


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {_name(key)}"
    written = str(value)
    return f' {_name(key)}="{written if _PLAIN.fullmatch(written) else text(written)}"'


@cache
def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def table(rows: Iterable[tuple[str, str]], kind: str = "values") -> Markup:
    """Write names and what belongs to each, or nothing where there are none."""
    lines = join(tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows)
    return tag("table", tag("tbody", lines), class_=kind) if lines else Markup()


def section(title: str, *content: str, **attributes: str | int | bool | None) -> Markup:
    """Write a titled part of a step, or nothing where it has no content."""
    return tag("section", tag("h5", title), *content, **attributes) if any(content) else Markup()
