"""Rules on real facts: what fires, and the life of an alert."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from lotwatch import facts
from lotwatch.audit import begin_run
from lotwatch.delivery.people import load_people
from lotwatch.jobs import watch
from lotwatch.jobs.tell import tell_alerts
from lotwatch.planning import PlanSettings
from lotwatch.rules import evaluate_backfilled, evaluate_live, list_alerts, load_rules, one_alert, take_untold
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared


@prepared
def short(company: Company) -> None:
    """10 left of an item of which 2 a day are used, with 10 days of lead time."""
    company.item()
    company.agreement()
    company.lot()
    company.move(30, "DC", days_ago=40)
    for day in range(1, 11):
        company.move(2, "PATIENT", "DC", days_ago=day)
    company.post()
    watch.plan(company.conn, company.context, PlanSettings(history_days=10))


def alerts(conn: psycopg.Connection, rule_id: str) -> list[tuple]:
    return conn.execute(
        "SELECT subject_key, severity, state, recurrences FROM lotwatch.alert WHERE rule_id = %s ORDER BY 1", (rule_id,)
    ).fetchall()


def test_every_fact_column_has_a_unit_and_every_rule_compiles(db: psycopg.Connection) -> None:
    known = facts.columns(db)
    assert [c for columns in known.values() for c in columns.values() if not c.comment] == []
    evaluate_live(db, load_rules(), begin_run(db, context()))


def one_of_each_that_is_wrong(company: Company) -> None:
    """Something for each fact about stock, places, sets and receipts."""
    company.item(storage_min_c=2, storage_max_c=8)
    company.location(
        "DC", kind="site", supplied_by="supplier", temperature_min_c=15, temperature_max_c=25, country="CN"
    )
    company.lot("SOON", expires=TODAY)
    company.move(1, "DC", lot="SOON", order_line_key="line")
    company.add("kit", code="SET", name="Set", owner="own", state="ready")
    company.item("PUMP", label_lot=False, label_serial=True, label_expiry=False)
    company.add("lot", item_code="PUMP", serial_number="SN")
    for place in ("DC", "HOSP"):
        company.move(1, place, item="PUMP", lot=None, serial_number="SN")


ONE_OF_EACH = (
    (
        "WITH made AS (INSERT INTO lotwatch.recall_case (code, kind, origin, title, issuer, action_kind, our_role,"
        " jurisdiction, opened_at, opened_by) VALUES ('RC-000001', 'recall', 'notice', 't', 'Acme', 'remove', 'user', 'us',"
        " %(now)s, 'qa') RETURNING case_id) INSERT INTO lotwatch.recall_clock (case_id, duty_id, starts_at, due_at)"
        " SELECT case_id, 'd', %(now)s, %(now)s FROM made"
    ),
    (
        "INSERT INTO lotwatch.hold (cause, authority, item_id, reference, placed_at, placed_by, recorded_at)"
        " SELECT 'recall', 'recall', min(item_id), 'R', %(now)s, 'qa', %(now)s FROM lotwatch.item"
    ),
    (
        "INSERT INTO lotwatch.excursion (sscc, sensor, allowed_max_c, started_at, ended_at, is_over, coldest_c, warmest_c,"
        " beyond_tolerance) VALUES ('1', 'S', 8, %(now)s, %(now)s, false, 9, 9, false)"
    ),
    (
        "INSERT INTO lotwatch.check_finding (check_id, subject_key, severity, evidence, first_seen, last_seen)"
        " VALUES ('c', 's', 'info', '{}', %(now)s, %(now)s)"
    ),
    (
        "INSERT INTO lotwatch.stocktake (source, number, kind, site_id, counted_at, recorded_at)"
        " SELECT 'test', '1', 'count', location_id, %(now)s, %(now)s FROM lotwatch.location WHERE code = 'DC'"
    ),
    (
        "INSERT INTO lotwatch.quarantine (source, entity, source_key, raw, rules, reasons, first_batch_id, last_batch_id)"
        " SELECT 'test', 'item', 'x', '{}', '{}', '{}', min(batch_id), min(batch_id) FROM lotwatch.batch"
    ),
    (
        "WITH n AS (INSERT INTO lotwatch.notice (authority, number, source, source_key, recorded_at)"
        " VALUES ('fda', '1', 'test', 'n', %(now)s) RETURNING notice_id)"
        " INSERT INTO lotwatch.notice_version (notice_id, source, source_key, said_at, digest, raw)"
        " SELECT notice_id, 'test', 'n', %(now)s, '', '{}' FROM n"
    ),
)


def test_columns_that_are_said_never_to_be_null_never_are(short: Company) -> None:
    short.order_line(5, key="line")
    billed = {"quantity": 5, "unit_price": Decimal(10), "currency": "USD", "invoiced_on": TODAY}
    short.add("invoice_line", "b", invoice_key="B", invoice_state="posted", order_line_key="line", **billed)
    short.add("inspection", "i", item_code="I1", state="pending", number="Q1", opened_at=NOW)
    demand = {"order_key": "D", "order_kind": "department", "site_code": "DC", "priority": "routine", "ordered_at": NOW}
    short.add("demand_line", "d", item_code="I1", quantity=3, state="open", **demand)
    delivery = {"delivery_key": "S", "to_location": "HOSP", "state": "shipped", "shipped_at": NOW}
    short.add("delivery_line", "s", item_code="I1", quantity=2, **delivery)
    short.add(
        "inspection", "f", item_code="I1", lot_number="L1", state="failed", number="Q2", opened_at=NOW, closed_at=NOW
    )
    short.add("quality_alert", "a", number="A1", item_code="I1", lot_number="L1", state="open", opened_at=NOW)
    short.add("credential", item_code="I1", kind="registration", number="R1", valid_through=TODAY)
    short.add("identifier", item_code="I1", code="00844588018923", package_level="unit", units_contained=1)
    event = {"report": "1", "event_type": "injury", "received_on": TODAY, "udi_di": "00844588018923"}
    short.add("adverse_event", "1/1", lot_number="L1", **event)
    one_of_each_that_is_wrong(short)
    short.post()
    short.conn.execute("INSERT INTO lotwatch.channel_health (channel) VALUES ('smtp')")
    for statement in ONE_OF_EACH:
        short.conn.execute(statement, {"now": NOW})
    short.conn.execute(
        "INSERT INTO lotwatch.budget SELECT location_id, '2026-06-01', 1, 'USD' FROM lotwatch.location WHERE code = 'DC'"
    )
    facts.live(short.conn, NOW)
    for view, columns in facts.columns(short.conn).items():
        rows = short.conn.execute(psycopg.sql.SQL("SELECT * FROM lotwatch.{}").format(psycopg.sql.Identifier(view)))
        never = [i for i, column in enumerate(columns.values()) if "null:" not in (column.comment or "")]
        found = rows.fetchall()
        assert found, view
        assert all(row[i] is not None for row in found for i in never), view


def test_a_shortage_opens_one_alert_with_its_values(short: Company) -> None:
    done = evaluate_live(short.conn, load_rules(), short.context)
    assert alerts(short.conn, "stockout_risk") == [("I1@DC", "warning", "open", 0)]
    assert done.opened == 1
    evidence = short.conn.execute("SELECT evidence FROM lotwatch.alert").fetchone()
    assert evidence is not None
    assert evidence[0]["inventory_position"] == 10
    assert evidence[0]["reorder_point"] > 10
    (standing,) = list_alerts(short.conn)
    short.move(200, "DC", key="relief")
    short.post()
    later = begin_run(short.conn, context(run_id="later"))
    evaluate_live(short.conn, load_rules(), later)
    history = one_alert(short.conn, standing.alert_id)[1]
    assert [(event.kind, event.actor) for event in history] == [("opened", "test run"), ("resolved", "test later")]


def test_what_is_on_order_counts_so_a_late_order_is_not_bought_twice(short: Company) -> None:
    short.order_line(100, key="late", promised_on=TODAY - timedelta(days=3))
    short.post()
    evaluate_live(short.conn, load_rules(), short.context)
    assert alerts(short.conn, "stockout_risk") == []
    assert [row[1] for row in alerts(short.conn, "late_inbound")] == ["warning"]


def test_an_alert_ends_with_its_condition_and_comes_again(short: Company) -> None:
    rules = load_rules()
    evaluate_live(short.conn, rules, short.context)
    short.move(200, "DC", key="relief")
    short.post()
    assert evaluate_live(short.conn, rules, short.context).resolved == 1
    assert alerts(short.conn, "stockout_risk") == [("I1@DC", "warning", "resolved", 0)]
    short.move(200, "SUPPLIER", "DC", key="taken back")
    short.post()
    assert evaluate_live(short.conn, rules, short.context).reopened == 1
    assert alerts(short.conn, "stockout_risk") == [("I1@DC", "warning", "open", 1)]


def test_evaluating_again_opens_nothing_and_tells_nothing_twice(short: Company) -> None:
    rules = load_rules()
    evaluate_live(short.conn, rules, short.context)
    assert len(take_untold(short.conn, NOW)) == 1
    again = evaluate_live(short.conn, rules, short.context)
    assert (again.opened, again.continued) == (0, 1)
    assert take_untold(short.conn, NOW) == []


def test_each_role_is_told_of_its_own_alerts_once(short: Company) -> None:
    short.lot("OLD", expires=TODAY - timedelta(days=1))
    short.move(3, "DC", lot="OLD")
    short.post()
    evaluate_live(short.conn, load_rules(), short.context)
    for _ in range(2):
        tell_alerts(short.conn, short.context, load_people())
    told = short.conn.execute("SELECT payload FROM lotwatch.outbox ORDER BY idempotency_key").fetchall()
    by_role = {
        payload["subscribers"][0]: [row["what"]["rule"]["title"]["en"] for row in payload["data"]["rows"]]
        for (payload,) in told
    }
    expired = ["Expired on the shelf"]
    assert by_role == {"buyer": ["Stock-out risk"], "quality": expired, "warehouse": expired}


def test_a_cleared_task_tells_what_it_finds_anew(short: Company) -> None:
    evaluate_live(short.conn, load_rules(), short.context)
    tell_alerts(short.conn, short.context, load_people())
    short.lot("OLD", expires=TODAY - timedelta(days=1))
    short.move(3, "DC", lot="OLD")
    short.post()
    again = replace(short.context, try_number=2)
    evaluate_live(short.conn, load_rules(), again)
    tell_alerts(short.conn, again, load_people())
    told = {payload["subscribers"][0] for (payload,) in short.conn.execute("SELECT payload FROM lotwatch.outbox")}
    short.lot("OLDER", expires=TODAY - timedelta(days=2))
    short.move(3, "DC", lot="OLDER")
    short.post()
    third = replace(short.context, try_number=3)
    evaluate_live(short.conn, load_rules(), third)
    tell_alerts(short.conn, third, load_people())
    to_warehouse = "SELECT count(*) FROM lotwatch.outbox WHERE payload -> 'subscribers' ->> 0 = 'warehouse'"
    assert told == {"buyer", "quality", "warehouse"}
    assert short.conn.execute(to_warehouse).fetchone() == (2,)


def test_an_alert_whose_inputs_are_in_quarantine_says_so(short: Company) -> None:
    short.conn.execute(
        "INSERT INTO lotwatch.quarantine (source, entity, source_key, item_code, raw, rules, reasons, first_batch_id,"
        " last_batch_id) SELECT 'test', 'movement', 'x', 'I1', '{}', '{MOV001}', '{bad}', min(batch_id), min(batch_id)"
        " FROM lotwatch.batch"
    )
    evaluate_live(short.conn, load_rules(), short.context)
    assert [row[2] for row in alerts(short.conn, "stockout_risk")] == ["suppressed"]


@pytest.mark.parametrize(
    ("days", "rule"), [(60, "near_expiry"), (0, "near_expiry"), (-1, "expired_on_shelf"), (61, None)]
)
def test_expiry_is_counted_in_days_until_the_last_day_of_use(company: Company, days: int, rule: str | None) -> None:
    company.item()
    company.lot(expires=TODAY + timedelta(days=days))
    company.move(5, "DC")
    company.post()
    evaluate_live(company.conn, load_rules(), company.context)
    fired = {row[0] for row in company.conn.execute("SELECT rule_id FROM lotwatch.alert")}
    assert fired & {"near_expiry", "expired_on_shelf"} == ({rule} if rule else set())


def test_a_backfilled_evaluation_touches_no_alert(short: Company) -> None:
    past = context(run_id="past", as_of=NOW - timedelta(days=3), run_type="backfill")
    evaluate_live(short.conn, load_rules(), short.context)
    before = short.conn.execute("SELECT * FROM lotwatch.alert").fetchall()
    for _ in range(2):  # cleared and run again
        evaluate_backfilled(short.conn, load_rules(), begin_run(short.conn, past))
    assert short.conn.execute("SELECT * FROM lotwatch.alert").fetchall() == before
    assert watch.propose(short.conn, past, None) == {"proposals": 0}  # type: ignore[arg-type]


def test_a_backfilled_evaluation_sees_that_day_and_not_today(company: Company) -> None:
    company.item()
    company.lot(expires=TODAY - timedelta(days=2))
    company.move(5, "DC", days_ago=100)
    company.post()
    past = begin_run(company.conn, context(run_id="past", as_of=NOW - timedelta(days=30), run_type="backfill"))
    found = evaluate_backfilled(company.conn, load_rules(), past).findings
    assert found == {"near_expiry": 1}
