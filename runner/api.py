"""The pieces and the ports joined: load a description, compile it, run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner import bundled
from runner.diagnostics import Diagnostic, Fix, in_order
from runner.engine.asked import Asked
from runner.engine.events import Entry, Outcome
from runner.engine.flow import Flow
from runner.engine.run import run
from runner.engine.state import Limits
from runner.errors import UNREACHABLE_DOCUMENT, DescriptionError, FetchError, InputsError, UsageError
from runner.exchange import Cache, Fetch, Fetched, Transport
from runner.known import Known, Spot, needed
from runner.levels import COMMENT, RuleLevel, Silence, settle, silences
from runner.loader.parsed import without_collecting
from runner.loader.places import LoadOptions
from runner.loader.shelf import Shelf
from runner.loader.text import decode_bytes
from runner.openapi.document import ApiDescription
from runner.plan.context import Options
from runner.plan.inputs import accept
from runner.plan.plan import Plan, Unrunnable
from runner.plan.servers import refuse_variables
from runner.records import Frozen, field, replace
from runner.shell.auth import foresee
from runner.shell.clock import SystemClock
from runner.shell.drive import AsyncWorld, World, drive
from runner.shell.fetch import FetchPorts, make_fetch, rationed
from runner.shell.keys import fresh_seed, keys_of
from runner.shell.lookup import Surroundings, enclosing, path_of, widest
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.wire import authority
from runner.source import Source, Span
from runner.uri import is_http, split_uri
from runner.values import InputValue

if TYPE_CHECKING:
    from runner.description import Description
    from runner.loader.load import Loaded, LoadedApi


class Sources(Frozen):
    """Where descriptions come from, and what is said beside them.

    `overrides` are by source name, `roots` folders or URLs; `cache` keeps what documents came to from one start to the
    next; `http` is how they are fetched, `options` the compiler's, `levels` what each rule is. `texts`, by path or URI,
    stand for what would be read there; on a `shelf` stays what several documents share; `hear` is told each URI that is
    read, and `note` what was read there.
    """

    overrides: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    offline: bool = False
    cache: Cache | None = None
    http: HttpOptions = DEFAULTS
    options: Options = Options()
    levels: Mapping[str, RuleLevel] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    shelf: Shelf | None = None
    hear: Callable[[str], None] | None = None
    note: Callable[[Fetched], None] | None = None
    HIDDEN = ("texts", "shelf", "hear", "note")


def nothing() -> None:
    """Do nothing."""


class Checked(NamedTuple):
    """A document that was read and compiled; `plan` is None where there are errors.

    `description` is what was read, and `draft` the plan as far as it could be made, None where there is nothing.
    `sources` are the texts it was read from, None where something else may be found another time. `keep` puts what the
    document came to into the cache, with the schemas that have been needed of it by then.
    """

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    description: Description | None = None
    draft: Plan | None = None
    sources: tuple[Source, ...] | None = None
    keep: Callable[[], None] = nothing

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(problem for problem in self.diagnostics if problem.severity == "error")


def check(location: str, sources: Sources | None = None, *, contracts: bool = False) -> Checked:
    """Say what a document comes to, a path or a URL: what is kept of it, or else what `examine` finds.

    With `contracts` there is no plan, only what is wrong. Of what is kept there is no description.
    """
    chosen = sources or Sources()
    spot = _spot(location, chosen, contracts)
    if spot is None:
        return examine(location, chosen, contracts=contracts)
    uri = to_uri(location, Path.cwd())
    fetch = cache(_fetch(chosen, uri))  # what comes through a pipe is there once
    with without_collecting():
        kept = spot.get(fetch, _shelf(chosen, uri), _reader(location, chosen))
    if kept is not None:
        known, texts = kept
        keep = _keeper(spot, known, texts, needed(known.plan))
        return Checked(known.plan, known.diagnostics, None, known.plan, texts, keep)
    found = _examine(location, chosen, fetch, contracts)
    if found.sources is None or not (contracts or found.plan):
        return found
    known = Known(None if contracts else found.plan, found.diagnostics)
    return found._replace(keep=_keeper(spot, known, found.sources))


def _spot(location: str, sources: Sources, contracts: bool) -> Spot | None:
    """Give where a document is kept: one that is read from files, and from nothing that was handed over."""
    here = Path.cwd()
    uri = to_uri(location, here)
    if sources.cache is None or sources.texts or is_http(uri):
        return None
    given = (sources.options, sources.levels, sources.overrides, sources.roots, sources.offline)
    return Spot.of(sources.cache, (uri, str(here), contracts, repr(given)), sources.options.said)


def _keeper(spot: Spot, known: Known, sources: Sequence[Source], there: int = -1) -> Callable[[], None]:
    """Make what keeps a document, unless that would add nothing to what is there: a number of schemas."""

    def keep() -> None:
        if needed(known.plan) > there and all(source.uri.startswith("file:") for source in sources):
            spot.put(known, sources)

    return keep


def _reader(location: str, sources: Sources) -> Callable[[Mapping[str, str]], Mapping[str, ApiDescription]]:
    """Make what reads the descriptions of a document again, from the texts that it was read from."""

    def read_again(texts: Mapping[str, str]) -> Mapping[str, ApiDescription]:
        loaded = _load(location, replace(sources, texts=texts, shelf=None, hear=None, note=None))
        return loaded.description.apis if loaded.description is not None else {}

    return read_again


def examine(location: str, sources: Sources | None = None, *, contracts: bool = False) -> Checked:
    """Read and compile a document, a path or a URL; one that cannot be read at all is a diagnostic too.

    With `contracts` the schemas that a run holds requests and answers against are compiled, too; it takes its time.
    """
    chosen = sources or Sources()
    return _examine(location, chosen, _fetch(chosen, to_uri(location, Path.cwd())), contracts)


def _examine(location: str, chosen: Sources, fetch: Fetch, contracts: bool) -> Checked:
    from runner.plan.compile import compile_description  # the compiler is not needed for what is kept
    from runner.plan.contracts import check_contracts

    try:
        loaded = _load(location, chosen, fetch)
    except FetchError as error:
        return Checked(None, (_unreadable(location, error),))
    if loaded.description is None:
        return Checked(None, loaded.diagnostics)
    with without_collecting():
        compiled = compile_description(loaded.description, chosen.options)
        schemas = check_contracts(compiled.plan) if contracts and compiled.plan is not None else ()
    found = in_order((*loaded.diagnostics, *compiled.diagnostics, *schemas))
    diagnostics = in_order(settle(found, chosen.levels, _silences(loaded.description)))
    failed = any(problem.severity == "error" for problem in diagnostics)
    return Checked(None if failed else compiled.plan, diagnostics, loaded.description, compiled.draft, loaded.sources)


def _silences(description: Description) -> Iterator[Silence]:
    """Find the comments that silence rules, in the documents that have any."""
    documents = [*(each.places for each in description.arazzo.values())]
    for each in (*documents, *(each.places for each in description.apis.values())):
        if COMMENT in each.source.text:
            is_shared = each.source.uri != description.entry
            yield from (replace(found, is_shared=is_shared) for found in silences(each.source, each.root))


def _unreadable(location: str, error: FetchError) -> Diagnostic:
    """Say why there is no document; remote ones are told apart, for they have an exit code of their own."""
    rule = UNREACHABLE_DOCUMENT if error.remote else "unreadable-document"
    rule = "document-not-allowed" if error.is_forbidden else rule
    name = shown(location)
    nowhere = Span(Source(error.uri, name, ""), 0, 0)
    help_ = error.fix or ("name a copy of it on this machine" if error.remote else "")
    fix = Fix(help_) if help_ else None
    return Diagnostic(rule, "error", f"{name} cannot be read: {error.reason}", nowhere, fix=fix)


def load_description(location: str, sources: Sources | None = None, *, cache: Cache | None = None) -> Description:
    """Load a document with all its sources, or raise DescriptionError or FetchError.

    Nothing is written to the disk, unless a `cache` is given that does so, such as `user_cache(os.environ)`.
    """
    chosen = sources or Sources()
    loaded = _load(location, replace(chosen, cache=cache or chosen.cache))
    if loaded.description is None or any(problem.severity == "error" for problem in loaded.diagnostics):
        raise DescriptionError(loaded.diagnostics)
    return loaded.description


def compile_plan(
    description: Description,
    servers: Mapping[str, str] | None = None,
    server_variables: Mapping[str, str] | None = None,
    *,
    sandbox: bool = False,
) -> Plan:
    """Compile a description, or raise DescriptionError with everything that is wrong.

    `servers` gives base URLs by source name; `server_variables` values by name or `source.name`, of which UsageError is
    raised for one that no server has. With `sandbox` a source needs no server: the plan is for the embedded sandbox.
    """
    from runner.plan.compile import compile_description

    given = dict.fromkeys(servers or {}, "given")
    with without_collecting():
        compiled = compile_description(description, Options(servers or {}, given, server_variables or {}, sandbox))
    if compiled.plan is None:
        raise DescriptionError(compiled.diagnostics)
    refuse_variables([compiled.plan], server_variables or {})
    return compiled.plan


def _load(location: str, sources: Sources, fetch: Fetch | None = None) -> Loaded:
    from runner.loader.load import load  # late, as is all that reads

    here = Path.cwd()
    uri = to_uri(location, here)
    return load(uri, fetch or _fetch(sources, uri), _load_options(sources, uri, here), _shelf(sources, uri))


def load_api_description(location: str, sources: Sources | None = None) -> LoadedApi:
    """Read an OpenAPI description by itself, a path or a URL; one that cannot be read is a diagnostic too."""
    from runner.loader.load import LoadedApi, load_api

    chosen, here = sources or Sources(), Path.cwd()
    try:
        uri = to_uri(location, here)
        return load_api(uri, _fetch(chosen, uri), _load_options(chosen, uri, here))
    except FetchError as error:
        return LoadedApi(None, (_unreadable(location, error),))


def _load_options(sources: Sources, entry: str, here: Path) -> LoadOptions:
    return LoadOptions(
        sources={name: to_uri(place, here) for name, place in sources.overrides.items()},
        roots=tuple(to_uri(root, here).rstrip("/") + "/" for root in sources.roots),
        working_directory=None if is_http(entry) else here.as_uri() + "/",
        name=lambda uri: display_name(uri, here),
        cache=sources.cache,
        look_for=Surroundings().look_for,
    )


def _fetch(sources: Sources, entry: str) -> Fetch:
    """Make what reads for an entry document: itself and what the user named as a user may, the rest as it may."""
    here, hear = Path.cwd(), sources.hear
    texts = {to_uri(place, here): text for place, text in sources.texts.items()}
    named = {entry, *(to_uri(place, here) for place in sources.overrides.values())}
    http = judged(sources.http, entry)
    by_user = make_fetch(here, _ports(sources, replace(http, named=http.named | {authority(each) for each in named})))
    by_document = make_fetch(here, replace(_ports(sources, http), within=_within(sources, entry)))

    def heard(uri: str) -> Fetched:
        if hear is not None:
            hear(uri)
        try:
            found = Fetched(uri, texts[uri]) if uri in texts else by_user(uri) if uri in named else by_document(uri)
        except FetchError as error:
            error.uri = shown(error.uri)
            raise
        if sources.note is not None:
            sources.note(found)
        return found

    return rationed(heard, SystemClock())


def _within(sources: Sources, entry: str) -> tuple[Path, ...]:
    """Give the folders that an entry document may have files read in."""
    here = Path.cwd()
    within = [path_of(uri) for uri in (to_uri(root, here) for root in sources.roots) if uri.startswith("file:")]
    if not judged(sources.http, entry).fetched:
        within += enclosing(path_of(entry), here)
        within += [bundled.home()] if path_of(entry).is_relative_to(bundled.home()) else []
    return tuple(within)


def _shelf(sources: Sources, entry: str) -> Shelf:
    """Give what an entry document shares with others: with those that may have the same files read, and no more."""
    return Shelf() if sources.shelf is None else sources.shelf.among(widest(_within(sources, entry)))


def _ports(sources: Sources, http: HttpOptions) -> FetchPorts:
    return FetchPorts(partial(open_http, http), decode_bytes, offline=sources.offline)


def judged(http: HttpOptions, document: str) -> HttpOptions:
    """Say of the options of a run or a reading where the document is from that says where requests go."""
    return replace(http, fetched=http.fetched or is_http(document))


def open_http(transport: Transport | HttpOptions | None) -> AbstractContextManager[Transport]:
    """Open HTTP, as options say where there are any; a transport that is open already is used as it is."""
    if not isinstance(transport, HttpOptions | None):
        return nullcontext(transport)
    from runner.shell.network import Network  # opens sockets: only where something remote is fetched

    return Network(transport or DEFAULTS)


def ignore(entry: Entry) -> None:
    """Listen to nothing."""


def to_uri(location: str, here: Path) -> str:
    """Turn a path or URL into an absolute URI."""
    # Its reader refuses other schemes.
    if "://" in location or split_uri(location).has_scheme("http", "https", "file"):
        return location
    return (here / location).absolute().as_uri()


def shown(location: str) -> str:
    """Give a path or URL as it may be shown: without a password or token in it."""
    if "://" not in location:
        return location
    from runner.reporters.redact import Redactor  # late: most documents are files

    return Redactor().text(location)


def display_name(uri: str, here: Path) -> str:
    """Give what a person is shown for a URI: a file's path from the working directory, where it is below it."""
    if not uri.startswith("file:"):
        return shown(uri)
    path = path_of(uri)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def unrunnable(plan: Plan, keys: Sequence[str]) -> tuple[Diagnostic, ...]:
    """Give why steps that a run of these workflows can reach cannot be run here."""
    return in_order(
        step.call.reason
        for workflow in plan.reachable(*keys)
        for step in workflow.all_steps
        if isinstance(step.call, Unrunnable)
    )


def ask(plan: Plan, key: str, values: Mapping[str, InputValue]) -> Asked:
    """Accept the inputs of a workflow and of those it depends on, defaults filled in, or raise InputsError."""
    needed = plan.dependencies(key)
    workflow = plan.workflows[key]
    theirs = {name for each in needed for name in each.inputs.names or ()}
    own = workflow.inputs.names
    mine = {name: value for name, value in values.items() if own is None or name in own or name not in theirs}
    accepted = accept(workflow.inputs, mine)
    refused = [(workflow.workflow_id, accepted.problems)]
    given = {**values, **accepted.values}
    for each in needed:
        refused.append((each.workflow_id, accept(each.inputs, each.inputs.among(given)).problems))
    for workflow_id, problems in refused:
        if problems:
            raise InputsError(f"the inputs of '{workflow_id}' are refused", "", problems)
    return Asked(key, accepted.values, dict(values))


def choose(plan: Plan, workflow_id: str | None) -> tuple[str, ...]:
    """Give the workflows to run: the one that is named, else every one that no other in the file calls."""
    if workflow_id is None:
        return plan.entries
    if workflow_id not in plan.workflows:
        known = ", ".join(key for key in plan.workflows if "#" not in key)
        raise UsageError(f"there is no workflow '{workflow_id}' in {plan.document}", f"workflows there are: {known}")
    return (workflow_id,)


def run_plan(plan: Plan, asked: Sequence[Asked], world: World, limits: Limits | None = None) -> Outcome:
    """Run workflows of a plan in a world: a transport, a clock, and somebody to tell."""
    return drive(start(plan, asked, limits, world), world)


def start(plan: Plan, asked: Sequence[Asked], limits: Limits | None, world: World | AsyncWorld) -> Flow:
    """Give the flow of a run, or raise DescriptionError where it could reach a step that cannot be run here."""
    reasons = unrunnable(plan, [each.key for each in asked])
    if reasons:
        raise DescriptionError(reasons)
    foresee(plan, [each.key for each in asked], world.credentials)
    draw_key = keys_of(world.seed or fresh_seed())
    return run(plan, asked, limits or Limits(), world.credentials.secrets, world.apply, draw_key)
