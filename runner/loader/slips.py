"""Turns what a YAML parser says about broken syntax into one diagnostic in plain words, with the likely slip named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from runner.diagnostics import Diagnostic, Label
from runner.loader.parsed import Reporter

QUOTE_IT = "put the whole value in quotes"
_DOUBLED = {"'": "''", '"': '\\"'}


class Complaint(NamedTuple):
    """What the parser says: the problem and where, what it was reading and since where, and the last quoted text.

    Offsets are None where the parser gives none.
    """

    problem: str
    at: int
    context: str = ""
    since: int | None = None
    quoted: tuple[int, int] | None = None


class _Slip(NamedTuple):
    message: str
    at: tuple[int, int]
    fix: str = ""
    related: tuple[tuple[int, int, str], ...] = ()


_Reading: TypeAlias = Callable[[str, Complaint], _Slip | None]


def explain(reporter: Reporter, said: Complaint) -> Diagnostic:
    """Make the diagnostic of a syntax error."""
    text = reporter.source.text
    said = said._replace(at=min(said.at, len(text)))
    slip = next(found for reading in _READINGS if (found := reading(text, said)) is not None)
    related = tuple(Label(reporter.span(start, end), label) for start, end, label in slip.related)
    return reporter.error("yaml-syntax", slip.message, slip.at, fix=slip.fix, related=related)


def unprintable(reporter: Reporter, offset: int) -> Diagnostic:
    """Make the diagnostic of a character that no YAML text may hold."""
    code = ord(reporter.source.text[offset])
    what = "half of a surrogate pair" if 0xD800 <= code <= 0xDFFF else "a control character"
    message = f"the character U+{code:04X} may not stand in YAML: it is {what}"
    fix = f'remove it, or write it as "\\u{code:04X}" in double quotes' if code < 0xD800 else "remove it"
    return reporter.error("yaml-syntax", message, (offset, offset + 1), fix=fix)


def _at(said: Complaint) -> tuple[int, int]:
    return said.at, said.at + 1


def _before(text: str, at: int) -> str:
    """Give what stands on the line before `at`."""
    return text[max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1 : at]


def _tab(text: str, said: Complaint) -> _Slip | None:
    if text[said.at : said.at + 1] != "\t" or _before(text, said.at).strip(" \t"):
        return None
    tabs = re.compile(r"\t+").match(text, said.at)
    end = tabs.end() if tabs else said.at + 1
    return _Slip("a tab cannot indent YAML", (said.at, end), "indent with spaces")


def _open_quote(text: str, said: Complaint) -> _Slip | None:
    if "quoted" not in said.context or said.since is None:
        return None
    if not re.search(r"unexpected (end of stream|document indicator)", said.problem):
        return None
    return _Slip("this quote is never closed", (said.since, said.since + 1))


def _escape(text: str, said: Complaint) -> _Slip | None:
    if "quoted" not in said.context or not re.search("escape|hexa?decimal", said.problem):
        return None
    start = text.rfind("\\", 0, said.at + 1)
    end = start + 2
    fix = "put the text in single quotes, where a backslash is itself, or write two backslashes"
    what = f"'{text[start:end]}' starts no valid escape in double quotes"
    since = said.since
    if since is None or "\n" not in text[since:start]:
        return _Slip(what, (start, end), fix)
    return _Slip(what, (start, end), fix, ((since, since + 1, "the text begins here: is its quote closed?"),))


def _open_bracket(text: str, said: Complaint) -> _Slip | None:
    if "flow" not in said.context or said.since is None:
        return None
    opened = text[said.since : said.since + 1]
    closing = {"{": "}", "[": "]"}.get(opened)
    if closing is None:
        return None
    if not text[said.at :].strip():
        return _Slip(f"'{opened}' is never closed", (said.since, said.since + 1), f"close it with '{closing}'")
    related = ((said.since, said.since + 1, f"'{opened}' is opened here"),)
    if text[said.at] in "[{" and re.search(r"[\w.$/-] *$", _before(text, said.at)):
        return _Slip(f"text with a '{text[said.at]}' in it must be quoted here", _at(said), QUOTE_IT, related)
    what = f"expected ',' or '{closing}'"
    fix = f"quote text that starts with '{opened}', or close it with '{closing}'"
    return _Slip(what, _at(said), fix, related)


def _indicator(text: str, said: Complaint) -> _Slip | None:
    char = text[said.at : said.at + 1]
    if "cannot start any token" in said.problem and char.strip():
        return _Slip(f"text cannot start with '{char}' without quotes", _at(said), QUOTE_IT)
    if "expected node content" in said.problem or "expected the node content" in said.problem:
        what = f"'{char}' stands where a value is expected" if char.strip() else "a value is expected here"
        return _Slip(what, _at(said), QUOTE_IT if char.strip() else "")
    if said.since is not None and re.search(r"scanning an? (alias|anchor)", said.context):
        start = text[said.since]
        name = "an alias" if start == "*" else "an anchor"
        return _Slip(f"'{start}' starts {name}, not text", (said.since, said.since + 1), QUOTE_IT)
    return None


def _after_closed(text: str, said: Complaint) -> _Slip | None:
    """Read `"a" b` and `{$inputs.base}/path`: a value that is over before its text is."""
    if not re.search(r"did not find expected|but found", said.problem):
        return None
    closing = _before(text, said.at).rstrip()[-1:]
    if closing not in ("'", '"', "}", "]"):
        return None
    message, fix = f"nothing may follow the '{closing}' that closes a value", QUOTE_IT
    related: tuple[tuple[int, int, str], ...] = ()
    if closing in "'\"":
        message = "nothing may follow the quote that closes a value"
        fix = f"{QUOTE_IT}, and write each {closing} inside them as {_DOUBLED[closing]}"
        if said.quoted is not None and "\n" in text[slice(*said.quoted)]:
            start = said.quoted[0]
            related = ((start, start + 1, "the quoted text starts here: is its quote closed where it should be?"),)
    return _Slip(message, _at(said), fix, related)


def _second_colon(text: str, said: Complaint) -> _Slip | None:
    if "mapping values are not allowed" not in said.problem:
        return None
    before = _before(text, said.at)
    if re.search(r"""[^\s'"]:\s+\S""", before):
        return _Slip("text that contains ': ' must be quoted", _at(said), QUOTE_IT)
    key = re.search(r"\S+\s*$", before)
    start = said.at - len(key.group()) if key else said.at
    return _Slip(
        "a key cannot stand here: the line before goes on",
        (start, said.at + 1),
        "give it the indentation of its neighbours, and end the line before with ':' if it is a key",
    )


_WORDS = (
    (
        r"could not find expected ':'",
        "this is neither 'key: value' nor a list item",
        "write a ':' and a space after a key",
    ),
    (r"sequence entries are not allowed", "a list item cannot stand here", "start the list on a line of its own"),
    (r"mapping keys are not allowed", "a key cannot stand here", ""),
    (r"violates indentation|tab character where", "a tab cannot indent YAML", "indent with spaces"),
    (r"expected '-' indicator", "expected a list item", "start it with '- ', or indent it less than the list"),
    (r"did not find expected key", "expected a key here", "give it the indentation of its neighbours"),
    (r"expected <block end>", "this does not continue what stands above", "give it the indentation of its neighbours"),
    (r"comment or line break|chomping or indentation", "only a comment may follow '|' or '>' on its line", QUOTE_IT),
    (r"undefined tag handle", "this tag has no meaning here", "quote text that starts with '!'"),
    (r"expected <?'?document start", "expected the end of the document", ""),
)


def _worded(text: str, said: Complaint) -> _Slip:
    for pattern, message, fix in _WORDS:
        if re.search(pattern, said.problem):
            return _Slip(message, _at(said), fix)
    message = re.sub(r"^(?:did|could) not find (?:the )?(?=expected)|^found ", "", said.problem)
    doing = re.sub(r"^while (scanning|parsing) (for )?", "", said.context)
    return _Slip(f"{message}, in {doing}" if doing else message, _at(said))


_READINGS: tuple[_Reading, ...] = (
    _tab,
    _open_quote,
    _escape,
    _open_bracket,
    _indicator,
    _after_closed,
    _second_colon,
    _worded,
)
