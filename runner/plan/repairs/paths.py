"""Paths of names and indexes, and JSON Pointers that are not quite, behind what an expression refers to."""

from __future__ import annotations

import re

from runner.plan.mend import Reading, Slip
from runner.plan.repairs.reach import declared_type, reached
from runner.values import join_pointer

# `.name`, `[0]` and `["name"]`. A name with an operator or white space in it is rather a comparison, or a text.
_STEP = re.compile(
    r"\.(?P<name>(?!\$(?:[.\[]|\Z))[^\s.\[\]\"'{}#*=<>!&|()?,;/\\~]+)"
    r"|\[(?P<index>0|[1-9][0-9]{0,14})\]"
    r"|\[(?P<quote>['\"])(?P<quoted>[^'\"\\\[\]{}]+)(?P=quote)\]"
)
_NAMES = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")


def property_path(text: str, reading: Reading) -> Slip | None:
    """A part of a value is selected by a path of names and indexes.

    Why: `.name` and `[0]` are operators of conditions; elsewhere a JSON Pointer selects a part of a value. A declared
    name may have dots: the longest one counts, and the path begins behind it.
    Example: `$response.body.items[0].id`, `$steps.find.outputs.book.title`, `$inputs.customer.name`.
    Instead: `$response.body#/items/0/id`, `$steps.find.outputs.book#/title`, `$inputs.customer#/name`.
    """
    found = reached(text, reading)
    written, _, pointer = found.rest.partition("#") if found else ("", "", "")
    path = path_steps(written)
    if found is None or not path or declared_type(found.base, reading.scope) or pointer[:1] not in ("", "/"):
        return None
    message = f"'{written}' is no JSON Pointer, which selects a part of a value outside of conditions"
    return Slip(message, 0, len(text), f"{found.base}{join_pointer('#', *path)}{pointer}")


def path_steps(text: str) -> tuple[str | int, ...] | None:
    """Read a sequence of `.name`, `[0]` and `["name"]`, or give None where the text is anything else."""
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        steps.append(int(found["index"]) if found["index"] else found["name"] or found["quoted"])
        position = found.end()
    return tuple(steps)


def pointer_slash(text: str, reading: Reading) -> Slip | None:
    """A JSON Pointer does not begin with a slash.

    Why: "a JSON Pointer is a sequence of zero or more reference tokens, each prefixed by a `/`".
    Example: `$response.body#id`.
    Instead: `$response.body#/id`.
    """
    found = reached(text, reading)
    if found is None or not found.rest.startswith("#") or not _NAMES.fullmatch(found.rest, 1):
        return None
    at = len(text) - len(found.rest)
    return Slip("a JSON Pointer begins with '/'", at, len(text), f"#/{found.rest[1:]}", refused=True)
