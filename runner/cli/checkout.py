"""Turn sources into paths that start from the root of the checkout, where CI says which folder that is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from runner.records import Frozen
from runner.shell.lookup import path_of
from runner.source import Source


class Checkout(Frozen):
    """The folder that paths in reports for CI start from."""

    root: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Checkout:
        """Find it: what GitHub or GitLab says, else the current folder."""
        return cls(Path(environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR") or Path.cwd()))

    def below(self, source: Source) -> str:
        """Give the path of a file below the root, with slashes; nothing for what is elsewhere."""
        if not source.uri.startswith("file:"):
            return ""
        path = path_of(source.uri)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else ""

    def path(self, source: Source) -> str:
        """Give the path of a file below the root, or the name of what is elsewhere."""
        return self.below(source) or source.name

    def address(self, source: Source) -> tuple[str, bool]:
        """Give the URI of a source, and whether it is relative to the root."""
        path = self.below(source)
        return (quote(path), True) if path else (source.uri or "about:blank", False)
