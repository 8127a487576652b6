"""What a step or action names: an operation, a workflow, or a channel, found in the description it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from runner.arazzo.document import Step, Workflow
from runner.description import ArazzoDescription
from runner.diagnostics import Fix, nearest
from runner.openapi.document import ApiDescription, Operation
from runner.openapi.lookup import operations_at, why_not_callable
from runner.plan.context import SOURCES, Context, find_workflow, split_reference
from runner.plan.mend import Mended, Reading, mend
from runner.plan.names import Names, is_declared
from runner.plan.repairs.operations import (
    METHOD_AND_PATH,
    OPERATION_ID,
    OPERATION_PATH,
    SOURCE_URL_AND_POINTER,
    apis_of,
    canonical_path,
)
from runner.plan.rules import calls, names
from runner.records import Frozen
from runner.source import Span

MOST_OFFERED = 3


class FoundOperation(Frozen):
    source: str
    operation: Operation
    api: ApiDescription


class FoundWorkflow(Frozen):
    arazzo: ArazzoDescription
    workflow: Workflow

    def key(self, entry: str) -> str:
        """Name the workflow across documents: those of the entry document by their id alone."""
        return workflow_key(self.arazzo.uri, self.workflow.workflow_id, entry)


class FoundChannel(Frozen):
    """A step that sends or receives a message."""

    title: str


Found: TypeAlias = FoundOperation | FoundWorkflow | FoundChannel


def workflow_key(uri: str, workflow_id: str, entry: str) -> str:
    return workflow_id if uri == entry else f"{uri}#{workflow_id}"


def find_target(ctx: Context, scope: Names, step: Step) -> Found | None:
    """Find what a step calls; report why where it cannot be found."""
    written = {
        "operationId": step.operation_id,
        "operationPath": step.operation_path,
        "channelPath": step.channel_path,
        "workflowId": step.workflow_id,
    }
    given = [name for name, value in written.items() if value]
    if not given:
        what = f"step '{step.step_id}' names no operationId, operationPath or workflowId"
        ctx.report(calls.missing_target(what, ctx.key(f"{step.pointer}/stepId")))
        return None
    if len(given) > 1:
        ctx.report(calls.several_targets(given, ctx.key(f"{step.pointer}/{given[1]}")))
        return None
    if step.operation_id or step.operation_path:
        return scope.once.make((given[0], written[given[0]]), ctx, lambda heard: _operation(heard, scope, step))
    if step.workflow_id:
        return find_called(ctx, step.workflow_id, f"{step.pointer}/workflowId")
    assert step.channel_path is not None
    return _by_channel(ctx, step.channel_path, f"{step.pointer}/channelPath")


def _operation(ctx: Context, scope: Names, step: Step) -> Found | None:
    if (plain := _plain(ctx, step.operation_id or "")) is not None:
        return plain
    if step.operation_id:
        return _by_id(mend(OPERATION_ID, step.operation_id, Reading(ctx, scope, f"{step.pointer}/operationId")))
    assert step.operation_path
    return _by_path(mend(OPERATION_PATH, step.operation_path, Reading(ctx, scope, f"{step.pointer}/operationPath")))


def _plain(ctx: Context, operation_id: str) -> FoundOperation | None:
    """Find an operation of the only source by an id that can mean nothing else."""
    names_ = ctx.api_names
    api = ctx.api(names_[0]) if len(names_) == 1 else None
    is_there = api is not None and operation_id in api.by_id and operation_id.isidentifier()
    return FoundOperation(names_[0], api.by_id[operation_id], api) if api is not None and is_there else None


def find_called(ctx: Context, text: str, pointer: str) -> FoundWorkflow | None:
    """Find a workflow by id, or in another document as `$sourceDescriptions.<name>.<workflowId>`."""
    reference = split_reference(text, ctx.source_names)
    if reference is None:
        found = ctx.workflow(text)
        if found is not None:
            return FoundWorkflow(ctx.arazzo, found)
        known = [each.workflow_id for each in ctx.arazzo.document.workflows]
        ctx.report(names.unknown_workflow(text, known, ctx.value(pointer)))
        return None
    source, workflow_id = reference
    start = len(SOURCES)
    span = ctx.within(pointer, start, start + len(source))
    if not _is_known(ctx, source, span):
        return None
    other = ctx.other(source)
    if other is None:
        ctx.report(names.not_an_arazzo_source(source, span))
        return None
    found = find_workflow(other, workflow_id)
    if found is None:
        known = [each.workflow_id for each in other.document.workflows]
        ctx.report(names.unknown_workflow(workflow_id, known, ctx.value(pointer)))
        return None
    return FoundWorkflow(other, found)


def _is_known(ctx: Context, source: str, span: Span) -> bool:
    """Say whether a source was read; one that is not declared is reported, one that could not be read was."""
    return is_declared(ctx, source, span) and ctx.is_loaded(source)


def _is_arazzo(ctx: Context, source: str, span: Span) -> bool:
    """Say, and report, that a source is an Arazzo document where an operation is looked for."""
    if ctx.other(source) is None:
        return False
    ctx.report(names.not_an_api_source(source, span))
    return True


def _by_id(mended: Mended) -> Found | None:
    ctx, text = mended.reading.ctx, mended.text
    reference = split_reference(text, ctx.source_names)
    if reference is None:
        return _by_plain_id(ctx, text, mended.span(0, len(text)))
    source, operation_id = reference
    start = len(SOURCES)
    span = mended.span(start, start + len(source))
    if not _is_known(ctx, source, span) or _is_arazzo(ctx, source, span):
        return None
    api, messages = ctx.api(source), ctx.messages(source)
    if messages and operation_id in messages.operation_ids:
        return FoundChannel(f"message {operation_id}")
    operation = api.by_id.get(operation_id) if api else None
    if api is None or operation is None:
        known = list(api.by_id if api else messages.operation_ids if messages else ())
        start = text.rfind(operation_id) if operation_id else 0
        span = mended.span(start, len(text))
        ctx.report(names.unknown_operation(operation_id, f"the source '{source}'", known, span))
        return None
    return FoundOperation(source, operation, api)


def _by_plain_id(ctx: Context, operation_id: str, span: Span) -> Found | None:
    apis = apis_of(ctx)
    holders = [name for name, api in apis.items() if operation_id in api.by_id]
    messages = [each for name in ctx.api_names if (each := ctx.messages(name)) is not None]
    if not holders:
        if any(operation_id in each.operation_ids for each in messages):
            return FoundChannel(f"message {operation_id}")
        if not ctx.knows_every_operation:
            return None  # it may be in the source that could not be read
        known = [known for api in apis.values() for known in api.by_id]
        known += [known for each in messages for known in each.operation_ids]
        where = f"the source '{next(iter(apis))}'" if len(apis) == 1 else "any source"
        ctx.report(names.unknown_operation(operation_id, where, known, span))
        return None
    if len(holders) > 1:
        ctx.report(calls.ambiguous_operation(operation_id, holders, span))
        return None
    api = apis[holders[0]]
    return FoundOperation(holders[0], api.by_id[operation_id], api)


def _by_path(mended: Mended) -> Found | None:
    ctx, text = mended.reading.ctx, mended.text
    match = SOURCE_URL_AND_POINTER.fullmatch(text)
    if match is None:
        message = "an operationPath is a source's url, '#', and a JSON Pointer to an operation"
        ctx.report(calls.operation_path_syntax(message, mended.span(0, len(text)), _path_meant(ctx, text)))
        return None
    source = match["source"]
    span = mended.span(match.start("source"), match.end("source"))
    if not _is_known(ctx, source, span) or _is_arazzo(ctx, source, span):
        return None
    api, messages = ctx.api(source), ctx.messages(source)
    if messages is not None and messages.has(match["pointer"]):
        return FoundChannel(f"message {match['pointer']}")
    span = mended.span(match.start("pointer"), match.end("pointer"))
    if api is None:
        ctx.report(names.unknown_operation(match["pointer"], f"the source '{source}'", [], span))
        return None
    found = operations_at(api, match["pointer"])
    if len(found) != 1:
        _report_path(ctx, api, found, match, span)
        return None
    return FoundOperation(source, found[0], api)


def _path_meant(ctx: Context, text: str) -> Fix:
    """Offer what an operationPath of another form may mean: the operations of a path, or of a method and path."""
    method, path = (found[1], found[2]) if (found := METHOD_AND_PATH.fullmatch(text)) else ("", text)
    offered = [
        canonical_path(name, operation.pointer)
        for name, api in apis_of(ctx).items()
        for operation in api.by_pointer.values()
        if operation.path == path and method.upper() in ("", operation.method)
    ]
    if offered:
        return Fix("write " + " or ".join(f"'{each}'" for each in offered[:MOST_OFFERED]))
    known = {
        operation.title: canonical_path(name, operation.pointer)
        for name, api in apis_of(ctx).items()
        for operation in api.by_pointer.values()
    }
    if method and (title := nearest(f"{method.upper()} {path}", known)):
        return Fix(f"is it {title}? then write '{known[title]}'")
    source = next(iter(ctx.api_names), "NAME")
    if (at := text.find("#/")) >= 0 and (meant := nearest(text[:at].strip("{}$"), ctx.api_names)):
        return Fix(f"write '{canonical_path(meant, text[at + 1 :])}'")
    return Fix(f"write '{canonical_path(source, '/paths/~1…/get')}'")


def _report_path(
    ctx: Context, api: ApiDescription, found: Sequence[Operation], match: re.Match[str], span: Span
) -> None:
    """Say why an operationPath does not lead to one operation."""
    text, source = match["pointer"], match["source"]
    if found:
        ctx.report(calls.shared_operation(text, [each.pointer for each in found], span))
    elif (why := why_not_callable(api, text)) is not None:
        ctx.report(calls.uncallable_operation(text, why, span))
    else:
        best = nearest(text, api.by_pointer)
        ctx.report(names.unknown_operation(text, f"the source '{source}'", [best] if best else [], span))


def _by_channel(ctx: Context, text: str, pointer: str) -> Found | None:
    """Find the channel of an AsyncAPI source, written like an operationPath."""
    match = SOURCE_URL_AND_POINTER.fullmatch(text)
    if match is None:
        fix = Fix("write '{$sourceDescriptions.NAME.url}#/channels/…'")
        message = "a channelPath is a source's url, '#', and a JSON Pointer to a channel"
        ctx.report(calls.operation_path_syntax(message, ctx.value(pointer), fix))
        return None
    source = match["source"]
    span = ctx.within(pointer, match.start("source"), match.end("source"))
    if not is_declared(ctx, source, span):
        return None
    messages = ctx.messages(source)
    if ctx.is_loaded(source) and (messages is None or not messages.has(match["pointer"])):
        span = ctx.within(pointer, match.start("pointer"), match.end("pointer"))
        ctx.report(names.unknown_operation(match["pointer"], f"the source '{source}'", [], span))
        return None
    return FoundChannel(f"channel {match['pointer']}")
