"""XPath: what each version selects, what it is as a condition, where it stands, and where its text goes wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compile import apply, compile_selector, locate
from runner.values import ABSENT, Json, Value

VERSIONS = ("xpath-10", "xpath-20", "xpath-30", "xpath-31")
LATER = VERSIONS[1:]
SHOP = """<?xml version="1.0"?>
<!-- beside -->
<shop xmlns:p="urn:p"><!-- in front --><name>Tea <b>&amp;</b><?pi?> Mugs</name>
<item id="1"><price>4</price></item><item id="2"><price>12</price></item><p:note q="&lt;">x</p:note><none/></shop>"""


def value(version: str, text: str, document: Value = SHOP) -> object:
    return apply(compile_selector("xpath", version, text), document).value


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/shop/name", "Tea & Mugs"),
        ("shop/name", "Tea & Mugs"),
        ("(shop)/name", "Tea & Mugs"),
        ("shop/name/b | shop/none", ["&", ""]),
        ("//item/@id", ["1", "2"]),
        ("//item[2]/price", "12"),
        ("shop/item[price > 10]/@id", "2"),
        ("/shop/name/text()", ["Tea ", " Mugs"]),
        ("//comment()", [" beside ", " in front "]),
        ("//p:note/@q", "<"),
        ("/shop/none", ""),
        ("/shop/nothing", ABSENT),
        ("count(shop/item)", 2),
        ("count(shop/item) * 2", 4),
        ("-count(shop)", -1),
        ("sum(//price) div 5", 3.2),
        ("string(/shop/name)", "Tea & Mugs"),
        ("starts-with(/, 'Tea')", True),
        ("/shop/name = 'Tea & Mugs'", True),
        ("not(shop)", False),
        ("number('x')", "NaN"),
    ],
)
def test_every_version_gives(version: str, text: str, expected: Json) -> None:
    found = value(version, text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        ("xpath-10", "1 div 0", "Infinity"),
        ("xpath-10", "-1 div 0", "-Infinity"),
        ("xpath-20", "1e0 div 0", "INF"),
        ("xpath-20", "(1, 'a')", [1, "a"]),
        ("xpath-20", "xs:date('2026-11-21')", "2026-11-21"),
        ("xpath-20", "for $i in //item return string($i/@id)", ["1", "2"]),
        ("xpath-20", "upper-case(shop/name)", "TEA & MUGS"),
        ("xpath-30", "let $n := //price return max($n)", 12),
        ("xpath-30", "//item ! @id", ["1", "2"]),
        ("xpath-31", "array { //price }", ["4", "12"]),
        ("xpath-31", "array { //item[1]/price }", ["4"]),
        ("xpath-31", "map {'a': (1, 2), 'b': [true(), ()], 3: 'x'}", {"a": [1, 2], "b": [True, []], "3": "x"}),
        ("xpath-31", "//item[1]/price => number()", 4),
        ("xpath-31", "environment-variable('PATH')", ABSENT),
    ],
)
def test_a_version_gives_what_it_has_of_its_own(version: str, text: str, expected: Json) -> None:
    assert value(version, text) == expected


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("/shop/none", True),
        ("/shop/nothing", False),
        ("/", True),
        ("1", True),
        ("0", False),
        ("number('x')", False),
        ("'false'", True),
        ("''", False),
        ("true()", True),
        ("false()", False),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_condition_is_its_effective_boolean_value(version: str, text: str, truth: bool) -> None:
    assert apply(compile_selector("xpath", version, text), SHOP).holds is truth


@pytest.mark.parametrize("text", ["(1, 2)", "('a', //item)", "xs:date('2026-11-21')"])
@pytest.mark.parametrize("version", LATER)
def test_some_sequences_are_neither_true_nor_false(version: str, text: str) -> None:
    assert apply(compile_selector("xpath", version, text), SHOP).holds is None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/shop", [()]),
        ("//item/@id", [(2, "@id"), (3, "@id")]),
        ("//price/text()", [(2, 0, "text"), (3, 0, "text")]),
        ("/shop/name/text()[last()]", [(1, 1, "tail")]),
        ("/shop/nothing", []),
    ],
)
def test_a_match_knows_where_it_stands(version: str, text: str, expected: list[tuple[str | int, ...]]) -> None:
    assert list(locate(compile_selector("xpath", version, text), SHOP)) == expected


@pytest.mark.parametrize("text", ["count(/shop)", "//comment()", "'a'", "//processing-instruction()"])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_no_element_attribute_or_text_has_no_place(version: str, text: str) -> None:
    with pytest.raises(SelectorFailure):
        locate(compile_selector("xpath", version, text), SHOP)


ENVELOPE = (
    '<Envelope xmlns="urn:e" xmlns:a="urn:1"><a:Body>'
    '<m:Item xmlns:m="urn:m" xmlns:a="urn:2">1</m:Item></a:Body></Envelope>'
)


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        *((version, "/Envelope", ABSENT) for version in VERSIONS),
        *((version, "/*/a:Body/m:Item", "1") for version in VERSIONS),
        *((version, "/*[local-name() = 'Envelope']//m:Item", "1") for version in VERSIONS),
        *((version, "/*:Envelope/a:Body/*:Item", "1") for version in LATER),
        ("xpath-30", "/Q{urn:e}Envelope/Q{urn:1}Body/*", "1"),
    ],
)
def test_a_prefix_means_what_it_is_declared_to_mean_first(version: str, text: str, expected: object) -> None:
    assert value(version, text, ENVELOPE) == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_a_prefix_that_the_document_does_not_declare_is_a_failure(version: str) -> None:
    with pytest.raises(SelectorFailure, match="prefix"):
        value(version, "//z:a")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("", "not XML"),
        ("text", "not XML"),
        ("<a>", "not XML"),
        ("<a>\ud800</a>", "not XML"),
        (b"\xff\xfe", "not XML"),
        (None, "it is null"),
        (7, "it is a number"),
        ({"a": 1}, "it is an object"),
        (ABSENT, "it is absent"),
        ("<a>" * 5000 + "</a>" * 5000, "not XML"),
        ("<a>" + " " * (16 * 1024 * 1024) + "</a>", "larger than 16 MiB"),
    ],
)
def test_a_context_that_is_no_xml_is_a_failure(version: str, document: Value, reason: str) -> None:
    with pytest.raises(SelectorFailure, match=reason):
        value(version, "/a", document)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "document",
    [
        "<?xml version='1.0' encoding='UTF-16'?><a>é</a>",
        "\ufeff<a>é</a>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1"),
        "<a>é</a>".encode("utf-16"),
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a>é</a>",
    ],
)
def test_text_and_bytes_are_read_whatever_their_encoding(version: str, document: str | bytes) -> None:
    assert value(version, "a", document) == "é"


@pytest.mark.parametrize(
    ("version", "text", "span"),
    [
        ("xpath-10", "/a[", (3, 3)),
        ("xpath-10", "é/a b", (4, 5)),
        ("xpath-10", "a = ends-with(b, 'c')", (4, 13)),
        ("xpath-10", "a\x00", (0, 2)),
        ("xpath-10", "a = $b", (4, 6)),
        ("xpath-20", "/a[", (3, 3)),
        ("xpath-20", "a && b", (2, 3)),
        ("xpath-30", "//a == 1", (5, 6)),
        ("xpath-31", "a = lower(b)", (4, 9)),
        ("xpath-31", "a = $inputs.b", (4, 13)),
        ("xpath-31", "function($a) { $a + $b }", (20, 22)),
        ("xpath-31", "(" * 3000 + "1" + ")" * 3000, (0, 6001)),
        ("xpath-31", "1" * 5000, (0, 5000)),
        ("xpath-31", "item()", (0, 4)),
    ],
)
def test_a_text_that_is_no_xpath_is_refused_where_it_goes_wrong(version: str, text: str, span: tuple[int, int]) -> None:
    with pytest.raises(SelectorSyntax) as caught:
        compile_selector("xpath", version, text)
    assert (caught.value.start, caught.value.end) == span


@pytest.mark.parametrize(
    "text",
    [
        "for $i in 1 to 3 return $i",
        "some $a in //a, $b in //b satisfies $a = $b",
        "let $f := function($x as xs:integer, $y) { $x + $y } return $f(1, 2)",
        "'$a' = (: $b :) \"$c\"",
    ],
)
def test_variables_that_an_expression_binds_itself_are_its_own(text: str) -> None:
    compile_selector("xpath", "xpath-31", text)


@pytest.mark.parametrize("version", LATER)
@pytest.mark.parametrize("text", ["1 div 0", "xs:integer('x')", "error()", "'a' + 1", "1 + //item"])
def test_what_cannot_be_evaluated_is_a_failure_without_class_names(version: str, text: str) -> None:
    with pytest.raises(SelectorFailure) as caught:
        value(version, text)
    assert "<class" not in str(caught.value)


def test_compiling_does_not_evaluate() -> None:
    compile_selector("xpath", "xpath-31", "count(1 to 1000000000000)")


def test_no_library_is_imported_before_there_is_an_xpath() -> None:
    code = (
        "import sys; from runner.expressions.selectors.compile import compile_selector;"
        "sys.exit(any(name.startswith(('lxml', 'elementpath')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
