"""Sources whose url is that of a page."""

from __future__ import annotations

import re

from runner.arazzo.document import SourceDescription
from runner.diagnostics import Diagnostic, Fix, Rewrite
from runner.source import SourceMap

# Where a host shows a file as a page, and where it gives the file itself.
_PAGES = (
    (
        re.compile(r"https?://(?:www\.)?github\.com/([^/]+/[^/]+)/blob/([^?#]+)(?:[?#].*)?"),
        r"https://raw.githubusercontent.com/\1/\2",
    ),
    (re.compile(r"(https?://[^/?#]+/[^?#]+/-)/blob/([^?#]+)(?:[?#].*)?"), r"\1/raw/\2"),
    (re.compile(r"(https?://bitbucket\.org/[^/]+/[^/]+)/src/([^?#]+)(?:[?#].*)?"), r"\1/raw/\2"),
)


def file_behind(url: str) -> str | None:
    """Give the address of the file that a page of a known host shows; nothing for any other url."""
    for page, file in _PAGES:
        if page.fullmatch(url):
            return page.sub(file, url)
    return None


def page_as_source(source: SourceDescription, file: str, places: SourceMap) -> Diagnostic:
    """The url of a source is that of a page that shows the file.

    Why: a page is HTML; the description is behind it, at an address of its own, from which it was read.
    Example: `url: https://github.com/example/pets/blob/main/openapi.yaml`.
    Instead: `url: https://raw.githubusercontent.com/example/pets/main/openapi.yaml`.
    """
    place = f"{source.pointer}/url"
    message = "this is the address of a page that shows the file, not that of the file"
    fix = Fix(f"write {file}", (Rewrite(place, file),))
    return Diagnostic("page-as-source", "warning", message, places.value(place), fix=fix)
