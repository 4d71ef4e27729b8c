"""Reads what a trace is made of: a handful of statements, however many lots are followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, TypeVar

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query
from lotwatch.ledger.trace.model import Place, Subject

Row = TypeVar("Row")


class Identity(NamedTuple):
    """What a label says. `own_lot_id` is the lot that a serial unit belongs to; `units` are a lot's serial units."""

    lot_id: int
    serial_id: int
    item_id: int
    item_code: str
    item_name: str
    base_unit: str
    lot_number: str | None
    serial_number: str | None
    manufactured_on: date | None
    usable_through: date | None
    sterile_until: date | None
    own_lot_id: int
    units: list[int]


class Move(NamedTuple):
    """Movements alike, together; one that was taken back, or took one back, is alone and has its `movement_id`."""

    lot_id: int
    serial_id: int
    item_id: int
    from_location_id: int
    to_location_id: int
    from_owner: str
    to_owner: str
    from_status: str
    to_status: str
    serial_number: str | None
    kind: str
    shipped: bool
    order_line_key: str | None
    source: str | None
    transformation_key: str | None
    movement_id: int | None
    reverses_id: int | None
    flags: list[str] | None
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime
    documents: list[str]
    with_case_reference: int
    from_counted: int
    to_counted: int


class PartRow(NamedTuple):
    """A movement into a transformation, or out of it."""

    source: str
    transformation_key: str
    movement_id: int
    reverses_id: int | None
    goes_in: bool
    item_id: int
    lot_id: int
    serial_id: int
    item_code: str
    lot_number: str | None
    serial_number: str | None
    quantity: int


class StockRow(NamedTuple):
    """What lies at a place."""

    lot_id: int
    serial_id: int
    location_id: int
    owner: str
    status: str
    quantity: int
    serial_numbers: list[str]


class HoldRow(NamedTuple):
    """A hold in force."""

    lot_id: int
    serial_id: int
    hold_id: int
    cause: str
    authority: str
    reference: str
    case_reference: str | None
    reason: str | None
    placed_at: datetime
    placed_by: str
    confirmed_at: datetime | None
    location_id: int | None


class DeliveryRow(NamedTuple):
    """A line of a delivery."""

    lot_id: int
    serial_id: int
    direction: Literal["inbound", "internal", "outbound"]
    number: str | None
    state: str
    from_site_id: int | None
    to_location_id: int
    quantity: int
    received_quantity: int
    carrier: str | None
    tracking_number: str | None
    sscc: str | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    demand_order: str | None
    wanted_at_id: int | None


class SetAsideRow(NamedTuple):
    """What is set aside of it, at a place."""

    lot_id: int
    serial_id: int
    location_id: int
    quantity: int
    allocated_at: datetime
    demand_order: str | None
    wanted_at_id: int | None


class OrderRow(NamedTuple):
    """Whose order line it is."""

    source_key: str
    order_number: str | None
    order_reference: str | None
    supplier_code: str
    supplier_name: str


class SuspectRow(NamedTuple):
    """A place from which, or from a place around which, goods of the item moved without a lot or serial number."""

    item_id: int
    location_id: int
    around_id: int


class ExposureRow(NamedTuple):
    """What left without a lot or serial number while the subject was at `location_id`."""

    lot_id: int
    serial_id: int
    location_id: int
    from_location_id: int
    to_location_id: int
    quantity: int
    movements: int
    first_at: datetime
    last_at: datetime
    documents: list[str]
    with_case_reference: int


@dataclass(frozen=True, slots=True)
class Books:
    """The ledger as a trace reads it: as it is, or as things were at `as_of` by all that is known of it today."""

    conn: psycopg.Connection[Any]
    as_of: datetime | None

    def identities(self, subjects: Iterable[Subject]) -> dict[Subject, Identity]:
        """What their labels say; a subject that is not known is left out."""
        wanted = list(subjects)
        rows = self.read(
            "identities", Identity, lots=_lots(wanted), serials=[s.serial_id for s in wanted if s.serial_id]
        )
        return {Subject(row.lot_id, row.serial_id): row for row in rows}

    def deliveries(self, known: Mapping[Subject, Identity]) -> list[DeliveryRow]:
        """The delivery lines they are in."""
        return self.read("deliveries", DeliveryRow, **_wanted(known))

    def set_aside(self, known: Mapping[Subject, Identity]) -> list[SetAsideRow]:
        """What is set aside of them."""
        return self.read("set_aside", SetAsideRow, **_wanted(known))

    def moves(self, known: Mapping[Subject, Identity], shipped_documents: Iterable[str]) -> list[Move]:
        """All movements; those to patients or customers on one of `shipped_documents` count as shipped."""
        return self.read("flow", Move, **_wanted(known), shipped_documents=list(shipped_documents))

    def parts(self, transformations: Iterable[tuple[str, str]]) -> list[PartRow]:
        """What went into and came out of transformations, given as (source, transformation key)."""
        pairs = sorted(transformations)
        return (
            self.read("parts", PartRow, sources=[s for s, _ in pairs], keys=[key for _, key in pairs]) if pairs else []
        )

    def stock(self, known: Mapping[Subject, Identity], visited: Iterable[tuple[Subject, int]]) -> list[StockRow]:
        """What lies now at the places that were visited (place ids)."""
        pairs = list(visited)
        return self.read(
            "stock",
            StockRow,
            **_wanted(known),
            visited_lots=[subject.lot_id for subject, _ in pairs],
            visited_serials=[subject.serial_id for subject, _ in pairs],
            visited_items=[known[subject].item_id for subject, _ in pairs],
            visited_places=[place for _, place in pairs],
        )

    def holds(self, known: Mapping[Subject, Identity], lying: Iterable[tuple[Subject, int]]) -> list[HoldRow]:
        """Holds in force on them, or on places where they lie (place ids)."""
        pairs = list(lying)
        return self.read(
            "holds",
            HoldRow,
            **_wanted(known) | _each(known),
            past=self.as_of is not None,
            stock_lots=[subject.lot_id for subject, _ in pairs],
            stock_serials=[subject.serial_id for subject, _ in pairs],
            stock_places=[place for _, place in pairs],
        )

    def exposures(self, known: Mapping[Subject, Identity], visited: Iterable[tuple[Subject, int]]) -> list[ExposureRow]:
        """What moved without a lot or serial number where one of them was; costs next to nothing where nothing did."""
        pairs = sorted({(known[subject].item_id, place) for subject, place in visited})
        items, places = [item for item, _ in pairs], [place for _, place in pairs]
        suspects = self.read("suspects", SuspectRow, visited_items=items, visited_places=places)
        if not suspects:
            return []
        concerned = {row.item_id for row in suspects}
        touched = {subject: identity for subject, identity in known.items() if identity.item_id in concerned}
        each = _each(touched)
        return self.read(
            "exposure",
            ExposureRow,
            **_wanted(touched),
            subject_lots=each["lots"],
            subject_serials=each["serials"],
            subject_items=each["items"],
            own_lots=each["own_lots"],
            suspect_items=[row.item_id for row in suspects],
            suspect_places=[row.location_id for row in suspects],
            suspect_arounds=[row.around_id for row in suspects],
        )

    def orders(self, order_line_keys: Iterable[str]) -> dict[str, OrderRow]:
        """Order lines by their key."""
        keys = sorted(set(order_line_keys))
        rows = self.read("orders", OrderRow, order_line_keys=keys) if keys else []
        return {row.source_key: row for row in rows}

    def places(self, location_ids: Iterable[int | None]) -> dict[int, Place]:
        """Locations by their id; one that the reader may not see is told as a place of ours without code and name."""
        wanted = sorted({location_id for location_id in location_ids if location_id is not None})
        found = {place.location_id: place for place in self.read("places", Place, places=wanted)}
        return {place: found.get(place, Place(place, "", "", "site", True)) for place in wanted}

    def read(self, name: str, row: type[Row], **parameters: Any) -> list[Row]:
        """The rows of a statement; `until` is the moment of the trace."""
        with self.conn.cursor(row_factory=class_row(row)) as cursor:
            moment = {"until": self.as_of or "infinity"}
            return cursor.execute(query(__package__, name), moment | parameters).fetchall()


def _lots(subjects: Iterable[Subject]) -> list[int]:
    return [subject.lot_id for subject in subjects if subject.lot_id]


def _wanted(known: Mapping[Subject, Identity]) -> dict[str, list[int]]:
    """The lots, and the serial units: on their own, or with their lot."""
    pairs = [(subject.serial_id, 0) for subject in known if subject.serial_id]
    pairs += [(unit, subject.lot_id) for subject, identity in known.items() for unit in identity.units]
    return {"lots": _lots(known), "units": [unit for unit, _ in pairs], "units_lots": [lot for _, lot in pairs]}


def _each(known: Mapping[Subject, Identity]) -> dict[str, list[int]]:
    return {
        "lots": [subject.lot_id for subject in known],
        "serials": [subject.serial_id for subject in known],
        "items": [identity.item_id for identity in known.values()],
        "own_lots": [identity.own_lot_id or subject.lot_id for subject, identity in known.items()],
    }
