"""Turns a schema with local references into a validator of either library, and what they say into one kind of failure.

Both are imported late: neither is needed to say `--help`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, Protocol, TypeVar, assert_never

from runner.records import Frozen
from runner.schema.bulk import Bulk
from runner.schema.choice import EngineName
from runner.schema.depth import Ways, is_deeper, levels
from runner.schema.formats import FORMATS, SCHEMA_FORMATS
from runner.schema.regex import BACKTRACK_LIMIT, compile_regex
from runner.values import Json

_T = TypeVar("_T")


class Failure(Frozen):
    """A keyword that a value does not satisfy: the way to the value, and the way to the keyword through references.

    `branches` are the failures of each alternative of `anyOf` and `oneOf`: one that matches has none. `names` are the
    members at fault, where it is that they are there, or are not, or their name.
    """

    keyword: str
    instance: tuple[str, ...]
    path: tuple[str, ...]
    branches: tuple[tuple[Failure, ...], ...] = ()
    names: tuple[str, ...] = ()

    @property
    def kind(self) -> tuple[object, ...]:
        """What failures share that differ in the item of a list, or the member of a map, that they are about."""
        names = () if self.keyword == "propertyNames" else self.names
        return (self.keyword, self.path, names, tuple(tuple(inner.kind for inner in each) for each in self.branches))


class Validator(Protocol):
    """What both libraries do; RecursionError where a value is nested too deeply."""

    def is_valid(self, value: Json) -> bool:
        """Say whether a value satisfies the schema."""

    def failures(self, value: Json) -> list[Failure]:
        """Give all that a value does not satisfy."""


class TooMuch(RecursionError):  # noqa: N818 - to all but who explains it one more value that cannot be checked
    """There is more to check of a value than anybody would wait for."""


class Untold(RecursionError):  # noqa: N818 - likewise
    """What is wrong with a value is more than can be told."""


class Refused(Exception):  # noqa: N818 - the caller turns it into a SchemaProblem
    """A library does not accept a schema; `path` leads to the part."""

    def __init__(self, path: Iterable[object]) -> None:
        self.path = tuple(map(str, path))


# Schemas that an engine may be in at once, each by way of another: some 2 MB of a stack, and nearly a thousand frames.
_RUST, _PYTHON = 8_000, 180


MOST_CHECKS = 1_000_000
"""Values, each times the schemas that it may be held against, that the engine in Python checks: a few seconds' work."""

MOST_FAILURES = 1_000_000
"""The same of a value of which all that is wrong is told, for the engine has it all at once, at 2 KB each."""

SLOWER = 100
"""Times that the engine in Python is slower than the other."""


def nesting_of(schema: dict[str, Json], engine: EngineName, every: Ways) -> int | None:
    """Say how many levels of a value an engine may go into, by all ways through the schema; None: as many there are."""
    return levels(every, schema, _RUST if engine == "jsonschema-rs" else _PYTHON)


def new_validator(schema: dict[str, Json], engine: EngineName, depth: int | None) -> Validator:
    """Compile a schema; raise Refused, or RecursionError where it is nested too deeply.

    `depth` is how many levels of a value it may go into.
    """
    if depth == 0:
        raise RecursionError
    match engine:
        case "jsonschema-rs":
            return _Rust(schema, depth)
        case "jsonschema":
            return _Python(schema, depth)


class _Rust:
    """jsonschema-rs. Its text is UTF-8, which has no lone surrogates; its stack has an end, beyond which it crashes."""

    def __init__(self, schema: dict[str, Json], depth: int | None) -> None:
        import jsonschema_rs

        self.bulk = Bulk(schema)
        try:
            self.inner = jsonschema_rs.validator_for(
                schema,
                validate_formats=True,
                pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT),
                offline=True,
            )
        except ValueError as error:
            raise Refused(getattr(error, "instance_path", ())) from None
        self.shallow: Any = None if depth is None else _shallow(depth)

    def is_valid(self, value: Json) -> bool:
        return self._asked(self._is_valid, value)

    def failures(self, value: Json) -> list[Failure]:
        return self._asked(self._failures, value)

    def _is_valid(self, value: Json) -> bool:
        self._measure(value)
        return bool(self.inner.is_valid(value))

    def _failures(self, value: Json) -> list[Failure]:
        self._measure(value)
        match self.bulk.telling(value, MOST_FAILURES):
            case "all":
                return [_from_rust(error) for error in self.inner.iter_errors(value)]
            case "first":
                return self._first(value)
            case "none":
                return _untold(self.inner.is_valid(value))
            case never:
                assert_never(never)

    def _first(self, value: Json) -> list[Failure]:
        import jsonschema_rs

        try:
            self.inner.validate(value)
        except jsonschema_rs.ValidationError as error:
            return [_from_rust(error)]
        return []

    def _measure(self, value: Json) -> None:
        if self.shallow is not None and not self.shallow.is_valid(value):
            raise RecursionError

    def _asked(self, question: Callable[[Json], _T], value: Json) -> _T:
        try:
            return question(value)
        except UnicodeEncodeError:
            return question(_as_unicode(value))
        except ValueError as error:
            if str(error) == "Recursion limit reached":
                raise RecursionError from None
            raise


def _untold(is_valid: bool) -> list[Failure]:
    if not is_valid:
        raise Untold
    return []


@cache
def _shallow(depth: int) -> Any:
    """Compile the schema of all values that are nested no deeper than `depth`: the engine is the fastest to say so."""
    import jsonschema_rs

    levels: dict[str, Json] = {"0": {"type": ["null", "boolean", "number", "string"]}}
    for level in range(depth):
        inner: Json = {"$ref": f"#/$defs/{level}"}
        levels[str(level + 1)] = {"items": inner, "additionalProperties": inner}
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/$defs/{depth}", "$defs": levels}, offline=True)


def _as_unicode(value: Json) -> Json:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    replaced: Json = json.loads(text)
    return replaced


def _from_rust(error: Any) -> Failure:
    kind, keyword = error.kind, error.kind.name
    path = tuple(map(str, error.evaluation_path))
    names: tuple[str, ...] = tuple(map(str, getattr(kind, "unexpected", ())))
    if keyword == "propertyNames":
        names = (str(kind.error.instance),)
    elif keyword == "required":
        names = (str(kind.property),)
    elif keyword == "falseSchema":
        keyword = path[-1]
    elif type(kind).__name__ in ("BacktrackLimitExceeded", "RegexEngineFailure"):
        keyword = "patternLimit"
    return Failure(
        keyword,
        tuple(map(str, error.instance_path)),
        path,
        tuple(tuple(map(_from_rust, branch)) for branch in getattr(kind, "context", ())),
        names,
    )


class _Python:
    """jsonschema, with the patterns of ECMA-262 and the formats that it leaves to other packages."""

    def __init__(self, schema: dict[str, Json], depth: int | None) -> None:
        import jsonschema
        from referencing import Registry

        draft: Any = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            draft.check_schema(schema, format_checker=_formats(jsonschema.FormatChecker(("regex",)), SCHEMA_FORMATS))
        except jsonschema.SchemaError as error:
            raise Refused(error.absolute_path) from None
        extend: Any = jsonschema.validators.extend
        kind = extend(draft, {"pattern": _pattern, "$ref": _without_circles(draft.VALIDATORS["$ref"])})
        registry: Registry[Any] = Registry()
        self.inner = kind(schema, registry=registry, format_checker=_formats(jsonschema.FormatChecker(), FORMATS))

        self.depth, self.bulk = depth, Bulk(schema)

    def is_valid(self, value: Json) -> bool:
        self._measure(value)
        return bool(self.inner.is_valid(value))

    def failures(self, value: Json) -> list[Failure]:
        self._measure(value)
        found = map(_from_python, self.inner.iter_errors(value))
        match self.bulk.telling(value, MOST_FAILURES // SLOWER):
            case "all":
                return list(dict.fromkeys(found))  # of several members that are missing each failure names all
            case "first":
                return [*islice(found, 1)]
            case "none":
                return _untold(self.inner.is_valid(value))
            case never:
                assert_never(never)

    def _measure(self, value: Json) -> None:
        if self.depth is not None and is_deeper(value, self.depth):
            raise RecursionError
        if self.bulk.is_more(value, MOST_CHECKS):
            raise TooMuch


def _from_python(error: Any) -> Failure:
    instance, path = error.absolute_path, tuple(map(str, error.absolute_schema_path))
    branches: dict[str, list[Failure]] = {}
    for inner in error.context or ():
        branches.setdefault(str(inner.relative_schema_path[0]), []).append(_from_python(inner))
    keyword = error.validator
    names: tuple[str, ...] = ()
    if "propertyNames" in error.relative_schema_path and isinstance(error.instance, str):
        keyword, names = "propertyNames", (error.instance,)
    elif keyword == "additionalProperties":
        names = tuple(_additional(error.schema, error.instance))
    elif keyword == "required":
        names = tuple(str(name) for name in error.validator_value if name not in error.instance)
    return Failure(keyword, tuple(map(str, instance)), path, tuple(map(tuple, branches.values())), names)


def _additional(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[str]:
    patterns = [compile_regex(pattern, "jsonschema") for pattern in schema.get("patternProperties", {})]
    for name in value:
        if name not in schema.get("properties", {}) and not any(pattern.search(name) for pattern in patterns):
            yield name


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[Exception]:
    import jsonschema

    if isinstance(value, str) and not compile_regex(pattern, "jsonschema").search(value):
        yield jsonschema.ValidationError("")


def _without_circles(follow: Callable[..., Iterable[Exception]]) -> Callable[..., Iterable[Exception]]:
    """Follow a reference, unless that is being done: what a value is checked against already adds nothing."""
    following: set[tuple[int, str, int]] = set()

    def check(validator: object, reference: str, value: object, schema: object) -> Iterable[Exception]:
        key = (threading.get_ident(), reference, id(value))
        if key in following:
            return ()
        following.add(key)
        try:
            return list(follow(validator, reference, value, schema))
        finally:
            following.discard(key)

    return check


def _formats(checker: Any, formats: Mapping[str, Callable[[str], bool]]) -> Any:
    def asserting(holds: Callable[[str], bool]) -> Callable[[object], bool]:
        return lambda value: not isinstance(value, str) or holds(value)

    for name, holds in formats.items():
        checker.checks(name)(asserting(holds))
    return checker
