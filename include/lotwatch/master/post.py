"""Brings judged rows of master data into the master tables: the last row of a batch wins."""

import psycopg

from lotwatch.db.query import query
from lotwatch.db.statistics import MANY, analyze

#: entities of this room in the order in which they depend on one another, and the statements that post each
ENTITIES: dict[str, tuple[str, ...]] = {
    "supplier": ("post_supplier",),
    "location": ("post_location", "link_location"),
    "item": ("post_item", "post_identifier", "post_registration"),
    "agreement": ("post_agreement",),
    "lot": ("post_lot", "post_serial"),
}

TABLES = ("supplier", "location", "item", "item_identifier", "credential", "supplier_agreement", "lot", "serial_unit")


def post_master(conn: psycopg.Connection, batch_id: int) -> dict[str, int]:
    """Post the batch's good rows; return how many rows of each entity were new or changed."""
    changed = {entity: _post(conn, statements, batch_id) for entity, statements in ENTITIES.items()}
    if sum(changed.values()) >= MANY:
        analyze(conn, "lotwatch", TABLES)
    return changed


def _post(conn: psycopg.Connection, statements: tuple[str, ...], batch_id: int) -> int:
    return max(conn.execute(query(__package__, name), {"batch_id": batch_id}).rowcount for name in statements)
