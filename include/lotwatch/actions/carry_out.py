"""What has been approved, on its way: each kind of proposal by its own means, in the transaction that approved it."""

from collections.abc import Callable
from typing import Any

import psycopg

from lotwatch.actions import warehouse
from lotwatch.actions.proposals import Proposal, set_state
from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError
from lotwatch.outbox import enqueue


def carry_out(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Write into the outbox, or into our own books, what an approved proposal asks for."""
    if proposal.kind not in _MEANS:
        raise LotwatchError(f"Nobody knows how to carry out a {proposal.kind}", where=f"proposal {proposal.code}")
    _MEANS[proposal.kind](conn, proposal, context)


def settle_afterwards(conn: psycopg.Connection, check: Proposal, state: str) -> None:
    """A no to what was carried out in an emergency: purchasing and operations are told what to take back."""
    if state in {"rejected", "timed_out"}:
        data = {"code": check.details["code"], "kind": check.details["kind"], "state": state, "rows": _rows(check)}
        payload = {"template": "take_back", "to": ["buyer", "ops"], "data": data}
        enqueue(conn, "message", f"take_back:{check.code}", payload)


def _order(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """The ERP's draft first: its number is the reference at the supplier's portal."""
    enqueue(conn, "erp_draft", proposal.code, {"proposal_id": proposal.proposal_id})


def _transfer(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """A task for the warehouse of the site that gives; where no system can be told, people are."""
    name = warehouse.warehouse_of(proposal.from_site_code or "", "transfer")
    if name is None:
        _by_hand(conn, proposal)
        return
    warehouse.request_transfer(
        conn,
        context,
        name,
        from_site_id=proposal.from_site_id or 0,
        to_site_id=proposal.site_id,
        lines=[
            warehouse.TaskLine(line.item_id, line.location_id, line.quantity, line.lot_id, line.serial_id)
            for line in proposal.lines
        ],
        wanted_on=max((line.requested_on for line in proposal.lines), default=None),
        proposal_id=proposal.proposal_id,
    )
    set_state(conn, proposal.proposal_id, "sending")


def _return_and_reship(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Two companies' papers: people make them."""
    _by_hand(conn, proposal)


def _by_hand(conn: psycopg.Connection, proposal: Proposal) -> None:
    """Nobody but people can do it: they are told, and it counts as sent."""
    data = {
        "code": proposal.code,
        "kind": proposal.kind,
        "from_site": proposal.from_site_name or "",
        "to_site": proposal.site_name,
        "rows": _rows(proposal),
    }
    payload = {"template": "by_hand", "to": ["warehouse"], "data": data, "proposal_id": proposal.proposal_id}
    enqueue(conn, "message", f"by_hand:{proposal.code}", payload)
    set_state(conn, proposal.proposal_id, "sent")


def _rows(proposal: Proposal) -> list[dict[str, Any]]:
    return [
        {
            "item": f"{line.item_code} {line.item_name}",
            "lot": line.serial_number or line.lot_number or "",
            "place": line.location_code or "",
            "quantity": line.quantity,
        }
        for line in proposal.lines
    ]


_MEANS: dict[str, Callable[[psycopg.Connection, Proposal, RunContext], None]] = {
    "purchase_order": _order,
    "transfer": _transfer,
    "return_and_reship": _return_and_reship,
}
