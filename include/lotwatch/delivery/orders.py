"""An approved order on its way: the ERP's draft first, whose number is the reference at the supplier's portal."""

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import Proposal
from lotwatch.audit import RunContext, record
from lotwatch.delivery import portal
from lotwatch.delivery.gateways import Gateways


class NotToBeSent(Exception):  # noqa: N818 (a decision, not a failure)
    """There is no approval for it, it was sent already, or a guard has said no since."""


def deliver(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    """Bring an approved order one step on its way (`erp_draft` or `portal_order`) and record it.

    Raises NotToBeSent, SourceError, or one of the outcomes in `lotwatch.delivery.outcome`.
    """
    step = _draft if row.kind == "erp_draft" else _send
    step(conn, row, gateways, context)


def _draft(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    proposal_id = row.payload["proposal_id"]
    order = _approved(conn, proposal_id, "approved")
    number = gateways.erp.find(order.code) if row.look_first else None
    if number is None:
        with conn.transaction():
            actions.guard(conn, [proposal_id], "send", context.as_of, context)
        order = _approved(conn, proposal_id, "approved")  # without the lines that were refused just now
        number = gateways.erp.draft(order)
    with conn.transaction():
        actions.drafted(conn, proposal_id, number)
        outbox.close_as_sent(conn, row.key, {"erp_number": number})
        outbox.enqueue(conn, "portal_order", f"{order.code}:portal", {"proposal_id": proposal_id})
        record(conn, context, "ERP draft written", "proposal", order.code, after={"erp_number": number})


def _send(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    proposal_id = row.payload["proposal_id"]
    order = _approved(conn, proposal_id, "sending")
    asked = _for_portal(order)
    confirmation = gateways.portal.find_order(asked.reference) if row.look_first else None
    if confirmation is None:
        confirmation = gateways.portal.send_order(asked, row.key)
    number = confirmation.confirmation_number
    after = {"confirmation": number, "erp_number": order.erp_number}
    with conn.transaction():
        actions.confirmed(conn, proposal_id, number)
        outbox.close_as_sent(conn, row.key, after)
        record(conn, context, "order sent", "proposal", order.code, after=after)


def _approved(conn: psycopg.Connection, proposal_id: int, state: str) -> Proposal:
    """The order, if a person approved it and it is in `state`."""
    order = actions.load_proposal(conn, proposal_id)
    if not actions.is_approved(conn, proposal_id):
        raise NotToBeSent(f"{order.code} has no approval.")
    if order.state != state:
        raise NotToBeSent(f"{order.code} is {order.state}.")
    return order


def _for_portal(order: Proposal) -> portal.Order:
    lines = [
        portal.OrderLine(
            item_code=line.item_code, quantity=line.quantity, unit_price=line.unit_price, requested_on=line.requested_on
        )
        for line in order.lines
    ]
    return portal.Order(
        reference=order.erp_number or "",
        buyer_reference=order.code,
        supplier_code=order.supplier_code,
        ship_to_site=order.site_code,
        currency=order.currency,
        lines=lines,
    )
