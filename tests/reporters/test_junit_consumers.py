"""JUnit as its consumers read it: each is a few rules, by which a whole suite is read, strange texts included."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

from runner.engine.events import Entry
from runner.reporters.junit import DIALECTS, UNITS, JUnit, JUnitForm
from runner.reporters.reporter import Broadcast

from .story import SECRET, story
from .suite import suite

FORMS = [JUnitForm(dialect, unit) for dialect in DIALECTS for unit in UNITS]
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "junit_strict.xsd"))
OUTCOMES = {"passed": 3, "failed": 5, "error": 2, "skipped": 1}
"""Of the cases of the suite. By steps: the steps that passed beside those that did not come to 14."""


def written(entries: list[Entry], form: JUnitForm) -> str:
    stream = io.StringIO()
    report = Broadcast([JUnit(stream, form=form)])
    for entry in entries:
        report.tell(entry)
    report.close()
    return stream.getvalue()


@pytest.fixture(params=FORMS, ids=lambda form: f"{form.dialect}-{form.unit}", scope="module")
def root(request: pytest.FixtureRequest) -> ET.Element:
    return ET.fromstring(written(suite(), request.param))


@pytest.mark.parametrize("entries", [story, suite])
@pytest.mark.parametrize("unit", UNITS)
def test_the_strict_dialect_fits_the_schema_that_jenkins_xunit_enforces(
    entries: Callable[[], list[Entry]], unit: str
) -> None:
    document = etree.fromstring(written(entries(), JUnitForm("strict", unit)).encode())  # type: ignore[arg-type]
    SCHEMA.assertValid(document)


BREAKING: Mapping[str, tuple[str, str]] = {
    "a file on a testcase": ("<testcase ", '<testcase file="f" '),
    "a line on a testcase": ("<testcase ", '<testcase line="1" '),
    "a status on a testcase": ("<testcase ", '<testcase status="passed" '),
    "properties in a testcase": ("<system-out>", "<properties /><system-out>"),
    "skipped on testsuites": ("<testsuites ", '<testsuites skipped="1" '),
    "a timestamp on testsuites": ("<testsuites ", '<testsuites timestamp="2026-11-21T03:42:57Z" '),
    "seven decimals of a suite": (' time="0.100" timestamp', ' time="0.1000000" timestamp'),
    "a suite without a name": ('<testsuite name="adopt[rex]"', "<testsuite"),
    "a flaky failure without a type": ('<flakyFailure type="arazzo.criterion"', "<flakyFailure"),
}


@pytest.mark.parametrize(("old", "new"), BREAKING.values(), ids=BREAKING.keys())
def test_the_schema_refuses_what_jenkins_refuses(old: str, new: str) -> None:
    text = written(suite(), JUnitForm("strict"))
    assert old in text
    assert not SCHEMA.validate(etree.fromstring(text.replace(old, new, 1).encode()))


def test_seven_decimals_of_a_testcase_are_fine() -> None:
    text = written(suite(), JUnitForm("strict")).replace('time="0.050">', 'time="0.0500000">')
    assert "0.0500000" in text
    SCHEMA.assertValid(etree.fromstring(text.encode()))


class Read(NamedTuple):
    """What a consumer makes of a testcase."""

    key: tuple[str, ...]
    outcome: str
    shown: str = ""


def _outcome(case: ET.Element) -> str:
    found = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    assert len(found) <= 1, "one annotation each, or the first alone, or a list: there must be one"
    return {"failure": "failed"}.get(found[0], found[0]) if found else "passed"


def _child(case: ET.Element, *tags: str) -> ET.Element | None:
    return next((child for tag in tags if (child := case.find(tag)) is not None), None)


def jenkins(root: ET.Element) -> list[Read]:
    """Identity is package, class and name, the suite is flattened; the first `<error>` else the first `<failure>`."""
    found = []
    for suite_ in root.iter("testsuite"):
        assert datetime.fromisoformat(suite_.get("timestamp", "")).tzinfo
        for case in suite_.findall("testcase"):
            package, dot, name = case.get("classname", "").rpartition(".")
            assert dot
            assert package
            assert "/" not in name
            float(case.get("time", "").replace(",", ""))
            told = _child(case, "error", "failure")
            found.append(
                Read(
                    (package, name, case.attrib["name"]),
                    _outcome(case),
                    told.get("message", "") if told is not None else "",
                )
            )
    return found


def gitlab(root: ET.Element) -> list[Read]:
    """Identity is suite, class and name, and the second of two is dropped; only the text of a failure is shown."""
    found: dict[tuple[str, ...], Read] = {}
    for suite_ in root.iter("testsuite"):
        for case in suite_.findall("testcase"):
            key = (suite_.attrib["name"], case.get("classname", ""), case.attrib["name"])
            told = _child(case, "failure", "error", "skipped")
            if told is not None:
                assert told.get("type") not in ("file", "array", "yaml", "symbol", "integer", "boolean", "datetime")
                assert (told.text or "").strip(), "an element with attributes alone is no string there"
            found.setdefault(key, Read(key, _outcome(case), (told.text or "") if told is not None else ""))
    return list(found.values())


def enricomi(root: ET.Element) -> list[Read]:
    """Sums are taken as they are given; class and name are the title."""
    for name in ("tests", "failures", "errors"):
        assert sum(int(suite_.attrib[name]) for suite_ in root.iter("testsuite")) == int(root.attrib[name])
    return [Read((case.get("classname", ""), case.attrib["name"]), _outcome(case)) for case in root.iter("testcase")]


def dorny(root: ET.Element) -> list[Read]:
    """Suites stand in the root, nested ones vanish; names are required, a time that is no number is a NaN."""
    found = []
    for suite_ in root.findall("testsuite"):
        assert suite_.attrib["name"]
        assert float(suite_.attrib["time"]) >= 0
        for case in suite_.findall("testcase"):
            told = _child(case, "failure", "error")
            text = f"{told.get('type')}: {told.get('message')}" if told is not None else ""
            found.append(Read((case.get("classname", ""), case.attrib["name"]), _outcome(case), text))
    return found


def mikepenz(root: ET.Element) -> list[Read]:
    """One annotation for each failure or error; without a line it looks for ` file:NN` in the text."""
    found = []
    for case in root.iter("testcase"):
        told = _child(case, "failure", "error")
        if told is not None:
            place = re.search(r"^ (\S+\.arazzo\.yaml):(\d+)$", told.text or "", re.MULTILINE)
            assert place, told.text
            assert case.get("line") in (None, place[2])
        found.append(Read((case.attrib["name"],), _outcome(case), told.get("message", "") if told is not None else ""))
    return found


def azure(root: ET.Element) -> list[Read]:
    """A testcase without a name is dropped; a time is a number and not negative; the message is an attribute."""
    found = []
    for case in root.iter("testcase"):
        assert float(case.get("time", "x")) >= 0
        told = _child(case, "failure", "error", "skipped")
        if case.get("name"):
            message = told.get("message", "") if told is not None else ""
            found.append(Read((case.attrib["name"],), _outcome(case), message))
    return found


def allure(root: ET.Element) -> list[Read]:
    """Nested suites are ignored, an error is broken, and every line of the output is a step."""
    found = []
    for suite_ in root.findall("testsuite"):
        for case in suite_.findall("testcase"):
            steps = (case.findtext("system-out") or "").splitlines()
            assert all(re.match(r"[A-Z]+ https?://\S+ -> ", step) for step in steps)
            found.append(Read((case.get("classname", ""), case.attrib["name"]), _outcome(case)))
    return found


CONSUMERS = (jenkins, gitlab, enricomi, dorny, mikepenz, azure, allure)


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.__name__)
def test_a_consumer_loses_nothing_and_confuses_nothing(
    root: ET.Element, consumer: Callable[[ET.Element], list[Read]]
) -> None:
    read = consumer(root)
    assert len(read) == len(list(root.iter("testcase"))) >= sum(OUTCOMES.values())
    counted = Counter(each.outcome for each in read)
    assert (counted["failed"], counted["error"]) == (OUTCOMES["failed"], OUTCOMES["error"])
    if consumer in (jenkins, gitlab):
        assert len({each.key for each in read}) == len(read)


@pytest.mark.parametrize("consumer", [jenkins, gitlab, dorny, mikepenz, azure], ids=lambda each: each.__name__)
def test_what_is_shown_of_a_failure_says_what_it_is(
    root: ET.Element, consumer: Callable[[ET.Element], list[Read]]
) -> None:
    texts = [each.shown for each in consumer(root) if each.outcome in ("failed", "error")]
    assert len(texts) == 7
    assert sum("is not met" in text for text in texts) == 4
    assert sum("is not a number" in text for text in texts) == 1
    assert sum("connection refused" in text for text in texts) == 1
    assert sum("row 8 has no name" in text for text in texts) == 1


def test_the_sums_are_those_of_the_elements(root: ET.Element) -> None:
    for suite_ in root.iter("testsuite"):
        tags = Counter(child.tag for case in suite_ for child in case)
        counted = [len(suite_.findall("testcase")), tags["failure"], tags["error"], tags["skipped"]]
        assert [int(suite_.attrib[name]) for name in ("tests", "failures", "errors", "skipped")] == counted


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.dialect}-{form.unit}")
def test_no_strange_text_and_no_secret_is_in_the_file(form: JUnitForm) -> None:
    text = written(suite(), form)
    assert SECRET not in text
    assert "tok-12345678" not in text
    assert "]]>" not in text
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", text)
    assert "\U0001f600" in text
    assert len(text) < 100_000  # a body of a megabyte is no more than an excerpt


def test_names_are_the_same_in_every_run() -> None:
    form = JUnitForm()
    slow = [Entry(entry.at * 1.5, entry.event) for entry in suite()]
    names = [[each.key for each in gitlab(ET.fromstring(written(told, form)))] for told in (suite(), slow)]
    assert names[0] == names[1]


def test_a_row_stands_in_the_name_of_each_step_and_in_no_class() -> None:
    root = ET.fromstring(written(suite(), JUnitForm()))
    cases = {(case.get("classname"), case.get("name")) for case in root.iter("testcase")}
    assert {("flows.pets.adopt", "fetch[rex]"), ("flows.pets.adopt", "fetch[rex] #2")} <= cases
    assert ("flows.pets.adopt.payment", "charge[tom]") in cases
    assert ("flows.pets.adopt", "(workflow)[zoe]") in cases


def test_cases_of_a_document_are_one_suite_where_a_testcase_is_a_workflow() -> None:
    root = ET.fromstring(written(suite(), JUnitForm("extended", "workflow")))
    (found,) = root.findall("testsuite")
    assert (found.get("name"), found.get("tests"), found.get("file")) == ("flows.pets", "11", "flows/pets.arazzo.yaml")
    assert [prop.get("name") for prop in found.iter("property")] == [
        "runner", "document", "source.shop", "server.shop", "warning.1",
    ]  # fmt: skip
    by_name = {case.get("name"): case for case in found}
    assert by_name["adopt[tom]"].get("line") == "11"
    assert (by_name["adopt[tom]"].findtext("system-out") or "").count("\n") == 1


def test_what_is_said_of_the_run_stands_in_the_first_suite_alone() -> None:
    root = ET.fromstring(written(suite(), JUnitForm()))
    names = [{prop.get("name") for prop in each.iter("property")} for each in root.findall("testsuite")]
    assert {"source.shop", "server.shop", "warning.1", "row", "tags", "input.pet"} <= names[0]
    assert [number for number, each in enumerate(names) if "source.shop" in each] == [0]


@pytest.mark.parametrize("unit", UNITS)
def test_a_run_without_cases_is_written_by_workflow_too(unit: str) -> None:
    root = ET.fromstring(written(story(), JUnitForm("extended", unit)))  # type: ignore[arg-type]
    assert int(root.get("failures", "0")) == 1
    assert len(list(root.iter("testcase"))) == (8 if unit == "step" else 2)
