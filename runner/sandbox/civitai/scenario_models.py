"""Turns the models of a scenario into rows of the catalogue."""

from __future__ import annotations

import re
from typing import get_args

from runner.sandbox.civitai.catalogue import HASH_LENGTHS
from runner.sandbox.civitai.rows import Access, File, Model, ModelType, Picture, Version
from runner.sandbox.civitai.stock import SNAPSHOT
from runner.sandbox.ids import seconds, timestamp
from runner.sandbox.scenario_reading import Table

MODEL_KEYS = ("id", "name", "type", "creator", "tags", "versions", "downloads", "rating", "nsfw-level")
_VERSION_KEYS = ("id", "name", "base-model", "published", "files", "trained-words", "images", "access")
_FILE_KEYS = ("id", "name", "size-kb", "type", "hashes")
_FILE_TYPES = ("Model", "VAE", "Config", "Negative", "Training Data", "Archive", "Other")
# AutoV2 is the beginning of SHA256.
_HASHES = {name: length for name, length in HASH_LENGTHS.items() if name != "AutoV2"}
_IMAGE_KEYS = ("id", "post", "username", "width", "height", "versions")


def read_model(table: Table) -> Model | None:
    """Read a model; None where it lacks what every model has."""
    if not table.need("id", "name", "type", "creator"):
        return None
    creator = table.text("creator")
    read = [_version(each, creator) for each in table.tables("versions", _VERSION_KEYS)]
    versions = sorted((each for each in read if each is not None), key=lambda each: each.published, reverse=True)
    return Model(
        table.whole("id", 1, low=1),
        table.text("name"),
        table.word("type", get_args(ModelType), "Other"),
        creator,
        table.texts("tags"),
        tuple(versions),
        downloads=table.whole("downloads", 0),
        rating=table.number("rating", 0.0, 5),
        nsfw_level=table.whole("nsfw-level", 1, 1, 63),
    )


def _version(table: Table, creator: str) -> Version | None:
    if not table.need("id", "name"):
        return None
    access = table.word("access", get_args(Access), "public")
    read = [_file(each) for each in table.tables("files", _FILE_KEYS)]
    files = tuple(file for file in read if file is not None)
    return Version(
        table.whole("id", 1, low=1),
        table.text("name"),
        table.text("base-model", "Other"),
        timestamp(table.moment("published", seconds(SNAPSHOT))),
        () if access == "archived" else files,
        table.texts("trained-words"),
        tuple(_picture(each, creator) for each in table.tables("images", _IMAGE_KEYS)),
        access,
    )


def _file(table: Table) -> File | None:
    if not table.need("id", "name"):
        return None
    hashes = table.table("hashes", tuple(_HASHES))
    for name, length in _HASHES.items():
        if name in hashes.value and re.fullmatch(f"[0-9A-Fa-f]{{{length}}}", hashes.text(name)) is None:
            hashes.reading.wrong(hashes.at(name), f"{length} hexadecimal digits")
    return File(
        table.whole("id", 1, low=1),
        table.text("name"),
        table.number("size-kb", 1024.0),
        table.word("type", _FILE_TYPES, "Model"),
        {name: hashes.text(name).upper() for name in _HASHES if name in hashes.value},
    )


def _picture(table: Table, creator: str) -> Picture:
    table.need("id")
    number = table.whole("id", 1, low=1)
    return Picture(
        number,
        table.whole("post", number, low=1),
        table.text("username", creator),
        table.whole("width", 1024, low=1),
        table.whole("height", 1024, low=1),
        table.numbers("versions"),
    )
