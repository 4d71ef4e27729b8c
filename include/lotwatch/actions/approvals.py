"""Who said what. Airflow asks; the row written here is what the sender believes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg

from lotwatch.actions.guards import Refusal, guard
from lotwatch.actions.proposals import Order, load_order
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.outbox import enqueue

Answer = Literal["approved", "rejected", "timed_out"]


@dataclass(frozen=True, slots=True)
class Question:
    """An order that waits for a person."""

    proposal_id: int
    code: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a question, and by whom (None: nobody answered in time)."""

    proposal_id: int
    answer: Answer
    decided_by: str | None
    decided_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run asks for, and what the guards refused before anybody was asked."""

    orders: list[Order]
    refusals: list[Refusal]


def ask(conn: psycopg.Connection, context: RunContext, ask_until: datetime, at_most: int) -> Asked:
    """Guard what is proposed and take at most `at_most` orders to be asked by this run.

    Asked again by the same run (a cleared task), it answers the same orders, without those that are decided.
    Orders whose time to be answered has passed and that no run waits for any more are proposed anew.
    """
    with conn.transaction():
        conn.execute(query(__package__, "reclaim_unanswered"), {"as_of": context.as_of})
        proposed = [row[0] for row in conn.execute(query(__package__, "proposed"), {"at_most": at_most}).fetchall()]
        refusals = guard(conn, proposed, "ask", context.as_of, context)
        parameters = {"proposals": proposed, "run_id": context.run_id, "ask_until": ask_until}
        for (code,) in conn.execute(query(__package__, "take_proposals"), parameters).fetchall():
            record(conn, context, "order asked for", "proposal", code)
        waiting = conn.execute(query(__package__, "waiting_for_run"), {"run_id": context.run_id}).fetchall()
        return Asked([load_order(conn, proposal_id) for (proposal_id,) in waiting], refusals)


def decide(conn: psycopg.Connection, decision: Decision, context: RunContext) -> bool:
    """Write the decision; an approved order goes to the outbox in the same transaction.

    Returns whether the order is approved. Written once: the same decision again changes nothing, another one raises.
    """
    with conn.transaction():
        order = load_order(conn, decision.proposal_id)
        parameters = {
            "proposal_id": decision.proposal_id,
            "decision": decision.answer,
            "decided_by": decision.decided_by,
            "decided_at": decision.decided_at,
            "note": decision.note,
            "run_id": context.run_id,
        }
        row = conn.execute(query(__package__, "decide"), parameters).fetchone()
        if row is None:
            _check_same(conn, order, decision)
            return decision.answer == "approved"
        actor = decision.decided_by or "nobody (time-out)"
        after = {"total": order.total, "currency": order.currency}
        record(
            conn,
            context,
            f"order {decision.answer}",
            "proposal",
            order.code,
            actor=actor,
            after=after,
            reason=decision.note,
        )
        if decision.answer == "approved":
            enqueue(conn, "erp_draft", order.code, {"proposal_id": order.proposal_id})
        return decision.answer == "approved"


def _check_same(conn: psycopg.Connection, order: Order, decision: Decision) -> None:
    known = conn.execute(query(__package__, "load_decision"), {"proposal_id": order.proposal_id}).fetchone()
    if known is None or known[0] != decision.answer:
        raise LotwatchError(
            f"{order.code} cannot be {decision.answer}: it is {known[0] if known else order.state}",
            where=f"proposal {order.code}",
            do="nothing was changed; see its history on the Orders page",
        )


def question(order: Order) -> Question:
    """The order as a person is asked about it, in both languages (Markdown)."""
    lines = "\n".join(
        f"| {line.item_code} {line.item_name} | {line.quantity:,} | {line.unit_price:,.2f} |"
        f" {line.quantity * line.unit_price:,.2f} | {line.requested_on} |"
        for line in order.lines
    )
    return Question(
        proposal_id=order.proposal_id,
        code=order.code,
        subject=f"{order.code}: {order.supplier_name} for {order.site_name}, {order.total:,.2f} {order.currency}",
        body=(
            f"**{order.code}** 采购订单 / purchase order: {order.supplier_name} → {order.site_name}\n\n"
            "| item 物料 | quantity 数量 | price 单价 | amount 金额 | needed 需求日期 |\n|---|---:|---:|---:|---|\n"
            f"{lines}\n\n**Total 合计: {order.total:,.2f} {order.currency}**"
        ),
    )
