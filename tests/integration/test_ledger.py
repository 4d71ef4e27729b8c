"""The ledger: each event once, positions equal to movements, nothing lost."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch import facts, ledger, sources
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared


@prepared
def stocked(company: Company) -> None:
    company.item()
    company.lot()
    company.move(50, "DC", days_ago=20, key="receipt")
    company.move(20, "HOSP/OR", "DC", days_ago=10, key="transfer")
    company.move(5, "PATIENT", "HOSP/OR", days_ago=5, key="use")
    company.post()


def item_site(conn: psycopg.Connection, site: str, columns: str = "physical, available") -> tuple | None:
    return conn.execute(
        psycopg.sql.SQL("SELECT {} FROM lotwatch.fact_item_site WHERE site_code = %s").format(psycopg.sql.SQL(columns)),
        (site,),
    ).fetchone()


def test_positions_are_what_the_movements_say(stocked: Company) -> None:
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (30, 15)
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
    statement = psycopg.sql.SQL("EXPLAIN {}").format(psycopg.sql.SQL(query("lotwatch.ledger.posting", "post_movement")))
    plan = [line for (line,) in company.conn.execute(statement, {"batch_id": batch_id, "reversals": False})]
    [event] = [line for line in plan[plan.index("  CTE event") :] if "rows=" in line][:1]
    assert int(event.split("rows=")[1].split()[0]) > 500, "\n".join(plan)


def flags(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute(
        "SELECT m.source_event_id, f.flag, f.quantity FROM lotwatch.movement_flag AS f"
        " JOIN lotwatch.movement AS m USING (movement_id) ORDER BY m.movement_id, f.flag"
    ).fetchall()


def test_a_reversal_takes_a_movement_back_once(stocked: Company) -> None:
    for key in ("cancelled", "cancelled again"):
        stocked.add("movement", key, kind="reversal", reverses_key="transfer", reason="wrong site")
        stocked.post()
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (50, -5)
    kind, quantity, reverses = stocked.conn.execute(
        "SELECT m.kind, m.quantity, o.source_event_id FROM lotwatch.movement AS m"
        " JOIN lotwatch.movement AS o ON o.movement_id = m.reverses_id"
    ).fetchone()
    assert (kind, quantity, reverses) == ("reversal", 20, "transfer")
    assert ledger.verify(stocked.conn) == []


def test_a_reversal_says_that_it_never_happened_though_then_it_was_believed(stocked: Company) -> None:
    believed = stocked.conn.execute("SELECT clock_timestamp()").fetchone()[0]
    stocked.conn.commit()
    stocked.add("movement", "cancelled", kind="reversal", reverses_key="transfer")
    stocked.post()
    facts.at(stocked.conn, NOW - timedelta(days=7))
    assert item_site(stocked.conn, "DC") == (50, 50)
    facts.at(stocked.conn, NOW - timedelta(days=7), known_at=believed)
    assert item_site(stocked.conn, "DC") == (30, 30)


def test_a_batch_may_take_back_what_it_brings(company: Company) -> None:
    company.item()
    company.lot()
    company.move(8, "DC", key="mistake")
    company.add("movement", "undo", kind="reversal", reverses_key="mistake")
    assert company.post()["movement"] == 2
    assert company.position("DC") == 0


def test_a_serial_number_that_leaves_where_it_was_not_is_a_conflict_until_it_is_explained(company: Company) -> None:
    company.item("PUMP", label_lot=False, label_serial=True, label_expiry=False)
    company.add("lot", item_code="PUMP", serial_number="SN-1")
    company.move(1, "DC", item="PUMP", lot=None, serial_number="SN-1", days_ago=9, key="receipt")
    company.move(1, "PATIENT", "HOSP/OR", item="PUMP", lot=None, serial_number="SN-1", days_ago=2, key="use")
    company.post()
    facts.live(company.conn, NOW)
    assert item_site(company.conn, "DC", "physical, available, in_conflict") == (1, 0, 1)
    assert flags(company.conn) == [("use", "conflict", -1)]
    company.move(1, "HOSP/OR", "DC", item="PUMP", lot=None, serial_number="SN-1", days_ago=5, key="late: transfer")
    company.post()
    facts.live(company.conn, NOW)
    assert item_site(company.conn, "DC", "physical, available, in_conflict") is None
    assert ledger.verify(company.conn) == []
    facts.at(company.conn, NOW - timedelta(days=7))
    assert item_site(company.conn, "DC", "physical, available, in_conflict") == (1, 1, 0)


def test_usage_without_its_lot_is_accepted_and_flagged(stocked: Company) -> None:
    stocked.move(4, "PATIENT", "HOSP/OR", lot=None, key="no lot")
    stocked.post()
    facts.live(stocked.conn, NOW)
    assert item_site(stocked.conn, "HOSP", "physical, available, without_lot, negative") == (11, 11, 4, 0)
    assert ("no lot", "lot_missing", 4) in flags(stocked.conn)


def test_what_is_known_by_then_leaves_out_what_was_learned_later(stocked: Company) -> None:
    then = stocked.conn.execute("SELECT clock_timestamp()").fetchone()[0]
    stocked.conn.commit()
    stocked.move(3, "DC", days_ago=15, key="learned late")
    stocked.post()
    ids = stocked.conn.execute(
        "SELECT item_id, location_id FROM lotwatch.item, lotwatch.location WHERE location.code = 'DC'"
    ).fetchone()
    day = NOW - timedelta(days=12)
    assert ledger.quantity_at(stocked.conn, *ids, day) == 53
    assert ledger.quantity_at(stocked.conn, *ids, day, known_at=then) == 50
    facts.at(stocked.conn, day, known_at=then)
    assert item_site(stocked.conn, "DC") == (50, 50)


def test_the_past_read_from_a_snapshot_is_the_same(stocked: Company) -> None:
    assert ledger.take_snapshot(stocked.conn, NOW - timedelta(days=11)) == 1
    assert ledger.take_snapshot(stocked.conn, NOW - timedelta(days=11)) == 0
    stocked.move(3, "DC", days_ago=15, key="learned after the snapshot")
    stocked.post()
    assert ledger.take_snapshot(stocked.conn, NOW - timedelta(days=8)) == 2
    for days, expected in ((12, 53), (11, 53), (10.5, 53), (9, 33), (7, 33), (0, 33)):
        facts.at(stocked.conn, NOW - timedelta(days=days))
        assert item_site(stocked.conn, "DC") == (expected, expected), days


def test_holds_add_up_and_each_is_lifted_by_its_own_authority(stocked: Company) -> None:
    conn = stocked.conn
    item_id, lot_id, hosp = conn.execute(
        "SELECT item_id, lot_id, location_id FROM lotwatch.lot, lotwatch.location AS l WHERE l.code = 'HOSP'"
    ).fetchone()
    recall = ledger.Hold("recall", "RC-1", "class I", item_id=item_id, lot_id=lot_id, case_reference="RC-1")
    place = ledger.Hold("cold_chain", "EXC-7", "fridge at 14 C", location_id=hosp)
    first = ledger.place_hold(conn, recall, stocked.context, "recall desk")
    second = ledger.place_hold(conn, place, stocked.context, "sensor")
    assert first
    assert second
    assert ledger.place_hold(conn, recall, stocked.context, "recall desk") is None
    facts.live(conn, NOW)
    assert item_site(conn, "HOSP", "available, held") == (0, 15)
    with pytest.raises(LotwatchError, match="Only recall may release"):
        ledger.release_hold(
            conn, first, stocked.context, authorities={"quality", "cold_chain"}, released_by="qa", reason="checked"
        )
    ledger.release_hold(conn, first, stocked.context, authorities={"recall"}, released_by="rd", reason="not ours")
    facts.live(conn, NOW)
    assert item_site(conn, "DC", "available, held") == (30, 0)
    assert item_site(conn, "HOSP", "available, held") == (0, 15)
    stocked.move(2, "PATIENT", "HOSP/OR", key="used though held")
    stocked.post()
    facts.live(conn, NOW)
    assert item_site(conn, "HOSP", "physical, available, held, negative") == (13, 0, 13, 0)


def test_a_hold_released_by_a_person_is_not_placed_again_when_its_inspection_is_read_again(stocked: Company) -> None:
    row = {"item_code": "I1", "lot_number": "L1", "opened_at": NOW - timedelta(days=2), "number": "QI-1"}
    failed = {"state": "failed", "closed_at": NOW - timedelta(days=1), **row}
    stocked.add("inspection", "i1", **failed)
    stocked.post()
    hold_id = stocked.conn.execute("SELECT hold_id FROM lotwatch.hold").fetchone()[0]
    ledger.release_hold(
        stocked.conn, hold_id, stocked.context, authorities={"quality"}, released_by="qa", reason="retested"
    )
    stocked.add("inspection", "i1", **failed)
    stocked.post()
    assert stocked.conn.execute("SELECT count(*) FROM lotwatch.hold WHERE released_at IS NULL").fetchone() == (0,)


def count_lines(company: Company, kind: str, days_ago: float, *lines: tuple[str, int], **row: object) -> int:
    for location, quantity in lines:
        company.add(
            "count",
            number=f"{kind}-{days_ago}",
            kind=kind,
            site_code="DC",
            location_code=location,
            item_code="I1",
            lot_number="L1",
            quantity=quantity,
            counted_at=NOW - timedelta(days=days_ago),
            counted_by="wendy",
            **row,
        )
    assert company.post()["count"] == 1
    return company.conn.execute("SELECT max(stocktake_id) FROM lotwatch.stocktake").fetchone()[0]


def test_a_count_moves_the_difference_once_somebody_else_approves(stocked: Company) -> None:
    stocktake = count_lines(stocked, "count", 2, ("DC", 27))
    assert stocked.position("DC") == 30
    with pytest.raises(LotwatchError, match="Who counted may not approve"):
        ledger.decide_count(stocked.conn, stocktake, "approved", stocked.context, decided_by="wendy")
    with pytest.raises(LotwatchError, match="look at the count again"):
        ledger.decide_count(stocked.conn, stocktake, "approved", stocked.context, decided_by="fin", seen_variance=4)
    assert ledger.decide_count(stocked.conn, stocktake, "approved", stocked.context, decided_by="fin") == 1
    assert stocked.position("DC") == 27
    with pytest.raises(LotwatchError, match="was approved already"):
        ledger.decide_count(stocked.conn, stocktake, "rejected", stocked.context, decided_by="fin")
    stocked.move(3, "HOSP/OR", "DC", days_ago=3, key="explains the difference")
    stocked.post()
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (27, 18)
    assert ("explains the difference", "before_count", 3) in flags(stocked.conn)
    assert ledger.verify(stocked.conn) == []


def test_books_open_with_what_was_counted_whatever_history_comes_later(stocked: Company) -> None:
    opening = count_lines(stocked, "opening", 4, ("DC", 100), ("DC/QC", 6))
    ledger.decide_count(stocked.conn, opening, "approved", stocked.context, decided_by="fin")
    assert (stocked.position("DC"), stocked.position("DC/QC")) == (100, 6)
    stocked.move(500, "DC", days_ago=300, key="old receipt")
    stocked.move(1, "DC", days_ago=1, key="new receipt")
    stocked.post()
    assert stocked.position("DC") == 101
    assert ledger.verify(stocked.conn) == []


def test_rebuilding_gives_what_was_kept(stocked: Company) -> None:
    assert ledger.rebuild(stocked.conn) == 0
    stocked.conn.execute("UPDATE lotwatch.position SET quantity = quantity + 7")
    found = ledger.verify(stocked.conn)
    assert {difference.check for difference in found} == {"position", "item total"}
    assert ledger.rebuild(stocked.conn) == 2
    assert ledger.verify(stocked.conn) == []


def test_partitions_are_made_ahead_and_take_over_what_waited(stocked: Company, db_url: str) -> None:
    conn = stocked.conn
    assert ledger.make_partitions(conn, TODAY.replace(year=2031)) == 4
    assert ledger.make_partitions(conn, TODAY.replace(year=2031)) == 0


def test_a_run_that_comes_late_counts_nothing_as_available_that_was_held_meanwhile(stocked: Company) -> None:
    """It looks at what lies there now: at a past moment, the hold was not yet in force."""
    conn, later = stocked.conn, replace(stocked.context, as_of=NOW + timedelta(hours=5))
    item_id = conn.execute("SELECT item_id FROM lotwatch.item").fetchone()[0]
    ledger.place_hold(conn, ledger.Hold("recall", "Z-1", "recalled", item_id=item_id), later, "recall desk")
    facts.live(conn, NOW)
    assert item_site(conn, "DC", "held, available") == (30, 0)
    facts.at(conn, NOW)
    assert item_site(conn, "DC", "held, available") == (0, 30)
