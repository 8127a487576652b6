"""The lists of the Site API: images, creators, tags, users, enumerations, and versions by many hashes."""

from __future__ import annotations

from typing import Any

import pytest

WAI_SHA256 = "A5F58EB1C33616C4F06BCA55AF39876A7B817913CD829CAA8ACB111B770C85CC"
WAI_CRC32 = "daee95b7"
HIDDEN_MODEL, HIDDEN = 3100020, 3200020


def items(caller: Any, path: str) -> list[dict[str, Any]]:
    response = caller.site(path, token=None)
    assert response.status == 200, response.body
    found: list[dict[str, Any]] = response.content.value["items"]
    return found


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("postId=1981754", [9173928]),
        ("username=ajuro", [9173928]),
        ("modelId=827184", [42514310, 42167369]),
        ("modelVersionId=2514310", [42514310]),
        ("modelId=101055&modelVersionId=2514310", []),
        (f"modelId={HIDDEN_MODEL}", []),
        ("username=papercut&sort=Newest", [43200030, 40250000, 43200100]),
        ("username=papercut&nsfw=Mature&sort=Newest", [40250000, 43200100]),
        ("username=papercut&nsfw=X&sort=Newest", [43200030, 40250000, 43200100]),
        ("modelId=827184&nsfw=None", []),
        ("modelId=827184&nsfw=Soft", [42514310, 42167369]),
        ("period=Day&sort=Newest", [43200050, 43200012]),
        ("sort=Most%20Comments&limit=1", [40128713]),
        ("modelId=3100120", []),
    ],
)
def test_images_are_those_that_all_filters_let_through(caller, query, ids):
    assert [image["id"] for image in items(caller, f"/images?{query}")] == ids


def test_an_image_leads_to_the_versions_it_was_made_with(caller):
    (image,) = items(caller, "/images?postId=1981754")
    resources = image["meta"]["civitaiResources"]
    assert [resource["modelVersionId"] for resource in resources] == [9208, 249861, 258687, 332071, 345685]
    assert caller.site(f"/model-versions/{resources[0]['modelVersionId']}").content.value["name"] == "EasyNegative"


@pytest.mark.parametrize("path", ["/images?", "/creators?", "/tags?", "/models?"])
def test_following_the_next_page_of_a_list_gives_everything_once(caller, path):
    url, seen = f"{path}limit=3", []
    while url:
        response = caller.site(url, token=None).content.value
        seen += [str(item) for item in response["items"]]
        url = response["metadata"].get("nextPage", "").removeprefix("https://civitai.com/api/v1")
    assert len(seen) == response["metadata"]["totalItems"] == len(set(seen)) > 6


@pytest.mark.parametrize("path", ["/images", "/creators", "/tags"])
def test_a_limit_of_nothing_gives_everything(caller, path):
    page = caller.site(f"{path}?limit=0").content.value
    assert len(page["items"]) == page["metadata"]["totalItems"] == page["metadata"]["pageSize"]
    assert page["metadata"]["totalPages"] == 1
    assert caller.site(f"{path}?limit=0&page=2").content.value["items"] == []


def test_creators_come_by_name_and_the_first_hit_need_not_be_the_one_meant(caller):
    names = [creator["username"] for creator in items(caller, "/creators")]
    assert names == sorted(names)
    found = [creator["username"] for creator in items(caller, "/creators?query=WATER")]
    assert found == ["stillwater", "tidewater"]


def test_a_creator_without_models_has_no_count(caller):
    (creator,) = items(caller, "/creators?query=quietharbour")
    assert "modelCount" not in creator
    assert items(caller, "/models?username=quietharbour") == []


def test_a_tag_leads_to_models_by_a_link_that_is_ready_to_send(caller):
    (tag,) = items(caller, "/tags?query=COMIC%20b")
    assert (tag["name"], tag["modelCount"]) == ("comic book", 7)
    path = tag["link"].removeprefix("https://civitai.com/api/v1")
    assert path == "/models?tag=comic%20book"
    assert [model["name"] for model in items(caller, path)] == ["Comic Inks"]


def test_the_tags_most_used_come_first_and_one_may_have_no_models(caller):
    counts = [tag["modelCount"] for tag in items(caller, "/tags?limit=0")]
    assert counts == sorted(counts, reverse=True)
    assert items(caller, "/tags?query=someday")[0]["modelCount"] == counts[-1] == 0


def test_a_tag_that_only_a_hidden_model_has_is_hidden(caller):
    assert items(caller, "/tags?query=study") == []


def test_users_are_a_bare_list_and_show_no_address(caller):
    users = caller.site("/users?username=JU", token=None).content.value
    assert [user["username"] for user in users] == ["Ajuro", "JustMaier"]
    assert {"email", "tier"}.isdisjoint(users[0])
    assert len(caller.site("/users?limit=2").content.value) == 2
    assert caller.site("/users?username=nobody").content.value == []


def test_a_creator_is_the_same_user_to_himself_and_to_others(caller):
    (seen,) = caller.site("/users?username=JustMaier").content.value
    assert caller.site("/me", token="justmaier").content.value.items() > seen.items()


def test_enumerations_hold_the_values_that_models_have(caller):
    enums = caller.site("/enums", token=None).content.value
    models = items(caller, "/models")
    assert {model["type"] for model in models} == set(enums["ModelType"])
    assert {version["baseModel"] for model in models for version in model["modelVersions"]} <= set(enums["BaseModel"])


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/images?limit=201", "limit"),
        ("/images?limit=-1", "limit"),
        ("/images?modelId=0", "modelId"),
        ("/images?nsfw=true", "nsfw"),
        ("/images?sort=Oldest", "sort"),
        ("/creators?page=0", "page"),
        ("/tags?limit=x", "limit"),
        ("/users?limit=-1", "limit"),
        ("/model-versions/mini/x", "id"),
    ],
)
def test_a_list_with_a_bad_value_is_refused_by_its_name(caller, path, place):
    response = caller.site(path)
    assert (response.status, response.content.value["message"].startswith(place)) == (400, True)


def test_a_mini_version_has_what_a_tool_needs(caller):
    assert caller.site("/model-versions/mini/2514310", token=None).content.value == {
        "id": 2514310,
        "modelId": 827184,
        "name": "v16.0",
        "baseModel": "Illustrious",
        "air": "urn:air:sdxl:checkpoint:civitai:827184@2514310",
        "downloadUrl": "https://civitai.com/api/download/models/2514310",
    }
    assert "downloadUrl" not in caller.site("/model-versions/mini/139180").content.value
    assert caller.site(f"/model-versions/mini/{HIDDEN}").status == 404
    assert caller.site(f"/model-versions/mini/{HIDDEN}", token="papercut").status == 200


def by_hash(caller: Any, body: Any, path: str = "", **rest: Any) -> Any:
    return caller.site(f"/model-versions/by-hash{path}", method="POST", body=body, **rest)


def test_many_hashes_give_each_version_once_and_what_is_unknown_is_left_out(caller):
    versions = by_hash(caller, [WAI_CRC32, "0" * 64, WAI_SHA256]).content.value
    assert [version["id"] for version in versions] == [2514310]
    assert by_hash(caller, ["0" * 64]).content.value == by_hash(caller, []).content.value == []


def test_ids_are_given_by_the_hash_as_it_was_spelled(caller):
    ids = by_hash(caller, [WAI_CRC32, "0" * 64, WAI_SHA256], "/ids").content.value
    assert ids == {WAI_CRC32: 2514310, WAI_SHA256: 2514310}


def test_a_hidden_version_is_found_among_many_by_its_owner_alone(caller):
    full = caller.site(f"/model-versions/{HIDDEN}", token="papercut").content.value
    hashes = [full["files"][0]["hashes"]["SHA256"]]
    assert by_hash(caller, hashes).content.value == []
    assert by_hash(caller, hashes, token="papercut").content.value == [full]


@pytest.mark.parametrize("path", ["", "/ids"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the body must be an array, not an object"),
        ([1], "[0] must be a string, not 1"),
        ([WAI_SHA256, "xyz"], "[1] must be hexadecimal digits"),
        (b"[", "the body cannot be read"),
        (None, "a JSON body is required"),
        (["0" * 64] * 10_001, "the body has 10001 hashes, more than 10"),
    ],
)
def test_a_body_that_is_no_list_of_hashes_is_400(caller, path, body, message):
    response = by_hash(caller, body, path)
    assert (response.status, response.content.value["message"][: len(message)]) == (400, message)


def test_a_hundred_hashes_are_looked_up_at_once_and_no_more(caller):
    assert by_hash(caller, ["0" * 64] * 100).status == 200
    assert by_hash(caller, ["0" * 64] * 101).status == 400
    assert by_hash(caller, ["0" * 64] * 101, "/ids").status == 200
