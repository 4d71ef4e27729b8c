"""Alerts as other rooms need them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Alert:
    """An open problem with the values that fired it."""

    rule_id: str
    subject_key: str
    severity: str
    evidence: dict[str, Any]


def take_untold(conn: psycopg.Connection, as_of: datetime) -> list[Alert]:
    """Open alerts that nobody was told of, the most severe first; they count as told from this transaction on."""
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query(__package__, "take_untold"), {"as_of": as_of}).fetchall()
