"""Asking for approval, writing the decision, sending what was decided."""

from collections.abc import Collection, Mapping, Sequence
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
    """Guard what is proposed; tell each approver what waits for them, and the buyers what was refused.

    Returns the questions of this run, as `actions.Asking` has them.
    """
    policies = actions.active_policies(conn, context.as_of)
    with conn.transaction():
        actions.apply_budgets(conn, context.as_of, context, actions.active_budgets(conn, context.as_of))
        asked = actions.ask(conn, context, MOST_QUESTIONS, policies)
        _invite(conn, context, asked.proposals, {name: step.approvers for name, step in policies.steps.items()})
        if asked.refusals:
            rows = [
                {"code": refusal.code, "reason": {"en": refusal.reason, "zh": refusal.reason_zh}}
                for refusal in asked.refusals
            ]
            about = sorted({refusal.proposal_id for refusal in asked.refusals})
            _tell(conn, "order_refused", context, {"rows": rows}, about=about)
    return [
        asdict(actions.in_words(question, policies.steps[question.step].title, context.as_of))
        for question in asked.questions
        if question.step in policies.steps
    ]


def decide(
    conn: psycopg.Connection, context: RunContext, proposal_id: int, revision: int, step: str, answer: Mapping[str, Any]
) -> str:
    """Write the answer to a question (as Airflow gives it); returns the proposal's state after it.

    An answer of somebody who may not give it decides nothing: the step is asked again (`proposed`). One that comes too late,
    because it was answered on the board or by a link, or changed, decides nothing either. Raises ValueError when the answer
    is not one of ours: then nothing is decided.
    """
    if answer == actions.NOT_ASKED:
        return actions.load_proposal(conn, proposal_id).state
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
    policies = actions.active_policies(conn, context.as_of)
    try:
        with conn.transaction():
            state = actions.decide(conn, decision, context, policies)
            if state == "timed_out":
                _escalate(conn, actions.load_proposal(conn, proposal_id), policies.steps.get(step))
            return state
    except actions.NotTheirs as error:
        return actions.ask_again(conn, decision, context, error)
    except actions.TooLate as error:
        return actions.note_late(conn, decision, context, error)


def is_asked(conn: psycopg.Connection, context: RunContext, proposal_id: int, revision: int, step: str) -> bool:
    """Whether this run still waits for an answer to it: it may have been given elsewhere before Airflow asks."""
    proposal = actions.load_proposal(conn, proposal_id)
    asked = (proposal.state, proposal.asked_by_run, proposal.revision, proposal.asked_step)
    return asked == ("waiting", context.run_id, revision, step)


def send(conn: psycopg.Connection, context: RunContext, gateways: Gateways) -> Drained:
    """Call back and ask warehouses for what is held, send what is due, hear what has become of it and what suppliers answer, and tell
    the buyers once of all orders that went out. A backfilled run sends nothing.

    `conn` must be in autocommit mode.
    """
    if context.backfilled:
        return Drained()
    tell_deputies(conn, context)
    settings = {name: each.settings for name, each in gateways.warehouses.items()}
    asked = warehouse.call_back(conn, context, settings) + warehouse.request_holds(conn, context, settings)
    drained = drain(conn, gateways, context)
    answers, unheard = hear(conn, gateways.portals, context)
    done, errors = ask_again(conn, gateways, context)
    drained.counts.update({"warehouse_task.requested": asked, "warehouse_task.acknowledged": done})
    drained.counts.update(answers)
    drained.errors += [*unheard, *errors]
    with conn.transaction():
        sent = actions.take_untold(conn, context.as_of)
        rows = [_row(order) | {"confirmation": number or ""} for order, number in sent]
        if rows:
            _tell(conn, "orders_sent", context, {"rows": rows}, about=[order.proposal_id for order, _ in sent])
    if rows or answers.total():
        drained.counts += drain(conn, gateways, context).counts
    return drained


def tell_deputies(conn: psycopg.Connection, context: RunContext) -> int:
    """Tell deputies, once, what they may answer from now on; returns how many questions that are."""
    policies = actions.active_policies(conn, context.as_of)
    with conn.transaction():
        due = actions.deputies_due(conn, context.as_of, policies)
        _invite(conn, context, due, {name: step.deputies for name, step in policies.steps.items()})
    return len(due)


def _invite(
    conn: psycopg.Connection,
    context: RunContext,
    proposals: Sequence[actions.Proposal],
    who: Mapping[str, Collection[str]],
) -> None:
    """A message for each person who may answer, with a link of their own for each question; it becomes one when it is sent."""
    for person in sorted({person for proposal in proposals for person in who.get(proposal.asked_step or "", ())}):
        theirs = [proposal for proposal in proposals if person in who.get(proposal.asked_step or "", ())]
        rows = []
        for proposal in theirs:
            invitation = actions.Invitation(
                proposal_id=proposal.proposal_id,
                revision=proposal.revision,
                step=proposal.asked_step or "",
                person=person,
                until=proposal.ask_until or context.as_of,
            )
            rows.append(_row(proposal) | {"answer": invitation.model_dump(mode="json")})
        until = min(proposal.ask_until or context.as_of for proposal in theirs)
        _tell(conn, "approval_needed", context, {"until": until.isoformat(), "rows": rows}, [person])


def _escalate(conn: psycopg.Connection, proposal: actions.Proposal, step: actions.Step | None) -> None:
    """Nobody answered in time: whoever the step names is told."""
    if step and step.escalate_to:
        data = {"rows": [_row(proposal) | {"step": step.title.model_dump()}]}
        about = {"proposals": [proposal.proposal_id]}
        payload = {"template": "approval_timed_out", "to": list(step.escalate_to), "about": about, "data": data}
        outbox.enqueue(conn, "message", f"approval_timed_out:{proposal.code}:{proposal.revision}", payload)


def _tell(
    conn: psycopg.Connection,
    template: str,
    context: RunContext,
    data: Mapping[str, Any],
    to: Sequence[str] = ("buyer",),
    *,
    about: Sequence[int] = (),
) -> None:
    """`about`: ids of the proposals whose sites decide whom it concerns; none: whoever it is for."""
    payload = {"template": template, "to": list(to), "about": {"proposals": list(about)}, "data": dict(data)}
    # with the try: what a cleared task finds anew is another message
    key = ":".join([template, context.run_id, str(context.try_number), *to])
    outbox.enqueue(conn, "message", key, payload)


def _row(order: actions.Proposal) -> dict[str, Any]:
    return {
        "code": order.code,
        "kind": order.kind,
        "supplier": order.supplier_name or order.from_site_name or "",
        "site": order.site_name,
        "total": {"money": [str(order.total), order.currency]},
        "lines": len(order.lines),
        "erp_number": order.erp_number,
    }
