"""An approved case on its way: a task that follows it until it is answered, and a row of the outbox that takes it to its party."""

import psycopg

from lotwatch import outbox
from lotwatch.actions.exceptions.terms import Terms
from lotwatch.actions.proposals import Proposal, set_state
from lotwatch.actions.tasks import NewTask, open_task
from lotwatch.audit import RunContext


def open_case(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Open its task, whose reference is the case's at the supplier or carrier, and have it sent."""
    details = proposal.details
    terms = Terms.model_validate(details["terms"])
    task = NewTask(
        proposal_id=proposal.proposal_id,
        kind="exception",
        site_id=proposal.site_id,
        role=terms.role,
        what=details["what"],
        deadline=context.as_of + terms.within,
        details={"asks": terms.asks, "subject_kind": details["subject_kind"], "expected": details["expected"]},
    )
    reference = open_task(conn, task, context)
    set_state(conn, proposal.proposal_id, "sent")
    payload = {"proposal_id": proposal.proposal_id, "reference": reference}
    outbox.enqueue(conn, "portal_case", f"{reference}:case", payload)
