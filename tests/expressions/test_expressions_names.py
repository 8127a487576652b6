"""Dotted names against what is declared."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1
from runner.expressions.names import Undeclared, resolve
from runner.expressions.nodes import Accessed, Expression, Input, Output, Root, StepOutput, WorkflowValue
from runner.expressions.parse import parse_expression, parse_operand

DECLARED = ["a", "a.b", "customer", "page[size]", "first name"]


def names(root: Root) -> Collection[str] | None:
    return None if isinstance(root, WorkflowValue) else DECLARED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$inputs.a", Input("a")),
        ("$inputs.a.b", Input("a.b")),
        ("$inputs.a.b.c", Accessed(Input("a.b"), ("c",))),
        ("$inputs.a.c", Accessed(Input("a"), ("c",))),
        ("$inputs.a[0].c", Accessed(Input("a"), (0, "c"))),
        ("$inputs.a.b[0]", Accessed(Input("a.b"), (0,))),
        ("$inputs.a.c#/d", Input("a", "/c/d")),
        ("$inputs.a.x/y#/d", Input("a", "/x~1y/d")),
        ("$inputs.page[size]", Input("page[size]")),
        ("$inputs.first name.x", Accessed(Input("first name"), ("x",))),
        ("$outputs.customer.id", Accessed(Output("customer"), ("id",))),
        ("$steps.s.outputs.customer.list[0].id", Accessed(StepOutput("s", "customer"), ("list", 0, "id"))),
        ("$workflows.w.outputs.x.y", WorkflowValue("w", "outputs", "x.y")),
        ("$statusCode", parse_expression("$statusCode")),
        ("$response.body", parse_expression("$response.body")),
    ],
)
def test_the_longest_declared_name_wins_and_the_rest_is_a_path(text: str, expected: Expression) -> None:
    assert resolve(parse_expression(text, ARAZZO_1_0), names) == expected


@pytest.mark.parametrize("text", ["$inputs.a.b[0].c", "$inputs.a.c[1]", "$steps.s.outputs.customer.list[0].id"])
def test_a_condition_resolves_to_the_same_in_both_versions(text: str) -> None:
    strict, _ = parse_operand(text, 0, ARAZZO_1_1)
    loose, _ = parse_operand(text, 0, ARAZZO_1_0)
    assert strict != loose
    assert resolve(strict, names) == resolve(loose, names)


@pytest.mark.parametrize(
    ("text", "name", "near", "unreadable"),
    [
        ("$inputs.custmer", "custmer", "customer", ""),
        ("$inputs.custmer.address.street", "custmer.address.street", "customer", ""),
        ("$inputs.zzz", "zzz", None, ""),
        ("$inputs.ab", "ab", "a.b", ""),
        ("$inputs.customer.list[*].id", "customer.list[*].id", "customer", ".list[*].id"),
    ],
)
def test_an_undeclared_name_is_told_with_the_nearest_one(
    text: str, name: str, near: str | None, unreadable: str
) -> None:
    expression = parse_expression(text, ARAZZO_1_0)
    assert resolve(expression, names) == Undeclared(expression, name, near, unreadable)


def test_names_are_asked_for_with_the_step_they_belong_to() -> None:
    asked: list[Root] = []

    def note(root: Root) -> Collection[str]:
        asked.append(root)
        return ["x"]

    resolve(StepOutput("login", "x.y"), note)
    assert asked == [StepOutput("login", "x.y")]


def test_an_empty_declaration_declares_nothing() -> None:
    assert isinstance(resolve(Input("a"), lambda _: []), Undeclared)
