"""Another system's records into the ledger: pull, gate, post."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from lotwatch import gate as quality_gate
from lotwatch import ledger, master, sources
from lotwatch.audit import RunContext, record
from lotwatch.db.retry import in_transaction
from lotwatch.errors import GateError
from lotwatch.gate import NO_THRESHOLDS, GateReport, Threshold
from lotwatch.jobs.quality import tell_gated
from lotwatch.paths import EXPECTATIONS
from lotwatch.recall.cases import hold_arrivals, wake
from lotwatch.sources import Connector
from lotwatch.sources.connector import LooksUp
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
        if isinstance(connector, LooksUp):
            connector.ask_for(master.device_identifiers(conn))
        pulled = sources.pull(conn, source, connector, context, quality_gate.quarantine_unmapped, interval)
        counts = {"read": pulled.read, "unmapped": pulled.unmapped}
        record(conn, context, "records pulled", "batch", str(pulled.batch_id), after=counts)
    return {"batch_id": pulled.batch_id, **counts}


def reconcile(conn: psycopg.Connection, context: RunContext, name: str, source: Source, connector: Connector) -> Counts:
    """Withdraw what a source no longer has, where it can tell and it is time to ask. `conn` must be in autocommit mode.

    Raises SourceError when more vanished than can be believed: of the other entities, what vanished is withdrawn.
    """
    if source.reconcile_hours is None:
        return {}
    every = timedelta(hours=source.reconcile_hours)
    done = sources.reconcile(
        conn, name, connector, context, quality_gate.quarantine_unmapped, every=every, limit=source.vanishing
    )
    with conn.transaction():
        for found in done.found:
            counts = {"remembered": found.remembered, "vanished": found.vanished, "returned": found.returned}
            if found.batch_id is not None:
                after = {"entity": found.entity, **counts}
                record(conn, context, "records reconciled", "batch", str(found.batch_id), after=after)
    if done.refused:
        raise done.refused[0]
    return {found.entity: {"vanished": found.vanished, "returned": found.returned} for found in done.found}


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
    waiting = sources.pending_batches(conn, source, "staged", pushed=False)
    if not waiting:
        with conn.transaction():
            tell_gated(conn, context, source)  # of what a run judged that was killed before it could tell
        return {"batches": 0}
    report = quality_gate.run_gate(
        conn, waiting, suites=EXPECTATIONS, docs=docs, as_of=context.as_of, thresholds=thresholds
    )
    counts = tell(conn, context, report)
    if report.stopped:
        error = GateError(
            f"The gate stopped {len(report.stopped)} of {len(report.batches)} batches. {report.stopped[0].error}"
        )
        error.told = True
        raise error
    return counts


def tell(conn: psycopg.Connection, context: RunContext, report: GateReport) -> Counts:
    """Write down what the gate found, and tell ops of what is new in quarantine or was stopped; returns counts."""
    with conn.transaction():
        tell_gated(conn, context, report.source)
        for batch in report.batches:
            after = {"state": batch.state, "entities": {outcome.entity: outcome.counts for outcome in batch.entities}}
            record(conn, context, "batch gated", "batch", str(batch.batch_id), after=after, reason=batch.error)
    return {
        "batches": len(report.batches),
        **{
            name: sum(getattr(outcome, name) for batch in report.batches for outcome in batch.entities)
            for name in ("read", "passed", "quarantined", "newly_quarantined", "warned")
        },
    }


def post(conn: psycopg.Connection, context: RunContext, source: str, *, pushed: bool | None = False) -> dict[str, int]:
    """Bring judged batches into the master data and the ledger, each in a transaction of its own.

    `pushed` as in `sources.pending_batches`: those that were read, those that came through the inbox, or all.
    """
    total: Counter[str] = Counter()
    for batch_id in sources.pending_batches(conn, source, "judged", pushed=pushed):
        total.update(in_transaction(conn, partial(post_batch, conn, context, batch_id)))
    return {entity: count for entity, count in total.items() if count}


def thresholds(source: Source) -> dict[str, Threshold]:
    """A source's own thresholds, as the gate takes them."""
    return {entity: Threshold(limit.share, limit.rows) for entity, limit in source.thresholds.items()}


def post_batch(conn: psycopg.Connection, context: RunContext, batch_id: int) -> dict[str, int]:
    """Post one judged batch in the caller's transaction; nothing when another run has posted it meanwhile."""
    if not sources.take_batch(conn, batch_id, "judged"):
        return {}  # another run has posted it meanwhile
    with hold_arrivals(conn, context) as found:
        posted = master.post_master(conn, batch_id) | ledger.post_events(conn, batch_id)
        watched = ledger.watch_cold_chain(conn, batch_id, context, ledger.load_tolerance())
        posted |= {"excursion": len(watched.excursions), "cold_chain_hold": watched.holds}
        posted["udi_check"] = ledger.check_labels(conn, batch_id, ledger.load_label_policy())
    if found.held:
        posted["recall_hold"] = len(found.held)
    if found.held or posted["notice"]:
        wake(conn)
    sources.finish_batch(conn, batch_id)
    record(conn, context, "batch posted", "batch", str(batch_id), after=posted)
    return posted
