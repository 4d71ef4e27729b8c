"""Suppliers' invoices: the books they are posted to, and the invoices through Tryton's own API. Runs in Tryton's environment."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sandbox.tryton.world import Bill, World


def open_books(pool: Any, company: int, today: date) -> None:
    """A fiscal year around today, with a period for each month and its sequences."""
    FiscalYear, Sequence = pool.get("account.fiscalyear"), pool.get("ir.sequence.strict")
    name = f"{today:%Y}"
    numbers = {}
    for sequence_type, kind in (("Account Move", "move"), ("Invoice", "invoice")):
        (found,) = pool.get("ir.sequence.type").search([("name", "=", sequence_type)])
        values = {"name": name, "sequence_type": found.id, "company": company, "prefix": f"{kind[0].upper()}{name}-"}
        (numbers[kind],) = Sequence.create([values])
    sequences = {
        f"{direction}_{paper}_sequence": numbers["invoice"].id
        for direction in ("in", "out")
        for paper in ("invoice", "credit_note")
    }
    began, ends = today - timedelta(days=100), today + timedelta(days=400)
    made = FiscalYear.create([
        {
            "name": name,
            "company": company,
            "start_date": began.replace(day=1),
            "end_date": ends.replace(day=monthrange(ends.year, ends.month)[1]),
            "move_sequence": numbers["move"].id,
            "invoice_sequences": [("create", [{"company": company, **sequences}])],
        }
    ])
    FiscalYear.create_period(made)


def make(
    pool: Any, world: World, ids: Mapping[tuple[str, object], int], company: int, currency: int
) -> list[list[int]]:
    """The world's bills in Tryton; the ids of each one's lines. `ids` are what Tryton knows its other parts by."""
    from trytond.transaction import Transaction

    InvoiceModel = pool.get("account.invoice")
    payable = pool.get("account.configuration")(1).default_account_payable
    (goods,) = pool.get("product.category").search([("accounting", "=", True)])
    (journal,) = pool.get("account.journal").search([("type", "=", "expense")], limit=1)
    common = {
        "company": company, "type": "in", "currency": currency, "journal": journal.id, "account": payable.id,
    }  # fmt: skip
    made = InvoiceModel.create([common | values(world, bill, ids, goods.account_expense.id) for bill in world.bills])
    by_state = {
        state: [invoice for invoice, bill in zip(made, world.bills, strict=True) if bill.state == state]
        for state in ("posted", "credited")
    }
    with Transaction().set_context(_skip_warnings=True):  # one of them bears a number twice
        InvoiceModel.post(by_state["posted"] + by_state["credited"])
        InvoiceModel.credit(by_state["credited"], refund=True, invoice_date=world.today)
    return [[line.id for line in invoice.lines] for invoice in made]


def values(world: World, bill: Bill, ids: Mapping[tuple[str, object], int], account: int) -> dict[str, Any]:
    """A bill's own fields, as Tryton's client would create it."""
    purchase = world.purchases[bill.purchase]
    lines = []
    for place, quantity, price in bill.lines:
        device = world.devices[purchase.lines[place].device or ""]
        lines.append({
            "type": "line",
            "product": ids["device", device.key],
            "unit": ids["unit", device.purchase_unit],
            "quantity": quantity,
            "unit_price": price,
            "account": account,
            "origin": f"purchase.line,{ids['line', (bill.purchase, place)]}" if bill.ordered else None,
        })
    return {
        "party": ids["supplier", purchase.supplier],
        "invoice_address": ids["address", purchase.supplier],
        "reference": bill.number,
        "invoice_date": bill.on,
        "lines": [("create", lines)],
    }
