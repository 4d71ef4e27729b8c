"""The portal in UBL 2.1: what buyers send is read, the supplier's OrderResponses are written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any
from xml.sax.saxutils import escape

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from lxml import etree
from pydantic import ValidationError

from sandbox.http import Mood, bearer, copies, failure
from sandbox.portal.models import Answer, Code, Order, ReceivedOrder
from sandbox.portal.orders import ConflictError, OrderBook, UnknownOrderError
from sandbox.portal.reading import page_of, suffering

_URN = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMES = {"cac": _URN + "CommonAggregateComponents-2", "cbc": _URN + "CommonBasicComponents-2"}
_LINE_CODES = {"accepted": "5", "changed": "3", "rejected": "7"}
_ORDER_CODES = {"accepted": "AP", "changed": "CA", "rejected": "RE", "pending": "AB"}


def routes(book: OrderBook, buyers: dict[str, str], mood: Mood) -> APIRouter:
    """POST documents, GET the acknowledgement of an order by its cbc:ID, GET the answers."""
    router = APIRouter(prefix="/ubl", include_in_schema=False)
    Buyer = Annotated[str, Depends(bearer(buyers))]

    @router.post("")
    async def receive(
        request: Request, buyer: Buyer, key: Annotated[str, Header(alias="Idempotency-Key")] = ""
    ) -> Response:
        suffered = mood.take("send")
        if (answer := await mood.before(suffered)) is not None:
            return answer
        now = datetime.now(UTC)
        try:
            root = _root(await request.body())
            kind = etree.QName(root).localname
            reference = "" if kind == "Order" else _text(root, "cac:OrderReference/cbc:ID")
            if kind == "Order":
                order = read_order(root)
                kept = book.replayed(buyer, order.reference, order)
                status = 200 if kept else 201
                kept = kept or book.accept(buyer, order.reference, order, now, copies(suffered), "ubl")
            elif kind == "OrderChange":
                sequence = int(_text(root, "cbc:SequenceNumberID"))
                kept, status = book.change(buyer, key, reference, read_order(root, reference), sequence, now), 200
            elif kind == "OrderCancellation":
                reason = _text(root, "cbc:CancellationNote")
                kept, status = book.change(buyer, key, reference, None, 0, now, reason), 200
            else:
                return failure(400, f"a {kind} is not taken here")
        except UnknownOrderError as unknown:
            return failure(404, str(unknown))
        except ConflictError as conflict:
            return failure(409, str(conflict), conflict.field)
        except (ValueError, ValidationError, etree.XMLSyntaxError) as error:
            return failure(422, str(error)[:400])
        return await mood.after(suffered) or _acknowledge(book, kept, status)

    @router.get("")
    async def look_up(reference: Annotated[Code, Query()], buyer: Buyer) -> Response:
        suffered = mood.take("look_up")
        found = book.find(buyer, reference)
        if (answer := await mood.before(suffered) or await mood.after(suffered)) is not None:
            return answer
        if not found:
            return failure(404, "no order of yours has this reference")
        if len(found) > 1:
            return failure(409, ", ".join(each.confirmation_number for each in found))
        return _acknowledge(book, found[0], 200)

    @router.get("/order-responses")
    async def answers(buyer: Buyer, after: str | None = None) -> Response:
        suffered = mood.take("read")
        if (answer := await mood.before(suffered) or await mood.after(suffered)) is not None:
            return answer
        found, cursor, more = page_of(book.answers(buyer, "ubl"), after)
        documents = [
            {"id": each.answer.number, "content": response_document(each.answer, each.confirmation_number)}
            for each in found
        ]
        return JSONResponse({"documents": suffering(documents, suffered, _spoil), "cursor": cursor, "more": more})

    return router


def read_order(root: etree._Element, reference: str | None = None) -> Order:
    """An Order or OrderChange as the book keeps it. Raises ValueError for what is missing."""
    return Order.model_validate({
        "reference": reference or _text(root, "cbc:ID"),
        "buyer_reference": _text(root, "cbc:CustomerReference"),
        "supplier_code": _text(root, "cac:SellerSupplierParty/cbc:CustomerAssignedAccountID"),
        "ship_to_site": _text(root, "cac:Delivery/cac:DeliveryLocation/cbc:ID"),
        "ordered_on": _text(root, "cbc:IssueDate"),
        "currency": _text(root, "cbc:DocumentCurrencyCode"),
        "lines": [*_lines(root)],
    })  # fmt: skip


def _lines(root: etree._Element) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(root.iterfind("cac:OrderLine/cac:LineItem", _NAMES), start=1):
        if _text(line, "cbc:ID") != str(number):
            raise ValueError("lines are numbered from 1")
        yield {
            "item_code": _text(line, "cac:Item/cac:BuyersItemIdentification/cbc:ID"),
            "name": _text(line, "cac:Item/cbc:Name"),
            "supplier_item_code": line.findtext("cac:Item/cac:SellersItemIdentification/cbc:ID", None, _NAMES),
            "udi_di": line.findtext("cac:Item/cac:StandardItemIdentification/cbc:ID", None, _NAMES),
            "quantity": int(_text(line, "cbc:Quantity")),
            "unit_price": _text(line, "cac:Price/cbc:PriceAmount"),
            "requested_on": _text(line, "cac:Delivery/cac:RequestedDeliveryPeriod/cbc:EndDate"),
        }


def _root(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(body, parser)


def _text(node: etree._Element, path: str) -> str:
    found = node.findtext(path, "", _NAMES).strip()
    if not found:
        raise ValueError(f"{path} is missing")
    return found


def _acknowledge(book: OrderBook, kept: ReceivedOrder, status: int) -> Response:
    confirmation = book.confirmation(kept)
    about = [(str(confirmation.sequence), "OrderChange")] if confirmation.sequence else []
    about += [("1", "OrderCancellation")] if confirmation.cancelled else []
    answer = Answer(
        number=f"ACK-{kept.confirmation_number}", reference=confirmation.reference,
        buyer_reference=confirmation.buyer_reference, issued_at=kept.received_at, state="pending", lines=[],
    )  # fmt: skip
    return Response(response_document(answer, kept.confirmation_number, about), status, media_type="application/xml")


def response_document(answer: Answer, sales_order: str, about: list[tuple[str, str]] | None = None) -> str:
    """An OrderResponse."""
    references = "".join(
        f"<cac:AdditionalDocumentReference><cbc:ID>{number}</cbc:ID><cbc:DocumentTypeCode>{kind}</cbc:DocumentTypeCode>"
        "</cac:AdditionalDocumentReference>"
        for number, kind in about or []
    )
    lines = "".join(_line(line.number, line.item_code, part) for line in answer.lines for part in line.parts)
    issued = answer.issued_at.astimezone(UTC)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OrderResponse xmlns="{_URN}OrderResponse-2" xmlns:cac="{_NAMES["cac"]}" xmlns:cbc="{_NAMES["cbc"]}">
<cbc:ID>{answer.number}</cbc:ID><cbc:SalesOrderID>{sales_order}</cbc:SalesOrderID>
<cbc:IssueDate>{issued:%Y-%m-%d}</cbc:IssueDate><cbc:IssueTime>{issued:%H:%M:%S.%f}Z</cbc:IssueTime>
<cbc:OrderResponseCode>{_ORDER_CODES[answer.state]}</cbc:OrderResponseCode>
<cbc:CustomerReference>{escape(answer.buyer_reference)}</cbc:CustomerReference>
<cac:OrderReference><cbc:ID>{escape(answer.reference)}</cbc:ID></cac:OrderReference>{references}
<cac:SellerSupplierParty/><cac:BuyerCustomerParty/>{lines}
</OrderResponse>"""


def _line(number: int, item_code: str, part: Any) -> str:
    note = f"<cbc:Note>{escape(part.reason)}</cbc:Note>" if part.reason else ""
    period = (
        f"<cac:Delivery><cac:PromisedDeliveryPeriod><cbc:EndDate>{part.promised_on}</cbc:EndDate>"
        "</cac:PromisedDeliveryPeriod></cac:Delivery>"
        if part.promised_on
        else ""
    )
    price = (
        f'<cac:Price><cbc:PriceAmount currencyID="USD">{part.unit_price}</cbc:PriceAmount></cac:Price>'
        if part.unit_price
        else ""
    )
    return f"""
<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID>{note}<cbc:LineStatusCode>{_LINE_CODES[part.state]}</cbc:LineStatusCode>
<cbc:Quantity unitCode="C62">{part.quantity}</cbc:Quantity>{period}{price}
<cac:Item><cac:BuyersItemIdentification><cbc:ID>{escape(item_code)}</cbc:ID></cac:BuyersItemIdentification></cac:Item>
</cac:LineItem><cac:OrderLineReference><cbc:LineID>{number}</cbc:LineID></cac:OrderLineReference></cac:OrderLine>"""


def _spoil(document: dict[str, str]) -> dict[str, str]:
    return {**document, "content": document["content"][: len(document["content"]) // 2]}
