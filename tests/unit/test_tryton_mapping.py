"""Tryton's records become our rows, and what cannot be mapped is said, not guessed."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import lotwatch.db
from lotwatch.errors import SourceError
from lotwatch.sources.connector import Record
from lotwatch.sources.jsonrpc import TrytonClient, decode, encode
from lotwatch.sources.tryton import TrytonSite, TrytonWarehouse, mapping, reading, shipments, vanished
from lotwatch.sources.tryton.documents import OF_SHIPMENTS, Memory
from lotwatch.sources.tryton.mapping import LineContext, MoveContext, Product, Unit
from lotwatch.sources.tryton.places import Places
from lotwatch.sources.tryton.reading import Window, lacking
from lotwatch.sources.tryton.shipments import CUSTOMER, INTERNAL, SUPPLIER, Document, Load, Shipment

UNIT, BOX = Unit("Unit", 1.0), Unit("Box of 10", 10.0)
SITE = TrytonSite()
STAMPED = datetime(2026, 1, 5, 15, tzinfo=UTC)
#: places of the tree below
WAREHOUSE, OUTSIDE = 2, 20
STAMPS = {"create_date": datetime(2026, 1, 5, 15), "write_date": None}  # noqa: DTZ001 (as Tryton sends it)


def product(**changes: Any) -> Product:
    usual: dict[str, Any] = {
        "code": "MD-0001", "label_lot": True, "label_serial": False, "base_unit": UNIT, "purchase_unit": UNIT,
        "order_multiple": None,
    }  # fmt: skip
    return Product(**usual | changes)


def location(identity: int, code: str | None, kind: str, parent: int | None = None, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "id": identity, "code": code, "name": code or "nameless", "type": kind, "parent": parent, "active": True,
        "consignment_party": None, "waste_warehouses": [], **STAMPS,
    }  # fmt: skip
    return usual | changes


@pytest.fixture
def places() -> Places:
    records = [
        location(11, "H1-ICU-1", "storage", 10),
        location(1, "NORTH", "view"),
        location(2, "DC", "warehouse", 1, storage_location=3, input_location=5),
        location(3, "DC-STO", "storage", 2),
        location(4, "DC-A1", "storage", 3),
        location(5, "DC-INSP", "storage", 2),
        location(6, "DC-INSP-1", "storage", 5),
        location(7, "DC-BLOCKED", "storage", 2),
        location(8, "H1", "warehouse", 1, storage_location=9),
        location(9, "H1-STO", "storage", 8),
        location(10, "H1-ICU", "storage", 9),
        location(12, "H1-CONS", "supplier", 9, consignment_party=77),
        location(13, "H1-LOANER", "storage", 9),
        location(20, "SUP", "supplier"),
        location(21, "CUS", "customer"),
        location(22, None, "storage"),
        location(23, "COUNT", "lost_found"),
        location(24, "WASTE", "lost_found", waste_warehouses=[2]),
    ]
    return Places(records, {8}, TrytonSite(time_zones={"H1": "Asia/Shanghai"}), "Europe/Berlin")


def test_the_tree_is_read_as_regions_sites_departments_and_bins(places: Places) -> None:
    kinds = {places[identity].code: places[identity].kind for identity in places.records}
    assert kinds == {
        "NORTH": "region", "DC": "site", "DC-STO": "bin", "DC-A1": "bin", "DC-INSP": "bin",
        "DC-INSP-1": "bin", "DC-BLOCKED": "bin", "H1": "site", "H1-STO": "bin", "H1-ICU": "department",
        "H1-ICU-1": "bin", "H1-CONS": "bin", "H1-LOANER": "bin", "SUP": "supplier", "CUS": "patient",
        "#22": "in_transit", "COUNT": "adjustment", "WASTE": "scrap",
    }  # fmt: skip


def test_a_site_that_another_supplies_is_supplied_by_transfer(places: Places) -> None:
    assert (places[2].supplied_by, places[8].supplied_by, places[9].supplied_by) == ("supplier", "transfer", None)


def test_status_and_owner_come_from_the_place_and_hold_for_all_under_it(places: Places) -> None:
    assert [places[identity].status for identity in (4, 5, 6, 7)] == [
        "unrestricted", "inspection", "inspection", "blocked",
    ]  # fmt: skip
    assert [places[identity].owner for identity in (11, 12, 13, 20)] == ["own", "consigned", "loaned", "own"]


def test_parents_come_before_their_children(places: Places) -> None:
    order = list(places.parents_first())
    assert sorted(order) == sorted(places.records)
    for identity in order:
        parent = places.records[identity]["parent"]
        assert parent is None or order.index(parent) < order.index(identity)


def test_a_move_is_timed_in_the_zone_of_the_site_it_goes_to_or_else_comes_from(places: Places) -> None:
    assert places.zone_of_move(4, 22) == ZoneInfo("Europe/Berlin")
    assert places.zone_of_move(22, 11) == ZoneInfo("Asia/Shanghai")
    assert places.zone_of_move(11, 21) == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("number", "label_lot", "label_serial", "expected"),
    [
        ("L1", True, False, ("L1", None)),
        ("L1/2", True, False, ("L1/2", None)),
        ("L1/S9", True, True, ("L1", "S9")),
        ("S9", True, True, (None, "S9")),
        ("S9/7", False, True, (None, "S9/7")),
        (None, True, True, (None, None)),
    ],
)
def test_a_lot_number_is_split_by_what_the_label_carries(
    number: str | None, label_lot: bool, label_serial: bool, expected: tuple[str | None, str | None]
) -> None:
    assert mapping.split_number(number, product(label_lot=label_lot, label_serial=label_serial), "/") == expected


@pytest.mark.parametrize(
    ("expiration", "shelf_life", "expected"),
    [
        (date(2027, 3, 31), None, date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 1, 31), date(2027, 1, 31)),
        (None, date(2027, 1, 31), date(2027, 1, 31)),
        (None, None, None),
    ],
)
def test_a_lot_is_usable_through_the_earlier_of_trytons_dates(
    expiration: date | None, shelf_life: date | None, expected: date | None
) -> None:
    record = {
        "id": 3, "number": "L1", "product": 1, "expiration_date": expiration, "active": True,
        "shelf_life_expiration_date": shelf_life, **STAMPS,
    }  # fmt: skip
    assert mapping.lot(record, product(), SITE).row["usable_through"] == expected


def move(places: Places, quantity: float, unit: Unit = UNIT, **changes: Any) -> Record:
    record = {
        "id": 5, "product": 1, "lot": 3, "unit": 1, "quantity": quantity, "from_location": 20, "to_location": 4,
        "effective_date": date(2026, 7, 1), "origin": "purchase.line,42", "shipment": None, "state": "done", **STAMPS,
    }  # fmt: skip
    context = MoveContext(places[20], places[4], ZoneInfo("Europe/Berlin"), product(), unit, "L1", "PO7")
    return mapping.movement(record | changes, context, SITE)


def test_a_move_of_a_box_is_ten_units_at_the_start_of_its_day(places: Places) -> None:
    record = move(places, 4.0, BOX)
    assert record.problems == ()
    assert record.source_key == "stock.move,5"
    assert record.row == {
        "item_code": "MD-0001",
        "lot_number": "L1",
        "serial_number": None,
        "from_location": "SUP",
        "to_location": "DC-A1",
        "quantity": 40,
        "document": "PO7",
        "order_line_key": "purchase.line,42",
        "occurred_at": datetime(2026, 6, 30, 22, tzinfo=UTC),
    }


def test_double_precision_noise_is_no_fraction(places: Places) -> None:
    assert move(places, 0.1 * 3, BOX).row["quantity"] == 3


def test_a_fraction_of_a_unit_is_a_problem_and_not_rounded(places: Places) -> None:
    record = move(places, 2.5)
    assert record.row["quantity"] is None
    assert [(problem.field, "2.5" in problem.reason) for problem in record.problems] == [("quantity", True)]


def test_only_a_purchase_line_is_an_order_line(places: Places) -> None:
    assert move(places, 1, origin="stock.move,8").row["order_line_key"] is None
    assert move(places, 1, origin=None).row["order_line_key"] is None


def test_what_was_cancelled_is_taken_back_the_other_way_round_at_the_same_time(places: Places) -> None:
    happened = move(places, 4.0, state="cancelled")
    back = mapping.reversal(happened)
    assert back.source_key == "stock.move,5;cancelled"
    assert (back.row["kind"], back.row["reverses_key"]) == ("reversal", "stock.move,5")
    assert (back.row["from_location"], back.row["to_location"]) == ("DC-A1", "SUP")
    assert {
        name: back.row[name] for name in ("item_code", "lot_number", "quantity", "occurred_at", "order_line_key")
    } == {name: happened.row[name] for name in ("item_code", "lot_number", "quantity", "occurred_at", "order_line_key")}


def line(moves: list[dict[str, Any]] | None = None, state: str = "processing", **changes: Any) -> Record:
    record = {
        "id": 42, "purchase": 7, "product": 1, "quantity": 4.0, "unit": 2, "unit_price": Decimal("12.50"),
        "delivery_date_store": date(2026, 7, 20), "moves": [], "description": None, **STAMPS,
    }  # fmt: skip
    purchase = {
        "id": 7, "number": "7", "reference": "LW-000012", "state": state, "party": 1, "warehouse": 2, "currency": 1,
        "purchase_date": date(2026, 7, 1), "delivery_date": None,
    }  # fmt: skip
    known = product(purchase_unit=BOX) if changes.get("product", 1) else None
    context = LineContext(purchase, "SUP-01", "DC", "EUR", known, BOX, moves or [])
    return mapping.purchase_line(record | changes, context)


def test_a_line_in_boxes_is_ordered_and_priced_in_units() -> None:
    row = line().row
    assert (row["quantity"], row["unit_price"]) == (40, Decimal("1.2500"))
    assert (row["order_number"], row["order_reference"], row["order_state"]) == ("7", "LW-000012", "open")


def test_a_line_is_promised_for_when_the_last_of_what_is_to_come_is_planned() -> None:
    def planned(state: str, day: int) -> dict[str, Any]:
        return {"id": day, "state": state, "planned_date": date(2026, 8, day), "origin_planned_date": date(2026, 7, 20)}

    row = line([planned("done", 1), planned("draft", 7), planned("cancelled", 30)]).row
    assert (row["requested_on"], row["promised_on"]) == (date(2026, 7, 20), date(2026, 8, 7))
    assert line([planned("done", 1), planned("done", 3)], state="done").row["promised_on"] == date(2026, 8, 3)
    assert line(state="draft").row["promised_on"] is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [("draft", "draft"), ("quotation", "draft"), ("confirmed", "open"), ("processing", "open"), ("done", "done"),
     ("cancelled", "cancelled")],
)  # fmt: skip
def test_purchase_states_are_ours(state: str, expected: str) -> None:
    assert line(state=state).row["order_state"] == expected


def test_a_line_without_a_product_keeps_its_numbers_for_the_gate() -> None:
    row = line(product=None).row
    assert (row["item_code"], row["quantity"], row["unit_price"]) == (None, 4, Decimal("12.50"))


def agreement(prices: list[dict[str, Any]], **changes: Any) -> Record:
    record = {"id": 9, "lead_time_used": timedelta(days=14), "prices": [], "active": True, **STAMPS}
    item = product(purchase_unit=BOX, order_multiple=changes.pop("order_multiple", None))
    return mapping.agreement(record | changes, prices, item, supplier_code="SUP-01", currency="EUR")


def test_the_lowest_step_of_a_price_list_is_the_minimum_order() -> None:
    steps = [{"quantity": 20.0, "unit_price": Decimal("9.00")}, {"quantity": 3.0, "unit_price": Decimal("12.00")}]
    row = agreement(steps).row
    assert (row["minimum_order_quantity"], row["price"], row["lead_time_days"]) == (30, Decimal("1.2000"), 14)


def test_a_price_list_is_told_from_the_smallest_quantity_up_in_base_units() -> None:
    steps = [
        {"quantity": 20.0, "unit_price": Decimal("9.00")},
        {"quantity": 3.0, "unit_price": Decimal("12.00")},
        {"quantity": 3.0, "unit_price": Decimal("12.50")},
    ]
    assert agreement(steps).row["price_breaks"] == [{"quantity": 30, "price": 1.25}, {"quantity": 200, "price": 0.9}]
    assert agreement(steps[:1]).row["price_breaks"] == [{"quantity": 200, "price": 0.9}]
    assert agreement([]).row["price_breaks"] is None


def test_what_is_bought_in_boxes_is_ordered_in_boxes_unless_the_item_says_otherwise() -> None:
    assert agreement([]).row["order_multiple"] == 10
    assert agreement([], order_multiple=20).row["order_multiple"] == 20


def test_a_price_list_without_a_price_and_no_lead_time_stay_empty_for_the_gate() -> None:
    row = agreement([], lead_time_used=None).row
    assert (row["price"], row["lead_time_days"], row["minimum_order_quantity"]) == (None, None, 1)


def item(attributes: dict[str, Any] | None, site: TrytonSite = SITE) -> Record:
    record = {
        "id": 1, "code": "MD-0001", "name": "Syringe", "active": True, "attributes": attributes,
        "cost_price": Decimal("0.22"), "categories": [2], "default_uom": 1, **STAMPS,
    }  # fmt: skip
    return mapping.item(record, UNIT, ["Syringe"], site)


def test_a_device_without_attributes_keeps_them_empty_for_the_gate() -> None:
    row = item(None).row
    assert (row["udi_di"], row["label_lot"], row["criticality"], row["base_unit"]) == (None, None, None, "Unit")


def test_attributes_may_have_other_names_at_a_site() -> None:
    assert item({"gtin": "0405"}, TrytonSite(attributes={"udi_di": "gtin"})).row["udi_di"] == "0405"


def test_an_inspection_names_its_item_by_the_control_and_its_lot_by_the_reference() -> None:
    record = {
        "id": 4, "number": "12", "reference": " L1 ", "state": "passed", "control": 2, "origin": None, "points": {},
        "processed_at": datetime(2026, 1, 7, 9, 30), **STAMPS,  # noqa: DTZ001 (as Tryton sends it)
    }  # fmt: skip
    row = mapping.inspection(record, "MD-0001").row
    assert (row["item_code"], row["lot_number"], row["state"]) == ("MD-0001", "L1", "passed")
    assert row["opened_at"] == datetime(2026, 1, 5, 15, tzinfo=UTC)
    assert row["closed_at"] == datetime(2026, 1, 7, 9, 30, tzinfo=UTC)


def load(places: Places, identity: int, source: int, destination: int, quantity: float, **changes: Any) -> Load:
    record = {
        "id": identity, "product": 1, "lot": 3, "unit": 1, "quantity": quantity, "from_location": source,
        "to_location": destination, "effective_date": None, "state": "draft", **STAMPS,
    }  # fmt: skip
    lot_number = changes.pop("lot_number", "L1")
    return Load(record | changes, places[source], places[destination], product(), UNIT, lot_number)


def transfer(places: Places, state: str, *loads: Load, **changes: Any) -> Shipment:
    record = {
        "id": 12, "number": "T12", "state": state, "planned_date": date(2026, 7, 2), "effective_date": None,
        "effective_start_date": None, **STAMPS,
    }  # fmt: skip
    return Shipment(INTERNAL, record | changes, places[3], places[9], ZoneInfo("Asia/Shanghai"), loads)


def order(places: Places, state: str, *loads: Load, **changes: Any) -> Shipment:
    record = {
        "id": 7, "number": "C7", "state": state, "planned_date": date(2026, 7, 2), "effective_date": None, **STAMPS,
    }  # fmt: skip
    return Shipment(CUSTOMER, record | changes, places[2], places[2], ZoneInfo("Europe/Berlin"), loads)


def test_a_transfer_on_the_road_is_one_line_for_each_lot_whatever_bins_it_came_from(places: Places) -> None:
    loads = [
        load(places, 1, 4, 22, 4.0, state="done"),
        load(places, 2, 3, 22, 2.0, state="done"),
        load(places, 3, 22, 11, 5.0, state="done"),
        load(places, 4, 22, 11, 1.0),
        load(places, 5, 4, 22, 9.0, state="cancelled"),
    ]
    [record] = shipments.delivery(
        transfer(places, "shipped", *loads, effective_start_date=date(2026, 7, 1)), SITE
    ).lines
    assert record.source_key == "stock.shipment.internal,12;1;3"
    assert (record.row["quantity"], record.row["received_quantity"]) == (6, 5)
    assert (record.row["from_site"], record.row["to_location"], record.row["state"]) == ("DC", "H1-STO", "shipped")
    assert record.row["shipped_at"] == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert record.row["expected_at"] == datetime(2026, 7, 2, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "expected", "open_"),
    [("waiting", "planned", True), ("assigned", "planned", True), ("packed", "planned", True), ("shipped", "shipped", True),
     ("done", "delivered", False), ("cancelled", "cancelled", False), ("draft", None, False), ("request", None, False)],
)  # fmt: skip
def test_shipment_states_are_ours(places: Places, state: str, expected: str | None, open_: bool) -> None:
    moved = "cancelled" if state == "cancelled" else "draft"
    document = shipments.delivery(transfer(places, state, load(places, 1, 4, 22, 4.0, state=moved)), SITE)
    assert document.open == open_
    assert [record.row["state"] for record in document.lines] == ([expected] if expected else [])


def test_a_customers_order_is_one_line_for_each_product_however_it_is_split_by_lot(places: Places) -> None:
    whole = order(places, "waiting", load(places, 1, 3, 21, 10.0, lot=None, lot_number=None))
    split = order(
        places, "picked",
        load(places, 1, 3, 21, 0.0, lot=None, lot_number=None),
        load(places, 2, 3, 21, 6.0),
        load(places, 3, 3, 21, 4.0, lot=8, lot_number="L8"),
    )  # fmt: skip
    before, after = (shipments.demand(shipment, SITE).lines for shipment in (whole, split))
    assert [(record.source_key, record.row["quantity"]) for record in before] == [("stock.shipment.out,7;1", 10)]
    assert [(record.source_key, record.row["quantity"]) for record in after] == [("stock.shipment.out,7;1", 10)]
    assert (before[0].row["site_code"], before[0].row["customer_location"]) == ("DC", "CUS")
    sent = shipments.delivery(split, SITE).lines
    assert [(record.row["lot_number"], record.row["quantity"]) for record in sent] == [("L1", 6), ("L8", 4)]
    assert {record.row["demand_line_key"] for record in sent} == {"stock.shipment.out,7;1"}


def test_an_order_closes_when_it_is_done_or_cancelled_and_not_before(places: Places) -> None:
    written = {"write_date": datetime(2026, 7, 1, 9)}  # noqa: DTZ001 (as Tryton sends it)
    closed = {
        state: shipments.demand(order(places, state, load(places, 1, 3, 21, 1.0), **written), SITE).lines[0].row
        for state in ("draft", "waiting", "shipped", "done")
    }
    assert {state: (row["state"], row["closed_at"]) for state, row in closed.items()} == {
        "draft": ("draft", None),
        "waiting": ("open", None),
        "shipped": ("open", None),
        "done": ("done", datetime(2026, 7, 1, 9, tzinfo=UTC)),
    }


def test_what_is_assigned_or_picked_is_set_aside(places: Places) -> None:
    waiting = order(
        places, "waiting", load(places, 1, 4, 3, 6.0, state="assigned"), load(places, 2, 3, 21, 10.0)
    )  # fmt: skip
    [record] = shipments.allocations(waiting, SITE).lines
    assert (record.source_key, record.row["location_code"], record.row["quantity"]) == ("stock.move,1", "DC-A1", 6)
    assert record.row["demand_line_key"] == "stock.shipment.out,7;1"
    picked = order(places, "picked", load(places, 1, 4, 3, 6.0, state="done"), load(places, 2, 3, 21, 6.0))
    assert [record.row["location_code"] for record in shipments.allocations(picked, SITE).lines] == ["DC-STO"]
    [moving] = shipments.allocations(
        transfer(places, "assigned", load(places, 9, 4, 22, 1.0, state="assigned")), SITE
    ).lines
    assert moving.row["demand_line_key"] is None


def test_a_fraction_of_a_unit_in_a_shipment_is_a_problem(places: Places) -> None:
    [record] = shipments.delivery(transfer(places, "shipped", load(places, 1, 4, 22, 0.5)), SITE).lines
    assert [problem.field for problem in record.problems] == ["quantity"]


def test_a_pull_tells_what_is_new_changed_or_gone_and_nothing_else(places: Places) -> None:
    reading, memory = OF_SHIPMENTS["delivery_line"], Memory()

    def tell(*loads: Load, state: str = "waiting") -> dict[str, str]:
        told = memory.compare(shipments.delivery(transfer(places, state, *loads), SITE), reading)
        return {record.source_key.split(";", 1)[1]: record.row["state"] for record in told}

    unassigned, assigned = load(places, 1, 4, 22, 4.0, lot=None, lot_number=None), load(places, 2, 4, 22, 4.0)
    assert tell(unassigned) == {"1;0": "planned"}
    assert tell(unassigned) == {}
    assert tell(assigned) == {"1;3": "planned", "1;0": "cancelled"}
    assert tell(assigned, state="done") == {"1;3": "delivered"}
    assert memory.documents == {}


def test_a_document_that_was_deleted_takes_its_lines_with_it(places: Places) -> None:
    reading, memory, moment = OF_SHIPMENTS["delivery_line"], Memory(), datetime(2026, 7, 5, tzinfo=UTC)
    shipment = transfer(places, "waiting", load(places, 1, 4, 22, 4.0))
    [planned] = memory.compare(shipments.delivery(shipment, SITE), reading)
    assert memory.ids(INTERNAL) == {12: shipment.key}
    assert memory.ids(CUSTOMER) == {}
    [gone] = memory.forget([shipment.key], moment, reading)
    withdrawn = {"delivery_key": f"{shipment.key};withdrawn", "state": "cancelled", "cancelled_at": moment}
    assert (gone.source_key, gone.row) == (planned.source_key, {**planned.row, **withdrawn})


ALERT = {"id": 6, "number": "A1", "title": "", "description": None, "origin": None, "state": "open", **STAMPS}


def order_point(places: Places, **changes: Any) -> Record:
    record = {
        "id": 8, "type": "purchase", "min_quantity": 10.0, "target_quantity": 40.0, "max_quantity": None, **STAMPS,
    }  # fmt: skip
    return mapping.order_point(record | changes, product(), places[4])


def receipt(places: Places, state: str, *loads: Load, **changes: Any) -> Document:
    """What a supplier's shipment to the warehouse says."""
    record = {
        "id": 31, "number": "R31", "state": state, "planned_date": date(2026, 7, 9), "effective_date": None, **STAMPS,
    }  # fmt: skip
    site = places[WAREHOUSE]
    shipment = Shipment(SUPPLIER, record | changes, site, site, ZoneInfo(site.time_zone), loads)
    return shipments.delivery(shipment, SITE)


def test_what_a_supplier_has_announced_is_on_its_way_for_its_order_line_and_then_arrives_lot_by_lot(
    places: Places,
) -> None:
    wanted = {"origin": "purchase.line,7"}
    announced = receipt(places, "draft", load(places, 1, OUTSIDE, 4, 6.0, **wanted))
    [line] = announced.lines
    assert (line.row["state"], line.row["shipped_at"], line.row["from_site"]) == ("shipped", STAMPED, None)
    assert (line.row["order_line_key"], line.row["quantity"], line.row["received_quantity"]) == (
        "purchase.line,7",
        6,
        0,
    )
    assert announced.open
    came = receipt(
        places, "received", load(places, 1, OUTSIDE, 4, 4.0, state="done", **wanted),
        load(places, 2, OUTSIDE, 4, 2.0, state="cancelled", **wanted), effective_date=date(2026, 7, 8),
    )  # fmt: skip
    [line] = came.lines
    assert (line.row["state"], line.row["lot_number"], line.row["received_quantity"]) == ("delivered", "L1", 4)
    assert line.row["shipped_at"] <= line.row["delivered_at"]
    assert not came.open
    [line] = receipt(places, "cancelled", load(places, 1, OUTSIDE, 4, 6.0, state="cancelled", **wanted)).lines
    assert (line.row["state"], line.row["cancelled_at"]) == ("cancelled", STAMPED)


def test_a_shelf_life_may_be_that_of_the_sterile_barrier() -> None:
    record = {
        "id": 3, "number": "L1", "expiration_date": date(2028, 1, 31), "shelf_life_expiration_date": date(2027, 6, 30),
        **STAMPS,
    }  # fmt: skip
    row = mapping.lot(record, product(), SITE).row
    assert (row["usable_through"], row["sterile_until"]) == (date(2027, 6, 30), None)
    row = mapping.lot(record, product(), TrytonSite(shelf_life_is_sterility=True)).row
    assert (row["usable_through"], row["sterile_until"]) == (date(2028, 1, 31), date(2027, 6, 30))


def test_an_order_point_is_of_its_site_and_its_place_in_base_units(places: Places) -> None:
    bought = order_point(places).row
    assert (bought["kind"], bought["minimum"], bought["target"], bought["maximum"]) == ("purchase", 10, 40, None)
    assert (bought["site_code"], bought["location_code"]) == (places[4].site, places[4].code)
    moved = order_point(places, type="internal", min_quantity=None, max_quantity=60.0).row
    assert (moved["kind"], moved["minimum"], moved["maximum"]) == ("transfer", None, 60)
    assert [problem.field for problem in order_point(places, min_quantity=0.5).problems] == ["minimum"]


def test_a_unit_of_which_no_whole_base_units_are_in_one_is_said() -> None:
    record = mapping.item_unit({"id": 7, **STAMPS}, product(base_unit=BOX, purchase_unit=Unit("Unit", 1.0)))
    assert [problem.field for problem in record.problems] == ["factor"]
    assert mapping.item_unit({"id": 7, **STAMPS}, product(purchase_unit=BOX)).row["factor"] == 10


def test_an_alert_is_about_what_its_inspection_is_about_and_closes_when_it_is_resolved() -> None:
    inspected = mapping.inspection(
        {"id": 4, "number": "1", "reference": "L1", "state": "failed", "processed_at": None, **STAMPS}, "MD-1", "DC"
    )
    raised = mapping.quality_alert(ALERT | {"title": "Torn"}, inspected).row
    assert (raised["item_code"], raised["lot_number"], raised["location_code"]) == ("MD-1", "L1", "DC")
    assert (raised["inspection_key"], raised["title"], raised["closed_at"]) == ("quality.inspection,4", "Torn", None)
    resolved = mapping.quality_alert(ALERT | {"state": "resolved"}, None).row
    assert (resolved["item_code"], resolved["closed_at"]) == (None, STAMPED)


def test_what_tryton_has_no_more_is_withdrawn_as_its_kind_is() -> None:
    moment = datetime(2026, 7, 5, tzinfo=UTC)
    withdrawn = {
        "item": ({"active": True}, {"active": False}),
        "agreement": ({"active": True}, {"active": False}),
        "purchase_line": ({"order_state": "draft"}, {"order_state": "cancelled"}),
        "invoice_line": ({"invoice_state": "draft"}, {"invoice_state": "cancelled"}),
        "inspection": ({"state": "pending", "closed_at": None}, {"state": "cancelled", "closed_at": moment}),
        "quality_alert": ({"state": "open", "closed_at": None}, {"state": "cancelled", "closed_at": moment}),
        "identifier": ({"valid_through": None}, {"valid_through": moment.date()}),
    }
    every = vanished.OF_WAREHOUSE | vanished.OF_PROCUREMENT | vanished.OF_QUALITY
    for entity, (row, expected) in withdrawn.items():
        record = vanished.gone(entity, "k", row, moment, every)
        assert (record.source_key, record.row) == ("k", expected)


def test_a_movement_that_was_deleted_is_taken_back_and_happens_anew_when_it_is_there_again(places: Places) -> None:
    moment, happened = datetime(2026, 7, 5, tzinfo=UTC), move(places, 1)
    back = vanished.gone("movement", happened.source_key, happened.row, moment, vanished.OF_WAREHOUSE)
    assert (back.source_key, back.row["kind"]) == (f"{happened.source_key};cancelled", "reversal")
    assert (back.row["reverses_key"], back.row["from_location"]) == (happened.source_key, happened.row["to_location"])
    again = vanished.returned("movement", happened.source_key, happened.row, moment)
    assert again.source_key == f"{happened.source_key};restored"
    assert again.row["from_location"] == happened.row["from_location"]


def test_what_is_looked_up_is_kept_from_page_to_page_but_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        asked: list[list[int]] = []  # noqa: RUF012

        def read(self, model: str, ids: list[int], fields: Any) -> list[dict[str, Any]]:
            self.asked.append(ids)
            return [{"id": identity} for identity in ids]

    monkeypatch.setattr(reading, "KEPT", 4)
    client: Any = Client()
    pull = reading.Pull(client, SITE)
    for page in ([1, 2, 3], [2, 3, None], [4, 5], [5, 6], [1, 6]):
        assert {identity for identity in page if identity} <= pull.rows("stock.lot", page, ["number"]).keys()
    assert client.asked == [[1, 2, 3], [4, 5], [6], [1]]
    assert len(pull.rows("stock.lot", [], ["number"])) < 6


def test_a_tryton_without_modules_lacks_their_fields() -> None:
    assert lacking(frozenset({"stock", "stock_lot", "stock_lot_sled", "stock_consignment", "product_attribute"})) == {
        "product.product": {"purchase_uom"}
    }
    assert lacking(frozenset({"stock", "purchase"}))["stock.lot"] == {"expiration_date", "shelf_life_expiration_date"}


def staged_columns(entity: str) -> set[str]:
    """The columns of a staging table, as the migrations make it."""
    scripts = sorted((Path(lotwatch.db.__file__).parent / "migrations").glob("*.sql"))
    text = "".join(script.read_text() for script in scripts)
    statements = re.findall(rf"(?:CREATE|ALTER) TABLE stage\.{entity}\b[^;]*;", text)
    assert statements
    return set(re.findall(r"^(?:    |ADD COLUMN |.* ADD COLUMN )([a-z_]+) ", "\n".join(statements), re.MULTILINE))


def test_every_row_names_only_columns_of_its_staging_table(places: Places) -> None:
    lot_record = {
        "id": 3, "number": "L1", "expiration_date": None, "shelf_life_expiration_date": None, **STAMPS,
    }  # fmt: skip
    rows = {
        "location": mapping.location(places.records[2], places[2]),
        "item": item({}),
        "lot": mapping.lot(lot_record, product(), SITE),
        "movement": move(places, 1),
        "supplier": mapping.supplier({"id": 1, "code": "SUP-01", "name": "Calder", "email": "", "active": True}),
        "agreement": agreement([]),
        "purchase_line": line(),
        "inspection": mapping.inspection(
            {"id": 4, "number": "1", "reference": None, "state": "pending", "processed_at": None, **STAMPS}, None
        ),
        "demand_line": shipments.demand(order(places, "waiting", load(places, 1, 3, 21, 1.0)), SITE).lines[0],
        "allocation": shipments.allocations(
            order(places, "assigned", load(places, 1, 4, 3, 1.0, state="assigned")), SITE
        ).lines[0],
        "delivery_line": shipments.delivery(transfer(places, "shipped", load(places, 1, 4, 22, 1.0)), SITE).lines[0],
        "identifier": mapping.identifier({"id": 5, "type": "ean", "code": "04099999000019", **STAMPS}, product()),
        "item_unit": mapping.item_unit({"id": 7, **STAMPS}, product(purchase_unit=BOX)),
        "order_point": order_point(places),
        "quality_alert": mapping.quality_alert(ALERT, None),
        "stock_level": mapping.stock_level(places[4], product(), "L1", 3.0, datetime(2026, 7, 1, tzinfo=UTC), "k", "/"),
    }
    arrival = receipt(places, "draft", load(places, 1, OUTSIDE, 4, 1.0, origin="purchase.line,7")).lines[0]
    assert set(arrival.row) <= staged_columns("delivery_line")
    unknown = {entity: set(record.row) - staged_columns(entity) for entity, record in rows.items()}
    assert {entity: columns for entity, columns in unknown.items() if columns} == {}
    assert set(mapping.reversal(rows["movement"]).row) <= staged_columns("movement")


def test_a_window_between_moments_asks_for_the_last_change_only() -> None:
    start, end = datetime(2026, 1, 5), datetime(2026, 1, 6)  # noqa: DTZ001 (as Tryton stamps)
    window = Window(start, end)
    assert window.domain()[1] == [["write_date", ">=", start], ["write_date", "<", end]]
    assert window.has({"create_date": start, "write_date": None})
    assert not window.has({"create_date": start, "write_date": end})
    assert Window().domain() == []


def test_typed_values_survive_the_way_to_tryton_and_back() -> None:
    for value in (Decimal("1.2300"), date(2026, 7, 1), datetime(2026, 7, 1, 2, 3, 4, 5), timedelta(days=2)):  # noqa: DTZ001
        assert decode(encode(value)) == value


def test_options_that_mean_nothing_are_refused() -> None:
    client = TrytonClient("http://127.0.0.1:1", "tryton", "user", "password")
    with pytest.raises(SourceError, match="no such time zone"):
        TrytonWarehouse(client, time_zones={"NORTH": "Europe/Nowhere"})
    with pytest.raises(SourceError, match="registry of sources"):
        TrytonWarehouse(client, quarantine="X")
