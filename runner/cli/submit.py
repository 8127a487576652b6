"""`arazzo submit`: keep a document with rows of data where workers find it, checked as before any run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from runner.cli.fleet import absolute, fail, opened, some_options, store_option, with_defaults
from runner.cli.help import Sectioned
from runner.cli.terminal import Terminal, look
from runner.cli.watch import Read
from runner.errors import ArazzoError, UsageError
from runner.records import Frozen, field, replace

if TYPE_CHECKING:
    from runner.cli.test import Suite, SuiteOptions
    from runner.cli.world import Ready
    from runner.durable.seal import Seal
    from runner.exchange import Fetched
    from runner.fleet.batches import Batch
    from runner.fleet.database import Database
    from runner.suite.cases import Task

SAID = (
    "source", "source_root", "offline", "config", "profile", "server", "server_var", "strict", "input_", "inputs",
    "sandbox", "timeout", "pace", "max_steps", "max_time", "max_teardown", "contract", "color",
)  # fmt: skip
"""The options of a run that are settled when it is submitted: all others are a worker's."""
HERE = ("rows", "offline", "config", "profile", "color", "strict", "source", "source_root", "input_", "inputs")
"""Those of them that say where documents and inputs are found: what was found goes along."""


def submit_options(command: Any) -> Any:
    """Give a command the options of what is submitted."""
    for option in reversed(
        (
            click.option("-w", "--workflow", multiple=True, metavar="ID", help="Only workflows of this name."),
            click.option("--rows", metavar="FILE", help="Run each workflow with each row of a CSV, JSON or YAML file."),
            click.option(
                "--rate", multiple=True, metavar="[HOST=]N/s", help="Requests a host gets, from all workers together."
            ),
            click.option(
                "--concurrency", multiple=True, metavar="[HOST=]N", help="Requests under way to a host, per worker."
            ),
            click.option(
                "--retries",
                type=click.IntRange(0, 100),
                default=0,
                metavar="N",
                help="Times a row that does not pass runs again from its beginning (0).",
            ),
            click.option(
                "--chunk",
                type=click.IntRange(1, 10_000),
                default=200,
                metavar="N",
                help="Rows that a worker takes at once (200).",
            ),
            store_option,
        )
    ):
        command = option(command)
    return some_options(SAID)(command)


@click.command("submit", cls=Sectioned)
@click.argument("file", metavar="FILE|NAME")
@click.option("--id", "name", metavar="NAME", help="Name the batch; one that is there already is not kept twice.")
@submit_options
def command(file: str, name: str | None, **options: Any) -> None:
    """Keep a document with rows of data for workers to run, and print the name of the batch.

    Secrets do not go along: workers are given them, as `arazzo run` is (--input-env, --auth, ARAZZO_AUTH_…).

    \b
    Try:  arazzo submit checkout.arazzo.yaml --rows customers.csv --rate 10/s
          arazzo status
    """
    terminal = look(options["color"])
    try:
        from runner.cli.journal import journal_key
        from runner.cli.status import counts
        from runner.fleet.batches import Batches, check_name

        said = Said.of(file, options)
        gathered = gather(said, terminal)
        batch_id = check_name(name) if name else gathered.name
        with opened(said.store, terminal) as database:
            secret = journal_key(terminal.environ)
            batch = gathered.batch(batch_id, secret)
            batches = Batches(database)
            is_new = batches.submit(batch, gathered.sealed(batch_id, secret))
            kept = batches.progress(batch_id)
            advise(database, terminal)
    except ArazzoError as error:
        fail(terminal, error)
    print(batch_id)
    many = "1 row" if kept.rows == 1 else f"{kept.rows} rows"
    told = f"{many} for whoever runs: arazzo worker" if is_new else f"it is there already: {counts(kept)}"
    print(f"{told}; see: arazzo status {batch_id}", file=terminal.err)


def advise(database: Database, terminal: Terminal) -> None:
    """Say so where workers on other machines could not open what was sealed here."""
    if database.is_shared and not terminal.environ.get("ARAZZO_JOURNAL_KEY"):
        terminal.warn("it is sealed with this machine's own key: give all of them one, as ARAZZO_JOURNAL_KEY")


class Said(Frozen):
    """What was said of a submission: the options of its runs, and how the fleet is to go about them."""

    file: str
    suite: SuiteOptions
    given: Mapping[str, Any]
    intervals: Mapping[str, float]
    many: Mapping[str, int]
    retries: int
    chunk: int
    store: str | None
    HIDDEN = ("given",)

    @classmethod
    def of(cls, file: str, options: dict[str, Any]) -> Said:
        own = {name: options.pop(name) for name in ("rate", "concurrency", "retries", "chunk", "store")}
        suite = with_defaults(targets=(file,), no_cache=True, **options)
        kept = {name: value for name, value in options.items() if name not in HERE and value}
        return cls(
            file,
            suite,
            kept,
            rates(own["rate"]),
            limits(own["concurrency"]),
            own["retries"],
            own["chunk"],
            own["store"],
        )


def rates(texts: Sequence[str]) -> dict[str, float]:
    """Read `--rate [HOST=]N/s` as seconds from one request to the next, by host."""
    from runner.suite.rate import read_rate

    return {host: read_rate(text) for host, text in _by_host(texts, "--rate")}


def limits(texts: Sequence[str]) -> dict[str, int]:
    """Read `--concurrency [HOST=]N`, by host."""
    found = {}
    for host, text in _by_host(texts, "--concurrency"):
        if not text.isdecimal() or not 1 <= int(text) <= 10_000:
            raise UsageError(f"--concurrency {text}: write a number from 1 on, or HOST=NUMBER")
        found[host] = int(text)
    return found


def _by_host(texts: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for text in texts:
        host, named, value = text.rpartition("=")
        if named and not (_HOST.fullmatch(host) and value):
            raise UsageError(f"{option} {text}: this names no host", "write it as api.example=… or api.example:8080=…")
        host = host.lower() or "*"
        if host in seen:
            raise UsageError(f"{option} {text}: it is given twice for {'all hosts' if host == '*' else host}")
        seen.add(host)
        yield host, value


_HOST = re.compile(r"[^\s/@=,]+")


class _Heard(Read):
    """What was read: the URIs that were asked for, and the texts by the URIs that they are really at."""

    uris: dict[str, None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def hear(self, target: str, uri: str) -> None:
        self.uris[uri] = None

    def note(self, read: Fetched) -> None:
        self.texts[read.uri] = read.text

    def whole(self) -> dict[str, str]:
        """Give the texts; UsageError where workers would ask for one by a URI that it is not at."""
        for uri in self.uris:
            if uri not in self.texts and not uri.startswith("file:"):  # a file may be looked for in several places
                raise UsageError(f"{uri} is at another place", "name that: workers do not go where it is redirected")
        return self.texts


class Gathered(Frozen):
    """All that goes to the database, but for the name it has there."""

    said: Said
    suite: Suite
    ready: Ready
    texts: Mapping[str, str]
    told: str
    HIDDEN = ("texts",)

    @property
    def name(self) -> str:
        """Make a name that is new: the title's beginning, the day, and chance."""
        import secrets

        word = re.sub(r"[^a-z0-9]+", "-", self.ready.plan.title.lower()).strip("-")[:30] or "batch"
        return f"{word}-{datetime.now():%Y%m%d}-{secrets.token_hex(3)}"

    def batch(self, name: str, secret: bytes, *, is_template: bool = False) -> Batch:
        """Give the batch under a name; `secret` is the key that its workers have, too."""
        from runner.fleet.batches import Batch
        from runner.fleet.cases import probe, seal_of

        said, given = self.said, self.suite.given
        settings = {
            "location": absolute(self.ready.venue.location),
            "options": dict(said.given),
            "source": [f"{name}={absolute(place)}" for name, _, place in map(_parted, said.suite.source)],
            "source_root": [absolute(place) for place in said.suite.source_root],
            "sandbox": self.ready.venue.sandbox,
            "texts_given": dict(given.texts),
            "values": dict(given.values),
            "intervals": dict(said.intervals),
            "many": dict(said.many),
            "retries": said.retries,
            "sealed": name,
            "probe": probe(secret, name),
            "rows": self.digest(seal_of(secret, name)),
        }
        return Batch(name, self.ready.plan.title, settings, self.told, self.texts, said.chunk, is_template)

    def sealed(self, name: str, secret: bytes) -> Iterator[bytes]:
        """Give the rows, each sealed for its place."""
        from runner.fleet.cases import place, seal_of, written

        seal = seal_of(secret, name)
        return (seal.close(place(task.number + 1), written(task)) for task in self.tasks())

    def digest(self, seal: Seal) -> str:
        """Give what tells these rows from others."""
        from hashlib import sha256

        from runner.fleet.cases import written

        whole = sha256()
        for task in self.tasks():
            whole.update(seal.digest(written(task)).encode())
        return whole.hexdigest()

    def tasks(self) -> Iterator[Task]:
        """Give the cases, as arazzo test has them."""
        from runner.suite.cases import Shard, cases, subjects, tasks

        found = subjects([(self.ready.plan, self.ready.keys)])
        return tasks(cases(found, self.suite.rows, 1), Shard())


def _parted(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def gather(said: Said, terminal: Terminal) -> Gathered:
    """Check what is submitted, and collect the documents that it takes; raise ArazzoError."""
    from pathlib import Path

    from runner.cli.credentials import Variables
    from runner.cli.outlets import Outlets
    from runner.cli.profile import setting_of
    from runner.cli.test import Suite
    from runner.engine.events import Entry
    from runner.reporters.jsonl import JsonLines

    heard = _Heard()
    outlets = Outlets(terminal, [], False, "quiet", said.file, read=heard, note_text=heard.note)
    suite = Suite.of(said.suite)
    if len(suite.found) != 1:
        raise UsageError(f"{said.file}: {len(suite.found)} documents are no submission", "submit one at a time")
    setting = setting_of(said.suite.config, said.suite.profile, list(suite.found), Path.cwd())
    (ready,) = suite.ready(said.suite, setting, Variables(terminal.environ, {}), outlets)
    refuse(suite, ready)
    warn_of_hosts(said, ready, terminal)
    stream = StringIO()
    lines = JsonLines(stream, document=said.file, diagnostics=outlets.diagnostics)
    started = replace(outlets.started([ready]), secrets=frozenset())
    lines.tell(Entry(datetime.now().timestamp(), started))
    return Gathered(said, suite, ready, heard.whole(), stream.getvalue())


def warn_of_hosts(said: Said, ready: Ready, terminal: Terminal) -> None:
    """Say so where a limit is given for what no request goes to, as far as that is known now."""
    from runner.fleet.rates import EVERY, host_of

    there = {host_of(each.url): None for each in ready.servers}
    for option, limits_of in (("--rate", said.intervals), ("--concurrency", said.many)):
        for host in limits_of:
            if there and host != EVERY and host not in there:
                terminal.warn(f"{option} {host}=…: no server is called that; there are: {', '.join(there)}")


def refuse(suite: Suite, ready: Ready) -> None:
    """Refuse what a fleet cannot keep its word for."""
    from runner.plan.secrets import secret_names
    from runner.secrets import is_secret_name

    hidden = {name for key in ready.keys for name in secret_names(ready.plan, key)}
    for name in (*suite.given.texts, *suite.given.values):
        if name in hidden or is_secret_name(name):
            raise UsageError(
                f"the input '{name}' is a secret, and those do not go along",
                f"give it to the workers: arazzo worker --input-env {name}=VARIABLE",
            )
    if shared := [name for key in ready.keys for name in ready.plan.workflows[key].mutexes]:
        raise UsageError(
            f"'{shared[0]}' (x-mutex) holds within one process, and rows of a fleet run in many",
            "run it with: arazzo test --rows",
        )
