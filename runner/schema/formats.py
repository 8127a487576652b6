"""Says whether a text has a format, where a library cannot or leaves it to other packages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from runner.schema.regex import RegexSyntax, compile_regex


def _is_regex(text: str) -> bool:
    try:
        compile_regex(text, "jsonschema")
    except RegexSyntax:
        return False
    return True


_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d|23:59:60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"


def _is_date_time(text: str) -> bool:
    if not re.fullmatch(rf"\d{{4}}-\d\d-\d\d[Tt]{_TIME}", text, re.ASCII):
        return False
    try:
        datetime.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    return re.fullmatch(_TIME, text, re.ASCII) is not None


def _is_uri(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-Z\[\]_a-z~%]*", text) is not None


def _is_email(text: str) -> bool:
    return re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None


def _is_hostname(text: str) -> bool:
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return len(text) <= 253 and re.fullmatch(rf"{label}(?:\.{label})*", text) is not None


SCHEMA_FORMATS: Mapping[str, Callable[[str], bool]] = {"regex": _is_regex}
FORMATS: Mapping[str, Callable[[str], bool]] = {
    **SCHEMA_FORMATS,
    "date-time": _is_date_time,
    "email": _is_email,
    "hostname": _is_hostname,
    "time": _is_time,
    "uri": _is_uri,
}
