"""Flows over XML: criteria, outputs and bodies by XPath, and what happens when one takes for ever."""

from __future__ import annotations

import pytest

from runner.engine.events import CriterionChecked
from runner.exchange import Response
from runner.shell.worker import Worker
from tests.scripted import header, plan_of, play

INVOICE = "<Invoice><Header><InvoiceNumber>7</InvoiceNumber></Header><Line sku='a'/><Line sku='b'/></Invoice>"

FLOW = header(
    """
    - workflowId: main
      inputs: {type: object, properties: {sku: {type: string}}}
      steps:
      - stepId: fetch
        operationId: listThings
        successCriteria:
        - {context: $response.body, type: xpath, condition: "//Line[@sku = '{$inputs.sku}']"}
        outputs:
          number: {context: $response.body, type: xpath, selector: /Invoice/Header/InvoiceNumber}
          skus: {context: $response.body, type: {type: xpath, version: xpath-10}, selector: //@sku}
          none: {context: $response.body, type: xpath, selector: /Invoice/None}
          xml: $response.body
      - stepId: send
        operationId: createThing
        parameters:
        - {name: q, in: query, value: {context: $steps.fetch.outputs.xml, type: xpath, selector: 'count(//Line)'}}
        requestBody:
          contentType: application/xml
          payload: "<order n='0'><id>0</id></order>"
          replacements:
          - {target: /order/@n, value: $steps.fetch.outputs.number}
          - target: order/id
            value: {context: $steps.fetch.outputs.xml, type: xpath, selector: '//Line[2]/@sku'}
      outputs: {skus: $steps.fetch.outputs.skus, none: $steps.fetch.outputs.none}
    """,
    version="1.1.0",
)
ANSWER = Response(200, (("Content-Type", "application/xml"),), INVOICE.encode())


def test_xpath_works_wherever_a_selector_may_stand() -> None:
    plan = plan_of(FLOW)
    for _ in range(2):  # the payload in the plan stays as it is
        story = play(plan, [ANSWER, Response(201)], {"sku": "b"})
        assert story.outcome == "passed"
        assert story.sent == ["GET /things", "POST /things?q=2"]
        assert story.requests[1].body == b'<order n="7"><id>b</id></order>'
        assert story.outputs == {"skus": ["a", "b"]}


def test_a_line_that_is_not_there_fails_the_step() -> None:
    assert play(FLOW, [ANSWER], {"sku": "c"}).outcome == "failed"


@pytest.mark.parametrize("condition", ["for $i in 1 to 1000000000 return $i", "count(1 to 1000000000) = 1"])
def test_an_xpath_that_takes_for_ever_is_broken(condition: str) -> None:
    document = header(
        f"""
        - workflowId: main
          steps:
          - stepId: get
            operationId: listThings
            successCriteria: [{{context: $response.body, type: xpath, condition: '{condition}'}}]
        """,
        version="1.1.0",
    )
    with Worker(1.0) as worker:
        story = play(document, [ANSWER], apply=worker.apply)
    (checked,) = story.all(CriterionChecked)
    assert story.outcome == "failed"
    assert checked.verdict.problem in ("it took longer than 1 s", "it needs too much memory")
