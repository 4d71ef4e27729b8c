"""Changes by who is asked: less or more of a line, or nothing of it. The changed proposal is asked anew."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lotwatch.actions.approvals.deciding import Decision, may_answer
from lotwatch.actions.approvals.policies import Policies
from lotwatch.actions.guards import Refusal, guard
from lotwatch.actions.proposals import Kind, Line, Proposal
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

#: kinds whose lines say how much, so that an approver may say otherwise
CHANGEABLE: frozenset[Kind] = frozenset({"purchase_order", "transfer", "return_and_reship", "pick"})
MOST = 1_000_000_000


def line_key(line: Line) -> str:
    """What names a line of a proposal: its item, lot, serial unit and place."""
    return f"{line.item_id}.{line.lot_id}.{line.serial_id}.{line.location_id}"


def revise(
    conn: psycopg.Connection, change: Decision, quantities: Mapping[str, int], context: RunContext, policies: Policies
) -> tuple[Proposal, list[Refusal]]:
    """Change what is asked, by who may answer it now: `quantities` by `line_key`, 0 for a line that is not wanted.

    The revision that is asked counts up, what was answered no longer counts, and the guards look at it again. Returns what
    was asked until now, and what the guards refuse of the change. `change` is a Decision in all but its answer; its note
    says why. Raises NotTheirs and TooLate as for an answer, and LotwatchError for what cannot be meant.
    """
    with conn.transaction():
        proposal = may_answer(conn, change, policies)
        wanted = _wanted(proposal, change, quantities)
        parameters: dict[str, Any] = {"proposal_id": proposal.proposal_id}
        for line, quantity in wanted:
            place = {name: getattr(line, name) for name in ("item_id", "lot_id", "serial_id", "location_id")}
            why = {
                "reason": f"{line.item_code}: struck by {change.decided_by}: {change.note}",
                "reason_zh": f"{line.item_code}：{change.decided_by} 删除：{change.note}",
            }
            conn.execute(query(__package__, "change_line"), parameters | place | why | {"quantity": quantity or None})
        before = [
            {"line": line_key(line), "item": line.item_code, "quantity": line.quantity} for line in proposal.lines
        ]
        parameters |= {
            "person": change.decided_by,
            "as_of": change.decided_at,
            "reason": change.note,
            "raised": any(quantity > line.quantity for line, quantity in wanted),
            "lines_before": Jsonb(before),
        }
        conn.execute(query(__package__, "revise"), parameters)
        after = {"revision": proposal.revision + 1, "lines": [[line.item_code, quantity] for line, quantity in wanted]}
        record(
            conn, context, "proposal changed", "proposal", proposal.code,
            actor=change.decided_by, before={"lines": before}, after=after, reason=change.note,
        )  # fmt: skip
        return proposal, guard(conn, [proposal.proposal_id], "ask", change.decided_at, context)


def _wanted(proposal: Proposal, change: Decision, quantities: Mapping[str, int]) -> list[tuple[Line, int]]:
    """The lines that change, with how much is wanted of each. Raises LotwatchError for what cannot be meant."""
    where = f"proposal {proposal.code}"
    known = {line_key(line): line for line in proposal.lines}
    if proposal.kind not in CHANGEABLE or "confirms" in proposal.details:
        raise LotwatchError("Nothing of it can be changed", where=where, do="approve or reject it as it is")
    if not change.note:
        raise LotwatchError("It is not said why it changes", where=where, do="say why")
    if not quantities.keys() <= known.keys() or not all(0 <= quantity <= MOST for quantity in quantities.values()):
        raise LotwatchError("A line or quantity is not one of it", where=where, do="load the page again")
    changed = [(known[key], quantity) for key, quantity in quantities.items() if quantity != known[key].quantity]
    if not changed:
        raise LotwatchError("Nothing is changed", where=where, do="approve or reject it as it is")
    if not any(quantities.get(key, line.quantity) for key, line in known.items()):
        raise LotwatchError("Nothing of it is left", where=where, do="reject it instead")
    if any(line.serial_id and quantity > 1 for line, quantity in changed):
        raise LotwatchError("A serial unit is one", where=where, do="leave it at 1, or strike it")
    return changed
