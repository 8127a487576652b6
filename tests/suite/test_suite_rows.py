"""Files of rows: every format gives the same rows, each with its name and line, and a bad one says so by itself."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.suite.rows import Row, open_rows, secrets_among
from runner.values import Json


def rows(folder: Path, name: str, text: str | bytes) -> list[Row]:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(open_rows(str(path)))


SAME = {
    "a.csv": "id,n\nx,1\ny,2\n",
    "semicolons.csv": "id;n\nx;1\ny;2\n",
    "a.tsv": "id\tn\nx\t1\ny\t2\n",
    "marked.csv": "\ufeffid,n\r\nx,1\r\n\r\ny,2",
    "a.jsonl": '{"id": "x", "n": "1"}\n\n{"id": "y", "n": "2"}\n',
    "a.ndjson": '{"id": "x", "n": "1"}\n{"id": "y", "n": "2"}',
    "a.json": '[{"id": "x", "n": "1"}, {"id": "y", "n": "2"}]',
    "a.yaml": "- {id: x, n: '1'}\n- id: y\n  n: '2'\n",
}


@pytest.mark.parametrize(("name", "text"), SAME.items())
def test_each_format_gives_the_same_rows(tmp_path: Path, name: str, text: str) -> None:
    found = rows(tmp_path, name, text)
    assert [(row.name, {**row.texts, **row.values}, row.problem) for row in found] == [
        ("x", {"id": "x", "n": "1"}, ""),
        ("y", {"id": "y", "n": "2"}, ""),
    ]


def test_rows_may_be_gone_through_again(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("n\n1\n2\n")
    found = open_rows(str(path))
    assert [row.name for row in found] == [row.name for row in found] == ["1", "2"]


NAMED = {
    "its number where no column names it": ("n\n5\n6\n", ["1", "2"]),
    "the first of the columns that do": ("id,name,case\n1,alice,a\n2,bob,b\n", ["a", "b"]),
    "the next column where the first is empty": ("name,id\n,7\nbob,8\n", ["7", "bob"]),
    "its number where another row has the name": ("case\nsame\nsame\n", ["same", "2"]),
    "what is left where that is taken too": ("id\n2\n2\n", ["2", "row 2"]),
    "one line, cut": (f'name\n"a\nb"\n{"x" * 100}\n', ["a b", "x" * 59 + "…"]),
}


@pytest.mark.parametrize(("text", "names"), NAMED.values(), ids=NAMED.keys())
def test_the_name_of_a_row_is(tmp_path: Path, text: str, names: list[str]) -> None:
    assert [row.name for row in rows(tmp_path, "r.csv", text)] == names


SECRET = {
    "stands in the column itself": ("id,name\nsesame,\n", {"id"}, ["1"]),
    "is part of another column": ("name,pin\nmy sesame,sesame\nother,sesame\n", {"pin"}, ["1", "other"]),
    "would be cut": (f"name,pin\n{'x' * 55}sesame,sesame\n", {"pin"}, ["1"]),
    "is one by its name": ("name,password\nmy sesame,sesame\n", set(), ["1"]),
    "is empty": ("name,pin\nalice,\n", {"pin"}, ["alice"]),
}


@pytest.mark.parametrize(("text", "secret", "names"), SECRET.values(), ids=SECRET.keys())
def test_no_row_is_named_by_a_secret_that(tmp_path: Path, text: str, secret: set[str], names: list[str]) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    assert [row.name for row in open_rows(str(path)).hiding(secret)] == names


def test_what_is_secret_is_found_at_any_depth() -> None:
    values: dict[str, Json] = {"pin": {"a": ["one", 2]}, "user": {"password": "three", "name": "n"}, "none": None}
    assert secrets_among(values, {"pin", "none"}) == {"one", "2", "three"}


BAD = {
    "too few fields": ("r.csv", b"a,b\n1,2\n3\n4,5\n", 3, "it has 1 field, and the header 2"),
    "too many fields": ("r.csv", b'a,b\n"1\n1",2\n3,4,5\n4,5\n', 4, "it has 3 fields, and the header 2"),
    "a quote in the wrong place": ("r.csv", b'a,b\n1,2\n"3"x,4\n4,5\n', 3, "it is not CSV"),
    "bytes that are no text": ("r.csv", b"a,b\n1,2\n\xff,4\n4,5\n", 3, "'a' is not UTF-8 text"),
    "broken JSON": ("r.jsonl", b'{"a": 1}\n{"a": }\n{"a": 3}\n', 2, "it is not JSON: expecting value (column 7)"),
    "JSON that is no object": ("r.jsonl", b'{"a": 1}\n[1]\n{"a": 3}\n', 2, "a row is a map of names to values"),
    "a number that is none": ("r.jsonl", b'{"a": 1}\n{"a": NaN}\n{"a": 3}\n', 2, "it is not JSON"),
    "a line that is no text": ("r.jsonl", b'{"a": 1}\n"\xff"\n{"a": 3}\n', 2, "it is not UTF-8 text"),
    "an item that is no object": ("r.yaml", b"- {a: 1}\n- 2\n- {a: 3}\n", 2, "not a number"),
}


@pytest.mark.parametrize(("name", "text", "line", "said"), BAD.values(), ids=BAD.keys())
def test_a_bad_row_says_so_and_the_others_go_on(tmp_path: Path, name: str, text: bytes, line: int, said: str) -> None:
    first, bad, last = rows(tmp_path, name, text)
    assert (first.problem, last.problem) == ("", "")
    assert said in bad.problem
    assert bad.line == line
    assert str(bad.span) == f"{tmp_path / name}:{line}:1"
    assert bad.span.source.line(line) == ""  # what stands there may be a secret


REFUSED = {
    "another format": ("r.xlsx", b"", "told by its name: .csv, "),
    "no header": ("r.csv", b"", "r.csv:1: there is no header"),
    "a column without a name": ("r.csv", b"a,,b\n", "column 2 has no name"),
    "a column twice": ("r.csv", b"a,b,a\n", "the column 'a' is there twice"),
    "UTF-16": ("r.csv", "a,b\n".encode("utf-16"), "this is UTF-16 text"),
    "broken YAML": ("r.yaml", b"- {a: 1\n", "r.yaml:"),
    "no list": ("r.json", b'{"a": 1}', "the rows are a list, not an object"),
}


@pytest.mark.parametrize(("name", "text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_of_which_nothing_can_be_used_is_refused(tmp_path: Path, name: str, text: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        rows(tmp_path, name, text)
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.yaml"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="No such file"):
        open_rows(str(tmp_path / name))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").mkdir()
    with pytest.raises(UsageError, match="this is no file"):
        open_rows(str(tmp_path / "r.csv"))


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
def test_long_files_are_read_as_they_are_wanted(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    line = '{},"{}"\n' if name == "r.csv" else '{{"id": {}, "text": "{}"}}\n'
    with path.open("w") as stream:
        stream.write("id,text\n" if name == "r.csv" else "")
        stream.writelines(line.format(number, "a" * 2000) for number in range(10_000))
    tracemalloc.start()
    try:
        found = iter(open_rows(str(path)))
        last = next(itertools.islice(found, 9_000, None))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last.name == "9000"
    assert peak < 12 * 2**20  # eight of them are the names, of any number of rows
