"""Fields of a step that hold what belongs in another one."""

from __future__ import annotations

from typing import NamedTuple

from runner.arazzo.document import Step
from runner.plan.context import Context, split_reference
from runner.plan.repairs.operations import METHOD_AND_PATH, apis_of


class Misplaced(NamedTuple):
    """What is said of a value in the field `written`, which belongs in the field `meant`."""

    message: str
    written: str
    meant: str


def operation_field(ctx: Context, step: Step) -> Misplaced | None:
    """A path to an operation stands in `operationId`, or the name of one in `operationPath`.

    Why: an operationId is a name, an operationPath is a source's url, `#` and a JSON Pointer.
    Example: `operationId: '{$sourceDescriptions.petstore.url}#/paths/~1pets/get'`.
    Instead: `operationPath: '{$sourceDescriptions.petstore.url}#/paths/~1pets/get'`.
    """
    name, path = step.operation_id, step.operation_path
    if name and not path and ("#/" in name or _has_no_name(ctx, name)):
        return Misplaced("an operationId is a name; this is a path to an operation", "operationId", "operationPath")
    if path and not name and "#" not in path and "/" not in path and _is_name(ctx, path):
        return Misplaced(
            "an operationPath leads to an operation; this is the name of one", "operationPath", "operationId"
        )
    return None


def _has_no_name(ctx: Context, text: str) -> bool:
    """Say whether a method and path lead to an operation, of the only source, that has no operationId."""
    found, apis = METHOD_AND_PATH.fullmatch(text), apis_of(ctx)
    if found is None or len(ctx.api_names) != 1 or len(apis) != 1:
        return False
    (api,) = apis.values()
    operation = next(
        (each for each in api.by_pointer.values() if (each.method, each.path) == (found[1].upper(), found[2])), None
    )
    return operation is not None and operation.operation_id is None


def _is_name(ctx: Context, text: str) -> bool:
    apis = apis_of(ctx)
    reference = split_reference(text, ctx.source_names) or split_reference(f"$sourceDescriptions.{text}", list(apis))
    if reference is not None and (api := apis.get(reference[0])):
        return reference[1] in api.by_id
    return any(text in api.by_id for api in apis.values())
