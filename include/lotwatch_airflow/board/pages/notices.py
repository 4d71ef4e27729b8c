"""Notices: recalls and field safety notices as they were read, what changed between their versions; loading a letter."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Depends, File, Form, HTTPException, Path, Query, Response, UploadFile
from psycopg.rows import DictRow
from pydantic import AfterValidator, StringConstraints

from lotwatch.errors import LotwatchError
from lotwatch.jobs import letters
from lotwatch.sources.letters import LARGEST_FILE, Stated, read_letter
from lotwatch_airflow.board.differences import Piece, differences
from lotwatch_airflow.board.filters import Filters, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.person import Refused
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

PERMISSION = "upload_notice"
CLASSES = ("I", "II", "III")
STATUSES = ("pending", "ongoing", "completed", "terminated", "unknown")
ACTIONS = ("remove", "correct", "inspect", "advise", "other")
_CSV = (
    "notice_id", "authority", "issuer", "number", "event_number", "recall_class", "status", "action_kind", "firm", "title",
    "product_description", "code_info", "more_code_info", "udi_dis", "catalogue_numbers", "reason", "action",
    "initiated_on", "published_on", "terminated_on", "said_at", "versions",
)  # fmt: skip
_COMPARED = (
    "recall_class", "status", "action_kind", "action", "reason", "root_cause", "title", "product_description", "code_info",
    "more_code_info", "udi_dis", "catalogue_numbers", "product_codes", "k_numbers", "firm", "distribution", "quantity",
    "event_number", "initiated_on", "published_on", "terminated_on", "body",
)  # fmt: skip
NoticeId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _without_controls(text: str) -> str:
    if not "".join(text.split()).isprintable():
        raise ValueError("must be printable")
    return text


Lines = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), AfterValidator(_without_controls)]


class NoticeFilters(Filters):
    """Which notices."""

    text: Text | None = None
    authority: Text | None = None
    recall_class: Literal["I", "II", "III"] | None = None
    notice_status: Literal["pending", "ongoing", "completed", "terminated", "unknown"] | None = None

    def statement(self, notice_id: int | None = None) -> Statement:
        """The notices, those that said something last first; or one of them."""
        order = [Order("said_at", True), Order("published_on", True), Order("notice_id", True)]
        return Statement("notices", self.parameters() | {"notice": notice_id}, order)


@dataclass(frozen=True, slots=True)
class LetterForm:
    """What was filled in beside a letter's file."""

    supplier: Annotated[Text, Form()] = ""
    number: Annotated[Text, Form()] = ""
    written_on: Annotated[Text, Form()] = ""
    recall_class: Annotated[Text, Form()] = ""
    action_kind: Annotated[Text, Form()] = ""
    firm: Annotated[Text, Form()] = ""
    catalogue_numbers: Annotated[Lines, Form()] = ""
    code_info: Annotated[Lines, Form()] = ""


class Version(NamedTuple):
    """A version of a notice and what it says otherwise than the one before; none: it is the first."""

    said_at: datetime
    recorded_at: datetime
    source: str
    changes: list[tuple[str, list[Piece]]] | None


@router.get("/notices")
def list_notices(view: ViewDep, filters: Annotated[NoticeFilters, Query()]) -> Response:
    """Notices as they say now."""
    with view.transaction() as conn:
        notices = fetch_page(conn, filters.statement(), filters.page, filters.size)
        authorities = [row["authority"] for row in fetch_all(conn, "notice_authorities")]
    return view.page(
        "notices",
        filters=filters,
        notices=notices,
        authorities=authorities,
        classes=CLASSES,
        statuses=STATUSES,
        may_upload=_may_upload(view),
    )


@router.get("/notices.csv")
def notices_csv(view: ViewDep, filters: Annotated[NoticeFilters, Query()]) -> Response:
    """All notices that match the filters."""

    def cell(row: DictRow, column: str) -> object:
        value = row[column]
        return "; ".join(value) if isinstance(value, list) else value

    return view.download("notices", filters.statement(), _CSV, cell)


@router.get("/notices/new")
def new_notice(view: ViewDep) -> Response:
    """A form to load a supplier's letter."""
    return _form(view, LetterForm())


@router.post("/notices/new")
def upload(write: WriteDep, given: Annotated[LetterForm, Depends()], letter: Annotated[UploadFile, File()]) -> Response:
    """Load a letter, and show its notice."""
    view = write.view
    write.person.need(PERMISSION)
    try:
        stated = _stated(view, given)
        if not letter.filename:
            raise LotwatchError(view.texts("notices_page.no_file"))
        read = read_letter(letter.file.read(LARGEST_FILE + 1), letter.filename[-100:])
        with write.transaction(PERMISSION, "load notice") as (conn, context):
            received = letters.receive(conn, context, read, stated)
    except LotwatchError as error:
        return _form(view, given, view.told(error))
    return view.see(f"notices/{received.notice_id}", done="new" if received.new else "known")


@router.get("/notices/{notice_id}")
def show_notice(view: ViewDep, notice_id: NoticeId, done: Literal["new", "known"] | None = None) -> Response:
    """One notice: what it says, and what it said before; where it opened no case, what there is that it may mean."""
    with view.transaction() as conn:
        found = fetch_page(conn, NoticeFilters().statement(notice_id), 1, 1).rows
        if not found:
            raise HTTPException(404)
        versions = _versions(fetch_all(conn, "notice_versions", {"notice": notice_id}), view)
        ours = fetch_all(conn, "notice_items", {"notice": notice_id})
    return view.page("notices-one", notice=found[0], versions=versions, ours=ours, done=done)


@router.get("/notices/{notice_id}/letter.txt")
def letter_text(view: ViewDep, notice_id: NoticeId) -> Response:
    """The whole text of a letter."""
    with view.transaction() as conn:
        found = fetch_all(conn, "notice_body", {"notice": notice_id})
    if not found or found[0]["body"] is None:
        raise HTTPException(404)
    headers = {
        "Content-Disposition": f'attachment; filename="lotwatch-notice-{notice_id}.txt"',
        "Cache-Control": "no-store",
    }
    return Response(found[0]["body"], media_type="text/plain; charset=utf-8", headers=headers)


def _may_upload(view: View) -> bool:
    return view.person.may(PERMISSION)


def _form(view: View, given: LetterForm, error: str | None = None) -> Response:
    """The form to load a letter. Raises Refused for who may load none."""
    if not _may_upload(view):
        raise Refused("may_not")
    with view.transaction() as conn:
        suppliers = fetch_all(conn, "notice_suppliers")
    return view.page(
        "notices-new",
        status=422 if error else 200,
        given=given,
        suppliers=suppliers,
        classes=CLASSES,
        actions=ACTIONS,
        error=error,
    )


def _stated(view: View, given: LetterForm) -> Stated:
    """What was filled in. Raises LotwatchError for what is missing or cannot be meant."""
    if not given.supplier or not given.number:
        raise LotwatchError(view.texts("notices_page.no_number"))
    try:
        written_on = date.fromisoformat(given.written_on) if given.written_on else None
    except ValueError:
        raise LotwatchError(view.texts("notices_page.no_day")) from None
    numbers = [each.strip() for each in given.catalogue_numbers.replace("\n", ",").split(",")]
    return Stated.model_validate({
        "supplier": given.supplier,
        "number": given.number,
        "written_on": written_on,
        "recall_class": given.recall_class if given.recall_class in CLASSES else None,
        "action_kind": given.action_kind if given.action_kind in ACTIONS else None,
        "firm": given.firm or None,
        "code_info": given.code_info or None,
        "catalogue_numbers": tuple(filter(None, numbers)),
    })


def _versions(rows: list[DictRow], view: View) -> list[Version]:
    """The versions, the latest first, each with what it says otherwise than the next."""
    earlier: list[DictRow | None] = [*rows[1:], None]
    return [
        Version(row["said_at"], row["recorded_at"], row["source"], _changes(before, row, view) if before else None)
        for row, before in zip(rows, earlier, strict=True)
    ]


def _changes(before: DictRow, after: DictRow, view: View) -> list[tuple[str, list[Piece]]]:
    return [
        (field, differences(_said(before[field], field, view), _said(after[field], field, view)))
        for field in _COMPARED
        if before[field] != after[field]
    ]


def _said(value: Any, field: str, view: View) -> str:
    """A value as the page says it."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, date):
        return view.formats.date(value)
    names = {"status": "notice_status", "action_kind": "notice_action"}
    return view.texts.name(names[field], value) if field in names and value else str(value or "")
