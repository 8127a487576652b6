"""Turns text from anywhere into HTML: what is not markup by its type is escaped, and shows what it would hide."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from runner.reporters.text import visible


class Markup(str):
    """HTML as it stands; any other string is text."""

    __slots__ = ()


def text(content: str) -> Markup:
    """Write text so that it does nothing: no markup, no control characters, no change of direction."""
    return content if isinstance(content, Markup) else Markup(escape(visible(content)))


def tag(name: str, *content: str, **attributes: str | int | bool | None) -> Markup:
    """Write an element; `class_` is the attribute `class`, `data_id` is `data-id`; None and False are left out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{name}{written}>{''.join(map(text, content))}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Markup:
    """Write several parts one after the other."""
    return Markup(text(between).join(map(text, parts)))


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'


def table(rows: Iterable[tuple[str, str]], kind: str = "values") -> Markup:
    """Write names and what belongs to each, or nothing where there are none."""
    lines = join(tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows)
    return tag("table", tag("tbody", lines), class_=kind) if lines else Markup()


def section(title: str, *content: str, **attributes: str | int | bool | None) -> Markup:
    """Write a titled part of a step, or nothing where it has no content."""
    return tag("section", tag("h5", title), *content, **attributes) if any(content) else Markup()
