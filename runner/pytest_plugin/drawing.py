"""Turns a run that did not pass, or a document that is wrong, into what pytest shows instead of a traceback."""

from __future__ import annotations

from collections.abc import Sequence

from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest._io import TerminalWriter

from runner.diagnostics import Diagnostic
from runner.engine.events import Answered
from runner.errors import ArazzoError, DescriptionError
from runner.library import render
from runner.records import Frozen
from runner.reporters.lines import request_line
from runner.reporters.style import Style
from runner.reporters.text import one_line
from runner.result import Result
from runner.source import Span


class NotPassed(Exception):  # noqa: N818 - a test that fails is no error
    """A workflow has run and did not pass; `place` is where it stands."""

    def __init__(self, result: Result, place: Span) -> None:
        super().__init__(result.outcome)
        self.result = result
        self.place = place


class Drawing(Frozen):
    """A text, in colour as well, with the one line that sums it up and the place it is about."""

    plain: str
    coloured: str
    message: str
    path: str
    line: int

    def as_repr(self) -> ReprExceptionInfo:
        """Give it as pytest knows failures, so that its summary, JUnit XML and xdist's workers have the message."""
        entry = ReprEntryNative([self.plain + "\n"])
        crash = ReprFileLocation(self.path, self.line, self.message)
        return _Drawn(ReprTraceback([entry], None, "native"), crash, self.coloured)


class _Drawn(ReprExceptionInfo):
    """A failure that is coloured where the terminal is."""

    def __init__(self, traceback: ReprTraceback, crash: ReprFileLocation, coloured: str) -> None:
        super().__init__(traceback, crash)
        self.coloured = coloured

    def toterminal(self, tw: TerminalWriter) -> None:
        if tw.hasmarkup:
            tw.line(self.coloured)
        else:
            super().toterminal(tw)


def draw(error: NotPassed | ArazzoError, path: str, width: int) -> Drawing:
    """Draw what went wrong; `path` is the document's."""
    match error:
        case NotPassed(result=result):
            problem = result.problem
            span = problem.span if problem and problem.span else error.place
            message = one_line(problem.message) if problem else "an API broke its contract"
            drawn = [render(result, color=color, width=width) for color in (False, True)]
            return Drawing(drawn[0], drawn[1], message, span.source.name, span.begin.line)
        case DescriptionError(diagnostics=diagnostics):
            return draw_diagnostics([each for each in diagnostics if each.severity == "error"], width)
        case _:
            text = f"error: {error}"
            return Drawing(text, text, one_line(str(error).partition("\n")[0]), path, 1)


def draw_diagnostics(errors: Sequence[Diagnostic], width: int) -> Drawing:
    """Draw what is wrong with a document."""
    drawn = ["\n\n".join(render(each, color=color, width=width) for each in errors) for color in (False, True)]
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    message = f"{one_line(first.message)} [{first.rule}]{more}"
    return Drawing(drawn[0], drawn[1], message, first.span.source.name, first.span.begin.line)


def requests(result: Result) -> str:
    """List what was sent and what came back, a line for each request."""
    sent = (entry.event.exchange for entry in result.entries if isinstance(entry.event, Answered))
    return "\n".join(request_line(exchange, Style(), "") for exchange in sent)
