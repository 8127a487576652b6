"""Turns calls of the Site API's vault operations into responses."""

from __future__ import annotations

from runner.exchange import Response
from runner.sandbox.civitai.catalogue import is_hidden
from runner.sandbox.civitai.checks import json_body, record, whole
from runner.sandbox.civitai.parameters import MAX_ID
from runner.sandbox.civitai.replies import Refusal, not_found
from runner.sandbox.civitai.routes import Call, Route
from runner.sandbox.civitai.rows import Model, Version
from runner.sandbox.civitai.vault import Item
from runner.sandbox.ids import timestamp
from runner.sandbox.replies import reply
from runner.values import Json

_TOGGLE = record({"modelVersionId": whole(1, MAX_ID)}, required=("modelVersionId",))


def _get(call: Call) -> Response:
    number = call.query.identity("modelVersionId")
    if number is None:
        raise Refusal(400, "modelVersionId is required")
    item = call.account.vault.items.get(number)
    if item is None:
        raise not_found(f"vault item of model version {number}")
    return reply(_item_body(item, call.now))


def _all(call: Call) -> Response:
    return reply([_item_body(item, call.now) for item in call.account.vault.items.values()])


def _check(call: Call) -> Response:
    vault = call.account.vault
    return reply(
        {
            "subscribed": vault.tier != "Free",
            "storageUsedKb": vault.used_kb(call.now),
            "storageLimitKb": vault.limit_kb,
            "tier": vault.tier,
        }
    )


def _toggle(call: Call) -> Response:
    body = json_body(call.request, _TOGGLE)
    assert isinstance(body, dict)
    given = body["modelVersionId"]
    assert isinstance(given, int | float)
    model, version = _version(call, int(given))
    settings = call.world.settings
    return reply(_item_body(call.account.vault.toggle(model.id, version, call.now, settings.vault_duration), call.now))


def _version(call: Call, number: int) -> tuple[Model, Version]:
    """Give a version that may be copied: one that the caller can see and download, or has a copy of already."""
    entry = call.world.settings.catalogue.versions.get(number)
    there = number in call.account.vault.items
    if entry is None or (is_hidden(entry[0]) and not call.account.owns(entry[0].creator) and not there):
        raise not_found(f"model version with id {number}")
    model, version = entry
    if version.access == "gated" and not call.account.owns(model.creator) and not there:
        raise Refusal(403, f"model version {number} may not be downloaded yet")
    return entry


def _item_body(item: Item, now: float) -> dict[str, Json]:
    return {
        "id": item.id,
        "modelVersionId": item.version_id,
        "modelId": item.model_id,
        "addedAt": timestamp(item.added),
        "status": item.status(now),
        "sizeKb": item.size_kb,
    }


VAULT = (
    Route("GET", "/vault/get", "getVaultItem", _get, bearer=True),
    Route("GET", "/vault/all", "getAllVaultItems", _all, bearer=True),
    Route("GET", "/vault/check-vault", "checkVault", _check, bearer=True),
    Route("POST", "/vault/toggle-version", "toggleVaultVersion", _toggle, bearer=True),
)
