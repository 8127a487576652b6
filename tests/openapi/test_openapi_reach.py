"""What is known of the schemas of a description from one document to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.openapi.reach import unresolved_schemas

if TYPE_CHECKING:
    from conftest import Read


def test_what_was_found_sound_hides_nothing_of_what_is_not(read: Read) -> None:
    def get(name: str) -> dict[str, Any]:
        schema = {"$ref": f"#/components/schemas/{name}"}
        answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
        return {"get": {"operationId": name, "responses": {"200": answer}}}

    schemas = {"Sound": {"type": "object"}, "Broken": {"items": [{"$ref": "#/nowhere"}], "$ref": "#/nowhere"}}
    paths = {f"/{name}": get(name) for name in schemas}
    api, _ = read({"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}})
    sound, broken = api.by_id["Sound"], api.by_id["Broken"]

    def told(*operations: Any) -> list[str]:
        return [problem.message for problem in unresolved_schemas(api, operations)]

    nowhere = ["reference '#/nowhere' cannot be resolved: there is nothing at that place"]
    assert [told(sound), told(sound, broken), told(broken), told(broken, sound)] == [[], *[nowhere] * 3]
