"""`arazzo schedule`: submit a document again and again, at the times that a cron expression names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from runner.cli.fleet import fail, opened, store_option
from runner.cli.help import Sectioned
from runner.cli.submit import Said, advise, gather, submit_options
from runner.cli.terminal import look
from runner.errors import ArazzoError


@click.group("schedule")
def command() -> None:
    """Submit a document again and again, at the times that a cron expression names.

    Whoever runs `arazzo worker` then makes a batch of it and runs it. What was missed while nobody did is made up for
    once.
    """


@command.command("add", cls=Sectioned)
@click.argument("name", metavar="NAME")
@click.argument("cron", metavar="CRON")
@click.argument("file", metavar="FILE|NAME")
@click.option("--zone", default="UTC", metavar="ZONE", help="The time zone of the expression (UTC).")
@submit_options
def add(name: str, cron: str, file: str, zone: str, **options: Any) -> None:
    """Keep a schedule; one of this name is replaced.

    \b
    Try:  arazzo schedule add nightly '0 3 * * *' checkout.arazzo.yaml --zone Europe/Berlin
    """
    terminal = look(options["color"])
    try:
        import secrets

        from runner.cli.journal import journal_key
        from runner.fleet.batches import Batches, check_name
        from runner.fleet.schedules import Schedules, due_after

        check_name(name)
        due_after(cron, zone, datetime.now().timestamp())
        said = Said.of(file, options)
        gathered, template, secret = (
            gather(said, terminal),
            f"{name}.{secrets.token_hex(4)}",
            journal_key(terminal.environ),
        )
        with opened(said.store, terminal) as database:
            Batches(database).submit(
                gathered.batch(template, secret, is_template=True), gathered.sealed(template, secret)
            )
            made = Schedules(database).add(name, cron, zone, template)
            advise(database, terminal)
    except ArazzoError as error:
        fail(terminal, error)
    print(f"{name}: next at {_time(made.due)}")


@command.command("list")
@store_option
@click.option("--format", "form", type=click.Choice(["console", "json"]), default="console", help="How to print it.")
def list_(store: str | None, form: str) -> None:
    """List the schedules, with when each is due next."""
    terminal = look()
    try:
        from runner.fleet.schedules import Schedules

        with opened(store, terminal, is_there=True) as database:
            found = Schedules(database).all()
    except ArazzoError as error:
        fail(terminal, error)
    if form == "json":
        rows = [{"name": each.name, "cron": each.cron, "zone": each.zone, "due": each.due} for each in found]
        print(json.dumps({"version": 1, "schedules": rows}))
        return
    for each in found:
        print(f"{each.name}: {each.cron} ({each.zone}), next at {_time(each.due)}")


@command.command("remove")
@click.argument("name", metavar="NAME")
@store_option
def remove(name: str, store: str | None) -> None:
    """Forget a schedule. The batches that it has made stay."""
    terminal = look()
    try:
        from runner.fleet.schedules import Schedules

        with opened(store, terminal, is_there=True) as database:
            Schedules(database).remove(name)
    except ArazzoError as error:
        fail(terminal, error)


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
