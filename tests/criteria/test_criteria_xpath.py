"""XPath criteria: what decides, what is shown of it, and that a value cannot rewrite the expression it stands in."""

from __future__ import annotations

import pytest

from runner.criteria.check import check, compile_criterion
from runner.criteria.verdict import Verdict
from runner.exchange import Response
from runner.expressions.parse import parse_expression
from runner.expressions.scope import Scope
from runner.values import ABSENT, Value

XML = "<shop><item id='1'>O'Neil \"x\"</item><item id='2'>b</item></shop>"
INPUTS: dict[str, Value] = {"one": "1", "n": 2, "quote": "'", "double": '"', "both": "' or \"", "end": ":) or ("}


def verdict(condition: str, version: str = "xpath-31", body: bytes = XML.encode()) -> Verdict:
    scope = Scope(inputs=INPUTS, response=Response(200, (("Content-Type", "application/xml"),), body))
    criterion = compile_criterion(condition, "xpath", version, parse_expression("$response.body"))
    return check(criterion, scope)


@pytest.mark.parametrize("version", ["xpath-10", "xpath-20", "xpath-31"])
@pytest.mark.parametrize(
    ("condition", "passed", "shown"),
    [
        ("/shop/item", True, ['O\'Neil "x"', "b"]),
        ("/shop/item[2]", True, "b"),
        ("/shop/none", False, ABSENT),
        ("count(/shop/item) > 2", False, False),
        ("count(/shop/item)", True, 2),
        ("/shop/item[@id = '{$inputs.one}'] = 'b'", False, False),
        ("/shop/item[{$inputs.n}] = 'b'", True, True),
        ('/shop/item[@id = "{$inputs.quote}"]', False, ABSENT),
        ("/shop/item[@id = '{$inputs.double}']", False, ABSENT),
        ("number(/shop/item[2])", False, "NaN"),
    ],
)
def test_an_xpath_decides_by_what_it_gives(version: str, condition: str, passed: bool, shown: Value) -> None:
    assert verdict(condition, version) == Verdict(passed, shown, ABSENT, condition)


WOULD_END = "which would end the quoted text it stands in"


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("/shop/item[@id = '{$inputs.quote}']", f"'$inputs.quote' has a quote, {WOULD_END}"),
        ('/shop/item[@id = "{$inputs.double}"]', f"'$inputs.double' has a quote, {WOULD_END}"),
        ("/shop/item = 'x\\' or 'a' = '{$inputs.both}'", f"'$inputs.both' has a quote, {WOULD_END}"),
        ("/shop/item = 'it''s {$inputs.both}'", f"'$inputs.both' has a quote, {WOULD_END}"),
        ("(: don't (: :) \" :) /shop/item = '{$inputs.both}'", f"'$inputs.both' has a quote, {WOULD_END}"),
        ("(: {$inputs.end} :) /shop", "'$inputs.end' has a sign that could end the comment it stands in"),
        ("/shop[{$inputs.quote}]", "with its values filled in it is no XPath"),
        ("1 div 0", "it cannot be evaluated: division by zero"),
        ("(1, 2)", "what it gives has no effective boolean value"),
    ],
)
def test_an_xpath_that_cannot_be_evaluated_is_broken(condition: str, problem: str) -> None:
    found = verdict(condition)
    assert (found.passed, found.problem) == (False, problem)


def test_bytes_that_are_no_text_are_read_as_xml_says() -> None:
    body = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1")
    assert verdict("/a = 'é'", body=body).passed
