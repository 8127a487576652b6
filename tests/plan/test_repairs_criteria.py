"""Criteria as people write them: what each becomes, and what is left as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.criteria import BODY, compile_it, condition_of, criterion_in, document, fixed, verdict

JSONPATH = {"context": BODY, "type": "jsonpath"}
STATUS = "$response.body#/status"


def simple(condition: str) -> dict[str, Any]:
    return {"condition": condition}


def query(condition: str) -> dict[str, Any]:
    return {**JSONPATH, "condition": condition}


# rule, what is known of the body, the criterion, what it becomes
REPAIRED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("bare-comparison", "", query("$.cancel == true"), simple(f"{BODY}#/cancel == true")),
    ("bare-comparison", "", query('$.status == "it\'s"'), simple(f"{STATUS} == 'it''s'")),
    (
        "bare-comparison",
        "",
        query("$.status == 'processing' || $.count > 0"),
        simple(f"{STATUS} == 'processing' || {BODY}#/count > 0"),
    ),
    ("bare-comparison", "", query("!($.a == 1) && ( 2 < $.b )"), simple(f"!({BODY}#/a == 1) && ( 2 < {BODY}#/b )")),
    ("bare-comparison", "", query("$[0].id == 4"), simple(f"{BODY}#/0/id == 4")),
    ("bare-comparison", "", query("$['a~b']['c/d'] == 4"), simple(f"{BODY}#/a~0b/c~1d == 4")),
    ("bare-comparison", "", query("$.content-type != null"), simple(f"{BODY}#/content-type != null")),
    ("bare-comparison", "", query("$ == 'done'"), simple(f"{BODY} == 'done'")),
    ("bare-comparison", "", query("@.status == 'x'"), simple(f"{STATUS} == 'x'")),
    ("bare-comparison", "", query("#/status == 4"), simple(f"{STATUS} == 4")),
    ("bare-comparison", "", query("#/status == Chocolate"), simple(f"{STATUS} == 'Chocolate'")),
    ("bare-comparison", "", query("$.status === 4 and $.a = 1"), simple(f"{STATUS} == 4 && {BODY}#/a == 1")),
    ("bare-comparison", "", query("$.status == $inputs.wanted"), simple(f"{STATUS} == $inputs.wanted")),
    ("bare-comparison", "", query("$.status == {$inputs.wanted}"), simple(f"{STATUS} == $inputs.wanted")),
    ("bare-comparison", "", query("$statusCode == 200"), simple("$statusCode == 200")),
    ("bare-comparison", "", {"condition": "$statusCode == 200", "type": "jsonpath"}, simple("$statusCode == 200")),
    ("bare-comparison", "", {"context": BODY, "condition": "$.status == 1"}, simple(f"{STATUS} == 1")),
    (
        "bare-comparison",
        "",
        {"context": "$response.body#/job", "condition": "$.status == 1", "type": "jsonpath", "version": "rfc9535"},
        simple("$response.body#/job/status == 1"),
    ),
    (
        "bare-comparison",
        "",
        {"context": "$response.body.job", "condition": "$.a == 1", "type": {"type": "jsonpath", "version": "rfc9535"}},
        simple("$response.body#/job/a == 1"),
    ),
    ("bare-comparison", "", query("$['a b'] == 1"), query("$[?$['a b'] == 1]")),
    ("bare-comparison", "", query("$['a b'] != null"), query("$[?$['a b'] != null && $['a b']]")),
    ("bare-comparison", "", query("$.a[-1].id == 1"), query("$[?$.a[-1].id == 1]")),
    (
        "bare-comparison",
        "",
        {**JSONPATH, "context": "$statusCode", "condition": "$ == 404"},
        simple("$statusCode == 404"),
    ),
    ("bare-comparison", "", query("$.files.length > 0"), query("$[?length($.files) > 0]")),
    ("bare-comparison", "", query("$.records.length == 0"), query("$[?length($.records) == 0]")),
    ("bare-comparison", "", query("$.files.length() != 0"), query("$[?length($.files) > 0]")),
    ("bare-comparison", "", query("0 < $.files.length"), query("$[?0 < length($.files)]")),
    ("bare-comparison", "", query("$[0].tags.length > 0"), query("$[?length($[0].tags) > 0]")),
    ("bare-comparison", "", query("$.a.length == $.total"), query("$[?length($.a) == $.total]")),
    ("bare-comparison", "", query("$.a.length >= $inputs.most"), query("$[?length($.a) >= {$inputs.most}]")),
    (
        "bare-comparison",
        "",
        query('$.a == null && $.b == "x\'y" && $.items.length > 1'),
        query("$[?($.a == null || !$.a) && $.b == 'x\\'y' && length($.items) > 1]"),
    ),
    ("bare-comparison", "", query("$.length > 2"), simple(f"{BODY}#/2 != null")),
    ("bare-comparison", "", query("$.length == 0"), simple(f"{BODY} != null && {BODY}#/0 == null")),
    (
        "bare-comparison",
        "array",
        query("($.length <= 2) || $.length != 3"),
        simple(f"({BODY} != null && {BODY}#/2 == null) || ({BODY}#/2 == null || {BODY}#/3 != null)"),
    ),
    (
        "bare-comparison",  # it holds of {}, of which a filter on the root can say nothing
        "",
        query("$.status != 'failed' || $.items.length == 0"),
        simple(f"{STATUS} != 'failed' || ({BODY}#/items != null && {BODY}#/items/0 == null)"),
    ),
    (
        "bare-comparison",
        "object",
        query("$.title.length > 0 && $.status == $inputs.wanted"),
        simple(f"({BODY}#/title != null && {BODY}#/title != '') && {STATUS} == $inputs.wanted"),
    ),
    ("bare-comparison", "object", query("$.film.length > 90"), simple(f"{BODY}#/film/length > 90")),
    ("bare-comparison", "object", query("$.items && $.count > 1"), simple(f"{BODY}#/items && {BODY}#/count > 1")),
    ("root-filter", "object", query("$[?count(@.items) > 0]"), query("$.items[*]")),
    ("root-filter", "object", query("$[?(count(@['items']) >= 1)]"), query("$['items'][*]")),
    ("root-filter", "object", query("$[?(@.status)]"), query("$[?($.status)]")),
    ("root-filter", "object", query("$[?count(@.title) > 0]"), query("$[?count($.title) > 0]")),
    (
        "root-filter",
        "object",
        query("$[?@.status == '@.x' && count(@.items) > 2]"),
        query("$[?$.status == '@.x' && count($.items[*]) > 2]"),
    ),
    ("root-filter", "object", query("$[?@.items[?@.id == '1']]"), query("$[?$.items[?@.id == '1']]")),
    ("root-filter", "object", query("$[?@.ready == true].items"), query("$[?($.ready == true) && $.items]")),
    (
        "root-filter",
        "object",
        query('$[?(@.status == "{$inputs.wanted}")]'),
        query('$[?($.status == "{$inputs.wanted}")]'),
    ),
    ("root-filter", "full", query("$[?!@.error]"), query("$[?!$.error]")),
    ("root-filter", "", query("$[?(@.origin)]"), query("$[?(@.origin) || ($.origin)]")),
    ("root-filter", "either", query("$[?@.id == '1']"), query("$[?@.id == '1' || $.id == '1']")),
    ("root-filter", "nested", query("$[?@.id == '1']"), query("$[?@.id == '1' || $.id == '1']")),
    ("root-filter", "", query("$[?count(@.a) > 0]"), query("$[?count(@.a) > 0 || count($.a[*]) > 0]")),
    ("operand-in-context", "", {"context": "$statusCode", "condition": "== 200"}, simple("$statusCode == 200")),
    ("operand-in-context", "", {"context": BODY, "condition": '!= "x"'}, simple(f"{BODY} != 'x'")),
    (
        "operand-in-context",
        "",
        {"context": "$statusCode", "condition": "==", "value": 200, "type": "simple"},
        {**simple("$statusCode == 200"), "type": "simple"},
    ),
    (
        "operand-in-context",
        "",
        {"context": "$url", "condition": "==", "value": "it's"},
        simple("$url == 'it''s'"),
    ),
    (
        "operand-in-context",
        "",
        {"context": "$statusCode", "condition": "<", "value": "$inputs.most"},
        simple("$statusCode < $inputs.most"),
    ),
    ("untyped-jsonpath", "", {"context": BODY, "condition": "$.items[*]"}, query("$.items[*]")),
    ("untyped-jsonpath", "", {"context": BODY, "condition": "$.a", "type": "simple"}, query("$.a")),
    ("unused-context", "", {"context": BODY, "condition": "$statusCode == 200"}, simple("$statusCode == 200")),
]


@pytest.mark.parametrize(("rule", "known", "written", "expected"), REPAIRED)
def test_a_criterion_is_understood_and_its_fix_writes_what_is_compiled(
    rule: str, known: str, written: dict[str, Any], expected: dict[str, Any]
) -> None:
    root = document(written, known)
    found = compile_it(root).diagnostics
    assert [(each.rule, each.severity) for each in found if each.rule != "unknown-field"] == [(rule, "warning")]
    mended = fixed(root, found)
    assert criterion_in(mended) == expected
    assert compile_it(mended).diagnostics == ()
    assert condition_of(mended).criterion == condition_of(root).criterion


@pytest.mark.parametrize(("rule", "known", "written", "expected"), REPAIRED)
def test_what_1_1_has_another_reading_for_is_refused_with_the_fix(
    rule: str, known: str, written: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = [each for each in compile_it(document(written, known, "1.1.0")).diagnostics if each.rule == rule]
    if rule == "root-filter":  # "MUST conform to RFC 9535": it runs by that
        known_to_be_meant = bool(known) and known not in ("either", "nested")
        assert [(each.severity, each.fix and each.fix.edits) for each in found] == [("warning", ())] * known_to_be_meant
    else:
        severity = "warning" if rule == "unused-context" else "error"
        assert [each.severity for each in found] == [severity]
        assert found[0].fix
        assert found[0].fix.edits


@pytest.mark.parametrize(
    ("known", "criterion"),
    [
        *(("", query(text)) for text in ("$", "$.a", "$.items[*]", "$.a.length", "$..a", "$[0]", "$.a[?@.b == 1]")),
        *(("", query(text)) for text in ("$[?$.a == 1]", "$[?@.a || $.a]", "$.a[?@.b == {$inputs.most}]")),
        *(("", query(text)) for text in ("$['a == b']", "$[{$inputs.most}]", "$.{$inputs.wanted}", "$[?@ == 'x']")),
        *(("array", query(text)) for text in ("$[?@.id == '1']", "$[?count(@.tags) > 0]", "$[?!@.id]")),
        *(("map", query(text)) for text in ("$[?@.id == '1']", "$[?count(@.tags) > 0]")),
        ("text", query("$[?@.id == '1']")),
        ("object", {**JSONPATH, "context": f"{BODY}#/items", "condition": "$[?@.id == '1']"}),
        ("", {**JSONPATH, "condition": "$[?(@.a == 1)]", "version": "draft-goessner-dispatch-jsonpath-00"}),
        ("", {"context": BODY, "condition": "^==$", "type": "regex"}),
        ("", {"context": BODY, "condition": "/a = 1", "type": "xpath"}),
        ("", simple("$statusCode == 200")),
    ],
)
def test_a_criterion_that_is_as_it_should_be_is_left_alone(known: str, criterion: dict[str, Any]) -> None:
    root = document(criterion, known)
    assert compile_it(root).diagnostics == ()
    assert condition_of(root).criterion.text == criterion["condition"]


@pytest.mark.parametrize(
    ("known", "criterion", "rule", "said"),
    [
        ("", query("$.items[*].status == 'done'"), "unclear-comparison", "may give several values"),
        ("", query("$..status == 'done'"), "unclear-comparison", "may give several values"),
        ("", query("$.ready && $.count > 0"), "unclear-comparison", "whether there is a value, or whether the value"),
        ("object", query("!$.ready"), "unclear-comparison", "whether there is a value, or whether the value"),
        ("", query("$.items.length != $inputs.most"), "unclear-comparison", "no whole number"),
        ("object", query("$.count.length > 1"), "unclear-comparison", "is of type integer, which has no length"),
        ("object", query("$.holes.length > 1 && $.a == $inputs.a"), "unclear-comparison", "no condition says exactly"),
        ("object", query("$.title.length == 3 && $.a == $inputs.a"), "unclear-comparison", "no condition says exactly"),
        ("", query("$.items[-1].id == $inputs.a"), "unclear-comparison", "no operand of a simple condition gives"),
        ("", query("$.a == 1 == 2"), "condition-syntax", "not JSONPath"),
        ("", query("$.count-1 > 0"), "condition-syntax", "not JSONPath"),
        (
            "",
            query("$.items[?@.name == $inputs.a]"),
            "condition-syntax",
            "a runtime expression in a JSONPath stands in braces",
        ),
        ("", query("$.a contains 'x'"), "condition-syntax", "RFC 9535 has no operator 'contains'"),
        ("", {"condition": "$.a == 1", "type": "jsonpath"}, "missing-context", "needs a context"),
        ("", simple("$.a == 1"), "condition-syntax", "'$.a' is no expression"),
        ("", simple("#/a == 1"), "condition-syntax", "'#/a' is no expression"),
        ("", {"context": "$statusCode", "condition": "=="}, "condition-syntax", "must stand here, not '=='"),
        ("", {"context": "$statusCode", "condition": "==", "value": [1]}, "condition-syntax", "must stand here"),
        ("", {**JSONPATH, "context": "response", "condition": "$.a"}, "context-syntax", "is a runtime expression"),
        ("", {**JSONPATH, "context": "<a/>", "condition": "$.a == 1"}, "context-syntax", "is a runtime expression"),
    ],
)
def test_what_could_mean_two_things_is_said_and_not_guessed(
    known: str, criterion: dict[str, Any], rule: str, said: str
) -> None:
    found = [each for each in compile_it(document(criterion, known)).diagnostics if each.severity == "error"]
    assert [each.rule for each in found] == [rule]
    assert said in found[0].message
    assert not (found[0].fix and found[0].fix.edits)


@pytest.mark.parametrize(
    ("known", "condition", "advice"),
    [
        ("object", "$[?!@.ready]", "write $[?!$.ready]"),
        ("object", "$[?count(@.items) == 0]", "write $[?count($.items[*]) == 0]"),
        ("", "$[?count(@.items) == 0]", "write $[?count($.items[*]) == 0] if it is the object"),
        ("", "$[?@.a == 1].b", "write $[?$.a == 1].b if it is the object"),
    ],
)
def test_a_filter_that_holds_of_an_empty_object_is_only_warned_of(known: str, condition: str, advice: str) -> None:
    root = document(query(condition), known)
    (found,) = compile_it(root).diagnostics
    assert (found.rule, found.severity) == ("root-filter", "warning")
    assert found.fix
    assert (found.fix.title, found.fix.edits) == (advice, ())
    assert condition_of(root).criterion.text == condition


def test_the_version_beside_a_type_is_of_1_0() -> None:
    written = {"context": BODY, "condition": "/a", "type": "xpath", "version": "xpath-30"}
    assert compile_it(document(written)).diagnostics == ()
    root = document(written, version="1.1.0")
    found = compile_it(root).diagnostics
    assert [(each.rule, each.severity) for each in found] == [("version-beside-type", "warning")]
    mended = fixed(root, found)
    assert criterion_in(mended)["type"] == {"type": "xpath", "version": "xpath-30"}
    assert compile_it(mended).diagnostics == ()


@pytest.mark.parametrize("version", ["1.0.1", "1.1.0"])
def test_xpath_31_may_be_named_in_both_versions(version: str) -> None:
    written = {"context": BODY, "condition": "/a", "type": {"type": "xpath", "version": "xpath-31"}}
    assert compile_it(document(written, version=version)).diagnostics == ()


@pytest.mark.parametrize(
    ("known", "condition", "body", "passes"),
    [
        ("", "$.next == null", {}, True),
        ("", "$.next != null", {}, False),
        ("", "$.status == 'DONE'", {"status": "done"}, True),
        ("", "$.count > 5", {"count": "17"}, True),
        ("", "$.cancel == true", {"cancel": "true"}, False),
        ("", "$.items.length == 0", {"items": []}, True),
        ("", "$.items.length == 0", {}, False),
        ("", "$.items.length == 0", {"items": [None]}, False),
        ("", "$.items.length > 1", {"items": "ab"}, True),
        ("", "$.length == 0", [], True),
        ("", "$.length == 0", [1], False),
        ("", "$[?(@.origin)]", {"origin": "here"}, True),
        ("", "$[?(@.origin)]", [{"origin": "here"}], True),
        ("", "$[?(@.origin)]", ["origin"], False),
        ("", "$[?count(@.a) > 0]", {"a": []}, False),
        ("object", "$[?count(@.items) > 0]", {"items": []}, False),
        ("object", "$[?count(@.items) > 0]", {"items": [1]}, True),
    ],
)
def test_a_criterion_means_what_it_looks_like(known: str, condition: str, body: Any, passes: bool) -> None:
    assert verdict(condition_of(document(query(condition), known)), body).passed is passes
