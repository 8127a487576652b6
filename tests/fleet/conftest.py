"""The databases of fleets: a file, and a Postgres that is started once and emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.fleet.database import Database
from tests.fleet.postgres import cluster
from tests.fleet.working import Fleet, on_sqlite


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with cluster() as url:
        yield url


@pytest.fixture
def postgres(server: str) -> str:
    """Give the URL of a database with nothing in it but what the queue knows of itself, which takes long to learn."""
    import psycopg

    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    learnt = "tablename NOT IN ('dbos_migrations', 'queues')"
    tables = f"SELECT format('dbos.%I', tablename) FROM pg_tables WHERE schemaname = 'dbos' AND {learnt}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"{others} AND pid <> pg_backend_pid()")  # type: ignore[call-overload]  # the text is ours
        connection.execute("DROP SCHEMA IF EXISTS arazzo CASCADE")
        for (table,) in connection.execute(tables).fetchall():  # type: ignore[call-overload]  # as above
            connection.execute(f"TRUNCATE {table} CASCADE")
    return server


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


@pytest.fixture(params=["sqlite", "postgres"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Fleet:
    """Give a fleet without a batch, once on each kind of database."""
    if request.param == "sqlite":
        return on_sqlite(tmp_path)
    return Fleet(tmp_path, request.getfixturevalue("postgres"))
