"""Turns values into YAML or JSON text, in the style of the text that they are written into.

Every spelling is an offer: the new text is read again, and where it says something else the next one is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from runner.loader.json import align as align_json
from runner.loader.scalars import plain_value
from runner.loader.yaml import align as align_yaml
from runner.records import Frozen
from runner.values import Json

LONGEST = 4000  # characters of a text whose differences are looked for one by one

# What may stand in plain style wherever a scalar may; stricter than YAML is, and safe for readers of YAML 1.1.
_PLAIN = re.compile(r"[A-Za-z0-9_$/.(\\^+~<=;][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*")
_NEVER_PLAIN = re.compile(r":(?:\s|$)|\s#|\s$|^(?:---|\.\.\.)")
# Words, numbers in base 60, dates and octal numbers of YAML 1.1.
_MISREAD = re.compile(
    r"(?:y|n|yes|no|on|off|true|false|null)|[-+]?[0-9_]+(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|[-+]?0[0-7_]+|[-+]?0[bx][0-9a-f_]+|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?|=|<<|~",
    re.IGNORECASE,
)
# Characters that only an escape can stand for.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class Dialect(Frozen):
    """What the text around wants: JSON; flow style; `indent` columns for lines that follow, each `step` deeper.

    `outdented` says that a list stands in the column of the key that it belongs to.
    """

    is_json: bool = False
    flow: bool = False
    indent: int = 0
    step: int = 2
    eol: str = "\n"
    outdented: bool = False


def scalar(value: Json, dialect: Dialect) -> str:
    """Write a scalar on one line, in plain style where every reader of YAML takes it for what it is."""
    if not isinstance(value, str):
        return json.dumps(value)
    if dialect.is_json:
        return json.dumps(value, ensure_ascii=False)
    if is_plain(value, dialect.flow):
        return value
    return single(value) if "'" not in value and _fits_single(value) else double(value)


def is_plain(text: str, flow: bool) -> bool:
    """Say whether a text may be written without quotes."""
    if not _PLAIN.fullmatch(text) or _NEVER_PLAIN.search(text) or _MISREAD.fullmatch(text):
        return False
    if flow and re.search(r"[,\[\]{}]", text):
        return False
    return isinstance(_plain(text), str)


def _plain(text: str) -> Json:
    try:
        return plain_value(text)
    except ValueError:
        return None


def single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fits_single(text: str) -> bool:
    return not re.search("[\x00-\x1f]", text) and not _ESCAPED.search(text)


def double(text: str) -> str:
    """Write a text in double quotes; YAML knows the escapes of JSON."""
    return '"' + _escape(text) + '"'


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04X}", json.dumps(text, ensure_ascii=False)[1:-1])


def literal(text: str, dialect: Dialect) -> str | None:
    """Write a text of several lines as a literal block, or nothing where that cannot hold it."""
    body = text.rstrip("\n")
    lines = body.split("\n")
    if not body or not lines[0].strip() or lines[0][0] in " \t" or _ESCAPED.search(text):
        return None
    if re.search("[\x00-\x08\x0b-\x1f]", text):
        return None
    ends = len(text) - len(body)
    indent = " " * dialect.indent
    header = "|" + {0: "-", 1: ""}.get(ends, "+")
    written = [f"{indent}{line}" if line else "" for line in lines]
    return dialect.eol.join([header, *written, *[""] * (ends - 1)])


def flow(value: Json, dialect: Dialect) -> str:
    """Write any value on one line."""
    match value:
        case dict():
            return (
                "{" + ", ".join(f"{scalar(key, dialect)}: {flow(each, dialect)}" for key, each in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(flow(each, dialect) for each in value) + "]"
        case _:
            return scalar(value, dialect)


def block(value: Json, dialect: Dialect) -> str:
    """Write a value in block style, as it stands where its first line is already in column `dialect.indent`."""
    return (dialect.eol + " " * dialect.indent).join(_lines(value, dialect))


def _lines(value: Json, dialect: Dialect) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, each in value.items():
                first, *rest = _lines(each, dialect)
                if isinstance(each, dict | list) and each:
                    pad = "" if isinstance(each, list) and dialect.outdented else " " * dialect.step
                    yield f"{scalar(key, dialect)}:"
                    yield from (_padded(pad, line) for line in (first, *rest))
                else:
                    yield f"{scalar(key, dialect)}: {first}"
                    yield from (_padded(" " * dialect.step, line) for line in rest)
        case list() if value:
            for each in value:
                first, *rest = _lines(each, dialect)
                yield f"- {first}"
                yield from (_padded("  ", line) for line in rest)
        case str() if "\n" in value and (text := literal(value, Dialect(eol="\n"))):
            yield from text.split("\n")
        case dict() | list():
            yield flow(value, dialect)
        case _:
            yield scalar(value, dialect)


def _padded(pad: str, line: str) -> str:
    return pad + line if line else ""


def respelled(raw: str, old: Json, new: str, dialect: Dialect) -> Iterator[str]:
    """Give spellings of a text that takes the place of the scalar `raw`, those first that change least of it."""
    style = raw[:1]
    if isinstance(old, str) and (spliced := _spliced(raw, old, new, dialect)) is not None:
        yield spliced
    if dialect.is_json:
        yield scalar(new, dialect)
        return
    if style in ("|", ">") and not dialect.flow and (text := literal(new, dialect)):
        yield text
    if style not in ("'", '"') and is_plain(new, dialect.flow):
        yield new
    if style != '"' and _fits_single(new) and not ("'" in new and style != "'"):
        yield single(new)
    if not dialect.flow and "\n" in new and (text := literal(new, dialect)):
        yield text
    yield double(new)


def _spliced(raw: str, old: str, new: str, dialect: Dialect) -> str | None:
    """Write a text in the style of the old one, character by character where they differ."""
    style = raw[:1]
    plain = style not in ("'", '"', "|", ">")
    if plain and (not _is_flat(new) or _MISREAD.fullmatch(new) or not isinstance(_plain(new), str)):
        return None
    align = align_json if dialect.is_json else align_yaml
    made, last = [], 0
    for start, end, text in _differences(old, new):
        written = _inside(text, style, dialect)
        if written is None:
            return None
        first = align(raw, start)
        made += [raw[last:first], written]
        last = max(first, align(raw, end))
    return "".join([*made, raw[last:]])


def _inside(text: str, style: str, dialect: Dialect) -> str | None:
    """Write a part of a scalar's text, or nothing where its style has no way to."""
    if style == '"':
        return json.dumps(text, ensure_ascii=False)[1:-1] if dialect.is_json else _escape(text)
    if _ESCAPED.search(text):
        return None
    if style == "|":
        return text.replace("\n", dialect.eol + " " * dialect.indent)
    if not _is_flat(text):
        return None
    return text.replace("'", "''") if style == "'" else text


def _is_flat(text: str) -> bool:
    return not re.search("[\x00-\x1f]", text)


def _differences(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Give the characters of the old text that change, and what they become."""
    if len(old) + len(new) <= LONGEST:
        for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                yield start, end, new[first:last]
        return
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    room = min(len(old), len(new)) - start
    ends = zip(reversed(old), reversed(new), strict=False)
    same = min(next((i for i, (a, b) in enumerate(ends) if a != b), room), room)
    yield start, len(old) - same, new[start : len(new) - same]
