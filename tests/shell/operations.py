"""Operations for tests, from what a test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.openapi.document import Operation, ResponseObject
from runner.values import Json


def operation(
    security: Sequence[Sequence[str] | Mapping[str, tuple[str, ...]]] = (),
    schemes: Mapping[str, Mapping[str, Json]] | None = None,
    responses: Sequence[str] = (),
    path: str = "/",
) -> Operation:
    return Operation(
        operation_id="op",
        method="GET",
        path=path,
        parameters=(),
        request_body=None,
        responses={status: ResponseObject() for status in responses},
        servers=(),
        security=tuple(
            alternative if isinstance(alternative, Mapping) else dict.fromkeys(alternative, ())
            for alternative in security
        ),
        security_schemes=schemes or {},
        pointer="",
    )
