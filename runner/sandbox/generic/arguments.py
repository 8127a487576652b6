"""Turns the path, the query and the fields of a request back into the values of parameters, by style and explode.

Text has no types, and may stand for several values: for each parameter every value is given that it can be read as,
its scalars still text, the likeliest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from runner.exchange import header, media_type, parse_json
from runner.openapi.deserialize import readings
from runner.openapi.document import Parameter
from runner.openapi.schemas import Types
from runner.records import Frozen
from runner.values import Json

_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|", "ssv": " ", "tsv": "\t", "pipes": "|"}

Pairs = Sequence[tuple[str, str]]


class Sent(Frozen):
    """What a request says beside its body: path variables and query pairs as they came, percent-encoded."""

    path: Mapping[str, str]
    query: str
    headers: tuple[tuple[str, str], ...]

    @property
    def pairs(self) -> Pairs:
        return [(decoded(name), value) for name, _, value in split_pairs(self.query, "&")]

    @property
    def cookies(self) -> Pairs:
        return [(decoded(name), value) for name, _, value in split_pairs(header(self.headers, "cookie") or "", ";")]


def split_pairs(text: str, separator: str) -> Iterator[tuple[str, str, str]]:
    return (part.strip(" \t").partition("=") for part in text.split(separator) if part.strip(" \t"))


def decoded(text: str) -> str:
    """Decode a part of a query or form, in which a plus sign is a space."""
    return unquote(text.replace("+", " "))


class NotJson(ValueError):  # noqa: N818 - the name says what is wrong
    """The value of a `content` parameter is not of its media type."""


def read_argument(parameter: Parameter, sent: Sent, types: Types, others: frozenset[str]) -> list[Json]:
    """Give what a parameter can be read as, nothing where it is not there. `others` are names of other parameters.

    NotJson says why the text of a `content` parameter cannot be read.
    """
    if parameter.content_type is not None and parameter.location != "querystring":
        text = _text(parameter, sent)
        return [] if text is None else [_content(parameter, text)]
    match parameter.location:
        case "path":
            raw = sent.path.get(parameter.name)
            return [] if raw is None else list(_from_path(parameter, raw, types))
        case "query":
            return list(_from_pairs(parameter, sent.pairs, types, others))
        case "querystring":
            return [decoded(sent.query)] if sent.query else []
        case "header":
            text = header(sent.headers, parameter.name)
            return [] if text is None else list(_from_header(parameter, text, types))
        case "cookie":
            return list(_from_pairs(parameter, sent.cookies, types, others))


def _text(parameter: Parameter, sent: Sent) -> str | None:
    match parameter.location:
        case "path":
            raw = sent.path.get(parameter.name)
            return None if raw is None else unquote(raw)
        case "header":
            return header(sent.headers, parameter.name)
        case _:
            pairs = sent.cookies if parameter.location == "cookie" else sent.pairs
            return next((decoded(value) for name, value in pairs if name == parameter.name), None)


def _content(parameter: Parameter, text: str) -> Json:
    if not media_type(parameter.content_type).is_json:
        return text
    try:
        return parse_json(text)
    except ValueError as error:
        raise NotJson(f"{parameter.location} parameter '{parameter.name}' is not JSON: {error}") from None


def _from_header(parameter: Parameter, text: str, types: Types) -> Iterator[Json]:
    delimiter = _DELIMITERS.get(parameter.style)
    if delimiter is not None and "array" in types(()):
        yield list(text.split(delimiter))
    yield from readings(text, types, explode=parameter.explode)


def _from_path(parameter: Parameter, raw: str, types: Types) -> Iterator[Json]:
    own, name = types(()), parameter.name
    match parameter.style:
        case "label":
            text = raw.removeprefix(".")
            parts = text.split("." if parameter.explode else ",")
        case "matrix" if parameter.explode and "object" in own:
            text, parts = raw, raw.removeprefix(";").split(";")
        case "matrix":
            text = ",".join(part.removeprefix(f"{name}=") for part in raw.removeprefix(";").split(";"))
            parts = text.split(",")
        case style:
            text, parts = raw, raw.replace("%09", "\t").replace("%20", " ").split(_DELIMITERS.get(style, ","))
    yield from _structures(parts, own, unquote, explode=parameter.explode)
    yield unquote(text)


def _structures(
    parts: Sequence[str], own: frozenset[str], decode: Callable[[str], str], *, explode: bool
) -> Iterator[Json]:
    """Read the parts of a value as an array or an object, where one may stand."""
    if "array" in own:
        yield [decode(part) for part in parts]
    if "object" in own and explode and all("=" in part for part in parts):
        yield {decode(name): decode(value) for name, _, value in (part.partition("=") for part in parts)}
    if "object" in own and not explode and len(parts) % 2 == 0:
        yield {decode(name): decode(value) for name, value in zip(parts[::2], parts[1::2], strict=True)}


def _from_pairs(parameter: Parameter, pairs: Pairs, types: Types, others: frozenset[str]) -> Iterator[Json]:
    """Read a query parameter, a cookie, or a member of a form that is written like one."""
    own, name = types(()), parameter.name
    if parameter.style == "deepObject":
        if members := _deep(name, pairs):
            yield members
        return
    mine = [value for key, value in pairs if key == name]
    if "object" in own and parameter.explode and not mine:
        rest: dict[str, Json] = {key: decoded(value) for key, value in pairs if key not in others}
        if rest:
            yield rest
        return
    if not mine:
        return
    if "array" in own and (parameter.explode or len(mine) > 1):
        yield [decoded(value) for value in mine]
    elif not parameter.explode:
        delimiter = _DELIMITERS.get(parameter.style)
        parts = mine[0].split(",") if delimiter is None else decoded(mine[0]).split(delimiter)
        yield from _structures(parts, own, decoded if delimiter is None else str, explode=False)
    yield decoded(mine[0])


def _deep(name: str, pairs: Pairs) -> dict[str, Json]:
    """Read `filter[color]=red&filter[size]=5`; a member that is there several times is an array."""
    found: dict[str, list[Json]] = {}
    for key, value in pairs:
        if key.startswith(f"{name}[") and key.endswith("]"):
            found.setdefault(key[len(name) + 1 : -1], []).append(decoded(value))
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def form_member(parameter: Parameter, pairs: Pairs, types: Types) -> Json:
    """Give what a member of a form that is styled like a query parameter is most likely meant as."""
    return next(_from_pairs(parameter, pairs, types, frozenset()), None)
