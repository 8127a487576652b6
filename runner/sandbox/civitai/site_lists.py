"""Turns calls of the Site API's lists, of images, creators, tags, users and enumerations, into responses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias, get_args

from runner.exchange import Response
from runner.sandbox.civitai.bodies import ECOSYSTEMS, creator_body, picture_body, posted, tag_body, user_body
from runner.sandbox.civitai.paging import page
from runner.sandbox.civitai.parameters import MAX_ID, Query
from runner.sandbox.civitai.routes import Call, Route
from runner.sandbox.civitai.rows import Model, ModelType, Picture, Version
from runner.sandbox.civitai.stock import SNAPSHOT
from runner.sandbox.replies import reply
from runner.values import Json

_PERIODS = {"AllTime": None, "Year": 365, "Month": 30, "Week": 7, "Day": 1}

_LEVELS = {"None": 1, "Soft": 3, "Mature": 7, "X": 31}
"""What an image may show at most: PG 1, PG-13 2, R 4, X 8, XXX 16."""

_Shown: TypeAlias = tuple[Model, Version, Picture]

_SORTS: dict[str, Callable[[_Shown], tuple[float, int]]] = {
    "Most Reactions": lambda shown: (shown[0].downloads // 11, shown[2].id),
    "Most Comments": lambda shown: (shown[0].downloads // 700, shown[2].id),
    "Newest": lambda shown: (posted(shown[1]), shown[2].id),
}


def since(query: Query) -> str:
    """Give when the `period` asked for began, counted back from the catalogue's own date; an empty text for ever."""
    days = _PERIODS[query.word("period", tuple(_PERIODS)) or "AllTime"]
    if days is None:
        return ""
    moment = datetime.fromisoformat(SNAPSHOT) - timedelta(days=days)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _list_images(call: Call) -> Response:
    query, catalogue = call.query, call.world.settings.catalogue
    wanted = {name: query.identity(name) for name in ("postId", "modelId", "modelVersionId")}
    username, level = query.text("username"), _LEVELS[query.word("nsfw", tuple(_LEVELS)) or "X"]
    sort = query.word("sort", tuple(_SORTS)) or "Most Reactions"
    begin = since(query)
    found = [
        (model, version, picture)
        for model, version, picture in catalogue.pictures()
        if version.access != "hidden"
        and wanted["postId"] in (None, picture.post)
        and wanted["modelId"] in (None, model.id)
        and wanted["modelVersionId"] in (None, version.id)
        and (not username or username.casefold() == picture.username.casefold())
        and model.nsfw_level <= level
        and version.published >= begin
    ]
    found.sort(key=_SORTS[sort], reverse=True)
    return page(call, found, lambda shown: picture_body(catalogue, *shown), default=100)


def _list_creators(call: Call) -> Response:
    catalogue = call.world.settings.catalogue
    return page(
        call, _named(call, tuple(catalogue.model_counts)), lambda name: creator_body(catalogue, name), default=20
    )


def _list_tags(call: Call) -> Response:
    catalogue = call.world.settings.catalogue
    return page(call, _named(call, tuple(catalogue.tag_counts)), lambda name: tag_body(catalogue, name), default=20)


def _named(call: Call, names: tuple[str, ...]) -> list[str]:
    """Give the names that contain what `query` asks for, without regard to case."""
    part = (call.query.text("query") or "").casefold()
    return [name for name in names if part in name.casefold()]


def _list_users(call: Call) -> Response:
    part = (call.query.text("username") or "").casefold()
    limit = call.query.whole("limit", 0, MAX_ID, default=MAX_ID)
    found = [name for name in call.world.settings.catalogue.users if part in name.casefold()]
    return reply([user_body(name) for name in found[:limit]])


def _enums(call: Call) -> Response:
    used = {version.base for _, version in call.world.settings.catalogue.versions.values()}
    bases: list[Json] = [*sorted({*ECOSYSTEMS, *used})]
    return reply(
        {
            "ModelType": list(get_args(ModelType)),
            "ModelFileType": ["Model", "VAE", "Config", "Negative", "Training Data", "Archive", "Other"],
            "BaseModel": bases,
            "ActiveBaseModel": [base for base in bases if base != "Other"],
            "BaseModelType": ["Standard", "Inpainting", "Refiner", "Pix2Pix"],
        }
    )


LISTS = (
    Route("GET", "/images", "listImages", _list_images, fresh=300),
    Route("GET", "/creators", "listCreators", _list_creators, fresh=300),
    Route("GET", "/tags", "listTags", _list_tags, fresh=300),
    Route("GET", "/users", "listUsers", _list_users, fresh=300),
    Route("GET", "/enums", "getEnums", _enums),
)
