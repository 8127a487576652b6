"""The examples of the specification are run, and do what the prose around them says: criteria, selectors, bodies.

Documents, steps and actions are in `test_specification_examples.py`, with the test that none is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest

from runner.engine.events import CriterionChecked
from runner.exchange import Request, Response, header
from runner.loader.text import read_text
from runner.source import Source
from tests.conformance.specification import (
    document,
    example,
    inputs_of,
    needs_text,
    plan_of,
    step,
    text_of,
    used,
    value_of,
    workflow,
)
from tests.scripted import Story, play, reply

pytestmark = needs_text


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Any:
    return deepcopy(value_of(request.param))


def xml(text: str) -> Response:
    return reply(200, text, (("Content-Type", "application/xml"),))


def judged(criteria: list[Any], response: Response, inputs: Mapping[str, Any] | None = None) -> bool:
    """Say whether a step with these criteria passes where it gets this response."""
    main = workflow(step("listPets", successCriteria=criteria), inputs=inputs_of(*(inputs or {})))
    return passed(play(plan_of(document(main)), [response], inputs))


def passed(story: Story) -> bool:
    """Say whether a run passed; where it did not, it must be because a criterion was not met."""
    assert story.outcome == "passed" or story.last.problem is not None
    assert story.outcome in ("passed", "failed"), story.problem
    return story.outcome == "passed"


def broken(story: Story) -> list[str]:
    return [each.verdict.problem for each in story.all(CriterionChecked) if each.verdict.problem]


# Criteria


@example("Runtime Expressions in Conditions")
@pytest.mark.parametrize(("count", "passes"), [(3, True), (2, False), (None, False)])
def test_an_expression_stands_in_a_simple_condition_as_it_is(written: Any, count: int | None, passes: bool) -> None:
    assert judged(written["successCriteria"], reply(200, {"count": count}), {"threshold": 2}) is passes


EMBEDDED = used("Runtime Expressions in Conditions", 2)


def embedded(position: int) -> list[Any]:
    """Give the criteria of one part of a block that shows three, one after the other, under the same key."""
    part = text_of(EMBEDDED).split("\n\n")[position]
    value = read_text(Source("memory:///part", "part", part)).value
    assert isinstance(value, dict)
    criteria = value["successCriteria"]
    assert isinstance(criteria, list)
    return criteria


@pytest.mark.parametrize(("status", "passes"), [("ready", True), ("sold", False)])
def test_an_expression_is_embedded_in_jsonpath(status: str, passes: bool) -> None:
    assert judged(embedded(0), reply(200, [{"status": status}]), {"expectedStatus": "ready"}) is passes


@pytest.mark.parametrize(("price", "passes"), [(11, True), (10, False)])
def test_an_expression_is_embedded_in_xpath(price: int, passes: bool) -> None:
    pricing = step("loginUser", "getPricing", outputs={"minPrice": "$response.body#/min"})
    main = workflow(pricing, step("listPets", successCriteria=embedded(1)))
    items = xml(f"<root><items><price>{price}</price></items></root>")
    story = play(plan_of(document(main)), [reply(200, {"min": 10}), items])
    assert (passed(story), broken(story)) == (passes, [])


@pytest.mark.parametrize(("status", "passes"), [("available", True), ("unavailable", False)])
def test_an_expression_is_embedded_in_a_regex(status: str, passes: bool) -> None:
    criteria = embedded(2)
    criteria[0]["context"] = "$response.body#/status"  # written `.status`, which the ABNF does not have
    inputs = {"statusPattern": "available|pending"}
    assert judged(criteria, reply(200, {"status": status}), inputs) is passes


@example("Simple Conditions")
@pytest.mark.parametrize(
    ("status", "body", "passes"),
    [
        (200, {"data": 1}, (True, True)),
        (200, {"data": None}, (True, False)),
        (200, {}, (True, False)),
        (201, {"data": 1}, (False, False)),
    ],
)
def test_simple_conditions_compare(written: Any, status: int, body: Any, passes: tuple[bool, bool]) -> None:
    assert tuple(judged([criterion], reply(status, body)) for criterion in written) == passes


@example("Regex Conditions")
@pytest.mark.parametrize(("status", "passes"), [(200, True), (299, True), (304, False), (520, False)])
def test_a_regex_condition_matches_any_2xx_code(written: Any, status: int, passes: bool) -> None:
    assert judged(written, reply(status)) is passes


@example("JSONPath Conditions")
@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ([{"pets": [1]}], (True, False)),
        # RFC 9535: a filter on the root of an object tests its members, and none of them has `pets`
        ({"pets": [1]}, (False, True)),
        ({"pets": []}, (False, False)),
        ([], (False, False)),
    ],
)
def test_jsonpath_conditions_pass_where_they_select_something(
    written: Any, body: Any, passes: tuple[bool, bool]
) -> None:
    assert tuple(judged([criterion], reply(200, body)) for criterion in written) == passes


@example("XPath Conditions")
@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ("<root><pets><pet/></pets></root>", (True, True)),
        ("<root><pets/></root>", (False, True)),
        ("<root/>", (False, False)),
    ],
)
def test_xpath_conditions_have_an_effective_boolean_value(written: Any, body: str, passes: tuple[bool, bool]) -> None:
    assert tuple(judged([criterion], xml(body)) for criterion in written) == passes


@example("Multiple Criteria")
@pytest.mark.parametrize(
    ("status", "body", "passes"),
    [(200, {"data": [1]}, True), (200, {"data": []}, False), (201, {"data": [1]}, False)],
)
def test_all_criteria_must_hold(written: Any, status: int, body: Any, passes: bool) -> None:
    assert judged(written["successCriteria"], reply(status, body)) is passes


@example("Criterion Object Examples", 1, 2)
@pytest.mark.parametrize(("status", "passes"), [(200, True), (201, False)])
def test_a_status_is_compared_or_matched(written: Any, status: int, passes: bool) -> None:
    assert judged(written, reply(status)) is passes


@example("Criterion Object Examples", 3)
@pytest.mark.parametrize(
    ("version", "body", "passes"),
    [
        ("1.1.0", [{"pets": [1]}], True),
        ("1.1.0", [{}], False),
        ("1.1.0", {"pets": [1]}, False),
        ("1.0.1", [{"pets": [1]}], True),
        ("1.0.1", {"pets": [1]}, True),  # the version that has no RFC to conform to means the body itself
    ],
)
def test_a_root_filter_tests_the_members_of_the_body(written: Any, version: str, body: Any, passes: bool) -> None:
    main = workflow(step("listPets", successCriteria=written))
    assert passed(play(plan_of(document(main, arazzo=version)), [reply(200, body)])) is passes


# Expression types and selectors


@example("Expression Type Examples")
@pytest.mark.parametrize(("price", "passes"), [(8, True), (12, False)])
def test_a_condition_may_be_jsonpath_of_the_draft(written: Any, price: int, passes: bool) -> None:
    criterion = {"context": "$response.body", "condition": "$..book[?(@.price < 10)]", "type": written}
    assert judged([criterion], reply(200, {"store": {"book": [{"price": price}]}})) is passes


@example("Expression Type Examples", 2)
@pytest.mark.parametrize(("body", "passes"), [("<a><b>x</b></a>", True), ("<a><b>y</b></a>", False)])
def test_a_condition_may_be_xpath_of_an_older_version(written: Any, body: str, passes: bool) -> None:
    criterion = {"context": "$response.body", "condition": "some $b in /a/b satisfies $b = 'x'", "type": written}
    assert judged([criterion], xml(body)) is passes


@example("Selector Object Examples")
def test_an_output_is_selected_from_the_body(written: Any) -> None:
    main = workflow(step("listPets", **written), outputs={"email": "$steps.listPets.outputs.userEmail"})
    body = {"user": {"profile": {"email": "ann@example.com"}}}
    assert play(plan_of(document(main)), [reply(200, body)]).outputs == {"email": "ann@example.com"}
    assert play(plan_of(document(main)), [reply(200, {})]).outputs == {}


@example("Selector Object Examples", 2)
def test_a_payload_takes_a_value_from_xml(written: Any) -> None:
    fetch = step("listPets", "fetchXml", outputs={"invoiceXml": "$response.body"})
    invoice = xml("<Invoice><Header><InvoiceNumber>INV-1</InvoiceNumber></Header></Invoice>")
    story = play(plan_of(document(workflow(fetch, step("placeOrder", **written)))), [invoice, reply()])
    assert json.loads(story.requests[1].body) == {"invoiceId": "INV-1"}


# Request bodies

BODY = "RequestBody Object Examples"
ORDER = {"pet_id": "7", "coupon_code": 'say "hi" & go', "quantity": 2}
CLIENT = {
    "clientId": "id 1",
    "grantType": "authorization_code",
    "redirectUri": "https://app.example/back?x=1&y=2",
    "clientSecret": "s&cret",
    "scope": "read write",
}


def ordered(body: Any, inputs: Mapping[str, Any]) -> Request:
    """Send a request body, and give the request."""
    main = workflow(step("placeOrder", requestBody=body), inputs=inputs_of(*inputs))
    story = play(plan_of(document(main)), [reply()], inputs)
    assert story.outcome == "passed", story.problem
    return story.requests[0]


@example(BODY)
def test_a_json_template_is_filled_in_and_stays_json(written: Any) -> None:
    request = ordered(written, ORDER)
    # "Scalar values are converted to their string representation": inside its quotes a number is text
    expected = {"petId": "7", "couponCode": 'say "hi" & go', "quantity": "2", "status": "placed", "complete": False}
    assert json.loads(request.body) == {"petOrder": expected}
    assert header(request.headers, "Content-Type") == "application/json"


@example(BODY, 2)
def test_expressions_in_a_json_object_keep_their_types(written: Any) -> None:
    expected = {"petId": "7", "couponCode": 'say "hi" & go', "quantity": 2, "status": "placed", "complete": False}
    assert json.loads(ordered(written, ORDER).body) == {"petOrder": expected}


@example(BODY, 3)
def test_one_expression_is_a_whole_body(written: Any) -> None:
    whole = {"petId": 7, "tags": ["a", None]}
    assert json.loads(ordered(written, {"petOrderRequest": whole}).body) == whole


@example(BODY, 4)
def test_an_xml_template_is_filled_in(written: Any) -> None:
    request = ordered(written, {"pet_id": 7, "coupon_code": "c-1", "quantity": 2})
    found = {child.tag: child.text for child in ElementTree.fromstring(request.body)}
    expected = {"petId": "7", "couponCode": "c-1", "quantity": "2", "status": "placed", "complete": "false"}
    assert found == expected
    assert header(request.headers, "Content-Type") == "application/xml"


def authorized(body: Any) -> tuple[Request, dict[str, str]]:
    """Send a body that also needs a code from an earlier step; give the request and its form."""
    browse = step("loginUser", "browser-authorize", outputs={"code": "$response.body#/code"})
    main = workflow(browse, step("placeOrder", requestBody=body), inputs=inputs_of(*CLIENT))
    story = play(plan_of(document(main)), [reply(200, {"code": "c+1"}), reply()], CLIENT)
    assert story.outcome == "passed", story.problem
    form = parse_qs(story.requests[1].body.decode(), strict_parsing=True)
    return story.requests[1], {name: "".join(values) for name, values in form.items()}


FORM = {
    "client_id": "id 1",
    "grant_type": "authorization_code",
    "redirect_uri": "https://app.example/back?x=1&y=2",
    "client_secret": "s&cret",
    "code": "c+1",
    "scope": "read write",
}


@example(BODY, 5)
def test_an_object_is_sent_as_a_form(written: Any) -> None:
    request, form = authorized(written)
    assert form == FORM
    assert header(request.headers, "Content-Type") == "application/x-www-form-urlencoded"


@example(BODY, 6)
def test_a_form_is_written_as_one_text(written: Any) -> None:
    # The text lacks the `=` after `code` and the `{` before the scope.
    mended = written["payload"].replace("&code{", "&code={").replace("=$inputs.scope}", "={$inputs.scope}")
    assert mended.count("{") == mended.count("}") == 6
    request, form = authorized({**written, "payload": mended})
    assert form == FORM
    assert header(request.headers, "Content-Type") == "application/x-www-form-urlencoded"


# Replacements

REPLACEMENT = "Payload Replacement Object Examples"


@example(REPLACEMENT, 1, 2)
def test_a_replacement_sets_an_expression_or_a_literal(written: Any) -> None:
    body = {"contentType": "application/json", "payload": {"petId": 0, "quantity": 1}, "replacements": [written]}
    sent = json.loads(ordered(body, {"pet_id": 7}).body)
    assert sent == ({"petId": 7, "quantity": 1} if written["target"] == "/petId" else {"petId": 0, "quantity": 10})


@example(REPLACEMENT, 3)
def test_a_replacement_finds_its_place_by_jsonpath(written: Any) -> None:
    inventory = step("listPets", "getInventory", outputs={"payload": "$response.body"})
    items = [{"sku": "ABC123", "quantity": 1}, {"sku": "XYZ", "quantity": 2}, {"sku": "ABC123", "quantity": 3}]
    body = {"contentType": "application/json", "payload": {"items": items}, "replacements": [written]}
    main = workflow(inventory, step("placeOrder", requestBody=body))
    story = play(plan_of(document(main)), [reply(200, {"newQuantity": 9}), reply()])
    assert [item["quantity"] for item in json.loads(story.requests[1].body)["items"]] == [9, 2, 9]


@example(REPLACEMENT, 4)
def test_a_replacement_finds_its_place_by_xpath(written: Any) -> None:
    fetch = step("listPets", "fetchCustomerData", outputs={"xml": "$response.body"})
    payload = "<Envelope><Header><CustomerId>0</CustomerId></Header><Body>b</Body></Envelope>"
    body = {"contentType": "application/xml", "payload": payload, "replacements": [written]}
    main = workflow(fetch, step("placeOrder", requestBody=body))
    customer = xml("<CustomerInfo><Id>C-42</Id></CustomerInfo>")
    story = play(plan_of(document(main)), [customer, reply()])
    root = ElementTree.fromstring(story.requests[1].body)
    assert (root.findtext("Header/CustomerId"), root.findtext("Body")) == ("C-42", "b")


def test_the_block_of_three_parts_has_three() -> None:
    assert len(text_of(EMBEDDED).split("\n\n")) == 3
