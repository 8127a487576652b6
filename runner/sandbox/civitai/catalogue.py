"""Turns rows of models into a catalogue that finds them by id, by hash and by what they have in common."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from runner.records import Frozen, replace
from runner.sandbox.civitai.places import SITE_ORIGIN as SITE_ORIGIN
from runner.sandbox.civitai.rows import File, Model, Picture, Version
from runner.sandbox.civitai.stock import CREATORS, MODELS, TAGS
from runner.sandbox.ids import digest

# Length in hexadecimal digits. Two algorithms share 8 and two share 64: the length does not tell which is meant.
HASH_LENGTHS = MappingProxyType({"AutoV1": 8, "AutoV2": 10, "SHA256": 64, "CRC32": 8, "Blake3": 64})


@functools.cache
def file_hashes(file: File) -> Mapping[str, str]:
    """Give the hashes of a file by algorithm, in upper case; AutoV2 is the beginning of SHA256."""
    made = {
        name: (digest(file.id, name).hex() + digest(file.id, name, 2).hex())[:length].upper()
        for name, length in HASH_LENGTHS.items()
    } | dict(file.hashes)
    return made | {"AutoV2": made["SHA256"][:10]}


def is_hidden(model: Model) -> bool:
    """Say whether a model has nothing to show: all of its versions, one at least, are hidden."""
    return bool(model.versions) and all(version.access == "hidden" for version in model.versions)


def newest(model: Model) -> str:
    """Give when a model's newest version was published; an empty text for one without versions."""
    return max((version.published for version in model.versions), default="")


def pictures(model: Model, version: Version) -> tuple[Picture, ...]:
    """Give a version's images: those of the stock, or one that its creator posted."""
    number = 40_000_000 + version.id
    return version.pictures or (Picture(number, number + 1, model.creator, 1024, 1024, (version.id,)),)


class Catalogue(Frozen, eq=False, dict=True):
    """What the Site API knows; `creators` and `tags` say how many models each has, of which not all are here.

    `origin` is where the links of creators and tags lead.
    """

    models: tuple[Model, ...]
    creators: Mapping[str, int]
    tags: Mapping[str, int]
    origin: str = SITE_ORIGIN

    def with_models(self, models: Sequence[Model], creators: Mapping[str, int]) -> Catalogue:
        """Give a catalogue with more models, which stand before the others; one of the same id is exchanged."""
        if not models and not creators:
            return self
        added = {model.id for model in models}
        kept = tuple(model for model in self.models if model.id not in added)
        return replace(self, models=(*models, *kept), creators={**self.creators, **creators})

    @cached_property
    def by_id(self) -> Mapping[int, Model]:
        return {model.id: model for model in self.models}

    @cached_property
    def versions(self) -> Mapping[int, tuple[Model, Version]]:
        return {version.id: (model, version) for model in self.models for version in model.versions}

    @cached_property
    def by_hash(self) -> Mapping[str, tuple[Model, Version]]:
        """Find versions by each hash of each file.

        "earliest publishedAt, then lowest id" where several versions have a hash: the later ones do not replace it.
        """
        found: dict[str, tuple[Model, Version]] = {}
        for model, version in sorted(self.versions.values(), key=lambda entry: (entry[1].published, entry[1].id)):
            for file in version.files:
                for value in file_hashes(file).values():
                    found.setdefault(value, (model, version))
        return found

    @cached_property
    def model_counts(self) -> Mapping[str, int]:
        """Count the models of every creator: as many as was said, or as are here where that is more."""
        here = Counter(model.creator for model in self.models)
        return {name: max(here[name], self.creators.get(name, 0)) for name in sorted({*self.creators, *here})}

    @cached_property
    def tag_counts(self) -> Mapping[str, int]:
        """Count the models of every tag, the most used first."""
        here = Counter(tag for model in self.models if not is_hidden(model) for tag in model.tags)
        counts = {name: max(here[name], self.tags.get(name, 0)) for name in {*self.tags, *here}}
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))

    @cached_property
    def users(self) -> tuple[str, ...]:
        """Give everyone who published a model or an image, by name."""
        return tuple(sorted({*self.model_counts, *(picture.username for _, _, picture in self.pictures())}))

    def pictures(self) -> Iterator[tuple[Model, Version, Picture]]:
        """Give every image with the version it was published for."""
        for model, version in self.versions.values():
            for picture in pictures(model, version):
                yield model, version, picture


STOCK = Catalogue(MODELS, CREATORS, TAGS)
