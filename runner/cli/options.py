"""The options that several commands share: where descriptions are and requests go, and all that a run can be told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.cli.cache import NO_CACHE
from runner.cli.stage import stage_options
from runner.cli.terminal import ColorChoice
from runner.errors import UsageError
from runner.records import Frozen

if TYPE_CHECKING:
    from runner.reporters.junit_form import Dialect, Unit

F = TypeVar("F", bound=Callable[..., Any])
DAY = 86_400.0
MIN_COVERAGE = "Fail below this share of operations reached, or of another kind: statuses=50."


class Seconds(click.ParamType):  # type: ignore[type-arg] # it takes a parameter in newer releases only
    """A number of seconds up to a day, more than `least` or equal to it."""

    name = "seconds"

    def __init__(self, least: float = 0.0, *, positive: bool = False) -> None:
        self.least, self.positive = least, positive

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not math.isfinite(number) or number > DAY or number < self.least or (self.positive and number == 0):
            self.fail(
                f"{value} is not between {'above ' if self.positive else ''}{self.least:g} and {DAY:g}", param, ctx
            )
        return number


WHERE = (
    click.option("--source", multiple=True, metavar="NAME=PATH", help="Where a source description really is."),
    click.option("--source-root", multiple=True, metavar="DIR", help="A second base for relative source URLs."),
    click.option("--offline", is_flag=True, help="Fetch no description from the network."),
    click.option("--no-cache", is_flag=True, help=NO_CACHE),
    click.option("--config", metavar="FILE", help="Defaults and profiles, instead of the arazzo.toml that is found."),
    click.option("--profile", metavar="NAME", help="Servers, credentials and inputs that arazzo.toml names so."),
    click.option("--server", multiple=True, metavar="NAME=URL", help="The base URL of a source; implies --live."),
    click.option(
        "--server-var", multiple=True, metavar="[SOURCE.]NAME=VALUE", help="A variable in the URL of a server."
    ),
    click.option("--cacert", metavar="FILE", help="Trust the authorities in a PEM file, and no others."),
    click.option("--insecure", multiple=True, metavar="HOST", help="Do not check this host's certificate."),
    click.option("--proxy", metavar="URL", help="Send through a proxy (HTTPS_PROXY and NO_PROXY work too)."),
)


TAPE = (
    click.option("--record", metavar="DIR", help="Keep every exchange in a folder, without secrets, to be replayed."),
    click.option("--replay", metavar="DIR", help="Answer from a recorded folder: no network, no waiting."),
    click.option(
        "--replay-drift",
        metavar="WHAT",
        help="Which drift from the recording fails: any, request (default: one that is not in it) or none.",
    ),
    click.option("--watch", is_flag=True, help="Run again whatever a saved file affects; Ctrl-C ends."),
)

JOURNAL = (
    click.option(
        "--journal",
        is_flag=False,
        flag_value="",
        metavar="[PATH]",
        help="Keep the run, so that it can go on after any end of its process: arazzo resume.",
    ),
)

REPORT = "Write a report: junit, json, jsonl, html, tap, har, github, summary, gitlab, sarif or coverage."

JUNIT = (
    click.option(
        "--junit-dialect",
        type=click.Choice(["extended", "strict"]),
        default="extended",
        help="Whether a JUnit testcase has file and line; Jenkins' xUnit plugin refuses these (strict).",
    ),
    click.option(
        "--junit-unit",
        type=click.Choice(["step", "workflow"]),
        default="step",
        help="What a JUnit testcase stands for.",
    ),
)

EXECUTE = (
    click.option("--strict", is_flag=True, help="Let what is warned of before the run stop it."),
    click.option(
        "-i", "--input", "input_", multiple=True, metavar="NAME=VALUE", help="An input; read as its schema says."
    ),
    click.option("--inputs", multiple=True, metavar="FILE|-", help="Inputs from a YAML or JSON file."),
    click.option("--input-env", multiple=True, metavar="NAME=VAR", help="An input from an environment variable."),
    click.option(
        "--input-file", multiple=True, metavar="NAME=PATH", help="An input from a file: its text, or its bytes."
    ),
    click.option("--sandbox", is_flag=True, help="Send to the embedded sandbox (the default for a bundled name)."),
    click.option("--live", is_flag=True, help="Send to the real servers (the default for a file)."),
    click.option(
        "--sandbox-balance",
        type=click.IntRange(min=0),
        metavar="BUZZ",
        help="What each account of the sandbox starts with.",
    ),
    click.option(
        "--auth", multiple=True, metavar="NAME=VALUE", help="A credential; VALUE may be env:VARIABLE or file:PATH."
    ),
    click.option("--env-file", multiple=True, metavar="FILE", help="Variables for what the environment does not have."),
    click.option("--no-input", is_flag=True, help="Never ask for a credential that is missing."),
    click.option("--cert", metavar="FILE[:KEY]", help="A client certificate, shown to the APIs that are called."),
    click.option("--key", metavar="FILE", help="The key of --cert, where it is in a file of its own."),
    click.option("--timeout", type=Seconds(positive=True), metavar="S", help="Seconds for one request (30)."),
    click.option("--pace", type=Seconds(), metavar="S", help="First pause before a repetition (1)."),
    click.option("--max-steps", type=click.IntRange(min=1), metavar="N", help="Steps one run may take (10000)."),
    click.option("--max-time", type=Seconds(positive=True), metavar="S", help="Seconds one run may take."),
    click.option(
        "--max-teardown", type=Seconds(positive=True), metavar="S", help="Seconds one x-finally may take (60)."
    ),
    click.option(
        "--contract",
        multiple=True,
        metavar="LEVEL",
        help="What a reply that breaks its API description is: off, warn (default) or error; of one check: body=error.",
    ),
    click.option("--coverage", is_flag=True, help="Print what was reached of each API description."),
    click.option("--min-coverage", multiple=True, metavar="[KIND=]PERCENT", help=MIN_COVERAGE),
    click.option("--report", multiple=True, metavar="KIND=PATH", help=REPORT),
    *JUNIT,
    click.option(
        "--format", type=click.Choice(["console", "json"]), default="console", help="What to print on stdout."
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print failures and the summary only."),
    click.option("-v", "--verbose", is_flag=True, help="Print every request, criterion and output."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
    ),
)


class WhereOptions(Frozen):
    """What was said of places on the command line, as click gives it."""

    source: tuple[str, ...]
    source_root: tuple[str, ...]
    offline: bool
    no_cache: bool
    config: str | None
    profile: str | None
    server: tuple[str, ...]
    server_var: tuple[str, ...]
    cacert: str | None
    insecure: tuple[str, ...]
    proxy: str | None
    HIDDEN = ("proxy",)


class ExecuteOptions(WhereOptions):
    """What was said of running on the command line, as click gives it."""

    targets: tuple[str, ...]
    strict: bool
    input_: tuple[str, ...]
    inputs: tuple[str, ...]
    input_env: tuple[str, ...]
    input_file: tuple[str, ...]
    sandbox: bool
    live: bool
    sandbox_balance: int | None
    scenario: str | None
    fault: tuple[str, ...]
    live_like: bool
    seed: str | None
    auth: tuple[str, ...]
    env_file: tuple[str, ...]
    no_input: bool
    cert: str | None
    key: str | None
    timeout: float | None
    pace: float | None
    max_steps: int | None
    max_time: float | None
    max_teardown: float | None
    contract: tuple[str, ...]
    coverage: bool
    min_coverage: tuple[str, ...]
    report: tuple[str, ...]
    junit_dialect: Dialect
    junit_unit: Unit
    format: str
    quiet: bool
    verbose: bool
    color: ColorChoice
    HIDDEN = ("auth",)

    @property
    def also_read(self) -> tuple[str | None, ...]:
        """The files that a command reads besides those of all commands that run."""
        return ()

    @property
    def is_replayed(self) -> bool:
        """Whether answers come from a recording, which needs no credential."""
        return False

    @property
    def may_ask(self) -> bool:
        """Whether the user may be asked for a credential that is missing."""
        return not self.no_input


class TapedOptions(ExecuteOptions):
    """What was said on the command line also of recording, replaying and running again."""

    record: str | None
    replay: str | None
    replay_drift: str | None
    watch: bool

    @property
    def is_replayed(self) -> bool:
        return self.replay is not None

    @property
    def may_ask(self) -> bool:
        return not (self.no_input or self.replay)


def where_options(command: F) -> F:
    """Give a command the options of places."""
    for option in reversed(WHERE):
        command = option(command)
    return command


def journal_option(command: F) -> F:
    """Give a command that looks into a journal the option that says where it is."""
    where = "Where the journal is, if not in the user's folder for what is to last."
    return click.option("--journal", metavar="PATH", help=where)(command)


def journal_options(command: F) -> F:
    """Give a command that runs the options of keeping it."""
    for option in reversed(JOURNAL):
        command = option(command)
    return command


def junit_options(command: F) -> F:
    """Give a command the options of the JUnit report."""
    for option in reversed(JUNIT):
        command = option(command)
    return command


def tape_options(command: F) -> F:
    """Give a command the options that record, replay and watch."""
    for option in reversed(TAPE):
        command = option(command)
    return command


def execute_options(command: F) -> F:
    """Give a command the options of running, those of places and of the sandbox among them."""
    for option in reversed(EXECUTE):
        command = option(command)
    return where_options(stage_options(command))


def pairs(texts: Iterable[str], form: str) -> Iterable[tuple[str, str]]:
    """Split `name=value` options; a name may be given once."""
    seen = set()
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise UsageError(f"'{text}' is not of the form {form}")
        if name in seen:
            raise UsageError(f"'{name}' is given twice: {form}")
        seen.add(name)
        yield name, value
