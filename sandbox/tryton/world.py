"""What is in the trial company's ERP: the records that the parts of this folder make and put into Tryton."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(slots=True)
class Place:
    """A Tryton location. `parent` is a place's code; `type` is Tryton's; dates and quantities never live here."""

    code: str
    name: str
    type: str
    parent: str | None = None
    consignment_supplier: str | None = None


@dataclass(slots=True)
class Site:
    """A Tryton warehouse: a distribution centre (`supplied_by` None) or a hospital."""

    code: str
    name: str
    region: str
    supplied_by: str | None = None


@dataclass(slots=True)
class Supplier:
    """Who is bought from. `lateness`: days later than promised, one entry for each past delivery it is drawn from."""

    code: str
    name: str
    email: str
    lead_days: int
    lateness: tuple[int, ...]


@dataclass(slots=True)
class Label:
    """What the label of a device carries."""

    lot: bool
    serial: bool
    expiry: bool


@dataclass(slots=True)
class Device:
    """A product. `key` names it in the world, `code` in Tryton (None: it has none); cost per base unit in EUR."""

    key: str
    code: str | None
    name: str
    category: str
    legal_manufacturer: str
    udi_di: str
    device_class: str
    criticality: str
    label: Label | None
    cost: Decimal
    storage_c: tuple[Decimal, Decimal] | None
    registration_number: str
    registration_through: date
    order_multiple: int
    shelf_days: int
    unit: str = "unit"
    purchase_unit: str = "unit"
    active: bool = True

    @property
    def serialised(self) -> bool:
        """Whether each unit is a record of its own in Tryton."""
        return self.label is not None and self.label.serial


@dataclass(slots=True)
class Agreement:
    """What a supplier sells a device for: price per base unit, minimum quantity in base units, lead time in days."""

    supplier: str
    device: str
    price: Decimal | None
    minimum_quantity: int
    lead_days: int | None


@dataclass(slots=True)
class Lot:
    """A Tryton lot: a batch, or for a serialised device one unit (number `lot/serial`, or the serial alone)."""

    device: str
    number: str
    expires_on: date | None


@dataclass(slots=True)
class Line:
    """A purchase line; `quantity`, `received` and `price` in the device's purchase unit.

    It is promised for when it was requested for, unless the supplier confirmed another day (`promised_on`).
    """

    device: str | None
    quantity: float
    price: Decimal
    requested_on: date
    promised_on: date | None = None
    received: float = 0


@dataclass(slots=True)
class Purchase:
    """A purchase; `state` is Tryton's. Loaded in bulk, unless it is to go through Tryton's own API."""

    supplier: str
    site: str
    ordered_on: date | None
    state: str
    lines: list[Line] = field(default_factory=list)
    reference: str | None = None
    bulk: bool = True


@dataclass(slots=True)
class Shipment:
    """Tryton's paper for moves that belong together: `in` (a purchase received) or `internal` (a transfer)."""

    kind: str
    source: str
    destination: str
    started_on: date
    done_on: date | None


@dataclass(slots=True)
class Customer:
    """Another organisation that is served from a distribution centre."""

    code: str
    name: str


@dataclass(slots=True)
class Request:
    """A shipment that has not left, made through Tryton's own API: for a customer, or (None) a transfer to a site.

    `loads`: (device, lot, quantity), the lot a position in the world's list or None for any. Tryton assigns what it can:
    where there is too little, the shipment keeps waiting. What is not `assigned` waits for somebody to pick it.
    """

    customer: str | None
    source: str
    destination: str
    entered_on: date
    planned_on: date
    loads: list[tuple[str, int | None, float]] = field(default_factory=list)
    assigned: bool = True


@dataclass(slots=True)
class Move:
    """A stock move. `lot`, `shipment`: positions in the world's lists; `line`: (purchase, line) positions.

    One that is cancelled had been done on its day.
    """

    device: str
    lot: int | None
    source: str
    destination: str
    quantity: float
    on: date
    line: tuple[int, int] | None = None
    shipment: int | None = None
    state: str = "done"


@dataclass(slots=True)
class Inspection:
    """A quality inspection. Tryton's has no lot: its control names the product, its reference the lot's number."""

    device: str | None
    lot_number: str | None
    state: str
    opened_on: date
    closed_on: date | None
    shipment: int | None = None


@dataclass(slots=True)
class Bill:
    """A supplier's invoice for a purchase, under the supplier's own number.

    `lines`: (purchase line, quantity, price), the last two in the device's purchase unit; `ordered`: whether they say which
    purchase line they are about. It is posted, left a draft, or was posted and taken back by a credit note (`credited`).
    """

    purchase: int
    number: str
    on: date
    lines: list[tuple[int, float, Decimal]]
    state: str = "posted"
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Planted:
    """A bad row: its name, the gate's rule it breaks (MAP: it cannot be mapped), the entity it shows under.

    `where` is (kind, position): ("device", key), ("lot", i), ("move", i), ("line", (purchase, line)),
    ("agreement", i), ("inspection", i) or ("bill", (bill, its line)).
    """

    name: str
    rule: str
    entity: str
    where: tuple[str, object]


@dataclass(slots=True)
class World:
    """Everything to put into Tryton. Positions in the lists are how the parts refer to one another."""

    today: date
    places: list[Place] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    suppliers: list[Supplier] = field(default_factory=list)
    devices: dict[str, Device] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    inspections: list[Inspection] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    #: name of a case -> what identifies it (item code, lot number, site, purchase reference)
    special: dict[str, dict[str, str]] = field(default_factory=dict)

    def stock(self) -> dict[tuple[str, str, int | None], float]:
        """(place, device, lot) -> quantity after all done moves; planted moves included."""
        total: dict[tuple[str, str, int | None], float] = {}
        for move in self.moves:
            if move.state == "done":
                for place, sign in ((move.source, -1), (move.destination, 1)):
                    key = (place, move.device, move.lot)
                    total[key] = total.get(key, 0) + sign * move.quantity
        return total

    def storage_places(self) -> Iterator[str]:
        """Codes of the places where our own stock lies (transit included, consigned stock not)."""
        return (place.code for place in self.places if place.type == "storage")
