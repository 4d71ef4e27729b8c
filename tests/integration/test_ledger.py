"""The ledger: each event once, positions equal to movements, nothing lost."""

from datetime import timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch import facts, ledger, sources
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from tests.integration.company import NOW, TODAY, Company


@pytest.fixture
def stocked(company: Company) -> Company:
    company.item()
    company.lot()
    company.move(50, "DC", days_ago=20, key="receipt")
    company.move(20, "HOSP/OR", "DC", days_ago=10, key="transfer")
    company.move(5, "PATIENT", "HOSP/OR", days_ago=5, key="use")
    company.post()
    return company


def item_site(conn: psycopg.Connection, site: str, columns: str = "physical, available") -> tuple | None:
    return conn.execute(
        psycopg.sql.SQL("SELECT {} FROM lotwatch.fact_item_site WHERE site_code = %s").format(psycopg.sql.SQL(columns)),
        (site,),
    ).fetchone()


def test_positions_are_what_the_movements_say(stocked: Company) -> None:
    assert (stocked.position("DC"), stocked.position("HOSP/OR"), stocked.position("PATIENT")) == (30, 15, 5)
    assert ledger.verify(stocked.conn) == []


def test_reading_the_same_events_again_changes_nothing(stocked: Company) -> None:
    stocked.move(50, "DC", days_ago=20, key="receipt")
    stocked.move(20, "HOSP/OR", "DC", days_ago=10, key="transfer")
    assert stocked.post()["movement"] == 0
    assert stocked.position("DC") == 30


def test_an_event_twice_in_one_batch_counts_once(stocked: Company) -> None:
    for _ in range(2):
        stocked.move(7, "DC", key="again")
    assert stocked.post()["movement"] == 1
    assert stocked.position("DC") == 37


def test_the_same_key_of_another_source_is_another_event(stocked: Company) -> None:
    stocked.move(1, "DC", key="receipt")
    stocked.post(source="other")
    assert stocked.position("DC") == 31


def test_a_backdated_movement_counts_at_its_time(stocked: Company) -> None:
    stocked.move(3, "DC", "SUPPLIER", days_ago=15, key="late to be known")
    stocked.post()
    facts.at(stocked.conn, NOW - timedelta(days=12))
    assert item_site(stocked.conn, "DC") == (53, 53)


def test_the_past_is_shown_as_it_was(stocked: Company) -> None:
    facts.at(stocked.conn, NOW - timedelta(days=7))
    assert item_site(stocked.conn, "DC") == (30, 30)
    assert item_site(stocked.conn, "HOSP") == (20, 20)


def test_shown_live_and_as_of_now_are_the_same(stocked: Company) -> None:
    facts.live(stocked.conn, NOW)
    now = stocked.conn.execute("SELECT * FROM lotwatch.fact_item_site ORDER BY subject_key").fetchall()
    facts.at(stocked.conn, NOW)
    assert stocked.conn.execute("SELECT * FROM lotwatch.fact_item_site ORDER BY subject_key").fetchall() == now


def test_negative_stock_is_accepted_and_shown(stocked: Company) -> None:
    stocked.move(100, "PATIENT", "HOSP/OR", key="too much")
    stocked.post()
    facts.live(stocked.conn, NOW)
    assert item_site(stocked.conn, "HOSP") == (-85, -85)


def test_stock_in_inspection_is_not_available(stocked: Company) -> None:
    stocked.move(10, "DC/QC", "DC")
    stocked.post()
    facts.live(stocked.conn, NOW)
    assert item_site(stocked.conn, "DC", "physical, available, in_inspection") == (30, 20, 10)


def test_the_last_day_of_use_is_inclusive_in_the_sites_zone(company: Company) -> None:
    company.item()
    company.lot(expires=TODAY)
    company.move(1, "DC")
    company.move(1, "HOSP")
    company.post()
    facts.live(company.conn, NOW)
    assert (item_site(company.conn, "DC"), item_site(company.conn, "HOSP")) == ((1, 1), (1, 1))
    evening = NOW.replace(hour=17)  # the next day in Shanghai, still the same in UTC
    facts.live(company.conn, evening)
    assert (item_site(company.conn, "DC"), item_site(company.conn, "HOSP")) == ((1, 1), (1, 0))


def test_a_failed_inspection_holds_its_lot_wherever_it_is_and_comes(stocked: Company) -> None:
    row = {"item_code": "I1", "lot_number": "L1", "opened_at": NOW - timedelta(days=2), "number": "QI-1"}
    stocked.add("inspection", "i1", state="failed", closed_at=NOW - timedelta(days=1), **row)
    stocked.post()
    stocked.move(9, "DC", key="arrives later")
    stocked.post()
    facts.live(stocked.conn, NOW)
    assert item_site(stocked.conn, "DC", "physical, available, held") == (39, 0, 39)
    assert item_site(stocked.conn, "HOSP", "available, held") == (0, 15)
    stocked.add("inspection", "i1", state="passed", closed_at=NOW - timedelta(hours=1), **row)
    stocked.post()
    facts.live(stocked.conn, NOW)
    assert item_site(stocked.conn, "DC", "available, held") == (39, 0)


def test_a_serial_unit_without_a_lot_is_kept(company: Company) -> None:
    company.item("PUMP", label_lot=False, label_serial=True, label_expiry=False)
    company.add("lot", item_code="PUMP", serial_number="SN-1")
    company.move(1, "HOSP/OR", item="PUMP", lot=None, serial_number="SN-1")
    company.post()
    facts.live(company.conn, NOW)
    row = company.conn.execute(
        "SELECT lot_number, serial_number, physical, days_to_expiry FROM lotwatch.fact_lot"
    ).fetchone()
    assert row == (None, "SN-1", 1, None)


def test_an_order_line_is_on_order_until_it_is_received(company: Company) -> None:
    company.item()
    company.lot()
    company.order_line(100, key="line-1")
    company.move(40, "DC", order_line_key="line-1")
    company.post()
    facts.live(company.conn, NOW)
    assert item_site(company.conn, "DC", "available, on_order, inventory_position") == (40, 60, 100)
    company.order_line(100, key="line-1", order_state="cancelled")
    company.post()
    facts.live(company.conn, NOW)
    assert item_site(company.conn, "DC", "available, on_order") == (40, 0)


def test_a_good_row_that_finds_no_place_stops_the_posting_instead_of_being_lost(company: Company) -> None:
    company.item()
    company.lot()
    company.move(1, "NOWHERE", key="orphan")
    with pytest.raises(LotwatchError, match="movement orphan"):
        company.post()


def test_a_large_batch_is_not_joined_row_by_row(company: Company) -> None:
    """The planner must know of the good rows: expecting none, it compared 46,000 events with each other for minutes."""
    company.item()
    company.lot()
    company.post()
    for number in range(2_000):
        company.move(1, "DC", key=f"event-{number}")
    batch_id = company.stage()
    counts = Jsonb({"movement": {"read": 2_000}})
    company.conn.execute(
        "UPDATE lotwatch.batch SET state = 'judged', counts = %s WHERE batch_id = %s", (counts, batch_id)
    )
    assert sources.take_batch(company.conn, batch_id, "judged")
    statement = psycopg.sql.SQL("EXPLAIN {}").format(psycopg.sql.SQL(query("lotwatch.ledger", "post_movement")))
    plan = [line for (line,) in company.conn.execute(statement, {"batch_id": batch_id})]
    [event] = [line for line in plan[plan.index("  CTE event") :] if "rows=" in line][:1]
    assert int(event.split("rows=")[1].split()[0]) > 500, "\n".join(plan)
