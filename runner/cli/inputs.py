"""Input values from the command line: `-i name=value` and its kin, read as each workflow's schema says."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.loader.text import decode_bytes, read_text
from runner.plan.plan import Inputs
from runner.source import Source
from runner.values import Json


class Given(NamedTuple):
    """Values given by name. `texts` came as text, and are read as the schema says; `values` came typed, from a file."""

    texts: Mapping[str, str]
    values: Mapping[str, Json]


def collect(
    texts: Sequence[str],
    variables: Sequence[str],
    files: Sequence[str],
    documents: Sequence[str],
    environ: Mapping[str, str],
) -> Given:
    """Collect `-i`, `--input-env`, `--input-file` and `--inputs`; refuse what cannot be read."""
    found: dict[str, str] = {}
    for text in texts:
        name, value = _pair(text, "-i name=value")
        if name in found:
            raise UsageError(f"-i {name}: the input is given twice")
        found[name] = value
    for text in variables:
        name, variable = _pair(text, "--input-env name=VARIABLE")
        if variable not in environ:
            raise UsageError(f"--input-env {text}: the environment has no variable '{variable}'")
        found[name] = environ[variable]
    for text in files:
        name, path = _pair(text, "--input-file name=path")
        found[name] = _read(path, f"--input-file {text}")
    values: dict[str, Json] = {}
    for path in documents:
        values.update(_document(path))
    return Given(found, {name: value for name, value in values.items() if name not in found})


def _pair(text: str, form: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"'{text}' is not of the form {form}")
    return name, value


def _read(path: str, what: str) -> str:
    try:
        return decode_bytes(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except OSError as error:
        raise UsageError(f"{what}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{what}: it is not text: {error}") from error


def _document(path: str) -> Mapping[str, Json]:
    name = "standard input" if path == "-" else path
    text = read_text(Source(name, name, _read(path, f"--inputs {path}")))
    for problem in text.problems:
        if problem.severity == "error":
            raise UsageError(f"--inputs {problem.span}: {problem.message}")
    if not isinstance(text.value, dict):
        raise UsageError(f"--inputs {path}: the inputs are a map of names to values")
    return text.value


def unknown_names(given: Given, declared: Sequence[Inputs]) -> None:
    """Refuse a name given by hand that no workflow to be run declares."""
    if any(inputs.names is None for inputs in declared):
        return
    known = sorted({name for inputs in declared for name in inputs.names or ()})
    for name in given.texts:
        if name not in known:
            meant = did_you_mean(name, known)
            hint = meant.title if meant else f"inputs there are: {', '.join(known) or 'none'}"
            raise UsageError(f"there is no input '{name}'", hint)


def extra_names(given: Given, declared: Sequence[Inputs]) -> list[str]:
    """List the members of inputs files that no workflow to be run declares."""
    if any(inputs.names is None for inputs in declared):
        return []
    known = {name for inputs in declared for name in inputs.names or ()}
    return [name for name in given.values if name not in known]


def describe(inputs: Inputs) -> str:
    """Name the inputs of a workflow with their types."""
    names = sorted(inputs.names or ())
    types = {name: " or ".join(sorted(_types(inputs.schema, name))) for name in names}
    return ", ".join(f"{name} ({types[name]})" if types[name] else name for name in names) or "none"


def values_for(given: Given, inputs: Inputs) -> dict[str, Json]:
    """Give the values that one workflow declares, texts read as its schema says."""
    mine = {
        **given.values,
        **{name: read_value(text, _types(inputs.schema, name)) for name, text in given.texts.items()},
    }
    return {name: value for name, value in mine.items() if inputs.names is None or name in inputs.names}


def _types(schema: Json, name: str) -> frozenset[str]:
    """Give the JSON types that a schema allows for a property; none where it does not say."""
    found: set[str] = set()
    pending: list[Json] = [schema]
    definitions = schema.get("$defs") if isinstance(schema, dict) else None
    for part in pending:
        if not isinstance(part, dict) or len(pending) > 100:
            continue
        properties = part.get("properties")
        wanted = properties.get(name) if isinstance(properties, dict) else None
        found |= _types_of(wanted, definitions)
        pending.extend(_parts(part, definitions))
    return frozenset(found)


def _parts(part: dict[str, Json], definitions: Json) -> list[Json]:
    parts: list[Json] = []
    for keyword in ("allOf", "anyOf", "oneOf"):
        entries = part.get(keyword)
        parts.extend(entries if isinstance(entries, list) else ())
    reference = part.get("$ref")
    if isinstance(reference, str) and isinstance(definitions, dict):
        parts.append(definitions.get(reference.removeprefix("#/$defs/")))
    return parts


def _types_of(schema: Json, definitions: Json) -> set[str]:
    if not isinstance(schema, dict):
        return set()
    own = schema.get("type")
    types = (
        {own}
        if isinstance(own, str)
        else {each for each in own if isinstance(each, str)}
        if isinstance(own, list)
        else set()
    )
    constants = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if not types and isinstance(constants, list):
        types = {"string" if isinstance(value, str) else "json" for value in constants}
    for part in _parts(schema, definitions):
        types |= _types_of(part, definitions)
    return types


def read_value(text: str, types: frozenset[str]) -> Json:
    """Read a text as one of the types: as JSON where a type other than string fits it, else as it is.

    Where the schema names no type, only text that is plainly a JSON array or object is read as such.
    """
    if types == {"string"} or (not types and text[:1] not in ("{", "[")):
        return text
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if not types or "json" in types or _type_of(value) & types else text


def _type_of(value: Json) -> set[str]:
    match value:
        case None:
            return {"null"}
        case bool():
            return {"boolean"}
        case int():
            return {"integer", "number"}
        case float():
            return {"number", "integer"} if value.is_integer() else {"number"}
        case str():
            return set()
        case list():
            return {"array"}
        case _:
            return {"object"}
