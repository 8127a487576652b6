"""Turn the many options of a command into a help text with sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "What to run": (
        "step",
        "workflow",
        "case",
        "visit",
        "attempt",
        "document",
        "strict",
        "dry_run",
        "tag",
        "exclude",
        "rerun_failed",
        "shard",
        "repeat",
        "jobs",
        "rate",
        "concurrency",
        "retries",
        "chunk",
        "fail_fast",
        "source",
        "source_root",
        "offline",
        "no_cache",
        "config",
        "profile",
    ),
    "Fleet": ("store", "name", "drain", "wait", "cancel", "dead_after", "long_wait", "zone"),
    "Fixes": ("fix", "diff"),
    "Inputs": ("input_", "inputs", "input_env", "input_file", "rows"),
    "Where requests go": ("server", "server_var", "live", "sandbox"),
    "Journal": ("journal", "send_again", "take_as_failed", "even_cancelled"),
    "Record and replay": ("record", "replay", "replay_drift", "from_step", "recorded", "watch"),
    "Sandbox": ("sandbox_balance", "scenario", "fault", "seed", "live_like"),
    "Credentials": ("auth", "env_file", "no_input"),
    "Network": ("cacert", "cert", "key", "insecure", "allow_host", "proxy"),
    "Limits": ("timeout", "pace", "max_steps", "max_time", "max_teardown"),
    "Checks": ("contract", "coverage", "min_coverage"),
    "Output": (
        "report",
        "junit_dialect",
        "junit_unit",
        "format",
        "form",
        "output",
        "quiet",
        "verbose",
        "color",
        "help",
    ),
}
"""Where each option stands, by the name of its parameter; one that is not here stands among the others at the end."""


class Sectioned(click.Command):
    """A command whose options are listed in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, rows in self.sections(ctx):
            with formatter.section(title):
                formatter.write_dl(rows)

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Give the sections that this command has, each with a row for each option."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        records: dict[str, list[tuple[str, str]]] = {}
        for each in options:
            if record := each.get_help_record(ctx):  # several flags may set one parameter
                records.setdefault("help" if "--help" in each.opts else str(each.name), []).append(record)
        known = {name for names in SECTIONS.values() for name in names}
        others = tuple(name for name in records if name not in known)
        for title, names in {**SECTIONS, "Other options": others}.items():
            if rows := [row for name in names for row in records.get(name, ())]:
                yield title, rows
