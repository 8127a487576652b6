"""What a version of Arazzo means, as a value: 1.0 and 1.1 differ here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from runner.records import Frozen


class Text(Frozen):
    """A string, of `choices` only where there are any; an empty one says nothing unless it `may_be_empty`.

    `others` are no choices, but understood or diagnosed where their meaning can be known; None stands for all others.
    """

    choices: tuple[str, ...] = ()
    may_be_empty: bool = False
    others: tuple[str, ...] | None = ()


class Texts(Frozen):
    """A string, or a list of them."""


class TextOrFlag(Frozen):
    """A string, or true or false."""


class Number(Frozen):
    """A non-negative number, without fraction where `whole`."""

    whole: bool = False


class Anything(Frozen):
    """Any JSON value."""


class Schema(Frozen):
    """A JSON Schema: an object or a boolean."""


class Of(Frozen):
    """One of the specification's objects, by its name in the dialect; `or_reusable` admits a Reusable Object."""

    name: str
    or_reusable: bool = False


class TypeName(Frozen):
    """A string of `choices`, or an Expression Type Object."""

    choices: tuple[str, ...]


class ListOf(Frozen):
    item: Shape
    at_least: int = 0


class MapOf(Frozen):
    """A map whose keys match `^[a-zA-Z0-9\\.\\-_]+$`."""

    item: Shape


Shape: TypeAlias = Text | Texts | TextOrFlag | Number | Anything | Schema | Of | TypeName | ListOf | MapOf


class Field(Frozen):
    shape: Shape
    required: bool = False


Fields: TypeAlias = Mapping[str, Field]


class Dialect(Frozen):
    """A version's grammar.

    `later` names fields of a later version, for a message that says so. `strict` refuses what the other repairs.
    """

    name: str
    objects: Mapping[str, Fields]
    strict: bool
    selectors: bool
    steps_may_be_ordered: bool
    later: Mapping[str, frozenset[str]]


TEARDOWN = "x-finally"
"""The field of a workflow that holds its teardown: an extension, which every version admits."""

IDEMPOTENCY_KEY = "x-idempotency-key"
"""The field of a step that gives its request a key by which the API knows it again, should it come twice."""

TEXT, ANY = Text(), Anything()
CRITERIA = ListOf(Of("criterion"))
PARAMETERS = ListOf(Of("parameter", or_reusable=True))
VALUES = MapOf(ANY)


def _required(shape: Shape) -> Field:
    return Field(shape, required=True)


OBJECTS_1_0: Mapping[str, Fields] = {
    "document": {
        "arazzo": _required(TEXT),
        "info": _required(Of("info")),
        "sourceDescriptions": _required(ListOf(Of("sourceDescription"), at_least=1)),
        "workflows": _required(ListOf(Of("workflow"), at_least=1)),
        "components": Field(Of("components")),
        "$schema": Field(TEXT),
    },
    "info": {
        "title": _required(TEXT),
        "summary": Field(TEXT),
        "description": Field(TEXT),
        "version": _required(TEXT),
    },
    "sourceDescription": {
        "name": _required(TEXT),
        "url": _required(TEXT),
        "type": Field(Text(("openapi", "arazzo"), others=None)),  # the content says what it is
    },
    "workflow": {
        "workflowId": _required(TEXT),
        "summary": Field(TEXT),
        "description": Field(TEXT),
        "inputs": Field(Schema()),
        "dependsOn": Field(ListOf(TEXT)),
        "steps": _required(ListOf(Of("step"), at_least=1)),
        "successActions": Field(ListOf(Of("successAction", or_reusable=True))),
        "failureActions": Field(ListOf(Of("failureAction", or_reusable=True))),
        "outputs": Field(VALUES),
        "parameters": Field(PARAMETERS),
        TEARDOWN: Field(ListOf(Of("step"))),
        "x-tags": Field(ListOf(TEXT)),
        "x-mutex": Field(Texts()),
    },
    "step": {
        "description": Field(TEXT),
        "stepId": _required(TEXT),
        "operationId": Field(TEXT),
        "operationPath": Field(TEXT),
        "workflowId": Field(TEXT),
        "parameters": Field(PARAMETERS),
        "requestBody": Field(Of("requestBody")),
        "successCriteria": Field(CRITERIA),
        "onSuccess": Field(ListOf(Of("successAction", or_reusable=True))),
        "onFailure": Field(ListOf(Of("failureAction", or_reusable=True))),
        "outputs": Field(VALUES),
        IDEMPOTENCY_KEY: Field(TextOrFlag()),
    },
    "parameter": {
        "name": _required(TEXT),
        "in": Field(Text(("path", "query", "header", "cookie"), others=("body",))),
        "value": _required(ANY),
    },
    "successAction": {
        "name": _required(TEXT),
        "type": _required(Text(("end", "goto"))),
        "workflowId": Field(TEXT),
        "stepId": Field(TEXT),
        "criteria": Field(CRITERIA),
    },
    "failureAction": {
        "name": _required(TEXT),
        "type": _required(Text(("end", "retry", "goto"))),
        "workflowId": Field(TEXT),
        "stepId": Field(TEXT),
        "retryAfter": Field(Number()),
        "retryLimit": Field(Number(whole=True)),
        "criteria": Field(CRITERIA),
    },
    "components": {
        "inputs": Field(MapOf(Schema())),
        "parameters": Field(MapOf(Of("parameter"))),
        "successActions": Field(MapOf(Of("successAction"))),
        "failureActions": Field(MapOf(Of("failureAction"))),
    },
    "reusable": {"reference": _required(TEXT), "value": Field(ANY)},
    "criterion": {
        "context": Field(TEXT),
        "condition": _required(TEXT),
        "type": Field(TypeName(("simple", "regex", "jsonpath", "xpath"))),
        "version": Field(TEXT),  # the 1.0 schema puts the Expression Type Object's version here; 1.1 does not
    },
    "expressionType": {
        "type": _required(Text(("jsonpath", "xpath"))),
        "version": _required(
            Text(("rfc9535", "draft-goessner-dispatch-jsonpath-00", "xpath-31", "xpath-30", "xpath-20", "xpath-10"))
        ),
    },
    "requestBody": {
        "contentType": Field(TEXT),
        "payload": Field(ANY),
        "replacements": Field(ListOf(Of("replacement"))),
    },
    # the empty JSON Pointer is the whole payload
    "replacement": {"target": _required(Text(may_be_empty=True)), "value": _required(ANY)},
}


_ADDED_IN_1_1: Mapping[str, Fields] = {
    "document": {"$self": Field(TEXT)},
    "sourceDescription": {"type": Field(Text(("openapi", "arazzo", "asyncapi"), others=None))},
    "step": {
        "channelPath": Field(TEXT),
        "timeout": Field(Number(whole=True)),
        "correlationId": Field(TEXT),
        "action": Field(Text(("send", "receive"))),
        "dependsOn": Field(ListOf(TEXT)),
        "successCriteria": Field(ListOf(Of("criterion"), at_least=1)),
    },
    "parameter": {"in": Field(Text(("path", "query", "querystring", "header", "cookie"), others=("body",)))},
    "successAction": {"parameters": Field(PARAMETERS)},
    "failureAction": {"parameters": Field(PARAMETERS)},
    "expressionType": {
        "type": _required(Text(("jsonpath", "xpath", "jsonpointer"))),
        "version": _required(
            Text(
                (
                    "rfc9535",
                    "draft-goessner-dispatch-jsonpath-00",
                    "xpath-31",
                    "xpath-30",
                    "xpath-20",
                    "xpath-10",
                    "rfc6901",
                )
            )
        ),
    },
    "replacement": {"targetSelectorType": Field(TypeName(("jsonpath", "xpath", "jsonpointer")))},
}

OBJECTS_1_1: Mapping[str, Fields] = {
    kind: {**fields, **_ADDED_IN_1_1.get(kind, {})} for kind, fields in OBJECTS_1_0.items()
}

ARAZZO_1_0 = Dialect(
    name="1.0",
    objects=OBJECTS_1_0,
    strict=False,
    selectors=False,
    steps_may_be_ordered=False,
    later={name: frozenset(fields) - frozenset(OBJECTS_1_0[name]) for name, fields in _ADDED_IN_1_1.items()},
)
ARAZZO_1_1 = Dialect(
    name="1.1",
    objects=OBJECTS_1_1,
    strict=True,
    selectors=True,
    steps_may_be_ordered=True,
    later={},
)

DIALECTS: Mapping[str, Dialect] = {"1.0": ARAZZO_1_0, "1.1": ARAZZO_1_1}


def dialect_of(version: str) -> Dialect | None:
    """Give the dialect of an `arazzo` version string: the patch number never matters (Versions)."""
    return DIALECTS.get(".".join(version.split(".")[:2]))
