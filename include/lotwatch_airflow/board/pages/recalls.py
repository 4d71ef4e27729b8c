"""Recalls: each case with its clocks, where what is affected is, who has answered, what was done; and what ends it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Query, Response
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError
from lotwatch.recall import cases, clocks, documents, drill, report, tasks
from lotwatch.recall.case import ActionKind, RecallClass, lock_case, lock_open_case
from lotwatch_airflow.board.filters import Filters, Moment, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.person import Refused
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import Write, WriteDep

router = APIRouter()

MANAGE, _OVERRIDE, _OPEN = "manage_recall", "override_recall", "open_case_reference"
#: events of the timeline on the case's page, and in its report
_MOST_EVENTS, _MOST_IN_REPORT = 100, 5_000
Code = Annotated[str, Path(pattern=r"^R[CD]-[0-9]{6,12}$")]
DutyId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class RecallFilters(Filters):
    """Which cases."""

    state: Literal["open", "closed", "all"] = "open"
    case_kind: Literal["recall", "drill"] | None = None
    text: Text | None = None

    def statement(self, as_of: datetime, code: str | None = None) -> Statement:
        """The cases, those that are open and the latest first; or one of them."""
        parameters = self.parameters() | {"as_of": as_of, "code": code}
        return Statement("recalls", parameters, [Order("urgency"), Order("opened_at", True), Order("code")])


class TaskFilters(Filters):
    """Which tasks of a case."""

    site: Text | None = None

    def statement(self, as_of: datetime, case_id: int) -> Statement:
        """The tasks, those that are open and due first."""
        parameters = self.parameters() | {"as_of": as_of, "case_id": case_id, "task": None}
        order = [Order("urgency"), Order("due_at"), Order("site_code"), Order("location_code"), Order("task_id")]
        return Statement("recall_tasks", parameters, order)


@router.get("/recalls")
def list_cases(view: ViewDep, filters: Annotated[RecallFilters, Query()]) -> Response:
    """Recall cases with their clocks and how far they are."""
    with view.transaction() as conn:
        cases = fetch_page(conn, filters.statement(view.as_of), filters.page, filters.size)
    person = view.person
    may_open = person.may(MANAGE) and not view.limited
    return view.page("recalls", filters=filters, cases=cases, duty=_duty(view), may_open=may_open)


@router.get("/recalls/{code}")
def show_case(view: ViewDep, code: Code, filters: Annotated[TaskFilters, Query()]) -> Response:
    """A case."""
    return _show(view, code, filters)


@router.post("/recalls/{code}/close")
def close(
    write: WriteDep, code: Code, reason: Annotated[Note, Form()] = "", override: Annotated[bool, Form()] = False
) -> Response:
    """Close a case; while something is open, only who may override that."""

    def act(conn: Connection, context: RunContext) -> None:
        report.close_case(conn, context, lock_open_case(conn, code), reason, override=override)

    return _change(write, code, "close recall case", act, permission=_OVERRIDE if override else MANAGE)


@router.post("/recalls/{code}/reopen")
def reopen(write: WriteDep, code: Code, reason: Annotated[Note, Form()] = "") -> Response:
    """Open a closed case again."""

    def act(conn: Connection, context: RunContext) -> None:
        report.reopen_case(conn, context, lock_case(conn, code), reason)

    return _change(write, code, "reopen recall case", act)


@router.post("/recalls/{code}/asked")
def say_what_is_asked(
    write: WriteDep,
    code: Code,
    action_kind: Annotated[ActionKind, Form()],
    recall_class: Annotated[RecallClass | Literal[""], Form()] = "",
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Say what the case asks for and how grave it is; its tasks and clocks follow."""

    def act(conn: Connection, context: RunContext) -> None:
        said: dict[str, Any] = {"action_kind": action_kind, "recall_class": recall_class or None}
        cases.say(conn, context, code, **said, by=write.person.name, reason=reason)
        case, duties = lock_open_case(conn, code), clocks.load_duties()
        tasks.make_tasks(conn, context, case, duties)
        clocks.keep_clocks(conn, context, case, duties)

    return _change(write, code, "say what a recall asks for", act)


@router.post("/recalls/{code}/clocks/{duty_id}")
def tell_clock(
    write: WriteDep,
    code: Code,
    duty_id: DutyId,
    evidence: Annotated[Note, Form()] = "",
    happened_at: Annotated[Moment | None, Form()] = None,
) -> Response:
    """Note that a duty was met, and what shows it; or start the clock of an incident that happened then."""

    def act(conn: Connection, context: RunContext) -> None:
        case = lock_open_case(conn, code)
        if happened_at is not None:
            clocks.start_incident(conn, context, case, clocks.load_duties(), duty_id, happened_at)
        elif evidence:
            clocks.meet(conn, context, case, duty_id, evidence)
        else:
            raise LotwatchError(write.view.texts("recalls_page.no_evidence"))

    return _change(write, code, "tell of a duty", act)


@router.post("/recalls/{code}/answers")
def note_answer(
    write: WriteDep,
    code: Code,
    party: Annotated[Literal["site", "supplier"], Form()],
    party_id: Annotated[int, Form(ge=1, le=2**63 - 1)],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Note an answer that came by another way."""

    def act(conn: Connection, context: RunContext) -> None:
        if not note:
            raise LotwatchError(write.view.texts("recalls_page.no_note"))
        tasks.acknowledge_party(conn, context, lock_open_case(conn, code), party, party_id, note)

    return _change(write, code, "note an answer", act)


@router.post("/recalls/{code}/documents")
def make_document(
    write: WriteDep,
    code: Code,
    kind: Annotated[documents.DocumentKind, Form()],
    recipient: Annotated[Text, Form()] = "",
) -> Response:
    """Make a document of what was found and is in none yet, and show it."""

    def act(conn: Connection, context: RunContext) -> Response:
        number = documents.make_document(conn, context, lock_open_case(conn, code), kind, recipient)
        return write.view.see(f"recalls/{code}/documents/{number}")

    return _change(write, code, "make recall document", act)


@router.post("/recalls/{code}/checks")
def check_effectiveness(write: WriteDep, code: Code, percent: Annotated[int, Form(ge=1, le=100)] = 10) -> Response:
    """Have a sample of the places asked whether the notice reached them and was followed."""

    def act(conn: Connection, context: RunContext) -> None:
        tasks.check_effectiveness(conn, context, lock_open_case(conn, code), clocks.load_duties(), percent)

    return _change(write, code, "check effectiveness", act)


@router.post("/recalls/{code}/used/{movement_id}")
def open_reference(
    write: WriteDep,
    code: Code,
    movement_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Show once on whom a unit was used; who opened it and why is written down first."""

    def act(conn: Connection, context: RunContext) -> Response:
        opened = tasks.open_case_reference(conn, context, code, movement_id, reason, write.view.board.case_key)
        return write.view.page("recalls-opened", code=code, opened=opened)

    return _change(write, code, "open case reference", act, permission=_OPEN)


@router.get("/recalls/{code}/documents/{number}")
def show_document(view: ViewDep, code: Code, number: Annotated[int, Path(ge=1, le=10**6)]) -> Response:
    """A document, to print and sign."""
    with view.transaction() as conn:
        case = _read(conn, view, code)
        found = fetch_all(conn, "recall_documents", {"case_id": case["case_id"], "number": number})
        if not found:
            raise HTTPException(404)
        lines = fetch_all(conn, "recall_document_lines", {"document": found[0]["document_id"]})
    return view.page("recalls-document", case=case, document=found[0], lines=lines)


@router.get("/recalls/{code}/report")
def show_report(view: ViewDep, code: Code) -> Response:
    """The report of a case, to print: what became of every unit, the timeline, and the proof from the audit trail."""
    with view.transaction() as conn:
        case = _read(conn, view, code)
        if view.limited:
            raise Refused("other_site")
        parts = _parts(conn, view, case, most=_MOST_IN_REPORT) | {
            "measured": drill.measure(conn, case["case_id"]),
            "proof": report.prove(conn, case["case_id"]),
        }
    return view.page("recalls-report", case=case, duty=_duty(view), **parts)


def _change(
    write: Write,
    code: str,
    what: str,
    act: Callable[[Connection, RunContext], Response | None],
    *,
    permission: str = MANAGE,
) -> Response:
    """Do `what` to a case, and show what `act` answers, or the case; what hinders it is said there.

    A case is of all sites: who sees some of them only does the tasks there. Raises Refused.
    """
    try:
        with write.transaction(permission, what) as (conn, context):
            write.need_all_sites(conn)
            answer = act(conn, context)
    except LotwatchError as error:
        return _show(write.view, code, error=write.view.told(error))
    return answer or write.view.see(f"recalls/{code}")


def _duty(view: View) -> Any:
    """Looks up a duty's words: title, recipient, source, whether it was checked; its id where the table has it no longer."""
    table = clocks.load_duties()

    def words(duty_id: str) -> dict[str, Any]:
        duty = table.get(duty_id)
        if duty is None:
            return {"title": duty_id, "recipient": "", "source": "", "checked": None}
        return {
            "title": getattr(duty.title, view.language),
            "recipient": getattr(duty.recipient, view.language),
            "source": duty.source,
            "checked": duty.checked,
        }

    return words


def _read(conn: Any, view: View, code: str) -> DictRow:
    """A case. Raises HTTPException (404)."""
    found = fetch_page(conn, RecallFilters(state="all").statement(view.as_of, code), 1, 1).rows
    if not found:
        raise HTTPException(404)
    return found[0]


def _parts(conn: Any, view: View, case: DictRow, most: int) -> dict[str, Any]:
    """What the case's page and its report both tell."""
    asked = {"case_id": case["case_id"], "as_of": view.as_of}
    return {
        "clocks": fetch_all(conn, "recall_clocks", asked),
        "asks": fetch_all(conn, "recall_asks", asked),
        "verdicts": fetch_all(conn, "recall_verdicts", asked),
        "places": fetch_all(conn, "recall_places", asked),
        "call_backs": fetch_all(conn, "recall_call_backs", asked),
        "parties": fetch_all(conn, "recall_parties", asked),
        "documents": fetch_all(conn, "recall_documents", asked | {"number": None}),
        "units": report.reconcile(conn, case["case_id"]),
        "obstacles": report.obstacles(conn, case["case_id"], case["action_kind"]),
        "events": fetch_all(conn, "recall_events", asked | {"most": most}),
    }


def _show(view: View, code: str, filters: TaskFilters | None = None, *, error: str | None = None) -> Response:
    filters = filters or TaskFilters()
    with view.transaction() as conn:
        case = _read(conn, view, code)
        asked = {"case_id": case["case_id"]}
        parts = _parts(conn, view, case, _MOST_EVENTS) | {
            "tasks": fetch_page(conn, filters.statement(view.as_of, case["case_id"]), filters.page, filters.size),
            "used": fetch_all(conn, "recall_used", asked),
            "replacements": fetch_all(conn, "recall_replacements", asked),
            "orders": fetch_all(conn, "recall_orders", asked),
        }
    person = view.person
    started = {clock["duty_id"] for clock in parts["clocks"]}
    return view.page(
        "recalls-one",
        status=409 if error else 200,
        case=case,
        filters=filters,
        error=error,
        duty=_duty(view),
        incidents=[duty.id for duty in clocks.load_duties().duties if _may_start(duty, case, started)],
        kinds=documents.DOCUMENT_KINDS,
        actions=tuple(tasks.KINDS),
        may_manage=person.may(MANAGE) and not view.limited,
        may_override=person.may(_OVERRIDE) and not view.limited,
        may_open=person.may(_OPEN) and not view.limited,
        **parts,
    )


def _may_start(duty: clocks.Duty, case: DictRow, started: set[str]) -> bool:
    """Whether an incident may start this duty's clock in the case."""
    return (
        duty.trigger == "incident"
        and duty.id not in started
        and case["kind"] == "recall"
        and duty.jurisdiction == case["jurisdiction"]
        and case["our_role"] in duty.our_role
    )
