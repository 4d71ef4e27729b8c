"""What other systems push, into the ledger: everything that waits, source by source; refereed every hour."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import psycopg

from lotwatch import gate as quality_gate
from lotwatch import outbox, sources
from lotwatch.audit import RunContext, record
from lotwatch.db.retry import in_transaction
from lotwatch.delivery.people import load_people
from lotwatch.delivery.portals import Reader, load_portals, take_answer
from lotwatch.errors import GateError, LotwatchError, SourceError
from lotwatch.gate.suites import ENTITIES
from lotwatch.jobs import sync, tell, watch
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources import inbox, registry
from lotwatch.sources.registry import Source

Counts = dict[str, int]
#: how long a body that was read is kept
KEPT = timedelta(days=30)
_NO_DOCS = Path()  # Great Expectations writes nothing: it is not asked
_NAMED = 5
#: handle_events runs every so many minutes by the clock
_RETRY_MINUTES = 5


def handle_and_evaluate(conn: psycopg.Connection, context: RunContext) -> Counts:
    """`handle`, then the rules on what that changed, and messages of it: also when a source could not go on, whose error is
    raised afterwards. A backfilled run evaluates nothing."""
    evaluated: Counts = {}
    try:
        counts = handle(conn, context)
    finally:
        if not context.backfilled:
            evaluated = watch.evaluate_events(conn, context) | tell.tell_alerts(conn, context, load_people())
    return counts | evaluated


def handle(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Read, judge and post all that waits in the inbox; returns bodies, records and what was posted, by name.

    `conn` in autocommit mode: each batch is several transactions, and a run that is killed leaves it to the next one.
    A source that another run is reading is left to that run. A batch that the gate stopped is told to ops, and what comes
    after it goes on. Raises the first error when all sources have had their turn: one that cannot go on holds up no other.
    """
    total: Counter[str] = Counter()
    errors: list[LotwatchError] = []
    for name in _to_handle(conn):
        try:
            total.update(_handle_source(conn, context, name))
        except LotwatchError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return {name: number for name, number in total.items() if number}


def referee(conn: psycopg.Connection, context: RunContext, docs: Path) -> Counts:
    """Have Great Expectations judge what was pushed since the last time. Raises GateError when the judges disagree."""
    total: Counter[str] = Counter()
    disagreements: list[str] = []
    with conn.transaction():
        unrefereed = quality_gate.take_unrefereed(conn)
        if unrefereed:
            total["unrefereed"] = unrefereed
            what = {"batches": unrefereed, "why": "too many rows waited for the referee"}
            record(conn, context, "events not refereed", "gate", "referee", after=what)
    for source in quality_gate.judged_sources(conn):
        found = quality_gate.referee(conn, source, context, suites=EXPECTATIONS, docs=docs)
        total.update(batches=found.batches, rows=sum(found.rows.values()))
        disagreements += [f"{source}: {words}" for words in found.disagreements]
        after = {"batches": found.batches, "rows": dict(found.rows), "disagreements": list(found.disagreements)}
        with conn.transaction():
            record(conn, context, "events refereed", "source", source, after=after)
    if disagreements:
        raise GateError(
            f"Great Expectations finds otherwise than the gate of events did. {' '.join(disagreements[:_NAMED])}",
            do="what was posted stays posted: look whether the rule's SQL says what its check says, and write it anew",
        )
    return dict(total)


def forget(conn: psycopg.Connection, context: RunContext) -> Counts:
    """Remove bodies that were read more than 30 days ago."""
    return {"forgotten": inbox.forget(conn, context.as_of - KEPT)}


def _to_handle(conn: psycopg.Connection) -> list[str]:
    """Sources with waiting bodies, then the others that push: a killed run may have left batches of theirs."""
    pushing = [name for name, source in registry.load_sources().items() if source.push is not None]
    return list(dict.fromkeys([*inbox.waiting_sources(conn), *pushing]))


def _handle_source(conn: psycopg.Connection, context: RunContext, name: str) -> Counter[str]:
    total: Counter[str] = Counter()
    while True:
        with inbox.draining(conn, name) as mine:
            if not mine:
                return total
            source = _pushing(name)
            if source is None:
                _give_up(conn, name)
            elif source.kind == "order_answers":
                total.update(_hear(conn, context, name, source))
            else:
                total.update(_drain(conn, context, name, source))
        if name not in inbox.waiting_sources(conn):  # what came after the last look was told that somebody reads
            return total


def _hear(conn: psycopg.Connection, context: RunContext, name: str, source: Source) -> Counter[str]:
    """What suppliers have pushed: no records, but answers to orders."""
    read = cast("Reader", registry.receiver(source))
    known = load_portals()
    total: Counter[str] = Counter()

    def hear() -> inbox.Pushed | None:
        pushed = inbox.read_bodies(conn, name, lambda body: take_answer(conn, known, read.portal, read(body), context))
        _tell_unreadable(conn, name, pushed.unreadable if pushed else ())
        return pushed

    while pushed := in_transaction(conn, hear):
        total.update(bodies=pushed.bodies, unreadable=len(pushed.unreadable))
    return total


def _pushing(name: str) -> Source | None:
    found = registry.load_sources().get(name)
    return found if found is not None and found.push is not None else None


def _drain(conn: psycopg.Connection, context: RunContext, name: str, source: Source) -> Counter[str]:
    """Batch after batch until nothing waits; first what a killed run has left."""
    if _is_time_to_retry(context) and source.schedule is None and quality_gate.waits_for_references(conn, name):
        sources.open_batch(conn, name, context, pushed=True)  # the gate stages with it what waits for what it refers to
    total = _judge_and_post(conn, context, name, source)
    while pushed := in_transaction(conn, partial(_read, conn, context, name, source)):
        total.update(bodies=pushed.bodies, read=sum(pushed.read.values()), unreadable=len(pushed.unreadable))
        total.update(_judge_and_post(conn, context, name, source))
    return total


def _is_time_to_retry(context: RunContext) -> bool:
    """Once an hour, in a run by the clock: who pushes nothing more brings no batch of its own for what waits."""
    return context.run_type == "scheduled" and context.as_of.minute < _RETRY_MINUTES


def _read(conn: psycopg.Connection, context: RunContext, name: str, source: Source) -> inbox.Pushed | None:
    """The next bodies into a batch, and one message about those that cannot be read."""
    if name not in inbox.waiting_sources(conn):
        return None
    pushed = inbox.stage_pushed(
        conn, name, registry.receiver(source), context, quality_gate.quarantine_unmapped, ENTITIES
    )
    if pushed is None:
        return None
    _tell_unreadable(conn, name, pushed.unreadable)
    if pushed.batch_id is not None:
        after = {"bodies": pushed.bodies, "read": pushed.read, "unmapped": pushed.unmapped}
        record(conn, context, "events read", "batch", str(pushed.batch_id), after=after)
    return pushed


def _judge_and_post(conn: psycopg.Connection, context: RunContext, name: str, source: Source) -> Counter[str]:
    """The gate without Great Expectations, then the ledger. Where nobody reads the source, replayed records are ours too."""
    pushed = True if source.schedule is not None else None
    total: Counter[str] = Counter()
    waiting = sources.pending_batches(conn, name, "staged", pushed=pushed)
    if waiting:
        report = quality_gate.run_gate(
            conn,
            waiting,
            suites=EXPECTATIONS,
            docs=_NO_DOCS,
            as_of=context.as_of,
            thresholds=sync.thresholds(source),
            referee=False,
            keep=True,
        )
        counts = sync.tell(conn, context, report)
        total.update({name: counts[name] for name in ("passed", "quarantined")} | {"stopped": len(report.stopped)})
    total.update({f"posted {name}": n for name, n in sync.post(conn, context, name, pushed=pushed).items()})
    return total


def _give_up(conn: psycopg.Connection, name: str) -> None:
    """What waits of a source that is no more, or may push no more, is set aside and told."""
    error = SourceError(
        f"{name} is no source that may push",
        where="sources.yaml",
        do=f"name its connection there as `push`, then: lotwatch inbox replay --source {name}",
    )
    with conn.transaction():
        _tell_unreadable(conn, name, inbox.refuse_source(conn, name, str(error)))


def _tell_unreadable(conn: psycopg.Connection, source: str, bodies: Sequence[inbox.Unreadable]) -> None:
    """One message for all bodies of a batch that could not be read."""
    if not bodies:
        return
    rows = [{"number": body.inbox_id, "event": body.event_id, "reason": body.error} for body in bodies[:_NAMED]]
    data = {"source": source, "count": len(bodies), "rows": rows}
    key = f"inbox:{source}:{bodies[0].inbox_id}:{len(bodies)}"
    payload = {"template": "unreadable", "to": ["ops"], "about": {"sources": [source]}, "data": data}
    outbox.enqueue(conn, "message", key, payload)
