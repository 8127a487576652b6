"""The front door: the environment and the terminal are looked at here, once, and nowhere else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Literal, TextIO, TypeAlias

from runner.records import Frozen
from runner.reporters.style import Style

ColorChoice: TypeAlias = Literal["auto", "always", "never"]


class Terminal(Frozen):
    """What this process was started with.

    `live`, `err_live`: a line of this stream may be redrawn; `asks`: somebody is there to answer.
    """

    environ: Mapping[str, str]
    out: TextIO
    err: TextIO
    out_style: Style
    err_style: Style
    live: bool
    asks: bool = False
    err_live: bool = False

    def warn(self, message: str) -> None:
        print(self.err_style.paint("warning:", "warning"), message, file=self.err)


def look(color: ColorChoice = "auto") -> Terminal:
    """Look at the environment and the standard streams."""
    environ = dict(os.environ)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    dumb = environ.get("TERM") == "dumb"
    return Terminal(
        environ=environ,
        out=sys.stdout,
        err=sys.stderr,
        out_style=_style(sys.stdout, color, environ),
        err_style=_style(sys.stderr, color, environ),
        live=sys.stdout.isatty() and not dumb and not environ.get("CI"),
        err_live=sys.stderr.isatty() and not dumb and not environ.get("CI"),
        asks=sys.stdin.isatty() and sys.stderr.isatty() and not environ.get("CI"),
    )


def _style(stream: TextIO, color: ColorChoice, environ: Mapping[str, str]) -> Style:
    width = shutil.get_terminal_size((100, 24)).columns if stream.isatty() else 100
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return Style(color=wants_color(color, environ, stream.isatty()), unicode=encoding.startswith("utf"), width=width)


def wants_color(choice: ColorChoice, environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Decide on colour: the option, then NO_COLOR, then FORCE_COLOR, then the terminal."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") != "0" for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environ.get("TERM") == "dumb" or environ.get("CLICOLOR") == "0":
        return False
    return is_terminal
