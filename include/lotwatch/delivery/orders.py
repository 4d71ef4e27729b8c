"""An approved order on its way: the ERP's draft first, whose number is the reference at the supplier's portal."""

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import Proposal
from lotwatch.audit import RunContext, record
from lotwatch.delivery import portals
from lotwatch.delivery.gateways import Gateways
from lotwatch.delivery.outcome import NotLetIn, Refused
from lotwatch.errors import LotwatchError
from lotwatch.ledger.orders import first_answer


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
    order = approved(conn, proposal_id, "approved")
    number = gateways.erp.find(order.code) if row.look_first else None
    if number is None:
        with conn.transaction():
            actions.guard(conn, [proposal_id], "send", context.as_of, context)
        order = approved(conn, proposal_id, "approved")  # without the lines that were refused just now
        number = gateways.erp.draft(order)
    with conn.transaction():
        actions.drafted(conn, proposal_id, number)
        outbox.close_as_sent(conn, row.key, {"erp_number": number})
        record(conn, context, "ERP draft written", "proposal", order.code, after={"erp_number": number})
        if gateways.portals.name_of(order.supplier_code):
            outbox.enqueue(conn, "portal_order", f"{order.code}:portal", {"proposal_id": proposal_id})
        else:
            _left_to_buyer(conn, order, context)


def _left_to_buyer(conn: psycopg.Connection, order: Proposal, context: RunContext) -> None:
    """The supplier has no portal: the ERP's draft is all there is, and a buyer places it."""
    actions.confirmed(conn, order.proposal_id, None)
    record(conn, context, "order left to a buyer", "proposal", order.code, reason="its supplier has no portal")


def _send(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    proposal_id = row.payload["proposal_id"]
    order = approved(conn, proposal_id, "sending")
    portal = gateways.portals.of(order.supplier_code)
    if portal is None:
        with conn.transaction():
            outbox.close_as_sent(conn, row.key, {})
            _left_to_buyer(conn, order, context)
        return
    asked = for_portal(conn, order, portal.name)
    # the supplier may have answered the order before the portal has answered us
    number = first_answer(conn, portal.name, asked.reference)
    if number is None:
        with portals.asking(conn, portal, requests=1 + row.look_first) as client:
            found = client.find_order(asked.reference) if row.look_first else None
            number = (found or client.send_order(asked, row.key)).confirmation_number
    after = {"portal": portal.name, "confirmation": number, "erp_number": order.erp_number}
    with conn.transaction():
        actions.confirmed(conn, proposal_id, number)
        outbox.close_as_sent(conn, row.key, after)
        record(conn, context, "order sent", "proposal", order.code, after=after)


def given_up(conn: psycopg.Connection, row: outbox.Row, error: LotwatchError, context: RunContext) -> str:
    """An order, or a change of one, could not be sent. An order that its supplier's portal refused is declined as a whole.

    Returns the proposal's code.
    """
    proposal_id = row.payload["proposal_id"]
    if row.kind == "portal_order" and isinstance(error, Refused) and not isinstance(error, NotLetIn):
        lines = actions.load_proposal(conn, proposal_id).lines
        actions.decline(conn, proposal_id, dict.fromkeys(line.item_code for line in lines), context.as_of)
    return actions.failed(conn, proposal_id)


def approved(conn: psycopg.Connection, proposal_id: int, state: str) -> Proposal:
    """The order, if a person approved it and it is in `state`."""
    order = actions.load_proposal(conn, proposal_id)
    if not actions.is_approved(conn, proposal_id):
        raise NotToBeSent(f"{order.code} has no approval.")
    if order.state != state:
        raise NotToBeSent(f"{order.code} is {order.state}.")
    return order


def for_portal(conn: psycopg.Connection, order: Proposal, portal: str) -> portals.Order:
    """An order in its portal's words."""
    named = actions.item_names(conn, order.proposal_id, portal)
    lines = [
        portals.OrderLine(
            item_code=line.item_code,
            name=line.item_name,
            supplier_item_code=named[line.item_code].supplier_item_code,
            udi_di=named[line.item_code].udi_di,
            quantity=line.quantity,
            unit_price=line.unit_price,
            requested_on=line.requested_on,
        )
        for line in order.lines
    ]
    return portals.Order(
        reference=order.erp_number or "",
        buyer_reference=order.code,
        supplier_code=order.supplier_code,
        ship_to_site=order.site_code,
        ordered_on=actions.approved_on(conn, order.proposal_id),
        currency=order.currency,
        lines=lines,
    )
