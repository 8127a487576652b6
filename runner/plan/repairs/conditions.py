"""Simple conditions as people write them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, takewhile

from runner.criteria.parse import MAX_NESTING
from runner.criteria.pieces import Piece, pieces
from runner.criteria.tokens import COMPARISONS, INSTEAD, NAME, WORDS, in_single_quotes
from runner.plan.mend import Reading, Repair, Slip
from runner.plan.repairs.expressions import OPERAND
from runner.plan.repairs.lengths import length_member
from runner.plan.repairs.reach import is_conformant
from runner.plan.repairs.texts import FOREIGN, meanings
from runner.records import replace

_LOGIC = frozenset({"&&", "||"})
_OPERANDS = frozenset({"string", "quoted", "expression", "braced", "number", "path", "pointer"})


def braced_operand(text: str, reading: Reading) -> Slip | None:
    """An expression in a simple condition stands in braces.

    Why: braces embed an expression in a text; in a simple condition it is an operand as it is.
    Example: `{$statusCode} == 200`, or `${statusCode} == 200` as in a script.
    Instead: `$statusCode == 200`.
    """
    message = "an expression that stands alone takes no braces"
    for piece in pieces(text):
        if piece.kind == "braced":
            return Slip(message, piece.start, piece.end, piece.text[1:-1], refused=True)
    strings = [(piece.start, piece.end) for piece in pieces(text) if piece.kind in ("string", "quoted")]
    for found in FOREIGN.finditer(text):
        meant = [each for each in meanings(found) if is_conformant(each, reading)]
        if len(meant) == 1 and not any(start < found.start() < end for start, end in strings):
            return Slip(message, *found.span(), meant[0], refused=True)
    return None


def double_quoted_string(text: str, reading: Reading) -> Slip | None:
    """A string in a simple condition stands in double quotes.

    Why: "Strings MUST use single quotes (') around the string"; a quote in it is doubled.
    Example: `$response.body#/state == "Failed"`.
    Instead: `$response.body#/state == 'Failed'`.
    """
    for piece in pieces(text):
        if piece.kind == "quoted":
            message = "a string stands in single quotes"
            return Slip(message, piece.start, piece.end, in_single_quotes(piece.text), refused=True)
    return None


def unquoted_string(text: str, reading: Reading) -> Slip | None:
    """A string in a simple condition stands in no quotes.

    Why: a word is neither a literal nor an expression; it is understood as a string where it is compared, is made of
    words, and names nothing that the condition could mean instead, such as an input.
    Example: `$response.body#/message == Pet not found`.
    Instead: `$response.body#/message == 'Pet not found'`.
    """
    found = list(pieces(text))
    for place, (before, first) in enumerate(pairwise(found), 1):
        if before.text not in COMPARISONS or first.kind != "word":
            continue
        words = list(
            takewhile(lambda piece: piece.kind in ("word", "number"), map(found.__getitem__, range(place, len(found))))
        )
        after = found[place + len(words)] if place + len(words) < len(found) else None
        phrase = text[first.start : words[-1].end]
        if (after is None or after.text in (*_LOGIC, ")")) and _is_text(phrase, reading):
            message = f"the text '{phrase}' stands in quotes"
            return Slip(message, first.start, words[-1].end, f"'{phrase}'", refused=True)
    return None


def _is_text(phrase: str, reading: Reading) -> bool:
    words = phrase.casefold().split()
    names = {*(reading.scope.inputs.names or ()), *reading.scope.outputs, *reading.scope.steps}
    names |= set(reading.ctx.grammar.roots)
    joins = "and" in words or "or" in words  # of two conditions, or words of a name
    is_literal = words[0] in WORDS or words[0] in INSTEAD
    return bool(NAME.fullmatch(phrase)) and not joins and not is_literal and phrase not in names


def operator_spelling(text: str, reading: Reading) -> Slip | None:
    """An operator or literal of a simple condition is spelt as another language spells it.

    Why: the operators are `== != < <= > >= ! && ||`, the literals `true`, `false` and `null`; nothing ends a condition.
    Example: `$statusCode === 200 and $response.body#/ready == True;`.
    Instead: `$statusCode == 200 && $response.body#/ready == true`.
    """
    found = list(pieces(text))
    if len(found) > 1 and found[-1].kind in ("word", "expression") and found[-1].text.endswith(";"):
        return Slip("a condition ends without ';'", found[-1].end - 1, found[-1].end, "", refused=True)
    for place, piece in enumerate(found):
        instead = _instead(found, place)
        if instead is not None:
            return Slip(f"'{piece.text}' is written '{instead}'", piece.start, piece.end, instead, refused=True)
    return None


def _instead(found: list[Piece], place: int) -> str | None:
    piece = found[place]
    before, after = found[place - 1] if place else None, found[place + 1] if place + 1 < len(found) else None
    word = piece.text.casefold()
    if piece.kind == "sign":
        between = _ends_operand(before) and _begins_operand(after)
        return INSTEAD.get(piece.text) if between and piece.text not in ("=>", "=<") else None
    if piece.kind != "word":
        return None
    if word in ("and", "or"):
        return INSTEAD[word] if _ends_operand(before) and _begins_operand(after) else None
    if word == "not":
        return "!" if _begins(before) and _is_whole(found, place + 1) else None
    stands_alone = (before is None or before.kind == "sign") and (after is None or after.kind == "sign")
    return word if word in WORDS and word != piece.text and stands_alone else None


def _begins(before: Piece | None) -> bool:
    """Say whether a condition, or one of those that are joined, begins behind a piece."""
    return before is None or before.text in _LOGIC or before.text == "(" or before.text.casefold() in ("and", "or")


def _ends_operand(piece: Piece | None) -> bool:
    return piece is not None and (piece.kind in _OPERANDS or piece.text == ")" or piece.text.casefold() in WORDS)


def _begins_operand(piece: Piece | None) -> bool:
    if piece is None:
        return False
    word = piece.text.casefold()
    return piece.kind in _OPERANDS or word in ("(", "!", "not") or word in WORDS


def _is_whole(found: list[Piece], start: int) -> bool:
    """Say whether one operand, or a group in parentheses, is all that `not` can be about: `!` binds tighter."""
    depth = 0
    for place in range(start, len(found)):
        piece = found[place]
        depth += {"(": 1, ")": -1}.get(piece.text, 0)
        if depth <= 0:
            after = found[place + 1] if place + 1 < len(found) else None
            ends = piece.kind in _OPERANDS or piece.text == ")" or piece.text in WORDS
            return ends and (after is None or after.text in (*_LOGIC, ")") or after.text.casefold() in ("and", "or"))
        if depth > MAX_NESTING:
            return False
    return False


def on_operands(*repairs: Repair) -> tuple[Repair, ...]:
    """Make repairs of expressions repairs of conditions, which look at each operand."""
    return tuple(_on_operands(each) for each in repairs)


def _on_operands(repair: Repair) -> Repair:
    def of_condition(text: str, reading: Reading) -> Slip | None:
        return next((slip for piece in pieces(text) for slip in _of_piece(repair, piece, reading)), None)

    of_condition.__name__, of_condition.__doc__ = repair.__name__, repair.__doc__
    return of_condition


def _of_piece(repair: Repair, piece: Piece, reading: Reading) -> Iterator[Slip]:
    slip = repair(piece.text, reading) if piece.kind == "expression" else None
    if slip is not None:
        yield replace(slip, start=slip.start + piece.start, end=slip.end + piece.start)


SIMPLE: tuple[Repair, ...] = (
    braced_operand,
    double_quoted_string,
    operator_spelling,
    unquoted_string,
    *on_operands(*OPERAND),
    length_member,
)
"""What is tried on a simple condition, in this order."""
