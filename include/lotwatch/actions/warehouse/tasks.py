"""How far a warehouse has come with what it was asked for."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from lotwatch import ledger
from lotwatch.actions.warehouse.registry import TaskKind, Warehouse
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Line:
    """So many base units of a lot or serial unit, by the codes of the warehouse's own system.

    `besides`: of a pick, what the warehouse has set aside of it for the same order by other tasks.
    """

    item_code: str
    lot_number: str | None
    serial_number: str | None
    location_code: str
    quantity: int
    besides: int


@dataclass(frozen=True, slots=True)
class Task:
    """What a warehouse is asked for, by the codes of its own system. `reference` is ours, and stays the same.

    `calls_back` is the reference of the transfer, or of what was brought forward, that a call-back takes back; of a pick it is
    the order's key that says which. Of what was brought forward that is told, too, and `wanted_on` is the day that it had before.
    """

    task_id: int
    proposal_id: int | None
    reference: str
    warehouse: str
    kind: TaskKind
    hold_id: int | None
    calls_back: str | None
    state: str
    from_location: str
    to_location: str | None
    demand_order_key: str | None
    wanted_on: date | None
    lines: tuple[Line, ...]


def load_task(conn: psycopg.Connection, task_id: int, source: str) -> Task:
    """A task with its lines; `source` is the warehouse's, whose cross references give its codes."""
    parameters = {"task_id": task_id, "source": source}
    with conn.cursor(row_factory=class_row(Line)) as cursor:
        lines = tuple(cursor.execute(query(__package__, "task_lines"), parameters).fetchall())
    with conn.cursor(row_factory=dict_row) as cursor:
        head: Any = cursor.execute(query(__package__, "task"), parameters).fetchone()
    return Task(**head, lines=lines)


def unacknowledged(conn: psycopg.Connection, warehouse: str, limit: int) -> list[tuple[int, str, TaskKind]]:
    """(task, our reference, kind) of what a warehouse has and has not said to be done, the oldest first."""
    return conn.execute(query(__package__, "unacknowledged"), {"warehouse": warehouse, "limit": limit}).fetchall()


def written(conn: psycopg.Connection, task_id: int, number: str, state: str, context: RunContext) -> None:
    """The warehouse has it, under this number, in this state of its own."""
    parameters = {"task_id": task_id, "number": number, "their_state": state, "as_of": context.as_of}
    if conn.execute(query(__package__, "written"), parameters).rowcount:
        conn.execute(query(__package__, "proposal_follows"), {"task_id": task_id})
        record(conn, context, "written to the warehouse", "warehouse_task", str(task_id), after=parameters)


def acknowledged(conn: psycopg.Connection, task_id: int, number: str, state: str, context: RunContext) -> None:
    """The warehouse says that it is done."""
    parameters = {"task_id": task_id, "number": number, "their_state": state, "as_of": context.as_of}
    row = conn.execute(query(__package__, "acknowledged"), parameters).fetchone()
    if row is None:
        return
    reference, kind, hold_id = row
    conn.execute(query(__package__, "proposal_follows"), {"task_id": task_id})
    record(conn, context, "acknowledged by the warehouse", "warehouse_task", str(task_id), after=parameters)
    if kind == "call_back":
        for (told_id,) in conn.execute(query(__package__, "called_back"), {"task_id": task_id}).fetchall():
            conn.execute(query(__package__, "proposal_follows"), {"task_id": told_id})
        record(conn, context, "called back", "hold", str(hold_id), after={"task": reference, "number": number})


def refused(conn: psycopg.Connection, task_id: int, reason: str, context: RunContext) -> tuple[str, TaskKind]:
    """The warehouse says no, or nothing more is tried; returns our reference, and what was asked."""
    reference, kind, hold_id = conn.execute(
        query(__package__, "refused"), {"task_id": task_id, "reason": reason}
    ).fetchall()[0]
    conn.execute(query(__package__, "proposal_follows"), {"task_id": task_id})
    record(conn, context, "refused by the warehouse", "warehouse_task", str(task_id), reason=reason)
    if kind == "call_back":
        record(conn, context, "not called back", "hold", str(hold_id), after={"task": reference}, reason=reason)
    return reference, kind


def lock_task(conn: psycopg.Connection, task_id: int) -> str:
    """How far a task is; nobody changes it, and no hold is placed without seeing it, until the transaction ends."""
    return str(conn.execute(query(__package__, "lock_task"), {"task_id": task_id}).fetchall()[0][0])


def is_being_written(conn: psycopg.Connection, task_id: int) -> bool:
    """Whether another worker is writing what a call-back takes back, or another pick for the same order, at this moment."""
    return bool(conn.execute(query(__package__, "is_being_written"), {"task_id": task_id}).fetchall()[0][0])


def cancel_unwanted(conn: psycopg.Connection, task_id: int) -> bool:
    """Whether what was asked for a hold is no longer wanted, since that was released before: then it is cancelled."""
    return conn.execute(query(__package__, "cancel_unwanted"), {"task_id": task_id}).rowcount == 1


def strike_refused(conn: psycopg.Connection, task_id: int) -> bool:
    """Leave out of a task what guards have refused of its proposal; returns whether nothing is left, and it is cancelled."""
    conn.execute(query(__package__, "strike_refused"), {"task_id": task_id})
    if conn.execute(query(__package__, "cancel_empty"), {"task_id": task_id}).rowcount == 0:
        return False
    conn.execute(query(__package__, "proposal_follows"), {"task_id": task_id})
    return True


def confirm_holds(conn: psycopg.Connection, context: RunContext, name: str, warehouse: Warehouse) -> int:
    """Run the second clock out for holds of which the warehouse has set everything aside; returns for how many."""
    parameters = {
        "warehouse": name,
        "source": warehouse.source,
        "sites": warehouse.site_patterns,
        "blocked": warehouse.blocked,
    }
    confirmed = [hold_id for (hold_id,) in conn.execute(query(__package__, "holds_set_aside"), parameters)]
    for hold_id in confirmed:
        ledger.confirm_hold(conn, hold_id, context.as_of)
        record(conn, context, "hold confirmed", "hold", str(hold_id), actor=name)
    return len(confirmed)
