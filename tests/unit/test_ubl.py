"""UBL despatch advices as rows: what a supplier announces, and what no document may do to us."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Record
from lotwatch.sources.ubl import UblOptions, push
from lotwatch.sources.ubl.mapping import map_advice
from sandbox.logistics.world import despatch_advice, make_deliveries

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)


def advice(lines: str = "", *, header: str = "", delivery: str = "", supplier: str = "4053219000010") -> str:
    return f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<DespatchAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>DA-7</cbc:ID><cbc:IssueDate>2026-06-10</cbc:IssueDate>{header}
 <cac:DespatchSupplierParty><cac:Party><cac:PartyIdentification><cbc:ID schemeID="0088">{supplier}</cbc:ID>
 </cac:PartyIdentification></cac:Party></cac:DespatchSupplierParty>
 <cac:DeliveryCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>HOUSE</cbc:ID></cac:PartyIdentification>
 </cac:Party></cac:DeliveryCustomerParty>
 <cac:Shipment><cbc:ID>1</cbc:ID><cac:Delivery>{delivery}</cac:Delivery></cac:Shipment>{lines}
</DespatchAdvice>"""


def line(number: int = 1, quantity: str = "10", unit: str = "C62", item: str = "", order: str = "") -> str:
    gtin = '<cac:StandardItemIdentification><cbc:ID schemeID="0160">4012345123456</cbc:ID></cac:StandardItemIdentification>'
    return f"""<cac:DespatchLine><cbc:ID>{number}</cbc:ID>
 <cbc:DeliveredQuantity unitCode="{unit}">{quantity}</cbc:DeliveredQuantity>{order}<cac:Item>{item or gtin}</cac:Item>
</cac:DespatchLine>"""


def instance(lot: str = "", serial: str = "", expires: str = "") -> str:
    expiry = f"<cbc:ExpiryDate>{expires}</cbc:ExpiryDate>" if expires else ""
    within = (
        f"<cac:LotIdentification><cbc:LotNumberID>{lot}</cbc:LotNumberID>{expiry}</cac:LotIdentification>"
        if lot
        else ""
    )
    return f"<cac:ItemInstance>{f'<cbc:SerialID>{serial}</cbc:SerialID>' if serial else ''}{within}</cac:ItemInstance>"


BUYERS = "<cac:BuyersItemIdentification><cbc:ID>MD-1</cbc:ID></cac:BuyersItemIdentification>"


def mapped(content: str, **options: Any) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for entity, record in push(**{"places": {"HOUSE": "DC"}, **options})(content):
        found[entity].append(record)
    return found


def delivery_line(content: str, **options: Any) -> dict[str, Any]:
    (record,) = mapped(content, **options)["delivery_line"]
    assert record.problems == ()
    return dict(record.row)


@pytest.mark.realdata
def test_the_official_example_and_ours_keep_to_the_schema(realdata: Path) -> None:
    schema = etree.XMLSchema(etree.parse(realdata / "ubl/xsd21/maindoc/UBL-DespatchAdvice-2.1.xsd"))
    ours = despatch_advice(next(iter(make_deliveries(NOW, None))))
    official = (realdata / "ubl/examples/DespatchAdvice_Example.xml").read_text()
    for content in (ours, official):
        schema.assertValid(etree.fromstring(content.encode()))
        assert all(record.problems == () for records in mapped(content).values() for record in records)
    (lot,) = mapped(official)["lot"]
    assert (lot.row["lot_number"], lot.row["serial_number"]) == ("546378239", "4558784")
    (record,) = mapped(official, time_zone="Europe/Oslo")["delivery_line"]
    assert record.row["delivery_key"] == "7300010000001:565899"
    assert record.row["shipped_at"] == datetime(2018, 9, 25, 11, tzinfo=UTC)
    assert record.row["expected_at"] == datetime(2018, 9, 27, 10, tzinfo=UTC)
    assert (record.row["carrier"], record.row["tracking_number"]) == ("Name", "456789")
    assert (record.row["order_number"], record.row["order_line_number"]) == ("AEG012345", 1)


def test_a_line_names_its_item_by_the_identifier_first_and_by_our_code_else() -> None:
    row = delivery_line(advice(line(item=BUYERS)))
    assert (row["item_code"], row["udi_di"], row["to_location"]) == ("MD-1", None, "DC")
    assert delivery_line(advice(line()))["udi_di"] == "04012345123456"
    assert (delivery_line(advice(line(unit="BX")))["unit"], delivery_line(advice(line(unit="H87")))["unit"]) == (
        "BX",
        None,
    )


def test_moments_are_in_the_zone_they_name_or_the_sources() -> None:
    despatch = "<cac:Despatch><cbc:ActualDespatchDate>2026-06-11{}</cbc:ActualDespatchDate>{}</cac:Despatch>"
    at = "<cbc:ActualDespatchTime>{}</cbc:ActualDespatchTime>"
    for day, clock, expected in (
        ("", at.format("09:30:00"), datetime(2026, 6, 11, 1, 30, tzinfo=UTC)),
        ("", at.format("09:30:00Z"), datetime(2026, 6, 11, 9, 30, tzinfo=UTC)),
        ("", at.format("09:30:00-05:00"), datetime(2026, 6, 11, 14, 30, tzinfo=UTC)),
        ("Z", "", datetime(2026, 6, 11, tzinfo=UTC)),
        ("+02:00", "", datetime(2026, 6, 10, 22, tzinfo=UTC)),
        ("", "", datetime(2026, 6, 10, 16, tzinfo=UTC)),
    ):
        content = advice(line(), delivery=despatch.format(day, clock))
        assert delivery_line(content, time_zone="Asia/Shanghai")["shipped_at"] == expected
    period = "<cac:EstimatedDeliveryPeriod><cbc:EndDate>2026-06-14</cbc:EndDate></cac:EstimatedDeliveryPeriod>"
    row = delivery_line(advice(line(), delivery=period))
    assert row["expected_at"] == datetime(2026, 6, 14, 23, 59, 59, tzinfo=UTC)
    assert (row["state"], row["shipped_at"]) == ("shipped", datetime(2026, 6, 10, tzinfo=UTC))


def test_what_is_to_leave_later_is_planned_and_what_has_come_is_delivered() -> None:
    later = "<cac:Despatch><cbc:EstimatedDespatchDate>2026-06-12</cbc:EstimatedDespatchDate></cac:Despatch>"
    assert delivery_line(advice(line(), delivery=later))["state"] == "planned"
    came = "<cbc:ActualDeliveryDate>2026-06-13</cbc:ActualDeliveryDate>"
    assert delivery_line(advice(line(), delivery=came))["delivered_at"] == datetime(2026, 6, 13, tzinfo=UTC)


def test_serial_units_are_a_row_each_and_a_lot_with_its_last_day_is_told() -> None:
    units = instance("L1", "S1", "2027-01-31") + instance("L1", "S2", "2027-01-31")
    found = mapped(advice(line(quantity="2", item=BUYERS + units)))
    assert [(r.row["serial_number"], r.row["quantity"]) for r in found["delivery_line"]] == [("S1", 1), ("S2", 1)]
    assert [(r.row["serial_number"], r.row["usable_through"]) for r in found["lot"]] == [
        ("S1", date(2027, 1, 31)),
        ("S2", date(2027, 1, 31)),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        line(quantity="some"),
        line(quantity="INF"),
        line(item=BUYERS + instance("L1") + instance("L2")),
        line(item=BUYERS + instance("L1", expires="soon")),
    ],
)
def test_a_line_that_cannot_be_read_is_a_problem_and_the_next_one_is_not(lines: str) -> None:
    odd, good = mapped(advice(lines + line(2)))["delivery_line"]
    assert odd.problems
    assert not good.problems
    assert good.row["quantity"] == Decimal(10)


def test_a_line_of_which_nothing_comes_announces_nothing() -> None:
    assert mapped(advice(line(quantity="0")))["delivery_line"] == []


_BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
_FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "well-formed"),
        ("not XML", "well-formed"),
        (advice(line())[:300], "well-formed"),
        ("<Order/>", "not DespatchAdvice"),
        (advice(line()).replace("?>", f"?>{_BOMB}", 1), "document type"),
        (advice(line()).replace("?>", f"?>{_FILE}", 1).replace("DA-7", "&f;"), "document type"),
        ("<a>" * 600, "well-formed"),
        (" " * (8 * 1024 * 1024 + 1), "characters"),
    ],
)
def test_a_document_that_cannot_be_read_safely_is_refused(content: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        list(push()(content))
    (told,) = map_advice(content, UblOptions(), known_as="7")
    assert told[0] == "delivery_line"
    assert complaint in told[1].problems[0].reason
    assert told[1].source_key == "7"
