"""The Site API of the sandbox: the catalogue, searching it, and who may do what with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from runner.exchange import header

GATED, HIDDEN, ARCHIVED, OPEN = 3200012, 3200020, 139180, 2514310
WAI_SHA256 = "A5F58EB1C33616C4F06BCA55AF39876A7B817913CD829CAA8ACB111B770C85CC"


def names(response: Any) -> list[str]:
    assert response.status == 200, response.body
    return [model["name"] for model in response.content.value["items"]]


def everything(caller: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = caller.site("/models?limit=200", token=None).content.value["items"]
    return items


def test_every_model_and_version_of_the_list_is_found_again_by_its_id(caller):
    models = everything(caller)
    assert len(models) > 15
    for model in models:
        assert caller.site(f"/models/{model['id']}").content.value == model
        for version in model["modelVersions"]:
            assert version["modelId"] == model["id"]
            assert caller.site(f"/model-versions/{version['id']}").content.value == version
            assert version["air"].endswith(f":civitai:{model['id']}@{version['id']}")


def test_every_type_of_the_description_occurs(caller):
    assert len({model["type"] for model in everything(caller)}) == 11


def test_every_file_is_found_by_each_of_its_hashes_in_either_case(caller):
    lengths = {"AutoV1": 8, "AutoV2": 10, "SHA256": 64, "CRC32": 8, "Blake3": 64}
    for version in (version for model in everything(caller) for version in model["modelVersions"]):
        for file in version.get("files", []):
            hashes = file["hashes"]
            assert {name: len(value) for name, value in hashes.items()} == lengths
            assert hashes["AutoV2"] == hashes["SHA256"][:10]
            for value in hashes.values():
                for spelled in (value.lower(), value):
                    assert caller.site(f"/model-versions/by-hash/{spelled}").content.value == version


def test_the_published_example_is_in_the_catalogue(caller):
    version = caller.site("/model-versions/2514310", token=None).content.value
    (file,) = version["files"]
    assert version["air"] == "urn:air:sdxl:checkpoint:civitai:827184@2514310"
    assert file["hashes"]["SHA256"] == WAI_SHA256
    assert (file["id"], file["sizeKB"]) == (2402203, 6775430.35)


def test_dates_are_rfc_3339_in_order(caller):
    version = caller.site("/model-versions/128078").content.value
    dates = [datetime.fromisoformat(version[name]) for name in ("createdAt", "publishedAt", "updatedAt")]
    assert dates == sorted(dates)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("query=WAI", ["WAI-illustrious-SDXL"]),
        ("query=ILLUSTRIOUS&sort=Newest", ["WAI-illustrious-SDXL", "Illustrious-XL"]),
        ("query=nothing-is-called-this", []),
        ("tag=comic%20book", ["Comic Inks"]),
        ("tag=Comic+Book", ["Comic Inks"]),
        ("tag=comic", []),
        ("username=justmaier&sort=Most%20Downloaded", ["SynthwavePunk", "Comic Inks"]),
        ("types=Hypernetwork&types=AestheticGradient", ["Watercolour Wash", "Golden Hour"]),
        ("types=Hypernetwork,AestheticGradient", ["Watercolour Wash", "Golden Hour"]),
        ("types=LORA&nsfw=true", ["Cyberpunk Skyline XL", "Boudoir Light"]),
        ("types=LORA&nsfw=false", ["Cyberpunk Skyline XL"]),
        ("period=Day&sort=Newest", ["Comic Inks", "Glasshouse Portrait XL"]),
        ("period=Month&sort=Newest", ["Comic Inks", "Glasshouse Portrait XL", "Boudoir Light"]),
        ("query=DreamShaper&page=1&unknown=ignored", ["DreamShaper"]),
        ("query=&tag=upscaler&types=Other", ["Remacri"]),
    ],
)
def test_a_search_gives_what_all_its_filters_let_through(caller, query, expected):
    assert names(caller.site(f"/models?{query}", token=None)) == expected


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=", "limit"),
        ("limit=1e1", "limit"),
        ("limit=1&limit=2", "limit"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("types=LORA,Lora", "types"),
        ("sort=newest", "sort"),
        ("period=Decade", "period"),
        ("nsfw=1", "nsfw"),
    ],
)
def test_a_search_with_a_bad_value_is_refused_by_its_name(caller, query, place):
    response = caller.site(f"/models?{query}")
    assert response.status == 400
    assert response.content.value["code"] == "bad_request"
    assert response.content.value["message"].startswith(place)


def test_following_the_next_page_gives_everything_once(caller):
    url, seen = "/models?limit=4&sort=Most%20Downloaded", []
    while url:
        page = caller.site(url).content.value
        seen += [model["id"] for model in page["items"]]
        url = page["metadata"].get("nextPage", "").removeprefix("https://civitai.com/api/v1")
    assert len(seen) == page["metadata"]["totalItems"] == len(set(seen))
    assert page["metadata"]["currentPage"] == page["metadata"]["totalPages"]


@pytest.mark.parametrize(
    ("page", "next_page", "previous_page"), [(1, 2, None), (2, 3, 1), (3, None, 2), (4, None, 3), (9, None, 3)]
)
def test_page_links_repeat_the_query_and_are_missing_at_the_ends(caller, page, next_page, previous_page):
    metadata = caller.site(f"/models?types=Checkpoint&limit=3&page={page}").content.value["metadata"]
    assert (metadata["totalItems"], metadata["totalPages"], metadata["pageSize"]) == (8, 3, 3)
    base = "https://civitai.com/api/v1/models?types=Checkpoint&limit=3&page="
    assert metadata.get("nextPage") == (next_page and f"{base}{next_page}")
    assert metadata.get("prevPage") == (previous_page and f"{base}{previous_page}")


def test_an_empty_result_has_no_pages(caller):
    metadata = caller.site("/models?query=zzz&page=2").content.value["metadata"]
    assert metadata == {"currentPage": 2, "pageSize": 100, "totalItems": 0, "totalPages": 0}


def test_a_model_can_be_without_versions(caller):
    assert caller.site("/models/3100040").content.value["modelVersions"] == []


def test_an_archived_version_has_neither_files_nor_a_download_url(caller):
    version = caller.site(f"/model-versions/{ARCHIVED}").content.value
    assert "files" not in version
    assert "downloadUrl" not in version


@pytest.mark.parametrize("path", ["/models/3100020", "/models/999", "/model-versions/999", "/models/3100020/"])
def test_what_is_not_there_or_hidden_is_404(caller, path):
    response = caller.site(path, token=None)
    assert response.status == 404
    assert response.content.value["code"] == "not_found"


def test_the_message_of_a_404_names_the_id(caller):
    assert caller.site("/models/999").content.value["error"] == "no model with id 999"


@pytest.mark.parametrize("path", ["/models/abc", "/models/0", "/models/2147483648", "/model-versions/-1"])
def test_an_id_that_cannot_be_one_is_400(caller, path):
    assert caller.site(path).status == 400


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("FFFFFFFF", 404),
        ("F" * 10, 404),
        ("0" * 64, 404),
        ("FFFFFFF", 400),
        ("F" * 12, 400),
        ("GGGGGGGG", 400),
        ("٠٠٠٠٠٠٠٠", 400),
        ("%20A5F58EB1", 400),
    ],
)
def test_an_unknown_hash_is_404_and_a_malformed_one_400(caller, value, status):
    assert caller.site(f"/model-versions/by-hash/{value}").status == status


def test_of_a_hidden_version_only_the_bare_record_is_told(caller):
    bare = caller.site(f"/model-versions/{HIDDEN}", token=None).content.value
    assert bare["name"] == "draft"
    assert {"air", "files", "downloadUrl", "images"}.isdisjoint(bare)


def test_a_hidden_version_is_not_found_by_hash_but_by_its_owner(caller):
    full = caller.site(f"/model-versions/{HIDDEN}", token="papercut").content.value
    path = f"/model-versions/by-hash/{full['files'][0]['hashes']['SHA256']}"
    assert caller.site(path).status == 404
    assert caller.site(path, token="papercut").content.value == full
    assert "Unlisted Study" in names(caller.site("/models", token="papercut"))
    assert "Unlisted Study" not in names(caller.site("/models"))


VIEW, EDIT, DELETE, DOWNLOAD = "canView", "canEdit", "canDelete", "canDownload"


@pytest.mark.parametrize(
    ("kind", "number", "token", "allowed"),
    [
        ("ModelVersion", OPEN, "somebody", {VIEW, DOWNLOAD}),
        ("ModelVersion", GATED, "somebody", {VIEW}),
        ("ModelVersion", HIDDEN, "somebody", set()),
        ("ModelVersion", ARCHIVED, "somebody", {VIEW, DOWNLOAD}),
        ("ModelVersion", GATED, "Tidewater", {VIEW, EDIT, DELETE, DOWNLOAD}),
        ("ModelVersion", HIDDEN, "papercut", {VIEW, EDIT, DELETE, DOWNLOAD}),
        ("Model", 827184, "somebody", {VIEW, DOWNLOAD}),
        ("Model", 3100010, "somebody", {VIEW, DOWNLOAD}),
        ("Model", 3100020, "somebody", set()),
        ("Model", 3100040, "somebody", {VIEW}),
        ("Image", 9173928, "somebody", {VIEW, DOWNLOAD}),
        ("Image", 43200020, "somebody", set()),
        ("Post", 1981754, "somebody", {VIEW, DOWNLOAD}),
    ],
)
def test_permissions_tell_open_gated_hidden_and_own_apart(caller, kind, number, token, allowed):
    body = caller.site(f"/permissions/check?entityType={kind}&entityId={number}", token=token).content.value
    assert (body["entityType"], body["entityId"]) == (kind, number)
    assert {name for name in (VIEW, EDIT, DELETE, DOWNLOAD) if body[name]} == allowed


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("entityId=1", 400),
        ("entityType=Model", 400),
        ("entityType=Model&entityId=x", 400),
        ("entityType=model&entityId=1", 400),
        ("entityType=Model&entityId=999", 404),
        ("entityType=Article&entityId=1", 404),
    ],
)
def test_a_permission_of_nothing_is_refused(caller, query, status):
    assert caller.site(f"/permissions/check?{query}").status == status


def test_the_current_user_is_the_same_each_time_and_does_not_show_the_token(caller):
    mine = caller.site("/me", token="s3cret-token")
    assert mine.content.value == caller.site("/me", token="s3cret-token").content.value
    assert b"s3cret" not in mine.body
    assert mine.content.value["id"] != caller.site("/me", token="other").content.value["id"]


@pytest.mark.parametrize(
    "path", ["/me", "/permissions/check?entityType=Model&entityId=1", "/vault/get", "/vault/all", "/vault/check-vault"]
)
def test_an_operation_that_wants_a_token_is_401_without_one(caller, path):
    response = caller.site(path, token=None)
    assert response.status == 401
    assert ("WWW-Authenticate", "Bearer") in response.headers
    assert response.content.value["error"] == "Unauthorized"


@pytest.mark.parametrize("path", ["/me", "/models"])
@pytest.mark.parametrize("token", ["invalid-one", "expired-in-may"])
def test_a_bad_token_is_401_where_none_is_needed_too(caller, path, token):
    response = caller.site(path, token=token)
    assert response.status == 401
    assert ("WWW-Authenticate", 'Bearer error="invalid_token"') in response.headers
    assert token.encode() not in response.body


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/models", "GET"),
        ("HEAD", "/models", "GET"),
        ("GET", "/model-versions/by-hash", "POST"),
        ("GET", "/vault/toggle-version", "POST"),
    ],
)
def test_a_wrong_verb_is_405_and_told_the_right_ones(caller, method, path, allowed):
    response = caller.site(path, method=method)
    assert response.status == 405
    assert ("Allow", allowed) in response.headers


def test_replies_are_json_in_utf_8(caller):
    for path in ("/models", "/models/999"):
        assert ("Content-Type", "application/json; charset=utf-8") in caller.site(path).headers


def test_a_creator_has_published_at_least_what_is_listed(caller):
    models = everything(caller)
    for creator in (model["creator"] for model in models):
        listed = names(caller.site(f"/models?username={creator['username']}"))
        assert 1 <= len(listed) <= creator["modelCount"]


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        *(
            (path, 300)
            for path in ("/models", "/models/827184", f"/model-versions/{OPEN}", "/images", "/tags", "/users")
        ),
        *((f"/model-versions/by-hash/{WAI_SHA256}", 3600), ("/enums", None), ("/models/999", None)),
    ],
)
def test_public_reads_may_be_kept_when_nobody_in_particular_asks(caller, path, seconds):
    said = header(caller.site(path, token=None).headers, "cache-control")
    assert said == (f"public, s-maxage={seconds}, stale-while-revalidate={seconds // 2}" if seconds else None)
    assert header(caller.site(path).headers, "cache-control") is None
