"""Turns the header fields that a response declares into fields with values: their examples, else what is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from runner.exchange import Headers, Response
from runner.openapi.contract import Contract
from runner.openapi.document import HeaderObject, Parameter, ResponseObject
from runner.openapi.mismatch import Check
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import header_value
from runner.records import Frozen
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.examples import header_examples
from runner.sandbox.generic.generate.make import Wishes, make_value
from runner.sandbox.generic.generate.place import Ungeneratable
from runner.schema import SchemaProblem
from runner.values import Json

# What is for whoever moves the message to say.
_OF_THE_MESSAGE = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding", "connection", "trailer", "date"}
)
_HEADERS: frozenset[Check] = frozenset({"headers"})
# What a field means to a client whose schema says no more than that it is a text, by the path and the dice.
_USUAL: Mapping[str, Callable[[str, Dice], Json]] = MappingProxyType(
    {
        "content-location": lambda path, dice: path,
        "etag": lambda path, dice: f'"{dice.seed.hex()[:12]}"',
        "expires": lambda path, dice: "Thu, 01 Jan 2026 00:00:00 GMT",
        "last-modified": lambda path, dice: "Thu, 02 Jan 2020 00:00:00 GMT",
        "location": lambda path, dice: f"{path.rstrip('/')}/{dice.seed.hex()[:8]}",
        "retry-after": lambda path, dice: 1,
        "set-cookie": lambda path, dice: f"session={dice.seed.hex()[:16]}; Path=/",
    }
)


class Fields(Frozen):
    """The fields of one reply to a request for `path`."""

    contract: Contract
    declared: ResponseObject
    path: str
    dice: Dice
    wishes: Wishes

    def headers(self, response: Response) -> Headers:
        """Give a field for every declared one; one that cannot be made is left out, as if nobody had set it."""
        names = [name for name in self.declared.headers if name.lower() not in _OF_THE_MESSAGE]
        found = ((name, self.text(name, self.declared.headers[name], response)) for name in names)
        return tuple((name, text) for name, text in found if text is not None)

    def text(self, name: str, header: HeaderObject, response: Response) -> str | None:
        style = Parameter(name, "header", True, "simple", header.explode, False, header.schema, header.content_type, "")
        for value in self.values(name, header):
            try:
                text = header_value(style, value)
            except SerializationProblem:
                continue
            if text is not None and self.fits(name, text, response):
                return text
        return None

    def values(self, name: str, header: HeaderObject) -> Iterator[Json]:
        dice = self.dice.at("header", name.lower())
        if not self.wishes.dynamic:
            yield from (each.value for each in header_examples(self.contract.api, header.address))
        if name.lower() in _USUAL:
            yield _USUAL[name.lower()](self.path, dice)
        if header.schema is None:
            return
        found = self.contract.api.schemas.at(header.schema.uri, header.schema.pointer, "response")
        if not isinstance(found, SchemaProblem):
            for attempt in range(4):
                try:
                    yield make_value(found.schema, dice.at(attempt), self.wishes)
                except Ungeneratable:
                    return

    def fits(self, name: str, text: str, response: Response) -> bool:
        alone = Response(response.status, ((name, text),))
        compared = self.contract.check_response("GET", alone, _HEADERS)
        return not any(each.name == name for each in compared.mismatches)
