"""How far an approved order has come."""

from datetime import datetime

import psycopg

from lotwatch.actions.proposals.proposal import Proposal, load_proposal
from lotwatch.db.query import query


def is_approved(conn: psycopg.Connection, proposal_id: int) -> bool:
    """Whether a person approved the order: the sender believes this row alone."""
    return conn.execute(query(__package__, "is_approved"), {"proposal_id": proposal_id}).fetchone() is not None


def drafted(conn: psycopg.Connection, proposal_id: int, erp_number: str) -> None:
    """The ERP has the draft, under this number."""
    conn.execute(query(__package__, "drafted"), {"proposal_id": proposal_id, "erp_number": erp_number})


def confirmed(conn: psycopg.Connection, proposal_id: int, confirmation: str | None) -> None:
    """The portal has the order. None: the supplier has no portal, and a buyer places the ERP's draft."""
    conn.execute(query(__package__, "confirmed"), {"proposal_id": proposal_id, "confirmation": confirmation})


def taken(conn: psycopg.Connection, proposal_id: int, confirmation: str | None) -> None:
    """The supplier has a change of an order (None: there is no portal), and the ERP is to have it."""
    conn.execute(query(__package__, "taken"), {"proposal_id": proposal_id, "confirmation": confirmation})


def take_untold(conn: psycopg.Connection, as_of: datetime) -> list[tuple[Proposal, str | None]]:
    """Orders that were sent and that the buyers were not told of yet, each with the portal's confirmation, if it has one.

    They count as told from this transaction on.
    """
    rows = conn.execute(query(__package__, "take_untold"), {"as_of": as_of}).fetchall()
    return [(load_proposal(conn, proposal_id), confirmation) for proposal_id, confirmation in rows]


def failed(conn: psycopg.Connection, proposal_id: int) -> str:
    """The order could not be sent and nothing more is tried; returns its code."""
    row = conn.execute(query(__package__, "fail_proposal"), {"proposal_id": proposal_id}).fetchone()
    return str(row[0]) if row else f"proposal {proposal_id}"


def set_state(conn: psycopg.Connection, proposal_id: int, state: str) -> None:
    """What became of a proposal that is carried out by other means than an order's."""
    conn.execute(query(__package__, "set_state"), {"proposal_id": proposal_id, "state": state})
