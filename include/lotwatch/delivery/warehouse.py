"""What warehouses are asked for on its way: written once, looked up after an unclear answer, asked about until it is done."""

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import warehouse
from lotwatch.audit import RunContext
from lotwatch.delivery.gateways import Gateways
from lotwatch.delivery.portals import NotYet
from lotwatch.errors import LotwatchError, SourceError

#: tasks of one warehouse that one run asks about
MOST_QUESTIONS = 200
#: seconds in which another worker has written what comes before
_WRITTEN_IN = 5


def deliver(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> bool:
    """Write one task to its warehouse and record what it says; False when it is wanted no more. Raises SourceError, or NotYet."""
    task_id = int(row.payload["task_id"])
    with conn.transaction():
        if warehouse.cancel_unwanted(conn, task_id):
            return False
    name = str(row.payload["warehouse"])
    if name not in gateways.warehouses:
        raise LotwatchError(
            f"There is no warehouse system {name}", where=row.key, do="bring it back in warehouses.yaml"
        )
    there = gateways.warehouses[name]
    task = warehouse.load_task(conn, task_id, there.settings.source)
    if task.state not in {"requested", "written"}:
        return False
    if warehouse.is_being_written(conn, task_id):
        raise NotYet("What it calls back, or another pick for its order, is being written.", _WRITTEN_IN)
    told = there.gateway.look_up(task) if row.look_first else None
    if told is None:
        if task.state == "requested" and not _let_through(conn, task, context):
            return False
        told = there.gateway.carry_out(warehouse.load_task(conn, task_id, there.settings.source))
    with conn.transaction():
        note = warehouse.acknowledged if told.done else warehouse.written
        note(conn, task_id, told.number, told.state, context)
        outbox.close_as_sent(conn, row.key, {"number": told.number, "state": told.state})
    return True


def _let_through(conn: psycopg.Connection, task: warehouse.Task, context: RunContext) -> bool:
    """Guard what a proposal asks for once more, under lock; what is refused is left out. False where nothing is left."""
    with conn.transaction():
        if warehouse.lock_task(conn, task.task_id) != "requested":
            return False  # a hold has withdrawn it meanwhile
        if task.proposal_id is None:
            return True
        actions.guard(conn, [task.proposal_id], "send", context.as_of, context)
        return not warehouse.strike_refused(conn, task.task_id)


def ask_again(conn: psycopg.Connection, gateways: Gateways, context: RunContext) -> tuple[int, list[str]]:
    """Ask each warehouse what has become of what it was told, and run out the second clock of holds.

    Returns how many tasks are done since, and errors that a person should see.
    """
    done, errors = 0, []
    for name, there in gateways.warehouses.items():
        for task_id, reference, _ in warehouse.unacknowledged(conn, name, MOST_QUESTIONS):
            try:
                told = there.gateway.look_up(warehouse.load_task(conn, task_id, there.settings.source))
            except SourceError as error:
                errors.append(f"{name} {reference}: {error}")
                if error.retry:
                    break  # it is down: the next run asks again
                with conn.transaction():
                    warehouse.refused(conn, task_id, str(error), context)
                continue
            if told is not None:
                with conn.transaction():
                    note = warehouse.acknowledged if told.done else warehouse.written
                    note(conn, task_id, told.number, told.state, context)
                done += told.done
        with conn.transaction():
            warehouse.confirm_holds(conn, context, name, there.settings)
    return done, errors
