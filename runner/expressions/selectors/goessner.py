"""JSONPath as Goessner wrote it (`draft-goessner-dispatch-jsonpath-00`), as a selector.

Of script expressions only `[(@.length-1)]`, which counts from the end, is supported, and `=~` is not in the draft: it
would run an unbounded regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compiled import JsonQuery, Location
from runner.expressions.selectors.jsonpath import compile_singular
from runner.values import Json

if TYPE_CHECKING:
    from jsonpath_ng import DatumInContext


# A quoted name or text, which stays as it is, or a script that counts from the end of an array.
_FROM_END = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\[\(\s*@\.length\s*-\s*([1-9][0-9]{0,9})\s*\)\]")


def compile_goessner(text: str) -> JsonQuery:
    """Compile a query of the draft, or raise SelectorSyntax."""
    if not text.startswith("$"):
        raise SelectorSyntax("a JSONPath starts with '$'", 0, len(text))
    if "=~" in text:
        at = text.index("=~")
        raise SelectorSyntax("'=~' is no operator of this JSONPath", at, at + 2)
    plain = _FROM_END.sub(lambda found: f"[-{found[1]}]" if found[1] else found.group(), text)
    return compile_singular(plain) or _compile_with_library(plain)


def _compile_with_library(text: str) -> JsonQuery:
    from jsonpath_ng.ext.parser import parse

    try:
        query = parse(text)
    except Exception as error:  # the library raises bare Exceptions, too
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "it cannot be read"
        raise SelectorSyntax(f"not JSONPath: {reason}", 0, len(text)) from None

    def find(value: Json) -> Iterable[tuple[Location, Json]]:
        try:
            return [(tuple(_location(found)), found.value) for found in query.find(value)]
        except RecursionError:
            raise
        except Exception as error:
            raise SelectorFailure(f"it cannot be applied: {error}") from None

    return JsonQuery(singular=False, find=find)


def _location(found: DatumInContext) -> Iterator[str | int]:
    """Walk from a match to the root and give the names and indexes on the way, root first."""
    from jsonpath_ng import Fields, Index

    if found.context is not None:
        yield from _location(found.context)
    match found.path:
        case Fields(fields=fields):
            yield from fields
        case Index(indices=indices):
            yield from indices
        case _:  # the root, and what the library calls `this`
            return
