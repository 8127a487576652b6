"""Turns the answers of runs into what they reached of each API description."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from runner.engine.events import Answered, Entry, StepStarted
from runner.exchange import Exchange, Response
from runner.openapi.inventory import Inventory, Item, Kind
from runner.records import Frozen, Mutable, field

PLURALS: Mapping[Kind, str] = {
    "operation": "operations",
    "status": "statuses",
    "parameter": "parameters",
    "property": "properties",
}


class Reached(NamedTuple):
    """How many of a number of things were reached."""

    number: int
    of: int

    @property
    def percent(self) -> float:
        """From 0 to 100, in tenths that are rounded down: 100 is all, and whoever asks for what he reads gets it."""
        return self.number * 1000 // self.of / 10 if self.of else 100.0

    def keeps(self, percent: float) -> bool:
        """Say whether it is that share at least; all of nothing is all."""
        return self.number * 100 >= percent * self.of

    def __add__(self, other: object) -> Reached:
        return Reached(self.number + other.number, self.of + other.of) if isinstance(other, Reached) else NotImplemented


class OperationCoverage(Frozen):
    """One operation: how often it answered, each status, each parameter as `query limit` was seen."""

    title: str
    operation_id: str | None
    line: int
    answers: int
    statuses: Mapping[str, int]
    parameters: Mapping[str, int]


class DescriptionCoverage(Frozen):
    """One description; `properties` of its responses by where their schema stands, each with how often it was seen."""

    name: str
    title: str
    operations: tuple[OperationCoverage, ...]
    properties: Mapping[str, int]

    def reached(self, kind: Kind) -> Reached:
        match kind:
            case "operation":
                return reached_of(operation.answers for operation in self.operations)
            case "status":
                return reached_of(count for each in self.operations for count in each.statuses.values())
            case "parameter":
                return reached_of(count for each in self.operations for count in each.parameters.values())
            case "property":
                return reached_of(self.properties.values())


def reached_of(counts: Iterable[int]) -> Reached:
    seen = [count > 0 for count in counts]
    return Reached(sum(seen), len(seen))


def total(coverage: Sequence[DescriptionCoverage], kind: Kind) -> Reached:
    """Add up what was reached of all descriptions."""
    return sum((each.reached(kind) for each in coverage), start=Reached(0, 0))


class CoverageRecorder(Mutable):
    """Folds entries into coverage; `inventories` are those of the descriptions that the runs can call, by URI."""

    inventories: Mapping[str, Inventory]
    _seen: dict[str, Counter[Item]] = field(default_factory=dict)
    _open: list[StepStarted] = field(default_factory=list)
    _told: tuple[DescriptionCoverage, ...] | None = None

    def tell(self, entry: Entry) -> None:
        match entry.event:
            case StepStarted() as event:
                self._open = [each for each in self._open if len(each.trail) < len(event.trail)]
                self._open.append(event)
            case Answered(trail, Exchange(reply=Response() as response), given):
                step = next(each for each in reversed(self._open) if len(each.trail) == len(trail))
                self._answered(step, response, given)
            case _:
                pass

    def close(self) -> None:
        """Nothing is left to write."""

    def _answered(self, step: StepStarted, response: Response, given: Iterable[tuple[str, str]]) -> None:
        inventory = self.inventories.get(step.api)
        operation = inventory.api.by_pointer.get(step.pointer) if inventory else None
        if inventory is None or operation is None:
            return
        self._told = None
        seen = self._seen.setdefault(step.api, Counter())
        seen.update(inventory.reached(operation, response))
        seen.update(Item("parameter", operation.pointer, f"{location} {name}") for location, name in given)

    def coverage(self) -> tuple[DescriptionCoverage, ...]:
        """Give what was reached so far; each report of a run asks for the same."""
        if self._told is None:
            self._told = tuple(
                _description(inventory, self._seen.get(uri, Counter())) for uri, inventory in self.inventories.items()
            )
        return self._told


def _description(inventory: Inventory, seen: Counter[Item]) -> DescriptionCoverage:
    api = inventory.api
    counted: dict[tuple[Kind, str], dict[str, int]] = {}
    for item in inventory.items():
        counted.setdefault((item.kind, item.owner if item.kind != "property" else ""), {})[_key(item, api.uri)] = seen[
            item
        ]
    operations = tuple(
        OperationCoverage(
            operation.title,
            operation.operation_id,
            api.places.key(pointer).begin.line,
            seen[Item("operation", pointer)],
            counted.get(("status", pointer), {}),
            counted.get(("parameter", pointer), {}),
        )
        for pointer, operation in api.by_pointer.items()
    )
    return DescriptionCoverage(api.places.source.name, api.title, operations, counted.get(("property", ""), {}))


def _key(item: Item, uri: str) -> str:
    """Name an item within its owner; a property of another document with that document's URI."""
    if item.kind != "property":
        return item.name
    return f"#{item.name}" if item.owner == uri else f"{item.owner}#{item.name}"


def merged(reports: Iterable[DescriptionCoverage]) -> tuple[DescriptionCoverage, ...]:
    """Add up coverage of the same descriptions, by their names: that of several machines, or of several documents."""
    found: dict[str, DescriptionCoverage] = {}
    for report in reports:
        known = found.get(report.name)
        found[report.name] = report if known is None else _sum(known, report)
    return tuple(found.values())


def _sum(one: DescriptionCoverage, other: DescriptionCoverage) -> DescriptionCoverage:
    operations = {each.title: each for each in one.operations}
    for each in other.operations:
        known = operations.get(each.title)
        operations[each.title] = each if known is None else _sum_operations(known, each)
    return DescriptionCoverage(
        one.name, one.title, tuple(operations.values()), _added(one.properties, other.properties)
    )


def _sum_operations(one: OperationCoverage, other: OperationCoverage) -> OperationCoverage:
    return OperationCoverage(
        one.title,
        one.operation_id,
        one.line,
        one.answers + other.answers,
        _added(one.statuses, other.statuses),
        _added(one.parameters, other.parameters),
    )


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in dict.fromkeys((*one, *other))}
