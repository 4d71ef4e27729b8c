"""What the portal takes and gives."""

from datetime import date
from decimal import Decimal
from typing import Annotated

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
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=500)]

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * Decimal(line.unit_price) for line in self.lines), Decimal(0))


class Confirmation(BaseModel):
    """The portal's word that it has an order."""

    confirmation_number: str
    reference: str
    buyer_reference: str
    received_at: AwareDatetime
    currency: str
    total: DecimalString


class ReceivedOrder(BaseModel):
    """An order as the portal keeps it."""

    confirmation_number: str
    buyer: str
    idempotency_key: str
    received_at: AwareDatetime
    order: Order

    @property
    def confirmation(self) -> Confirmation:
        return Confirmation(
            confirmation_number=self.confirmation_number,
            reference=self.order.reference,
            buyer_reference=self.order.buyer_reference,
            received_at=self.received_at,
            currency=self.order.currency,
            total=format(self.order.total, "f"),
        )


class FoundOrders(BaseModel):
    """The answer to a look-up."""

    orders: list[Confirmation]
