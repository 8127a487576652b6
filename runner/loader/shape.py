"""Check plain JSON against a dialect's table of objects: one diagnostic per thing that is not as the text says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import assert_never

from runner.arazzo.dialect import (
    DIALECTS,
    Anything,
    Dialect,
    ListOf,
    MapOf,
    Number,
    Of,
    Schema,
    Shape,
    Text,
    TextOrFlag,
    Texts,
    TypeName,
    dialect_of,
)
from runner.arazzo.document import SourceDescription
from runner.diagnostics import Diagnostic, Fix, Rewrite, did_you_mean, nearest
from runner.loader.conform import KEY, MOST, WHOLE, conforms
from runner.loader.faults import foreign_reference, invented_field
from runner.loader.meant import FIELDS, SHAPES, VALUES
from runner.loader.mend import is_plain, kind_of
from runner.records import replace
from runner.source import SourceMap
from runner.text import describe
from runner.values import Json, join_pointer, pointer_name

OBJECT_TITLES = {
    "document": "the document",
    "info": "info",
    "sourceDescription": "a source description",
    "workflow": "a workflow",
    "step": "a step",
    "parameter": "a parameter",
    "successAction": "a success action",
    "failureAction": "a failure action",
    "components": "components",
    "reusable": "a reusable object",
    "criterion": "a criterion",
    "expressionType": "an expression type",
    "requestBody": "a request body",
    "replacement": "a replacement",
}


def find_dialect(root: Json, places: SourceMap) -> Dialect | Diagnostic:
    """Find the dialect that the `arazzo` field asks for, or say why there is none."""
    if not isinstance(root, dict):
        return _problem(places, "not-arazzo", "", "this is not an Arazzo document: its root is not an object")
    version = root.get("arazzo")
    if "arazzo" not in root:
        other = next((name for name in ("openapi", "swagger", "asyncapi") if name in root), None)
        what = f"this is an {other} description, not an Arazzo document" if other else "the field 'arazzo' is missing"
        note = (
            "name a workflow document that has it among its sourceDescriptions"
            if other
            else "start the document with: arazzo: 1.0.1"
        )
        return _problem(places, "not-arazzo", "", what, Fix(note))
    if not isinstance(version, str):
        whole = f"{places.value('/arazzo').text}.0"
        if isinstance(version, int | float) and dialect_of(whole) is not None:
            fix = Fix(f"write it in quotes: '{whole}'", (Rewrite("/arazzo", whole),))
        else:
            fix = Fix("write arazzo: '1.0.1'")
        return _wrong_type(places, "/arazzo", version, "a string", fix)
    found = dialect_of(version)
    if found is None:
        known = " and ".join(DIALECTS)
        return _problem(places, "unsupported-version", "/arazzo", f"Arazzo {version} is not known; {known} are")
    return found


def check_shape(root: Json, places: SourceMap, dialect: Dialect) -> Iterator[Diagnostic]:
    """Check a whole document against its dialect."""
    return _object(root, "", "document", places, dialect)


def with_effect(problems: Iterable[Diagnostic], root: Json, places: SourceMap) -> Iterator[Diagnostic]:
    """Make warnings of what is wrong inside components that nobody refers to.

    Why: "All objects defined within the components object will have no effect … unless they are explicitly referenced".
    """
    unused = [(places.key(pointer), places.value(pointer)) for pointer in _unreferenced(root)]
    for problem in problems:
        at = problem.span
        idle = any(span == at or span.start <= at.start < span.end for spans in unused for span in spans)
        yield replace(problem, severity="warning") if idle and problem.rule != "invalid-name" else problem


def _unreferenced(root: Json) -> Iterator[str]:
    """Give the pointers of the components that no Reusable Object names."""
    components = root.get("components") if isinstance(root, dict) else None
    if not components:
        return
    references: set[str] = set()
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            references.update(text for text in (value.get("reference"),) if isinstance(text, str))
        pending.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    for kind in ("parameters", "successActions", "failureActions"):
        named = components.get(kind) if isinstance(components, dict) else None
        for name in named if isinstance(named, dict) else ():
            if f"$components.{kind}.{name}" not in references:
                yield join_pointer("/components", kind, name)


# What may be true or false as well.
_FLAGGED: Mapping[type[Shape], tuple[tuple[type, ...], str]] = {
    Schema: ((dict,), "a JSON Schema"),
    TextOrFlag: ((str,), "a string, or true or false"),
}


def _check(value: Json, pointer: str, shape: Shape, places: SourceMap, dialect: Dialect) -> Iterator[Diagnostic]:
    match shape:
        case Anything():
            return
        case Text():
            yield from _text(value, pointer, shape, places)
        case Texts():
            listed = value if isinstance(value, list) else [value]
            if not all(isinstance(each, str) for each in listed):
                yield _wrong_type(places, pointer, value, "a string or a list of strings")
        case Number(whole):
            yield from _number(value, pointer, whole, places)
        case Schema() | TextOrFlag():
            kinds, meant = _FLAGGED[type(shape)]
            if not isinstance(value, (*kinds, bool)):
                yield _wrong_type(places, pointer, value, meant)
        case TypeName(choices):
            if isinstance(value, dict):
                yield from _object(value, pointer, "expressionType", places, dialect)
            else:
                yield from _text(value, pointer, Text(choices), places)
        case Of(name, or_reusable):
            if or_reusable and isinstance(value, dict) and "$ref" in value:
                yield foreign_reference(OBJECT_TITLES[name], places.value(f"{pointer}/$ref"))
            else:
                yield from _object(value, pointer, kind_of(value, shape), places, dialect)
        case ListOf(item, at_least):
            yield from _list(value, pointer, item, at_least, places, dialect)
        case MapOf(item):
            yield from _map(value, pointer, item, places, dialect)
        case _:
            assert_never(shape)


def _text(value: Json, pointer: str, shape: Text, places: SourceMap) -> Iterator[Diagnostic]:
    if not isinstance(value, str):
        written = places.value(pointer).text
        fix = Fix(f"write it in quotes: '{written}'") if isinstance(value, int | float | bool) else None
        yield _wrong_type(places, pointer, value, "a string", fix)
    elif shape.choices and value not in shape.choices and shape.others is not None and value not in shape.others:
        yield unknown_value(value, pointer, shape.choices, places)


def unknown_value(value: str, pointer: str, choices: tuple[str, ...], places: SourceMap) -> Diagnostic:
    """Report a text that is none of those there are."""
    listed = ", ".join(f"'{choice}'" for choice in choices)
    meant = VALUES.get((pointer_name(pointer), value.casefold()))
    if "retry" not in choices and value == "retry":
        meant = "a success action cannot retry: write goto with the stepId to run again"
    fix = Fix(meant) if meant else did_you_mean(value, choices)
    return _problem(places, "unknown-value", pointer, f"'{value}' is not one of {listed}", fix)


def check_kind(source: SourceDescription, kind: str, dialect: Dialect, places: SourceMap) -> Iterator[Diagnostic]:
    """Hold the type that a source says against what it is, which counts."""
    place = f"{source.pointer}/type"
    shape = dialect.objects["sourceDescription"]["type"].shape
    choices = shape.choices if isinstance(shape, Text) else ()
    is_known, said = source.type in choices, source.type or ""
    if kind not in choices and not is_known:
        yield unknown_value(said, place, choices, places)
    elif said != kind:
        yield Diagnostic(
            rule="wrong-source-type",
            severity="error" if dialect.strict and not is_known else "warning",
            message=f"the source '{source.name}' says type '{said}', but it is an {kind} description",
            span=places.value(place),
            fix=Fix(f"write type: {kind}", (Rewrite(place, kind),) if kind in choices else ()),
        )


def _number(value: Json, pointer: str, whole: bool, places: SourceMap) -> Iterator[Diagnostic]:
    kind = "a non-negative integer" if whole else "a non-negative number"
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield _wrong_type(places, pointer, value, kind)
    elif value < 0 or (whole and isinstance(value, float) and not value.is_integer()):
        yield _problem(places, "wrong-value", pointer, f"{_shown(places, pointer)} is not {kind}")
    elif value > MOST:
        yield _problem(
            places, "wrong-value", pointer, f"{_shown(places, pointer)} is too large for '{pointer_name(pointer)}'"
        )


def _shown(places: SourceMap, pointer: str) -> str:
    """Give a number as its author wrote it."""
    text = places.value(pointer).text
    return text if len(text) <= 24 else f"{text[:20]}… ({len(text):,} digits)"


def _list(
    value: Json, pointer: str, item: Shape, at_least: int, places: SourceMap, dialect: Dialect
) -> Iterator[Diagnostic]:
    if not isinstance(value, list):
        shown = SHAPES.get(pointer_name(pointer))
        yield _wrong_type(places, pointer, value, "a list", Fix(shown) if shown else None)
        return
    if len(value) < at_least:
        yield _problem(
            places, "empty-list", pointer, f"'{pointer_name(pointer)}' has no entry; at least {at_least} is required"
        )
    for index, entry in enumerate(value):
        yield from _check(entry, f"{pointer}/{index}", item, places, dialect)


def _map(value: Json, pointer: str, item: Shape, places: SourceMap, dialect: Dialect) -> Iterator[Diagnostic]:
    if not isinstance(value, dict):
        shown = SHAPES.get(pointer_name(pointer))
        yield _wrong_type(places, pointer, value, "a map of names to values", Fix(shown) if shown else None)
        return
    for key, entry in value.items():
        place = join_pointer(pointer, key)
        if not KEY.fullmatch(key):
            yield Diagnostic(
                rule="invalid-name",
                severity="error" if dialect.strict else "warning",
                message=f"'{key}' is not a name that an expression can spell",
                span=places.key(place),
                notes=("names are made of letters, digits, '.', '-' and '_'",),
            )
        yield from _check(entry, place, item, places, dialect)


def _object(value: Json, pointer: str, kind: str, places: SourceMap, dialect: Dialect) -> Iterator[Diagnostic]:
    if not isinstance(value, dict):
        yield _wrong_type(places, pointer, value, f"an object ({OBJECT_TITLES[kind]})")
        return
    if kind in WHOLE and conforms(value, Of(kind), dialect):
        return
    fields = dialect.objects[kind]
    for name, field in fields.items():
        if name in value:
            if isinstance(field.shape, Text | Anything) and is_plain(value[name], field.shape):
                continue
            place = join_pointer(pointer, name)
            yield from _check(value[name], place, field.shape, places, dialect)
            if value[name] == "" and isinstance(field.shape, Text) and not field.shape.may_be_empty:
                yield from _empty(name, place, field.shape, places)
        elif field.required:
            yield _missing_field(places, pointer, kind, name, value)
    for name in value:
        if name not in fields and (not name.startswith("x-") or _is_slip(name, fields.keys() - value.keys())):
            yield _unknown_field(places, pointer, kind, name, value, dialect)


def _is_slip(name: str, fields: Iterable[str]) -> bool:
    """Say whether an extension is most likely meant to be one that is known here, as `x-finaly` is."""
    known = (field for field in fields if field.startswith("x-"))
    return any(SequenceMatcher(None, name.casefold(), field).ratio() >= 0.8 for field in known)


def _empty(name: str, pointer: str, shape: Text, places: SourceMap) -> Iterator[Diagnostic]:
    """Refuse a required text that is empty: it would be dropped in silence."""
    if not shape.choices:  # else it is none of them
        yield Diagnostic("empty-value", "error", f"'{name}' is empty", places.value(pointer))


def _missing_field(places: SourceMap, pointer: str, kind: str, name: str, members: Mapping[str, Json]) -> Diagnostic:
    titles = [f"'{members[key]}'" for key in ("stepId", "workflowId", "name") if isinstance(members.get(key), str)]
    title = " ".join([OBJECT_TITLES[kind], *titles[:1]])
    return Diagnostic("missing-field", "error", f"{title} has no '{name}'", places.key(pointer))


def _unknown_field(
    places: SourceMap, pointer: str, kind: str, name: str, members: Mapping[str, Json], dialect: Dialect
) -> Diagnostic:
    """A field of a later version, or a slip of the pen: a misspelt assertion must not be dropped in silence."""
    fields = dialect.objects[kind]
    message = f"{OBJECT_TITLES[kind]} has no field '{name}'"
    span = places.key(join_pointer(pointer, name))
    if name in dialect.later.get(kind, frozenset()):
        fix = Fix("write arazzo: 1.1.0 to use it")
        return Diagnostic(
            "unknown-field", "warning", f"'{name}' is a field of Arazzo 1.1; it is ignored", span, fix=fix
        )
    advice = FIELDS.get((kind, name.casefold()))
    if advice is not None:
        return invented_field(message, span, advice)
    meant = nearest(name, (field for field in fields if field not in members))
    slip = meant is not None and SequenceMatcher(None, name.casefold(), meant.casefold()).ratio() >= 0.8
    if kind == "reusable":
        note = "additional properties of a reusable object are ignored (Reusable Object)"
        return Diagnostic("unknown-field", "warning", message, span, notes=(note,))
    return Diagnostic(
        "unknown-field",
        "error" if slip and not name.startswith("x-") else "warning",
        message,
        span,
        fix=Fix(f"did you mean '{meant}'?") if meant else Fix("begin the name of an extension with 'x-'"),
    )


def _wrong_type(places: SourceMap, pointer: str, value: Json, wanted: str, fix: Fix | None = None) -> Diagnostic:
    return _problem(places, "wrong-type", pointer, f"'{pointer_name(pointer)}' is {wanted}, not {describe(value)}", fix)


def _problem(places: SourceMap, rule: str, pointer: str, message: str, fix: Fix | None = None) -> Diagnostic:
    return Diagnostic(rule, "error", message, places.value(pointer) if pointer else places.key(""), fix=fix)
