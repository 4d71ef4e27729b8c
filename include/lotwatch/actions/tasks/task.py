"""A task from its opening to its closure. It is closed once; what somebody says of it must add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, get_args

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from lotwatch import outbox
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

TaskKind = Literal["disposal", "withdrawal", "claim", "exception", "check", "inspection", "count", "relabel"]
Role = Literal["warehouse", "quality", "buyer"]
End = Literal["done", "failed", "cancelled"]
PointAnswer = Literal["passed", "failed", "not_applicable"]


@dataclass(frozen=True, slots=True)
class TaskLine:
    """Stock that a task is about: base units, where it lies. `disposition`: what becomes of it, if it is to become something."""

    item_id: int
    lot_id: int
    serial_id: int
    location_id: int
    quantity: int
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """What is to be done, by whom (`role` at the site; `place_id`: the department or customer) and by when."""

    proposal_id: int
    kind: TaskKind
    site_id: int
    role: Role
    what: Mapping[str, str]
    deadline: datetime
    lines: Sequence[TaskLine] = ()
    place_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    checklist: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line as people know it. `gone`: how much has left already, where that is followed; `done_quantity`: what was said at the end."""

    item_id: int
    lot_id: int
    serial_id: int
    location_id: int
    item_code: str
    item_name: str
    lot_number: str | None
    serial_number: str | None
    location_code: str
    location_name: str
    last_day: date | None
    quantity: int
    gone: int | None
    done_quantity: int | None
    disposition: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """A task with its lines; `closed_by` None: it is open."""

    task_id: int
    reference: str
    proposal_id: int
    proposal_code: str
    kind: TaskKind
    site_id: int
    site_code: str
    site_name: str
    place_code: str | None
    place_name: str | None
    role: Role
    what: dict[str, str]
    details: dict[str, Any]
    checklist: list[dict[str, str]]
    answers: dict[str, PointAnswer]
    deadline: datetime
    opened_at: datetime
    state: str
    closed_at: datetime | None
    closed_by: str | None
    note: str | None
    evidence: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A task in a list."""

    reference: str
    kind: TaskKind
    site_code: str
    place_code: str | None
    role: Role
    what: dict[str, str]
    deadline: datetime
    state: str
    proposal_code: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ends, and what is said of it: by `line_key` how much was dealt with (None: all of it), by key of the checklist
    what each point came to."""

    state: End
    closed_by: str
    note: str | None = None
    evidence: str | None = None
    quantities: Mapping[str, int] | None = None
    answers: Mapping[str, PointAnswer] = field(default_factory=dict)


def line_key(line: Line | TaskLine) -> str:
    """What names a line of a task: its item, lot, serial unit and place."""
    return f"{line.item_id}.{line.lot_id}.{line.serial_id}.{line.location_id}"


def open_task(conn: psycopg.Connection, task: NewTask, context: RunContext) -> str:
    """Open a task and tell who has it (of a case, who takes it to its party does); returns its reference.

    Raises psycopg.errors.CheckViolation where a line would give away what has expired.
    """
    with conn.transaction():
        parameters = {
            "proposal_id": task.proposal_id,
            "kind": task.kind,
            "site_id": task.site_id,
            "place_id": task.place_id,
            "role": task.role,
            "what": Jsonb(dict(task.what)),
            "details": Jsonb(dict(task.details)),
            "checklist": Jsonb([dict(point) for point in task.checklist]),
            "deadline": task.deadline,
            "as_of": context.as_of,
        }
        row = conn.execute(query(__package__, "open"), parameters).fetchone()
        assert row is not None  # noqa: S101 (an insert always answers)
        task_id, reference = int(row[0]), str(row[1])
        with conn.cursor() as cursor:
            cursor.executemany(
                query(__package__, "open_line"),
                [
                    {
                        "task_id": task_id,
                        "item_id": line.item_id,
                        "lot_id": line.lot_id,
                        "serial_id": line.serial_id,
                        "location_id": line.location_id,
                        "quantity": line.quantity,
                        "disposition": line.disposition,
                        "as_of": context.as_of,
                    }
                    for line in task.lines
                ],
            )
        record(conn, context, f"{task.kind} opened", "task", reference, after={"what": task.what["en"]})
        if task.kind != "exception":
            _tell(conn, load_task(conn, task_id))
        return reference


def load_task(conn: psycopg.Connection, task_id: int) -> Task:
    """A task by its number. Raises LotwatchError where there is none."""
    parameters = {"task_id": task_id}
    with conn.cursor(row_factory=dict_row) as cursor:
        head = cursor.execute(query(__package__, "load"), parameters).fetchone()
    if head is None:
        raise LotwatchError(f"There is no task {task_id}")
    with conn.cursor(row_factory=class_row(Line)) as cursor:
        lines = cursor.execute(query(__package__, "load_lines"), parameters).fetchall()
    return Task(**head, lines=tuple(lines))


def task_of(conn: psycopg.Connection, reference: str) -> int:
    """The number of the task with a reference. Raises LotwatchError where there is none."""
    row = conn.execute(query(__package__, "find"), {"reference": reference}).fetchone()
    if row is None:
        raise LotwatchError("There is no such task", where=reference, do="see `lotwatch tasks list`")
    return int(row[0])


def note_case(conn: psycopg.Connection, task_id: int, portal: str, number: str) -> None:
    """A supplier's portal has the case, under this number."""
    conn.execute(query(__package__, "note_case"), {"task_id": task_id, "portal": portal, "number": number})


def list_tasks(conn: psycopg.Connection, *, closed: bool = False, limit: int = 50) -> list[Listed]:
    """Open tasks (with `closed`, all), the most urgent first."""
    with conn.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(query(__package__, "list"), {"closed": closed, "limit": limit}).fetchall()


def end_task(conn: psycopg.Connection, task_id: int, result: Result, context: RunContext) -> Task:
    """A task ends as of the context's moment; returns it as it was. What that does to its lots is its kind's matter.

    Raises LotwatchError when it is closed, or when what is said of it does not add up.
    """
    with conn.transaction():
        conn.execute(query(__package__, "lock"), {"task_id": task_id})
        task = load_task(conn, task_id)
        if task.state != "open":
            raise LotwatchError(f"It is {task.state} already", where=task.reference)
        quantities = _added_up(task, result)
        parameters = {
            "task_id": task_id,
            "state": result.state,
            "as_of": context.as_of,
            "closed_by": result.closed_by,
            "note": result.note,
            "evidence": result.evidence,
            "answers": Jsonb(dict(result.answers)),
        }
        if quantities:
            keys = [line_key(line) for line in task.lines]
            done = {"task_id": task_id, "keys": keys, "quantities": [quantities[key] for key in keys]}
            conn.execute(query(__package__, "close_lines"), done)
        conn.execute(query(__package__, "close"), parameters)
        after = {"state": result.state, "evidence": result.evidence, "quantities": quantities}
        record(
            conn, context, f"{task.kind} closed", "task", task.reference,
            actor=result.closed_by, after=after, reason=result.note,
        )  # fmt: skip
        return task


def _added_up(task: Task, result: Result) -> dict[str, int]:
    """How much of each line was dealt with; nothing where it was not done. Raises LotwatchError for what cannot be meant."""
    where = task.reference
    points = {point["key"] for point in task.checklist}
    if not result.answers.keys() <= points or not set(result.answers.values()) <= set(get_args(PointAnswer)):
        raise LotwatchError("A point or its answer is not one of its checklist", where=where, do="see its points")
    if result.state == "done" and result.answers.keys() < points:
        raise LotwatchError("Points of its checklist have no answer", where=where, do="answer each of them")
    if result.state == "done" and "failed" in result.answers.values():
        raise LotwatchError("A point of its checklist failed", where=where, do="close it as failed")
    if result.state != "done":
        if not result.note:
            raise LotwatchError("It is not said why it was not done", where=where, do="say why")
        return {}
    whole = {line_key(line): line.quantity for line in task.lines}
    said = whole if result.quantities is None else dict(result.quantities)
    if said.keys() != whole.keys() or any(not 0 <= said[key] <= whole[key] for key in whole):
        raise LotwatchError("A quantity is not one of it", where=where, do="say for each line how much of it was done")
    if said != whole and not result.note:
        raise LotwatchError("Less was done than asked for, and it is not said why", where=where, do="say why")
    return said


def _tell(conn: psycopg.Connection, task: Task) -> None:
    outbox.enqueue(
        conn,
        "message",
        f"task_opened:{task.reference}",
        {
            "template": "task_opened",
            "to": [task.role],
            "about": {"sites": [task.site_code]},
            "data": in_words(task),
            "proposal_id": task.proposal_id,
        },
    )


def in_words(task: Task) -> dict[str, Any]:
    """What messages say of a task."""
    return {
        "code": task.reference,
        "what": task.what,
        "site": task.site_name,
        "place": task.place_name or task.site_name,
        "until": task.deadline.isoformat(),
        "number": task.task_id,
        "rows": [
            {
                "item": f"{line.item_code} {line.item_name}",
                "lot": line.serial_number or line.lot_number or "",
                "place": line.location_code,
                "quantity": line.quantity,
            }
            for line in task.lines
        ],
    }
