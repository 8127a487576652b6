"""The cases of a suite: their names are their own and the same in every run."""

from __future__ import annotations

import pytest

from runner.errors import UsageError
from runner.plan.plan import Inputs, Plan, WorkflowPlan
from runner.source import Source, Span
from runner.suite.cases import Shard, cases, subjects, tasks
from runner.suite.rows import Row

NOWHERE = Span(Source("d", "d", ""), 0, 0)


def plan(document: str, *ids: str) -> Plan:
    workflows = {
        key: WorkflowPlan(key, key, document, "", "", Inputs(True, None), (), (), (), {}, None, NOWHERE) for key in ids
    }
    return Plan(document, "", workflows, ids, ())


NAMES = {
    "their ids": ({"a.yaml": "x y"}, ["x", "y"]),
    "with the document where two have one": ({"a.arazzo.yaml": "x y", "b.json": "x"}, ["a/x", "y", "b/x"]),
    "with more of it where that is the same too": ({"a/f.yaml": "x", "b/f.yaml": "x"}, ["a/f/x", "b/f/x"]),
}


@pytest.mark.parametrize(("documents", "names"), NAMES.values(), ids=NAMES.keys())
def test_workflows_are_called_by(documents: dict[str, str], names: list[str]) -> None:
    found = subjects([(plan(name, *ids.split()), ids.split()) for name, ids in documents.items()])
    assert [each.title for each in found] == names


ROWS = [Row("a", "r.csv", 2), Row("b", "r.csv", 3)]


def test_each_workflow_runs_with_each_row_as_often_as_is_asked_for() -> None:
    every = list(cases(subjects([(plan("d", "x", "y"), "xy")]), ROWS, 2))
    assert [case.name for _, case, _ in every] == [
        "x[a]", "x[a] #2", "x[b]", "x[b] #2", "y[a]", "y[a] #2", "y[b]", "y[b] #2",
    ]  # fmt: skip
    assert [(case.row, case.repetition) for _, case, _ in every[:2]] == [("a", 1), ("a", 2)]
    assert len({case.name for _, case, _ in every}) == len(every)


def test_a_case_that_runs_once_has_no_repetition_and_without_data_no_row() -> None:
    ((_, case, row),) = cases(subjects([(plan("d", "x"), "x")]), None, 1)
    assert (case.name, case.row, case.repetition, row) == ("x", "", 0, None)


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_shards_share_out_every_case_and_are_of_one_size(of: int) -> None:
    found = subjects([(plan("d", *"abcdefghij"), "abcdefghij")])
    shards = [list(tasks(cases(found, ROWS, 1), Shard(place, of))) for place in range(1, of + 1)]
    names = [task.case.name for shard in shards for task in shard]
    assert sorted(names) == sorted(case.name for _, case, _ in cases(found, ROWS, 1))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    assert all([task.number for task in shard] == list(range(len(shard))) for shard in shards)


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "1/0", "-1/2", ""])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write K/N"):
        Shard.read(text)
