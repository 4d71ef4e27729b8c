"""Tasks: what people must carry out, each with its form to close it, and the note that goes with a disposition."""

from collections import defaultdict
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response

from lotwatch import actions
from lotwatch.actions import tasks
from lotwatch.actions.tasks import PointAnswer, Role, Task, TaskKind
from lotwatch.errors import LotwatchError
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.pages.orders import step_title
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

_CSV = (
    "task", "task_kind", "state", "task_text", "site_code", "site_name", "location_code", "role", "task_deadline", "proposal",
    "opened_at", "closed_at", "closed_by", "note", "evidence_given",
)  # fmt: skip
TaskId = Annotated[int, Path(ge=1, le=2**63 - 1)]
#: kinds of which a failure is a result, not a task that nobody did
_MAY_FAIL = frozenset({"check", "inspection"})


class TaskFilters(Filters):
    """Which tasks."""

    state: Literal["open", "late", "closed", "all"] = "open"
    kind: TaskKind | None = None
    role: Role | None = None
    site: Text | None = None
    text: Text | None = None

    def statement(self, view: View) -> Statement:
        """The tasks, the most urgent first; those that are closed by when they were."""
        parameters = self.parameters() | {"as_of": view.as_of, "lang": view.language}
        return Statement("tasks", parameters, [Order("urgency"), Order("closed_at", True), Order("task_id")])


@router.get("/tasks")
def list_tasks(view: ViewDep, filters: Annotated[TaskFilters, Query()]) -> Response:
    """Tasks that are open, or were."""
    with view.transaction() as conn:
        found = fetch_page(conn, filters.statement(view), filters.page, filters.size)
        sites = fetch_all(conn, "sites")
    return view.page(
        "tasks",
        filters=filters,
        tasks=found,
        sites=sites,
        kinds=get_args(TaskKind),
        roles=get_args(Role),
        states=["open", "late", "closed", "all"],
    )


@router.get("/tasks.csv")
def tasks_csv(view: ViewDep, filters: Annotated[TaskFilters, Query()]) -> Response:
    """All tasks that match the filters."""
    return view.download("tasks", filters.statement(view), _CSV)


@router.get("/tasks/notes/{proposal_id}")
def show_note(view: ViewDep, proposal_id: TaskId) -> Response:
    """The note of a disposition, to be printed: what becomes of which lots, why, who said so, and what is done of it."""
    with view.transaction() as conn:
        found = fetch_all(conn, "task_note", {"proposal": proposal_id})
        if not found:
            raise HTTPException(404)
        lines = [line for line in fetch_all(conn, "approval_lines", {"proposal": proposal_id}) if not line["refused"]]
        history = fetch_all(conn, "approval_history", {"proposal": proposal_id})
        ids = [row["task_id"] for row in fetch_all(conn, "tasks_of_proposal", {"proposal": proposal_id})]
        opened = [tasks.load_task(conn, task_id) for task_id in ids]
        policies = actions.active_policies(conn)
    return view.page(
        "tasks-note",
        note=found[0],
        lines=lines,
        history=history,
        tasks=opened,
        balance=_balance(opened),
        step_title=lambda step: step_title(view, policies, step),
    )


@router.get("/tasks/{task_id}")
def show_task(view: ViewDep, task_id: TaskId) -> Response:
    """One task: what, by when, of what stock, how much has gone; and the form to close it for who may."""
    return _show(view, _read(view, task_id))


@router.post("/tasks/{task_id}")
def close(
    write: WriteDep,
    task_id: TaskId,
    state: Annotated[Literal["done", "failed", "cancelled"], Form()],
    note: Annotated[Note, Form()] = "",
    evidence: Annotated[Note, Form()] = "",
    line: Annotated[list[Text], Form(max_length=5_000)] = [],  # noqa: B006  # FastAPI copies it
    quantity: Annotated[list[int], Form(max_length=5_000)] = [],  # noqa: B006
    point: Annotated[list[Text], Form(max_length=200)] = [],  # noqa: B006
    answer: Annotated[list[PointAnswer | Literal[""]], Form(max_length=200)] = [],  # noqa: B006
) -> Response:
    """Close a task with what became of it, and show it."""
    view, person = write.view, write.person
    task = _read(view, task_id)
    try:
        with write.transaction(f"close_task:{task.role}", f"task {state}") as (conn, context):
            write.need_site(conn, task.site_id)
            result = tasks.Result(
                state,
                person.name,
                note or None,
                evidence or None,
                dict(zip(line, quantity, strict=False)) if task.lines else None,
                {key: said for key, said in zip(point, answer, strict=False) if said},
            )
            tasks.close_task(conn, task_id, result, context)
    except LotwatchError as error:
        return _show(view, _read(view, task_id), error=view.told(error), note=note)
    return view.see(f"tasks/{task_id}")


def _read(view: View, task_id: int) -> Task:
    """A task that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        try:
            return tasks.load_task(conn, task_id)
        except LotwatchError:
            raise HTTPException(404) from None


def _show(view: View, task: Task, *, error: str | None = None, note: str = "") -> Response:
    return view.page(
        "tasks-one",
        status=409 if error else 200,
        task=task,
        may_close=task.state == "open" and view.person.may(f"close_task:{task.role}"),
        may_fail=task.kind in _MAY_FAIL,
        answers=get_args(PointAnswer),
        error=error,
        note=note,
    )


def _balance(opened: list[Task]) -> dict[str, dict[str, int]]:
    """By lot of what is to leave the site or be used: how much that is, how much of it is gone or dealt with, and how much is left."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: {"quantity": 0, "done": 0, "left": 0})
    for task in opened:
        if task.kind == "withdrawal":
            continue
        for line in task.lines:
            done = line.gone or 0 if task.state == "open" else line.done_quantity or 0
            sums = found[f"{line.item_code} {line.serial_number or line.lot_number or ''}".strip()]
            sums["quantity"] += line.quantity
            sums["done"] += done
            sums["left"] += line.quantity - done
    return found
