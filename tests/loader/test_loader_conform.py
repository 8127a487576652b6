"""What conforms is left alone: there is nothing to mend in it, and nothing to refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from runner.arazzo.dialect import DIALECTS, Of
from runner.loader.conform import conforms
from runner.loader.mend import mend_structure
from runner.loader.repairs import STRUCTURE
from runner.loader.shape import check_shape
from runner.source import Place, Source, SourceMap

PARAMETER = {"name": "limit", "in": "query", "value": None}
CRITERION = {"condition": "$.a", "context": "$response.body", "type": "jsonpath"}
DOCUMENT: dict[str, Any] = {
    "arazzo": "1.0.1",
    "info": {"title": "T", "version": "1", "summary": "s"},
    "sourceDescriptions": [{"name": "things", "url": "things.yaml", "type": "openapi"}],
    "workflows": [
        {
            "workflowId": "main",
            "inputs": {"type": "object"},
            "dependsOn": ["other"],
            "parameters": [PARAMETER],
            "x-tags": ["slow"],
            "x-mutex": "one",
            "steps": [
                {
                    "stepId": "one",
                    "operationId": "one",
                    "parameters": [PARAMETER],
                    "requestBody": {"payload": {}, "replacements": [{"target": "/a", "value": 1}]},
                    "successCriteria": [{"condition": "$statusCode == 200"}, CRITERION],
                    "onSuccess": [{"name": "on", "type": "goto", "stepId": "one", "criteria": [CRITERION]}],
                    "onFailure": [{"name": "again", "type": "retry", "retryAfter": 0.5, "retryLimit": 3}],
                    "outputs": {"a.b": "$response.body", "c": {}},
                    "x-idempotency-key": True,
                }
            ],
            "outputs": {"all": "$steps.one.outputs.c"},
            "x-finally": [{"stepId": "last", "operationId": "last"}],
        }
    ],
    "components": {
        "inputs": {"some": {"type": "object"}},
        "parameters": {"limit": PARAMETER},
        "failureActions": {"end": {"name": "end", "type": "end"}},
    },
}
OTHERS: tuple[Any, ...] = (
    *(None, "", "x", "7", "Query", "END", "end", "a b", 0, 7, -1, 2.5, 2**60, True, [], ["x"], [None], {}),
    *({"reference": "$components.parameters.limit"}, {"a b": 1}, {"type": "END"}, {"x-more": 1}, {"name": "n"}),
)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*way, name))


def changed() -> Iterator[dict[str, Any]]:
    """Give the document with another value in each place, with each member left out, and with more in each object."""
    for way in places(DOCUMENT):
        for other in OTHERS if way else ():
            yield with_value(way, other)
        if way:
            yield with_value(way, ...)
        for name in ("reference", "$ref", "retryAfter", "value", "x-finaly", "surplus"):
            for other in (0, "x"):
                yield with_value((*way, name), other)


def with_value(way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(DOCUMENT)
    holder: Any = made
    for token in way[:-1]:
        holder = holder[token]
    if value is ...:
        del holder[way[-1]]
    elif isinstance(holder, dict) or (isinstance(holder, list) and isinstance(way[-1], int)):
        holder[way[-1]] = value
    return made


@pytest.mark.parametrize("version", DIALECTS)
def test_what_conforms_is_neither_mended_nor_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("mend", "shape"):  # what goes through a document looks at each of its parts here
        monkeypatch.setattr(f"runner.loader.{module}.WHOLE", frozenset())
    dialect = DIALECTS[version]
    nowhere = SourceMap(Source("", "", ""), lambda: Place(0, 0), lambda raw, offset: offset)
    conformant = 0
    for document in (DOCUMENT, *changed()):
        if conforms(document, Of("document"), dialect):
            conformant += 1
            mended = mend_structure(STRUCTURE, document, nowhere, dialect)
            assert mended.root is document, document
            assert [*mended.problems, *check_shape(document, nowhere, dialect)] == [], document
    assert conforms(DOCUMENT, Of("document"), dialect)
    assert 100 < conformant < 3000
