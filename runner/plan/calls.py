"""Turn a step that names an operation into the call it makes: server, parameters and body, bound to the description."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import cast

from runner.arazzo.document import Parameter as Written
from runner.arazzo.document import Replacement, RequestBody, Step
from runner.diagnostics import Diagnostic, Fix
from runner.exchange import MediaType, media_type
from runner.expressions.faults import SelectorSyntax
from runner.expressions.nodes import Constant, Template
from runner.expressions.selectors.compile import Compiled, compile_selector
from runner.expressions.template import Style
from runner.openapi.body import is_json_sequence
from runner.openapi.contract import Contract
from runner.openapi.document import Location, Operation, Parameter
from runner.openapi.encoding import PLAIN, Layout, layout_of
from runner.openapi.media import accept_header, choose_content_type, is_form, match_media
from runner.openapi.serialize import undeclared
from runner.openapi.url import template_variables
from runner.plan.constants import check_parameter, check_path, check_payload
from runner.plan.context import Context
from runner.plan.fit import hold_body, hold_parameter
from runner.plan.keys import bind_key
from runner.plan.mend import Reading
from runner.plan.names import Names
from runner.plan.parameters import add_location, declared, with_body, with_locations
from runner.plan.plan import KEY_HEADER, BoundBody, BoundParameter, BoundReplacement, OperationCall, Unrunnable
from runner.plan.repairs.parameters import locations_of
from runner.plan.rules import calls, conditions
from runner.plan.servers import Unusable, choose_server
from runner.plan.spelling import same_but_spelling
from runner.plan.targets import FoundOperation
from runner.plan.values import fix_of, payload_node, value_node
from runner.records import replace
from runner.source import Span

LOCATIONS = ("path", "query", "querystring", "header", "cookie")
# OpenAPI ignores parameters of these names: they are described elsewhere (Parameter Object, `in: header`).
DESCRIBED_ELSEWHERE = frozenset({"accept", "content-type", "authorization"})
NO_CONTENT_SEMANTICS = frozenset({"GET", "HEAD", "DELETE"})


def operation_call(
    ctx: Context, scope: Names, step: Step, found: FoundOperation, parameters: Sequence[Written]
) -> OperationCall | Unrunnable:
    """Bind a step to its operation."""
    operation = found.operation
    for problem in operation.problems:
        ctx.report(problem)
    if operation.deprecated:
        ctx.report(calls.deprecated_operation(operation.title, _target_span(ctx, step)))
    key = bind_key(ctx, scope, step, operation, parameters)
    called = with_body(ctx, step, operation, found.api, with_locations(ctx, operation, parameters))
    given = tuple(each.name for each in called.parameters)
    bound = tuple(
        each for written in called.parameters if (each := _bind(ctx, scope, operation, written, given)) is not None
    )
    bound += key.parameters
    _check_required(ctx, step, operation, bound, added=KEY_HEADER if key.kind else "")
    _check_querystring(ctx, bound)
    for problem in (problem for each in bound for problem in hold_parameter(ctx, scope, found.api, each)):
        ctx.report(problem)
    written_body = called.step.request_body
    body = _body(called.ctx, scope, written_body, found, _given_content_type(bound)) if written_body else None
    meant_as_body = any(each.location == "body" for each in parameters)
    if (
        written_body is None
        and not meant_as_body
        and operation.request_body is not None
        and operation.request_body.required
    ):
        ctx.report(calls.missing_body(operation.title, ctx.key(f"{step.pointer}/stepId")))
    api = ctx.api(found.source)
    uri = api.uri if api else ""
    choice = scope.once.make(
        ("server", found.source, id(operation.servers), operation.servers_of),
        ctx,
        lambda _: choose_server(operation, found.source, uri, ctx.options),
    )
    if isinstance(choice, Unusable):
        reason = _no_server(ctx, step, found, choice)
        ctx.report(replace(reason, severity="warning"))
        return Unrunnable(operation.title, reason, found.source, operation)
    contract = Contract(operation, found.api)
    call = OperationCall(operation, found.source, choice, bound, body, accept_header(operation), contract, key.kind)
    check_path(ctx, call)
    return call


def _no_server(ctx: Context, step: Step, found: FoundOperation, why: Unusable) -> Diagnostic:
    """Say it of the step whose operation lists servers of its own, else once of the source, for all of its steps."""
    if found.operation.servers_of in ("operation", "path item"):
        return calls.no_server(found.source, why.reasons, _target_span(ctx, step), why.variable, found.operation.title)
    span = next(
        ctx.value(f"{source.pointer}/url")
        for source in ctx.arazzo.document.source_descriptions
        if source.name == found.source
    )
    return calls.no_server(found.source, why.reasons, span, why.variable)


def _target_span(ctx: Context, step: Step) -> Span:
    field = "operationId" if step.operation_id else "operationPath"
    return ctx.value(f"{step.pointer}/{field}")


def _bind(
    ctx: Context, scope: Names, operation: Operation, written: Written, given: Collection[str]
) -> BoundParameter | None:
    if not written.name:
        return None
    location = _location(ctx, operation, written)
    if location is None:
        return None
    parameter = declared(operation, written.name, location)
    if parameter is None:
        variables = template_variables(operation.path)
        if location == "path" and written.name not in variables:
            span = ctx.value(f"{written.pointer}/name")
            ctx.report(calls.unknown_path_parameter(written.name, operation.path, variables, span))
            return None
        _check_name(ctx, operation, written, location, given)
        parameter = undeclared(written.name, location, reserved=variables.get(written.name, False))
    pointer = f"{written.pointer}/value"
    node = value_node(ctx, scope, written.value, pointer, _style(parameter))
    bound = BoundParameter(parameter, node, ctx.value(pointer))
    check_parameter(ctx, bound, written.pointer)
    return bound


def _check_name(
    ctx: Context, operation: Operation, written: Written, location: Location, given: Collection[str]
) -> None:
    """Warn of a name that nobody declares where it is almost one that is declared, and not given beside it."""
    known = [each.name for each in operation.parameters if each.location == location and each.name not in given]
    near = get_close_matches(written.name.casefold(), [each.casefold() for each in known], n=1, cutoff=0.85)
    meant = same_but_spelling(written.name, known) or next((each for each in known if each.casefold() in near), None)
    if location != "path" and meant is not None:
        span = ctx.value(f"{written.pointer}/name")
        ctx.report(calls.unknown_parameter(written.name, location, operation.title, meant, span))


def _style(parameter: Parameter) -> Style:
    """A whole query string is text of a media type, in whose way expressions in it are written."""
    if parameter.location != "querystring":
        return "text"
    return "json" if media_type(parameter.content_type).is_json else "form"


def _check_querystring(ctx: Context, bound: Sequence[BoundParameter]) -> None:
    """ "The `querystring` location cannot coexist with `query` parameters", and its value is a string."""
    whole = [each for each in bound if each.parameter.location == "querystring"]
    beside = any(each.parameter.location == "query" for each in bound)
    for each in whole:
        if beside or len(whole) > 1:
            ctx.report(calls.querystring_beside_query(each.parameter.name, each.span))
        if isinstance(each.value, Constant) and not isinstance(each.value.value, str):
            ctx.report(calls.unusable_value("the value of a querystring parameter is a string", each.span))


def _location(ctx: Context, operation: Operation, written: Written) -> Location | None:
    if written.location in LOCATIONS:
        return cast(Location, written.location)
    if written.location:
        return None  # diagnosed by its shape
    places = locations_of(operation, written.name)
    only = places[0] if len(places) == 1 else None
    fix = add_location(ctx, written, only) if only else Fix("add in: query, header, path or cookie")
    problem = calls.missing_location(written.name, ctx.key(f"{written.pointer}/name"), fix)
    strict = ctx.arazzo.document.dialect.strict
    ctx.report(replace(problem, severity="warning") if only and not strict else problem)
    return only


def _check_required(
    ctx: Context, step: Step, operation: Operation, bound: Sequence[BoundParameter], *, added: str
) -> None:
    """Say which parameters are missing; `added` is the header that is added to the request beside these."""
    given = {("header", added.lower()), *((each.parameter.location, each.parameter.name.lower()) for each in bound)}
    supplied = {_security_name(scheme) for scheme in operation.security_schemes.values()}
    in_path = [("path", name) for name in template_variables(operation.path)]
    whole = {"path", "query"} if any(each.parameter.location == "querystring" for each in bound) else {"path"}
    elsewhere = [(p.location, p.name) for p in operation.parameters if p.required and p.location not in whole]
    for required, is_sendable in ((in_path, False), (elsewhere, True)):
        missing = [
            name
            for location, name in required
            if (location, name.lower()) not in given
            and (location, name.lower()) not in supplied
            and not (location == "header" and name.lower() in DESCRIBED_ELSEWHERE)
        ]
        if missing:
            span = _target_span(ctx, step)
            ctx.report(calls.missing_parameter(missing, operation.title, span, is_sendable=is_sendable))


def _security_name(scheme: object) -> tuple[str, str]:
    """Give where an apiKey scheme puts its key: what a credential supplies, a step need not."""
    if isinstance(scheme, dict) and scheme.get("type") == "apiKey":
        return str(scheme.get("in")), str(scheme.get("name")).lower()
    return "", ""


def body_style(content_type: str) -> Style:
    """Give the way in which expressions are written into a body of this type."""
    kind = media_type(content_type)
    if kind.is_json or is_json_sequence(kind):
        return "json"
    return "form" if kind.essence.endswith("x-www-form-urlencoded") else "text"


def _given_content_type(bound: Sequence[BoundParameter]) -> str | None:
    """Give the media type that a header parameter of the step names: it is that of the body too."""
    for each in bound:
        is_header = each.parameter.location == "header" and each.parameter.name.lower() == "content-type"
        if is_header and isinstance(each.value, Constant) and isinstance(each.value.value, str):
            return each.value.value
    return None


def _body(
    ctx: Context, scope: Names, written: RequestBody, found: FoundOperation, given: str | None
) -> BoundBody | None:
    operation = found.operation
    if operation.method in NO_CONTENT_SEMANTICS:
        ctx.report(calls.body_not_expected(operation.method, ctx.key(written.pointer)))
    declared = operation.request_body
    wanted = written.content_type or given
    content_type = choose_content_type(declared, wanted, written.payload)
    if written.content_type and declared and declared.content and match_media(declared.content, content_type) is None:
        span = ctx.value(f"{written.pointer}/contentType")
        ctx.report(calls.content_type_not_offered(content_type, declared.content, operation.title, span))
    style = body_style(content_type)
    pointer = f"{written.pointer}/payload"
    payload = payload_node(ctx, scope, written.payload, pointer, style) if written.has_payload else None
    replacements = tuple(
        BoundReplacement(
            target, value_node(ctx, scope, each.value, f"{each.pointer}/value"), ctx.value(f"{each.pointer}/target")
        )
        for each in written.replacements
        if (target := _target(ctx, each, media_type(content_type))) is not None
    )
    is_text = isinstance(payload, Template | Constant) and isinstance(written.payload, str)
    bound = BoundBody(
        payload,
        is_json_text=is_text and media_type(content_type).is_json,
        content_type=content_type,
        is_chosen=not wanted,
        layout=_layout(ctx, found, content_type),
        replacements=replacements,
        span=ctx.key(written.pointer),
    )
    if written.has_payload:
        check_payload(ctx, bound, pointer)
        reading = Reading(ctx, scope, pointer)
        for problem in hold_body(found.api, operation, bound, lambda below: ctx.value(pointer + below), reading):
            ctx.report(problem)
    return bound


def _layout(ctx: Context, found: FoundOperation, content_type: str) -> Layout:
    declared, api = found.operation.request_body, ctx.api(found.source)
    media = match_media(declared.content, content_type) if declared else None
    return layout_of(api, media, content_type) if api and media and is_form(content_type) else PLAIN


def _target(ctx: Context, written: Replacement, kind: MediaType) -> Compiled | None:
    """Compile the target of a replacement: an XPath for XML and a JSON Pointer for anything else, unless it says so."""
    chosen = written.selector_type
    default = "xpath" if kind.is_xml else "jsonpointer"
    type_, version = (chosen.type, chosen.version or "") if chosen else (default, "")
    try:
        return compile_selector(type_, version, written.target)
    except SelectorSyntax as fault:
        span = ctx.within(f"{written.pointer}/target", fault.start, fault.end)
        ctx.report(conditions.selector_syntax(fault.message, span, fix_of(fault)))
        return None
