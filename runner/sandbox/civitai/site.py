"""Turns calls of the Site API's operations into responses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import get_args

from runner.exchange import Response
from runner.sandbox.civitai.bodies import bare_version_body, mini_body, model_body, profile, version_body
from runner.sandbox.civitai.catalogue import HASH_LENGTHS, is_hidden, newest
from runner.sandbox.civitai.checks import json_body, several
from runner.sandbox.civitai.checks import text as is_text
from runner.sandbox.civitai.paging import page
from runner.sandbox.civitai.parameters import MAX_ID, whole
from runner.sandbox.civitai.replies import Refusal, not_found, site_error
from runner.sandbox.civitai.routes import Api, Call, Route, World
from runner.sandbox.civitai.rows import Access, Model, ModelType, Version
from runner.sandbox.civitai.site_lists import LISTS, since
from runner.sandbox.civitai.site_vault import VAULT
from runner.sandbox.replies import reply

_SORTS: dict[str, Callable[[Model], tuple[float, int] | str | int]] = {
    "Highest Rated": lambda model: (model.rating, model.downloads),
    "Most Downloaded": lambda model: model.downloads,
    "Newest": newest,
}

_FLAGS: dict[Access, tuple[bool, bool]] = {
    "public": (True, True),
    "gated": (True, False),
    "hidden": (False, False),
    "archived": (True, True),
}
"""Who does not own it can view, can download. An archived version may be downloaded; there is nothing to."""


def _list_models(call: Call) -> Response:
    catalogue = call.world.settings.catalogue
    return page(call, _search(call), lambda model: model_body(catalogue, model), default=100, least=1)


def _search(call: Call) -> list[Model]:
    """Give the models that all filters let through, in the order asked for."""
    query = call.query
    name, tag, username = (query.text(filter_name) for filter_name in ("query", "tag", "username"))
    types = query.several("types", get_args(ModelType))
    sort = query.word("sort", tuple(_SORTS)) or "Highest Rated"
    begin = since(query)
    nsfw = query.flag("nsfw")
    found = [
        model
        for model in call.world.settings.catalogue.models
        if _is_visible(call, model)
        and (not name or name.casefold() in model.name.casefold())
        and (not tag or tag.casefold() in map(str.casefold, model.tags))
        and (not username or username.casefold() == model.creator.casefold())
        and (not types or model.kind in types)
        and not (nsfw is False and model.nsfw)
        and newest(model) >= begin
    ]
    return sorted(found, key=_SORTS[sort], reverse=True)


def _is_visible(call: Call, model: Model) -> bool:
    return not is_hidden(model) or (call.caller is not None and call.caller.owns(model.creator))


def _get_model(call: Call) -> Response:
    number = _id(call)
    model = call.world.settings.catalogue.by_id.get(number)
    if model is None or not _is_visible(call, model):
        raise not_found(f"model with id {number}")
    return reply(model_body(call.world.settings.catalogue, model))


def _get_version(call: Call) -> Response:
    model, version = _version(call)
    if not _is_visible(call, model):
        return reply(bare_version_body(model, version))
    return reply(version_body(call.world.settings.catalogue, model, version))


def _get_mini(call: Call) -> Response:
    model, version = _version(call)
    if not _is_visible(call, model):
        raise not_found(f"model version with id {version.id}")
    return reply(mini_body(model, version))


def _version(call: Call) -> tuple[Model, Version]:
    number = _id(call)
    versions = call.world.settings.catalogue.versions
    if number not in versions:
        raise not_found(f"model version with id {number}")
    return versions[number]


def _id(call: Call) -> int:
    return whole(call.captured["id"], "id", 1, MAX_ID)


def _get_version_by_hash(call: Call) -> Response:
    wanted = _hash(call.captured["hash"], "hash")
    entry = _by_hash(call, wanted)
    if entry is None:
        raise not_found(f"model version with hash {wanted}")
    return reply(version_body(call.world.settings.catalogue, *entry))


def _get_versions_by_hashes(call: Call) -> Response:
    found = [entry for wanted in _hashes(call, 100) if (entry := _by_hash(call, wanted.upper())) is not None]
    unique = {version.id: (model, version) for model, version in found}
    return reply([version_body(call.world.settings.catalogue, *entry) for entry in unique.values()])


def _get_ids_by_hashes(call: Call) -> Response:
    found = {wanted: _by_hash(call, wanted.upper()) for wanted in _hashes(call, 10_000)}
    return reply({wanted: entry[1].id for wanted, entry in found.items() if entry is not None})


def _hashes(call: Call, most: int) -> list[str]:
    """Read the body of a bulk look-up: hashes as the caller spells them."""
    body = json_body(call.request, several(is_text))
    assert isinstance(body, list)
    if len(body) > most:
        raise Refusal(400, f"the body has {len(body)} hashes, more than {most}")
    for index, wanted in enumerate(body):
        _hash(str(wanted), f"[{index}]")
    return [str(wanted) for wanted in body]


def _hash(text: str, name: str) -> str:
    """Read a hash of any algorithm, in upper case."""
    wanted = text.upper()
    if re.fullmatch("[0-9A-F]+", wanted) is None or len(wanted) not in HASH_LENGTHS.values():
        lengths = ", ".join(f"{algorithm} {length}" for algorithm, length in HASH_LENGTHS.items())
        raise Refusal(400, f"{name} must be hexadecimal digits, as many as one of {lengths}")
    return wanted


def _by_hash(call: Call, wanted: str) -> tuple[Model, Version] | None:
    entry = call.world.settings.catalogue.by_hash.get(wanted)
    return entry if entry is not None and _is_visible(call, entry[0]) else None


def _me(call: Call) -> Response:
    account = call.account
    return reply(profile(account.username) | {"tier": account.vault.tier})


def _check_permissions(call: Call) -> Response:
    kind = call.query.word("entityType", ("Model", "ModelVersion", "Image", "Post", "Article"))
    if kind is None:
        raise Refusal(400, "entityType is required")
    number = whole(call.query.required("entityId"), "entityId", 1, MAX_ID)
    creator, access = _entity(call.world, kind, number)
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


def _entity(world: World, kind: str, number: int) -> tuple[str, Access]:
    """Give whose an entity is, and how it may be used; the catalogue has no articles."""
    catalogue = world.settings.catalogue
    if kind == "Model" and number in catalogue.by_id:
        model = catalogue.by_id[number]
        return model.creator, _best_access(model.versions)
    if kind == "ModelVersion" and number in catalogue.versions:
        model, version = catalogue.versions[number]
        return model.creator, version.access
    for _, version, picture in catalogue.pictures():
        if number == {"Image": picture.id, "Post": picture.post}.get(kind):
            return picture.username, "hidden" if version.access == "hidden" else "public"
    raise not_found(f"{kind} with id {number}")


def _best_access(versions: Sequence[Version]) -> Access:
    """Give the best that any version allows; a model without versions can be viewed, with nothing to download."""
    best: tuple[Access, ...] = ("public", "archived", "gated", "hidden")
    return min((version.access for version in versions), key=best.index, default="gated")


SITE = Api(
    "site",
    (
        Route("GET", "/models", "listModels", _list_models, fresh=300),
        Route("GET", "/models/{id}", "getModel", _get_model, fresh=300),
        Route("GET", "/model-versions/{id}", "getModelVersion", _get_version, fresh=300),
        Route("GET", "/model-versions/mini/{id}", "getModelVersionMini", _get_mini, fresh=300),
        Route("GET", "/model-versions/by-hash/{hash}", "getModelVersionByHash", _get_version_by_hash, fresh=3600),
        Route("POST", "/model-versions/by-hash", "getModelVersionsByHashes", _get_versions_by_hashes),
        Route("POST", "/model-versions/by-hash/ids", "getModelVersionIdsByHashes", _get_ids_by_hashes),
        Route("GET", "/me", "getCurrentUser", _me, bearer=True),
        Route("GET", "/permissions/check", "checkPermissions", _check_permissions, bearer=True),
        *LISTS,
        *VAULT,
    ),
    site_error,
)
"""Paths are written without the `/api/v1` of the server's URL."""
