"""JSON Patch: the operations of RFC 6902 on values, and on workflows of the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from runner.sandbox.patch import PatchError, patched


def op(kind: str, path: str, **rest: Any) -> dict[str, Any]:
    return {"op": kind, "path": path, **rest}


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": 1}, [], {"a": 1}),
        ({"a": 1}, [op("add", "/b", value=2)], {"a": 1, "b": 2}),
        ({"a": 1}, [op("add", "/a", value=None)], {"a": None}),
        ({"a": [1, 3]}, [op("add", "/a/1", value=2)], {"a": [1, 2, 3]}),
        ({"a": [1]}, [op("add", "/a/-", value=2)], {"a": [1, 2]}),
        ({"a": [1]}, [op("add", "/a/1", value=2)], {"a": [1, 2]}),
        ({"a": 1}, [op("add", "", value=[])], []),
        ({"": {"x/y": 1}}, [op("add", "//x~1y", value=2)], {"": {"x/y": 2}}),
        ({"a": 1, "b": 2}, [op("remove", "/a")], {"b": 2}),
        ([1, 2, 3], [op("remove", "/1")], [1, 3]),
        ({"a": 1}, [op("replace", "/a", value=[2])], {"a": [2]}),
        ([1, 2], [op("replace", "/0", value=9)], [9, 2]),
        ([1], [op("replace", "", value=9)], 9),
        ({"a": {"b": 1}}, [op("move", "/c", **{"from": "/a/b"})], {"a": {}, "c": 1}),
        ([1, 2, 3], [op("move", "/0", **{"from": "/2"})], [3, 1, 2]),
        ({"a": 1}, [op("move", "/a", **{"from": "/a"})], {"a": 1}),
        ({"a": [1]}, [op("copy", "/a/-", **{"from": "/a/0"})], {"a": [1, 1]}),
        ({"a": 1}, [op("test", "/a", value=1.0), op("remove", "/a")], {}),
        ({"a": {"x": [1], "y": 2}}, [op("test", "/a", value={"y": 2, "x": [1]})], {"a": {"x": [1], "y": 2}}),
        ({"a": 1}, [op("add", "/b", value={}), op("add", "/b/c", value=2, unknown=True)], {"a": 1, "b": {"c": 2}}),
    ],
)
def test_operations_are_applied_in_turn(document, patch, expected):
    before = repr(document)
    assert patched(document, patch) == expected
    assert repr(document) == before


@pytest.mark.parametrize(
    ("patch", "message", "conflict"),
    [
        ({}, "a patch must be an array of operations", False),
        ([1], "operation 0: it must be an object", False),
        ([op("test", "/a", value=1), op("put", "/a")], "operation 1: op must be one of add, ", False),
        ([{"op": "remove"}], "operation 0: path must be a JSON Pointer", False),
        ([op("remove", "a")], "operation 0: path must be a JSON Pointer", False),
        ([op("add", "/b")], "operation 0: value is missing", False),
        ([op("replace", "/a")], "operation 0: value is missing", False),
        ([op("copy", "/b")], "operation 0: from must be a JSON Pointer", False),
        ([op("remove", "")], "operation 0: the whole cannot be removed", False),
        ([op("move", "/l/0", **{"from": "/l"})], "operation 0: a value cannot be moved into itself", False),
        ([op("remove", "/b")], "operation 0: there is no 'b'", True),
        ([op("replace", "/b", value=1)], "operation 0: there is no 'b'", True),
        ([op("add", "/b/c", value=1)], "operation 0: there is no 'b'", True),
        ([op("add", "/a/c", value=1)], "operation 0: there is no 'c'", True),
        ([op("add", "/l/3", value=1)], "operation 0: there is no '3'", True),
        ([op("add", "/l/01", value=1)], "operation 0: there is no '01'", True),
        ([op("add", "/l/" + "9" * 5000, value=1)], "operation 0: there is no '9", True),
        ([op("remove", "/l/-")], "operation 0: there is no '-'", True),
        ([op("move", "/c", **{"from": "/b"})], "operation 0: there is no 'b'", True),
        ([op("test", "/a", value=2)], "operation 0: the test failed", True),
        ([op("test", "/a", value=True)], "operation 0: the test failed", True),
        ([op("test", "/a", value="1")], "operation 0: the test failed", True),
    ],
)
def test_a_patch_that_cannot_be_applied_says_which_operation_and_whether_it_conflicts(patch, message, conflict):
    with pytest.raises(PatchError) as caught:
        patched({"a": 1, "l": [1]}, patch)
    assert str(caught.value).startswith(message)
    assert caught.value.conflict is conflict


def send(caller: Any, workflow: Any, patch: Any, kind: str = "application/json-patch+json", **rest: Any) -> Any:
    return caller.workflows("/" + workflow["id"], method="PATCH", body=patch, kind=kind, **rest)


def test_a_patch_cancels_a_workflow_and_changes_its_tags(caller):
    workflow = caller.submit(tags=["a", "b"])
    patch = [
        op("test", "/tags/0", value="a"),
        op("remove", "/tags/0"),
        op("add", "/tags/-", value="c"),
        op("replace", "/status", value="canceled"),
    ]
    after = send(caller, workflow, patch).content.value
    assert (after["status"], after["tags"]) == ("canceled", ["b", "c"])
    assert after["cost"]["total"] == 0
    assert caller.workflow(workflow) == after


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ([], 200),
        ([op("add", "/tags", value=["x"])], 200),
        ([op("test", "/cost/total", value=8)], 200),
        ([op("test", "/tags/0", value="other"), op("replace", "/status", value="canceled")], 409),
        ([op("replace", "/status", value="canceled"), op("remove", "/tags/9")], 409),
        ([op("replace", "/status", value="succeeded")], 400),
        ([op("replace", "/id", value="wf_1")], 400),
        ([op("add", "/metadata", value={})], 400),
        ([op("remove", "/tags")], 400),
        ([op("replace", "/tags", value="x")], 400),
        ([op("add", "/tags/-", value=1)], 400),
        ([op("copy", "/tags/-", **{"from": "/tags"})], 400),
        ([op("add", "", value={})], 400),
        ([op("add", "", value=1)], 400),
        ({}, 400),
        ([{}], 400),
        (["x"], 400),
        (b"[", 400),
        (b"", 400),
    ],
)
def test_a_patch_is_applied_whole_or_not_at_all(caller, patch, status):
    workflow = caller.submit(tags=["a"])
    assert send(caller, workflow, patch).status == status
    after = caller.workflow(workflow)
    assert after["status"] == "unassigned"
    if status != 200:
        assert after == workflow


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_patch_of_another_media_type_is_415(caller, kind):
    assert send(caller, caller.submit(), [], kind).status == 415


def test_what_has_ended_cannot_be_canceled_by_a_patch_but_its_tags_can_change(caller, clock):
    workflow = caller.submit(tags=["a"])
    clock.time += 3
    cancel = op("replace", "/status", value="canceled")
    assert send(caller, workflow, [op("add", "/tags/-", value="b"), cancel]).status == 409
    assert send(caller, workflow, [op("add", "/tags/-", value="b")]).content.value["tags"] == ["a", "b"]


def test_many_copies_of_a_whole_take_no_time(caller):
    workflow = caller.submit()
    patch = [op("copy", f"/x{number}", **{"from": ""}) for number in range(60)]
    assert send(caller, workflow, patch).status == 400


def test_only_ones_own_workflow_is_patched_or_deleted(caller):
    workflow = caller.submit()
    assert send(caller, workflow, [], token="someone-else").status == 404
    assert caller.workflows("/" + workflow["id"], method="DELETE", token="someone-else").status == 404


def test_a_deleted_workflow_is_gone_with_what_it_made(caller, clock):
    workflow = caller.submit()
    clock.time += 3
    (blob,) = caller.workflow(workflow)["steps"][0]["jobs"][0]["result"]["blobs"]
    response = caller.workflows("/" + workflow["id"], method="DELETE")
    assert (response.status, response.body) == (204, b"")
    assert caller.workflows("/" + workflow["id"]).status == 404
    assert caller.workflows("/" + workflow["id"], method="DELETE").status == 404
    assert caller.call("GET", blob["url"], token=None).status == 404
    assert caller.submit()["id"] != workflow["id"]


def test_deleting_gives_back_what_canceling_would(make, clock):
    caller = make(balance=8)
    early = caller.submit()
    clock.time += 0.9
    caller.workflows("/" + early["id"], method="DELETE")
    late = caller.submit()
    clock.time += 1
    caller.workflows("/" + late["id"], method="DELETE")
    body = {"steps": [{"$type": "imageGen", "input": {}}]}
    assert caller.workflows(method="POST", body=body).status == 402
