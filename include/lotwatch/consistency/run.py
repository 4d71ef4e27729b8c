"""Runs the checks: each in a transaction of its own, so that one that is broken is told and the others go on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lotwatch import facts
from lotwatch.audit import RunContext
from lotwatch.consistency.catalogue import PACKAGE, Check, load_checks
from lotwatch.db.query import query

#: longer than this no check may take
_PATIENCE = "SET LOCAL statement_timeout = '10min'"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a check found; with `error` it could not be run, and nothing is known."""

    check: Check
    examined: int | None = None
    found: int | None = None
    fresh: int | None = None
    quantity: Decimal | None = None
    value: Decimal | None = None
    error: str | None = None


def run_checks(
    conn: psycopg.Connection,
    context: RunContext,
    due_every: Mapping[str, timedelta],
    checks: Iterable[Check] | None = None,
) -> list[Outcome]:
    """Run the checks (all of them unless told) as of the run's moment and keep what they find.

    `due_every` says how often each source should be read. A live run keeps the findings: new ones are opened, those
    that are gone are resolved. A backfilled one asks those checks that can be asked of a past day, and adds to their
    trend alone. Commits after each check.
    """
    sources = [{"source": name, "seconds": int(wait.total_seconds())} for name, wait in sorted(due_every.items())]
    chosen = load_checks().values() if checks is None else checks
    return [_run(conn, context, check, sources) for check in chosen if check.past or not context.backfilled]


def _run(conn: psycopg.Connection, context: RunContext, check: Check, sources: list[dict[str, Any]]) -> Outcome:
    conn.commit()
    began = monotonic()
    try:
        with conn.transaction():
            conn.execute(_PATIENCE)
            outcome = _look(conn, context, check, sources)
            _note(conn, context, outcome, began)
    except psycopg.Error as error:
        outcome = Outcome(check, error=f"{type(error).__name__}: {str(error).strip()}")
        with conn.transaction():
            _note(conn, context, outcome, began)
    return outcome


def _look(conn: psycopg.Connection, context: RunContext, check: Check, sources: list[dict[str, Any]]) -> Outcome:
    if context.backfilled:
        facts.at(conn, context.as_of)
    else:
        facts.live(conn, context.as_of)
    conn.execute(query(__package__, "lock_check"), {"check_id": check.id})
    conn.execute(query(__package__, "make_found"))
    gather = sql.SQL(query(__package__, "gather")).format(findings=sql.SQL(query(PACKAGE, check.id)))
    conn.execute(gather, {**check.parameters, "as_of": context.as_of, "sources": Jsonb(sources)})
    row = conn.execute(query(__package__, "sum_found")).fetchone()
    assert row is not None  # noqa: S101 (an aggregate always answers one row)
    examined, found, quantity, value = row
    fresh = None if context.backfilled else _keep(conn, context, check)
    return Outcome(check, examined, found, fresh, quantity, value)


def _keep(conn: psycopg.Connection, context: RunContext, check: Check) -> int:
    """Open, keep and resolve the check's findings; return how many the run before did not have."""
    parameters = {"check_id": check.id, "severity": check.severity, "as_of": context.as_of}
    changes = conn.execute(query(__package__, "keep_findings"), parameters).fetchall()
    return sum(change == "fresh" for (change,) in changes)


def _note(conn: psycopg.Connection, context: RunContext, outcome: Outcome, began: float) -> None:
    parameters = {
        "check_id": outcome.check.id,
        "as_of": context.as_of,
        "dag_id": context.dag_id,
        "run_id": context.run_id,
        "backfilled": context.backfilled,
        "state": "broken" if outcome.error else "done",
        "examined": outcome.examined,
        "found": outcome.found,
        "fresh": outcome.fresh,
        "quantity": outcome.quantity,
        "value": outcome.value,
        "milliseconds": round((monotonic() - began) * 1000),
        "error": outcome.error,
    }
    conn.execute(query(__package__, "note_result"), parameters)
