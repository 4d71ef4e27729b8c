"""What becomes of open tasks by itself: stock that has gone, counts that were made and answers that came close them, a late check
blocks its lots, and whoever has them is reminded after the deadline."""

from datetime import timedelta

import psycopg

from lotwatch import outbox
from lotwatch.actions.tasks.blocking import block, settle
from lotwatch.actions.tasks.task import Result, Task, end_task, in_words, load_task
from lotwatch.audit import RunContext
from lotwatch.db.query import query

#: how long after a reminder the next one comes
PATIENCE = timedelta(days=3)


def follow(conn: psycopg.Connection, context: RunContext) -> dict[str, int]:
    """Close what the books show to be done, and remind of what is late. Returns how many of each."""
    with conn.transaction():
        closed = _close_gone(conn, context) + _close_counted(conn, context) + _close_answered(conn, context)
        for (task_id,) in conn.execute(query(__package__, "unblocked"), {"as_of": context.as_of}).fetchall():
            block(conn, load_task(conn, task_id), "the check is late", context)
        parameters = {"as_of": context.as_of, "patience": PATIENCE}
        late = conn.execute(query(__package__, "remind"), parameters).fetchall()
        for (task_id,) in late:
            task = load_task(conn, task_id)
            about = {"sites": [task.site_code]}
            payload = {"template": "task_late", "to": [task.role, "ops"], "about": about, "data": in_words(task)}
            outbox.enqueue(conn, "message", f"task_late:{task.reference}:{context.as_of:%Y-%m-%d}", payload)
    return {"tasks_closed": closed, "tasks_late": len(late)}


def close_task(conn: psycopg.Connection, task_id: int, result: Result, context: RunContext) -> Task:
    """Close a task as of the context's moment, with what that does to its lots; returns it as it was.

    Raises LotwatchError when it is closed, or when what is said of it does not add up.
    """
    with conn.transaction():
        task = end_task(conn, task_id, result, context)
        if task.kind == "check":
            settle(conn, task, result, context)
        return task


def _close_gone(conn: psycopg.Connection, context: RunContext) -> int:
    gone = conn.execute(query(__package__, "gone")).fetchall()
    for (task_id,) in gone:
        end_task(conn, task_id, Result("done", context.actor, "the movements show that it is gone"), context)
    return len(gone)


def _close_counted(conn: psycopg.Connection, context: RunContext) -> int:
    """A count is made in the ledger: its number is the evidence, and it has answered the checklist."""
    counted = conn.execute(query(__package__, "counted")).fetchall()
    for task_id, code, state in counted:
        answers = {point["key"]: "not_applicable" for point in load_task(conn, task_id).checklist}
        result = Result("done", context.actor, f"counted; the count is {state}", code, answers=answers)  # type: ignore[arg-type]
        end_task(conn, task_id, result, context)
    return len(counted)


def _close_answered(conn: psycopg.Connection, context: RunContext) -> int:
    """A case that asks for a date is over once there is one."""
    answered = conn.execute(query(__package__, "answered")).fetchall()
    for task_id, said in answered:
        end_task(conn, task_id, Result("done", context.actor, "a new date or confirmation has come", said), context)
    return len(answered)
