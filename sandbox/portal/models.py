"""What the portal takes and gives."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field


def _iso_date(value: object) -> date:
    # pydantic would also take a Unix time or a date with a time
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or len(value) != len("2026-01-31"):
        raise ValueError("must be a date written like 2026-01-31")
    return date.fromisoformat(value)


Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
DecimalString = Annotated[str, Field(pattern=r"^\d{1,14}(\.\d{1,4})?$", examples=["12.5000"])]


class OrderLine(BaseModel):
    """One item. `unit_price` is a decimal string: JSON's numbers are not exact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item_code: Code
    name: Annotated[str, Field(max_length=500)] | None = None
    supplier_item_code: Code | None = None
    udi_di: Annotated[str, Field(min_length=6, max_length=25)] | None = None
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
    unit_price: DecimalString
    requested_on: Annotated[date, BeforeValidator(_iso_date)]


class Order(BaseModel):
    """A purchase order: `reference` is the buyer's order number, `buyer_reference` a second reference of theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: Code
    buyer_reference: Code
    supplier_code: Code
    ship_to_site: Code
    ordered_on: Annotated[date, BeforeValidator(_iso_date)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=500)]

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * Decimal(line.unit_price) for line in self.lines), Decimal(0))


class OrderChange(Order):
    """The order as it is to be from now on, whole; `sequence` counts its changes from 1."""

    sequence: Annotated[int, Field(ge=1, le=10_000)]


class OrderCancellation(BaseModel):
    """An order that is not wanted any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: Code
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Confirmation(BaseModel):
    """The portal's word that it has an order; `sequence` is the last change that it has."""

    confirmation_number: str
    reference: str
    buyer_reference: str
    received_at: AwareDatetime
    currency: str
    total: DecimalString
    sequence: int = 0
    cancelled: bool = False


Protocol = Literal["rest", "ubl", "cxml"]
State = Literal["accepted", "changed", "rejected", "pending"]


class ReceivedOrder(BaseModel):
    """An order as the portal keeps it."""

    confirmation_number: str
    buyer: str
    idempotency_key: str
    received_at: AwareDatetime
    protocol: Protocol = "rest"
    order: Order


class ReceivedChange(BaseModel):
    """A change of an order, or its end (`order` is none), as the portal keeps it."""

    buyer: str
    idempotency_key: str
    received_at: AwareDatetime
    reference: str
    sequence: int
    order: Order | None
    reason: str | None = None


class Part(BaseModel):
    """What the supplier says of some of a line."""

    state: State
    quantity: int
    promised_on: date | None = None
    unit_price: DecimalString | None = None
    reason: str | None = None


class AnsweredLine(BaseModel):
    """What the supplier says of a line: its parts are the whole of it."""

    number: int
    item_code: str
    parts: list[Part]


class Answer(BaseModel):
    """The supplier's answer to an order."""

    number: str
    reference: str
    buyer_reference: str
    issued_at: AwareDatetime
    state: State
    reason: str | None = None
    lines: list[AnsweredLine]


class KeptAnswer(BaseModel):
    """An answer, whose it is and in which language it was ordered."""

    buyer: str
    protocol: Protocol
    confirmation_number: str
    answer: Answer


class Policy(BaseModel):
    """How the supplier answers orders: `delay` by `days`, `short` by `share` of each line, `split` into two parts, the
    second `days` later; `mixed`: each of these now and then; `silent`: not at all. `price` is another unit price.
    """

    model_config = ConfigDict(extra="forbid")

    policy: Literal["accept", "delay", "short", "split", "reject", "mixed", "silent"] = "accept"
    days: Annotated[int, Field(ge=0, le=365)] = 7
    share: Annotated[float, Field(ge=0, le=1)] = 0.4
    price: DecimalString | None = None


class AnswerWish(Policy):
    """One more answer to an order, whoever ordered it; written at `issued_at` (none: now)."""

    reference: Code
    issued_at: AwareDatetime | None = None


class FoundOrders(BaseModel):
    """The answer to a look-up."""

    orders: list[Confirmation]


class Answers(BaseModel):
    """Some of the supplier's answers; `cursor` is where to go on, and `more` whether at once."""

    responses: list[Answer]
    cursor: str | None
    more: bool
