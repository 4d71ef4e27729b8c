"""What is where at the moment that the views show."""

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Stock:
    """An item at a site, in the measures of `fact_item_site` (base units)."""

    item_code: str
    site_code: str
    physical: int
    held: int
    expired: int
    allocated: int
    available: int
    in_transit: int
    on_order: int
    total: int


def stock(
    conn: psycopg.Connection, *, item_code: str | None = None, site_code: str | None = None, limit: int = 50
) -> tuple[list[Stock], int]:
    """Item-sites by code, and how many there are. Say which moment first (`live` or `at`)."""
    parameters = {"item_code": item_code, "site_code": site_code, "limit": limit}
    with conn.cursor(row_factory=class_row(Stock)) as cursor:
        rows = cursor.execute(query(__package__, "stock_at"), parameters).fetchall()
    return rows, rows[0].total if rows else 0
