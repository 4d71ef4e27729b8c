"""Keeping the house: what is needed tomorrow is made today, everything derived is compared, and what is old goes."""

from datetime import timedelta

import psycopg

from lotwatch import ledger
from lotwatch.audit import RunContext, record
from lotwatch.delivery.events import forget_events
from lotwatch.errors import LotwatchError

Counts = dict[str, int]
#: differences named in an error; `lotwatch ledger verify` prints all
MOST_NAMED = 5
#: how long it is known what became of a message at its provider: a year, and a month to look back on it
EVENTS_KEPT = timedelta(days=400)


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


def forget(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Forget what providers told long ago of messages: it names people. A run that looks at the past forgets nothing."""
    if context.backfilled:
        return {"message_events": 0}
    before = context.as_of - EVENTS_KEPT
    with conn.transaction():
        gone = forget_events(conn, before)
        if gone:
            record(
                conn, context, "message events forgotten", "message_event", before.isoformat(), after={"events": gone}
            )
    return {"message_events": gone}
