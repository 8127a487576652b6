"""Turns a request as a step made it into what a recording would show of it: as it leaves, without its secrets."""

from __future__ import annotations

from runner.engine.events import Answered, Entry
from runner.exchange import Exchange, Request, TransportFailure
from runner.reporters.redact import Redactor
from runner.shell.options import USER_AGENT
from runner.shell.wire import complete, legal_url, without_user_info

_NOT_SENT = TransportFailure("unrecorded", "")


def leaving(request: Request) -> Request | TransportFailure:
    """Give a request as it would leave, but for the credentials and cookies that are added on the way."""
    bare = without_user_info(request)
    url = legal_url(bare.url)
    return url if isinstance(url, TransportFailure) else complete(bare, USER_AGENT)


def hidden(request: Request, redactor: Redactor) -> Request:
    """Take the secrets out of a request, as the recording did."""
    entry = redactor.redact(Entry(0.0, Answered((), Exchange(request, _NOT_SENT))))
    assert isinstance(entry.event, Answered)
    return entry.event.exchange.sent
