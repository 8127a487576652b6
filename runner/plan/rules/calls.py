"""Calls that cannot be made: targets, parameters, bodies and servers."""

from __future__ import annotations

from collections.abc import Iterable

from runner.diagnostics import Diagnostic, Fix, did_you_mean
from runner.plan.rules.report import error, known_names, warning
from runner.records import replace
from runner.source import Span


def missing_parameter(names: Iterable[str], operation: str, span: Span, *, is_sendable: bool) -> Diagnostic:
    """A parameter that the operation requires is not given: an error where no request can be made without it.

    Why: the API would refuse the request, or the path could not be built.
    Example: `GET /pets/{petId}` without a parameter `petId`.
    Instead: add it to the step's `parameters`.
    """
    listed = [f"'{name}'" for name in names]
    fix = Fix(f"add {'it' if len(listed) == 1 else 'them'} to the parameters of the step")
    told = warning if is_sendable else error
    return told("missing-parameter", f"{operation} requires {' and '.join(listed)}", span, fix=fix)


def unknown_path_parameter(name: str, path: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A path parameter is given that the path of the operation does not have.

    Why: its value would be sent nowhere.
    Example: `name: pet_id` for `/pets/{petId}`.
    Instead: use the name that stands in the path.
    """
    names = list(known)
    fix = did_you_mean(name, names) or known_names("parameters", names) or Fix("take it away")
    return error("unknown-path-parameter", f"the path {path} has no parameter '{name}'", span, fix=fix)


def missing_location(name: str, span: Span, fix: Fix | None) -> Diagnostic:
    """A parameter of an operation does not say where it goes.

    Why: "In all other scenarios (e.g., a step specifies an operationId), the `in` field MUST be specified".
    Example: `- name: limit` without `in: query`.
    Instead: add `in`.
    """
    return error(
        "missing-location", f"the parameter '{name}' does not say where it goes: 'in' is missing", span, fix=fix
    )


def misplaced_body(name: str, members: Iterable[str], span: Span) -> Diagnostic:
    """A parameter is meant for the request body, and it is not clear how.

    Why: the parameters of Arazzo go to the path, the query, a header or a cookie; a body is a `requestBody`.
    Example: `{name: pet, in: body, value: $inputs.pet}` for an operation whose body has no member `pet`.
    Instead: `requestBody: {payload: $inputs.pet}`.
    """
    listed = ", ".join(members)
    fix = Fix(f"write a requestBody with a payload{f', whose members are: {listed}' if listed else ''}")
    return error("misplaced-body", f"the parameter '{name}' cannot go into the body", span, fix=fix)


def unknown_parameter(name: str, location: str, operation: str, meant: str, span: Span) -> Diagnostic:
    """A parameter has almost the name of one that the operation declares.

    Why: it is sent as it is, for an API may know more than its description; but most likely nobody reads it.
    Example: `name: page_size` where the operation has `pageSize`.
    Instead: write the name that the operation has.
    """
    message = f"{operation} has no {location} parameter '{name}'"
    return warning("unknown-parameter", message, span, fix=Fix(f"did you mean '{meant}'?"))


def content_type_not_offered(name: str, offered: Iterable[str], operation: str, span: Span) -> Diagnostic:
    """A request body is of a media type that the operation does not take.

    Why: it is sent so, and most APIs answer with 415.
    Example: `contentType: application/json` where the operation takes a form.
    Instead: write one of the media types that it takes, or leave `contentType` out.
    """
    message = f"{operation} does not take {name}"
    return warning("content-type-not-offered", message, span, fix=Fix(f"it takes {', '.join(offered)}"))


def misplaced_location(name: str, span: Span) -> Diagnostic:
    """A parameter of an action says where in a request it goes.

    Why: parameters of an action are inputs of a workflow: "The `in` field MUST NOT be used".
    Example: `in: query` beside a parameter of a `goto` to a workflow.
    Instead: leave `in` out.
    """
    message = f"the parameter '{name}' is an input of a workflow: 'in' must not be used here"
    return error("misplaced-location", message, span, fix=Fix("leave 'in' out"))


def querystring_beside_query(name: str, span: Span) -> Diagnostic:
    """A whole query string is given beside single query parameters, or another query string.

    Why: "The `querystring` location cannot coexist with `query` parameters in the same operation".
    Example: `in: querystring` and `in: query` in the parameters of one step.
    Instead: write everything into the query string, or into single parameters.
    """
    message = f"the query string '{name}' cannot stand beside other query parameters"
    fix = Fix("write everything into the query string, or into parameters of their own")
    return error("querystring-beside-query", message, span, fix=fix)


def missing_input(names: Iterable[str], workflow_id: str, span: Span, *, goes_along: bool) -> Diagnostic:
    """A workflow is called without an input that it requires.

    Why: it would be refused as soon as it is reached.
    Example: calling `login`, which requires `username`, without parameters.
    Instead: add a parameter of that name to the step or action; to an action the inputs of its own workflow go along.
    """
    listed = [f"'{name}'" for name in names]
    where = "inputs of this workflow, which go along" if goes_along else "parameters"
    fix = Fix(f"add {'it' if len(listed) == 1 else 'them'} to the {where}")
    return error("missing-input", f"workflow '{workflow_id}' requires {' and '.join(listed)}", span, fix=fix)


def missing_body(operation: str, span: Span) -> Diagnostic:
    """An operation that requires a request body is called without one.

    Why: the API will most likely refuse the request.
    Example: `POST /pets` without `requestBody`.
    Instead: add a `requestBody` with a `payload`.
    """
    return warning(
        "missing-body", f"{operation} requires a request body", span, fix=Fix("add a requestBody to the step")
    )


def body_not_expected(method: str, span: Span) -> Diagnostic:
    """A request body is sent with GET, HEAD or DELETE.

    Why: HTTP gives it no meaning there; "its use SHOULD be avoided if possible". It is sent all the same.
    Example: `requestBody` on a step that calls a GET operation.
    Instead: send the values as parameters.
    """
    message = f"a request body has no defined meaning with {method}"
    return warning("body-not-expected", message, span, fix=Fix("send the values as parameters"))


def missing_target(what: str, span: Span) -> Diagnostic:
    """A step calls nothing, or a `goto` leads nowhere.

    Why: a step names exactly one operation, channel or workflow, and a goto exactly one step or workflow.
    Example: `type: goto` without `stepId` and `workflowId`.
    Instead: add the one that is meant.
    """
    return error("missing-target", what, span, fix=Fix("add the one that is meant"))


def several_targets(fields: Iterable[str], span: Span) -> Diagnostic:
    """A step or action names several targets.

    Why: they are mutually exclusive.
    Example: `operationId` and `workflowId` in one step.
    Instead: keep one, or make two steps.
    """
    listed = " and ".join(f"'{name}'" for name in fields)
    return error("several-targets", f"{listed} exclude each other", span, fix=Fix("keep one of them"))


def ambiguous_operation(name: str, sources: Iterable[str], span: Span) -> Diagnostic:
    """An operationId without its source is in several of them.

    Why: with several sources it MUST be written `$sourceDescriptions.<name>.<operationId>`, to avoid ambiguity.
    Example: `operationId: getUser` where two APIs have it.
    Instead: name the source.
    """
    found = list(sources)
    listed = " and ".join(f"'{source}'" for source in found)
    fix = Fix(f"write {' or '.join(f'$sourceDescriptions.{source}.{name}' for source in found)}")
    return error("ambiguous-operation", f"the operation '{name}' is in {listed}", span, fix=fix)


def uncallable_operation(pointer: str, why: str, span: Span) -> Diagnostic:
    """An operationPath leads to something that no request can be made from.

    Why: only an operation below a path has a URL; webhooks and callbacks are requests that the API makes.
    Example: `'{$sourceDescriptions.petstore.url}#/webhooks/newPet/post'`.
    Instead: point at an operation below `paths`, method included.
    """
    fix = Fix("point at an operation below /paths, its method included")
    return error("uncallable-operation", f"'{pointer}' {why}", span, fix=fix)


def shared_operation(pointer: str, places: Iterable[str], span: Span) -> Diagnostic:
    """An operationPath leads into a path item that several paths refer to.

    Why: the operation is one of each of these paths, and they have different URLs.
    Example: `#/components/pathItems/Item/get` where `/cats` and `/dogs` are both a `$ref` to `Item`.
    Instead: point at the operation below the path that is meant.
    """
    found = list(places)
    listed = " and ".join(f"'{place}'" for place in found)
    message = f"'{pointer}' is the operation of several paths: {listed}"
    return error("shared-operation", message, span, fix=Fix(f"write {' or '.join(found)}"))


def operation_path_syntax(message: str, span: Span, fix: Fix | None) -> Diagnostic:
    """An operationPath does not name a source and a JSON Pointer.

    Why: "A Runtime Expression syntax MUST be used to identify the source description document".
    Example: `operationPath: /pets`.
    Instead: `'{$sourceDescriptions.petstore.url}#/paths/~1pets/get'`.
    """
    return error("operation-path-syntax", message, span, fix=fix)


def no_server(
    source: str, reasons: Iterable[str], span: Span, variable: str | None = None, operation: str | None = None
) -> Diagnostic:
    """The API description, or one operation that lists its own, names no server that a request could go to.

    Why: a relative server URL has no base in a description that is a file, and a variable may lack a value.
    Example: an OpenAPI file without `servers`.
    Instead: say where the API is with `--server NAME=URL`, or what a variable is with `--server-var NAME=VALUE`.
    """
    where = f"say where it is with --server {source}=https://…"
    fix = Fix(f"say what it is with --server-var {source}.{variable}=…, or {where}" if variable else where)
    who = operation or f"the description '{source}'"
    message = f"{who} names no server with an absolute URL"
    return replace(error("no-server", message, span, fix=fix), notes=tuple(reasons))


def deprecated_operation(operation: str, span: Span) -> Diagnostic:
    """A step calls an operation that its description calls deprecated.

    Why: "Consumers SHOULD refrain from usage of the declared operation": it may be gone with the next release.
    Example: a step for an operation with `deprecated: true`.
    Instead: call the operation that the API offers in its place.
    """
    fix = Fix("call the operation that the API offers in its place")
    return warning("deprecated-operation", f"{operation} is deprecated", span, fix=fix)


def not_supported_yet(what: str, span: Span) -> Diagnostic:
    """Something is well formed that this runner reads and checks, but cannot run.

    Why: it would be dishonest to go on as if it were not there.
    Example: a step with `channelPath`, which wants a message broker.
    Instead: run the workflows that do not need it.
    """
    message = f"{what} cannot be run by this version"
    return error("not-supported-yet", message, span, fix=Fix("run the workflows that do not need it"))


def unused_idempotency_key(why: str, span: Span) -> Diagnostic:
    """A step has an `x-idempotency-key` that no request of it would carry.

    Why: who writes one relies on it where a request is sent twice.
    Example: `x-idempotency-key: true` on a step that calls a workflow, or beside a header parameter `Idempotency-Key`.
    Instead: write it on the step that sends the request, once.
    """
    return error("unused-idempotency-key", why, span, fix=Fix("write it once, on the step that sends the request"))


def unused_field(name: str, type_: str, span: Span) -> Diagnostic:
    """A field of an action means nothing beside its type.

    Why: `retryAfter` and `retryLimit` belong to `retry` ("this field only applies when the `type` field value is …"),
    `stepId` and `workflowId` are only relevant to `goto` and `retry`.
    Example: `retryLimit: 3` beside `type: goto`.
    Instead: leave it out, or say which `type` was meant.
    """
    message = f"'{name}' has no meaning in an action of type '{type_}'"
    return warning("unused-field", message, span, fix=Fix("leave it out, or change the type"))


def invalid_header_name(name: str, span: Span) -> Diagnostic:
    """A header has a name that HTTP cannot carry.

    Why: the name of a field is a token (RFC 9110, section 5.1): ASCII letters, digits and a few signs.
    Example: `name: X Trace Id`.
    Instead: write the name that the API knows, such as `X-Trace-Id`.
    """
    message = f"'{name}' cannot be the name of a header"
    return error("invalid-header-name", message, span, fix=Fix("use letters, digits and '-'"))


def unusable_value(message: str, span: Span) -> Diagnostic:
    """A constant value cannot be sent where it stands.

    Why: the parameter's style, or its place, has no form for such a value.
    Example: an object inside an array for a query parameter.
    Instead: give a value that the style in the API description can carry.
    """
    return error("unusable-value", message, span)
