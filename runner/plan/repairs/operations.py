"""Operations as people name them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from runner.openapi.document import ApiDescription
from runner.openapi.lookup import operations_at
from runner.plan.context import SOURCES, Context, split_reference
from runner.plan.mend import Reading, Repair, Slip
from runner.plan.spelling import same_but_spelling
from runner.values import join_pointer, unescape_token

METHOD_AND_PATH = re.compile(r"([A-Za-z]+)[ \t]+(/\S*)")
_BRACED = re.compile(r"\{(\$sourceDescriptions\.[^{}]+)\}")
# operationPath: '{$sourceDescriptions.<name>.url}#<JSON Pointer>'
SOURCE_URL_AND_POINTER = re.compile(r"\{\$sourceDescriptions\.(?P<source>.+?)\.url\}#(?P<pointer>/.*)", re.DOTALL)
_SOURCE_AND_POINTER = re.compile(r"(?P<source>[^#]*)#(?P<pointer>/.*)", re.DOTALL)
_DECORATION = re.compile(r"\{?\$?(?:sourceDescriptions\.)?(?P<name>.*?)\}?")
_BELOW_PATHS = re.compile(r"/paths/+(?P<path>.*)/(?P<method>[A-Za-z]+)/?", re.DOTALL)


def apis_of(ctx: Context) -> Mapping[str, ApiDescription]:
    """Give the OpenAPI descriptions that could be read, by the names of their sources."""
    return {name: api for name in ctx.api_names if (api := ctx.api(name)) is not None}


def qualified_operation(text: str, reading: Reading) -> Slip | None:
    """An operationId names its source in another way than the specification.

    Why: an operation of a source is written as an expression, without braces, for it is the whole value.
    Example: `operationId: petstore.getPet`.
    Instead: `operationId: $sourceDescriptions.petstore.getPet`.
    """
    ctx = reading.ctx
    braced = _BRACED.fullmatch(text)
    bare = braced[1] if braced else f"{SOURCES}{text.removeprefix('$').removeprefix('sourceDescriptions.')}"
    found = split_reference(bare, ctx.source_names)
    if found is None or bare == text or found[0] not in ctx.source_names or "#" in text or "/" in text:
        return None
    if any(text in api.by_id for api in apis_of(ctx).values()):
        return None
    return Slip("an operation of a source is written as an expression", 0, len(text), bare, refused=True)


def method_and_path(text: str, reading: Reading) -> Slip | None:
    """An operation is named by its method and path.

    Why: an operationId is a name of the API description, and an operationPath leads into one by a JSON Pointer.
    Example: `operationId: GET /pets/{petId}`.
    Instead: `operationId: getPet`, or `operationPath: '{$sourceDescriptions.petstore.url}#/paths/~1pets~1{petId}/get'`.
    """
    found = METHOD_AND_PATH.fullmatch(text)
    holders = _at_method_and_path(reading.ctx, found) if found else {}
    if len(holders) != 1 or not reading.ctx.knows_every_operation:
        return None
    source, pointer = next(iter(holders.items()))
    apis = apis_of(reading.ctx)
    name = apis[source].by_pointer[pointer].operation_id
    if reading.pointer.endswith("/operationPath"):
        meant = canonical_path(source, pointer) if len(reading.ctx.api_names) == 1 else None
    else:
        meant = (name if len(reading.ctx.api_names) == 1 else f"{SOURCES}{source}.{name}") if name else None
    return (
        Slip("an operation is not named by its method and path", 0, len(text), meant, refused=True) if meant else None
    )


def _at_method_and_path(ctx: Context, found: re.Match[str]) -> dict[str, str]:
    """Give the sources that have an operation of a method and path, and its pointer."""
    pointer = join_pointer("/paths", found[2], found[1].lower())
    return {name: pointer for name, api in apis_of(ctx).items() if pointer in api.by_pointer}


def operation_spelling(text: str, reading: Reading) -> Slip | None:
    """An operationId differs from the one in the API description in case or punctuation.

    Why: an operationId is case-sensitive, and no other operation is called nearly so.
    Example: `operationId: PostCustomers`, where the description has `postCustomers`.
    Instead: `operationId: postCustomers`.
    """
    ctx = reading.ctx
    reference = split_reference(text, ctx.source_names)
    if reference is None and not ctx.knows_every_operation:
        return None
    sources, operation_id = ([reference[0]], reference[1]) if reference else (ctx.api_names, text)
    names = [_names_in(ctx, source) for source in sources]
    if any(operation_id in known for known in names):
        return None
    meant = same_but_spelling(operation_id, {each for known in names for each in known})
    if meant is None:
        return None
    start = len(text) - len(operation_id)
    return Slip(f"the operation is called '{meant}'", start, len(text), meant, refused=True)


def _names_in(ctx: Context, source: str) -> Collection[str]:
    api, messages = ctx.api(source), ctx.messages(source)
    return api.by_id.keys() if api else messages.operation_ids if messages else ()


def unqualified_operation(text: str, reading: Reading) -> Slip | None:
    """An operationId is written without its source, though there are several sources.

    Why: "the operationId MUST be specified using a Runtime Expression … to avoid ambiguity or potential clashes".
    Example: `operationId: getUser` in a document with two OpenAPI sources. It is understood while only one has it.
    Instead: `operationId: $sourceDescriptions.users.getUser`.
    """
    ctx = reading.ctx
    holders = [name for name, api in apis_of(ctx).items() if text in api.by_id]
    if text.startswith("$") or len(holders) != 1 or len(ctx.api_names) < 2:
        return None
    message = f"with several sources, '{text}' has to name its own"
    return Slip(message, 0, len(text), f"{SOURCES}{holders[0]}.{text}", refused=True)


def source_of_path(text: str, reading: Reading) -> Slip | None:
    """An operationPath names its source in another way than the specification.

    Why: "A Runtime Expression syntax MUST be used to identify the source description document".
    Example: `operationPath: petstore#/paths/~1pets/get`.
    Instead: `operationPath: '{$sourceDescriptions.petstore.url}#/paths/~1pets/get'`.
    """
    found = _SOURCE_AND_POINTER.fullmatch(text)
    source = (
        _source_meant(reading.ctx, found["source"]) if found and not SOURCE_URL_AND_POINTER.fullmatch(text) else None
    )
    if found is None or source is None:
        return None
    meant = canonical_path(source, "")
    message = "an operationPath begins with the url of a source, as an expression in braces"
    return Slip(message, 0, found.start("pointer"), meant, refused=True)


def _source_meant(ctx: Context, text: str) -> str | None:
    """Give the source that is named in front of a fragment: by its name, however that is decorated, or by its url."""
    declared = ctx.arazzo.document.source_descriptions
    if not text:
        return ctx.api_names[0] if len(ctx.api_names) == 1 and ctx.knows_every_source else None
    by_url = [source.name for source in declared if source.url == text]
    if len(by_url) == 1:
        return by_url[0]
    name = _DECORATION.fullmatch(text)
    written = name["name"] if name else text
    names = [each for each in (written, written.removesuffix(".url")) if each in ctx.source_names]
    return names[0] if names else None


def canonical_path(source: str, pointer: str) -> str:
    """Write an operationPath as the specification has it."""
    return f"{{{SOURCES}{source}.url}}#{pointer}"


def path_spelling(text: str, reading: Reading) -> Slip | None:
    """The JSON Pointer of an operationPath is not escaped, or has its method in upper case.

    Why: in a JSON Pointer, a slash inside of a name is written `~1`, and the methods of a path are in lower case.
    Example: `operationPath: '{$sourceDescriptions.petstore.url}#/paths/pets/{petId}/GET'`.
    Instead: `operationPath: '{$sourceDescriptions.petstore.url}#/paths/~1pets~1{petId}/get'`.
    """
    found = SOURCE_URL_AND_POINTER.fullmatch(text)
    api = reading.ctx.api(found["source"]) if found else None
    if found is None or api is None or operations_at(api, found["pointer"]):
        return None
    below = _BELOW_PATHS.fullmatch(found["pointer"])
    if below is None:
        return None
    path = unescape_token(below["path"])
    exact = join_pointer("/paths", path, below["method"].lower())
    rooted = join_pointer("/paths", "/" + path.lstrip("/"), below["method"].lower())
    meant = next((each for each in (exact, rooted) if each in api.by_pointer), None)
    if meant is None:
        return None
    message = "a slash in a path is written ~1, and a method in lower case"
    return Slip(message, found.start("pointer"), len(text), meant, refused=True)


OPERATION_ID: tuple[Repair, ...] = (method_and_path, qualified_operation, operation_spelling, unqualified_operation)
"""What is tried on an operationId, in this order."""

OPERATION_PATH: tuple[Repair, ...] = (method_and_path, source_of_path, path_spelling)
"""What is tried on an operationPath, in this order."""
