"""The exceptions a caller sees. They hold data; their sentence is made late.

ArazzoError
├── UsageError            exit 2   what was asked for cannot be done: unknown name, bad option, nothing selected
│   └── InputsError       exit 2   the inputs do not fit the workflow's schema
├── DescriptionError      exit 3   a description is invalid: it carries the diagnostics (4: only remote sources lack)
└── FetchError            exit 3   a local document is missing (exit 4: a remote one was not fetched)
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.diagnostics import Diagnostic

UNREACHABLE_SOURCE = "source-unreachable"
UNREACHABLE_DOCUMENT = "document-unreachable"


class ArazzoError(Exception):
    """Anything this package says about what it was given."""

    exit_code = 2


@dataclass(eq=False)
class UsageError(ArazzoError):
    """The request itself cannot be carried out; `hint` is the next step to take."""

    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


@dataclass(eq=False)
class InputsError(UsageError):
    """The inputs of a workflow are refused, each for a reason of its own."""

    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {problem}" for problem in self.problems), *filter(None, [self.hint])])


@dataclass(eq=False)
class DescriptionError(ArazzoError):
    """A description cannot be run as it is written."""

    diagnostics: tuple[Diagnostic, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        rules = {d.rule for d in self.diagnostics if d.severity == "error"}
        return 4 if rules <= {UNREACHABLE_SOURCE, UNREACHABLE_DOCUMENT} else 3

    def __str__(self) -> str:
        errors = [d for d in self.diagnostics if d.severity == "error"]
        return "\n".join(f"{d.span}: {d.message} [{d.rule}]" for d in errors)


@dataclass(eq=False)
class FetchError(ArazzoError):
    """A document could not be read from where it is said to be.

    `fix` says what to do where another place would not help. `is_forbidden`: it could be read, and must not be.
    """

    uri: str
    reason: str
    remote: bool = False
    fix: str = ""
    is_forbidden: bool = False

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 4 if self.remote else 3

    def __str__(self) -> str:
        return f"cannot read {self.uri}: {self.reason}"
