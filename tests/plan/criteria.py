"""Documents with one criterion, what is said of it, and the document that the fixes leave."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.criteria.check import check
from runner.criteria.verdict import Verdict
from runner.diagnostics import Add, Diagnostic, Edit, Remove, Rename, Rewrite
from runner.expressions.scope import Scope
from runner.plan.compile import Compiled
from runner.plan.plan import Condition
from runner.values import join_pointer, split_pointer
from tests.scripted import compiled, reply

BODY = "$response.body"
BOOK = {"type": "object", "properties": {"id": {"type": "string"}, "tags": {"type": "array", "items": {}}}}
SCHEMAS: Mapping[str, Any] = {
    "object": {
        "type": "object",
        "properties": {
            "status": {"type": "string"},
            "title": {"type": "string"},
            "count": {"type": "integer"},
            "ready": {"type": "boolean"},
            "film": {"type": "object", "properties": {"length": {"type": "integer"}}},
            "items": {"type": "array", "items": BOOK},
            "holes": {"type": "array", "items": {"type": ["string", "null"]}},
        },
    },
    "full": {"type": "object", "required": ["status"], "properties": {"status": {}, "error": {"type": "string"}}},
    "array": {"type": "array", "items": BOOK},
    "map": {"type": "object", "additionalProperties": BOOK},
    "either": {"oneOf": [{"type": "array", "items": BOOK}, BOOK]},
    "nested": {"type": "object", "properties": {"id": {"type": "string"}, "book": BOOK}},
    "text": {"type": "string"},
}
INPUTS = {"type": "object", "properties": {"wanted": {}, "most": {}, "tags": {"type": "array", "items": {}}}}
HERE = "/workflows/0/steps/0/successCriteria/0"


def document(criterion: Mapping[str, Any], known: str = "", version: str = "1.0.1") -> dict[str, Any]:
    """Make a document whose step has this criterion; `known` is the schema of the response's body."""
    step = {"stepId": "one", "operationId": known or "unknown", "successCriteria": [dict(criterion)]}
    return {
        "arazzo": version,
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "api.json", "type": "openapi"}],
        "workflows": [{"workflowId": "main", "inputs": INPUTS, "steps": [step]}],
    }


def compile_it(root: Mapping[str, Any]) -> Compiled:
    return compiled(json.dumps(root, indent=1), {"api.json": json.dumps(_api())})


def _api() -> dict[str, Any]:
    def operation(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
        return {"get": {"operationId": name, "responses": {"200": {"description": "ok", **content}}}}

    described = {
        f"/{name}": operation(name, {"content": {"application/json": {"schema": schema}}})
        for name, schema in SCHEMAS.items()
    }
    info = {"title": "t", "version": "1"}
    servers = [{"url": "https://api.example"}]
    paths = {**described, "/unknown": operation("unknown", {})}
    return {"openapi": "3.1.0", "info": info, "servers": servers, "paths": paths}


def condition_of(root: Mapping[str, Any]) -> Condition:
    """Compile a document's criterion."""
    result = compile_it(root)
    assert result.plan is not None, result.diagnostics
    return result.plan.workflows["main"].steps[0].criteria[0]


def fixed(root: Mapping[str, Any], diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """Apply every fix; several that write the same place say the same."""
    edits: dict[str, Edit] = {}
    for edit in (edit for each in diagnostics if each.fix for edit in each.fix.edits):
        place = join_pointer(edit.pointer, edit.name) if isinstance(edit, Add) else edit.pointer
        assert edits.setdefault(place, edit) == edit
    result: dict[str, Any] = json.loads(json.dumps(root))
    for edit in edits.values():
        _apply(result, edit)
    return result


def _apply(root: Any, edit: Edit) -> None:
    *above, last = split_pointer(edit.pointer)
    holder = root
    for token in above:
        holder = holder[int(token)] if isinstance(holder, list) else holder[token]
    match edit:
        case Rewrite(_, value):
            holder[last] = value
        case Remove():
            del holder[last]
        case Add(_, name, value):
            (holder[int(last)] if isinstance(holder, list) else holder[last])[name] = value
        case Rename():
            raise AssertionError("no name is changed here")


def criterion_in(root: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = root["workflows"][0]["steps"][0]["successCriteria"][0]
    return found


def verdict(condition: Condition, body: Any, **inputs: Any) -> Verdict:
    return check(condition.criterion, Scope(inputs=inputs, response=reply(200, body)))
