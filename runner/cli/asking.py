"""Turn what is given, and a row of data, into what a workflow is asked with; what does not fit is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from runner import api
from runner.cli.inputs import Given, describe, unknown_column, values_for, with_row
from runner.engine.asked import Asked
from runner.errors import InputsError, UsageError
from runner.plan.plan import Inputs, Plan
from runner.values import InputValue

if TYPE_CHECKING:
    from runner.suite.rows import Row, Rows


def ask(plan: Plan, key: str, given: Given) -> Asked:
    """Accept what is given for a workflow and those it depends on, or raise InputsError."""
    values: dict[str, InputValue] = {}
    for inputs in inputs_of(plan, key):
        values.update(values_for(given, inputs))
    try:
        return api.ask(plan, key, values)
    except InputsError as error:
        hint = f"inputs there are: {describe(plan.workflows[key].inputs)}"
        raise InputsError(error.message, hint, error.problems) from error


def ask_row(plan: Plan, key: str, given: Given, row: Row, declared: frozenset[str] | None) -> Asked:
    """Accept a row beside what is given, or raise UsageError, which says where the row stands."""
    problem = row.problem or _strays(row, declared)
    if not problem:
        try:
            return ask(plan, key, with_row(given, row, inputs_of(plan, key)))
        except InputsError as error:
            problem = "; ".join(error.problems)
        except UsageError as error:
            problem = error.message
    raise UsageError(f"{row.file}:{row.line}: {problem}")


def inputs_of(plan: Plan, key: str) -> list[Inputs]:
    """Give what a workflow declares, after what those it depends on do."""
    return [each.inputs for each in (*plan.dependencies(key), plan.workflows[key])]


def declared_by(chosen: Iterable[tuple[Plan, Sequence[str]]]) -> frozenset[str] | None:
    """Give the names of all inputs of workflows, None where one of them does not list its own."""
    found: set[str] = set()
    for inputs in (each for plan, keys in chosen for key in keys for each in inputs_of(plan, key)):
        if inputs.names is None:
            return None
        found |= inputs.names
    return frozenset(found)


def check_columns(rows: Rows, declared: frozenset[str] | None) -> None:
    """Refuse a column that no workflow knows, unless rows have their names from it."""
    from runner.suite.rows import NAMES  # late: most runs have no rows

    for column in rows.columns or ():
        if declared is not None and column not in declared and column not in NAMES:
            message, hint = unknown_column(column, declared)
            raise UsageError(f"--rows {rows.path}: {message}", hint)


def _strays(row: Row, declared: frozenset[str] | None) -> str:
    """Say which of a row's names no workflow knows; the columns of a table have been looked at."""
    if declared is None:
        return ""
    from runner.suite.rows import NAMES

    strays = [name for name in row.values if name not in declared and name not in NAMES]
    return unknown_column(strays[0], declared)[0] if strays else ""
