"""A stocktake as a warehouse sends it: a CSV file, in which two shelves differ from the books."""

import csv
from datetime import UTC, datetime
from itertools import islice

import psycopg

from lotwatch.audit import RunContext, begin_run
from lotwatch.db.query import query
from lotwatch.jobs.load import load
from lotwatch.sources.stage import entity_columns
from lotwatch.sources.table import CsvTable
from lotwatch_local.settings import Settings

HEADER = (
    "number", "kind", "site_code", "location_code", "item_code", "lot_number", "serial_number", "owner", "status",
    "quantity", "counted_at", "counted_by",
)  # fmt: skip
NUMBER = "COUNT-1"


def bring_in(settings: Settings, site_code: str) -> None:
    """Count some shelves of a site and load the file. Done again, it changes nothing."""
    now = datetime.now(UTC)
    with psycopg.connect(settings.database_url("app", "lotwatch"), autocommit=True) as conn:
        path = settings.home / "stocktake.csv"
        if not path.exists():
            shelves = conn.execute(query("sandbox", "shelves"), {"site_code": site_code}).fetchall()
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(HEADER)
                found = enumerate(islice(shelves, 12))
                for place, (location, item, lot, serial, owner, status, quantity) in found:
                    counted = quantity - 2 if place == 0 and quantity > 2 else quantity + (place == 1 and not serial)
                    writer.writerow((
                        NUMBER, "count", site_code, location, item, lot, serial, owner, status, counted,
                        now.isoformat(), "warehouse",
                    ))  # fmt: skip
        context = RunContext("demo", f"demo__{now.isoformat()}", "manual", "load", -1, 1, None, now, "warehouse")
        table = CsvTable(path, "count", entity_columns(conn, "count"))
        load(conn, begin_run(conn, context), "stocktake", table, settings.home / "data_docs")
