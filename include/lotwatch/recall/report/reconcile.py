"""Whether every affected unit of a case is accounted for."""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


class Reconciled(NamedTuple):
    """A lot or serial unit, in base units. Affected is what tasks expect, what was used, and what was found elsewhere.

    `found` and `used` and what is `explained` account for it; of what was found, some was returned, destroyed or corrected.
    """

    item_id: int
    lot_id: int
    serial_id: int
    item_code: str
    item_name: str
    lot_number: str | None
    serial_number: str | None
    affected: int
    found: int
    used: int
    explained: int
    returned: int
    destroyed: int
    corrected: int

    @property
    def open(self) -> int:
        """Units that nobody has accounted for; below 0: more were accounted for than are affected."""
        return self.affected - self.found - self.used - self.explained

    @property
    def kept(self) -> int:
        """Units that were found and are in no document."""
        return self.found - self.returned - self.destroyed - self.corrected


def reconcile(conn: psycopg.Connection, case_id: int) -> list[Reconciled]:
    """Each affected lot and serial unit of a case with what became of it; what is open first."""
    with conn.cursor(row_factory=class_row(Reconciled)) as cursor:
        return cursor.execute(query(__package__, "reconcile"), {"case_id": case_id}).fetchall()
