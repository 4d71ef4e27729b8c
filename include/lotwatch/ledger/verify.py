"""Everything derived reconciles: positions are compared with the sum of movements."""

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Difference:
    """A position that is not the sum of its movements (base units)."""

    item_code: str
    location_code: str
    lot_id: int
    serial_id: int
    owner: str
    status: str
    position: int
    movements: int


def verify(conn: psycopg.Connection) -> list[Difference]:
    """Every difference between positions and movements; none is the only good answer."""
    with conn.cursor(row_factory=class_row(Difference)) as cursor:
        return cursor.execute(query(__package__, "verify")).fetchall()
