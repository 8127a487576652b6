"""The productions of the expression grammar, one frozen class each; `str` gives the spelling back.

Runtime Expressions, Arazzo 1.1.0. `pointer` is the JSON Pointer after `#`, or None where there is no `#`.
"""

from __future__ import annotations

import json
from typing import Literal, TypeAlias, final

from runner.records import Frozen
from runner.values import Json

Side: TypeAlias = Literal["request", "response", "message"]


def _fragment(pointer: str | None) -> str:
    return "" if pointer is None else "#" + pointer


class Url(Frozen):
    def __str__(self) -> str:
        return "$url"


class Method(Frozen):
    def __str__(self) -> str:
        return "$method"


class StatusCode(Frozen):
    def __str__(self) -> str:
        return "$statusCode"


class SelfUri(Frozen):
    def __str__(self) -> str:
        return "$self"


class HeaderField(Frozen):
    side: Side
    name: str

    def __str__(self) -> str:
        return f"${self.side}.header.{self.name}"


class QueryParameter(Frozen):
    side: Side
    name: str

    def __str__(self) -> str:
        return f"${self.side}.query.{self.name}"


class PathParameter(Frozen):
    side: Side
    name: str

    def __str__(self) -> str:
        return f"${self.side}.path.{self.name}"


class Body(Frozen):
    side: Side
    pointer: str | None = None

    def __str__(self) -> str:
        return f"${self.side}.body{_fragment(self.pointer)}"


class Payload(Frozen):
    side: Side
    pointer: str | None = None

    def __str__(self) -> str:
        return f"${self.side}.payload{_fragment(self.pointer)}"


class Input(Frozen):
    name: str
    pointer: str | None = None

    def __str__(self) -> str:
        return f"$inputs.{self.name}{_fragment(self.pointer)}"


class Output(Frozen):
    name: str
    pointer: str | None = None

    def __str__(self) -> str:
        return f"$outputs.{self.name}{_fragment(self.pointer)}"


class StepOutput(Frozen):
    step_id: str
    name: str
    pointer: str | None = None

    def __str__(self) -> str:
        return f"$steps.{self.step_id}.outputs.{self.name}{_fragment(self.pointer)}"


class WorkflowValue(Frozen):
    workflow_id: str
    field: Literal["inputs", "outputs"]
    name: str
    pointer: str | None = None

    def __str__(self) -> str:
        return f"$workflows.{self.workflow_id}.{self.field}.{self.name}{_fragment(self.pointer)}"


class SourceReference(Frozen):
    """`$sourceDescriptions.<source>.<reference>`: an operationId or workflowId, else a field of the source."""

    source: str
    reference: str

    def __str__(self) -> str:
        return f"$sourceDescriptions.{self.source}.{self.reference}"


class ComponentReference(Frozen):
    kind: Literal["parameters", "successActions", "failureActions"]
    name: str

    def __str__(self) -> str:
        return f"$components.{self.kind}.{self.name}"


Root: TypeAlias = (
    Url
    | Method
    | StatusCode
    | SelfUri
    | HeaderField
    | QueryParameter
    | PathParameter
    | Body
    | Payload
    | Input
    | Output
    | StepOutput
    | WorkflowValue
    | SourceReference
    | ComponentReference
)


Structured: TypeAlias = Body | Payload | Input | Output | StepOutput | WorkflowValue
"""What may hold a structure, so that a JSON Pointer can follow."""


class Accessed(Frozen):
    """An expression followed by `.name` and `[0]` (the operators `.` and `[]` of conditions)."""

    base: Root
    path: tuple[str | int, ...]

    def __str__(self) -> str:
        return str(self.base) + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path)


Expression: TypeAlias = Root | Accessed


# What may stand where a document takes a value.


class Constant(Frozen):
    """A literal value."""

    value: Json


class Computed(Frozen):
    """A whole-string expression: it keeps the type of what it refers to."""

    expression: Expression


@final
class Quoted(Frozen):
    """An expression that stands inside quotes of a JSON text: a string is escaped, a structure replaces the quotes."""

    expression: Expression


@final
class Escaped(Frozen):
    """An expression in the middle of a string of a JSON text: its text is escaped and the quotes stay."""

    expression: Expression


Part: TypeAlias = str | Expression | Quoted | Escaped


class Template(Frozen):
    """Text with `{$...}` in it, in order; `style` says how a value becomes text there."""

    parts: tuple[Part, ...]
    style: Literal["text", "json", "form"] = "text"


class Selected(Frozen):
    """A Selector Object: `selector` of the given type and version, applied to what `context` gives."""

    context: Expression
    selector: str
    type: Literal["jsonpath", "xpath", "jsonpointer"]
    version: str


class ObjectOf(Frozen):
    """An object some member of which is not a constant."""

    members: tuple[tuple[str, Node], ...]


class ArrayOf(Frozen):
    """An array some item of which is not a constant."""

    items: tuple[Node, ...]


Node: TypeAlias = Constant | Computed | Template | Selected | ObjectOf | ArrayOf


def dump(value: Json) -> str:
    """Write JSON text without spaces, as it is embedded and sent (RFC 8259)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
