"""What a trace tells. Quantities are base units of the item, moments have their zone."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

StartKind = Literal["lots", "shipment", "department"]


class Subject(NamedTuple):
    """What is followed: a lot with all that bears its number (`serial_id` 0), or one serial unit (`lot_id` 0)."""

    lot_id: int
    serial_id: int


@dataclass(frozen=True, slots=True)
class Start:
    """What was asked for, as it was found.

    `matched` says where a shipment's reference was found; `without_lot` what came with it, or was at the department,
    and cannot be followed because nobody recorded its lot or serial number.
    """

    kind: StartKind
    reference: str
    matched: tuple[str, ...] = ()
    without_lot: tuple["Unidentified", ...] = ()


@dataclass(frozen=True, slots=True)
class Unidentified:
    """Goods that were recorded without lot and serial number."""

    item_code: str
    item_name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Place:
    """A location: of ours, or of the outside world."""

    location_id: int
    code: str
    name: str
    kind: str
    holds_stock: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """All movements from one place to another, together."""

    origin: Place
    destination: Place
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime
    documents: tuple[str, ...]
    serial_numbers: tuple[str, ...]
    with_case_reference: int
    """how many of the movements name a case or patient; whom, is not read here"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came from a supplier for one order line, or for none that is known."""

    supplier_code: str | None
    supplier_name: str
    order_number: str | None
    order_reference: str | None
    order_line_key: str | None
    flow: Flow


@dataclass(frozen=True, slots=True)
class Stock:
    """What lies at a place; negative: more left it than is known to have come."""

    place: Place
    owner: str
    status: str
    quantity: int
    serial_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of a delivery: from a supplier (inbound), between our sites (internal) or out of the house (outbound).

    `demand_order` is the order of ours that it serves, `wanted_at` the department or customer that asked.
    """

    direction: Literal["inbound", "internal", "outbound"]
    number: str | None
    state: str
    origin: Place | None
    destination: Place
    quantity: int
    received_quantity: int
    carrier: str | None
    tracking_number: str | None
    sscc: str | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    demand_order: str | None
    wanted_at: Place | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """What is set aside at a place for an order (None: something else) of a department or customer, and has not left."""

    place: Place
    quantity: int
    since: datetime
    demand_order: str | None
    wanted_at: Place | None


@dataclass(frozen=True, slots=True)
class Part:
    """What went into, or came out of, a transformation; `key` is that of its LotTrace, None where it bears no number."""

    key: str | None
    item_code: str
    lot_number: str | None
    serial_number: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Transformation:
    """A repacking or relabelling: how much of this lot took part, and what all of it was made from or into."""

    transformation_key: str
    source: str
    quantity: int
    first_at: datetime
    last_at: datetime
    inputs: tuple[Part, ...]
    outputs: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class HeldBy:
    """A hold in force on it, or on a place where it lies (`place`)."""

    hold_id: int
    cause: str
    authority: str
    reference: str
    case_reference: str | None
    reason: str | None
    placed_at: datetime
    placed_by: str
    confirmed_at: datetime | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Goods of the same item that left a place without a lot or serial number while this one was there: perhaps it was it.

    `place` is where it was; `flow.origin` is that place, or one around it.
    """

    place: Place
    flow: Flow


@dataclass(frozen=True, slots=True)
class Flagged:
    """Movements that were odd when they were posted (lotwatch.movement_flag)."""

    flag: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the quantity came from and what became of it.

    What came in, less what went out, is what is there. `already_counted` are movements told only after a count had
    seen them: they changed no stock. `unknown_origin` is what left places beyond what is known to have come to them.
    """

    received: int
    opening: int
    found: int
    transformed_in: int
    brought_back: int
    other_in: int
    used: int
    shipped: int
    returned_to_supplier: int
    scrapped: int
    lost: int
    transformed_out: int
    other_out: int
    already_counted: int
    where_now: int
    unknown_origin: int
    difference: int
    """what came in and is nowhere (negative: is somewhere and never came); 0 when the balance closes"""

    @property
    def closes(self) -> bool:
        """Whether all of it is accounted for."""
        return self.difference == 0 and self.unknown_origin == 0


@dataclass(frozen=True, slots=True)
class LotTrace:
    """One lot or serial unit: where it came from, where it went and where it is."""

    key: str
    item_id: int
    item_code: str
    item_name: str
    base_unit: str
    lot_id: int
    serial_id: int
    lot_number: str | None
    serial_number: str | None
    manufactured_on: date | None
    usable_through: date | None
    sterile_until: date | None
    receipts: tuple[Receipt, ...]
    flow: tuple[Flow, ...]
    where_now: tuple[Stock, ...]
    used: tuple[Flow, ...]
    shipped: tuple[Flow, ...]
    deliveries: tuple[Delivery, ...]
    set_aside: tuple[SetAside, ...]
    made_from: tuple[Transformation, ...]
    made_into: tuple[Transformation, ...]
    taken_back: tuple[Flow, ...]
    holds: tuple[HeldBy, ...]
    flags: tuple[Flagged, ...]
    balance: Balance
    possible_exposure: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """What a lot or serial unit did at a department in the period that was asked for; `key` is that of its LotTrace."""

    key: str
    arrived: int
    moved_on: int
    used: int
    first_at: datetime | None
    last_at: datetime | None
    there_now: int


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer: what was asked for, its lots and serial units, and what they were made from or into.

    `asked` holds the keys of what was asked for; the other lots are linked to them by transformations.
    """

    start: Start
    as_of: datetime | None
    asked: tuple[str, ...]
    lots: tuple[LotTrace, ...]
    stays: tuple[Stay, ...] = ()

    def lot(self, key: str) -> LotTrace:
        """The lot or serial unit of that key. Raises KeyError when it was not traced."""
        for lot in self.lots:
            if lot.key == key:
                return lot
        raise KeyError(key)

    def as_json(self) -> dict[str, Any]:
        """The trace as plain lists and objects, every name always present; moments and days in ISO 8601."""
        plain: dict[str, Any] = _plain(self)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Balance):
        return {**_members(value), "closes": value.closes}
    if is_dataclass(value):
        return _members(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def _members(value: Any) -> Mapping[str, Any]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
