"""Turns what a journal keeps into bytes that only the holder of its key can read, without the secrets he keeps himself.

Secrets that are configured (credentials, inputs of `format: password`) leave their names in what is kept, and are put
back when it is read, from wherever the user keeps them. All else is encrypted with AES-256-GCM under a key of the run's
own, and bound to its place: no part of a journal can stand for another.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from hashlib import scrypt
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from runner.durable.store import JournalError
from runner.values import InputValue, Json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE: Final = "ARAZZO_JOURNAL_KEY"
_NEEDED: Final = f"put back the file, or set {VARIABLE} to the key that the run began with, if it had one"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LEAST: Final = 16
"""Characters of a key that is given as text."""
_SHORTEST: Final = 4
"""Characters of a secret that is looked for; a shorter one may stand anywhere, and is encrypted like the rest."""
_ESCAPE, _OPEN, _CLOSE = "\ue000", "\ue001", "\ue002"
_REFERENCE: Final = re.compile(f"{_OPEN}([^{_CLOSE}]*?)/([a-z]+){_CLOSE}")
_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "plain": lambda value: value,
    "query": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "json": lambda value: json.dumps(value)[1:-1],
}


class Seal:
    """Seals and opens what is kept of one run. `secrets` are the configured ones by name."""

    def __init__(self, key: bytes, run_id: str, secrets: Mapping[str, str] | None = None) -> None:
        self._key = hmac.digest(key, b"arazzo journal 1 seal\n" + run_id.encode(), "sha256")
        self._digests = hmac.digest(key, b"arazzo journal 1 digest\n" + run_id.encode(), "sha256")
        self.secrets = {name: value for name, value in (secrets or {}).items() if len(value) >= _SHORTEST}

    def close(self, place: str, value: Json) -> bytes:
        """Seal a value for a place."""
        text = json.dumps(self._veiled(value), separators=(",", ":")).encode()
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, place.encode())

    def open(self, place: str, sealed: bytes) -> Json:
        """Open what was sealed for a place; JournalError where that was done with another key, or for another place."""
        from cryptography.exceptions import InvalidTag

        try:
            text = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise JournalError("the journal was written with another key, or was tampered with", _NEEDED) from error
        value: Json = json.loads(text)
        return self._unveiled(value)

    def digest(self, value: InputValue) -> str:
        """Give what tells a value from others, and nothing else of it."""
        content = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
        return hmac.new(self._digests, content, "sha256").hexdigest()

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """Every way in which a secret may be written, with what stands for it there; the longest come first."""
        found: dict[str, str] = {}
        for name, value in self.secrets.items():
            for form, spell in _FORMS.items():
                found.setdefault(spell(value), f"{_OPEN}{name}/{form}{_CLOSE}")
        return dict(sorted(found.items(), key=lambda each: -len(each[0])))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        marks = f"[{_ESCAPE}{_OPEN}{_CLOSE}]"
        return re.compile("|".join([marks, *map(re.escape, self._spellings)]))

    def _veiled(self, value: Json) -> Json:
        match value:
            case str():
                return self._pattern.sub(lambda found: self._spellings.get(found[0], _ESCAPE + found[0]), value)
            case list():
                return [self._veiled(each) for each in value]
            case dict():
                return {name: self._veiled(each) for name, each in value.items()}
            case _:
                return value

    def _unveiled(self, value: Json) -> Json:
        match value:
            case str() if _OPEN in value or _ESCAPE in value:
                return _MARKED.sub(self._meant, value)
            case list():
                return [self._unveiled(each) for each in value]
            case dict():
                return {name: self._unveiled(each) for name, each in value.items()}
            case _:
                return value

    def _meant(self, found: re.Match[str]) -> str:
        if found[0][0] == _ESCAPE:
            return found[0][1:]
        name, form = found[1], found[2]
        if name not in self.secrets:
            raise JournalError(f"'{name}', a secret that the run was given, is missing now", "give it as before")
        return _FORMS[form](self.secrets[name])


_MARKED: Final = re.compile(f"{_ESCAPE}.|{_REFERENCE.pattern}", re.DOTALL)


def key_of(text: str | None, path: Path | None, *, must_exist: bool = False) -> bytes:
    """Give the key that a user has: a text of his, or that in a file, which is made unless it `must_exist`."""
    if text:
        if len(text) < _LEAST:
            hint = "openssl rand -hex 32 makes one"
            raise JournalError(f"{VARIABLE} is too short: a key has at least {_LEAST} characters", hint)
        return scrypt(text.encode(), salt=b"arazzo journal 1", n=2**14, r=8, p=1, dklen=_KEY_BYTES)
    if path is None:
        raise JournalError("there is no home folder to keep the key of the journal in", f"give one: {VARIABLE}")
    try:
        if path.exists():
            return _read(path)
        if must_exist:
            raise JournalError(f"the key of the journal, {path}, is missing", _NEEDED)
        return _made(path)
    except OSError as error:
        message = f"the key of the journal, {path}, cannot be used: {error.strerror or error}"
        raise JournalError(message, f"or give one: {VARIABLE}") from error


def _read(path: Path) -> bytes:
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:  # noqa: PTH123 - no links
        status = os.fstat(file.fileno())
        if sys.platform != "win32" and (status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077):
            raise JournalError(f"others may know the key of the journal, {path}", f"chmod 600 {path}, or another key")
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES:
        raise JournalError(f"{path} is no key of a journal", "put back a copy of it: what it has sealed needs it")
    return key


def _made(path: Path) -> bytes:
    """Make the file, whole or not at all; where another process was faster, its key is the one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}-{os.urandom(8).hex()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a mode
        file.write(os.urandom(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            path.hardlink_to(half)
    finally:
        half.unlink()
    return _read(path)
