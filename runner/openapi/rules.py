"""What can be wrong with an API description: each rule by its name, explained as those of the plan are.

Only what the called operations need is looked at; whatever else is wrong with a description harms nobody here.
"""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "unsupported-openapi": """An API description is of a version that this runner does not know.

    Why: a later or much older version means something else by the same words.
    Example: `swaggerVersion: 1.2`.
    Instead: convert it to OpenAPI 3.
    """,
    "malformed-openapi": """A part of an API description is not of the type that it has to be, and is left out.

    Why: it cannot be understood; the rest of the description is used.
    Example: `parameters` as an object.
    Instead: correct the description.
    """,
    "malformed-parameter": """A parameter of an API description cannot be understood, and is left out.

    Why: it lacks its name or its place, or has both `schema` and `content`.
    Example: a parameter without `in`.
    Instead: correct the description.
    """,
    "duplicate-operation-id": """Two operations of an API description have one operationId.

    Why: "The id MUST be unique among all operations"; the first one is used.
    Example: `operationId: list` for `/cats` and for `/dogs`.
    Instead: rename one of them, or point at the operation with `operationPath`.
    """,
    "unresolved-reference": """A `$ref` leads nowhere.

    Why: what it should stand for is not known, so that nothing is checked there, or a part is missing.
    Example: `$ref: '#/components/schemas/Pets'` where the schema is called `Pet`.
    Instead: correct the reference.
    """,
    "unknown-schema-dialect": """An API description names a dialect of JSON Schema that this runner does not know.

    Why: its schemas could mean something else; they are read as 2020-12.
    Example: `jsonSchemaDialect: https://example.com/mine`.
    Instead: name a dialect that is published, if the schemas are of one.
    """,
    "unknown-security-scheme": """An operation requires a security scheme that its description does not define.

    Why: nobody knows what to send.
    Example: `security: [{apikey: []}]` where the scheme is called `apiKey`.
    Instead: correct the name.
    """,
    "unusable-security-scheme": """A security scheme lacks what it takes to use it.

    Why: it does not say where a key goes, or where a token comes from.
    Example: `type: apiKey` without `in`.
    Instead: complete the scheme.
    """,
    "unusable-server": """A server of an API description has a URL that cannot be one, and is left out.

    Why: no request could go there.
    Example: `url: 42`.
    Instead: correct the description, or say where the API is with `--server NAME=URL`.
    """,
    "assumed-scheme": """A Swagger description does not say whether its host speaks http or https; https is taken.

    Why: "If the schemes is not included, the default scheme to be used is the one used to access the specification".
    Example: `host: api.example.com` without `schemes`, read from a file.
    Instead: add `schemes: [https]`, or give `--server NAME=URL`.
    """,
    "unusable-schema": """A schema of an API description means nothing.

    Why: nothing can be compared with it, so that answers are not checked there.
    Example: `type: strin`, or a pattern that is no regular expression.
    Instead: correct the schema.
    """,
}
