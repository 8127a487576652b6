"""What one part of the sandbox means for the others: faults, a scenario, deleted work, the three APIs of one server."""

from __future__ import annotations

import pytest

from runner.exchange import Request, header
from runner.loader.text import read_text
from runner.sandbox.civitai.scenario import read_scenario
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.fault_text import read_fault
from runner.sandbox.faults import FaultyTransport
from runner.sandbox.transport import SandboxTransport
from runner.source import Source
from tests.sandbox.conftest import check_declared, document
from tests.sandbox.test_sandbox_civitai_oauth import AUTH, App, generate, limit, told

SCENARIO = """
live-like: true
accounts:
  newcomer: {balance: 8, tier: Gold, tokens: [civitai_a_key_of_its_own]}
"""


def settings_of(text: str) -> Settings:
    read = read_scenario(read_text(Source("scenario.yaml", "scenario.yaml", text)), Settings())
    assert read.problems == ()
    return read.settings


@pytest.mark.parametrize(
    ("fault", "method", "path", "expected"),
    [
        ("status=503,operation=issueToken,retry-after=7", "post", "token", (503, "temporarily_unavailable")),
        ("status=500,operation=decideAuthorization", "post", "authorize", (500, "server_error")),
        ("status=429,path=/api/auth/*", "post", "revoke", (429, "rate_limited")),
        ("status=401,operation=getUserInfo", "get", "userinfo", (401, "invalid_token")),
    ],
)
def test_a_fault_of_the_oauth_api_has_the_shape_of_its_errors(make, clock, fault, method, path, expected):
    sandbox = make(faults=(read_fault(fault),)).sandbox
    transport = FaultyTransport(SandboxTransport(sandbox, clock), clock, sandbox.faults, sandbox.claims)
    reply = transport.send(Request(method.upper(), f"{AUTH}/{path}"), None)
    assert told(reply) == expected
    assert (header(reply.headers, "retry-after") == "7") == ("retry-after" in fault)
    described = document("oauth")
    check_declared(described, described["paths"][f"/api/auth/oauth/{path}"][method]["responses"], reply)


def test_every_operation_of_the_oauth_description_can_be_named_by_a_fault(make):
    for path, item in document("oauth")["paths"].items():
        for method in {"get", "post"} & set(item):
            request = Request(method.upper(), f"https://auth.civitai.com{path}")
            assert make().sandbox.operation(request) == item[method]["operationId"]


def test_an_account_of_a_scenario_consents_to_an_app_and_pays_for_it(make):
    settings = settings_of(SCENARIO)
    caller = make(accounts=settings.accounts, tokens=settings.tokens)
    app = App(caller)
    access = app.access(login_hint="newcomer")
    me = caller.site("/me", token=access).content.value
    assert (me["username"], me["tier"]) == ("newcomer", "Gold")
    assert app.get("userinfo", ("Authorization", f"Bearer {access}")).content.value["id"] == me["id"]
    assert [generate(caller, token).status for token in (access, "newcomer", access)] == [202, 402, 402]


def test_a_token_that_a_scenario_names_is_that_of_its_account_whatever_it_begins_with(make):
    caller = make(accounts=settings_of(SCENARIO).accounts, tokens=settings_of(SCENARIO).tokens)
    assert caller.site("/me", token="civitai_a_key_of_its_own").content.value["username"] == "newcomer"
    assert caller.site("/me", token="civitai_another").status == 401


def test_what_is_given_back_for_a_deleted_workflow_goes_back_to_the_budget(make):
    caller = make()
    access = App(caller).access(buzz_limit=limit(type="absolute", limit=8))
    workflow = generate(caller, access).content.value
    assert generate(caller, access).status == 402
    assert caller.workflows(f"/{workflow['id']}", method="DELETE", token=access).status == 204
    assert generate(caller, access).status == 202


def test_a_workflow_that_is_deleted_without_a_refund_stays_spent(make, clock):
    caller = make()
    access = App(caller).access(buzz_limit=limit(type="absolute", limit=8))
    workflow = generate(caller, access).content.value
    clock.time += 60
    assert caller.workflows(f"/{workflow['id']}", method="DELETE", token=access).status == 204
    assert generate(caller, access).status == 402


def test_like_the_live_api_a_budget_and_a_scope_are_refused_as_problems(make):
    caller = make(live_like=True)
    poor = App(caller).access(buzz_limit=limit(type="absolute", limit=1))
    narrow = App(caller).access(scope="1")
    for token in (poor, narrow):
        body = b'{"steps": [{"$type": "imageGen", "input": {}}]}'
        headers = (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"))
        url = "https://orchestration.civitai.com/v2/consumer/workflows"
        refused = caller.sandbox.answer(Request("POST", url, headers, body))
        assert refused.status == 403
        assert header(refused.headers, "content-type") == "application/problem+json"
