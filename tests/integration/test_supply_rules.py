"""The built-in rules about supply, quality, credentials, budgets and demand: each fires where it should, not next to it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from lotwatch.planning import measure_suppliers
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

#: severities by the subject's key, by rule
Fired = dict[str, dict[str, str]]


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


def fired(company: Company, subject: str) -> Fired:
    """What all rules about a subject find now."""
    company.post()
    measure_suppliers(company.conn, company.context.as_of)
    company.conn.execute("DELETE FROM lotwatch.alert")
    rules = [rule for rule in load_rules() if rule.subject == subject]
    evaluate_live(company.conn, rules, company.context)
    found: Fired = {}
    for rule_id, key, severity in company.conn.execute("SELECT rule_id, subject_key, severity FROM lotwatch.alert"):
        found.setdefault(rule_id, {})[key.removeprefix("test:")] = severity
    return found


@pytest.fixture
def order(company: Company) -> Callable[..., None]:
    """Adds an order line of 10 at 10 USD each, placed 20 days ago, confirmed for ten days from now, unless said otherwise."""
    company.item()
    company.item("VITAL", criticality="life_supporting")
    company.lot()
    company.lot("L1", item="VITAL")
    company.agreement()

    def add(key: str, came: int = 0, came_days_ago: float = 1, quantity: int = 10, **row: Any) -> None:
        plain = {"ordered_on": day(-20), "requested_on": day(10), "promised_on": day(10), "order_number": key}
        row = plain | row
        company.order_line(quantity, key=key, **row)
        if came:
            company.move(came, "DC", days_ago=came_days_ago, order_line_key=key, item=row.get("item", "I1"))

    return add


def test_order_lines(company: Company, order: Callable[..., None]) -> None:
    order("in time")
    order("due today", promised_on=day(0))
    order("late", promised_on=day(-1))
    order("very late", item="VITAL", promised_on=day(-15))
    order("all came", promised_on=day(-10), came=10)
    order("part came", promised_on=day(-4), came=6)
    order("part just late", promised_on=day(-3), came=6)
    order("a week later", requested_on=day(3))
    order("more than a week later", requested_on=day(2))
    order("unconfirmed", promised_on=None, ordered_on=day(-4))
    order("just ordered", promised_on=None, ordered_on=day(-3))
    order("unconfirmed and due", promised_on=None, requested_on=day(-1), item="VITAL", ordered_on=day(-4))
    order("unconfirmed draft", promised_on=None, order_state="draft", order_number=None)
    order("quantity confirmed", promised_on=None, confirmed_quantity=10)
    order("confirmed less", confirmed_quantity=9)
    order("confirmed none", confirmed_quantity=0, item="VITAL")
    assert fired(company, "order_line") == {
        "late_inbound": {"late": "warning", "very late": "critical"},
        "partial_receipt": {"part came": "info"},
        "late_confirmation": {"more than a week later": "warning"},
        "unconfirmed_order": {"unconfirmed": "info", "unconfirmed and due": "critical"},
        "confirmed_short": {"confirmed less": "warning", "confirmed none": "critical"},
    }


def test_prices(company: Company, order: Callable[..., None]) -> None:
    breaks = [{"quantity": 1, "price": 10}, {"quantity": 100, "price": 8}]
    company.item("STEPS")
    company.add(
        "agreement", item_code="STEPS", supplier_code="S1", price=Decimal(10), currency="USD", lead_time_days=10,
        price_breaks=Jsonb(breaks), price_ceiling=Decimal("10.50"),
    )  # fmt: skip
    order("as agreed")
    order("a tenth more", unit_price=Decimal(11))
    order("more than that", unit_price=Decimal("11.01"))
    order("more than twice", unit_price=Decimal("20.01"))
    order("another currency", unit_price=Decimal(70), currency="CNY")
    order("many, at the price of few", item="STEPS", quantity=100, unit_price=Decimal(10))
    order("above the ceiling", item="STEPS", quantity=99, unit_price=Decimal("10.51"))
    order("at the ceiling", item="STEPS", unit_price=Decimal("10.50"))
    for number, price in enumerate((4, 5, 50)):  # without an agreement: against the median of earlier orders, 5
        order(f"before {number}", item="VITAL", unit_price=Decimal(price), ordered_on=day(-100), order_state="done")
    order("long before", item="VITAL", unit_price=Decimal(1), ordered_on=day(-800), order_state="done")
    order("like before", item="VITAL", unit_price=Decimal("5.75"))
    order("dearer than before", item="VITAL", unit_price=Decimal("5.80"))
    assert fired(company, "order_line") == {
        "price_jump": {
            "more than that": "warning", "more than twice": "critical", "many, at the price of few": "warning",
            "dearer than before": "warning",
        },
        "price_above_ceiling": {"above the ceiling": "warning"},
    }  # fmt: skip


def test_suppliers(company: Company, order: Callable[..., None]) -> None:
    suppliers = ("GOOD", "LATE", "FEW", "WORSE", "SHORT", "EVER")
    for code in suppliers:
        company.add("supplier", code=code, name=code.title())

    def lines(supplier: str, count: int, due: int, *, late: int = 0, came: int = 10, state: str = "done") -> None:
        for number in range(count):
            promised = day(-due)
            after = due - 1 if number >= late else due - 5
            order(
                f"{supplier} {due} {number}", supplier_code=supplier, promised_on=promised, came=came,
                came_days_ago=after + 1.5, order_state=state, ordered_on=day(-due - 20),
            )  # fmt: skip

    lines("GOOD", 10, 30, late=2)
    lines("LATE", 5, 30, late=2)
    lines("FEW", 4, 30, late=4)
    lines("WORSE", 10, 80, late=2)
    lines("WORSE", 20, 91, late=0)
    lines("EVER", 10, 89, late=1)
    lines("EVER", 20, 455, late=0)
    lines("SHORT", 5, 30, came=9)
    assert fired(company, "supplier") == {
        # what came short has not come in time
        "supplier_late": {"LATE": "warning", "SHORT": "warning"},
        "supplier_declining": {"WORSE": "info"},
        "supplier_partial": {"SHORT": "info"},
    }
    row = company.conn.execute(
        "SELECT due_lines, on_time_rate, due_lines_before, on_time_rate_before, supplier_fulfilment_rate, late_lines"
        " FROM lotwatch.fact_supplier WHERE supplier_code = 'WORSE'"
    ).fetchone()
    assert row == (10, Decimal("0.8"), 20, Decimal(1), Decimal(1), 0)


def test_suppliers_whose_lots_fail(company: Company, order: Callable[..., None]) -> None:
    for supplier, failed in (("BAD", 2), ("ONCE", 1)):
        company.add("supplier", code=supplier, name=supplier)
        for number in range(3):
            lot = f"{supplier} {number}"
            company.lot(lot)
            order(lot, supplier_code=supplier, order_state="done")
            company.move(10, "DC/QC", lot=lot, days_ago=30, order_line_key=lot)
            state = "failed" if number < failed else "passed"
            inspected(company, lot, state, lot_number=lot)
    assert fired(company, "supplier") == {"supplier_failing_lots": {"BAD": "warning"}}


def inspected(company: Company, key: str, state: str, *, opened: int = 20, closed: int = 10, **row: Any) -> None:
    done = None if state == "pending" else NOW - timedelta(days=closed)
    plain = {"item_code": "I1", "number": key, "opened_at": NOW - timedelta(days=opened), "closed_at": done}
    company.add("inspection", key, **(plain | {"state": state} | row))


def shipped(company: Company, key: str, *, days_ago: float = 10, expected: float | None = 2, **row: Any) -> None:
    """A delivery that left so many days ago and is expected in so many."""
    plain = {
        "delivery_key": key, "delivery_number": key, "to_location": "DC", "state": "shipped", "item_code": "I1",
        "shipped_at": NOW - timedelta(days=days_ago), "quantity": 10,
        "expected_at": None if expected is None else NOW + timedelta(days=expected),
    }  # fmt: skip
    company.add("delivery_line", f"{key} line", **(plain | row))


def tracked(company: Company, key: str, *, days_ago: float, **row: Any) -> None:
    name = f"{key} {days_ago} {row.get('disposition')}"
    plain = {"event_key": name, "event_type": "ObjectEvent", "occurred_at": NOW - timedelta(days=days_ago)}
    company.add("tracking_event", name, **(plain | {"disposition": "in_transit", "delivery_key": key} | row))


BOX = "040532190000000093"


def test_shipments(company: Company, order: Callable[..., None]) -> None:
    arrived = {"state": "delivered", "delivered_at": NOW - timedelta(days=3)}
    shipped(company, "in time", days_ago=3)
    shipped(company, "a day late", days_ago=3, expected=-1)
    shipped(company, "late", days_ago=3, expected=-1.1)
    shipped(company, "very late", days_ago=4.5, expected=-3.1, item_code="VITAL")
    shipped(company, "heard of", days_ago=30, expected=None)
    tracked(company, "heard of", days_ago=2.9)
    shipped(company, "silent", days_ago=30)
    tracked(company, "silent", days_ago=3)
    shipped(company, "never tracked", days_ago=13.9)
    shipped(company, "never tracked and long under way", days_ago=14)
    shipped(company, "far past", days_ago=20, expected=-5.1)
    tracked(company, "far past", days_ago=4)
    shipped(company, "lost", days_ago=20, expected=-5.1)
    tracked(company, "lost", days_ago=5)
    shipped(company, "damaged", days_ago=3)
    tracked(company, "damaged", days_ago=1, disposition="damaged")
    shipped(company, "box stolen", days_ago=3, sscc=BOX)
    tracked(company, "box", days_ago=1, disposition="stolen", delivery_key=None, sscc=BOX)
    shipped(company, "arrived", received_quantity=10, **arrived)
    shipped(company, "arrived short", received_quantity=9, **arrived)
    shipped(company, "arrived late", expected=-9, received_quantity=10, **arrived)
    shipped(company, "arrived long ago", received_quantity=9, **(arrived | {"delivered_at": NOW - timedelta(days=31)}))
    shipped(company, "too warm", days_ago=3)
    shipped(company, "warm for a while", days_ago=3)
    for expected in (1, 2, 4):
        shipped(company, "put off twice", days_ago=3, expected=expected)
        company.post()
    for expected in (3, 4, 2):
        shipped(company, "put off once", days_ago=3, expected=expected)
        company.post()
    company.conn.execute(
        "INSERT INTO lotwatch.excursion (delivery_key, sensor, allowed_max_c, started_at, ended_at, is_over, coldest_c,"
        " warmest_c, beyond_tolerance) SELECT key, 's', 8, %(at)s, %(at)s, true, 9, 9, key = 'too warm'"
        " FROM unnest(ARRAY['too warm', 'warm for a while']) AS key",
        {"at": NOW - timedelta(days=1)},
    )
    assert fired(company, "shipment") == {
        "shipment_late": {"late": "warning", "very late": "critical", "far past": "warning"},
        "shipment_silent": {"silent": "info", "never tracked and long under way": "warning"},
        "shipment_lost": {"lost": "warning"},
        "shipment_damaged": {"damaged": "warning", "box stolen": "warning"},
        "shipment_temperature": {"too warm": "critical"},
        "shipment_slipping": {"put off twice": "info"},
        "shipment_short": {"arrived short": "info"},
    }


@prepared
def lots(company: Company) -> None:
    """Items I1 and VITAL, lots A to D of each, 10 of each lot in DC."""
    company.item()
    company.item("VITAL", criticality="life_supporting")
    for item in ("I1", "VITAL"):
        for lot in "ABCD":
            company.lot(lot, item=item)
            company.move(10, "DC", lot=lot, item=item)


def test_inspections(lots: Company) -> None:
    inspected(lots, "failed", "failed", lot_number="A")
    lots.lot("GONE")
    inspected(lots, "failed and gone", "failed", lot_number="GONE")
    inspected(lots, "passed", "passed", lot_number="B")
    inspected(lots, "a week", "pending", opened=7)
    inspected(lots, "over a week", "pending", opened=8)
    inspected(lots, "planned for longer", "pending", opened=8, due_on=day(0))
    inspected(lots, "past its day", "pending", opened=2, due_on=day(-1))
    assert fired(lots, "inspection") == {
        "failed_inspection": {"failed": "critical"},
        "overdue_inspection": {"over a week": "info", "past its day": "info"},
    }


def test_lots_and_items_with_bad_news(lots: Company) -> None:
    for number in range(2):
        inspected(lots, f"A{number}", "failed", lot_number="A", closed=number)
    inspected(lots, "B failed", "failed", lot_number="B")
    inspected(lots, "B passed", "passed", lot_number="B")
    for number, state in enumerate(("failed", "failed", "passed", "passed")):
        inspected(lots, f"V{number}", state, item_code="VITAL", lot_number="C", opened=800, closed=182 - number)
    told = {"number": "QA", "state": "open", "opened_at": NOW - timedelta(days=15), "item_code": "VITAL"}
    lots.add("quality_alert", "lot", lot_number="D", **told)
    lots.add("quality_alert", "settled", **(told | {"lot_number": "B", "state": "resolved", "closed_at": NOW}))
    lots.add("quality_alert", "deferred", **(told | {"state": "deferred"}))
    lots.add("quality_alert", "new", **(told | {"opened_at": NOW - timedelta(days=14)}))
    assert fired(lots, "lot_quality") == {
        # those of the quality system's failed inspections are held
        "lot_failed_repeatedly": {"I1/A": "warning", "VITAL/C": "warning"},
        "released_despite_alert": {"VITAL/D": "critical"},
    }
    assert fired(lots, "quality_alert") == {"quality_alert_unsettled": {"lot": "info"}}
    # of VITAL's, two lie more than 180 days back, and were the failed ones
    assert fired(lots, "item_quality") == {"item_failing": {"I1": "warning"}}


def test_credentials(company: Company) -> None:
    held = {"kind": "registration", "valid_from": day(-1000)}
    for item in ("YEAR", "HALF", "QUARTER", "MONTH", "USED", "RENEWED", "LAPSED", "LAPSED AND USED"):
        company.item(item)
    for item, left in (("YEAR", 181), ("HALF", 180), ("QUARTER", 90), ("MONTH", 30), ("USED", 30), ("RENEWED", 1)):
        company.add("credential", item_code=item, number=f"R {item}", valid_through=day(left), **held)
    company.add("credential", item_code="RENEWED", number="R2", valid_through=day(1000), **held)
    for item in ("LAPSED", "LAPSED AND USED"):
        company.add("credential", item_code=item, number=f"R {item}", valid_through=day(-1), **held)
    for item in ("USED", "LAPSED AND USED"):
        company.lot(item=item)
        company.move(5, "DC", item=item)
    licence = {"kind": "licence", "number": "L", "valid_through": day(-1), "valid_from": day(-1000)}
    company.add("credential", supplier_code="S1", **licence)
    company.order_line(5, item="HALF")
    assert fired(company, "credential") == {
        "credential_lapsing": {
            "registration:HALF": "info", "registration:QUARTER": "warning", "registration:MONTH": "warning",
            "registration:USED": "critical",
        },
        "credential_lapsed": {"registration:LAPSED AND USED": "warning", "licence:S1": "critical"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spent", "at", "expected"),
    [  # half of June has gone
        (499, 15, {}),
        (560, 15, {"budget_runs_out": "info"}),
        (560, 7, {}),  # too early to tell
        (899, 28, {}),
        (900, 15, {"budget_nearly_used": "warning"}),
        (950, 28, {"budget_nearly_used": "info"}),
        (1000, 15, {"budget_exhausted": "warning"}),
    ],
)
def test_budgets(company: Company, spent: int, at: int, expected: dict[str, str]) -> None:
    company.context = context(as_of=NOW.replace(day=at))
    company.item()
    company.item("OTHER")
    company.order_line(spent, key="this month", unit_price=Decimal(1), ordered_on=date(2026, 6, 1))
    company.order_line(500, key="last month", unit_price=Decimal(1), ordered_on=date(2026, 5, 31))
    company.order_line(500, key="elsewhere", unit_price=Decimal(1), ordered_on=date(2026, 6, 1), site_code="HOSP")
    cancelled = {"order_state": "cancelled", "ordered_on": date(2026, 6, 1)}
    company.order_line(500, key="cancelled", unit_price=Decimal(1), **cancelled)
    company.order_line(500, key="yuan", unit_price=Decimal(1), currency="CNY", ordered_on=date(2026, 6, 1))
    company.post()
    company.conn.execute(
        "INSERT INTO lotwatch.budget SELECT location_id, period::date, 1000, 'USD' FROM lotwatch.location,"
        " unnest(ARRAY['2026-05-01', '2026-06-01']) AS period WHERE code = 'DC'"
    )
    assert {rule: found["DC:2026-06"] for rule, found in fired(company, "budget").items()} == expected


def test_demand(company: Company) -> None:
    company.item()
    company.item("VITAL", criticality="life_supporting")

    def wanted(key: str, days: int | None, *, set_aside: int = 0, **row: Any) -> None:
        plain = {
            "order_key": key, "order_kind": "department", "site_code": "DC", "priority": "routine", "item_code": "I1",
            "ordered_at": NOW - timedelta(days=9), "need_by": None if days is None else day(days), "quantity": 5,
            "state": "open",
        }  # fmt: skip
        row = plain | row
        company.add("demand_line", key, **row)
        if set_aside:
            company.add(
                "allocation", f"for {key}", demand_line_key=key, item_code=row["item_code"], location_code="DC",
                quantity=set_aside, allocated_at=NOW - timedelta(days=1),
            )  # fmt: skip

    planned: dict[str, Any] = {"order_kind": "procedure", "procedure_at": NOW + timedelta(days=3)}
    wanted("no day", None)
    wanted("today", 0)
    wanted("today, set aside", 0, set_aside=5)
    wanted("in two days, in part", 2, set_aside=4, priority="urgent")
    wanted("in three days", 3)
    wanted("overdue", -1)
    wanted("overdue, set aside", -1, set_aside=5)
    wanted("overdue and vital", -1, item_code="VITAL")
    wanted("served", -1, state="done", closed_at=NOW)
    wanted("procedure", 3, **planned)
    wanted("procedure, reserved", 3, set_aside=5, **planned)
    wanted("procedure later", 4, order_kind="procedure", procedure_at=NOW + timedelta(days=4))
    assert fired(company, "demand_line") == {
        "demand_late": {"overdue": "warning", "overdue, set aside": "info", "overdue and vital": "critical"},
        "demand_at_risk": {"today": "info", "in two days, in part": "warning"},
        "procedure_without_stock": {"procedure": "critical"},
    }
