"""Who said what. Airflow asks, step by step; the rows written here are what the sender believes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import psycopg

from lotwatch.actions.approvals.links import Invitation
from lotwatch.actions.approvals.policies import Case, Policies, Policy
from lotwatch.actions.carry_out import carry_out, settle_afterwards
from lotwatch.actions.guards import Refusal, guard, load_caps
from lotwatch.actions.proposals import KINDS, Proposal, load_proposal
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

Answer = Literal["approved", "rejected", "timed_out"]
#: the one step of what a policy approves by itself, and of what it lets be done at once and asks about afterwards
AUTOMATIC, EMERGENCY = "automatic", "emergency"
#: stands for the answer to a question that was not asked, because it was answered elsewhere before
NOT_ASKED = {"not_asked": True}


class NotTheirs(LotwatchError):  # noqa: N818 (an outcome first, an error second)
    """Somebody answered who may not answer this step."""


class TooLate(LotwatchError):  # noqa: N818 (an outcome first, an error second)
    """An answer to what is asked no longer: it is decided, it was changed, or another run asks it. It decides nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """A proposal that waits for a person, at one of its steps. No answer by `until` is a no."""

    proposal: Proposal
    step: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a step of a question, and by whom (None: nobody answered in time).

    `asked_by_run` is the run whose question it answers (None: the run that writes the answer).
    """

    proposal_id: int
    revision: int
    step: str
    answer: Answer
    decided_by: str | None
    decided_at: datetime
    note: str | None = None
    asked_by_run: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run asks for, what policies approved by themselves, and what the guards refused before anybody was asked."""

    questions: list[Question]
    approved: list[Proposal]
    refusals: list[Refusal]

    @property
    def proposals(self) -> list[Proposal]:
        return [question.proposal for question in self.questions]


def ask(conn: psycopg.Connection, context: RunContext, at_most: int, policies: Policies) -> Asked:
    """Guard what is proposed, and take at most `at_most` proposals to be asked by this run, each at its next step.

    Asked again by the same run (a cleared task), it answers the same questions, without those that are decided.
    What was asked for, whose time has passed and that no run waits for any more, is proposed anew.
    """
    with conn.transaction():
        conn.execute(query(__package__, "reclaim_unanswered"), {"as_of": context.as_of})
        proposed = [row[0] for row in conn.execute(query(__package__, "proposed"), {"at_most": at_most}).fetchall()]
        refusals = guard(conn, proposed, "ask", context.as_of, context)
        refused = {refusal.proposal_id for refusal in refusals if refusal.item_id is None}
        approved = []
        for proposal_id in proposed:
            proposal = load_proposal(conn, proposal_id)
            if proposal_id not in refused and proposal.state == "proposed" and _take(conn, proposal, context, policies):
                approved.append(proposal)
        waiting = [row[0] for row in conn.execute(query(__package__, "waiting_for_run"), {"run_id": context.run_id})]
        conn.execute(query(__package__, "note_number"), {"proposals": waiting})
        return Asked([_question(conn, proposal_id) for proposal_id in waiting], approved, refusals)


def decide(conn: psycopg.Connection, decision: Decision, context: RunContext, policies: Policies) -> str:
    """Write the decision on a step; what all its steps approve is carried out in the same transaction.

    Returns the proposal's state: `approved`, `rejected`, `timed_out`, or `proposed` where another step follows. Written once:
    the same decision again changes nothing, another one raises TooLate, one by who may not answer NotTheirs.
    """
    with conn.transaction():
        proposal = load_proposal(conn, decision.proposal_id)
        decided_as = _as_whom(conn, proposal, decision, policies)
        parameters = {
            "proposal_id": decision.proposal_id,
            "revision": decision.revision,
            "step": decision.step,
            "decision": decision.answer,
            "decided_by": decision.decided_by,
            "decided_as": decided_as,
            "decided_at": decision.decided_at,
            "note": decision.note,
            "asked_by_run": decision.asked_by_run or context.run_id,
        }
        row = conn.execute(query(__package__, "decide"), parameters).fetchone()
        if row is None:
            _check_same(conn, proposal, decision)
            return proposal.state
        actor = decision.decided_by or "nobody (time-out)"
        after = {"total": proposal.total, "currency": proposal.currency, "step": decision.step, "as": decided_as}
        what = f"{_SPOKEN[proposal.kind]} {decision.answer}"
        record(conn, context, what, "proposal", proposal.code, actor=actor, after=after, reason=decision.note)
        if "confirms" in proposal.details:
            settle_afterwards(conn, proposal, str(row[0]))
        elif row[0] == "approved":
            carry_out(conn, proposal, context)
        return str(row[0])


def may_answer(conn: psycopg.Connection, decision: Decision, policies: Policies) -> Proposal:
    """The proposal that `decision` is about, if it could be written now; until the transaction ends nobody else decides it.

    Raises TooLate for what does not wait for this answer any more, NotTheirs for somebody who may not give it.
    """
    conn.execute(query(__package__, "lock_question"), {"proposal_id": decision.proposal_id})
    proposal = load_proposal(conn, decision.proposal_id)
    asked = (proposal.state, proposal.revision, proposal.asked_step)
    if asked != ("waiting", decision.revision, decision.step) or (
        proposal.ask_until is not None and proposal.ask_until < decision.decided_at
    ):
        raise TooLate(f"{proposal.code} does not wait for this answer any more", where=f"proposal {proposal.code}")
    _as_whom(conn, proposal, decision, policies)
    return proposal


def use_link(conn: psycopg.Connection, invitation: Invitation, used_at: datetime, answer: Answer) -> bool:
    """Use up the link of a message; False where it was used before."""
    parameters = invitation.model_dump(exclude={"until"}) | {"used_at": used_at, "decision": answer}
    return conn.execute(query(__package__, "use_link"), parameters).fetchone() is not None


def ask_again(conn: psycopg.Connection, decision: Decision, context: RunContext, why: NotTheirs) -> str:
    """An answer that does not count: it is written down, and the step is asked again by the next run. Returns the state."""
    with conn.transaction():
        parameters = {"proposal_id": decision.proposal_id, "run_id": context.run_id}
        conn.execute(query(__package__, "ask_again"), parameters)
        proposal = load_proposal(conn, decision.proposal_id)
        actor = decision.decided_by or ""
        record(conn, context, "answer not accepted", "proposal", proposal.code, actor=actor, reason=str(why))
        return proposal.state


def note_late(conn: psycopg.Connection, decision: Decision, context: RunContext, why: TooLate) -> str:
    """An answer that decides nothing any more is written down. Returns the state."""
    with conn.transaction():
        proposal = load_proposal(conn, decision.proposal_id)
        actor = decision.decided_by or "nobody (time-out)"
        record(conn, context, "answer came too late", "proposal", proposal.code, actor=actor, reason=str(why))
        return proposal.state


def deputies_due(conn: psycopg.Connection, as_of: datetime, policies: Policies) -> list[Proposal]:
    """What deputies may answer from now on and were not told of; they count as told from this transaction on."""
    steps = {name: step.deputies_after for name, step in policies.steps.items() if step.deputies}
    parameters = {"steps": list(steps), "after": list(steps.values()), "as_of": as_of}
    rows = conn.execute(query(__package__, "deputies_due"), parameters).fetchall()
    return [load_proposal(conn, proposal_id) for (proposal_id,) in sorted(rows)]


def case_of(proposal: Proposal) -> Case:
    """What of a proposal decides about its policy."""
    return Case(
        kind=proposal.kind,
        value=proposal.total if proposal.cost is None else max(proposal.total, proposal.cost),
        currency=proposal.currency,
        categories={line.category for line in proposal.lines if line.category},
        criticalities={line.criticality for line in proposal.lines},
        region=proposal.region,
        supplier=proposal.supplier_code,
        confidence=None if proposal.confidence is None else float(proposal.confidence),
    )


def _take(conn: psycopg.Connection, proposal: Proposal, context: RunContext, policies: Policies) -> bool:
    """Put it to its next step; True where its policy approves it without asking anybody."""
    # a step that the policies in force no longer have cannot be asked
    if proposal.policy_id is None or not policies.steps.keys() >= set(proposal.steps):
        policy = policies.policy_of(_case_with_neighbours(conn, proposal))
        by_itself = AUTOMATIC if policy.automatic else EMERGENCY if policy.afterwards else None
        steps = [by_itself] if by_itself else list(policy.steps)
        parameters = {"proposal_id": proposal.proposal_id, "policy_id": policy.id, "steps": steps}
        conn.execute(query(__package__, "note_policy"), parameters)
        if by_itself:
            _approve(conn, proposal, policy, by_itself, context)
            if policy.afterwards:
                _take(conn, _afterwards(conn, proposal, policy, context), context, policies)
            return True
    step = _next_step(conn, proposal.proposal_id)
    until = policies.until(step, context.as_of)
    parameters = {
        "proposal_id": proposal.proposal_id,
        "run_id": context.run_id,
        "step": step,
        "as_of": context.as_of,
        "ask_until": until,
    }
    if conn.execute(query(__package__, "take_proposals"), parameters).rowcount:
        record(conn, context, f"{_SPOKEN[proposal.kind]} asked for", "proposal", proposal.code, after={"step": step})
    return False


def _case_with_neighbours(conn: psycopg.Connection, proposal: Proposal) -> Case:
    """An order is approved like all of its supplier and site within a few days together: to split it wins nothing."""
    case = case_of(proposal)
    parameters = {"proposal_id": proposal.proposal_id, "days": load_caps().together_within_days}
    row = conn.execute(query(__package__, "value_with_neighbours"), parameters).fetchone()
    return replace(case, value=max(case.value, (row and row[0]) or case.value))


def _approve(conn: psycopg.Connection, proposal: Proposal, policy: Policy, step: str, context: RunContext) -> None:
    parameters = {
        "proposal_id": proposal.proposal_id,
        "policy_id": policy.id,
        "step": step,
        "as_of": context.as_of,
        "run_id": context.run_id,
    }
    conn.execute(query(__package__, "approve_by_policy"), parameters)
    after = {"total": proposal.total, "currency": proposal.currency, "policy": policy.id}
    record(conn, context, f"{_SPOKEN[proposal.kind]} approved", "proposal", proposal.code, after=after)
    carry_out(conn, proposal, context)


def _afterwards(conn: psycopg.Connection, proposal: Proposal, policy: Policy, context: RunContext) -> Proposal:
    """The question that follows what was done in an emergency: a check with the same lines, for the policy's steps."""
    parameters = {"proposal_id": proposal.proposal_id, "steps": list(policy.steps), "as_of": context.as_of}
    row = conn.execute(query(__package__, "ask_afterwards"), parameters).fetchone()
    assert row is not None  # noqa: S101 (the proposal is there)
    return load_proposal(conn, row[0])


def _question(conn: psycopg.Connection, proposal_id: int) -> Question:
    proposal = load_proposal(conn, proposal_id)
    assert proposal.ask_until is not None  # noqa: S101 (it waits)
    return Question(proposal, _next_step(conn, proposal_id), proposal.ask_until)


def _next_step(conn: psycopg.Connection, proposal_id: int) -> str:
    row = conn.execute(query(__package__, "next_step"), {"proposal_id": proposal_id}).fetchone()
    if row is None:
        raise LotwatchError("Every step of it is answered", where=f"proposal {proposal_id}")
    return str(row[0])


def _as_whom(conn: psycopg.Connection, proposal: Proposal, decision: Decision, policies: Policies) -> str:
    """As what somebody answers. Raises NotTheirs where they may not: not named, asked for it, raised it, or answered before."""
    user, step = decision.decided_by, policies.steps.get(decision.step)
    if user is None:
        return "approver"
    if step is None:
        raise NotTheirs(
            f"There is no step {decision.step} any more", where=f"proposal {proposal.code}", do="wait: it is asked anew"
        )
    asked_at = proposal.asked_at or decision.decided_at - step.answer_within
    accepted = step.accepts(user, decision.decided_at - asked_at)
    where = f"proposal {proposal.code}, step {decision.step}"
    if accepted is None:
        raise NotTheirs(
            f"{user} may not answer this step",
            where=where,
            do=f"have one of {', '.join(sorted(step.approvers))} answer it",
        )
    if decision.answer == "approved" and _decided(conn, decision) is None:
        parameters = {"proposal_id": proposal.proposal_id}
        said = {
            "asked for it and may not approve it": {proposal.requested_by},
            "raised a quantity of it and may not approve it": _users(conn, "raised_by", parameters),
            "approved an earlier step of it": _users(conn, "answered_by", parameters),
        }
        for why, users in said.items():
            if user in users:
                raise NotTheirs(f"{user} {why}", where=where, do="have somebody else answer")
    return accepted


def _users(conn: psycopg.Connection, name: str, parameters: Mapping[str, object]) -> set[str]:
    rows: Sequence[tuple[str]] = conn.execute(query(__package__, name), parameters).fetchall()
    return {row[0] for row in rows}


def _decided(conn: psycopg.Connection, decision: Decision) -> tuple[str, str | None] | None:
    parameters = {"proposal_id": decision.proposal_id, "step": decision.step}
    return conn.execute(query(__package__, "load_decision"), parameters).fetchone()


def _check_same(conn: psycopg.Connection, proposal: Proposal, decision: Decision) -> None:
    known = _decided(conn, decision)
    if known is None or known[0] != decision.answer or proposal.revision != decision.revision:
        raise TooLate(
            f"{proposal.code} cannot be {decision.answer}: it is {known[0] if known else proposal.state}",
            where=f"proposal {proposal.code}",
            do="nothing was changed; see its history on the Orders page",
        )


#: what a kind of proposal is called in the audit trail
_SPOKEN = {kind: english for kind, (english, _) in KINDS.items()} | {"purchase_order": "order", "priority": "priority"}
