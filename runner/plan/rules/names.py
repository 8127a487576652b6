"""Names that lead nowhere, or to two things."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from runner.diagnostics import Diagnostic, Fix, Label, did_you_mean
from runner.plan.rules.report import error, known_names, warning
from runner.source import Span


def unknown_step(name: str, known: Iterable[str], span: Span, *, elsewhere: str | None = None) -> Diagnostic:
    """A stepId is named that the workflow does not have.

    Why: the flow would jump, or wait for, nothing.
    Example: `stepId: pol` where the step is called `poll`.
    Instead: name a step of the same workflow; `goto` reaches another workflow by `workflowId`.
    """
    names = list(known)
    of_another = (
        Fix(f"it is a step of '{elsewhere}': write $workflows.{elsewhere}.outputs.<name>") if elsewhere else None
    )
    return error(
        "unknown-step",
        f"there is no step '{name}' in this workflow",
        span,
        fix=of_another or did_you_mean(name, names) or known_names("steps", names),
    )


def unknown_workflow(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A workflowId is named that the document does not have.

    Why: nothing could be run there.
    Example: `workflowId: logn` where the workflow is called `login`.
    Instead: name a workflow of this document, or `$sourceDescriptions.<name>.<workflowId>` of another one.
    """
    names = list(known)
    return error(
        "unknown-workflow",
        f"there is no workflow '{name}'",
        span,
        fix=did_you_mean(name, names) or known_names("workflows", names),
    )


def unknown_operation(name: str, where: str, known: Iterable[str], span: Span) -> Diagnostic:
    """An operation is named that the API description does not have.

    Why: no request can be made from it.
    Example: `operationId: getPets` where the description has `listPets`.
    Instead: name an operationId of the description, or point at the operation with `operationPath`.
    """
    names = list(known)
    fix = did_you_mean(name, names) or known_names("operations", names)
    return error("unknown-operation", f"there is no operation '{name}' in {where}", span, fix=fix)


def unknown_source(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A source description is named that the document does not have.

    Why: the operation or workflow behind it cannot be found.
    Example: `$sourceDescriptions.petstore.getPet` where the source is called `petStore`.
    Instead: name an entry of `sourceDescriptions`; names are case-sensitive.
    """
    names = list(known)
    return error(
        "unknown-source",
        f"there is no source description '{name}'",
        span,
        fix=did_you_mean(name, names) or known_names("sources", names),
    )


def not_an_arazzo_source(name: str, span: Span) -> Diagnostic:
    """A workflow is looked for in a source that is an API description.

    Why: only Arazzo documents have workflows.
    Example: `workflowId: $sourceDescriptions.petstore.login` where `petstore` is an OpenAPI description.
    Instead: name a source that is an Arazzo document, or call the operation by `operationId`.
    """
    message = f"the source '{name}' is not an Arazzo document: it has no workflows"
    return error("not-an-arazzo-source", message, span, fix=Fix("to call an operation of it, write operationId"))


def not_an_api_source(name: str, span: Span) -> Diagnostic:
    """An operation is looked for in a source that is an Arazzo document.

    Why: only API descriptions have operations.
    Example: `operationId: $sourceDescriptions.flows.login` where `flows` is an Arazzo document.
    Instead: name a source that is an API description, or call the workflow by `workflowId`.
    """
    message = f"the source '{name}' is an Arazzo document: it has no operations"
    return error("not-an-api-source", message, span, fix=Fix("to call a workflow of it, write workflowId"))


def unknown_component(name: str, kind: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A reusable object refers to a component that the document does not have.

    Why: "it MUST link to a parameter [or action] defined in the components of the current Arazzo document".
    Example: `reference: $components.failureActions.stop` without such an entry.
    Instead: name an entry of the matching map under `components`.
    """
    names = list(known)
    fix = did_you_mean(name, names) or known_names("components", names) or Fix(f"add '{name}' to components.{kind}")
    return error("unknown-component", f"there is no component '{name}' in components.{kind}", span, fix=fix)


def wrong_component(reference: str, wanted: str, span: Span) -> Diagnostic:
    """A reusable object refers to the wrong kind of component, or to something that is not a component.

    Why: a parameter cannot stand where an action is wanted, nor the other way round.
    Example: `reference: $components.parameters.page` in a list of `onFailure`.
    Instead: refer to `$components.<kind>.<name>` with the kind that the list holds.
    """
    message = f"'{reference}' does not refer to components.{wanted}"
    name = reference.rpartition(f"components/{wanted}/")[2] if f"components/{wanted}/" in reference else "<name>"
    return error("wrong-component", message, span, fix=Fix(f"write $components.{wanted}.{name}"))


def duplicate_id(kind: str, name: str, span: Span, first: Span) -> Diagnostic:
    """Two workflows, steps, sources, parameters or actions have one name.

    Why: the name MUST be unique, for every reference to it would be ambiguous.
    Example: two steps with `stepId: login`.
    Instead: rename one of them.
    """
    return error(
        "duplicate-id",
        f"the {kind} '{name}' is there twice",
        span,
        label="again here",
        related=(Label(first, "first here"),),
        fix=Fix("rename one of them, or leave it out"),
    )


def not_sent_yet(written: str, output: str, span: Span) -> Diagnostic:
    """A request is made of a part of itself, or of its own response.

    Why: the parameters and the body of a step are filled in before anything is sent.
    Example: the parameter of a step has the value `$response.body#/id`.
    Instead: the step that got the response has it as an output, and this one uses `$steps.<stepId>.outputs.<name>`.
    """
    fix = Fix(f"write {output}, if the step before is meant" if output else "use an output of the step that had it")
    return Diagnostic(
        "not-sent-yet", "error", f"nothing has been sent here yet, so there is no {written}", span, fix=fix
    )


def forward_reference(step_id: str, span: Span, target: Span, *, own: bool, reachable: bool) -> Diagnostic:
    """A step uses the outputs of a step that comes later, or its own.

    Why: steps run in the order in which they are written; the value cannot be there yet.
    Example: the first step uses `$steps.second.outputs.id`.
    Instead: move the step that gives the value in front of the one that uses it.
    """
    severity: Literal["error", "warning"] = "warning" if reachable else "error"
    note = "it is there only after a goto that leads back" if reachable else ""
    what = f"step '{step_id}' is this one" if own else f"step '{step_id}' comes later"
    fix = Fix("use an output of an earlier step" if own else f"move step '{step_id}' in front of this one")
    return Diagnostic(
        "forward-reference",
        severity,
        f"{what}, so its outputs are not there yet",
        span,
        related=(Label(target, f"'{step_id}' is here"),),
        notes=(note,) if note else (),
        fix=None if reachable else fix,
    )


def undeclared_output(name: str, owner: str, known: Iterable[str], span: Span) -> Diagnostic:
    """An output is used that its step or workflow does not declare.

    Why: the value would never be there.
    Example: `$steps.login.outputs.tokn` where the output is called `token`.
    Instead: declare the output in the `outputs` of the step or workflow, or use one that is declared.
    """
    names = list(known)
    fix = (
        did_you_mean(name, names)
        or known_names("its outputs", names)
        or Fix(f"add '{_head(name)}' to the outputs of {owner}")
    )
    return error("undeclared-output", f"{owner} has no output '{name}'", span, fix=fix)


def _head(name: str) -> str:
    """Leave out the path that follows a name: `lines[0].sku` is a part of `lines`."""
    return re.split(r"[.\[]", name, maxsplit=1)[0] or name


def undeclared_input(name: str, known: Iterable[str], span: Span, *, closed: bool) -> Diagnostic:
    """An input is used that the workflow's `inputs` schema does not declare.

    Why: nobody is told that the workflow wants it, and its value is not checked.
    Example: `$inputs.user` where `inputs.properties` has only `username`.
    Instead: declare it under `inputs.properties`, or use one that is declared.
    """
    message = f"the workflow declares no input '{name}'"
    fix = did_you_mean(name, known) or Fix(f"add '{name}' to inputs.properties")
    return Diagnostic("undeclared-input", "error" if closed else "warning", message, span, fix=fix)


def undeclared_request_part(name: str, place: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A part of the request is referred to that neither the operation nor the step declares.

    Why: "Request parameters MUST be declared in the parameters section of the parent operation or they cannot be
    evaluated. This includes request headers."
    Example: `$request.query.page` in a step whose operation has no parameter `page`.
    Instead: refer to a parameter that the operation declares or the step gives.
    """
    names = list(known)
    message = f"no {place} parameter '{name}' is declared for this request"
    fix = did_you_mean(name, names) or known_names(f"{place} parameters", names)
    return error("undeclared-request-part", message, span, fix=fix)


def unspellable_id(kind: str, name: str, span: Span) -> Diagnostic:
    """An id has characters that no expression can spell.

    Why: ids "SHOULD conform to the regular expression [A-Za-z0-9_\\-]+"; nothing can refer to one that does not.
    Example: `stepId: get pet`.
    Instead: use letters, digits, `-` and `_`.
    """
    message = f"the name of the {kind} '{name}' has characters that no expression can spell"
    return warning("unspellable-id", message, span, fix=Fix("use letters, digits, '-' and '_'"))


def dependency_cycle(names: Iterable[str], span: Span) -> Diagnostic:
    """Workflows or steps depend on each other in a circle.

    Why: none of them could ever be the first.
    Example: `a` dependsOn `b`, and `b` dependsOn `a`.
    Instead: take one dependsOn away.
    """
    path = " → ".join(f"'{name}'" for name in names)
    message = f"these depend on each other: {path}"
    return error("dependency-cycle", message, span, fix=Fix("take one dependsOn away"))
