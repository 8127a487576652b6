"""Turns the fields that say what a client would like back, Prefer (RFC 7240) and Accept (RFC 9110), into wishes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.exchange import Headers, header, media_type
from runner.openapi.media import matches
from runner.records import Frozen
from runner.sandbox.generic.problems import Refusal

# RFC 7240, section 2: preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] )
_PREFERENCE = re.compile(r"""\s*([^\s;,="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?\s*(?:[;,]|$)""")
# RFC 9110, section 12.4.2: "A sender of qvalue MUST NOT generate more than three digits after the decimal point"
_WEIGHT = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)
_RANGE = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|[^,"])+""")


class Preferences(Frozen):
    """What a client prefers: a status, an example by its name, values that are made anew. None is no wish."""

    code: int | None = None
    example: str | None = None
    dynamic: bool = False

    @property
    def chooses(self) -> bool:
        """Say whether one reply of several is asked for."""
        return self.code is not None or self.example is not None

    @property
    def applied(self) -> Headers:
        """The Preference-Applied field that says that all of it was done (RFC 7240, section 3)."""
        told = [f"code={self.code}"] if self.code is not None else []
        told += [f"example={_word(self.example)}"] if self.example is not None else []
        told += ["dynamic=true"] if self.dynamic else []
        return (("Preference-Applied", ", ".join(told)),) if told else ()


NO_PREFERENCES = Preferences()


def _word(text: str) -> str:
    return (
        text if re.fullmatch(r"[\w.~!#$%&'*+^`|-]+", text, re.ASCII) else '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    )


def read_preferences(headers: Headers) -> Preferences:
    """Read the Prefer fields; what is not known is ignored, and of two of one name the first counts (RFC 7240, 2).

    A code that is no status is refused: whoever asks for one would wonder about the reply.
    """
    found: dict[str, str] = {}
    for name, value in _pairs(header(headers, "prefer") or ""):
        found.setdefault(name.lower(), value)
    code = found.get("code")
    if code is not None and not re.fullmatch(r"[1-5]\d\d", code, re.ASCII):
        raise Refusal(400, f"'Prefer: code={code}' is no status: one has three digits, as in code=404")
    return Preferences(
        None if code is None else int(code),
        found.get("example") or None,
        found.get("dynamic", "").lower() == "true",
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for found in _PREFERENCE.finditer(text):
        value = found[2] or ""
        yield found[1], re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def acceptable(offered: Sequence[str], headers: Headers) -> list[str]:
    """Give the media types that a client takes, best first; of those it likes alike the order stays.

    A type counts by the most specific range that it is in (RFC 9110, 12.5.1). One that is offered as a range itself is
    taken where the two meet.
    """
    accept = header(headers, "accept")
    if accept is None or not accept.strip():
        return list(offered)
    ranges = [(part, _weight(part)) for part in _RANGE.findall(accept) if part.strip()]
    weighed = [(max(_weights(each, ranges), default=((-1, 0), 0.0))[1], each) for each in offered]
    return [each for weight, each in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def _weight(part: str) -> float:
    found = _WEIGHT.search(part)
    return float(found[1]) if found else 1.0


def _weights(offered: str, ranges: Sequence[tuple[str, float]]) -> Iterator[tuple[tuple[int, int], float]]:
    """Give the weight of each range that a type is in, and how specific the range is."""
    for part, weight in ranges:
        essence = media_type(part).essence
        if matches(offered, essence) or ("*" in offered and matches(essence, offered)):
            specific = 0 if essence == "*/*" else 1 if essence.endswith("/*") else 2
            same = _parameters(part) == _parameters(offered) != frozenset()
            if specific == 2 and _parameters(part) and not same:
                continue
            yield (specific, int(same)), weight


def _parameters(text: str) -> frozenset[str]:
    parts = (part.strip().lower() for part in text.split(";")[1:])
    return frozenset(part for part in parts if part and not part.startswith(("q=", "charset=", "q ")))
