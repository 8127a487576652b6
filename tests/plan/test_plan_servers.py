"""Which server a request goes to, and what is said of why."""

from __future__ import annotations

import pytest

from runner.errors import UsageError
from runner.openapi.document import Operation, Server
from runner.plan.context import Options
from runner.plan.plan import OperationCall, Plan, ServerChoice, Unrunnable
from runner.plan.servers import Unusable, choose_server, refuse_variables
from runner.records import replace
from tests.scripted import compiled, header

NOWHERE = Operation(None, "GET", "/x", (), None, {}, (), (), {}, "")
REGIONS = Server("https://{region}.h/{base}", {"region": "eu", "base": "v1"}, {"region": ("eu", "us")})

API = """
openapi: 3.1.0
info: {title: T, version: '1'}
ROOT
paths:
  /a:
    ITEM
    get:
      operationId: login
      OPERATION
      responses: {'200': {description: ok}}
"""


def chosen(*servers: Server, location: str = "file:///api.yaml", **options: dict[str, str]) -> ServerChoice | Unusable:
    return choose_server(replace(NOWHERE, servers=servers), "api", location, Options(**options))


def call_of(api: str, options: Options | None = None) -> OperationCall | Unrunnable:
    document = header("- {workflowId: main, steps: [{stepId: one, operationId: login}]}")
    plan = compiled(document, {"things.yaml": api}, options).plan
    assert plan is not None
    call = plan.workflows["main"].steps[0].call
    assert isinstance(call, OperationCall | Unrunnable)
    return call


@pytest.mark.parametrize(
    ("root", "item", "operation", "url", "why"),
    [
        ("https://root", "https://item", "https://own/", "https://own", "the operation's first server"),
        ("https://root", "https://item", "", "https://item", "the path item's first server"),
        ("https://root", "", "", "https://root", "the description's first server"),
    ],
)
def test_the_innermost_list_of_servers_is_taken(root: str, item: str, operation: str, url: str, why: str) -> None:
    text = API
    for word, server in (("ROOT", root), ("ITEM", item), ("OPERATION", operation)):
        text = text.replace(word, f"servers: [{{url: '{server}'}}]" if server else "")
    call = call_of(text)
    assert isinstance(call, OperationCall)
    assert (call.server, call.choice.why) == (url, why)


def test_the_schemes_of_an_operation_of_swagger_are_its_own_servers() -> None:
    head = "swagger: '2.0'\ninfo: {title: T, version: '1'}\nhost: h\nschemes: [https]\n"
    call = call_of(
        head + "paths: {/a: {get: {operationId: login, schemes: [http], responses: {200: {description: x}}}}}"
    )
    assert isinstance(call, OperationCall)
    assert (call.server, call.choice.why) == ("http://h", "the operation's first server")


def test_what_the_user_gives_wins_and_says_who_gave_it() -> None:
    given = {"api": "http://127.0.0.1:9/v2/"}
    assert chosen(REGIONS, servers=given) == ServerChoice("http://127.0.0.1:9/v2", "--server")
    profile = chosen(REGIONS, servers=given, given_by={"api": "profile 'staging'"})
    assert isinstance(profile, ServerChoice)
    assert profile.why == "profile 'staging'"
    assert isinstance(chosen(servers={"other": "http://h"}), Unusable)


@pytest.mark.parametrize(
    ("given", "url", "applied"),
    [
        ({}, "https://eu.h/v1", "region=eu, base=v1"),
        ({"region": "us"}, "https://us.h/v1", "region=us, base=v1"),
        ({"region": "eu", "api.region": "us"}, "https://us.h/v1", "region=us, base=v1"),
        ({"other.region": "us", "base": "v2"}, "https://eu.h/v2", "region=eu, base=v2"),
    ],
)
def test_variables_have_what_is_given_for_their_source_for_all_or_their_default(
    given: dict[str, str], url: str, applied: str
) -> None:
    choice = chosen(REGIONS, server_variables=given)
    assert isinstance(choice, ServerChoice)
    assert (choice.url, choice.why) == (url, f"the description's first server, {applied}")


def test_the_first_server_that_can_be_used_is_taken() -> None:
    choice = chosen(
        Server("/v1"), Server("ws://h"), Server("https://{x}.h"), Server("https://h/v1"), Server("https://z")
    )
    assert isinstance(choice, ServerChoice)
    assert (choice.url, choice.why) == ("https://h/v1", "server 4 of the description, the first that can be used")


@pytest.mark.parametrize(
    ("server", "url"),
    [
        (Server("/v1"), "https://h.test:8/v1"),
        (Server("v1/"), "https://h.test:8/specs/v1"),
        (Server("../api"), "https://h.test:8/api"),
        (Server("//other/v1"), "https://other/v1"),
        (Server("{base}/x", {"base": "/b"}), "https://h.test:8/b/x"),
        (Server("/"), "https://h.test:8"),
    ],
)
def test_a_relative_server_is_resolved_against_where_the_description_is_served(server: Server, url: str) -> None:
    choice = chosen(server, location="https://h.test:8/specs/api.yaml")
    assert isinstance(choice, ServerChoice)
    assert choice.url == url


def test_without_a_usable_server_each_is_named_and_what_to_do() -> None:
    call = call_of(
        API.replace("ROOT", "servers: [{url: /v1}, {url: 'https://{tenant}.h'}]")
        .replace("ITEM", "")
        .replace("OPERATION", "")
    )
    assert isinstance(call, Unrunnable)
    assert call.reason.notes == (
        "the server '/v1' is relative to where the description is served, and it was read from a file",
        "server variable 'tenant' of 'https://{tenant}.h' has no value",
    )
    assert call.reason.fix is not None
    assert "--server-var things.tenant=…, or say where it is with --server things=https://…" in call.reason.fix.title


@pytest.mark.parametrize("url", ["http://[bad/v1", "https://h:99999", "https://h:0", "https://a..b/", "https://a b/"])
def test_a_server_that_no_request_can_go_to_is_passed_over(url: str) -> None:
    choice = chosen(Server(url), Server("https://h/v1"))
    assert isinstance(choice, ServerChoice)
    assert choice.url == "https://h/v1"
    assert chosen(Server(url)) == Unusable((f"the server '{url}' is not a legal URL",), None)


def test_a_variable_without_a_default_can_be_given() -> None:
    api = API.replace("ROOT", "servers: [{url: 'https://{tenant}.h'}]").replace("ITEM", "").replace("OPERATION", "")
    call = call_of(api, Options(server_variables={"tenant": "acme"}))
    assert isinstance(call, OperationCall)
    assert call.server == "https://acme.h"


def plan_with(*servers: Server) -> Plan:
    document = header("- {workflowId: main, steps: [{stepId: one, operationId: login}]}")
    plan = compiled(document).plan
    assert plan is not None
    (step,) = plan.workflows["main"].steps
    assert isinstance(step.call, OperationCall)
    call = replace(step.call, operation=replace(step.call.operation, servers=servers))
    workflow = replace(plan.workflows["main"], steps=(replace(step, call=call),))
    return replace(plan, workflows={"main": workflow})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"regoin": "us"}, "there is no server variable 'regoin'\ndid you mean 'region'?"),
        (
            {"zzz": "us"},
            "there is no server variable 'zzz'\nserver variables there are: 'things.region', 'things.base'",
        ),
        ({"other.region": "us"}, "there is no server variable 'other.region'\ndid you mean"),
        ({"region": "mars"}, "the server variable 'region' cannot be 'mars'\nit is one of 'eu', 'us'"),
        ({"things.region": "mars"}, "the server variable 'things.region' cannot be 'mars'"),
        ({"base": "v1?x"}, "the server variable 'base' cannot be 'v1?x'\na URL cannot hold it there"),
        ({"base": "a b"}, "the server variable 'base' cannot be 'a b'\na URL cannot hold it there"),
    ],
)
def test_a_variable_nobody_has_or_a_value_it_cannot_have_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_variables([plan_with(REGIONS)], given)
    assert said in str(refused.value)


@pytest.mark.parametrize("given", [{"port": "abc"}, {"port": "99999"}, {"things.scheme": "ftp"}, {"host": "a..b"}])
def test_a_value_that_spoils_its_server_is_refused_and_no_other_server_taken_instead(given: dict[str, str]) -> None:
    spelled = {"scheme": "https", "host": "h", "port": "443"}
    servers = (Server("{scheme}://{host}:{port}/v1", spelled), Server("https://production.test"))
    with pytest.raises(UsageError, match="which is not a legal URL"):
        refuse_variables([plan_with(*servers)], given)


def test_variables_that_fit_are_accepted() -> None:
    refuse_variables([plan_with(REGIONS)], {"region": "us", "things.base": "anything"})
    refuse_variables([plan_with(REGIONS, Server("https://{region}", {"region": "x"}))], {"region": "mars"})
    refuse_variables([plan_with()], {})
