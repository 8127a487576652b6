"""Turns diagnostics into a SARIF 2.1.0 log, with each rule's explanation, and repairs as replacements of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from typing import Protocol

from runner.diagnostics import Diagnostic
from runner.loader.edit import revise
from runner.source import Source, Span
from runner.values import Json
from runner.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
"""What the URIs of files are relative to: the folder that a viewer has the sources in."""


class Explained(Protocol):
    """What is known of a rule."""

    @property
    def about(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def example(self) -> str: ...
    @property
    def instead(self) -> str: ...


Address = Callable[[Source], tuple[str, bool]]
"""Give the URI of a source, and whether it is relative to the root."""


def sarif_log(
    diagnostics: Sequence[Diagnostic],
    rules: Mapping[str, Explained],
    address: Address,
    fingerprints: Iterable[str] | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Json]:
    """Write diagnostics as one run of this tool; without `fingerprints` each has that of its words and its line.

    `warnings` are about the run as a whole.
    """
    names = sorted({diagnostic.rule for diagnostic in diagnostics})
    marks = _fingerprints(diagnostics, address) if fingerprints is None else fingerprints
    results = [
        _result(each, names.index(each.rule), address, mark) for each, mark in zip(diagnostics, marks, strict=True)
    ]
    driver: dict[str, Json] = {
        "name": "arazzo",
        "version": __version__,
        "rules": [_rule(name, rules.get(name)) for name in names],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "the folder that arazzo was started in"}}},
        "results": [*results],
    }
    if warnings:
        told: list[Json] = [{"level": "warning", "message": {"text": text}} for text in warnings]
        run["invocations"] = [{"executionSuccessful": True, "toolExecutionNotifications": told}]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, rule: Explained | None) -> Json:
    if rule is None:
        return {"id": name}
    parts = [("Why", rule.why), ("Example", rule.example), ("Instead", rule.instead)]
    told = [(head, " ".join(text.split())) for head, text in parts]
    return {
        "id": name,
        "shortDescription": {"text": rule.about},
        "help": {
            "text": "\n".join([rule.about, *(f"{head}: {text}" for head, text in told)]),
            "markdown": "\n\n".join([rule.about, *(f"**{head}**: {text}" for head, text in told)]),
        },
    }


def _result(diagnostic: Diagnostic, index: int, address: Address, fingerprint: str) -> Json:
    result: dict[str, Json] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": diagnostic.severity,
        "message": {"text": _message(diagnostic)},
        "locations": [{"physicalLocation": _place(diagnostic.span, address)}],
        "partialFingerprints": {"arazzo/v1": fingerprint},
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": label.text}, "physicalLocation": _place(label.span, address)}
            for number, label in enumerate(diagnostic.related, start=1)
        ]
    fix = _fix(diagnostic, address)
    if fix is not None:
        result["fixes"] = [fix]
    return result


def _message(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    return "\n".join([*lines, *([f"help: {diagnostic.fix.title}"] if diagnostic.fix else [])])


def _place(span: Span, address: Address) -> Json:
    place: dict[str, Json] = {"artifactLocation": _artifact(span.source, address)}
    if span.source.text:
        place["region"] = _region(span.source, span.start, span.end)
    return place


def _artifact(source: Source, address: Address) -> Json:
    uri, is_relative = address(source)
    return {"uri": uri, "uriBaseId": ROOT} if is_relative else {"uri": uri}


def _region(source: Source, start: int, end: int) -> Json:
    begin, finish = source.position(start), source.position(end)
    return {
        "startLine": begin.line,
        "startColumn": begin.column,
        "endLine": finish.line,
        "endColumn": finish.column,
    }


def _fingerprints(diagnostics: Sequence[Diagnostic], address: Address) -> Iterator[str]:
    """Tell each from others by what stays when lines move: its rule, its file, its words and its line's text."""
    seen: Counter[str] = Counter()
    for each in diagnostics:
        line = each.span.source.line(each.span.begin.line).strip()
        facts = "\0".join([each.rule, address(each.span.source)[0], each.message, line])
        digest = sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        seen[digest] += 1
        yield f"{digest}:{seen[digest]}"


def _fix(diagnostic: Diagnostic, address: Address) -> Json:
    """Write a repair as the lines that it replaces; None where there is none that can be made."""
    source = diagnostic.span.source
    if diagnostic.fix is None or not diagnostic.fix.edits:
        return None
    made = revise(source, [diagnostic]).text
    replacements: list[Json] = [
        {"deletedRegion": _region(source, start, end), "insertedContent": {"text": text}}
        for start, end, text in replaced(source.text, made)
    ]
    if not replacements:
        return None
    change: dict[str, Json] = {"artifactLocation": _artifact(source, address), "replacements": replacements}
    return {"description": {"text": diagnostic.fix.title}, "artifactChanges": [change]}


def replaced(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """Give the characters of whole lines that are replaced, and what replaces them."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for kind, first, last, since, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield starts[first], starts[last], "".join(new[since:until])
