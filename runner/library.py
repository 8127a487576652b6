"""Runs a plan for a Python caller: from inputs given as values to a Result, over HTTP, a transport, or the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from io import StringIO
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

from runner import api
from runner.diagnostics import Diagnostic
from runner.engine.asked import Asked
from runner.engine.events import Entry, Outcome, RunStarted, SecretsLearned, WorkflowFinished
from runner.engine.policy import ContractPolicy, Level, read_policy
from runner.engine.state import Limits
from runner.errors import UsageError
from runner.exchange import AsyncTransport, Transport
from runner.expressions.selectors.compile import Apply
from runner.plan.plan import Plan
from runner.records import replace
from runner.reporters.redact import Redactor
from runner.reporters.slim import Entries
from runner.result import Result, result_of
from runner.shell.auth import NO_CREDENTIALS, Credentials
from runner.shell.clock import AsyncSystemClock, AsyncVirtualClock, SystemClock, VirtualClock, never
from runner.shell.drive import AsyncWorld, World, adrive, drive
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.trust import unchecked
from runner.shell.worker import Worker
from runner.values import InputValue, Value

if TYPE_CHECKING:
    from runner.embedded import Embedded, Sandbox


class _Options(TypedDict, total=False):
    credentials: Credentials
    tell: Callable[[Entry], None]
    contract: Level | ContractPolicy
    limits: Limits
    sandbox: bool | Sandbox
    redact: bool
    cancelled: Callable[[], bool]


class RunOptions(_Options, total=False):
    """What `run` takes by name.

    `transport` sends the requests, or `HttpOptions` say how HTTP does. `sandbox=True`, or a `Sandbox`, runs on the
    embedded sandbox instead, one of its own for each run: no credentials are sent to it but its own.

    `tell` hears of each entry as it happens, and `cancelled` is asked, some times a second, whether to end it: a
    request that is under way is given up, and a transport of the caller's sends in threads of its own for that.
    Entries have no secrets in them; `redact=False` leaves them as they were sent. `limits` are budgets and pace.

    `contract` says what a mismatch with an API description is: "off", "warn" (the default) or "error", or a
    ContractPolicy for each check by itself.
    """

    transport: Transport | HttpOptions | None


class AsyncRunOptions(_Options, total=False):
    """`RunOptions`, awaited."""

    transport: AsyncTransport | HttpOptions | None


def run_workflows(
    plan: Plan,
    workflow_id: str | None = None,
    inputs: Mapping[str, InputValue] | None = None,
    **options: Unpack[RunOptions],
) -> Result:
    """Run a workflow, or every one that no other calls, over HTTP, the transport that is given, or on the sandbox.

    Raise InputsError before anything is sent where the inputs do not fit. An input may be a file: bytes, or a `File`,
    which knows its name. It is sent as it is, and reports tell its size only.
    """
    limits = _limits(options, RunOptions)
    asked, story = _asked(plan, workflow_id, inputs), _Story(options)
    with Worker() as worker, _opened(plan, options, story, worker.apply) as world:
        outcome = drive(api.start(plan, asked, limits, world), world)
    return story.result(outcome)


async def arun(
    plan: Plan,
    workflow_id: str | None = None,
    inputs: Mapping[str, InputValue] | None = None,
    **options: Unpack[AsyncRunOptions],
) -> Result:
    """`run`, awaited. A task that is cancelled tells how its run ended before it raises CancelledError."""
    limits = _limits(options, AsyncRunOptions)
    asked, story = _asked(plan, workflow_id, inputs), _Story(options)
    with Worker() as worker:
        async with _aopened(plan, options, story, worker.apply) as world:
            outcome = await adrive(api.start(plan, asked, limits, world), world)
    return story.result(outcome)


def render(subject: Result | Diagnostic, *, color: bool = False, width: int = 100, verbose: bool = False) -> str:
    """Draw a run as the command line does, or what is wrong with a document, at its line."""
    from runner.reporters.diagnostics import render_full
    from runner.reporters.style import Style

    style = Style(color, width=width)
    if isinstance(subject, Diagnostic):
        return render_full(subject, style)
    from runner.reporters.console import Console
    from runner.reporters.reporter import Broadcast

    stream = StringIO()
    broadcast = Broadcast([Console(stream, style, verbosity="verbose" if verbose else "normal")])
    for entry in subject.entries:
        broadcast.tell(entry)
    broadcast.close()
    return stream.getvalue().strip("\n")


class _Story:
    """Hears a run: keeps its entries and passes them on, without their secrets unless the caller wants these."""

    def __init__(self, options: RunOptions | AsyncRunOptions) -> None:
        transport = options.get("transport")
        self._warnings = unchecked(transport) if isinstance(transport, HttpOptions) else ()
        self._tell = options.get("tell", api.ignore)
        self._redactor = Redactor() if options.get("redact", True) else None
        self._entries = Entries()
        self._outputs: Mapping[str, Value] = {}

    def tell(self, entry: Entry) -> None:
        if isinstance(entry.event, WorkflowFinished):
            self._outputs = entry.event.outputs
        if isinstance(entry.event, RunStarted) and self._warnings:
            entry = replace(entry, event=replace(entry.event, warnings=(*entry.event.warnings, *self._warnings)))
        if self._redactor is not None:
            entry = self._redactor.redact(entry)
            if isinstance(entry.event, SecretsLearned):
                return
        self._entries.add(entry)
        self._tell(entry)

    def hearing(self, embedded: Embedded) -> Callable[[Entry], None]:
        """Tell the sandbox as well: its replies depend on the step that is sending."""

        def heard(entry: Entry) -> None:
            embedded.hear(entry.event)
            if isinstance(entry.event, RunStarted):
                servers = tuple(used._replace(sandbox=True) for used in entry.event.servers)
                entry = replace(entry, event=replace(entry.event, servers=servers))
            self.tell(entry)

        return heard

    def result(self, outcome: Outcome) -> Result:
        return replace(result_of(outcome, tuple(self._entries.all)), outputs=self._outputs)


@contextmanager
def _opened(plan: Plan, options: RunOptions, story: _Story, apply: Apply) -> Iterator[World]:
    cancelled = options.get("cancelled", never)
    if embedded := _embedded(plan, options, apply):
        tell, credentials = story.hearing(embedded), _sandbox_credentials(plan)
        yield World(embedded.transport(), embedded.clock, tell, credentials, cancelled, apply=apply)
        return
    with api.open_http(_judged(options.get("transport"), plan)) as transport:
        credentials = options.get("credentials", NO_CREDENTIALS)
        world = World(transport, SystemClock(), story.tell, credentials, apply=apply)
        yield world if cancelled is never else _ended_by(cancelled, world)


def _ended_by(cancelled: Callable[[], bool], world: World) -> World:
    """Let a caller end a run in the middle of a request or a sleep, but none of a teardown's."""
    from runner.shell.interrupt import Elsewhere

    end = Elsewhere(cancelled)
    return replace(
        world,
        transport=end.transport(world.transport),
        clock=end.clock(),
        cancelled=cancelled,
        shielded=end.shielded,
    )


@asynccontextmanager
async def _aopened(plan: Plan, options: AsyncRunOptions, story: _Story, apply: Apply) -> AsyncIterator[AsyncWorld]:
    cancelled = options.get("cancelled", never)
    if embedded := _embedded(plan, options, apply):
        tell, credentials = story.hearing(embedded), _sandbox_credentials(plan)
        clock = AsyncVirtualClock(embedded.clock)
        yield AsyncWorld(embedded.async_transport(), clock, tell, credentials, cancelled, apply=apply)
        return
    async with _ahttp(_judged(options.get("transport"), plan)) as transport:
        credentials = options.get("credentials", NO_CREDENTIALS)
        yield AsyncWorld(transport, AsyncSystemClock(), story.tell, credentials, cancelled, apply=apply)


T = TypeVar("T", Transport, AsyncTransport)


def _judged(transport: T | HttpOptions | None, plan: Plan) -> T | HttpOptions:
    """Let HTTP reach what the document of a plan may; a transport that is given is its maker's own affair."""
    given = DEFAULTS if transport is None else transport
    return api.judged(given, plan.document) if isinstance(given, HttpOptions) else given


def _ahttp(transport: AsyncTransport | HttpOptions | None) -> AbstractAsyncContextManager[AsyncTransport]:
    if not isinstance(transport, HttpOptions | None):
        return nullcontext(transport)
    from runner.shell.network import AsyncNetwork

    return AsyncNetwork(transport or DEFAULTS)


def _embedded(plan: Plan, options: RunOptions | AsyncRunOptions, apply: Apply) -> Embedded | None:
    """Give the sandbox of a run, if it shall have one."""
    chosen = options.get("sandbox", False)
    if not chosen:
        return None
    if options.get("transport") is not None:
        raise UsageError("a run on the sandbox has no other transport", "leave out 'sandbox' or 'transport'")
    from runner.embedded import Sandbox, embed

    sandbox = Sandbox() if chosen is True else chosen
    settings = sandbox.settings()
    clock = VirtualClock(SystemClock().now() if settings.start is None else settings.start)
    return embed(plan, settings, sandbox.seed, clock, apply)


def _sandbox_credentials(plan: Plan) -> Credentials:
    from runner.embedded import sandbox_credentials

    return sandbox_credentials(plan)


def _asked(plan: Plan, workflow_id: str | None, inputs: Mapping[str, InputValue] | None) -> list[Asked]:
    return [api.ask(plan, key, inputs or {}) for key in api.choose(plan, workflow_id)]


def _limits(options: _Options, kind: type[_Options]) -> Limits:
    unknown = sorted(options.keys() - kind.__annotations__)
    if unknown:
        raise TypeError(f"there is no option '{unknown[0]}'")
    limits = options.get("limits", Limits())
    contract = options.get("contract")
    if contract is None:
        return limits
    policy = contract if isinstance(contract, ContractPolicy) else read_policy([contract])
    return replace(limits, contract=policy)
