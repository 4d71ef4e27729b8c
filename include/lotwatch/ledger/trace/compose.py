"""Puts a lot's trace together from what was read. No database here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from lotwatch.ledger.trace.model import (
    Balance,
    Delivery,
    Exposure,
    Flagged,
    Flow,
    HeldBy,
    LotTrace,
    Part,
    Place,
    Receipt,
    SetAside,
    Stock,
    Subject,
    Transformation,
)
from lotwatch.ledger.trace.reading import (
    DeliveryRow,
    ExposureRow,
    HoldRow,
    Identity,
    Move,
    OrderRow,
    PartRow,
    SetAsideRow,
    StockRow,
)

#: as what goods of a lot come from outside the stock, by the kind of place they come from ...
_INCOMING = {
    "supplier": "received",
    "patient": "brought_back",
    "scrap": "found",
    "adjustment": "found",
    "transformation": "transformed_in",
}
#: ... and as what they leave it
_OUTGOING = {
    "patient": "used",
    "supplier": "returned_to_supplier",
    "scrap": "scrapped",
    "adjustment": "lost",
    "transformation": "transformed_out",
}
_IN = ("received", "opening", "found", "transformed_in", "brought_back", "other_in")
_OUT = ("used", "shipped", "returned_to_supplier", "scrapped", "lost", "transformed_out", "other_out")


class _Reversible(Protocol):
    @property
    def movement_id(self) -> int | None: ...
    @property
    def reverses_id(self) -> int | None: ...


class _Labelled(Protocol):
    @property
    def item_code(self) -> str: ...
    @property
    def lot_number(self) -> str | None: ...
    @property
    def serial_number(self) -> str | None: ...


Told = TypeVar("Told", bound=_Reversible)


@dataclass
class Evidence:
    """All rows that were read, by subject; places and orders by their keys."""

    known: Mapping[Subject, Identity]
    moves: Mapping[Subject, list[Move]]
    deliveries: Mapping[Subject, list[DeliveryRow]]
    parts: Mapping[tuple[str, str], list[PartRow]]
    places: dict[int, Place]
    stock: dict[Subject, list[StockRow]] = field(default_factory=dict)
    holds: dict[Subject, list[HoldRow]] = field(default_factory=dict)
    exposures: dict[Subject, list[ExposureRow]] = field(default_factory=dict)
    set_aside: dict[Subject, list[SetAsideRow]] = field(default_factory=dict)
    orders: dict[str, OrderRow] = field(default_factory=dict)

    def add_stock_of_moves(self) -> None:
        """Sum up what lay where by the movements: positions know only what is so now."""
        for subject, moves in self.moves.items():
            self.stock[subject] = _stock_of(subject, moves)


def standing(rows: Sequence[Told]) -> list[Told]:
    """The rows that count: neither taken back nor taking one of the others back.

    What took a movement back may itself have been taken back: then the movement stands again.
    """
    taken_back, reversals = _reversals(rows)
    return [row for row in rows if row.movement_id is None or row.movement_id not in taken_back | reversals]


def _reversals(rows: Sequence[_Reversible]) -> tuple[set[int | None], set[int | None]]:
    """Ids of movements that were taken back, and of those that only take back."""
    ids = {row.movement_id for row in rows}
    taken_by = {
        row.reverses_id: row.movement_id for row in rows if row.reverses_id is not None and row.reverses_id in ids
    }

    def stands(movement_id: int | None) -> bool:
        taker = taken_by.get(movement_id) if movement_id is not None else None
        return taker is None or not stands(taker)

    reversals = set(taken_by.values())
    return {movement_id for movement_id in ids - reversals if not stands(movement_id)}, reversals


def key_of(label: _Labelled, *, of_unit: bool | None = None) -> str:
    """The key of a lot or serial unit in a trace: `item/lot/number` or `item/serial/number`."""
    by_serial = label.serial_number is not None if of_unit is None else of_unit
    if label.serial_number is not None and (by_serial or label.lot_number is None):
        return f"{label.item_code}/serial/{label.serial_number}"
    return f"{label.item_code}/lot/{label.lot_number}"


def subject_of(part: PartRow, *, of_unit: bool) -> Subject | None:
    """What to follow of a part: its lot; where a serial unit is being followed, the unit; None: it bears no number."""
    if part.serial_id and (of_unit or not part.lot_id):
        return Subject(0, part.serial_id)
    return Subject(part.lot_id, 0) if part.lot_id else None


def compose(subject: Subject, evidence: Evidence) -> LotTrace:
    """The trace of one lot or serial unit."""
    identity = evidence.known[subject]
    moves = evidence.moves.get(subject, [])
    counted = standing(moves)
    taken_back, _ = _reversals(moves)
    stock = evidence.stock.get(subject, [])
    flow = _Flows(evidence.places)
    by_category = _by_category(counted, evidence.places)
    return LotTrace(
        key=key_of(identity),
        item_id=identity.item_id,
        item_code=identity.item_code,
        item_name=identity.item_name,
        base_unit=identity.base_unit,
        lot_id=subject.lot_id,
        serial_id=subject.serial_id,
        lot_number=identity.lot_number,
        serial_number=identity.serial_number,
        manufactured_on=identity.manufactured_on,
        usable_through=identity.usable_through,
        sterile_until=identity.sterile_until,
        receipts=_receipts(by_category["received"], evidence, flow),
        flow=flow.of(counted),
        where_now=tuple(
            Stock(evidence.places[row.location_id], row.owner, row.status, row.quantity, tuple(row.serial_numbers))
            for row in stock
        ),
        used=flow.of(by_category["used"]),
        shipped=flow.of(by_category["shipped"]),
        deliveries=tuple(_delivery(row, evidence.places) for row in evidence.deliveries.get(subject, [])),
        set_aside=tuple(_set_aside(row, evidence.places) for row in evidence.set_aside.get(subject, [])),
        made_from=_transformations(subject, by_category["transformed_in"], evidence),
        made_into=_transformations(subject, by_category["transformed_out"], evidence),
        taken_back=flow.of(move for move in moves if move.movement_id in taken_back),
        holds=tuple(_held_by(row, evidence.places) for row in evidence.holds.get(subject, [])),
        flags=tuple(
            Flagged(flag, found)
            for flag in sorted({flag for move in moves for flag in move.flags or ()})
            for found in flow.of(move for move in moves if flag in (move.flags or ()))
        ),
        balance=_balance(moves, by_category, stock, evidence.places),
        possible_exposure=tuple(_exposure(row, evidence.places) for row in evidence.exposures.get(subject, [])),
    )


class _Flows:
    """Folds movements from one place to another into one."""

    def __init__(self, places: Mapping[int, Place]) -> None:
        self.places = places

    def of(self, moves: Iterable[Move]) -> tuple[Flow, ...]:
        """One for each pair of places, the earliest first."""
        by_ends: dict[tuple[int, int], list[Move]] = defaultdict(list)
        for move in moves:
            by_ends[move.from_location_id, move.to_location_id].append(move)
        folded = [self.fold(group) for group in by_ends.values()]
        return tuple(
            sorted(folded, key=lambda flow: (flow.first_at, flow.last_at, flow.origin.code, flow.destination.code))
        )

    def fold(self, moves: Sequence[Move]) -> Flow:
        """All of them, whose places are the same, as one."""
        return Flow(
            origin=self.places[moves[0].from_location_id],
            destination=self.places[moves[0].to_location_id],
            quantity=sum(move.quantity for move in moves),
            movements=sum(move.movements for move in moves),
            first_at=min(move.first_at for move in moves),
            last_at=max(move.last_at for move in moves),
            documents=tuple(sorted({document for move in moves for document in move.documents})),
            serial_numbers=tuple(sorted({move.serial_number for move in moves if move.serial_number is not None})),
            with_case_reference=sum(move.with_case_reference for move in moves),
        )


def _by_category(moves: Iterable[Move], places: Mapping[int, Place]) -> dict[str, list[Move]]:
    """The movements that cross the border of the stock, by what they mean for the balance; one may cross it twice."""
    found: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        origin, destination = places[move.from_location_id], places[move.to_location_id]
        if not origin.holds_stock:
            found[_incoming(move, origin)].append(move)
        if not destination.holds_stock:
            found[_outgoing(move, destination)].append(move)
    return found


def _incoming(move: Move, origin: Place) -> str:
    if move.transformation_key is not None:
        return "transformed_in"
    return "opening" if move.kind == "opening" else _INCOMING.get(origin.kind, "other_in")


def _outgoing(move: Move, destination: Place) -> str:
    if move.transformation_key is not None:
        return "transformed_out"
    meaning = _OUTGOING.get(destination.kind, "other_out")
    return "shipped" if meaning == "used" and move.shipped else meaning


def _balance(
    moves: Iterable[Move], by_category: Mapping[str, list[Move]], stock: Iterable[StockRow], places: Mapping[int, Place]
) -> Balance:
    sums = {name: sum(move.quantity for move in by_category.get(name, ())) for name in (*_IN, *_OUT)}
    already_counted = sum(
        places[move.to_location_id].holds_stock * move.quantity
        - move.to_counted
        - places[move.from_location_id].holds_stock * move.quantity
        + move.from_counted
        for move in moves
    )
    quantities = [row.quantity for row in stock]
    came_in, went_out = sum(sums[name] for name in _IN), sum(sums[name] for name in _OUT)
    return Balance(
        **sums,
        already_counted=already_counted,
        where_now=sum(quantities),
        unknown_origin=-sum(quantity for quantity in quantities if quantity < 0),
        difference=came_in - went_out - already_counted - sum(quantities),
    )


def _receipts(moves: Iterable[Move], evidence: Evidence, flow: _Flows) -> tuple[Receipt, ...]:
    by_line: dict[tuple[int, int, str | None], list[Move]] = defaultdict(list)
    for move in moves:
        by_line[move.from_location_id, move.to_location_id, move.order_line_key].append(move)
    found = []
    for (origin_id, _, order_line_key), group in by_line.items():
        order = evidence.orders.get(order_line_key or "")
        found.append(
            Receipt(
                supplier_code=order.supplier_code if order else None,
                supplier_name=order.supplier_name if order else evidence.places[origin_id].name,
                order_number=order.order_number if order else None,
                order_reference=order.order_reference if order else None,
                order_line_key=order_line_key,
                flow=flow.fold(group),
            )
        )
    return tuple(sorted(found, key=lambda receipt: (receipt.flow.first_at, receipt.order_line_key or "")))


def _transformations(subject: Subject, moves: Iterable[Move], evidence: Evidence) -> tuple[Transformation, ...]:
    by_key: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in moves:
        by_key[move.source or "", move.transformation_key or ""].append(move)
    found = []
    for (source, key), group in by_key.items():
        rows = standing(evidence.parts.get((source, key), []))
        found.append(
            Transformation(
                transformation_key=key,
                source=source,
                quantity=sum(move.quantity for move in group),
                first_at=min(move.first_at for move in group),
                last_at=max(move.last_at for move in group),
                inputs=_parts((row for row in rows if row.goes_in), of_unit=bool(subject.serial_id)),
                outputs=_parts((row for row in rows if not row.goes_in), of_unit=bool(subject.serial_id)),
            )
        )
    return tuple(sorted(found, key=lambda made: (made.first_at, made.source, made.transformation_key)))


def _parts(rows: Iterable[PartRow], *, of_unit: bool) -> tuple[Part, ...]:
    """Parts of one lot together; units apart where a unit is followed."""
    by_label: dict[tuple[str, str, str], list[PartRow]] = defaultdict(list)
    for row in rows:
        unit = row.serial_number if of_unit or row.lot_number is None else None
        by_label[row.item_code, row.lot_number or "", unit or ""].append(row)
    return tuple(
        Part(
            key=key_of(group[0], of_unit=of_unit) if subject_of(group[0], of_unit=of_unit) else None,
            item_code=item_code,
            lot_number=lot_number or None,
            serial_number=serial_number or None,
            quantity=sum(row.quantity for row in group),
        )
        for (item_code, lot_number, serial_number), group in sorted(by_label.items())
    )


def _stock_of(subject: Subject, moves: Iterable[Move]) -> list[StockRow]:
    sides: dict[tuple[int, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for move in moves:
        sides[move.to_location_id, move.to_owner, move.to_status][move.serial_number or ""] += move.to_counted
        sides[move.from_location_id, move.from_owner, move.from_status][move.serial_number or ""] -= move.from_counted
    return [
        StockRow(
            *subject,
            location_id,
            owner,
            status,
            sum(units.values()),
            sorted(number for number, quantity in units.items() if number and quantity),
        )
        for (location_id, owner, status), units in sorted(sides.items())
        if sum(units.values())
    ]


def _delivery(row: DeliveryRow, places: Mapping[int, Place]) -> Delivery:
    return Delivery(
        direction=row.direction,
        number=row.number,
        state=row.state,
        origin=places[row.from_site_id] if row.from_site_id is not None else None,
        destination=places[row.to_location_id],
        quantity=row.quantity,
        received_quantity=row.received_quantity,
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        sscc=row.sscc,
        shipped_at=row.shipped_at,
        delivered_at=row.delivered_at,
        demand_order=row.demand_order,
        wanted_at=places[row.wanted_at_id] if row.wanted_at_id is not None else None,
    )


def _set_aside(row: SetAsideRow, places: Mapping[int, Place]) -> SetAside:
    return SetAside(
        place=places[row.location_id],
        quantity=row.quantity,
        since=row.allocated_at,
        demand_order=row.demand_order,
        wanted_at=places[row.wanted_at_id] if row.wanted_at_id is not None else None,
    )


def _held_by(row: HoldRow, places: Mapping[int, Place]) -> HeldBy:
    return HeldBy(
        hold_id=row.hold_id,
        cause=row.cause,
        authority=row.authority,
        reference=row.reference,
        case_reference=row.case_reference,
        reason=row.reason,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        confirmed_at=row.confirmed_at,
        place=places[row.location_id] if row.location_id is not None else None,
    )


def _exposure(row: ExposureRow, places: Mapping[int, Place]) -> Exposure:
    return Exposure(
        place=places[row.location_id],
        flow=Flow(
            origin=places[row.from_location_id],
            destination=places[row.to_location_id],
            quantity=row.quantity,
            movements=row.movements,
            first_at=row.first_at,
            last_at=row.last_at,
            documents=tuple(row.documents),
            serial_numbers=(),
            with_case_reference=row.with_case_reference,
        ),
    )
