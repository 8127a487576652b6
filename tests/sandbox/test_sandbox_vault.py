"""The vault of the sandbox: putting versions in, taking them out, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from runner.sandbox.civitai.settings import Opening

WAI, GATED, HIDDEN, ARCHIVED = 2514310, 3200012, 3200020, 139180


def toggle(caller: Any, version_id: Any = WAI, **rest: Any) -> Any:
    return caller.site("/vault/toggle-version", method="POST", body={"modelVersionId": version_id}, **rest)


def item(caller: Any, version_id: int = WAI, **rest: Any) -> Any:
    return caller.site(f"/vault/get?modelVersionId={version_id}", **rest)


def test_a_version_is_put_in_copied_and_taken_out_again(caller, clock):
    added = toggle(caller).content.value
    assert added == {
        "id": 1,
        "modelVersionId": WAI,
        "modelId": 827184,
        "addedAt": "2026-05-28T20:26:40.000Z",
        "status": "Pending",
        "sizeKb": 6775430.35,
    }
    assert item(caller).content.value == added
    clock.time += 2
    stored = added | {"status": "Stored"}
    assert item(caller).content.value == stored
    assert caller.site("/vault/all").content.value == [stored]
    assert toggle(caller).content.value == stored
    assert item(caller).status == 404
    assert caller.site("/vault/all").content.value == []


def test_the_room_that_is_taken_is_told(caller):
    before = caller.site("/vault/check-vault").content.value
    assert before == {"subscribed": True, "storageUsedKb": 0, "storageLimitKb": 104857600, "tier": "Bronze"}
    toggle(caller)
    assert caller.site("/vault/check-vault").content.value == before | {"storageUsedKb": 6775430.35}
    toggle(caller)
    assert caller.site("/vault/check-vault").content.value == before


def test_a_vault_is_ones_own(caller):
    toggle(caller)
    assert item(caller, token="someone-else").status == 404


def test_of_an_archived_version_no_copy_can_be_made(caller, clock):
    assert toggle(caller, ARCHIVED).content.value["status"] == "Pending"
    clock.time += 2
    assert item(caller, ARCHIVED).content.value["status"] == "Failed"


def test_a_free_account_has_no_vault(caller):
    status = caller.site("/vault/check-vault", token="free-rider").content.value
    assert status == {"subscribed": False, "storageUsedKb": 0, "storageLimitKb": 0, "tier": "Free"}
    assert caller.site("/me", token="free-rider").content.value["tier"] == "Free"
    refused = toggle(caller, token="free-rider")
    assert (refused.status, refused.content.value["code"]) == (403, "no_membership")
    assert item(caller, token="free-rider").status == 404
    assert caller.site("/vault/all", token="free-rider").content.value == []


def test_a_full_vault_takes_nothing_more(caller):
    status = caller.site("/vault/check-vault", token="full-house").content.value
    assert status["storageUsedKb"] == status["storageLimitKb"]
    refused = toggle(caller, token="full-house")
    assert (refused.status, refused.content.value["code"]) == (403, "vault_full")
    assert refused.content.value["message"] == "the version takes 6775430.35 KB and the vault has 0.0 KB left"


def test_what_fits_exactly_is_taken(make):
    caller = make(accounts={"somebody": Opening(vault_other_kb=104857600 - 6775430.35)})
    assert toggle(caller).status == 200
    assert toggle(caller, 2167369).status == 403


def test_what_a_vault_holds_is_a_setting(make, clock):
    caller = make(
        accounts={"somebody": Opening(tier="Gold", vault={WAI: "Pending", ARCHIVED: "Failed", 128078: "Stored"})}
    )
    clock.time += 1e6
    assert [each["status"] for each in caller.site("/vault/all").content.value] == ["Pending", "Failed", "Stored"]
    used = caller.site("/vault/check-vault").content.value
    assert (used["tier"], used["storageUsedKb"]) == ("Gold", 6775430.35 + 6775430.0 + 326798.3)


@pytest.mark.parametrize(
    ("version_id", "token", "status"),
    [
        (GATED, "somebody", 403),
        (GATED, "tidewater", 200),
        (HIDDEN, "somebody", 404),
        (HIDDEN, "papercut", 200),
        (999, "somebody", 404),
        (0, "somebody", 400),
        ("2514310", "somebody", 400),
        (2514310.0, "somebody", 200),
        (WAI, None, 401),
    ],
)
def test_only_what_one_may_download_can_be_put_in(caller, version_id, token, status):
    assert toggle(caller, version_id, token=token).status == status


@pytest.mark.parametrize("query", ["", "?modelVersionId=x", "?modelVersionId=0", "?modelVersionId=1&modelVersionId=2"])
def test_an_item_is_asked_for_by_one_id(caller, query):
    assert caller.site(f"/vault/get{query}").status == 400


def test_toggling_wants_json(caller):
    assert caller.site("/vault/toggle-version", method="POST").status == 400
    assert caller.site("/vault/toggle-version", method="POST", body={}).status == 400
