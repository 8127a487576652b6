"""Turns a request into what the benchmarks' API answers; it refuses a value that has lost its type on the way."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

TOKEN = "b3f1-77aa-90c2"
SESSION = json.dumps({"token": TOKEN, "kind": "Bearer", "seconds": 3600}).encode()
BOOKS = json.dumps(
    {
        "count": 10,
        "books": [
            {"id": 500 + place, "title": f"volume-{place}", "price": 4.5 + place, "subjects": ["sea", "night"]}
            for place in range(1, 11)
        ],
    }
).encode()


class Answer(NamedTuple):
    status: int
    body: bytes


def answer(method: str, path: str, authorization: str, body: bytes, wrong: bool = False) -> Answer:
    """Answer a request; with `wrong` as a server does that no flow may pass against."""
    match method, path.strip("/").split("/"):
        case "POST", ["sessions"]:
            known = json.loads(body) == {"name": "reader", "word": "please"}
            return Answer(200, SESSION) if known else _refused("name and word")
        case "GET", ["books", *_] if authorization != f"Bearer {TOKEN}":
            return Answer(401, b'{"error": "no session"}')
        case "GET", ["books"]:
            return Answer(200, BOOKS)
        case "GET", ["books", "501"]:
            return _json(_book("another" if wrong else "volume-1"))
        case "POST", ["notes"]:
            given = json.loads(body)
            after = given.get("after", 0)
            right = type(after) is int and type(given.get("text")) is str
            return _json(_note(after + 1, given["text"], wrong)) if right else _refused("text and after")
        case "GET", ["notes", number] if number.isdecimal():
            return _json(_note(int(number), f"note {number}", wrong))
        case "PUT", ["notes", number] if number.isdecimal():
            text = json.loads(body).get("text")
            return _json(_note(int(number), text, wrong)) if type(text) is str else _refused("text")
        case "GET", ["things0", number]:
            return _json({"id": int(number), "name": "thing", "owner": {"id": 1, "name": "a"}, "others": []})
    return Answer(404, b'{"error": "no such path"}')


def _json(value: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(value).encode())


def _refused(what: str) -> Answer:
    return Answer(400, json.dumps({"error": f"{what} are not what they should be"}).encode())


def _book(title: str) -> dict[str, Any]:
    more = {"blurb": "A sailor counts the lights", "copies": 17, "publisher": {"id": 7, "name": "Quay"}}
    return {"id": 501, "title": title, "price": 5.5, "subjects": ["sea", "night"], **more}


def _note(number: int, text: str, wrong: bool) -> dict[str, Any]:
    marks = [{"kind": "bad" if wrong else "good", "weight": 1}, {"kind": "plain", "weight": 2}]
    follows = {"path": f"/notes/{number}", "note": {"number": number + 1}}
    return {"number": number, "text": text, "follows": follows, "marks": marks}
