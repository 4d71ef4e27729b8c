"""What has been approved, on its way: each kind of proposal by its own means, in the transaction that approved it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import psycopg

from lotwatch.actions import picking, warehouse
from lotwatch.actions.checks import open_check
from lotwatch.actions.dispositions import open_disposition
from lotwatch.actions.exceptions import open_case
from lotwatch.actions.precautions import hold_lot
from lotwatch.actions.proposals import Line, Proposal, set_state
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
        about = {"proposals": [check.proposal_id]}
        payload = {"template": "take_back", "to": ["buyer", "ops"], "about": about, "data": data}
        enqueue(conn, "message", f"take_back:{check.code}", payload)


def _order(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """The ERP's draft first: its number is the reference at the supplier's portal."""
    enqueue(conn, "erp_draft", proposal.code, {"proposal_id": proposal.proposal_id})


def _order_change(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """The supplier first, who may say no; then the ERP."""
    enqueue(conn, "portal_change", f"{proposal.code}:portal", {"proposal_id": proposal.proposal_id})


def _transfer(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """A task for the warehouse of the site that gives; where no system can be told, people are."""
    name = warehouse.warehouse_of(proposal.from_site_code or "", "transfer")
    if name is None:
        _left_to_people(conn, proposal)
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


def _pick(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """A task for each order that the site's warehouse system knows as its own; the others people pick."""
    name = warehouse.warehouse_of(proposal.site_code, "pick")
    source = warehouse.load_warehouses()[name].source if name else None
    others: list[picking.Picked] = []
    told = False
    for order in picking.orders_of(conn, proposal.proposal_id):
        if name is None or order.source != source:
            others += order.picks
            continue
        warehouse.request_pick(
            conn,
            context,
            name,
            site_id=proposal.site_id,
            demand_order_key=order.key,
            lines=_task_lines(order),
            proposal_id=proposal.proposal_id,
        )
        told = True
    if others:
        _picked_by_hand(conn, proposal, others)
    set_state(conn, proposal.proposal_id, "sending" if told else "sent")


def _priority(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """A task for the system whose order or delivery it is; where that cannot be told, people are."""
    name = warehouse.warehouse_of(proposal.from_site_code or "", "priority")
    if name is None or proposal.details["source"] != warehouse.load_warehouses()[name].source:
        _left_to_people(conn, proposal)
        return
    site_id = proposal.from_site_id or 0
    warehouse.request_priority(
        conn,
        context,
        name,
        site_id=site_id,
        document_key=proposal.details["key"],
        wanted_on=date.fromisoformat(proposal.details["day"]),
        lines=[warehouse.TaskLine(line.item_id, site_id, line.quantity) for line in proposal.lines],
        proposal_id=proposal.proposal_id,
    )
    set_state(conn, proposal.proposal_id, "sending")


def _task_lines(order: picking.Order) -> list[warehouse.TaskLine]:
    """What is picked for an order: of one lot and place once, though it be for several of its lines."""
    quantities: defaultdict[tuple[int, int, int, int, int], int] = defaultdict(int)
    for pick in order.picks:
        quantities[pick.item_id, pick.location_id, pick.lot_id, pick.serial_id, pick.stop] += pick.quantity
    return [
        warehouse.TaskLine(item, place, quantity, lot, serial, stop)
        for (item, place, lot, serial, stop), quantity in quantities.items()
    ]


def _return_and_reship(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Two companies' papers: people make them."""
    _left_to_people(conn, proposal)


def _left_to_people(conn: psycopg.Connection, proposal: Proposal) -> None:
    """Nobody but people can do it: they are told, and it counts as sent."""
    data = {
        "code": proposal.code,
        "kind": proposal.kind,
        "from_site": proposal.from_site_name or "",
        "to_site": proposal.site_name,
        "rows": _rows(proposal),
    }
    _to_warehouse(conn, proposal, "by_hand", data)
    set_state(conn, proposal.proposal_id, "sent")


def _picked_by_hand(conn: psycopg.Connection, proposal: Proposal, picks: Sequence[picking.Picked]) -> None:
    data = {"code": proposal.code, "site": proposal.site_name, "rows": _picks(proposal, picks)}
    _to_warehouse(conn, proposal, "pick_by_hand", data)


def _to_warehouse(conn: psycopg.Connection, proposal: Proposal, template: str, data: Mapping[str, Any]) -> None:
    payload = {
        "template": template,
        "to": ["warehouse"],
        "about": {"proposals": [proposal.proposal_id]},
        "data": dict(data),
        "proposal_id": proposal.proposal_id,
    }
    enqueue(conn, "message", f"{template}:{proposal.code}", payload)


def _rows(proposal: Proposal) -> list[dict[str, Any]]:
    document = f"{proposal.details['number']} → {proposal.details['day']}" if proposal.kind == "priority" else ""
    return [_row(line, line.quantity, document) for line in proposal.lines]


def _picks(proposal: Proposal, picks: Sequence[picking.Picked]) -> list[dict[str, Any]]:
    """Along the walk, each with who gets it."""
    lines = {(line.item_id, line.lot_id, line.serial_id, line.location_id): line for line in proposal.lines}
    return [
        _row(lines[pick.item_id, pick.lot_id, pick.serial_id, pick.location_id], pick.quantity)
        | {"stop": pick.stop, "wanted_by": f"{pick.order_number} {pick.destination}".rstrip()}
        for pick in picks
    ]


def _row(line: Line, quantity: int, document: str = "") -> dict[str, Any]:
    """`document` stands where a line is not taken from a place of its own."""
    return {
        "item": f"{line.item_code} {line.item_name}",
        "lot": line.serial_number or line.lot_number or "",
        "place": line.location_code or document,
        "quantity": quantity,
    }


_MEANS: dict[str, Callable[[psycopg.Connection, Proposal, RunContext], None]] = {
    "purchase_order": _order,
    "order_change": _order_change,
    "transfer": _transfer,
    "return_and_reship": _return_and_reship,
    "pick": _pick,
    "priority": _priority,
    "hold": hold_lot,
    "disposition": open_disposition,
    "check": open_check,
    "work_order": open_check,
    "exception": open_case,
}
