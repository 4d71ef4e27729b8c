"""Posts movements: one statement for a batch, which keeps everything that is derived from them."""

import psycopg

from lotwatch.db.query import query
from lotwatch.db.statistics import MANY, analyze_due
from lotwatch.ledger.posting.loss import refuse_loss

#: what the posting statement writes by the thousand
_TABLES = ("movement_source", "movement", "position", "order_line_receipt")


def post_movements(conn: psycopg.Connection, batch_id: int) -> int:
    """Post a batch's good movements and keep the positions; return how many were new."""
    moved = _post(conn, batch_id, reversals=False)
    if conn.execute(query(__package__, "has_reversals"), {"batch_id": batch_id}).fetchone():
        # again while there are any: a batch may take back what takes back
        while taken_back := _post(conn, batch_id, reversals=True):
            moved += taken_back
    if conn.execute(query(__package__, "has_serials"), {"batch_id": batch_id}).fetchone():
        conn.execute(query(__package__, "flag_doubles"), {"batch_id": batch_id})
    lost = conn.execute(query(__package__, "not_posted"), {"batch_id": batch_id}).fetchall()
    refuse_loss(batch_id, "movement", [source_key for (source_key,) in lost])
    if moved >= MANY:
        analyze_due(conn, "lotwatch", _TABLES, moved)
    return moved


def _post(conn: psycopg.Connection, batch_id: int, *, reversals: bool) -> int:
    parameters = {"batch_id": batch_id, "reversals": reversals}
    row = conn.execute(query(__package__, "post_movement"), parameters).fetchone()
    return int(row[0]) if row else 0
