"""The rows of which the catalogue is made: models, their versions, files and images; each is itself and no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from runner.records import Frozen, field

ModelType: TypeAlias = Literal[
    "Checkpoint",
    "TextualInversion",
    "Hypernetwork",
    "AestheticGradient",
    "LORA",
    "LoCon",
    "Controlnet",
    "Poses",
    "Wildcards",
    "Workflows",
    "Other",
]

Access: TypeAlias = Literal["public", "gated", "hidden", "archived"]
"""Gated: may be seen and not downloaded (early access). Hidden: neither. Archived: its files are gone."""


class File(Frozen, eq=False):
    """A file of a version. Hashes that are not given are made up from its id."""

    id: int
    name: str
    size_kb: float
    kind: str = "Model"
    hashes: Mapping[str, str] = field(default_factory=dict)


class Picture(Frozen, eq=False):
    """A published image; `resources` are the ids of the versions it was made with."""

    id: int
    post: int
    username: str
    width: int
    height: int
    resources: tuple[int, ...]


class Version(Frozen, eq=False):
    """A version of a model. `published` is RFC 3339."""

    id: int
    name: str
    base: str
    published: str
    files: tuple[File, ...]
    words: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    access: Access = "public"


class Model(Frozen, eq=False):
    """A model, its newest version first. `nsfw_level` is a bit mask: PG 1, PG-13 2, R 4, X 8, XXX 16."""

    id: int
    name: str
    kind: ModelType
    creator: str
    tags: tuple[str, ...]
    versions: tuple[Version, ...]
    downloads: int = 0
    rating: float = 0.0
    nsfw_level: int = 1
    air_kind: str = ""

    @property
    def nsfw(self) -> bool:
        return self.nsfw_level >= 8
