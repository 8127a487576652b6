"""Writes what is run: the same two flows for each tool, and descriptions of any size.

The chain is n steps that feed each other. The visit is what people test with other tools: log in, list, open the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench.answers import BOOKS

API = """\
openapi: 3.1.0
info: {title: Library, version: '1'}
servers: [{url: 'SERVER'}]
paths:
  /notes:
    post:
      operationId: addNote
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [text]
              properties: {text: {type: string}, after: {type: integer}}
      responses: {'200': {$ref: '#/components/responses/Note'}}
  /notes/{number}:
    parameters: [{name: number, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: readNote
      responses: {'200': {$ref: '#/components/responses/Note'}}
    put:
      operationId: changeNote
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [text], properties: {text: {type: string}}}}}
      responses: {'200': {$ref: '#/components/responses/Note'}}
  /sessions:
    post:
      operationId: logIn
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, word]
              properties: {name: {type: string}, word: {type: string}}
      responses:
        '200':
          description: A session
          content:
            application/json:
              schema:
                type: object
                required: [token, kind]
                properties: {token: {type: string}, kind: {type: string}, seconds: {type: integer}}
  /books:
    get:
      operationId: listBooks
      responses:
        '200':
          description: The books
          content:
            application/json:
              schema:
                type: object
                required: [count, books]
                properties: {count: {type: integer}, books: {type: array, items: {$ref: '#/components/schemas/Book'}}}
  /books/{id}:
    get:
      operationId: readBook
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        '200':
          description: A book
          content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}
components:
  responses:
    Note:
      description: A note
      content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
  schemas:
    Note:
      type: object
      required: [number, text, follows, marks]
      properties:
        number: {type: integer}
        text: {type: string}
        follows:
          type: object
          required: [path, note]
          properties:
            path: {type: string}
            note: {type: object, required: [number], properties: {number: {type: integer}}}
        marks:
          type: array
          items:
            type: object
            required: [kind, weight]
            properties: {kind: {type: string}, weight: {type: integer}}
    Book:
      type: object
      required: [id, title, price]
      properties:
        id: {type: integer}
        title: {type: string}
        price: {type: number}
        subjects: {type: array, items: {type: string}}
        blurb: {type: string}
        copies: {type: integer}
        publisher: {type: object}
"""
HEAD = """\
arazzo: 1.0.1
info: {title: Bench, version: '1'}
sourceDescriptions: [{name: library, url: DESCRIPTION, type: openapi}]
workflows:
"""
ADD = """\
        operationId: addNote
        requestBody:
          contentType: application/json
          payload:
            text: note-{number}{after}
        successCriteria:
          - condition: $statusCode == 200
"""
READ = """\
        operationId: readNote
        parameters:
          - name: number
            in: path
            value: $steps.{before}.outputs.number
        successCriteria:
          - condition: $statusCode == 200
          - context: $response.body
            condition: $..[?(@.kind == 'good')]
            type: jsonpath
"""
CHANGE = """\
        operationId: changeNote
        parameters:
          - name: number
            in: path
            value: $steps.{before}.outputs.next
        requestBody:
          contentType: application/json
          payload:
            text: $steps.{before}.outputs.text
        successCriteria:
          - condition: $statusCode == 200
"""
OUTPUTS = """\
        outputs:
          number: $response.body#/number
          next: $response.body#/follows/note/number
          text: $response.body#/text
"""
VISIT = """\
  - workflowId: visit
    steps:
      - stepId: enter
        operationId: logIn
        requestBody:
          contentType: application/json
          payload: {name: reader, word: please}
        successCriteria:
          - condition: $statusCode == 200
          - condition: $response.body#/kind == 'Bearer'
        outputs:
          token: $response.body#/token
      - stepId: list
        operationId: listBooks
        parameters:
          - {name: Authorization, in: header, value: 'Bearer {$steps.enter.outputs.token}'}
        successCriteria:
          - condition: $statusCode == 200
          - {context: $response.body, condition: '$.books[9]', type: jsonpath}
        outputs:
          first: $response.body#/books/0/id
      - stepId: open
        operationId: readBook
        parameters:
          - {name: id, in: path, value: $steps.list.outputs.first}
          - {name: Authorization, in: header, value: 'Bearer {$steps.enter.outputs.token}'}
        successCriteria:
          - condition: $statusCode == 200
          - condition: $response.body#/id == FIRST
          - condition: $response.body#/title == 'TITLE'
        outputs:
          title: $response.body#/title
    outputs:
      title: $steps.open.outputs.title
"""
HURL = """\
POST SERVER/sessions
{"name":"reader","word":"please"}
HTTP 200
[Captures]
token: jsonpath "$.token"
[Asserts]
jsonpath "$.kind" == "Bearer"

GET SERVER/books
Authorization: Bearer {{token}}
HTTP 200
[Captures]
first: jsonpath "$.books[0].id"
[Asserts]
jsonpath "$.books" count == 10

GET SERVER/books/{{first}}
Authorization: Bearer {{token}}
HTTP 200
[Asserts]
jsonpath "$.id" == FIRST
jsonpath "$.title" == "TITLE"
"""
K6 = """\
import http from 'k6/http';
import { check } from 'k6';
export const options = { thresholds: { checks: ['rate==1.0'] } };
const json = { headers: { 'Content-Type': 'application/json' } };
export default function () {
  const entered = http.post('SERVER/sessions', JSON.stringify({ name: 'reader', word: 'please' }), json);
  const session = entered.json();
  check(entered, { entered: (it) => it.status === 200, bearer: () => session.kind === 'Bearer' });
  const headers = { Authorization: `Bearer ${session.token}` };
  const listed = http.get('SERVER/books', { headers });
  const books = listed.json().books;
  check(listed, { listed: (it) => it.status === 200, ten: () => books.length === 10 });
  const opened = http.get(`SERVER/books/${books[0].id}`, { headers, tags: { name: 'book' } });
  const book = opened.json();
  check(opened, {
    opened: (it) => it.status === 200, first: () => book.id === FIRST, title: () => book.title === 'TITLE',
  });
}
"""


class Size(NamedTuple):
    """How many operations and schemas there are, and how many properties each of them has."""

    operations: int
    properties: int


def chain(steps: int) -> str:
    """Write a workflow that adds and reads notes in turn; a last step of an odd number changes one."""
    parts = [HEAD.replace("DESCRIPTION", "library.yaml"), "  - workflowId: chain\n    steps:\n"]
    for number in range(1, steps + 1):
        before = f"s{number - 1}"
        after = f"\n            after: $steps.{before}.outputs.number" if number > 1 else ""
        text = CHANGE if number == steps and steps > 1 and steps % 2 else ADD if number % 2 else READ
        parts += f"      - stepId: s{number}\n", text.format(number=number, before=before, after=after), OUTPUTS
    return "".join([*parts, f"    outputs: {{last: $steps.s{steps}.outputs.number}}\n"])


def visit() -> str:
    return HEAD.replace("DESCRIPTION", "library.yaml") + _filled(VISIT, "")


def big(description: str) -> str:
    """Write a workflow of one step against a description of any size."""
    return (
        f"{HEAD.replace('DESCRIPTION', description)}  - workflowId: chain\n    steps:\n"
        "      - stepId: s1\n        operationId: getThing0\n        parameters:\n"
        "          - {name: id, in: path, value: '7'}\n        successCriteria:\n"
        "          - condition: $statusCode == 200\n        outputs: {name: $response.body#/name}\n"
    )


def write(folder: Path, server: str, chains: tuple[int, ...], size: Size) -> None:
    """Write everything that is run into a folder."""
    texts = {f"chain{steps}.arazzo.yaml": chain(steps) for steps in chains} | {
        "library.yaml": API.replace("SERVER", server),
        "visit.arazzo.yaml": visit(),
        "visit.hurl": _filled(HURL, server),
        "visit.js": _filled(K6, server),
        "big.yaml": description(size, server),
        "big.arazzo.yaml": big("big.yaml"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _filled(text: str, server: str) -> str:
    first = json.loads(BOOKS)["books"][0]
    return text.replace("SERVER", server).replace("FIRST", str(first["id"])).replace("TITLE", first["title"])


def schema(number: int, size: Size) -> Iterator[str]:
    yield f"    Thing{number}:\n      type: object\n      required: [id, name]\n      properties:\n"
    yield "        id: {type: integer, format: int64}\n        name: {type: string, maxLength: 200}\n"
    for place in range(size.properties):
        yield f"        property_{place}:\n          type: string\n          nullable: true\n"
        yield f"          description: What property {place} of thing {number} is, in a sentence of usual length.\n"
        yield f"          example: https://api.example.com/things/{number}/{place}\n"
    yield f"        owner: {{$ref: '#/components/schemas/Thing{(number + 1) % size.operations}'}}\n"
    yield "        others:\n          type: array\n"
    yield f"          items: {{$ref: '#/components/schemas/Thing{(number * 7 + 3) % size.operations}'}}\n"


def path(number: int, size: Size) -> Iterator[str]:
    yield f"  /things{number}/{{id}}:\n    get:\n      operationId: getThing{number}\n      summary: Get a thing\n"
    yield "      parameters:\n      - {name: id, in: path, required: true, schema: {type: string}}\n"
    yield "      - name: per_page\n        in: query\n        schema: {type: integer, default: 30}\n"
    yield f"      responses:\n        '200':\n          description: Thing {number}\n          content:\n"
    yield "            application/json:\n              schema:\n"
    yield f"                $ref: '#/components/schemas/Thing{number}'\n"
    yield "              examples:\n                default:\n                  value:\n"
    for place in range(size.properties):
        yield f"                    property_{place}: https://api.example.com/things/{number}/{place}\n"
    yield "        '404':\n          $ref: '#/components/responses/NotFound'\n"


def description(size: Size, server: str) -> str:
    """Write an OpenAPI description: two thirds of it schemas, the rest operations with examples."""
    parts = [f"openapi: 3.0.3\ninfo: {{title: Bench, version: '1'}}\nservers: [{{url: '{server}'}}]\npaths:\n"]
    for number in range(size.operations):
        parts += path(number, size)
    parts.append("components:\n  responses:\n    NotFound: {description: There is none}\n  schemas:\n")
    for number in range(size.operations):
        parts += schema(number, size)
    return "".join(parts)
