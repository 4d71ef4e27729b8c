"""Holds: what is held, why, where and for whom to release; and placing and releasing them."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Response
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch import ledger
from lotwatch.errors import LotwatchError
from lotwatch.jobs import stock
from lotwatch.ledger.holds import Cause
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.person import Person, Refused
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import Write, WriteDep

router = APIRouter()

_CSV = (
    "hold_id", "cause", "authority", "reference", "case_reference", "reason", "item_code", "item_name", "lot_number",
    "serial_number", "location_code", "covered_quantity", "placed_at", "placed_by", "confirmed_at", "released_at",
    "released_by", "release_reason",
)  # fmt: skip
HoldId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class HoldFilters(Filters):
    """Which holds."""

    state: Literal["open", "released", "all"] = "open"
    cause: Cause | None = None
    authority: Text | None = None
    site: Text | None = None
    text: Text | None = None

    def statement(self, hold_id: int | None = None) -> Statement:
        """The holds, the latest first; or one of them."""
        return Statement(
            "holds", self.parameters() | {"hold": hold_id}, [Order("placed_at", True), Order("hold_id", True)]
        )


class HoldSubject(Filters):
    """What a hold is to be placed on, filled in by whoever links to the form."""

    item: Text = ""
    lot: Text = ""
    serial: Text = ""
    place: Text = ""


@dataclass(frozen=True, slots=True)
class HoldForm:
    """What was filled in to place a hold; codes and numbers as people write them."""

    cause: Annotated[str, Form()] = ""
    item: Annotated[Text, Form()] = ""
    lot: Annotated[Text, Form()] = ""
    serial: Annotated[Text, Form()] = ""
    place: Annotated[Text, Form()] = ""
    reference: Annotated[Text, Form()] = ""
    case_reference: Annotated[Text, Form()] = ""
    reason: Annotated[Note, Form()] = ""


@router.get("/holds")
def list_holds(view: ViewDep, filters: Annotated[HoldFilters, Query()]) -> Response:
    """Holds in force, or past ones, with what each covers."""
    with view.transaction() as conn:
        holds = fetch_page(conn, filters.statement(), filters.page, filters.size)
        sites = fetch_all(conn, "sites")
    return view.page(
        "holds",
        filters=filters,
        holds=holds,
        sites=sites,
        causes=get_args(Cause),
        authorities=sorted(set(ledger.AUTHORITY.values())),
        may_place=bool(causes_for(view.person)),
        may_release=lambda hold: _may_release(view, hold),
    )


@router.get("/holds.csv")
def holds_csv(view: ViewDep, filters: Annotated[HoldFilters, Query()]) -> Response:
    """All holds that match the filters."""
    return view.download("holds", filters.statement(), _CSV)


@router.get("/holds/new")
def new_hold(view: ViewDep, subject: Annotated[HoldSubject, Query()]) -> Response:
    """A form to place a hold."""
    given = HoldForm(item=subject.item, lot=subject.lot, serial=subject.serial, place=subject.place)
    return _form(view, given)


@router.post("/holds/new")
def place(write: WriteDep, given: Annotated[HoldForm, Depends()]) -> Response:
    """Place a hold, and show it; one that is in force already is shown and not placed again."""
    try:
        hold_id, placed = _place(write, given)
    except LotwatchError as error:
        return _form(write.view, given, write.view.told(error))
    return write.view.see(f"holds/{hold_id}", done="placed" if placed else "known")


@router.get("/holds/{hold_id}")
def show_hold(view: ViewDep, hold_id: HoldId, done: Literal["placed", "known", "released"] | None = None) -> Response:
    """One hold: what it covers, its two clocks, and the form to release it for who may."""
    return _show(view, _read(view, hold_id), done=done)


@router.post("/holds/{hold_id}")
def release(write: WriteDep, hold_id: HoldId, reason: Annotated[Note, Form()] = "") -> Response:
    """Release a hold, and show it."""
    view, person = write.view, write.person
    hold = _read(view, hold_id)
    permission = f"release_hold:{hold['authority']}"
    try:
        with write.transaction(permission, "release hold") as (conn, context):
            if view.limited:
                write.need_site(conn, hold["site_id"] or 0)  # what names no place of theirs is held at other sites too
            if not reason:
                raise LotwatchError(view.texts("holds_page.no_reason"))
            ledger.release_hold(
                conn, hold_id, context, authorities=[hold["authority"]], released_by=person.name, reason=reason
            )
    except LotwatchError as error:
        return _show(view, _read(view, hold_id), error=view.told(error), reason=reason)
    return view.see(f"holds/{hold_id}", done="released")


def causes_for(person: Person) -> list[Cause]:
    """Causes for which somebody may place a hold: those they may lift; the warehouse sets aside what it doubts."""
    return [cause for cause in get_args(Cause) if _permission(person, cause) is not None]


def _permission(person: Person, cause: Cause) -> str | None:
    """What allows somebody to place a hold of that cause; None: nothing does."""
    enough = [f"release_hold:{ledger.AUTHORITY[cause]}"]
    if cause == "precaution":
        enough.append("release_hold:warehouse")
    return next((permission for permission in enough if person.may(permission)), None)


def _place(write: Write, given: HoldForm) -> tuple[int, bool]:
    """Place what was filled in; return the hold's number and whether it is new. Raises LotwatchError."""
    view, person = write.view, write.person
    cause = next((cause for cause in causes_for(person) if cause == given.cause), None)
    if cause is None:
        person.need(f"release_hold:{ledger.AUTHORITY.get(given.cause, given.cause)}")  # type: ignore[call-overload]
        raise LotwatchError(view.texts("holds_page.no_cause"))
    with view.transaction() as conn:
        hold, site_id = _meant(conn, view, cause, given)
    permission = _permission(person, cause)
    assert permission is not None  # noqa: S101  # by causes_for
    with write.transaction(permission, "place hold") as (conn, context):
        if view.limited:
            write.need_site(conn, site_id or 0)
        hold_id = stock.place_hold(conn, hold, context, person.name)
        if hold_id is not None:
            return hold_id, True
        return fetch_all(conn, "hold_in_force", asdict(hold))[0]["hold_id"], False


def _meant(conn: Connection, view: View, cause: Cause, given: HoldForm) -> tuple[ledger.Hold, int | None]:
    """The hold that was filled in, and the site of the place it names. Raises LotwatchError for what is missing or not known."""
    if not given.reference or not given.reason:
        raise LotwatchError(view.texts("holds_page.no_reason_or_reference"))
    if view.limited and not given.place:
        raise LotwatchError(view.texts("holds_page.no_place_of_yours"))
    if (given.lot or given.serial) and not given.item:
        raise LotwatchError(view.texts("holds_page.no_item"))
    if not given.item and not given.place:
        raise LotwatchError(view.texts("holds_page.no_subject"))
    meant = fetch_all(conn, "hold_subject", _codes(given))[0]
    for field, column in {"item": "item_id", "lot": "lot_id", "serial": "serial_id", "place": "location_id"}.items():
        if getattr(given, field) and meant[column] is None:
            raise LotwatchError(
                view.texts("holds_page.unknown", what=view.texts(f"holds_page.{field}"), code=getattr(given, field))
            )
    hold = ledger.Hold(
        cause=cause,
        reference=given.reference,
        reason=given.reason,
        item_id=meant["item_id"],
        lot_id=meant["lot_id"],
        serial_id=meant["serial_id"],
        location_id=meant["location_id"],
        case_reference=given.case_reference or None,
    )
    return hold, meant["site_id"]


def _codes(given: HoldForm) -> dict[str, str | None]:
    return {field: getattr(given, field) or None for field in ("item", "lot", "serial", "place")}


def _read(view: View, hold_id: int) -> DictRow:
    """A hold that the person may see. Raises HTTPException (404)."""
    with view.transaction() as conn:
        found = fetch_page(conn, HoldFilters(state="all").statement(hold_id), 1, 1).rows
    if not found:
        raise HTTPException(404)
    return found[0]


def _may_release(view: View, hold: DictRow) -> bool:
    mine = not view.limited or hold["site_id"] is not None
    return hold["released_at"] is None and mine and view.person.may(f"release_hold:{hold['authority']}")


def _form(view: View, given: HoldForm, error: str | None = None) -> Response:
    """The form to place a hold. Raises Refused for who may place none."""
    causes = causes_for(view.person)
    if not causes:
        raise Refused("may_not")
    return view.page("holds-new", status=422 if error else 200, given=given, causes=causes, error=error)


def _show(view: View, hold: DictRow, *, error: str | None = None, **values: Any) -> Response:
    with view.transaction() as conn:
        tasks = fetch_all(conn, "warehouse_tasks", {"hold": hold["hold_id"]})
    plain = {"done": None, "reason": "", "may_release": _may_release(view, hold), "tasks": tasks}
    return view.page("holds-one", status=409 if error else 200, hold=hold, error=error, **plain | values)
