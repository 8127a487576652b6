"""Keep a run in a journal while it goes on, and find it again: what it began with, and what has changed since."""

from __future__ import annotations

import secrets
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import unquote

from runner.api import shown
from runner.cli.begin import Begun, Equipped
from runner.cli.outlets import Outlets
from runner.cli.prepare import say_error
from runner.cli.terminal import Terminal
from runner.cli.world import Ready
from runner.durable.store import JournalError, KeptRun, RunState, is_torn_down
from runner.engine.asked import servers_used
from runner.errors import UsageError
from runner.exchange import Fetched
from runner.plan.secrets import secret_names
from runner.records import Frozen, Mutable, field, replace, values_of
from runner.shell.cache import user_state
from runner.shell.drive import World
from runner.shell.keys import fresh_seed, seed_of
from runner.uri import split_uri
from runner.values import Json
from runner.version import __version__

if TYPE_CHECKING:
    from runner.durable.journal import Journal, Lost
    from runner.durable.seal import Seal
    from runner.durable.sqlite import SqliteStore

_BEGINS = "begins"


Remaining: TypeAlias = tuple[Mapping[str, Json], Sequence[str]]
"""The options of a run without secrets, and those that held one."""


class Begins(Frozen):
    """All that it takes to begin a run again: `options` as click gave them, without secrets, and what it was made of.

    `omitted` are options that held secrets; `documents` and `inputs` are digests by name, `secret` names of secrets.
    """

    options: Mapping[str, Json]
    omitted: Sequence[str]
    folder: str
    documents: Mapping[str, str]
    inputs: Mapping[str, str]
    servers: Mapping[str, str]
    secret: Sequence[str]
    seed: str
    version: str = __version__
    HIDDEN = ("seed",)


class Resumed(Frozen):
    """A run that is taken up again: where it is kept, and what becomes of a request whose answer was lost."""

    store: SqliteStore
    kept: KeptRun
    begins: Begins
    key: bytes
    lost: Lost
    HIDDEN = ("key",)


class Keeping(Mutable):
    """A run that is kept while it goes on."""

    store: SqliteStore
    run_id: str
    began: float
    seal: Seal
    seed: bytes
    lost: Lost = "refuse"
    journals: list[Journal] = field(default_factory=list)
    HIDDEN = ("seed", "seal")

    def world(self, world: World, ready: Ready) -> World:
        """Let the journal stand between a document's run and its world."""
        from runner.durable.journal import Journal, Unit
        from runner.durable.world import journaled

        unit = Unit(self.store, self.run_id, unit_name(len(self.journals), ready), self.seal, self.store.option)
        journal = Journal(unit, world.clock.now, lost=self.lost)
        self.journals.append(journal)
        return journaled(world, journal, seed_of(self.seed, unit.name))

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has asked for the end of the run, and got it."""
        return any(journal.is_cancelled for journal in self.journals)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run, so that nobody else takes it up, and let go of the journal in the end."""
        with closing(self.store), self.store.claim(self.run_id) as is_ours:
            if not is_ours:
                hint = f"arazzo runs{self.store.option} shows it"
                raise JournalError(f"another process is at work on run {self.run_id}", hint)
            self.store.change(self.run_id, "running", time.time())
            yield

    def give_up(self) -> None:
        """Forget a run that was refused before it began."""
        with suppress(JournalError):
            self.store.forget(self.run_id)

    def finish(self, outlets: Outlets, number: int) -> int:
        """Finish the reports, say how the run stands, and give the exit code; `number` is the signal that ended it."""
        number = number or (signal.SIGTERM if self.is_cancelled else 0)
        code = outlets.finish(number)
        try:
            state = self._ended() if number else outlets.outcome
            self.store.change(self.run_id, state, time.time())
        except JournalError as error:
            outlets.warn(f"{error.message}: the run is over, and the journal does not have that")
            return code or error.exit_code
        if state == "stopped":
            outlets.note(f"go on with it: arazzo resume {self.run_id}{self.store.option}")
        return code

    def _ended(self) -> RunState:
        """Say what a run that was broken off is: there is no way on after its teardown."""
        is_over = any(journal.is_torn_down() for journal in self.journals)
        return "cancelled" if is_over or self.store.is_cancelling(self.run_id) else "stopped"

    def break_off(self, error: JournalError, outlets: Outlets) -> int:
        """Finish the reports of a run that cannot go on now, say why, if that can be written at all, and the code."""
        from runner.durable.journal import UnknownAnswerError

        outlets.finish()
        with suppress(JournalError):
            state: RunState = "unknown" if isinstance(error, UnknownAnswerError) else "stopped"
            self.store.change(self.run_id, state, time.time())
        say_error(outlets.terminal, error)
        if not isinstance(error, UnknownAnswerError):
            outlets.note(f"go on with it once that is mended: arazzo resume {self.run_id}{self.store.option}")
        return error.exit_code


def unit_name(place: int, ready: Ready) -> str:
    """Name the document that comes at a place, counted from 0, of a run."""
    return f"{place + 1} {ready.plan.document}"


class Noted(Mutable):
    """The digests of the documents that a run reads."""

    documents: dict[str, str] = field(default_factory=dict)

    def note(self, read: Fetched) -> None:
        self.documents[read.uri] = sha256(read.text.encode("utf-8", "surrogatepass")).hexdigest()


def journal_path(given: str | None, environ: Mapping[str, str]) -> Path:
    """Give where the journal is: where it is said to be, or in the user's folder for what is to last."""
    if given:
        return Path(given).absolute()
    folder = user_state(environ)
    if folder is None:
        raise JournalError("there is no home folder to keep a journal in", "give a file: --journal=PATH")
    return folder / "journal.db"


def journal_key(environ: Mapping[str, str], *, must_exist: bool = False) -> bytes:
    """Give the key that journals of this user are sealed with; one is made where there is none unless `must_exist`."""
    from runner.durable.seal import VARIABLE, key_of

    folder = user_state(environ)
    return key_of(environ.get(VARIABLE), folder / "journal-key" if folder else None, must_exist=must_exist)


def open_journal(given: str | None, terminal: Terminal, *, must_exist: bool = False) -> SqliteStore:
    """Open the journal that is meant."""
    from runner.durable.sqlite import SqliteStore

    path = journal_path(given, terminal.environ)
    return SqliteStore(path, must_exist=must_exist, option=f" --journal {quote(str(path))}" if given else "")


def kept_run(store: SqliteStore, run_id: str) -> KeptRun:
    """Find a run by its name, or by how that begins."""
    found = [each for each in store.runs() if each.run_id.startswith(run_id)] if run_id else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"several runs begin with '{run_id}': {', '.join(each.run_id for each in found)}")
    raise UsageError(f"there is no run '{run_id}' in {store.path}", f"those there are: arazzo runs{store.option}")


def read_begins(kept: KeptRun, key: bytes) -> Begins:
    """Open what a run began with."""
    from runner.durable.seal import Seal

    found = cast(dict[str, Any], Seal(key, kept.run_id).open(_BEGINS, kept.begins))
    if found["version"] != __version__:
        message = f"run {kept.run_id} was begun by arazzo {found['version']}, and this is {__version__}"
        raise JournalError(message, "what a version sends, another may not: go on with the same")
    return Begins(**found)


def keep(begun: Begun, documents: Mapping[str, str], options: Remaining, outlets: Outlets, path: str) -> Keeping:
    """Begin to keep a run."""
    from runner.durable.seal import Seal

    key, run_id, seed = journal_key(outlets.terminal.environ), secrets.token_hex(4), fresh_seed()
    store = open_journal(path, outlets.terminal)
    seal = Seal(key, run_id, named_secrets(begun.equipped))
    inputs, servers = _made_of(begun, seal)
    begins = Begins(*options, str(Path.cwd()), documents, inputs, servers, sorted(seal.secrets), seed.hex())
    sealed = seal.close(_BEGINS, cast(Json, values_of(begins)))
    began = time.time()
    store.create(KeptRun(run_id, began, _shown(begun), sealed, changed=began))
    outlets.note(f"this run is kept as {run_id} in {store.path}")
    return Keeping(store, run_id, began, seal, seed)


def take_up(begun: Begun, documents: Mapping[str, str], resumed: Resumed, outlets: Outlets) -> Keeping:
    """Go on keeping a run, or raise JournalError where it is not the same any more."""
    from runner.durable.seal import Seal

    kept, begins = resumed.kept, resumed.begins
    seal = Seal(resumed.key, kept.run_id, named_secrets(begun.equipped))
    inputs, servers = _made_of(begun, seal)
    now = replace(begins, documents=documents, inputs=inputs, servers=servers, secret=sorted(seal.secrets))
    changes = list(changed_since(begins, now))
    if changes:
        listed = "\n".join(f"  - {each}" for each in changes)
        message = f"run {kept.run_id} cannot go on, for it is not the same any more:\n{listed}"
        raise JournalError(message, "put that back, or begin anew")
    last = resumed.store.last(kept.run_id)
    outlets.note(f"resumed run {kept.run_id} at {last.shown if last else 'its beginning'}")
    units = [unit_name(place, ready) for place, (ready, _) in enumerate(begun.equipped)]
    if any(is_torn_down(resumed.store.effects(kept.run_id, unit)) for unit in units):
        outlets.note("it was ended, and its teardown had begun: only that goes on")
    return Keeping(resumed.store, kept.run_id, kept.began, seal, bytes.fromhex(begins.seed), resumed.lost)


def changed_since(before: Begins, now: Begins) -> Iterator[str]:
    """Say what a run was made of and is no longer, or not as it was."""
    for what, old, new in (
        ("the document", before.documents, now.documents),
        ("the input", before.inputs, now.inputs),
        ("the server of", before.servers, now.servers),
    ):
        for name in dict.fromkeys((*old, *new)):
            shown = _path_of(name) if what == "the document" else f"'{name}'"
            if name not in new:
                yield f"{what} {shown} is missing"
            elif name not in old:
                yield f"{what} {shown} is new"
            elif old[name] != new[name]:
                yield f"{what} {shown} has changed"
    for name in before.secret:
        if name not in now.secret and not name.startswith("input "):
            yield f"the credential '{name}' is missing"


def named_secrets(equipped: Sequence[Equipped]) -> dict[str, str]:
    """Give the configured secrets, each by a name that it has in every process."""
    found: dict[str, str] = {}
    for ready, credentials in equipped:
        found |= credentials.named_secrets
        for asked in ready.asked:
            for name in secret_names(ready.plan, asked.key):
                value = {**asked.given, **asked.inputs}.get(name)
                found |= {f"input {asked.key}.{name}": str(value)} if value not in (None, "") else {}
    return found


def _made_of(begun: Begun, seal: Seal) -> tuple[dict[str, str], dict[str, str]]:
    """Give the digests of the inputs, and of the servers."""
    inputs: dict[str, str] = {}
    servers: dict[str, str] = {}
    for ready, _ in begun.equipped:
        for asked in ready.asked:
            inputs |= {name: seal.digest(value) for name, value in {**asked.given, **asked.inputs}.items()}
        servers |= {used.source: seal.digest(used.url) for used in servers_used(ready.plan, ready.asked)}
    return inputs, servers


def _shown(begun: Begun) -> str:
    """Name a run to people by its documents and workflows."""
    return "; ".join(
        f"{ready.plan.document}: {', '.join(ready.plan.workflows[key].workflow_id for key in ready.keys)}"
        for ready, _ in begun.equipped
    )


def _path_of(uri: str) -> str:
    parts = split_uri(uri)
    return unquote(parts.path) if parts.has_scheme("file") else shown(uri)
