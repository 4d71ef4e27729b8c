"""Keeps the rows of events as they were judged, and has Great Expectations judge them later, many batches at once.

Events do not wait for Great Expectations. What the split said of them is refereed every hour, in two ways: over the same
rows, in one snapshot, both must count the same for every rule; and a rule that looks at a row alone must count now what it
counted when the events came. (What looks further may have changed since: a lot that was not known then may be by now.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import psycopg

from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import GateError
from lotwatch.gate.judge import Judge, referee_counts, refuse_broken
from lotwatch.gate.split import FAILS, split
from lotwatch.gate.staging import for_entity, staged_columns
from lotwatch.gate.suites import Check, Suite, is_row_condition, load_suites, parse_query
from lotwatch.sources.stage import drop_batch, open_batch

#: rows that wait at most: beyond it events are judged by the split alone, and the run log says so
MOST_KEPT = 300_000
#: rows of a source that one run judges at most; the rest is the next run's
MOST_JUDGED = 200_000
#: checks that look at other rows, whatever their kwargs
_LOOK_FURTHER = {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}
assert FAILS.keys() > _LOOK_FURTHER  # noqa: S101 (a name mistyped here would make the referee blame changes)


def keep_judged(conn: psycopg.Connection, suites: Sequence[Suite], batch_id: int) -> None:
    """Keep the batch's staged rows with their verdicts, in the caller's transaction.

    When too many wait already the batch is marked as judged by SQL alone: the referee's next run says how many were.
    """
    row = conn.execute(query(__package__, "has_room"), {"limit": MOST_KEPT}).fetchone()
    if not (row and row[0]):
        conn.execute(query(__package__, "leave_unrefereed"), {"batch_id": batch_id})
        return
    for suite in suites:
        parameters = {"batch_id": batch_id, "entity_name": suite.entity, "suite": _version(suite)}
        conn.execute(for_entity("keep_judged", suite.entity, suite.columns), parameters)


def take_unrefereed(conn: psycopg.Connection) -> int:
    """How many batches nobody refereed, since too much waited; each is told once."""
    return conn.execute(query(__package__, "take_unrefereed")).rowcount


def judged_sources(conn: psycopg.Connection) -> list[str]:
    """Sources of which rows wait for the referee."""
    return [source for (source,) in conn.execute(query(__package__, "judged_sources")).fetchall()]


@dataclass(frozen=True, slots=True)
class Refereed:
    """What was judged once more: batches, rows by entity, and where the two judges disagree (in words)."""

    source: str
    batches: int
    rows: Mapping[str, int] = field(default_factory=dict)
    disagreements: tuple[str, ...] = ()


def referee(conn: psycopg.Connection, source: str, context: RunContext, *, suites: Path, docs: Path) -> Refereed:
    """Let Great Expectations judge a source's kept rows by the suites, and compare.

    Commits what `conn` holds and then as it goes: the rows are staged anew in a batch that nothing else looks at, and
    are gone at the end, agreed or not. Killed before that, they wait for the next run. One run at a time.
    """
    conn.commit()
    with conn.transaction():
        left_over = {"source": source, "dag_id": context.dag_id}
        for (batch_id,) in conn.execute(query(__package__, "left_over"), left_over).fetchall():
            drop_batch(conn, batch_id)
        loaded = load_suites(suites, staged_columns(conn))
        bound = {"source": source, "rows": MOST_JUDGED}
        batch_ids = [batch_id for (batch_id,) in conn.execute(query(__package__, "judged_batches"), bound).fetchall()]
        if not batch_ids:
            return Refereed(source, 0)
        own = open_batch(conn, source, context)
        # 'posted' from the start: no gate takes it up, and no other batch may rely on its rows
        conn.execute(query(__package__, "set_apart"), {"batch_id": own})
        rows = {entity: _restage(conn, suite, own, batch_ids) for entity, suite in loaded.items()}
    present = [suite for entity, suite in loaded.items() if rows[entity]]
    disagreements = []
    with Judge(conn, docs / source / context.as_of.date().isoformat(), own, context.as_of) as judge:
        for suite in present:
            disagreements += _compare(conn, suite, own, batch_ids, judge)
    with conn.transaction():
        conn.execute(query(__package__, "forget_judged"), {"batch_ids": batch_ids})
        drop_batch(conn, own)
    judged = {entity: number for entity, number in rows.items() if number}
    return Refereed(source, len(batch_ids), judged, tuple(disagreements))


def _restage(conn: psycopg.Connection, suite: Suite, batch_id: int, batch_ids: Sequence[int]) -> int:
    parameters = {"batch_id": batch_id, "batch_ids": list(batch_ids), "entity_name": suite.entity}
    return conn.execute(for_entity("restage_judged", suite.entity, suite.columns), parameters).rowcount


def _compare(
    conn: psycopg.Connection, suite: Suite, batch_id: int, batch_ids: Sequence[int], judge: Judge
) -> list[str]:
    """Where the judges disagree about one entity; a check that cannot be evaluated counts as that."""
    bound = {"batch_ids": list(batch_ids), "entity_name": suite.entity}
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SET LOCAL enable_nestloop = off")  # a table just filled is thought to be nearly empty
        verdict = judge.verdict(conn, suite)
        counts = split(conn, suite, batch_id)
        then: dict[str, int] = dict(conn.execute(query(__package__, "judged_counts"), bound).fetchall())
        versions = {version for (version,) in conn.execute(query(__package__, "judged_suites"), bound).fetchall()}
    found = []
    try:
        refuse_broken(suite, verdict, batch_id)
        referee_counts(suite, verdict, counts)
    except GateError as error:
        found.append(str(error))
    if versions == {_version(suite)}:
        for check in filter(looks_at_a_row_alone, suite.checks):
            before, now = then.get(check.rule, 0), verdict.rules[check.rule].failing
            if before != now:
                found.append(
                    f"{check.rule}: {before} failing rows when the events came, {now} now. Where: {suite.path}."
                )
    return found


def looks_at_a_row_alone(check: Check) -> bool:
    """Whether a row breaks the rule by what it says itself: then it breaks it for ever."""
    if check.type == "unexpected_rows_expectation":
        return is_row_condition(parse_query(check.kwargs["unexpected_rows_query"]))
    return check.type not in _LOOK_FURTHER


def _version(suite: Suite) -> str:
    return sha256(suite.path.read_bytes()).hexdigest()
