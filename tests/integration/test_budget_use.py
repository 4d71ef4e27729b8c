"""From ordered to billed: how far a month's budget has come, and what frees it."""

from datetime import timedelta
from decimal import Decimal

from lotwatch import actions, facts
from lotwatch.actions.budgets import Budget
from tests.integration.company import NOW, TODAY, Company
from tests.integration.test_actions import RICH, ask, decide, propose, short, states
from tests.integration.test_stock_measures import sent

__all__ = ["short"]

COLUMNS = "ordered, in_transit, accepted, invoiced, committed"


def use(company: Company) -> tuple[int, ...]:
    company.post()
    with company.conn.transaction():
        facts.live(company.conn, NOW)
        row = company.conn.execute(f"SELECT {COLUMNS} FROM lotwatch.fact_budget WHERE site_code = 'DC'").fetchone()  # noqa: S608
    return tuple(int(value) for value in row or ())


def test_an_order_goes_from_committed_to_billed_and_what_never_comes_is_free_again(company: Company) -> None:
    actions.apply_budgets(company.conn, NOW, company.context, RICH)
    company.item()
    company.lot("L1")
    company.lot("L2")
    company.order_line(10, key="line")
    assert use(company) == (100, 0, 0, 0, 100)
    sent(company, "ship", 6, from_site=None, to_location="DC", order_line_key="line")
    assert use(company) == (40, 60, 0, 0, 100)
    company.move(4, "DC", lot="L1", days_ago=0.2, order_line_key="line")
    company.move(2, "DC/QC", lot="L2", days_ago=0.2, order_line_key="line")
    sent(
        company,
        "ship",
        6,
        from_site=None,
        to_location="DC",
        order_line_key="line",
        state="delivered",
        delivered_at=NOW - timedelta(hours=5),
    )
    company.add(
        "inspection",
        "qc",
        number="Q1",
        item_code="I1",
        lot_number="L2",
        state="pending",
        opened_at=NOW - timedelta(hours=4),
    )
    assert use(company) == (40, 20, 40, 0, 100)
    company.order_line(10, key="line", invoiced_quantity=3)
    assert use(company) == (40, 20, 10, 30, 100)
    with company.conn.transaction():
        assert actions.budget_use(company.conn, NOW)[0].free == 99_900
    # rejected at inspection
    company.add(
        "inspection", "qc", number="Q1", item_code="I1", lot_number="L2", state="failed", opened_at=NOW - timedelta(hours=4),
        closed_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    assert use(company) == (40, 0, 10, 30, 80)
    # the supplier closes it short
    company.order_line(10, key="line", invoiced_quantity=3, order_state="done")
    assert use(company) == (0, 0, 10, 30, 40)


def test_what_is_free_again_may_be_ordered_for_and_is_needed_again(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)
    actions.drafted(short.conn, order.proposal_id, "7")
    actions.confirmed(short.conn, order.proposal_id, "C-7")
    total = int(order.total)
    assert use(short) == (total, 0, 0, 0, total)
    for line in order.lines:
        short.order_line(
            line.quantity, line.item_code, f"back-{line.item_code}", order_reference=order.code, ordered_on=None
        )
    assert use(short) == (total, 0, 0, 0, total), "of the month in which it was proposed, and once"
    assert propose(short)["proposals"] == 0
    for line in order.lines:  # nothing of it comes
        short.order_line(
            line.quantity, line.item_code, f"back-{line.item_code}", order_reference=order.code, order_state="done",
            ordered_on=TODAY,
        )  # fmt: skip
    assert use(short) == (0, 0, 0, 0, 0)
    assert propose(short)["proposals"] == 1
    budget = {"DC": Budget(currency="USD", monthly=Decimal(total + 1))}
    assert len(ask(short, budget, run_id="again").proposals) == 1
    assert states(short.conn) == ["sent", "waiting"]
