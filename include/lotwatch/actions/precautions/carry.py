"""An approved precaution: the hold itself, in our own books. Warehouses are asked for it as for every hold."""

import psycopg

from lotwatch import ledger
from lotwatch.actions.proposals import Proposal, set_state
from lotwatch.audit import RunContext


def hold_lot(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Hold its lot wherever it is and whatever arrives later; quality releases it."""
    for line in proposal.lines:
        hold = ledger.Hold(
            cause="precaution",
            reference=proposal.code,
            reason=proposal.details["reason"],
            item_id=line.item_id,
            lot_id=line.lot_id,
        )
        ledger.place_hold(conn, hold, context, context.actor)
    set_state(conn, proposal.proposal_id, "sent")
