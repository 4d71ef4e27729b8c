"""The portal in cXML 1.2: OrderRequests are read, Responses and ConfirmationRequests are written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Request
from fastapi.responses import Response
from lxml import etree
from pydantic import ValidationError

from sandbox.http import Misbehaviour, Mood, copies
from sandbox.portal.models import KeptAnswer, Order, Part
from sandbox.portal.orders import ConflictError, OrderBook, UnknownOrderError
from sandbox.portal.reading import page_of, suffering

_STATUS_TYPES = {"accepted": "accept", "changed": "detail", "rejected": "reject", "pending": "unknown"}
_HEADER_TYPES = {"accepted": "accept", "changed": "detail", "rejected": "reject", "pending": "detail"}


def routes(book: OrderBook, buyers: dict[str, str], mood: Mood) -> APIRouter:
    """POST a request, GET (an extension) an order by its orderID."""
    router = APIRouter(prefix="/cxml", include_in_schema=False)

    @router.post("")
    async def receive(request: Request) -> Response:
        try:
            root = etree.fromstring(
                await request.body(), etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            )
        except etree.XMLSyntaxError as error:
            return status(400, "Bad Request", str(error)[:200])
        buyer = buyers.get(root.findtext("Header/Sender/Credential/SharedSecret", ""))
        if buyer is None:
            return status(401, "Unauthorized")
        pending = root.find("Request/GetPendingRequest")
        suffered = mood.take("send" if pending is None else "read")
        if (answer := _refusal(suffered) or await mood.before(suffered)) is not None:
            return answer
        if pending is not None:
            return await mood.after(suffered) or _pending(book, buyer, pending, suffered)
        answer = _take(book, buyer, root, copies(suffered))
        return await mood.after(suffered) or answer

    @router.get("")
    async def look_up(request: Request) -> Response:
        buyer = buyers.get(request.headers.get("Authorization", "").removeprefix("SharedSecret "))
        if buyer is None:
            return status(401, "Unauthorized")
        suffered = mood.take("look_up")
        found = book.find(buyer, request.query_params.get("orderID", ""))
        if (answer := await mood.before(suffered) or await mood.after(suffered)) is not None:
            return answer
        if not found:
            return status(404, "Not Found")
        if len(found) > 1:
            return status(409, "Conflict", ", ".join(each.confirmation_number for each in found))
        return status(200, "OK", found[0].confirmation_number)

    return router


def _take(book: OrderBook, buyer: str, root: etree._Element, times: int) -> Response:
    now, key = datetime.now(UTC), root.get("payloadID", "")
    try:
        request = root.find("Request/OrderRequest")
        header = request.find("OrderRequestHeader") if request is not None else None
        if request is None or header is None or not key:
            raise ValueError("there is no OrderRequest with a header and a payloadID")
        reference, kind = header.get("orderID", ""), header.get("type", "new")
        if kind == "delete":
            kept = book.change(buyer, key, reference, None, 0, now, header.findtext("Comments"))
        elif kind == "update":
            kept = book.change(
                buyer, key, reference, read_order(request), int(header.get("orderVersion", "2")) - 1, now
            )
        else:
            order = read_order(request)
            kept = book.replayed(buyer, key, order) or book.accept(buyer, key, order, now, times, "cxml")
    except UnknownOrderError as unknown:
        return status(404, "Not Found", str(unknown))
    except ConflictError as conflict:
        return status(409, "Conflict", f"{conflict.field}: {conflict}")
    except (ValueError, ValidationError) as error:
        return status(400, "Bad Request", str(error)[:400])
    return status(200, "OK", kept.confirmation_number)


def read_order(request: etree._Element) -> Order:
    """An OrderRequest as the book keeps it. Raises ValueError for what is missing."""
    header = request.find("OrderRequestHeader")
    if header is None:
        raise ValueError("there is no OrderRequestHeader")
    money = header.find("Total/Money")
    named = {each.get("name"): each.text for each in header.iterfind("Extrinsic")}
    address = header.find("ShipTo/Address")
    return Order.model_validate({
        "reference": header.get("orderID"),
        "buyer_reference": named.get("buyerReference"),
        "supplier_code": named.get("supplierCode"),
        "ship_to_site": address.get("addressID") if address is not None else None,
        "ordered_on": header.get("orderDate", "")[:10],
        "currency": money.get("currency") if money is not None else None,
        "lines": [*_lines(request)],
    })  # fmt: skip


def _lines(request: etree._Element) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(request.iterfind("ItemOut"), start=1):
        if item.get("lineNumber") != str(number):
            raise ValueError("lines are numbered from 1")
        identity = item.find("ItemID/IdReference[@domain='UDI-DI']")
        buyers, suppliers = item.findtext("ItemID/BuyerPartID"), item.findtext("ItemID/SupplierPartID")
        yield {
            "item_code": buyers,
            "name": item.findtext("ItemDetail/Description"),
            "supplier_item_code": None if suppliers == buyers else suppliers,
            "udi_di": identity.get("identifier") if identity is not None else None,
            "quantity": int(item.get("quantity", "0")),
            "unit_price": item.findtext("ItemDetail/UnitPrice/Money"),
            "requested_on": item.get("requestedDeliveryDate"),
        }


def _refusal(suffered: Misbehaviour | None) -> Response | None:
    """What cXML tells in its Status, where HTTP says 200."""
    match suffered:
        case Misbehaviour(mode="reject"):
            return status(406, "Not Acceptable", "refused: the account is over its credit limit")
        case Misbehaviour(mode="500"):
            return status(560, "Temporary server error")
    return None


def status(code: int, text: str, said: str = "") -> Response:
    """A Response with this Status."""
    return _document(f'<Response><Status code="{code}" text={quoteattr(text)}>{escape(said)}</Status></Response>')


def _pending(book: OrderBook, buyer: str, pending: etree._Element, suffered: Misbehaviour | None) -> Response:
    last = pending.get("lastReceivedPayloadID", "").partition("@")[0] or None
    found, _, _ = page_of(book.answers(buyer, "cxml"), last)
    messages = suffering([confirmation(each) for each in found], suffered, lambda text: text.replace("orderID=", "x="))
    inside = f"<GetPendingResponse>{''.join(messages)}</GetPendingResponse>" if messages else ""
    return _document(f'<Response><Status code="200" text="OK"/>{inside}</Response>')


def confirmation(kept: KeptAnswer) -> str:
    """A ConfirmationRequest in its own document."""
    answer = kept.answer
    items = "".join(
        f'<ConfirmationItem lineNumber="{line.number}" quantity="{sum(part.quantity for part in line.parts)}">'
        f"<UnitOfMeasure>EA</UnitOfMeasure>{''.join(map(_status_of, line.parts))}</ConfirmationItem>"
        for line in answer.lines
    )
    stamp = answer.issued_at.astimezone(UTC).isoformat()
    return (
        f'<cXML payloadID="{answer.number}@portal" timestamp="{stamp}"><Request><ConfirmationRequest>'
        f'<ConfirmationHeader type="{_HEADER_TYPES[answer.state]}" noticeDate="{stamp}" confirmID="{answer.number}"'
        f' operation="new"/><OrderReference orderID={quoteattr(answer.reference)}><DocumentReference payloadID=""/>'
        f"</OrderReference>{items}</ConfirmationRequest></Request></cXML>"
    )


def _status_of(part: Part) -> str:
    day = f' deliveryDate="{part.promised_on}"' if part.promised_on else ""
    price = f'<UnitPrice><Money currency="USD">{part.unit_price}</Money></UnitPrice>' if part.unit_price else ""
    said = f"<Comments>{escape(part.reason)}</Comments>" if part.reason else ""
    return (
        f'<ConfirmationStatus type="{_STATUS_TYPES[part.state]}" quantity="{part.quantity}"{day}>'
        f"<UnitOfMeasure>EA</UnitOfMeasure>{price}{said}</ConfirmationStatus>"
    )


def _document(inside: str) -> Response:
    now = datetime.now(UTC)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.045/cXML.dtd">\n'
        f'<cXML payloadID="{now.timestamp()}@portal" timestamp="{now.isoformat()}">{inside}</cXML>'
    )
    return Response(text, media_type="text/xml")
