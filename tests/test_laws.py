"""Laws that hold for whatever comes: nothing raises, everything ends, what is put somewhere is found there."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.criteria.check import check, compile_criterion
from runner.engine.state import Limits
from runner.exchange import Request, Response, TransportFailure
from runner.expressions.evaluate import evaluate
from runner.expressions.faults import SyntaxFault
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1
from runner.expressions.parse import parse_expression
from runner.expressions.scope import Scope
from runner.values import ABSENT, Json, join_pointer, resolve_pointer, split_pointer, with_pointer
from tests.scripted import header, plan_of, play

RANDOM_INPUTS = 100_000

WORDS = [
    "$url", "$method", "$statusCode", "$self", "$request", "$response", "$message", "$inputs", "$outputs", "$steps",
    "$workflows", "$sourceDescriptions", "$components", ".header.", ".query.", ".path.", ".body", ".payload",
    ".outputs.", ".inputs.", ".", "#", "/", "~0", "~1", "~", "[0]", "[1]", "[", "]", "{", "}", "a", "b.c", "X-Id",
    "0", "1", "-1", "1e3", "''", "'x'", "'", '"', " ", "==", "!=", "<", "<=", ">", ">=", "!", "&&", "||", "(", ")",
    "true", "false", "null", "é", "\n",
]  # fmt: skip
HEADS = [
    "$url", "$statusCode", "$inputs.a", "$inputs.b", "$outputs.a", "$steps.a.outputs.b", "$workflows.a.outputs.a",
    "$response.body", "$response.body#", "$response.body#/a", "$response.header.", "$request.query.", "$request.path.a",
    "$request.body", "$sourceDescriptions.a.", "$message.payload#", "$self",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 1.5, 10**30, 1e308, "", "x", "1", "1e3", "nan", "é", [], {}, [1, [2]],
    {"a": {"b": [None]}},
]  # fmt: skip
BODIES = [
    b"", b"{}", b'{"a": [1, {"b.c": null}]}', b"[1, 2", b"text", b"\xff\xfe", b"null", b'"x"', b"1e999", b"[" * 600,
]  # fmt: skip
TYPES = [None, "application/json", "text/plain", "application/octet-stream", "application/xml; charset=nonsense"]


def text(rng: random.Random, most: int = 9) -> str:
    return "".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))


def scope(rng: random.Random) -> Scope:
    values = {name: rng.choice(VALUES) for name in ("a", "b.c", "b", "X-Id")}
    kind = rng.choice(TYPES)
    headers = (("X-Id", rng.choice(["", "1", "é"])), ("x-id", "2"), *((("Content-Type", kind),) if kind else ()))
    response = rng.choice([None, Response(rng.choice([200, 404, 599]), headers, rng.choice(BODIES))])
    request = rng.choice([None, Request("GET", "https://api.example/x", headers, rng.choice(BODIES))])
    return Scope(
        inputs=values,
        outputs=values,
        steps={"a": values},
        workflows={"a": {"inputs": values, "outputs": values}},
        sources={"a": {"url": "u"}},
        request=request,
        response=response,
    )


def test_evaluating_never_raises() -> None:
    rng = random.Random(1)
    scopes = [scope(rng) for _ in range(50)]
    parsed = 0
    for _ in range(RANDOM_INPUTS):
        try:
            spelled = rng.choice(HEADS) + text(rng, 3) if rng.random() < 0.7 else text(rng)
            expression = parse_expression(spelled, rng.choice([ARAZZO_1_0, ARAZZO_1_1]))
        except SyntaxFault:
            continue
        parsed += 1
        evaluate(expression, rng.choice(scopes))
    assert parsed > RANDOM_INPUTS / 50


def operand(rng: random.Random) -> str:
    literals = ["'x'", "1", "-1.5e3", "null", "true"]
    return rng.choice([*literals, "$response.body.a[1]", "$outputs.zz", "$response.body#/a/0", *HEADS[:5]])


def condition(rng: random.Random, depth: int = 3) -> str:
    if depth == 0 or rng.random() < 0.3:
        return operand(rng)
    match rng.randint(0, 3):
        case 0:
            return f"!({condition(rng, depth - 1)})"
        case 1:
            return f"({condition(rng, depth - 1)}) {rng.choice(['&&', '||'])} ({condition(rng, depth - 1)})"
        case 2:
            return f"{operand(rng)} {rng.choice(['==', '!=', '<', '<=', '>', '>='])} {operand(rng)}"
        case _:
            return text(rng)


def test_checking_never_raises_and_nothing_malformed_passes() -> None:
    rng = random.Random(2)
    scopes = [scope(rng) for _ in range(50)]
    context = parse_expression("$response.body")
    checked = 0
    for _ in range(RANDOM_INPUTS):
        kind = rng.choice(["simple"] * 8 + ["regex", "jsonpath"])
        written = condition(rng) if kind == "simple" else rng.choice(["$", "^", ""]) + text(rng, 5)
        try:
            criterion = compile_criterion(written, kind, "rfc9535" if kind == "jsonpath" else "", context)
        except SyntaxFault:
            continue
        checked += 1
        verdict = check(criterion, rng.choice(scopes))
        assert not (verdict.passed and verdict.problem), written
    assert checked > RANDOM_INPUTS / 4


def step(rng: random.Random, index: int, count: int) -> str:
    """A step with random actions, which go anywhere and retry anything."""
    lines = [f"  - stepId: s{index}", "    operationId: listThings"]
    for key, types in (("onSuccess", ["end", "goto", "goto"]), ("onFailure", ["end", "goto", "retry", "retry"])):
        actions = []
        for number in range(rng.randint(0, 3)):
            kind = rng.choice(types)
            target = (
                f", stepId: s{rng.randrange(count)}"
                if kind == "goto" or (kind == "retry" and rng.random() < 0.3)
                else ""
            )
            limit = f", retryLimit: {rng.randint(0, 9)}" if kind == "retry" else ""
            delay = f", retryAfter: {rng.randint(0, 3)}" if kind == "retry" and rng.random() < 0.5 else ""
            criteria = (
                f", criteria: [{{condition: $statusCode == {rng.choice([200, 404, 503])}}}]"
                if rng.random() < 0.5
                else ""
            )
            actions.append(f"{{name: a{number}, type: {kind}{target}{limit}{delay}{criteria}}}")
        lines.append(f"    {key}: [{', '.join(actions)}]")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(60))
def test_a_flow_always_ends_within_its_budget(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 6)
    plan = plan_of(header("- workflowId: main\n  steps:\n" + "\n".join(step(rng, n, count) for n in range(count))))

    def replies() -> Any:
        while True:
            yield rng.choice(
                [
                    Response(200),
                    Response(404),
                    Response(503, (("Retry-After", "1"),)),
                    TransportFailure("closed", "gone"),
                ]
            )

    story = play(plan, replies(), limits=Limits(steps=200, wall=10_000), endless=True)
    assert story.outcome in ("passed", "failed", "error")
    assert len(story.steps) <= 200


JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def pointers(value: Json, base: str = "") -> list[str]:
    """Every pointer into a value."""
    if isinstance(value, dict):
        return [base, *(found for key, item in value.items() for found in pointers(item, join_pointer(base, key)))]
    if isinstance(value, list):
        return [base, *(found for n, item in enumerate(value) for found in pointers(item, join_pointer(base, n)))]
    return [base]


@given(JSON, JSON, st.randoms(use_true_random=False))
def test_what_is_set_at_a_pointer_is_found_there_and_nothing_else_changes(
    value: Json, new: Json, rng: random.Random
) -> None:
    before = deepcopy(value)
    pointer = rng.choice(pointers(value))
    changed = with_pointer(value, pointer, new)
    assert resolve_pointer(changed, pointer) == new
    assert value == before
    for other in pointers(value):
        if not other.startswith(pointer) and not pointer.startswith(other):
            assert resolve_pointer(changed, other) == resolve_pointer(value, other)


@given(JSON)
def test_every_pointer_into_a_value_finds_something_and_none_beside_it(value: Json) -> None:
    for pointer in pointers(value):
        assert resolve_pointer(value, pointer) is not ABSENT
        assert resolve_pointer(value, pointer + "/~0~1no such key") is ABSENT
        assert "".join(join_pointer("", token) for token in split_pointer(pointer)) == pointer
