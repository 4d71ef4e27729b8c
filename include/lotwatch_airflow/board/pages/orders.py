"""Orders: what was proposed, who approved it, what the guards refused, and what came back."""

from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Query, Response

from lotwatch.actions.policies import Kind, load_policies
from lotwatch_airflow.board.filters import Filters, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.view import View, ViewDep

router = APIRouter()

State = Literal["proposed", "waiting", "approved", "rejected", "timed_out", "refused", "sending", "sent", "failed"]


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
    with view.transaction() as conn:
        proposals = fetch_page(conn, filters.statement(), filters.page, filters.size)
        shown = [row["proposal_id"] for row in proposals.rows]
        details = {row["proposal_id"]: row for row in fetch_all(conn, "order_details", {"proposals": shown})}
    orders = [{**row, **details[row["proposal_id"]]} for row in proposals.rows]
    return view.page(
        "orders",
        filters=filters,
        proposals=proposals,
        orders=orders,
        states=get_args(State),
        kinds=get_args(Kind),
        step_title=lambda step: step_title(view, step),
    )


def step_title(view: View, step: str) -> str:
    """What a step of approval is called; one that policies no longer have, by its name."""
    known = load_policies().steps.get(step)
    return view.texts.name("step", step) if known is None else str(getattr(known.title, view.texts.language))
