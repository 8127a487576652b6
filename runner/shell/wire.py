"""Turns a request as a step made it into the request as it leaves: every header field it is sent with, a legal URL.

The fields that an HTTP library would add by itself (Host, User-Agent, Accept, Accept-Encoding, Content-Length) are
written here, so that `Exchange.sent` is what the server saw and a transport has nothing to add.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from runner.exchange import Headers, Request, TransportFailure
from runner.records import replace

DEFAULT_PORTS = {"http": 80, "https": 443}

_UNRESERVED = "-._~"
_PATH = _UNRESERVED + "!$&'()*+,;=:@/%"
_QUERY = _PATH + "?[]"  # brackets: `allowReserved` sends them, and servers read them either way
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

# RFC 9110, 5.1 and 5.5: field-name = token; a field value holds no CR, LF or NUL.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

FRAMING = frozenset({"content-length", "transfer-encoding"})
"""How long the body is: for whoever sends it to say, never for a workflow."""

_HAS_CONTENT = ("POST", "PUT", "PATCH")


def origin(url: str) -> str:
    """Give scheme, host and port of an absolute URL in one spelling, default ports left out."""
    return _origin(urlsplit(url))


def _origin(parts: SplitResult) -> str:
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    port = parts.port
    return f"{scheme}://{host}" if port in (None, DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def complete(request: Request, user_agent: str) -> Request | TransportFailure:
    """Write every header field that will be sent and make the URL legal; refuse what HTTP cannot carry."""
    url = legal_url(request.url)
    if isinstance(url, TransportFailure):
        return url
    if not _TOKEN.fullmatch(request.method):
        return TransportFailure("protocol", "the method is not one that HTTP can send")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name):
            return TransportFailure("protocol", f"{name!r} cannot be the name of a header")
        if _FORBIDDEN.search(value):
            # the value stays out of the message: it may be a secret
            return TransportFailure("protocol", f"the value of header '{name}' has characters that HTTP forbids")
    return replace(request, url=url, headers=_all_headers(request, url, user_agent))


def _all_headers(request: Request, url: str, user_agent: str) -> Headers:
    kept = [(name, value.strip(" \t")) for name, value in request.headers if name.lower() not in FRAMING]
    given = {name.lower() for name, _ in kept}
    added = [("User-Agent", user_agent), ("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate")]
    if request.body or request.method.upper() in _HAS_CONTENT:
        added.append(("Content-Length", str(len(request.body))))
    host = () if "host" in given else (("Host", origin(url).partition("://")[2]),)
    return (*host, *kept, *(pair for pair in added if pair[0].lower() not in given))


def without_user_info(request: Request) -> Request:
    """Turn a user and password in the URL into Basic credentials, where the request has no others (RFC 7617)."""
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


def legal_url(url: str) -> str | TransportFailure:
    """Give an http(s) URL as it is requested: legal by percent-encoding, without user, password, dots and fragment."""
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in DEFAULT_PORTS:
            known = f"'{parts.scheme}' is not http or https" if parts.scheme else "it is not absolute"
            return TransportFailure("url", f"the URL cannot be requested: {known}")
        if not parts.hostname or re.search(r"[\s%\x00-\x20]", parts.hostname):
            return TransportFailure("url", "the URL cannot be requested: it names no host")
        where = _origin(parts)
    except ValueError as error:  # a port that is no number, a broken IPv6 address, a label that IDNA refuses
        reason = "its host name is not valid" if isinstance(error, UnicodeError) else str(error).lower()
        return TransportFailure("url", f"the URL cannot be requested: {reason}")
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
