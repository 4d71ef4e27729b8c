"""An approved disposition on its way: tasks for those who carry it out. The stock itself moves in the systems that book it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row

from lotwatch.actions.guards import guard
from lotwatch.actions.proposals import Proposal, load_proposal, set_state
from lotwatch.actions.tasks import NewTask, TaskLine, open_task
from lotwatch.audit import RunContext
from lotwatch.db.query import query

#: within which a department or customer gives back what must go
WITHDRAW_WITHIN = timedelta(days=2)


def open_disposition(conn: psycopg.Connection, proposal: Proposal, context: RunContext) -> None:
    """Guard it once more, and open its tasks: one to do it, and one for each department or customer that has some of it."""
    guard(conn, [proposal.proposal_id], "send", context.as_of, context)
    proposal = load_proposal(conn, proposal.proposal_id)
    if proposal.state == "refused":
        return
    way: str = proposal.details["disposition"]
    until = max(
        datetime.combine(min(line.requested_on for line in proposal.lines), time(23, 59), UTC),
        context.as_of + timedelta(days=1),
    )
    if way == "supplier_credit":
        _open(conn, proposal, "claim", "buyer", until, _whole(proposal, way), context)
    else:
        _open(conn, proposal, "disposal", "warehouse", until, _whole(proposal, way), context)
    if way != "use_first":
        # what is credited stays where it is, unless it failed its inspection
        for place_id, lines in _held_by_others(conn, proposal, failed_only=way == "supplier_credit").items():
            early = min(until, context.as_of + WITHDRAW_WITHIN)
            _open(conn, proposal, "withdrawal", "warehouse", early, lines, context, place_id)
    set_state(conn, proposal.proposal_id, "sent")


def _whole(proposal: Proposal, way: str) -> list[TaskLine]:
    """What of each lot leaves the site, or stays and is used or credited, wherever at the site it lies."""
    total: dict[tuple[int, int, int], int] = defaultdict(int)
    for line in proposal.lines:
        total[line.item_id, line.lot_id, line.serial_id] += line.quantity
    return [TaskLine(*lot, proposal.site_id, quantity, way) for lot, quantity in total.items()]


def _held_by_others(conn: psycopg.Connection, proposal: Proposal, *, failed_only: bool) -> Mapping[int, list[TaskLine]]:
    """What departments have of it, and of what failed its inspection, customers: by department or customer."""
    found: dict[int, list[TaskLine]] = defaultdict(list)
    parameters = {"proposal_id": proposal.proposal_id, "failed_only": failed_only}
    with conn.cursor(row_factory=dict_row) as cursor:
        rows: list[dict[str, Any]] = cursor.execute(query(__package__, "held_by_others"), parameters).fetchall()
    for row in rows:
        place_id = row.pop("holder_id")
        found[place_id].append(TaskLine(**row))
    return found


def _open(
    conn: psycopg.Connection,
    proposal: Proposal,
    kind: Literal["claim", "disposal", "withdrawal"],
    role: Literal["buyer", "warehouse"],
    until: datetime,
    lines: Sequence[TaskLine],
    context: RunContext,
    place_id: int | None = None,
) -> None:
    what = proposal.details["what"]
    if kind == "withdrawal":
        what = {"en": f"Give it back to the store: {what['en']}", "zh": f"退回库房：{what['zh']}"}
    task = NewTask(
        proposal_id=proposal.proposal_id,
        kind=kind,
        site_id=proposal.site_id,
        place_id=place_id,
        role=role,
        what=what,
        deadline=until,
        lines=lines,
        details={"disposition": proposal.details["disposition"]},
    )
    open_task(conn, task, context)
