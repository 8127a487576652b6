"""Turns the requests of a run into an HTTP Archive (HAR 1.2): one entry for each, also of those that led to another.

What is not known is -1, as the format has it: how long the parts of a request took, and how many bytes a header was.
What is ours begins with an underscore, as it says that it shall.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import TextIO
from urllib.parse import parse_qsl

from runner.engine.events import Answered, CaseFinished, CaseStarted, Entry, RunStarted, Trail
from runner.exchange import Exchange, Headers, Reply, Request, TransportFailure, header, header_lines
from runner.reporters.body import cut_body, whole_length
from runner.reporters.testcase import timestamp
from runner.uri import split_uri
from runner.values import Json
from runner.version import __version__

BODY_LIMIT = 64 * 1024
"""Bytes of each body that are kept: as many as in lines of JSON, so that it can be made of these."""

_UNKNOWN = -1
_VERSION = "unknown"  # of HTTP: an exchange does not say


class Har:
    """Written request by request."""

    def __init__(self, stream: TextIO, body_limit: int = BODY_LIMIT) -> None:
        self._stream = stream
        self._limit = body_limit
        self._case = ""
        self._is_first = True
        self._warnings: tuple[str, ...] = ()
        creator = {"name": "arazzo", "version": __version__}
        stream.write(f'{{"log": {{"version": "1.2", "creator": {json.dumps(creator)}, "entries": [')

    def tell(self, entry: Entry) -> None:
        match entry.event:
            case RunStarted(warnings=warnings):
                self._warnings = warnings
            case CaseStarted(case):
                self._case = case.name
            case CaseFinished():
                self._case = ""
            case Answered(trail, exchange):
                for made in self._entries(trail, exchange, entry.at):
                    self._stream.write(("\n" if self._is_first else ",\n") + json.dumps(made))
                    self._is_first = False
            case _:
                pass

    def close(self) -> None:
        comment = f', "comment": {json.dumps("; ".join(self._warnings))}' if self._warnings else ""
        self._stream.write(f"\n]{comment}}}}}\n")
        self._stream.flush()

    def _entries(self, trail: Trail, exchange: Exchange, at: float) -> Iterator[dict[str, Json]]:
        """Give an entry for each request that led to the last one, and one for what came in the end."""
        began = at - exchange.took
        for hop in exchange.hops:
            yield self._entry(trail, hop.sent, hop.response, began, None)
        made = self._entry(trail, exchange.sent, exchange.reply, began, None if exchange.hops else exchange.took)
        if exchange.hops:
            made["comment"] = f"with what was sent before it took {round(exchange.took * 1000, 3)} ms"
        yield made

    def _entry(self, trail: Trail, sent: Request, reply: Reply, began: float, took: float | None) -> dict[str, Json]:
        """`took` is None where only the time of the whole chain is known."""
        wait = _UNKNOWN if took is None else round(took * 1000, 3)
        frame = trail[-1] if trail else None
        made: dict[str, Json] = {
            "startedDateTime": timestamp(began),
            "time": max(0, wait),
            "request": self._request(sent),
            "response": self._response(reply),
            "cache": {},
            "timings": {
                "blocked": _UNKNOWN,
                "dns": _UNKNOWN,
                "connect": _UNKNOWN,
                "ssl": _UNKNOWN,
                "send": _UNKNOWN,
                "wait": wait,
                "receive": _UNKNOWN,
            },
        }
        if frame:
            own: dict[str, Json] = {"workflow": frame.workflow_id, "step": frame.step_id, "attempt": frame.attempt}
            made["_arazzo"] = {"case": self._case, **own} if self._case else own
        return made

    def _request(self, sent: Request) -> Json:
        made: dict[str, Json] = {
            "method": sent.method,
            "url": sent.url,
            "httpVersion": _VERSION,
            "cookies": _cookies("; ".join(header_lines(sent.headers, "cookie")).split(";")),
            "headers": _pairs(sent.headers),
            "queryString": _pairs(tuple(parse_qsl(split_uri(sent.url).query or "", keep_blank_values=True))),
            "headersSize": _UNKNOWN,
            "bodySize": whole_length(sent.body),
        }
        if sent.body:
            mime = header(sent.headers, "content-type") or ""
            made["postData"] = {"mimeType": mime, **self._content(sent.body)}
        return made

    def _response(self, reply: Reply) -> Json:
        if isinstance(reply, TransportFailure):
            return {
                **_response_head(0, "", ()),
                "content": {"size": 0, "mimeType": "x-unknown"},
                "bodySize": _UNKNOWN,
                "_error": f"{reply.kind}: {reply.message}",
            }
        mime = header(reply.headers, "content-type") or "x-unknown"
        content: dict[str, Json] = {"size": whole_length(reply.body), "mimeType": mime, **self._content(reply.body)}
        # The size is that of the decoded body; what went over the wire may have been compressed.
        return {**_response_head(reply.status, reply.reason, reply.headers), "content": content, "bodySize": _UNKNOWN}

    def _content(self, body: bytes) -> dict[str, Json]:
        """Give a body as text, or what is no text in base64; a part of it says so."""
        if not body:
            return {}
        kept, whole = cut_body(body, self._limit), whole_length(body)
        text = _text(kept, is_cut=len(kept) < whole)
        made: dict[str, Json] = {"text": text}
        if text is None:
            made = {"text": base64.b64encode(kept).decode("ascii"), "encoding": "base64"}
        number = len(kept) if text is None else len(text.encode())
        return {**made, "comment": f"the first {number} of {whole} bytes"} if number < whole else made


def _text(kept: bytes, *, is_cut: bool) -> str | None:
    """Decode a body; one that was cut may end in the midst of a character."""
    for end in range(len(kept), max(-1, len(kept) - (4 if is_cut else 1)), -1):
        try:
            return kept[:end].decode()
        except UnicodeDecodeError:
            continue
    return None


def _response_head(status: int, reason: str, headers: Headers) -> dict[str, Json]:
    return {
        "status": status,
        "statusText": reason,
        "httpVersion": _VERSION,
        "cookies": _cookies(line.partition(";")[0] for line in header_lines(headers, "set-cookie")),
        "headers": _pairs(headers),
        "redirectURL": header(headers, "location") or "",
        "headersSize": _UNKNOWN,
    }


def _pairs(pairs: Headers) -> Json:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(texts: Iterable[str]) -> Json:
    named = (text.partition("=") for text in texts if "=" in text)
    return [{"name": name.strip(), "value": value} for name, _, value in named]
