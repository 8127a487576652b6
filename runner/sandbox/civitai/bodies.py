"""Turns rows of the catalogue into the bodies of the Site API."""

from __future__ import annotations

from urllib.parse import quote

from runner.sandbox.civitai.catalogue import SITE_ORIGIN, Catalogue, file_hashes, pictures
from runner.sandbox.civitai.rows import File, Model, Picture, Version
from runner.sandbox.ids import digest, seconds, timestamp
from runner.values import Json

ECOSYSTEMS = {"SD 1.5": "sd1", "SDXL 1.0": "sdxl", "Illustrious": "sdxl", "Flux.1 D": "flux1", "Other": "other"}

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


def model_body(catalogue: Catalogue, model: Model) -> dict[str, Json]:
    """Write a Model."""
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
        "creator": creator_body(catalogue, model.creator),
        "tags": list(model.tags),
        "modelVersions": [version_body(catalogue, model, version) for version in model.versions],
    }


def version_body(catalogue: Catalogue, model: Model, version: Version) -> dict[str, Json]:
    """Write a ModelVersion; of an archived one the files are gone."""
    body = bare_version_body(model, version)
    body["air"] = air(model, version)
    if version.files:
        body["downloadUrl"] = _download_url(version)
        body["files"] = [_file_body(version, file) for file in version.files]
    body["images"] = [picture_body(catalogue, model, version, picture) for picture in pictures(model, version)]
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
    return f"urn:air:{ECOSYSTEMS.get(version.base, 'other')}:{kind}:civitai:{model.id}@{version.id}"


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


def posted(version: Version) -> float:
    """Give when a version's images were posted, in seconds since 1970."""
    return seconds(version.published) + 600


def picture_body(catalogue: Catalogue, model: Model, version: Version, picture: Picture) -> dict[str, Json]:
    """Write an Image of a version."""
    return {
        "id": picture.id,
        "url": _image_url(str(picture.id), picture.username, picture.width),
        "hash": _BLURHASH,
        "width": picture.width,
        "height": picture.height,
        "nsfwLevel": model.nsfw_level,
        "nsfw": model.nsfw,
        "createdAt": timestamp(posted(version)),
        "postId": picture.post,
        "stats": _stats(model.downloads // 20, 0.0) | {"downloadCount": 0, "ratingCount": 0},
        "meta": {
            "prompt": f"{' '.join(version.words) or model.name}, detailed",
            "seed": picture.id,
            "steps": 30,
            "sampler": "DPM++ 2M Karras",
            "cfgScale": 7,
            "civitaiResources": [
                {"type": _kind_of(catalogue, number), "modelVersionId": number} for number in picture.resources
            ],
        },
        "username": picture.username,
    }


def _kind_of(catalogue: Catalogue, version_id: int) -> str:
    return catalogue.versions[version_id][0].kind.lower() if version_id in catalogue.versions else "lora"


def mini_body(model: Model, version: Version) -> dict[str, Json]:
    """Write a ModelVersionMini; of an archived version there is nothing to download."""
    body: dict[str, Json] = {
        "id": version.id,
        "modelId": model.id,
        "name": version.name,
        "baseModel": version.base,
        "air": air(model, version),
    }
    return body | ({"downloadUrl": _download_url(version)} if version.files else {})


def creator_body(catalogue: Catalogue, name: str) -> dict[str, Json]:
    """Write a Creator; the count is missing where it is 0."""
    count = catalogue.model_counts[name]
    body: dict[str, Json] = {"username": name, "image": avatar_url(name)}
    body |= {"modelCount": count} if count else {}
    return body | {"link": f"{catalogue.origin}/api/v1/models?username={quote(name)}"}


def tag_body(catalogue: Catalogue, name: str) -> dict[str, Json]:
    """Write a Tag."""
    link = f"{catalogue.origin}/api/v1/models?tag={quote(name)}"
    return {"name": name, "modelCount": catalogue.tag_counts[name], "link": link}


def user_body(name: str) -> dict[str, Json]:
    """Write a User as others see it."""
    return {
        "id": 1 + int.from_bytes(digest("user", name.casefold())[:3]),
        "username": name,
        "image": avatar_url(name),
        "createdAt": "2023-01-01T00:00:00.000Z",
    }


def profile(name: str) -> dict[str, Json]:
    """Write a User as the API tells itself who it is."""
    return user_body(name) | {"email": f"{name}@civitai.example"}


def avatar_url(name: str) -> str:
    return _image_url("avatar", name, 96)


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
