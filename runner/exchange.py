"""Requests, replies, and the ports through which they travel: plain values, no HTTP library."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property, lru_cache
from math import isinf
from typing import Literal, NamedTuple, Protocol, TypeAlias

from runner.late import late_pattern
from runner.records import Frozen
from runner.values import ABSENT, Json, Value

Headers: TypeAlias = tuple[tuple[str, str], ...]

FailureKind: TypeAlias = Literal[
    "dns",
    "connect",
    "tls",
    "timeout",
    "closed",
    "protocol",
    "too-large",
    "redirects",
    "url",
    "not-allowed",
    "cancelled",
    "offline",
    "credentials",
    "unrecorded",
]


def header(headers: Headers, name: str) -> str | None:
    """Give a header's value; repeated fields are joined by `, ` (RFC 9110, 5.2), of Set-Cookie the first is given."""
    wanted, length, found = name.lower(), len(name), None
    for key, value in headers:  # most fields are told from the others by how long their names are
        if len(key) == length and key.lower() == wanted:
            if found is None:
                found = value
            elif wanted != "set-cookie":
                found = f"{found}, {value}"
    return found


def header_lines(headers: Headers, name: str) -> list[str]:
    """Give the value of each line of a header."""
    wanted = name.lower()
    return [value for key, value in headers if key.lower() == wanted]


class MediaType(NamedTuple):
    """A media type without its parameters, in lower case, and the charset it names."""

    essence: str
    charset: str

    @property
    def is_json(self) -> bool:
        return self.essence.endswith("+json") or self.essence in ("application/json", "text/json")

    @property
    def is_xml(self) -> bool:
        return self.essence.endswith("+xml") or self.essence in ("application/xml", "text/xml")

    @property
    def is_text(self) -> bool:
        return (
            self.essence.startswith("text/")
            or self.is_json
            or self.is_xml
            or self.essence
            in (
                "application/x-www-form-urlencoded",
                "application/javascript",
                "application/yaml",
                "application/x-ndjson",
            )
        )


@lru_cache(maxsize=256)
def media_type(content_type: str | None) -> MediaType:
    """Parse a Content-Type field; the charset defaults to UTF-8."""
    essence, *parameters = (content_type or "").split(";")
    charset = "utf-8"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip():
            charset = value.strip().strip('"')
    return MediaType(essence.strip().lower(), charset)


_XML_ENCODING = late_pattern(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")


class Content(NamedTuple):
    """A decoded body. `problem` says why a body that claims to be JSON is given as text."""

    value: Value
    problem: str | None = None


def decode(body: bytes, content_type: str | None) -> Content:
    """Decode a body by its media type: JSON is parsed, other text is a string, anything else stays bytes.

    A body without Content-Type is JSON where it parses as such, else text where it is UTF-8.
    """
    if not body:
        return Content(ABSENT)
    kind = media_type(content_type)
    if kind.is_xml and "charset" not in (content_type or "").lower():
        declared = _XML_ENCODING.match(body)  # RFC 7303, 3: without the parameter, the document says it itself
        kind = MediaType(kind.essence, declared[1].decode("ascii")) if declared else kind
    try:
        text = body.decode(kind.charset).removeprefix("\ufeff")
    except (ValueError, LookupError) as error:  # ValueError: also a charset that is no name
        return Content(body, _undecodable(body, kind, error) if kind.is_text else None)
    if kind.is_json or not kind.essence:
        try:
            return Content(parse_json(text))
        except ValueError as error:
            return Content(text, f"it is not JSON: {error}" if kind.is_json else None)
    return Content(text if kind.is_text else body)


def _undecodable(body: bytes, kind: MediaType, error: ValueError | LookupError) -> str:
    """Say why a body is not the text that it claims to be."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not {kind.charset}: 0x{body[error.start]:02X} at byte {error.start}"
    if isinstance(error, LookupError):
        return f"it is in the charset '{kind.charset}', which is not known"
    return f"it is not {kind.charset}"


def parse_json(text: str) -> Json:
    """Parse JSON text strictly: `NaN` and `Infinity` are refused; big integers stay whole.

    ValueError says in our own words what is wrong, and where.
    """
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{error.msg[:1].lower()}{error.msg[1:]}, in line {error.lineno}, column {error.colno}"
        ) from None
    except _NotJson:
        raise
    except ValueError:  # all that is left: Python bounds the digits that it converts
        raise ValueError("a number has too many digits") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


class _NotJson(ValueError):  # noqa: N818 - it says what is wrong with a text, not with the program
    """Something that Python reads and JSON does not have."""


def _refuse_constant(name: str) -> Json:
    raise _NotJson(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    """Refuse what a float can only call infinite: it could never be written as JSON again."""
    number = float(text)
    if isinf(number):
        raise _NotJson("a number is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


class Request(Frozen, dict=True):
    """A request as it leaves: absolute URL, header fields in order, body as bytes."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    HIDDEN = ("body",)

    @cached_property
    def content(self) -> Content:
        return decode(self.body, header(self.headers, "content-type"))


class Response(Frozen, dict=True):
    """A response as it came, content codings undone."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    HIDDEN = ("body",)

    @cached_property
    def content(self) -> Content:
        return decode(self.body, header(self.headers, "content-type"))


class TransportFailure(Frozen):
    """No response came; `message` says why in one line, without the URL."""

    kind: FailureKind
    message: str


Reply: TypeAlias = Response | TransportFailure


class Hop(Frozen):
    """What was sent before, and answered by a redirect that was followed or by a refusal of its credentials."""

    sent: Request
    response: Response


class Exchange(Frozen):
    """What was really sent, what came back, and the seconds it took; `hops` are the requests that led to `sent`."""

    sent: Request
    reply: Reply
    took: float = 0.0
    hops: tuple[Hop, ...] = ()

    @property
    def weight(self) -> int:
        """Bytes of its bodies."""
        reply = self.reply
        own = len(self.sent.body) + (len(reply.body) if isinstance(reply, Response) else 0)
        return own + sum(len(hop.response.body) for hop in self.hops) if self.hops else own


class Transport(Protocol):
    """Send one request and give one reply: no redirects, no credentials, never an exception. `timeout` in seconds."""

    def send(self, request: Request, timeout: float | None) -> Reply: ...


class AsyncTransport(Protocol):
    """`Transport`, awaited."""

    async def send(self, request: Request, timeout: float | None) -> Reply: ...


class Gate(Protocol):
    """Hold requests back: `enter` returns when one to this URL may leave: `at_once` where later ones are to wait."""

    def enter(self, url: str, at_once: bool) -> None: ...


class Clock(Protocol):
    """Time as a run sees it: `now` in seconds since 1970, `monotonic` and `sleep` in seconds."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class AsyncClock(Protocol):
    """`Clock`, awaited where it sleeps."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class Cache(Protocol):
    """Keep bytes from one start to the next, by a key of hexadecimal digits.

    `get` gives what this user has once `put` there, or nothing. Neither raises: a cache that fails has no entries.
    """

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, content: bytes) -> None: ...


class Fetched(NamedTuple):
    """A document's text and the URI it really came from, after redirects."""

    uri: str
    text: str


Fetch: TypeAlias = Callable[[str], Fetched]
"""Give the text behind an absolute URI, or raise FetchError."""
