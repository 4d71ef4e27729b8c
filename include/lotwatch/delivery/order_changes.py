"""An approved change of an order on its way: to the supplier, who may say no, then to the ERP, or to a person who changes it there."""

from typing import Any

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import Proposal
from lotwatch.audit import RunContext, record
from lotwatch.delivery import portals
from lotwatch.delivery.gateways import Gateways
from lotwatch.delivery.orders import NotToBeSent, approved, for_portal
from lotwatch.errors import SourceError
from lotwatch.ledger import orders as answers


def deliver(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    """Bring an approved change one step on its way (`portal_change` or `erp_change`) and record it.

    Raises NotToBeSent, SourceError, or one of the outcomes in `lotwatch.delivery.outcome`.
    """
    step = _send if row.kind == "portal_change" else _write
    step(conn, row, gateways, context)


def _send(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    """The supplier's portal gets the order as it is to be; a person's word is needed where there is none."""
    change = approved(conn, row.payload["proposal_id"], "approved")
    order, before = _order(conn, change)
    portal = gateways.portals.of(order.supplier_code)
    number = _known(conn, row, portal, order, change)
    if number is None:
        with conn.transaction():
            actions.guard(conn, [change.proposal_id], "send", context.as_of, context)
        change = approved(conn, change.proposal_id, "approved")  # without the lines that were refused just now
        _compare(conn, change, gateways, before, context)
        if portal is not None:
            number = _ask(conn, row, portal, before, change)
    after = actions.with_change(before, change)
    with conn.transaction():
        actions.taken(conn, change.proposal_id, number)
        answers.withdraw(conn, order.code, less := actions.less_by(before, after))
        answers.wake(conn, order.site_code, {line.item_code for line in change.lines})
        outbox.close_as_sent(conn, row.key, {"confirmation": number})
        outbox.enqueue(conn, "erp_change", f"{change.code}:erp", {"proposal_id": change.proposal_id})
        told = {"order": order.code, "portal": portal and portal.name, "confirmation": number, "less": less}
        record(conn, context, "order change sent", "proposal", change.code, after=told)


def _known(
    conn: psycopg.Connection, row: outbox.Row, portal: portals.Portal | None, order: Proposal, change: Proposal
) -> str | None:
    """The portal's confirmation of a change that it has already; None: it has not, or does not tell."""
    if portal is None or not row.look_first:
        return None
    with portals.asking(conn, portal) as client:
        found = client.find_order(order.erp_number or "")
    if found is None:
        raise NotToBeSent(f"The portal does not know order {order.erp_number} any more.")
    has_it = found.cancelled or found.sequence >= int(change.details["sequence"])
    return found.confirmation_number if has_it else None


def _ask(conn: psycopg.Connection, row: outbox.Row, portal: portals.Portal, before: Proposal, change: Proposal) -> str:
    """Send the change. The same key again changes nothing more, nor does the same order as it is to be."""
    after = actions.with_change(before, change)
    with portals.asking(conn, portal) as client:
        if not after.lines:
            reason = (change.if_nobody_acts or {}).get("en", "not needed")[:500]
            return client.cancel_order(before.erp_number or "", reason, row.key).confirmation_number
        whole = for_portal(conn, after, portal.name).model_dump() | {"sequence": change.details["sequence"]}
        return client.change_order(portals.OrderChange.model_validate(whole), row.key).confirmation_number


def _compare(
    conn: psycopg.Connection, change: Proposal, gateways: Gateways, before: Proposal, context: RunContext
) -> None:
    """Somebody may have changed the order in the ERP since its last sync: then the change is refused."""
    different = gateways.erp.differs(before)
    if different is None:
        return
    with conn.transaction():
        actions.refuse(conn, change, "changed", "send", different, context)
    raise NotToBeSent(different.en)


def _write(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    """The ERP's purchase becomes what was sent; where it cannot be changed there any more, a buyer is asked to."""
    change = approved(conn, row.payload["proposal_id"], "sending")
    order, before = _order(conn, change)
    after = actions.with_change(before, change)
    try:
        written, why = gateways.erp.change(before, after), ""
    except SourceError as error:
        if error.retry:
            raise
        written, why = False, str(error)
    by_phone = gateways.portals.name_of(order.supplier_code) is None
    with conn.transaction():
        actions.set_state(conn, change.proposal_id, "sent")
        outbox.close_as_sent(conn, row.key, {"written": written})
        if by_phone or not written:
            data = {
                "code": change.code,
                "order": order.code,
                "erp_number": order.erp_number,
                "supplier": order.supplier_name,
                "tell_supplier": by_phone,
                "change_erp": not written,
                "why": why,
                "rows": _rows(before, after),
            }
            payload = {"template": "order_change_by_hand", "to": ["buyer"], "data": data}
            outbox.enqueue(conn, "message", f"order_change_by_hand:{change.code}", payload)
        record(conn, context, "order changed", "proposal", change.code, after={"in_erp": written}, reason=why or None)


def _order(conn: psycopg.Connection, change: Proposal) -> tuple[Proposal, Proposal]:
    """The order that is changed, as it was approved and as it is before this change."""
    order = actions.load_proposal(conn, change.order_id or 0)
    return order, actions.order_now(conn, order, before=change.proposal_id)


def _rows(before: Proposal, after: Proposal) -> list[dict[str, Any]]:
    """Each item that changes, with what was ordered of it and what is to be."""
    items = {line.item_code: line.item_name for line in before.lines}
    return [
        {"item": f"{code} {name}", "was": was, "now": now}
        for code, name in items.items()
        if (was := _parts(before, code)) != (now := _parts(after, code))
    ]


def _parts(order: Proposal, item_code: str) -> str:
    lines = [line for line in order.lines if line.item_code == item_code]
    return "; ".join(f"{line.quantity} ({line.requested_on})" for line in lines) or "0"
