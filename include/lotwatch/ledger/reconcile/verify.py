"""Everything derived reconciles: positions, receipts and serial numbers are compared with the movements."""

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query

#: the comparisons, each a statement that answers its differences
CHECKS = (
    "verify_positions",
    "verify_items",
    "verify_serials",
    "verify_receipts",
    "verify_partners",
    "verify_partitions",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Two things that should say the same and do not (base units, or rows).

    `check` is what was compared, `subject` what it is about, in codes that people know.
    """

    check: str
    subject: str
    found: int
    expected: int


def verify(conn: psycopg.Connection) -> list[Difference]:
    """Every difference between what is derived and the movements; none is the only good answer."""
    differences: list[Difference] = []
    with conn.transaction(), conn.cursor(row_factory=class_row(Difference)) as cursor:
        for check in CHECKS:
            differences += cursor.execute(query(__package__, check)).fetchall()
    return differences


def lock_positions(conn: psycopg.Connection) -> None:
    """Nobody posts until the transaction ends; everybody may read."""
    conn.execute(query(__package__, "lock_positions"))


def rebuild(conn: psycopg.Connection) -> int:
    """Derive positions and receipts from the movements anew; return how many differed. Nothing is posted meanwhile."""
    with conn.transaction():
        lock_positions(conn)
        return sum(
            conn.execute(query(__package__, name)).rowcount for name in ("rebuild_positions", "rebuild_receipts")
        )
