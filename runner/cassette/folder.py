"""Turns a folder into a cassette: which documents made it, and its pages by the workflow or case they belong to.

cassette.json                what made it
checkout/pay.json            the first exchange of a step, `pay.2.json` its second, in a folder for each workflow
checkout/ship.weigh.json     one of a workflow that a step calls
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from runner.cassette.page import VERSION, Page, read_page
from runner.engine.events import Case, Trail
from runner.errors import UsageError
from runner.exchange import Request
from runner.records import Frozen, field, values_of
from runner.reporters.files import open_report
from runner.version import __version__

LABEL: Final = "cassette.json"
PAGE_LIMIT: Final = 192 * 1024 * 1024
"""Bytes of one page: the largest body that is received, in base64, with room for a request of that size."""
_NAME_LIMIT = 100
_NUMBERED = re.compile(r"(.*?)(?:\.(\d+))?\.json", re.DOTALL)


class Made(Frozen):
    """A document that a cassette was recorded from: the name it was given by, its title and its version."""

    document: str
    title: str = ""
    version: str = ""


class Recorded(Frozen):
    """A page as far as it has to be known to find it: the request is the first one that was sent."""

    path: Path
    at: str
    method: str
    url: str


class Cassette(Frozen):
    """A cassette that was read; `units` are its workflows and cases. `complete`: its recording came to its end."""

    folder: Path
    made: tuple[Made, ...]
    complete: bool
    units: Mapping[str, tuple[Recorded, ...]] = field(default_factory=dict)
    HIDDEN = ("units",)

    def unit_of(self, case: Case) -> str:
        """Give the folder that a case was recorded in, or would have been."""
        return next((name for name in case_names(case) if name in self.units), case_names(case)[0])


def unit_name(workflow_id: str) -> str:
    """Give the folder of a workflow."""
    return _safe(workflow_id)


def case_names(case: Case) -> tuple[str, ...]:
    """Give the folder of a case, and the one that it has where the name of its row shows a secret.

    That is by the number of the row, for a replay does not know the secrets of the recording.
    """
    if not case.row:
        return (_safe(case.name),)
    again = f" #{case.repetition}" if case.repetition > 1 else ""
    title = case.name.removesuffix(again).removesuffix(f"[{case.row}]")
    return _safe(case.name), f"{_safe(title)}[!{case.number}]{again}"  # no other name has a `!`


def page_name(trail: Trail) -> str:
    """Give the first part of a file's name: the step, below the steps whose workflows it is called in."""
    return _safe(".".join(str(frame.step_id) for frame in trail))


def numbered(name: str, number: int) -> str:
    """Give the name of the file for the exchange of this number, which counts from 1."""
    return f"{name}.json" if number == 1 else f"{name}.{number}.json"


def _safe(name: str) -> str:
    """Spell a name so that every file system takes it; a dot in front would hide it."""
    spelled = quote(name, safe=" []#()+,=@")
    spelled = f"%2E{spelled[1:]}" if spelled.startswith(".") else spelled
    if len(spelled) <= _NAME_LIMIT:
        return spelled
    return f"{spelled[:_NAME_LIMIT]}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def write_label(folder: Path, made: Iterable[Made], *, complete: bool) -> None:
    """Say what made a cassette, and whether its recording has ended."""
    documents = [values_of(each) for each in made]
    data = {"cassette": VERSION, "runner": __version__, "complete": complete, "documents": documents}
    write_whole(folder / LABEL, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all."""
    file = open_report(path)
    try:
        file.stream.write(text)
        file.commit()
    except BaseException:
        file.discard()
        raise


def read_label(folder: Path, option: str) -> tuple[tuple[Made, ...], bool]:
    """Read what made a cassette, and whether it is complete, or raise UsageError; `option` is who asks."""
    path = folder / LABEL
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["cassette"] != VERSION:
            reason = f"this cassette is of version {data['cassette']!r}, and version {VERSION} can be read here"
            raise UsageError(f"{option} {folder}: {reason}", f"record it again: --record {folder}")
        made = tuple(
            Made(str(each["document"]), str(each["title"]), str(each["version"])) for each in data["documents"]
        )
        return made, data["complete"] is True
    except FileNotFoundError:
        hint = f"it would have a file {LABEL}; make one with --record {folder}"
        raise UsageError(f"{option} {folder}: there is no cassette", hint) from None
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = "it is not what a recording writes" if isinstance(error, KeyError | TypeError) else "it is not JSON"
        raise UsageError(f"{option}: {path} cannot be read: {reason}") from error


def read_cassette(folder: Path, option: str = "--replay") -> Cassette:
    """Read a cassette as a whole, or raise UsageError with the page that cannot be read."""
    made, complete = read_label(folder, option)
    try:
        units = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
        pages = {unit.name: tuple(map(_recorded, page_files(unit))) for unit in units}
    except OSError as error:
        raise UsageError(f"{option} {folder}: it cannot be read: {error.strerror or error}") from error
    return Cassette(folder, made, complete, pages)


def page_files(unit: Path) -> list[Path]:
    """List the pages of a workflow or case: by name, and of one name in the order in which they were recorded."""
    files = [each for each in unit.glob("*.json") if each.is_file() and not each.name.startswith(".")]
    return sorted(files, key=_order)


def _order(path: Path) -> tuple[str, int]:
    found = _NUMBERED.fullmatch(path.name)
    assert found is not None
    return found[1], int(found[2] or 1)


def _recorded(path: Path) -> Recorded:
    page = load_page(path)
    first = first_request(page)
    return Recorded(path, page.at, first.method, first.url)


def load_page(path: Path) -> Page:
    """Read a page from its file, or raise UsageError."""
    try:
        size = path.stat().st_size
        if size > PAGE_LIMIT:
            raise UsageError(f"{path} cannot be replayed: it has {size} bytes, more than any exchange can have")
        return read_page(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise UsageError(f"{path} cannot be replayed: {reason}", "record it again, or mend it") from error


def first_request(page: Page) -> Request:
    """Give the request as the step made it, before any redirect or refusal."""
    return page.exchange.hops[0].sent if page.exchange.hops else page.exchange.sent


def changed(cassette: Cassette, made: Sequence[Made]) -> list[str]:
    """Say which documents are not those that a cassette was recorded from."""
    known = {each.document: each for each in cassette.made}
    texts = []
    for each in made:
        before = known.get(each.document)
        if before is None:
            texts.append(f"the cassette was recorded from {', '.join(known) or 'nothing'}, not from {each.document}")
        elif before.version != each.version:
            texts.append(f"the cassette is of version {before.version} of {each.document}, which is {each.version} now")
    return texts
