"""Turns a format that JSON Schema does not assert (OpenAPI Format Registry) into keywords that do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runner.values import Json


def _between(least: Json, most: Json) -> dict[str, Json]:
    return {"minimum": least, "maximum": most}


_INT64 = _between(-(2**63), 2**63 - 1)
_INTEGERS: Mapping[str, dict[str, Json]] = MappingProxyType({"int32": _between(-(2**31), 2**31 - 1), "int64": _INT64})
# jsonschema-rs takes twenty times as long for a bound that no integer of 64 bits is: few numbers get that far. A number
# that is no integer has been read as a double.
_FLOAT: dict[str, Json] = {"anyOf": [_INT64, _between(-3.4028234663852886e38, 3.4028234663852886e38)]}
_DOUBLE: dict[str, Json] = {
    "anyOf": [{"not": {"type": "integer"}}, _INT64, _between(-1.7976931348623157e308, 1.7976931348623157e308)],
}
_OTHERS: Mapping[str, dict[str, Json]] = MappingProxyType(
    {
        "byte": {"pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"},  # RFC 4648, section 4
        "double": _DOUBLE,
        "float": _FLOAT,
    }
)


def spelled_out(name: Json, type_: Json) -> dict[str, Json] | None:
    """Write a format as keywords for a schema of a type, which say nothing of other types; None for other formats."""
    if not isinstance(name, str):
        return None
    if name in _INTEGERS and type_ != "integer":
        return {"anyOf": [{"type": "integer", **_INTEGERS[name]}, {"not": {"type": "number"}}]}
    keywords = _INTEGERS.get(name) or _OTHERS.get(name)
    return None if keywords is None else dict(keywords)
