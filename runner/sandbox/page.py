"""Turns the state of a stand-in into a page for people and into JSON for programs, and requests into a log of them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit

from runner.exchange import Reply, Request, Response
from runner.sandbox.ids import timestamp
from runner.sandbox.replies import reply
from runner.sandbox.stand_in import Now
from runner.values import Json

STATE = "/__state"
"""Where the JSON is."""

REFRESH = 2
"""How often the page comes again by itself, in seconds."""

Row: TypeAlias = Mapping[str, Json]
_UNSAID = ("token", "signature", "access_token", "code", "client_secret")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the state: rows of the same members, the newest first."""

    name: str
    rows: Sequence[Row]


@dataclass(slots=True)
class RequestLog:
    """The last requests and how they were answered. What a URL proves itself by is left out."""

    clock: Now
    operation: Callable[[Request], str | None] = lambda _request: None
    _rows: deque[Row] = field(default_factory=lambda: deque(maxlen=50))

    def note(self, request: Request, answer: Reply) -> None:
        """Add a request."""
        status = answer.status if isinstance(answer, Response) else answer.kind
        self._rows.appendleft(
            {
                "at": timestamp(self.clock.now()),
                "method": request.method,
                "path": _shown(request.url),
                "operation": self.operation(request),
                "status": status,
            }
        )

    def section(self) -> Section:
        return Section("requests", tuple(self._rows))


def _shown(url: str) -> str:
    """Give the path and the query of a URL."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{quote(name)}={'…' if name in _UNSAID else quote(value)}" for name, value in pairs)
    return f"{parts.path}?{query}" if query else parts.path


@dataclass(frozen=True, slots=True)
class StatePage:
    """A page about a stand-in: what it is, in lines, and its state as it is when it is looked at."""

    title: str
    lines: Sequence[str]
    sections: Callable[[], Sequence[Section]]

    def html(self) -> Response:
        """Give the page."""
        tables = "".join(map(_table, self.sections()))
        text = _PAGE.format(
            title=escape(self.title), refresh=REFRESH, state=STATE, lines=escape("\n".join(self.lines)), tables=tables
        )
        return Response(200, (("Content-Type", "text/html; charset=utf-8"), *_HEADERS), text.encode(), "OK")

    def json(self) -> Response:
        """Give the state alone."""
        return reply({section.name: [dict(row) for row in section.rows] for section in self.sections()}, 200, _HEADERS)


def _table(section: Section) -> str:
    heading = f"<h2>{escape(section.name)} <small>{len(section.rows)}</small></h2>"
    if not section.rows:
        return f"{heading}<p>none</p>"
    names = tuple(dict.fromkeys(name for row in section.rows for name in row))
    head = "".join(f"<th>{escape(name)}" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{_cell(row.get(name))}" for name in names) for row in section.rows)
    return f'{heading}<div><table id="{escape(section.name)}"><tr>{head}{body}</table></div>'


def _cell(value: Json) -> str:
    match value:
        case None:
            return ""
        case str():
            return escape(value)
        case list() if all(isinstance(item, str) for item in value):
            return escape(", ".join(map(str, value)))
        case _:
            return escape(json.dumps(value, ensure_ascii=False))


# Nothing may be loaded and nothing run: what is shown was sent by whoever calls the stand-in.
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="{refresh}">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8886; --soft: #8881 }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.05rem; margin: 2rem 0 .4rem }} small {{ opacity: .6 }}
pre, td {{ font: 13px/1.5 ui-monospace, monospace }} pre {{ background: var(--soft); overflow: auto; padding: 1rem }}
div {{ overflow: auto }} table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid var(--line); padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top }}
th {{ font-weight: 600; opacity: .7 }} p {{ opacity: .6 }}
</style>
<h1>{title}</h1>
<pre>{lines}</pre>
<p>This page looks again every {refresh} seconds; as JSON: <a href="{state}">{state}</a>.</p>
{tables}
</html>
"""
