"""What may be used of the stock: to the day at each site, and whatever holds it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from lotwatch import facts, ledger
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared


def facts_of(company: Company, columns: str, site: str = "DC", as_of: datetime = NOW) -> tuple[Any, ...] | None:
    """Columns of an item at a site, shown live at a moment."""
    facts.live(company.conn, as_of)
    statement = sql.SQL("SELECT {} FROM lotwatch.fact_item_site WHERE site_code = %s").format(sql.SQL(columns))
    row = company.conn.execute(statement, (site,)).fetchone()
    company.conn.commit()
    return row


# -- the last day of use ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "last_day"),
    [
        ("UTC", date(2026, 6, 15)),
        ("Asia/Shanghai", date(2026, 6, 15)),
        ("Europe/Berlin", date(2026, 3, 28)),  # the day before the clocks go forward
        ("Europe/Berlin", date(2026, 3, 29)),  # a day of 23 hours
        ("Europe/Berlin", date(2026, 10, 25)),  # a day of 25 hours
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
        ("Pacific/Kiritimati", date(2026, 12, 31)),
        ("Pacific/Pago_Pago", date(2026, 12, 31)),
        ("UTC", date(2028, 2, 29)),
    ],
)
def test_a_lot_may_be_used_until_midnight_of_its_last_day_where_it_is(
    company: Company, zone: str, last_day: date
) -> None:
    company.location("THERE", kind="site", time_zone=zone)
    company.item()
    company.lot(expires=last_day)
    company.move(1, "THERE", days_ago=900)
    company.post()
    midnight = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    before, after = midnight - timedelta(microseconds=1), midnight
    assert facts_of(company, "available, expired", "THERE", before) == (1, 0)
    assert facts_of(company, "available, expired", "THERE", after) == (0, 1)


def test_a_sterile_barrier_that_ends_first_ends_the_use(company: Company) -> None:
    company.item()
    company.lot("STERILE", expires=TODAY + timedelta(days=300), sterile_until=TODAY - timedelta(days=1))
    company.lot("USABLE", expires=TODAY - timedelta(days=1), sterile_until=TODAY + timedelta(days=300))
    company.lot("NO DATE BUT STERILE", expires=None, sterile_until=TODAY - timedelta(days=1))
    company.lot("NO DATE", expires=None)
    for number, quantity in (("STERILE", 1), ("USABLE", 2), ("NO DATE BUT STERILE", 4), ("NO DATE", 8)):
        company.move(quantity, "DC", lot=number)
    company.post()
    assert facts_of(company, "physical, expired, available") == (15, 7, 8)


@pytest.mark.parametrize(
    ("of_lot", "of_unit"),
    [
        ({"usable_through": TODAY - timedelta(days=1)}, {"sterile_until": TODAY + timedelta(days=300)}),
        ({"sterile_until": TODAY - timedelta(days=1)}, {"usable_through": TODAY + timedelta(days=300)}),
    ],
)
def test_a_date_that_only_the_lot_has_counts_for_its_serial_units(
    company: Company, of_lot: dict[str, Any], of_unit: dict[str, Any]
) -> None:
    company.item(label_serial=True)
    company.add("lot", item_code="I1", lot_number="L1", serial_number="SN-1", **of_unit)
    company.post()
    company.add("lot", item_code="I1", lot_number="L1", **of_lot)
    company.move(1, "DC", serial_number="SN-1")
    company.post()
    assert facts_of(company, "available, expired") == (0, 1)


# -- holds -----------------------------------------------------------------------------------------------------------


@prepared
def shelves(company: Company) -> None:
    """One unit of each of two lots and two pumps at each of six places, so that a sum tells what is held."""
    company.location("HOSP/OR/1", kind="bin", parent_code="HOSP/OR")
    company.location("HOSP/OR/1/A", kind="bin", parent_code="HOSP/OR/1")
    company.item("I1")
    company.item("PUMP", label_lot=False, label_serial=True, label_expiry=False)
    for number in ("L1", "L2"):
        company.lot(number)
    for place in PLACES:
        company.add("lot", item_code="PUMP", serial_number=f"SN-{place}")
        company.move(1, place, item="PUMP", lot=None, serial_number=f"SN-{place}")
        for number in ("L1", "L2"):
            company.move(1, place, lot=number)
    company.post()


PLACES = ("DC", "DC/QC", "HOSP", "HOSP/OR", "HOSP/OR/1", "HOSP/OR/1/A")
UNDER_THE_THEATRE = ("HOSP/OR", "HOSP/OR/1", "HOSP/OR/1/A")


def held(company: Company) -> set[tuple[str, str, str]]:
    """(item, lot or serial number, place) of every unit that is held."""
    facts.live(company.conn, NOW)
    rows = company.conn.execute(
        "SELECT item.code, coalesce(s.serial_number, s.lot_number), l.code FROM lotwatch.stock_state AS s"
        " JOIN lotwatch.item USING (item_id) JOIN lotwatch.location AS l ON l.location_id = s.location_id WHERE s.held"
    ).fetchall()
    company.conn.commit()
    return set(rows)


def number_of(conn: psycopg.Connection, table: str, column: str, value: str | None) -> int | None:
    if value is None:
        return None
    key = {"item": "item_id", "lot": "lot_id", "serial_unit": "serial_id", "location": "location_id"}[table]
    statement = sql.SQL("SELECT {} FROM lotwatch.{} WHERE {} = %s")
    row = conn.execute(
        statement.format(sql.Identifier(key), sql.Identifier(table), sql.Identifier(column)), (value,)
    ).fetchone()
    assert row is not None, value
    return int(row[0])


def hold(
    company: Company,
    item: str | None = None,
    lot: str | None = None,
    serial: str | None = None,
    place: str | None = None,
    cause: Any = "recall",
    reference: str = "R-1",
) -> int:
    """Place a hold on what is named; return its number."""
    wanted = ledger.Hold(
        cause,
        reference,
        "to try it",
        item_id=number_of(company.conn, "item", "code", item),
        lot_id=number_of(company.conn, "lot", "number", lot),
        serial_id=number_of(company.conn, "serial_unit", "number", serial),
        location_id=number_of(company.conn, "location", "code", place),
    )
    hold_id = ledger.place_hold(company.conn, wanted, company.context, "somebody")
    company.conn.commit()
    assert hold_id is not None
    return hold_id


def release(company: Company, hold_id: int, authority: str = "recall") -> None:
    ledger.release_hold(
        company.conn, hold_id, company.context, authorities={authority}, released_by="somebody", reason="tried"
    )
    company.conn.commit()


def units(items: tuple[str, ...], lots: tuple[str, ...], places: tuple[str, ...]) -> set[tuple[str, str, str]]:
    found = {("I1", lot, place) for lot in lots for place in places if "I1" in items}
    return found | {("PUMP", f"SN-{place}", place) for place in places if "PUMP" in items}


BOTH, LOTS = ("I1", "PUMP"), ("L1", "L2")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"item": "I1"}, units(("I1",), LOTS, PLACES)),
        ({"item": "I1", "lot": "L2"}, units(("I1",), ("L2",), PLACES)),
        ({"item": "PUMP", "serial": "SN-HOSP"}, units(("PUMP",), LOTS, ("HOSP",))),
        ({"place": "HOSP/OR"}, units(BOTH, LOTS, UNDER_THE_THEATRE)),
        ({"place": "HOSP"}, units(BOTH, LOTS, ("HOSP", *UNDER_THE_THEATRE))),
        ({"place": "HOSP/OR/1/A"}, units(BOTH, LOTS, ("HOSP/OR/1/A",))),
        ({"item": "I1", "place": "HOSP/OR"}, units(("I1",), LOTS, UNDER_THE_THEATRE)),
        ({"item": "I1", "lot": "L1", "place": "HOSP/OR/1"}, units(("I1",), ("L1",), UNDER_THE_THEATRE[1:])),
        ({"item": "PUMP", "serial": "SN-DC", "place": "HOSP"}, set()),
    ],
)
def test_a_hold_covers_what_it_names_and_nothing_else(
    shelves: Company, what: dict[str, str], expected: set[tuple[str, str, str]]
) -> None:
    hold_id = hold(shelves, **what)
    assert held(shelves) == expected
    release(shelves, hold_id)
    assert held(shelves) == set()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_holds_add_up_and_are_released_in_any_order(shelves: Company, order: tuple[int, ...]) -> None:
    covered = [
        units(("I1",), ("L1",), PLACES),
        units(BOTH, LOTS, UNDER_THE_THEATRE),
        units(("I1",), ("L1",), PLACES),
    ]
    placed = [
        hold(shelves, item="I1", lot="L1"),
        hold(shelves, place="HOSP/OR"),
        hold(shelves, item="I1", lot="L1", reference="R-2"),
    ]
    left = {0, 1, 2}
    assert held(shelves) == set().union(*covered)
    for number in order:
        release(shelves, placed[number])
        left.remove(number)
        assert held(shelves) == set().union(*(covered[kept] for kept in left))


def test_a_unit_under_two_holds_is_counted_once(shelves: Company) -> None:
    hold(shelves, item="I1")
    hold(shelves, item="I1", lot="L1")
    hold(shelves, place="DC")
    assert facts_of(shelves, "physical, held, available") is not None
    facts.live(shelves.conn, NOW)
    rows = shelves.conn.execute(
        "SELECT physical, held, available FROM lotwatch.fact_item_site WHERE item_code = 'I1' ORDER BY site_code"
    ).fetchall()
    assert rows == [(4, 4, 0), (8, 8, 0)]


def test_what_arrives_in_a_place_that_is_held_is_held_though_it_never_was_there(shelves: Company) -> None:
    hold(shelves, place="HOSP/OR", cause="cold_chain")
    shelves.item("NEW")
    shelves.lot("N1", item="NEW")
    shelves.move(3, "HOSP/OR/1/A", item="NEW", lot="N1")
    shelves.post()
    assert ("NEW", "N1", "HOSP/OR/1/A") in held(shelves)


def test_a_place_that_is_made_under_a_held_one_is_held(shelves: Company) -> None:
    hold(shelves, place="HOSP/OR")
    shelves.location("HOSP/OR/2", kind="bin", parent_code="HOSP/OR")
    shelves.move(3, "HOSP/OR/2", lot="L1")
    shelves.post()
    assert ("I1", "L1", "HOSP/OR/2") in held(shelves)


def test_a_held_lot_that_the_warehouse_moves_stays_held_and_leaves_a_held_place(shelves: Company) -> None:
    of_lot = hold(shelves, item="I1", lot="L1")
    of_place = hold(shelves, place="HOSP/OR", cause="cold_chain")
    shelves.location("DC/9", kind="bin", parent_code="DC")
    shelves.move(1, "DC/9", "HOSP/OR", lot="L1", days_ago=0)
    shelves.move(1, "DC/9", "HOSP/OR", lot="L2", days_ago=0)
    shelves.post()
    assert ("I1", "L1", "DC/9") in held(shelves)
    assert ("I1", "L2", "DC/9") not in held(shelves)
    release(shelves, of_lot)
    assert held(shelves) == units(BOTH, LOTS, UNDER_THE_THEATRE) - {("I1", "L1", "HOSP/OR"), ("I1", "L2", "HOSP/OR")}
    release(shelves, of_place, "cold_chain")
    assert held(shelves) == set()


def test_the_past_shows_the_holds_of_then(shelves: Company) -> None:
    hold_id = hold(shelves, item="I1", lot="L1")
    release(shelves, hold_id)
    assert held(shelves) == set()
    day = NOW - timedelta(hours=1)
    facts.at(shelves.conn, day)
    assert shelves.conn.execute("SELECT count(*) FROM lotwatch.stock_state WHERE held").fetchone() == (0,)


@pytest.mark.parametrize("what", [{"item": "I1"}, {"place": "DC"}, {"item": "I1", "place": "DC"}])
def test_stock_that_is_set_aside_of_any_lot_and_then_held_is_not_taken_off_twice(
    company: Company, what: dict[str, str]
) -> None:
    company.item()
    company.lot()
    company.move(10, "DC")
    company.add(
        "allocation", "a1", item_code="I1", location_code="DC", quantity=4, allocated_at=NOW - timedelta(hours=5)
    )
    company.post()
    assert facts_of(company, "allocated, available") == (4, 6)
    hold(company, **what)
    assert facts_of(company, "held, allocated, available") == (10, 0, 0)
