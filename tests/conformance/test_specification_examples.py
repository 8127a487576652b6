"""The examples of the specification's text are run, and do what the prose around them says: documents, steps, actions.

Those that are values (criteria, selectors, bodies, replacements) are in `test_specification_values.py`. Where an
example has an evident slip, the test shows that it is noticed, and mends it by an edit of the parsed value.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from runner.api import start
from runner.engine.asked import Asked
from runner.engine.events import StepFinished
from runner.errors import DescriptionError
from runner.exchange import header
from runner.loader.text import read_text
from runner.plan.inputs import accept
from runner.plan.plan import OperationCall, Plan
from runner.shell.auth import NO_CREDENTIALS
from runner.source import Source
from tests.conformance.specification import (
    MESSAGES,
    PETS,
    TEXT,
    USED,
    Place,
    api,
    blocks,
    compiled,
    document,
    example,
    inputs_of,
    needs_text,
    plan_of,
    rules,
    source,
    step,
    text_of,
    used,
    value_of,
    workflow,
)
from tests.scripted import play, reply, told

pytestmark = needs_text

EXPIRY = (("X-Expires-After", "2030-01-01T00:00:00Z"), ("X-Rate-Limit", "60"))
SIGNED_IN = "/user/login?username=ann&password=pw"
ANN = {"username": "ann", "password": "pw"}


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Any:
    return deepcopy(value_of(request.param))


def refused_before_the_first_request(plan: Plan, inputs: dict[str, Any]) -> str:
    """Say why a run that could reach a message is refused, when it is started."""
    with pytest.raises(DescriptionError) as refusal:
        start(plan, [Asked(plan.entries[0], inputs)], None, NO_CREDENTIALS)
    return " ".join(problem.message for problem in refusal.value.diagnostics)


def outputs_of(story: Any) -> dict[str, dict[str, Any]]:
    return {event.step_id: dict(event.outputs) for event in story.all(StepFinished)}


# A whole document


def mended_document(written: dict[str, Any]) -> dict[str, Any]:
    """Mend the slips: the source is called `petStoreDescription`, and what `operationPath` gives is an operationId."""
    login, get_pet, *messages = written["workflows"][0]["steps"]
    login["operationId"] = login["operationId"].replace("petstoreDescription", "petStoreDescription")
    get_pet["operationPath"] = get_pet["operationPath"].replace("petstoreDescription", "petStoreDescription")
    for message in messages:
        message["operationId"] = message.pop("operationPath")
        for name, value in message.get("outputs", {}).items():
            message["outputs"][name] = value.replace(".payload.", ".payload#/")  # as the ABNF has it
    return written


def around(written: dict[str, Any]) -> dict[str, str]:
    """The descriptions that the document names, by their absolute URLs."""
    pets, messages = (each["url"] for each in written["sourceDescriptions"])
    return {pets: PETS, messages: MESSAGES}


@example("Arazzo Specification Object Example")
def test_the_whole_document_is_accepted_and_its_messages_are_refused_before_the_first_request(written: Any) -> None:
    plan = plan_of(mended_document(written), around(written))
    assert plan.title == "A pet purchasing workflow"
    assert "purchasePetStep" in refused_before_the_first_request(plan, ANN)


@example("Arazzo Specification Object Example")
def test_the_slips_of_the_whole_document_are_each_pointed_out(written: Any) -> None:
    found = list(rules(compiled(written, around(written)), "error"))
    assert found.count("unknown-source") == 2, found
    assert found.count("operation-path-syntax") == 2, found


@example("Arazzo Specification Object Example")
@pytest.mark.parametrize(
    ("pets", "action", "outputs"),
    [([], ["noPetsAvailable"], {}), ([{"id": 7}, {"id": 8}], [], {"petId": 7})],
    ids=["no pets", "two pets"],
)
def test_the_whole_document_logs_in_and_asks_for_pets(
    written: Any, pets: list[Any], action: list[str], outputs: dict[str, Any]
) -> None:
    mended = mended_document(written)
    mended["workflows"][0]["steps"] = mended["workflows"][0]["steps"][:2]  # the others send and receive messages
    del mended["workflows"][0]["outputs"]
    story = play(plan_of(mended, around(mended)), [reply(200, "token-1", EXPIRY), reply(200, pets)], ANN)
    assert story.outcome == "passed"
    assert story.sent == [f"GET {SIGNED_IN}", "GET /pet/findByStatus?status=available"]
    assert header(story.requests[1].headers, "Authorization") == "token-1"
    assert story.actions == action
    assert outputs_of(story)["getPetStep"] == outputs


@example("Info Object Example")
def test_the_info_names_the_plan(written: Any) -> None:
    assert plan_of(document(workflow(step("listPets")), info=written)).title == "A pet purchasing workflow"


@example("Source Description Object Example")
def test_a_source_is_read_from_its_url(written: Any) -> None:
    entry = document(workflow(step("listPets")), sourceDescriptions=[written])
    plan = plan_of(entry, {written["url"]: PETS})
    assert plan.sources == ((written["name"], written["url"]),)
    assert play(plan, [reply()]).sent == ["GET /pets"]


# Workflows and steps


@example("Workflow Object Example")
def test_the_workflow_logs_a_user_in(written: Any) -> None:
    story = play(plan_of(document(written)), [reply(200, "token-1", EXPIRY)], ANN)
    assert story.outcome == "passed"
    assert story.sent == [f"GET {SIGNED_IN}"]
    assert story.outputs == {"tokenExpires": "2030-01-01T00:00:00Z"}


@example("Step Object Examples")
def test_a_single_step_asserts_its_status_and_gives_outputs(written: Any) -> None:
    plan = plan_of(document(workflow(written, inputs=inputs_of("username", "password"))))
    story = play(plan, [reply(200, None, EXPIRY)], ANN)
    assert story.sent == [f"GET {SIGNED_IN}"]
    assert outputs_of(story) == {"loginStep": {"tokenExpires": "2030-01-01T00:00:00Z", "rateLimit": "60"}}
    assert play(plan, [reply(204)], ANN).outcome == "failed"  # "assertions to determine step was successful"


@example("Step Object Examples", 2)
def test_multiple_steps_pass_the_session_on(written: Any) -> None:
    plan = plan_of(document(workflow(*written["steps"], inputs=inputs_of("username", "password"))))
    story = play(plan, [reply(200, "token-1", EXPIRY), reply(200, [{"id": 1}])], ANN)
    assert story.sent == [f"GET {SIGNED_IN}", "GET /pet/findByStatus?status=available"]
    assert header(story.requests[1].headers, "Authorization") == "token-1"
    assert outputs_of(story)["getPetStep"] == {"availablePets": [{"id": 1}]}


@example("Step Object Examples", 3)
def test_asynchronous_steps_are_accepted_and_refused_before_the_first_request(written: Any) -> None:
    written[1]["outputs"]["orderId"] = "$message.payload#/orderId"  # written `.orderId`, which the ABNF does not have
    main = workflow(*written, inputs=inputs_of("correlationId", "productDetails"))
    entry = document(main, sourceDescriptions=[source("asyncOrderApi", "orders.yaml", "asyncapi")])
    plan = plan_of(entry, {"https://flows.example/orders.yaml": MESSAGES})
    assert [each.timeout for each in plan.workflows["main"].steps] == [None, 6.0]
    assert plan.workflows["main"].steps[1].needs == (0,)
    assert "placeOrder" in refused_before_the_first_request(plan, {})


@example("Resolving URI Fragments")
def test_a_fragment_of_an_operation_path_is_a_json_pointer(written: Any) -> None:
    entry = document(**{**written, "workflows": written["workflows"]})
    plan = plan_of(entry, {written["sourceDescriptions"][0]["url"]: PETS})
    assert play(plan, [reply()]).sent == ["GET /pets"]


@example("Source Description Expression Resolution")
def test_a_reference_into_a_source_is_an_operation_before_it_is_a_field(written: Any) -> None:
    url = written["sourceDescriptions"][0]["url"]
    get_pet = step("$sourceDescriptions.petstore.getPetById", "getPet", parameters=[path_id("1")])
    main = workflow(
        get_pet,
        outputs={"url": "$sourceDescriptions.petstore.url", "type": "$sourceDescriptions.petstore.type"},
    )
    story = play(plan_of(document(main, **written), {url: PETS}), [reply()])
    assert story.sent == ["GET /pets/1"]
    assert story.outputs == {"url": url, "type": "openapi"}
    conflicting = workflow(step("$sourceDescriptions.petstore.url", "theOperation"))
    plan = plan_of(document(conflicting, **written), {url: api("GET /conflict url")})
    assert play(plan, [reply()]).sent == ["GET /conflict"]


def path_id(value: str) -> dict[str, str]:
    return {"name": "petId", "in": "path", "value": value}


# Parameters

SEARCHES = api(
    """
    GET /q0 q0 username:query
    GET /q1 q1 searchParams:querystring:application/x-www-form-urlencoded
    GET /q2 q2 fullQuery:querystring:application/x-www-form-urlencoded
    GET /q3 q3 filterParams:querystring:application/json
    GET /q4 q4 X-Api-Key:header
    """
)


@example("Parameter Object Examples")
def test_each_parameter_is_sent_where_it_belongs(written: Any) -> None:
    steps = [step(f"q{place}", parameters=[parameter]) for place, parameter in enumerate(written)]
    main = workflow(*steps, inputs=inputs_of("username", "category", "minPrice", "x-api-key"))
    plan = plan_of(document(main), {"https://flows.example/pets.yaml": SEARCHES})
    inputs = {"username": "ann lee", "category": "cats&dogs", "minPrice": 10, "x-api-key": "key-1"}
    story = play(plan, [reply()] * 5, inputs)
    assert story.sent == [
        "GET /q0?username=ann%20lee",
        "GET /q1?filter=active&sort=desc&limit=50",
        "GET /q2?category=cats%26dogs&minPrice=10&inStock=true",
        "GET /q3?%7B%22filter%22%3A%22active%22%2C%22sort%22%3A%22desc%22%2C%22limit%22%3A50%7D",
        "GET /q4",
    ]
    assert header(story.requests[4].headers, "X-Api-Key") == "key-1"


# Actions, components and references to them


@example("Success Action Object Example")
@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ([{"pets": [1]}, {}], ["GET /pets", "POST /waiting"]),
        ([{}], ["GET /pets", "GET /user/login", "POST /waiting"]),
        # RFC 9535: a filter tests the members of the body, and none of these has `pets`
        ({"pets": [1]}, ["GET /pets", "GET /user/login", "POST /waiting"]),
    ],
    ids=["in an item", "in no item", "in the body itself"],
)
def test_a_success_action_goes_to_its_step_where_its_criteria_hold(written: Any, body: Any, sent: list[str]) -> None:
    entry = document(
        workflow(
            step("listPets", onSuccess=[written]), step("loginUser"), step("joinWaitingList", "joinWaitingListStep")
        )
    )
    story = play(plan_of(entry), [reply(200, body)] + [reply()] * (len(sent) - 1))
    assert story.sent == sent
    assert story.actions == (["JoinWaitingList"] if len(sent) == 2 else [])


@example("Failure Action Object Example")
def test_a_failure_action_retries_as_often_as_it_says(written: Any) -> None:
    plan = plan_of(document(workflow(step("listPets", onFailure=[written]))))
    story = play(plan, [reply(503), reply(503), reply(200)])
    assert (story.outcome, story.waits) == ("passed", [1, 1])
    assert len(play(plan, [reply(503)] * 6).sent) == 6  # "how many attempts to retry": five more
    assert play(plan, [reply(500)]).actions == []


@example("Components Object Example", 1, 2)
def test_components_are_used_where_they_are_referred_to(written: Any) -> None:
    main = workflow(
        step(
            "listPets",
            parameters=[{"reference": "$components.parameters.storeId"}],
            onFailure=[{"reference": "$components.failureActions.refreshToken"}],
        ),
        inputs={
            "allOf": [{"$ref": "#/components/inputs/pagination"}],
            "properties": {"x-store-id": {"type": "string"}},
        },
    )
    refresh = workflow(step("refreshToken"), workflow_id="refreshTokenWorkflowId")
    plan = plan_of(document(main, refresh, **written))
    inputs = {"x-store-id": "store-1", "page": 2}
    story = play(plan, [reply(401), reply(200), reply(200)], inputs, workflows=["main"])
    assert story.outcome == "passed"
    assert story.sent == ["GET /pets", "POST /token", "GET /pets"]
    assert [header(request.headers, "storeId") for request in story.requests] == ["store-1", None, "store-1"]
    assert story.waits == [1]
    declared = plan.workflows["main"].inputs
    assert accept(declared, {"page": "two"}).problems
    assert accept(declared, {"page": 2**31}).problems  # format: int32


@example("Reusable Object Example", 1, 2)
def test_a_reference_to_an_action_takes_it(written: Any) -> None:
    notify = {"name": "notify", "type": "end"}
    main = workflow(step("listPets", onSuccess=[written]), step("loginUser"))
    story = play(plan_of(document(main, components={"successActions": {"notify": notify}})), [reply()])
    assert (story.sent, story.actions) == (["GET /pets"], ["notify"])


@example("Reusable Object Example", 3, 4)
def test_a_reference_to_a_parameter_may_set_its_value(written: Any) -> None:
    page = {"name": "page", "in": "query", "value": 9}
    other = step("listPets", "unchanged", parameters=[{"reference": written["reference"]}])
    main = workflow(step("listPets", parameters=[written]), other)
    story = play(plan_of(document(main, components={"parameters": {"page": page}})), [reply(), reply()])
    assert story.sent == ["GET /pets?page=1", "GET /pets?page=9"]


# Appendix B

ENTITY = used("Base URI From Encapsulating Entity")
RETRIEVED = "file:///Users/dev/projects/workflows/purchase.arazzo.yaml"


def finds_its_source(entry: dict[str, Any], retrieved: str, expected: str) -> bool:
    """Run a document that was read from a place where its one source is only where it is expected."""
    whole = {**entry, "workflows": [workflow(step("listPets"))]}
    result = compiled(whole, {expected: PETS}, retrieved)
    assert result.plan is not None, [told(problem) for problem in result.diagnostics]
    assert not result.diagnostics, [told(problem) for problem in result.diagnostics]
    call = result.plan.workflows["main"].steps[0].call
    assert isinstance(call, OperationCall)
    return play(result.plan, [reply()]).outcome == "passed"


@example("Base URI Within Content (Using `$self`)")
def test_the_base_is_self(written: Any) -> None:
    assert finds_its_source(written, RETRIEVED, "https://api.example.com/specs/petstore.yaml")


@example("Base URI From the Retrieval URI (No `$self`)")
def test_the_base_is_where_the_document_came_from(written: Any) -> None:
    assert finds_its_source(written, RETRIEVED, "file:///Users/dev/projects/specs/petstore.yaml")


def test_the_base_is_that_of_the_entity_around_the_document() -> None:
    text = text_of(ENTITY)
    location = next(line for line in text.splitlines() if line.startswith("Content-Location: ")).split()[1]
    # The entity shows `{...}` where an Info Object stands, and a document that is read from it has its location.
    inner = text[text.index("\n{") : text.index("--example--")].replace("{...}", '{"title": "T", "version": "1"}')
    entry = read_text(Source(location, location, inner)).value
    assert isinstance(entry, dict)
    assert finds_its_source(entry, location, "https://api.example.com/specs/petstore.json")


@example("Application-Specific Default Base URI")
def test_the_base_is_what_the_application_assigns(written: Any) -> None:
    assigned = "https://workflows.example.com/a7b3c4d5"
    assert finds_its_source(written, assigned, "https://workflows.example.com/specs/petstore.yaml")


@example("Resolving Relative `$self`")
def test_a_relative_self_is_resolved_first(written: Any) -> None:
    retrieved = "https://api.example.com/v2/api-description.yaml"
    assert finds_its_source(written, retrieved, "https://api.example.com/v2/specs/petstore.yaml")


@example("Identity vs Location: Why `$self` Matters")
def test_a_document_is_found_by_what_it_calls_itself(written: Any) -> None:
    mirror = "https://cdn.example.com/cache/abc123.yaml"
    purchase = document(workflow(step("listPets"), workflow_id="purchase"), **written)
    purchase["sourceDescriptions"] = [source(url="https://cdn.example.com/pets.yaml")]
    entry = document(
        workflow({"stepId": "buy", "workflowId": "$sourceDescriptions.canonical.purchase"}),
        sourceDescriptions=[
            source("canonical", written["$self"], "arazzo"),
            source("mirror", "cache/abc123.yaml", "arazzo"),
        ],
    )
    files = {mirror: purchase, "https://cdn.example.com/pets.yaml": PETS}
    plan = plan_of(entry, files, "https://cdn.example.com/entry.yaml")
    assert play(plan, [reply()]).sent == ["GET /pets"]


# All of them


def test_no_example_of_the_text_is_forgotten() -> None:
    from tests.conformance import test_specification_values  # noqa: F401 - it names the examples that it runs

    missing, gone = sorted(set(blocks()) - USED), sorted(USED - set(blocks()))
    assert not missing, [str(place) for place in missing]
    assert not gone, [str(place) for place in gone]


def test_the_examples_are_counted() -> None:
    fences = [
        line for line in TEXT.read_text(encoding="utf-8").splitlines() if line in ("```yaml", "```json", "```http")
    ]
    assert len(blocks()) == len(fences) == 48
    assert Place("Step Object Examples", 3) in blocks()
