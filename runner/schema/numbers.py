"""Turns a format of numbers (OpenAPI Format Registry) into their range: JSON Schema asserts formats of texts only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runner.values import Json


def _between(least: Json, most: Json) -> dict[str, Json]:
    return {"minimum": least, "maximum": most}


_INT64 = _between(-(2**63), 2**63 - 1)
_INTEGERS: Mapping[str, dict[str, Json]] = MappingProxyType({"int32": _between(-(2**31), 2**31 - 1), "int64": _INT64})
_DECIMALS: Mapping[str, dict[str, Json]] = MappingProxyType(
    {
        "float": _between(-3.4028234663852886e38, 3.4028234663852886e38),
        "double": _between(-1.7976931348623157e308, 1.7976931348623157e308),
    }
)


def numeric_format(name: Json, type_: Json) -> dict[str, Json] | None:
    """Write a format as keywords that say nothing of what is no number, for a schema of a type; None for another one.

    jsonschema-rs takes a hundred times as long for a bound that no integer of 64 bits is: most numbers never see it.
    """
    if not isinstance(name, str):
        return None
    if name in _DECIMALS:
        return {"anyOf": [_INT64, _DECIMALS[name]]}
    if name in _INTEGERS and type_ != "integer":
        return {"anyOf": [{"type": "integer", **_INTEGERS[name]}, {"not": {"type": "number"}}]}
    return dict(_INTEGERS[name]) if name in _INTEGERS else None
