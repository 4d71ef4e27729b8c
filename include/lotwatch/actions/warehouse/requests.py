"""Asks a warehouse system for something: a row here and one in the outbox, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from lotwatch import ledger, outbox
from lotwatch.actions.warehouse.registry import TaskKind, Warehouse, load_warehouses
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError


@dataclass(frozen=True, slots=True)
class TaskLine:
    """So many base units of an item's lot or serial unit (0: none) to be taken from a place, at a stop of the walk (None: no walk)."""

    item_id: int
    location_id: int
    quantity: int
    lot_id: int = 0
    serial_id: int = 0
    stop: int | None = None


def request_holds(conn: psycopg.Connection, context: RunContext, warehouses: Mapping[str, Warehouse]) -> int:
    """Ask for what is held here to be set aside there, and for what is held no more to be put back; returns how many tasks.

    What is asked for already, or was refused within a day, is not asked for again; what arrives under a hold later is.
    """
    made = 0
    with conn.transaction():
        conn.execute(query(__package__, "lock_requests"))
        for name, warehouse in warehouses.items():
            parameters = {
                "warehouse": name,
                "source": warehouse.source,
                "sites": warehouse.site_patterns,
                "blocked": warehouse.blocked,
                "as_of": context.as_of,
                "actor": context.actor,
            }
            for kind in sorted({"hold", "release"} & warehouse.writes):
                for task_id, hold_id in conn.execute(query(__package__, f"request_{kind}s"), parameters).fetchall():
                    if kind == "hold":  # what has just been found to be free there was not confirmed, or is no more
                        ledger.unconfirm_hold(conn, hold_id)
                    _enqueue(conn, context, name, task_id, kind)
                    made += 1
    return made


def call_back(
    conn: psycopg.Connection,
    context: RunContext,
    warehouses: Mapping[str, Warehouse] | None = None,
    *,
    holds: Collection[int] | None = None,
) -> int:
    """Stop what leaves though it is held, by these holds or by any that no warehouse has confirmed: in the transaction that places them, nothing gets away between.

    A pick or transfer, or bringing one forward, that no warehouse was told of is cancelled; of what one was told of, or has set
    aside by itself for an order, it is asked to give the whole up: the rest is proposed anew. What was brought forward is put
    back to its day. Whom no system tells, people are to stop it, by a message.
    Returns how many call-backs there are to make.
    """
    told = {
        name: known.source for name, known in (warehouses or load_warehouses()).items() if "call_back" in known.writes
    }
    parameters = {
        "holds": None if holds is None else list(holds),
        "warehouses": list(told),
        "sources": list(told.values()),
        "actor": context.actor,
        "as_of": context.as_of,
    }
    made = 0
    with conn.transaction():
        conn.execute(query(__package__, "lock_untold"))
        found = conn.execute(query(__package__, "request_call_backs"), parameters).fetchall()
        for task_id, warehouse, reference, hold_id, is_withdrawn in found:
            after = {"task": reference}
            if is_withdrawn:
                conn.execute(query(__package__, "proposal_follows"), {"task_id": task_id})
                record(conn, context, "pick withdrawn", "hold", str(hold_id), after=after)
                continue
            _enqueue(conn, context, warehouse, task_id, "call_back")
            record(conn, context, "call-back asked", "hold", str(hold_id), after=after)
            made += 1
        _stop_people(conn, context, parameters)
    return made


def _stop_people(conn: psycopg.Connection, context: RunContext, parameters: Mapping[str, Any]) -> None:
    """Tell the warehouse, once for each hold, to leave what it was to pick or move by hand."""
    told = [row[0] for row in conn.execute(query(__package__, "by_hand"), parameters).fetchall()]
    if not told:
        return
    held = conn.execute(query(__package__, "held_by_hand"), {**parameters, "proposals": told}).fetchall()
    for code, proposal_id, hold_id, rows in held:
        payload = {
            "template": "stop_by_hand",
            "to": ["warehouse"],
            "about": {"proposals": [proposal_id]},
            "data": {"code": code, "rows": rows},
        }
        if outbox.enqueue(conn, "message", f"stop_by_hand:{code}:{hold_id}", payload):
            record(conn, context, "people told to stop", "hold", str(hold_id), after={"number": code})


def request_transfer(
    conn: psycopg.Connection,
    context: RunContext,
    warehouse: str,
    *,
    from_site_id: int,
    to_site_id: int,
    lines: Sequence[TaskLine],
    wanted_on: date | None = None,
    proposal_id: int | None = None,
) -> int:
    """Ask for goods to be moved from one site to another; returns the task. The warehouse chooses the bins."""
    return _request(
        conn, context, warehouse, "transfer", lines,
        site_id=from_site_id, from_location_id=from_site_id, to_location_id=to_site_id, wanted_on=wanted_on,
        proposal_id=proposal_id,
    )  # fmt: skip


def request_pick(
    conn: psycopg.Connection,
    context: RunContext,
    warehouse: str,
    *,
    site_id: int,
    demand_order_key: str,
    lines: Sequence[TaskLine],
    proposal_id: int | None = None,
) -> int:
    """Ask for exactly these lots, from these places, to be picked for an order; returns the task."""
    return _request(
        conn, context, warehouse, "pick", lines,
        site_id=site_id, from_location_id=site_id, demand_order_key=demand_order_key,
        proposal_id=proposal_id,
    )  # fmt: skip


def request_priority(
    conn: psycopg.Connection,
    context: RunContext,
    warehouse: str,
    *,
    site_id: int,
    document_key: str,
    wanted_on: date,
    lines: Sequence[TaskLine],
    proposal_id: int,
) -> int:
    """Ask for an order or delivery of the warehouse's own, known there by `document_key`, to be brought forward; returns the task."""
    return _request(
        conn, context, warehouse, "priority", lines,
        site_id=site_id, from_location_id=site_id, demand_order_key=document_key, wanted_on=wanted_on,
        proposal_id=proposal_id,
    )  # fmt: skip


def _request(
    conn: psycopg.Connection,
    context: RunContext,
    warehouse: str,
    kind: TaskKind,
    lines: Sequence[TaskLine],
    **values: Any,
) -> int:
    if not lines:
        raise LotwatchError(f"A {kind} without lines asks for nothing", where=warehouse)
    parameters = {"to_location_id": None, "demand_order_key": None, "wanted_on": None, "proposal_id": None, **values}
    parameters |= {"warehouse": warehouse, "kind": kind, "actor": context.actor, "as_of": context.as_of}
    with conn.transaction():
        row = conn.execute(query(__package__, "make_task"), parameters).fetchone()
        assert row is not None  # noqa: S101 (the statement always answers one row)
        task_id = int(row[0])
        with conn.cursor() as cursor:
            cursor.executemany(
                query(__package__, "make_line"),
                [
                    {
                        "task_id": task_id,
                        "item_id": line.item_id,
                        "lot_id": line.lot_id,
                        "serial_id": line.serial_id,
                        "location_id": line.location_id,
                        "quantity": line.quantity,
                        "stop": line.stop,
                    }
                    for line in lines
                ],
            )
        _enqueue(conn, context, warehouse, task_id, kind)
    return task_id


def _enqueue(conn: psycopg.Connection, context: RunContext, warehouse: str, task_id: int, kind: str) -> None:
    outbox.enqueue(conn, "warehouse_task", f"warehouse_task:{task_id}", {"task_id": task_id, "warehouse": warehouse})
    record(conn, context, f"{kind} requested", "warehouse_task", str(task_id))
