"""The command line: one thin module per verb, imported only when it is called."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import TextIO

import click

from runner.version import __version__

# Name, module, and what `arazzo --help` says: nothing is imported to say it.
COMMANDS = {
    "run": ("runner.cli.run", "Run workflows: your own files, or bundled ones by name."),
    "test": ("runner.cli.test", "Run many workflows as a test suite, with rows of data and side by side."),
    "submit": ("runner.cli.submit", "Keep a document with rows of data for workers to run."),
    "worker": ("runner.cli.worker", "Run what was submitted, beside other workers on this machine and others."),
    "status": ("runner.cli.status", "Say how far batches are, and write the report of one that is done."),
    "schedule": ("runner.cli.schedule", "Submit a document again and again, at the times that cron says."),
    "check": ("runner.cli.check", "Say what is wrong with documents, without running them."),
    "doctor": ("runner.cli.doctor", "Say what stands between a document and a run."),
    "explain": ("runner.cli.explain", "Explain a rule: what it checks, why, and what to write instead."),
    "runs": ("runner.cli.runs", "List the runs that a journal keeps (run --journal), and how each stands."),
    "resume": ("runner.cli.take_up", "Go on with a run whose process has ended."),
    "cancel": ("runner.cli.cancel", "End a run that a journal keeps."),
    "replay": ("runner.cli.replay", "See one step of a recorded run again, and whether it would pass now."),
    "show": ("runner.cli.show", "Show what a document comes to, as a table or a picture."),
    "schema": ("runner.cli.schema", "Print the JSON Schema of Arazzo documents, for editors."),
    "report": ("runner.cli.report", "Make a report from the record of a run."),
    "diff": ("runner.cli.diff", "Say what changed between two runs."),
    "coverage": ("runner.cli.coverage", "Add up what runs reached of API descriptions."),
    "list": ("runner.cli.list", "List the bundled workflows."),
    "cache": ("runner.cli.cache", "Say where is kept what documents came to, or remove it."),
    "sandbox": ("runner.cli.sandbox", "Serve a stand-in for any API description, or for Civitai's APIs."),
}

EPILOG = """\b
Exit codes:
  0    passed
  1    a workflow failed, an API broke its contract under --contract error, coverage is below its bound,
       `check --diff` has a difference to show, or `diff` found that something got worse
  2    usage: unknown name or option, refused inputs, output that cannot be written
  3    a description is invalid, or a local source is missing
  4    a remote document was not fetched, or no request was answered
  130  interrupted (143: told to stop)
  70   a bug in arazzo itself
"""
INTERRUPTED = 130


class _Verbs(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from runner.diagnostics import nearest

            meant = nearest(name, COMMANDS)
            hint = f"Did you mean '{meant}'?" if meant else f"Commands there are: {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command '{name}'. {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(
    cls=_Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, "-V", "--version", prog_name="arazzo", message="%(prog)s %(version)s")
def cli() -> None:
    """Run Arazzo workflows: sequences of API calls, checked before they are sent and reported exactly.

    \b
    Try:  arazzo list
          arazzo run civitai-search-models-detail
          arazzo check my-flow.arazzo.yaml
    """


def main() -> None:
    """Run the command line and exit."""
    give_streams()
    try:
        code = invoke(sys.argv[1:])
        sys.stdout.flush()
    except click.Abort:
        code = INTERRUPTED
    except KeyboardInterrupt as struck:
        code = 128 + struck.args[0] if struck.args else INTERRUPTED
    except BrokenPipeError:  # whoever reads our output has seen enough
        code = 141
    except OSError as error:
        with suppress(OSError):
            print(f"error: {_cause(error)}", file=sys.stderr)
        code = 2
    except Exception as error:
        code = confess(error)
    silence(sys.stdout, sys.stderr)
    sys.exit(code)


def _cause(error: OSError) -> str:
    """Say why nothing could be done: relative paths begin at the working directory, and nobody can do without it."""
    if isinstance(error, FileNotFoundError):
        try:
            os.getcwd()  # noqa: PTH109
        except FileNotFoundError:
            return "the working directory is not there any more"
    return f"the output cannot be written: {error.strerror or error}"


def invoke(arguments: list[str]) -> int:
    """Run a command and give its exit code. Click's own `main` would make a closed pipe a failed run."""
    try:
        with cli.make_context("arazzo", arguments) as context:
            cli.invoke(context)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "arazzo"
        print(f"error: {error.format_message()}\nsee: {where} --help", file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        print(f"error: {error.format_message()}", file=sys.stderr)
        return error.exit_code
    return 0


def give_streams() -> None:
    """Open what whoever started us has closed: a program may be run without standard streams."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - it stays open
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def silence(*streams: TextIO) -> None:
    """Write what is left; where that fails, keep the interpreter from saying so once more at its end."""
    for stream in streams:
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def confess(error: Exception) -> int:
    """Say in one line that this is our own mistake; the exception's message could hold a secret."""
    if os.environ.get("ARAZZO_DEBUG"):
        raise error
    print(f"error: this is a bug in arazzo: {type(error).__name__} in {_where(error)}", file=sys.stderr)
    print("set ARAZZO_DEBUG=1 to see all of it, and please report it", file=sys.stderr)
    return 70


def _where(error: BaseException) -> str:
    """Name the line an exception comes from; its message could hold a secret."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    return f"{frames.tb_frame.f_globals.get('__name__')}:{frames.tb_lineno}" if frames else "an unknown place"
