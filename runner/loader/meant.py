"""What Arazzo has for what people write though it has nothing by that name: tables of advice."""

from __future__ import annotations

from collections.abc import Mapping

_RETRY = "a retry is an action: write onFailure with type: retry, retryAfter and retryLimit"
_LOOP = "Arazzo has no loop over a list: an onSuccess action with type: goto and criteria runs steps again"
_CHOICE = "a step runs unless an action leads past it: write criteria into an onSuccess action of the step before"
_OUTPUTS = "an action gives no outputs: write them into those of the step"
_CRITERIA = "write it as an entry of criteria, with its context and type beside it"
_DEFAULT = "give the default to the input, in the schema of the workflow's inputs"
_FINALLY = "steps that run however the others ended are written under x-finally, an extension that this runner knows"
_BODY = "write it as the payload of the requestBody"

FIELDS: Mapping[tuple[str, str], str] = {
    **dict.fromkeys((("step", name) for name in ("foreach", "loop", "loopover", "while", "until", "repeat")), _LOOP),
    **dict.fromkeys((("step", name) for name in ("condition", "if", "when", "unless")), _CHOICE),
    **dict.fromkeys((("step", name) for name in ("retry", "retries", "retryafter", "retrylimit")), _RETRY),
    **dict.fromkeys((("step", name) for name in ("body", "payload", "requestbodies")), _BODY),
    ("step", "criteria"): "the criteria of a step are its successCriteria",
    ("workflow", "foreach"): _LOOP,
    **dict.fromkeys((("workflow", name) for name in ("teardown", "cleanup", "finally", "always", "after")), _FINALLY),
    **dict.fromkeys((("successAction", name) for name in ("outputs", "output")), _OUTPUTS),
    **dict.fromkeys((("failureAction", name) for name in ("outputs", "output")), _OUTPUTS),
    ("successAction", "condition"): _CRITERIA,
    ("failureAction", "condition"): _CRITERIA,
    ("successAction", "retryafter"): "only a failure action retries",
    ("successAction", "retrylimit"): "only a failure action retries",
    ("parameter", "default"): _DEFAULT,
    ("replacement", "default"): _DEFAULT,
}
"""By object and field, without case: fields that would change what happens if they were there."""

VALUES: Mapping[tuple[str, str], str] = {
    ("type", "step"): "write goto with a stepId",
    ("type", "jump"): "write goto with a stepId or workflowId",
    **dict.fromkeys(
        (("type", name) for name in ("invoke", "call", "workflow")),
        "write goto with a workflowId; to come back from a workflow, call it in a step of its own",
    ),
    **dict.fromkeys(
        (("type", name) for name in ("notify", "log", "webhook", "email")),
        "an action ends, retries or goes elsewhere: make a step of it, and go to that with goto",
    ),
    **dict.fromkeys(
        (("type", name) for name in ("continue", "next", "ignore", "skip")),
        "leave a success action out, for the next step follows by itself; on failure, write goto with its stepId",
    ),
    **dict.fromkeys((("type", name) for name in ("stop", "exit", "fail", "abort", "terminate")), "write end"),
    **dict.fromkeys((("in", name) for name in ("formdata", "form")), "write it into the payload of the requestBody"),
}
"""By field and value, without case: values that are none."""

SHAPES: Mapping[str, str] = {
    "outputs": "write a map of names to expressions, such as: id: $steps.login.outputs.id",
    "parameters": "write a list of objects, such as: [{name: limit, in: query, value: 10}]",
    "successCriteria": "write a list of objects, such as: [{condition: $statusCode == 200}]",
    "criteria": "write a list of objects, such as: [{condition: $statusCode == 200}]",
    "steps": "write a list of steps, each with its stepId",
    "workflows": "write a list of workflows, each with its workflowId",
    "x-tags": "write a list of names, such as: [smoke, orders]",
}
"""By field: the form that a list or a map has there."""
