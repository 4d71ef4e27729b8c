"""What should be done, of every kind, as it stands in the database."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from lotwatch.actions.proposals.kinds import Kind
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError


@dataclass(frozen=True, slots=True)
class Line:
    """Quantity in base units; `unit_price` is the price or, of stock, the cost of one of them.

    A line of stock names its lot or serial unit and the place it is taken from (0 and None: not of stock).
    """

    item_id: int
    item_code: str
    item_name: str
    category: str | None
    criticality: str
    lot_id: int
    serial_id: int
    location_id: int
    lot_number: str | None
    serial_number: str | None
    location_code: str | None
    quantity: int
    unit_price: Decimal
    requested_on: date
    alert_id: int | None
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What should be done, with the lines that no guard refused. `code` is our reference everywhere; `cost` and `saves` are
    in `currency`, `confidence` from 0 to 1. Only orders have a supplier (else ''), only transfers a site
    that gives; `order_id` is the order that an order change is about. `asked_...` are of the step that is asked, if one is: `asked_number` is which of its run's questions it is."""

    proposal_id: int
    code: str
    kind: Kind
    state: str
    supplier_id: int | None
    supplier_code: str
    supplier_name: str
    site_id: int
    site_code: str
    site_name: str
    region: str | None
    from_site_id: int | None
    from_site_code: str | None
    from_site_name: str | None
    currency: str
    requested_by: str
    revision: int
    policy_id: str | None
    steps: list[str]
    asked_by_run: str | None
    asked_step: str | None
    asked_at: datetime | None
    asked_number: int | None
    ask_until: datetime | None
    created_at: datetime
    erp_number: str | None
    order_id: int | None
    details: dict[str, Any]
    cost: Decimal | None
    saves: Decimal | None
    confidence: Decimal | None
    alternatives: list[dict[str, Any]]
    if_nobody_acts: dict[str, str] | None
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))


def load_proposal(conn: psycopg.Connection, proposal_id: int) -> Proposal:
    """A proposal by its number, with the lines that no guard refused. Raises LotwatchError where there is none."""
    parameters = {"proposal_id": proposal_id}
    with conn.cursor(row_factory=dict_row) as cursor:
        head = cursor.execute(query(__package__, "load_proposal"), parameters).fetchone()
    if head is None:
        raise LotwatchError(f"There is no proposal {proposal_id}")
    with conn.cursor(row_factory=class_row(Line)) as cursor:
        lines = cursor.execute(query(__package__, "load_proposal_lines"), parameters).fetchall()
    return Proposal(proposal_id, **head, lines=tuple(lines))


def lock(conn: psycopg.Connection) -> None:
    """One at a time proposes and guards, until this transaction ends: what one makes the next counts."""
    conn.execute(query(__package__, "lock"))
