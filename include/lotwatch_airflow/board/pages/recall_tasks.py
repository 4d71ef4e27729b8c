"""One task of a recall, for a phone: what is expected here, scan to confirm, explain what is missing, done."""

from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, HTTPException, Path, Response
from psycopg.rows import DictRow

from lotwatch.errors import LotwatchError
from lotwatch.recall import tasks
from lotwatch.recall.tasks import Finding
from lotwatch_airflow.board.filters import Note, Scanned
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_first
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import Write, WriteDep

router = APIRouter()

PERMISSION = "respond_recall"
TaskId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/recalls/tasks/{task_id}")
def show_task(
    view: ViewDep, task_id: TaskId, found: Literal["listed", "elsewhere", "unknown"] | None = None
) -> Response:
    """A task, with the form to scan for who may."""
    return _show(view, task_id, found=found)


@router.post("/recalls/tasks/{task_id}")
def act(
    write: WriteDep,
    task_id: TaskId,
    what: Annotated[Literal["acknowledge", "finish", "reopen"], Form()],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Take a task on, finish it, or go on with one that was done."""
    task = _allowed(write, task_id)
    try:
        with write.transaction(PERMISSION, f"{what} recall task") as (conn, context):
            _need_site(write, conn, task)
            if what == "acknowledge":
                tasks.acknowledge(conn, context, task_id)
            elif what == "finish":
                tasks.finish(conn, context, task_id, note or None)
            else:
                tasks.reopen(conn, context, task_id, note)
    except LotwatchError as error:
        return _show(write.view, task_id, error=write.view.told(error))
    return write.view.see(f"recalls/tasks/{task_id}")


@router.post("/recalls/tasks/{task_id}/finds")
def find(
    write: WriteDep,
    task_id: TaskId,
    said: Annotated[Scanned, Form(min_length=1)],
    quantity: Annotated[int, Form(ge=-(10**9), le=10**9)],
    request_id: Annotated[UUID, Form()],
    outcome: Annotated[Literal["found", "handled", "explained"], Form()] = "found",
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Write down what was scanned; sent twice, it counts once."""
    task = _allowed(write, task_id)
    try:
        with write.transaction(PERMISSION, "scan for a recall") as (conn, context):
            _need_site(write, conn, task)
            finding = Finding(said, quantity, request_id, outcome, note or None)
            standing = tasks.find(conn, context, task_id, finding)
    except LotwatchError as error:
        return _show(write.view, task_id, error=write.view.told(error), said=said, quantity=quantity)
    return write.view.see(f"recalls/tasks/{task_id}", found=standing)


def _allowed(write: Write, task_id: int) -> DictRow:
    """The task, which the person may see and work on. Raises HTTPException (404) and Refused."""
    write.person.need(PERMISSION)
    return _read(write.view, task_id)


def _need_site(write: Write, conn: Any, task: DictRow) -> None:
    """Goods between sites are for who sees all of them: others do not see the task. Raises Refused."""
    if task["site_id"] is not None:
        write.need_site(conn, task["site_id"])


def _read(view: View, task_id: int) -> DictRow:
    with view.transaction() as conn:
        parameters = {"as_of": view.as_of, "case_id": None, "task": task_id, "site": None}
        found = fetch_first(conn, Statement("recall_tasks", parameters, [Order("task_id")]), 1)
    if not found:
        raise HTTPException(404)
    return found[0]


def _show(view: View, task_id: int, *, error: str | None = None, **values: Any) -> Response:
    task = _read(view, task_id)
    with view.transaction() as conn:
        asked = {"task": task_id}
        parts: dict[str, Any] = {
            "lines": fetch_all(conn, "recall_task_lines", asked),
            "finds": fetch_all(conn, "recall_finds", asked),
            "siblings": fetch_all(conn, "recall_siblings", asked),
        }
    person = view.person
    plain = {"found": None, "said": "", "quantity": 1}
    return view.page(
        "recalls-task",
        status=409 if error else 200,
        task=task,
        error=error,
        request_id=uuid4(),
        outcome="found" if task["kind"] == "count" else "handled" if task["kind"] in tasks.HANDLING else None,
        may=person.may(PERMISSION) and task["case_state"] == "open",
        **parts,
        **plain | values,
    )
