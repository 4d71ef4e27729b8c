"""What is picked for whom, along which walk, and when: pure functions."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from lotwatch.actions.picking.fefo import Shelf, Wanted, allocate
from lotwatch.actions.picking.route import length, walk
from lotwatch.actions.picking.settings import Picking, load_picking

TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)


def line(key: str = "d1", quantity: int = 10, **changes: Any) -> Wanted:
    plain = {
        "source": "wms", "order_key": "O", "item_id": 1, "site_id": 1, "priority": "routine", "need_by": TODAY,
        "today": TODAY, "life_days": 0, "ordered_at": NOW,
    }  # fmt: skip
    return Wanted(line_key=key, quantity=quantity, **(plain | changes))


def shelf(code: str, quantity: int, lot: int, days: int | None = 100, **changes: Any) -> Shelf:
    last_day = None if days is None else TODAY + timedelta(days=days)
    plain = {"item_id": 1, "site_id": 1, "serial_id": 0, "location_id": hash(code), "dated": True}
    return Shelf(code=code, quantity=quantity, lot_id=lot, last_day=last_day, **(plain | changes))


def taken(wanted: list[Wanted], shelves: list[Shelf]) -> list[tuple[str, int, str, int]]:
    return [(t.wanted.line_key, t.shelf.lot_id, t.shelf.code, t.quantity) for t in allocate(wanted, shelves)]


def test_what_ends_first_goes_first_and_the_rest_from_the_next() -> None:
    assert taken([line()], [shelf("A", 8, 2, 90), shelf("B", 4, 1, 30)]) == [("d1", 1, "B", 4), ("d1", 2, "A", 6)]


def test_a_lot_that_does_not_last_as_long_as_is_asked_for_is_left_to_others() -> None:
    wanted = [line("strict", 5, life_days=60, priority="urgent"), line("any", 5)]
    assert taken(wanted, [shelf("A", 9, 1, 59), shelf("B", 9, 2, 60)]) == [("strict", 2, "B", 5), ("any", 1, "A", 5)]


def test_life_is_counted_from_the_day_it_is_handed_over() -> None:
    assert taken([line(need_by=TODAY + timedelta(days=3), life_days=30)], [shelf("A", 9, 1, 32)]) == []


def test_it_may_be_used_on_its_last_day_and_not_after() -> None:
    assert taken([line(quantity=1)], [shelf("A", 9, 1, -1), shelf("B", 9, 2, 0)]) == [("d1", 2, "B", 1)]


def test_what_should_say_when_it_ends_and_does_not_is_not_picked() -> None:
    assert taken([line()], [shelf("A", 99, 0, None)]) == []
    assert taken([line()], [shelf("A", 99, 0, None, dated=False)]) == [("d1", 0, "A", 10)]


def test_an_emergency_comes_before_what_is_due_earlier() -> None:
    late = line("late", 6, need_by=TODAY - timedelta(days=3))
    assert taken([late, line("er", 6, priority="emergency", need_by=None)], [shelf("A", 10, 1)]) == [
        ("er", 1, "A", 6), ("late", 1, "A", 4),
    ]  # fmt: skip


def test_one_place_that_has_enough_is_gone_to_rather_than_two() -> None:
    assert taken([line()], [shelf("A", 6, 1), shelf("B", 40, 1), shelf("C", 12, 1)]) == [("d1", 1, "C", 10)]
    assert taken([line()], [shelf("A", 3, 1), shelf("B", 7, 1)]) == [("d1", 1, "B", 7), ("d1", 1, "A", 3)]


def test_stock_of_another_site_or_item_is_not_taken() -> None:
    assert taken([line()], [shelf("A", 9, 1, site_id=2), shelf("B", 9, 1, item_id=2)]) == []


def test_the_walk_is_the_shortest_of_all_in_small_warehouses() -> None:
    draw = random.Random(35)
    for _ in range(15):
        places = [(draw.randrange(20) * 3.0, draw.randrange(30) * 1.2) for _ in range(7)]
        best = min(length((0, 0), [places[i] for i in order]) for order in permutations(range(7)))
        assert length((0, 0), [places[i] for i in walk((0, 0), places)]) <= best * 1.05


def test_every_place_is_gone_to_once_and_always_in_the_same_order() -> None:
    draw = random.Random(5)
    places = [(float(draw.randrange(9)), float(draw.randrange(9))) for _ in range(40)]  # some at the same point
    order = walk((4, 4), places)
    assert sorted(order) == list(range(40))
    assert order == walk((4, 4), places)


@pytest.mark.parametrize("places", [[], [(1.0, 2.0)], [(0.0, 0.0), (0.0, 0.0)]])
def test_next_to_nothing_is_walked_too(places: list[tuple[float, float]]) -> None:
    assert walk((0, 0), places) == list(range(len(places)))


def test_the_next_cut_off_is_of_the_sites_own_clock() -> None:
    settings = load_picking().everywhere
    at = {zone: settings.next_cut_off(NOW, zone).isoformat() for zone in ("UTC", "Asia/Shanghai")}
    # 16:00 in Shanghai: its last cut-off of the day is over
    assert at == {"UTC": "2026-06-15T10:00:00+00:00", "Asia/Shanghai": "2026-06-16T10:00:00+08:00"}


def test_a_site_has_what_it_does_not_say_from_everywhere() -> None:
    plain = load_picking().everywhere.model_dump(mode="json")
    picking = Picking.model_validate({"everywhere": plain, "sites": {"DC": {"lines": 7}}})
    assert (picking.of("DC").lines, picking.of("DC").cut_offs) == (7, picking.everywhere.cut_offs)
    assert picking.of("HOSP") == picking.everywhere
