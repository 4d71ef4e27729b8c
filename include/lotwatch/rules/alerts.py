"""Alerts as other rooms need them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Alert:
    """An open problem: what it is about (`subject`: codes and names of item, lot, site, supplier, region, where it has
    them) and the values that fired it (`evidence`). `variant`: the override of its rule that counts (`Rule.applied`)."""

    alert_id: int
    rule_id: str
    subject_kind: str
    subject_key: str
    severity: str
    subject: dict[str, Any]
    evidence: dict[str, Any]
    first_seen: datetime
    recurrences: int
    escalations: int
    variant: int


def take_untold(conn: psycopg.Connection, as_of: datetime) -> list[Alert]:
    """Open alerts that nobody was told of, the most severe first; they count as told from this transaction on."""
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query(__package__, "take_untold"), {"as_of": as_of}).fetchall()
