"""JSONPath (RFC 9535) as a selector.

A singular query, which is what most documents write, is walked by own code; the library is imported for the others.
Its `match()` and `search()` are replaced: they must not run longer than a bounded regular expression does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compiled import JsonQuery, Location
from runner.late import late_pattern, put_off
from runner.values import Json

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathEnvironment

_DEEPEST = 400

# singular-query-segments = *(S (name-segment / index-segment)), here without S and without escapes in names
_SEGMENT = re.compile(
    r"\.(?P<short>(?:[A-Za-z_]|[^\x00-\x7F\uD800-\uDFFF])(?:[0-9A-Za-z_]|[^\x00-\x7F\uD800-\uDFFF])*)"
    r"|\['(?P<single>[^'\\\x00-\x1F\uD800-\uDFFF]*)'\]"
    r'|\["(?P<double>[^"\\\x00-\x1F\uD800-\uDFFF]*)"\]'
    r"|\[(?P<index>0|-?[1-9][0-9]{0,14})\]"
)


def compile_jsonpath(text: str) -> JsonQuery:
    """Compile a JSONPath query, or raise SelectorSyntax."""
    return compile_singular(text) or _compile_with_library(text)


def compile_singular(text: str) -> JsonQuery | None:
    """Compile a query of plain names and indexes, which needs no library; give None for any other."""
    steps = _singular(text)
    return None if steps is None else JsonQuery(singular=True, find=_walk(steps))


def _singular(text: str) -> Location | None:
    if not text.startswith("$"):
        return None
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        found = _SEGMENT.match(text, position)
        if found is None:
            return None
        index = found["index"]
        steps.append(found[found.lastgroup or ""] if index is None else int(index))
        position = found.end()
    return tuple(steps)


def _walk(steps: Location) -> Callable[[Json], Iterable[tuple[Location, Json]]]:
    def find(value: Json) -> Iterable[tuple[Location, Json]]:
        location: list[str | int] = []
        for step in steps:
            if isinstance(step, str):
                if not isinstance(value, dict) or step not in value:
                    return ()
                location.append(step)
                value = value[step]
            else:
                if not isinstance(value, list) or not -len(value) <= step < len(value):
                    return ()
                location.append(step % len(value))
                value = value[step]
        return ((tuple(location), value),)

    return find


def _compile_with_library(text: str) -> JsonQuery:
    with put_off("regex"):  # the library's own match() and search() need it, which are replaced
        from jsonpath_rfc9535 import JSONPathError

    try:
        query = _environment().compile(text)
    except JSONPathError as error:
        start = error.token.index if error.token else 0
        fault = SelectorSyntax(f"not JSONPath: {error.args[0]}", start, max(start, len(text)))
        from runner.expressions.selectors.dialects import explained  # late, as what is wrong is rare

        raise explained(text, fault) from None
    except RecursionError:
        raise SelectorSyntax("the JSONPath is nested too deeply", 0, len(text)) from None

    def find(value: Json) -> Iterable[tuple[Location, Json]]:
        from runner.schema import RegexLimit

        try:
            return [(node.location, node.value) for node in query.find(value)]  # type: ignore[misc]
        except JSONPathError as error:
            raise SelectorFailure(str(error.args[0])) from None
        except RegexLimit:
            raise SelectorFailure("a search in it takes too long") from None

    return JsonQuery(singular=query.singular_query(), find=find)


@lru_cache(maxsize=1)
def _environment() -> JSONPathEnvironment:
    from jsonpath_rfc9535 import JSONPathEnvironment
    from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction

    class _Bounded(FilterFunction):
        arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012 - the library's interface
        return_type = ExpressionType.LOGICAL

        def __init__(self, form: str) -> None:
            self.form = form

        def __call__(self, text: object, pattern: object) -> bool:
            return isinstance(text, str) and isinstance(pattern, str) and _matches(text, pattern, self.form)

    class _Environment(JSONPathEnvironment):
        max_recursion_depth = _DEEPEST

        def setup_function_extensions(self) -> None:
            super().setup_function_extensions()
            self.function_extensions["match"] = _Bounded("^(?:{})$")
            self.function_extensions["search"] = _Bounded("{}")

    return _Environment()


def _matches(text: str, pattern: str, form: str) -> bool:
    """Match an I-Regexp (RFC 9485); one that is none matches nothing (RFC 9535, 2.4.6)."""
    from jsonpath_rfc9535.function_extensions.search import check  # type: ignore[attr-defined]

    from runner.schema import RegexSyntax, compile_regex

    try:
        return bool(check(pattern)) and compile_regex(form.format(_to_ecma(pattern))).search(text)
    except (RegexSyntax, UnicodeEncodeError):  # half a surrogate pair is no pattern either
        return False


_REGEX_PARTS = late_pattern(r"\\.|\[(?:\\.|[^\]\\])*\]|\.", re.DOTALL)


def _to_ecma(pattern: str) -> str:
    """Write an I-Regexp in ECMA-262 (RFC 9485, 5.3): an unescaped dot outside a class is `[^\\n\\r]`."""
    return _REGEX_PARTS.sub(lambda found: r"[^\n\r]" if found.group() == "." else found.group(), pattern)
