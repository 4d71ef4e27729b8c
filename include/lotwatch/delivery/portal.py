"""Sends purchase orders to a supplier's portal and looks them up there (REST JSON)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import requests
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from requests.auth import AuthBase

from lotwatch.delivery.outcome import Unavailable, Unclear, from_answer, nothing_was_sent
from lotwatch.errors import LotwatchError

_ORDERS = "/api/v1/orders"


def _no_float(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("money must be a Decimal or a decimal string: a float is already rounded")  # noqa: TRY004
    return value


Price = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    Field(ge=0, max_digits=18, decimal_places=4),
    PlainSerializer(lambda price: format(price, "f"), return_type=str, when_used="json"),
]


class OrderLine(BaseModel):
    """One item of an order: `quantity` in base units, `unit_price` per base unit in the order's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_code: str
    udi_di: str | None = None
    quantity: Annotated[int, Field(strict=True, gt=0)]
    unit_price: Price
    requested_on: date


class Order(BaseModel):
    """A purchase order as the portal takes it; also read from and written to JSON (the outbox's payload).

    `reference` is the ERP's order number, `buyer_reference` our proposal's code, `ship_to_site` a site's code.
    Raises `pydantic.ValidationError` (a ValueError) naming the field that cannot be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: str
    buyer_reference: str
    supplier_code: str
    ship_to_site: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[OrderLine], Field(min_length=1)]


class Confirmation(BaseModel):
    """The portal's word that it has the order."""

    model_config = ConfigDict(frozen=True)

    confirmation_number: Annotated[str, Field(min_length=1)]
    reference: str
    buyer_reference: str
    received_at: AwareDatetime


class _Found(BaseModel):
    orders: list[Confirmation]


_Answer = TypeVar("_Answer", bound=BaseModel)


class _Bearer(AuthBase):
    """Sets the token as an auth object: given as a plain header, an entry in ~/.netrc would replace it unasked."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class PortalClient:
    """One buyer's access to one supplier portal at `url` (scheme and host, without the API's path).

    `timeout` in seconds bounds the connection and each wait for data. Every call is one request on a connection of
    its own: a kept connection that the portal has closed meanwhile would turn "nobody there" into `Unclear`.
    """

    def __init__(self, url: str, token: str, timeout: float = 20.0) -> None:
        """Raises LotwatchError where the address is not one or the token is missing."""
        if not url.startswith(("http://", "https://")):
            raise LotwatchError(
                f"'{url}' is not the address of a portal.",
                where="connection of the supplier portal",
                do="give it as https://host",
            )
        if not token:
            raise LotwatchError(
                "The portal's token is empty.",
                where="connection of the supplier portal",
                do="enter the token the supplier gave you",
            )
        self._url, self._auth, self._timeout = url.rstrip("/"), _Bearer(token), timeout

    def send_order(self, order: Order, idempotency_key: str) -> Confirmation:
        """Send `order` once: the same `idempotency_key` again returns the first confirmation.

        Raises `Refused` (never send it again), `Unavailable` (send it again, under the same key, after `retry_after`)
        or `Unclear` (call `find_order` before sending it again).
        """
        where = self._where(order.reference)
        answer = self._ask("POST", where, json=order.model_dump(mode="json"), key=idempotency_key)
        if answer.status_code not in {200, 201}:
            raise from_answer(answer.status_code, answer.headers, answer.content, where=where)
        confirmation = _understood(Confirmation, answer.content, where)
        if (confirmation.reference, confirmation.buyer_reference) != (order.reference, order.buyer_reference):
            raise Unclear(
                f"The portal confirmed another order: {confirmation.reference} ({confirmation.buyer_reference}).",
                where=where,
                do="look it up before sending it again, and tell the supplier",
            )
        return confirmation

    def find_order(self, reference: str) -> Confirmation | None:
        """The portal's confirmation of the order with our ERP number, or None where the portal says it has none.

        Raises `Unclear` as long as the question is open, also where the portal cannot be reached now: never
        `Unavailable`, after which the order would be sent again. Two orders under one reference are `Unclear`, naming
        both: a person must have one cancelled. Raises `Refused` where the portal will not answer us at all.
        """
        where = self._where(reference)
        try:
            answer = self._ask("GET", where, params={"reference": reference})
            if answer.status_code != 200:
                raise from_answer(answer.status_code, answer.headers, answer.content, where=where)
        except Unavailable as error:
            raise Unclear(f"It could not be looked up. {error.what}", where=where, do="look it up later") from error
        found = _understood(_Found, answer.content, where).orders
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

    def _where(self, reference: str) -> str:
        return f"supplier portal {self._url}, order {reference}"

    def _ask(self, method: str, where: str, *, key: str | None = None, **content: Any) -> requests.Response:
        try:
            return requests.request(
                method,
                self._url + _ORDERS,
                auth=self._auth,
                headers={"Accept": "application/json"} | ({"Idempotency-Key": key} if key else {}),
                timeout=self._timeout,
                allow_redirects=False,  # a followed redirect would turn the order into a GET
                **content,
            )
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if nothing_was_sent(error):
                raise Unavailable(
                    f"It cannot be reached ({error}).",
                    where=where,
                    do="nothing: it is sent again; if this lasts, check the address and the network",
                ) from error
            raise Unclear(
                f"The request left, but no answer came ({error}).", where=where, do="look it up before sending it again"
            ) from error


def _understood(kind: type[_Answer], body: bytes, where: str) -> _Answer:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'answer'}: {each['msg']}" for each in error.errors())
        raise Unclear(
            f"The portal's answer cannot be read ({problems[:500]}).",
            where=where,
            do="look it up before sending it again",
        ) from error
