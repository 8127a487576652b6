"""Turns calls of the Site API's operations into responses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import get_args

from runner.exchange import Response
from runner.sandbox.civitai.accounts import Account, profile
from runner.sandbox.civitai.catalogue import (
    HASH_LENGTHS,
    MODELS_BY_ID,
    VERSIONS_BY_HASH,
    VERSIONS_BY_ID,
    bare_version_body,
    is_hidden,
    model_body,
    pictures,
    version_body,
)
from runner.sandbox.civitai.parameters import MAX_ID, Query, whole
from runner.sandbox.civitai.replies import Refusal, not_found, site_error
from runner.sandbox.civitai.routes import Api, Call, Route
from runner.sandbox.civitai.rows import Access, Model, ModelType, Version
from runner.sandbox.civitai.stock import MODELS, SNAPSHOT
from runner.sandbox.replies import reply
from runner.values import Json

_PERIODS = {"AllTime": None, "Year": 365, "Month": 30, "Week": 7, "Day": 1}


def _newest(model: Model) -> str:
    return max((version.published for version in model.versions), default="")


_SORTS: dict[str, Callable[[Model], tuple[float, int] | str | int]] = {
    "Highest Rated": lambda model: (model.rating, model.downloads),
    "Most Downloaded": lambda model: model.downloads,
    "Newest": _newest,
}

_FLAGS: dict[Access, tuple[bool, bool]] = {
    "public": (True, True),
    "gated": (True, False),
    "hidden": (False, False),
    "archived": (True, True),
}
"""Who does not own it can view, can download. An archived version may be downloaded; there is nothing to."""


def _list_models(call: Call) -> Response:
    limit = call.query.whole("limit", 1, 200, default=100)
    page = call.query.whole("page", 1, MAX_ID, default=1)
    found = _search(call.query, call.caller)
    items: list[Json] = [model_body(model) for model in found[(page - 1) * limit : page * limit]]
    return reply({"items": items, "metadata": _metadata(call, page, limit, len(found))})


def _search(query: Query, caller: Account | None) -> list[Model]:
    """Give the models that all filters let through, in the order asked for."""
    name, tag, username = (query.text(filter_name) for filter_name in ("query", "tag", "username"))
    types = query.several("types", get_args(ModelType))
    sort = query.word("sort", tuple(_SORTS)) or "Highest Rated"
    days = _PERIODS[query.word("period", tuple(_PERIODS)) or "AllTime"]
    nsfw = query.flag("nsfw")
    since = "" if days is None else _days_before_snapshot(days)
    found = [
        model
        for model in MODELS
        if _is_visible(model, caller)
        and (not name or name.casefold() in model.name.casefold())
        and (not tag or tag.casefold() in map(str.casefold, model.tags))
        and (not username or username.casefold() == model.creator.casefold())
        and (not types or model.kind in types)
        and not (nsfw is False and model.nsfw)
        and _newest(model) >= since
    ]
    return sorted(found, key=_SORTS[sort], reverse=True)


def _days_before_snapshot(days: int) -> str:
    moment = datetime.fromisoformat(SNAPSHOT) - timedelta(days=days)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _metadata(call: Call, page: int, limit: int, total: int) -> dict[str, Json]:
    """Write Metadata; at either end the link is left out."""
    pages = -(-total // limit)
    metadata: dict[str, Json] = {
        "currentPage": page,
        "pageSize": limit,
        "totalItems": total,
        "totalPages": pages,
    }
    if page < pages:
        metadata["nextPage"] = _page_url(call, page + 1)
    if page > 1 and pages:
        metadata["prevPage"] = _page_url(call, min(page - 1, pages))
    return metadata


def _page_url(call: Call, page: int) -> str:
    base = call.request.url.partition("#")[0].partition("?")[0]
    return f"{base}?{call.query.with_value('page', str(page))}"


def _is_visible(model: Model, caller: Account | None) -> bool:
    return not is_hidden(model) or (caller is not None and caller.owns(model.creator))


def _get_model(call: Call) -> Response:
    number = _id(call)
    model = MODELS_BY_ID.get(number)
    if model is None or not _is_visible(model, call.caller):
        raise not_found(f"model with id {number}")
    return reply(model_body(model))


def _get_version(call: Call) -> Response:
    number = _id(call)
    if number not in VERSIONS_BY_ID:
        raise not_found(f"model version with id {number}")
    model, version = VERSIONS_BY_ID[number]
    write = version_body if _is_visible(model, call.caller) else bare_version_body
    return reply(write(model, version))


def _get_version_by_hash(call: Call) -> Response:
    wanted = call.captured["hash"].upper()
    if re.fullmatch("[0-9A-F]+", wanted) is None or len(wanted) not in HASH_LENGTHS.values():
        lengths = ", ".join(f"{name} {length}" for name, length in HASH_LENGTHS.items())
        raise Refusal(400, f"hash must be hexadecimal digits, as many as one of {lengths}")
    entry = VERSIONS_BY_HASH.get(wanted)
    if entry is None or not _is_visible(entry[0], call.caller):
        raise not_found(f"model version with hash {wanted}")
    return reply(version_body(*entry))


def _id(call: Call) -> int:
    return whole(call.captured["id"], "id", 1, MAX_ID)


def _me(call: Call) -> Response:
    account = call.account
    return reply(
        {
            **profile(account.key, account.username),
            "tier": "Bronze",
            "createdAt": "2023-01-01T00:00:00.000Z",
        }
    )


def _check_permissions(call: Call) -> Response:
    kind = call.query.word("entityType", ("Model", "ModelVersion", "Image", "Post", "Article"))
    if kind is None:
        raise Refusal(400, "entityType is required")
    number = whole(call.query.required("entityId"), "entityId", 1, MAX_ID)
    creator, access = _entity(kind, number)
    owned = call.account.owns(creator)
    can_view, can_download = _FLAGS[access]
    return reply(
        {
            "entityType": kind,
            "entityId": number,
            "canView": can_view or owned,
            "canEdit": owned,
            "canDelete": owned,
            "canDownload": can_download or owned,
        }
    )


def _entity(kind: str, number: int) -> tuple[str, Access]:
    """Give whose an entity is, and how it may be used; the catalogue has no articles."""
    if kind == "Model" and number in MODELS_BY_ID:
        model = MODELS_BY_ID[number]
        return model.creator, _best_access(model.versions)
    if kind == "ModelVersion" and number in VERSIONS_BY_ID:
        model, version = VERSIONS_BY_ID[number]
        return model.creator, version.access
    for model, version in VERSIONS_BY_ID.values():
        for picture in pictures(model, version):
            if number == {"Image": picture.id, "Post": picture.post}.get(kind):
                return picture.username, "hidden" if version.access == "hidden" else "public"
    raise not_found(f"{kind} with id {number}")


def _best_access(versions: Sequence[Version]) -> Access:
    """Give the best that any version allows; a model without versions can be viewed, with nothing to download."""
    best: tuple[Access, ...] = ("public", "archived", "gated", "hidden")
    return min((version.access for version in versions), key=best.index, default="gated")


SITE = Api(
    "site",
    [
        Route("GET", "/models", "listModels", _list_models),
        Route("GET", "/models/{id}", "getModel", _get_model),
        Route("GET", "/model-versions/{id}", "getModelVersion", _get_version),
        Route("GET", "/model-versions/mini/{id}", "getModelVersionMini"),
        Route("GET", "/model-versions/by-hash/{hash}", "getModelVersionByHash", _get_version_by_hash),
        Route("POST", "/model-versions/by-hash", "getModelVersionsByHashes"),
        Route("POST", "/model-versions/by-hash/ids", "getModelVersionIdsByHashes"),
        Route("GET", "/images", "listImages"),
        Route("GET", "/creators", "listCreators"),
        Route("GET", "/tags", "listTags"),
        Route("GET", "/me", "getCurrentUser", _me, bearer=True),
        Route("GET", "/users", "listUsers"),
        Route("GET", "/permissions/check", "checkPermissions", _check_permissions, bearer=True),
        Route("GET", "/vault/get", "getVaultItem", bearer=True),
        Route("GET", "/vault/all", "getAllVaultItems", bearer=True),
        Route("GET", "/vault/check-vault", "checkVault", bearer=True),
        Route("POST", "/vault/toggle-version", "toggleVaultVersion", bearer=True),
        Route("GET", "/enums", "getEnums"),
    ],
    site_error,
)
"""Paths are written without the `/api/v1` of the server's URL."""
