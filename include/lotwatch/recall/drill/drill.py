"""Opens a mock recall, and measures one."""

from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError


class Measured(NamedTuple):
    """How a case went: moments in UTC, None where it has not come to that."""

    tasks: int
    done: int
    parties: int
    answered: int
    made_at: datetime | None
    first_answer_at: datetime | None
    all_answered_at: datetime | None
    all_done_at: datetime | None
    expected: int
    found: int

    @property
    def recovered(self) -> float | None:
        """Of the units that the books expected, how many were found, in percent; None where none was expected."""
        return 100 * self.found / self.expected if self.expected else None


def open_drill(conn: psycopg.Connection, context: RunContext) -> str:
    """Open a mock recall of class I about one lot, and return its code. It holds nothing and touches no stock.

    The lot is one that lies at as many sites as any, another in each quarter, so that it is not always the same people who
    practise. Raises LotwatchError where there is no lot in stock.
    """
    parameters = {"at": context.as_of, "by": context.actor}
    row = conn.execute(query(__package__, "open_drill"), parameters).fetchone()
    if row is None:
        raise LotwatchError("No lot is in stock: there is nothing to practise with", where="drill")
    code, item_code, lot_number = row
    after = {"item": item_code, "lot": lot_number}
    record(conn, context, "recall drill opened", "recall_case", code, after=after)
    return str(code)


def measure(conn: psycopg.Connection, case_id: int) -> Measured:
    """How a case went so far."""
    with conn.cursor(row_factory=class_row(Measured)) as cursor:
        measured = cursor.execute(query(__package__, "measure"), {"case_id": case_id}).fetchone()
    assert measured is not None  # noqa: S101 (the statement always answers one row)
    return measured
