"""Turn plain JSON into an Arazzo document.

It is total: what has the wrong shape was diagnosed before, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from runner.arazzo.dialect import IDEMPOTENCY_KEY, TEARDOWN, Dialect
from runner.arazzo.document import (
    Action,
    ActionEntry,
    Components,
    Criterion,
    Document,
    ExpressionType,
    Parameter,
    ParameterEntry,
    Replacement,
    RequestBody,
    Reusable,
    SourceDescription,
    Step,
    Workflow,
)
from runner.records import replace
from runner.values import Json, join_pointer

T = TypeVar("T")
Members = Mapping[str, Json]


def read_document(root: Json, dialect: Dialect) -> Document:
    """Read a whole document."""
    members = _members(_without(root, dialect) if any(dialect.later.values()) else root)
    return Document(
        dialect=dialect,
        self_uri=_text(members, "$self") if "$self" in dialect.objects["document"] else None,
        title=_text(_members(members.get("info")), "title") or "",
        source_descriptions=_list(members, "sourceDescriptions", "", _source_description),
        workflows=_list(members, "workflows", "", _workflow),
        components=_components(_members(members.get("components"))),
        root=root,
    )


# What stands in the fields of objects, as far as versions differ in it: in each item, where it is a list. Each member
# of `actions` is an action.
_BELOW: Mapping[tuple[str, str], str] = {
    ("document", "workflows"): "workflow",
    ("document", "components"): "components",
    ("workflow", "steps"): "step",
    ("workflow", TEARDOWN): "step",
    **{(kind, f"{each}Actions"): f"{each}Action" for kind in ("workflow", "step") for each in ("success", "failure")},
    **{
        (kind, f"on{each.title()}"): f"{each}Action" for kind in ("workflow", "step") for each in ("success", "failure")
    },
    **dict.fromkeys((("components", "successActions"), ("components", "failureActions")), "actions"),
    ("step", "requestBody"): "requestBody",
    ("requestBody", "replacements"): "replacement",
}


def _without(value: Json, dialect: Dialect, kind: str = "document") -> Json:
    """Leave out the fields of later versions: they are said to be ignored, so they must not act."""
    if isinstance(value, list):
        return [_without(item, dialect, kind) for item in value]
    if not isinstance(value, dict):
        return value
    later = dialect.later.get(kind, frozenset())
    return {
        name: _without(item, dialect, below) if (below := _kind_below(kind, name)) else item
        for name, item in value.items()
        if name not in later
    }


def _kind_below(kind: str, name: str) -> str:
    """Name the objects in a field's list or map, as far as versions differ in them."""
    return "failureAction" if kind == "actions" else _BELOW.get((kind, name), "")


def _members(value: Json) -> Members:
    return value if isinstance(value, dict) else {}


def _text(members: Members, name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _whole(members: Members, name: str) -> int | None:
    value = members.get(name)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(members: Members, name: str) -> float | None:
    value = members.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _texts(members: Members, name: str) -> tuple[str, ...]:
    value = members.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _list(members: Members, name: str, pointer: str, read: Callable[[Members, str], T]) -> tuple[T, ...]:
    value = members.get(name)
    if not isinstance(value, list):
        return ()
    return tuple(read(item, f"{pointer}/{name}/{index}") for index, item in enumerate(value) if isinstance(item, dict))


def _map(members: Members, name: str, pointer: str, read: Callable[[Members, str], T]) -> Mapping[str, T]:
    return {
        key: read(item, join_pointer(pointer, name, key))
        for key, item in _members(members.get(name)).items()
        if isinstance(item, dict)
    }


def _source_description(members: Members, pointer: str) -> SourceDescription:
    return SourceDescription(
        name=_text(members, "name") or "",
        url=_text(members, "url") or "",
        type=_text(members, "type") or None,
        pointer=pointer,
    )


def _workflow(members: Members, pointer: str) -> Workflow:
    return Workflow(
        workflow_id=_text(members, "workflowId") or "",
        summary=_text(members, "summary") or "",
        description=_text(members, "description") or "",
        inputs=members.get("inputs"),
        depends_on=_texts(members, "dependsOn"),
        steps=_list(members, "steps", pointer, _step),
        success_actions=_list(members, "successActions", pointer, _success_entry),
        failure_actions=_list(members, "failureActions", pointer, _failure_entry),
        outputs=_members(members.get("outputs")),
        parameters=_list(members, "parameters", pointer, _parameter_entry),
        pointer=pointer,
        teardown=_list(members, TEARDOWN, pointer, _step),
        tags=_texts(members, "x-tags"),
        mutexes=_texts(members, "x-mutex") or tuple(filter(None, [_text(members, "x-mutex")])),
    )


def _step(members: Members, pointer: str) -> Step:
    body = members.get("requestBody")
    return Step(
        step_id=_text(members, "stepId") or "",
        description=_text(members, "description") or "",
        operation_id=_text(members, "operationId") or None,
        operation_path=_text(members, "operationPath") or None,
        channel_path=_text(members, "channelPath") or None,
        workflow_id=_text(members, "workflowId") or None,
        parameters=_list(members, "parameters", pointer, _parameter_entry),
        request_body=_request_body(body, join_pointer(pointer, "requestBody")) if isinstance(body, dict) else None,
        success_criteria=_list(members, "successCriteria", pointer, _criterion),
        on_success=_list(members, "onSuccess", pointer, _success_entry),
        on_failure=_list(members, "onFailure", pointer, _failure_entry),
        outputs=_members(members.get("outputs")),
        timeout=_whole(members, "timeout"),
        correlation_id=_text(members, "correlationId"),
        action=_text(members, "action"),
        depends_on=_texts(members, "dependsOn"),
        pointer=pointer,
        idempotency_key=key if isinstance(key := members.get(IDEMPOTENCY_KEY), str | bool) else False,
    )


def _parameter_entry(members: Members, pointer: str) -> ParameterEntry:
    return _reusable(members, pointer) if "reference" in members else _parameter(members, pointer)


def _parameter(members: Members, pointer: str) -> Parameter:
    return Parameter(
        name=_text(members, "name") or "",
        location=_text(members, "in") or None,
        value=members.get("value"),
        pointer=pointer,
    )


def _success_entry(members: Members, pointer: str) -> ActionEntry:
    return _reusable(members, pointer) if "reference" in members else _success_action(members, pointer)


def _failure_entry(members: Members, pointer: str) -> ActionEntry:
    return _reusable(members, pointer) if "reference" in members else _action(members, pointer)


def _action(members: Members, pointer: str) -> Action:
    return Action(
        name=_text(members, "name") or "",
        type=_text(members, "type") or "",
        workflow_id=_text(members, "workflowId") or None,
        step_id=_text(members, "stepId") or None,
        parameters=_list(members, "parameters", pointer, _parameter_entry),
        retry_after=_number(members, "retryAfter"),
        retry_limit=_whole(members, "retryLimit"),
        criteria=_list(members, "criteria", pointer, _criterion),
        pointer=pointer,
    )


def _success_action(members: Members, pointer: str) -> Action:
    """Read a Success Action Object, which knows nothing of retrying."""
    return replace(_action(members, pointer), retry_after=None, retry_limit=None)


def _reusable(members: Members, pointer: str) -> Reusable:
    return Reusable(
        reference=_text(members, "reference") or "",
        value=members.get("value"),
        overrides="value" in members,
        pointer=pointer,
    )


def _criterion(members: Members, pointer: str) -> Criterion:
    return Criterion(
        condition=_text(members, "condition") or "",
        context=_text(members, "context") or None,
        type=_expression_type(members, "type", pointer),
        pointer=pointer,
    )


def _expression_type(members: Members, name: str, pointer: str) -> ExpressionType | None:
    value = members.get(name)
    place = join_pointer(pointer, name)
    if isinstance(value, dict):
        return ExpressionType(_text(value, "type") or "", _text(value, "version"), place)
    if isinstance(value, str) and value:
        return ExpressionType(value, _text(members, "version"), place)
    return None


def _request_body(members: Members, pointer: str) -> RequestBody:
    return RequestBody(
        content_type=_text(members, "contentType") or None,
        payload=members.get("payload"),
        has_payload="payload" in members,
        replacements=_list(members, "replacements", pointer, _replacement),
        pointer=pointer,
    )


def _replacement(members: Members, pointer: str) -> Replacement:
    return Replacement(
        target=_text(members, "target") or "",
        selector_type=_expression_type(members, "targetSelectorType", pointer),
        value=members.get("value"),
        pointer=pointer,
    )


def _components(members: Members) -> Components:
    pointer = "/components"
    return Components(
        inputs=_members(members.get("inputs")),
        parameters=_map(members, "parameters", pointer, _parameter),
        success_actions=_map(members, "successActions", pointer, _success_action),
        failure_actions=_map(members, "failureActions", pointer, _action),
    )
