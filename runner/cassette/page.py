"""Turns an exchange into a page of JSON that a person can read and a diff can compare, and such a page back.

A body stands there as what it is: JSON as JSON where the very bytes can be made of it again, other text line by line,
anything else in base64. Headers stand as they do on the wire, one line each.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from runner.engine.events import Trail
from runner.exchange import Exchange, Headers, Hop, Reply, Request, Response, TransportFailure, header, media_type
from runner.records import Frozen

VERSION: Final = 1
"""Of the pages, and of the cassette that they stand in."""

_SPELLINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "compact": {"separators": (",", ":"), "ensure_ascii": False, "allow_nan": False},
    "spaced": {"separators": (", ", ": "), "ensure_ascii": False, "allow_nan": False},
    "compact-ascii": {"separators": (",", ":"), "ensure_ascii": True, "allow_nan": False},
    "spaced-ascii": {"separators": (", ", ": "), "ensure_ascii": True, "allow_nan": False},
}
"""How JSON is written by those who do not write it for people."""

_BASE64_LINE = 76
_OF_THE_MOMENT = ("date:", "age:")


class Page(Frozen):
    """An exchange and where in a run it happened, written as `place` does."""

    at: str
    exchange: Exchange


def place(trail: Trail) -> str:
    """Write where a run is: `checkout/pay[1.2]` is the second attempt of the first visit of a step."""
    return " > ".join(f"{frame.workflow_id}/{frame.step_id}[{frame.visit}.{frame.attempt}]" for frame in trail)


def write_page(page: Page) -> str:
    """Write a page as indented JSON with a line break at its end."""
    exchange = page.exchange
    data: dict[str, object] = {"cassette": VERSION, "at": page.at}
    if exchange.hops:
        data["hops"] = [{"request": _request(hop.sent), "response": _reply(hop.response)} for hop in exchange.hops]
    data |= {"request": _request(exchange.sent), "response": _reply(exchange.reply), "took": round(exchange.took, 3)}
    text = json.dumps(data, indent=2, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        text = json.dumps(data, indent=2)
    return text + "\n"


def read_page(text: str) -> Page:
    """Read a page, or raise ValueError with what is wrong."""
    data = _object(_parsed(text), "the page")
    if data.get("cassette") != VERSION:
        raise ValueError(f"it is of version {data.get('cassette')!r}, and version {VERSION} can be read here")
    hops = tuple(_read_hop(each) for each in _list(data.get("hops", []), "hops"))
    took = data.get("took")
    if isinstance(took, bool) or not isinstance(took, int | float) or not 0 <= took < float("inf"):
        raise ValueError("'took' is not a number of seconds")
    sent, reply = _read_request(data.get("request")), _read_reply(data.get("response"))
    return Page(_string(data.get("at"), "at"), Exchange(sent, reply, float(took), hops))


def is_same(one: str, other: str) -> bool:
    """Say whether two pages differ in no more than how long it took and what time it was."""
    try:
        return _lasting(json.loads(one)) == _lasting(json.loads(other))
    except (ValueError, RecursionError):
        return False


def _lasting(data: Any) -> object:
    """Leave out what is different whenever a request is sent."""
    if isinstance(data, list):
        return [_lasting(each) for each in data]
    if not isinstance(data, dict):
        return data
    return {
        name: [line for line in value if not str(line).lower().startswith(_OF_THE_MOMENT)]
        if name == "headers" and isinstance(value, list)
        else value if name == "body" else _lasting(value)
        for name, value in data.items()
        if name != "took"
    }  # fmt: skip


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg.lower()}, in line {error.lineno}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _request(request: Request) -> dict[str, object]:
    return {"method": request.method, "url": request.url, **_head(request.headers), **_body(request)}


def _reply(reply: Reply) -> dict[str, object]:
    if isinstance(reply, TransportFailure):
        return {"failure": reply.kind, "message": reply.message}
    reason = {"reason": reply.reason} if reply.reason else {}
    return {"status": reply.status, **reason, **_head(reply.headers), **_body(reply)}


def _head(headers: Headers) -> dict[str, object]:
    return {"headers": [f"{name}: {value}" for name, value in headers]}


def _body(message: Request | Response) -> dict[str, object]:
    body = message.body
    if not body:
        return {}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"body": {"base64": _base64_lines(body)}}
    if media_type(header(message.headers, "content-type")).is_json:
        for spelling in _SPELLINGS:
            if (value := _json_of(text, spelling)) is not None:
                return {"body": {"json": value[0], "spelling": spelling}}
    return {"body": {"text": text.splitlines(keepends=True)}}


def _json_of(text: str, spelling: str) -> tuple[object] | None:
    """Give the value of a JSON text, where writing it in this spelling gives the text again."""
    try:
        value = json.loads(text)
        return (value,) if json.dumps(value, **_SPELLINGS[spelling]) == text else None
    except (ValueError, RecursionError):
        return None


def _base64_lines(body: bytes) -> list[str]:
    text = base64.b64encode(body).decode("ascii")
    return [text[start : start + _BASE64_LINE] for start in range(0, len(text), _BASE64_LINE)]


def _read_hop(data: object) -> Hop:
    hop = _object(data, "a hop")
    response = _read_reply(hop.get("response"))
    if not isinstance(response, Response):
        raise ValueError("a hop has no response")
    return Hop(_read_request(hop.get("request")), response)


def _read_request(data: object) -> Request:
    found = _object(data, "'request'")
    method, url = _string(found.get("method"), "method"), _string(found.get("url"), "url")
    return Request(method, url, _read_headers(found), _read_body(found))


def _read_reply(data: object) -> Reply:
    found = _object(data, "'response'")
    if "failure" in found:
        # Any kind that a later version knows is one that did not answer.
        return TransportFailure(_string(found["failure"], "failure"), _string(found.get("message"), "message"))  # type: ignore[arg-type]
    status = found.get("status")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 999:
        raise ValueError("'status' is not an HTTP status")
    return Response(status, _read_headers(found), _read_body(found), _string(found.get("reason", ""), "reason"))


def _read_headers(data: Mapping[str, object]) -> Headers:
    lines = (_string(line, "a header").partition(": ") for line in _list(data.get("headers", []), "headers"))
    found = tuple((name, value) for name, _, value in lines)
    if not all(name for name, _ in found):
        raise ValueError("a header has no name")
    return found


def _read_body(data: Mapping[str, object]) -> bytes:
    if "body" not in data:
        return b""
    body = _object(data["body"], "'body'")
    if "json" in body:
        spelling = _SPELLINGS.get(str(body.get("spelling", "compact")))
        if spelling is None:
            raise ValueError(f"'spelling' is one of {', '.join(_SPELLINGS)}")
        return json.dumps(body["json"], **spelling).encode()
    if "text" in body:
        return "".join(_strings(body["text"], "text")).encode()
    try:
        return base64.b64decode("".join(_strings(body.get("base64"), "base64")), validate=True)
    except binascii.Error:
        raise ValueError("'base64' is not base64") from None


def _strings(data: object, name: str) -> list[str]:
    lines = [data] if isinstance(data, str) else _list(data, name)
    return [_string(line, name) for line in lines]


def _object(data: object, name: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{name} is not an object")
    return data


def _list(data: object, name: str) -> list[object]:
    if not isinstance(data, list):
        raise ValueError(f"'{name}' is not a list")
    return data


def _string(data: object, name: str) -> str:
    if not isinstance(data, str):
        raise ValueError(f"'{name}' is not text")
    return data
