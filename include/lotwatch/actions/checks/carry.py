"""An approved check or work order on its way: a task for its role, with the checklist as it is now."""

import psycopg

from lotwatch.actions.checks.checklists import load_checklists
from lotwatch.actions.proposals import Proposal, set_state
from lotwatch.actions.tasks import NewTask, TaskLine, open_task
from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError


def open_check(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Open its task. Raises LotwatchError where its checklist is there no more."""
    checklist = load_checklists().get(proposal.details["checklist"])
    if checklist is None:
        raise LotwatchError(
            f"There is no checklist {proposal.details['checklist']}",
            where=f"proposal {proposal.code}",
            do="put it back into include/config/checklists.yaml, or reject the proposal",
        )
    order = proposal.details.get("order_number")
    what = checklist.title.model_dump()
    [line] = proposal.lines
    about = " ".join(filter(None, (line.item_code, line.serial_number or line.lot_number, order)))
    task = NewTask(
        proposal_id=proposal.proposal_id,
        kind=checklist.kind,
        site_id=proposal.site_id,
        role=checklist.role,
        what={"en": f"{what['en']}: {about}", "zh": f"{what['zh']}：{about}"},
        deadline=context.as_of + checklist.within,
        # of an order nothing is there yet
        lines=[]
        if proposal.details.get("order_line")
        else [TaskLine(line.item_id, line.lot_id, line.serial_id, proposal.site_id, line.quantity)],
        details={"order_line": proposal.details.get("order_line"), "order_number": order},
        checklist=[{"key": key, **point.model_dump()} for key, point in checklist.points.items()],
    )
    open_task(conn, task, context)
    set_state(conn, proposal.proposal_id, "sent")
