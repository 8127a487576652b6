"""JSON values, the value that is not there, and JSON Pointers (RFC 6901)."""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, list["Json"], dict[str, "Json"], None]  # noqa: UP007 - it is recursive


class Absent(enum.Enum):
    """The type of `ABSENT`: what is not there, distinct from null."""

    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent.ABSENT


class File(bytes):
    """The content of a file that knows its name and, perhaps, its media type; bytes wherever only these matter."""

    filename: str
    content_type: str | None

    def __new__(cls, content: bytes = b"", filename: str = "", content_type: str | None = None) -> File:
        file = super().__new__(cls, content)
        file.filename, file.content_type = filename, content_type
        return file

    def __deepcopy__(self, _memo: object) -> File:
        return self


InputValue: TypeAlias = Union[Json, bytes]  # noqa: UP007 - Json is one
"""What an input holds: JSON, or the whole content of a file."""

Value: TypeAlias = Json | bytes | Absent
"""What an expression gives: JSON, a binary body (only ever whole), or nothing."""


def escape_token(token: str) -> str:
    """Escape one reference token (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def unescape_token(token: str) -> str:
    """Undo `escape_token`; `~1` first, so that `~01` is `~1` and not `/`."""
    return token.replace("~1", "/").replace("~0", "~")


def join_pointer(base: str, *tokens: str | int) -> str:
    """Append reference tokens to a JSON Pointer."""
    for token in tokens:
        base = f"{base}/{escape_token(str(token))}"
    return base


@lru_cache(maxsize=1024)  # the pointers of a plan are followed again and again
def split_pointer(pointer: str) -> tuple[str, ...]:
    """Split a JSON Pointer into unescaped tokens; the empty pointer has none."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"not a JSON Pointer: {pointer!r}")
    tokens = pointer[1:].split("/")
    return tuple(map(unescape_token, tokens) if "~" in pointer else tokens)


def is_within(pointer: str, above: str) -> bool:
    """Say whether a pointer is `above`, or leads to something below it."""
    return pointer.startswith(above) and pointer[len(above) : len(above) + 1] in ("", "/")


def pointer_name(pointer: str) -> str:
    """Name a place for people by the last token of its pointer: `workflows[0]` for an item."""
    *_, above, last = ("", "", *split_pointer(pointer))
    return f"{above}[{last}]" if above and last.isdigit() else last


def resolve_pointer(value: Value, pointer: str) -> Value:
    """Give what stands at `pointer`, or `ABSENT`."""
    for token in split_pointer(pointer):
        value = member(value, token)
    return value


def member(value: Value, token: str | int) -> Value:
    """Give the member or item `token` of a value, or `ABSENT`."""
    if isinstance(value, dict):
        return value.get(str(token), ABSENT)
    if isinstance(value, list):
        text = str(token)
        if text.isascii() and text.isdigit() and len(text) < 19 and (text == "0" or text[0] != "0"):
            index = int(text)
            return value[index] if index < len(value) else ABSENT
    return ABSENT


def with_pointer(value: Json, pointer: str, new: Json) -> Json:
    """Give a copy of `value` with `new` at `pointer`; the last member is created, an item may be appended with `-`.

    Raise ValueError where the pointer leads through something that is not there (RFC 6901, section 4).
    """
    tokens = split_pointer(pointer)
    return _with_tokens(value, tokens, new, pointer) if tokens else new


def _with_tokens(value: Json, tokens: tuple[str, ...], new: Json, pointer: str) -> Json:
    token, *rest = tokens
    if isinstance(value, dict):
        if not rest:
            return {**value, token: new}
        if token in value:
            return {**value, token: _with_tokens(value[token], tuple(rest), new, pointer)}
    elif isinstance(value, list):
        if not rest and token in ("-", str(len(value))):
            return [*value, new]
        inner = member(value, token)
        if not isinstance(inner, Absent | bytes):
            changed = _with_tokens(inner, tuple(rest), new, pointer) if rest else new
            return [*value[: int(token)], changed, *value[int(token) + 1 :]]
    raise ValueError(f"'{pointer}' leads nowhere: there is no '{token}'")
