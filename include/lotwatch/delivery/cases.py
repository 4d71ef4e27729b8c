"""A case on its way: to the supplier's portal where that takes cases, else to whoever follows it here, who writes to its party."""

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import Proposal, tasks
from lotwatch.audit import RunContext, record
from lotwatch.delivery import portals
from lotwatch.delivery.gateways import Gateways
from lotwatch.delivery.orders import NotToBeSent


def deliver(conn: psycopg.Connection, row: outbox.Row, gateways: Gateways, context: RunContext) -> None:
    """Bring a case to its party and record it.

    Raises NotToBeSent where it is approved no more or closed, or one of the outcomes in `lotwatch.delivery.outcome`.
    """
    task, proposal = _load(conn, row)
    if task.state != "open":
        raise NotToBeSent(f"{task.reference} is {task.state}.")
    if not actions.is_approved(conn, proposal.proposal_id):
        raise NotToBeSent(f"{proposal.code} has no approval.")
    portal = gateways.portals.of(proposal.supplier_code) if proposal.supplier_code else None
    if portal is None or not isinstance(portal.client, portals.TakesCases):
        with conn.transaction():
            outbox.close_as_sent(conn, row.key, {})
            left_to_people(conn, row, "", context)
        return
    client, case = portal.client, _case(conn, task, proposal, portal.name)
    with portals.asking(conn, portal, requests=1 + row.look_first):
        found = client.find_case(case.reference) if row.look_first else None
        number = (found or client.send_case(case, row.key)).case_number
    after = {"portal": portal.name, "case_number": number}
    with conn.transaction():
        tasks.note_case(conn, task.task_id, portal.name, number)
        outbox.close_as_sent(conn, row.key, after)
        record(conn, context, "case sent", "task", task.reference, after=after)


def left_to_people(conn: psycopg.Connection, row: outbox.Row, error: str, context: RunContext) -> None:
    """No portal takes it (`error`: why it did not, empty: there is none): who follows the case asks its party."""
    task, proposal = _load(conn, row)
    data = {
        "code": task.reference,
        "what": task.what,
        "asks": task.details["asks"],
        "party": proposal.supplier_name or proposal.details["carrier"] or "",
        "tracking_number": proposal.details["tracking_number"] or "",
        "site": task.site_name,
        "until": task.deadline.isoformat(),
        "number": task.task_id,
        "error": error,
        "rows": [{"item": f"{line.item_code} {line.item_name}", "quantity": line.quantity} for line in proposal.lines],
    }
    payload = {
        "template": "case_by_hand",
        "to": [task.role],
        "about": {"sites": [task.site_code]},
        "data": data,
        "proposal_id": proposal.proposal_id,
    }
    outbox.enqueue(conn, "message", f"case_by_hand:{task.reference}", payload)
    record(conn, context, "case left to people", "task", task.reference, reason=error or "no portal takes it")


def _load(conn: psycopg.Connection, row: outbox.Row) -> tuple[tasks.Task, Proposal]:
    task = tasks.load_task(conn, tasks.task_of(conn, row.payload["reference"]))
    return task, actions.load_proposal(conn, row.payload["proposal_id"])


def _case(conn: psycopg.Connection, task: tasks.Task, proposal: Proposal, portal: str) -> portals.Case:
    named = actions.item_names(conn, proposal.proposal_id, portal)
    details = proposal.details
    return portals.Case(
        reference=task.reference,
        supplier_code=proposal.supplier_code,
        subject=task.what["en"][:500],
        asks=task.details["asks"],
        answer_by=task.deadline,
        order_number=details["order_number"],
        delivery_number=details["delivery_number"],
        carrier=details["carrier"],
        tracking_number=details["tracking_number"],
        lines=[
            portals.CaseLine(
                item_code=line.item_code,
                supplier_item_code=named[line.item_code].supplier_item_code,
                quantity=line.quantity,
            )
            for line in proposal.lines
        ],
    )
