"""Orders that were sent and are needed no more, later or sooner: changed at the supplier and in the ERP, once."""

from datetime import date, timedelta
from typing import Any

import pytest

from lotwatch import actions
from lotwatch.config import Words
from lotwatch.delivery.portals import LineResponse, OrderChange, Part
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import TODAY, Company
from tests.integration.test_actions import ask, decide, short, states
from tests.integration.test_delivery import World, approved, decided, drain_all, then_calm
from tests.integration.test_portal_answers import ASKED, answer, fact, listen, ordered, sent, sync

__all__ = ["approved", "decided", "sent", "short"]

SETTINGS = actions.OrderChangeSettings(rest_days=0)
Sent = tuple[Company, World]


def change(company: Company, settings: actions.OrderChangeSettings = SETTINGS) -> dict[str, int]:
    """Look at everything again, and propose."""
    company.conn.execute("DELETE FROM lotwatch.change")
    evaluate_live(company.conn, load_rules(), company.context)
    return actions.propose_order_changes(company.conn, load_rules(), settings, company.context)


def changes(company: Company) -> list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]]:
    return company.conn.execute(
        "SELECT why ->> 'change', why -> 'before', why -> 'after' FROM lotwatch.proposal_line"
        " JOIN lotwatch.proposal USING (proposal_id) WHERE kind = 'order_change' ORDER BY proposal_id, item_id"
    ).fetchall()


def part(quantity: int, day: date) -> dict[str, Any]:
    return {"quantity": quantity, "requested_on": day.isoformat()}


@pytest.fixture
def too_much(sent: Sent) -> Sent:
    """A thousand of I1 turned up, after an order of I1 and I2 was sent: nobody needs its I1 within a year."""
    company, world = sent
    sync(company)
    company.move(1000, "DC", days_ago=0.5)
    company.move(14, "DC", item="I2", days_ago=0.5)
    company.post()
    return company, world


def yes(company: Company) -> int:
    [order] = ask(company, run_id="change").proposals
    assert decide(company, order.proposal_id, run_id="change")
    company.conn.commit()
    return order.proposal_id


def test_a_new_order_is_left_alone_about_what_was_known_when_it_was_made(too_much: Sent) -> None:
    company, _ = too_much
    assert change(company, actions.OrderChangeSettings())["order_changes"] == 0
    company.conn.execute("UPDATE lotwatch.alert SET first_seen = first_seen + interval '1 minute'")
    counts = actions.propose_order_changes(company.conn, load_rules(), actions.OrderChangeSettings(), company.context)
    assert counts["order_changes"] == 1


def test_what_is_not_needed_is_cancelled_at_the_supplier_and_in_the_erp(too_much: Sent) -> None:
    company, world = too_much
    quantity = ordered(company)
    assert change(company) == {"order_changes": 1, "order_change_lines": 1}
    assert changes(company) == [("cancel", [part(quantity, ASKED)], [])]
    assert change(company)["order_changes"] == 0, "it is proposed already"
    number = yes(company)
    proposal = actions.load_proposal(company.conn, number)
    assert (proposal.saves, proposal.if_nobody_acts and proposal.if_nobody_acts["zh"]) == (
        quantity * 10,
        f"I1：{quantity} 个不再需要",
    )
    before = fact(company, "fact_item_site", "on_order")
    drain_all(company, world)
    [(reference, told)] = world.changes
    assert told is not None
    assert (reference, told.sequence, [line.item_code for line in told.lines]) == ("PO-1", 1, ["I2"])
    [in_erp] = world.in_erp
    assert [line.item_code for line in in_erp.lines] == ["I2"]
    assert states(company.conn) == ["sent", "sent"]
    assert (before, fact(company, "fact_item_site", "on_order")) == ((quantity,), (0,))
    assert world.messages == []
    assert change(company)["order_changes"] == 0


def test_what_is_needed_later_is_put_off(sent: Sent) -> None:
    company, _ = sent
    sync(company)
    company.move(380, "DC", days_ago=0.5)
    company.move(14, "DC", item="I2", days_ago=0.5)
    company.post()
    assert change(company, SETTINGS.model_copy(update={"push_out_days": 365}))["order_changes"] == 1
    [(kind, before, after)] = changes(company)
    [need] = after
    assert (kind, need["quantity"]) == ("push_out", before[0]["quantity"])
    # 390 at 1.8 a day, down to the safety stock
    assert 200 < (date.fromisoformat(need["requested_on"]) - TODAY).days < 217


def test_what_runs_out_before_it_comes_is_brought_forward_as_far_as_it_is_needed(sent: Sent) -> None:
    company, world = sent
    late = TODAY + timedelta(days=20)
    quantity = ordered(company)
    sync(company, "I1", requested_on=late)
    listen(company, world, answer(LineResponse(item_code="I1", parts=[Part(state="accepted", quantity=quantity)])))
    assert change(company)["order_changes"] == 1
    [(kind, before, after)] = changes(company)
    assert (kind, before) == ("bring_forward", [part(quantity, late)])
    assert date.fromisoformat(after[0]["requested_on"]) < TODAY + timedelta(days=6)
    assert sum(each["quantity"] for each in after) == quantity
    yes(company)
    drain_all(company, world)
    [(_, told)] = world.changes
    assert told is not None
    assert [line.requested_on for line in told.lines if line.item_code == "I1"] == [
        date.fromisoformat(each["requested_on"]) for each in after
    ]


@pytest.mark.parametrize(
    "troubles",
    [("down", "silent", "down"), ("kill", "silent")],
    ids=" ".join,
)
def test_whatever_goes_wrong_the_change_arrives_and_is_written_once(too_much: Sent, troubles: tuple[str, ...]) -> None:
    company, world = too_much
    change(company)
    yes(company)
    world.troubles = then_calm(*troubles)
    drain_all(company, world)
    assert len(world.in_erp) == 1
    assert len(world.changes) == 1
    assert states(company.conn) == ["sent", "sent"]


def test_a_supplier_that_refuses_leaves_the_erp_as_it_is(too_much: Sent) -> None:
    company, world = too_much
    change(company)
    yes(company)
    world.troubles = then_calm("refuse")
    [error] = drain_all(company, world)
    assert "portal_change" in error
    assert (world.in_erp, states(company.conn)) == ([], ["sent", "failed"])
    assert fact(company, "fact_item_site", "on_order") == (ordered(company),)


def test_an_order_changed_by_hand_in_the_erp_is_left_alone(too_much: Sent) -> None:
    company, world = too_much
    change(company)
    yes(company)
    world.different = Words(en="Somebody changed PO-1 in Tryton: I1.", zh="PO-1 已在 Tryton 中被修改：I1。")
    drain_all(company, world)
    assert (world.changes, states(company.conn)) == ([], ["sent", "refused"])
    told = company.conn.execute("SELECT guard, stage, reason, reason_zh FROM lotwatch.guard_event").fetchall()
    assert told == [("changed", "send", world.different.en, world.different.zh)]


@pytest.mark.parametrize("stage", ["ask", "send"])
def test_what_the_books_say_was_changed_or_is_needed_after_all_is_refused(too_much: Sent, stage: str) -> None:
    company, world = too_much
    change(company)
    if stage == "send":
        yes(company)
        company.move(1000, "PATIENT", "DC", days_ago=0.1)
        company.post()
        drain_all(company, world)
        assert world.changes == []
        [(reason,)] = company.conn.execute("SELECT reason FROM lotwatch.guard_event").fetchall()
        assert reason.startswith("I1: it is needed after all. The position of ")
    else:
        sync(company, "I1", quantity=7)
        [refusal] = ask(company, run_id="change").refusals
        assert refusal.reason == "I1: order LW-000001 was changed in the ERP meanwhile; look at it there."
    assert states(company.conn) == ["sent", "refused"]


def test_what_the_erp_lets_only_people_change_is_told_to_the_buyers(too_much: Sent) -> None:
    company, world = too_much
    world.placed = True
    world.settings = None
    change(company)
    yes(company)
    drain_all(company, world)
    [message] = world.messages
    assert (message.subject, world.changes) == (
        "Order LW-000001: please tell Supplier One and change it in the ERP",
        [],
    )
    assert "The ERP lets only people change order PO-1 now." in message.text
    assert states(company.conn) == ["sent", "sent"]
    sync(company, "I1")
    assert fact(company, "fact_item_site", "on_order") == (0,), "cancelled, though the ERP does not know yet"


def test_answers_to_a_changed_order_are_answers_to_what_it_is_now(too_much: Sent) -> None:
    company, world = too_much
    change(company)
    yes(company)
    drain_all(company, world)
    # by its number alone: the first line of the order is I2 now
    listen(company, world, answer(LineResponse(number=1, parts=[Part(state="rejected", reason="sold out")])))
    declined = company.conn.execute(
        "SELECT code, declined > 0 FROM lotwatch.proposal_line JOIN lotwatch.item USING (item_id) WHERE proposal_id = 1 ORDER BY 1"
    ).fetchall()
    assert declined == [("I1", False), ("I2", True)]


def test_a_change_of_a_change_counts_on(too_much: Sent) -> None:
    company, world = too_much
    change(company)
    yes(company)
    drain_all(company, world)
    company.conn.execute(
        "UPDATE lotwatch.proposal SET created_at = created_at - interval '20 days' WHERE kind = 'order_change'"
    )
    company.move(1000, "DC", item="I2", days_ago=0.5)
    sync(company, "I1", order_state="cancelled")
    assert change(company)["order_changes"] == 1
    yes(company)
    drain_all(company, world)
    assert [told for _, told in world.changes][1:] == [None]
    assert isinstance(world.changes[0][1], OrderChange)
    sequences = company.conn.execute(
        "SELECT details -> 'sequence' FROM lotwatch.proposal WHERE kind = 'order_change' ORDER BY 1"
    )
    assert [number for (number,) in sequences] == [1, 2]
