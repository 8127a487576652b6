"""A comparison that stands where a JSONPath is wanted holds exactly where it looks as if it did."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.expressions.selectors.compile import compile_selector, select
from runner.values import ABSENT, Absent, resolve_pointer
from tests.plan.criteria import BODY, compile_it, condition_of, document, fixed, verdict

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Compared:
    """A path, or its length, under an operator and a literal."""

    path: str
    is_length: bool
    operator: str
    literal: Any
    turned: bool

    def text(self) -> str:
        steps = self.path.replace("/0", "[0]").replace("/", ".")
        path = f"${steps}.length" if self.is_length else f"${steps}"
        literal = json.dumps(self.literal)
        turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(self.operator, self.operator)
        return f"{literal} {turned} {path}" if self.turned else f"{path} {self.operator} {literal}"

    def counts_arrays(self, body: Any) -> bool:
        """Say whether what is counted is an array, or is not there: of what a look for an item says the same."""
        return not self.is_length or isinstance(resolve_pointer(body, self.path), list | Absent)

    def holds(self, body: Any) -> bool:
        value: Any = resolve_pointer(body, self.path)
        if self.is_length:
            if not isinstance(value, list):  # nothing is not so long, and has no length to compare
                return self.operator == "!=" and self.literal > 0
            return COMPARE[self.operator](len(value), self.literal)
        value = None if value is ABSENT else value
        if self.operator in ("==", "!="):
            same = type(value) is type(self.literal) and value == self.literal
            return same == (self.operator == "==")
        return type(value) is type(self.literal) and COMPARE[self.operator](value, self.literal)


@dataclass(frozen=True)
class Joined:
    left: Condition
    right: Condition
    sign: str
    negated: bool

    def text(self) -> str:
        inner = f"({self.left.text()} {self.sign} {self.right.text()})"
        return f"!{inner}" if self.negated else inner

    def counts_arrays(self, body: Any) -> bool:
        return self.left.counts_arrays(body) and self.right.counts_arrays(body)

    def holds(self, body: Any) -> bool:
        both = (self.left.holds(body), self.right.holds(body))
        return (all(both) if self.sign == "&&" else any(both)) != self.negated


Condition = Compared | Joined

values = st.builds(
    Compared,
    path=st.sampled_from(["/a", "/b", "/a/0"]),
    is_length=st.just(False),
    operator=st.sampled_from(list(COMPARE)),
    literal=st.sampled_from([None, True, 0, 1, 2, "x"]),
    turned=st.booleans(),
).filter(lambda each: each.operator in ("==", "!=") or type(each.literal) in (int, str))
lengths = st.builds(
    Compared,
    path=st.sampled_from(["/a", "/b", ""]),
    is_length=st.just(True),
    operator=st.sampled_from(list(COMPARE)),
    literal=st.integers(0, 3),
    turned=st.booleans(),
).filter(lambda each: not (each.operator == "<" and each.literal == 0))
conditions = st.recursive(
    values | lengths,
    lambda below: st.builds(Joined, below, below, st.sampled_from(["&&", "||"]), st.booleans()),
    max_leaves=3,
)
scalars = st.sampled_from([None, True, 0, 1, 2, "x"])
lists = st.lists(st.sampled_from([True, 0, 1, "x"]), max_size=4)
bodies = st.dictionaries(st.sampled_from(["a", "b", "c"]), scalars | lists, max_size=3) | lists


@settings(max_examples=150, deadline=None)
@given(conditions, bodies)
def test_a_bare_comparison_holds_where_it_looks_as_if_it_did(condition: Condition, body: Any) -> None:
    assume(condition.counts_arrays(body))
    written = {"context": BODY, "type": "jsonpath", "condition": condition.text()}
    found = verdict(condition_of(document(written)), body)
    assert found.passed is condition.holds(body)


# A filter on the root that nothing describes: of an array its items are tested, of an object its members and itself.

tests_of_root = st.recursive(
    st.sampled_from(
        [
            *("@.a", "(@.b)", "@.a == 1", "@.b != 1", "@.a < 2", "@.a == 'x'", "@.a == null", "@.a[?@.b == 1]"),
            *("count(@.a) > 0", "count(@.b) == 0", "@['a'].b", "length(@.a) == 1", "search(@.a, '^x')"),
        ]
    ),
    lambda below: (
        st.builds("({0} {1} {2})".format, below, st.sampled_from(["&&", "||"]), below)
        | st.builds("!({0})".format, below)
    ),
    max_leaves=3,
)
inner = st.dictionaries(st.sampled_from(["a", "b"]), scalars | lists, max_size=2)
roots = st.dictionaries(st.sampled_from(["a", "b", "c"]), scalars | lists | inner, max_size=3) | st.lists(
    inner, max_size=3
)


@settings(max_examples=150, deadline=None)
@given(tests_of_root, roots)
def test_a_filter_on_a_root_that_nothing_describes_tests_what_is_in_it_and_an_object_itself(
    test: str, body: Any
) -> None:
    root = document({"context": BODY, "type": "jsonpath", "condition": f"$[?{test}]"})
    diagnostics = compile_it(root).diagnostics
    assert {each.rule for each in diagnostics} <= {"root-filter"}
    selects = bool(select(compile_selector("jsonpath", "", f"$[?{test}]"), body))
    counting = re.sub(r"count\(@\.(\w)\)", r"count(@.\1[*])", test)
    itself = isinstance(body, dict) and bool(select(compile_selector("jsonpath", "", f"$[?{counting}]"), [body]))
    is_repaired = any(each.fix and each.fix.edits for each in diagnostics)
    assert verdict(condition_of(root), body).passed is (selects or (itself and is_repaired))


fragments = st.sampled_from(
    [
        *(
            "$",
            "@",
            ".a",
            ".b-c",
            "['a b']",
            "[0]",
            "[*]",
            "[?@.a]",
            "[?",
            "]",
            ".length",
            ".size()",
            "#/a",
            "#",
            "count(",
            "(",
        ),
        *(
            ")",
            "!",
            " == ",
            " != ",
            "<",
            ">=",
            "=",
            "===",
            " && ",
            "||",
            " and ",
            "not ",
            " or ",
            "null",
            "True",
            "NEW",
            "it's",
        ),
        *(
            "$statusCode",
            "$response.body",
            "$inputs.tags",
            "$inputs.x",
            "{$inputs.wanted}",
            "{$",
            "}",
            "'x'",
            '"y"',
            "'",
            '"',
            "1",
            "-2.5",
        ),
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(fragments, min_size=1, max_size=8).map("".join).filter(str.strip),
    st.sampled_from(["jsonpath", "simple", "regex", None]),
    st.sampled_from([BODY, "$statusCode", "$inputs.tags", "body", None]),
    st.sampled_from(["", "object", "array"]),
    st.sampled_from(["1.0.1", "1.1.0"]),
)
def test_whatever_is_written_its_fixes_leave_nothing_to_fix(
    condition: str, kind: str | None, context: str | None, known: str, version: str
) -> None:
    given_fields = {"condition": condition, "type": kind, "context": context}
    root = document({name: text for name, text in given_fields.items() if text is not None}, known, version)
    found = compile_it(root).diagnostics
    again = compile_it(fixed(root, found)).diagnostics
    assert not [each for each in again if each.fix and each.fix.edits]
    if not [each for each in found if each.severity == "error"]:
        assert condition_of(fixed(root, found)).criterion == condition_of(root).criterion
