"""What can be wrong with a text, its shape or its sources: each rule by its name, explained as those of the plan are.

These rules are found in the middle of reading, where a function for each would only be in the way.
"""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "yaml-syntax": """The text is not YAML.

    Why: nothing can be read of what stands behind the place, and a guess could run something else than was meant.
    Example: `summary: Find pets: all of them` (the second colon).
    Instead: mend the place that is marked; most often a value has to be put in quotes.
    """,
    "yaml-value": """A value has a form that YAML reserves, and that cannot be read.

    Why: with a tag, or as a number, it says what it is; and then it is not.
    Example: `limit: !!int many`.
    Instead: put the value in quotes if it is text.
    """,
    "yaml-key": """A key is a mapping or a list.

    Why: "keys used in YAML maps MUST be limited to a scalar string".
    Example: `? [a, b]` or an unquoted `{name}: 1`.
    Instead: write the key as text, in quotes where it has special characters.
    """,
    "yaml-tag": """A value has a tag that JSON does not know.

    Why: "Tags MUST be limited to those allowed by YAML's JSON schema ruleset".
    Example: `when: !!timestamp 2026-01-01`.
    Instead: leave the tag out and put the value in quotes.
    """,
    "yaml-aliases": """An alias leads nowhere, into itself, or stands for more than a document may hold.

    Why: a few lines of aliases of aliases can stand for billions of values.
    Example: `steps: *shared` without an anchor `&shared` before it.
    Instead: write the value out, or use `components`.
    """,
    "yaml-documents": """A second YAML document starts in the same file.

    Why: an Arazzo document is one document, and what stands behind `---` would be dropped.
    Example: a line `---` between two workflows.
    Instead: put each document into a file of its own.
    """,
    "yaml-merge-key": """A merge key `<<` is used, which YAML 1.2 does not know.

    Why: other tools see a member called `<<` there.
    Example: `<<: *defaults`.
    Instead: write the members out, or use `components`.
    """,
    "json-syntax": """The text is not JSON.

    Why: nothing can be read of what stands behind the place.
    Example: a comma behind the last member, or a comment.
    Instead: mend the place that is marked; YAML may have comments, JSON may not.
    """,
    "json-value": """A number cannot be read.

    Why: it has more digits than any reader takes.
    Example: a number of a million digits.
    Instead: write it as text, in quotes.
    """,
    "duplicate-key": """A mapping has the same key twice.

    Why: one of the two would be lost, and which one differs from tool to tool.
    Example: `outputs:` twice in one step.
    Instead: join the two, or rename one of them.
    """,
    "empty-document": """There is nothing in the document.

    Why: there is no workflow to run.
    Example: a file that holds comments only.
    Instead: start it with `arazzo: 1.0.1`.
    """,
    "document-size": """The document is larger than any that people write.

    Why: it would take all of the memory.
    Example: an API description of 100 MB.
    Instead: split it, or leave out what is not used.
    """,
    "document-depth": """The document is nested deeper than any that people write.

    Why: reading it would exhaust the stack.
    Example: a thousand `[` in a row.
    Instead: flatten it.
    """,
    "html-page": """A description is an HTML page.

    Why: the address is that of a page that shows the file, not that of the file.
    Example: `url: https://example.com/docs/openapi` that answers with a page.
    Instead: name the file itself, most often a link called "raw".
    """,
    "not-arazzo": """The document is not an Arazzo document.

    Why: without the field `arazzo` nobody knows what it is.
    Example: an OpenAPI description that is given to `arazzo run`.
    Instead: name the document that has workflows; it starts with `arazzo: 1.0.1`.
    """,
    "unsupported-version": """The document is of a version of Arazzo that this runner does not know.

    Why: a later version may mean something else by the same words.
    Example: `arazzo: 2.0.0`.
    Instead: write 1.0.1 or 1.1.0, if that is what it is.
    """,
    "missing-field": """An object lacks a field that it has to have.

    Why: the specification calls the field REQUIRED.
    Example: a step without `stepId`.
    Instead: add the field.
    """,
    "unknown-field": """An object has a field that the specification does not know.

    Why: it means nothing to any tool, and most often another one was meant.
    Example: `operationID` instead of `operationId`.
    Instead: write the field that is meant, or begin the name with `x-`.
    """,
    "unknown-value": """A field has a value that is not one of those there are.

    Why: the specification lists the values.
    Example: `type: got` in an action.
    Instead: write one of the values that are listed.
    """,
    "wrong-type": """A field has a value of the wrong type.

    Why: the specification says whether it is a text, a number, a list or an object.
    Example: `steps` as an object, or `version: 1.0` without quotes.
    Instead: write a value of the type that is named.
    """,
    "wrong-value": """A number is out of its range.

    Why: a time or a number of attempts cannot be negative, nor larger than a reader of JSON can tell apart.
    Example: `retryAfter: -1`.
    Instead: write a number in the range that is named.
    """,
    "empty-value": """A field is empty.

    Why: a name that is empty names nothing; an optional field counts as if it were not there.
    Example: `workflowId: ""` beside `operationId`.
    Instead: write the value, or leave the field out.
    """,
    "empty-list": """A list that needs an entry has none.

    Why: the specification wants at least one.
    Example: `steps: []`.
    Instead: add an entry.
    """,
    "invalid-name": """A key has characters that no expression can spell.

    Why: keys of outputs and components match `^[a-zA-Z0-9\\.\\-_]+$`.
    Example: an output called `the id`.
    Instead: use letters, digits, `.`, `-` and `_`.
    """,
    "fragment-in-self": """The `$self` URI has a fragment.

    Why: it identifies the whole document: "It MUST NOT contain a fragment identifier".
    Example: `$self: https://example.com/flow.yaml#main`.
    Instead: leave the fragment out.
    """,
    "not-a-uri-reference": """A text that must be a URI-reference is none.

    Why: it cannot be resolved (RFC 3986).
    Example: `url: my api.yaml` in a document of version 1.1.
    Instead: percent-encode what a URI cannot hold: `my%20api.yaml`.
    """,
    "missing-source": """A source description is not where its url says.

    Why: without it, no operation of it can be called.
    Example: `url: ../openapi/pets.yaml` where there is no such file.
    Instead: correct the url, or say where it is with `--source NAME=PATH` or `--source-root DIR`.
    """,
    "source-unreachable": """A source description could not be fetched.

    Why: its server did not answer, or refused.
    Example: `url: https://example.com/openapi.json` without a network.
    Instead: try again, or give a copy with `--source NAME=PATH`.
    """,
    "source-not-allowed": """A source description is where the document may not have anything read from.

    Why: a document may be a stranger's. Files are read in its repository, or else in its folder and the working
    directory, and below each `--source-root`; a document that was fetched has no files read, and reaches public
    addresses only.
    Example: `url: ../../../home/me/api.yaml`, or `url: http://localhost/openapi.json` in a document from the network.
    Instead: if you trust the document, allow the folder with `--source-root DIR`, or the host with `--allow-host HOST`.
    """,
    "source-relocated": """A source description was found elsewhere than its url says.

    Why: another tool, or the same one elsewhere, will not find it.
    Example: a url relative to the root of the repository.
    Instead: write the url relative to the document.
    """,
    "unknown-source-type": """A source is none of the descriptions there are.

    Why: it has none of the fields `openapi`, `swagger`, `asyncapi` and `arazzo` at its root.
    Example: a `url` that leads to a configuration file.
    Instead: name an OpenAPI, AsyncAPI or Arazzo description.
    """,
    "wrong-source-type": """A source is of another type than it says.

    Why: the content decides; a tool that believes the `type` will fail.
    Example: `type: arazzo` for an OpenAPI description.
    Instead: write the type that it is.
    """,
    "not-an-api-description": """A file is not an OpenAPI description where one is wanted.

    Why: only that has operations that can be served.
    Example: `arazzo sandbox flow.arazzo.yaml`.
    Instead: name the API description; `arazzo run FILE --sandbox` runs a document on stand-ins.
    """,
    "unreadable-document": """The document cannot be read.

    Why: it is not there, it is no file, or it may not be opened.
    Example: `arazzo check fow.arazzo.yaml`.
    Instead: correct the path.
    """,
    "document-not-allowed": """The document is where nothing is read from unless you allow it.

    Why: at link-local addresses clouds keep the credentials of their machines.
    Example: `arazzo check http://169.254.169.254/flow.arazzo.yaml`.
    Instead: if you mean it, give `--allow-host HOST`.
    """,
    "document-unreachable": """The document cannot be fetched.

    Why: its server did not answer, or refused.
    Example: `arazzo check https://example.com/flow.arazzo.yaml` without a network.
    Instead: try again, or check a copy.
    """,
}
