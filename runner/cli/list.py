"""`arazzo list`: the bundled workflows, each with what it does."""

from __future__ import annotations

import sys

import click

from runner import bundled
from runner.loader.text import read_text
from runner.source import Source
from runner.values import Json


@click.command("list")
@click.option("--format", "form", type=click.Choice(["console", "json"]), default="console", help="How to print it.")
def command(form: str) -> None:
    """List the bundled workflows, which `arazzo run NAME` runs on the embedded sandbox."""
    found = {name: _summary(name) for name in bundled.workflows()}
    if form == "json":
        import json

        rows = [{"name": name, "summary": summary} for name, summary in found.items()]
        click.echo(json.dumps({"version": 1, "workflows": rows}, ensure_ascii=False))
        return
    width = max((len(name) for name in found), default=0)
    for name, summary in found.items():
        click.echo(f"{name:<{width}}  {summary}")
    if sys.stdout.isatty():
        click.echo("\nRun one with: arazzo run NAME", err=True)


def _summary(name: str) -> str:
    path = bundled.workflows()[name]
    root = read_text(Source(path.as_uri(), path.name, path.read_text(encoding="utf-8"))).value
    info: Json = root.get("info") if isinstance(root, dict) else None
    summary = (info.get("summary") or info.get("title")) if isinstance(info, dict) else None
    return summary if isinstance(summary, str) else ""
