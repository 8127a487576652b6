"""A workflow's `inputs` as a JSON Schema that stands on its own, the names it declares, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import unquote

from runner.plan.context import Context
from runner.plan.patterns import check_schema
from runner.plan.plan import Inputs
from runner.plan.rules import language
from runner.records import replace
from runner.schema import SchemaProblem, refused_defaults
from runner.values import Absent, Json, Value, join_pointer, resolve_pointer, split_pointer

COMPONENTS = "#/components/inputs/"
DEFINITIONS = "/$defs/"
DATA = frozenset({"default", "const", "enum", "example", "examples"})
CLOSING = ("additionalProperties", "unevaluatedProperties")


def read_inputs(schema: Json, root: Json) -> Inputs:
    """Read the inputs of a workflow; `root` is its document, into which `$ref`s point."""
    if not isinstance(schema, dict):
        return Inputs({}, frozenset())
    parts = list(_parts(schema, root))
    properties = [(name, value) for part in parts for name, value in _properties(part)]
    unlisted = any("patternProperties" in part or _is_dangling(part, root) for part in parts)
    return Inputs(
        schema=_standalone(schema, root),
        names=None if unlisted else frozenset(name for name, _ in properties),
        required=frozenset(name for part in parts for name in _strings(part.get("required"))),
        defaulted=frozenset(name for name, value in properties if _has_default(value, root)),
        secret=frozenset(name for name, value in properties if _is_secret(value, root)),
        closed=any(part.get(word) is False for part in parts for word in CLOSING),
    )


def check_inputs(ctx: Context, inputs: Inputs, pointer: str) -> bool:
    """Report what is wrong with the inputs at `pointer`: a schema that means nothing, defaults that it refuses.

    Say whether the schema can be compiled.
    """
    try:
        inputs.validator  # noqa: B018 - a schema that cannot be compiled is the author's mistake
    except SchemaProblem as problem:
        span = ctx.value(_written(ctx, problem.pointer, pointer))
        ctx.report(language.invalid_inputs_schema(problem.message, span))
        return False
    written = resolve_pointer(ctx.arazzo.document.root, pointer)
    assert not isinstance(written, bytes)
    for place, message in refused_defaults(inputs.schema, None if isinstance(written, Absent) else written):
        ctx.report(language.invalid_default(message, ctx.value(pointer + place)))
    for place, pattern in _patterns([(pointer, written)]):
        for each in check_schema(pattern, partial(ctx.within, place)):
            ctx.report(each)
    return True


def _patterns(pending: list[tuple[str, Value]]) -> Iterator[tuple[str, str]]:
    """Give every `pattern` of some schemas, with its pointer."""
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, list):
            pending += [(join_pointer(pointer, str(number)), each) for number, each in enumerate(value)]
        if not isinstance(value, dict):
            continue
        pattern = value.get("pattern")
        if isinstance(pattern, str):
            yield join_pointer(pointer, "pattern"), pattern
        pending += [(join_pointer(pointer, name), each) for name, each in value.items() if name not in DATA]


def check_shared_inputs(ctx: Context) -> None:
    """Warn of components that cannot be used as inputs; where one is used, that is an error.

    One that an accepted component refers to has been compiled with it: there may be thousands, in circles.
    """
    quiet = replace(ctx, report=lambda problem: ctx.report(replace(problem, severity="warning")))
    accepted: set[str] = set()
    for name, schema in ctx.arazzo.document.components.inputs.items():
        if name in accepted and not any("default" in each for each in _below([schema])):
            continue
        inputs = read_inputs(schema, ctx.arazzo.document.root)
        if check_inputs(quiet, inputs, join_pointer("/components/inputs", name)):
            accepted.update(_brought_along(inputs.schema, schema))


def _brought_along(standalone: Json, written: Json) -> Iterator[str]:
    """Give the names of the definitions that a standalone schema has and the written one has not."""
    defs, own = (resolve_pointer(each, "/$defs") for each in (standalone, written))
    if isinstance(defs, dict):
        yield from (name for name in defs if not isinstance(own, dict) or name not in own)


def _written(ctx: Context, place: str, pointer: str) -> str:
    """Give where a part of the standalone schema is written: in the inputs at `pointer`, or among the components."""
    if not place.startswith(DEFINITIONS):
        return pointer + place
    own = join_pointer(pointer, *split_pointer(place)[:2])
    if not isinstance(resolve_pointer(ctx.arazzo.document.root, own), Absent):
        return pointer + place
    shared = COMPONENTS.removeprefix("#") + place.removeprefix(DEFINITIONS)
    return pointer if isinstance(resolve_pointer(ctx.arazzo.document.root, shared), Absent) else shared


def _parts(schema: Json, root: Json) -> Iterator[dict[str, Json]]:
    """Give the objects whose properties all apply, each once: the schema, what it refers to, and its `allOf`."""
    pending, seen = [schema], set[int]()
    while pending:
        part = pending.pop()
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        all_of = part.get("allOf")
        pending += [*reversed(all_of if isinstance(all_of, list) else ()), _referred(part, root)]


def _referred(schema: dict[str, Json], root: Json) -> Json:
    """Follow `$ref` by JSON Pointer or plain name ("references via `$ref` MUST support both")."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    if reference[1:2] in ("", "/"):
        found = resolve_pointer(root, unquote(reference[1:]))
        return None if isinstance(found, Absent | bytes) else found
    return next((each for each in _schemas(root) if each.get("$anchor") == reference[1:]), None)


def _schemas(root: Json) -> Iterator[dict[str, Json]]:
    """Give every schema of a document: the inputs of its workflows and components, and all below them."""
    workflows = resolve_pointer(root, "/workflows")
    shared = resolve_pointer(root, "/components/inputs")
    own = [resolve_pointer(each, "/inputs") for each in (workflows if isinstance(workflows, list) else ())]
    yield from _below([shared, *own])


def _below(pending: list[Value]) -> Iterator[dict[str, Json]]:
    """Give every object among some values and below them."""
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield value
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _is_dangling(schema: dict[str, Json], root: Json) -> bool:
    return "$ref" in schema and _referred(schema, root) is None


def _properties(part: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    properties = part.get("properties")
    if isinstance(properties, dict):
        yield from properties.items()


def _is_secret(schema: Json, root: Json) -> bool:
    return any(part.get("format") == "password" for part in _parts(schema, root))


def _has_default(schema: Json, root: Json) -> bool:
    return any("default" in part for part in _parts(schema, root))


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _standalone(schema: dict[str, Json], root: Json) -> Json:
    """Bring along, as `$defs`, whatever `$ref`s lead to, so that the schema needs no other document."""
    names: dict[str, str] = {}
    pending: list[tuple[str, Json]] = []
    moved: dict[str, Json] = {}
    own = _moved(schema, root, names, pending)
    assert isinstance(own, dict)
    while pending:  # a description may be a long chain of references: longer than calls may be nested
        name, target = pending.pop()
        moved[name] = _moved(target, root, names, pending)
    defs = own.get("$defs")
    return {**own, "$defs": {**moved, **(defs if isinstance(defs, dict) else {})}} if moved else own


def _moved(schema: Json, root: Json, names: dict[str, str], pending: list[tuple[str, Json]]) -> Json:
    """Redirect `$ref`s into the document; each target is still to be moved, once, so that recursion ends."""
    if isinstance(schema, list):
        return [_moved(item, root, names, pending) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _moved(value, root, names, pending) for key, value in schema.items()}
    reference = schema.get("$ref")
    target = _referred(schema, root)
    if isinstance(reference, str) and target is not None and not reference.startswith("#" + DEFINITIONS):
        if reference not in names:
            shared = reference.removeprefix(COMPONENTS)
            names[reference] = shared if shared != reference and "/" not in shared else f"reference-{len(names)}"
            pending.append((names[reference], target))
        result["$ref"] = "#" + DEFINITIONS + names[reference]
    return result
