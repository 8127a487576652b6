"""Ask the user to agree in a browser: the address is shown, and opened where there is a screen to open it on."""

from __future__ import annotations

import sys

import click

from runner.cli.terminal import Terminal
from runner.shell.auth import Keyring, Show

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
ANEW = "\r\x1b[2K"  # in place of the line that tells which step is running


def keyring_of(terminal: Terminal, *, asks: bool) -> Keyring:
    """Give the keyring of an invocation; without somebody to ask, no way to a token that asks is taken."""
    return Keyring(show=shown_on(terminal)) if asks and terminal.asks else Keyring()


def shown_on(terminal: Terminal) -> Show:
    """Give what tells the user on this terminal to open a URL."""

    def show(url: str, code: str | None = None) -> None:
        told = f", and enter the code {code}" if code else ""
        begun = ANEW if terminal.live else ""
        print(f"{begun}Open this address in a browser, and agree there{told}:\n  {url}", file=terminal.err, flush=True)
        if sys.platform in ("darwin", "win32") or any(terminal.environ.get(name) for name in SCREENS):
            click.launch(url)

    return show
