"""The gate's front door: judges staged batches, lets good rows on and keeps bad ones back.

How it commits. Rows of one entity refer to rows of another in the same batch (a movement to its lot), through views
that see a row as good once its verdict is written. Great Expectations reads through a connection of its own, so a
verdict must be committed before the next entity is judged. Hence one transaction for each entity, in the order in
which they refer to one another; within it both judges share one snapshot. What changes anything outside staging
(quarantine, releases, counts, the batch's state) is one last transaction for the batch. Killed anywhere before it,
the batch is still 'staged', and running the gate again overwrites the verdicts: nothing is lost or done twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from lotwatch.db.query import query
from lotwatch.errors import GateError
from lotwatch.gate.judge import EntityVerdict, Judge, referee_counts, refuse_broken
from lotwatch.gate.kept import keep_judged
from lotwatch.gate.quarantine import UNMAPPED, quarantine_bad, release_passed, restage_references
from lotwatch.gate.reasons import reasons
from lotwatch.gate.report import (
    NO_THRESHOLDS,
    BatchOutcome,
    EntityOutcome,
    Example,
    GateReport,
    RuleOutcome,
    Threshold,
)
from lotwatch.gate.results import keep_results
from lotwatch.gate.split import names_its_own, rule_counts, settle, split
from lotwatch.gate.staging import for_entity, staged_columns
from lotwatch.gate.suites import Reason, Suite, load_suites
from lotwatch.sources.resolve import resolve

#: rows of one entity from which on a batch is planned as a bulk
_MANY = 1_000
_EXAMPLES = 5
_HASH_JOINS = "SET LOCAL enable_nestloop = off"


def run_gate(
    conn: psycopg.Connection,
    batch_ids: Sequence[int],
    *,
    suites: Path,
    docs: Path,
    as_of: datetime,
    thresholds: Mapping[str, Threshold] = NO_THRESHOLDS,
    referee: bool = True,
    keep: bool = False,
) -> GateReport:
    """Judge the batches of one source that are in state 'staged', oldest first; the others are left as they are.

    `suites` is the folder of the suites, `docs` the folder under which validation results and Data Docs are written
    (one site for each source and day of `as_of`), `thresholds` by entity say when a batch is stopped. With
    `referee=False` Great Expectations is left out: for events that must not wait for it. With `keep` their rows are kept as
    judged, for `lotwatch.gate.referee` to have them judged later.

    A batch ends 'judged', or 'stopped' with its error when a check is broken, when the split and Great Expectations
    disagree, or when too many rows are newly bad; a stopped batch keeps its rows in staging and moves nothing into
    quarantine. Commits what `conn` holds and then as it goes (see above).

    Raises GateError when a suite cannot be used as written or the batches are not of one source.
    """
    conn.commit()
    with conn.transaction():
        loaded = load_suites(suites, staged_columns(conn))
        source, _ = _staged(conn, batch_ids)
    with _alone(conn, source):
        with conn.transaction():  # only now: another run may have judged, and even posted, some of them meanwhile
            _, waiting = _staged(conn, batch_ids)
        folder = docs / source / as_of.date().isoformat()
        outcomes = [
            _gate_batch(
                conn,
                source,
                batch_id,
                loaded,
                folder if referee else None,
                as_of,
                _Limits(thresholds, accepted),
                keep=keep,
            )
            for batch_id, accepted in waiting.items()
        ]
    return GateReport(source, tuple(outcomes))


def judge_now(
    conn: psycopg.Connection,
    batch_id: int,
    *,
    suites: Path,
    as_of: datetime,
    thresholds: Mapping[str, Threshold] = NO_THRESHOLDS,
) -> BatchOutcome:
    """Judge a staged batch by the suites alone, wholly within the caller's transaction, and let its good rows on.

    For the few records that a person mends. The caller has called `wait_for_turn` first. Nobody is told: whoever asked
    sees it. Raises GateError as `run_gate` does, and when the batch would be stopped: then the caller rolls back.
    """
    loaded = load_suites(suites, staged_columns(conn))
    source, waiting = _staged(conn, [batch_id])
    batch = _prepare(conn, source, batch_id, loaded)
    pages: dict[str, Path | None] = {suite.entity: _judge_entity(batch, suite, None) for suite in batch.present}
    outcome = _conclude(batch, pages, as_of, _Limits(thresholds, waiting[batch_id]), told=True, refereed=False)
    if outcome.state == "stopped":
        raise GateError(outcome.error or "The batch was stopped")
    return outcome


def wait_for_turn(conn: psycopg.Connection, source: str) -> None:
    """Keep the source's gate for the caller's transaction. First of all locks, or two might wait for each other."""
    conn.execute(query(__package__, "keep_gate"), {"source": source})


def preview(conn: psycopg.Connection, batch_id: int, *, suites: Path) -> BatchOutcome:
    """Judge a staged batch by the suites alone, within the caller's transaction, and move nothing.

    What it wrote into staging is to be rolled back: then nothing has happened. Raises GateError as `run_gate` does.
    """
    loaded = load_suites(suites, staged_columns(conn))
    source, _ = _staged(conn, [batch_id])
    batch = _prepare(conn, source, batch_id, loaded)
    for suite in batch.present:
        _judge_entity(batch, suite, None)
    return BatchOutcome(batch_id, "judged", tuple(_outcome(batch, suite, None) for suite in batch.present), None)


def _staged(conn: psycopg.Connection, batch_ids: Sequence[int]) -> tuple[str, dict[int, float | None]]:
    """The source of the batches, and those of them that wait for the gate, with what a person accepted of each."""
    rows = conn.execute(query(__package__, "batches"), {"batch_ids": list(batch_ids)}).fetchall()
    sources = {source for _, source, _, _ in rows}
    if len(rows) != len(set(batch_ids)) or len(sources) != 1:
        raise GateError(
            f"The gate takes batches of one source, and got {len(rows)} of {sorted(sources)}",
            where=f"batches {sorted(batch_ids)}",
            do="call it once for each source",
        )
    waiting = {
        batch_id: None if accepted is None else float(accepted)
        for batch_id, _, state, accepted in rows
        if state == "staged"
    }
    return sources.pop(), waiting


@contextmanager
def _alone(conn: psycopg.Connection, source: str) -> Iterator[None]:
    with conn.transaction():
        conn.execute(query(__package__, "lock_gate"), {"source": source})
    try:
        yield
    finally:
        if not conn.broken:
            with conn.transaction():
                conn.execute(query(__package__, "unlock_gate"), {"source": source})


@dataclass(frozen=True, slots=True)
class _Limits:
    """How much of a batch may be newly bad: by its source's thresholds, or the share that a person accepted."""

    thresholds: Mapping[str, Threshold]
    accepted: float | None = None

    def of(self, entity: str) -> Threshold:
        threshold = self.thresholds.get(entity, Threshold())
        return threshold if self.accepted is None else Threshold(self.accepted, threshold.rows)


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch in the gate: the suites of the entities it has, in the order in which they refer to one another.

    `many`: it is a bulk, for which the planner must not believe that a table just filled is nearly empty.
    """

    conn: psycopg.Connection
    source: str
    batch_id: int
    present: tuple[Suite, ...]
    many: bool

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A transaction over the batch: with hash joins for a bulk, with look-ups for a handful of events."""
        with self.conn.transaction():
            if self.many:
                self.conn.execute(_HASH_JOINS)
            yield self.conn

    def parameters(self, entity: str) -> dict[str, object]:
        """What the statements about one entity of the batch bind."""
        return {"batch_id": self.batch_id, "source": self.source, "entity_name": entity, "unmapped": UNMAPPED}


def _gate_batch(
    conn: psycopg.Connection,
    source: str,
    batch_id: int,
    suites: Mapping[str, Suite],
    docs: Path | None,
    as_of: datetime,
    limits: _Limits,
    *,
    keep: bool,
) -> BatchOutcome:
    """Judge one batch; what stops it is written to it and reported, so that the next batch is judged all the same."""
    batch = _prepare(conn, source, batch_id, suites)
    try:
        with Judge(conn, docs, batch_id, as_of) if docs else nullcontext() as judge:
            pages = {suite.entity: _judge_entity(batch, suite, judge) for suite in batch.present}
    except GateError as error:
        with conn.transaction():
            _close(conn, batch_id, "stopped", (), str(error))
        return BatchOutcome(batch_id, "stopped", (), str(error))
    return _conclude(batch, pages, as_of, limits, told=False, refereed=docs is not None, keep=keep)


def _prepare(conn: psycopg.Connection, source: str, batch_id: int, suites: Mapping[str, Suite]) -> _Batch:
    """Make the batch ready: what waits for references joins it, repeated readings leave it."""
    with conn.transaction():
        conn.execute(_HASH_JOINS)  # what waits and what is staged may both be many
        for entity, retried in restage_references(conn, batch_id, source).items():
            noted = {"batch_id": batch_id, "entity": entity, "retried": retried}
            conn.execute(query(__package__, "note_retried"), noted)
        rows = {suite.entity: _count_staged(conn, suite, batch_id) for suite in suites.values()}
        parameters = {"batch_id": batch_id, "source": source, "unmapped": UNMAPPED}
        unmapped = {entity for (entity,) in conn.execute(query(__package__, "unmapped_entities"), parameters)}
    present = tuple(suite for entity, suite in suites.items() if rows[entity] or entity in unmapped)
    batch = _Batch(conn, source, batch_id, present, max(rows.values(), default=0) >= _MANY)
    with batch.transaction():
        for suite in present:
            conn.execute(for_entity("supersede", suite.entity, suite.columns), {"batch_id": batch_id})
    return batch


def _count_staged(conn: psycopg.Connection, suite: Suite, batch_id: int) -> int:
    statement = for_entity("count_staged", suite.entity, suite.columns)
    row = conn.execute(statement, {"batch_id": batch_id}).fetchone()
    return int(row[0]) if row else 0


def _judge_entity(batch: _Batch, suite: Suite, judge: Judge | None) -> Path | None:
    """Write the verdict on one entity, refereed if there is a judge; returns the page that shows it.

    First it is brought into our codes and base units, by what was judged before it.
    """
    with batch.transaction() as conn:
        resolve(conn, batch.batch_id, batch.source, suite.entity, suite.columns)
        if names_its_own(conn, suite, batch.batch_id):
            settle(conn, suite, batch.batch_id)
    with batch.transaction() as conn:
        if judge is None:
            split(conn, suite, batch.batch_id)
            return None
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        verdict: EntityVerdict = judge.verdict(conn, suite)
        refuse_broken(suite, verdict, batch.batch_id)
        referee_counts(suite, verdict, split(conn, suite, batch.batch_id))
        return verdict.page


def _conclude(
    batch: _Batch,
    pages: Mapping[str, Path | None],
    as_of: datetime,
    limits: _Limits,
    *,
    told: bool,
    refereed: bool,
    keep: bool = False,
) -> BatchOutcome:
    """The last transaction: bad rows to quarantine, passed ones released, the batch judged; or stopped, nothing moved.

    `told`: whoever asked for it sees what was found, and no message is due. `keep`: its rows are kept as judged.
    """
    with batch.transaction() as conn:
        outcomes = tuple(_outcome(batch, suite, pages[suite.entity]) for suite in batch.present)
        checks = {suite.entity: len(suite.checks) for suite in batch.present}
        keep_results(conn, batch.batch_id, batch.source, outcomes, checks, as_of, refereed=refereed)
        error = _too_much(outcomes, limits, batch.batch_id)
        if error is None:
            if keep:
                keep_judged(conn, batch.present, batch.batch_id)
            for suite in batch.present:
                release_passed(conn, suite, batch.batch_id, batch.source)
                quarantine_bad(conn, suite, batch.batch_id, batch.source)
        state = "judged" if error is None else "stopped"
        _close(conn, batch.batch_id, state, outcomes, error)
        if told:
            conn.execute(query(__package__, "note_told"), {"batch_id": batch.batch_id})
    return BatchOutcome(batch.batch_id, state, outcomes, error)


def _too_much(outcomes: Sequence[EntityOutcome], limits: _Limits, batch_id: int) -> str | None:
    """Why the batch is stopped, or None. Rows that were bad before count neither for it nor against it."""
    found = []
    for outcome in outcomes:
        threshold = limits.of(outcome.entity)
        fresh, judged = outcome.newly_quarantined, outcome.read - outcome.known_bad
        if fresh >= threshold.rows and fresh > threshold.share * judged:
            found.append(
                f"{outcome.entity}: {fresh} of {judged} records are newly bad, more than {threshold.share:.0%}"
            )
    if not found:
        return None
    error = GateError(
        f"Too much of the batch is bad ({'; '.join(found)})",
        where=f"batch {batch_id}",
        do=f"look at the reasons (`lotwatch batch show {batch_id}`); if the records are really so, `lotwatch batch release"
        f" {batch_id}` lets the good ones on; otherwise correct the source or its connector, `lotwatch batch discard"
        f" {batch_id}`, and read again",
    )
    return str(error)


def _close(
    conn: psycopg.Connection, batch_id: int, state: str, outcomes: Sequence[EntityOutcome], error: str | None
) -> None:
    counts = {outcome.entity: outcome.counts for outcome in outcomes}
    parameters = {"batch_id": batch_id, "state": state, "counts": Jsonb(counts), "error": error}
    conn.execute(query(__package__, "close_batch"), parameters)


def _outcome(batch: _Batch, suite: Suite, page: Path | None) -> EntityOutcome:
    """What was found among one entity's records, from the verdicts as they are written."""
    parameters = batch.parameters(suite.entity)
    row = batch.conn.execute(for_entity("entity_counts", suite.entity, suite.columns), parameters).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    read, passed, quarantined, warned, known_bad, unmapped = row
    retried: dict[str, int] = dict(
        batch.conn.execute(query(__package__, "retried"), {"batch_id": batch.batch_id}).fetchall()
    )
    rules = _rule_outcomes(batch, suite)
    if unmapped:
        rules.append(_unmapped_outcome(batch, suite.entity, unmapped))
    return EntityOutcome(
        entity=suite.entity,
        read=read,
        passed=passed,
        quarantined=quarantined,
        warned=warned,
        known_bad=known_bad,
        retried=retried.get(suite.entity, 0),
        rules=tuple(rules),
        page=page,
    )


def _rule_outcomes(batch: _Batch, suite: Suite) -> list[RuleOutcome]:
    english, english_parameters = reasons(suite, "en")
    chinese, chinese_parameters = reasons(suite, "zh")
    statement = for_entity("examples", suite.entity, suite.columns, english=english, chinese=chinese)
    bound = {**batch.parameters(suite.entity), **english_parameters, **chinese_parameters, "limit": _EXAMPLES}
    examples: dict[str, list[Example]] = {}
    for rule, source_key, en, zh, known in batch.conn.execute(statement, bound):
        examples.setdefault(rule, []).append(Example(source_key, Reason(en, zh), known))
    counts = rule_counts(batch.conn, suite.entity, batch.batch_id)
    return [
        RuleOutcome(
            check.rule, suite.entity, check.severity, check.reason, counts[check.rule], tuple(examples[check.rule])
        )
        for check in suite.checks
        if check.rule in counts
    ]


def _unmapped_outcome(batch: _Batch, entity: str, failing: int) -> RuleOutcome:
    bound = {**batch.parameters(entity), "limit": _EXAMPLES}
    rows = batch.conn.execute(query(__package__, "unmapped_examples"), bound)
    examples = tuple(Example(key, Reason(text, text), known) for key, text, known in rows)
    reason = Reason("The record could not be mapped", "记录无法映射")
    return RuleOutcome(UNMAPPED[0], entity, "critical", reason, failing, examples)
