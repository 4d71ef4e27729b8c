"""Brings judged rows into the ledger, each source event once for ever."""

import psycopg

from lotwatch.db.query import query
from lotwatch.db.statistics import MANY, analyze
from lotwatch.errors import LotwatchError


def post_events(conn: psycopg.Connection, batch_id: int) -> dict[str, int]:
    """Post a batch's good movements, order lines and inspections; return how many were new or changed.

    One statement records the events not seen before, moves their quantities and keeps the positions: all of it
    happens, or none. A replay posts nothing.
    """
    parameters = {"batch_id": batch_id}
    moved = _post_movements(conn, parameters)
    lines = conn.execute(query(__package__, "post_purchase_line"), parameters).rowcount
    inspections = conn.execute(query(__package__, "post_inspection"), parameters).rowcount
    conn.execute(query(__package__, "hold_failed_lots"), parameters)
    lost = conn.execute(query(__package__, "not_posted"), parameters).fetchall()
    if lost:
        examples = "; ".join(f"{entity} {source_key}" for entity, source_key in lost[:5])
        raise LotwatchError(
            f"{len(lost)} records passed the gate but found no item, place or party to be posted to",
            where=f"batch {batch_id}: {examples}",
            do="nothing of the batch was posted; check the reference rules (REF...) in expectations/",
        )
    if moved + lines >= MANY:
        analyze(conn, "lotwatch", ("movement_source", "movement", "position", "purchase_order_line"))
    return {"movement": moved, "purchase_line": lines, "inspection": inspections}


def _post_movements(conn: psycopg.Connection, parameters: dict[str, int]) -> int:
    row = conn.execute(query(__package__, "post_movement"), parameters).fetchone()
    return int(row[0]) if row else 0


def clear_changes(conn: psycopg.Connection) -> int:
    """Empty the queue of changed positions, before a full sweep reads the facts; returns how many there were."""
    return conn.execute(query(__package__, "clear_changes")).rowcount
