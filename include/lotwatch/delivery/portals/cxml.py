"""A supplier portal that speaks cXML 1.2: OrderRequest out, ConfirmationRequest in.

Confirmations that wait are fetched with GetPendingRequest. cXML has no look-up of an order: where a portal offers ours
(GET with `orderID`, answered by a Response with code 200 or 404) the option `lookup` says so. Without it, an unclear answer
stays open until the supplier confirms the order, or its tries are used up and a person looks.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException
from pydantic import Field

from lotwatch.config import Strict
from lotwatch.delivery.outcome import DeliveryError, Unavailable, Unclear, from_answer, refused
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
from lotwatch.delivery.portals.exchange import TIMEOUT, Exchange, NoAuth, Reply, open_question, unreadable

VERSION = "1.2.045"
_DOCTYPE = f'<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/{VERSION}/cXML.dtd">'
_MOST_PENDING = 100
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: what the type of a ConfirmationHeader says of every line that it does not tell apart
_HEADER_STATES: dict[str, AnswerState] = {
    "accept": "accepted", "allDetail": "accepted", "detail": "changed", "except": "changed", "backordered": "changed",
    "reject": "rejected",
}  # fmt: skip
_LINE_STATES: dict[str, AnswerState] = {
    "accept": "accepted", "allDetail": "changed", "detail": "changed", "backordered": "changed", "reject": "rejected",
    "unknown": "pending",
}  # fmt: skip


class Identity(Strict):
    """A party in the header: the domain that its identity is of (DUNS, NetworkID, a GLN)."""

    domain: str = "NetworkID"
    identity: str = Field(min_length=1)


class CxmlOptions(Strict):
    """`path`: where requests are POSTed. `buyer`, `supplier`: From and To of the header; the shared secret is the
    connection's password. `places`: what the supplier calls our sites. `classification`: the UNSPSC code where an item has
    none of its own. `deployment`: test or production. `lookup`: the portal answers GET with `orderID`.
    """

    path: str = "/cxml"
    buyer: Identity
    supplier: Identity
    places: Mapping[str, str] = {}
    classification: str = "42000000"
    deployment: str = Field(default="production", pattern="^(production|test)$")
    lookup: bool = False


class CxmlPortal:
    """See `PortalClient`."""

    def __init__(
        self,
        url: str,
        secret: str,
        options: CxmlOptions,
        timeout: float = TIMEOUT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises LotwatchError where the address is not one or the shared secret is missing."""
        self._portal = Exchange(url, secret, NoAuth(), timeout)
        self._secret, self._options, self._now = secret, options, now

    def send_order(self, order: Order, idempotency_key: str) -> Confirmation:
        """The payloadID is made of `idempotency_key`: a portal takes the same one again as the same order."""
        request = _order_request(order, self._options, "new")
        return self._send(request, order.reference, idempotency_key)

    def find_order(self, reference: str) -> Confirmation | None:
        """Raises Unclear where the portal offers no look-up."""
        where = self._portal.where(reference)
        if not self._options.lookup:
            raise Unclear("This portal offers no look-up.", where=where, do="wait for the supplier's confirmation")
        headers = self._headers() | {"Authorization": f"SharedSecret {self._secret}"}
        try:
            answer = self._portal.ask("GET", self._options.path, where, headers=headers, params={"orderID": reference})
            root = self._response(answer, where)
        except Unavailable as error:
            raise open_question(error, where) from error
        status = _status(root, where)
        if status.get("code") == "404":
            return None
        if status.get("code") == "409":
            raise Unclear(
                f"The portal holds this order more than once ({(status.text or '').strip()[:200]}).",
                where=where,
                do="have the supplier cancel all but one",
            )
        try:
            self._accepted(status, where)
        except Unavailable as error:
            raise open_question(error, where) from error
        return self._confirmation(root, status, reference)

    def change_order(self, change: OrderChange, idempotency_key: str) -> Confirmation:
        """An OrderRequest of type `update` with the whole order as it is to be."""
        request = _order_request(change, self._options, "update", version=change.sequence + 1)
        return self._send(request, change.reference, idempotency_key)

    def cancel_order(self, reference: str, reason: str, idempotency_key: str) -> Confirmation:
        """An OrderRequest of type `delete`."""
        return self._send(_cancellation(reference, reason, self._now()), reference, idempotency_key)

    def responses(self, cursor: str | None) -> Page:
        """The ConfirmationRequests that wait for us after `cursor`, the payloadID of the last one that was read."""
        where = self._portal.where()
        pending = ElementTree.Element("GetPendingRequest", {"maxMessages": str(_MOST_PENDING)})
        if cursor:
            pending.set("lastReceivedPayloadID", cursor)
        ElementTree.SubElement(pending, "MessageType").text = "ConfirmationRequest"
        root = self._ask(pending, f"pending {cursor or 'first'}", where)
        self._accepted(_status(root, where), where)
        page = Page(responses=[], cursor=cursor)
        messages = root.findall("Response/GetPendingResponse/cXML")
        for message in messages:
            page.cursor = message.get("payloadID") or page.cursor
            try:
                page.responses.append(read_confirmation(message))
            except ValueError as error:
                page.unreadable.append(Unreadable(name=message.get("payloadID", "?")[:200], reason=str(error)[:500]))
        page.more = len(messages) >= _MOST_PENDING and page.cursor != cursor
        return page

    def _send(self, request: ElementTree.Element, reference: str, key: str) -> Confirmation:
        where = self._portal.where(reference)
        root = self._ask(request, key, where)
        status = _status(root, where)
        self._accepted(status, where)
        return self._confirmation(root, status, reference)

    def _ask(self, request: ElementTree.Element, key: str, where: str) -> ElementTree.Element:
        content = envelope(request, key, self._secret, self._options, self._now())
        answer = self._portal.ask("POST", self._options.path, where, headers=self._headers(), data=content)
        return self._response(answer, where)

    def _response(self, answer: Reply, where: str) -> ElementTree.Element:
        """The document that was answered. A portal tells its status in it, whatever HTTP's is."""
        try:
            root = read_cxml(answer.body)
        except ValueError as error:
            if answer.status not in {200, 201}:
                raise from_answer(answer.status, answer.headers, answer.body, where=where) from error
            raise unreadable(error, where) from error
        if answer.status in {408, 429} or answer.status >= 500:
            raise from_answer(answer.status, answer.headers, answer.body, where=where)
        return root

    @staticmethod
    def _accepted(status: ElementTree.Element, where: str) -> None:
        """Raises what a Status says that is not 2xx."""
        code = status.get("code", "")
        if len(code) == 3 and code.startswith("2"):
            return
        raise _failure(code, " ".join(filter(None, (status.get("text"), (status.text or "").strip()))), where)

    def _confirmation(self, root: ElementTree.Element, status: ElementTree.Element, reference: str) -> Confirmation:
        told = (status.text or "").strip()
        return Confirmation(
            confirmation_number=(told or root.get("payloadID") or reference)[:200],
            reference=reference,
            received_at=_moment(root.get("timestamp")) or self._now(),
        )

    @staticmethod
    def _headers() -> dict[str, str]:
        return {"Content-Type": "text/xml; charset=UTF-8", "Accept": "text/xml"}


def _failure(code: str, said: str, where: str) -> DeliveryError:
    words = f"cXML {code}: {said[:500] or 'no reason given'}"
    if not (len(code) == 3 and code.isdigit() and code[0] in "45"):
        return Unclear(f"The answer does not say whether it was accepted ({words}).", where=where,
                       do="look it up before sending it again")  # fmt: skip
    if code[0] == "5" or code in {"408", "429"}:
        return Unavailable(f"It is out of order ({words}).", where=where,
                           do="nothing: it is sent again; if this lasts, tell those who run it")  # fmt: skip
    return refused(int(code), words, where)


# --- what is written


def envelope(request: ElementTree.Element, key: str, secret: str, options: CxmlOptions, now: datetime) -> bytes:
    """The whole document around a request. The same key is the same payloadID."""
    root = ElementTree.Element("cXML", {
        "payloadID": f"{key}@{options.buyer.identity}", "timestamp": _stamp(now), "version": VERSION, _LANG: "en",
    })  # fmt: skip
    header = ElementTree.SubElement(root, "Header")
    for name, party in (("From", options.buyer), ("To", options.supplier), ("Sender", options.buyer)):
        side = ElementTree.SubElement(header, name)
        credential = ElementTree.SubElement(side, "Credential", {"domain": party.domain})
        ElementTree.SubElement(credential, "Identity").text = party.identity
        if name == "Sender":
            ElementTree.SubElement(credential, "SharedSecret").text = secret
            ElementTree.SubElement(side, "UserAgent").text = "Lotwatch"
    ElementTree.SubElement(root, "Request", {"deploymentMode": options.deployment}).append(request)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_DOCTYPE}\n{body}'.encode()


def _order_request(order: Order, options: CxmlOptions, kind: str, version: int = 1) -> ElementTree.Element:
    request = ElementTree.Element("OrderRequest")
    header = ElementTree.SubElement(request, "OrderRequestHeader", {
        "orderID": order.reference,
        "orderDate": f"{order.ordered_on.isoformat()}T00:00:00+00:00",
        "orderType": "regular",
        "type": kind,
        "orderVersion": str(version),
    })  # fmt: skip
    _money(ElementTree.SubElement(header, "Total"), order.total, order.currency)
    place = options.places.get(order.ship_to_site, order.ship_to_site)
    for name in ("ShipTo", "BillTo"):
        address = ElementTree.SubElement(ElementTree.SubElement(header, name), "Address", {"addressID": place})
        ElementTree.SubElement(address, "Name", {_LANG: "en"}).text = order.ship_to_site
    for name, value in (("buyerReference", order.buyer_reference), ("supplierCode", order.supplier_code)):
        ElementTree.SubElement(header, "Extrinsic", {"name": name}).text = value
    for number, line in enumerate(order.lines, start=1):
        request.append(_item(number, line, order.currency, options))
    return request


def _item(number: int, line: OrderLine, currency: str, options: CxmlOptions) -> ElementTree.Element:
    item = ElementTree.Element("ItemOut", {
        "quantity": str(line.quantity),
        "lineNumber": str(number),
        "requestedDeliveryDate": line.requested_on.isoformat(),
    })  # fmt: skip
    identity = ElementTree.SubElement(item, "ItemID")
    ElementTree.SubElement(identity, "SupplierPartID").text = line.supplier_item_code or line.item_code
    ElementTree.SubElement(identity, "BuyerPartID").text = line.item_code
    if line.udi_di:
        ElementTree.SubElement(identity, "IdReference", {"domain": "UDI-DI", "identifier": line.udi_di})
    detail = ElementTree.SubElement(item, "ItemDetail")
    _money(ElementTree.SubElement(detail, "UnitPrice"), line.unit_price, currency)
    ElementTree.SubElement(detail, "Description", {_LANG: "en"}).text = line.name or line.item_code
    ElementTree.SubElement(detail, "UnitOfMeasure").text = "EA"
    ElementTree.SubElement(detail, "Classification", {"domain": "UNSPSC"}).text = options.classification
    return item


def _cancellation(reference: str, reason: str, now: datetime) -> ElementTree.Element:
    request = ElementTree.Element("OrderRequest")
    header = ElementTree.SubElement(request, "OrderRequestHeader", {
        "orderID": reference, "orderDate": _stamp(now), "orderType": "regular", "type": "delete",
    })  # fmt: skip
    _money(ElementTree.SubElement(header, "Total"), Decimal(0), "USD")
    ElementTree.SubElement(ElementTree.SubElement(header, "BillTo"), "Address").append(_name())
    ElementTree.SubElement(header, "Comments").text = reason
    return request


def _name() -> ElementTree.Element:
    name = ElementTree.Element("Name", {_LANG: "en"})
    name.text = "Buyer"
    return name


def _money(parent: ElementTree.Element, amount: Decimal, currency: str) -> None:
    ElementTree.SubElement(parent, "Money", {"currency": currency}).text = format(amount, "f")


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")


# --- what is read


def read_cxml(content: bytes | str) -> ElementTree.Element:
    """The root of a cXML document; its DOCTYPE is passed over. Raises ValueError for what is none, or declares entities."""
    try:
        # the DOCTYPE names a DTD, which is neither fetched nor needed
        root: ElementTree.Element = defusedxml.ElementTree.fromstring(content, forbid_dtd=False)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise ValueError(f"it is no XML that can be read safely: {str(error)[:200] or type(error).__name__}") from error
    if root.tag != "cXML":
        raise ValueError(f"its root is {root.tag[:100]}, not cXML")
    return root


def _status(root: ElementTree.Element, where: str) -> ElementTree.Element:
    status = root.find("Response/Status")
    if status is None:
        raise unreadable("it has no Response with a Status", where)
    return status


def read_confirmation(message: ElementTree.Element) -> OrderResponse:
    """A ConfirmationRequest, by the payloadID of its document. Raises ValueError saying why it cannot be read."""
    request = message.find("Request/ConfirmationRequest")
    header = request.find("ConfirmationHeader") if request is not None else None
    reference = request.find("OrderReference") if request is not None else None
    if request is None or header is None:
        raise ValueError("it holds no ConfirmationRequest with a ConfirmationHeader")
    kind = header.get("type", "")
    if kind not in _HEADER_STATES:
        raise ValueError(f'its type is "{kind[:20]}", not one of {", ".join(_HEADER_STATES)}')
    order_id = reference.get("orderID") if reference is not None else None
    return OrderResponse.model_validate({
        "number": message.get("payloadID") or header.get("confirmID"),
        "reference": order_id or header.get("orderID"),
        "issued_at": _moment(header.get("noticeDate")) or _moment(message.get("timestamp")),
        "state": _HEADER_STATES[kind],
        "reason": _comments(header),
        "lines": [_line(item) for item in request.findall("ConfirmationItem")],
    })  # fmt: skip


def _line(item: ElementTree.Element) -> LineResponse:
    code = item.findtext("ConfirmationStatus/ItemIn/ItemID/BuyerPartID")
    return LineResponse(
        number=reading.line_number(item.get("lineNumber")),
        item_code=code.strip() if code and code.strip() else None,
        parts=[*_parts(item)],
    )


def _parts(item: ElementTree.Element) -> Iterator[Part]:
    for status in item.findall("ConfirmationStatus"):
        kind = status.get("type", "")
        if kind not in _LINE_STATES:
            raise ValueError(f'a ConfirmationStatus is "{kind[:20]}", not one of {", ".join(_LINE_STATES)}')
        if (unit := status.findtext("UnitOfMeasure")) not in {None, "EA", "C62", "PCE", "H87"}:
            raise ValueError(f'a quantity is in "{str(unit)[:20]}", not in pieces, in which it was ordered')
        price = status.findtext("UnitPrice/Money") or status.findtext("ItemIn/ItemDetail/UnitPrice/Money")
        yield Part(
            state=_LINE_STATES[kind],
            quantity=reading.pieces(quantity) if (quantity := status.get("quantity")) is not None else None,
            promised_on=_day(status.get("deliveryDate")),
            unit_price=reading.price(price) if price else None,
            reason=_comments(status),
        )


def _comments(node: ElementTree.Element) -> str | None:
    return reading.words(node.findtext("Comments"))


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written[:10]) if written else None


def _moment(written: str | None) -> datetime | None:
    if not written:
        return None
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
