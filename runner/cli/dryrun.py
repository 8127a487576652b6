"""Print what a run would send, and send nothing: each request as it would leave, with its secrets hidden."""

from __future__ import annotations

import json
from collections.abc import Sequence

from runner.cli.credentials import Wallet, credentials_of, lacking, proxy_secrets, used
from runner.cli.outlets import Outlets
from runner.cli.world import Ready
from runner.engine.asked import secret_inputs
from runner.engine.events import Answered, Entry, Problem, RunStarted, ServerUsed
from runner.engine.preview import PreviewedRequest, PreviewedStep, PreviewedWorkflow, named, preview
from runner.exchange import Exchange, Request, TransportFailure
from runner.records import Frozen
from runner.reporters.dryrun import DryRequest, DryStep, DryWorkflow, dry_run_json, dry_run_lines
from runner.reporters.redact import Redactor
from runner.shell.auth import Claim, Credentials, foreseen
from runner.shell.options import USER_AGENT
from runner.shell.wire import complete, without_user_info
from runner.shell.worker import Worker

NOT_SENT = TransportFailure("cancelled", "it was not sent")


def dry_run(ready: Sequence[Ready], wallet: Wallet, outlets: Outlets) -> int:
    """Walk the documents, print their requests, and give the exit code."""
    workflows: list[DryWorkflow] = []
    with Worker() as worker:
        for each in ready:
            found = preview(each.plan, each.asked, worker.apply)
            drawing = _Drawing(each, wallet, credentials_of(each.plan, each.venue, wallet))
            workflows += [drawing.workflow(workflow) for workflow in found]
    started = _started(ready, outlets)
    out = outlets.terminal.out
    if outlets.is_json:
        found_json = dry_run_json(started, workflows, outlets.diagnostics)
        print(json.dumps(found_json, ensure_ascii=False, indent=2), file=out)
        return 0
    for line in dry_run_lines(started, workflows, outlets.terminal.out_style):
        print(line, file=out)
    return 0


def _started(ready: Sequence[Ready], outlets: Outlets) -> RunStarted:
    entry = Redactor(proxy_secrets(ready)).redact(Entry(0.0, outlets.started(ready)))
    assert isinstance(entry.event, RunStarted)
    return entry.event


class _Drawing(Frozen):
    """How the requests of one document are shown."""

    ready: Ready
    wallet: Wallet
    credentials: Credentials
    HIDDEN = ("wallet", "credentials")

    def workflow(self, workflow: PreviewedWorkflow) -> DryWorkflow:
        steps, teardown = (tuple(map(self.step, steps)) for steps in (workflow.steps, workflow.teardown))
        return DryWorkflow(workflow.workflow_id, workflow.summary, workflow.reason, steps, teardown)

    def step(self, step: PreviewedStep) -> DryStep:
        match step.does:
            case PreviewedRequest():
                return DryStep(step.step_id, step.title, self.request(step.does))
            case PreviewedWorkflow():
                return DryStep(step.step_id, step.title, self.workflow(step.does))
            case Problem() | None:
                return DryStep(step.step_id, step.title, step.does)

    def request(self, found: PreviewedRequest) -> DryRequest | Problem:
        """Give a request as it would leave. Secrets go before the stand-ins do: those stand at secret places, too."""
        call = found.call
        bare = without_user_info(found.request)
        authorized = foreseen(bare, Claim(call.operation, self.credentials, call.source, call.server))
        sent = authorized if isinstance(authorized, TransportFailure) else complete(authorized, USER_AGENT)
        if isinstance(sent, TransportFailure):
            return Problem("transport", sent.message)
        request = self.redacted(sent, found)
        headers = tuple((name, named(value, found.unknown)) for name, value in request.headers)
        body = named(request.body.decode("utf-8", "surrogateescape"), found.unknown)
        shown = Request(
            request.method, named(request.url, found.unknown), headers, body.encode("utf-8", "surrogateescape")
        )
        sandbox = self.ready.venue.sandbox
        given = [] if sandbox else [(secret.name, secret.origin) for secret in used(call, self.wallet)]
        if not given and authorized != bare:
            given = [("its own token", "the sandbox")]
        missing = () if sandbox else next(iter(lacking(call, self.credentials)), ())
        server = ServerUsed(call.source, Redactor().text(call.server), call.choice.why, sandbox)
        return DryRequest(shown, server, tuple(found.unknown.values()), tuple(given), missing)

    def redacted(self, sent: Request, found: PreviewedRequest) -> Request:
        secrets = self.credentials.secrets | secret_inputs(self.ready.plan, self.ready.asked)
        entry = Redactor(secrets, public=found.unknown).redact(Entry(0.0, Answered((), Exchange(sent, NOT_SENT))))
        assert isinstance(entry.event, Answered)
        return entry.event.exchange.sent
