"""The trial company is the same every time, its stock adds up, and what a trial should find is in it."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.tryton.catalogue import is_gtin
from sandbox.tryton.company import HISTORY_DAYS, make_world
from sandbox.tryton.world import World

TODAY = date(2026, 3, 18)
OUTSIDE = {"SUP", "CUS", "COUNT", "WASTE"}


@pytest.fixture(scope="module", params=["invented", pytest.param("real", marks=pytest.mark.realdata)])
def data(request: pytest.FixtureRequest) -> Path | None:
    folder: Path | None = request.getfixturevalue("realdata") if request.param == "real" else None
    return folder


@pytest.fixture(scope="module")
def world(data: Path | None) -> World:
    return make_world(TODAY, data)


def test_the_same_arguments_give_the_same_company(world: World, data: Path | None) -> None:
    assert make_world(TODAY, data) == world


def test_another_seed_gives_another_company(world: World, data: Path | None) -> None:
    assert make_world(TODAY, data, random_seed=1).moves != world.moves


def test_it_has_the_size_of_a_small_distributor(world: World) -> None:
    assert len(world.sites) == 6
    assert len(world.suppliers) == 12
    assert 200 <= len(world.devices) <= 220
    assert 30_000 <= len(world.moves) <= 50_000


def test_its_history_ends_today(world: World) -> None:
    planted = {row.where for row in world.planted}
    days = [
        move.on for number, move in enumerate(world.moves) if move.state == "done" and ("move", number) not in planted
    ]
    assert min(days) == TODAY - timedelta(days=HISTORY_DAYS)
    assert TODAY - timedelta(days=1) <= max(days) <= TODAY


def test_no_stock_is_ever_negative_at_the_end_of_a_day(world: World) -> None:
    balance: defaultdict[tuple[str, str, int | None], float] = defaultdict(float)
    done = sorted((move for move in world.moves if move.state == "done"), key=lambda move: move.on)
    day = done[0].on
    for move in [*done, None]:
        if move is None or move.on != day:
            assert [key for key, quantity in balance.items() if quantity < 0 and key[0] not in OUTSIDE] == []
        if move is not None:
            day = move.on
            balance[move.source, move.device, move.lot] -= move.quantity
            balance[move.destination, move.device, move.lot] += move.quantity


def test_what_is_received_is_what_the_order_says(world: World) -> None:
    received: defaultdict[tuple[int, int], float] = defaultdict(float)
    for move in world.moves:
        if move.line and move.state == "done":
            received[move.line] += move.quantity
    for number, purchase in enumerate(world.purchases):
        for position, line in enumerate(purchase.lines):
            per_unit = 10 if line.device and world.devices[line.device].purchase_unit == "box" else 1
            assert received[number, position] == line.received * per_unit


def test_nothing_is_used_after_it_expired(world: World) -> None:
    used = [move for move in world.moves if move.destination == "CUS" and move.lot is not None]
    expired = [move for move in used if (world.lots[move.lot or 0].expires_on or date.max) < move.on]
    assert expired == []


def test_some_devices_are_short_and_some_far_too_many_at_a_distribution_centre(world: World) -> None:
    on_hand: defaultdict[tuple[str, str], float] = defaultdict(float)
    for (place, device, _), quantity in world.stock().items():
        if place.startswith("DC-"):
            on_hand[place[:4], device] += quantity
    on_order: defaultdict[tuple[str, str], float] = defaultdict(float)
    for purchase in world.purchases:
        for line in purchase.lines if purchase.state == "processing" else ():
            on_order[purchase.site, line.device or ""] += line.quantity - line.received
    sent: defaultdict[tuple[str, str], float] = defaultdict(float)
    for move in world.moves:
        if move.destination == "TRANSIT" and move.on > TODAY - timedelta(days=365):
            sent[move.source[:4], move.device] += move.quantity / 52
    lead = {agreement.device: agreement.lead_days or 0 for agreement in reversed(world.agreements)}
    moving = {pair: weekly for pair, weekly in sent.items() if weekly >= 2}
    short = [pair for pair, weekly in moving.items() if on_hand[pair] + on_order[pair] < weekly * lead[pair[1]] / 7 / 2]
    overstocked = [pair for pair, weekly in moving.items() if on_hand[pair] > weekly * 40]
    assert len(short) >= 8
    assert len(overstocked) >= 6


def test_lots_expire_soon_and_have_expired_where_they_lie(world: World) -> None:
    left = {lot for (place, _, lot), quantity in world.stock().items() if quantity > 0 and place not in OUTSIDE}
    days = [(expires_on - TODAY).days for lot in left if lot is not None and (expires_on := world.lots[lot].expires_on)]
    assert len([day for day in days if 0 <= day <= 60]) >= 14
    assert len([day for day in days if day < 0]) >= 6


def test_orders_are_open_late_and_confirmed_late(world: World) -> None:
    waiting = [
        line
        for purchase in world.purchases
        if purchase.state == "processing"
        for line in purchase.lines
        if line.received < line.quantity
    ]
    assert len([line for line in waiting if line.requested_on > TODAY]) >= 20
    assert len([line for line in waiting if line.requested_on < TODAY]) >= 5
    item = world.special["late_confirmation"]["item"]
    assert [
        line for line in waiting if line.device == item and line.promised_on and line.promised_on > line.requested_on
    ]
    assert [purchase for purchase in world.purchases if purchase.state == "draft"]


def test_every_special_case_is_there(world: World) -> None:
    stock = world.stock()

    def lies(place: str, device: str) -> float:
        return sum(quantity for (where, what, _), quantity in stock.items() if (where, what) == (place, device))

    special = world.special
    assert lies(special["consigned"]["location"], special["consigned"]["item"]) == 4
    assert lies(special["loaned"]["location"], special["loaned"]["item"]) == 1
    assert lies("DC-S-INSP", special["in_inspection"]["item"]) == 60
    assert lies("DC-S-BLOCKED", special["rejected"]["item"]) == 60
    assert world.devices[special["cold_chain"]["item"]].storage_c == (Decimal(2), Decimal(8))
    assert world.devices[special["registration_lapsing"]["item"]].registration_through == TODAY + timedelta(days=25)
    serial = special["serial_without_lot"]
    assert [lot for lot in world.lots if (lot.device, lot.number) == (serial["item"], serial["serial"])]
    assert not world.devices[special["order_of_discontinued_item"]["item"]].active


def test_customers_and_a_hospital_wait_for_goods_that_have_not_left(world: World) -> None:
    stock = world.stock()
    there = {(place, device, lot): quantity for (place, device, lot), quantity in stock.items() if place[:3] == "DC-"}
    served, backordered, *weekly, transfer = world.requests
    assert {customer.code for customer in world.customers} == {served.customer, backordered.customer}
    for request in (served, transfer):
        for device, lot, quantity in request.loads:
            assert (
                max(there.get((f"{request.source}-A{number:02}", device, lot), 0) for number in range(1, 11))
                >= quantity
            )
    [(device, lot, quantity)] = backordered.loads
    assert lot is None
    assert quantity > sum(units for (place, what, _), units in there.items() if (place[:4], what) == ("DC-N", device))
    assert backordered.planned_on < TODAY < served.planned_on
    assert not any(request.assigned for request in weekly)
    asked = [device for request in weekly for device, _, _ in request.loads]
    assert len(asked) == len(set(asked)) >= 40 + 20, "more than a walk, whatever of it is on hold"


def test_suppliers_bill_what_came_but_for_four_of_them(world: World) -> None:
    wrong = [case["number"] for name, case in world.special.items() if name.startswith("billed_")]
    sound = [bill for bill in world.bills if bill.number not in wrong]
    assert len(sound) >= 15
    for bill in sound:
        lines = world.purchases[bill.purchase].lines
        assert all((quantity, price) == (lines[n].received, lines[n].price) for n, quantity, price in bill.lines)
        assert bill.on <= TODAY
    assert len(wrong) == 4
    assert Counter(bill.number for bill in world.bills)[world.special["billed_twice"]["number"]] == 2


def test_what_was_taken_back_is_in_no_stock(world: World) -> None:
    [taken] = [move for move in world.moves if move.state == "cancelled"]
    assert (taken.source, world.lots[taken.lot or 0].number) == ("COUNT", world.special["taken_back"]["lot"])


def test_devices_carry_right_identifiers_but_for_the_planted_one(world: World) -> None:
    wrong = [device.key for device in world.devices.values() if not is_gtin(device.udi_di)]
    assert [("device", key) for key in wrong] == [
        row.where for row in world.planted if row.name == "item_wrong_check_digit"
    ]


def test_every_planted_row_is_where_it_says(world: World) -> None:
    names = [row.name for row in world.planted]
    assert len(set(names)) == len(names) >= 15
    parts: dict[str, object] = {
        "lot": world.lots,
        "move": world.moves,
        "agreement": world.agreements,
        "inspection": world.inspections,
    }
    for row in world.planted:
        kind, position = row.where
        if kind == "device":
            assert position in world.devices
        elif kind == "line":
            purchase, line = position  # type: ignore[misc]
            assert world.purchases[purchase].lines[line]
        elif kind == "bill":
            bill, line = position  # type: ignore[misc]
            assert world.bills[bill].lines[line]
        else:
            assert parts[kind][position]  # type: ignore[index]
