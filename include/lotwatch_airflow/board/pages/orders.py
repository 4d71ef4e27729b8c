"""Orders: what was proposed, who approved it, what the guards refused, and what came back."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Form, Path, Query, Response

from lotwatch import actions
from lotwatch.actions import Kind
from lotwatch.errors import LotwatchError
from lotwatch_airflow.board.filters import Filters, Note, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep
from lotwatch_airflow.board.writing import WriteDep

router = APIRouter()

State = Literal["proposed", "waiting", "approved", "rejected", "timed_out", "refused", "sending", "sent", "failed"]

#: permission to put a stop in force and to lift it
STOP = "stop_actions"
_BUDGET = ("amount", "ordered", "in_transit", "accepted", "invoiced", "free")
StopNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class StopForm:
    """What was filled in to stop actions: everything, or a region, rule or supplier by its name or code."""

    scope: Annotated[actions.Scope, Form()]
    key: Annotated[Text, Form()] = ""
    reason: Annotated[Note, Form()] = ""


class OrderFilters(Filters):
    """Which orders."""

    state: State | None = None
    kind: Kind | None = None
    code: Text | None = None

    def statement(self) -> Statement:
        """The orders, the newest first."""
        return Statement("orders", self.parameters(), [Order("proposal_id", True)])


@router.get("/orders")
def list_orders(view: ViewDep, filters: Annotated[OrderFilters, Query()]) -> Response:
    """Proposed orders with what became of them."""
    return _show(view, filters)


@router.post("/orders/stops")
def stop(write: WriteDep, given: Annotated[StopForm, Depends()]) -> Response:
    """Put a stop in force."""
    view, person = write.view, write.person
    try:
        with write.transaction(STOP, "stop actions") as (conn, context):
            actions.stop(conn, given.scope, given.key, given.reason, context, person.name)
    except LotwatchError as error:
        return _show(view, OrderFilters(), error=view.told(error), given=given)
    return view.see("orders")


@router.post("/orders/stops/{number}")
def resume(write: WriteDep, number: StopNumber, reason: Annotated[Note, Form()] = "") -> Response:
    """Lift a stop."""
    view, person = write.view, write.person
    try:
        with write.transaction(STOP, "resume actions") as (conn, context):
            actions.resume(conn, number, reason, context, person.name)
    except LotwatchError as error:
        return _show(view, OrderFilters(), error=view.told(error))
    return view.see("orders")


def _show(view: View, filters: OrderFilters, *, error: str | None = None, given: StopForm | None = None) -> Response:
    with view.transaction() as conn:
        proposals = fetch_page(conn, filters.statement(), filters.page, filters.size)
        shown = [row["proposal_id"] for row in proposals.rows]
        stops = actions.stops_in_force(conn)
        policies = actions.active_policies(conn)
        budgets = fetch_all(conn, "budgets")
        details = {row["proposal_id"]: row for row in fetch_all(conn, "order_details", {"proposals": shown})}
    orders = [{**row, **details[row["proposal_id"]]} for row in proposals.rows]
    return view.page(
        "orders",
        status=409 if error else 200,
        filters=filters,
        proposals=proposals,
        orders=orders,
        states=get_args(State),
        kinds=get_args(Kind),
        stops=stops,
        budgets=budgets,
        budget_columns=_BUDGET,
        scopes=get_args(actions.Scope),
        may_stop=view.person.may(STOP),
        given=given,
        error=error,
        step_title=lambda step: step_title(view, policies, step),
    )


def step_title(view: View, policies: actions.Policies, step: str) -> str:
    """What a step of approval is called; one that policies no longer have, by its name."""
    known = policies.steps.get(step)
    return view.texts.name("step", step) if known is None else str(getattr(known.title, view.texts.language))
