"""Turns a base URI and a reference into the URI that is meant (RFC 3986, section 5.2), for any scheme.

`urllib.parse.urljoin` follows the RFC only for the schemes it knows, and tidies what it was not asked to.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from runner.late import late_pattern

# RFC 3986, appendix B: ^(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?
_URI = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?",
    re.DOTALL,
)
# The same, with no more than the characters that sections 3 and 4.2 allow in each part.
_PCHAR = r"[\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2}"
_REFERENCE = late_pattern(
    rf"(?:[a-z][a-z0-9+.-]*:|(?![^/?#]*:))(?://(?:{_PCHAR})*(?:\[[0-9a-fv.:]+\](?::\d*)?)?(?=[/?#]|$))?"
    rf"(?:{_PCHAR}|/)*(?:\?(?:{_PCHAR}|[/?])*)?(?:\#(?:{_PCHAR}|[/?])*)?",
    re.IGNORECASE | re.ASCII,
)


class Uri(NamedTuple):
    """The five parts of a URI reference; None is a part that is not there, which an empty part is not."""

    scheme: str | None
    authority: str | None
    path: str
    query: str | None
    fragment: str | None

    def has_scheme(self, *names: str) -> bool:
        """Say whether its scheme is one of these, which are in lower case; in a URI the case does not matter."""
        return self.scheme is not None and self.scheme.lower() in names

    def __str__(self) -> str:
        return "".join(
            [
                f"{self.scheme}:" if self.scheme is not None else "",
                f"//{self.authority}" if self.authority is not None else "",
                self.path,
                f"?{self.query}" if self.query is not None else "",
                f"#{self.fragment}" if self.fragment is not None else "",
            ]
        )


def split_uri(text: str) -> Uri:
    """Split a URI reference into its parts; every text is one."""
    found = _URI.fullmatch(text)
    return Uri(*found.groups()) if found else Uri(None, None, text, None, None)


def is_uri_reference(text: str) -> bool:
    """Say whether a text has the form of a URI reference (section 4.1)."""
    return _REFERENCE.fullmatch(text) is not None


def without_fragment(uri: str) -> str:
    """Give what identifies the document: the URI up to its `#`."""
    return uri.partition("#")[0]


def is_http(uri: str) -> bool:
    """Say whether a URI is absolute, of http or https, and names a host."""
    parts = split_uri(uri)
    return parts.has_scheme("http", "https") and bool(parts.authority)


def resolve_uri(base: str, reference: str) -> str:
    """Resolve a reference against a base URI."""
    target = split_uri(reference)
    if target.scheme is not None:
        return str(target._replace(path=_remove_dots(target.path)))
    root = split_uri(base)
    if target.authority is not None:
        return str(target._replace(scheme=root.scheme, path=_remove_dots(target.path)))
    if not target.path:
        query = root.query if target.query is None else target.query
        return str(root._replace(query=query, fragment=target.fragment))
    path = target.path if target.path.startswith("/") else _merge(root, target.path)
    return str(Uri(root.scheme, root.authority, _remove_dots(path), target.query, target.fragment))


def _merge(base: Uri, path: str) -> str:
    """Put a relative path in the place of the last segment of the base (section 5.2.3)."""
    if base.authority is not None and not base.path:
        return "/" + path
    return base.path[: base.path.rfind("/") + 1] + path


def _remove_dots(path: str) -> str:
    """Interpret `.` and `..` segments (section 5.2.4); a relative path keeps the `..` that lead out of it."""
    if "." not in path:
        return path
    rooted, kept = path.startswith("/"), list[str]()
    segments = path.removeprefix("/").split("/")
    for segment in segments:
        if segment == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif segment not in (".", "..") or (segment == ".." and not rooted):
            kept.append(segment)
    if segments[-1] in (".", "..") and (not kept or kept[-1] != ""):
        kept.append("")
    return ("/" if rooted else "") + "/".join(kept)
