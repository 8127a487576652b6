"""Turns what works cost into the rows of a table: a figure for each tool, the goal, and whether ours reaches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.bench.measure import Cost, middle
from tests.bench.works import LONG, MANY, REPEAT, TOGETHER

Costs = Mapping[str, Mapping[str, Sequence[Cost]]]


class Row(NamedTuple):
    """`at_most` is what ours may be, in the unit of the row."""

    name: str
    unit: str
    figures: Mapping[str, float]
    at_most: float
    goal: str

    @property
    def met(self) -> bool:
        return self.figures["ours"] <= self.at_most


def rows(costs: Costs) -> list[Row]:
    """Make the rows of all that was measured."""
    made: list[Row] = []
    for needed, make in MADE:
        if needed in costs:
            made += make(costs)
    return made


class Peer(NamedTuple):
    """A peer, and what it took where the goals were set: on another machine they are of what it takes there."""

    name: str
    took: float


def _row(name: str, unit: str, figures: Mapping[str, float], at_most: float, peer: Peer) -> Row:
    """Make a row whose goal is a share of what a peer takes in the same run; without it, the figure of then."""
    share, beside = at_most / peer.took, figures.get(peer.name)
    if beside is None:
        return Row(name, unit, figures, at_most, f"<= {at_most} {unit} where {peer.name} took {peer.took}")
    return Row(name, unit, figures, share * beside, f"<= {share:.2g} x {peer.name}")


def _starts(costs: Costs) -> list[Row]:
    cold = _figures(costs, "chain3", lambda cost: cost.cpu * 1e3)
    first, others = _figures(costs, "chain3, first", lambda cost: cost.cpu * 1e3), _others(cold)
    more = _cpu(costs, "chain1000, first", "ours") - _cpu(costs, "chain200, first", "ours")
    read = {"ours": more / 800 * 1e3}
    return [
        Row("arazzo --help", "ms", _figures(costs, "help", lambda cost: cost.cpu * 1e3), 60, "<= 60 ms"),
        _row("chain of 3, cold", "ms", cold, 138, Peer("Jentic", 184)),
        Row("chain of 3, peak", "MiB", _figures(costs, "chain3", lambda cost: cost.peak), 40, "<= 40 MiB"),
        _row("one more step, 3 to 200", "ms", _steps(costs, 3, 200), 0.25, STEP),
        _row("one more step, 200 to 1000", "ms", _steps(costs, 200, 1000), 0.25, STEP),
        _row("chain of 3, read for the first time", "ms", first | others, 138, Peer("Jentic", 184)),
        _row("one more step, read for the first time", "ms", read | _others(_steps(costs, 200, 1000)), 0.25, STEP),
    ]


def _growth(costs: Costs) -> list[Row]:
    name = f"one more step, 1000 to {LONG}"
    if "chain1000" not in costs:
        return [_row(name, "ms", {"ours": _cpu(costs, f"chain{LONG}", "ours") / LONG * 1e3}, 0.25, STEP)]
    late, early = _steps(costs, 1000, LONG)["ours"], _steps(costs, 200, 1000)["ours"]
    return [
        _row(name, "ms", _steps(costs, 1000, LONG), 0.25, STEP),
        Row("that, beside 200 to 1000", "x", {"ours": late / early}, 1.15, "linear: <= 1.15 x"),
    ]


def _visits(costs: Costs) -> list[Row]:
    each = _figures(costs, "visit", lambda cost: cost.cpu / REPEAT * 1e3)
    reports = _figures(costs, "visit with reports", lambda cost: cost.cpu / REPEAT * 1e3)
    together = _figures(costs, "visit together", lambda cost: cost.cpu / REPEAT * 1e3)
    k6 = {"k6": each["k6"]} if "k6" in each else {}
    return [
        _row(f"visit x {REPEAT}", "ms", each, 0.43, VISIT),
        Row(f"visit x {REPEAT}, peak", "MiB", _figures(costs, "visit", lambda cost: cost.peak), 40, "<= 40 MiB"),
        _row("one more visit", "ms", _more(costs, "visit", "visit, many") | k6, 0.43, VISIT),
        Row(f"peak of {MANY} beside {REPEAT}", "x", _flat(costs, "visit", "visit, many"), 1.1, "flat: <= 1.1 x"),
        _row(f"visit x {REPEAT}, junit and json", "ms", reports | k6, 0.9, VISIT),
        _row("one more visit, junit and json", "ms", _more(costs, *REPORTED) | k6, 0.9, VISIT),
        Row(f"peak of {MANY} beside {REPEAT}, junit and json", "x", _flat(costs, *REPORTED), 1.1, "flat: <= 1.1 x"),
        Row(f"visit x {REPEAT}, {TOGETHER} at once", "ms", together, each["ours"] * 1.05, "as one at a time"),
    ]


def _descriptions(costs: Costs) -> list[Row]:
    peers = _figures(costs, "description, peers", lambda cost: cost.cpu) if "description, peers" in costs else {}
    first = _figures(costs, "description, first", lambda cost: cost.cpu)
    later = _figures(costs, "description, later", lambda cost: cost.cpu)
    return [
        _row("10 MB description, first start", "s", first | peers, 1.2, Peer("Jentic", 20)),
        _row("10 MB description, later", "s", later | peers, 0.25, Peer("Jentic", 20)),
    ]


STEP, VISIT = Peer("Jentic", 1.5), Peer("k6", 0.39)
REPORTED = ("visit with reports", "visit with reports, many")
MADE: Sequence[tuple[str, Callable[[Costs], list[Row]]]] = (
    ("help", _starts),
    (f"chain{LONG}", _growth),
    ("visit", _visits),
    ("description, first", _descriptions),
)


def _figures(costs: Costs, work: str, figure: Callable[[Cost], float]) -> dict[str, float]:
    return {tool: figure(middle(found)) for tool, found in costs[work].items()}


def _others(figures: Mapping[str, float]) -> dict[str, float]:
    """Give the figures of the peers, who keep nothing."""
    return {tool: figure for tool, figure in figures.items() if tool != "ours"}


def _cpu(costs: Costs, work: str, tool: str) -> float:
    return middle(costs[work][tool]).cpu


def _steps(costs: Costs, few: int, many: int) -> dict[str, float]:
    """Give the milliseconds of one more step, of each tool that did both chains."""
    short, long = f"chain{few}", f"chain{many}"
    return {
        tool: (_cpu(costs, long, tool) - _cpu(costs, short, tool)) / (many - few) * 1e3
        for tool in costs[long]
        if tool in costs[short]
    }


def _more(costs: Costs, few: str, many: str) -> dict[str, float]:
    return {"ours": (_cpu(costs, many, "ours") - _cpu(costs, few, "ours")) / (MANY - REPEAT) * 1e3}


def _flat(costs: Costs, few: str, many: str) -> dict[str, float]:
    return {"ours": middle(costs[many]["ours"]).peak / middle(costs[few]["ours"]).peak}
