"""The databases of fleets: a file, and a Postgres that is started once where there is one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runner.fleet.database import Database
from tests.fleet.postgres import cluster


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with cluster() as url:
        yield url


@pytest.fixture
def postgres(server: str) -> str:
    """Give the URL of a new database."""
    import psycopg

    name = f"fleet_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # the name is ours
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a new database, once of each kind."""
    url: str = request.getfixturevalue("postgres") if request.param == "postgres" else str(tmp_path / "fleet.db")
    return url


@pytest.fixture
def database(store: str) -> Iterator[Database]:
    opened = Database(store, patience=5.0)
    yield opened
    opened.close()
