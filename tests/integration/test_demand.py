"""Demand, allocations, deliveries and inspections: each as its own system has it now, and whatever changed is evaluated."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from lotwatch import ledger
from lotwatch.errors import LotwatchError
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared


@prepared
def stocked(company: Company) -> None:
    """A company with a lot of I1 and a serialised pump, and an empty queue of changes."""
    company.item()
    company.item("I2")
    company.item("PUMP", label_lot=False, label_serial=True, label_expiry=False)
    company.lot()
    company.add("lot", item_code="PUMP", serial_number="SN-1")
    company.move(50, "DC", days_ago=20)
    company.move(5, "HOSP/OR", days_ago=20)
    company.post()
    ledger.clear_changes(company.conn)


def wanted(company: Company, key: str = "d1", **changes: Any) -> None:
    plain = {
        "order_key": "D", "order_number": "D-1", "order_kind": "department", "site_code": "DC",
        "customer_location": "HOSP/OR", "priority": "urgent", "ordered_at": NOW - timedelta(days=2),
        "item_code": "I1", "quantity": 10, "need_by": TODAY, "state": "open",
    }  # fmt: skip
    company.add("demand_line", key, **(plain | changes))


def allocated(company: Company, key: str = "a1", **changes: Any) -> None:
    plain = {
        "demand_line_key": "d1", "item_code": "I1", "location_code": "DC/QC", "lot_number": "L1", "quantity": 4,
        "allocated_at": NOW - timedelta(hours=5),
    }  # fmt: skip
    company.add("allocation", key, **(plain | changes))


def sent(company: Company, key: str = "s1", **changes: Any) -> None:
    plain = {
        "delivery_key": "S", "delivery_number": "S-1", "from_site": "DC", "to_location": "HOSP/OR", "carrier": "Own van",
        "tracking_number": "T1", "state": "shipped", "shipped_at": NOW - timedelta(hours=4),
        "expected_at": NOW + timedelta(hours=4), "item_code": "I1", "lot_number": "L1", "quantity": 6, "sscc": "0" * 18,
        "demand_line_key": "d1",
    }  # fmt: skip
    company.add("delivery_line", key, **(plain | changes))


def rows(conn: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(psycopg.sql.SQL(statement)).fetchall()


def woken(conn: psycopg.Connection) -> set[str]:
    """Items that wait to be evaluated, and no longer after this."""
    found = rows(conn, "SELECT i.code FROM lotwatch.change JOIN lotwatch.item AS i USING (item_id)")
    ledger.clear_changes(conn)
    return {code for (code,) in found}


def test_an_order_and_its_lines_are_posted_with_their_names_resolved(stocked: Company) -> None:
    wanted(stocked, "d1")
    wanted(stocked, "d2", item_code="I2", quantity=3)
    posted = stocked.post()
    assert (posted["demand_order"], posted["demand_line"]) == (1, 2)
    assert rows(
        stocked.conn,
        "SELECT o.number, o.kind, o.priority, site.code, place.code FROM lotwatch.demand_order AS o"
        " JOIN lotwatch.location AS site ON site.location_id = o.site_id"
        " JOIN lotwatch.location AS place ON place.location_id = o.customer_location_id",
    ) == [("D-1", "department", "urgent", "DC", "HOSP/OR")]
    assert rows(
        stocked.conn,
        "SELECT source_key, code, quantity, state FROM lotwatch.demand_order_line JOIN lotwatch.item USING (item_id)"
        " ORDER BY source_key",
    ) == [("d1", "I1", 10, "open"), ("d2", "I2", 3, "open")]
    assert woken(stocked.conn) == {"I1", "I2"}


@pytest.mark.parametrize("document", [wanted, allocated, sent])
def test_reading_a_document_again_changes_nothing_and_wakes_nobody(stocked: Company, document: Any) -> None:
    document(stocked)
    stocked.post()
    assert woken(stocked.conn)
    document(stocked)
    assert not any(stocked.post().values())
    assert woken(stocked.conn) == set()


def test_a_document_twice_in_one_batch_counts_as_last_read(stocked: Company) -> None:
    wanted(stocked, quantity=10)
    wanted(stocked, quantity=12)
    assert stocked.post()["demand_line"] == 1
    assert rows(stocked.conn, "SELECT quantity FROM lotwatch.demand_order_line") == [(12,)]


def test_the_same_key_of_another_source_is_another_order(stocked: Company) -> None:
    wanted(stocked)
    stocked.post()
    wanted(stocked, quantity=99)
    stocked.post(source="hospital")
    assert rows(stocked.conn, "SELECT source, quantity FROM lotwatch.demand_order_line ORDER BY source") == [
        ("hospital", 99),
        ("test", 10),
    ]


def test_a_priority_that_changes_wakes_every_line_of_its_order(stocked: Company) -> None:
    wanted(stocked, "d1")
    wanted(stocked, "d2", item_code="I2")
    stocked.post()
    woken(stocked.conn)
    wanted(stocked, "d1", priority="emergency")
    posted = stocked.post()
    assert (posted["demand_order"], posted["demand_line"]) == (1, 0)
    assert woken(stocked.conn) == {"I1", "I2"}


def test_a_line_served_by_another_site_wakes_both(stocked: Company) -> None:
    wanted(stocked)
    stocked.post()
    woken(stocked.conn)
    wanted(stocked, site_code="HOSP")
    stocked.post()
    assert woken(stocked.conn) == {"I1"}


def test_a_cancelled_line_is_kept_as_cancelled(stocked: Company) -> None:
    wanted(stocked)
    stocked.post()
    wanted(stocked, state="cancelled", closed_at=NOW)
    stocked.post()
    assert rows(stocked.conn, "SELECT state, closed_at FROM lotwatch.demand_order_line") == [("cancelled", NOW)]


def test_an_allocation_is_set_aside_in_its_place_and_wakes_the_site(stocked: Company) -> None:
    allocated(stocked)
    stocked.post()
    assert rows(
        stocked.conn,
        "SELECT l.code, lot.number, a.serial_id, a.quantity, a.demand_line_key FROM lotwatch.allocation AS a"
        " JOIN lotwatch.location AS l USING (location_id) JOIN lotwatch.lot USING (lot_id)",
    ) == [("DC/QC", "L1", 0, 4, "d1")]
    assert woken(stocked.conn) == {"I1"}


def test_an_allocation_read_later_was_still_made_when_we_first_knew_of_it(stocked: Company) -> None:
    allocated(stocked)
    stocked.post()
    allocated(stocked, quantity=5, allocated_at=NOW - timedelta(hours=1))
    stocked.post()
    made_at = "SELECT quantity, allocated_at, closed_at FROM lotwatch.allocation"
    assert rows(stocked.conn, made_at) == [(5, NOW - timedelta(hours=5), None)]
    allocated(stocked, quantity=5, closed_at=NOW - timedelta(minutes=30))
    stocked.post()
    allocated(stocked, quantity=5, allocated_at=NOW)
    stocked.post()
    assert rows(stocked.conn, made_at) == [(5, NOW, None)]


def test_what_has_no_lot_has_lot_0_and_a_serial_unit_its_serial(stocked: Company) -> None:
    allocated(stocked, "any lot", lot_number=None)
    sent(stocked, "any lot", lot_number=None)
    allocated(stocked, "unit", item_code="PUMP", lot_number=None, serial_number="SN-1", quantity=1)
    sent(stocked, "unit", item_code="PUMP", lot_number=None, serial_number="SN-1", quantity=1)
    stocked.post()
    for table in ("allocation", "delivery_line"):
        statement = f"SELECT source_key, lot_id, serial_id <> 0 FROM lotwatch.{table} ORDER BY source_key"  # noqa: S608
        assert rows(stocked.conn, statement) == [("any lot", 0, False), ("unit", 0, True)]


def test_a_delivery_knows_the_site_it_goes_to_and_wakes_it(stocked: Company) -> None:
    sent(stocked)
    posted = stocked.post()
    assert (posted["delivery"], posted["delivery_line"]) == (1, 1)
    assert rows(
        stocked.conn,
        "SELECT origin.code, place.code, site.code, d.state, d.carrier FROM lotwatch.delivery AS d"
        " JOIN lotwatch.location AS origin ON origin.location_id = d.from_site_id"
        " JOIN lotwatch.location AS place ON place.location_id = d.to_location_id"
        " JOIN lotwatch.location AS site ON site.location_id = d.to_site_id",
    ) == [("DC", "HOSP/OR", "HOSP", "shipped", "Own van")]
    assert woken(stocked.conn) == {"I1"}


def test_a_delivery_out_of_the_house_goes_to_no_site_of_ours(stocked: Company) -> None:
    sent(stocked, to_location="PATIENT")
    stocked.post()
    assert rows(stocked.conn, "SELECT to_site_id FROM lotwatch.delivery") == [(None,)]


def test_a_delivery_received_in_part_keeps_the_rest_on_its_way(stocked: Company) -> None:
    sent(stocked)
    stocked.post()
    woken(stocked.conn)
    sent(stocked, received_quantity=2)
    posted = stocked.post()
    assert (posted["delivery"], posted["delivery_line"]) == (0, 1)
    assert rows(stocked.conn, "SELECT quantity, received_quantity FROM lotwatch.delivery_line") == [(6, 2)]
    assert woken(stocked.conn) == {"I1"}


def test_a_delivery_that_arrives_wakes_lines_that_did_not_change(stocked: Company) -> None:
    sent(stocked, "s1")
    sent(stocked, "s2", item_code="I2", lot_number=None)
    stocked.post()
    woken(stocked.conn)
    sent(stocked, "s1", state="delivered", delivered_at=NOW)
    posted = stocked.post()
    assert (posted["delivery"], posted["delivery_line"]) == (1, 0)
    assert woken(stocked.conn) == {"I1", "I2"}


def test_a_line_taken_off_its_delivery_wakes_where_it_was_going(stocked: Company) -> None:
    sent(stocked)
    stocked.post()
    woken(stocked.conn)
    sent(stocked, delivery_key="S;withdrawn", state="cancelled", cancelled_at=NOW)
    stocked.post()
    assert rows(
        stocked.conn,
        "SELECT d.source_key, d.state FROM lotwatch.delivery_line JOIN lotwatch.delivery AS d USING (delivery_id)",
    ) == [("S;withdrawn", "cancelled")]
    assert woken(stocked.conn) == {"I1"}


def test_an_inspection_says_when_and_where_and_wakes_its_item(stocked: Company) -> None:
    row = {"item_code": "I1", "lot_number": "L1", "opened_at": NOW - timedelta(days=2), "number": "QI-1"}
    due_on = TODAY + timedelta(days=3)
    stocked.add("inspection", "i1", state="pending", due_on=due_on, quantity=5, location_code="DC/QC", **row)
    assert stocked.post()["inspection"] == 1
    assert rows(
        stocked.conn,
        "SELECT due_on, sampled_quantity, code FROM lotwatch.inspection JOIN lotwatch.location USING (location_id)",
    ) == [(due_on, 5, "DC/QC")]
    assert woken(stocked.conn) == {"I1"}
    stocked.add("inspection", "i1", state="pending", due_on=due_on, quantity=5, location_code="DC/QC", **row)
    assert stocked.post()["inspection"] == 0
    assert woken(stocked.conn) == set()


def test_a_changed_order_line_wakes_its_item(stocked: Company) -> None:
    stocked.order_line(100, key="line-1")
    assert stocked.post()["purchase_line"] == 1
    assert woken(stocked.conn) == {"I1"}
    stocked.order_line(100, key="line-1", site_code="HOSP")
    stocked.post()
    assert woken(stocked.conn) == {"I1"}


def test_a_good_row_that_finds_no_place_stops_the_posting_instead_of_being_lost(stocked: Company) -> None:
    sent(stocked, "orphan", to_location="NOWHERE")
    with pytest.raises(LotwatchError, match="delivery_line orphan"):
        stocked.post()
