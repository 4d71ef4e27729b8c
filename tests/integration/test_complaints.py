"""What people complain of in systems that warn: none of it is so here."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg
import pytest

from lotwatch import facts, ledger
from lotwatch.audit import begin_run
from lotwatch.rules import Alert, evaluate_live, load_rules, take_untold
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_runs = count()


def sweep(company: Company, as_of: datetime = NOW) -> list[Alert]:
    """Evaluate everything at a moment; what somebody is told of now."""
    run = begin_run(company.conn, context(run_id=f"sweep {next(_runs)}", as_of=as_of))
    evaluate_live(company.conn, load_rules(), run)
    told = take_untold(company.conn, as_of)
    company.conn.commit()
    return told


def told_of(alerts: list[Alert]) -> list[tuple[str, str]]:
    return sorted((alert.rule_id, alert.subject_key) for alert in alerts)


def set_policy(conn: psycopg.Connection, item: str, site: str = "DC", **levels: Any) -> None:
    """A policy, the last one: usage in units a day, lead time in days, levels in units."""
    plain = {"usage": 1, "lead_time": 10, "safety": 0, "reorder": 0, "target": 1000, "most": 1000, "inputs": "{}"}
    conn.execute(
        "INSERT INTO lotwatch.policy (item_id, site_id, valid_from, average_daily_usage, lead_time_days, safety_stock,"
        " reorder_point, target_level, max_level, method, inputs, reason, set_by)"
        " SELECT item_id, location_id, %(since)s, %(usage)s, %(lead_time)s, %(safety)s, %(reorder)s, %(target)s,"
        " %(most)s, 'test', %(inputs)s::jsonb, 'test', 'test'"
        " FROM lotwatch.item, lotwatch.location WHERE item.code = %(item)s AND location.code = %(site)s",
        plain | levels | {"item": item, "site": site, "since": NOW - timedelta(minutes=1)},
    )


@prepared
def short(company: Company) -> None:
    """5 left of an item of which one a day is used and that takes ten days to come."""
    company.item()
    company.lot()
    company.move(5, "DC", days_ago=40)
    company.post()
    set_policy(company.conn, "I1", reorder=12)
    company.conn.commit()


def test_an_alert_reads_the_stock_of_now_and_not_of_the_last_run(short: Company, db_url: str) -> None:
    assert told_of(sweep(short)) == [("stockout_risk", "I1@DC")]
    with psycopg.connect(db_url) as somebody_else:
        elsewhere = Company.__new__(Company)
        elsewhere.__dict__.update(short.__dict__, conn=somebody_else)
        elsewhere.move(100, "DC", key="came", days_ago=0)
        elsewhere.post()
    sweep(short, NOW + HOUR)
    assert short.conn.execute("SELECT state FROM lotwatch.alert").fetchall() == [("resolved",)]


def test_what_goes_on_is_not_told_every_day(short: Company) -> None:
    assert len(sweep(short)) == 1
    assert [sweep(short, NOW + day * DAY) for day in range(1, 6)] == [[]] * 5


def test_what_hovers_about_its_level_is_not_told_day_after_day(company: Company) -> None:
    """The reorder point is 100: 99 are there, then one or two more or less each day."""
    company.item()
    company.lot()
    company.move(99, "DC", days_ago=40)
    company.post()
    set_policy(company.conn, "I1", reorder=100)
    told = [told_of(sweep(company))]
    for day, change in enumerate((2, -3, 4, -1), start=1):
        company.move(abs(change), *(("DC", "SUPPLIER") if change > 0 else ("PATIENT", "DC")), days_ago=0)
        company.post()
        told.append(told_of(sweep(company, NOW + day * DAY)))
    assert told == [[("stockout_risk", "I1@DC")], [], [], [], []]
    company.move(5, "DC", days_ago=0)
    company.post()
    sweep(company, NOW + 5 * DAY)
    assert company.conn.execute("SELECT state FROM lotwatch.alert").fetchall() == [("resolved",)]


def test_what_comes_again_is_told_again(short: Company) -> None:
    sweep(short)
    for again in range(1, 4):
        short.move(100, "DC", key=f"came {again}", days_ago=0)
        short.post()
        assert sweep(short, NOW + again * DAY) == []
        short.move(100, "SUPPLIER", "DC", key=f"went {again}", days_ago=0)
        short.post()
        (told,) = sweep(short, NOW + again * DAY + HOUR)
        assert (told.rule_id, told.recurrences) == ("stockout_risk", again)


def test_what_began_in_nights_without_a_run_is_told_by_the_next_run_once(company: Company) -> None:
    company.item()
    for day in (1, 2, 3):
        company.lot(f"ends {day}", expires=TODAY + day * DAY)
        company.move(4, "DC", lot=f"ends {day}", days_ago=20)
    company.order_line(10, key="line", promised_on=TODAY + DAY)
    company.post()
    sweep(company)
    after = NOW + 3 * DAY
    expired = [("expired_on_shelf", f"I1/ends {day}@DC") for day in (1, 2)]
    assert told_of(sweep(company, after)) == [*expired, ("late_inbound", "test:line")]
    assert sweep(company, after + HOUR) == []


def test_what_cannot_be_used_is_not_available(company: Company) -> None:
    company.location("DC/BAD", kind="bin", parent_code="DC", status="blocked")
    for why in (cannot := ("held", "expired", "blocked", "inspection", "set aside", "elsewhere")) + ("usable",):
        company.item(why)
        company.lot(item=why, expires=TODAY - DAY if why == "expired" else TODAY + 400 * DAY)
        place = {"blocked": "DC/BAD", "inspection": "DC/QC", "elsewhere": "HOSP"}.get(why, "DC")
        company.move(10, place, item=why, days_ago=20)
    company.add(
        "allocation", item_code="set aside", location_code="DC", lot_number="L1", quantity=10, allocated_at=NOW - HOUR
    )
    company.post()
    for why in (*cannot, "usable"):
        set_policy(company.conn, why)
    held = company.conn.execute("SELECT item_id FROM lotwatch.item WHERE code = 'held'").fetchone()
    assert held is not None
    ledger.place_hold(company.conn, ledger.Hold("quality", "Q1", "x", item_id=held[0]), company.context, "quality")
    out = [key for rule, key in told_of(sweep(company)) if rule == "out_of_stock"]
    assert out == sorted(f"{why}@DC" for why in cannot)


def test_an_order_hides_a_stockout_only_if_it_comes_in_time(company: Company) -> None:
    """5 of each are left, and one a day is used: they last through the fourth day from today."""
    promised_in = {"far off": 180, "late": -3, "not said": None, "a day too late": 6, "in time": 5, "today": 0}
    for item, days in promised_in.items():
        company.item(item)
        company.lot(item=item)
        company.move(5, "DC", item=item, days_ago=40)
        promised_on = None if days is None else TODAY + days * DAY
        company.order_line(1000, item=item, key=item, promised_on=promised_on)
    company.post()
    for item in promised_in:
        set_policy(company.conn, item, reorder=12)
    told = [each for each in told_of(sweep(company)) if each[0] in ("stockout_risk", "projected_stockout")]
    assert told == sorted(("projected_stockout", f"{item}@DC") for item in list(promised_in)[:4])


def test_today_is_the_day_of_the_run_at_each_site(company: Company) -> None:
    company.item()
    company.lot(expires=TODAY)
    for place in ("DC", "HOSP"):  # the second is in Shanghai, eight hours ahead
        company.move(1, place, days_ago=9)
    company.post()
    midnight_there = datetime.combine(TODAY, datetime.min.time(), NOW.tzinfo) + 16 * HOUR
    expired = {
        moment: [key for rule, key in told_of(sweep(company, moment)) if rule == "expired_on_shelf"]
        for moment in (midnight_there - HOUR, midnight_there, midnight_there + 8 * HOUR)
    }
    assert list(expired.values()) == [[], ["I1/L1@HOSP"], ["I1/L1@DC"]]


def test_one_bad_record_stops_neither_the_run_nor_other_alerts(company: Company) -> None:
    for item in ("GOOD", "BAD"):
        company.item(item)
        company.lot(f"L {item}", item=item, expires=TODAY - DAY)
        company.move(5, "DC", item=item, lot=f"L {item}", days_ago=9)
    company.post()
    company.move(1, "NOWHERE", "DC", item="BAD", lot="L BAD", key="bad")
    company.move(1, "PATIENT", "DC", item="GOOD", lot="L GOOD", key="good")
    company.sync()
    sweep(company)
    states = dict(
        company.conn.execute("SELECT subject_key, state FROM lotwatch.alert WHERE rule_id = 'expired_on_shelf'")
    )
    assert states == {"GOOD/L GOOD@DC": "open", "BAD/L BAD@DC": "suppressed"}
    assert company.position("DC", "GOOD") == 4


def test_fractions_are_exact(company: Company) -> None:
    """Three of each: usage, days to the last day of use; days until short, days of cover, at risk."""
    cases = {
        "tenths": ("0.3", 9, (10, Decimal("10.0"), 0)),  # three in ten days, and not a little less
        "a part of a day": ("0.7", 9, (4, Decimal("4.3"), 0)),
        "a part of a unit": ("0.29", 9, (10, Decimal("10.3"), 0)),  # whole units count
        "one is wasted": ("0.1", 19, (20, Decimal("30.0"), 1)),  # two are used by the last day
    }
    for item, (_, days, _) in cases.items():
        company.item(item)
        company.lot(item=item, expires=TODAY + days * DAY)
        company.move(3, "DC", item=item, days_ago=20)
    company.post()
    for item, (usage, *_) in cases.items():
        set_policy(company.conn, item, usage=Decimal(usage))
    facts.live(company.conn, NOW)
    rows = company.conn.execute(
        "SELECT item_code, days_to_stockout, days_of_cover, quantity_at_risk FROM lotwatch.fact_item_site"
        " JOIN lotwatch.fact_ending_lot USING (item_id, site_id, item_code)"
    ).fetchall()
    assert {item: tuple(measured) for item, *measured in rows} == {item: case[2] for item, case in cases.items()}


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_days_count_towards_what_is_to_come_and_from_what_is_due(company: Company, days: int) -> None:
    company.item()
    company.lot(expires=TODAY + days * DAY)
    company.move(1, "DC", days_ago=9)
    company.order_line(5, key="line", promised_on=TODAY - days * DAY)
    company.add(
        "kit", code="SET", name="Set", owner="loaned", supplier_code="S1", location_code="DC", state="ready",
        due_back=TODAY - days * DAY,
    )  # fmt: skip
    company.post()
    told = {rule for rule, _ in told_of(sweep(company))}
    assert ("expired_on_shelf" in told, "near_expiry" in told) == (days < 0, days >= 0)
    assert ("late_inbound" in told, "kit_overdue" in told) == (days > 0, days > 0)
