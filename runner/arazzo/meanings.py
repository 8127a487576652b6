"""What the fields of an Arazzo document are for, in a sentence or two: what an editor shows where one is written."""

from __future__ import annotations

from collections.abc import Mapping

OBJECTS: Mapping[str, str] = {
    "document": "An Arazzo document: workflows of API calls, and the descriptions of the APIs that they call.",
    "info": "What the document is called, and which version of it this is.",
    "sourceDescription": "An API description, or another Arazzo document, that workflows refer to by its name.",
    "workflow": "A sequence of steps that reaches a goal.",
    "step": "One call: of an operation, of another workflow, or of a channel (1.1).",
    "parameter": "A value for a parameter of the operation, or for an input of the workflow, that the step calls.",
    "successAction": "What to do after a step that passed, if its criteria hold.",
    "failureAction": "What to do after a step that failed, if its criteria hold.",
    "components": "What several workflows share. Nothing here has an effect until something refers to it.",
    "reusable": "A reference to an entry of components.",
    "criterion": "A condition that has to hold.",
    "expressionType": "The language of a condition, selector or target, with its version.",
    "requestBody": "The body that a step sends.",
    "replacement": "A value to put at a place of the payload.",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "document": {
        "arazzo": "The version of the specification, in quotes where it looks like a number: 1.0.1 or 1.1.0.",
        "$self": "The URI that identifies this document, and the base of relative references in it.",
        "info": "Title and version of this document.",
        "sourceDescriptions": "The API descriptions and Arazzo documents that the workflows use; at least one.",
        "workflows": "The workflows; at least one.",
        "components": "Inputs, parameters and actions to refer to.",
        "$schema": "The JSON Schema that an editor checks this document with. It has no other effect.",
    },
    "info": {
        "title": "The title, for people.",
        "summary": "What the document is about, in one line.",
        "description": "What the document is about, at length; Markdown.",
        "version": "The version of this document, not of the specification.",
    },
    "sourceDescription": {
        "name": "The name to refer to it by: $sourceDescriptions.<name>. Letters, digits, '-' and '_'.",
        "url": "Where it is: a path relative to this document, or a URL.",
        "type": "What it is. Left out, its content decides.",
    },
    "workflow": {
        "workflowId": "The name of the workflow, unique in the document. Letters, digits, '-' and '_'.",
        "summary": "What the workflow reaches, in one line.",
        "description": "What the workflow does, at length; Markdown.",
        "inputs": "A JSON Schema of the inputs: $inputs.<name> gives a value of its properties.",
        "dependsOn": "Workflows that have to pass before this one starts.",
        "steps": "The steps, in the order in which they run; at least one.",
        "successActions": "What every step does on success, unless it says otherwise itself.",
        "failureActions": "What every step does on failure, unless it says otherwise itself.",
        "outputs": "What the workflow gives, by name: expressions such as $steps.login.outputs.token.",
        "parameters": "Parameters that every step of the workflow is given.",
        "x-finally": "Steps that run however the others ended, also after Ctrl-C: to delete what they made.",
        "x-tags": "Names that a suite may choose the workflow by: arazzo test --tag smoke.",
        "x-mutex": "A name, or several: workflows that share one never overlap in a suite (arazzo test --jobs).",
    },
    "step": {
        "description": "What the step does; Markdown.",
        "stepId": "The name of the step, unique in the workflow: $steps.<stepId>. Letters, digits, '-' and '_'.",
        "operationId": "The operation to call, by its id; of several sources $sourceDescriptions.<name>.<operationId>.",
        "operationPath": "The operation to call, by its place: '{$sourceDescriptions.<name>.url}#/paths/~1pets/get'.",
        "channelPath": "The channel to use, by its place: '{$sourceDescriptions.<name>.url}#/channels/orders'.",
        "workflowId": "The workflow to call, by its id; of another document $sourceDescriptions.<name>.<workflowId>.",
        "parameters": "What the call is given beside its body.",
        "requestBody": "The body of the request.",
        "successCriteria": "What has to hold for the step to pass: all of them. Without any, the status decides.",
        "onSuccess": "What to do after the step passed; the first action whose criteria hold.",
        "onFailure": "What to do after the step failed; the first action whose criteria hold.",
        "outputs": "What the step gives, by name: expressions such as $response.body#/id.",
        "timeout": "How long one attempt may take, in milliseconds.",
        "correlationId": "What tells the message that is meant from others.",
        "action": "Whether a message is sent to the channel or received from it.",
        "dependsOn": "Steps that have to complete before this one starts.",
        "x-idempotency-key": "true, or a value of your own: the header Idempotency-Key, by which the API knows again "
        "what comes twice. The request may then be sent again where its answer was lost.",
    },
    "parameter": {
        "name": "The name of the parameter, as the API has it; of a called workflow, of its input.",
        "in": "Where it goes. Required for an operation, not used for a workflow.",
        "value": "A constant, an expression ($inputs.id), or text with expressions in braces (page-{$inputs.page}).",
    },
    "successAction": {
        "name": "The name of the action, for reports.",
        "type": "end: stop here, as passed. goto: go on with a step or another workflow.",
        "workflowId": "The workflow to go to.",
        "stepId": "The step of this workflow to go to.",
        "parameters": "What the workflow is given.",
        "criteria": "When the action is taken: all of them hold. Without any, always.",
    },
    "failureAction": {
        "name": "The name of the action, for reports.",
        "type": "end: stop here, as failed. goto: go on elsewhere. retry: try the step again.",
        "workflowId": "The workflow to go to, or to run before the step is tried again.",
        "stepId": "The step to go to, or to run before the step is tried again.",
        "retryAfter": "How long to wait before the next attempt, in seconds.",
        "retryLimit": "How many more attempts there may be; 1 where it is left out.",
        "parameters": "What the workflow is given.",
        "criteria": "When the action is taken: all of them hold. Without any, always.",
    },
    "components": {
        "inputs": "JSON Schemas to refer to from inputs: $ref: '#/components/inputs/<name>'.",
        "parameters": "Parameters to refer to: reference: $components.parameters.<name>.",
        "successActions": "Actions to refer to: reference: $components.successActions.<name>.",
        "failureActions": "Actions to refer to: reference: $components.failureActions.<name>.",
    },
    "reusable": {
        "reference": "The component: $components.<kind>.<name>.",
        "value": "A value that takes the place of the parameter's own.",
    },
    "criterion": {
        "context": "What the condition is applied to, such as $response.body; not for a simple condition.",
        "condition": "What has to hold: $statusCode == 200, a pattern, a JSONPath or an XPath, as the type says.",
        "type": "The language of the condition; simple where it is left out.",
        "version": "The version of the language; better inside of type.",
    },
    "expressionType": {
        "type": "The language.",
        "version": "Its version.",
    },
    "requestBody": {
        "contentType": "The media type. Left out, it is the one that the API takes.",
        "payload": "The body: any value, with expressions in it, or text such as JSON with expressions in braces.",
        "replacements": "Values to put into the payload.",
    },
    "replacement": {
        "target": "The place: a JSON Pointer, or an XPath in XML.",
        "value": "The value, or an expression.",
        "targetSelectorType": "The language of the target, where it is another one.",
    },
}
