"""A supplier portal that speaks REST JSON, as docs/reference/portal-openapi.json describes it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lotwatch.config import Strict
from lotwatch.delivery.outcome import Unavailable, Unclear, from_answer
from lotwatch.delivery.portals.cases import Case, CaseReceipt
from lotwatch.delivery.portals.documents import Confirmation, Order, OrderChange, OrderResponse, Page, Unreadable
from lotwatch.delivery.portals.exchange import TIMEOUT, Bearer, Exchange, Reply, open_question, unreadable

_ORDERS, _CHANGES, _CANCELLATIONS = "/api/v1/orders", "/api/v1/order-changes", "/api/v1/order-cancellations"
_RESPONSES, _CASES = "/api/v1/order-responses", "/api/v1/cases"


class _Found(BaseModel):
    orders: list[Confirmation]


class _FoundCases(BaseModel):
    cases: list[CaseReceipt]


class _Listed(BaseModel):
    responses: list[dict[str, Any]]
    cursor: str | None
    more: bool = False


_Answer = TypeVar("_Answer", bound=BaseModel)


class RestOptions(Strict):
    """REST JSON needs nothing but its connection: host, and the token as password."""


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
        found = _understood(_Found, self._look_up(_ORDERS, reference, where), where).orders
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

    def send_case(self, case: Case, idempotency_key: str) -> CaseReceipt:
        """See `TakesCases`."""
        where = f"{self._portal.where()}, case {case.reference}"
        answer = self._ask("POST", _CASES, where, json=case.model_dump(mode="json"), key=idempotency_key)
        if answer.status not in {200, 201}:
            raise from_answer(answer.status, answer.headers, answer.body, where=where)
        return _this_case(_understood(CaseReceipt, answer.body, where), case.reference, where)

    def find_case(self, reference: str) -> CaseReceipt | None:
        """See `TakesCases`. Of several the first is the one: it costs nothing that there are two."""
        where = f"{self._portal.where()}, case {reference}"
        found = _understood(_FoundCases, self._look_up(_CASES, reference, where), where).cases
        return _this_case(found[0], reference, where) if found else None

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

    def _look_up(self, path: str, reference: str, where: str) -> bytes:
        """What the portal has under our reference; a look-up that does not get through is `Unclear`."""
        try:
            answer = self._ask("GET", path, where, params={"reference": reference})
            if answer.status != 200:
                raise from_answer(answer.status, answer.headers, answer.body, where=where)
        except Unavailable as error:
            raise open_question(error, where) from error
        return answer.body

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


def _this_case(receipt: CaseReceipt, reference: str, where: str) -> CaseReceipt:
    if receipt.reference != reference:
        raise Unclear(
            f"The portal answered with another case: {receipt.reference}.", where=where, do="tell the supplier"
        )
    return receipt


def _understood(kind: type[_Answer], body: bytes, where: str) -> _Answer:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(_problems(error), where) from error


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors())[:500]
