"""Purchase orders to be: one for each supplier and site, from the alerts whose rules may act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import psycopg
from psycopg.rows import class_row
from pydantic import BaseModel, ConfigDict

from lotwatch import facts
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.rules import Rule


class ProposeSettings(BaseModel):
    """How long a need is not proposed again after a person said no, or after a guard or the sending refused it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quiet_days_after_no: int = 7
    quiet_days_after_refusal: int = 1


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Quantity in base units, price of one of them."""

    item_code: str
    item_name: str
    quantity: int
    unit_price: Decimal
    requested_on: date


@dataclass(frozen=True, slots=True)
class Order:
    """A proposed purchase order with the lines that no guard refused. `code` is our reference everywhere."""

    proposal_id: int
    code: str
    state: str
    supplier_code: str
    supplier_name: str
    site_code: str
    site_name: str
    currency: str
    erp_number: str | None
    lines: tuple[OrderLine, ...]

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))


def propose(
    conn: psycopg.Connection, rules: Sequence[Rule], settings: ProposeSettings, context: RunContext
) -> dict[str, int]:
    """Propose orders for the open alerts of rules in mode `act`; what is ordered, proposed or waiting already counts.

    Returns how many orders and lines were proposed, and how many needs have no supplier to order from.
    """
    acting = [
        f"{rule.id}/{variant}"
        for rule in rules
        for variant in range(len(rule.overrides) + 1)
        if rule.applied(variant).mode == "act" and "purchase_order" in rule.applied(variant).actions
    ]
    with conn.transaction():
        conn.execute(query(__package__, "lock_proposals"))
        facts.live(conn, context.as_of)
        parameters = settings.model_dump() | {"as_of": context.as_of, "acting": acting}
        rows = conn.execute(query(__package__, "propose"), parameters).fetchall()
        for proposal_id, code, lines in rows:
            order = load_order(conn, proposal_id)
            after = {"supplier": order.supplier_code, "site": order.site_code, "total": order.total, "lines": lines}
            record(conn, context, "order proposed", "proposal", code, after=after)
        unsupplied = conn.execute(query(__package__, "needs_without_supplier"), {"acting": acting}).fetchone()
    return {
        "proposals": len(rows),
        "lines": sum(lines for *_, lines in rows),
        "without_supplier": unsupplied[0] if unsupplied else 0,
    }


def load_order(conn: psycopg.Connection, proposal_id: int) -> Order:
    """The order of a proposal, as it stands."""
    parameters = {"proposal_id": proposal_id}
    header = conn.execute(query(__package__, "load_proposal"), parameters).fetchone()
    if header is None:
        raise LookupError(f"no proposal {proposal_id}")
    with conn.cursor(row_factory=class_row(OrderLine)) as cursor:
        lines = cursor.execute(query(__package__, "load_proposal_lines"), parameters).fetchall()
    code, state, supplier_code, supplier_name, site_code, site_name, currency, erp_number = header
    return Order(
        proposal_id=proposal_id,
        code=code,
        state=state,
        supplier_code=supplier_code,
        supplier_name=supplier_name,
        site_code=site_code,
        site_name=site_name,
        currency=currency,
        erp_number=erp_number,
        lines=tuple(lines),
    )
