"""An API description as a runner needs it: its operations, with every `$ref` on the way resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from runner.diagnostics import Diagnostic
from runner.source import SourceMap
from runner.values import Json

Location: TypeAlias = Literal["path", "query", "querystring", "header", "cookie"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A Parameter Object. `schema` is as written (a `$ref` stays), `content_type` is set for `content` parameters.

    `style` and `explode` have their defaults filled in. `pointer` is where it stands in the document.
    """

    name: str
    location: Location
    required: bool
    style: str
    explode: bool
    allow_reserved: bool
    schema: Json
    content_type: str | None
    pointer: str


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A Request Body Object: media types in the order of the document, each with its Media Type Object."""

    required: bool
    content: Mapping[str, Mapping[str, Json]]
    pointer: str


@dataclass(frozen=True, slots=True)
class Server:
    """A Server Object; `variables` gives each variable's default, `enums` the values of those that are limited.

    A relative URL is resolved against the document's URI where that is one of http; else it stays relative.
    """

    url: str
    variables: Mapping[str, str] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `responses` maps a status (`200`, `2XX`, `default`) to its Response Object, resolved.

    `security` is the list of alternatives, each a mapping of scheme name to scopes; empty when none is required.
    `servers` are those of the operation, else of the path item, else of the document.
    `problems` are warnings about what could not be read and was left out.
    """

    operation_id: str | None
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    request_body: RequestBody | None
    responses: Mapping[str, Mapping[str, Json]]
    servers: tuple[Server, ...]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    security_schemes: Mapping[str, Mapping[str, Json]]
    pointer: str
    deprecated: bool = False
    problems: tuple[Diagnostic, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.method} {self.path}"

    def declares(self, status: int) -> bool:
        """Say whether a response status is documented, by number or range, `default` not counted."""
        return str(status) in self.responses or f"{status // 100}XX" in self.responses


@dataclass(frozen=True, eq=False)
class ApiDescription:
    """An OpenAPI document with an index of its operations, which are built when they are first asked for.

    The keys of `by_pointer` are JSON Pointers such as `/paths/~1pets~1{petId}/get`. `documents` are the other documents
    it refers to, by absolute URI.
    """

    uri: str
    version: str
    title: str
    root: Mapping[str, Json] = field(repr=False)
    places: SourceMap = field(repr=False)
    by_id: Mapping[str, Operation] = field(repr=False)
    by_pointer: Mapping[str, Operation] = field(repr=False)
    documents: Mapping[str, Json] = field(default_factory=dict, repr=False)
