"""Turns coverage into JSON, and that JSON into coverage again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TextIO

from runner.engine.events import Entry
from runner.openapi.inventory import KINDS
from runner.reporters.coverage.reach import (
    PLURALS,
    CoverageRecorder,
    DescriptionCoverage,
    OperationCoverage,
    Reached,
    total,
)
from runner.values import Json

VERSION = 1
"""Of the format; it changes when a reader would have to."""


def coverage_json(coverage: Sequence[DescriptionCoverage]) -> dict[str, Json]:
    """Write coverage as the JSON object that `arazzo coverage` reads again."""
    return {
        "version": VERSION,
        "total": {PLURALS[kind]: _reached_json(total(coverage, kind)) for kind in KINDS},
        "descriptions": [_description_json(each) for each in coverage],
    }


def _reached_json(reached: Reached) -> dict[str, Json]:
    return {"reached": reached.number, "of": reached.of, "percent": reached.percent}


def _description_json(each: DescriptionCoverage) -> dict[str, Json]:
    return {
        "file": each.name,
        "title": each.title,
        **{PLURALS[kind]: _reached_json(each.reached(kind)) for kind in KINDS},
        "details": [
            {
                "operation": operation.title,
                "operationId": operation.operation_id,
                "line": operation.line,
                "answers": operation.answers,
                "statuses": dict(operation.statuses),
                "parameters": dict(operation.parameters),
            }
            for operation in each.operations
        ],
        "response_properties": dict(each.properties),
    }


class CoverageError(ValueError):
    """A file is no coverage report; the message says why."""


def coverage_of(value: Json) -> tuple[DescriptionCoverage, ...]:
    """Read what `coverage_json` wrote; CoverageError where it is something else."""
    if not isinstance(value, dict) or "descriptions" not in value:
        raise CoverageError("it has no 'descriptions'")
    if value.get("version") != VERSION:
        raise CoverageError(f"its version is not {VERSION}")
    try:
        return tuple(_description_of(each) for each in _list(value["descriptions"]))
    except (KeyError, TypeError) as error:
        raise CoverageError(f"it is damaged: {error}") from None


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def _description_of(value: Json) -> DescriptionCoverage:
    fields = _dict(value)
    return DescriptionCoverage(
        str(fields["file"]),
        str(fields["title"]),
        tuple(_operation_of(_dict(each)) for each in _list(fields["details"])),
        _counts_of(fields["response_properties"]),
    )


def _operation_of(fields: Mapping[str, Json]) -> OperationCoverage:
    operation_id = fields["operationId"]
    return OperationCoverage(
        str(fields["operation"]),
        None if operation_id is None else str(operation_id),
        _int(fields["line"]),
        _int(fields["answers"]),
        _counts_of(fields["statuses"]),
        _counts_of(fields["parameters"]),
    )


def _dict(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("an object is missing")
    return value


def _int(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("a number is missing")
    return value


def _counts_of(value: Json) -> dict[str, int]:
    return {name: _int(count) for name, count in _dict(value).items()}


class CoverageReport:
    """A reporter that writes the coverage as JSON when it is closed. The recorder, which others share, is told once."""

    def __init__(self, stream: TextIO, recorder: CoverageRecorder) -> None:
        self._stream = stream
        self._recorder = recorder

    def tell(self, entry: Entry) -> None:
        """Leave it to the recorder."""

    def close(self) -> None:
        json.dump(coverage_json(self._recorder.coverage()), self._stream, indent=2)
        self._stream.write("\n")
        self._stream.flush()
