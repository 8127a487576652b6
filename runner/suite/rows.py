"""Turn a file of data into rows, one after the other: what each is called, where it stands, and what it says.

CSV and JSON Lines are read as they are wanted and may be longer than memory; JSON and YAML are read whole. What is
wrong with one row is said by that row, and the others go on.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NoReturn

from runner.errors import UsageError
from runner.loader.text import decode_bytes, read_text
from runner.records import Frozen, field, replace
from runner.reporters.text import count, cut, one_line
from runner.secrets import is_secret_name
from runner.source import Source, Span
from runner.text import describe
from runner.values import Json

NAMES = ("case", "name", "id")
"""The columns that a row may have its name from; the first that is there counts."""
LONGEST_NAME = 60
DELIMITERS = ",;\t"


class Row(Frozen):
    """One row: `texts` are read as the schema of an input says, `values` have their types.

    `line` is where it begins in the file; `problem` says why it cannot be used. Its name is that of the column `case`,
    `name` or `id`, where it has one that no row before it has and that is no secret of its own, else its `number`.
    """

    name: str
    file: str
    line: int
    texts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Json] = field(default_factory=dict)
    problem: str = ""
    number: int = 0
    HIDDEN = ("texts", "values")

    @property
    def span(self) -> Span:
        """The place, without the line itself: it may hold what no report shows."""
        return Span(Source(self.file, self.file, "\n" if self.line > 1 else "", self.line), 0, 0)


class _Raw(Frozen):
    """A row as it was read, without a name."""

    line: int
    texts: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Json] = field(default_factory=dict)
    problem: str = ""

    def name(self, secret: Collection[str]) -> str:
        """Give the name that a column has for it, if that shows nothing of what stands under a `secret` name."""
        hidden = secrets_among({**self.texts, **self.values}, secret)
        for column in NAMES:
            value = self.texts.get(column, self.values.get(column))
            if isinstance(value, str | int) and not isinstance(value, bool) and (text := one_line(str(value))):
                return "" if any(each in text or each in str(value) for each in hidden) else cut(text, LONGEST_NAME)
        return ""


def secrets_among(values: Mapping[str, Json], names: Collection[str]) -> frozenset[str]:
    """Give what stands under names that are secret: one of `names`, or one that says so itself, at any depth."""
    found: set[str] = set()
    pending: list[tuple[Json, bool]] = [
        (value, name in names or is_secret_name(name)) for name, value in values.items()
    ]
    while pending:
        value, is_secret = pending.pop()
        if isinstance(value, dict):
            pending += ((each, is_secret or is_secret_name(name)) for name, each in value.items())
        elif isinstance(value, list):
            pending += ((each, is_secret) for each in value)
        elif is_secret and value not in (None, ""):
            found.add(str(value))
    return frozenset(found)


class Rows(Frozen):
    """The rows of a file, read anew each time they are gone through; `columns` are those of a CSV file's header.

    `secret` are the inputs that no row has its name from.
    """

    path: Path
    read: Callable[[], Iterator[_Raw]]
    columns: tuple[str, ...] | None = None
    secret: frozenset[str] = frozenset()
    HIDDEN = ("read",)

    def hiding(self, names: Iterable[str]) -> Rows:
        """Give the same rows, none of which has its name from what stands under these names."""
        return replace(self, secret=self.secret.union(names))

    def __iter__(self) -> Iterator[Row]:
        names = _Names()
        for number, raw in enumerate(self.read(), start=1):
            name = names.first_new(raw.name(self.secret), str(number), f"row {number}")
            yield Row(name, str(self.path), raw.line, raw.texts, raw.values, raw.problem, number)


class _Names:
    """The names so far, as bits of a table: of a million names some ten wrongly count as seen, always the same ones."""

    BYTES = 1 << 23  # of which the system gives only those that are used
    KEYS = 4

    def __init__(self) -> None:
        self._table = bytearray(self.BYTES)

    def first_new(self, *names: str) -> str:
        """Give the first name that was not given before, else the last one."""
        return next((name for name in names if name and self._is_new(name)), names[-1])

    def _is_new(self, name: str) -> bool:
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4 * self.KEYS).digest()
        is_new = False
        for start in range(0, len(digest), 4):
            place, bit = divmod(int.from_bytes(digest[start : start + 4], "big") % (self.BYTES * 8), 8)
            is_new = is_new or not self._table[place] & (1 << bit)
            self._table[place] |= 1 << bit
        return is_new


def open_rows(path: str) -> Rows:
    """Open a file of rows, whose format its name says; UsageError where nothing of it can be used."""
    reader = _READERS.get(Path(path).suffix.lower())
    if reader is None:
        raise UsageError(f"--rows {path}: what rows it has is told by its name: {', '.join(_READERS)}")
    if Path(path).exists() and not Path(path).is_file():
        raise UsageError(f"--rows {path}: this is no file", "it is read once for each workflow")
    try:
        return reader(Path(path))
    except OSError as error:
        raise UsageError(f"--rows {path}: {error.strerror or error}") from error


def _refuse(path: Path, line: int, message: str, hint: str = "") -> NoReturn:
    raise UsageError(f"--rows {path}:{line}: {message}", hint)


def _csv(path: Path) -> Rows:
    """Read the header of a CSV file; its columns are parted by commas, semicolons or tabs."""
    with path.open("rb") as stream:
        first = stream.readline(1 << 16)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _refuse(path, 1, "this is UTF-16 text", "save it as CSV UTF-8")
    header = first.decode("utf-8-sig", "replace")
    delimiter = max(DELIMITERS, key=header.count)
    columns = tuple(each.strip() for each in next(csv.reader([header], delimiter=delimiter), []))
    if not any(columns):
        _refuse(path, 1, "there is no header", "its first line names the columns")
    for place, column in enumerate(columns):
        if not column or column in columns[:place]:
            what = f"the column '{column}' is there twice" if column else f"column {place + 1} has no name"
            _refuse(path, 1, what)
    return Rows(path, lambda: _csv_rows(path, delimiter, columns), columns)


def _csv_rows(path: Path, delimiter: str, columns: tuple[str, ...]) -> Iterator[_Raw]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        next(reader, None)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _Raw(line, problem=f"it is not CSV: {error}")
                continue
            if fields:
                yield _csv_row(line, fields, columns)


def _csv_row(line: int, fields: list[str], columns: tuple[str, ...]) -> _Raw:
    if len(fields) != len(columns):
        return _Raw(line, problem=f"it has {count(len(fields), 'field')}, and the header {len(columns)}")
    texts = dict(zip(columns, fields, strict=True))
    if broken := next((name for name, text in texts.items() if not _is_text(text)), None):
        return _Raw(line, problem=f"'{broken}' is not UTF-8 text")
    return _Raw(line, texts)


def _is_text(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _jsonl(path: Path) -> Rows:
    path.open("rb").close()
    return Rows(path, lambda: _jsonl_rows(path))


def _jsonl_rows(path: Path) -> Iterator[_Raw]:
    with path.open("rb") as stream:
        for line, text in enumerate(stream, start=1):
            if text.strip():
                yield _json_row(line, text)


def _json_row(line: int, text: bytes) -> _Raw:
    try:
        value: Json = json.loads(text.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        return _Raw(line, problem="it is not UTF-8 text")
    except json.JSONDecodeError as error:
        return _Raw(line, problem=f"it is not JSON: {error.msg.lower()} (column {error.colno})")
    except (ValueError, RecursionError):
        return _Raw(line, problem="it is not JSON that can be used")
    return _of_object(line, value)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _of_object(line: int, value: Json) -> _Raw:
    if isinstance(value, dict):
        return _Raw(line, values=value)
    return _Raw(line, problem=f"a row is a map of names to values, not {describe(value)}")


def _document(path: Path) -> Rows:
    """Read a JSON or YAML document: a list of rows."""
    try:
        source = Source(str(path), str(path), decode_bytes(path.read_bytes()))
    except ValueError as error:
        raise UsageError(f"--rows {path}: {error}") from error
    document = read_text(source)
    for problem in document.problems:
        if problem.severity == "error":
            raise UsageError(f"--rows {problem.span}: {problem.message}")
    if not isinstance(document.value, list):
        _refuse(path, 1, f"the rows are a list, not {describe(document.value)}")
    items = document.value
    places = [document.places.value(f"/{index}").begin.line for index in range(len(items))]
    return Rows(path, lambda: map(_of_object, places, items))


_READERS: Mapping[str, Callable[[Path], Rows]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _document,
    ".yaml": _document,
    ".yml": _document,
}
