"""`arazzo sandbox`: the embedded stand-ins as a server, to develop against."""

from __future__ import annotations

import sys

import click

from runner.cli.prepare import Seconds, say_error
from runner.cli.terminal import look
from runner.errors import UsageError


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--time-scale",
    type=Seconds(positive=True),
    default=1.0,
    metavar="N",
    help="Let time pass N times as fast.",
)
@click.option("--duration", type=Seconds(), default=3.0, metavar="S", help="Seconds a generation takes (3).")
@click.option(
    "--balance", type=click.IntRange(min=0), default=None, metavar="BUZZ", help="What each account starts with."
)
@click.option(
    "--rate-limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Answer 429 after N requests of an account in a minute.",
)
def command(
    port: int, host: str, time_scale: float, duration: float, balance: int | None, rate_limit: int | None
) -> None:
    """Serve the stand-ins of Civitai's Site and Orchestration APIs until Ctrl-C.

    Any bearer token is an account of its own, except one that begins with `invalid` or `expired`.

    \b
    Then:  arazzo run civitai-image-generation-poll --server orchestration=http://127.0.0.1:8080
    """
    from runner.sandbox.civitai.settings import Settings
    from runner.sandbox.server import serve

    terminal = look()
    start = Settings()
    settings = Settings(
        duration=duration,
        time_scale=time_scale,
        balance=start.balance if balance is None else balance,
        rate_limit=rate_limit or start.rate_limit,
    )

    def announce(url: str) -> None:
        print(f"serving on {url} (Ctrl-C stops)", flush=True)

    try:
        serve(host, port, settings, announce)
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
