"""Cold chain: what was exposed is held, once, wherever it went, whatever is told late, twice or out of order."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg
import pytest

from lotwatch import ledger, master, sources
from lotwatch.ledger.cold_chain import Tolerance, Watched, watch_cold_chain
from tests.integration.company import NOW, Company, context

START = NOW - timedelta(hours=12)
USUAL = Tolerance()
SSCC = "040532190000000093"


class Fridge:
    """A ward with a refrigerator in it, of which a test tells temperatures."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn, self.company = conn, Company(conn)
        self._numbers = count(1)
        self.company.location("HOSP/FRIDGE", kind="bin", parent_code="HOSP", temperature_min_c=2, temperature_max_c=8)
        self.company.item("COLD", storage_min_c=2, storage_max_c=8)
        self.company.item("FROZEN", storage_min_c=-25, storage_max_c=-15)
        self.company.item("PLAIN")
        self.company.item("WARM", storage_min_c=2, storage_max_c=30)
        for item in ("COLD", "FROZEN", "PLAIN", "WARM"):
            self.company.lot("L1", item=item)
            self.company.lot("L2", item=item)
        self.company.post()

    def measure(
        self,
        celsius: Sequence[float | str],
        *,
        start: float = 0,
        every: float = 15,
        place: str | None = "HOSP/FRIDGE",
        **row: Any,
    ) -> None:
        """One reading after another, `every` so many minutes, from `start` minutes after START."""
        for number, value in enumerate(celsius):
            at = START + timedelta(minutes=start + number * every)
            key = row.pop("key", None) or f"reading-{place}-{row.get('sensor')}-{at:%d%H%M}"
            self.company.add(
                "temperature_reading", key, **({"location_code": place} if place else {}), celsius=Decimal(str(value)),
                measured_at=at, **row,
            )  # fmt: skip

    def move(
        self, item: str, quantity: int, to: str, origin: str = "SUPPLIER", *, minutes: float = -600, **row: Any
    ) -> None:
        days_ago = (NOW - START - timedelta(minutes=minutes)) / timedelta(days=1)
        self.company.move(quantity, to, origin, item=item, days_ago=days_ago, **row)

    def post(self, tolerance: Tolerance = USUAL) -> Watched:
        """Post what was added, as a sync does."""
        batch_id = self.company.stage("loggers")
        master.post_master(self.conn, batch_id)
        ledger.post_events(self.conn, batch_id)
        watched = watch_cold_chain(self.conn, batch_id, context(), tolerance)
        sources.finish_batch(self.conn, batch_id)
        self.conn.commit()
        return watched

    def excursions(self) -> list[tuple[Any, ...]]:
        """(place or package, minutes from START, minutes long, coldest, warmest, over, beyond tolerance), as they stand."""
        rows = self.conn.execute(
            "SELECT coalesce(l.code, e.sscc, e.delivery_key), e.started_at, e.minutes, e.coldest_c, e.warmest_c, e.is_over,"
            " e.beyond_tolerance FROM lotwatch.excursion AS e LEFT JOIN lotwatch.location AS l USING (location_id)"
            " WHERE NOT e.withdrawn ORDER BY e.started_at, 1, e.allowed_max_c"
        ).fetchall()
        return [(row[0], int((row[1] - START).total_seconds() // 60), *map(_plain, row[2:])) for row in rows]

    def held(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """(item, lot, serial, place) of each hold in force."""
        return self.conn.execute(
            "SELECT i.code, l.number, u.number, p.code FROM lotwatch.hold AS h JOIN lotwatch.item AS i USING (item_id)"
            " LEFT JOIN lotwatch.lot AS l ON l.lot_id = h.lot_id LEFT JOIN lotwatch.serial_unit AS u USING (serial_id)"
            " LEFT JOIN lotwatch.location AS p ON p.location_id = h.location_id"
            " WHERE h.cause = 'cold_chain' AND h.released_at IS NULL ORDER BY 1, 2, 3, 4"
        ).fetchall()


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture
def fridge(db: psycopg.Connection) -> Fridge:
    return Fridge(db)


def test_what_was_in_a_refrigerator_that_went_warm_is_held_there(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.move("PLAIN", 5, "HOSP/FRIDGE")
    fridge.move("WARM", 5, "HOSP/FRIDGE")
    fridge.move("COLD", 5, "HOSP/OR", lot="L2")
    fridge.measure([5, 9, 12, 10, 6])
    assert fridge.post().holds == 2
    assert fridge.excursions() == [("HOSP/FRIDGE", 15, 45, 9, 12, True, True)]
    # what bears 12 °C by its own label is not, nor is what was elsewhere; what says nothing keeps to the place's range
    assert fridge.held() == [("COLD", "L1", None, "HOSP/FRIDGE"), ("PLAIN", "L1", None, "HOSP/FRIDGE")]


def test_within_tolerance_an_excursion_is_noted_and_nothing_is_held(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([5, 9, 9, 6])
    assert fridge.post().holds == 0
    assert fridge.excursions() == [("HOSP/FRIDGE", 15, 30, 9, 9, True, False)]
    fridge.measure([6], start=60)
    assert fridge.post(Tolerance(minutes=Decimal(10))).holds == 1, "by what is tolerated now"


def test_one_reading_at_freezing_point_is_enough(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([5, 0, 5], every=1)
    assert fridge.post().holds == 1
    assert fridge.excursions() == [("HOSP/FRIDGE", 1, 1, 0, 0, True, True)]


def test_a_freezer_may_be_below_zero(fridge: Fridge) -> None:
    fridge.company.location(
        "HOSP/FREEZER", kind="bin", parent_code="HOSP", temperature_min_c=-25, temperature_max_c=-15
    )
    fridge.company.post()
    fridge.move("FROZEN", 5, "HOSP/FREEZER")
    fridge.measure([-20, -26, -20], every=10, place="HOSP/FREEZER")
    assert fridge.post().holds == 0


def test_readings_told_again_late_or_out_of_order_come_to_the_same(db: psycopg.Connection, fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.post()
    readings = [5, 9, 10, 9, 6, 9, 11, 12, 9, 5]
    for number in (7, 2, 0, 9, 4, 1, 8, 3, 6, 5):
        for _ in range(2):
            fridge.measure([readings[number]], start=15 * number)
            fridge.post()
    assert fridge.excursions() == [
        ("HOSP/FRIDGE", 15, 45, 9, 10, True, True),
        ("HOSP/FRIDGE", 75, 60, 9, 12, True, True),
    ]
    holds = db.execute("SELECT reference FROM lotwatch.hold WHERE cause = 'cold_chain'").fetchall()
    assert len(holds) == len(set(holds)) == 2


def test_an_excursion_goes_on_in_the_next_batch_and_is_held_once(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([5, 9, 9, 9])
    assert fridge.post().holds == 0  # 30 minutes so far
    fridge.measure([10], start=60)
    assert fridge.post().holds == 1
    fridge.measure([5], start=75)
    assert fridge.post().holds == 0
    assert fridge.excursions() == [("HOSP/FRIDGE", 15, 60, 9, 10, True, True)]


def test_two_sensors_do_not_speak_for_each_other(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([9, 9, 9, 9], sensor="back")
    fridge.measure([5, 5, 5, 5], sensor="door", start=5)
    fridge.post()
    assert fridge.excursions() == [("HOSP/FRIDGE", 0, 45, 9, 9, False, True)]


def test_units_that_left_while_it_was_warm_or_later_are_held_where_they_went(fridge: Fridge) -> None:
    fridge.move("COLD", 9, "HOSP/FRIDGE")
    fridge.move("COLD", 1, "HOSP/OR", "HOSP/FRIDGE", minutes=-30)  # before
    fridge.move("COLD", 2, "DC", "HOSP/FRIDGE", minutes=40)
    fridge.move("COLD", 1, "DC/QC", "DC", minutes=90)
    fridge.move("COLD", 1, "PATIENT", "HOSP/FRIDGE", minutes=90)
    fridge.measure([5, 9, 12, 10, 6])
    fridge.post()
    everywhere = [("COLD", "L1", None, "DC"), ("COLD", "L1", None, "HOSP/FRIDGE")]
    assert fridge.held() == everywhere
    fridge.move("COLD", 1, "HOSP/OR", "HOSP/FRIDGE", minutes=400)  # told by a later sync
    fridge.post()
    assert fridge.held() == [*everywhere, ("COLD", "L1", None, "HOSP/OR")]


def test_what_is_told_to_have_been_there_only_later_is_held_all_the_same(fridge: Fridge) -> None:
    fridge.measure([5, 9, 12, 10, 6])
    assert fridge.post().holds == 0
    fridge.move("COLD", 5, "HOSP/FRIDGE", minutes=20)
    assert fridge.post().holds == 1
    assert fridge.held() == [("COLD", "L1", None, "HOSP/FRIDGE")]
    fridge.move("COLD", 5, "HOSP/FRIDGE", minutes=200, lot="L2")  # it came when all was well again
    assert fridge.post().holds == 0


def test_an_item_with_a_range_of_its_own_is_judged_by_it_in_a_place_that_keeps_none(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/OR")
    fridge.move("WARM", 5, "HOSP/OR")
    fridge.measure([20, 21, 20, 21], place="HOSP/OR")
    fridge.post()
    assert fridge.held() == [("COLD", "L1", None, "HOSP/OR")]
    assert len(fridge.excursions()) == 1, "of what is at home there, there is none"


def test_a_refrigerator_is_no_part_of_the_climate_of_its_room(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([21, 21, 21, 21], place="HOSP")
    fridge.post()
    assert (fridge.held(), fridge.excursions()) == ([], [])


def test_a_serial_unit_is_held_wherever_it_is(fridge: Fridge) -> None:
    fridge.company.item("PUMP", storage_min_c=2, storage_max_c=8, label_lot=False, label_serial=True)
    fridge.company.add("lot", item_code="PUMP", serial_number="SN1")
    fridge.company.post()
    fridge.move("PUMP", 1, "HOSP/FRIDGE", lot=None, serial_number="SN1")
    fridge.measure([9, 9, 9, 9])
    fridge.post()
    assert fridge.held() == [("PUMP", None, "SN1", None)]


def test_what_a_person_released_is_not_held_again_for_the_same_excursion(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([5, 9, 12, 10, 10])
    fridge.post()
    (hold_id,) = fridge.conn.execute("SELECT hold_id FROM lotwatch.hold").fetchone() or (0,)
    ledger.release_hold(
        fridge.conn, hold_id, context(), authorities=["cold_chain"], released_by="pharmacist", reason="stable for 24 h"
    )
    fridge.measure([10, 6], start=75)
    fridge.move("COLD", 1, "HOSP/OR", "HOSP/FRIDGE", minutes=400)
    fridge.post()
    assert fridge.held() == []


def test_a_reading_declared_an_error_withdraws_the_excursion_and_leaves_its_hold_to_a_person(fridge: Fridge) -> None:
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([5, 0, 5])
    fridge.post()
    fridge.measure(
        [0], start=15, key="error", takes_back=f"reading-HOSP/FRIDGE-None-{START + timedelta(minutes=15):%d%H%M}"
    )
    fridge.post()
    assert fridge.excursions() == []
    assert fridge.held() == [("COLD", "L1", None, "HOSP/FRIDGE")]


def test_what_is_in_a_package_within_the_package_is_held_where_the_delivery_goes(fridge: Fridge) -> None:
    box = "040532190000000086"
    plain = {"action": "add", "occurred_at": START - timedelta(days=1)}
    fridge.company.add("package_event", sscc=box, item_code="COLD", lot_number="L1", quantity=4, **plain)
    fridge.company.add("package_event", sscc=SSCC, child_sscc=box, **plain)
    fridge.company.add(
        "delivery_line", delivery_key="D1", to_location="DC", state="shipped", shipped_at=START, item_code="COLD",
        lot_number="L1", quantity=4, sscc=box,
    )  # fmt: skip
    fridge.measure([9, 9, 9, 9], place=None, sscc=SSCC)
    fridge.post()
    assert fridge.held() == [("COLD", "L1", None, "DC")]
    fridge.move("COLD", 4, "DC", minutes=300)
    fridge.move("COLD", 2, "HOSP", "DC", minutes=400)
    fridge.post()
    assert fridge.held() == [("COLD", "L1", None, "DC"), ("COLD", "L1", None, "HOSP")]


def test_a_package_that_was_unpacked_before_its_logger_was_read_was_exposed_all_the_same(fridge: Fridge) -> None:
    plain = {"sscc": SSCC, "item_code": "COLD", "lot_number": "L1", "quantity": 4}
    fridge.company.add("package_event", action="add", occurred_at=START - timedelta(days=1), **plain)
    fridge.company.add("package_event", sscc=SSCC, action="delete", occurred_at=START + timedelta(hours=5))
    fridge.company.add(
        "package_event", action="add", occurred_at=START + timedelta(hours=6), **plain | {"lot_number": "L2"}
    )
    fridge.post()
    fridge.measure([9, 9, 9, 9], place=None, sscc=SSCC)
    fridge.post()
    assert fridge.held() == [("COLD", "L1", None, None)], "wherever it is: nobody said where it goes"


def test_a_delivery_that_was_measured_holds_its_lines_even_if_they_are_told_later(fridge: Fridge) -> None:
    fridge.measure([9, 9, 9, 9], place=None, delivery_key="7300010000001:1")
    assert fridge.post().holds == 0
    fridge.company.add(
        "delivery_line", delivery_key="7300010000001:1", to_location="DC", state="shipped", shipped_at=START,
        item_code="COLD", lot_number="L2", quantity=4,
    )  # fmt: skip
    fridge.post()
    assert fridge.held() == [("COLD", "L2", None, "DC")]
    assert fridge.excursions() == [("7300010000001:1", 0, 45, 9, 9, False, True)]


def test_a_reading_of_a_place_nobody_knows_waits_in_quarantine(fridge: Fridge) -> None:
    fridge.company.add("temperature_reading", location_code="NOWHERE", celsius=9, measured_at=START)
    (batch,) = fridge.company.sync("loggers").batches
    (outcome,) = batch.entities
    assert [rule.rule for rule in outcome.rules] == ["REF221"]


def test_readings_cannot_be_changed(fridge: Fridge) -> None:
    fridge.measure([5])
    fridge.post()
    with pytest.raises(psycopg.Error):
        fridge.conn.execute("UPDATE lotwatch.temperature_reading SET celsius = 4")


def test_the_moment_is_in_utc_whatever_the_sessions_zone(fridge: Fridge) -> None:
    fridge.conn.execute("SET TIME ZONE 'Asia/Shanghai'")
    fridge.move("COLD", 5, "HOSP/FRIDGE")
    fridge.measure([0])
    fridge.post()
    (reason,) = fridge.conn.execute("SELECT reason FROM lotwatch.hold").fetchone() or ("",)
    assert reason == f"outside of 2 to 8 °C from {START:%Y-%m-%d %H:%M} UTC"
