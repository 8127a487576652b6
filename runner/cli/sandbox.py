"""`arazzo sandbox`: the embedded stand-ins, or one for any API description, as a server to develop against."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from runner.cli.cache import NO_CACHE
from runner.cli.prepare import Seconds, say_error
from runner.cli.terminal import look
from runner.errors import UsageError


@click.command("sandbox")
@click.argument("descriptions", nargs=-1, metavar="[FILE|URL]...")
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
@click.option("--seed", metavar="TEXT", help="Make other values for descriptions: the same seed, the same replies.")
@click.option("--offline", is_flag=True, help="Fetch no description from the network.")
@click.option("--no-cache", is_flag=True, help=NO_CACHE)
def command(descriptions: tuple[str, ...], port: int, host: str, **options: Any) -> None:
    """Serve stand-ins until Ctrl-C: of any API by its OpenAPI or Swagger description, else of Civitai's APIs.

    A description's replies are its examples, else made from its schemas; requests are checked. `Prefer: code=404`,
    `example=NAME` and `dynamic=true` choose another reply.

    Without a description Civitai's Site and Orchestration APIs are served. Any bearer token is an account of its own,
    except one that begins with `invalid` or `expired`.

    \b
    Then:  arazzo run civitai-image-generation-poll --server orchestration=http://127.0.0.1:8080
    """
    _refuse_strays(click.get_current_context(), bool(descriptions))
    if descriptions:
        from runner.cli.described import Serving, serve_described
        from runner.sandbox.generic import SEED

        seed = SEED if options["seed"] is None else options["seed"]
        sys.exit(serve_described(Serving(descriptions, host, port, seed, options["offline"], options["no_cache"])))
    serve_civitai(host, port, options)


_OF_CIVITAI = ("time_scale", "duration", "balance", "rate_limit")
_OF_DESCRIPTIONS = ("seed", "offline", "no_cache")


def _refuse_strays(context: click.Context, described: bool) -> None:
    """Refuse options that would have no effect."""
    for name in _OF_CIVITAI if described else _OF_DESCRIPTIONS:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            what = "the stand-ins of Civitai's APIs, not for descriptions" if described else "descriptions"
            raise click.UsageError(f"--{name.replace('_', '-')} is for {what}", context)


def serve_civitai(host: str, port: int, options: Mapping[str, Any]) -> None:
    """Serve the stand-ins of Civitai's APIs."""
    from runner.sandbox.civitai.settings import Settings
    from runner.sandbox.server import serve

    terminal = look()
    start = Settings()
    settings = Settings(
        duration=options["duration"],
        time_scale=options["time_scale"],
        balance=start.balance if options["balance"] is None else options["balance"],
        rate_limit=options["rate_limit"] or start.rate_limit,
    )

    def announce(url: str) -> None:
        print(f"serving on {url} (Ctrl-C stops)", flush=True)

    try:
        serve(host, port, settings, announce)
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
