"""Turns a request that is in order into a reply as its description has it: a status, a body, header fields.

A reply is an example where there is one that is valid, else made from the schema; and it is sent only if the contract
checks find nothing wrong with it. What a client prefers, by Prefer and Accept, goes before what comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from runner.exchange import Headers, Request, Response, header, media_type
from runner.openapi.contract import Compared, Contract
from runner.openapi.document import Address, ApiDescription, MediaTypeObject, Operation, ResponseObject
from runner.openapi.media import match_status
from runner.openapi.mismatch import Check
from runner.openapi.parts import is_status_key
from runner.openapi.problem import SerializationProblem
from runner.openapi.sequential import SEQUENTIAL
from runner.records import Frozen, replace
from runner.sandbox.generic.adapt import NO_ECHO, Echo, adapted
from runner.sandbox.generic.content import concrete, encode, file_bytes, holds_value
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.examples import body_examples, is_file
from runner.sandbox.generic.fields import Fields
from runner.sandbox.generic.generate.make import Wishes, make_value
from runner.sandbox.generic.generate.place import Ungeneratable
from runner.sandbox.generic.hopes import NOTHING, Hope
from runner.sandbox.generic.prefer import NO_PREFERENCES, Preferences, acceptable
from runner.sandbox.generic.problems import Refusal, told
from runner.sandbox.generic.wanted import Member
from runner.schema import Schema, SchemaProblem
from runner.values import Json

CHECKS: frozenset[Check] = frozenset({"status", "content-type", "headers", "body"})
_WITHOUT_BODY = frozenset({204, 205, 304})
_HOPED = 12


class Asked(Frozen):
    """What a reply depends on. `code` is a status that is asked for, by the client or somebody else.

    `echo` is what the reply repeats of the request.
    """

    operation: Operation
    api: ApiDescription
    request: Request
    dice: Dice
    code: int | None = None
    preferences: Preferences = NO_PREFERENCES
    hope: Hope = NOTHING
    echo: Echo = NO_ECHO

    @property
    def contract(self) -> Contract:
        return Contract(self.operation, self.api)

    @property
    def wishes(self) -> Wishes:
        return Wishes(self.preferences.dynamic)


def reply_to(asked: Asked) -> Response:
    """Compose a reply, or raise Refusal: 406 for what the client does not take, 501 for what cannot be made."""
    status, declared = _chosen(asked)
    bare = status in _WITHOUT_BODY or not declared.content
    bodies = _without_body(asked, status) if bare else _bodies(asked, status, declared)
    fields = Fields(asked.contract, declared, urlsplit(asked.request.url).path, asked.dice, asked.wishes)
    problems: list[Refusal] = []
    otherwise: Response | None = None
    for body in bodies:
        if isinstance(body, Refusal):
            problems.append(body)
            continue
        whole = replace(body, headers=(*body.headers, *fields.headers(body)))
        compared = asked.contract.check_response(asked.operation.method, whole, CHECKS)
        if compared.mismatches:
            problems.append(_invalid(asked, compared))
            continue
        whole = replace(whole, headers=(*whole.headers, *asked.preferences.applied), reason=_phrase(status))
        if asked.hope is NOTHING or asked.hope.accepts(whole):
            return whole
        otherwise = otherwise or whole
    if otherwise is not None:
        return otherwise
    raise problems[0] if problems else Refusal(501, f"{asked.operation.title} has no reply that could be made")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _chosen(asked: Asked) -> tuple[int, ResponseObject]:
    """Choose a response: that of the code that is asked for, else the usual one."""
    operation, code = asked.operation, asked.code
    status = usual_status(operation) if code is None else code
    found = match_status(operation.responses, status)
    if found is None or status < 200:
        there = ", ".join(operation.responses) or "none at all"
        raise Refusal(501, f"{operation.title} has no reply of status {status}: it has {there}")
    return status, found[1]


def usual_status(operation: Operation) -> int:
    """Give the first status of 2xx, else one of `default`, else the first; Refusal where there is no response."""
    usable = [key for key in operation.responses if is_status_key(key) and not key.startswith("1")]
    good = [key for key in usable if key.startswith("2")] or [key for key in usable if key == "default"] or usable
    if not good:
        raise Refusal(501, f"{operation.title} has no responses, so there is nothing to reply")
    key = good[0]
    return _free(operation, key, 200 if key == "default" else int(key.replace("XX", "00")))


def _free(operation: Operation, key: str, status: int) -> int:
    """Give a status of a range that has no response of its own."""
    if key.isdigit():
        return status
    return next((code for code in range(status, status + 100) if str(code) not in operation.responses), status)


def _without_body(asked: Asked, status: int) -> Iterator[Response | Refusal]:
    name = asked.preferences.example
    if name is not None:
        yield Refusal(501, f"the reply {status} of {asked.operation.title} has no content, so no example '{name}'")
        return
    yield Response(status)


def _bodies(asked: Asked, status: int, declared: ResponseObject) -> Iterator[Response | Refusal]:
    """Offer replies with a body, for one media type after the other, the best first; or why there is none."""
    offered = sorted(declared.content, key=lambda key: _is_no_text(asked.api, declared.content[key], key))
    keys = acceptable(offered, asked.request.headers)
    if not keys:
        given = header(asked.request.headers, "accept") or ""
        detail = f"{asked.operation.title} has {', '.join(offered)}, and none of it is acceptable by 'Accept: {given}'"
        yield Refusal(406, detail)
    for key in keys:
        media = declared.content[key]
        content_type = concrete(key, header(asked.request.headers, "accept"), is_file=is_file(media))
        yield from _Body(asked, status, declared, key, content_type).offered()


def _is_no_text(api: ApiDescription, media: MediaTypeObject, key: str) -> bool:
    """Say whether plain text is declared for a structure, as generators do that list all that a server could write."""
    found = media.schema and api.schemas.at(media.schema.uri, media.schema.pointer, "response")
    types = frozenset[str]() if found is None or isinstance(found, SchemaProblem) else found.types(())
    return media_type(key).essence == "text/plain" and bool(types) and types <= {"array", "object"}


class _Body(Frozen):
    """The replies of one media type."""

    asked: Asked
    status: int
    declared: ResponseObject
    key: str
    content_type: str

    def offered(self) -> Iterator[Response | Refusal]:
        """Offer the example that is asked for, else all examples, what is made, and what somebody hopes for."""
        name, dynamic = self.asked.preferences.example, self.asked.preferences.dynamic
        examples = body_examples(self.asked.api, self.declared, self.key)
        if name is not None:
            named = [each for each in examples if each.name == name]
            yield from (self.written(each.value, each.serialized, exactly=True) for each in named)
            if not named:
                there = ", ".join(f"'{each.name}'" for each in examples if each.name) or "none"
                yield self.refusal(f"has no example '{name}' ({self.key}): there are {there}{self.elsewhere(name)}")
            return
        values = examples if not dynamic else []
        yield from (self.written(each.value, each.serialized) for each in values)
        yield self.made(0)
        if self.asked.hope is not NOTHING and holds_value(self.content_type):
            members = self.asked.hope.members
            yield from (self.written(each.value, each.serialized, members) for each in values)
            yield from (self.made(attempt, members) for attempt in range(_HOPED))

    def elsewhere(self, name: str) -> str:
        """Say how to ask for an example that another reply has."""
        for key, declared in self.asked.operation.responses.items():
            found = (each for media in declared.content for each in body_examples(self.asked.api, declared, media))
            if key.isdigit() and key != str(self.status) and any(each.name == name for each in found):
                return f"; the reply {key} has it: 'Prefer: code={key}, example={name}'"
        return ""

    def made(self, attempt: int, members: Sequence[Member] = ()) -> Response | Refusal:
        """Make a reply from the schema, or another one, with members that somebody hopes for where they fit."""
        media, dice = self.declared.content[self.key], self.asked.dice
        if not holds_value(self.content_type):
            headers: Headers = (("Content-Type", self.content_type),)
            return Response(self.status, headers, file_bytes(self.content_type, dice))
        try:
            wishes = Wishes(dynamic=True) if attempt else self.asked.wishes
            return self.written(self.value(media, dice.at(attempt) if attempt else dice, wishes), None, members)
        except SchemaProblem as problem:
            return self.refusal(f"has a schema that means nothing: {problem}")
        except Ungeneratable as problem:
            where = f" for '{problem.pointer}'" if problem.pointer else ""
            return self.refusal(f"has a schema that no value could be made of{where}: {problem.reason}")

    def value(self, media: MediaTypeObject, dice: Dice, wishes: Wishes) -> Json:
        if media.schema is not None and not self.is_of_item(media.schema):
            return make_value(self.schema(media.schema), dice, wishes)
        of_item = media.item_schema or media.schema
        if of_item is not None:
            schema = self.schema(of_item)
            return [make_value(schema, dice.at(index) if index else dice, wishes) for index in range(2)]
        return {} if "json" in self.content_type else f"{self.asked.operation.title}"

    def is_of_item(self, address: Address) -> bool:
        """Say whether a schema was written for an item of a sequence: before OpenAPI 3.2 there was no other place."""
        found = self.asked.api.schemas.at(address.uri, address.pointer, "response")
        types = frozenset[str]() if isinstance(found, SchemaProblem) else found.types(())
        return media_type(self.content_type).essence in SEQUENTIAL and bool(types - {"string"}) and "array" not in types

    def schema(self, address: Address) -> Schema:
        found = self.asked.api.schemas.at(address.uri, address.pointer, "response")
        if isinstance(found, SchemaProblem):
            raise found
        return found.schema

    def written(
        self, value: Json, serialized: str | None, members: Sequence[Member] = (), *, exactly: bool = False
    ) -> Response | Refusal:
        """Write a value as a reply, with what it repeats of the request, unless it is to be `exactly` this one."""
        try:
            if serialized is not None:
                return self.response(serialized.encode(), self.content_type)
            plain = self.encoded(value)
            if exactly or not self.valid(plain):
                return plain
            changes = [*self.asked.echo.changes(value), *((pointer, [wanted]) for pointer, wanted in members)]
            return self.encoded(adapted(value, changes, self.fits)) if changes else plain
        except SerializationProblem as problem:
            return self.refusal(f"cannot be written as {self.content_type}: {problem}")

    def encoded(self, value: Json) -> Response:
        media, api = self.declared.content[self.key], self.asked.api
        found = media.schema and api.schemas.at(media.schema.uri, media.schema.pointer, "response")
        schema = None if found is None or isinstance(found, SchemaProblem) else found.schema
        return self.response(*encode(value, self.content_type, api, media, schema))

    def response(self, body: bytes, content_type: str) -> Response:
        return Response(self.status, (("Content-Type", content_type),), body)

    def fits(self, value: Json) -> bool:
        """Say whether a value can be written and is valid then."""
        try:
            return self.valid(self.encoded(value))
        except SerializationProblem:
            return False

    def valid(self, response: Response) -> bool:
        checks: frozenset[Check] = frozenset({"body"})
        return not self.asked.contract.check_response("GET", response, checks).mismatches

    def refusal(self, detail: str) -> Refusal:
        return Refusal(501, f"the reply {self.status} of {self.asked.operation.title} {detail}")


def _invalid(asked: Asked, compared: Compared) -> Refusal:
    errors = tuple(told(each) for each in compared.mismatches)
    return Refusal(501, f"no reply of {asked.operation.title} could be made that fits its description", errors=errors)
