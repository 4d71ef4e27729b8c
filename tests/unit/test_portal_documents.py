"""Orders as UBL and cXML have them, and suppliers' answers read: what is exact, what is refused, what does no harm."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from pydantic import ValidationError

from lotwatch.delivery.portals import LineResponse, Order, OrderChange, OrderLine, Part, cxml, load_portals, ubl
from lotwatch.delivery.portals.documents import OrderResponse
from lotwatch.errors import LotwatchError
from sandbox.portal import cxml as sandbox_cxml
from sandbox.portal import ubl as sandbox_ubl
from sandbox.portal.models import Answer, KeptAnswer

NOW = datetime(2026, 6, 15, 8, 30, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
OPTIONS = ubl.UblOptions(buyer="4053210000007", seller="4053219000010", places={"DC": "4053210000014"})
CXML = cxml.CxmlOptions(
    buyer=cxml.Identity(identity="hospitals"), supplier=cxml.Identity(domain="DUNS", identity="123456789")
)
ORDER = Order(
    reference="PO-7",
    buyer_reference="LW-000042",
    supplier_code="SUP-1",
    ship_to_site="DC",
    ordered_on=date(2026, 6, 14),
    currency="CNY",
    lines=[
        OrderLine(
            item_code="STENT <3.0>",
            name="Stent & 导管",
            supplier_item_code="S-1",
            udi_di="09506000134352",
            quantity=7,
            unit_price=Decimal("1234567890123.4567"),
            requested_on=date(2026, 7, 1),
        ),
        OrderLine(
            item_code="B", udi_di="+H123ABC1", quantity=1, unit_price=Decimal("0.10"), requested_on=date(2026, 7, 2)
        ),
    ],
)
CHANGE = OrderChange(**ORDER.model_dump(), sequence=2)
ANSWER = Answer.model_validate({
    "number": "OR-1", "reference": "PO-7", "buyer_reference": "LW-000042", "issued_at": NOW, "state": "changed",
    "lines": [
        {"number": 1, "item_code": "STENT <3.0>", "parts": [
            {"state": "changed", "quantity": 4, "promised_on": "2026-07-01", "unit_price": "12.5000"},
            {"state": "changed", "quantity": 2, "promised_on": "2026-07-09"},
            {"state": "rejected", "quantity": 1, "reason": "not enough & 缺货"},
        ]},
        {"number": 2, "item_code": "B", "parts": [{"state": "accepted", "quantity": 1, "promised_on": "2026-07-02"}]},
    ],
})  # fmt: skip
READ = [
    (1, [("changed", 4, date(2026, 7, 1), Decimal("12.5")), ("changed", 2, date(2026, 7, 9), None), ("rejected", 1, None, None)]),
    (2, [("accepted", 1, date(2026, 7, 2), None)]),
]  # fmt: skip


def documents() -> dict[str, bytes]:
    return {
        "Order": ubl.order_document(ORDER, OPTIONS),
        "OrderChange": ubl.change_document(CHANGE, "LW-000042:change:2", NOW, OPTIONS),
        "OrderCancellation": ubl.cancellation_document("PO-7", "not needed", "LW-000042:cancel", NOW, OPTIONS),
        "OrderResponse": sandbox_ubl.response_document(ANSWER, "PC-1", [("2", "OrderChange")]).encode(),
    }


def told(response: OrderResponse) -> list[tuple]:
    return [
        (line.number, [(part.state, part.quantity, part.promised_on, part.unit_price) for part in line.parts])
        for line in response.lines
    ]


@pytest.mark.realdata
@pytest.mark.parametrize("kind", ["Order", "OrderChange", "OrderCancellation", "OrderResponse"])
def test_every_document_keeps_to_the_schema(realdata: Path, kind: str) -> None:
    schema = etree.XMLSchema(etree.parse(realdata / f"ubl/xsd21/maindoc/UBL-{kind}-2.1.xsd"))
    schema.assertValid(etree.fromstring(documents()[kind]))
    bare = ubl.UblOptions(buyer="us")
    if kind == "Order":
        schema.assertValid(etree.fromstring(ubl.order_document(ORDER, bare)))
    if kind == "OrderCancellation":
        schema.assertValid(etree.fromstring(ubl.cancellation_document("PO-7", "no", "K", NOW, bare)))


@pytest.mark.realdata
def test_the_official_answer_is_read(realdata: Path) -> None:
    response = ubl.read_response((realdata / "ubl/examples/OrderResponse_Example.xml").read_text(), UTC_ZONE)
    assert (response.number, response.reference, response.state) == ("101", "11233", "changed")
    assert response.issued_at == datetime(2013, 7, 1, 6, 10, 10, tzinfo=UTC)
    assert told(response) == [
        (1, [("changed", 10, date(2018, 8, 12), Decimal("1.5")), ("changed", 3, None, None)]),
        (2, [("accepted", None, None, None)]),
        (3, [("changed", None, None, None)]),
    ]


def test_an_order_is_read_as_it_was_written() -> None:
    order, change = sandbox_ubl.read_order(etree.fromstring(documents()["Order"])), documents()["OrderChange"]
    expected = ORDER.model_dump(mode="json") | {"ship_to_site": "4053210000014"}
    expected["lines"][1]["name"] = "B"  # UBL wants a name
    assert order.model_dump(mode="json") == expected
    assert sandbox_ubl.read_order(etree.fromstring(change), "PO-7").lines == order.lines
    schemes = [each.get("schemeID") for each in etree.fromstring(documents()["Order"]).iterfind(".//{*}StandardItemIdentification/{*}ID")]  # fmt: skip
    assert schemes == ["0160", "UDI-DI"]


def test_an_order_in_cxml_is_read_as_it_was_written_and_says_who_sends_it() -> None:
    request = cxml._order_request(ORDER, CXML, "new")
    content = cxml.envelope(request, "LW-000042:portal", "s3cret", CXML, NOW)
    root = etree.fromstring(content, etree.XMLParser(load_dtd=False, no_network=True))
    order = sandbox_cxml.read_order(root.find("Request/OrderRequest"))
    expected = ORDER.model_dump(mode="json")
    expected["lines"][1]["name"] = "B"
    assert order.model_dump(mode="json") == expected
    assert root.get("payloadID") == "LW-000042:portal@hospitals"
    assert [root.findtext(f"Header/{side}/Credential/Identity") for side in ("From", "To", "Sender")] == [
        "hospitals", "123456789", "hospitals",
    ]  # fmt: skip
    assert root.findtext("Header/Sender/Credential/SharedSecret") == "s3cret"
    assert "s3cret" not in (root.findtext("Header/From") or "")


def test_the_parts_of_a_line_come_back_in_both_languages() -> None:
    kept = KeptAnswer(buyer="us", protocol="cxml", confirmation_number="PC-1", answer=ANSWER)
    from_ubl = ubl.read_response(documents()["OrderResponse"].decode(), UTC_ZONE)
    from_cxml = cxml.read_confirmation(cxml.read_cxml(sandbox_cxml.confirmation(kept)))
    for response in (from_ubl, from_cxml):
        assert (response.reference, response.issued_at, response.state) == ("PO-7", NOW, "changed")
        assert told(response) == READ
        assert response.lines[0].parts[2].reason == "not enough & 缺货"


def test_an_acknowledgement_says_how_far_the_portal_is() -> None:
    confirmation, response = ubl.read_acknowledgement(documents()["OrderResponse"].decode(), UTC_ZONE)
    assert (confirmation.confirmation_number, confirmation.sequence, confirmation.cancelled) == ("PC-1", 2, False)
    assert response.number == "OR-1"


def test_deliveries_of_a_line_are_its_parts() -> None:
    delivery = (
        '<cac:Delivery><cbc:Quantity unitCode="C62">{}</cbc:Quantity><cac:PromisedDeliveryPeriod>'
        "<cbc:EndDate>{}</cbc:EndDate></cac:PromisedDeliveryPeriod></cac:Delivery>"
    )
    content = line(delivery.format(3, "2026-07-01") + delivery.format(2, "2026-08-01"))
    assert told(ubl.read_response(content, UTC_ZONE)) == [
        (1, [("changed", 3, date(2026, 7, 1), None), ("changed", 2, date(2026, 8, 1), None)])
    ]


def line(inside: str = "", *, code: str = "3", quantity: str = "5", unit: str = "C62", number: str = "1") -> str:
    told = f'<cbc:Quantity unitCode="{unit}">{quantity}</cbc:Quantity>'
    return f"""<OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>1</cbc:ID><cbc:IssueDate>2026-06-15</cbc:IssueDate><cac:OrderReference><cbc:ID>PO-7</cbc:ID></cac:OrderReference>
 <cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID><cbc:LineStatusCode>{code}</cbc:LineStatusCode>{told}{inside}</cac:LineItem>
 </cac:OrderLine></OrderResponse>"""


_BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "well-formed"),
        ("<Order/>", "not OrderResponse"),
        (_BOMB + line(), "document type"),
        (line(unit="BX"), "pieces"),
        (line(quantity="2.5"), "whole number"),
        (line(quantity="-1"), "whole number"),
        (line(quantity="1e99"), "quantity"),
        (line(quantity="NaN"), "quantity"),
        (line(code="99"), "LineStatusCode"),
        (line(number=""), "neither its number"),
        (line("<cac:Price><cbc:PriceAmount>1</cbc:PriceAmount><cbc:BaseQuantity>0</cbc:BaseQuantity></cac:Price>"), "base"),
        (line().replace("2026-06-15", "soon"), "soon"),
        (line().replace("<cbc:IssueDate>2026-06-15</cbc:IssueDate>", ""), "issued_at"),
    ],
)  # fmt: skip
def test_a_ubl_answer_that_cannot_be_trusted_is_refused(content: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ubl.read_response(content, UTC_ZONE)


def confirmation(status: str = '<ConfirmationStatus type="accept" quantity="5"/>', kind: str = "detail", number: str = ' lineNumber="1"') -> str:  # fmt: skip
    return (
        f'<cXML payloadID="p@s" timestamp="2026-06-15T08:00:00+08:00"><Request><ConfirmationRequest>'
        f'<ConfirmationHeader type="{kind}" noticeDate="2026-06-15T08:00:00Z"/><OrderReference orderID="PO-7"/>'
        f"<ConfirmationItem{number}>{status}</ConfirmationItem></ConfirmationRequest></Request></cXML>"
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "read safely"),
        ("<html/>", "not cXML"),
        (_BOMB.replace("!DOCTYPE a", "!DOCTYPE cXML") + "<cXML>&b;</cXML>", "read safely"),
        ('<!DOCTYPE cXML [<!ENTITY f SYSTEM "file:///etc/passwd">]><cXML>&f;</cXML>', "read safely"),
        ("<cXML/>", "no ConfirmationRequest"),
        (confirmation(kind="maybe"), "its type"),
        (confirmation(number=""), "neither its number"),
        (confirmation('<ConfirmationStatus type="sure" quantity="1"/>'), "ConfirmationStatus"),
        (confirmation('<ConfirmationStatus type="accept" quantity="1.5"/>'), "whole number"),
        (confirmation('<ConfirmationStatus type="accept" quantity="1"><UnitOfMeasure>BX</UnitOfMeasure></ConfirmationStatus>'), "pieces"),
        (confirmation(""), "parts"),
    ],
)  # fmt: skip
def test_a_cxml_answer_that_cannot_be_trusted_is_refused(content: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        cxml.read_confirmation(cxml.read_cxml(content))


def test_a_cxml_document_with_the_usual_document_type_is_read() -> None:
    usual = '<?xml version="1.0"?>\n<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.045/Fulfill.dtd">\n'
    status = '<ConfirmationStatus type="unknown" quantity="2"/><ConfirmationStatus type="backordered" quantity="3"/>'
    response = cxml.read_confirmation(cxml.read_cxml(usual + confirmation(status)))
    assert [(part.state, part.quantity) for part in response.lines[0].parts] == [("pending", 2), ("changed", 3)]


def test_a_line_must_be_named() -> None:
    with pytest.raises(ValidationError, match="neither"):
        LineResponse(parts=[Part(state="accepted")])


# --- which portal


def settings(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "portals.yaml"
    path.write_text(text)
    return path


def test_the_portals_of_the_trial_company_are_three() -> None:
    assert {each.protocol for each in load_portals().values()} == {"rest", "ubl", "cxml"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: {protocol: edi, connection: c, suppliers: [S]}", "edi"),
        ("a: {protocol: rest, connection: c, suppliers: []}", "suppliers"),
        ("a: {protocol: rest, connection: c, suppliers: [S], options: {path: /x}}", "path"),
        ("a: {protocol: ubl, connection: c, suppliers: [S]}", "options"),
        ("a: {protocol: cxml, connection: c, suppliers: [S], options: {buyer: {identity: b}}}", "supplier"),
        ("a: {protocol: rest, connection: c, suppliers: [S], requests_per_minute: 0}", "requests_per_minute"),
        ("a: {protocol: rest, connection: c, suppliers: [S], breaker: {after: 0}}", "after"),
        ("a: {protocol: rest, connection: c, suppliers: [S]}\nb: {protocol: rest, connection: c, suppliers: [S]}", "S is named more than once"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(LotwatchError, match=complaint) as error:
        load_portals(settings(tmp_path, text))
    assert "portals.yaml" in str(error.value)
