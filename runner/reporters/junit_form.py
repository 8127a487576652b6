"""How JUnit XML is written: which dialect, and what a testcase stands for."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from runner.records import Frozen

Dialect: TypeAlias = Literal["extended", "strict"]
Unit: TypeAlias = Literal["step", "workflow"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
UNITS: tuple[Unit, ...] = get_args(Unit)


class JUnitForm(Frozen):
    """How it is written: what a testcase may have, and what it stands for; an empty `hostname` is left out."""

    dialect: Dialect = "extended"
    unit: Unit = "step"
    hostname: str = ""
