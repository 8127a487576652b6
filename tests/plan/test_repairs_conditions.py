"""Simple conditions as people spell them: what each becomes, and what is left as it is."""

from __future__ import annotations

from typing import Any

import pytest

from runner.diagnostics import Fix
from runner.plan.mend import Reading, Slip
from runner.plan.repairs.conditions import on_operands
from tests.plan.criteria import BODY, compile_it, condition_of, criterion_in, document, fixed, verdict

A = "$response.body#/a"
ITEMS = "$response.body#/items"

# rule, what is known of the body, the condition, what it becomes
REPAIRED = [
    ("braced-operand", "", "{$statusCode} == 200 && {$inputs.wanted}", "$statusCode == 200 && $inputs.wanted"),
    ("double-quoted-string", "", f'{A} == "Failed"', f"{A} == 'Failed'"),
    ("double-quoted-string", "", f'"x" != {A} || {A} == ""', f"'x' != {A} || {A} == ''"),
    ("double-quoted-string", "", f'{A} == "it\'s \\"so\\""', f"{A} == 'it''s \"so\"'"),
    ("double-quoted-string", "", f'{A} == "{{$x}} && || ( \'y"', f"{A} == '{{$x}} && || ( ''y'"),
    ("unquoted-string", "", f"{A} == NEW", f"{A} == 'NEW'"),
    ("unquoted-string", "", f"{A}==NEW&&{A}!=OLD", f"{A}=='NEW'&&{A}!='OLD'"),
    ("unquoted-string", "", f"({A} == Pet not found) || $url", f"({A} == 'Pet not found') || $url"),
    ("unquoted-string", "", "$response.header.A == application/json", "$response.header.A == 'application/json'"),
    ("unquoted-string", "", f"{A} == Level 3", f"{A} == 'Level 3'"),
    ("unquoted-string", "", f"{A} < abc-d_e", f"{A} < 'abc-d_e'"),
    ("operator-spelling", "", "$statusCode = 200", "$statusCode == 200"),
    ("operator-spelling", "", "$statusCode=200", "$statusCode==200"),
    ("operator-spelling", "", f"{A} === 1 || {A} !== 2", f"{A} == 1 || {A} != 2"),
    ("operator-spelling", "", f"{A} <> 1 & {A} != 2 | $url", f"{A} != 1 && {A} != 2 || $url"),
    ("operator-spelling", "", f"{A} == 1 and $url OR {A} == True", f"{A} == 1 && $url || {A} == true"),
    ("operator-spelling", "", f"not ({A} == 1) and not $inputs.wanted", f"! ({A} == 1) && ! $inputs.wanted"),
    ("operator-spelling", "", f"{A} != NULL", f"{A} != null"),
    ("length-member", "array", f"{BODY}.length > 0", f"{BODY}#/0 != null"),
    ("length-member", "array", f"{BODY}.length == 0", f"{BODY} != null && {BODY}#/0 == null"),
    ("length-member", "array", f"{BODY}[0].tags.length >= 2", f"{BODY}#/0/tags/1 != null"),
    ("length-member", "object", f"2 < {BODY}.items.count && $url", f"{ITEMS}/2 != null && $url"),
    ("length-member", "object", f"!({ITEMS}.size == 1)", f"!({ITEMS}/0 != null && {ITEMS}/1 == null)"),
    ("length-member", "object", f"{ITEMS}.length != 2 || $url", f"({ITEMS}/1 == null || {ITEMS}/2 != null) || $url"),
    ("length-member", "object", f"{BODY}.title.length > 0", f"{BODY}#/title != null && {BODY}#/title != ''"),
    ("length-member", "object", f"{BODY}.title.length < 1", f"{BODY}#/title == ''"),
    ("length-member", "", "$inputs.tags.length <= 3", "$inputs.tags != null && $inputs.tags#/3 == null"),
    ("length-member", "", f"{BODY}.length > 0", f"({BODY}#/0 != null || {BODY}.length > 0)"),
    ("length-member", "", f"{BODY}.a.length >= 2", f"({BODY}#/a/1 != null || {BODY}.a.length >= 2)"),
]


@pytest.mark.parametrize(("rule", "known", "written", "expected"), REPAIRED)
def test_a_condition_is_understood_and_its_fix_writes_what_is_compiled(
    rule: str, known: str, written: str, expected: str
) -> None:
    root = document({"condition": written}, known)
    found = compile_it(root).diagnostics
    assert {(each.rule, each.severity) for each in found} == {(rule, "warning")}
    mended = fixed(root, found)
    assert criterion_in(mended) == {"condition": expected}
    assert compile_it(mended).diagnostics == ()
    assert condition_of(mended).criterion == condition_of(root).criterion


@pytest.mark.parametrize(("rule", "known", "written", "expected"), REPAIRED)
def test_1_1_refuses_what_is_no_condition_and_offers_the_same_fix(
    rule: str, known: str, written: str, expected: str
) -> None:
    root = document({"condition": written}, known, "1.1.0")
    found = compile_it(root).diagnostics
    severity = "warning" if rule == "length-member" else "error"  # which is a condition, though not of what was meant
    assert {(each.rule, each.severity) for each in found} == {(rule, severity)}
    assert criterion_in(fixed(root, found)) == {"condition": expected}


@pytest.mark.parametrize(
    ("known", "condition"),
    [
        ("", f"{A} == 'a \"b\" and {{$c}} = NEW'"),
        ("", "$response.body.a[0].b == 'it''s'"),
        ("", f"{A} == true && !({A} == null) || 1.5e3 >= $inputs.most"),
        ("", f"{BODY}.count > 0 && {BODY}.size == 1"),  # members as good as any
        ("", f"{ITEMS}.length > 0"),  # a member of that name
        ("", f"({BODY}#/0 != null || {BODY}.length > 0)"),  # looks at an array, too
        ("object", f"{BODY}.film.length > 90"),
        ("object", f"{BODY}.count > 5"),
        ("object", f"{BODY}.items[0].length > 5"),
        ("", f"{BODY}.length == 'A4'"),
        ("", "$response.header.X-Count == 3"),
    ],
)
def test_a_condition_that_is_as_it_should_be_is_left_alone(known: str, condition: str) -> None:
    root = document({"condition": condition}, known)
    assert compile_it(root).diagnostics == ()
    assert condition_of(root).criterion.text == condition


@pytest.mark.parametrize(
    ("condition", "said", "advice"),
    [
        (f"{A} == wanted", "the text 'wanted' needs single quotes", "write $inputs.wanted, or 'wanted' for the text"),
        ("200 == statusCode", "needs single quotes", "write 'statusCode'"),
        (f"{A} == NEW or OLD", "'NEW or OLD' may be one text, or more", "set the text in single quotes, or join"),
        (f"{A} == new and {A} == 1", "'new and' may be one text, or more", "set the text in single quotes, or join"),
        (f"{A} == None", "'None' is no literal", "write null, or 'None' for the text"),
        (f"{A} == body.id", "needs single quotes", "write 'body.id'"),
        (f"{A} == 2024-01-01", "needs single quotes", "write '2024-01-01'"),
        (f"not {A} == 1", "'not' is written '!'", "write ! before an operand, or before a comparison in parentheses"),
        (f"{A} => 1", "'=>' is written '>='", "write >="),
        (f"{A} contains 'x'", "there is no operator 'contains'", "search the text with a criterion of type regex"),
        (f"{A}.contains('x')", "there are no functions", "search the text with a criterion of type regex"),
        (f"length({A}) > 0", "there is no function 'length'", "look for an item"),
        (f"{A}.size() > 0", "there are no functions", "look for an item"),
        (f"frob({A})", "there is no function 'frob'", "write operators, or a criterion"),
        (f"{A} + 1 == 2", "there is no '+'", "there is no arithmetic"),
        (f"{A} == 1 ? 2 : 3", "there is no '?'", "join conditions by '&&' and '||'"),
        (f"{A} in ['x']", "there is no operator 'in'", "write each comparison, and join them"),
        (f"{A} exists", "there is no operator 'exists'", "write == null or != null"),
        (f"1 < {A} < 3", "comparisons do not chain", f"write two comparisons of {A}, joined by '&&'"),
        (f"{A} > 1 && < 3", "must stand after '&&', not '<'", "name both sides of each comparison"),
        ("status == 200", "'status' is neither", "write $statusCode"),
        ("response.body.a == 1", "'response.body.a' is neither", "write $response.body.a"),
        (f"{BODY}['status'] == 'a'", "unexpected '['status']'", "write .status"),
        (f"{BODY}#/title == 'it's'", "there is no operator 's'", "write '' for a quote within a text"),
        (f"{BODY}.items[*].id == 1", "unexpected '.items[*].id'", "select several values with a criterion of type"),
        ("$.a == 1 && $.b[0]", "'$.b[0]' is no expression", "write $response.body#/b/0 != null, or $response.body#/b"),
        ("$.a == 1", "'$.a' is no expression: a simple condition has no context", f"write {A} == 1"),
        ("#/a == 1", "'#/a' is no expression", f"write {A} == 1"),
    ],
)
def test_what_is_no_condition_is_refused_at_its_token_with_one_way_out(condition: str, said: str, advice: str) -> None:
    found = [each for each in compile_it(document({"condition": condition})).diagnostics if each.severity == "error"]
    assert [each.rule for each in found] == ["condition-syntax"]
    assert said in found[0].message
    assert found[0].fix
    assert found[0].fix.title.startswith(advice)
    assert found[0].fix.edits == ()


@pytest.mark.parametrize(
    ("known", "condition"),
    [
        ("", f"{BODY}.length == 0"),
        ("", f"{BODY}.a.length <= 3"),
        ("object", f"{BODY}.title.length == 5"),
        ("object", f"{BODY}.holes.length == 5"),
        ("object", f"{BODY}.items.length > $inputs.most"),
    ],
)
def test_a_length_that_no_condition_can_tell_is_warned_of(known: str, condition: str) -> None:
    root = document({"condition": condition}, known)
    assert [(each.rule, each.severity) for each in compile_it(root).diagnostics] == [("unknown-length", "warning")]
    assert condition_of(root).criterion.text == condition


@pytest.mark.parametrize(
    ("known", "condition", "body", "passes"),
    [
        ("", f'{A} == "Failed"', {"a": "failed"}, True),
        ("", f"{A} == Pet not found", {"a": "Pet not found"}, True),
        ("", f"{A} == NULLIFIED", {}, False),
        ("", f"not ({A} == 1)", {"a": 2}, True),
        ("", f"{BODY}.length > 1", [1, 2], True),
        ("", f"{BODY}.length > 1", [1], False),
        ("", f"{BODY}.length > 1", {"length": 2}, True),
        ("object", f"{BODY}.items.length == 1", {"items": [{}]}, True),
        ("object", f"{BODY}.items.length == 1", {"items": [{}, {}]}, False),
        ("object", f"{BODY}.items.length == 0", {}, False),
    ],
)
def test_a_condition_means_what_it_looks_like(known: str, condition: str, body: Any, passes: bool) -> None:
    assert verdict(condition_of(document({"condition": condition}, known)), body).passed is passes


def test_every_slip_of_a_condition_is_told_at_its_own_characters() -> None:
    condition = '{$statusCode} === 200 and $inputs.wanted != "x" && $response.body#/a == NEW'
    found = compile_it(document({"condition": condition})).diagnostics
    assert [each.span.text for each in found] == ["{$statusCode}", "===", "and", '\\"x\\"', "NEW"]
    assert len({each.fix for each in found if isinstance(each.fix, Fix) and each.fix.edits}) == 5


def test_a_repair_of_expressions_looks_at_each_operand_of_a_condition() -> None:
    """Plural headers stand for whatever is repaired in an expression."""

    def plural(text: str, reading: Reading) -> Slip | None:
        at = text.find("headers")
        return Slip("no plural", at, at + 7, "header") if at >= 0 else None

    (repair,) = on_operands(plural)
    condition = "'$response.headers.X' == 1 && $response.headers.X == 2"
    assert repair.__name__ == "plural"
    assert repair(condition, None) == Slip("no plural", 40, 47, "header")  # type: ignore[arg-type]
