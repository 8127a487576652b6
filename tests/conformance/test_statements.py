"""Every statement of the specification and every decision has its cases, and every case rests on one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.harness import HERE, every_case, flows, read, vectors
from tests.conformance.tables import (
    README,
    bare,
    cases_of,
    decided_by,
    folded,
    listed,
    render,
    rendered,
    resting_on,
    version_of,
    with_tables,
)

SPECIFICATION = HERE.parents[2] / "shared" / "spec"
STATEMENTS, DECISIONS, DEFINITIONS = listed("statements"), listed("decisions"), listed("definitions")
CASES = list(every_case())


def test_every_statement_has_a_case_or_a_reason_why_not() -> None:
    found = cases_of(CASES, STATEMENTS, DECISIONS)
    without = [row for row in STATEMENTS if id(row) not in found and row["reason"] is None]
    assert [f"{row['version']} {row['section']}: {row['sentence']}" for row in without] == []


def test_no_statement_has_both_a_case_and_a_reason_why_not() -> None:
    found = cases_of(CASES, STATEMENTS, DECISIONS)
    both = [row for row in STATEMENTS if id(row) in found and row["reason"] is not None]
    assert [(row["sentence"], found[id(row)]) for row in both] == []


def test_every_decision_has_a_case() -> None:
    found = cases_of(CASES, STATEMENTS, DECISIONS)
    assert [row["question"] for row in DECISIONS if id(row) not in found] == []


def test_every_case_rests_on_something() -> None:
    assert [name for name, case in CASES if not case.get("rests")] == []


def test_what_a_case_rests_on_is_found_once() -> None:
    problems = []
    for name, case in CASES:
        for rest in case.get("rests", []):
            found = decided_by(rest, DECISIONS) or resting_on(rest, STATEMENTS)
            if not found and "sentence" in rest:
                found = [row for row in DEFINITIONS if is_definition(rest, row)]
            if len(found) != 1:
                problems.append((name, rest, [row["sentence"] for row in found]))
    assert problems == []


def is_definition(rest: Any, row: Any) -> bool:
    places = [(version_of(each), each["section"], folded(each["sentence"])) for each in (rest, row)]
    return places[0] == places[1]


def test_every_definition_is_quoted() -> None:
    rests = [rest for _, case in CASES for rest in case.get("rests", []) if "sentence" in rest]
    assert [row for row in DEFINITIONS if not any(is_definition(rest, row) for rest in rests)] == []


def test_ids_are_unique() -> None:
    files = [path.stem for path in (HERE / "flows").rglob("*.yaml")]
    cases = [case["id"] for path in (HERE / "vectors").glob("*.json") for case in read(path)["cases"]]
    assert [name for name, count in Counter(files + cases).items() if count > 1] == []


@pytest.mark.parametrize("rows", [STATEMENTS, DEFINITIONS])
def test_sentences_are_listed_once(rows: list[Any]) -> None:
    places = Counter((version_of(row), row["section"], folded(row["sentence"])) for row in rows)
    assert [place for place, count in places.items() if count > 1] == []


def test_the_tables_of_the_readme_are_up_to_date() -> None:
    readme = README.read_text(encoding="utf-8")
    assert with_tables(readme, rendered()) == readme, "python -m tests.conformance.tables writes them anew"


def test_the_suite_is_of_some_size() -> None:
    kinds = ("expression", "template", "payload", "criterion", "comparison", "selector", "replacement")
    assert sum(len(vectors(kind)) for kind in kinds) >= 400
    assert len(flows()) >= 120


@pytest.mark.parametrize("version", ["1.0.1", "1.1.0"])
def test_every_sentence_stands_in_the_specification(version: str) -> None:
    path = SPECIFICATION / f"arazzo-{version}.md"
    if not path.exists():
        pytest.skip(f"the specification's text is not beside the project: {path}")
    sections = sections_of(path)
    rows = [row for row in (*STATEMENTS, *DEFINITIONS) if version_of(row) == version]
    assert [row for row in rows if not stands_in(row["sentence"], sections.get(row["section"], []))] == []


def stands_in(sentence: str, blocks: list[str]) -> bool:
    """Find a sentence in a section; one with a field in front in the row of that field."""
    field = re.match(r'"([^"]+)": ', sentence)
    quoted = folded(bare(sentence))
    if field is None:
        return quoted in "".join(blocks)
    return any(block.startswith(folded(f"{field[1]}|")) and quoted in block for block in blocks)


@cache
def sections_of(path: Path) -> dict[str, list[str]]:
    """Read the specification's sections, each with those below it, as folded lines without Markdown."""
    found: dict[str, list[str]] = {}
    for headings, line in lines_of(path):
        for heading in headings:
            found.setdefault(heading, []).append(line)
    return found


def lines_of(path: Path) -> Iterator[tuple[list[str], str]]:
    headings: list[tuple[int, str]] = []
    fenced = False
    for line in path.read_text(encoding="utf-8").splitlines():
        heading = re.match(r"(#+) (.*)", line)
        if line.startswith("```"):
            fenced = not fenced
        elif heading is not None and not fenced:
            depth = len(heading[1])
            headings = [each for each in headings if each[0] < depth] + [(depth, unmarked(heading[2]))]
        else:
            yield [name for _, name in headings], folded(line if fenced else unmarked(line))


def unmarked(line: str) -> str:
    """Remove the Markdown of a line: anchors, links, emphasis and code marks, and the edges of a table's row."""
    line = re.sub(r"</?(a|code)\b[^>]*>", "", line)
    line = re.sub(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?:[^()]|\([^)]*\))*\)", r"\1", line)
    spans = line.split("`")
    spans[::2] = [re.sub(r"(?<![\w$])_([^_]+)_(?!\w)", r"\1", span.replace("**", "")) for span in spans[::2]]
    return "".join(spans).strip().strip("|").strip().replace("\\|", "|")


def test_the_tables_show_what_is_there() -> None:
    place = {"version": "1.1.0", "section": "S"}
    statements = [
        {**place, "level": "MUST", "sentence": "A | b MUST hold for each one.", "reason": None},
        {**place, "level": "SHOULD", "sentence": "It SHOULD.", "reason": "Binds authors."},
        {**place, "level": "REQUIRED", "sentence": '"name": REQUIRED. A name.', "reason": None},
    ]
    decisions = [{"table": "T", "question": "the order", "answer": "as `written`"}]
    part = {"section": "S", "sentence": "b MUST  hold for each one."}
    tables = render([(name, {"rests": [part, {"decision": "the `order`"}]}) for name in "abcd"], statements, decisions)
    assert "### S (1.1.0)" in tables
    assert "| MUST | A \\| b MUST hold for each one. | none: still to be written |" in tables, "24 characters"
    assert "| SHOULD | It SHOULD. | none: Binds authors. |" in tables
    assert "| the order | as \\`written\\` | `a`, `b`, `c`, +1 |" in tables
    whole = {"section": "S", "sentence": "REQUIRED. A name."}
    assert '| "name": REQUIRED. A name. | `a` |' in render([("a", {"rests": [whole]})], statements, decisions)
