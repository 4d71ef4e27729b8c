"""What a person decides on a batch that the gate has stopped. These functions run inside the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import GateError
from lotwatch.gate.gate import wait_for_turn
from lotwatch.gate.staging import for_entity, item_code, staged_columns

#: the rule in quarantine of good records whose batch nobody wanted
UNWANTED = ["DISCARDED"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands. `accepted_share`: what a person accepted of it; None: its source's thresholds."""

    batch_id: int
    source: str
    state: str
    as_of: datetime
    counts: Mapping[str, Mapping[str, int]]
    error: str | None
    accepted_share: float | None


def list_batches(
    conn: psycopg.Connection,
    *,
    source: str | None = None,
    state: str | None = None,
    batch_id: int | None = None,
    limit: int = 50,
) -> list[Batch]:
    """Batches, the latest first."""
    parameters = {"source": source, "state": state, "batch_id": batch_id, "limit": limit}
    with conn.cursor(row_factory=class_row(Batch)) as cursor:
        return cursor.execute(query(__package__, "list_batches"), parameters).fetchall()


def judge_again(
    conn: psycopg.Connection, context: RunContext, batch_id: int, *, reason: str, accepted_share: float | None = None
) -> str:
    """Let the gate look at a stopped batch once more; returns its source.

    `accepted_share` (0 to 1) of its records may be newly bad this once; None: its source's thresholds. Raises GateError
    when the batch is not stopped.
    """
    source = _stopped(conn, batch_id)
    conn.execute(query(__package__, "judge_again"), {"batch_id": batch_id, "accepted_share": accepted_share})
    after = {"state": "staged", "accepted_share": accepted_share}
    before = {"state": "stopped"}
    record(conn, context, "judge batch again", "batch", str(batch_id), before=before, after=after, reason=reason)
    return source


def discard_batch(conn: psycopg.Connection, context: RunContext, batch_id: int, *, reason: str) -> int:
    """Let nothing of a stopped batch on; its records stay readable in quarantine, as discarded. Returns how many.

    The source's cursor is past them: what is wanted after all must be read again (a backfill of its interval). Raises
    GateError when the batch is not stopped.
    """
    source = _stopped(conn, batch_id)
    records = 0
    for entity, columns in staged_columns(conn).items():
        statement = for_entity("discard_staged", entity, columns, item_code=item_code(entity, columns))
        parameters = {
            "batch_id": batch_id,
            "source": source,
            "entity_name": entity,
            "unwanted": UNWANTED,
            "reason": reason,
        }
        records += conn.execute(statement, parameters).rowcount
    conn.execute(query(__package__, "close_discarded"), {"batch_id": batch_id})
    after = {"state": "discarded", "records": records}
    before = {"state": "stopped"}
    record(conn, context, "discard batch", "batch", str(batch_id), before=before, after=after, reason=reason)
    return records


def _stopped(conn: psycopg.Connection, batch_id: int) -> str:
    """The source of a stopped batch, whose gate is now this transaction's."""
    for batch in list_batches(conn, batch_id=batch_id):
        wait_for_turn(conn, batch.source)
    row = conn.execute(query(__package__, "lock_batch"), {"batch_id": batch_id}).fetchone()
    if row is None or row[1] != "stopped":
        raise GateError(
            f"Batch {batch_id} is {row[1]}" if row else f"There is no batch {batch_id}",
            where="batch",
            do="choose a stopped one: `lotwatch batch list --state stopped`",
        )
    return str(row[0])
