"""Turns the text of a simple condition into its parts.

Criterion Object: "basic literals, operators, and loose comparisons ... in combination with Runtime Expressions". A
parser after Pratt: one table of binding powers, nesting bounded. Comparisons do not chain.

An expression ends at white space, at a parenthesis and at an operator. So a JSON Pointer to a member whose name has one
of these cannot stand in a condition (an output can name its value first), and a header name may hold a single `!`, `&`
or `|`, but not `&&`, `||` or `!=`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import cast

from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Operator, Or
from runner.criteria.tokens import COMPARISONS, ConditionSyntax, Sign, Token, next_token, no_function
from runner.expressions.parse import ARAZZO_1_1, Grammar, Settle, as_parsed

__all__ = ["MAX_NESTING", "ConditionSyntax", "parse_condition"]

MAX_NESTING = 100

_BINDING: Mapping[str, int] = {"||": 1, "&&": 2, **dict.fromkeys(COMPARISONS, 3)}
_COMPARISON = 3


def parse_condition(text: str, grammar: Grammar = ARAZZO_1_1, settle: Settle = as_parsed) -> Condition:
    """Parse a simple condition, or raise ConditionSyntax or ExpressionSyntax with offsets in `text`."""
    return _as_parsed(text, grammar) if settle is as_parsed else _parsed(text, grammar, settle)


@lru_cache(1024)  # a text is looked at by many rules
def _as_parsed(text: str, grammar: Grammar) -> Condition:
    return _parsed(text, grammar, as_parsed)


def _parsed(text: str, grammar: Grammar, settle: Settle) -> Condition:
    if not text.strip():
        raise ConditionSyntax("the condition is empty", 0, len(text))
    parser = _Parser(text, grammar, settle)
    condition = parser.condition(0)
    token = parser.token
    if not isinstance(token, Sign) or token.text:
        raise parser.left_over()
    return condition


class _Parser:
    """The token that is next, and one method per construct."""

    def __init__(self, text: str, grammar: Grammar, settle: Settle) -> None:
        self.text, self.grammar, self.settle = text, grammar, settle
        self.depth = 0
        self.before: Token | None = None
        self.token: Token = next_token(text, 0, grammar, settle, None)

    def advance(self) -> Token:
        self.before = token = self.token
        self.token = next_token(self.text, token.end, self.grammar, self.settle, token)
        return token

    @property
    def sign(self) -> str | None:
        return self.token.text if isinstance(self.token, Sign) else None

    def condition(self, power: int) -> Condition:
        """Parse what binds tighter than `power`."""
        start = self.token.start
        left = self.prefix()
        while True:
            sign = self.sign or ""
            binding = _BINDING.get(sign, 0)
            if binding <= power:
                return left
            compares = binding == _COMPARISON
            left = self.comparison(left, start) if compares else self.joined(left, start, sign, binding)

    def comparison(self, left: Condition, start: int) -> Condition:
        operator = cast(Operator, self.sign)
        self.advance()
        right = self.condition(_COMPARISON)
        if self.sign in COMPARISONS:
            message = "comparisons do not chain: join two of them by '&&', or set parentheses"
            middle = self.text[right.start : right.end]
            advice = f"write two comparisons of {middle}, joined by '&&'"
            raise ConditionSyntax(message, self.token.start, self.token.end, advice=advice)
        return Comparison(operator, left, right, start, self.end)

    def joined(self, left: Condition, start: int, sign: str, binding: int) -> Condition:
        conditions = [left]
        while self.sign == sign:
            self.advance()
            conditions.append(self.condition(binding))
        return (And if sign == "&&" else Or)(tuple(conditions), start, self.end)

    def prefix(self) -> Condition:
        token = self.token
        if not isinstance(token, Sign):
            self.advance()
            return token
        if token.text not in ("!", "("):
            raise self.missing(token)
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ConditionSyntax(f"nested more than {MAX_NESTING} deep", token.start, token.end)
        self.advance()
        found = self.negated(token) if token.text == "!" else self.grouped(token)
        self.depth -= 1
        return found

    def negated(self, sign: Sign) -> Condition:
        condition = self.prefix()
        return Not(condition, sign.start, self.end)

    def grouped(self, opening: Sign) -> Condition:
        condition = self.condition(0)
        if self.sign != ")":
            if self.sign == "":
                raise ConditionSyntax("'(' is not closed", opening.start, opening.end)
            raise self.left_over()
        self.advance()
        return condition

    @property
    def end(self) -> int:
        """Where the token that was read last ends."""
        return self.before.end if self.before else 0

    def missing(self, token: Sign) -> ConditionSyntax:
        after = f" after '{self.before.text}'" if isinstance(self.before, Sign) else ""
        found = f"not '{token.text}'" if token.text else "but the condition ends"
        message = f"an expression or a literal must stand{after or ' here'}, {found}"
        advice = "name both sides of each comparison" if token.text in COMPARISONS else ""
        return ConditionSyntax(message, token.start, token.end, advice=advice)

    def left_over(self) -> ConditionSyntax:
        token = self.token
        written = self.text[token.start : token.end]
        if written == ")":
            return ConditionSyntax("')' closes nothing", token.start, token.end)
        if written == "(" and isinstance(self.before, Operand | Literal):
            name = self.text[self.before.start : self.before.end].rpartition(".")[2]
            advice = no_function(name, token.start, token.end).advice
            return ConditionSyntax(
                "there are no functions in a simple condition", token.start, token.end, advice=advice
            )
        return ConditionSyntax(f"an operator is missing before '{written}'", token.start, token.end)
