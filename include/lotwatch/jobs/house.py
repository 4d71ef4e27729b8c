"""Keeping the house: what is needed tomorrow is made today, and everything derived is compared."""

import psycopg

from lotwatch import ledger
from lotwatch.audit import RunContext, record
from lotwatch.errors import LotwatchError

Counts = dict[str, int]
#: differences named in an error; `lotwatch ledger verify` prints all
MOST_NAMED = 5


def make_partitions(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Make the coming months' parts of the movement table."""
    return {"partitions": ledger.make_partitions(conn, context.as_of.date())}


def take_snapshot(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Keep the stock of the first moment of the month (UTC), once; a run that comes later still takes that moment."""
    month = context.as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    positions = ledger.take_snapshot(conn, month)
    if positions:
        record(conn, context, "snapshot taken", "snapshot", month.isoformat(), after={"positions": positions})
    return {"positions": positions}


def verify(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Compare everything derived with the movements. Raises LotwatchError that names the first differences."""
    differences = ledger.verify(conn)
    if differences:
        named = "; ".join(
            f"{row.check} {row.subject}: {row.found}, should be {row.expected}" for row in differences[:MOST_NAMED]
        )
        raise LotwatchError(
            f"{len(differences)} differences between the ledger and its movements",
            where=named,
            do="`lotwatch ledger verify` lists all; `lotwatch ledger rebuild` derives positions anew; then find the cause",
        )
    return {"differences": 0}
