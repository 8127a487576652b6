"""`arazzo schema`: the JSON Schema of Arazzo documents, for editors."""

from __future__ import annotations

import json
import sys

import click

from runner.arazzo.dialect import DIALECTS
from runner.arazzo.schema import json_schema
from runner.cli.coverage import write
from runner.cli.prepare import say_error
from runner.cli.terminal import look
from runner.errors import UsageError


@click.command("schema")
@click.option("--arazzo", "version", type=click.Choice(list(DIALECTS)), default="1.0", help="The version of Arazzo.")
@click.option("--output", "-o", metavar="PATH", help="Write to a file instead of standard output.")
def command(version: str, output: str | None) -> None:
    """Print the JSON Schema of Arazzo documents, which editors complete and explain fields with.

    \b
    arazzo schema -o arazzo.schema.json
    Then begin documents with:  # yaml-language-server: $schema=arazzo.schema.json
    """
    text = json.dumps(json_schema(DIALECTS[version]), ensure_ascii=False, indent=2) + "\n"
    if output is None:
        print(text, end="")
        return
    terminal = look("auto")
    try:
        write(output, text)
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
    print(f"begin documents with: # yaml-language-server: $schema={output}", file=terminal.err)
