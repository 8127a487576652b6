"""The public names as a type checker sees them. Checked, never run."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, assert_type

import runner

# Each name stands for itself, not for `object` or `Any`.
description = runner.load("flow.arazzo.yaml")
assert_type(description, runner.Description)
assert_type(runner.load("flow.arazzo.yaml", runner.Sources(offline=True)), runner.Description)
plan = runner.compile(description, servers={"api": "https://api.example"}, server_variables={"region": "eu"})
assert_type(plan, runner.Plan)
assert_type(runner.compile(description, sandbox=True), runner.Plan)
assert_type(plan.entries, tuple[str, ...])

checked = runner.check("flow.arazzo.yaml", runner.Sources(texts={"flow.arazzo.yaml": "arazzo: 1.0.1"}), contracts=True)
assert_type(checked, runner.Checked)
assert_type(checked.plan, runner.Plan | None)
assert_type(checked.errors, tuple[runner.Diagnostic, ...])
assert_type(checked.errors[0].severity, Literal["error", "warning"])

result = runner.run(
    plan,
    "checkout",
    {"sku": "A1", "file": b"bytes", "photo": runner.File(b"bytes", "photo.png", "image/png")},
    credentials=runner.Credentials({"BearerAuth": "secret"}, keyring=runner.Keyring()),
    contract="error",
    limits=runner.Limits(steps=10, wall=60.0, request_timeout=5.0, pace=0.0),
    redact=False,
    cancelled=lambda: False,
)
assert_type(result, runner.Result)
assert_type(result.outcome, Literal["passed", "failed", "error"])
assert_type(result.passed, bool)
assert_type(result.problem, runner.Problem | None)
assert_type(result.breaches, tuple[runner.Breach, ...])
assert_type(result.entries, tuple[runner.Entry, ...])
assert_type(result.entries[0].at, float)
assert_type(runner.render(result, color=True, width=80, verbose=True), str)
assert_type(runner.render(checked.errors[0]), str)


def tell(entry: runner.Entry) -> None: ...


runner.run(plan, tell=tell, sandbox=True)
runner.run(plan, sandbox=runner.Sandbox("scenario.yaml", ["drop,times=1"], live_like=True, balance=0, seed="1"))
runner.run(plan, contract=runner.ContractPolicy(body="error", headers="off"))
runner.run(plan, transport=runner.HttpOptions(timeout=5, client=runner.ClientCertificate("a.pem", None)))


class Own:
    def send(self, request: runner.Request, timeout: float | None) -> runner.Response | runner.TransportFailure:
        return runner.Response(200, (("Content-Type", "application/json"),), b"{}")


class OwnAwaited:
    async def send(self, request: runner.Request, timeout: float | None) -> runner.Response | runner.TransportFailure:
        return runner.TransportFailure("timeout", "no response within 5 s")


own: runner.Transport = Own()
own_awaited: runner.AsyncTransport = OwnAwaited()
runner.run(plan, transport=own)


async def awaited() -> None:
    assert_type(await runner.arun(plan, transport=own_awaited), runner.Result)
    await runner.arun(plan, transport=own)  # type: ignore[arg-type]
    options: runner.AsyncRunOptions = {"sandbox": True}
    await runner.arun(plan, **options)


options: runner.RunOptions = {"credentials": runner.credentials_from_environment({}), "sandbox": False}
runner.run(plan, **options)

# What is wrong is seen before anything runs.
runner.run(plan, contract="loud")  # type: ignore[arg-type]
runner.run(plan, sandbx=True)  # type: ignore[call-arg]
runner.run("flow.arazzo.yaml")  # type: ignore[arg-type]
runner.run(plan, inputs={"at": object()})  # type: ignore[dict-item]
runner.load(b"arazzo: 1.0.1")  # type: ignore[arg-type]

try:
    runner.load("flow.arazzo.yaml", cache=runner.user_cache({}))
except runner.InputsError as error:
    assert_type(error.problems, tuple[str, ...])
except runner.UsageError as error:
    assert_type(error.hint, str)
except runner.DescriptionError as error:
    assert_type(error.diagnostics, tuple[runner.Diagnostic, ...])
except runner.FetchError as error:
    assert_type(error.remote, bool)
except runner.ArazzoError as error:
    assert_type(error.exit_code, int)

assert_type(runner.__version__, str)
outputs: Mapping[str, object] = result.outputs
run_later: Callable[..., Any] = runner.run
