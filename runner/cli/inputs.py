"""Input values from the command line: `-i name=value` and its kin, read as each workflow's schema says."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.loader.text import decode_bytes, read_text
from runner.plan.plan import Inputs
from runner.shell.regular import refuse_special
from runner.source import Source
from runner.values import File, InputValue, Json

if TYPE_CHECKING:
    from runner.suite.rows import Row


class Given(NamedTuple):
    """Values given by name.

    `texts` came as text, and `files` as bytes: both are read as the schema says. `values` came typed, from a document.
    """

    texts: Mapping[str, str]
    values: Mapping[str, Json]
    files: Mapping[str, File]

    @property
    def plain(self) -> dict[str, Json]:
        """All of it, without the types that a schema would give it."""
        texts = {name: file.decode("utf-8", "replace") for name, file in self.files.items()}
        return {**self.values, **self.texts, **texts}


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
    contents: dict[str, File] = {}
    for text in files:
        name, path = _pair(text, "--input-file name=path")
        contents[name] = _file(path, f"--input-file {text}")
        found.pop(name, None)
    values: dict[str, Json] = {}
    for path in documents:
        values.update(_document(path))
    typed = {name: value for name, value in values.items() if name not in found and name not in contents}
    return Given(found, typed, contents)


def _pair(text: str, form: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"'{text}' is not of the form {form}")
    return name, value


def _bytes(path: str, what: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        refuse_special(Path(path))
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{what}: {error.strerror or error}") from error


def _file(path: str, what: str) -> File:
    """Read a file; its media type is what its name says, by Python's own table and not by the machine's."""
    content = _bytes(path, what)
    if path == "-":
        return File(content)
    from mimetypes import MimeTypes  # late: few inputs are files

    return File(content, Path(path).name, MimeTypes().guess_type(path)[0])


def _read(path: str, what: str) -> str:
    try:
        return decode_bytes(_bytes(path, what))
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
    for name in (*given.texts, *given.files):
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


def unknown_column(name: str, known: Collection[str]) -> tuple[str, str]:
    """Say that rows have a name that is no input, and which one was probably meant."""
    meant = did_you_mean(name, known)
    hint = meant.title if meant else f"inputs there are: {', '.join(sorted(known)) or 'none'}"
    return f"no workflow to be run declares the input '{name}'", hint


def with_row(given: Given, row: Row, declared: Sequence[Inputs]) -> Given:
    """Give what is given with a row, which wins; an empty text says nothing of an input that can be none."""
    texts = {name: text for name, text in row.texts.items() if text or _may_be_text(name, declared)}
    own = texts.keys() | row.values.keys()
    return Given(
        {**{name: text for name, text in given.texts.items() if name not in own}, **texts},
        {**{name: value for name, value in given.values.items() if name not in own}, **row.values},
        {name: file for name, file in given.files.items() if name not in own},
    )


def _may_be_text(name: str, declared: Sequence[Inputs]) -> bool:
    types = [_types(inputs.schema, name) for inputs in declared if inputs.names is None or name in inputs.names]
    return any(not each or "string" in each for each in types)


def describe(inputs: Inputs) -> str:
    """Name the inputs of a workflow with their types."""
    names = sorted(inputs.names or ())
    types = {name: " or ".join(sorted(_types(inputs.schema, name))) for name in names}
    return ", ".join(f"{name} ({types[name]})" if types[name] else name for name in names) or "none"


def values_for(given: Given, inputs: Inputs) -> dict[str, InputValue]:
    """Give the values that one workflow declares, texts and files read as its schema says."""
    schema, mine = inputs.schema, dict[str, InputValue]()
    for name in (*given.values, *given.texts, *given.files):
        if inputs.names is not None and name not in inputs.names:
            continue
        if name in given.files:
            mine[name] = read_file(given.files[name], name, _schemas(schema, name))
        elif name in given.texts:
            mine[name] = read_value(given.texts[name], _types(schema, name))
        else:
            mine[name] = given.values[name]
    return mine


def read_file(file: File, name: str, schemas: Sequence[dict[str, Json]]) -> InputValue:
    """Read a file as the schema of an input says: as bytes, as base64, as text, or as the JSON that the text is.

    Bytes are `format: binary`, or what a `contentMediaType` describes without a `contentEncoding`, and whatever is no
    text where the schema does not say anything of it.
    """
    said = {key for schema in schemas for key in schema}
    formats = {each for schema in schemas if isinstance(each := schema.get("format"), str)}
    encodings = {each for schema in schemas if isinstance(each := schema.get("contentEncoding"), str)}
    if "binary" in formats or ("contentMediaType" in said and "contentEncoding" not in said):
        return file
    if "byte" in formats or "base64" in encodings:
        return base64.b64encode(file).decode("ascii")
    types = frozenset(each for schema in schemas for each in _own_types(schema))
    try:
        return read_value(decode_bytes(file), types)
    except ValueError as error:
        if not types:
            return file
        hint = f"declare '{name}' as type: string, format: binary to send the file as it is"
        raise UsageError(f"--input-file {name}: it is not text: {error}", hint) from error


def _types(schema: Json, name: str) -> frozenset[str]:
    """Give the JSON types that a schema allows for a property; none where it does not say."""
    return frozenset(each for found in _schemas(schema, name) for each in _own_types(found))


def _schemas(schema: Json, name: str) -> list[dict[str, Json]]:
    """Give all that a schema says of a property, wherever it says it."""
    definitions = schema.get("$defs") if isinstance(schema, dict) else None
    return [
        each
        for part in _below(schema, definitions)
        if isinstance(properties := part.get("properties"), dict)
        for each in _below(properties.get(name), definitions)
    ]


def _below(schema: Json, definitions: Json) -> list[dict[str, Json]]:
    """Give a schema with those it is made of or refers to, each once."""
    found: list[dict[str, Json]] = []
    pending = [schema]
    while pending and len(found) < _MOST_SCHEMAS:
        part = pending.pop(0)
        if not isinstance(part, dict) or any(part is each for each in found):
            continue
        found.append(part)
        for keyword in ("allOf", "anyOf", "oneOf"):
            entries = part.get(keyword)
            pending += entries if isinstance(entries, list) else ()
        reference = part.get("$ref")
        if isinstance(reference, str) and isinstance(definitions, dict):
            pending.append(definitions.get(reference.removeprefix("#/$defs/")))
    return found


_MOST_SCHEMAS = 100


def _own_types(schema: dict[str, Json]) -> set[str]:
    own = schema.get("type")
    types = {each for each in (own if isinstance(own, list) else [own]) if isinstance(each, str)}
    constants = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if not types and isinstance(constants, list):
        types = {"string" if isinstance(value, str) else "json" for value in constants}
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
