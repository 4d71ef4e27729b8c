"""A check that failed, or is late, blocks its lots by holds of its own; passing releases these and no others."""

import psycopg

from lotwatch import ledger, outbox
from lotwatch.actions.tasks.task import Result, Task, in_words
from lotwatch.audit import RunContext
from lotwatch.db.query import query


def block(conn: psycopg.Connection, task: Task, reason: str, context: RunContext) -> None:
    """Hold the lots and serial units that a check is about; purchasing is told of the line of an order. Once, however often."""
    for line in task.lines:
        if line.lot_id or line.serial_id:
            hold = ledger.Hold(
                cause="quality",
                reference=task.reference,
                reason=reason,
                item_id=line.item_id,
                lot_id=line.lot_id or None,
                serial_id=line.serial_id or None,
            )
            ledger.place_hold(conn, hold, context, context.actor)
    payload = {
        "template": "check_failed",
        "to": ["buyer" if task.details.get("order_line") else "warehouse", "quality"],
        "about": {"sites": [task.site_code]},
        "data": in_words(task) | {"reason": reason},
    }
    outbox.enqueue(conn, "message", f"check_failed:{task.reference}:{reason}", payload)


def settle(conn: psycopg.Connection, task: Task, result: Result, context: RunContext) -> None:
    """What the end of a check does to its lots: failed, they are held; passed, its own holds are released."""
    if result.state == "failed":
        block(conn, task, "the check failed", context)
    elif result.state == "done":
        for (hold_id,) in conn.execute(query(__package__, "own_holds"), {"reference": task.reference}).fetchall():
            ledger.release_hold(
                conn, hold_id, context, authorities=["quality"], released_by=result.closed_by, reason="the check passed"
            )
