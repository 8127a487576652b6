"""An API description as a runner needs it: its operations, with every `$ref` on the way resolved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote

from runner.diagnostics import Diagnostic
from runner.late import LateMapping
from runner.openapi.schemas import SchemaKey, Schemas
from runner.records import Frozen, field
from runner.schema import Definitions, Gathered, SchemaDialect
from runner.source import SourceMap, Span
from runner.values import Json, join_pointer

Location: TypeAlias = Literal["path", "query", "querystring", "header", "cookie"]
ServerLevel: TypeAlias = Literal["operation", "path item", "description", "default"]
"""Where servers are listed; `default` is the `/` of a description that lists none."""


Security: TypeAlias = tuple[Mapping[str, tuple[str, ...]], ...]
"""The alternatives of what an operation requires, each a mapping of scheme names to scopes."""


class Address(NamedTuple):
    """Where something really stands: the absolute URI of its document, and a JSON Pointer in it."""

    uri: str
    pointer: str

    @property
    def reference(self) -> str:
        """The same as a `$ref` that leads there from anywhere."""
        return f"{self.uri}#{quote(self.pointer)}"

    def below(self, *tokens: str | int) -> Address:
        return Address(self.uri, join_pointer(self.pointer, *tokens))


class Parameter(Frozen):
    """A Parameter Object; `content_type` is set for `content` parameters.

    `style` and `explode` have their defaults filled in. `pointer` is where it stands in the document. `allow_slashes`
    is what `{+name}` in a path asks for.
    """

    name: str
    location: Location
    required: bool
    style: str
    explode: bool
    allow_reserved: bool
    schema: Address | None
    content_type: str | None
    pointer: str
    allow_slashes: bool = False


class MediaTypeObject(Frozen):
    """A Media Type Object: where its schema stands, and the whole as it is written, references in it absolute.

    `item_schema` is that of each item of a sequence (OpenAPI 3.2). A form of Swagger 2.0 is written out of its fields
    as OpenAPI 3 would have it; its schema stands nowhere else.
    """

    schema: Address | None = None
    written: Mapping[str, Json] = field(default_factory=dict)
    item_schema: Address | None = None


class HeaderObject(Frozen):
    """A Header Object: a parameter of style `simple` without a name; `content_type` is set where it has `content`."""

    required: bool
    explode: bool
    schema: Address | None
    content_type: str | None
    address: Address


class RequestBody(Frozen):
    """A Request Body Object: media types in the order of the document, each with its Media Type Object."""

    required: bool
    content: Mapping[str, MediaTypeObject]
    pointer: str


class ResponseObject(Frozen):
    """A Response Object: headers by name as written, media types in the order of the document.

    `address` is where it really stands, None for one that cannot be read: nothing is known of what it declares.
    """

    headers: Mapping[str, HeaderObject] = field(default_factory=dict)
    content: Mapping[str, MediaTypeObject] = field(default_factory=dict)
    address: Address | None = None


class Server(Frozen):
    """A Server Object; `variables` gives each variable's default, `enums` the values of those that are limited.

    A relative URL is resolved against the document's URI where that is one of http; else it stays relative.
    """

    url: str
    variables: Mapping[str, str] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Operation(Frozen):
    """One operation. `responses` maps a status (`200`, `2XX`, `default`) to its Response Object, resolved.

    `pointer` is its place below `paths`, `address` where it really stands, which a referenced path item sets apart.

    `security` is the list of alternatives, each a mapping of scheme name to scopes; empty when none is required.
    `servers` are those of the operation, else of the path item, else of the document, and `servers_of` says which.
    `problems` are warnings about what could not be read and was left out.
    """

    operation_id: str | None
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    request_body: RequestBody | None
    responses: Mapping[str, ResponseObject]
    servers: tuple[Server, ...]
    security: Security
    security_schemes: Mapping[str, Mapping[str, Json]]
    pointer: str
    address: Address = Address("", "")
    deprecated: bool = False
    problems: tuple[Diagnostic, ...] = ()
    servers_of: ServerLevel = "description"

    @property
    def title(self) -> str:
        return f"{self.method} {self.path}"

    def declares(self, status: int) -> bool:
        """Say whether a response status is documented, by number or range, `default` not counted."""
        return str(status) in self.responses or f"{status // 100}XX" in self.responses


class ApiDescription(Frozen, eq=False, dict=True, weakref=True):
    """An OpenAPI document with an index of its operations, which are built when they are first asked for.

    The keys of `by_pointer` are JSON Pointers such as `/paths/~1pets~1{petId}/get`; `elsewhere` gives those of the
    operations that stand outside of `paths`, in path items that paths refer to. `gathered` are schemas of it that are
    ready to be compiled. `uri` is what identifies the document:
    its `$self`, else where it was read from. `documents` are the others it refers to, by every absolute URI that they
    have, `other_places` where their parts stand, and `unread` why others could not be. `dialect` is how its schemas
    are meant, and `json_schema_dialect` what `$schema` they have where they name none (OpenAPI 3.1); None is 2020-12.
    """

    uri: str
    version: str
    title: str
    root: Mapping[str, Json]
    places: SourceMap
    by_id: Mapping[str, Operation]
    by_pointer: Mapping[str, Operation]
    documents: Mapping[str, Json] = field(default_factory=dict)
    other_places: Mapping[str, SourceMap] = field(default_factory=dict)
    dialect: SchemaDialect = "2020-12"
    json_schema_dialect: str | None = None
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    gathered: dict[SchemaKey, Gathered] = field(default_factory=dict)
    HIDDEN = ("root", "places", "by_id", "by_pointer", "documents", "other_places", "elsewhere", "unread", "gathered")

    @cached_property
    def definitions(self) -> Mapping[str, Json]:
        """Every document by its URI: what a `$ref` made of an Address leads into."""
        uri, root, documents = self.uri, self.root, self.documents
        return LateMapping(lambda: {**documents, uri: dict(root)})  # which does not hold the description: no circle

    @cached_property
    def schemas(self) -> Schemas:
        """The schemas of these documents, compiled when they are first needed, once."""
        return Schemas(Definitions(self.definitions), self.dialect, self.json_schema_dialect, self.gathered)

    @cached_property
    def made(self) -> dict[str, object]:
        """What was made of the description, by its name: it lasts as long as the description does."""
        return {}

    def span(self, address: Address) -> Span:
        """Give where something stands in the text of its document, for people to look at."""
        places = self.places if address.uri == self.uri else self.other_places.get(address.uri)
        return places.value(address.pointer) if places else self.places.value("")

    def short_span(self, address: Address) -> Span:
        """Give the same within one line: of what takes several lines, the key that names it."""
        span = self.span(address)
        places = self.places if address.uri == self.uri else self.other_places.get(address.uri)
        return span if places is None or span.begin.line == span.finish.line else places.key(address.pointer)
