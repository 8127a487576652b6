"""Turns the text of a document into its value and the places of its parts, be it JSON or YAML; and bytes into text."""

from __future__ import annotations

import codecs
import re

from runner.diagnostics import Diagnostic
from runner.late import late_pattern
from runner.loader.parsed import DEFAULT_LIMITS, Limits, Parsed, Reporter
from runner.records import Frozen
from runner.source import Align, Place, Source, SourceMap
from runner.values import Json

# The mark of UTF-32-LE starts with that of UTF-16-LE: the longer ones come first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JSON = late_pattern(r"\ufeff?\s*[{\[]")
# How a text starts that is meant as JSON, with a comment before it.
_COMMENT = late_pattern(r"\ufeff?\s*(?://|/\*)")
_HTML = late_pattern(r"\ufeff?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
RAW = "name the file itself, most often behind a link called 'raw'"
_GITHUB_PAGE = late_pattern(r"https?://(?:www\.)?github\.com/([^/]+/[^/]+)/blob/([^?#]+)")


class Document(Frozen):
    """A document as it is written. `value` is None where it cannot be read; `problems` say why.

    `shares` says that aliases make the value larger than its text.
    """

    source: Source
    value: Json
    places: SourceMap
    problems: tuple[Diagnostic, ...] = ()
    shares: bool = False
    HIDDEN = ("value", "places")


def read_text(source: Source, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read a document as JSON where it is JSON, else as YAML."""
    from runner.loader.json import align as align_json  # late, as both parsers are: of what is kept nothing is parsed
    from runner.loader.json import parse_json_text
    from runner.loader.yaml import align as align_yaml
    from runner.loader.yaml import parse_yaml

    if _HTML.match(source.text):
        problem = _html_problem(source)
        return Document(source, None, SourceMap(source, lambda: Place(0, len(source.text)), align_yaml), (problem,))
    if not is_meant_as_json(source):
        return _document(source, parse_yaml(source, limits), align_yaml)
    json = parse_json_text(source, limits)
    if not _is_broken(json, "json-syntax") or _is_named_json(source):
        return _document(source, json, align_json)
    return _document(source, parse_yaml(source, limits), align_yaml)


def is_meant_as_json(source: Source) -> bool:
    """Say whether a document starts as JSON does; it may be YAML all the same, in flow style."""
    return bool(_JSON.match(source.text) or (_is_named_json(source) and _COMMENT.match(source.text)))


def _is_named_json(source: Source) -> bool:
    return source.uri.endswith(".json") or source.name.endswith(".json")


def decode_bytes(data: bytes) -> str:
    """Decode a document by its byte order mark (UTF-8, UTF-16, UTF-32), which is left out; without one it is UTF-8.

    ValueError says what is wrong, and where.
    """
    mark, encoding = _encoding(data)
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = error.start + len(mark)
        where = f"byte {offset}" if encoding != "utf-8" else f"byte {offset}, in line {data[:offset].count(10) + 1}"
        raise ValueError(f"the text is not {encoding.upper()}: 0x{data[offset]:02X} at {where}") from None


def encode_like(data: bytes, text: str) -> bytes:
    """Encode a text as `data` is encoded, with the byte order mark that it has; UnicodeError where it cannot be."""
    mark, encoding = _encoding(data)
    return mark + text.encode(encoding)


def _encoding(data: bytes) -> tuple[bytes, str]:
    return next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))


def _document(source: Source, parsed: Parsed, align: Align) -> Document:
    places = SourceMap(source, parsed.build, align)
    return Document(source, parsed.value, places, parsed.problems, parsed.shares)


def _is_broken(parsed: Parsed, rule: str) -> bool:
    return any(problem.rule == rule for problem in parsed.problems)


def _html_problem(source: Source) -> Diagnostic:
    page = _GITHUB_PAGE.match(source.uri)
    fix = f"use the file itself: https://raw.githubusercontent.com/{page[1]}/{page[2]}" if page else RAW
    start = source.text.index("<")
    return Reporter(source).error("html-page", "this is an HTML page, not a description", (start, start + 1), fix=fix)
