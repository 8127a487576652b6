"""Turns lines, and one line that changes, into what a stream can show: only a terminal redraws its last line."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Protocol, TextIO

from runner.reporters.style import Style
from runner.reporters.text import cut

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live


class Screen(Protocol):
    """`say` writes lines that stay, `show` what happens just now; `say` comes above it."""

    def say(self, text: str) -> None: ...

    def show(self, text: str) -> None: ...

    def close(self) -> None: ...


class PlainScreen:
    """Lines, as they come. What the stream's encoding does not have is written as an escape."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        self._stream.write(_encodable(text, self._stream) + "\n")
        self._stream.flush()

    def show(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


class LiveScreen:
    """Lines, and one more at the bottom of a terminal with a spinner before it."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._console: Console | None = None
        self._live: Live | None = None

    def say(self, text: str) -> None:
        if self._console is None:
            PlainScreen(self._stream).say(text)
            return
        from rich.text import Text

        self._console.print(Text.from_ansi(_encodable(text, self._stream)), soft_wrap=True)

    def show(self, text: str) -> None:
        """Change the last line; no text takes it away."""
        if not text:
            self.close()
            return
        from rich.spinner import Spinner
        from rich.text import Text

        shown = cut(text, self._style.width - 4, self._style.mark("ellipsis"))
        line = Text(_encodable(shown, self._stream), style="dim" if self._style.color else "")
        spinner = Spinner("dots" if self._style.unicode else "line", line)
        self._started().update(spinner, refresh=True)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            atexit.unregister(self.close)
        self._live = self._console = None

    def _started(self) -> Live:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._console = Console(
                file=self._stream,
                force_terminal=True,
                color_system="standard" if self._style.color else None,
                width=self._style.width,
                highlight=False,
                markup=False,
                emoji=False,
            )
            self._live = Live(
                console=self._console,
                transient=True,
                refresh_per_second=10,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
            atexit.register(self.close)  # a terminal whose user has had enough gets its cursor back
        return self._live


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
