"""What is written as XML is read back as it was, each element on lines of its own."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from runner.reporters import xml

MARKUP = """a < b && c > d ]]> "e" 'f' é \N{GRINNING FACE}"""


@pytest.mark.parametrize("text", [MARKUP, "two\nlines", "a\ttab", " around ", "\N{LINE SEPARATOR}", "#x01"])
def test_an_attribute_and_a_text_are_read_back_as_they_were(text: str) -> None:
    written = xml.indented(xml.element("testcase", {"name": text}, text), 0)
    read = ET.fromstring(written)
    assert (read.get("name"), read.text) == (text, text)
    assert "]]>" not in written


def test_a_carriage_return_that_an_element_was_given_past_the_check_stays_one_in_an_attribute() -> None:
    assert ET.fromstring(xml.indented(ET.Element("a", {"name": "a\rb"}), 0)).get("name") == "a\rb"


def test_an_element_is_written_as_the_library_writes_it_indented() -> None:
    suite = xml.element("testsuite", {"name": MARKUP, "time": "0.1"})
    case = xml.element("testcase", {"name": "one"})
    case.append(xml.element("system-out", {}, "two\nlines & more"))
    case.append(xml.element("skipped", {"message": "so"}))
    suite.extend([case, xml.element("testcase", {})])
    written = xml.indented(suite, 1)
    ET.indent(suite, level=1)
    assert written == f"  {ET.tostring(suite, encoding='unicode')}\n"
