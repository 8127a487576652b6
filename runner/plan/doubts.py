"""Turn an expression that was not understood into what is most likely wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runner.diagnostics import Diagnostic, nearest
from runner.expressions.faults import ExpressionSyntax
from runner.expressions.nodes import Constant, Node, Template
from runner.expressions.template import embedded_texts, parse_value
from runner.plan.mend import Mended, Reading
from runner.plan.repairs.expressions import EMBEDDED
from runner.plan.repairs.paths import path_steps
from runner.plan.repairs.reach import declared_type, is_comparison, is_conformant, reached, step_of, understood
from runner.plan.repairs.texts import FOREIGN, bare_words, literals, meanings
from runner.plan.rules import expressions as rules
from runner.source import Span
from runner.values import join_pointer

_SEVERAL = re.compile(r"\[(?:\*|\?|[^\[\]]*[:,]|-)|\.\.|\.\*|\.\[")
_INDEX = re.compile(r"/\[[0-9]+\]")
_IN_BRACKETS = re.compile(r"/[^/]*\[[0-9]+\]")


class _Piece(NamedTuple):
    """One expression in a text, and where it stands."""

    text: str
    mended: Mended
    start: int

    @property
    def reading(self) -> Reading:
        return self.mended.reading

    def told(self) -> Diagnostic | None:
        """Say what is wrong with it, if that is known better than the grammar knows it."""
        if is_comparison(self.text, self.reading):
            found = reached(self.text, self.reading)
            if found is None or found.rest:
                return rules.comparison_as_value(self.text, self._span(self.text))
        if is_conformant(self.text, self.reading):
            return self._pointer()
        return self._name() or self._path() or self._pointer() or self._step()

    def _span(self, part: str) -> Span:
        """Give the place of what the text ends in."""
        end = self.start + len(self.text)
        return self.mended.span(end - len(part), end)

    def _name(self) -> Diagnostic | None:
        found = reached(self.text, self.reading)
        if found is None or found.rest or not found.base.startswith("$inputs."):
            return None
        name = found.base.removeprefix("$inputs.")
        return rules.unspellable_name(name, self._span(name))

    def _path(self) -> Diagnostic | None:
        found = reached(self.text, self.reading)
        if found is None or not found.rest.startswith((".", "[")):
            return None
        if path_steps(found.rest) and (type_ := declared_type(found.base, self.reading.scope)):
            return rules.part_of_scalar(found.base, type_, found.rest, self._span(found.rest))
        selectors = self.reading.ctx.arazzo.document.dialect.selectors
        several = _SEVERAL.search(found.rest)
        return rules.path_to_several(found.rest, self._span(found.rest), selectors=selectors) if several else None

    def _pointer(self) -> Diagnostic | None:
        found = reached(self.text, self.reading) if "#" in self.text else None
        pointer = found.rest[1:] if found and found.rest.startswith("#") else ""
        meant = _pointer_meant(pointer) if pointer else None
        if meant is None:
            return None
        certain = not pointer.startswith("/") or _INDEX.search(pointer) is not None
        return rules.pointer_spelling(f"#{pointer}", f"#{meant}", self._span(f"#{pointer}"), certain=certain)

    def _step(self) -> Diagnostic | None:
        found = step_of(self.text, self.reading)
        if found is None or found.rest[:1] not in ("", "."):
            return None
        if found.rest.startswith(".outputs.") and found.rest != ".outputs.":
            return None  # which the names tell
        known = sorted(self.reading.scope.steps[found.base.removeprefix("$steps.")].outputs)
        return rules.missing_output_name(found.base, found.rest, known, self._span(self.text))


def doubt(mended: Mended) -> Diagnostic | None:
    """Say what is wrong with the first expression of a text about which there is more to say than its grammar does."""
    return next((said for piece in _pieces(mended) if (said := piece.told()) is not None), None)


def strays(mended: Mended, node: Node) -> Iterator[Diagnostic]:
    """Report what looks like an expression in a text but would be sent as it is written."""
    if isinstance(node, Constant | Template):
        yield from _strays(mended, 0, len(mended.text))


_OURS = re.compile(r"(?:inputs|steps|workflows|response\.(?:body|header))[.#]")


def foreign_templates(mended: Mended) -> Iterator[Diagnostic]:
    """Report the templates of other languages that speak of the workflow; they would be taken as they are."""
    for found, meant in _foreign(mended.text, mended.reading):
        near = None if meant else _nearest_spelling(meanings(found)[1], mended.reading)
        yield rules.foreign_template(found[0], meant, near, mended.span(*found.span()))


def _foreign(text: str, reading: Reading) -> Iterator[tuple[re.Match[str], str | None]]:
    """Find the templates of other languages that speak of the workflow, with the expression that each means."""
    for found in FOREIGN.finditer(text) if "{" in text else ():
        meant = _first_understood(meanings(found), reading)
        if meant or _OURS.match(found["in_two"] or found["in_one"]):
            yield found, meant


def is_doubted(text: str, reading: Reading) -> bool:
    """Say whether a text that stands as it is was told to be an expression that is written wrongly."""
    try:
        parsed = parse_value(text, reading.ctx.grammar)
    except ExpressionSyntax:
        return True
    is_constant = isinstance(parsed.node, Constant)  # anything else was refused for what it names
    return not is_constant or parsed.warning is not None or any(_foreign(text, reading))


_ROOTED = re.compile(r"(?:steps|inputs|workflows)\.[A-Za-z_]")


def without_dollar(text: str, reading: Reading) -> str | None:
    """Give the expression for a text that is one of a declared name in all but its first sign: `inputs.sku`."""
    return _first_understood((f"${text}",), reading) if _ROOTED.match(text) else None


def meant_output(text: str, reading: Reading) -> str | None:
    """Give the expression for an output that is one in all but its beginning: `$.id`, `response.body.id`."""
    if text.startswith(("$.", "$[")):
        return _first_understood((f"$response.body{text[1:]}",), reading)
    return _first_understood((f"${text}",), reading)


def _first_understood(texts: Iterable[str], reading: Reading) -> str | None:
    return next((meant for each in texts if (meant := understood(EMBEDDED, each, reading))), None)


def strays_in_strings(mended: Mended) -> Iterator[Diagnostic]:
    """Report what looks like an expression in a string of a query but would be compared as it is written."""
    for start, end in literals(mended.text):
        yield from _strays(mended, start, end)


def _strays(mended: Mended, begin: int, finish: int) -> Iterator[Diagnostic]:
    for start, end in bare_words(mended.text[begin:finish], mended.reading):
        written = mended.text[begin + start : begin + end]
        if "." in written:
            meant = _nearest_spelling(written, mended.reading)
            yield rules.stray_expression(written, meant, mended.span(begin + start, begin + end))


def _pieces(mended: Mended) -> Iterator[_Piece]:
    if mended.text.startswith("$"):
        yield _Piece(mended.text, mended, 0)
    for start, end in embedded_texts(mended.text):
        yield _Piece(mended.text[start:end], mended, start)


def _pointer_meant(pointer: str) -> str | None:
    """Give the JSON Pointer for one that is written like a path, or None where it is not."""
    if pointer.startswith("/"):
        if not _IN_BRACKETS.search(pointer):
            return pointer.rstrip("/") if pointer.endswith("/") and pointer.strip("/") else None
        steps = [path_steps(token if token.startswith("[") else f".{token}") for token in pointer[1:].split("/")]
        return join_pointer("", *(name for each in steps for name in each or ())) if all(steps) else None
    path = pointer.removeprefix("$").removeprefix(".")
    found = path_steps(path if path.startswith("[") else f".{path}")
    return join_pointer("", *found) if found else None


def _nearest_spelling(written: str, reading: Reading) -> str | None:
    """Give the expression with the declared name that is nearest, whatever it is a name of."""
    scope = reading.scope
    spellings = {
        name: f"$steps.{step_id}.outputs.{name}" for step_id, step in scope.steps.items() for name in step.outputs
    }
    spellings |= {name: f"$inputs.{name}" for name in scope.inputs.names or ()}
    best = nearest(written.rpartition(".")[2], spellings)
    return spellings[best] if best else None
