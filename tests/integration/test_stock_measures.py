"""The measures of an item at a site, each worked out by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from lotwatch import facts
from tests.examples import examples
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

DAY = timedelta(days=1)


def policy(conn: psycopg.Connection, item: str = "I1", site: str = "DC", usage: Any = 2, lead_time: Any = 10) -> None:
    """A policy of an item at a site since long ago: usage in units a day, lead time in days."""
    conn.execute(
        "INSERT INTO lotwatch.policy (item_id, site_id, valid_from, average_daily_usage, lead_time_days, safety_stock,"
        " reorder_point, target_level, max_level, method, inputs, reason, set_by)"
        " SELECT item_id, location_id, '2020-01-01', %s, %s, 0, 0, 0, 0, 'test', '{}', 'test', 'test'"
        " FROM lotwatch.item, lotwatch.location WHERE item.code = %s AND location.code = %s",
        (usage, lead_time, item, site),
    )


def measures(
    company: Company, *names: str, site: str = "DC", item: str = "I1", days_ago: float | None = None
) -> dict[str, int]:
    """The named measures of an item at a site: now, or so many days ago."""
    if days_ago is None:
        facts.live(company.conn, NOW)
    else:
        facts.at(company.conn, NOW - timedelta(days=days_ago))
    statement = sql.SQL("SELECT {} FROM lotwatch.fact_item_site WHERE site_code = %s AND item_code = %s")
    row = company.conn.execute(
        statement.format(sql.SQL(", ").join(map(sql.Identifier, names))), (site, item)
    ).fetchone()
    company.conn.commit()
    return dict(zip(names, row, strict=True)) if row else {}


def wanted(company: Company, key: str, quantity: int, need_by: date | None = TODAY, **changes: Any) -> None:
    plain = {
        "order_key": f"D-{key}", "order_kind": "department", "site_code": "DC", "customer_location": "HOSP/OR",
        "ordered_at": NOW - 2 * DAY, "item_code": "I1", "state": "open",
    }  # fmt: skip
    company.add("demand_line", key, quantity=quantity, need_by=need_by, **(plain | changes))


def set_aside(company: Company, key: str, quantity: int, **changes: Any) -> None:
    plain = {"item_code": "I1", "location_code": "DC", "lot_number": "L1", "allocated_at": NOW - DAY}
    company.add("allocation", key, quantity=quantity, **(plain | changes))


def sent(company: Company, key: str, quantity: int, **changes: Any) -> None:
    plain = {
        "delivery_key": f"S-{key}", "from_site": "DC", "to_location": "HOSP/OR", "state": "shipped",
        "shipped_at": NOW - DAY, "expected_at": NOW + DAY, "item_code": "I1", "lot_number": "L1",
    }  # fmt: skip
    company.add("delivery_line", key, quantity=quantity, **(plain | changes))


@prepared
def stocked(company: Company) -> None:
    """50 of a lot that keeps, at the distribution centre."""
    company.item()
    company.lot()
    company.move(50, "DC", days_ago=20)
    company.post()


def test_everything_at_once_adds_up(stocked: Company) -> None:
    """
    There: 50 good, 12 in inspection, 6 on a blocked shelf, 3 expired                  physical 71
    Set aside: 8 of the 50                                                             available 42
    Asked for: 10 for today, of which 4 are sent and 5 of those 8 are for it; 20 for tomorrow     backordered 1
    Ordered: 100, of which 30 came and 5 of those went back                            on order 75
    On the way: 9 were sent from the hospital, 2 of them came                          in transit 7
    Ends: 40 in 4 days at 2 a day, today included: 10 are used                         expiring unused 30
    """
    stocked.location("DC/BAD", kind="bin", parent_code="DC", status="blocked")
    stocked.lot("OLD", expires=TODAY - DAY)
    stocked.lot("SOON", expires=TODAY + 4 * DAY)
    stocked.move(12, "DC/QC", lot="L1")
    stocked.move(6, "DC/BAD", lot="L1")
    stocked.move(3, "DC", lot="OLD", days_ago=30)
    stocked.move(30, "DC", lot="L1", order_line_key="line-1")
    stocked.move(5, "SUPPLIER", "DC", lot="L1", order_line_key="line-1")
    stocked.move(65, "SUPPLIER", "DC", lot="L1")
    stocked.move(40, "DC", lot="SOON")
    stocked.order_line(100, key="line-1", promised_on=TODAY + 10 * DAY)
    wanted(stocked, "today", 10)
    wanted(stocked, "tomorrow", 20, need_by=TODAY + DAY)
    sent(stocked, "for today", 4, demand_line_key="today")
    set_aside(stocked, "for today", 5, demand_line_key="today")
    set_aside(stocked, "for a transfer", 3)
    sent(stocked, "returned", 9, from_site="HOSP", to_location="DC", received_quantity=2, expected_at=NOW + 11 * DAY)
    stocked.add(
        "inspection", number="QI-1", item_code="I1", lot_number="L1", state="pending", opened_at=NOW - DAY,
        due_on=TODAY + 10 * DAY,
    )  # fmt: skip
    stocked.post()
    policy(stocked.conn, usage=2, lead_time=10)
    expected = {
        "physical": 71, "expired": 3, "in_inspection": 12, "allocated": 8, "available": 42, "backordered": 1,
        "on_order": 75, "in_transit": 7, "expiring_unused": 30,
        "expected_usable": 42 + 12 + 75,  # the delivery comes a day too late
        "inventory_position": 42 + 12 + 7 + 75 - 1 - 30,
    }  # fmt: skip
    assert measures(stocked, *expected) == expected
    assert measures(stocked, *expected, days_ago=0) == expected


def test_what_is_held_or_expired_or_closed_is_not_set_aside(stocked: Company) -> None:
    stocked.lot("OLD", expires=TODAY - DAY)
    stocked.move(9, "DC", lot="OLD", days_ago=20)
    set_aside(stocked, "good", 4)
    set_aside(stocked, "expired", 5, lot_number="OLD")
    set_aside(stocked, "closed", 6, closed_at=NOW - DAY / 2)
    stocked.post()
    assert measures(stocked, "allocated", "available") == {"allocated": 4, "available": 46}
    assert measures(stocked, "allocated", days_ago=0.75) == {"allocated": 15}  # none was closed or expired then


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 10),
        ({"need_by": TODAY + DAY}, 0),
        ({"need_by": TODAY - DAY}, 10),
        ({"need_by": None}, 10),
        ({"state": "draft"}, 0),
        ({"state": "cancelled", "closed_at": NOW - DAY / 2}, 0),
        ({"state": "done", "closed_at": NOW - DAY / 2}, 0),
    ],
)
def test_backordered_is_what_should_have_been_sent_by_today(
    stocked: Company, changes: Mapping[str, Any], expected: int
) -> None:
    wanted(stocked, "d1", 10, **changes)
    stocked.post()
    assert measures(stocked, "backordered")["backordered"] == expected


def test_the_day_of_need_is_the_sites(company: Company) -> None:
    """It is tomorrow already at a hospital in Shanghai while the evening is young in UTC."""
    company.item()
    company.post()
    wanted(company, "d1", 10, need_by=TODAY + DAY, site_code="HOSP")
    company.post()
    policy(company.conn, site="HOSP")
    facts.live(company.conn, NOW.replace(hour=15, minute=59))
    query = "SELECT backordered FROM lotwatch.fact_item_site WHERE site_code = 'HOSP'"
    assert company.conn.execute(query).fetchone() == (0,)
    facts.live(company.conn, NOW.replace(hour=16))
    assert company.conn.execute(query).fetchone() == (10,)


def test_a_delivery_is_in_transit_from_when_it_is_sent_until_it_is_received(stocked: Company) -> None:
    sent(stocked, "planned", 1, state="planned", shipped_at=None)
    sent(stocked, "on the way", 2)
    sent(stocked, "partly there", 4, received_quantity=3)
    sent(stocked, "more came", 8, received_quantity=9)
    sent(stocked, "arrived", 16, state="delivered", delivered_at=NOW - DAY / 2)
    sent(stocked, "called off", 32, state="cancelled", cancelled_at=NOW - DAY / 2)
    sent(stocked, "to a patient", 64, to_location="PATIENT")
    stocked.post()
    assert measures(stocked, "in_transit", site="HOSP") == {"in_transit": 2 + 1}
    assert measures(stocked, "in_transit", site="HOSP", days_ago=0.75) == {"in_transit": 2 + 1 + 16 + 32}


def test_what_a_supplier_has_sent_of_an_order_comes_once(stocked: Company) -> None:
    stocked.order_line(100, key="line-1", promised_on=TODAY + DAY)
    sent(stocked, "of the supplier", 60, from_site=None, to_location="DC")
    stocked.post()
    policy(stocked.conn)
    assert measures(stocked, "inventory_position", "expected_usable") == {
        "inventory_position": 150,
        "expected_usable": 150,
    }


def announced(company: Company, key: str, quantity: int, line: str | None = "line-1", **changes: Any) -> None:
    sent(company, key, quantity, **({"from_site": None, "to_location": "DC", "order_line_key": line} | changes))


def test_what_a_supplier_has_announced_of_an_order_line_is_in_transit_and_on_order_no_more(stocked: Company) -> None:
    """
    Ordered: 100, promised in 30 days, of which 60 are announced for tomorrow: the lead time is 10 days.
    """
    stocked.order_line(100, key="line-1", promised_on=TODAY + 30 * DAY)
    announced(stocked, "asn", 60)
    stocked.post()
    policy(stocked.conn)
    expected = {"on_order": 40, "in_transit": 60, "inventory_position": 150, "expected_usable": 50 + 60}
    assert measures(stocked, *expected) == expected
    before = {"on_order": 100, "in_transit": 0, "inventory_position": 150}
    assert measures(stocked, *before, days_ago=1.5) == before
    facts.live(stocked.conn, NOW)
    row = stocked.conn.execute("SELECT outstanding, in_transit, expected_at FROM lotwatch.fact_order_line").fetchone()
    assert row == (100, 60, NOW + DAY)


def test_an_announced_delivery_that_is_received_counts_once_whichever_is_told_first(stocked: Company) -> None:
    """The receipt is told, the papers still say that all is on its way; then they say that it has arrived."""
    stocked.order_line(100, key="line-1")
    announced(stocked, "asn", 60)
    stocked.move(45, "DC", order_line_key="line-1", days_ago=0.25)
    stocked.post()
    names = ("physical", "in_transit", "on_order")
    assert measures(stocked, *names) == {"physical": 95, "in_transit": 55, "on_order": 0}
    announced(stocked, "asn", 60, received_quantity=45)
    stocked.post()
    assert measures(stocked, *names) == {"physical": 95, "in_transit": 15, "on_order": 40}
    announced(stocked, "asn", 60, received_quantity=45, state="delivered", delivered_at=NOW - DAY / 8)
    stocked.post()
    assert measures(stocked, *names) == {"physical": 95, "in_transit": 0, "on_order": 55}


def test_no_more_is_in_transit_of_an_order_line_than_is_still_to_come(stocked: Company) -> None:
    """The warehouse and the carrier both tell of the same goods; a line that is closed, or not known, has none."""
    stocked.order_line(100, key="line-1")
    stocked.order_line(20, key="line-2", order_state="cancelled")
    announced(stocked, "told by the warehouse", 80)
    announced(stocked, "told by the carrier", 80)
    announced(stocked, "of a line that was cancelled", 20, line="line-2")
    announced(stocked, "of a line nobody knows", 7, line="line-9")
    announced(stocked, "of no line", 5, line=None)
    stocked.post()
    expected = {"in_transit": 100, "on_order": 0, "inventory_position": 150}
    assert measures(stocked, *expected) == expected


def test_an_announcement_that_is_called_off_is_on_order_again(stocked: Company) -> None:
    stocked.order_line(100, key="line-1")
    announced(stocked, "asn", 60)
    stocked.post()
    announced(stocked, "asn", 60, state="cancelled", cancelled_at=NOW - DAY / 8)
    stocked.post()
    assert measures(stocked, "in_transit", "on_order") == {"in_transit": 0, "on_order": 100}


def test_what_is_expected_by_the_end_of_a_day_at_the_site_arrives_on_that_day(company: Company) -> None:
    company.location("BOSTON", kind="site", time_zone="America/New_York")
    company.item()
    company.lot()
    company.post()
    last_day = TODAY + 10 * DAY
    end_of_day = datetime(last_day.year, last_day.month, last_day.day, 23, 59, tzinfo=UTC) + timedelta(hours=4)
    sent(company, "s1", 5, to_location="BOSTON", expected_at=end_of_day)
    company.post()
    policy(company.conn, site="BOSTON", lead_time=10)
    assert measures(company, "expected_usable", site="BOSTON") == {"expected_usable": 5}


def test_an_order_closed_short_is_not_on_order_whether_shown_live_or_as_of_now(stocked: Company) -> None:
    stocked.order_line(100, key="line-1")
    stocked.move(90, "DC", order_line_key="line-1")
    stocked.post()
    assert measures(stocked, "on_order") == {"on_order": 10}
    stocked.order_line(100, key="line-1", order_state="done")
    stocked.post()
    row = stocked.conn.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    for show in (facts.live, facts.at):
        show(stocked.conn, row[0])
        assert stocked.conn.execute("SELECT on_order FROM lotwatch.fact_item_site").fetchone() == (0,), show
        stocked.conn.commit()


def test_what_inspection_should_release_counts_by_its_day_and_the_share_that_passes(stocked: Company) -> None:
    """Nine of ten inspections of the item passed; five of the whole company's share are added: (9 + 5 * 0.9) / 15."""
    stocked.lot("L2")
    stocked.lot("L3")
    stocked.move(100, "DC/QC", lot="L2")
    stocked.move(1000, "DC/QC", lot="L3")
    row = {"item_code": "I1", "opened_at": NOW - 9 * DAY}
    for number in range(10):
        closed = {"state": "failed" if number == 0 else "passed", "closed_at": NOW - 8 * DAY}
        stocked.add("inspection", f"past-{number}", number=f"QI-{number}", **row, **closed)
    for lot, due in (("L2", TODAY + 10 * DAY), ("L3", TODAY + 11 * DAY)):
        stocked.add("inspection", lot, number=lot, lot_number=lot, state="pending", due_on=due, **row)
    stocked.post()
    policy(stocked.conn, lead_time=10)
    assert measures(stocked, "in_inspection", "expected_usable") == {"in_inspection": 1100, "expected_usable": 50 + 90}


@pytest.mark.parametrize(
    ("last_day", "lead_time", "expected"),
    [
        (0, 10, 48),  # today is still a day of use
        (9, 10, 30),
        (10, 10, 0),  # ends as the lead time does
        (9, 9.2, 30),  # a part of a day is a day
        (89, 200, 0),
        (-1, 10, 0),  # expired: not there to be used
    ],
)
def test_what_expires_before_usage_reaches_it(company: Company, last_day: int, lead_time: float, expected: int) -> None:
    company.item()
    company.lot(expires=TODAY + last_day * DAY)
    company.move(50, "DC", days_ago=100)
    company.post()
    policy(company.conn, usage=2, lead_time=lead_time)
    assert measures(company, "expiring_unused") == {"expiring_unused": expected}


# -- what expires unused, against a simulation day by day --------------------------------------------------------------

lots = st.dictionaries(st.integers(-3, 120), st.integers(1, 60), max_size=8)
usages = st.decimals(0, 12, places=2)
lead_times = st.decimals(0, 130, places=1)


def wasted(lots: Mapping[int, int], usage: Fraction, lead_time: int) -> int:
    """Use the lot that ends first, so much a day from today; whole units that pass their last day before the lead time ends.

    Only what ends in the next 90 days is looked at, as the measure says.
    """
    left = {day: Fraction(quantity) for day, quantity in lots.items() if 0 <= day < min(90, lead_time)}
    waste = Fraction(0)
    for today in range(lead_time):
        wish = usage
        for day in sorted(left):
            taken = min(wish, left[day])
            left[day] -= taken
            wish -= taken
        waste += left.pop(today, Fraction(0))
    return int(waste)


@settings(
    deadline=None,
    database=None,
    print_blob=True,
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lots=lots, usage=usages, lead_time=lead_times)
def test_what_expires_unused_is_what_a_simulation_wastes(
    company: Company, lots: dict[int, int], usage: Any, lead_time: Any
) -> None:
    item = f"F{next(_items)}"
    company.item(item)
    for day, quantity in lots.items():
        company.lot(f"ends {day}", item=item, expires=TODAY + day * DAY)
        company.move(quantity, "DC", item=item, lot=f"ends {day}", days_ago=200)
    company.post()
    policy(company.conn, item=item, usage=usage, lead_time=lead_time)
    expected = wasted(lots, Fraction(usage), -int(-Fraction(lead_time) // 1))
    assert measures(company, "expiring_unused", item=item) == {"expiring_unused": expected}


_items = count()
