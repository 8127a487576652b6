"""Nothing that a document or a server gives makes a run endless, or ends it without a word: each has its bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.exchange import Response
from tests.bounded import Ended, ended
from tests.scripted import header, reply


def written(*workflows: dict[str, Any], **more: Any) -> str:
    """Write a document with one source."""
    own = {"arazzo": "1.1.0", "info": {"title": "T", "version": "1"}}
    sources = {"sourceDescriptions": [{"name": "things", "url": "things.yaml", "type": "openapi"}]}
    return json.dumps({**own, **sources, "workflows": workflows, **more})


def judged(criterion: dict[str, Any], response: Response, **inputs: Any) -> Ended:
    """Run one step with one criterion."""
    step = {"stepId": "s", "operationId": "listThings", "successCriteria": [criterion]}
    schema = {"type": "object", "properties": {name: {} for name in inputs}}
    return ended(written({"workflowId": "w", "inputs": schema, "steps": [step]}), [response], inputs)


def simple(condition: str, body: Any = None) -> Ended:
    return judged({"condition": condition}, reply(200, body))


# Texts

REPEATED = {
    "negations": {"condition": "!" * 100_000},
    "groups": {"condition": "not (" * 6_000},
    "comparisons": {"condition": "1 =" * 33_000},
    "signs": {"condition": "<:" * 50_000},
    "quotes that never close": {"condition": '\\"' * 30_000},
    "the same of a selector": {"condition": "'\\" * 30_000, "type": "jsonpath", "context": "$response.body"},
    "comments that never close": {"condition": ":(" * 30_000, "type": "xpath", "context": "$response.body"},
    "prefixes of nothing": {"condition": ".a.." * 24_000, "type": "xpath", "context": "$response.body"},
    "classes": {"condition": "[!" * 50_000, "type": "regex", "context": "$response.body"},
    "classes that end in nothing": {"condition": "[(" * 50_000 + "\\", "type": "regex", "context": "$response.body"},
}


@pytest.mark.parametrize("criterion", REPEATED.values(), ids=REPEATED.keys())
def test_a_text_that_repeats_itself_keeps_nobody_waiting(criterion: dict[str, Any]) -> None:
    assert judged(criterion, reply(200, {"x": "a"})).outcome in ("refused", "failed")


VALUES = {
    "names behind a name": "$inputs.n." + "n." * 40_000,
    "the same of what is not declared": "$inputs.m." + "m." * 40_000,
    "the same within a text": "to $inputs.n" + ".n" * 40_000,
    "many of them": "$inputs.n.n.n.n.n.n.n.n.n.n. " * 3_000,
    "indexes": "$inputs.n" + "[0]" * 30_000 + ".",
    "dashes": "$inputs.n" + ".-" * 30_000 + ".",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_that_repeats_itself_keeps_nobody_waiting(value: str) -> None:
    inputs = {"type": "object", "properties": {"n": {"type": "integer", "default": 3}}}
    step = {"stepId": "s", "operationId": "listThings", "parameters": [{"name": "q", "in": "query", "value": value}]}
    assert ended(written({"workflowId": "w", "inputs": inputs, "steps": [step]}), [reply()]).outcome != "error"


# Patterns

HOSTILE = ("a" * 40 + "!", "a" * 20_000 + "!")
PATTERNS = (
    r"^(a|aa)+$",
    r"^(a+)+$",
    r"^(a*)*$",
    r"(a+a+)+b",
    r"^(\w+\s?)*$",
    r"(.*a){25}b",
    r"^((a|a?)+)+$",
    r"^(?=(a+)+b)a*b",
    r"^(a+)+\1b$",
    r"(?<!b)(a|a)*$b",
    r"(a{1,1000}){1,1000}b",
)


@pytest.mark.parametrize("text", HOSTILE, ids=["short", "long"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_backtracks_for_ever_fails_its_criterion(pattern: str, text: str) -> None:
    criterion = {"context": "$response.body#/x", "condition": pattern, "type": "regex"}
    found = judged(criterion, reply(200, {"x": text}))
    assert found.outcome == "failed" or "condition-syntax" in found.rules, found


def test_a_pattern_from_an_input_is_bounded_too() -> None:
    criterion = {"context": "$response.body#/x", "condition": "^({$inputs.p})$", "type": "regex"}
    assert judged(criterion, reply(200, {"x": HOSTILE[1]}), p=r"(a|aa)+\1").outcome == "failed"


# Conditions

DEEP = 5_000


@pytest.mark.parametrize(
    "condition",
    ["(" * DEEP + "true" + ")" * DEEP, "!" * DEEP + "true", "!(" * DEEP + "true" + ")" * DEEP, "(" * DEEP],
    ids=["parentheses", "negations", "both", "unclosed"],
)
def test_a_condition_nested_too_deeply_is_refused(condition: str) -> None:
    found = simple(condition)
    assert (found.outcome, found.rules) == ("refused", {"condition-syntax"})
    assert "nested more than 100 deep" in found.messages


@pytest.mark.parametrize(("sign", "outcome"), [("&&", "passed"), ("||", "passed"), ("==", "refused")])
def test_a_long_chain_is_no_nesting(sign: str, outcome: str) -> None:
    assert simple(f" {sign} ".join(["$statusCode == 200" if sign != "==" else "1"] * DEEP)).outcome == outcome


def test_a_long_name_in_a_condition_is_read() -> None:
    assert simple("$response.body" + ".a" * DEEP + " == null", {"a": 1}).outcome == "passed"
    assert simple("$response.body" + "[0]" * DEEP + " == null", [1]).outcome == "passed"


# Queries on big bodies

ITEMS = [{"id": place, "name": "a" * 60, "tags": ["x", "y"]} for place in range(30_000)]
BIG = reply(200, ITEMS)


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ("$[?@.id == 29999]", "passed"),
        ("$[?@.id == -1]", "failed"),
        ("$..id", "passed"),
        ("$..[?@.id == -1]", "failed"),
        ("$..*", "passed"),
        ("$..nothing", "failed"),
        ("$..[*]..[*]..[*]..nothing", "failed"),
        ("$[?search(@.name, '(a|aa)+$b')]", "failed"),
        ("$[?match(@.name, '(a*)*b')]", "failed"),
        ("$[-1:0:-1].tags[*]", "passed"),
        ("$[?@.id == $[29999].id]", "passed"),
    ],
)
def test_jsonpath_on_three_megabytes_is_answered(query: str, outcome: str) -> None:
    assert len(BIG.body) > 3_000_000
    found = judged({"context": "$response.body", "condition": query, "type": "jsonpath"}, BIG)
    assert found.outcome == outcome, found


@pytest.mark.parametrize("query", ["$[?count($..*) < 0]", "$..[?count($..[?@ == 0]) < 0]"])
def test_jsonpath_whose_work_multiplies_is_given_up(query: str) -> None:
    found = judged({"context": "$response.body", "condition": query, "type": "jsonpath"}, BIG)
    assert found.outcome == "failed"
    assert found.broken, "it says that it was given up"


@pytest.mark.parametrize("query", ["$..a[?@.b == 1]", "$..[?(@.a == 1)]", "$..a..a..a..a"])
def test_jsonpath_of_the_draft_on_three_megabytes_is_answered(query: str) -> None:
    kind = {"type": "jsonpath", "version": "draft-goessner-dispatch-jsonpath-00"}
    found = judged({"context": "$response.body", "condition": query, "type": kind}, BIG)
    assert found.outcome == "failed", found


XML = Response(
    200,
    (("Content-Type", "application/xml"),),
    b"<r>" + b"".join(b"<i id='%d'><n>%s</n></i>" % (place, b"a" * 80) for place in range(30_000)) + b"</r>",
)


def xpath(condition: str, version: str, response: Response = XML) -> Ended:
    kind = {"type": "xpath", "version": version}
    return judged({"context": "$response.body", "condition": condition, "type": kind}, response)


@pytest.mark.parametrize("version", ["xpath-10", "xpath-31"])
@pytest.mark.parametrize(
    ("condition", "outcome"),
    [("//i[@id='29999']", "passed"), ("count(//n) = 30000", "passed"), ("//i[@id='x']", "failed"), ("/r/x", "failed")],
)
def test_xpath_on_three_megabytes_is_answered(condition: str, outcome: str, version: str) -> None:
    assert len(XML.body) > 3_000_000
    # It takes a third of the five seconds that it may; where a machine is busy with other tests, the next one does.
    found = next((each for each in (xpath(condition, version) for _ in range(3)) if not each.broken), None)
    assert found is not None
    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("version", "condition"),
    [
        ("xpath-31", "count(for $i in 1 to 1000000000 return $i) = 0"),
        ("xpath-31", "for $i in 1 to 1000000000 return $i"),
        ("xpath-31", "some $i in 1 to 1000000000 satisfies $i = 0"),
        ("xpath-20", "count(//i[count(//n[. = '']) > 0]) > 0"),
        ("xpath-10", "count(//i[count(//n[. = '']) > 0]) > 0"),
        ("xpath-10", "//*[count(//*[count(//*) = 0]) > 0]"),
    ],
)
def test_xpath_whose_work_multiplies_is_given_up(version: str, condition: str) -> None:
    found = xpath(condition, version)
    assert found.outcome == "failed"
    assert found.broken, "it says that it was given up"


BOMB = b"""<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;">]>
<r>&f;&f;&f;</r>"""


@pytest.mark.parametrize("version", ["xpath-10", "xpath-31"])
@pytest.mark.parametrize("body", [BOMB, b"<a>" * 100_000 + b"</a>" * 100_000], ids=["entities", "depth"])
def test_hostile_xml_fails_its_criterion(body: bytes, version: str) -> None:
    response = Response(200, (("Content-Type", "application/xml"),), body)
    found = xpath("string-length(/*) > 0", version, response)
    assert found.outcome == "failed"
    assert found.broken, "it says why"


# Loops


def test_a_goto_loop_ends_with_its_budget() -> None:
    again = {"name": "again", "type": "goto", "stepId": "s"}
    step = {"stepId": "s", "operationId": "listThings", "onSuccess": [again]}
    found = ended(written({"workflowId": "w", "steps": [step]}), [reply()])
    assert (found.outcome, found.sent) == ("error", 1_000)
    assert "1000" in found.problem


@pytest.mark.parametrize("field", ["call", "goto", "retry"])
def test_workflows_that_call_each_other_end_with_a_budget(field: str) -> None:
    found = ended(written(circular("a", "b", field), circular("b", "a", field)), [reply(500)])
    assert found.outcome == "error"
    assert found.problem


def circular(own: str, other: str, field: str) -> dict[str, Any]:
    if field == "call":
        return {"workflowId": own, "steps": [{"stepId": "s", "workflowId": other}]}
    action = {"name": "n", "type": field, "workflowId": other}
    return {"workflowId": own, "steps": [{"stepId": "s", "operationId": "listThings", "onFailure": [action]}]}


@pytest.mark.parametrize("wait", ["9" * 400, "9" * 100_000])
def test_a_wait_without_end_is_no_wait(wait: str) -> None:
    retry = {"name": "r", "type": "retry", "retryAfter": 1}
    step = {"stepId": "s", "operationId": "listThings", "onFailure": [retry]}
    found = ended(written({"workflowId": "w", "steps": [step]}), [reply(503, headers=(("Retry-After", wait),))])
    assert (found.outcome, found.sent) == ("error", 1)
    assert "its server asks for a pause of 999999999 s, more than 86400 s" in found.problem


# Documents

FLOW = "- workflowId: w\n  x-deep: VALUE\n  steps: [{stepId: s, operationId: listThings}]\n"


@pytest.mark.parametrize(
    "value",
    ["[" * 10_000 + "]" * 10_000, "{a: " * 10_000 + "1" + "}" * 10_000, "[" * 10_000, "\n" + "    - - - -" * 2_500],
    ids=["lists", "maps", "unclosed", "blocks"],
)
def test_a_document_nested_too_deeply_is_refused(value: str) -> None:
    found = ended(header(FLOW.replace("VALUE", value)))
    assert (found.outcome, found.rules) == ("refused", {"document-depth"})


@pytest.mark.parametrize("value", ["[" * 10_000 + "]" * 10_000, '{"a":' * 10_000 + "1" + "}" * 10_000])
def test_a_json_document_nested_too_deeply_is_refused(value: str) -> None:
    found = ended('{"arazzo": "1.1.0", "x-deep": ' + value + "}")
    assert (found.outcome, found.rules) == ("refused", {"document-depth"})


def test_a_description_nested_too_deeply_is_refused() -> None:
    api = '{"openapi": "3.1.0", "x-deep": ' + "[" * 10_000 + "]" * 10_000 + "}"
    found = ended(header(FLOW.replace("VALUE", "1")), files={"things.yaml": api})
    assert (found.outcome, found.rules) == ("refused", {"document-depth"})


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    value = "\n" + "".join(f"    {line}\n" for line in lines)
    found = ended(header(FLOW.replace("VALUE", value)))
    assert (found.outcome, found.rules) == ("refused", {"yaml-aliases"})


def test_an_alias_of_itself_is_refused() -> None:
    assert ended(header(FLOW.replace("VALUE", "&a [*a]"))).outcome == "refused"


def test_a_long_string_is_a_string() -> None:
    long = "a" * 5_000_000
    assert ended(header(FLOW.replace("VALUE", long)), [reply()]).outcome == "passed"
    assert simple(f"$response.body == '{long}'", long.upper()).outcome == "passed"


SCHEMAS = {
    f"S{place}": {
        "type": "object",
        "properties": {
            "next": {"$ref": f"#/components/SECTION/S{(place + 1) % 1000}"},
            "self": {"$ref": f"#/components/SECTION/S{place}"},
            "all": {"anyOf": [{"$ref": f"#/components/SECTION/S{(place * 7 + k) % 1000}"} for k in range(5)]},
        },
    }
    for place in range(1_000)
}


def schemas(section: str) -> dict[str, Any]:
    """A thousand schemas that refer to each other in circles."""
    written: dict[str, Any] = json.loads(json.dumps(SCHEMAS).replace("SECTION", section))
    return written


def test_a_thousand_schemas_that_refer_to_each_other_are_read() -> None:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    api = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": {"/a": {"post": {"operationId": "post", "requestBody": body, "responses": {"200": body}}}},
        "components": {"schemas": schemas("schemas")},
    }
    step = {"stepId": "s", "operationId": "post", "requestBody": {"payload": {"next": {"next": {}}}}}
    flow = written({"workflowId": "w", "steps": [step]})
    assert ended(flow, [reply()], files={"things.yaml": json.dumps(api)}).outcome == "passed"


def test_inputs_may_refer_to_a_thousand_schemas() -> None:
    flow = {"workflowId": "w", "inputs": {"$ref": "#/components/inputs/S0"}}
    step = {"stepId": "s", "operationId": "listThings"}
    document = written({**flow, "steps": [step]}, components={"inputs": schemas("inputs")})
    assert ended(document, [reply()], {"next": {"next": {"self": {}}}}).outcome == "passed"


@pytest.mark.parametrize("length", [1, 2, 500])
def test_references_in_a_circle_are_refused(length: int) -> None:
    circle = {f"P{n}": {"$ref": f"#/components/parameters/P{(n + 1) % length}"} for n in range(length)}
    get = {"operationId": "listThings", "parameters": [{"$ref": "#/components/parameters/P0"}]}
    api = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"get": get}}}
    api |= {"servers": [{"url": "https://api.example.com/v1"}], "components": {"parameters": circle}}
    found = ended(header(FLOW.replace("VALUE", "1")), [reply()], files={"things.yaml": json.dumps(api)})
    assert found.outcome == "refused"
    assert ("more than 64 references lead to it" if length > 64 else "leads back to itself") in found.messages


UNCLOSED = "http://[::1/x"
NO_ADDRESSES = {
    "$ref": {"$ref": UNCLOSED},
    "one without a scheme": {"items": {"$ref": "//[x"}},
    "$dynamicRef": {"$dynamicRef": UNCLOSED},
    "$id": {"$id": UNCLOSED, "items": {"$ref": "x"}},
    "mapping": {"oneOf": [{"type": "object"}], "discriminator": {"propertyName": "a", "mapping": {"a": UNCLOSED}}},
}


@pytest.mark.parametrize("schema", NO_ADDRESSES.values(), ids=NO_ADDRESSES.keys())
def test_an_address_in_a_schema_that_is_none_stops_nothing(schema: dict[str, Any]) -> None:
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}
    api: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}}
    api |= {"servers": [{"url": "https://api.example.com/v1"}]}
    api["paths"] = {"/a": {"get": {"operationId": "listThings", "responses": answer}}}
    found = ended(header(FLOW.replace("VALUE", "1")), [reply(200, {"a": "a"})], files={"things.yaml": json.dumps(api)})
    assert found.outcome == "passed", found


# Responses

LEVELS = 100_000


@pytest.mark.parametrize("body", ["[" * LEVELS + "]" * LEVELS, '{"a":' * LEVELS + "1" + "}" * LEVELS], ids=["[", "{"])
@pytest.mark.parametrize(
    "criterion",
    [
        {"condition": "$response.body#/0 != null"},
        {"condition": "$response.body == 1"},
        {"condition": "$response.body.a.a != null"},
        {"context": "$response.body", "condition": "$..[?@.b == 1]", "type": "jsonpath"},
    ],
)
def test_a_response_nested_too_deeply_fails_its_criterion(criterion: dict[str, Any], body: str) -> None:
    assert judged(criterion, reply(200, body)).outcome == "failed"


@pytest.mark.parametrize("levels", [150, 450, 900, 5_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_a_deep_response_goes_on_or_the_step_says_why(levels: int, pair: str) -> None:
    inner = '{"a":' if pair == "{}" else "["
    body = inner * levels + "1" + pair[1] * levels
    first = {"stepId": "a", "operationId": "listThings", "outputs": {"b": "$response.body"}}
    first["successCriteria"] = [{"condition": "$statusCode == 200"}, {"condition": "$response.body == $response.body"}]
    second = {"stepId": "s", "operationId": "createThing", "requestBody": {"payload": {"x": "$steps.a.outputs.b"}}}
    flow = {"workflowId": "w", "steps": [first, second], "outputs": {"b": "$steps.a.outputs.b"}}
    found = ended(written(flow), [reply(200, body), reply(201)])
    assert found.outcome == "passed" or found.problem, found


# Numbers

DIGITS = "9" * 100_000


@pytest.mark.parametrize("number", [DIGITS, "-" + DIGITS, DIGITS + ".5", "1e" + DIGITS, "0." + DIGITS])
@pytest.mark.parametrize("condition", ["$response.body.n == 1", "$response.body.n < 0", "$response.body#/n > 'x'"])
def test_a_huge_number_in_a_body_is_compared_or_is_none(number: str, condition: str) -> None:
    found = simple(condition, '{"n": ' + number + "}")
    assert found.outcome in ("passed", "failed")


@pytest.mark.parametrize("number", [DIGITS, "1e" + DIGITS, "1e999999999", "-1e999999999"])
@pytest.mark.parametrize("operator", ["==", "<", ">="])
def test_a_huge_numeral_in_a_text_is_compared(number: str, operator: str) -> None:
    found = judged({"condition": f"$response.body.n {operator} 5"}, reply(200, {"n": number}))
    assert found.outcome in ("passed", "failed")
    assert not found.broken


@pytest.mark.parametrize("number", [DIGITS, "1e400", "1e" + DIGITS, "0x" + "f" * 100_000, "0o" + "7" * 100_000])
def test_a_huge_number_in_a_document_is_read_or_refused(number: str) -> None:
    steps = "steps: [{stepId: s, operationId: listThings, parameters: [{name: limit, in: query, value: VALUE}]}]"
    found = ended(header(f"- workflowId: w\n  {steps}\n".replace("VALUE", number)), [reply()])
    assert found.outcome in ("passed", "refused") or found.problem


@pytest.mark.parametrize("field", ["timeout", "retryAfter", "retryLimit"])
@pytest.mark.parametrize("number", [DIGITS, "1e400", "-1e400"])
def test_a_huge_number_in_a_field_is_read_or_refused(field: str, number: str) -> None:
    retry = f"onFailure: [{{name: r, type: retry, {field}: {number}}}]" if field != "timeout" else f"timeout: {number}"
    found = ended(
        header(f"- workflowId: w\n  steps: [{{stepId: s, operationId: listThings, {retry}}}]\n"), [reply(500)]
    )
    assert found.outcome in ("passed", "failed", "refused", "error")


@pytest.mark.parametrize(
    "condition", [f"$statusCode == {DIGITS}", f"$statusCode < 1e{DIGITS}", f"$statusCode == '{DIGITS}'"]
)
def test_a_huge_number_in_a_condition_is_compared_or_refused(condition: str) -> None:
    assert simple(condition).outcome in ("passed", "failed", "refused")


def test_a_huge_input_is_sent_whole_or_refused() -> None:
    step = {"stepId": "s", "operationId": "listThings", "parameters": [LIMIT]}
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    flow = written({"workflowId": "w", "inputs": schema, "steps": [step]})
    found = ended(flow, [reply()], {"n": 10**4000})
    assert (found.outcome, found.sent) == ("passed", 1)
    found = ended(flow, [reply()], {"n": 10**100_000})
    assert (found.outcome, found.messages) == ("refused", "n: a number has too many digits")


LIMIT = {"name": "limit", "in": "query", "value": "$inputs.n"}
