"""Turn a name that is spelt in another case, or with other punctuation, into the one that is declared."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SIGNS = re.compile(r"[\W_]+")


def same_but_spelling(name: str, known: Iterable[str]) -> str | None:
    """Give the one name that differs only in case and punctuation; nothing where two do, or it is there itself."""
    names = set(known)
    plain = _plain(name)
    found = [each for each in names if _plain(each) == plain] if plain and name not in names else []
    return found[0] if len(found) == 1 else None


def _plain(name: str) -> str:
    return _SIGNS.sub("", name).casefold()
