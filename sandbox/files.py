"""What people bring in as files: a stocktake as a warehouse counts it, in which two shelves differ from the books; where the bays of
an aisle are; and what goes between which sites, as logistics plans it."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import psycopg

from lotwatch.audit import RunContext, begin_run
from lotwatch.db.query import query
from lotwatch.jobs.load import load
from lotwatch.sources.stage import entity_columns
from lotwatch.sources.table import CsvTable
from lotwatch_local.settings import Settings
from sandbox.tryton.catalogue import SITES

COUNT = (
    "number", "kind", "site_code", "location_code", "item_code", "lot_number", "serial_number", "owner", "status",
    "quantity", "counted_at", "counted_by",
)  # fmt: skip
NUMBER = "COUNT-1"
LANE = (
    "from_site_code", "to_site_code", "permitted", "cost", "currency", "transit_days_p50", "transit_days_p95",
    "temperature_min_c", "temperature_max_c",
)  # fmt: skip


BAY = (
    "code", "name", "kind", "parent_code", "region", "time_zone", "status", "owner", "active", "x_m", "y_m", "aisle",
)  # fmt: skip


def bring_in_count(settings: Settings, site_code: str) -> None:
    """Count some shelves of a site and load the file. Done again, it changes nothing."""
    with psycopg.connect(settings.database_url("app", "lotwatch")) as conn:
        shelves = conn.execute(query("sandbox", "shelves"), {"site_code": site_code}).fetchall()
    now = datetime.now(UTC).isoformat()
    rows = []
    for place, (location, item, lot, serial, owner, status, quantity) in enumerate(islice(shelves, 12)):
        counted = quantity - 2 if place == 0 and quantity > 2 else quantity + (place == 1 and not serial)
        rows.append((NUMBER, "count", site_code, location, item, lot, serial, owner, status, counted, now, "warehouse"))
    _bring_in(settings, "count", "stocktake", COUNT, rows)


def bring_in_lanes(settings: Settings) -> None:
    """Load what may go between the sites: within a region in a day, between regions in two, at room
    temperature. Done again, it changes nothing."""
    rows = [
        (a.code, b.code, True, *(("25.00", "EUR", 1, 2) if a.region == b.region else ("90.00", "EUR", 2, 4)), 15, 25)
        for a, b in permutations(SITES, 2)
    ]
    _bring_in(settings, "lane", "lanes", LANE, rows)


def bring_in_bays(settings: Settings) -> None:
    """Load where the bays of the distribution centres are, so that a pick wave has a shortest walk. Done again, it changes nothing."""
    with psycopg.connect(settings.database_url("app", "lotwatch")) as conn:
        rows = conn.execute(query("sandbox", "bays")).fetchall()
    _bring_in(settings, "location", "bays", BAY, rows)


def _bring_in(settings: Settings, entity: str, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write the file, unless an earlier demo did, and load it."""
    path: Path = settings.home / f"{name}.csv"
    if not path.exists():
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
    now = datetime.now(UTC)
    with psycopg.connect(settings.database_url("app", "lotwatch"), autocommit=True) as conn:
        context = RunContext("demo", f"demo__{now.isoformat()}", "manual", "load", -1, 1, None, now, "warehouse")
        table = CsvTable(path, entity, entity_columns(conn, entity))
        load(conn, begin_run(conn, context), name, table, settings.home / "data_docs")
