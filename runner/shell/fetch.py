"""Turns the address of a document into its text: a file, or what a server gives for an https URL."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import unquote

from runner.diagnostics import nearest
from runner.engine.flow import Send
from runner.errors import FetchError
from runner.exchange import Clock, Exchange, Fetch, Fetched, Request, Response, Transport, header, media_type
from runner.late import late_pattern
from runner.openapi.document import Operation
from runner.records import Frozen, field
from runner.shell.clock import SystemClock
from runner.shell.deliver import Session, carry, deliver
from runner.shell.options import MEBIBYTE
from runner.shell.reach import REMEDY
from runner.shell.regular import refuse_special
from runner.shell.wire import without_user_info
from runner.uri import split_uri

ACCEPT = "application/yaml, application/json, text/yaml, text/plain;q=0.9, */*;q=0.8"
NOTHING_DECLARED = Operation(None, "GET", "", (), None, {}, (), (), {}, "")

_BLOB_PAGE = late_pattern(r"https?://github\.com/([^/]+/[^/]+)/blob/(.+)")
_PACKED = {b"\x1f\x8b": "a gzip file", b"PK\x03\x04": "a zip file"}
_AS_TEXT = "save it as UTF-8"
_DRIVE = re.compile(r"/?[A-Za-z]:[/\\]")


def read_utf8(content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark."""
    return content.decode("utf-8-sig")


class FetchPorts(Frozen):
    """What fetching needs of the world: how to send (opened and closed for each remote document), how to decode.

    Files are read below the folders `within` only, wherever a link leads; None is no bound.
    """

    transport: Callable[[], AbstractContextManager[Transport]]
    decode: Callable[[bytes], str] = read_utf8
    clock: Clock = field(default_factory=SystemClock)
    offline: bool = False
    max_size: int = 64 * MEBIBYTE
    timeout: float = 30.0
    max_redirects: int = 5
    within: tuple[Path, ...] | None = None


MOST_DOCUMENTS = 10_000
MOST_TEXT = 512 * MEBIBYTE
LONGEST_READING = 300.0
"""Seconds: what a document and all that it refers to may take to be read."""


def rationed(fetch: Fetch, clock: Clock) -> Fetch:
    """Bound how many documents are read for an entry document, and how much of them, and for how long."""
    documents, characters, seconds = 0, 0, 0.0

    def fetch_or_refuse(uri: str) -> Fetched:
        nonlocal documents, characters, seconds
        if documents >= MOST_DOCUMENTS:
            raise FetchError(_shown(uri), f"more than {MOST_DOCUMENTS} documents would be read")
        if characters >= MOST_TEXT:
            raise FetchError(_shown(uri), f"more than {MOST_TEXT // MEBIBYTE} MiB would be read")
        if seconds >= LONGEST_READING:
            raise FetchError(_shown(uri), f"the documents before it took more than {LONGEST_READING:g} s")
        began = clock.monotonic()
        try:
            fetched = fetch(uri)
        finally:
            documents, seconds = documents + 1, seconds + clock.monotonic() - began
        characters += len(fetched.text)
        return fetched

    return fetch_or_refuse


def make_fetch(base: Path, ports: FetchPorts) -> Fetch:
    """Make a Fetch; an address without a scheme is a path, relative to the folder `base`."""

    def fetch(uri: str) -> Fetched:
        scheme = "" if _DRIVE.match(uri) else uri.partition(":")[0].lower() if ":" in uri else ""
        match scheme:
            case "http" | "https":
                return _remote(uri, ports)
            case "file":
                return _local(_path_of(uri), uri, ports)
            case "":
                return _local(base / uri, uri, ports)
            case _:
                raise FetchError(_shown(uri), f"'{scheme}' is not file, http or https")

    return fetch


def _local(path: Path, uri: str, ports: FetchPorts) -> Fetched:
    try:
        if ports.within is not None:
            _refuse_outside(_real(path), uri, ports.within)
        refuse_special(path)
        with path.open("rb") as file:
            content = file.read(ports.max_size + 1)
    except FileNotFoundError as error:
        raise FetchError(uri, _not_there(path)) from error
    except IsADirectoryError as error:
        raise FetchError(uri, "it is a folder, not a file") from error
    except PermissionError as error:
        raise FetchError(uri, "it is a folder, not a file" if path.is_dir() else "permission denied") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "it is not a file name"
        raise FetchError(uri, reason[:1].lower() + reason[1:]) from error
    if len(content) > ports.max_size:
        raise FetchError(uri, f"it is larger than {ports.max_size / MEBIBYTE:g} MiB")
    return Fetched(path.absolute().as_uri(), _decoded(content, ports, uri, remote=False))


def _refuse_outside(path: Path, uri: str, within: tuple[Path, ...]) -> None:
    """Keep a document from having files read that have nothing to do with it."""
    folders = [_real(folder) for folder in within]
    if any(path.is_relative_to(folder) for folder in folders):
        return
    if not folders:
        reason = "a document from the network has no say in which files are read"
    else:
        where = " and ".join(f"'{folder}'" for folder in dict.fromkeys(folders))
        reason = f"it is outside of {where}, where this document may have files read"
    raise FetchError(uri, reason, fix=f"allow its folder: --source-root {path.parent}", is_forbidden=True)


def _real(path: Path) -> Path:
    """Follow links; those that lead in a circle are for whoever opens them to tell."""
    try:
        return path.resolve()
    except RuntimeError:
        return path.absolute()


def _path_of(uri: str) -> Path:
    """Give the path of a file URI (RFC 8089); `file:///c:/x` is a drive of Windows."""
    parts = split_uri(uri)
    if parts.authority not in (None, "", "localhost"):
        raise FetchError(uri, f"a file on another machine ('{parts.authority}') cannot be read")
    path = unquote(parts.path)
    return Path(path[1:] if _DRIVE.match(path) and path.startswith("/") else path)


def _not_there(path: Path) -> str:
    """Say how much of a path there is, and what was probably meant."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder '{folder.name or folder}'"
    try:
        meant = nearest(path.name, sorted(entry.name for entry in folder.iterdir() if entry.exists()))
    except OSError:
        meant = None
    return f"there is no such file; did you mean '{meant}'?" if meant else "there is no such file"


def _remote(uri: str, ports: FetchPorts) -> Fetched:
    if ports.offline:
        raise FetchError(_shown(uri), "--offline forbids to fetch it", remote=True)
    url = _BLOB_PAGE.sub(r"https://raw.githubusercontent.com/\1/\2", uri)
    exchange = _got(Request("GET", url, (("Accept", ACCEPT),)), ports)
    response = exchange.reply
    if not isinstance(response, Response):
        reason, _, option = response.message.partition(REMEDY)
        fix = f"allow it: {option}" if option else ""
        raise FetchError(_shown(uri), reason, not option, fix, is_forbidden=response.kind == "not-allowed")
    if response.status != 200:
        said = f"{response.status} {response.reason}".strip()
        raise FetchError(_shown(uri), f"the server answered {said}", remote=True)
    if len(response.body) > ports.max_size:
        raise FetchError(_shown(uri), f"it is larger than {ports.max_size / MEBIBYTE:g} MiB", remote=True)
    if _is_page(response):
        raise FetchError(_shown(uri), "it is an HTML page, not a document", remote=True)
    return Fetched(exchange.sent.url, _decoded(response.body, ports, _shown(uri), remote=True))


def _is_page(response: Response) -> bool:
    """Say whether this is HTML and not only a YAML file that its server calls so."""
    called = media_type(header(response.headers, "content-type")).essence
    return called == "text/html" and response.body.lstrip().startswith(b"<")


def _got(request: Request, ports: FetchPorts) -> Exchange:
    session = Session(ports.clock.now, max_redirects=ports.max_redirects)
    with ports.transport() as transport:
        send = Send(request, NOTHING_DECLARED, ports.timeout)
        return carry(deliver(send, session), transport, ports.clock)


def _decoded(content: bytes, ports: FetchPorts, uri: str, remote: bool) -> str:
    packed = next((kind for start, kind in _PACKED.items() if content.startswith(start)), None)
    if packed is not None:
        raise FetchError(uri, f"it is {packed}, not text", remote, "unpack it, and name the document in it")
    try:
        return ports.decode(content)
    except UnicodeDecodeError as error:
        reason = f"it is not {error.encoding.upper()} text (byte {error.start} is 0x{content[error.start]:02x})"
        raise FetchError(uri, reason, remote, _AS_TEXT) from error
    except ValueError as error:  # a decoder that says itself what is wrong
        raise FetchError(uri, str(error), remote, _AS_TEXT) from error


def _shown(uri: str) -> str:
    """Give a URI as it may be shown: without user and password."""
    return without_user_info(Request("GET", uri)).url
