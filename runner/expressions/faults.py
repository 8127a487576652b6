"""What is wrong with a text of the language: a message, the characters it is about, and what to write instead."""

from __future__ import annotations

from typing import Self


class SyntaxFault(ValueError):  # noqa: N818 - it is data about a text, raised
    """A text that cannot be read.

    `start` and `end` are offsets in the text that was given. `suggestion` is what to write instead of those characters;
    `certain` says that nothing else can have been meant, so that it may be applied as a repair. `advice` says what to
    do where other characters instead of those are not enough.
    """

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        *,
        suggestion: str | None = None,
        certain: bool = False,
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.suggestion = suggestion
        self.certain = certain
        self.advice = advice

    def shifted(self, offset: int) -> Self:
        """Give the same fault for a text that begins `offset` characters earlier."""
        return type(self)(
            self.message,
            self.start + offset,
            self.end + offset,
            suggestion=self.suggestion,
            certain=self.certain,
            advice=self.advice,
        )

    def mended(self, text: str) -> str | None:
        """Apply the suggestion to the text the fault is about; other faults may remain."""
        return None if self.suggestion is None else text[: self.start] + self.suggestion + text[self.end :]


class ExpressionSyntax(SyntaxFault):
    """A text that is not a runtime expression where one must stand."""


class UnknownRoot(ExpressionSyntax):
    """A `$word` that no expression starts with: where a value stands, it is data."""


class SelectorSyntax(SyntaxFault):
    """A selector that is not written in its language, or a language that is not known."""


class SelectorFailure(Exception):  # noqa: N818 - what a fault is to a text, this is to a value
    """A selector that cannot be applied to the value at hand; `str` says why."""
