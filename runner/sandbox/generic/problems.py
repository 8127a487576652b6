"""Turns what the sandbox itself has to say into a Problem Details reply (RFC 9457)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from runner.exchange import Headers, Response
from runner.openapi.mismatch import Mismatch
from runner.values import Json

PROBLEM_TYPE = "application/problem+json"


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - it is what a client did, and what it is told
    """Why a request is not answered as its operation says. `errors` name the parts that are at fault."""

    status: int
    detail: str
    headers: Headers = ()
    errors: tuple[dict[str, Json], ...] = ()

    @property
    def response(self) -> Response:
        """The same as a reply; without a `type` of its own the title is the status phrase (RFC 9457, 4.2.1)."""
        phrase = HTTPStatus(self.status).phrase
        told: dict[str, Json] = {"title": phrase, "status": self.status, "detail": self.detail}
        if self.errors:
            told["errors"] = list(self.errors)
        body = json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "replace")
        # What a description says of itself may hold what no header can.
        headers = tuple((name, re.sub(r"[^\x20-\x7e]", "?", value)) for name, value in self.headers)
        return Response(self.status, (("Content-Type", PROBLEM_TYPE), *headers), body, phrase)


def refused_request(status: int, operation: str, errors: Iterable[dict[str, Json]]) -> Refusal:
    """Say that a request is not what its operation takes."""
    return Refusal(status, f"the request is not what {operation} takes", errors=tuple(errors))


def told(mismatch: Mismatch, **place: Json) -> dict[str, Json]:
    """Write a mismatch as RFC 9457 has it in its example: in words, and as a JSON Pointer into the value."""
    causes = f": {mismatch.causes}" if mismatch.causes else ""
    more = f" (and {mismatch.count - 1} more like it)" if mismatch.count > 1 else ""
    pointer: dict[str, Json] = {"pointer": f"#{mismatch.instance}"} if mismatch.instance or not place else {}
    return {"detail": f"{mismatch.statement}{causes}{more}", **place, **pointer}
