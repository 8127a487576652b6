"""Turns a JSON Schema (2020-12, or what its `$schema` says) into a check of values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from runner.records import Frozen, replace
from runner.schema.choice import EngineName, best_engine
from runner.schema.depth import MOST_WAYS, every_way, multiplies
from runner.schema.dialect import Direction, SchemaDialect
from runner.schema.documents import Definitions
from runner.schema.engines import Failure, Refused, TooMuch, Untold, Validator, nesting_of, new_validator
from runner.schema.explain import Explaining, SchemaError
from runner.schema.gather import gather
from runner.schema.gathered import Gathered, Nesting, SchemaProblem
from runner.schema.keywords import MANY, NAMED, ONE
from runner.schema.messages import shown
from runner.values import ABSENT, Json, is_within, join_pointer

_TOO_DEEP = SchemaError("", "", "", "is nested too deeply to be checked")
_TOO_MUCH = SchemaError("", "", "", "is too large to be checked against its schema")
_UNTOLD = SchemaError("", "", "", "does not fit its schema, in more ways than can be told")


class Schema(Frozen):
    """A compiled schema."""

    gathered: Gathered
    validator: Validator
    HIDDEN = ("gathered", "validator")

    def valid(self, value: Json) -> bool:
        """Say whether a value satisfies the schema."""
        try:
            return self.validator.is_valid(value)
        except RecursionError:
            return False

    def errors(self, value: Json, unknown: Collection[str] = ()) -> tuple[SchemaError, ...]:
        """Give everything that is wrong with a value, but for what stands at the pointers `unknown`, or below them."""
        try:
            if self.validator.is_valid(value):
                return ()
            explaining = Explaining(self.gathered, value)
            failures = [each for each in self.validator.failures(value) if not _is_within(each, unknown)]
            return tuple(dict.fromkeys(error for failure in failures for error in explaining.errors(failure)))
        except RecursionError as error:
            return (_unchecked(error),)

    def kinds(self, value: Json, most: int) -> Iterator[tuple[SchemaError, int]]:
        """Give what is wrong with a value, each kind once and how many there are of it: to explain one takes its time.

        They are of a kind that differ in the item of a list, or the member of a map, that they are about. Of more than
        `most` kinds, and of more than `most` members that should not be there, the first are given.
        """
        try:
            explaining = Explaining(self.gathered, value)
            kinds: dict[object, list[Failure]] = {}
            for failure in self.validator.failures(value):
                kinds.setdefault(failure.kind, []).append(failure)
            told: dict[SchemaError, int] = {}
            for alike in islice(kinds.values(), most):
                for error in islice(explaining.errors(alike[0]), most):
                    told.setdefault(error, len(alike))  # it may have been found on several ways
            yield from told.items()
        except RecursionError as error:
            yield _unchecked(error), 1


def _unchecked(error: RecursionError) -> SchemaError:
    return _TOO_MUCH if isinstance(error, TooMuch) else _UNTOLD if isinstance(error, Untold) else _TOO_DEEP


def _is_within(failure: Failure, pointers: Collection[str]) -> bool:
    return bool(pointers) and any(is_within(join_pointer("", *failure.instance), each) for each in pointers)


def compile_schema(
    schema: Json,
    *,
    definitions: Mapping[str, Json] | Definitions | None = None,
    dialect: SchemaDialect = "2020-12",
    direction: Direction | None = None,
    engine: EngineName | None = None,
) -> Schema:
    """Compile a schema; nothing is ever fetched: `definitions` gives the documents that `$ref` may lead into, by URI.

    Formats are asserted, those of OpenAPI included. SchemaProblem says where a schema means nothing.
    """
    return compile_gathered(gather(schema, definitions, dialect, direction), engine)


def compile_gathered(gathered: Gathered, engine: EngineName | None = None) -> Schema:
    """Compile a schema that has been gathered; SchemaProblem says where it means nothing."""
    chosen = engine or best_engine()
    known = gathered.nesting if gathered.nesting is not None and gathered.nesting.engine == chosen else None
    nesting = known or _nesting(gathered, chosen)
    try:
        return Schema(replace(gathered, nesting=nesting), new_validator(gathered.schema, chosen, nesting.levels))
    except Refused as refused:
        raise _problem(gathered, refused.path) from None
    except RecursionError:
        raise SchemaProblem("the schema is nested too deeply") from None


def _nesting(gathered: Gathered, engine: EngineName) -> Nesting:
    every = every_way(gathered.schema)
    if multiplies(every, gathered.schema):
        raise SchemaProblem(f"it holds a value against more than {MOST_WAYS} schemas")
    return Nesting(engine, nesting_of(gathered.schema, engine, every))


def _problem(gathered: Gathered, path: tuple[str, ...]) -> SchemaProblem:
    """Say what an engine refuses: the way to it ends at a keyword, or at a part of one."""
    if len(path) < 2:
        return SchemaProblem("the schema cannot be used")
    name, tokens = path[1], path[2:]
    node, origin, _ = gathered.place(tokens, name)
    above, last = ["", "", *tokens][-2:]
    pattern = node if last == "pattern" and isinstance(node, str) else last if above == "patternProperties" else None
    if pattern is not None:
        return SchemaProblem(f"the pattern '{pattern}' is no regular expression", origin)
    what = "null" if node is ABSENT or isinstance(node, bytes) else shown(node)
    if not tokens or above in NAMED or above in MANY or last in ONE:
        return SchemaProblem(f"a schema must be an object, true or false, is {what}", origin)
    return SchemaProblem(f"'{last}' cannot be {what}", origin)
