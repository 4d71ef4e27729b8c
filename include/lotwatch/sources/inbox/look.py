"""Looks into the inbox, reads bodies again, and clears what was read long ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import SourceError
from lotwatch.sources.inbox.keep import CHANNEL


@dataclass(frozen=True, slots=True)
class Kept:
    """A body of the inbox, without its content: `size` in bytes, moments in UTC."""

    inbox_id: int
    source: str
    event_id: str
    key_id: str
    received_at: datetime
    media: str
    events: int
    size: int
    taken_at: datetime | None
    batch_id: int | None
    batch_state: str | None
    error: str | None

    @property
    def state(self) -> str:
        """waits, unreadable, or what its batch is: staged, judged, posted, stopped."""
        if self.taken_at is None:
            return "waits"
        return "unreadable" if self.error else (self.batch_state or "read")


def list_bodies(
    conn: psycopg.Connection,
    *,
    source: str | None = None,
    inbox_id: int | None = None,
    unreadable: bool = False,
    waiting: bool = False,
    limit: int = 50,
) -> list[Kept]:
    """Bodies, the newest first: of one source, one alone, only those that could not be read, or that wait."""
    parameters = {
        "source": source,
        "inbox_id": inbox_id,
        "unreadable": unreadable,
        "waiting": waiting,
        "limit": limit,
    }
    with conn.cursor(row_factory=class_row(Kept)) as cursor:
        return cursor.execute(query(__package__, "list_bodies"), parameters).fetchall()


def body_of(conn: psycopg.Connection, inbox_id: int) -> bytes:
    """The body as it was received. Raises SourceError when there is none of this number."""
    row = conn.execute(query(__package__, "body"), {"inbox_id": inbox_id}).fetchone()
    if row is None:
        raise SourceError(f"Nothing was received under number {inbox_id}", where="inbox", do="see lotwatch inbox list")
    return bytes(row[0])


def replay(conn: psycopg.Connection, context: RunContext, ids: Sequence[int], reason: str) -> None:
    """Let the bodies be read once more, in the caller's transaction; what was posted of them is not posted twice.

    Raises SourceError when one is not there.
    """
    rows = conn.execute(query(__package__, "replay"), {"ids": list(ids)}).fetchall()
    missing = sorted(set(ids) - {inbox_id for inbox_id, _, _ in rows})
    if missing:
        raise SourceError(
            f"Nothing was received under number {', '.join(map(str, missing))}",
            where="inbox",
            do="see lotwatch inbox list; bodies that were read go after 30 days",
        )
    for inbox_id, source, event_id in rows:
        after = {"source": source, "event_id": event_id}
        record(conn, context, "body replayed", "inbox", str(inbox_id), after=after, reason=reason)
    conn.execute(query(__package__, "notify"), {"channel": CHANNEL})


def forget(conn: psycopg.Connection, before: datetime) -> int:
    """Remove bodies that were read before that moment; returns how many. What could not be read stays."""
    return conn.execute(query(__package__, "forget"), {"before": before}).rowcount
