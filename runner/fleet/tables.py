"""The tables of a fleet, as statements that make them where they are not there."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""The format of the tables, and of what stands in them: workers of another one leave them alone."""

SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS fleet_format (one INTEGER PRIMARY KEY, version INTEGER NOT NULL)",
    # `told` is what a report begins with, `settings` how rows are run, `texts` the documents by URI and digest.
    """CREATE TABLE IF NOT EXISTS fleet_batch (
         id TEXT PRIMARY KEY, created DOUBLE PRECISION NOT NULL, title TEXT NOT NULL, state TEXT NOT NULL,
         settings TEXT NOT NULL, told @bytes NOT NULL, many INTEGER NOT NULL, chunk INTEGER NOT NULL,
         is_template INTEGER NOT NULL DEFAULT 0)""",
    "CREATE TABLE IF NOT EXISTS fleet_text (digest TEXT PRIMARY KEY, content @bytes NOT NULL)",
    """CREATE TABLE IF NOT EXISTS fleet_row (
         batch TEXT NOT NULL REFERENCES fleet_batch (id) ON DELETE CASCADE, number INTEGER NOT NULL,
         chunk INTEGER NOT NULL, sealed @bytes NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '',
         fence INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 1, orphaned INTEGER NOT NULL DEFAULT 0,
         wake DOUBLE PRECISION NOT NULL DEFAULT 0, PRIMARY KEY (batch, number))""",
    "CREATE INDEX IF NOT EXISTS fleet_row_chunk ON fleet_row (batch, chunk, state)",
    """CREATE TABLE IF NOT EXISTS fleet_result (
         batch TEXT NOT NULL, number INTEGER NOT NULL, outcome TEXT NOT NULL, at DOUBLE PRECISION NOT NULL,
         worker TEXT NOT NULL, entries @bytes NOT NULL, PRIMARY KEY (batch, number),
         FOREIGN KEY (batch, number) REFERENCES fleet_row (batch, number) ON DELETE CASCADE)""",
    """CREATE TABLE IF NOT EXISTS fleet_effect (
         batch TEXT NOT NULL, unit TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, shown TEXT NOT NULL,
         at DOUBLE PRECISION NOT NULL, asked @bytes NOT NULL, answered @bytes, PRIMARY KEY (batch, unit, number),
         FOREIGN KEY (batch) REFERENCES fleet_batch (id) ON DELETE CASCADE)""",
    # A worker is alive `until` then, unless it says so again.
    """CREATE TABLE IF NOT EXISTS fleet_worker (
         id TEXT PRIMARY KEY, place TEXT NOT NULL, began DOUBLE PRECISION NOT NULL, until DOUBLE PRECISION NOT NULL,
         is_swept INTEGER NOT NULL DEFAULT 0)""",
    "CREATE TABLE IF NOT EXISTS fleet_host (host TEXT PRIMARY KEY, free DOUBLE PRECISION NOT NULL)",
    """CREATE TABLE IF NOT EXISTS fleet_schedule (
         name TEXT PRIMARY KEY, cron TEXT NOT NULL, zone TEXT NOT NULL, batch TEXT NOT NULL,
         due DOUBLE PRECISION NOT NULL)""",
)
