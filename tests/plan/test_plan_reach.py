"""What a run can reach is found once for a plan, and for no other."""

from __future__ import annotations

from runner.records import replace
from tests.scripted import header, plan_of

FLOWS = """
- workflowId: first
  steps:
  - {stepId: call, workflowId: second}
- workflowId: second
  steps:
  - {stepId: list, operationId: listThings}
- workflowId: third
  steps:
  - {stepId: list, operationId: listThings}
"""


def test_each_choice_of_workflows_reaches_what_it_calls_however_often_it_is_asked() -> None:
    plan = plan_of(header(FLOWS))
    for _ in range(2):
        assert [each.key for each in plan.reachable("first")] == ["first", "second"]
        assert [each.key for each in plan.reachable("third", "first")] == ["third", "first", "second"]
        assert [each.key for each in plan.reachable("second")] == ["second"]


def test_a_plan_with_other_workflows_reaches_others() -> None:
    plan = plan_of(header(FLOWS))
    assert len(plan.reachable("first")) == 2
    other = replace(plan, workflows={**plan.workflows, "first": plan.workflows["second"]})
    assert [each.key for each in other.reachable("first")] == ["second"]
