"""Turns one edit into the characters of a text that change, in several ways: the way that changes least comes first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, assert_never

from runner.diagnostics import Add, Recomment, Remove, Rename, Rewrite
from runner.loader.apply import Change, Insert, same
from runner.loader.page import LostError, Page, Spot
from runner.loader.spell import block, flow, respelled, scalar
from runner.source import Member, Place
from runner.values import Json, join_pointer


class Splice(NamedTuple):
    """The characters `start` to `end` of a text, and what stands there instead."""

    start: int
    end: int
    text: str


Splices: TypeAlias = tuple[Splice, ...]


def refined(page: Page, change: Change) -> Iterator[Change]:
    """Break up the rewriting of a collection into edits of its parts, so that what stays is not touched."""
    if not isinstance(change, Rewrite):
        yield change
        return
    spot = page.spot(change.pointer)
    yield from _refined(change.pointer, spot.value, change.value)


def _refined(pointer: str, old: Json, new: Json) -> Iterator[Change]:
    match old, new:
        case dict(), dict() if old.keys() & new.keys():
            yield from _refined_object(pointer, old, new)
        case list(), list() if old and new:
            yield from _refined_list(pointer, old, new)
        case _:
            if not same(old, new):
                yield Rewrite(pointer, new)


def _refined_object(pointer: str, old: dict[str, Json], new: dict[str, Json]) -> Iterator[Change]:
    for name, value in old.items():
        inner = join_pointer(pointer, name)
        yield from _refined(inner, value, new[name]) if name in new else (Remove(inner),)
    names = list(new)
    for index, name in enumerate(names):
        if name not in old:
            after = next((each for each in reversed(names[:index]) if each in old), None)
            yield Add(pointer, name, new[name], after)


def _refined_list(pointer: str, old: list[Json], new: list[Json]) -> Iterator[Change]:
    first = _shared(old, new)
    last = _shared(old[first:][::-1], new[first:][::-1])
    between_old, between_new = old[first : len(old) - last], new[first : len(new) - last]
    for index, (one, other) in enumerate(zip(between_old, between_new, strict=False), start=first):
        yield from _refined(f"{pointer}/{index}", one, other)
    for index in range(len(between_new), len(between_old)):
        yield Remove(f"{pointer}/{first + index}")
    for value in between_new[len(between_old) :]:
        yield Insert(pointer, first + len(between_old), value)


def _shared(one: list[Json], other: list[Json]) -> int:
    """Count the entries with which two lists begin alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if not same(a, b)), min(len(one), len(other)))


def spliced(page: Page, change: Change) -> Iterator[Splices]:
    """Give ways of making an edit; LostError where there is nothing that it could be made of."""
    match change:
        case Rewrite(pointer, value):
            yield from _rewrite(page, page.spot(pointer), value)
        case Rename(pointer, name):
            yield from _rename(page, page.spot(pointer), name)
        case Add(pointer, name, value, after):
            yield from _add(page, page.spot(pointer), name, value, after)
        case Insert(pointer, index, value):
            yield from _insert(page, page.spot(pointer), index, value)
        case Remove(pointer):
            yield from _remove(page, page.spot(pointer), pointer.rpartition("/")[0])
        case Recomment(start, end, text):
            yield (_recomment(page, start, end, text),)
        case _:
            assert_never(change)


def _recomment(page: Page, start: int, end: int, text: str) -> Splice:
    if text:
        return Splice(start, end, text)
    if page.begins_line(start):
        return Splice(page.line_start(start), page.next_line(end), "")
    return Splice(len(page.text[:start].rstrip(" \t")), end, "")


def _rename(page: Page, spot: Spot, name: str) -> Iterator[Splices]:
    if spot.key is None:
        raise LostError("an entry of a list has no name")
    start, end = spot.key.key_start, spot.key.key_end
    flow = spot.around is not None and page.is_flow(spot.around)
    for text in respelled(page.text[start:end], spot.token, name, page.dialect(flow)):
        if "\n" not in text:
            yield (Splice(start, end, text),)


def _rewrite(page: Page, spot: Spot, value: Json) -> Iterator[Splices]:
    place = spot.place
    flow_around = page.is_json or (spot.around is not None and spot.flow and not page.is_flow(place))
    is_scalar = place.members is None and place.items is None
    if isinstance(value, str) and is_scalar and place.end > place.start:
        raw = page.text[place.start : place.end]
        dialect = page.dialect(spot.flow, _indent_of_lines(page, spot, raw))
        yield from ((Splice(place.start, place.end, text),) for text in respelled(raw, spot.value, value, dialect))
        return
    if isinstance(value, dict | list) and value and not flow_around and not page.is_flow(place):
        yield (_as_block(page, spot, value),)
    yield _on_line(page, spot, flow(value, page.dialect(flow=True)))
    yield (Splice(place.start, place.end, flow(value, page.dialect(flow=True))),)


def _indent_of_lines(page: Page, spot: Spot, raw: str) -> int:
    """Give the column of the lines of a block scalar, be there one already or not."""
    lines = [line for line in raw.split("\n")[1:] if line.strip()]
    if raw[:1] in ("|", ">") and lines:
        return len(lines[0]) - len(lines[0].lstrip(" "))
    return _parent_column(page, spot) + page.step


def _parent_column(page: Page, spot: Spot) -> int:
    if spot.key is not None:
        return page.column(spot.key.key_start)
    return page.column(spot.around.start) if spot.around is not None else 0


def _colon(page: Page, key: Member) -> int:
    """Give the end of the colon behind a key."""
    return page.text.index(":", key.key_end) + 1


def _on_line(page: Page, spot: Spot, text: str) -> Splices:
    """Put a text of one line behind its key, also where a comment follows that, and a block in lines of its own."""
    start, end = spot.place.start, spot.place.end
    if spot.key is None:
        return (Splice(start, end, (" " if start == end else "") + text),)
    colon = _colon(page, spot.key)
    if not page.text[colon:start].strip():
        return (Splice(colon, end, " " + text),)
    return Splice(colon, colon, " " + text), _lines(page, start, end)


def _lines(page: Page, start: int, end: int) -> Splice:
    """Take whole lines away; at the end of a text with the break before them, for there is none behind."""
    if page.next_line(end) > page.line_end(end):
        return Splice(page.line_start(start), page.next_line(end), "")
    return Splice(max(page.line_start(start) - len(page.eol), 0), page.line_end(end), "")


def _as_block(page: Page, spot: Spot, value: Json) -> Splice:
    start, end = spot.place.start, spot.place.end
    was_block = spot.place.members is not None or spot.place.items is not None
    if was_block or spot.key is None:
        lead = " " if start == end else ""
        return Splice(start, end, lead + block(value, page.dialect(False, page.column(start) + len(lead))))
    outdented = isinstance(value, list) and page.outdented
    indent = page.column(spot.key.key_start) + (0 if outdented else page.step)
    colon = _colon(page, spot.key)
    start = colon if not page.text[colon:start].strip() else start
    return Splice(start, end, page.eol + " " * indent + block(value, page.dialect(False, indent)))


def _add(page: Page, spot: Spot, name: str, value: Json, after: str | None) -> Iterator[Splices]:
    members = spot.place.members
    if members is None or not isinstance(spot.value, dict):
        raise LostError("it is no object")
    inside = page.dialect(page.is_flow(spot.place))
    names = list(members)
    before = after if after in members else names[-1] if names else None
    key = scalar(name, inside)
    if inside.flow:
        text = f"{key}:{_gap(page, members)}{flow(value, page.dialect(flow=True))}"
        if before is None:
            yield _into_empty(page, spot.place, text)
            return
        yield _behind(page, spot.place, members[before].key_start, page.end(members[before], spot.place), text)
        return
    if before is None:
        raise LostError("it has no member to stand beside")
    column = page.column(members[names[0]].key_start)
    at = page.end(members[before], spot.place)
    yield (_below(page, at, column, block({name: value}, page.dialect(False, column))),)
    yield (_below(page, at, column, f"{key}: {flow(value, page.dialect(flow=True))}"),)


def _insert(page: Page, spot: Spot, index: int, value: Json) -> Iterator[Splices]:
    items = spot.place.items
    if not items:
        raise LostError("it has no entry to stand beside")
    before = items[max(index - 1, 0)]
    if page.is_flow(spot.place):
        text = flow(value, page.dialect(flow=True))
        if index == 0:
            yield (Splice(before.start, before.start, f"{text}, "),)
        else:
            yield _behind(page, spot.place, before.start, before.end, text)
        return
    column = page.column(spot.place.start)
    for text in (block([value], page.dialect(False, column)), f"- {flow(value, page.dialect(flow=True))}"):
        if index == 0:
            yield (Splice(spot.place.start, spot.place.start, text + page.eol + " " * column),)
        else:
            yield (_below(page, before.end, column, text),)


def _gap(page: Page, members: dict[str, Member]) -> str:
    """Give what stands between a colon and a value in this object."""
    between = [page.text[each.key_end : each.value.start] for each in members.values()]
    return next((each[1:] for each in between if re.fullmatch(r": *", each)), " ")


def _into_empty(page: Page, place: Place, text: str) -> Splices:
    inside = page.text[place.start + 1 : place.end - 1]
    pad = " " if inside == " " else ""
    if inside.strip():  # a comment
        return (Splice(place.start + 1, place.start + 1, page.eol + text),)
    return (Splice(place.start + 1, place.end - 1, f"{pad}{text}{pad}"),)


def _behind(page: Page, around: Place, start: int, end: int, text: str) -> Splices:
    """Put a member or entry behind another one in brackets, on a line of its own where that has one."""
    if page.begins_line(start) and "\n" in page.text[around.start : around.end]:
        return (Splice(end, end, f",{page.eol}{page.text[page.line_start(start) : start]}{text}"),)
    return (Splice(end, end, f", {text}"),)


def _below(page: Page, at: int, column: int, text: str) -> Splice:
    """Put lines below the one that `at` is in, and below the empty lines that a block scalar there keeps."""
    end = page.line_end(at)
    kept = re.compile(r"(?:\r?\n[ \t]*(?=\r?\n))*").match(page.text, end)
    header = page.text[page.line_start(_header_search(page, at)) : at]
    if kept and re.search(r"[|>]\d?\+", header):
        end = kept.end()
    return Splice(end, end, page.eol + " " * column + text)


def _header_search(page: Page, at: int) -> int:
    """Give where to look for the header of a block scalar that may end at `at`."""
    found = max(page.text.rfind("|", 0, at), page.text.rfind(">", 0, at))
    return max(found, 0)


def _remove(page: Page, spot: Spot, parent: str) -> Iterator[Splices]:
    around = spot.around
    if around is None:
        raise LostError("the whole document cannot be removed")
    start, end = _extent(page, spot, around)
    if isinstance(spot.siblings, dict | list) and len(spot.siblings) == 1:
        if page.is_flow(around):
            yield (Splice(start, end, ""),)
        yield from _rewrite(page, page.spot(parent), {} if spot.key is not None else [])
    elif page.is_flow(around):
        yield (_out_of_brackets(page, around, start, end),)
    elif page.begins_line(start):
        yield (_lines(page, start, end),)
    else:
        yield from _first_of_compact(page, start, end)


def _extent(page: Page, spot: Spot, around: Place) -> tuple[int, int]:
    if spot.key is not None:
        return spot.key.key_start, page.end(spot.key, around)
    if page.is_flow(around):
        return spot.place.start, spot.place.end
    dash = page.dash(int(spot.token), around)
    return dash, max(spot.place.end, dash + 1)


def _out_of_brackets(page: Page, around: Place, start: int, end: int) -> Splice:
    """Take a member or entry out with the comma behind it, or the one before it where it is the last."""
    comma = re.compile(r"\s*,").match(page.text, end)
    if comma is None or not _follows(page, comma.end(), around):
        before = re.compile(r"(?:,\s*)$").search(page.text[:start])
        return Splice(before.start() if before else start, end, "")
    if page.begins_line(start) and page.ends_line(comma.end()):
        return Splice(page.line_start(start), page.next_line(comma.end()), "")
    rest = page.text[comma.end() : around.end]
    return Splice(start, comma.end() + len(rest) - len(rest.lstrip(" \t")), "")


def _follows(page: Page, at: int, around: Place) -> bool:
    """Say whether another member or entry follows in the same brackets."""
    rest = re.sub(r"(?m)(?:^|\s)#.*$", "", page.text[at : around.end - 1])
    return bool(rest.strip())


def _first_of_compact(page: Page, start: int, end: int) -> Iterator[Splices]:
    """Take away what stands behind a dash: the next member or entry takes its place."""
    following = re.compile(r"\s*").match(page.text, page.line_end(end))
    if following and page.text[following.end() : following.end() + 1] != "#":
        yield (Splice(start, following.end(), ""),)
    yield (Splice(len(page.text[:start].rstrip(" ")), page.line_end(end), ""),)
