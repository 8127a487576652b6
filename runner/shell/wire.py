"""Turns a request as a step made it into the request as it leaves: every header field it is sent with, a legal URL.

The fields that an HTTP library would add by itself (Host, User-Agent, Accept, Accept-Encoding, Content-Length) are
written here, so that `Exchange.sent` is what the server saw and a transport has nothing to add.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from runner.exchange import Headers, Request, TransportFailure
from runner.late import late_pattern
from runner.records import replace
from runner.shell.failures import bad_url

DEFAULT_PORTS = {"http": 80, "https": 443}
_DEFAULT_TEXTS = {scheme: str(port) for scheme, port in DEFAULT_PORTS.items()}

_UNRESERVED = "-._~"
_PATH = _UNRESERVED + "!$&'()*+,;=:@/%"
_QUERY = _PATH + "?[]"  # brackets: `allowReserved` sends them, and servers read them either way
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

_PLAIN = re.compile(r"(?:[0-9a-z_-]{1,63}\.)*[0-9a-z_-]{1,63}\.?")  # what IDNA leaves as it is (RFC 3490, section 4.1)
_HALF = re.compile(r"[\ud800-\udfff]")  # a surrogate, as JSON can write one: no encoding has it

# RFC 9110, 5.1 and 5.5: field-name = token; a field value holds no CR, LF or NUL.
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FORBIDDEN = late_pattern(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")

FRAMING = frozenset({"content-length", "transfer-encoding"})
"""How long the body is: for whoever sends it to say, never for a workflow."""

HAS_CONTENT = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say how long their body is though there is none."""

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""Methods whose requests may arrive twice (RFC 9110, 9.2.2)."""

LONGEST_URL = 65536

# What `legal_url` gives back as it is, most of the time: this pattern, and no `%`, `/.` or default port.
_LEGAL = re.compile(
    r"(https?)://((?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63})(?::([1-9][0-9]{0,3}|[1-5][0-9]{4}))?"
    r"(/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]+)?)"
)
_PARTS = re.compile(r"(https?)://(\[[^\]/]*\]|[^/:\[]*)(?::([0-9]+))?(/.*)")


class Place(NamedTuple):
    """Where a request goes: `host` without brackets, `authority` as Host says it, `target` from the path on."""

    scheme: str
    host: str
    port: int
    authority: str
    target: str

    @property
    def name(self) -> str:
        """The host as people write it."""
        return self.host.encode().decode("idna") if "xn--" in self.host else self.host


@lru_cache(maxsize=64)
def place_of(url: str) -> Place | TransportFailure:
    """Take apart an absolute URL, made legal where it is not."""
    if isinstance(legal := legal_url(url), TransportFailure):
        return legal
    if len(legal) > LONGEST_URL:
        return bad_url("url too long")
    matched = _PARTS.fullmatch(legal)
    assert matched is not None
    scheme, host, port, target = matched.groups()
    if "xn--" in host and not _is_a_name(host):
        return bad_url("its host name is not valid")
    authority = f"{host}:{port}" if port else host
    return Place(scheme, host.strip("[]"), int(port) if port else DEFAULT_PORTS[scheme], authority, target)


def authority(url: str) -> str:
    """Give `host:port` of a URL, whatever it leaves out; nothing for what is none."""
    place = place_of(url)
    return "" if isinstance(place, TransportFailure) else f"{place.host}:{place.port}"


def _is_a_name(host: str) -> bool:
    """Say whether the `xn--` labels of a host stand for something."""
    try:
        return bool(host.encode().decode("idna"))
    except UnicodeError:
        return False


def origin(url: str) -> str:
    """Give scheme, host and port of an absolute URL in one spelling, default ports left out."""
    return _origin(urlsplit(url))


def _origin(parts: SplitResult) -> str:
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host if _PLAIN.fullmatch(host) else host.encode("idna").decode("ascii")
    port = parts.port
    return f"{scheme}://{host}" if port in (None, DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def complete(request: Request, user_agent: str) -> Request | TransportFailure:
    """Write every header field that will be sent and make the URL legal; refuse what HTTP cannot carry."""
    url = legal_url(request.url)
    if not isinstance(url, str):
        return url
    if not TOKEN.fullmatch(request.method):
        return TransportFailure("protocol", "the method is not one that HTTP can send")
    names = lowered(tuple([name for name, _ in request.headers]))
    if names is None or not is_carried("".join([value for _, value in request.headers])):
        return _forbidden(request.headers)
    return Request(request.method, url, _all_headers(request, names, url, user_agent), request.body)


@lru_cache(maxsize=256)  # the requests of a step have the same names
def lowered(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Give the names of header fields in lower case, or nothing where one of them cannot be such a name."""
    return tuple([name.lower() for name in names]) if all(map(TOKEN.fullmatch, names)) else None


def is_carried(values: str) -> bool:
    """Say whether HTTP carries what field values are made of: quickly where it is what can be printed of ASCII."""
    return (values.isascii() and values.isprintable()) or not FORBIDDEN.search(values)


def _forbidden(headers: Headers) -> TransportFailure:
    """Say which of the fields it is that HTTP cannot carry; its value stays out of it, for it may be a secret."""
    name = next(name for name, value in headers if not TOKEN.fullmatch(name) or FORBIDDEN.search(value))
    if TOKEN.fullmatch(name):
        return TransportFailure("protocol", f"the value of header '{name}' has characters that HTTP forbids")
    return TransportFailure("protocol", f"{name!r} cannot be the name of a header")


def _all_headers(request: Request, given: tuple[str, ...], url: str, user_agent: str) -> Headers:
    """Add to the fields of a request those that it lacks; `url` is legal, so that its authority is what Host says."""
    fields = [] if "host" in given else [("Host", url.split("/", 3)[2])]
    kept = request.headers if FRAMING.isdisjoint(given) else _unframed(request.headers)
    fields += [(name, value.strip(" \t")) for name, value in kept]
    if "user-agent" not in given:
        fields.append(("User-Agent", user_agent))
    if "accept" not in given:
        fields.append(("Accept", "*/*"))
    if "accept-encoding" not in given:
        fields.append(("Accept-Encoding", "gzip, deflate"))
    if request.body or request.method.upper() in HAS_CONTENT:
        fields.append(("Content-Length", str(len(request.body))))
    return tuple(fields)


def _unframed(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in FRAMING)


def is_framed(request: Request) -> bool:
    """Say whether the fields of a request tell the truth of its body: else a part of it would be another request."""
    said = [(lowered, value) for name, value in request.headers if (lowered := name.lower()) in FRAMING]
    return not said or said == [("content-length", str(len(request.body)))]


def without_user_info(request: Request) -> Request:
    """Turn a user and password in the URL into Basic credentials, where the request has no others (RFC 7617)."""
    if "@" not in request.url:
        return request
    try:
        parts = urlsplit(request.url)
    except ValueError:
        return request
    user_info, at, host = parts.netloc.rpartition("@")
    if not at:
        return request
    request = replace(request, url=parts._replace(netloc=host).geturl())
    if any(name.lower() == "authorization" for name, _ in request.headers):
        return request
    user, _, password = user_info.partition(":")
    value = basic(f"{unquote(user)}:{unquote(password)}")
    return replace(request, headers=(*request.headers, ("Authorization", value)))


def basic(user_and_password: str) -> str:
    """Give the Authorization value for `user:password` (RFC 7617; UTF-8)."""
    return "Basic " + base64.b64encode(user_and_password.encode()).decode("ascii")


@lru_cache(maxsize=64)
def legal_url(url: str) -> str | TransportFailure:
    """Give an http(s) URL as it is requested: legal by percent-encoding, without user, password, dots and fragment."""
    if (matched := _LEGAL.fullmatch(url)) and "/." not in url and matched[3] != _DEFAULT_TEXTS[matched[1]]:
        return url
    return _made_legal(url)


def _made_legal(url: str) -> str | TransportFailure:
    if _HALF.search(url):
        return bad_url("it has half a character in it")
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in DEFAULT_PORTS:
            known = f"'{parts.scheme}' is not http or https" if parts.scheme else "it is not absolute"
            return bad_url(known)
        if not parts.hostname or re.search(r"[\s%\x00-\x20]", parts.hostname):
            return bad_url("it names no host")
        where = _origin(parts)
    except ValueError as error:  # a port that is no number, a broken IPv6 address, a label that IDNA refuses
        reason = "its host name is not valid" if isinstance(error, UnicodeError) else str(error).lower()
        return bad_url(reason)
    query = f"?{_quoted(parts.query, _QUERY)}" if parts.query else ""
    return f"{where}{_without_dots(_quoted(parts.path, _PATH)) or '/'}{query}"


def _quoted(text: str, safe: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=safe)


def _without_dots(path: str) -> str:
    """Remove `.` and `..` as every client does before it sends (RFC 3986, 5.2.4)."""
    *_, last = segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join([*kept, ""] if last in (".", "..") else kept)
