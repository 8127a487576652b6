"""`arazzo sandbox`: the embedded stand-ins, or one for any API description, as a server to develop against."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from runner.cli.cache import NO_CACHE
from runner.cli.options import Seconds
from runner.cli.prepare import say_error
from runner.cli.stage import check_operations, read_stage, stage_options
from runner.cli.terminal import Terminal, look
from runner.diagnostics import Diagnostic
from runner.errors import ArazzoError, DescriptionError
from runner.exchange import Transport
from runner.reporters.diagnostics import render_full

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings, WebhookMode


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
@click.option("--duration", type=Seconds(), metavar="S", help="Seconds a generation takes (3).")
@click.option("--balance", type=click.IntRange(min=0), metavar="BUZZ", help="What each account starts with.")
@click.option(
    "--rate-limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Answer 429 after N requests of an account in a minute.",
)
@click.option(
    "--webhooks",
    type=click.Choice(("off", "loopback", "any")),
    default="loopback",
    show_default=True,
    help="Where events may be sent; the others stay in /__outbox. To this machine also by http, unless off.",
)
@stage_options
@click.option("--offline", is_flag=True, help="Fetch no description from the network.")
@click.option("--no-cache", is_flag=True, help=NO_CACHE)
def command(descriptions: tuple[str, ...], port: int, host: str, **options: Any) -> None:
    """Serve stand-ins until Ctrl-C: of any API by its OpenAPI or Swagger description, else of Civitai's APIs.

    A description's replies are its examples, else made from its schemas; requests are checked. `Prefer: code=404`,
    `example=NAME` and `dynamic=true` choose another reply, --seed makes other values, and --fault lets requests fail.

    Without a description Civitai's Site, Orchestration and OAuth APIs are served. Any bearer token is an account of its
    own, except one that begins with `invalid` or `expired`; tokens of the OAuth API begin with `civitai_` and act for
    its user. A page at / shows the state, /__state gives it as JSON.

    \b
    Then:  arazzo run civitai-image-generation-poll --server orchestration=http://127.0.0.1:8080
    Try:   arazzo sandbox --fault status=503,rate=0.2,seed=1 --fault job=fail,times=1
    """
    _refuse_strays(click.get_current_context(), bool(descriptions))
    if descriptions:
        from runner.cli.described import Serving, serve_described

        chosen = {name: options[name] for name in ("seed", "fault", "offline", "no_cache")}
        sys.exit(serve_described(Serving(descriptions, host, port, **chosen)))
    serve_civitai(host, port, options)


_OF_CIVITAI = ("time_scale", "duration", "balance", "rate_limit", "scenario", "live_like", "webhooks")
_OF_DESCRIPTIONS = ("seed", "offline", "no_cache")


def _refuse_strays(context: click.Context, described: bool) -> None:
    """Refuse options that would have no effect."""
    for name in _OF_CIVITAI if described else _OF_DESCRIPTIONS:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            what = "the stand-ins of Civitai's APIs, not for descriptions" if described else "descriptions"
            raise click.UsageError(f"--{name.replace('_', '-')} is for {what}", context)


def serve_civitai(host: str, port: int, options: Mapping[str, Any]) -> None:
    """Serve the stand-ins of Civitai's APIs."""
    from runner.sandbox.server import serve

    terminal = look()

    def announce(url: str) -> None:
        print(f"serving on {url} (Ctrl-C stops)", flush=True)

    try:
        settings = _settings(options, terminal)
        with _outlet(settings.webhooks) as outlet:
            undelivered = serve(host, port, settings, announce, outlet)
    except ArazzoError as error:
        if not isinstance(error, DescriptionError):
            say_error(terminal, error)
        sys.exit(error.exit_code)
    for row in undelivered:
        what = f"{row.event['$type']} {row.event['status']} of {row.event['workflowId']}"
        print(f"webhook not delivered: {what} to {row.url}: {row.last}", file=sys.stderr)


def _settings(options: Mapping[str, Any], terminal: Terminal) -> Settings:
    """Give the settings of the scenario, changed by the options that are given."""
    from runner.records import replace
    from runner.sandbox.civitai.sandbox import OPERATION_IDS

    def draw(problems: Iterable[Diagnostic]) -> None:
        for problem in problems:
            print(render_full(problem, terminal.err_style) + "\n", file=terminal.err)

    stage = read_stage(options["scenario"], options["fault"], options["live_like"], draw)
    check_operations(stage.faults, OPERATION_IDS)
    names = ("time_scale", "duration", "balance", "rate_limit", "webhooks")
    return replace(stage, **{name: options[name] for name in names if options[name] is not None})


@contextmanager
def _outlet(mode: WebhookMode) -> Iterator[Transport | None]:
    """Open what webhooks leave through, if any may; what is for this machine passes by any proxy."""
    if mode == "off":
        yield None
        return
    from runner.sandbox.courier import Parted
    from runner.shell.network import Network
    from runner.shell.options import HttpOptions

    with Network(HttpOptions(direct=True)) as near, Network() as far:
        yield near if mode == "loopback" else Parted(near, far)
