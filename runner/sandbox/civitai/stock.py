"""The catalogue as rows: what the sandbox's Site API knows.

Ids, names, hashes, sizes and AIRs that the published examples mention are kept (WAI-illustrious-SDXL with its file,
Juggernaut XL, the image 9173928, the creators and tags); everything else is invented, the same on every run.
Ids of 3,100,000 and above are models that exist nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, Unpack

from runner.sandbox.civitai.rows import Access, File, Model, ModelType, Picture, Version

CREATORS: Mapping[str, int] = {
    "Civitai": 848,
    "JustMaier": 8,
    "maxhulker": 2,
    "lumenfield": 6,
    "papercut": 5,
    "tidewater": 5,
    "stillwater": 1,
    "quietharbour": 0,
}
"""How many models each has published; the catalogue does not hold them all."""

TAGS: Mapping[str, int] = {"comic book": 7, "style": 91, "Pepe Larraz": 1, "someday": 0}
"""How many models have a tag, where it is not as many as the catalogue holds."""

SNAPSHOT = "2026-05-25T15:42:11.000Z"
"""The moment the catalogue was taken; a `period` counts back from it, whatever the clock says."""


class _ModelRest(TypedDict, total=False):
    downloads: int
    rating: float
    nsfw_level: int
    air_kind: str


class _VersionRest(TypedDict, total=False):
    words: tuple[str, ...]
    pictures: tuple[Picture, ...]
    access: Access


_WAI_HASHES = {
    "AutoV1": "4748A7F6",
    "SHA256": "A5F58EB1C33616C4F06BCA55AF39876A7B817913CD829CAA8ACB111B770C85CC",
    "CRC32": "DAEE95B7",
}


def _model(
    identity: tuple[int, str, ModelType, str], tags: str, *versions: Version, **rest: Unpack[_ModelRest]
) -> Model:
    number, name, kind, creator = identity
    return Model(number, name, kind, creator, tuple(tags.split(", ")), versions, **rest)


def _version(number: int, name: str, base: str, published: str, *files: File, **rest: Unpack[_VersionRest]) -> Version:
    return Version(number, name, base, published, files, **rest)


MODELS: tuple[Model, ...] = (
    _model(
        (827184, "WAI-illustrious-SDXL", "Checkpoint", "lumenfield"),
        "base model, anime, illustrious",
        _version(
            2514310,
            "v16.0",
            "Illustrious",
            "2025-12-19T02:11:45.000Z",
            File(2402203, "waiIllustriousSDXL_v160.safetensors", 6775430.35, hashes=_WAI_HASHES),
        ),
        _version(
            2167369,
            "v15.0",
            "Illustrious",
            "2025-08-31T08:20:00.000Z",
            File(2061774, "waiIllustriousSDXL_v150.safetensors", 6775430.35),
        ),
        downloads=912_480,
        rating=4.96,
        nsfw_level=3,
    ),
    _model(
        (101055, "Juggernaut XL", "Checkpoint", "tidewater"),
        "base model, photorealistic, sdxl",
        _version(
            128078,
            "SDXL 1.0",
            "SDXL 1.0",
            "2023-07-26T17:05:12.000Z",
            File(93208, "juggernautXL_sdxl10.safetensors", 6775430.0),
            File(93209, "juggernautXL_sdxl10_vae.safetensors", 326798.3, kind="VAE"),
            words=("cinematic",),
        ),
        downloads=640_233,
        rating=4.91,
    ),
    _model(
        (200000, "Cyberpunk Skyline XL", "LORA", "papercut"),
        "cyberpunk, style, sdxl",
        _version(
            250000,
            "v1.0",
            "SDXL 1.0",
            "2023-12-02T10:00:00.000Z",
            File(193441, "cyberpunk_skyline_xl.safetensors", 223124.5),
            words=("neon skyline",),
        ),
        downloads=48_115,
        rating=4.83,
    ),
    _model(
        (4384, "DreamShaper", "Checkpoint", "lumenfield"),
        "base model, fantasy, portraits",
        _version(
            128713, "8", "SD 1.5", "2023-07-30T21:40:03.000Z", File(93862, "dreamshaper_8.safetensors", 2082642.47)
        ),
        downloads=1_204_552,
        rating=4.94,
    ),
    _model(
        (618692, "FLUX", "Checkpoint", "Civitai"),
        "base model, flux",
        _version(
            691639, "Dev", "Flux.1 D", "2024-08-06T00:14:55.000Z", File(605120, "flux_dev.safetensors", 23246800.1)
        ),
        downloads=233_870,
        rating=4.88,
    ),
    _model(
        (795765, "Illustrious-XL", "Checkpoint", "Civitai"),
        "base model, anime, illustrious",
        _version(
            900661,
            "v0.1",
            "Illustrious",
            "2024-09-30T15:11:20.000Z",
            File(811902, "illustriousXL_v01.safetensors", 6775430.2),
        ),
        downloads=187_002,
        rating=4.79,
    ),
    _model(
        (147759, "Remacri", "Other", "Civitai"),
        "upscaler",
        _version(
            164821,
            "Original",
            "Other",
            "2023-10-05T09:09:09.000Z",
            File(124011, "remacri_original.safetensors", 65462.0),
        ),
        downloads=71_204,
        rating=4.9,
        air_kind="upscaler",
    ),
    _model(
        (1102, "SynthwavePunk", "Checkpoint", "JustMaier"),
        "style, synthwave",
        _version(
            1318,
            "V2",
            "SD 1.5",
            "2022-12-01T18:30:00.000Z",
            File(1096, "synthwavepunk_v2.ckpt", 2082642.5),
            words=("snthwve style", "nvinkpunk"),
        ),
        downloads=30_418,
        rating=4.7,
    ),
    _model(
        (7808, "EasyNegative", "TextualInversion", "maxhulker"),
        "negative, embedding",
        _version(
            9208,
            "EasyNegative",
            "SD 1.5",
            "2023-02-13T07:45:31.000Z",
            File(8955, "easynegative.safetensors", 24.08, kind="Negative"),
            words=("easynegative",),
            pictures=(Picture(9173928, 1981754, "Ajuro", 832, 1216, (9208, 249861, 258687, 332071, 345685)),),
        ),
        downloads=503_991,
        rating=4.97,
    ),
    _model(
        (127227, "Analog Horizon", "Checkpoint", "tidewater"),
        "photorealistic, film",
        _version(139180, "v1.0", "SD 1.5", "2023-08-14T12:00:00.000Z", access="archived"),
        downloads=9870,
        rating=4.4,
    ),
    _model(
        (3100010, "Glasshouse Portrait XL", "Checkpoint", "tidewater"),
        "photorealistic, portraits, sdxl",
        _version(
            3200012,
            "v2.0 early access",
            "SDXL 1.0",
            "2026-05-24T20:00:00.000Z",
            File(3300012, "glasshousePortraitXL_v20.safetensors", 6775430.9),
            access="gated",
        ),
        _version(
            3200011,
            "v1.0",
            "SDXL 1.0",
            "2026-04-30T20:00:00.000Z",
            File(3300011, "glasshousePortraitXL_v10.safetensors", 6775430.9),
        ),
        downloads=5412,
        rating=4.6,
    ),
    _model(
        (3100020, "Unlisted Study", "LORA", "papercut"),
        "study",
        _version(
            3200020,
            "draft",
            "SDXL 1.0",
            "2026-05-20T06:00:00.000Z",
            File(3300020, "unlisted_study.safetensors", 111562.2),
            access="hidden",
        ),
    ),
    _model(
        (3100030, "Boudoir Light", "LORA", "papercut"),
        "lighting, photorealistic",
        _version(
            3200030,
            "v1.2",
            "SDXL 1.0",
            "2026-05-12T22:10:00.000Z",
            File(3300030, "boudoir_light_v12.safetensors", 223124.8),
            words=("boudoir light",),
        ),
        downloads=12_044,
        rating=4.5,
        nsfw_level=28,
    ),
    _model((3100040, "Ink Wash Studies", "LoCon", "papercut"), "style, ink"),
    _model(
        (3100050, "Comic Inks", "LoCon", "JustMaier"),
        "style, comic book, Pepe Larraz",
        _version(
            3200050,
            "v1.0",
            "SD 1.5",
            "2026-05-25T09:00:00.000Z",
            File(3300050, "comic_inks.safetensors", 38202.1),
            words=("comic inks",),
        ),
        downloads=802,
        rating=4.2,
    ),
    _model(
        (3100060, "Soft Edge Guide", "Controlnet", "lumenfield"),
        "controlnet, edges",
        _version(
            3200060,
            "v1.0",
            "SD 1.5",
            "2025-11-03T13:30:00.000Z",
            File(3300060, "soft_edge_guide.safetensors", 705682.6),
        ),
        downloads=3310,
        rating=4.3,
    ),
    _model(
        (3100070, "Fifty Standing Poses", "Poses", "maxhulker"),
        "poses, reference",
        _version(
            3200070,
            "set 1",
            "Other",
            "2025-06-18T16:45:00.000Z",
            File(3300070, "fifty_standing_poses.zip", 18044.7, kind="Archive"),
        ),
        downloads=1975,
        rating=4.1,
    ),
    _model(
        (3100080, "Street Scene Words", "Wildcards", "lumenfield"),
        "wildcards, city",
        _version(
            3200080,
            "v3",
            "Other",
            "2026-01-09T11:11:00.000Z",
            File(3300080, "street_scene_words.zip", 12.4, kind="Archive"),
        ),
        downloads=640,
        rating=4.0,
    ),
    _model(
        (3100090, "Two Pass Upscale", "Workflows", "lumenfield"),
        "comfy, upscaler",
        _version(
            3200090,
            "v1.0",
            "SDXL 1.0",
            "2026-03-15T19:00:00.000Z",
            File(3300090, "two_pass_upscale.zip", 48.9, kind="Archive"),
        ),
        downloads=2250,
        rating=4.65,
    ),
    _model(
        (3100100, "Watercolour Wash", "Hypernetwork", "papercut"),
        "style, watercolour",
        _version(3200100, "v1.0", "SD 1.5", "2023-01-22T14:00:00.000Z", File(3300100, "watercolour_wash.pt", 85450.3)),
        downloads=4120,
        rating=3.9,
    ),
    _model(
        (3100110, "Golden Hour", "AestheticGradient", "tidewater"),
        "lighting, photorealistic",
        _version(
            3200110, "v1.0", "SD 1.5", "2022-11-28T05:00:00.000Z", File(3300110, "golden_hour.pt", 4.1, kind="Other")
        ),
        downloads=288,
        rating=3.6,
    ),
    _model((3100120, "Blank Slate", "Wildcards", "stillwater"), "unfinished"),
)
