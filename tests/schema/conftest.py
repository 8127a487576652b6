"""Both engines."""

from __future__ import annotations

import pytest

from runner.schema import EngineName


@pytest.fixture(params=["jsonschema-rs", "jsonschema"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    return name
