"""Turns secret values into a mask that finds them in any text, plain or encoded."""

from __future__ import annotations

import base64
import binascii
import json
import re
from bisect import insort
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Final
from urllib.parse import quote

from runner.late import late_pattern
from runner.records import Frozen
from runner.secrets import SHORTEST

PLACEHOLDER: Final = "***"
ALIAS: Final = late_pattern(r"\*\*\*\d+\*\*\*")
"""What stands for a secret where one must be told from another: `***1***`."""

_TRIVIAL = late_pattern(r"(?i)true|false|null|none|undefined|\*+(\d+\*+)?|-?\d{1,7}(\.\d+)?")
_RUN = late_pattern(r"[A-Za-z0-9]+")
_CORE_LENGTH = 8  # of base64 characters; a shorter piece would be found in any picture
_LONGEST = 16 * 1024  # characters; what is longer is a document rather than a credential
_MOST = 1000  # secrets learned from one run; beyond that they are replaced in their place only


class _Form(Frozen, dict=True):
    """How one secret may be written: no match without one of the `needles`, which are quick to look for."""

    value: str
    encoded: tuple[str, ...]
    needles: tuple[str, ...]
    shortest: int

    def stands_in(self, text: str) -> bool:
        for needle in self.needles:  # noqa: SIM110 - a generator is one more call for each of them
            if needle in text:
                return True
        return False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern for every form: it is made for a secret that stands somewhere."""
        plain = "".join(_spellings(char) for char in self.value)
        # The characters beside a core carry a few bits of the secret as well.
        beside = (rf"[A-Za-z0-9+/_-]?{re.escape(core)}[A-Za-z0-9+/_-]?={{0,2}}" for core in self.encoded)
        return re.compile("|".join([plain, *beside]))


class SecretValues:
    """The secrets known so far, and every encoded form of them. `name` says what stands for one, if they differ."""

    def __init__(self, name: Callable[[str], str] | None = None) -> None:
        self._name = name
        self.known: set[str] = set()
        self._forms: list[_Form] = []

    def __len__(self) -> int:
        return len(self.known)

    def copy(self) -> SecretValues:
        """Give the same secrets, to go on learning apart."""
        found = SecretValues(self._name)
        found.known, found._forms = set(self.known), list(self._forms)
        return found

    def learn(self, value: str) -> None:
        """Remember a secret, unless it is so short or common that masking it everywhere would garble the report."""
        if value in self.known or len(self.known) >= _MOST:
            return
        if not SHORTEST <= len(value) <= _LONGEST or _TRIVIAL.fullmatch(value):
            return
        self.known.add(value)
        # The longest first: a secret may contain another one.
        insort(self._forms, _form(value), key=lambda form: -len(form.value))

    def standing_in(self, text: str) -> SecretValues:
        """Give the secrets that a text may hold; none is missing, so the parts of a long text need not ask for all."""
        found = SecretValues(self._name)
        found.known = self.known
        found._forms = [form for form in self._forms if form.stands_in(text)]
        return found

    def may_stand_in(self, text: str) -> bool:
        """Say whether a text could hold a secret; quick, and never wrong when it says no."""
        return any(form.stands_in(text) for form in self._forms)

    def mask(self, text: str, by: Callable[[re.Match[str]], str] | None = None) -> str:
        """Replace every form of every known secret; names that were given elsewhere are no more than placeholders."""
        if by is None and self._name is None and PLACEHOLDER in text:
            text = ALIAS.sub(PLACEHOLDER, text)
        for form in self._forms:
            if len(text) >= form.shortest and form.stands_in(text):
                text = form.pattern.sub(by or self.mark(form.value), text)
        return text

    def mark(self, secret: str) -> str:
        """Give what stands for a secret."""
        if self._name is None:
            return PLACEHOLDER
        return secret if ALIAS.fullmatch(secret) else self._name(secret)


def basic_pair(value: str) -> str | None:
    """Give the `user:password` that the credential of a Basic scheme encodes (RFC 7617)."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=256)  # what a workflow logs in with is learned in each of a million cases
def _form(value: str) -> _Form:
    run = max(_RUN.findall(value), key=len, default="")
    encoded = _base64_forms(value.encode("utf-8", "surrogatepass"))
    needles = dict.fromkeys([run if len(run) > 1 else "", *encoded])
    return _Form(value, tuple(encoded), tuple(needles), min(map(len, needles)))


def _spellings(char: str) -> str:
    """Give a pattern for one character as it is, percent-encoded, form-encoded, or escaped in JSON or XML."""
    if char.isascii() and char.isalnum():
        return char
    raw = char.encode("utf-8", "surrogatepass")
    units = char.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
    spellings = {f"(?i:{re.escape(escaped)})", f"(?i:{''.join(f'%{byte:02x}' for byte in raw)})"}
    spellings |= {
        re.escape(text) for text in (json.dumps(char)[1:-1], _IN_XML.get(char, char), _IN_FORM.get(char, char))
    }
    if char == "/":
        spellings.add(r"\\/")
    return f"(?:{'|'.join(sorted(spellings, key=lambda s: (-len(s), s)))}|{re.escape(char)})"


_IN_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_IN_FORM = {" ": "+"}


def _base64_forms(raw: bytes) -> list[str]:
    """Give what base64 makes of some bytes, alone and in the midst of others (a Basic pair, a JWT part).

    Three bytes become four characters, so there are three alignments; of each only the characters that depend on
    nothing else are kept. Both alphabets of RFC 4648.
    """
    found = [base64.b64encode(raw).rstrip(b"=")]
    for offset, first in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * offset + raw)
        core = encoded[first : 8 * (offset + len(raw)) // 6]
        if len(core) >= _CORE_LENGTH:
            found.append(core)
    texts = [form.decode("ascii") for form in found]
    variants = [variant for text in texts for variant in (text, text.replace("+", "-").replace("/", "_"))]
    quoted = [quote(text, safe="") for text in texts]
    return list(dict.fromkeys([*variants, *quoted]))
