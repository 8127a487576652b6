"""What is put off is there when it is needed, and as good as if it had been there from the beginning."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from runner.late import late_pattern

PACKAGE = Path(__file__).resolve().parent.parent / "runner"
USERS = sorted(path for path in PACKAGE.rglob("*.py") if "late_pattern(" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", USERS, ids=[str(path.relative_to(PACKAGE)) for path in USERS])
def test_every_pattern_that_is_put_off_can_be_compiled(path: Path) -> None:
    module = import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts))
    put_off = [each for each in vars(module).values() if type(each) is type(late_pattern(""))]
    assert all(re.compile(each.pattern, each.flags & ~re.UNICODE) for each in put_off)


def test_a_pattern_that_is_put_off_does_what_a_pattern_does() -> None:
    late, known = late_pattern(r"(?P<word>\w+)-(\d+)", re.IGNORECASE), re.compile(r"(?P<word>\w+)-(\d+)", re.IGNORECASE)
    text = "a-1 Bc-22 d"
    for name in ("match", "search", "fullmatch"):
        found, expected = getattr(late, name)(text), getattr(known, name)(text)
        assert (found and found.groupdict()) == (expected and expected.groupdict())
    assert [found[0] for found in late.finditer(text, 1)] == [found[0] for found in known.finditer(text, 1)]
    assert (late.sub("x", text), late.split(text), late.findall(text)) == (
        known.sub("x", text),
        known.split(text),
        known.findall(text),
    )
    assert (late.pattern, late.flags, late.groups, late.groupindex) == (
        known.pattern,
        known.flags,
        known.groups,
        known.groupindex,
    )


def test_a_pattern_is_compiled_when_it_is_first_used() -> None:
    late = late_pattern("(")
    with pytest.raises(re.error):
        late.search("x")
