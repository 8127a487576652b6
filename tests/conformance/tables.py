"""Which cases rest on which sentence of the specification, and on which decision.

`python -m tests.conformance.tables` writes the tables at the end of the README anew.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.conformance.harness import every_case

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- tables -->", "<!-- /tables -->"
PART = 25  # so much of a sentence is enough to know it by
SHOWN = 160  # so much of a sentence is shown

Row = Mapping[str, Any]
Cases = Iterable[tuple[str, Row]]


def listed(name: str) -> list[Row]:
    """Read one of the suite's lists: `statements`, `decisions` or `definitions`."""
    rows: list[Row] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return rows


def folded(text: str) -> str:
    """Make a text comparable: without white space, with one kind of quotes."""
    return re.sub("[\"'‘’“”]", "'", re.sub(r"\s", "", text))


def bare(sentence: str) -> str:
    """Give the sentence without the name of the field in front of it."""
    return re.sub(r'^"[^"]+": ', "", sentence)


def version_of(row: Row) -> str:
    return str(row.get("version", "1.1.0"))


def resting_on(rest: Row, rows: Sequence[Row]) -> list[Row]:
    """Find the sentences that a quotation means: those it is, else those it is a part of, or that are a part of it.

    What 1.0.1 says as 1.1.0 does is listed for 1.1.0 only.
    """
    if "sentence" not in rest:
        return []
    same = [row for row in rows if row["section"] == rest["section"]]
    for version in dict.fromkeys((version_of(rest), "1.1.0")):
        found = _quoted(folded(rest["sentence"]), [row for row in same if version_of(row) == version])
        if found:
            return found
    return []


def _quoted(quotation: str, rows: Sequence[Row]) -> list[Row]:
    exact = [row for row in rows if quotation in (folded(row["sentence"]), folded(bare(row["sentence"])))]
    if exact:
        return exact
    return [row for row in rows if _overlap(quotation, folded(row["sentence"]))]


def _overlap(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= PART and short in long


def decided_by(rest: Row, rows: Sequence[Row]) -> list[Row]:
    """Find the decision that a case names by its question."""
    if "decision" not in rest:
        return []
    question = folded(rest["decision"].replace("`", ""))
    return [row for row in rows if folded(row["question"]) == question]


def cases_of(cases: Cases, statements: Sequence[Row], decisions: Sequence[Row]) -> dict[int, list[str]]:
    """Give the ids of the cases that rest on each statement and each decision, by the identity of its row."""
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for name, case in cases:
        for rest in case.get("rests", []):
            for row in (*resting_on(rest, statements), *decided_by(rest, decisions)):
                found[id(row)][name] = None
    return {key: list(names) for key, names in found.items()}


def render(cases: Cases, statements: Sequence[Row], decisions: Sequence[Row]) -> str:
    """Render both tables as Markdown."""
    found = cases_of(cases, statements, decisions)
    return "\n".join([*_statements(found, statements), "", *_decisions(found, decisions)])


def _statements(found: Mapping[int, list[str]], rows: Sequence[Row]) -> Iterator[str]:
    yield "## The statements of the specification, and their cases"
    for (version, section), group in groupby(rows, lambda row: (row["version"], row["section"])):
        yield from ("", f"### {section} ({version})", "", "| level | statement | cases |", "|---|---|---|")
        for row in group:
            cell = _cases(found.get(id(row), [])) or f"none: {escaped(row['reason'] or 'still to be written')}"
            yield f"| {row['level']} | {escaped(cut(row['sentence']))} | {cell} |"


def _decisions(found: Mapping[int, list[str]], rows: Sequence[Row]) -> Iterator[str]:
    yield "## The decisions, and their cases"
    for table, group in groupby(rows, lambda row: row["table"]):
        yield from ("", f"### {table}", "", "| question | we say | cases |", "|---|---|---|")
        for row in group:
            cell = _cases(found.get(id(row), [])) or "none: still to be written"
            yield f"| {escaped(row['question'])} | {escaped(row['answer'])} | {cell} |"


def _cases(names: Sequence[str]) -> str:
    more = [f"+{len(names) - 3}"] if len(names) > 3 else []
    return ", ".join([*(f"`{name}`" for name in names[:3]), *more])


def cut(sentence: str) -> str:
    """Cut a long sentence at a word."""
    if len(sentence) <= SHOWN:
        return sentence
    return sentence[: SHOWN - 1].rsplit(" ", 1)[0] + " …"


def escaped(text: str) -> str:
    """Write a text so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_<|])", r"\\\1", text)


def with_tables(readme: str, tables: str) -> str:
    """Put the tables between their marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def rendered() -> str:
    """Render the suite's own tables."""
    return render(every_case(), listed("statements"), listed("decisions"))


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8"), rendered()), encoding="utf-8")
