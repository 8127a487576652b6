"""Turns the rows of the stock into the bodies of the Site API, and finds them by id and by hash."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from runner.sandbox.civitai.rows import File, Model, Picture, Version
from runner.sandbox.civitai.settings import SITE_ORIGIN
from runner.sandbox.civitai.stock import CREATORS, MODELS
from runner.sandbox.ids import digest, seconds, timestamp
from runner.values import Json

# Length in hexadecimal digits. Two algorithms share 8 and two share 64: the length does not tell which is meant.
HASH_LENGTHS = MappingProxyType({"AutoV1": 8, "AutoV2": 10, "SHA256": 64, "CRC32": 8, "Blake3": 64})

_ECOSYSTEMS = {"SD 1.5": "sd1", "SDXL 1.0": "sdxl", "Illustrious": "sdxl", "Flux.1 D": "flux1", "Other": "other"}

_AIR_KINDS = {
    "Checkpoint": "checkpoint",
    "LORA": "lora",
    "LoCon": "lycoris",
    "TextualInversion": "embedding",
    "Hypernetwork": "hypernet",
    "AestheticGradient": "ag",
    "Controlnet": "controlnet",
}

_FORMATS = {"safetensors": "SafeTensor", "ckpt": "PickleTensor", "pt": "PickleTensor"}

_BLURHASH = "UA8N5},:Ioni~C#laKxaoznNwvx]XmRkVstR"

MODELS_BY_ID: Mapping[int, Model] = {model.id: model for model in MODELS}
VERSIONS_BY_ID: Mapping[int, tuple[Model, Version]] = {
    version.id: (model, version) for model in MODELS for version in model.versions
}


def file_hashes(file: File) -> dict[str, str]:
    """Give the hashes of a file by algorithm, in upper case; AutoV2 is the beginning of SHA256."""
    made = {
        name: (digest(file.id, name).hex() + digest(file.id, name, 2).hex())[:length].upper()
        for name, length in HASH_LENGTHS.items()
    } | dict(file.hashes)
    return made | {"AutoV2": made["SHA256"][:10]}


def _by_hash() -> dict[str, tuple[Model, Version]]:
    # "earliest publishedAt, then lowest id" where several versions have a hash: the later ones do not replace it.
    found: dict[str, tuple[Model, Version]] = {}
    for model, version in sorted(VERSIONS_BY_ID.values(), key=lambda entry: (entry[1].published, entry[1].id)):
        for file in version.files:
            for value in file_hashes(file).values():
                found.setdefault(value, (model, version))
    return found


VERSIONS_BY_HASH: Mapping[str, tuple[Model, Version]] = _by_hash()


def is_hidden(model: Model) -> bool:
    """Say whether a model has nothing to show: all of its versions, one at least, are hidden."""
    return bool(model.versions) and all(version.access == "hidden" for version in model.versions)


def pictures(model: Model, version: Version) -> tuple[Picture, ...]:
    """Give a version's images: those of the stock, or one that its creator posted."""
    number = 40_000_000 + version.id
    return version.pictures or (Picture(number, number + 1, model.creator, 1024, 1024, (version.id,)),)


@functools.cache
def model_body(model: Model) -> dict[str, Json]:
    """Write a Model. The result is shared: it is to be read only."""
    return {
        "id": model.id,
        "name": model.name,
        "description": f"<p>{model.name}, a {model.kind} by {model.creator}.</p>",
        "type": model.kind,
        "nsfw": model.nsfw,
        "nsfwLevel": model.nsfw_level,
        "allowNoCredit": model.id % 2 == 0,
        "allowCommercialUse": ["None"] if model.nsfw else ["Image", "RentCivit"],
        "allowDerivatives": True,
        "allowDifferentLicense": model.id % 2 == 0,
        "stats": _stats(model.downloads, model.rating),
        "creator": {
            "username": model.creator,
            "image": _image_url("avatar", model.creator, 96),
            "modelCount": CREATORS[model.creator],
            "link": f"{SITE_ORIGIN}/api/v1/models?username={model.creator}",
        },
        "tags": list(model.tags),
        "modelVersions": [version_body(model, version) for version in model.versions],
    }


@functools.cache
def version_body(model: Model, version: Version) -> dict[str, Json]:
    """Write a ModelVersion; of an archived one the files are gone. The result is shared: it is to be read only."""
    body = bare_version_body(model, version)
    body["air"] = air(model, version)
    if version.files:
        body["downloadUrl"] = _download_url(version)
        body["files"] = [_file_body(version, file) for file in version.files]
    body["images"] = [_picture_body(model, version, picture) for picture in pictures(model, version)]
    return body


def bare_version_body(model: Model, version: Version) -> dict[str, Json]:
    """Write what is told of a hidden version: that it exists, and where it belongs."""
    published = seconds(version.published)
    return {
        "id": version.id,
        "modelId": model.id,
        "name": version.name,
        "baseModel": version.base,
        "baseModelType": "Standard",
        "createdAt": timestamp(published - 7200),
        "updatedAt": timestamp(published + 3600),
        "publishedAt": version.published,
        "trainedWords": list(version.words),
        "stats": _stats(model.downloads // len(model.versions), model.rating),
    }


def air(model: Model, version: Version) -> str:
    """Name a version by its AI Resource Identifier."""
    kind = model.air_kind or _AIR_KINDS.get(model.kind, "other")
    return f"urn:air:{_ECOSYSTEMS[version.base]}:{kind}:civitai:{model.id}@{version.id}"


def _file_body(version: Version, file: File) -> dict[str, Json]:
    hashes: dict[str, Json] = {**file_hashes(file)}
    primary = file is version.files[0]
    return {
        "id": file.id,
        "name": file.name,
        "sizeKB": file.size_kb,
        "type": file.kind,
        "format": _FORMATS.get(file.name.rpartition(".")[2], "Other"),
        "pickleScanResult": "Success",
        "virusScanResult": "Success",
        "scannedAt": timestamp(seconds(version.published) - 3600),
        "hashes": hashes,
        "downloadUrl": _download_url(version) + ("" if primary else f"?fileId={file.id}"),
    }


def _picture_body(model: Model, version: Version, picture: Picture) -> dict[str, Json]:
    return {
        "id": picture.id,
        "url": _image_url(str(picture.id), picture.username, picture.width),
        "hash": _BLURHASH,
        "width": picture.width,
        "height": picture.height,
        "nsfwLevel": model.nsfw_level,
        "nsfw": model.nsfw,
        "createdAt": timestamp(seconds(version.published) + 600),
        "postId": picture.post,
        "stats": _stats(0, 0.0),
        "meta": {
            "prompt": f"{' '.join(version.words) or model.name}, detailed",
            "seed": picture.id,
            "steps": 30,
            "sampler": "DPM++ 2M Karras",
            "cfgScale": 7,
            "civitaiResources": [
                {"type": VERSIONS_BY_ID[number][0].kind.lower() if number in VERSIONS_BY_ID else "lora"}
                | {"modelVersionId": number}
                for number in picture.resources
            ],
        },
        "username": picture.username,
    }


def _stats(downloads: int, rating: float) -> dict[str, Json]:
    return {
        "downloadCount": downloads,
        "favoriteCount": downloads // 9,
        "commentCount": downloads // 700,
        "ratingCount": downloads // 120,
        "rating": rating,
        "thumbsUpCount": downloads // 11,
        "thumbsDownCount": downloads // 4000,
    }


def _download_url(version: Version) -> str:
    return f"{SITE_ORIGIN}/api/download/models/{version.id}"


def _image_url(name: str, of: str, width: int) -> str:
    return f"https://image.civitai.com/{digest(name, of).hex()[:22]}/width={width}/{name}.jpeg"
