"""An AsyncAPI description (2.x, 3.x) as far as a workflow refers to it: its operations and channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.records import Frozen
from runner.values import ABSENT, Json, resolve_pointer


class AsyncApiDescription(Frozen, eq=False):
    """`operation_ids` are the keys of `operations` (3.x) or the operationIds below `channels` (2.x)."""

    uri: str
    version: str
    operation_ids: tuple[str, ...]
    root: Json
    HIDDEN = ("root",)

    def has(self, pointer: str) -> bool:
        """Say whether something stands at a JSON Pointer."""
        return pointer.startswith("/") and resolve_pointer(self.root, pointer) is not ABSENT


def read_asyncapi(root: Json, uri: str) -> AsyncApiDescription:
    """Read a description; what is not as it should be is left out."""
    members = root if isinstance(root, dict) else {}
    return AsyncApiDescription(uri, str(members.get("asyncapi")), tuple(_operation_ids(members)), root)


def _operation_ids(members: Mapping[str, Json]) -> Iterator[str]:
    operations = members.get("operations")
    if isinstance(operations, dict):
        yield from operations
    channels = members.get("channels")
    for channel in channels.values() if isinstance(channels, dict) else ():
        for verb in ("publish", "subscribe"):
            name = resolve_pointer(channel, f"/{verb}/operationId")
            if isinstance(name, str):
                yield name
