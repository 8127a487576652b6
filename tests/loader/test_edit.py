"""A text is edited in its own style: the value comes out as wanted, and nothing else moves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.diagnostics import Add, Diagnostic, Edit, Fix, Recomment, Remove, Rename, Rewrite, in_order
from runner.loader.apply import ConflictError, apply, same
from runner.loader.edit import DIFFERENT, MIXED, revise
from runner.loader.text import Document, read_text
from runner.source import Source, Span
from runner.values import Json, join_pointer, resolve_pointer


def yaml(text: str) -> Source:
    return Source("file:///flow.yaml", "flow.yaml", text)


def problem(source: Source, *edits: Edit) -> Diagnostic:
    """Give what is wrong at the place of the first edit."""
    first = edits[0]
    places = read_text(source).places
    span = Span(source, first.start, first.end) if isinstance(first, Recomment) else places.value(first.pointer)
    return Diagnostic("odd", "warning", "this is odd", span, fix=Fix("mend it", edits))


def edit_text(source: Source, edits: list[Edit]) -> str:
    """Make edits at once; ValueError where one of them is refused or has to wait."""
    revision = revise(source, [problem(source, edit) for edit in edits])
    if revision.refused or revision.left:
        raise ValueError([each.reason for each in revision.refused])
    return revision.text


def as_json(text: str) -> Source:
    return Source("file:///flow.json", "flow.json", text)


EDITED: dict[str, tuple[str, list[Edit], str]] = {
    "a list of which no entry can be written as the first way has it": (
        "a: [x]\n",
        [Rewrite("/a", ["{$x} y", None, ""])],
        "a: ['{$x} y', null, '']\n",
    ),
    "a plain text": ("a: $x.b # why\n", [Rewrite("/a", "$x#/b")], "a: $x#/b # why\n"),
    "one that needs quotes now": ("a: x # why\n", [Rewrite("/a", "x: y")], "a: 'x: y' # why\n"),
    "one that old readers take for a number": ("a: 1.0\n", [Rewrite("/a", "1.0")], "a: '1.0'\n"),
    "a word that old readers take for true": ("a: x\n", [Rewrite("/a", "yes")], "a: 'yes'\n"),
    "a text in single quotes": ("a: 'it''s {$x}'\n", [Rewrite("/a", "it's $x")], "a: 'it''s $x'\n"),
    "one that gets a quote": ("a: 'x'\n", [Rewrite("/a", "x'")], "a: 'x'''\n"),
    "a text in double quotes": ('a: "\\u00e9 \\"x\\""\n', [Rewrite("/a", 'é "y"')], 'a: "\\u00e9 \\"y\\""\n'),
    "a text over several lines": (
        "a: one\n  two\n  thre\n",
        [Rewrite("/a", "one two three")],
        "a: one\n  two\n  three\n",
    ),
    "a quoted one over several lines": ("a: 'one\n\n  two'\n", [Rewrite("/a", "one\n2")], "a: 'one\n\n  2'\n"),
    "a literal block": ("a: |  # c\n   b\n\n    c\n", [Rewrite("/a", "b\n\n d\n")], "a: |  # c\n   b\n\n    d\n"),
    "one that gets a line": ("a: |\n  b\nc: d\n", [Rewrite("/a", "b\nx\n")], "a: |\n  b\n  x\nc: d\n"),
    "one that loses its last break": ("a: |\n  b\n  c\nd: e\n", [Rewrite("/a", "b\nc")], "a: |-\n  b\n  c\nd: e\n"),
    "a folded block": ("a: >-\n  $x &&\n  $y\nb: c\n", [Rewrite("/a", "$x && {$y}")], "a: >-\n  $x &&\n  {$y}\nb: c\n"),
    "windows line ends": ("a: |\r\n  b\r\nc: d\r\n", [Rewrite("/a", "b\nx\n")], "a: |\r\n  b\r\n  x\r\nc: d\r\n"),
    "line ends of old": ("a: |\r  b\rc: d\r", [Rewrite("/a", "b\nx\n")], "a: |\r  b\r  x\rc: d\r"),
    "a member added among those": ("a: 1 # é\rb: 2\r", [Add("", "c", 3, "a")], "a: 1 # é\rc: 3\rb: 2\r"),
    "an added member there": ("a: 1\r\nb: 2\r\n", [Add("", "c", 3, "a")], "a: 1\r\nc: 3\r\nb: 2\r\n"),
    "a key": ("a: 1\n'b': 2 # c\n", [Rename("/b", "d")], "a: 1\n'd': 2 # c\n"),
    "a key in brackets": ("{a: 1, b: 2}\n", [Rename("/b", "a b")], "{a: 1, a b: 2}\n"),
    "a member": ("- a: 1 # one\n  b: 2\n", [Add("/0", "c", "x", "a")], "- a: 1 # one\n  c: x\n  b: 2\n"),
    "a member at the end": ("a:\n  b: 1\n\n# end\n", [Add("/a", "c", None)], "a:\n  b: 1\n  c: null\n\n# end\n"),
    "a member without a last break": ("a: 1", [Add("", "b", 2)], "a: 1\nb: 2"),
    "a structure": (
        "a:\n    b: 1\n",
        [Add("/a", "c", [{"d": 1, "e": []}, "x"])],
        "a:\n    b: 1\n    c:\n        - d: 1\n          e: []\n        - x\n",
    ),
    "lists in the column of their key": ("a:\n- b\n", [Add("", "c", ["d"])], "a:\n- b\nc:\n- d\n"),
    "a member in brackets": ("a: {b: 1, c: 2}\n", [Add("/a", "d", "x, y", "b")], "a: {b: 1, d: 'x, y', c: 2}\n"),
    "one in empty brackets": ("a: { }\n", [Add("/a", "b", 1)], "a: { b: 1 }\n"),
    "one in brackets over lines": ("{\n  a: 1,\n}\n", [Add("", "b", 2)], "{\n  a: 1,\n  b: 2,\n}\n"),
    "a member taken away": ("a: 1\n# two\nb: 2 # 2\nc: 3\n", [Remove("/b")], "a: 1\n# two\nc: 3\n"),
    "the last one": ("a:\n  b: 1\nc: 2", [Remove("/c")], "a:\n  b: 1"),
    "the only one": ("a:\n  b: 1\nc: 2\n", [Remove("/a/b")], "a: {}\nc: 2\n"),
    "the first of an entry": ("- a: 1\n  b: 2\n", [Remove("/0/a")], "- b: 2\n"),
    "one with a comment behind it": ("- a: 1\n  # b\n  b: 2\n", [Remove("/0/a")], "-\n  # b\n  b: 2\n"),
    "an entry": ("a:\n  - b\n  # c\n  - c: 1\n    d: 2\n  - e\n", [Remove("/a/1")], "a:\n  - b\n  # c\n  - e\n"),
    "an entry in brackets": ("a: [b, c, d]\n", [Remove("/a/1"), Remove("/a/2")], "a: [b]\n"),
    "one in brackets on its line": ("[\n  a, # a\n  b, # b\n]\n", [Remove("/0")], "[\n  b, # b\n]\n"),
    "a text for a structure": ("a: # c\n  b: 1\nd: 2\n", [Rewrite("/a", "x")], "a: x # c\nd: 2\n"),
    "a structure for a text": ("a: x # c\n", [Rewrite("/a", {"b": "c"})], "a:\n  b: c # c\n"),
    "nothing for a text": ("a: x # c\n", [Rewrite("/a", None)], "a: null # c\n"),
    "a value for nothing": ("a:\nb: 1\n", [Rewrite("/a", "x")], "a: x\nb: 1\n"),
    "a part of a structure": (
        "a: {b: 1, c: [x, 'y']}\n",
        [Rewrite("/a", {"b": 1, "c": ["x", "z"], "d": 2})],
        "a: {b: 1, c: [x, 'z'], d: 2}\n",
    ),
    "a longer list": ("a:\n  - b # b\n", [Rewrite("/a", ["b", {"c": 1}])], "a:\n  - b # b\n  - c: 1\n"),
    "an anchor": ("a: &n x\nb: 1\n", [Rewrite("/a", "z")], "a: &n z\nb: 1\n"),
    "a byte order mark": ("\ufeffa: x\n", [Rewrite("/a", "z")], "\ufeffa: z\n"),
    "a comment at the end of its line": ("a: x  # arazzo\nb: 1\n", [Recomment(6, 14)], "a: x\nb: 1\n"),
    "a comment alone": ("a: x\n# arazzo\nb: 1\n", [Recomment(5, 13)], "a: x\nb: 1\n"),
    "a comment that stays in part": ("a: x # [b, c]\n", [Recomment(5, 13, "# [b]")], "a: x # [b]\n"),
}


@pytest.mark.parametrize(("text", "edits", "expected"), EDITED.values(), ids=EDITED.keys())
def test_the_smallest_change_is_made(text: str, edits: list[Edit], expected: str) -> None:
    assert edit_text(yaml(text), edits) == expected


IN_JSON: dict[str, tuple[str, list[Edit], str]] = {
    "a text": ('{"a": "\\u00e9$x"}', [Rewrite("/a", 'é"y')], '{"a": "\\u00e9\\"y"}'),
    "a member": (
        '{\n  "a": 1\n}\n',
        [Add("", "b", [None, {"c": "d"}])],
        '{\n  "a": 1,\n  "b": [null, {"c": "d"}]\n}\n',
    ),
    "one without spaces": ('{"a":1}', [Add("", "b", "x")], '{"a":1, "b":"x"}'),
    "the last member": ('{\n  "a": 1,\n  "b": 2\n}\n', [Remove("/b")], '{\n  "a": 1\n}\n'),
    "the first member": ('{\n  "a": 1,\n  "b": 2\n}\n', [Remove("/a")], '{\n  "b": 2\n}\n'),
    "the only member": ('{"a": 1}', [Remove("/a")], "{}"),
    "a key": ('{"a": 1}', [Rename("/a", 'b"')], '{"b\\"": 1}'),
    "a number for a text": ('{"a": "1"}', [Rewrite("/a", 1)], '{"a": 1}'),
}


@pytest.mark.parametrize(("text", "edits", "expected"), IN_JSON.values(), ids=IN_JSON.keys())
def test_json_stays_json(text: str, edits: list[Edit], expected: str) -> None:
    assert edit_text(as_json(text), edits) == expected


REFUSED: dict[str, tuple[str, Edit, str]] = {
    "a value that an alias repeats": ("a: &n x\nb: *n\n", Rewrite("/a", "z"), "alias"),
    "an alias": ("a: &n {c: x}\nb: *n\n", Rewrite("/b/c", "z"), "alias"),
    "what is not there": ("a: 1\n", Remove("/b"), "does not lead"),
    "a name that another member has": ("a: 1\nb: 2\n", Rename("/a", "b"), "one name"),
    "the document itself": ("a: 1\n", Remove(""), "whole document"),
}


@pytest.mark.parametrize(("text", "edit", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_written_is_refused_with_a_reason(text: str, edit: Edit, reason: str) -> None:
    revision = revise(yaml(text), [problem(yaml(text), edit)])
    assert (revision.text, revision.made) == (text, ())
    assert reason in revision.refused[0].reason


def test_an_alias_changes_where_the_same_is_wanted_of_every_place() -> None:
    assert edit_text(yaml("a: &n x\nb: *n\n"), [Rewrite("/a", "z"), Rewrite("/b", "z")]) == "a: &n z\nb: *n\n"


def shared_problem(source: Source, first: list[Edit], other: list[Edit]) -> Diagnostic:
    """Give what two uses of a text say alike, as it is told once."""
    (told,) = in_order(problem(source, *edits) for edits in (first, other))
    return told


def test_fixes_that_aliases_want_in_several_places_are_made_once() -> None:
    source = yaml("a: &n {x: 1, y: 2}\nb: *n\n")
    one: list[Edit] = [Rewrite("/a/x", 3), Remove("/a/y")]
    other: list[Edit] = [Rewrite("/b/x", 3), Remove("/b/y")]
    assert revise(source, [shared_problem(source, one, other)]).text == "a: &n {x: 3}\nb: *n\n"


def test_fixes_that_aliases_want_differently_are_refused() -> None:
    source = yaml("a: &n x\nb: *n\n")
    told = shared_problem(source, [Rewrite("/a", "y")], [Rewrite("/b", "z")])
    revision = revise(source, [told])
    assert (revision.text, [each.reason for each in revision.refused]) == (source.text, [DIFFERENT])


def test_many_fixes_of_several_edits_are_made_with_few_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[str]()

    def reading(source: Source) -> Document:
        read.append(source.text)
        return read_text(source)

    source = yaml("shared: &n x\nagain: *n\n" + "".join(f"a{n}: {{b: 1, c: 2}}\n" for n in range(64)))
    bad = problem(source, Rewrite("/shared", "z"), Rewrite("/shared", "y"))
    many = [problem(source, Remove(f"/a{n}/b"), Add(f"/a{n}", "d", 3)) for n in range(64)]
    monkeypatch.setattr("runner.loader.edit.read_text", reading)
    revision = revise(source, [*many[:20], bad, *many[20:]])
    assert revision.text == source.text.replace("{b: 1, c: 2}", "{c: 2, d: 3}")
    assert [each.problem for each in revision.refused] == [bad]
    assert len(read) < 64


def test_a_text_of_mixed_line_ends_is_not_edited() -> None:
    source = yaml("a: x\r\nb: y\rc: z\n")
    revision = revise(source, [problem(source, Rewrite("/c", "w"))])
    assert (revision.text, [each.reason for each in revision.refused]) == (source.text, [MIXED])


def test_one_fix_that_is_refused_does_not_keep_the_others_back() -> None:
    source = yaml("a: &n x\nb: *n\nc: x\n")
    bad, good = problem(source, Rewrite("/a", "z")), problem(source, Rewrite("/c", "z"))
    revision = revise(source, [bad, good])
    assert revision.text == "a: &n x\nb: *n\nc: z\n"
    assert (revision.made, [each.problem for each in revision.refused]) == ((good,), [bad])


def test_fixes_that_contradict_each_other_wait_for_another_reading() -> None:
    source = yaml("a: x\n")
    one, other = problem(source, Rewrite("/a", "z")), problem(source, Rewrite("/a", "x y"))
    revision = revise(source, [one, other])
    assert (revision.text, revision.made, revision.left) == ("a: z\n", (one,), (other,))


IN_TURN: dict[str, tuple[str, list[Edit], str]] = {
    "a member of what was renamed": ("a: {b: x}\n", [Rename("/a", "c"), Rewrite("/c/b", "z")], "c: {b: z}\n"),
    "an entry that has moved up": ("a: [b, c, d]\n", [Remove("/a/0"), Remove("/a/0")], "a: [d]\n"),
    "a member that was added": ("a: 1\n", [Add("", "b", {"c": 1}), Add("/b", "d", 2)], "a: 1\nb:\n  c: 1\n  d: 2\n"),
    "one that takes another's place": ("a: 1 # one\nb: 2\n", [Remove("/b"), Rename("/a", "b")], "b: 1 # one\n"),
}


@pytest.mark.parametrize(("text", "edits", "expected"), IN_TURN.values(), ids=IN_TURN.keys())
def test_the_edits_of_one_fix_are_made_in_turn(text: str, edits: list[Edit], expected: str) -> None:
    assert revise(yaml(text), [problem(yaml(text), *edits)]).text == expected


def test_a_fix_of_several_edits_waits_for_what_changes_around_it() -> None:
    source = yaml("a: {b: 1, c: 2}\nd: {e: 1}\n")
    one = problem(source, Rename("/a", "z"))
    inside = problem(source, Remove("/a/b"), Add("/a", "f", 3))
    beside = problem(source, Remove("/d/e"), Add("/d", "g", 4))
    revision = revise(source, [one, inside, beside])
    assert (revision.made, revision.left) == ((one,), (inside, beside))
    assert revise(source, [inside, beside]).text == "a: {c: 2, f: 3}\nd: {g: 4}\n"


def test_a_fix_that_leads_to_another_place_than_it_is_about_is_not_made() -> None:
    source = yaml("- a\n- b\n")
    moved = Diagnostic("odd", "warning", "of 'a'", Span(source, 2, 3), fix=Fix("mend it", (Rewrite("/1", "z"),)))
    assert revise(source, [moved]).text == source.text


# Documents in every style, with a comment wherever one may stand.

WORDS = st.sampled_from(
    ["x", "$inputs.a", "it's", 'say "x"', "{$x} y", "a: b", "yes", "12", "# no", "é☃", "a,b", "- z"]
)
LINES = st.lists(WORDS, min_size=2, max_size=3).map("\n".join)
TEXTS = st.one_of(WORDS, LINES, LINES.map(lambda text: text + "\n"), st.text(max_size=8))
SCALARS = st.one_of(TEXTS, st.integers(-9, 99), st.booleans(), st.none(), st.sampled_from([1.5, 1e20]))
KEYS = st.sampled_from(["a", "b", "c d", "stepId", "no", "1", "é", "it's"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)
Choose = Callable[[st.SearchStrategy[int]], int]


class Writer:
    """Writes a value as people do, each part in a style that is drawn."""

    def __init__(self, draw: Choose, eol: str) -> None:
        self.draw, self.eol, self.comments = draw, eol, 0

    def one_of(self, count: int) -> int:
        return self.draw(st.integers(0, count - 1))

    def comment(self) -> str:
        self.comments += 1
        return f"# note {self.comments}."

    def document(self, value: dict[str, Json]) -> str:
        text = self.eol.join(self.block(value, 0))
        return text + self.eol * (1 if re.search("[|>]", text) else self.one_of(2))

    def block(self, value: Json, indent: int) -> list[str]:
        """Write the lines of a collection that is not empty."""
        pad, lines = " " * indent, list[str]()
        entries = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
        for key, each in entries:
            if self.one_of(5) == 0:
                lines.append(pad + self.comment())
            head = f"{pad}-" if isinstance(value, list) else f"{pad}{self.key(str(key))}:"
            lines += self.behind(head, each, indent, in_list=isinstance(value, list))
        return lines

    def behind(self, head: str, value: Json, indent: int, in_list: bool) -> list[str]:
        tail = f"  {self.comment()}" if self.one_of(4) == 0 else ""
        if isinstance(value, dict | list) and value and self.one_of(3):
            deeper = indent + (0 if isinstance(value, list) and not in_list and self.one_of(2) else 2 + self.one_of(2))
            if in_list and not tail and self.one_of(2):
                first, *rest = self.block(value, indent + 2)
                if not first.strip().startswith("#"):
                    return [head + " " + first.lstrip(" "), *rest]
                return [head, first, *rest]
            return [head + tail, *self.block(value, deeper)]
        if isinstance(value, str) and self.one_of(2) and (lines := self.literal(value, indent + 2)):
            return [head + " " + lines[0] + tail, *lines[1:]]
        return [head + " " + self.flow(value) + tail]

    def literal(self, text: str, indent: int) -> list[str]:
        body = text.rstrip("\n")
        special = re.search("[\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]", text)
        fits = body and not special and all(re.fullmatch(r"[^\s#](?:.*\S)?", line) for line in body.split("\n"))
        if not fits or len(text) - len(body) > 1:
            return []
        chomp = "-" if text == body else ""
        if self.one_of(2) and "\n" not in body and " " in body:
            return [">" + chomp, *(" " * indent + part for part in body.split(" "))] if "  " not in body else []
        return ["|" + chomp, *(" " * indent + line for line in body.split("\n"))]

    def key(self, key: str) -> str:
        return json.dumps(key, ensure_ascii=False) if self.one_of(3) == 0 or key in ("no", "1") else key

    def flow(self, value: Json) -> str:
        match value:
            case dict():
                return "{" + ", ".join(f"{self.key(key)}: {self.flow(each)}" for key, each in value.items()) + "}"
            case list():
                return "[" + ", ".join(map(self.flow, value)) + "]"
            case str():
                return self.text(value)
            case _:
                return json.dumps(value)

    def text(self, text: str) -> str:
        choice = self.one_of(3)
        if choice == 0 and re.fullmatch(r"[$a-z][$a-z.]*", text) and text not in ("yes", "no", "null", "true", "false"):
            return text
        if choice == 1 and re.fullmatch(r"[ -~]*", text):
            return "'" + text.replace("'", "''") + "'"
        written = json.dumps(text, ensure_ascii=False)
        return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", written)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[str, Json]]:
    value = draw(DOCUMENTS)
    return Writer(draw, draw(st.sampled_from(["\n", "\n", "\r\n"]))).document(value), value


def pointers(value: Json, base: str = "") -> list[str]:
    found = [base] if base else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [each for key, inner in entries for each in pointers(inner, join_pointer(base, key))]


@st.composite
def edits_of(draw: st.DrawFn, value: dict[str, Json]) -> Edit:
    pointer = draw(st.sampled_from(pointers(value)))
    kind, there = draw(st.integers(0, 3)), resolve_pointer(value, pointer)
    if kind == 1 and isinstance(there, dict) and there:
        after = draw(st.sampled_from([*there, None]))
        return Add(pointer, "new", draw(VALUES), after)
    if kind == 2 and not pointer.rpartition("/")[2].isdigit():
        return Rename(pointer, draw(st.sampled_from(["new", "new name", "off", "it's new"])))
    if kind == 3:
        return Remove(pointer)
    return Rewrite(pointer, draw(VALUES))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_an_edited_document_says_what_was_wanted_and_keeps_its_comments(data: st.DataObject) -> None:
    text, value = data.draw(documents())
    source = yaml(text)
    read = read_text(source)
    assert same(read.value, value)
    edits = data.draw(st.lists(edits_of(value), min_size=1, max_size=3))
    try:
        wanted = apply(value, edits)
    except ConflictError:
        return
    edited = edit_text(source, edits)
    assert same(read_text(yaml(edited)).value, wanted)
    if not any(isinstance(edit, Remove | Rewrite) for edit in edits):
        assert re.findall(r"# note \d+\.", edited) == re.findall(r"# note \d+\.", text)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_the_lines_around_an_edit_stay_byte_by_byte(data: st.DataObject) -> None:
    text, value = data.draw(documents())
    source = yaml(text)
    edit = data.draw(edits_of(value))
    try:
        apply(value, [edit])
    except ConflictError:
        return
    edited = edit_text(source, [edit])
    assert not isinstance(edit, Recomment)
    places = read_text(source).places
    parent = edit.pointer.rpartition("/")[0]
    siblings = resolve_pointer(value, parent)
    alone = isinstance(edit, Remove) and isinstance(siblings, dict | list) and len(siblings) == 1
    where = parent if alone else edit.pointer  # where nothing is left, its key is given an empty collection
    key, there = places.key(where), places.value(where)
    begin = min(key.start, there.start)
    base, _, token = where.rpartition("/")
    if isinstance(resolve_pointer(value, base), list):  # its dash may stand on a line above
        begin = places.value(f"{base}/{int(token) - 1}").end if int(token) else places.value(base).start
    first, last = source.position(begin).line, source.position(there.end).line
    lines = text.split("\n")
    before, after = lines[: max(first - 2, 0)], lines[last + 1 :]
    written = edited.split("\n")
    assert written[: len(before)] == before
    assert not after or written[-len(after) :] == after
    inside = "\n".join(lines[max(first - 2, 0) : last + 1])
    kept = [note for note in re.findall(r"# note \d+\.", text) if note not in inside]
    assert all(note in edited for note in kept)
