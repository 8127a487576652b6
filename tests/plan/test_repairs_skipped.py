"""What is passed over as conformant is nothing that a repair would have found: held against every document here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from runner.api import Sources, check
from runner.loader import mend as structure
from runner.loader.repairs import STRUCTURE
from runner.plan import values
from runner.plan.mend import Mended, Reading, Repair, mend
from runner.plan.repairs.reach import is_conformant
from runner.values import Value

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("workflows/*.yaml")), *sorted(ROOT.glob("tests/cases/**/*.arazzo.yaml"))]


def test_no_repair_finds_anything_in_what_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, plain = list[str](), list[Value]()
    is_plain = structure.is_plain
    first = structure._Mending.first

    def conformant(repairs: Iterable[Repair], written: str, reading: Reading) -> Mended:
        if not is_conformant(written, reading):
            return mend(repairs, written, reading)
        texts.append(written)
        mended = Mended(written, reading).by(repairs)
        assert not mended.found, (written, mended.found)
        return mended

    def looked_at(self: structure._Mending, value: Value, reading: structure.Reading) -> object:
        found = first(self, value, reading)  # type: ignore[arg-type]
        if is_plain(value, reading.shape):
            plain.append(value)
            assert found is None, (value, found)
        return found

    monkeypatch.setattr(values, "conformant", conformant)
    monkeypatch.setattr(structure, "is_plain", lambda _value, _shape: False)
    monkeypatch.setattr(structure._Mending, "first", looked_at)
    for document in DOCUMENTS:
        check(str(document), Sources(offline=True))
    assert len(STRUCTURE) > 5
    assert len(texts) > 300
    assert len(plain) > 3000
