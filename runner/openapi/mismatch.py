"""The ways in which an exchange can differ from its description, as values, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from runner.openapi.document import Address
from runner.records import Frozen, replace
from runner.values import ABSENT, Value, split_pointer

Check: TypeAlias = Literal["status", "content-type", "headers", "body", "request"]
"""What is checked of a response, part by part, and the request as a whole."""

_LONGEST = 60  # characters of a pointer in a sentence


class Mismatch(Frozen):
    """One way in which an exchange is not what its description says.

    `subject` says of what it is true ("the response body"), `name` is the header's or parameter's, `instance` a JSON
    Pointer into the value. No value stands in `message`: `value` has it where it is a scalar and not declared secret,
    and `causes`, which may quote short ones, says why no alternative fits. `address` is the keyword, the header, the
    map of responses or of content that is not satisfied. `count` says how many items of a list, or members of a map,
    differ in this very way.
    """

    check: Check
    subject: str
    message: str
    name: str = ""
    instance: str = ""
    value: Value = ABSENT
    causes: str = ""
    address: Address | None = None
    count: int = 1

    @property
    def statement(self) -> str:
        """The mismatch in one sentence, without any value; what leads to a place deep in a body is shortened."""
        subject = f"'{_shortened(self.instance)}' in {self.subject}" if self.instance else self.subject
        return f"{subject} {self.message}"

    @property
    def identity(self) -> tuple[object, ...]:
        """What two mismatches share that are the same: the place, with every index of a list left open."""
        place = tuple("*" if token.isdigit() else token for token in split_pointer(self.instance))
        return (self.check, self.subject, place, self.address or self.message)


class Subject(NamedTuple):
    """Of what a mismatch is told."""

    check: Check
    text: str
    name: str = ""

    def differs(self, message: str, address: Address | None, instance: str = "", value: Value = ABSENT) -> Mismatch:
        return Mismatch(self.check, self.text, message, self.name, instance, value, address=address)


def grouped(mismatches: Iterable[Mismatch]) -> tuple[Mismatch, ...]:
    """Tell of many items that differ in the same way once, at the first of them."""
    found: dict[tuple[object, ...], Mismatch] = {}
    for each in mismatches:
        first = found.get(each.identity)
        found[each.identity] = replace(first, count=first.count + each.count) if first else each
    return tuple(found.values())


def _shortened(pointer: str) -> str:
    """Leave out the middle of a long pointer, and whole names where these are long: half of one could be a secret's."""
    if len(pointer) <= _LONGEST:
        return pointer
    names = [name if len(name) <= _LONGEST else "…" for name in pointer.split("/")]
    return "/".join(names if len(names) <= 7 else (*names[:3], "…", *names[-3:]))
