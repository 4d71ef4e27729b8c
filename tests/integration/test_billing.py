"""What suppliers bill, beside what was ordered and what came: facts, rules and the budget follow the invoices."""

from decimal import Decimal
from typing import Any

import pytest

from lotwatch import actions, facts
from lotwatch.rules import load_rules, take_untold
from tests.integration.company import TODAY, Company
from tests.integration.test_actions import RICH
from tests.integration.test_budget_use import use
from tests.integration.test_supply_rules import day, fired


def bill(company: Company, key: str, order: str, quantity: int, price: str = "10", **row: Any) -> None:
    """A posted invoice of one line, by which the supplier bills an order line."""
    plain = {
        "invoice_key": key, "invoice_number": key, "supplier_number": key, "invoice_state": "posted",
        "supplier_code": "S1", "order_line_key": order, "item_code": "I1", "quantity": quantity,
        "unit_price": Decimal(price), "currency": "USD", "invoiced_on": TODAY,
    }  # fmt: skip
    company.add("invoice_line", f"{key}/{order}", **plain | row)


@pytest.fixture
def ordered(company: Company) -> Company:
    """Orders of 10 at 10 USD each, all received, and one of which nothing came."""
    actions.apply_budgets(company.conn, company.context.as_of, company.context, RICH)
    company.item()
    company.lot()
    for key in (
        "as ordered",
        "dear",
        "much dearer",
        "cheap",
        "rounded",
        "yuan",
        "in two",
        "credited",
        "much",
        "twice",
        "retyped",
    ):
        company.order_line(10, key=key, order_number=key)
        company.move(10, "DC", order_line_key=key)
    company.order_line(10, key="waits", order_number="waits")
    company.post()
    return company


def test_an_invoice_is_compared_with_the_order_and_with_what_came(ordered: Company) -> None:
    bill(ordered, "1", "as ordered", 10)
    bill(ordered, "2", "dear", 10, "10.80")
    bill(ordered, "3", "much dearer", 10, "12", invoice_state="draft")
    bill(ordered, "4", "cheap", 10, "9")
    bill(ordered, "5", "rounded", 10, "10.03")
    bill(ordered, "6", "yuan", 10, "70", currency="CNY")
    bill(ordered, "7", "in two", 4)
    bill(ordered, "8", "in two", 6)
    bill(ordered, "9", "credited", 20)  # credited, and billed as it should have been
    bill(ordered, "10", "credited", -20)
    bill(ordered, "9", "credited", 10, invoice_key="9 again")
    bill(ordered, "11", "much", 12, invoice_state="paid")
    bill(ordered, "R 12", "twice", 5)
    bill(ordered, "r-12", "twice", 5, invoice_state="draft")
    bill(ordered, "13", "retyped", 10)
    bill(ordered, "31", "retyped", 10)
    bill(ordered, "14", "waits", 10, invoiced_on=day(-14))
    bill(ordered, "15", "much dearer", 10, "99", invoice_state="cancelled")
    assert fired(ordered, "billed_line") == {
        "invoice_price_differs": {"dear": "warning", "much dearer": "critical", "cheap": "info"},
        "invoice_currency_differs": {"yuan": "warning"},
        "invoice_quantity_differs": {"much": "warning"},
        "duplicate_invoice": {"twice": "warning", "retyped": "critical"},
    }
    bill(ordered, "14", "waits", 10, invoiced_on=day(-15))  # it should have come by now
    bill(ordered, "2", "dear", 10, "10.80", invoice_state="cancelled")
    assert fired(ordered, "billed_line")["invoice_quantity_differs"].keys() == {"much", "waits"}
    assert fired(ordered, "billed_line")["invoice_price_differs"].keys() == {"much dearer", "cheap"}
    bill(ordered, "14", "waits", 10, invoiced_on=day(-91))
    assert "waits" not in fired(ordered, "billed_line")["invoice_quantity_differs"]


def test_a_budget_is_billed_what_invoices_say_and_only_once_they_are_posted(company: Company) -> None:
    actions.apply_budgets(company.conn, company.context.as_of, company.context, RICH)
    company.item()
    company.lot()
    company.order_line(10, key="line", invoiced_quantity=2)
    company.move(10, "DC", order_line_key="line")
    assert use(company) == (0, 0, 80, 20, 100)
    bill(company, "1", "line", 6, "12", invoice_state="draft")
    assert use(company) == (0, 0, 100, 0, 100)  # what the order line says of itself counts no more
    bill(company, "1", "line", 6, "12")
    assert use(company) == (0, 0, 40, 72, 112)
    bill(company, "1", "line", 6, "12", invoice_state="paid")
    assert use(company) == (0, 0, 40, 72, 112)
    bill(company, "2", "line", -1, "12")
    bill(company, "3", "line", 2, "70", currency="CNY")  # known by quantity alone
    assert use(company) == (0, 0, 30, 84, 114)
    bill(company, "4", "line", 90, "12")  # beyond what there is to pay for
    assert use(company) == (0, 0, 0, 120, 120)
    for key, quantity in (("1", 6), ("2", -1), ("3", 2), ("4", 90)):
        bill(company, key, "line", quantity, invoice_state="cancelled")
    assert use(company) == (0, 0, 80, 20, 100)


def test_an_invoice_is_posted_once_and_judged_by_the_order_line_that_it_names(ordered: Company) -> None:
    bill(ordered, "1", "as ordered", 10)
    assert ordered.post()["invoice_line"] == 1
    bill(ordered, "1", "as ordered", 10)
    assert ordered.post()["invoice_line"] == 0
    ordered.order_line(5, key="new", order_number="new")
    bill(ordered, "2", "new", 5)  # its order line comes with it
    bill(ordered, "3", "nowhere", 5)
    ordered.sync()
    refused = ordered.conn.execute("SELECT entity, source_key, rules FROM lotwatch.quarantine WHERE state = 'open'")
    assert refused.fetchall() == [("invoice_line", "3/nowhere", ["REF061"])]
    rows = ordered.conn.execute("SELECT source_key FROM lotwatch.invoice_line ORDER BY source_key").fetchall()
    assert rows == [("1/as ordered",), ("2/new",)]


def test_of_an_invoice_that_names_no_order_ops_is_told_and_of_its_item_all_the_same(ordered: Company) -> None:
    """Nobody has ordered it, or not in the ERP: for a person to find out, while the item's stock is as sure as it was."""
    bill(ordered, "1", "by telephone", 5, order_line_key=None)
    ordered.sync()
    assert fired(ordered, "quarantined_item") == {}
    ordered.conn.execute("UPDATE lotwatch.batch SET as_of = as_of - interval '4 days'")
    assert fired(ordered, "quarantined_item") == {"item_in_quarantine": {"invoice_line:I1": "info"}}
    [told] = take_untold(ordered.conn, ordered.context.as_of)
    assert [rule.notify for rule in load_rules() if rule.id == told.rule_id] == [("ops",)]
    facts.live(ordered.conn, ordered.context.as_of)
    doubted = ordered.conn.execute(
        "SELECT DISTINCT data_in_quarantine FROM lotwatch.fact_item_site WHERE item_code = 'I1'"
    )
    assert doubted.fetchall() == [(False,)]
