"""What passes between us and a supplier's portal, whatever the portal speaks."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Protocol, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from lotwatch.config import Strict

#: accepted: as asked; changed: so much, on that day (none: not said); rejected: will not come; pending: not decided yet
AnswerState = Literal["accepted", "changed", "rejected", "pending"]
#: lines that one answer may have, and parts that a line may be split into
MOST_LINES, MOST_PARTS = 5_000, 100


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
Code = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Field(max_length=500)]


class OrderLine(Strict):
    """One item of an order: `quantity` in base units, `unit_price` per base unit in the order's currency.

    Its number is its place in the order, from 1. `supplier_item_code` is what the supplier calls the item.
    """

    item_code: str
    name: str | None = None
    supplier_item_code: str | None = None
    udi_di: str | None = None
    quantity: Annotated[int, Field(strict=True, gt=0)]
    unit_price: Price
    requested_on: date


class Order(Strict):
    """A purchase order as a portal takes it.

    `reference` is the ERP's order number, `buyer_reference` our proposal's code, `ship_to_site` a site's code.
    Raises `pydantic.ValidationError` (a ValueError) naming the field that cannot be.
    """

    reference: Annotated[str, Field(min_length=1)]
    buyer_reference: str
    supplier_code: str
    ship_to_site: str
    ordered_on: date
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[OrderLine], Field(min_length=1)]

    @property
    def total(self) -> Decimal:
        """What all lines cost."""
        return sum((line.quantity * line.unit_price for line in self.lines), Decimal(0))


class OrderChange(Order):
    """An order as it is to be from now on: a line that is missing is cancelled. `sequence` counts its changes from 1."""

    sequence: Annotated[int, Field(ge=1)]


class Confirmation(BaseModel):
    """The portal's word that it has the order, or what was last sent about it.

    `sequence` is the last change that it has (0: none yet), as far as it tells.
    """

    model_config = ConfigDict(frozen=True)

    confirmation_number: Code
    reference: str
    buyer_reference: str | None = None
    received_at: AwareDatetime
    sequence: int = 0
    cancelled: bool = False


class Part(BaseModel):
    """What the supplier says of some of a line. `quantity` in base units; None: all of it.

    `promised_on` None: as asked where it is accepted, not said where it is changed.
    """

    model_config = ConfigDict(frozen=True)

    state: AnswerState
    quantity: Annotated[int, Field(ge=0, lt=2**62)] | None = None
    promised_on: date | None = None
    unit_price: Price | None = None
    reason: Words | None = None


class LineResponse(BaseModel):
    """What the supplier says of a line, which it names by its number in the order, our code or its UDI-DI.

    The parts are the whole of the line: what is ordered and in no part does not come.
    """

    model_config = ConfigDict(frozen=True)

    number: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    item_code: Code | None = None
    parts: Annotated[list[Part], Field(min_length=1, max_length=MOST_PARTS)]

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.number is None and self.item_code is None:
            raise ValueError("a line names neither its number in the order nor its item")
        return self


class OrderResponse(BaseModel):
    """A supplier's answer to an order. `number` is the supplier's own of this answer; the one issued last counts.

    `state` is of the order as a whole and of every line where no lines are told.
    """

    model_config = ConfigDict(frozen=True)

    number: Code
    reference: Code
    issued_at: AwareDatetime
    state: AnswerState
    reason: Words | None = None
    lines: Annotated[list[LineResponse], Field(max_length=MOST_LINES)] = []


class Unreadable(BaseModel):
    """An answer that could not be read, by its name in the portal's list, and why."""

    name: str
    reason: str


class Page(BaseModel):
    """Some answers, in the portal's order, those that could not be read, and where to go on; `more`: at once."""

    responses: list[OrderResponse]
    unreadable: list[Unreadable] = []
    cursor: str | None
    more: bool = False


class PortalClient(Protocol):
    """One buyer's access to one supplier portal.

    What is sent raises `Refused` (never send it again), `Unavailable` (send it again, under the same key, after
    `retry_after`) or `Unclear` (call `find_order` before sending it again).
    """

    def send_order(self, order: Order, idempotency_key: str) -> Confirmation:
        """Send `order` once: the same `idempotency_key` again orders nothing more."""

    def find_order(self, reference: str) -> Confirmation | None:
        """The portal's confirmation of the order with our ERP number, or None where the portal says it has none.

        Raises `Unclear` as long as the question is open, also where the portal cannot be reached now: never
        `Unavailable`, after which the order would be sent again. Raises `Refused` where it will not answer us at all.
        """

    def change_order(self, change: OrderChange, idempotency_key: str) -> Confirmation:
        """Change an order that the portal has."""

    def cancel_order(self, reference: str, reason: str, idempotency_key: str) -> Confirmation:
        """Cancel an order that the portal has."""

    def responses(self, cursor: str | None) -> Page:
        """What suppliers have answered since `cursor`, the one of the page before; None: since the beginning."""
