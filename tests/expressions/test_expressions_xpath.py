"""XPath: what a hostile document cannot do, and what replacing leaves alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.replace import replaced
from runner.expressions.selectors.compile import apply, compile_selector, select
from runner.values import Json

VERSIONS = ["xpath-10", "xpath-20", "xpath-30", "xpath-31"]
ENTITIES = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><r>&b;</r>'
FILE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>'


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", [ENTITIES, FILE])
def test_a_document_that_declares_entities_is_not_read(version: str, document: str) -> None:
    with pytest.raises(SelectorFailure, match="declares entities"):
        select(compile_selector("xpath", version, "string(/r)"), document)


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize("text", ["doc('file:///etc/hostname')", "unparsed-text('file:///etc/hostname')"])
def test_nothing_outside_the_document_is_read(version: str, text: str) -> None:
    with pytest.raises((SelectorFailure, SelectorSyntax)):
        select(compile_selector("xpath", version, text), "<r/>")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_variable_that_nothing_binds_is_refused_with_the_braces_it_wants(version: str) -> None:
    with pytest.raises(SelectorSyntax) as caught:
        compile_selector("xpath", version, "/r/a[. = $inputs.n]")
    assert (caught.value.start, caught.value.suggestion) == (9, "{$inputs.n}")


def test_variables_of_the_expression_itself_are_known() -> None:
    assert select(compile_selector("xpath", "xpath-31", "for $i in (1, 2), $j in (3) return $i * $j"), "<r/>") == (3, 6)
    assert select(compile_selector("xpath", "xpath-31", "let $a := '$b' return $a"), "<r/>") == ("$b",)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_text_with_an_encoding_declaration_is_read(version: str) -> None:
    document = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<r>é</r>'
    assert select(compile_selector("xpath", version, "/r"), document) == ("é",)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_replacement_keeps_the_rest_of_the_document(version: str) -> None:
    document = '<?xml version="1.0"?>\n<!-- top --><r xmlns="u:d"><a x="1">old</a>tail<b/></r>'
    target = compile_selector("xpath", version, "//@x")
    assert replaced(document, target, 2) == document.replace('x="1"', 'x="2"')


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(TEXT, st.sampled_from(VERSIONS))
def test_what_is_put_into_xml_is_found_there(new: str, version: str) -> None:
    target = compile_selector("xpath", version, "/r/a")
    changed = replaced("<r><a>x</a></r>", target, new)
    assert select(target, changed) == (new,)


@given(st.lists(st.integers(), min_size=1, max_size=5), st.integers())
def test_replacing_never_changes_the_payload_and_sets_every_match(numbers: list[int], new: int) -> None:
    payload: Json = {"items": [{"n": n} for n in numbers]}
    before = {"items": [{"n": n} for n in numbers]}
    target = compile_selector("jsonpath", "rfc9535", "$.items[*].n")
    changed = replaced(payload, target, new)
    assert payload == before
    assert apply(target, changed).values == (new,) * len(numbers)
