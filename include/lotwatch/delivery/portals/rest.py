"""A supplier portal that speaks REST JSON, as docs/reference/portal-openapi.json describes it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lotwatch.delivery.outcome import Unavailable, Unclear, from_answer
from lotwatch.delivery.portals.documents import Confirmation, Order, OrderChange, OrderResponse, Page, Unreadable
from lotwatch.delivery.portals.exchange import TIMEOUT, Bearer, Exchange, Reply, open_question, unreadable

_ORDERS, _CHANGES, _CANCELLATIONS = "/api/v1/orders", "/api/v1/order-changes", "/api/v1/order-cancellations"
_RESPONSES = "/api/v1/order-responses"


class _Found(BaseModel):
    orders: list[Confirmation]


class _Listed(BaseModel):
    responses: list[dict[str, Any]]
    cursor: str | None
    more: bool = False


_Answer = TypeVar("_Answer", bound=BaseModel)


class RestOptions(BaseModel):
    """REST JSON needs nothing but its connection: host, and the token as password."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RestPortal:
    """See `PortalClient`. `url` is scheme and host, without the API's path."""

    def __init__(self, url: str, token: str, timeout: float = TIMEOUT) -> None:
        """Raises LotwatchError where the address is not one or the token is missing."""
        self._portal = Exchange(url, token, Bearer(token), timeout)

    def send_order(self, order: Order, idempotency_key: str) -> Confirmation:
        """The same `idempotency_key` again returns the first confirmation."""
        confirmation = self._send(_ORDERS, order.reference, idempotency_key, order.model_dump(mode="json"))
        if confirmation.buyer_reference != order.buyer_reference:
            raise _another(confirmation, self._portal.where(order.reference))
        return confirmation

    def find_order(self, reference: str) -> Confirmation | None:
        """Two orders under one reference are `Unclear`, naming both: a person must have one cancelled."""
        where = self._portal.where(reference)
        try:
            answer = self._ask("GET", _ORDERS, where, params={"reference": reference})
            if answer.status != 200:
                raise from_answer(answer.status, answer.headers, answer.body, where=where)
        except Unavailable as error:
            raise open_question(error, where) from error
        found = _understood(_Found, answer.body, where).orders
        if len(found) > 1:
            numbers = ", ".join(confirmation.confirmation_number for confirmation in found)
            raise Unclear(
                f"The portal holds this order {len(found)} times ({numbers}).",
                where=where,
                do="have the supplier cancel all but one",
            )
        if found and found[0].reference != reference:
            raise Unclear(
                f"The portal answered with another order: {found[0].reference}.", where=where, do="tell the supplier"
            )
        return found[0] if found else None

    def change_order(self, change: OrderChange, idempotency_key: str) -> Confirmation:
        """The same `idempotency_key` again changes nothing more."""
        return self._send(_CHANGES, change.reference, idempotency_key, change.model_dump(mode="json"))

    def cancel_order(self, reference: str, reason: str, idempotency_key: str) -> Confirmation:
        """The same `idempotency_key` again cancels nothing more."""
        return self._send(_CANCELLATIONS, reference, idempotency_key, {"reference": reference, "reason": reason})

    def responses(self, cursor: str | None) -> Page:
        """The supplier's answers since `cursor`."""
        where = self._portal.where()
        answer = self._ask("GET", _RESPONSES, where, params={"after": cursor} if cursor else {})
        if answer.status != 200:
            raise from_answer(answer.status, answer.headers, answer.body, where=where)
        listed = _understood(_Listed, answer.body, where)
        page = Page(responses=[], cursor=listed.cursor, more=listed.more)
        for each in listed.responses:
            try:
                page.responses.append(OrderResponse.model_validate(each))
            except ValidationError as error:
                page.unreadable.append(Unreadable(name=str(each.get("number", "?"))[:200], reason=_problems(error)))
        return page

    def _send(self, path: str, reference: str, key: str, document: Mapping[str, Any]) -> Confirmation:
        where = self._portal.where(reference)
        answer = self._ask("POST", path, where, json=document, key=key)
        if answer.status not in {200, 201}:
            raise from_answer(answer.status, answer.headers, answer.body, where=where)
        confirmation = _understood(Confirmation, answer.body, where)
        if confirmation.reference != reference:
            raise _another(confirmation, where)
        return confirmation

    def _ask(self, method: str, path: str, where: str, *, key: str | None = None, **content: Any) -> Reply:
        headers = {"Accept": "application/json"} | ({"Idempotency-Key": key} if key else {})
        return self._portal.ask(method, path, where, headers=headers, **content)


def _another(confirmation: Confirmation, where: str) -> Unclear:
    return Unclear(
        f"The portal confirmed another order: {confirmation.reference} ({confirmation.buyer_reference}).",
        where=where,
        do="look it up before sending it again, and tell the supplier",
    )


def _understood(kind: type[_Answer], body: bytes, where: str) -> _Answer:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(_problems(error), where) from error


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors())[:500]
