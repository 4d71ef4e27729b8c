"""Lots of recalls that wait for a person: the notice's own words beside ours, the answer; and cases that quality opens itself."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Response
from pydantic import Field, StringConstraints

from lotwatch.errors import LotwatchError
from lotwatch.recall import cases
from lotwatch.recall.matching import REASONS, Subject
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_page
from lotwatch_airflow.board.pages.notices import ACTIONS, CLASSES, Lines
from lotwatch_airflow.board.pages.recalls import MANAGE
from lotwatch_airflow.board.person import Refused
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

VERDICTS = ("needs_review", "affected", "not_affected", "all")
#: numbers that a decision of ours may name at once
_MOST_NUMBERS = 500
#: case, item, lot and serial unit of a row
Row = Annotated[str, StringConstraints(pattern=r"^R[CD]-[0-9]{6,12}(:[0-9]{1,18}){3}$")]


class ReviewFilters(Filters):
    """Which lots and units."""

    verdict: Literal["needs_review", "affected", "not_affected", "all"] = "needs_review"
    code: Text | None = None
    text: Text | None = None
    #: how many were just answered
    done: int | None = Field(default=None, ge=1, le=200)

    def statement(self) -> Statement:
        """The gravest recalls first, and of each what lies somewhere."""
        named = ("item_code", "lot_number", "serial_number", "item_id", "lot_id", "serial_id")
        order = [Order("recall_class"), Order("code"), Order("physical", True), *map(Order, named)]
        return Statement("recall_review", self.parameters(), order)


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """What was filled in to open a case of our own."""

    title: Annotated[Note, Form()] = ""
    item: Annotated[Text, Form()] = ""
    numbers: Annotated[Lines, Form()] = ""
    recall_class: Annotated[Literal["", "I", "II", "III"], Form()] = ""
    action_kind: Annotated[Literal["remove", "correct", "inspect", "advise", "other"], Form()] = "remove"
    sureness: Annotated[Literal["sure", "unsure"], Form()] = "sure"


@router.get("/recalls/review")
def list_waiting(view: ViewDep, filters: Annotated[ReviewFilters, Query()]) -> Response:
    """What waits for a person, or was said."""
    return _show(view, filters)


@router.post("/recalls/review")
def say(
    write: WriteDep,
    filters: Annotated[ReviewFilters, Query()],
    verdict: Annotated[Literal["affected", "not_affected"], Form()],
    subject: Annotated[list[Row] | None, Form(max_length=200)] = None,
    reason: Annotated[Note, Form()] = "",
) -> Response:
    """Say of the chosen lots and units that they are affected, or are not: holds follow."""
    view, chosen = write.view, subject or []
    try:
        with write.transaction(MANAGE, "answer recall review") as (conn, context):
            write.need_all_sites(conn)
            if not chosen:
                raise LotwatchError(view.texts("recall_review_page.nothing_chosen"))
            if not reason:
                raise LotwatchError(view.texts("recall_review_page.no_reason"))
            for row in chosen:
                code, item_id, lot_id, serial_id = row.split(":")
                meant = Subject(int(item_id), int(lot_id), int(serial_id))
                cases.answer(conn, context, code, meant, verdict, by=write.person.name, reason=reason)
    except LotwatchError as error:
        return _show(view, filters, error=view.told(error), chosen=chosen, reason=reason)
    return view.see("recalls/review", **filters.chosen() | {"page": None, "done": len(chosen)})


@router.get("/recalls/new")
def new_case(view: ViewDep) -> Response:
    """A form to open a case by a decision of our own."""
    return _form(view, DecisionForm())


@router.post("/recalls/new")
def open_case(write: WriteDep, given: Annotated[DecisionForm, Depends()]) -> Response:
    """Open a case, hold what it is about, and show it."""
    view = write.view
    try:
        with write.transaction(MANAGE, "open recall case") as (conn, context):
            write.need_all_sites(conn)
            if not given.title or not given.item:
                raise LotwatchError(view.texts("recall_review_page.no_title"))
            numbers = list(filter(None, (each.strip() for each in given.numbers.replace("\n", ",").split(","))))
            if len(numbers) > _MOST_NUMBERS:
                raise LotwatchError(view.texts("recall_review_page.too_many", most=_MOST_NUMBERS))
            case = cases.open_by_quality(
                conn,
                context,
                cases.named(conn, given.item, numbers),
                title=given.title,
                by=write.person.name,
                recall_class=given.recall_class or None,
                action_kind=given.action_kind,
                sure=given.sureness == "sure",
            )
    except LotwatchError as error:
        return _form(view, given, view.told(error))
    return view.see(f"recalls/{case.code}")


def may_manage(view: View) -> bool:
    """Whether the reader answers, and opens cases."""
    return view.person.may(MANAGE) and not view.limited


def _show(
    view: View,
    filters: ReviewFilters,
    *,
    error: str | None = None,
    chosen: list[str] | None = None,
    reason: str = "",
) -> Response:
    with view.transaction() as conn:
        waiting = fetch_page(conn, filters.statement(), filters.page, filters.size)
    return view.page(
        "recalls-review",
        status=409 if error else 200,
        filters=filters,
        waiting=waiting,
        verdicts=VERDICTS,
        reasons=REASONS,
        may=may_manage(view),
        error=error,
        chosen=chosen or [],
        reason=reason,
    )


def _form(view: View, given: DecisionForm, error: str | None = None) -> Response:
    """The form to open a case. Raises Refused for who may open none."""
    with view.transaction():
        if not may_manage(view):
            raise Refused("may_not")
    return view.page(
        "recalls-new", status=422 if error else 200, given=given, classes=CLASSES, actions=ACTIONS, error=error
    )
