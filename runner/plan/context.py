"""What the compiler knows while it reads one document: its names, its places, and where to report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from runner.diagnostics import Diagnostic
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1, Grammar
from runner.openapi.document import ApiDescription
from runner.records import Frozen, field
from runner.source import Span

if TYPE_CHECKING:
    from runner.arazzo.document import Workflow
    from runner.asyncapi.document import AsyncApiDescription
    from runner.description import ArazzoDescription, Description

SOURCES = "$sourceDescriptions."


class Options(Frozen):
    """What the user says beside the document: where requests go.

    `servers` gives the base URL of a source by name, and `given_by` who gave it where that was not `--server`.
    `server_variables` gives values of server variables, by name or as `source.name`. With `stand_in` a source without a
    server that could be used gets an address that leads nowhere: somebody stands in for all of them.
    """

    servers: Mapping[str, str] = field(default_factory=dict)
    given_by: Mapping[str, str] = field(default_factory=dict)
    server_variables: Mapping[str, str] = field(default_factory=dict)
    stand_in: bool = False

    @property
    def said(self) -> tuple[str, ...]:
        """The texts of the user's that a plan holds: a base URL stands there without a slash at its end."""
        return (*(url.rstrip("/") for url in self.servers.values()), *self.server_variables.values())


class Context(Frozen):
    """One Arazzo document being compiled, among the others."""

    description: Description
    arazzo: ArazzoDescription
    report: Callable[[Diagnostic], None]
    options: Options

    def value(self, pointer: str) -> Span:
        return self.arazzo.places.value(pointer)

    def key(self, pointer: str) -> Span:
        return self.arazzo.places.key(pointer)

    def within(self, pointer: str, start: int, end: int) -> Span:
        return self.arazzo.places.within(pointer, start, end)

    @property
    def source_names(self) -> list[str]:
        return [source.name for source in self.arazzo.document.source_descriptions]

    @property
    def api_names(self) -> list[str]:
        """The sources that describe operations or channels: all but Arazzo documents."""
        return [name for name in self.source_names if self.arazzo.sources.get(name) not in self.description.arazzo]

    def api(self, name: str) -> ApiDescription | None:
        return self.description.apis.get(self.arazzo.sources.get(name, ""))

    def other(self, name: str) -> ArazzoDescription | None:
        return self.description.arazzo.get(self.arazzo.sources.get(name, ""))

    def messages(self, name: str) -> AsyncApiDescription | None:
        return self.description.asyncapi.get(self.arazzo.sources.get(name, ""))

    def is_loaded(self, name: str) -> bool:
        """Say whether a source was read and is something that can be used; where not, that has been reported."""
        uri = self.arazzo.sources.get(name, "")
        return uri in self.description.apis or uri in self.description.asyncapi or uri in self.description.arazzo

    @property
    def knows_every_source(self) -> bool:
        """Say whether the sources are declared as they should be; where not, that has been reported."""
        root = self.arazzo.document.root
        written = root.get("sourceDescriptions") if isinstance(root, dict) else None
        named = [source for source in self.arazzo.document.source_descriptions if source.name]
        return isinstance(written, list) and len(written) == len(named) > 0

    @property
    def knows_every_operation(self) -> bool:
        """Say whether all sources that may hold operations could be used."""
        sources = self.arazzo.document.source_descriptions
        return self.knows_every_source and all(self.is_loaded(each.name) for each in sources if each.type != "arazzo")

    @property
    def grammar(self) -> Grammar:
        """The expression grammar of the document's version."""
        return ARAZZO_1_1 if self.arazzo.document.dialect.strict else ARAZZO_1_0

    def workflow(self, workflow_id: str) -> Workflow | None:
        return find_workflow(self.arazzo, workflow_id)


def find_workflow(arazzo: ArazzoDescription, workflow_id: str) -> Workflow | None:
    """Find a workflow of a document by its id."""
    return next((each for each in arazzo.document.workflows if each.workflow_id == workflow_id), None)


def split_reference(text: str, names: list[str]) -> tuple[str, str] | None:
    """Split `$sourceDescriptions.<name>.<reference>`; a name may hold dots, so the longest declared one wins."""
    if not text.startswith(SOURCES):
        return None
    rest = text.removeprefix(SOURCES)
    declared = [name for name in names if name and rest.startswith(name + ".")]
    if declared:
        name = max(declared, key=len)
        return name, rest[len(name) + 1 :]
    name, _, reference = rest.partition(".")
    return name, reference
