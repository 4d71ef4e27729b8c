"""Proposals, guards and decisions: no order twice, none above a limit, none without a written yes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from lotwatch import actions, facts
from lotwatch.actions.budgets import Budget
from lotwatch.audit import RunContext
from lotwatch.delivery.dispatch import content_of
from lotwatch.delivery.messages import DIGEST
from lotwatch.errors import LotwatchError
from lotwatch.jobs import order as jobs
from lotwatch.jobs import watch
from lotwatch.planning import PlanSettings
from lotwatch.rules import Rule, evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

SETTINGS = actions.ProposeSettings()
UNTIL = NOW + timedelta(days=1)
POLICIES = actions.Policies.model_validate({
    "steps": {"buyer": {"title": {"en": "Purchasing", "zh": "采购"}, "approvers": ["olga"]}},
    "policies": [{"id": "everything", "steps": ["buyer"]}],
})
RICH = {"DC": Budget(currency="USD", monthly=Decimal(100_000))}


@prepared
def short(company: Company) -> None:
    """Two items short at DC, from one supplier, sold in packs of 12."""
    for code in ("I1", "I2"):
        company.item(code)
        company.agreement(code, order_multiple=12, minimum_order_quantity=12)
        company.lot("L1", code)
        company.move(30, "DC", days_ago=40, item=code)
        for day in range(1, 11):
            company.move(2, "PATIENT", "DC", days_ago=day, item=code)
    company.post()
    watch.plan(company.conn, company.context, PlanSettings(history_days=10))
    evaluate_live(company.conn, load_rules(), company.context)


def propose(company: Company) -> dict[str, int]:
    return actions.propose(company.conn, load_rules(), SETTINGS, company.context)


def ask(company: Company, budgets: dict[str, Budget] = RICH, run_id: str = "ask") -> actions.Asked:
    run = replace(company.context, run_id=run_id)
    actions.apply_budgets(company.conn, NOW, run, budgets)
    return actions.ask(company.conn, run, 200, POLICIES)


def decide(company: Company, proposal_id: int, answer: actions.Answer = "approved", run_id: str = "ask") -> bool:
    decision = actions.Decision(proposal_id, 1, "buyer", answer, "olga", NOW)
    return actions.decide(company.conn, decision, replace(company.context, run_id=run_id), POLICIES) == "approved"


def outbox(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute("SELECT kind, idempotency_key, state FROM lotwatch.outbox ORDER BY 2").fetchall()


def states(conn: psycopg.Connection) -> list[str]:
    return [state for (state,) in conn.execute("SELECT state FROM lotwatch.proposal ORDER BY proposal_id")]


def test_one_order_for_each_supplier_and_site_up_to_the_target_in_whole_packs(short: Company) -> None:
    assert propose(short) == {"proposals": 1, "lines": 2, "without_supplier": 0}
    [order] = ask(short).proposals
    assert [line.item_code for line in order.lines] == ["I1", "I2"]
    assert all(line.quantity % 12 == 0 for line in order.lines)
    target = short.conn.execute("SELECT target_level FROM lotwatch.policy LIMIT 1").fetchone()
    assert target is not None
    assert 10 + order.lines[0].quantity >= target[0] > 10 + order.lines[0].quantity - 12


def test_a_rule_may_act_for_some_subjects_only(short: Company) -> None:
    stockout = next(rule for rule in load_rules() if rule.id == "stockout_risk")
    some = Rule.model_validate(
        stockout.body() | {"mode": "alert", "overrides": [{"for": {"item": ["I2"]}, "mode": "act"}]}
    )
    short.conn.commit()
    evaluate_live(short.conn, [some], short.context)
    assert actions.propose(short.conn, [some], SETTINGS, short.context)["lines"] == 1


def test_what_is_proposed_waiting_or_sent_is_not_proposed_again(short: Company) -> None:
    propose(short)
    assert propose(short)["proposals"] == 0
    [order] = ask(short).proposals
    assert propose(short)["proposals"] == 0
    decide(short, order.proposal_id)
    assert propose(short)["proposals"] == 0
    actions.drafted(short.conn, order.proposal_id, "7")
    actions.confirmed(short.conn, order.proposal_id, "C-7")
    assert propose(short)["proposals"] == 0


def test_our_draft_that_comes_back_through_the_sync_is_counted_once(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)
    actions.drafted(short.conn, order.proposal_id, "7")
    for line in order.lines:
        draft = {"order_state": "draft", "order_reference": order.code, "ordered_on": None, "promised_on": None}
        short.order_line(line.quantity, line.item_code, f"back-{line.item_code}", **draft)
    short.post()
    facts.live(short.conn, NOW)
    fact = short.conn.execute("SELECT on_order FROM lotwatch.fact_item_site WHERE subject_key = 'I1@DC'").fetchone()
    assert fact == (order.lines[0].quantity,)
    assert propose(short)["proposals"] == 0


def test_a_rejected_order_is_never_put_into_the_outbox_nor_proposed_again_at_once(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    assert decide(short, order.proposal_id, "rejected") is False
    assert outbox(short.conn) == []
    assert propose(short)["proposals"] == 0
    later = replace(short.context, as_of=NOW + timedelta(days=8))
    assert actions.propose(short.conn, load_rules(), SETTINGS, later)["proposals"] == 1


def test_an_approved_order_goes_to_the_outbox_once_however_often_the_task_is_cleared(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    assert decide(short, order.proposal_id)
    assert decide(short, order.proposal_id)
    assert outbox(short.conn) == [("erp_draft", order.code, "waiting")]
    with pytest.raises(LotwatchError, match="cannot be rejected: it is approved"):
        decide(short, order.proposal_id, "rejected")


def test_only_the_run_that_asked_may_decide(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    with pytest.raises(LotwatchError, match="it is waiting"):
        decide(short, order.proposal_id, run_id="another")
    assert outbox(short.conn) == []


def test_a_cleared_task_asks_the_same_orders_and_none_that_is_decided(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    assert ask(short).proposals == [order]
    assert ask(short, run_id="another").proposals == []
    decide(short, order.proposal_id)
    assert ask(short).proposals == []


def test_an_order_whose_run_was_deleted_is_asked_for_again_once_its_time_has_passed(short: Company) -> None:
    propose(short)
    ask(short)
    much_later = replace(short.context, run_id="later", as_of=UNTIL + timedelta(hours=2))
    actions.apply_budgets(short.conn, much_later.as_of, much_later, RICH)
    assert len(actions.ask(short.conn, much_later, 200, POLICIES).questions) == 1


@pytest.mark.parametrize(
    ("budgets", "reason"),
    [
        ({}, "DC has no budget for 2026-06: set one in include/config/budgets.yaml."),
        ({"DC": Budget(currency="USD", monthly=Decimal(100))}, "exceeds the budget of DC for 2026-06"),
        ({"DC": Budget(currency="EUR", monthly=Decimal(100_000))}, "budget is in EUR, this order in USD"),
    ],
)
def test_an_order_that_the_budget_does_not_cover_is_refused_in_words(
    short: Company, budgets: dict[str, Budget], reason: str
) -> None:
    propose(short)
    asked = ask(short, budgets)
    assert asked.proposals == []
    assert [reason in refusal.reason for refusal in asked.refusals] == [True]
    assert states(short.conn) == ["refused"]


def test_what_the_erp_ordered_this_month_is_committed(short: Company) -> None:
    short.item("I9")
    short.order_line(1000, "I9", "big", unit_price=Decimal("99.9"))
    short.post()
    propose(short)
    asked = ask(short, {"DC": Budget(currency="USD", monthly=Decimal(100_000))})
    assert asked.proposals == []
    assert "99,900.00 of 100,000.00 are committed" in asked.refusals[0].reason


@prepared
def dear_and_cheap(short: Company) -> None:
    """An order of about 69,700 to S1 and one of about 1,400 to S2, both for DC."""
    short.add("supplier", code="S2", name="Supplier Two")
    for code, price in (("I3", "1000"), ("I4", "20")):
        short.item(code)
        short.agreement(code, supplier_code="S1" if code == "I3" else "S2", price=Decimal(price))
        short.lot("L1", code)
        short.move(30, "DC", days_ago=40, item=code)
        for day in range(1, 11):
            short.move(2, "PATIENT", "DC", days_ago=day, item=code)
    short.post()
    watch.plan(short.conn, short.context, PlanSettings(history_days=10))
    evaluate_live(short.conn, load_rules(), short.context)
    propose(short)


@pytest.mark.parametrize(
    ("monthly", "asked_of"),
    [
        (1_000_000, ["S1", "S2"]),
        (70_000, ["S1"]),  # each alone would do: the first one takes it
        (5_000, ["S2"]),  # what is refused leaves its money to the next
        (1_000, []),
    ],
)
def test_orders_share_one_budget_the_oldest_first(dear_and_cheap: Company, monthly: int, asked_of: list[str]) -> None:
    totals = [actions.load_proposal(dear_and_cheap.conn, number).total for number in (1, 2)]
    assert max(totals) < 70_000 < sum(totals) < 1_000_000, totals
    assert 1_000 < min(totals) < 5_000, totals
    asked = ask(dear_and_cheap, {"DC": Budget(currency="USD", monthly=Decimal(monthly))})
    assert [order.supplier_code for order in asked.proposals] == asked_of
    assert len(asked.refusals) == 2 - len(asked_of)


def test_what_was_ordered_meanwhile_is_refused_as_a_duplicate(short: Company) -> None:
    propose(short)
    short.order_line(500, "I1", "by hand")
    short.post()
    asked = ask(short)
    assert [line.item_code for line in asked.proposals[0].lines] == ["I2"]
    assert "I1: needed no longer. 10 available, 500 on order" in asked.refusals[0].reason


def test_an_order_above_the_maximum_is_refused(short: Company) -> None:
    propose(short)
    short.conn.execute(
        "UPDATE lotwatch.proposal_line SET quantity = quantity * 10 FROM lotwatch.item"
        " WHERE item.item_id = proposal_line.item_id AND item.code = 'I2'"
    )
    asked = ask(short)
    assert "above the maximum" in asked.refusals[0].reason
    assert [line.item_code for line in asked.proposals[0].lines] == ["I1"]


def test_a_device_whose_registration_has_lapsed_is_not_ordered(short: Company) -> None:
    short.item("I1", registration_number="REG-1", registration_through=TODAY - timedelta(days=1))
    short.item("I2", registration_number="REG-2", registration_through=TODAY)
    short.post()
    propose(short)
    asked = ask(short)
    assert [line.item_code for line in asked.proposals[0].lines] == ["I2"]
    assert "registration REG-1 lapsed" in asked.refusals[0].reason


def test_guards_speak_again_before_sending(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)
    actions.apply_budgets(short.conn, NOW, short.context, {"DC": Budget(currency="USD", monthly=Decimal(1))})
    refused = actions.guard(short.conn, [order.proposal_id], "send", NOW, short.context)
    assert "exceeds the budget" in refused[0].reason
    assert actions.load_proposal(short.conn, order.proposal_id).state == "refused"


def test_the_order_itself_is_no_duplicate_of_itself_before_sending(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)
    assert actions.guard(short.conn, [order.proposal_id], "send", NOW, short.context) == []


@pytest.mark.parametrize(
    ("answer", "decision", "by"),
    [
        ({"chosen_options": ["Approve"], "responded_by_user": {"id": "7", "name": "buyer"}}, "approved", "buyer"),
        ({"chosen_options": ["Reject"], "responded_by_user": {"id": "7", "name": "buyer"}}, "rejected", "buyer"),
        ({"chosen_options": ["Reject"], "responded_by_user": None}, "timed_out", None),
        # nobody answered: whatever the default says, that is no yes
        ({"chosen_options": ["Approve"], "responded_by_user": None}, "timed_out", None),
    ],
)
def test_only_a_persons_yes_is_a_yes(short: Company, answer: dict, decision: str, by: str | None) -> None:
    propose(short)
    [order] = ask(short).proposals
    run = replace(short.context, run_id="ask")
    full = answer | {"params_input": {"note": "why"}, "responded_at": NOW.isoformat()}
    assert jobs.decide(short.conn, run, order.proposal_id, 1, "buyer", full) == decision
    row = short.conn.execute("SELECT decision, decided_by, note FROM lotwatch.approval").fetchone()
    assert row == (decision, by, "why")


@pytest.mark.parametrize("chosen", [[], ["Maybe"], ["Approve", "Reject"]])
def test_an_answer_that_is_none_decides_nothing(short: Company, chosen: list[str]) -> None:
    propose(short)
    [order] = ask(short).proposals
    run = replace(short.context, run_id="ask")
    with pytest.raises(ValueError, match="neither Approve nor Reject"):
        jobs.decide(short.conn, run, order.proposal_id, 1, "buyer", {"chosen_options": chosen})
    assert states(short.conn) == ["waiting"]


def test_every_step_leaves_an_audit_event(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)
    trail = short.conn.execute(
        "SELECT action, actor FROM lotwatch.audit_event WHERE object_id = %s ORDER BY audit_event_id", (order.code,)
    ).fetchall()
    assert trail == [("order proposed", "dag:test"), ("order asked for", "dag:test"), ("order approved", "olga")]


STEPS = actions.Policies.model_validate({
    "steps": {
        "buyer": {"title": {"en": "Purchasing", "zh": "采购"}, "approvers": ["olga", "fred"]},
        "finance": {
            "title": {"en": "Finance", "zh": "财务"},
            "approvers": ["fiona", "olga"],
            "deputies": ["dora"],
            "deputies_after": "4h",
            "answer_within": "1d",
        },
    },
    "policies": [
        {"id": "cheap", "for": {"kind": ["purchase_order"], "up_to": {"USD": 1}}, "automatic": True},
        {"id": "everything", "steps": ["buyer", "finance"]},
    ],
})


def step_by_step(
    company: Company, run_id: str, step: str, by: str | None, answer: actions.Answer, **more: object
) -> str:
    run = replace(company.context, run_id=run_id)
    decision = actions.Decision(1, 1, step, answer, by, **({"decided_at": NOW} | more))  # type: ignore[arg-type]
    return actions.decide(company.conn, decision, run, STEPS)


def ask_steps(company: Company, run_id: str) -> list[str]:
    run = replace(company.context, run_id=run_id)
    actions.apply_budgets(company.conn, NOW, run, RICH)
    return [question.step for question in actions.ask(company.conn, run, 200, STEPS).questions]


def test_steps_are_asked_one_after_the_other_of_somebody_else_and_only_then_is_it_sent(short: Company) -> None:
    propose(short)
    assert ask_steps(short, "first") == ["buyer"]
    assert step_by_step(short, "first", "buyer", "olga", "approved") == "proposed"
    assert outbox(short.conn) == []
    assert not actions.is_approved(short.conn, 1)
    assert ask_steps(short, "second") == ["finance"]
    with pytest.raises(actions.NotTheirs, match="olga approved an earlier step"):
        step_by_step(short, "second", "finance", "olga", "approved")
    assert step_by_step(short, "second", "finance", "fiona", "approved") == "approved"
    assert actions.is_approved(short.conn, 1)
    assert outbox(short.conn) == [("erp_draft", "LW-000001", "waiting")]


def test_a_no_at_any_step_ends_it(short: Company) -> None:
    propose(short)
    ask_steps(short, "first")
    step_by_step(short, "first", "buyer", "olga", "approved")
    ask_steps(short, "second")
    assert step_by_step(short, "second", "finance", "fiona", "rejected") == "rejected"
    assert not actions.is_approved(short.conn, 1)
    assert (states(short.conn), outbox(short.conn)) == (["rejected"], [])


def test_a_deputy_may_answer_once_the_approvers_had_their_time(short: Company) -> None:
    propose(short)
    ask_steps(short, "first")
    step_by_step(short, "first", "buyer", "olga", "approved")
    ask_steps(short, "second")
    with pytest.raises(actions.NotTheirs, match="dora may not answer this step"):
        step_by_step(short, "second", "finance", "dora", "approved", decided_at=NOW + timedelta(hours=3))
    later = {"decided_at": NOW + timedelta(hours=4)}
    assert step_by_step(short, "second", "finance", "dora", "approved", **later) == "approved"


def test_an_answer_of_somebody_who_may_not_give_it_is_asked_for_again(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    answer = {"chosen_options": ["Approve"], "responded_by_user": {"id": "9", "name": "viewer"}}
    run = replace(short.context, run_id="ask")
    assert jobs.decide(short.conn, run, order.proposal_id, 1, "buyer", answer) == "proposed"
    assert outbox(short.conn) == []
    assert [order.code for order in ask(short, run_id="again").proposals] == [order.code]


def test_what_a_policy_approves_needs_nobody_and_is_written_as_its_word(short: Company) -> None:
    automatic = actions.Policies.model_validate({"steps": {}, "policies": [{"id": "anything", "automatic": True}]})
    propose(short)
    run = replace(short.context, run_id="ask")
    actions.apply_budgets(short.conn, NOW, run, RICH)
    asked = actions.ask(short.conn, run, 200, automatic)
    assert ([order.code for order in asked.approved], asked.questions) == (["LW-000001"], [])
    said = short.conn.execute("SELECT step, decided_by, decided_as FROM lotwatch.approval").fetchall()
    assert said == [("automatic", "anything", "policy")]
    assert outbox(short.conn) == [("erp_draft", "LW-000001", "waiting")]


# --- answers from elsewhere, changes, time-outs, emergencies


@prepared
def waiting(short: Company) -> None:
    """One order that run `ask` asks olga about, with what policies name for time-outs and deputies."""
    propose(short)
    ask(short)


def answer_of(user: str | None = "olga", answer: actions.Answer = "approved", revision: int = 1) -> actions.Decision:
    return actions.Decision(1, revision, "buyer", answer, user, NOW, "as agreed", asked_by_run="ask")


def elsewhere(company: Company) -> RunContext:
    return replace(company.context, dag_id="board", run_id="board__1")


def audited(company: Company) -> list[str]:
    return [row[0] for row in company.conn.execute("SELECT action FROM lotwatch.audit_event ORDER BY 1").fetchall()]


def messages(company: Company, template: str) -> list[tuple[list[str], dict[str, Any]]]:
    rows = company.conn.execute(
        "SELECT payload -> 'to', payload -> 'data' FROM lotwatch.outbox WHERE payload ->> 'template' = %s ORDER BY 1",
        (template,),
    )
    return rows.fetchall()


def test_an_answer_from_the_board_counts_and_the_one_in_airflow_then_decides_nothing(
    waiting: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "active_policies", lambda *_: POLICIES)
    run = replace(waiting.context, run_id="ask")
    assert jobs.is_asked(waiting.conn, run, 1, 1, "buyer")
    actions.may_answer(waiting.conn, answer_of(), POLICIES)
    assert actions.decide(waiting.conn, answer_of(), elsewhere(waiting), POLICIES) == "approved"
    assert waiting.conn.execute("SELECT run_id FROM lotwatch.approval").fetchall() == [("ask",)]
    assert not jobs.is_asked(waiting.conn, run, 1, 1, "buyer")
    for option, user in (
        ("Approve", {"id": "1", "name": "olga"}),
        ("Reject", {"id": "1", "name": "olga"}),
        ("Reject", None),
    ):
        late = {"chosen_options": [option], "responded_by_user": user}
        assert jobs.decide(waiting.conn, run, 1, 1, "buyer", late) == "approved"
    assert jobs.decide(waiting.conn, run, 1, 1, "buyer", actions.NOT_ASKED) == "approved"
    assert audited(waiting).count("answer came too late") == 2
    assert [key for _, key, _ in outbox(waiting.conn)] == ["LW-000001"]
    with pytest.raises(actions.TooLate):
        actions.may_answer(waiting.conn, answer_of(), POLICIES)


def test_after_its_time_nobody_can_answer_any_more(waiting: Company) -> None:
    late = replace(answer_of(), decided_at=UNTIL + timedelta(minutes=1))
    with pytest.raises(actions.TooLate):
        actions.may_answer(waiting.conn, late, POLICIES)


def test_a_changed_order_is_guarded_and_asked_anew_and_old_answers_decide_nothing(
    waiting: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "active_policies", lambda *_: POLICIES)
    first, second = actions.load_proposal(waiting.conn, 1).lines
    before, refused = actions.revise(
        waiting.conn,
        answer_of(answer="rejected"),
        {actions.line_key(first): 12, actions.line_key(second): 0},
        elsewhere(waiting),
        POLICIES,
    )
    assert (before.asked_by_run, refused) == ("ask", [])
    changed = actions.load_proposal(waiting.conn, 1)
    assert (changed.revision, changed.state, [line.quantity for line in changed.lines]) == (2, "proposed", [12])
    old = {"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "olga"}}
    assert jobs.decide(waiting.conn, replace(waiting.context, run_id="ask"), 1, 1, "buyer", old) == "proposed"
    assert not actions.is_approved(waiting.conn, 1)
    assert [order.revision for order in ask(waiting, run_id="again").proposals] == [2]
    decision = replace(answer_of(revision=2), asked_by_run="again")
    assert actions.decide(waiting.conn, decision, elsewhere(waiting), POLICIES) == "approved"
    assert actions.is_approved(waiting.conn, 1)
    kept = waiting.conn.execute(
        "SELECT changed_by, raised, lines_before -> 1 ->> 'item' FROM lotwatch.proposal_revision"
    )
    assert kept.fetchall() == [("olga", False, "I2")]


def test_who_raises_a_quantity_may_not_approve_it(waiting: Company) -> None:
    first, _ = actions.load_proposal(waiting.conn, 1).lines
    more = {actions.line_key(first): first.quantity + 1}
    actions.revise(waiting.conn, answer_of(answer="rejected"), more, elsewhere(waiting), POLICIES)
    waiting.conn.execute(
        "UPDATE lotwatch.proposal_line SET quantity = quantity - 1 WHERE item_id = %s", (first.item_id,)
    )
    ask(waiting, run_id="again")
    decision = replace(answer_of(revision=2), asked_by_run="again")
    with pytest.raises(actions.NotTheirs, match="olga raised a quantity"):
        actions.may_answer(waiting.conn, decision, POLICIES)


def test_the_guards_look_at_a_change_at_once(waiting: Company) -> None:
    first, _ = actions.load_proposal(waiting.conn, 1).lines
    much = {actions.line_key(first): 100_000}
    _, refusals = actions.revise(waiting.conn, answer_of(answer="rejected"), much, elsewhere(waiting), POLICIES)
    assert [refusal.item_code for refusal in refusals] == ["I1"]
    assert [line.item_code for line in actions.load_proposal(waiting.conn, 1).lines] == ["I2"]


@pytest.mark.parametrize(
    ("change", "quantities", "says"),
    [
        (answer_of(), {}, "Nothing is changed"),
        (answer_of(), {"9.9.9.9": 1}, "not one of it"),
        (replace(answer_of(), note=None), {}, "not said why"),
        (answer_of(), None, "Nothing of it is left"),
        (answer_of("zoe"), {}, "zoe may not answer"),
        (answer_of(revision=2), {}, "does not wait"),
    ],
)
def test_what_cannot_be_changed_is_said(
    waiting: Company, change: actions.Decision, quantities: dict[str, int] | None, says: str
) -> None:
    if quantities is None:
        quantities = {actions.line_key(line): 0 for line in actions.load_proposal(waiting.conn, 1).lines}
    with pytest.raises(LotwatchError, match=says):
        actions.revise(waiting.conn, change, quantities, elsewhere(waiting), POLICIES)
    assert actions.load_proposal(waiting.conn, 1).revision == 1


PATIENT = actions.Policies.model_validate({
    "steps": {
        "buyer": {
            "title": {"en": "Purchasing", "zh": "采购"}, "approvers": ["olga", "pia"], "deputies": ["dora"],
            "deputies_after": "4h", "escalate_to": ["ops"],
        },
    },
    "policies": [{"id": "everything", "steps": ["buyer"]}],
})  # fmt: skip


def test_each_approver_is_told_with_a_link_of_their_own_then_the_deputies_then_who_is_above(
    short: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "active_policies", lambda *_: PATIENT)
    monkeypatch.setattr(actions, "active_budgets", lambda *_: RICH)
    propose(short)
    run = replace(short.context, run_id="ask")
    jobs.ask(short.conn, run)
    told = messages(short, "approval_needed")
    assert [to for to, _ in told] == [["olga"], ["pia"]]
    links = actions.Links("key", "https://lotwatch.example/")
    [row] = actions.with_addresses(told[1][1], links)["rows"]
    ids = [number for (number,) in short.conn.execute("SELECT outbox_id FROM lotwatch.outbox")]
    for payload in {"template": "approval_needed", "data": told[1][1]}, {"template": DIGEST, "messages": ids}:
        sent = content_of(short.conn, payload, "en", "https://lotwatch.example", links=links)
        assert row["link"] in sent["text"]
        assert f'href="{row["link"]}"' in sent["html"]
        shown = content_of(short.conn, payload, "en", "https://lotwatch.example")
        assert "lotwatch-answer" not in shown["text"] + shown["html"], "on the board nobody finds another's link"
    token = row["link"].removeprefix("https://lotwatch.example/lotwatch-answer/")
    invitation = links.read(token, NOW)
    assert invitation == actions.Invitation(proposal_id=1, revision=1, step="buyer", person="pia", until=UNTIL)
    assert "olga" not in str(told[1])
    assert jobs.tell_deputies(short.conn, replace(run, as_of=NOW + timedelta(hours=3))) == 0
    assert jobs.tell_deputies(short.conn, replace(run, as_of=NOW + timedelta(hours=4))) == 1
    assert jobs.tell_deputies(short.conn, replace(run, as_of=NOW + timedelta(hours=5))) == 0
    assert [to for to, _ in messages(short, "approval_needed")] == [["dora"], ["olga"], ["pia"]]
    nobody = {"chosen_options": ["Reject"], "responded_by_user": None}
    assert jobs.decide(short.conn, run, 1, 1, "buyer", nobody) == "timed_out"
    assert [(to, data["rows"][0]["code"]) for to, data in messages(short, "approval_timed_out")] == [
        (["ops"], "LW-000001")
    ]


@pytest.mark.parametrize("tampered", ["", "x", "{}.x", '[1,1,"buyer","olga",9999999999].x'])
def test_a_link_that_is_not_ours_or_whose_time_has_passed_is_none(tampered: str) -> None:
    links = actions.Links("key", "https://lotwatch.example")
    invitation = actions.Invitation(proposal_id=1, revision=1, step="buyer", person="olga", until=UNTIL)
    token = links.address(invitation).rpartition("/")[2]
    assert links.read(token, UNTIL) == invitation
    assert links.read(token, UNTIL + timedelta(seconds=1)) is None
    assert links.read(tampered, NOW) is None
    assert links.read(token[:-1] + ("A" if token[-1] != "A" else "B") + "x", NOW) is None
    assert actions.Links("another key", "https://lotwatch.example").read(token, NOW) is None


EMERGENCY = actions.Policies.model_validate({
    "steps": {"buyer": {"title": {"en": "Purchasing", "zh": "采购"}, "approvers": ["olga"]}},
    "policies": [{"id": "urgent", "steps": ["buyer"], "afterwards": True, "for": {"kind": ["purchase_order"]}},
                 {"id": "rest", "steps": ["buyer"]}],
})  # fmt: skip


@pytest.mark.parametrize(("answer", "taken_back"), [("approved", 0), ("rejected", 1), ("timed_out", 1)])
def test_in_an_emergency_it_is_carried_out_at_once_and_asked_about_afterwards(
    short: Company, answer: actions.Answer, taken_back: int
) -> None:
    propose(short)
    run = replace(short.context, run_id="ask")
    actions.apply_budgets(short.conn, NOW, run, RICH)
    asked = actions.ask(short.conn, run, 200, EMERGENCY)
    assert [order.code for order in asked.approved] == ["LW-000001"]
    assert actions.is_approved(short.conn, 1)
    assert [key for _, key, _ in outbox(short.conn)] == ["LW-000001"]
    [check] = asked.proposals
    assert (check.kind, check.details["code"], len(check.lines)) == ("check", "LW-000001", 2)
    said = short.conn.execute("SELECT step, decided_by, decided_as FROM lotwatch.approval").fetchall()
    assert said == [("emergency", "urgent", "policy")]
    decision = actions.Decision(
        check.proposal_id, 1, "buyer", answer, None if answer == "timed_out" else "olga", NOW, asked_by_run="ask"
    )
    assert actions.decide(short.conn, decision, run, EMERGENCY) == answer
    assert [to for to, _ in messages(short, "take_back")] == [["buyer", "ops"]] * taken_back
    assert actions.is_approved(short.conn, 1), "what was carried out was approved by its policy"


def test_what_waits_at_a_step_that_is_no_more_is_asked_anew_by_the_policies_in_force(short: Company) -> None:
    propose(short)
    ask(short)
    others = actions.Policies.model_validate({
        "steps": {"boss": {"title": {"en": "Boss", "zh": "院长"}, "approvers": ["ada"]}},
        "policies": [{"id": "all_of_it", "steps": ["boss"]}],
    })
    run = replace(short.context, run_id="ask")
    with pytest.raises(actions.NotTheirs, match="no step buyer any more") as caught:
        actions.decide(short.conn, answer_of(), run, others)
    assert actions.ask_again(short.conn, answer_of(), run, caught.value) == "proposed"
    [question] = actions.ask(short.conn, replace(run, run_id="next"), 200, others).questions
    assert (question.step, question.proposal.policy_id) == ("boss", "all_of_it")
