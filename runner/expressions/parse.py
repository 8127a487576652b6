"""Turns the text of a runtime expression into its node.

A reader walks the text once, production by production; the terminals stand in `grammar`. Keywords keep their case:
RFC 5234 would let "$URL" pass, but nobody writes or reads the specification so. A line break at the end, which a YAML
block leaves there, is refused even in a JSON Pointer, whose grammar would take it as a character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from runner.diagnostics import nearest
from runner.expressions import grammar as terminals
from runner.expressions.faults import ExpressionSyntax, UnknownRoot
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1, Grammar, read_path
from runner.expressions.nodes import (
    Accessed,
    Body,
    ComponentReference,
    Expression,
    HeaderField,
    Input,
    Method,
    Output,
    PathParameter,
    Payload,
    QueryParameter,
    Root,
    SelfUri,
    Side,
    SourceReference,
    StatusCode,
    StepOutput,
    Structured,
    Url,
    WorkflowValue,
)
from runner.values import join_pointer

__all__ = ["ARAZZO_1_0", "ARAZZO_1_1", "Grammar", "Settle", "as_parsed", "parse_expression", "parse_operand"]

Settle: TypeAlias = Callable[[Expression, int, int], Expression]
"""Take each expression of a text with the offsets of its characters, and give what shall stand for it: the place to
resolve names, and to note what a text refers to."""

_KINDS: dict[str, Literal["parameters", "successActions", "failureActions"]] = {
    "parameters": "parameters",
    "successActions": "successActions",
    "failureActions": "failureActions",
}
_FIELDS: dict[str, Literal["inputs", "outputs"]] = {"inputs": "inputs", "outputs": "outputs"}
_MISPLACED = {
    ("response", "statusCode"): "$statusCode",
    ("response", "status"): "$statusCode",
    ("request", "url"): "$url",
    ("request", "method"): "$method",
}


_BODIES = frozenset({"json", "payload", "data", "content", "text", "result"})
"""What other tools call the body of a message."""


def as_parsed(expression: Expression, start: int, end: int) -> Expression:
    """Leave an expression as it was parsed."""
    return expression


@lru_cache(4096)  # a text is looked at by many rules
def parse_expression(text: str, grammar: Grammar = ARAZZO_1_1) -> Expression:
    """Parse a text that is one runtime expression, or raise ExpressionSyntax."""
    return _Reader(text, 0, len(text), grammar, paths=False).expression()


def parse_operand(text: str, position: int, grammar: Grammar = ARAZZO_1_1) -> tuple[Expression, int]:
    """Parse the expression that starts at `position` in a condition, and give the offset where it ends.

    It ends at white space, at a parenthesis and at an operator (a lone `=` counts as one); what stands before belongs
    to it: `.` and `[` in a JSON Pointer, a single `!`, `&` or `|` in a header name. Paths of `.name` and `[0]` may
    follow a body, a payload or a name.
    """
    found = terminals.OPERAND.match(text, position)
    end = found.end() if found else position
    return _Reader(text, position, end, grammar, paths=True).expression(), end


class _Reader:
    """A position in a text, and one method per production."""

    __slots__ = ("end", "grammar", "paths", "position", "start", "text")

    def __init__(self, text: str, start: int, end: int, grammar: Grammar, *, paths: bool) -> None:
        self.text, self.start, self.position, self.end = text, start, start, end
        self.grammar, self.paths = grammar, paths

    # expression = ( "$url" / "$method" / "$statusCode" / "$request." source / ... / "$self" )
    def expression(self) -> Expression:
        root = self.root()
        trimmed = len(self.text[: self.end].rstrip("\r\n"))
        if trimmed < self.end:
            raise self.fault("a line break after the expression", trimmed, self.end, suggestion="", certain=True)
        node: Expression = self.production(root)
        if self.paths and self.position < self.end and isinstance(node, Structured) and node.pointer is None:
            path = read_path(self.rest)
            if path:
                node, self.position = Accessed(node, path), self.end
        if self.position < self.end:
            raise self.trailing(node)
        return node

    def root(self) -> str:
        found = terminals.ROOT.match(self.text, self.start, self.end)
        if found is None:
            raise self.rootless()
        word = found[1]
        if word not in self.grammar.roots:
            raise self.unknown_root(word, found.end())
        self.position = found.end()
        return word

    def production(self, root: str) -> Root:
        match root:
            case "url":
                return Url()
            case "method":
                return Method()
            case "statusCode":
                return StatusCode()
            case "self":
                return SelfUri()
            case "request":
                return self.source("request")
            case "response":
                return self.source("response")
            case "message":
                return self.source("message")
            case "steps":
                return self.steps_reference()
            case "workflows":
                return self.workflows_reference()
            case "sourceDescriptions":
                return self.source_reference()
            case "components":
                return self.components_reference()
            case "inputs":  # inputs-reference = input-name [ "#" json-pointer ]
                self.dot("the name of an input")
                return Input(self.name("the name of the input"), self.pointer())
            case _:  # outputs-reference = output-name [ "#" json-pointer ]
                self.dot("the name of an output")
                return Output(self.name("the name of the output"), self.pointer())

    # source = ( header-reference / query-reference / path-reference / body-reference / payload-reference )
    def source(self, side: Side) -> Root:
        self.dot(_listed(self.grammar.parts))
        at = self.position
        part = self.take(terminals.WORD)
        if part not in self.grammar.parts:
            raise self.unknown_part(side, part, at)
        match part:
            case "header":  # header-reference = "header." token
                self.dot("the name of a header")
                return HeaderField(side, self.required(terminals.TOKEN, "the name of the header"))
            case "query":  # query-reference = "query." name
                self.dot("the name of a parameter")
                return QueryParameter(side, self.required(terminals.NAME, "the name of the parameter"))
            case "path":  # path-reference = "path." name
                self.dot("the name of a parameter")
                return PathParameter(side, self.required(terminals.NAME, "the name of the parameter"))
            case "body":  # body-reference = "body" ["#" json-pointer ]
                return Body(side, self.pointer())
            case _:  # payload-reference = "payload" ["#" json-pointer ]
                return Payload(side, self.pointer())

    # steps-reference = step-id ".outputs." output-name [ "#" json-pointer ]
    def steps_reference(self) -> Root:
        self.dot("the id of a step")
        at = self.position
        step_id = self.identity(terminals.LOOSE_STEP_ID, "the id of the step")
        if not self.skip(".outputs."):
            raise self.without_field(at, "step", "outputs")
        return StepOutput(step_id, self.name("the name of the output"), self.pointer())

    # workflows-reference = workflow-id "." workflow-field "." workflow-field-name [ "#" json-pointer ]
    def workflows_reference(self) -> Root:
        self.dot("the id of a workflow")
        at = self.position
        workflow_id = self.identity(terminals.LOOSE_WORKFLOW_ID, "the id of the workflow")
        for word, field in _FIELDS.items():
            if self.skip(f".{word}."):
                return WorkflowValue(workflow_id, field, self.name(f"the name of the {word[:-1]}"), self.pointer())
        raise self.without_field(at, "workflow", "outputs")

    # source-reference = source-name "." source-reference-id
    # source-reference-id = 1*CHAR
    def source_reference(self) -> Root:
        self.dot("the name of a source description")
        name = self.identity(terminals.LOOSE_SOURCE_NAME, "the name of the source description")
        self.dot("an operationId, a workflowId or a field")
        return SourceReference(name, self.required(terminals.NAME, "an operationId, a workflowId or a field"))

    # components-reference = component-type "." component-name
    # component-type = "parameters" / "successActions" / "failureActions"
    def components_reference(self) -> Root:
        self.dot(_listed(tuple(_KINDS)))
        at = self.position
        word = self.take(terminals.WORD)
        if word not in _KINDS:
            message = f"unknown component type '{word}': it is {_listed(tuple(_KINDS))}"
            raise self.fault(message, at, suggestion=nearest(word, _KINDS))
        self.dot("the name of a component")
        return ComponentReference(_KINDS[word], self.name("the name of the component"))

    # input-name = output-name = workflow-field-name = component-name = identifier; in 1.0: name
    def name(self, what: str) -> str:
        return self.required(terminals.IDENTIFIER if self.grammar.strict else terminals.LOOSE_NAME, what)

    # step-id = workflow-id = source-name = identifier-strict; in 1.0 a part of name
    def identity(self, loose: re.Pattern[str], what: str) -> str:
        return self.required(terminals.IDENTIFIER_STRICT if self.grammar.strict else loose, what)

    # [ "#" json-pointer ]
    def pointer(self) -> str | None:
        if not self.skip("#"):
            return None
        at = self.position
        pointer = self.take(terminals.POINTER if self.grammar.strict else terminals.LOOSE_POINTER)
        if self.position == self.end:
            return pointer
        if self.text.startswith("~", self.position):
            here, after = self.position, min(self.position + 2, self.end)
            message = "in a JSON Pointer '~' is written '~0', and '/' in a name '~1'"
            raise self.fault(message, here, after, suggestion="~0" + self.text[here + 1 : after])
        if self.position == at:
            suggestion = "/" + self.rest
            raise self.fault("a JSON Pointer starts with '/'", at, self.end, suggestion=suggestion, certain=True)
        return pointer

    @property
    def rest(self) -> str:
        return self.text[self.position : self.end]

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position, self.end)
        if found is None:
            return ""
        self.position = found.end()
        return found.group()

    def skip(self, literal: str) -> bool:
        if not self.text.startswith(literal, self.position, self.end):
            return False
        self.position += len(literal)
        return True

    def dot(self, what: str) -> None:
        if not self.skip("."):
            before = self.text[self.start : self.position]
            raise self.fault(f"'{before}' is followed by '.' and {what}", self.position, self.end)

    def required(self, pattern: re.Pattern[str], what: str) -> str:
        at = self.position
        name = self.take(pattern)
        if pattern not in (terminals.NAME, terminals.TOKEN):  # a parameter's name may end in white space
            name = name.rstrip()
            self.position = at + len(name)
        if name:
            return name
        if at == self.end or self.text[at] in ".#":
            raise self.fault(f"{what} is missing", at, at)
        raise self.fault(f"{what} cannot start with '{self.text[at]}'", at, at + 1)

    def fault(
        self, message: str, start: int, end: int | None = None, *, suggestion: str | None = None, certain: bool = False
    ) -> ExpressionSyntax:
        finish = self.position if end is None else end
        return ExpressionSyntax(message, start, finish, suggestion=suggestion, certain=certain)

    def rootless(self) -> ExpressionSyntax:
        whole = self.text[self.start : self.end]
        if whole.startswith("{$") and whole.endswith("}"):
            message = "an expression that stands alone takes no braces"
            return self.fault(message, self.start, self.end, suggestion=whole[1:-1], certain=True)
        if whole.startswith("$"):
            message = f"'$' is no expression: an expression starts with {_roots(self.grammar)}"
            return self.fault(message, self.start, self.start + 1)
        return self.fault("an expression starts with '$'", self.start, self.end)

    def unknown_root(self, word: str, end: int) -> UnknownRoot:
        best = nearest(word, self.grammar.roots)
        message = f"unknown root '${word}': an expression starts with {_roots(self.grammar)}"
        certain = best is not None and best.casefold() == word.casefold()
        return UnknownRoot(message, self.start, end, suggestion=best and f"${best}", certain=certain)

    def unknown_part(self, side: Side, part: str, at: int) -> ExpressionSyntax:
        instead = _MISPLACED.get((side, part))
        if instead and not self.rest:
            message = f"'${side}.{part}' is written '{instead}'"
            return self.fault(message, self.start, suggestion=instead, certain=True)
        if part.casefold() in _BODIES and side != "message":
            path = read_path(self.rest)
            meant = f"${side}.body{join_pointer('#', *path) if path else self.rest}"
            message = f"'${side}' has no part '{part}': what it carries is its body"
            return ExpressionSyntax(message, at, self.position, advice=f"write {meant}")
        best = nearest(part, self.grammar.parts)
        certain = best is not None and part.casefold() in (best, best + "s")
        if not part:
            return self.fault(f"'${side}.' is followed by {_listed(self.grammar.parts)}", at, self.end)
        message = f"'${side}' has no part '{part}': it has {_listed(self.grammar.parts)}"
        return self.fault(message, at, suggestion=best, certain=certain)

    def without_field(self, at: int, kind: str, field: str) -> ExpressionSyntax:
        """Say that `.outputs.` is missing after an id; what follows the id was meant as the output's name."""
        plain = terminals.IDENTIFIER_STRICT.match(self.text, at, self.end)
        after = plain.end() if plain else self.position
        rest = self.text[after : self.end]
        shape = f"${kind}s.<{kind}Id>.{field}.<name>"
        if rest in ("", ".", f".{field}", f".{field}."):
            return self.fault(f"the name of the {field[:-1]} is missing: {shape}", after, self.end)
        if not rest.startswith("."):
            message = f"'{rest[0]}' cannot stand in the id of a {kind}: it is made of letters, digits, '-' and '_'"
            return self.fault(message, after, after + 1)
        word, dot, name = rest[1:].partition(".")
        misspelt = dot and name and nearest(word, [field])
        suggestion = f".{field}.{name}" if misspelt else f".{field}{rest}"
        certain = kind == "step" and not misspelt
        return self.fault(f"'.{field}.' is missing: {shape}", after, self.end, suggestion=suggestion, certain=certain)

    def trailing(self, node: Expression) -> ExpressionSyntax:
        """Say what is wrong with the characters that are left over after a complete expression."""
        here, rest, spelled = self.position, self.rest, str(node)
        if not rest.strip():
            return self.fault("white space after the expression", here, self.end, suggestion="", certain=True)
        if rest.startswith("{"):
            return self.fault(f"'{spelled}' cannot contain another expression or '{{'", here, self.end)
        path = read_path(rest)
        if path and isinstance(node, Structured) and node.pointer is None:
            suggestion = join_pointer("#", *path)
            message = f"a path like '{rest}' stands in conditions only; a JSON Pointer selects a part of a value"
            return self.fault(message, here, self.end, suggestion=suggestion, certain=True)
        if self.grammar.strict and isinstance(node, _NAMED) and rest[0] not in "#[":
            message = f"'{rest[0]}' cannot stand in a name: it is made of letters, digits, '.', '-' and '_'"
            return self.fault(message, here, here + 1)
        return self.fault(f"unexpected '{rest}' after '{spelled}'", here, self.end)


_NAMED = (Input, Output, StepOutput, WorkflowValue, ComponentReference)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _roots(grammar: Grammar) -> str:
    return _listed([f"${root}" for root in grammar.roots])
