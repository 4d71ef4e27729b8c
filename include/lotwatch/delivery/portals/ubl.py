"""A supplier portal that speaks UBL 2.1 (OASIS; with the codes of Peppol's ordering profiles) over HTTPS.

Order, OrderChange and OrderCancellation are POSTed, and answered by an OrderResponse that acknowledges them. An order is
looked up by our reference, its cbc:ID; the supplier's OrderResponses are read from a list.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree
from pydantic import BaseModel, Field, ValidationError

from lotwatch.config import Strict
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear, from_answer
from lotwatch.delivery.portals import reading
from lotwatch.delivery.portals.documents import (
    AnswerState,
    Confirmation,
    LineResponse,
    Order,
    OrderChange,
    OrderLine,
    OrderResponse,
    Page,
    Part,
    Unreadable,
)
from lotwatch.delivery.portals.exchange import TIMEOUT, Bearer, Exchange, Reply, open_question, unreadable
from lotwatch.sources.ubl.document import NAMESPACES, moment, nodes, read_document, text
from lotwatch.sources.ubl.mapping import PIECES

_GLN, _GTIN = "0088", "0160"
_PIECE = "C62"
_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:{0}-2"
_RESPONSE = "{" + _SCHEMA.format("OrderResponse") + "}OrderResponse"
#: what OrderResponseCode (UNCL 4343) and LineStatusCode (UNCL 1229) say
_ORDER_STATES: dict[str, AnswerState] = {"AB": "pending", "AP": "accepted", "CA": "changed", "RE": "rejected"}
_LINE_STATES: dict[str, AnswerState] = {
    "1": "changed", "3": "changed", "5": "accepted", "7": "rejected", "42": "accepted",
}  # fmt: skip
#: a part of a document: its name, its attributes or None, and its text or its parts
_Node = tuple[str, Mapping[str, str] | None, "str | list[_Node]"]


class UblOptions(Strict):
    """`path`: of the portal's interface. `buyer` and `seller`: their identifiers (GLNs, by their 13 digits).

    `places`: what the supplier calls our sites (GLNs). `time_zone`: of times that are written without one.
    """

    path: str = "/ubl"
    buyer: str = Field(min_length=1)
    seller: str | None = None
    places: Mapping[str, str] = {}
    time_zone: str = "UTC"


class UblPortal:
    """See `PortalClient`."""

    def __init__(
        self,
        url: str,
        token: str,
        options: UblOptions,
        timeout: float = TIMEOUT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises LotwatchError where the address is not one or the token is missing."""
        self._portal = Exchange(url, token, Bearer(token), timeout)
        self._options, self._now = options, now

    def send_order(self, order: Order, idempotency_key: str) -> Confirmation:
        """An order that the portal has under its cbc:ID is acknowledged again."""
        return self._send(order_document(order, self._options), order.reference, idempotency_key)

    def find_order(self, reference: str) -> Confirmation | None:
        """Asks for the acknowledgement of an order by its cbc:ID: 404 is none, 409 more than one."""
        where = self._portal.where(reference)
        try:
            answer = self._ask("GET", "", where, params={"reference": reference})
        except Unavailable as error:
            raise open_question(error, where) from error
        if answer.status == 404:
            return None
        if answer.status == 409:
            said = from_answer(answer.status, answer.headers, answer.body, where=where).what
            raise Unclear(f"The portal holds this order more than once. {said}", where=where,
                          do="have the supplier cancel all but one")  # fmt: skip
        if answer.status != 200:
            outcome = from_answer(answer.status, answer.headers, answer.body, where=where)
            raise open_question(outcome, where) if isinstance(outcome, Unavailable) else outcome
        return self._confirmation(answer, reference, where)

    def change_order(self, change: OrderChange, idempotency_key: str) -> Confirmation:
        """The whole order as it is to be, as an OrderChange whose cbc:ID is the key."""
        document = change_document(change, idempotency_key, self._now(), self._options)
        return self._send(document, change.reference, idempotency_key)

    def cancel_order(self, reference: str, reason: str, idempotency_key: str) -> Confirmation:
        """An OrderCancellation whose cbc:ID is the key."""
        document = cancellation_document(reference, reason, idempotency_key, self._now(), self._options)
        return self._send(document, reference, idempotency_key)

    def responses(self, cursor: str | None) -> Page:
        """The OrderResponses that the portal lists after `cursor`."""
        where = self._portal.where()
        answer = self._ask("GET", "/order-responses", where, params={"after": cursor} if cursor else {})
        if answer.status != 200:
            raise from_answer(answer.status, answer.headers, answer.body, where=where)
        try:
            listed = _Listed.model_validate_json(answer.body)
        except ValidationError as error:
            raise unreadable(error, where) from error
        page = Page(responses=[], cursor=listed.cursor, more=listed.more)
        for each in listed.documents:
            try:
                page.responses.append(read_response(each.content, ZoneInfo(self._options.time_zone)))
            except ValueError as error:
                page.unreadable.append(Unreadable(name=each.id, reason=str(error)[:500]))
        return page

    def _send(self, document: bytes, reference: str, key: str) -> Confirmation:
        where = self._portal.where(reference)
        answer = self._ask("POST", "", where, data=document, key=key)
        if answer.status not in {200, 201}:
            raise from_answer(answer.status, answer.headers, answer.body, where=where)
        return self._confirmation(answer, reference, where)

    def _confirmation(self, answer: Reply, reference: str, where: str) -> Confirmation:
        try:
            confirmation, response = read_acknowledgement(
                answer.body.decode("utf-8", "replace"), ZoneInfo(self._options.time_zone)
            )
        except ValueError as error:
            raise unreadable(error, where) from error
        if confirmation.reference != reference:
            raise Unclear(
                f"The portal confirmed another order: {confirmation.reference}.",
                where=where,
                do="look it up before sending it again, and tell the supplier",
            )
        if response.state == "rejected" and not confirmation.cancelled:
            raise Refused(f"It was refused ({response.reason or 'no reason given'}).", where=where,
                          do="correct what the reason names, then send it as new")  # fmt: skip
        return confirmation

    def _ask(self, method: str, path: str, where: str, *, key: str | None = None, **content: Any) -> Reply:
        headers = {"Accept": "application/xml, application/json"}
        if key:
            headers |= {"Content-Type": "application/xml", "Idempotency-Key": key}
        return self._portal.ask(method, self._options.path + path, where, headers=headers, **content)


class _Listing(BaseModel):
    id: str
    content: str


class _Listed(BaseModel):
    documents: list[_Listing]
    cursor: str | None
    more: bool = False


# --- what is written


def order_document(order: Order, options: UblOptions) -> bytes:
    """A UBL 2.1 Order."""
    return _document("Order", [
        ("cbc:UBLVersionID", None, "2.1"),
        ("cbc:ID", None, order.reference),
        ("cbc:IssueDate", None, order.ordered_on.isoformat()),
        ("cbc:OrderTypeCode", None, "220"),
        *_body(order, options),
    ])  # fmt: skip


def change_document(change: OrderChange, key: str, now: datetime, options: UblOptions) -> bytes:
    """A UBL 2.1 OrderChange: the whole order as it is to be."""
    return _document("OrderChange", [
        ("cbc:UBLVersionID", None, "2.1"),
        ("cbc:ID", None, key),
        *_issued(now),
        ("cbc:SequenceNumberID", None, str(change.sequence)),
        *_body(change, options, changes=True),
    ])  # fmt: skip


def cancellation_document(reference: str, reason: str, key: str, now: datetime, options: UblOptions) -> bytes:
    """A UBL 2.1 OrderCancellation."""
    return _document("OrderCancellation", [
        ("cbc:UBLVersionID", None, "2.1"),
        ("cbc:ID", None, key),
        *_issued(now),
        ("cbc:CancellationNote", None, reason),
        ("cac:OrderReference", None, [("cbc:ID", None, reference)]),
        ("cac:BuyerCustomerParty", None, [_party(options.buyer)]),
        ("cac:SellerSupplierParty", None, [_party(options.seller)] if options.seller else []),
    ])  # fmt: skip


def _body(order: Order, options: UblOptions, *, changes: bool = False) -> list[_Node]:
    place = options.places.get(order.ship_to_site, order.ship_to_site)
    period: _Node = (
        "cac:RequestedDeliveryPeriod",
        None,
        [("cbc:EndDate", None, max(line.requested_on for line in order.lines).isoformat())],
    )
    reference: list[_Node] = [("cac:OrderReference", None, [("cbc:ID", None, order.reference)])] if changes else []
    return [
        ("cbc:DocumentCurrencyCode", None, order.currency),
        ("cbc:CustomerReference", None, order.buyer_reference),
        ("cbc:LineCountNumeric", None, str(len(order.lines))),
        *reference,
        ("cac:BuyerCustomerParty", None, [_party(options.buyer)]),
        ("cac:SellerSupplierParty", None, [
            ("cbc:CustomerAssignedAccountID", None, order.supplier_code),
            *([_party(options.seller)] if options.seller else []),
        ]),
        ("cac:Delivery", None, [("cac:DeliveryLocation", None, [_identifier(place)]), period]),
        ("cac:AnticipatedMonetaryTotal", None, [_money("cbc:PayableAmount", order.total, order.currency)]),
        *(_line(number, line, order.currency, changes) for number, line in enumerate(order.lines, start=1)),
    ]  # fmt: skip


def _line(number: int, line: OrderLine, currency: str, changes: bool) -> _Node:
    item: list[_Node] = [
        ("cbc:Name", None, line.name or line.item_code),
        ("cac:BuyersItemIdentification", None, [("cbc:ID", None, line.item_code)]),
    ]
    if line.supplier_item_code:
        item.append(("cac:SellersItemIdentification", None, [("cbc:ID", None, line.supplier_item_code)]))
    if line.udi_di:
        scheme = _GTIN if line.udi_di.isdigit() and len(line.udi_di) == 14 else "UDI-DI"
        item.append(("cac:StandardItemIdentification", None, [("cbc:ID", {"schemeID": scheme}, line.udi_di)]))
    status: list[_Node] = [("cbc:LineStatusCode", None, "3")] if changes else []
    return ("cac:OrderLine", None, [("cac:LineItem", None, [
        ("cbc:ID", None, str(number)),
        *status,
        ("cbc:Quantity", {"unitCode": _PIECE}, str(line.quantity)),
        _money("cbc:LineExtensionAmount", line.quantity * line.unit_price, currency),
        ("cac:Delivery", None, [
            ("cac:RequestedDeliveryPeriod", None, [("cbc:EndDate", None, line.requested_on.isoformat())]),
        ]),
        ("cac:Price", None, [
            _money("cbc:PriceAmount", line.unit_price, currency),
            ("cbc:BaseQuantity", {"unitCode": _PIECE}, "1"),
        ]),
        ("cac:Item", None, item),
    ])])  # fmt: skip


def _issued(now: datetime) -> list[_Node]:
    issued = now.astimezone(UTC)
    return [
        ("cbc:IssueDate", None, issued.date().isoformat()),
        ("cbc:IssueTime", None, issued.strftime("%H:%M:%SZ")),
    ]


def _party(identifier: str) -> _Node:
    return ("cac:Party", None, [("cac:PartyIdentification", None, [_identifier(identifier)])])


def _identifier(identifier: str) -> _Node:
    is_gln = identifier.isdigit() and len(identifier) == 13
    return ("cbc:ID", {"schemeID": _GLN} if is_gln else None, identifier)


def _money(name: str, amount: Decimal, currency: str) -> _Node:
    return (name, {"currencyID": currency}, format(amount, "f"))


def _document(kind: str, content: list[_Node]) -> bytes:
    root = etree.Element("{" + _SCHEMA.format(kind) + "}" + kind, nsmap={None: _SCHEMA.format(kind), **NAMESPACES})  # type: ignore[dict-item]
    _fill(root, content)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _fill(parent: etree._Element, content: list[_Node]) -> None:
    for name, attributes, inside in content:
        prefix, _, local = name.partition(":")
        element = etree.SubElement(parent, "{" + NAMESPACES[prefix] + "}" + local, dict(attributes or {}))
        if isinstance(inside, str):
            element.text = inside
        else:
            _fill(element, inside)


# --- what is read


def read_acknowledgement(content: str, zone: ZoneInfo) -> tuple[Confirmation, OrderResponse]:
    """What an OrderResponse says about having the order. Raises ValueError saying why it cannot be read."""
    root = read_document(content, _RESPONSE)
    response = _response(root, zone)
    about = {
        text(each, "cbc:DocumentTypeCode"): text(each, "cbc:ID") or ""
        for each in nodes(root, "cac:AdditionalDocumentReference")
    }
    return (
        Confirmation(
            confirmation_number=text(root, "cbc:SalesOrderID") or response.number,
            reference=response.reference,
            buyer_reference=text(root, "cbc:CustomerReference", "cac:OrderReference/cbc:CustomerReference"),
            received_at=response.issued_at,
            sequence=reading.line_number(about.get("OrderChange")) or 0,
            cancelled="OrderCancellation" in about,
        ),
        response,
    )


def read_response(content: str, zone: ZoneInfo) -> OrderResponse:
    """An OrderResponse. Raises ValueError saying why it cannot be read."""
    return _response(read_document(content, _RESPONSE), zone)


def _response(root: etree._Element, zone: ZoneInfo) -> OrderResponse:
    code = text(root, "cbc:OrderResponseCode") or ""
    lines = [*_lines(root)]
    if code not in _ORDER_STATES and not lines:
        raise ValueError(f'its OrderResponseCode is "{code[:20]}", not one of {", ".join(_ORDER_STATES)}')
    issued_at = moment(text(root, "cbc:IssueDate"), text(root, "cbc:IssueTime"), zone)
    return OrderResponse.model_validate({
        "number": text(root, "cbc:ID"),
        "reference": text(root, "cac:OrderReference/cbc:ID"),
        "issued_at": issued_at,
        "state": _ORDER_STATES.get(code, "changed"),
        "reason": reading.words(text(root, "cbc:Note")),
        "lines": lines,
    })  # fmt: skip


def _lines(root: etree._Element) -> Iterator[LineResponse]:
    """Its lines; several for one line of the order are the parts into which it is split."""
    found: dict[tuple[int | None, str | None], list[Part]] = {}
    for line in nodes(root, "cac:OrderLine"):
        item = next(nodes(line, "cac:LineItem"), line)
        number = text(line, "cac:OrderLineReference/cbc:LineID") or text(item, "cbc:ID")
        key = (reading.line_number(number), text(item, "cac:Item/cac:BuyersItemIdentification/cbc:ID"))
        found.setdefault(key, []).extend(_parts(line, item))
    for (line_number, item_code), parts in found.items():
        yield LineResponse(number=line_number, item_code=item_code, parts=parts)


def _parts(line: etree._Element, item: etree._Element) -> Iterator[Part]:
    code = text(item, "cbc:LineStatusCode") or ""
    if code not in _LINE_STATES:
        raise ValueError(f'a LineStatusCode is "{code[:20]}", not one of {", ".join(_LINE_STATES)}')
    reason = reading.words(text(item, "cbc:Note") or text(line, "cbc:Note"))
    shared = {"state": _LINE_STATES[code], "unit_price": _price(item), "reason": reason}
    deliveries = [each for each in nodes(item, "cac:Delivery") if text(each, "cbc:Quantity")]
    if len(deliveries) > 1:
        for each in deliveries:
            yield Part.model_validate({
                **shared,
                "quantity": _quantity(each, "cbc:Quantity"),
                "promised_on": _promised(each),
            })
    else:
        promised = next((day for each in nodes(item, "cac:Delivery") if (day := _promised(each))), None)
        yield Part.model_validate({**shared, "quantity": _quantity(item, "cbc:Quantity"), "promised_on": promised})
    if later := _quantity(item, "cbc:MaximumBackorderQuantity"):
        yield Part(state="changed", quantity=later, reason=reason)


def _quantity(node: etree._Element, path: str) -> int | None:
    found = next(nodes(node, path), None)
    if found is None:
        return None
    if found.get("unitCode") not in PIECES:
        raise ValueError(
            f'a quantity is in "{str(found.get("unitCode"))[:20]}", not in pieces, in which it was ordered'
        )
    return reading.pieces(found.text)


def _price(item: etree._Element) -> Decimal | None:
    amount = text(item, "cac:Price/cbc:PriceAmount")
    return reading.price(amount, text(item, "cac:Price/cbc:BaseQuantity") or "1") if amount else None


def _promised(delivery: etree._Element) -> date | None:
    day = text(
        delivery, "cac:PromisedDeliveryPeriod/cbc:EndDate", "cac:PromisedDeliveryPeriod/cbc:StartDate",
        "cac:EstimatedDeliveryPeriod/cbc:EndDate",
    )  # fmt: skip
    return date.fromisoformat(day[:10]) if day else None
