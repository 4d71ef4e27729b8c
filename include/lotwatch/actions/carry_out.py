"""What has been approved, on its way: each kind of proposal by its own means, in the transaction that approved it."""

from collections.abc import Callable

import psycopg

from lotwatch.actions.proposals import Proposal
from lotwatch.audit import RunContext
from lotwatch.errors import LotwatchError
from lotwatch.outbox import enqueue


def carry_out(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Write into the outbox, or into our own books, what an approved proposal asks for."""
    if proposal.kind not in _MEANS:
        raise LotwatchError(f"Nobody knows how to carry out a {proposal.kind}", where=f"proposal {proposal.code}")
    _MEANS[proposal.kind](conn, proposal, context)


def _order(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """The ERP's draft first: its number is the reference at the supplier's portal."""
    enqueue(conn, "erp_draft", proposal.code, {"proposal_id": proposal.proposal_id})


_MEANS: dict[str, Callable[[psycopg.Connection, Proposal, RunContext], None]] = {"purchase_order": _order}
