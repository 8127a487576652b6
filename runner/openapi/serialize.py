"""Turns a parameter's value into the text that is sent: the style table of OpenAPI 3.0.4, 3.1.2 and 3.2, client side.

The styles are RFC 6570's operators (section 3.2.1) and four of OpenAPI's own. Where they leave a choice, and in the
cells of the table that are marked n/a ("the behavior … is undefined"):

* null is RFC 6570's *undefined*: left out of arrays and objects; alone it is `color=`, `;color`, `.` or, in a header,
  the empty text, as the table's column of that name says.
* Arrays and objects without anything in them are left out.
* In a path, style `simple` refuses what comes out empty: the URL would name another resource.
* `spaceDelimited` and `pipeDelimited` send a single value as a list of one, and one parameter for each value under
  `explode`, which is what the definition of `explode` says. An item that holds the delimiter is refused: nothing at
  the other end could tell them apart.
* `deepObject` needs no `explode` (OpenAPI 3.2 says so). Objects within its object are `a[b][c]=1` and a single value is
  `a=1`: published APIs take both, and nobody writes them otherwise. Arrays are written in ways that contradict each
  other, `a[]=1` and `a[0]=1` among them, and are refused with the advice to spell the names out.
* `cookie` takes arrays and objects under `explode` only, since no cookie may hold a comma; `form` does send it, for
  it is in the table of 3.0 and 3.1.
* Style or place of another kind, and arrays or objects within others, are refused elsewhere.
* Percent-encoding keeps RFC 3986's unreserved characters only, in names and values. Headers are not encoded at all.
* A number that is none (`NaN`) or not finite is refused.

A `default` in the description is never sent: it is "the value that the receiver assumes" where nothing is given. So it
is with the defaults of bodies; the defaults of server variables are part of the URL.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from runner.exchange import media_type
from runner.openapi.document import Location, Parameter
from runner.openapi.fields import cookie_name, cookie_text, cookie_text_as_written, header_text
from runner.openapi.percent import IN_COOKIE, IN_PATH, IN_QUERY, IN_SEGMENT, encode, encode_form, encode_reserved
from runner.openapi.problem import SerializationProblem
from runner.records import replace
from runner.text import json_text, scalar_text
from runner.values import Json

DEFAULT_STYLE: dict[Location, str] = {
    "path": "simple",
    "query": "form",
    "querystring": "form",
    "header": "simple",
    "cookie": "form",
}

NO_NUMBER = "a number that is not finite, which has no form as text"

Flat: TypeAlias = str | list[str] | dict[str, str] | None
"""A value one level deep, its scalars as text, undefined members left out; None is a value that is undefined itself."""

Escape: TypeAlias = Callable[[str], str]


class Operator(NamedTuple):
    """A row of RFC 6570, appendix A: what stands first, between, whether the name is written, and after it if empty."""

    first: str
    separator: str
    named: bool
    if_empty: str


_PATH_OPERATORS = {
    "simple": Operator("", ",", False, ""),
    "label": Operator(".", ".", False, ""),
    "matrix": Operator(";", ";", True, ""),
}
_HEADER = Operator("", ",", False, "")
_QUERY = Operator("", "&", True, "=")
_COOKIE = Operator("", "; ", True, "=")
_DELIMITERS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|", "tsv": "\t"}
# How Swagger 2.0 separates the items of an array in a path or header, besides by commas.
_COLLECTIONS = {"ssv": " ", "tsv": "\t", "pipes": "|"}


def default_explode(style: str) -> bool:
    """Give the default of `explode`: true for `form`, and for `cookie` of OpenAPI 3.2."""
    return style in ("form", "cookie")


def undeclared(name: str, location: Location, *, reserved: bool = False) -> Parameter:
    """Give a parameter that the API does not declare, with its location's default style.

    `reserved` says that the path template has it as `{+name}`.
    """
    style = DEFAULT_STYLE[location]
    required = location == "path"
    return Parameter(name, location, required, style, default_explode(style), False, None, None, "", reserved)


def path_segment(parameter: Parameter, value: Json) -> str:
    """Serialize a path parameter, percent-encoded."""
    escape = _escape(parameter, encode)
    if parameter.content_type is not None:
        text = escape(_content(parameter, value))
    elif operator := _PATH_OPERATORS.get(parameter.style):
        text = _expand(operator, parameter, value, escape, escape)
    elif delimiter := _COLLECTIONS.get(parameter.style):
        text = _expand(_PATH_OPERATORS["simple"], parameter, value, escape, escape, encode(delimiter))
    else:
        raise _unknown_style(parameter)
    if not text and parameter.style in ("simple", *_COLLECTIONS):
        raise SerializationProblem(f"path parameter '{parameter.name}' is empty: the URL would name another resource")
    return text


def query_text(parameter: Parameter, value: Json) -> str:
    """Serialize a query parameter, percent-encoded: `a=1&a=2`, or the empty text where nothing is sent."""
    if parameter.location == "querystring":
        return _query_string(parameter, value)
    if parameter.content_type is not None:
        return f"{encode(parameter.name)}={encode(_content(parameter, value))}"
    escape = _escape(parameter, encode)
    pairs = _query_pairs(parameter, value, encode, escape)
    return "&".join(f"{name}={text}" for name, text in pairs)


def form_pairs(parameter: Parameter, value: Json) -> list[tuple[str, str]]:
    """Serialize a value like a query parameter, as names and texts that are not encoded in any way."""
    return _query_pairs(parameter, value, str, str)


def header_value(parameter: Parameter, value: Json) -> str | None:
    """Serialize a header parameter; None where nothing is sent. What could break out of the header is refused."""
    if value in ([], {}):
        return None
    if parameter.content_type is not None:
        return header_text(parameter.name, _content(parameter, value, ascii_only=True))
    delimiter = "," if parameter.style == "simple" else _COLLECTIONS.get(parameter.style)
    if delimiter is None:
        raise _unknown_style(parameter)
    text = value if isinstance(value, str) else _expand(_HEADER, parameter, value, str, str, delimiter)
    return header_text(parameter.name, text)


def cookie_pairs(parameter: Parameter, value: Json) -> str:
    """Serialize a cookie parameter: `a=1; a=2`, or the empty text where nothing is sent."""
    if parameter.content_type is not None:
        return f"{cookie_name(parameter.name)}={cookie_text(_content(parameter, value))}"
    if parameter.style == "form":
        return _expand(_COOKIE, parameter, value, cookie_name, _escape(parameter, cookie_text))
    if parameter.style != "cookie":
        raise _unknown_style(parameter)
    if isinstance(value, list | dict) and not parameter.explode:
        raise SerializationProblem(f"cookie parameter '{parameter.name}' cannot hold {_kind(value)} without explode")
    return _expand(_COOKIE, parameter, value, cookie_name, cookie_text_as_written)


def _escape(parameter: Parameter, otherwise: Escape) -> Escape:
    """Give how a value is encoded: by reserved expansion where the description asks for it."""
    if parameter.allow_slashes:
        return lambda text: encode_reserved(text, IN_PATH)
    if not parameter.allow_reserved:
        return otherwise
    keep = {"path": IN_SEGMENT, "cookie": IN_COOKIE}.get(parameter.location, IN_QUERY)
    return lambda text: encode_reserved(text, keep)


def _query_pairs(parameter: Parameter, value: Json, key: Escape, text: Escape) -> list[tuple[str, str]]:
    """Give the names and texts that a query parameter amounts to."""
    if parameter.style == "deepObject":
        return _deep_object(parameter, value, key, text)
    delimiter = _DELIMITERS.get(parameter.style)
    if delimiter is None:
        raise _unknown_style(parameter)
    flat = _flat(parameter, value)
    if delimiter != "," and not parameter.explode and isinstance(flat, list | dict):
        _refuse_delimiter(parameter, flat, delimiter)
        delimiter = key(delimiter)
    return [(pair.name, pair.text) for pair in _pairs(parameter, flat, key, text, delimiter)]


def _refuse_delimiter(parameter: Parameter, flat: list[str] | dict[str, str], delimiter: str) -> None:
    parts = flat if isinstance(flat, list) else [*flat, *flat.values()]
    if any(delimiter in part for part in parts):
        named = {" ": "a space", "\t": "a tab"}.get(delimiter, repr(delimiter))
        raise SerializationProblem(
            f"query parameter '{parameter.name}' holds {named} within an item, "
            f"which is what separates items in OpenAPI's style '{parameter.style}'"
        )


class _Pair(NamedTuple):
    """One `name=text`; the members of an exploded object are `named` under every operator."""

    name: str
    text: str
    named: bool = False


def _expand(
    operator: Operator, parameter: Parameter, value: Json, key: Escape, text: Escape, delimiter: str = ","
) -> str:
    """Expand a value as RFC 6570, section 3.2.1, does; an undefined one as OpenAPI's table does."""
    pairs = [_written(operator, pair) for pair in _pairs(parameter, _flat(parameter, value), key, text, delimiter)]
    return operator.first + operator.separator.join(pairs) if pairs else ""


def _pairs(parameter: Parameter, flat: Flat, key: Escape, text: Escape, delimiter: str) -> list[_Pair]:
    name = key(parameter.name)
    match flat:
        case None:
            return [_Pair(name, "")]
        case str():
            return [_Pair(name, text(flat))]
        case list() if parameter.explode:
            return [_Pair(name, text(item)) for item in flat]
        case dict() if parameter.explode:
            return [_Pair(key(member), text(flat[member]), named=True) for member in flat]
        case list():
            return [_Pair(name, delimiter.join(map(text, flat)))] if flat else []
        case dict():
            texts = [text(part) for member in flat.items() for part in member]
            return [_Pair(name, delimiter.join(texts))] if texts else []


def _written(operator: Operator, pair: _Pair) -> str:
    if operator.named:
        return f"{pair.name}={pair.text}" if pair.text else pair.name + operator.if_empty
    return f"{pair.name}={pair.text}" if pair.named else pair.text


def _flat(parameter: Parameter, value: Json) -> Flat:
    match value:
        case None:
            return None
        case list():
            return [_scalar(parameter, item, value) for item in value if item is not None]
        case dict():
            return {name: _scalar(parameter, item, value, name) for name, item in value.items() if item is not None}
        case _:
            return _scalar(parameter, value, value)


def _scalar(parameter: Parameter, value: Json, within: Json, name: str = "") -> str:
    if isinstance(value, list | dict):
        # the members of an exploded object are parameters to the API: one may as well be given as what it is
        alone = name and parameter.explode and (parameter.location, parameter.style) == ("query", "form")
        raise SerializationProblem(
            f"{parameter.location} parameter '{parameter.name}' holds {_kind(value)} within {_kind(within)}, "
            f"for which OpenAPI's style '{parameter.style}' has no form"
            + (f": give '{name}' beside it, by its own name" if alone else "")
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise SerializationProblem(f"{parameter.location} parameter '{parameter.name}' holds {NO_NUMBER}")
    return scalar_text(value)


def _deep_object(parameter: Parameter, value: Json, key: Escape, text: Escape) -> list[tuple[str, str]]:
    pairs = _deep_pairs(parameter.name, value) if value is not None else [(parameter.name, "")]
    return [(key(name), text(_scalar(parameter, item, value))) for name, item in pairs]


def _deep_pairs(name: str, value: Json) -> Iterator[tuple[str, Json]]:
    """Give the single values in an object, each with a name that says where it stands: `a[b][c]`."""
    if isinstance(value, list):
        raise SerializationProblem(
            f"'{name}' is an array, which APIs write in different ways under OpenAPI's style 'deepObject': "
            f"give its values by the names that this one takes, such as '{name}[0]' or '{name}[]'"
        )
    if not isinstance(value, dict):
        yield name, value
        return
    for member, item in value.items():
        if item is not None:
            yield from _deep_pairs(f"{name}[{member}]", item)


def _query_string(parameter: Parameter, value: Json) -> str:
    """Give a whole query string. Text is one already, and only what no query can hold is encoded in it.

    Text of another media type than a form's, such as JSON, is one value, in which `&` and `=` mean nothing.
    """
    essence = media_type(parameter.content_type).essence
    if isinstance(value, str):
        is_form = essence in ("", "application/x-www-form-urlencoded")
        return encode_reserved(value.removeprefix("?"), IN_QUERY) if is_form else encode(value)
    if isinstance(value, dict) and essence in ("", "application/x-www-form-urlencoded"):
        return _expand(_QUERY, replace(parameter, explode=True), value, encode_form, encode_form)
    return encode(_content(parameter, value))


def _content(parameter: Parameter, value: Json, *, ascii_only: bool = False) -> str:
    """Write the value of a `content` parameter in its media type."""
    kind = media_type(parameter.content_type)
    if kind.is_json:
        try:
            return json_text(value, ascii_only=ascii_only)
        except ValueError:
            raise SerializationProblem(f"parameter '{parameter.name}' holds a number that JSON cannot spell") from None
    if isinstance(value, list | dict):
        raise SerializationProblem(f"parameter '{parameter.name}' is {kind.essence} and takes text, not {_kind(value)}")
    return scalar_text(value)


def _unknown_style(parameter: Parameter) -> SerializationProblem:
    return SerializationProblem(
        f"{parameter.location} parameter '{parameter.name}' has style '{parameter.style}', "
        f"which OpenAPI does not know in a {parameter.location}"
    )


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "a single value"
