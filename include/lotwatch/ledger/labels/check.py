"""Checks the labels of what a batch brought from outside, and holds what must not be used before somebody looked."""

from datetime import date

import psycopg

from lotwatch.db.query import query
from lotwatch.db.statistics import MANY
from lotwatch.errors import UdiError
from lotwatch.ledger.labels.policy import LabelPolicy
from lotwatch.master import udi


def check_labels(conn: psycopg.Connection, batch_id: int, policy: LabelPolicy) -> int:
    """Check what the batch's new movements brought from a supplier, in the transaction that posted them; how many failed.

    Each receipt is checked once, as things stand when it is posted. A backfilled batch is not: it looks at the past.
    """
    bound = {"batch_id": batch_id, "days": policy.days}
    receipts = conn.execute(query(__package__, "labels_of_receipts"), bound).fetchall()
    if not receipts:
        return 0
    labels = [(key, _read(raw, as_of)) for key, raw, as_of in receipts if raw]
    read = [(key, label) for key, label in labels if label is not None]
    hold = policy.hold
    if len(receipts) >= MANY:  # a planner that expects a handful would join each receipt with every other
        conn.execute("SET LOCAL enable_nestloop = off")
    row = conn.execute(
        query(__package__, "check_labels"),
        bound
        | {
            "keys": [key for key, _ in read],
            "dis": [label.di for _, label in read],
            "lots": [label.lot_number for _, label in read],
            "serials": [label.serial_number for _, label in read],
            "expiries": [label.usable_through for _, label in read],
            "criticality": list(hold.criticality),
            "device_class": list(hold.device_class),
            "unit_cost": hold.unit_cost_from,
            "findings": list(hold.findings),
        },
    ).fetchone()
    conn.execute("SET LOCAL enable_nestloop = on")
    return int(row[0]) if row else 0


def _read(raw: str, as_of: date) -> udi.Udi | None:
    try:
        return udi.parse(raw, as_of)
    except UdiError:
        return None
