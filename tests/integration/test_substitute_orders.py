"""What is recalled and cannot be had leads to an order of what may take its place: by its own supplier, marked, and once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from lotwatch import actions, facts, ledger
from lotwatch.actions.order_changes import OrderChangeSettings, propose_order_changes
from lotwatch.jobs import watch
from lotwatch.planning import PlanSettings
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import TODAY, Company
from tests.integration.test_actions import ask, decide, propose
from tests.worlds import prepared


@prepared
def recalled(company: Company) -> None:
    """Of I1, of which DC uses two a day and has ten left, a lot is recalled; I2 and the dearer I3 may take its place, and S2 delivers
    both. I2 is used as well, and there is hardly more of it than it needs for itself."""
    company.add("supplier", code="S2", name="Supplier Two")
    for code, had, price in (("I1", 30, 10), ("I2", 60, 12), ("I3", 0, 20)):
        company.item(code)
        company.agreement(code, supplier_code="S1" if code == "I1" else "S2", price=Decimal(price), order_multiple=12)
        company.lot("L1", code)
        if had:
            company.move(had, "DC", days_ago=40, item=code)
            for day in range(1, 11):
                company.move(2, "PATIENT", "DC", days_ago=day, item=code)
    for code in ("I2", "I3"):
        company.add(
            "substitute", code, item_code="I1", substitute_code=code, site_code="DC", approved_by="Dr Wu",
            valid_from=TODAY - timedelta(days=9),
        )  # fmt: skip
    company.post()
    watch.plan(company.conn, company.context, PlanSettings(history_days=10))
    hold(company, lot="L1")


def hold(company: Company, **what: str) -> None:
    """I1, or a lot of it, is held for a recall."""
    found = ledger.holds.named(company.conn, "recall", "RC-000001", "seals", item="I1", **what)
    ledger.place_hold(company.conn, found, company.context, "test")
    evaluate_live(company.conn, load_rules(), company.context)
    company.conn.commit()


def lines(company: Company) -> list[tuple[Any, ...]]:
    """(item, supplier, quantity, in place of, case) of what is ordered and not refused."""
    return company.conn.execute(
        "SELECT item.code, supplier.code, line.quantity, other.code, line.why ->> 'recall'"
        " FROM lotwatch.proposal_line AS line JOIN lotwatch.proposal USING (proposal_id)"
        " JOIN lotwatch.item AS item ON item.item_id = line.item_id JOIN lotwatch.supplier AS supplier USING (supplier_id)"
        " LEFT JOIN lotwatch.item AS other ON other.item_id = (line.why ->> 'in_place_of')::bigint"
        " WHERE NOT line.refused ORDER BY proposal_id, item.code"
    ).fetchall()


def fact(company: Company, code: str, column: str) -> int:
    facts.live(company.conn, company.context.as_of)
    row = company.conn.execute(
        f"SELECT {column} FROM lotwatch.fact_item_site WHERE subject_key = %s",  # noqa: S608
        (f"{code}@DC",),
    ).fetchone()
    assert row is not None
    return int(row[0])


def needed(company: Company) -> int:
    """Up to what is wanted of I1, less what of I2 is there beyond what is needed for itself; in packs of twelve."""
    gap = fact(company, "I1", "target_level") - (
        fact(company, "I2", "available") - fact(company, "I2", "reorder_point")
    )
    return -(-gap // 12) * 12


def test_of_an_item_of_which_a_lot_is_recalled_more_is_ordered_and_nothing_in_its_place(recalled: Company) -> None:
    propose(recalled)
    assert [(item, other) for item, _, _, other, _ in lines(recalled)] == [("I1", None)]


@pytest.mark.parametrize("ordered", [0, 500])
def test_of_an_item_that_is_recalled_as_a_whole_the_cheapest_substitute_is_ordered_once(
    recalled: Company, ordered: int
) -> None:
    if ordered:  # no stock to come, however much of it the books say
        recalled.order_line(ordered)
        recalled.post()
    hold(recalled)
    assert propose(recalled)["proposals"] == 1
    assert lines(recalled) == [("I2", "S2", needed(recalled), "I1", "RC-000001")]
    assert propose(recalled)["proposals"] == 0
    asked = ask(recalled)
    assert asked.refusals == []
    [order] = asked.proposals
    assert order.if_nobody_acts == {
        "en": "recalled, and nothing comes in its place: I1 (RC-000001)",
        "zh": "已被召回且无替代品到货：I1 (RC-000001)",
    }
    # it comes back through the sync: now it is on order, more than I2 needs for itself, and wanted all the same
    assert decide(recalled, order.proposal_id)
    recalled.conn.execute("UPDATE lotwatch.proposal SET state = 'sent'")
    recalled.order_line(order.lines[0].quantity, "I2", order_number="7", order_reference=order.code, supplier_code="S2")
    recalled.post()
    evaluate_live(recalled.conn, load_rules(), recalled.context)
    assert fact(recalled, "I2", "inventory_position - max_level") > 0
    assert propose(recalled)["proposals"] == 0
    recalled.move(39, "PATIENT", "DC", item="I2", days_ago=0)
    recalled.post()
    evaluate_live(recalled.conn, load_rules(), recalled.context)
    assert propose(recalled)["proposals"] == 0, "what is ordered in its place counts as its own"
    changed = replace(recalled.context, as_of=recalled.context.as_of + timedelta(days=20))
    assert propose_order_changes(recalled.conn, load_rules(), OrderChangeSettings(), changed)["order_changes"] == 0


def test_what_the_substitute_is_ordered_for_itself_counts_for_both(recalled: Company) -> None:
    recalled.move(25, "PATIENT", "DC", item="I2", days_ago=0.5)
    recalled.post()
    hold(recalled)
    propose(recalled)
    [(item, _, quantity, in_place_of, _)] = lines(recalled)
    assert (item, in_place_of) == ("I2", None)
    both = fact(recalled, "I1", "reorder_point") + fact(recalled, "I2", "reorder_point")
    assert fact(recalled, "I2", "inventory_position") + quantity >= both
    # less of it than both need is too little, though it has enough for itself
    recalled.conn.execute(
        "INSERT INTO lotwatch.policy SELECT item_id, site_id, %s, now(), average_daily_usage, lead_time_days, safety_stock,"
        " reorder_point, 30, max_level, method, inputs, reason, set_by FROM lotwatch.policy",
        (recalled.context.as_of,),
    )
    recalled.conn.execute("DELETE FROM lotwatch.proposal_line")
    recalled.conn.execute("DELETE FROM lotwatch.proposal")
    propose(recalled)
    assert [(item, quantity, other) for item, _, quantity, other, _ in lines(recalled)] == [
        ("I2", 24, None), ("I2", 24, "I1"),
    ]  # fmt: skip
    assert ask(recalled).refusals == []
    assert propose(recalled)["proposals"] == 0


def test_where_nobody_is_left_to_order_from_a_recalled_lot_is_enough(recalled: Company) -> None:
    recalled.conn.execute(
        "INSERT INTO lotwatch.stop_switch (scope, key, reason, set_by, set_at)"
        " VALUES ('supplier', 'S1', 'it recalls everything', 'quinn', %s)",
        (recalled.context.as_of,),
    )
    propose(recalled)
    assert [(item, other) for item, _, _, other, _ in lines(recalled)][-1] == ("I2", "I1")


def test_when_the_recall_is_over_nothing_is_ordered_in_its_place(recalled: Company) -> None:
    hold(recalled)
    propose(recalled)
    recalled.conn.execute("UPDATE lotwatch.hold SET released_at = now(), released_by = 'quinn' WHERE lot_id IS NULL")
    [refusal] = ask(recalled).refusals
    assert refusal.reason == "I1: it can be ordered again; nothing needs to be ordered in its place."
    assert lines(recalled) == []


def test_where_its_supplier_declined_the_cheapest_substitute_the_next_one_is_ordered(recalled: Company) -> None:
    hold(recalled)
    propose(recalled)
    assert actions.decline(recalled.conn, 1, {"I2": None}, recalled.context.as_of) == ["I2"]
    assert propose(recalled)["proposals"] == 1
    assert [(item, other) for item, _, _, other, _ in lines(recalled)] == [("I2", "I1"), ("I3", "I1")]
