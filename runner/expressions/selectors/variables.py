"""Finds the variables of an XPath that nothing binds."""

from __future__ import annotations

import re

from runner.expressions.faults import SelectorSyntax

_NAME = r"\$\s*((?:[^\W\d][\w.\-]*:)?[^\W\d][\w.\-]*)"
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"|\(:.*?(?::\)|\Z)", re.DOTALL)
_VARIABLE = re.compile(_NAME)
_BOUND = re.compile(_NAME + r"(?=\s*(?:in\b|:=|as\b))")
_BOUND_OR_PARAMETER = re.compile(r"(?:[(,]\s*)?" + _NAME + r"(?=\s*(?:in\b|:=|as\b|[,)]))")


def check_variables(text: str) -> None:
    """Refuse a variable that nothing binds: most likely it is a runtime expression without its braces.

    Whatever looks like a binding binds in the whole expression; so do parameters, where there is an inline function.
    """
    code = _LITERAL.sub(lambda found: " " * len(found[0]), text)
    binding = _BOUND_OR_PARAMETER if re.search(r"\bfunction\s*\(", code) else _BOUND
    bound = {found[1] for found in binding.finditer(code)}
    for found in _VARIABLE.finditer(code):
        if found[1] not in bound:
            message = f"there is no variable '{found[0]}'; a runtime expression is written {{{found[0]}}}"
            raise SelectorSyntax(message, found.start(), found.end(), suggestion=f"{{{found[0]}}}")
