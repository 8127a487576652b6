"""The command line: one thin module per verb, imported only when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from runner.version import __version__

# Name, module, and what `arazzo --help` says: nothing is imported to say it.
COMMANDS = {
    "run": ("runner.cli.run", "Run workflows: your own files, or bundled ones by name."),
    "check": ("runner.cli.check", "Say what is wrong with documents, without running them."),
    "list": ("runner.cli.list", "List the bundled workflows."),
    "sandbox": ("runner.cli.sandbox", "Serve the embedded stand-ins of the bundled workflows' APIs."),
}

EPILOG = """\b
Exit codes:
  0    passed
  1    a workflow failed
  2    usage: unknown name or option, refused inputs
  3    a description is invalid, or a local source is missing
  4    a remote document was not fetched, or no request was answered
  130  interrupted
  70   a bug in arazzo itself
"""


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
    try:
        cli.main(prog_name="arazzo", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if os.environ.get("ARAZZO_DEBUG"):
            raise
        print(f"error: this is a bug in arazzo: {type(error).__name__} in {_where(error)}", file=sys.stderr)
        print("set ARAZZO_DEBUG=1 to see all of it, and please report it", file=sys.stderr)
        sys.exit(70)


def _where(error: BaseException) -> str:
    """Name the line an exception comes from; its message could hold a secret."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    return f"{frames.tb_frame.f_globals.get('__name__')}:{frames.tb_lineno}" if frames else "an unknown place"
