"""A workflow's `inputs` as a JSON Schema that stands on its own, the names it declares, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from runner.plan.context import Context
from runner.plan.plan import Inputs
from runner.plan.rules import language
from runner.schema import SchemaProblem, refused_defaults
from runner.values import Absent, Json, join_pointer, resolve_pointer, split_pointer

COMPONENTS = "#/components/inputs/"
DEFINITIONS = "/$defs/"
DEPTH = 32
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


def check_inputs(ctx: Context, inputs: Inputs, pointer: str) -> None:
    """Report what is wrong with the inputs at `pointer`: a schema that means nothing, defaults that it refuses."""
    try:
        inputs.validator  # noqa: B018 - a schema that cannot be compiled is the author's mistake
    except SchemaProblem as problem:
        span = ctx.value(_written(ctx, problem.pointer, pointer))
        ctx.report(language.invalid_inputs_schema(problem.message, span))
        return
    written = resolve_pointer(ctx.arazzo.document.root, pointer)
    assert not isinstance(written, bytes)
    for place, message in refused_defaults(inputs.schema, None if isinstance(written, Absent) else written):
        ctx.report(language.invalid_default(message, ctx.value(pointer + place)))


def check_shared_inputs(ctx: Context) -> None:
    """Warn of components that cannot be used as inputs; where one is used, that is an error."""
    quiet = replace(ctx, report=lambda problem: ctx.report(replace(problem, severity="warning")))
    for name, schema in ctx.arazzo.document.components.inputs.items():
        check_inputs(quiet, read_inputs(schema, ctx.arazzo.document.root), join_pointer("/components/inputs", name))


def _written(ctx: Context, place: str, pointer: str) -> str:
    """Give where a part of the standalone schema is written: in the inputs at `pointer`, or among the components."""
    if not place.startswith(DEFINITIONS):
        return pointer + place
    own = join_pointer(pointer, *split_pointer(place)[:2])
    if not isinstance(resolve_pointer(ctx.arazzo.document.root, own), Absent):
        return pointer + place
    shared = COMPONENTS.removeprefix("#") + place.removeprefix(DEFINITIONS)
    return pointer if isinstance(resolve_pointer(ctx.arazzo.document.root, shared), Absent) else shared


def _parts(schema: Json, root: Json, depth: int = 0) -> Iterator[dict[str, Json]]:
    """Give the objects whose properties all apply: the schema, what it refers to, and its `allOf`."""
    if not isinstance(schema, dict) or depth > DEPTH:
        return
    yield schema
    yield from _parts(_referred(schema, root), root, depth + 1)
    all_of = schema.get("allOf")
    for entry in all_of if isinstance(all_of, list) else ():
        yield from _parts(entry, root, depth + 1)


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
    pending = [resolve_pointer(root, "/components/inputs")]
    pending += [resolve_pointer(each, "/inputs") for each in (workflows if isinstance(workflows, list) else ())]
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
    moved: dict[str, Json] = {}
    own = _moved(schema, root, names, moved)
    assert isinstance(own, dict)
    defs = own.get("$defs")
    return {**own, "$defs": {**moved, **(defs if isinstance(defs, dict) else {})}} if moved else own


def _moved(schema: Json, root: Json, names: dict[str, str], moved: dict[str, Json]) -> Json:
    """Redirect `$ref`s into the document; each target is moved once, so that recursion ends."""
    if isinstance(schema, list):
        return [_moved(item, root, names, moved) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _moved(value, root, names, moved) for key, value in schema.items()}
    reference = schema.get("$ref")
    target = _referred(schema, root)
    if isinstance(reference, str) and target is not None and not reference.startswith("#" + DEFINITIONS):
        if reference not in names:
            shared = reference.removeprefix(COMPONENTS)
            names[reference] = shared if shared != reference and "/" not in shared else f"reference-{len(names)}"
            moved[names[reference]] = _moved(target, root, names, moved)
        result["$ref"] = "#" + DEFINITIONS + names[reference]
    return result
