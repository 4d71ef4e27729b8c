"""Writes the audit trail and the log of runs, in the transaction of what they record."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lotwatch.audit.context import RunContext
from lotwatch.db.query import query


def begin_run(conn: psycopg.Connection, context: RunContext) -> RunContext:
    """Note the run at its first try; return the context with the `as_of` of that first try."""
    parameters = {
        "dag_id": context.dag_id,
        "run_id": context.run_id,
        "run_type": context.run_type,
        "as_of": context.as_of,
    }
    row = conn.execute(query(__package__, "begin_run"), parameters).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    return replace(context, as_of=row[0])


def record(
    conn: psycopg.Connection,
    context: RunContext,
    action: str,
    object_kind: str,
    object_id: str,
    *,
    actor: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Append one audit event: `actor` did `action` to the object, in the circumstances of `context`."""
    parameters = _circumstances(context) | {
        "actor": actor or context.actor,
        "dag_version_id": context.dag_version_id,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "before": _json(before),
        "after": _json(after),
        "reason": reason,
    }
    conn.execute(query(__package__, "record"), parameters)


def record_many(
    conn: psycopg.Connection,
    context: RunContext,
    object_kind: str,
    events: Iterable[tuple[str, str, Mapping[str, Any]]],
) -> None:
    """Append an audit event for each (action, object_id, after): for what comes by the thousand."""
    with conn.cursor() as cursor, cursor.copy(query(__package__, "record_many")) as target:
        for action, object_id, after in events:
            target.write_row((
                context.actor,
                context.dag_id,
                context.run_id,
                context.task_id,
                context.map_index,
                context.try_number,
                context.dag_version_id,
                action,
                object_kind,
                object_id,
                _json(after),
            ))


def record_acted(conn: psycopg.Connection, context: RunContext, object_kind: str) -> None:
    """Append an audit event for each row of the temporary table `acted` (action, object_id, after): for what comes by the
    hundred thousand, and never leaves the database."""
    parameters = _circumstances(context) | {
        "actor": context.actor,
        "dag_version_id": context.dag_version_id,
        "object_kind": object_kind,
    }
    conn.execute(query(__package__, "record_acted"), parameters)


def log_counts(conn: psycopg.Connection, context: RunContext, counts: Mapping[str, Any]) -> None:
    """Append what this try did, in numbers (rows read, passed, quarantined, posted, alerts, actions)."""
    conn.execute(query(__package__, "log"), _circumstances(context) | {"counts": Jsonb(dict(counts)), "error": None})


def log_error(conn: psycopg.Connection, context: RunContext, error: str) -> None:
    """Append why this try failed, in words the operator can act on."""
    conn.execute(query(__package__, "log"), _circumstances(context) | {"counts": Jsonb({}), "error": error})


def log_death(conn: psycopg.Connection, context: RunContext, error: str) -> None:
    """Append why this try failed, unless it said so itself: a task that was killed cannot."""
    conn.execute(query(__package__, "log_death"), _circumstances(context) | {"error": error})


def _circumstances(context: RunContext) -> dict[str, Any]:
    return {
        "dag_id": context.dag_id,
        "run_id": context.run_id,
        "task_id": context.task_id,
        "map_index": context.map_index,
        "try_number": context.try_number,
    }


def _json(value: Mapping[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(dict(value), dumps=_dumps)


def _dumps(value: object) -> str:
    import json

    return json.dumps(value, default=str)  # dates and decimals as text: exact
