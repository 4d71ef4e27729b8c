"""Another system's records into the ledger: pull, gate, post."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from lotwatch import gate as quality_gate
from lotwatch import ledger, master, sources
from lotwatch.audit import RunContext, record
from lotwatch.db.retry import in_transaction
from lotwatch.errors import GateError
from lotwatch.gate import NO_THRESHOLDS, Threshold
from lotwatch.jobs.quality import tell_gated
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources import Connector
from lotwatch.sources.registry import Source

Counts = dict[str, Any]


def pull(
    conn: psycopg.Connection,
    context: RunContext,
    source: str,
    connector: Connector,
    interval: tuple[datetime, datetime] | None,
) -> Counts:
    """Read what changed (or, with an interval, what changed then) into a new batch."""
    with conn.transaction():
        pulled = sources.pull(conn, source, connector, context, quality_gate.quarantine_unmapped, interval)
        counts = {"read": pulled.read, "unmapped": pulled.unmapped}
        record(conn, context, "records pulled", "batch", str(pulled.batch_id), after=counts)
    return {"batch_id": pulled.batch_id, **counts}


def gate(
    conn: psycopg.Connection,
    context: RunContext,
    source: str,
    docs: Path,
    thresholds: Mapping[str, Threshold] = NO_THRESHOLDS,
) -> Counts:
    """Judge what waits, tell ops once of what is new in quarantine and what was stopped. Takes up what an earlier, killed
    run has left.

    `thresholds` by entity say how much may be newly bad before a batch is stopped.

    Raises GateError when a batch was stopped: the others were judged all the same, and ops was told.
    """
    waiting = sources.pending_batches(conn, source, "staged")
    if not waiting:
        with conn.transaction():
            tell_gated(conn, context, source)  # of what a run judged that was killed before it could tell
        return {"batches": 0}
    report = quality_gate.run_gate(
        conn, waiting, suites=EXPECTATIONS, docs=docs, as_of=context.as_of, thresholds=thresholds
    )
    with conn.transaction():
        tell_gated(conn, context, source)
        for batch in report.batches:
            after = {"state": batch.state, "entities": {outcome.entity: outcome.counts for outcome in batch.entities}}
            record(conn, context, "batch gated", "batch", str(batch.batch_id), after=after, reason=batch.error)
    stopped = [batch.error for batch in report.batches if batch.error]
    if stopped:
        error = GateError(f"The gate stopped {len(stopped)} of {len(report.batches)} batches. {stopped[0]}")
        error.told = True
        raise error
    return {
        "batches": len(report.batches),
        **{
            name: sum(getattr(outcome, name) for batch in report.batches for outcome in batch.entities)
            for name in ("read", "passed", "quarantined", "newly_quarantined", "warned")
        },
    }


def post(conn: psycopg.Connection, context: RunContext, source: str) -> dict[str, int]:
    """Bring judged batches into the master data and the ledger, each in a transaction of its own."""
    total: Counter[str] = Counter()
    for batch_id in sources.pending_batches(conn, source, "judged"):
        total.update(in_transaction(conn, partial(post_batch, conn, context, batch_id)))
    return {entity: count for entity, count in total.items() if count}


def thresholds(source: Source) -> dict[str, Threshold]:
    """A source's own thresholds, as the gate takes them."""
    return {entity: Threshold(limit.share, limit.rows) for entity, limit in source.thresholds.items()}


def post_batch(conn: psycopg.Connection, context: RunContext, batch_id: int) -> dict[str, int]:
    """Post one judged batch in the caller's transaction; nothing when another run has posted it meanwhile."""
    if not sources.take_batch(conn, batch_id, "judged"):
        return {}  # another run has posted it meanwhile
    posted = master.post_master(conn, batch_id) | ledger.post_events(conn, batch_id)
    sources.finish_batch(conn, batch_id)
    record(conn, context, "batch posted", "batch", str(batch_id), after=posted)
    return posted
