"""Expressions that cannot mean what they say, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence

from runner.diagnostics import Diagnostic, Fix, nearest
from runner.expressions.grammar import Grammar
from runner.plan.rules.report import error, warning
from runner.source import Span


def stray_expression(written: str, meant: str | None, span: Span) -> Diagnostic:
    """A text holds an expression without braces whose name nothing declares.

    Why: it would be sent as it is written: a header `Bearer $inputs.key` gives away nothing but a mistake.
    Example: `Bearer $inputs.apikey`, where the input is called `apiKey`.
    Instead: `Bearer {$inputs.apiKey}`.
    """
    message = f"'{written}' would be taken as it is written: it has no braces, and names nothing that is declared"
    fix = Fix(f"write {{{meant}}}, if that is meant") if meant else Fix(f"declare it, and write {{{written}}}")
    return error("stray-expression", message, span, fix=fix)


def foreign_template(written: str, meant: str | None, near: str | None, span: Span) -> Diagnostic:
    """A value holds a template of another language that names what a workflow has.

    Why: only `{$...}` embeds an expression; anything else is sent as it is written.
    Example: `Bearer {{token}}` or `Bearer ${inputs.token}`.
    Instead: `Bearer {$inputs.token}`.
    """
    message = f"'{written}' is a template of another language: only {{$...}} is filled in"
    fix = Fix(f"write {{{meant or near}}}" + ("" if meant else ", if that is meant")) if meant or near else None
    return warning("foreign-template", message, span, fix=fix or Fix("declare what it names, and write it as {$...}"))


def path_to_several(path: str, span: Span, *, selectors: bool) -> Diagnostic:
    """A path in an expression selects several values, or searches for one.

    Why: a JSON Pointer leads to one place; wildcards, filters and slices are of JSONPath.
    Example: `$response.body.items[*].id`.
    Instead: one of them, `$response.body#/items/0/id`; from Arazzo 1.1 on also a Selector Object,
    `{context: $response.body, selector: '$.items[*].id', type: jsonpath}`.
    """
    message = f"'{path}' is a JSONPath: an expression leads to one value, by a JSON Pointer"
    several = f"write a Selector Object with selector: ${path} and type: jsonpath"
    return error(
        "path-to-several", message, span, fix=Fix(several if selectors else "name one place, such as #/items/0")
    )


def comparison_as_value(text: str, span: Span) -> Diagnostic:
    """A comparison stands where a value is wanted.

    Why: only conditions have operators; a value is what an expression refers to, and nothing is computed.
    Example: `isEmpty: $response.body#/total == 0` among the outputs.
    Instead: give the value itself, `total: $response.body#/total`, and compare it in a condition.
    """
    message = f"'{text}' is a comparison, which only a condition can hold"
    return error("comparison-as-value", message, span, fix=Fix("refer to the value, and compare it in a condition"))


def pointer_spelling(pointer: str, meant: str, span: Span, *, certain: bool) -> Diagnostic:
    """A JSON Pointer is written like a path of another language.

    Why: between slashes everything is the name of a member, brackets and dots too; an index is a name of digits.
    Example: `$response.body#/[0].id`, `$response.body#items.id`, `$response.body#/items/`.
    Instead: `$response.body#/0/id`, `$response.body#/items/id`, `$response.body#/items`.
    """
    report = error if certain else warning
    message = f"'{pointer}' is written like a path: in a JSON Pointer all names and indexes stand between slashes"
    return report("pointer-spelling", message, span, fix=Fix(f"did you mean '{meant}'?"))


def missing_output_name(owner: str, rest: str, known: Sequence[str], span: Span) -> Diagnostic:
    """A step is referred to, but none of its outputs.

    Why: what a step gives to others are its outputs, each by its name; its response is seen in the step alone.
    Example: `$steps.login`, `$steps.login.response.body`.
    Instead: declare an output in the step, and refer to it by `$steps.login.outputs.token`.
    """
    name = rest.removeprefix(".outputs").lstrip(".")
    shown = ", ".join(known[:6]) + (", …" if len(known) > 6 else "")
    listed = Fix(f"write {owner}.outputs.<name>, where the names are: {shown}") if known else None
    near = nearest(name, known) if name else None
    meant = Fix(f"did you mean '{owner}.outputs.{near}'?") if near else None
    fix = meant or listed or Fix("declare an output in the step, and name it")
    what = f"'{name}' is no output of it" if name else "an output has to be named"
    return error("missing-output-name", f"'{owner}' refers to a step, and {what}", span, fix=fix)


def part_of_scalar(base: str, type_: str, path: str, span: Span) -> Diagnostic:
    """A part is taken of an input that has none.

    Why: a text, a number or a boolean has no members, so the value would never be there.
    Example: `$inputs.name.first` where `name` is `type: string`.
    Instead: declare the input as an object, or refer to the whole of it.
    """
    message = f"'{base}' is declared as a {type_}: there is no '{path}' in it"
    return error("part-of-scalar", message, span, fix=Fix(f"write {base}, or declare it as an object"))


def unspellable_name(name: str, span: Span) -> Diagnostic:
    """An input has a name that no expression can spell.

    Why: a name ends where the grammar ends it: in Arazzo 1.1 at anything but letters, digits, `.`, `-` and `_`, in 1.0
    at `#`, braces and quotes.
    Example: `$inputs.page[size]`, `$inputs.$orderby`.
    Instead: give the input another name, such as `page-size`: the parameter of the API keeps its own.
    """
    message = f"no expression can spell the name of the input '{name}'"
    return error("unspellable-name", message, span, fix=Fix("rename the input, with letters, digits, '.', '-' and '_'"))


def composed_output(span: Span) -> Diagnostic:
    """An output is made up of several parts, as a text or an object.

    Why: an output is one expression, or a Selector Object; tools that keep to that give something else.
    Example: `link: 'https://books.example/{$response.body#/id}'`.
    Instead: name the value, `id: $response.body#/id`, and compose the text where it is used.
    """
    message = "an output is one expression, and this one is composed of parts"
    return warning("composed-output", message, span, fix=Fix("name each value, and compose them where they are used"))


_INSTEAD = {"$body": "$response.body", "$headers": "$response.header.<name>", "$status": "$statusCode"}


def known_roots(written: str, grammar: Grammar) -> Fix:
    """Offer what an expression can begin with, for a word that is near to none of that."""
    if written in _INSTEAD:
        return Fix(f"write {_INSTEAD[written]}, if that is meant")
    return Fix(f"an expression begins with one of {', '.join(f'${root}' for root in grammar.roots)}")
