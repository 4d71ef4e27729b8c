"""Orders as suppliers know them: what they are told beside the order itself, and what they decline of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from lotwatch.actions.proposals.proposal import Proposal, load_proposal
from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class ItemNames:
    """What an item is called outside: its UDI-DI, and the supplier's own code; None where it is not known."""

    udi_di: str | None
    supplier_item_code: str | None


def approved_on(conn: psycopg.Connection, proposal_id: int) -> date:
    """The day (UTC) of the last approval: the order's own date, however often it is sent."""
    row = conn.execute(query(__package__, "approved_on"), {"proposal_id": proposal_id}).fetchone()
    if row is None or row[0] is None:
        raise LookupError(f"proposal {proposal_id} has no approval")
    day: date = row[0]
    return day


def item_names(conn: psycopg.Connection, proposal_id: int, system: str) -> dict[str, ItemNames]:
    """By our code, what a proposal's items are called outside; `system` is whose cross-references are used."""
    rows = conn.execute(query(__package__, "item_names"), {"proposal_id": proposal_id, "system": system}).fetchall()
    return {code: ItemNames(udi_di, supplier_item_code) for code, udi_di, supplier_item_code in rows}


def order_in_erp(conn: psycopg.Connection, erp_number: str) -> Proposal | None:
    """Our order with the ERP's number, if it is on its way or sent, or we gave it up."""
    row = conn.execute(query(__package__, "order_in_erp"), {"erp_number": erp_number}).fetchone()
    return load_proposal(conn, int(row[0])) if row else None


def decline(
    conn: psycopg.Connection, proposal_id: int, quantities: Mapping[str, int | None], as_of: datetime
) -> list[str]:
    """The supplier will not deliver so much of these items (None: any of it). Returns the items of which that is new."""
    parameters = {
        "proposal_id": proposal_id,
        "item_code": list(quantities),
        "quantity": list(quantities.values()),
        "as_of": as_of,
    }
    return [code for (code,) in conn.execute(query(__package__, "decline"), parameters)]
