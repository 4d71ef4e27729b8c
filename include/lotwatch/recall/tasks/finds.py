"""What people do about a task: take it on, scan what they find, explain what is missing, finish it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError, UdiError
from lotwatch.master.udi import parse
from lotwatch.recall.case import Case, lock_open_case

Outcome = Literal["found", "handled", "explained"]
#: tasks in which goods are counted, and in which something is done with them
COUNTING, HANDLING = ("count",), ("remove", "correct", "inspect")
#: lots and units named in an error
_EXAMPLES = 5


class Task(NamedTuple):
    """A task as it stands."""

    task_id: int
    case_code: str
    kind: str
    place_id: int
    site_id: int | None
    state: str
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """What was scanned or typed (`said`), how many base units of it, and what of them; `request_id` is the form's own."""

    said: str
    quantity: int
    request_id: UUID
    outcome: Outcome = "found"
    note: str | None = None


class Recognised(NamedTuple):
    """What a text names: an item, lot or serial unit of the case; `affected` None: nobody has judged it."""

    item_id: int
    lot_id: int
    serial_id: int
    verdict: str | None


class Difference(NamedTuple):
    """A line of which more, or less, was found and explained than is expected."""

    item_code: str
    number: str
    expected: int
    accounted: int


def acknowledge(conn: psycopg.Connection, context: RunContext, task_id: int) -> None:
    """Somebody has the task. When all of a site's tasks have somebody, the site has answered."""
    task, case = _open_task(conn, task_id)
    if not task.acknowledged:
        parameters = {"task_id": task_id, "at": context.as_of, "by": context.actor}
        conn.execute(query(__package__, "acknowledge_task"), parameters)
        _record(conn, context, case, "task acknowledged", task)
    conn.execute(query(__package__, "answer_of_site"), {"task_id": task_id, "at": context.as_of, "by": context.actor})


def find(conn: psycopg.Connection, context: RunContext, task_id: int, finding: Finding) -> str:
    """Write down what was found, once for its request; return how it stands: listed, elsewhere or unknown.

    What is affected and not where the books have it is taken all the same, and so is a lot or serial number that nobody knows.
    Raises LotwatchError for one that is not affected, for a text that names several, and for a task that is not open.
    """
    task, case = _open_task(conn, task_id)
    if (finding.outcome == "explained") != (finding.note is not None and finding.quantity != 0) or (
        finding.outcome != "explained" and finding.quantity < 1
    ):
        raise LotwatchError("A find has a quantity; what is explained has a note as well", where=finding.said)
    known = recognise(conn, case, finding.said, context.as_of.date())
    if known is not None and known.verdict not in {"affected", "needs_review"}:
        raise LotwatchError("This one is not affected", where=finding.said, do="leave it in use")
    lot = (known.item_id, known.lot_id, known.serial_id) if known else (None, 0, 0)
    parameters = {
        "task_id": task_id,
        "request_id": finding.request_id,
        "outcome": finding.outcome,
        "item_id": lot[0],
        "lot_id": lot[1],
        "serial_id": lot[2],
        "said": finding.said,
        "quantity": finding.quantity,
        "note": finding.note,
        "at": context.as_of,
        "by": context.actor,
    }
    row = conn.execute(query(__package__, "write_find"), parameters).fetchone()
    if row is not None:
        after = {"said": finding.said, "quantity": finding.quantity, "outcome": finding.outcome, "standing": row[0]}
        _record(conn, context, case, "units found", task, reason=finding.note, **after)
        acknowledge(conn, context, task_id)
        return str(row[0])
    found = conn.execute(query(__package__, "find_standing"), {"request_id": finding.request_id}).fetchone()
    assert found is not None  # noqa: S101 (it was written before)
    return str(found[0])


def finish(conn: psycopg.Connection, context: RunContext, task_id: int, note: str | None) -> None:
    """The task is done. Raises LotwatchError while what is expected is neither found nor explained, naming it."""
    task, case = _open_task(conn, task_id)
    outcome = "found" if task.kind in COUNTING else "handled" if task.kind in HANDLING else None
    if outcome is not None:
        with conn.cursor(row_factory=class_row(Difference)) as cursor:
            parameters = {"task_id": task_id, "outcome": outcome}
            off = cursor.execute(query(__package__, "differences"), parameters).fetchall()
        if off:
            named = "; ".join(
                f"{row.item_code} {row.number}: {row.accounted}/{row.expected}" for row in off[:_EXAMPLES]
            )
            raise LotwatchError(
                "Not everything that is expected is accounted for", where=named,
                do="scan what is there, and explain what is not",
            )  # fmt: skip
    elif not note:
        raise LotwatchError("Say what was done", where=case.code, do="write a note")
    acknowledge(conn, context, task_id)
    parameters = {"task_id": task_id, "at": context.as_of, "by": context.actor, "note": note}
    conn.execute(query(__package__, "finish_task"), parameters)
    _record(conn, context, case, "task done", task, reason=note)


def reopen(conn: psycopg.Connection, context: RunContext, task_id: int, reason: str) -> None:
    """A task that was done goes on. Raises LotwatchError for one that was not."""
    task, case = _task(conn, task_id)
    if task.state != "done":
        raise LotwatchError("The task is not done", where=f"{case.code}, {task.kind}")
    conn.execute(query(__package__, "reopen_task"), {"task_id": task_id})
    _record(conn, context, case, "task reopened", task, reason=reason)


def recognise(conn: psycopg.Connection, case: Case, said: str, as_of: date) -> Recognised | None:
    """What a scanned UDI, or a lot or serial number alone, names among the items of the case; None: nothing that is known.

    Spaces and case do not count, leading zeros do. Raises LotwatchError where it names several.
    """
    plain = {"di": None, "lot": said, "serial": said}
    try:
        udi = parse(said, as_of)
        asked = [{"di": udi.di, "lot": udi.lot_number, "serial": udi.serial_number}, plain]
    except UdiError:
        asked = [plain]
    for texts in asked:
        with conn.cursor(row_factory=class_row(Recognised)) as cursor:
            found = cursor.execute(query(__package__, "recognise"), {"case_id": case.case_id} | texts).fetchall()
        if len(found) > 1:
            raise LotwatchError("Several items have this number", where=said, do="scan the label's UDI")
        if found:
            return found[0]
    return None


def _task(conn: psycopg.Connection, task_id: int) -> tuple[Task, Case]:
    with conn.cursor(row_factory=class_row(Task)) as cursor:
        task = cursor.execute(query(__package__, "task"), {"task_id": task_id}).fetchone()
    if task is None:
        raise LotwatchError("There is no such task", where=str(task_id))
    return task, lock_open_case(conn, task.case_code)


def _open_task(conn: psycopg.Connection, task_id: int) -> tuple[Task, Case]:
    task, case = _task(conn, task_id)
    if task.state != "open":
        raise LotwatchError("The task is not open", where=f"{case.code}, {task.kind}", do="reopen it first")
    return task, case


def _record(
    conn: psycopg.Connection,
    context: RunContext,
    case: Case,
    action: str,
    task: Task,
    *,
    reason: str | None = None,
    **after: object,
) -> None:
    told = {"task": task.task_id, "kind": task.kind} | after
    record(conn, context, action, "recall_case", case.code, after=told, reason=reason)
