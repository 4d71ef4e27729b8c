"""EPCIS events as rows: what names a thing in every form, what identifies an event, and what moves stock."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Record
from lotwatch.sources.epcis import push
from lotwatch.sources.epcis.events import content_hash, read_event
from lotwatch.sources.epcis.identify import Named, identify, place_code

TODAY = date(2026, 6, 15)
SSCC, SSCC_URN = "106141412345678908", "urn:epc:id:sscc:0614141.1234567890"
PLACES = {"0614141073467": "DC", "4012345002256": "SUPPLIER"}
DC, SUPPLIER = "urn:epc:id:sgln:0614141.07346.0", "urn:epc:id:sgln:4012345.00225.0"
LGTIN = "urn:epc:class:lgtin:4012345.012345.998877"


def event(**changes: Any) -> dict[str, Any]:
    plain = {
        "eventID": "urn:uuid:1",
        "type": "ObjectEvent",
        "action": "OBSERVE",
        "bizStep": "receiving",
        "eventTime": "2026-06-08T16:58:56.591+02:00",
        "eventTimeZoneOffset": "+02:00",
        "quantityList": [{"epcClass": LGTIN, "quantity": 200}],
        "bizLocation": {"id": DC},
        "sourceList": [{"type": "location", "source": SUPPLIER}],
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def mapped(*events: Any, **options: Any) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for entity, record in push(**{"places": PLACES, **options})(list(events)):
        json.dumps(dict(record.raw), allow_nan=False)  # as the database keeps it
        found[entity].append(record)
    return found


def rows(*events: Any, entity: str, **options: Any) -> list[dict[str, Any]]:
    return [dict(record.row) for record in mapped(*events, **options)[entity]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("urn:epc:id:sgtin:0614141.107346.2017", Named("10614141073464", serial="2017")),
        ("urn:epc:id:sgtin:0614141.107346.A%2FB", Named("10614141073464", serial="A/B")),
        ("urn:epc:idpat:sgtin:4012345.098765.*", Named("04012345987652")),
        (LGTIN, Named("04012345123456", lot="998877")),
        (SSCC_URN, Named(sscc=SSCC)),
        (f"https://id.gs1.org/00/{SSCC}", Named(sscc=SSCC)),
        (
            "https://example.com/some/path/01/10614141073464/10/AB%2F1/21/77?17=271130",
            Named("10614141073464", "AB/1", "77", date(2027, 11, 30)),
        ),
        ("https://id.gs1.org/01/614141073467", Named("00614141073467")),
        (f"(00){SSCC}", Named(sscc=SSCC)),
        ("(01)10614141073464(17)271130(10)AB1", Named("10614141073464", "AB1", None, date(2027, 11, 30))),
    ],
)
def test_a_thing_is_known_by_every_form_of_its_identifier(text: str, expected: Named) -> None:
    assert identify(text, TODAY) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "no identifier"),
        (7, "no identifier"),
        ("x" * 600, "600 characters"),
        ("urn:epc:id:grai:0614141.12345.400", "neither an item"),
        ("urn:epc:id:sgtin:0614141.10734.2017", "not shaped like an SGTIN"),
        ("urn:epc:id:sgtin:0614141.107346.", "no lot or serial number"),
        ("https://id.gs1.org/00/106141412345678909", "check digit"),
        ("https://example.com/asset/9", "neither an item"),
        ("pallet seven", "cannot be read"),
    ],
)
def test_what_names_no_thing_is_refused_with_a_reason(text: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        identify(text, TODAY)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("urn:epc:id:sgln:0614141.07346.1234", "0614141073467.1234"),
        (DC, "0614141073467"),
        ("https://id.gs1.org/414/0614141073467/254/1234", "0614141073467.1234"),
        ("https://example.com/ward/7", "https://example.com/ward/7"),
        ("", None),
        (None, None),
    ],
)
def test_a_place_is_its_gln_whatever_its_form(text: Any, code: str | None) -> None:
    assert place_code(text) == code


@pytest.mark.realdata
def test_every_official_example_keeps_to_the_schema_and_is_mapped_without_a_problem(realdata: Path) -> None:
    schema = json.loads((realdata / "epcis/EPCIS-JSON-Schema.json").read_text())
    examples = sorted((realdata / "epcis/examples").glob("*.jsonld"))
    assert len(examples) >= 6
    told = set()
    for path in examples:
        document = json.loads(path.read_text(), parse_float=Decimal)
        jsonschema.validate(json.loads(path.read_text()), schema)
        options = {"moves_stock_at": ("*",), "transit_location": "T", "transformation_location": "X"}
        records = list(push(**options)(document))
        assert [record.problems for _, record in records if record.problems] == []
        told |= {entity for entity, _ in records}
    assert told >= {"movement", "package_event", "tracking_event"}


@pytest.mark.parametrize(
    "prefix", ["", "urn:epcglobal:cbv:bizstep:", "https://ref.gs1.org/cbv/BizStep-", "cbv:BizStep-"]
)
def test_a_step_is_the_same_in_every_form_of_its_name(prefix: str) -> None:
    (row,) = rows(event(bizStep=f"{prefix}receiving"), entity="tracking_event")
    assert row["biz_step"] == "receiving"


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    plain = event(eventID=None)
    again = dict(reversed(plain.items())) | {
        "recordTime": "2026-06-09T00:00:00Z",
        "eventTime": "2026-06-08T14:58:56.591Z",
    }
    assert content_hash(plain) == content_hash(again)
    assert read_event(plain).key == read_event(plain | {"errorDeclaration": {"declarationTime": "x"}}).key
    assert read_event(plain).key != read_event(event(eventID=None, bizStep="shipping")).key


def test_nothing_moves_where_another_system_books_the_stock() -> None:
    found = mapped(event())
    assert found["movement"] == []
    assert len(found["tracking_event"]) == 1


def test_what_is_received_comes_from_its_source_where_this_source_books_both_ends() -> None:
    (row,) = rows(event(), entity="movement", moves_stock_at=("DC", "SUPP*"))
    assert (row["from_location"], row["to_location"], row["udi_di"]) == ("SUPPLIER", "DC", "04012345123456")
    assert (row["lot_number"], row["quantity"]) == ("998877", 200)
    assert row["occurred_at"] == datetime(2026, 6, 8, 14, 58, 56, 591000, tzinfo=UTC)
    assert mapped(event(), moves_stock_at=("DC",))["movement"] == []
    assert mapped(event(sourceList=None), moves_stock_at=("*",))["movement"] == []


def test_what_is_shipped_waits_in_transit_until_it_is_received() -> None:
    options: dict[str, Any] = {"moves_stock_at": ("DC",), "transit_location": "TRANSIT"}
    shipped = event(eventID="urn:uuid:2", bizStep="shipping", sourceList=None)
    moves = [(row["from_location"], row["to_location"]) for row in rows(shipped, event(), entity="movement", **options)]
    assert moves == [("DC", "TRANSIT"), ("TRANSIT", "DC")]


def test_a_transformation_takes_its_inputs_and_gives_its_outputs() -> None:
    made = event(
        type="TransformationEvent", action=None, quantityList=None, bizStep="commissioning", transformationID="urn:t:9",
        inputQuantityList=[{"epcClass": LGTIN, "quantity": 10}],
        outputEPCList=["urn:epc:id:sgtin:4012345.077889.25"],
        ilmd={"cbvmda:lotNumber": "NEW1", "cbvmda:itemExpirationDate": "2028-01-31"},
    )  # fmt: skip
    found = mapped(made, moves_stock_at=("DC",), transformation_location="PACK")
    taken, given = (record.row for record in found["movement"])
    assert (taken["from_location"], taken["to_location"], taken["quantity"]) == ("DC", "PACK", 10)
    assert (given["from_location"], given["to_location"], given["lot_number"]) == ("PACK", "DC", "NEW1")
    assert taken["transformation_key"] == given["transformation_key"] == "urn:t:9"
    (lot,) = found["lot"]
    assert (lot.row["lot_number"], lot.row["serial_number"]) == ("NEW1", "25")
    assert lot.row["usable_through"] == date(2028, 1, 31)


def test_a_declared_error_takes_back_every_line_of_its_event() -> None:
    declared = event(errorDeclaration={"declarationTime": "2026-06-09T08:00:00Z", "reason": "did_not_occur"})
    found = mapped(event(), declared, moves_stock_at=("*",))
    moved, back = found["movement"]
    assert back.row == {"kind": "reversal", "reverses_key": moved.source_key, "reason": "did_not_occur"}
    told, taken = found["tracking_event"]
    assert (told.row["takes_back"], taken.row["takes_back"]) == (None, told.source_key)
    assert taken.row["error_declared_at"] == datetime(2026, 6, 9, 8, tzinfo=UTC)


def test_a_shipment_announces_its_lines_unless_a_despatch_advice_does() -> None:
    shipped = event(
        bizStep="shipping", epcList=[SSCC_URN], bizLocation=None, readPoint={"id": SUPPLIER},
        destinationList=[{"type": "location", "destination": DC}],
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0614141073467:PO-7"}],
    )  # fmt: skip
    (row,) = rows(shipped, entity="delivery_line")
    assert (row["delivery_key"], row["to_location"], row["state"]) == ("urn:uuid:1", "DC", "shipped")
    assert (row["order_number"], row["sscc"], row["quantity"]) == ("PO-7", SSCC, 200)
    advice = {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:4012345002256:DA-1"}
    assert rows(shipped | {"bizTransactionList": [advice]}, entity="delivery_line") == []
    (row,) = rows(shipped | {"bizTransactionList": [advice]}, entity="delivery_line", announces="all")
    assert row["delivery_key"] == "4012345002256:DA-1"


def test_packages_hold_packages_and_lots_and_are_emptied() -> None:
    packed = event(
        type="AggregationEvent", action="ADD", parentID=SSCC_URN, quantityList=None,
        childEPCs=["urn:epc:id:sscc:0614141.0000000001"], childQuantityList=[{"epcClass": LGTIN, "quantity": 5}],
    )  # fmt: skip
    box, lot = rows(packed, entity="package_event")
    assert (box["sscc"], box["child_sscc"], box["action"]) == (SSCC, "006141410000000012", "add")
    assert (lot["lot_number"], lot["quantity"], lot["child_sscc"]) == ("998877", 5, None)
    emptied = event(type="AggregationEvent", action="DELETE", parentID=SSCC_URN, quantityList=None)
    (all_of_it,) = rows(emptied, entity="package_event")
    assert (all_of_it["action"], all_of_it.get("udi_di"), all_of_it.get("child_sscc")) == ("delete", None, None)


@pytest.mark.parametrize(
    ("report", "celsius"),
    [
        ({"value": Decimal("4.25"), "uom": "CEL"}, [Decimal("4.25")]),
        ({"value": 277, "uom": "KEL"}, [Decimal("3.85")]),
        ({"value": Decimal("39.2"), "uom": "FAH"}, [Decimal("4.000")]),
        ({"minValue": 2, "maxValue": 9, "meanValue": 4, "uom": "CEL"}, [Decimal(2), Decimal(9)]),
    ],
)
def test_a_temperature_is_read_in_degrees_celsius(report: dict[str, Any], celsius: list[Decimal]) -> None:
    measured = {
        "sensorMetadata": {"time": "2026-06-08T10:00:00Z"},
        "sensorReport": [{"type": "gs1:Temperature", **report}],
    }
    found = rows(event(quantityList=None, sensorElementList=[measured]), entity="temperature_reading")
    assert [row["celsius"] for row in found] == celsius
    assert {row["location_code"] for row in found} == {"DC"}
    assert {row["measured_at"] for row in found} == {datetime(2026, 6, 8, 10, tzinfo=UTC)}


def test_the_temperature_of_a_package_is_the_packages_and_not_the_places() -> None:
    measured = {"sensorReport": [{"type": "Temperature", "value": 5, "uom": "CEL"}, {"type": "Humidity", "value": 9}]}
    found = event(quantityList=None, epcList=[SSCC_URN], sensorElementList=[measured])
    (row,) = rows(found, entity="temperature_reading")
    assert (row["sscc"], row.get("location_code")) == (SSCC, None)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "text",
        7,
        [],
        {},
        {"type": "Rumour"},
        event(eventTime=None),
        event(eventTime="yesterday\x00"),
        event(eventTime="2026-06-08T16:58:56", eventTimeZoneOffset="MEZ"),
        event(action="BORROW"),
        event(eventID="x" * 3000),
        event(errorDeclaration="wrong"),
        event(bizTransactionList={"type": "po"}),
        event(bizTransactionList=[{"type": "po", "bizTransaction": 7}]),
        event(quantityList=[{"epcClass": LGTIN, "quantity": "many"}]),
        event(quantityList=[{"epcClass": LGTIN, "quantity": float("nan")}]),
        event(quantityList=[7]),
        event(quantityList="none"),
        event(epcList=[{"id": "x"}, "\ud800"]),
        event(sensorElementList=[{"sensorReport": [{"type": "Temperature", "value": "warm", "uom": "CEL"}]}]),
        event(sensorElementList=[{"sensorReport": [{"type": "Temperature", "value": 4, "uom": "RAN"}]}]),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_is_a_problem_of_its_record_and_never_lost(odd: Any) -> None:
    found = mapped(odd, event(eventID="urn:uuid:good"), moves_stock_at=("*",))
    records = [record for entity in found.values() for record in entity]
    assert [record for record in records if record.problems]
    assert not [record for record in found["tracking_event"] if record.problems and "good" in record.source_key]
    assert all(len(record.source_key) < 2000 for record in records)


def test_what_is_no_document_of_events_is_refused() -> None:
    for body in ({"type": "Invoice"}, "text", 7, None):
        with pytest.raises(SourceError, match="neither an EPCIS document nor an event"):
            list(push()(body))


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValueError, match="moves_stok_at"):
        push(moves_stok_at=("DC",))
