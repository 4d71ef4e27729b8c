"""A case with a supplier as its portal takes it. Portals that speak REST JSON take them; UBL and cXML have no document for it."""

from typing import Annotated, Literal, Protocol, runtime_checkable

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lotwatch.config import Strict
from lotwatch.delivery.portals.documents import Code, Words


class CaseLine(Strict):
    """An item that the case is about: `quantity` in base units. `supplier_item_code` is what the supplier calls it."""

    item_code: Code
    supplier_item_code: Code | None = None
    quantity: Annotated[int, Field(ge=1)]


class Case(Strict):
    """What is wrong, and what is asked: `reference` is our task's, `asks` a new date or confirmation, a claim number, or the cause and
    what is done about it. `order_number` is the ERP's, under which the supplier got the order."""

    reference: Code
    supplier_code: Code
    subject: Words
    asks: Literal["date", "claim", "measures"]
    answer_by: AwareDatetime
    order_number: Code | None = None
    delivery_number: Code | None = None
    carrier: Code | None = None
    tracking_number: Code | None = None
    lines: Annotated[list[CaseLine], Field(min_length=1)]


class CaseReceipt(BaseModel):
    """The portal's word that it has the case, under its own number."""

    model_config = ConfigDict(frozen=True)

    case_number: Code
    reference: str


@runtime_checkable
class TakesCases(Protocol):
    """A portal's client that takes cases; it raises what `PortalClient` does."""

    def send_case(self, case: Case, idempotency_key: str) -> CaseReceipt:
        """Send `case` once: the same `idempotency_key` again opens no other."""

    def find_case(self, reference: str) -> CaseReceipt | None:
        """The portal's receipt of the case with our reference, or None where the portal says it has none; as `find_order`."""
