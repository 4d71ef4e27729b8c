"""How each channel does: one that fails again and again rests, and ops is told."""

from datetime import datetime, timedelta

import psycopg

from lotwatch import outbox
from lotwatch.db.query import query
from lotwatch.delivery.outcome import DeliveryError, Refused

#: messages that a channel fails in a row until it counts as dead
MOST_FAILURES = 5
#: how long a dead channel rests until one message tries it again
REST = timedelta(minutes=5)


def rests(conn: psycopg.Connection, channel: str, as_of: datetime) -> bool:
    """Whether nothing should be sent by the channel now."""
    parameters = {"channel": channel, "most": MOST_FAILURES, "since": as_of - REST}
    row = conn.execute(query(__package__, "rests"), parameters).fetchone()
    return bool(row and row[0])


def works(conn: psycopg.Connection, channel: str, as_of: datetime) -> None:
    """It took a message."""
    conn.execute(query(__package__, "note_success"), {"channel": channel, "as_of": as_of})


def fails(conn: psycopg.Connection, channel: str, subscriber: str, error: DeliveryError, as_of: datetime) -> None:
    """It did not take a message for a subscriber; when it counts as dead, ops is told, once for each time."""
    parameters = {
        "channel": channel,
        "subscriber": subscriber,
        "refused": isinstance(error, Refused),
        "error": str(error),
        "as_of": as_of,
    }
    with conn.transaction():
        row = conn.execute(query(__package__, "note_failure"), parameters).fetchone()
        assert row is not None  # noqa: S101  # the statement always answers one row
        failures, since = row
        if failures >= MOST_FAILURES:
            data = {"channel": channel, "failures": failures, "since": since.isoformat(), "error": str(error)}
            payload = {"template": "channel_down", "to": ["ops"], "data": data}
            outbox.enqueue(conn, "message", f"channel_down:{channel}:{since.isoformat()}", payload)
