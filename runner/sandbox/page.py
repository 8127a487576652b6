"""Turns the state of a stand-in into a page for people and into JSON for programs, and requests into a log of them."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit

from runner.exchange import Reply, Request, Response
from runner.records import Frozen, Mutable, field
from runner.sandbox.ids import timestamp
from runner.sandbox.replies import reply
from runner.sandbox.stand_in import Now
from runner.values import Json

STATE = "/__state"
"""Where the JSON is."""

REFRESH = 2
"""How often the page comes again by itself, in seconds."""

Row: TypeAlias = Mapping[str, Json]
_URL = re.compile(r"(https?://)[^\s'\"]*", re.IGNORECASE)
_UNSAID = ("token", "signature", "access_token", "code", "client_secret")


class Section(Frozen):
    """A part of the state: rows of the same members, the newest first."""

    name: str
    rows: Sequence[Row]


class RequestLog(Mutable):
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
                "problem": _problem(answer),
            }
        )

    def section(self) -> Section:
        return Section("requests", tuple(self._rows))


def _problem(answer: Reply) -> str | None:
    """Give what an error says of itself, without the URLs that it repeats: they may hold a secret of the caller."""
    value = answer.content.value if isinstance(answer, Response) and answer.status >= 400 else None
    members = value if isinstance(value, dict) else {}
    said = (members.get(name) for name in ("message", "error_description", "detail"))
    return next((_URL.sub(r"\1…", str(text)) for text in said if text), None)


def _shown(url: str) -> str:
    """Give the path and the query of a URL."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{quote(name)}={'…' if name in _UNSAID else quote(value)}" for name, value in pairs)
    return f"{parts.path}?{query}" if query else parts.path


class StatePage(Frozen):
    """A page about a stand-in: what it is, in lines, and its state as it is when it is looked at."""

    title: str
    lines: Sequence[str]
    sections: Callable[[], Sequence[Section]]

    def html(self) -> Response:
        """Give the page."""
        sections = tuple(self.sections())
        text = _PAGE.format(
            title=escape(self.title),
            refresh=REFRESH,
            state=STATE,
            lines=escape("\n".join(self.lines)),
            links="".join(map(_link, sections)),
            tables="".join(map(_table, sections)),
        )
        return Response(200, (("Content-Type", "text/html; charset=utf-8"), *_HEADERS), text.encode(), "OK")

    def json(self) -> Response:
        """Give the state alone."""
        return reply({section.name: [dict(row) for row in section.rows] for section in self.sections()}, 200, _HEADERS)


def _table(section: Section) -> str:
    heading = f'<h2 id="{escape(section.name)}">{escape(section.name)} <small>{len(section.rows)}</small></h2>'
    if not section.rows:
        return f"<section>{heading}<p>none</p></section>"
    names = tuple(dict.fromkeys(name for row in section.rows for name in row))
    head = "".join(f'<th class="{_kind(name, section.rows[0].get(name))}">{escape(name)}' for name in names)
    body = "".join("<tr>" + "".join(_cell(name, row.get(name)) for name in names) for row in section.rows)
    return f"<section>{heading}<div><table><thead><tr>{head}<tbody>{body}</table></div></section>"


def _link(section: Section) -> str:
    name = escape(section.name)
    return f'<a href="#{name}">{name} <small>{len(section.rows)}</small></a>'


def _cell(name: str, value: Json) -> str:
    """Write a cell, which says whose it is where there is no room for a head."""
    tone = _tone(value) if name in _STATES else ""
    return f'<td data-name="{escape(name)}" class="{_kind(name, value)}{tone}">{_written(name, value)}'


def _kind(name: str, value: Json) -> str:
    """Say whether a value is a quantity; a number that is a name or a status is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number and name not in _STATES and not name.endswith("Id") else ""


def _written(name: str, value: Json) -> str:
    match value:
        case None:
            return ""
        case str() if _TIME.fullmatch(value):
            return f'<time datetime="{value}" title="{value}">{value[:10]} {value[11:19]}</time>'
        case str():
            return escape(value)
        case int() | float() if _kind(name, value):
            return f"{value:,.10g}"
        case list() if all(isinstance(item, str) for item in value):
            return escape(", ".join(map(str, value)))
        case _:
            return escape(json.dumps(value, ensure_ascii=False))


def _tone(value: Json) -> str:
    """Say how good it is what a status says."""
    if isinstance(value, int):
        return "good" if value < 400 else "poor" if value < 500 else "bad"
    return next((tone for tone, words in _TONES.items() if value in words), "")


_STATES = ("status", "state")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_TONES = {
    "good": ("succeeded", "allowed", "active", "Stored", "delivered"),
    "going": ("unassigned", "preparing", "processing", "pending", "awaited", "Pending", "held"),
    "poor": ("canceled", "expired", "rotated", "revoked"),
    "bad": ("failed", "blocked", "Failed", "undelivered", "closed"),
}


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
:root {{ color-scheme: light dark; --ground: #fff; --line: #8884; --soft: #8881; --good: #17703a; --going: #0b5cad;
  --poor: #8a5a00; --bad: #b3261e }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground: #141517; --good: #6fcf97; --going: #7ab8ff; --poor: #e6b450; --bad: #ff8a80 }} }}
* {{ box-sizing: border-box }}
html {{ scroll-padding-top: 3.5rem }}
body {{ background: var(--ground); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 90rem;
  padding: 1.5rem 1rem }}
h1 {{ font-size: 1.4rem; margin: 0 0 1rem }} h2 {{ font-size: 1.05rem; margin: 2rem 0 .4rem }}
small, p, th, nav, td::before {{ color: color-mix(in srgb, CanvasText 70%, transparent) }} small {{ font-weight: 400 }}
pre, td, th {{ font: 13px/1.5 ui-monospace, monospace }}
pre {{ background: var(--soft); border-radius: 6px; margin: 0; overflow: auto; padding: 1rem }}
nav {{ background: var(--ground); border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap;
  gap: .2rem 1.2rem; padding: .7rem 0; position: sticky; top: 0 }}
nav a {{ color: inherit; text-decoration: none }} nav a:hover {{ text-decoration: underline }}
nav a:last-child {{ margin-left: auto; text-decoration: underline }}
div {{ overflow-x: auto }} table {{ border-collapse: collapse; min-width: 100% }}
th, td {{ border-bottom: 1px solid var(--line); padding: .25rem 1.2rem .25rem 0; text-align: left;
  vertical-align: top; white-space: nowrap }}
th:last-child, td:last-child {{ padding-right: 0; width: 99% }}
[data-name=path], [data-name=problem], [data-name=scopes], [data-name=budgets], [data-name=steps], [data-name=tags],
[data-name=url], [data-name=last] {{ overflow-wrap: anywhere; white-space: normal }}
[data-name=path], [data-name=problem], [data-name=scopes] {{ min-width: clamp(12rem, 30vw, 28rem) }}
[data-name=steps], [data-name=tags], [data-name=budgets] {{ min-width: 11rem }}
tbody tr:hover {{ background: var(--soft) }}
.number {{ font-variant-numeric: tabular-nums; text-align: right }} .number:last-child {{ text-align: left }}
.good {{ color: var(--good) }} .going {{ color: var(--going) }} .poor {{ color: var(--poor) }}
.bad {{ color: var(--bad); font-weight: 600 }}
@media (max-width: 45rem) {{
  thead {{ display: none }}
  table, tbody, tr, td {{ display: block }} tr {{ border-bottom: 1px solid var(--line); padding: .5rem 0 }}
  td, td:last-child {{ border: 0; display: flex; gap: .8rem; min-width: 0; overflow-wrap: anywhere; padding: 0;
    text-align: left; white-space: normal; width: auto }}
  td:empty {{ display: none }}
  td::before {{ content: attr(data-name); flex: 0 0 8rem; font-weight: 400 }} }}
</style>
<h1>{title}</h1>
<pre>{lines}</pre>
<nav>{links}<a href="{state}">as JSON</a></nav>
{tables}
</html>
"""
