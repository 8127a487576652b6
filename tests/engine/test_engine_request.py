"""What a step's parameters and body become, where several of them make one part of the request."""

from __future__ import annotations

from runner.exchange import header as field
from tests.scripted import header, play, reply


def test_a_cookie_header_and_cookie_parameters_are_one_header() -> None:
    parameters = "[{name: Cookie, in: header, value: a=b}, {name: c, in: cookie, value: 1}]"
    document = header(f"- {{workflowId: main, steps: [{{stepId: s, operationId: login, parameters: {parameters}}}]}}")
    [request] = play(document, [reply(200)]).requests
    assert field(request.headers, "cookie") == "a=b; c=1"
    assert [name for name, _ in request.headers if name.lower() == "cookie"] == ["Cookie"]
