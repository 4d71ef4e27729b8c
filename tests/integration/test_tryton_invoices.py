"""Suppliers' invoices as the real Tryton has them: from draft to posted, credited, cancelled and deleted."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.tryton import TrytonProcurement
from tests.integration.test_tryton import boss, bought, client, present, read_all

__all__ = ["boss", "client"]

DAY = datetime.now(UTC).date()


@pytest.fixture
def since(client: TrytonClient) -> Callable[[], dict[int, dict[str, Any]]]:
    """The rows of invoice lines that were made since the test began, by their number in Tryton."""
    procurement = TrytonProcurement(client, overlap_minutes=0)
    before, cursor = read_all(procurement, "invoice_line")
    known = {record.source_key for record in before}  # those of the same second come again

    def changed() -> dict[int, dict[str, Any]]:
        records = read_all(procurement, "invoice_line", cursor)[0]
        assert [record.problems for record in records if record.problems] == []
        made = (record for record in records if record.source_key not in known)
        return {int(record.source_key.partition(",")[2]): dict(record.row) for record in made}

    return changed


def entered(
    boss: TrytonClient, purchase_line: int, quantity: float, price: str, number: str, **line: Any
) -> tuple[int, int]:
    """(invoice, its line) of a supplier, for what was bought."""
    fields = ["product", "unit", "purchase.party", "purchase.invoice_address", "purchase.currency"]
    [ordered] = boss.read("purchase.line", [purchase_line], fields)
    purchase = ordered["purchase."]
    [payable] = boss.search_read(
        "account.account", [["type.payable", "=", True], ["party_required", "=", True]], ["id"], limit=1
    )
    [expense] = boss.search_read("account.account", [["type.expense", "=", True]], ["id"], limit=1)
    [journal] = boss.search_read("account.journal", [["type", "=", "expense"]], ["id"], limit=1)
    billed = {
        "type": "line", "product": ordered["product"], "unit": ordered["unit"], "quantity": quantity,
        "unit_price": Decimal(price), "account": expense["id"], "origin": f"purchase.line,{purchase_line}",
    }  # fmt: skip
    values = {
        "company": boss.context()["company"], "type": "in", "party": purchase["party"], "currency": purchase["currency"],
        "invoice_address": purchase["invoice_address"], "journal": journal["id"], "account": payable["id"],
        "reference": number, "invoice_date": DAY, "lines": [["create", [billed | line]]],
    }  # fmt: skip
    [invoice] = boss.do("model.account.invoice.create", [values], boss.context())
    [made] = boss.search_read("account.invoice.line", [["invoice", "=", invoice]], ["id"])
    return invoice, made["id"]


def press(boss: TrytonClient, button: str, invoice: int) -> None:
    boss.do(f"model.account.invoice.{button}", [invoice], boss.context())


def credit(boss: TrytonClient, invoice: int, *, refund: bool) -> None:
    """A credit note for a posted invoice; with a `refund` it is posted and cancels the invoice as a whole."""
    about = boss.context() | {"active_model": "account.invoice", "active_id": invoice, "active_ids": [invoice]}
    wizard = "wizard.account.invoice.credit"
    session, start, _ = boss.do(f"{wizard}.create", about)
    chosen = {"invoice_date": DAY, "with_refund": refund, "with_refund_allowed": True}
    boss.do(f"{wizard}.execute", session, {start: chosen}, "credit", about)


def pay(boss: TrytonClient, invoice: int) -> None:
    """Pay what is to be paid of an invoice, from an account of ours."""
    company = boss.context()["company"]
    [journal] = boss.search_read("account.journal", [["type", "=", "cash"]], ["id"], limit=1)
    [account] = boss.search_read(
        "account.account", [["type.expense", "=", True], ["party_required", "=", False]], ["id"], limit=1
    )
    accounts = {"credit_account": account["id"], "debit_account": account["id"]}
    method = {"name": "Bank", "company": company, "journal": journal["id"], **accounts}
    [method_id] = boss.do("model.account.invoice.payment.method.create", [method], boss.context())
    about = boss.context() | {"active_model": "account.invoice", "active_id": invoice, "active_ids": [invoice]}
    wizard = "wizard.account.invoice.pay"
    session, _, _ = boss.do(f"{wizard}.create", about)
    [asked] = boss.read("account.invoice", [invoice], ["party", "currency", "account", "amount_to_pay"])
    start = {
        "payee": asked["party"], "payees": [asked["party"]], "amount": asked["amount_to_pay"], "date": DAY,
        "currency": asked["currency"], "company": company, "invoice_account": asked["account"],
        "payment_method": method_id,
    }  # fmt: skip
    boss.do(f"{wizard}.execute", session, {"start": start}, "choice", about)


def test_an_invoice_is_a_draft_until_it_is_posted_and_in_base_units(
    boss: TrytonClient, since: Callable[[], dict[int, dict[str, Any]]]
) -> None:
    purchase_line, _ = bought(boss, 60.0)
    [box] = boss.search_read("product.uom", [["symbol", "=", "bx10"]], ["id"])
    invoice, line = entered(boss, purchase_line, 4.0, "21.5000", " S-1 ", unit=box["id"])
    row = since()[line]
    assert (row["invoice_state"], row["invoice_number"], row["supplier_number"]) == ("draft", None, "S-1")
    assert (row["order_line_key"], row["item_code"]) == (f"purchase.line,{purchase_line}", "MD-0002")
    assert (row["quantity"], row["unit_price"], row["currency"]) == (40, Decimal("2.1500"), "EUR")
    press(boss, "validate_invoice", invoice)
    assert (since()[line]["invoice_state"], since()[line]["invoice_number"] is None) == ("draft", False)
    press(boss, "post", invoice)
    assert (since()[line]["invoice_state"], since()[line]["invoiced_on"]) == ("posted", DAY)


def test_an_invoice_that_is_paid_is_the_same_invoice(
    boss: TrytonClient, since: Callable[[], dict[int, dict[str, Any]]]
) -> None:
    purchase_line, _ = bought(boss, 60.0)
    invoice, line = entered(boss, purchase_line, 60.0, "2.1500", "S-8")
    press(boss, "post", invoice)
    posted = since()
    pay(boss, invoice)
    assert since() == {line: posted[line] | {"invoice_state": "paid"}}


def test_a_credit_note_counts_against_the_order_line_of_what_it_credits(
    boss: TrytonClient, since: Callable[[], dict[int, dict[str, Any]]]
) -> None:
    purchase_line, _ = bought(boss, 60.0)
    invoice, line = entered(boss, purchase_line, 60.0, "2.2000", "S-2")
    press(boss, "post", invoice)
    credit(boss, invoice, refund=False)  # of which only a part is wanted
    [note] = boss.search_read("account.invoice.line", [["origin", "=", f"account.invoice.line,{line}"]], ["invoice"])
    boss.do("model.account.invoice.line.write", [note["id"]], {"quantity": -10.0}, boss.context())
    boss.do("model.account.invoice.write", [note["invoice"]], {"invoice_date": DAY}, boss.context())
    press(boss, "post", note["invoice"])
    rows = since()
    assert {row["order_line_key"] for row in rows.values()} == {f"purchase.line,{purchase_line}"}
    assert {key: (row["invoice_state"], row["quantity"]) for key, row in rows.items()} == {
        line: ("posted", 60), note["id"]: ("posted", -10),
    }  # fmt: skip


def test_an_invoice_that_is_cancelled_or_refunded_bills_nothing_and_takes_nothing_off(
    boss: TrytonClient, since: Callable[[], dict[int, dict[str, Any]]]
) -> None:
    purchase_line, _ = bought(boss, 60.0)
    cancelled, line = entered(boss, purchase_line, 60.0, "2.0000", "S-3")
    refunded, other = entered(boss, purchase_line, 60.0, "2.0000", "S-4")
    for invoice in (cancelled, refunded):
        press(boss, "post", invoice)
    press(boss, "cancel", cancelled)
    credit(boss, refunded, refund=True)
    rows = since()
    [note] = set(rows) - {line, other}
    assert rows[note]["quantity"] == -60
    assert {row["invoice_state"] for row in rows.values()} == {"cancelled"}


def test_only_what_is_billed_of_goods_is_read_and_a_deleted_line_is_missed(
    client: TrytonClient, boss: TrytonClient, since: Callable[[], dict[int, dict[str, Any]]]
) -> None:
    purchase_line, _ = bought(boss, 60.0)
    _, line = entered(boss, purchase_line, 60.0, "2.0000", "S-5")
    _, freight = entered(boss, purchase_line, 1.0, "30.0000", "S-6", product=None, origin=None, description="Freight")
    _, unordered = entered(boss, purchase_line, 5.0, "2.0000", "S-7", origin=None)
    rows = since()
    assert freight not in rows
    assert (rows[unordered]["order_line_key"], rows[unordered]["item_code"]) == (None, "MD-0002")
    there = TrytonProcurement(client)
    assert f"account.invoice.line,{line}" in present(there, "invoice_line")
    boss.do("model.account.invoice.line.delete", [line, unordered], boss.context())
    assert f"account.invoice.line,{line}" not in present(there, "invoice_line")
