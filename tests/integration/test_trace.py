"""A trace tells where a lot came from, where it went and where it is; what is only possible is never told as certain."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from lotwatch.cli import app
from lotwatch.errors import LotwatchError, UdiError
from lotwatch.ledger.holds import Hold, place_hold
from lotwatch.ledger.trace import (
    LotTrace,
    Number,
    Trace,
    trace_department,
    trace_numbers,
    trace_shipment,
    trace_udi,
)
from lotwatch.ledger.trace.model import Flow
from lotwatch.ledger.trace.tree import Lang, as_tree
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared


@prepared
def stocked(company: Company) -> None:
    """A lot that was received on an order, split between a distribution centre and a hospital, and used."""
    company.location("HOSP/ICU", kind="department", parent_code="HOSP")
    company.location("REPACK", kind="transformation")
    company.item()
    company.lot()
    company.order_line(50, key="line-1", order_number="PO-77", order_reference="REQ-9")
    company.move(50, "DC", days_ago=20, order_line_key="line-1", document="GR-1")
    company.move(20, "HOSP/OR", "DC", days_ago=10, document="TR-1")
    company.move(10, "HOSP/ICU", "DC", days_ago=9, document="TR-2")
    company.move(5, "PATIENT", "HOSP/OR", days_ago=5, case_reference="encrypted")
    company.post()


def trace_lot(company: Company, *numbers: str, item: str = "I1", **options: Any) -> Trace:
    return trace_numbers(company.conn, [Number(item, number) for number in numbers or ("L1",)], **options)


def the_lot(company: Company, number: str = "L1", **options: Any) -> LotTrace:
    return trace_lot(company, number, **options).lots[0]


def ways(flows: tuple[Flow, ...]) -> dict[tuple[str, str], int]:
    return {(flow.origin.code, flow.destination.code): flow.quantity for flow in flows}


def stock(lot: LotTrace) -> dict[str, int]:
    return {lying.place.code: lying.quantity for lying in lot.where_now}


def exposures(lot: LotTrace) -> dict[tuple[str, str], int]:
    return ways(tuple(exposure.flow for exposure in lot.possible_exposure))


def text(trace: Trace, lang: Lang = "en", width: int = 200) -> str:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(as_tree(trace, lang))
    return capture.get()


def run(db_url: str, *words: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, ["trace", *words, "--database", db_url], input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_split_lot_is_followed_from_its_order_to_every_place_and_use(stocked: Company) -> None:
    lot = the_lot(stocked)
    receipt = lot.receipts[0]
    assert (receipt.supplier_code, receipt.order_number, receipt.order_reference) == ("S1", "PO-77", "REQ-9")
    assert (receipt.flow.quantity, receipt.flow.documents) == (50, ("GR-1",))
    assert ways(lot.flow) == {
        ("SUPPLIER", "DC"): 50,
        ("DC", "HOSP/OR"): 20,
        ("DC", "HOSP/ICU"): 10,
        ("HOSP/OR", "PATIENT"): 5,
    }
    assert stock(lot) == {"DC": 20, "HOSP/OR": 15, "HOSP/ICU": 10}
    assert ways(lot.used) == {("HOSP/OR", "PATIENT"): 5}
    balance = lot.balance
    assert (balance.received, balance.used, balance.where_now, balance.difference) == (50, 5, 45, 0)
    assert balance.closes


def test_whom_it_was_used_on_is_said_to_be_known_but_never_read(stocked: Company) -> None:
    trace = trace_lot(stocked)
    assert trace.lots[0].used[0].with_case_reference == 1
    assert "encrypted" not in json.dumps(trace.as_json()) + text(trace)


def test_what_goes_back_to_the_centre_and_the_supplier_is_followed(stocked: Company) -> None:
    stocked.move(4, "DC", "HOSP/OR", days_ago=3, document="RET-1")
    stocked.move(6, "SUPPLIER", "DC", days_ago=2, document="RMA-1", order_line_key="line-1")
    stocked.move(1, "HOSP/OR", "PATIENT", days_ago=1)
    stocked.post()
    lot = the_lot(stocked)
    assert ways(lot.flow)["HOSP/OR", "DC"] == 4
    assert ways(lot.flow)["DC", "SUPPLIER"] == 6
    balance = lot.balance
    assert (balance.received, balance.returned_to_supplier, balance.used, balance.brought_back) == (50, 6, 5, 1)
    assert (balance.where_now, balance.closes) == (40, True)


def test_scrapped_and_lost_stock_is_accounted_for(stocked: Company) -> None:
    stocked.location("SCRAP", kind="scrap")
    stocked.location("DIFF", kind="adjustment")
    stocked.move(2, "SCRAP", "DC")
    stocked.move(3, "DIFF", "DC")
    stocked.move(1, "HOSP/ICU", "DIFF")
    stocked.post()
    balance = the_lot(stocked).balance
    assert (balance.scrapped, balance.lost, balance.found, balance.closes) == (2, 3, 1, True)


def test_one_lot_repacked_into_two_links_all_three(stocked: Company) -> None:
    stocked.item("KIT")
    stocked.lot("K1", "KIT")
    stocked.lot("K2", "KIT")
    stocked.move(10, "REPACK", "DC", days_ago=4, transformation_key="WO-1")
    stocked.move(6, "DC", "REPACK", item="KIT", lot="K1", days_ago=4, transformation_key="WO-1")
    stocked.move(4, "DC", "REPACK", item="KIT", lot="K2", days_ago=4, transformation_key="WO-1")
    stocked.move(3, "HOSP/OR", "DC", item="KIT", lot="K2", days_ago=3)
    stocked.post()
    trace = trace_lot(stocked)
    assert [lot.key for lot in trace.lots] == ["I1/lot/L1", "KIT/lot/K1", "KIT/lot/K2"]
    assert trace.asked == ("I1/lot/L1",)
    made = trace.lots[0].made_into[0]
    assert (made.transformation_key, made.quantity) == ("WO-1", 10)
    assert {part.key: part.quantity for part in made.outputs} == {"KIT/lot/K1": 6, "KIT/lot/K2": 4}
    assert stock(trace.lot("KIT/lot/K2")) == {"DC": 1, "HOSP/OR": 3}
    assert (trace.lots[0].balance.transformed_out, trace.lots[0].balance.closes) == (10, True)
    assert (trace.lot("KIT/lot/K1").balance.transformed_in, trace.lot("KIT/lot/K1").balance.closes) == (6, True)


def test_a_lot_made_of_two_is_traced_back_to_both_but_not_to_what_else_was_made_of_them(stocked: Company) -> None:
    stocked.lot("L2")
    stocked.lot("NEW")
    stocked.lot("OTHER")
    stocked.move(30, "DC", lot="L2", days_ago=19)
    for quantity, lot, key in ((8, "L1", "WO-1"), (7, "L2", "WO-1"), (2, "L2", "WO-2")):
        stocked.move(quantity, "REPACK", "DC", lot=lot, days_ago=4, transformation_key=key)
    stocked.move(15, "DC", "REPACK", lot="NEW", days_ago=4, transformation_key="WO-1")
    stocked.move(2, "DC", "REPACK", lot="OTHER", days_ago=4, transformation_key="WO-2")
    stocked.post()
    backward = trace_lot(stocked, "NEW")
    assert [lot.lot_number for lot in backward.lots] == ["NEW", "L1", "L2"]
    assert {part.key for part in backward.lots[0].made_from[0].inputs} == {"I1/lot/L1", "I1/lot/L2"}
    assert [lot.lot_number for lot in trace_lot(stocked, "L2").lots] == ["L2", "NEW", "OTHER"]
    assert [lot.lot_number for lot in trace_lot(stocked, "NEW", depth=0).lots] == ["NEW"]
    assert "not followed" in text(trace_lot(stocked, "NEW", depth=0))


def test_the_same_key_of_another_system_is_another_repacking(stocked: Company) -> None:
    stocked.lot("L2")
    stocked.move(1, "REPACK", "DC", transformation_key="1")
    stocked.post(source="one")
    stocked.move(1, "DC", "REPACK", lot="L2", transformation_key="1")
    stocked.post(source="two")
    assert [lot.lot_number for lot in trace_lot(stocked).lots] == ["L1"]


def test_a_repacking_that_was_taken_back_links_nothing(stocked: Company) -> None:
    stocked.lot("L2")
    stocked.move(1, "REPACK", "DC", transformation_key="WO-1", key="in")
    stocked.move(1, "DC", "REPACK", lot="L2", transformation_key="WO-1", key="out")
    stocked.add("movement", kind="reversal", reverses_key="in")
    stocked.add("movement", kind="reversal", reverses_key="out")
    stocked.post()
    trace = trace_lot(stocked)
    assert [lot.lot_number for lot in trace.lots] == ["L1"]
    assert trace.lots[0].made_into == ()


def test_a_movement_that_was_taken_back_is_told_but_is_no_flow(stocked: Company) -> None:
    stocked.move(7, "HOSP/ICU", "DC", days_ago=3, key="mistake")
    stocked.post()
    stocked.add("movement", "undo", kind="reversal", reverses_key="mistake", occurred_at=NOW - timedelta(days=2))
    stocked.post()
    lot = the_lot(stocked)
    assert ways(lot.flow)["DC", "HOSP/ICU"] == 10
    assert ways(lot.taken_back) == {("DC", "HOSP/ICU"): 7}
    assert (stock(lot)["HOSP/ICU"], lot.balance.closes) == (10, True)


def test_what_took_a_movement_back_can_be_taken_back_itself(stocked: Company) -> None:
    stocked.move(7, "HOSP/ICU", "DC", days_ago=3, key="right after all")
    stocked.post()
    stocked.add("movement", "undo", kind="reversal", reverses_key="right after all")
    stocked.post()
    stocked.add("movement", "redo", kind="reversal", reverses_key="undo")
    stocked.post()
    lot = the_lot(stocked)
    assert (ways(lot.flow)["DC", "HOSP/ICU"], lot.taken_back) == (17, ())
    assert lot.balance.closes


def test_use_without_a_lot_is_possible_exposure_only_while_the_lot_was_there(stocked: Company) -> None:
    stocked.move(1, "PATIENT", "HOSP/OR", lot=None, days_ago=11, document="before")
    stocked.move(2, "PATIENT", "HOSP/OR", lot=None, days_ago=8, document="meanwhile", case_reference="x")
    stocked.move(15, "DC", "HOSP/OR", days_ago=3)
    stocked.move(4, "PATIENT", "HOSP/OR", lot=None, days_ago=2, document="after")
    stocked.move(8, "PATIENT", "DC/QC", lot=None, days_ago=8, document="elsewhere")
    stocked.post()
    lot = the_lot(stocked)
    [exposure] = lot.possible_exposure
    assert exposure.flow.documents == ("meanwhile",)
    assert (exposure.flow.quantity, exposure.flow.with_case_reference, exposure.place.code) == (2, 1, "HOSP/OR")
    assert ways(lot.used) == {("HOSP/OR", "PATIENT"): 5}
    assert lot.balance.closes


def test_use_without_a_lot_that_was_taken_back_exposes_nobody(stocked: Company) -> None:
    stocked.move(2, "PATIENT", "HOSP/OR", lot=None, days_ago=8, key="mistake")
    stocked.post()
    stocked.add("movement", kind="reversal", reverses_key="mistake")
    stocked.post()
    assert the_lot(stocked).possible_exposure == ()


def test_use_of_another_item_exposes_nobody(stocked: Company) -> None:
    stocked.item("I2")
    stocked.move(2, "PATIENT", "HOSP/OR", item="I2", lot=None, days_ago=8)
    stocked.post()
    assert the_lot(stocked).possible_exposure == ()


def test_use_told_of_a_department_may_be_of_what_lay_in_its_cupboard(stocked: Company) -> None:
    stocked.location("HOSP/OR/C1", kind="bin", parent_code="HOSP/OR")
    stocked.lot("L2")
    stocked.move(9, "HOSP/OR/C1", lot="L2", days_ago=10)
    stocked.move(2, "PATIENT", "HOSP/OR", lot=None, days_ago=8)
    stocked.move(1, "PATIENT", "HOSP/ICU", lot=None, days_ago=8)
    stocked.post()
    [exposure] = the_lot(stocked, "L2").possible_exposure
    assert (exposure.place.code, exposure.flow.origin.code) == ("HOSP/OR/C1", "HOSP/OR")
    assert "it was at HOSP/OR/C1" in text(trace_lot(stocked, "L2"))


def test_goods_moved_on_without_a_lot_may_have_been_of_it_too(stocked: Company) -> None:
    stocked.move(2, "HOSP/ICU", "HOSP/OR", lot=None, days_ago=8)
    stocked.post()
    assert exposures(the_lot(stocked)) == {("HOSP/OR", "HOSP/ICU"): 2}


def test_use_without_a_serial_number_is_possible_exposure_of_each_unit_there(company: Company) -> None:
    company.item("PUMP", label_lot=True, label_serial=True)
    company.lot("P1", "PUMP")
    company.lot("P1", "PUMP", serial_number="SN-1")
    company.lot("P1", "PUMP", serial_number="SN-2")
    company.post()
    company.move(1, "HOSP/OR", item="PUMP", lot="P1", serial_number="SN-1", days_ago=9)
    company.move(1, "DC", item="PUMP", lot="P1", serial_number="SN-2", days_ago=9)
    company.move(1, "PATIENT", "HOSP/OR", item="PUMP", lot="P1", days_ago=5)
    company.post()
    units = trace_numbers(company.conn, [Number("PUMP", "SN-1", True), Number("PUMP", "SN-2", True)])
    assert [bool(unit.possible_exposure) for unit in units.lots] == [True, False]
    assert the_lot(company, "P1", item="PUMP").possible_exposure == ()  # the lot is certain


def test_an_opening_balance_is_told_as_such(company: Company) -> None:
    company.location("DIFF", kind="adjustment")
    company.item()
    company.lot()
    company.move(12, "DC", "DIFF", kind="opening", reason="first count")
    company.move(2, "PATIENT", "DC", days_ago=0.5)
    company.post()
    lot = the_lot(company)
    assert lot.receipts == ()
    assert (lot.balance.opening, lot.balance.found, lot.balance.where_now, lot.balance.closes) == (12, 0, 10, True)
    assert "12 opening balance = 10 there now + 2 used (it closes)" in text(trace_lot(company))


def test_more_used_than_came_is_of_unknown_origin(stocked: Company) -> None:
    stocked.move(20, "PATIENT", "HOSP/ICU", days_ago=1)
    stocked.post()
    lot = the_lot(stocked)
    assert (lot.balance.unknown_origin, lot.balance.difference, lot.balance.closes) == (10, 0, False)
    assert [flagged.flag for flagged in lot.flags] == ["negative"]
    assert "origin unknown of 10" in text(trace_lot(stocked))


def test_a_balance_that_does_not_close_says_so(stocked: Company) -> None:
    stocked.conn.execute("UPDATE lotwatch.position SET quantity = quantity - 3 WHERE quantity = 20")
    trace = trace_lot(stocked)
    assert (trace.lots[0].balance.difference, trace.lots[0].balance.closes) == (3, False)
    assert "does not close, off by 3" in text(trace)


def test_movements_that_a_count_had_seen_keep_the_balance_closed(stocked: Company) -> None:
    stocked.conn.execute(
        "INSERT INTO lotwatch.last_count"
        " (item_id, location_id, lot_id, serial_id, owner, status, counted_at)"
        " SELECT p.item_id, p.location_id, p.lot_id, p.serial_id, p.owner, p.status, %s FROM lotwatch.position AS p"
        " JOIN lotwatch.location AS l USING (location_id) WHERE l.code = 'HOSP/ICU'",
        (NOW - timedelta(days=1),),
    )
    stocked.move(3, "HOSP/ICU", "DC", days_ago=6)
    stocked.post()
    lot = the_lot(stocked)
    assert (stock(lot), lot.balance.already_counted) == ({"DC": 17, "HOSP/OR": 15, "HOSP/ICU": 10}, 3)
    assert lot.balance.closes
    assert [flagged.flag for flagged in lot.flags] == ["before_count"]


def test_a_serial_unit_without_a_lot_is_followed(company: Company) -> None:
    company.item("PUMP", label_lot=False, label_serial=True)
    company.lot(None, "PUMP", serial_number="SN-1")
    company.move(1, "DC", item="PUMP", lot=None, serial_number="SN-1", days_ago=9)
    company.move(1, "HOSP/OR", "DC", item="PUMP", lot=None, serial_number="SN-1", days_ago=5)
    company.post()
    [unit] = trace_numbers(company.conn, [Number("PUMP", "SN-1", True)]).lots
    assert (unit.key, unit.lot_number, stock(unit)) == ("PUMP/serial/SN-1", None, {"HOSP/OR": 1})
    assert unit.balance.closes


def test_a_units_movements_from_before_its_lot_was_known_belong_to_the_lot(company: Company) -> None:
    company.item("PUMP", label_serial=True)
    company.lot(None, "PUMP", serial_number="SN-1")
    company.move(1, "DC", item="PUMP", lot=None, serial_number="SN-1", days_ago=9)
    company.post()
    company.lot("P1", "PUMP")
    company.lot("P1", "PUMP", serial_number="SN-1")
    company.move(1, "DC", item="PUMP", lot="P1", days_ago=8)
    company.post()
    lot = the_lot(company, "P1", item="PUMP")
    assert ways(lot.flow) == {("SUPPLIER", "DC"): 2}
    assert [(lying.place.code, lying.quantity, lying.serial_numbers) for lying in lot.where_now] == [
        ("DC", 2, ("SN-1",))
    ]
    assert lot.balance.closes


def test_several_lots_are_traced_at_once_in_the_order_asked_for(stocked: Company) -> None:
    for number in ("A", "B", "C"):
        stocked.lot(number)
        stocked.move(1, "DC", lot=number)
    stocked.post()
    trace = trace_lot(stocked, "C", "L1", "A")
    assert trace.asked == tuple(lot.key for lot in trace.lots) == ("I1/lot/C", "I1/lot/L1", "I1/lot/A")
    assert [lot.balance.where_now for lot in trace.lots] == [1, 45, 1]


def test_several_lots_cost_no_more_statements_than_one(stocked: Company) -> None:
    for number in ("A", "B", "C"):
        stocked.lot(number)
        stocked.move(1, "DC", lot=number)
    stocked.post()

    def statements(*numbers: str) -> int:
        asked = 0

        class Counting(psycopg.Cursor[Any]):
            def execute(self, *args: Any, **kwargs: Any) -> Any:
                nonlocal asked
                asked += 1
                return super().execute(*args, **kwargs)

        stocked.conn.cursor_factory = Counting
        trace_lot(stocked, *numbers)
        return asked

    assert statements("L1") == statements("L1", "A", "B", "C") <= 10


@pytest.mark.parametrize(
    ("reference", "matched"),
    [("GR-1", "document"), ("PO-77", "order_number"), ("REQ-9", "order_reference")],
)
def test_a_suppliers_shipment_is_found_by_its_receipt_or_order(stocked: Company, reference: str, matched: str) -> None:
    stocked.move(3, "DC", lot=None, days_ago=20, order_line_key="line-1", document="GR-1")
    stocked.post()
    trace = trace_shipment(stocked.conn, reference)
    assert (trace.start.matched, trace.asked) == ((matched,), ("I1/lot/L1",))
    assert [(goods.item_code, goods.quantity) for goods in trace.start.without_lot] == [("I1", 3)]
    assert "Cannot be followed" in text(trace)


@prepared
def shipped(stocked: Company) -> None:
    """The lot came in a pallet and partly left in a parcel, to a customer."""
    stocked.location("CUSTOMER", kind="patient")
    line = {"item_code": "I1", "lot_number": "L1", "shipped_at": NOW - timedelta(days=21), "carrier": "Carrier"}
    stocked.add(
        "delivery_line",
        **line,
        delivery_key="in",
        delivery_number="ASN-1",
        to_location="DC",
        state="delivered",
        quantity=50,
        received_quantity=50,
        sscc="340123450000000017",
        delivered_at=NOW - timedelta(days=20),
    )
    stocked.add(
        "delivery_line",
        **line,
        delivery_key="out",
        delivery_number="CUS-1",
        from_site="DC",
        to_location="CUSTOMER",
        state="shipped",
        quantity=6,
        tracking_number="TN-1",
        demand_line_key="w1",
    )
    for number in (1, 2):
        stocked.add(
            "demand_line", f"w{number}", order_key=f"w{number}", order_number=f"SO-{number}", order_kind="department",
            site_code="DC", customer_location="HOSP/OR", ordered_at=NOW - timedelta(days=30), item_code="I1", quantity=6,
            state="open",
        )  # fmt: skip
    stocked.add(
        "allocation", demand_line_key="w2", item_code="I1", location_code="DC", lot_number="L1", quantity=4,
        allocated_at=NOW - timedelta(days=3),
    )  # fmt: skip
    stocked.move(6, "CUSTOMER", "DC", days_ago=2, document="CUS-1")
    stocked.post()


@pytest.mark.parametrize(
    ("reference", "matched"),
    [
        ("ASN-1", "delivery_number"),
        ("340123450000000017", "sscc"),
        ("CUS-1", "delivery_number"),
        ("TN-1", "tracking_number"),
        ("SO-1", "demand_order"),
        ("SO-2", "demand_order"),
    ],
)
def test_a_delivery_is_found_by_its_number_its_package_or_its_carrier(
    shipped: Company, reference: str, matched: str
) -> None:
    trace = trace_shipment(shipped.conn, reference)
    assert (trace.start.matched, trace.asked) == ((matched,), ("I1/lot/L1",))


def test_what_left_the_house_is_shipped_not_used(shipped: Company) -> None:
    lot = the_lot(shipped)
    assert ways(lot.shipped) == {("DC", "CUSTOMER"): 6}
    assert ways(lot.used) == {("HOSP/OR", "PATIENT"): 5}
    assert (lot.balance.shipped, lot.balance.used, lot.balance.closes) == (6, 5, True)
    assert [(delivery.direction, delivery.number) for delivery in lot.deliveries] == [
        ("inbound", "ASN-1"),
        ("outbound", "CUS-1"),
    ]
    assert lot.deliveries[0].sscc == "340123450000000017"
    served = [(part.demand_order, part.wanted_at and part.wanted_at.code) for part in (*lot.deliveries, *lot.set_aside)]
    assert served == [(None, None), ("SO-1", "HOSP/OR"), ("SO-2", "HOSP/OR")]
    assert "for order SO-2, HOSP/OR" in text(trace_shipment(shipped.conn, "SO-2"))
    assert trace_shipment(shipped.conn, "SO-1", NOW - timedelta(days=4)).lots[0].set_aside == ()


def test_an_unknown_shipment_is_refused(stocked: Company) -> None:
    with pytest.raises(LotwatchError, match="Nothing came or was sent under 'NO-SUCH'"):
        trace_shipment(stocked.conn, "NO-SUCH")


def test_a_department_tells_what_was_there_and_traces_it(stocked: Company) -> None:
    stocked.lot("GONE")
    stocked.move(2, "HOSP/OR", lot="GONE", days_ago=40)
    stocked.move(2, "PATIENT", "HOSP/OR", lot="GONE", days_ago=39)
    stocked.move(3, "HOSP/OR", lot=None, days_ago=9)
    stocked.post()
    trace = trace_department(stocked.conn, "HOSP/OR")
    stays = {stay.key: (stay.arrived, stay.used, stay.moved_on, stay.there_now) for stay in trace.stays}
    assert stays == {"I1/lot/GONE": (2, 2, 0, 0), "I1/lot/L1": (20, 5, 0, 15)}
    assert trace.lot("I1/lot/L1").receipts[0].order_number == "PO-77"
    assert [goods.quantity for goods in trace.start.without_lot] == [3]


def test_a_departments_period_leaves_out_what_was_there_before(stocked: Company) -> None:
    stocked.lot("GONE")
    stocked.move(2, "HOSP/OR", lot="GONE", days_ago=40)
    stocked.move(2, "PATIENT", "HOSP/OR", lot="GONE", days_ago=39)
    stocked.move(1, "PATIENT", "HOSP/OR", lot=None, days_ago=39)
    stocked.post()
    trace = trace_department(stocked.conn, "HOSP/OR", since=NOW - timedelta(days=6))
    assert [(stay.key, stay.arrived, stay.used) for stay in trace.stays] == [("I1/lot/L1", 0, 5)]
    assert trace.start.without_lot == ()
    earlier = trace_department(stocked.conn, "HOSP/OR", until=NOW - timedelta(days=30))
    assert [stay.key for stay in earlier.stays] == ["I1/lot/GONE"]


def test_a_site_is_a_place_with_all_its_departments(stocked: Company) -> None:
    [stay] = trace_department(stocked.conn, "HOSP").stays
    assert (stay.arrived, stay.used, stay.there_now) == (30, 5, 25)


def test_the_past_is_traced_as_it_was(stocked: Company) -> None:
    lot = the_lot(stocked, as_of=NOW - timedelta(days=9, hours=12))
    assert stock(lot) == {"DC": 30, "HOSP/OR": 20}
    assert (ways(lot.used), lot.balance.closes) == ({}, True)


def test_now_and_as_of_now_are_the_same(shipped: Company) -> None:
    shipped.move(2, "PATIENT", "HOSP/OR", lot=None, days_ago=8)
    shipped.post()
    assert trace_lot(shipped).lots == trace_lot(shipped, as_of=NOW).lots


def test_holds_on_the_lot_and_on_the_places_where_it_lies_are_told(stocked: Company) -> None:
    lot = the_lot(stocked)
    ids = dict(stocked.conn.execute("SELECT code, location_id FROM lotwatch.location").fetchall())
    item = lot.item_id
    holds = [
        Hold("recall", "FSN-1", "field safety notice", item_id=item, lot_id=lot.lot_id, case_reference="RC-1"),
        Hold("quality", "ICU only", "damaged", item_id=item, lot_id=lot.lot_id, location_id=ids["HOSP/ICU"]),
        Hold("cold_chain", "freezer", "too warm", location_id=ids["HOSP"]),
        Hold("cold_chain", "elsewhere", "too warm", location_id=ids["DC/QC"]),
    ]
    for hold in holds:
        place_hold(stocked.conn, hold, stocked.context, placed_by="quality@example.org")
    found = {hold.reference: hold.place.code if hold.place else None for hold in the_lot(stocked).holds}
    assert found == {"FSN-1": None, "ICU only": "HOSP/ICU", "freezer": "HOSP"}
    assert "case RC-1" in text(trace_lot(stocked))


def test_a_label_is_traced_by_what_it_names(stocked: Company) -> None:
    stocked.add(
        "identifier", item_code="I1", agency="GS1", code="09506000134352", package_level="unit", units_contained=1
    )
    stocked.post()
    trace = trace_udi(stocked.conn, "(01)09506000134352(17)270720(10)L1", TODAY)
    assert trace.asked == ("I1/lot/L1",)
    with pytest.raises(LotwatchError, match="names no lot"):
        trace_udi(stocked.conn, "(01)09506000134352", TODAY)
    with pytest.raises(LotwatchError, match="no item has it"):
        trace_udi(stocked.conn, "(01)09506000134369(10)L1", TODAY)
    with pytest.raises(UdiError):
        trace_udi(stocked.conn, "no label", TODAY)


def test_a_lot_that_is_not_known_is_told_with_those_written_alike(stocked: Company) -> None:
    for number in ("LOT-2024-0815", "LOT-2024-0816", "QX77"):
        stocked.lot(number)
    stocked.post()
    with pytest.raises(LotwatchError, match=r"has no lot lot-2024-0851.*the nearest are LOT-2024-081"):
        trace_lot(stocked, "lot-2024-0851")
    with pytest.raises(LotwatchError, match=r"none of its 4 lots is written alike"):
        trace_lot(stocked, "77777777777")


def test_an_item_that_is_not_known_is_told_with_those_written_alike(stocked: Company) -> None:
    stocked.item("STENT-3")
    stocked.post()
    with pytest.raises(LotwatchError, match=r"There is no such item. Where: STENT-4.*STENT-3"):
        trace_lot(stocked, "L1", item="STENT-4")


def test_the_json_is_plain_and_names_everything(stocked: Company, db_url: str) -> None:
    plain = json.loads(run(db_url, "lot", "I1", "L1", "--json"))
    assert plain == trace_lot(stocked).as_json()
    assert set(plain) == {"start", "as_of", "asked", "lots", "stays"}
    [lot] = plain["lots"]
    assert {"receipts", "flow", "where_now", "used", "shipped", "deliveries", "made_from", "made_into"} <= set(lot)
    assert {"taken_back", "holds", "flags", "possible_exposure", "balance"} <= set(lot)
    assert lot["balance"]["closes"] is True
    assert lot["flow"][0]["first_at"] == (NOW - timedelta(days=20)).isoformat()
    assert set(lot["where_now"][0]["place"]) == {"location_id", "code", "name", "kind", "holds_stock"}


def test_both_languages_tell_the_same(shipped: Company) -> None:
    shipped.move(2, "PATIENT", "HOSP/OR", lot=None, days_ago=8)
    shipped.move(90, "PATIENT", "DC", days_ago=1)
    shipped.post()
    english, chinese = text(trace_lot(shipped)), text(trace_lot(shipped), "zh")
    assert len(english.splitlines()) == len(chinese.splitlines())
    assert "Possible exposure, not certain" in english
    assert "可能暴露（不确定）" in chinese
    assert "现存" in chinese


@pytest.mark.parametrize("width", [80, 200])
def test_the_tree_fits_the_screen(shipped: Company, width: int) -> None:
    assert max(len(line) for line in text(trace_lot(shipped), width=width).splitlines()) <= width


def test_every_start_can_be_given_on_the_command_line(shipped: Company, db_url: str, tmp_path: Path) -> None:
    shipped.lot("L2")
    shipped.move(1, "DC", lot="L2")
    shipped.post()
    listed = tmp_path / "lots.csv"
    listed.write_text("I1,L1\n\nI1, L2\n", encoding="utf-8")
    both = run(db_url, "lots", str(listed))
    assert "lot L1" in both
    assert "lot L2" in both
    assert run(db_url, "lots", "-", stdin=listed.read_text()) == both == run(db_url, "lot", "I1", "L1", "L2")
    assert "found as an SSCC" in run(db_url, "shipment", "340123450000000017")
    assert "I1/lot/L1：到达 20，使用 5" in run(db_url, "department", "HOSP/OR", "--lang", "zh")
    then = (NOW - timedelta(days=15)).isoformat()
    assert "DC Dc: 50 u" in run(db_url, "lot", "I1", "L1", "--as-of", then)


def test_a_file_that_lists_no_lots_is_refused(stocked: Company, db_url: str, tmp_path: Path) -> None:
    listed = tmp_path / "lots.csv"
    listed.write_text("I1;L1\n", encoding="utf-8")
    with pytest.raises(LotwatchError, match=r"line 1.*CODE,LOT"):
        run(db_url, "lots", str(listed))


def test_nothing_found_ends_with_exit_code_1(
    stocked: Company, db_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lotwatch import cli

    monkeypatch.setattr("sys.argv", ["lotwatch", "trace", "lot", "I1", "L9", "--database", db_url])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "the nearest are L1" in " ".join(capsys.readouterr().err.split())
