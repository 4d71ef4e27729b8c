"""Asking for approval, writing the decision, sending what was decided."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg

from lotwatch import actions, outbox
from lotwatch.actions import warehouse
from lotwatch.audit import RunContext
from lotwatch.delivery import Drained, Gateways, ask_again, drain, hear

#: orders asked for by one run: Airflow maps one group of tasks to each
MOST_QUESTIONS = 200


def ask(conn: psycopg.Connection, context: RunContext) -> list[dict[str, Any]]:
    """Guard what is proposed; tell the buyers what waits for them, what was refused and what a policy let through.

    Returns the questions of this run, as `actions.Asking` has them.
    """
    policies = actions.load_policies()
    with conn.transaction():
        actions.apply_budgets(conn, context.as_of, context, actions.active_budgets(conn, context.as_of))
        asked = actions.ask(conn, context, MOST_QUESTIONS, policies)
        if asked.questions:
            until = min(question.until for question in asked.questions)
            rows = [_row(question.proposal) for question in asked.questions]
            _tell(conn, "approval_needed", context, {"until": until.isoformat(), "rows": rows})
        if asked.refusals:
            rows = [{"code": refusal.code, "reason": refusal.reason} for refusal in asked.refusals]
            _tell(conn, "order_refused", context, {"rows": rows})
    return [
        asdict(actions.in_words(question, policies.steps[question.step].title, context.as_of))
        for question in asked.questions
    ]


def decide(
    conn: psycopg.Connection, context: RunContext, proposal_id: int, revision: int, step: str, answer: Mapping[str, Any]
) -> str:
    """Write the answer to a question (as Airflow gives it); returns the proposal's state after it.

    An answer of somebody who may not give it decides nothing: the step is asked again (`proposed`). Raises ValueError when
    the answer is not one of ours: then nothing is decided.
    """
    user = answer.get("responded_by_user")
    chosen = list(answer["chosen_options"])
    if chosen not in (["Approve"], ["Reject"]):
        raise ValueError(f"The answer to {proposal_id} is {chosen}: neither Approve nor Reject.")
    if user is None:
        verdict: actions.Answer = "timed_out"
    else:
        verdict = "approved" if chosen == ["Approve"] else "rejected"
    decided_at = answer.get("responded_at") or context.as_of
    decision = actions.Decision(
        proposal_id=proposal_id,
        revision=revision,
        step=step,
        answer=verdict,
        decided_by=None if user is None else str(user["name"]),
        decided_at=datetime.fromisoformat(decided_at) if isinstance(decided_at, str) else decided_at,
        note=(answer.get("params_input") or {}).get("note") or None,
    )
    try:
        return actions.decide(conn, decision, context, actions.load_policies())
    except actions.NotTheirs as error:
        return actions.ask_again(conn, decision, context, error)


def send(conn: psycopg.Connection, context: RunContext, gateways: Gateways) -> Drained:
    """Ask warehouses for what is held, send what is due, hear what has become of it and what suppliers answer, and tell
    the buyers once of all orders that went out. A backfilled run sends nothing.

    `conn` must be in autocommit mode.
    """
    if context.backfilled:
        return Drained()
    asked = warehouse.request_holds(conn, context, {name: each.settings for name, each in gateways.warehouses.items()})
    drained = drain(conn, gateways, context)
    answers, unheard = hear(conn, gateways.portals, context)
    done, errors = ask_again(conn, gateways, context)
    drained.counts.update({"warehouse_task.requested": asked, "warehouse_task.acknowledged": done})
    drained.counts.update(answers)
    drained.errors += [*unheard, *errors]
    with conn.transaction():
        rows = [
            _row(order) | {"confirmation": number or ""} for order, number in actions.take_untold(conn, context.as_of)
        ]
        if rows:
            _tell(conn, "orders_sent", context, {"rows": rows})
    if rows or answers.total():
        drained.counts += drain(conn, gateways, context).counts
    return drained


def _tell(conn: psycopg.Connection, template: str, context: RunContext, data: Mapping[str, Any]) -> None:
    payload = {"template": template, "to": ["buyer"], "data": dict(data)}
    # with the try: what a cleared task finds anew is another message
    outbox.enqueue(conn, "message", f"{template}:{context.run_id}:{context.try_number}", payload)


def _row(order: actions.Proposal) -> dict[str, Any]:
    return {
        "code": order.code,
        "supplier": order.supplier_name or order.from_site_name or "",
        "site": order.site_name,
        "total": {"money": [str(order.total), order.currency]},
        "lines": len(order.lines),
        "erp_number": order.erp_number,
    }
