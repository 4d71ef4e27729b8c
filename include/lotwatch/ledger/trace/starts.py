"""Traces from what people have in hand: a lot or serial number, a label, a delivery, a department."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NamedTuple

import psycopg

from lotwatch.errors import LotwatchError
from lotwatch.ledger.trace.follow import DEPTH, trace_subjects
from lotwatch.ledger.trace.model import LotTrace, Start, Stay, Subject, Trace, Unidentified
from lotwatch.ledger.trace.reading import Books

#: numbers named when one is not found
_SUGGESTED = 5


class Number(NamedTuple):
    """A lot of an item, or one of its serial units, as people name it."""

    item_code: str
    number: str
    by_serial: bool = False


class _Found(NamedTuple):
    item_id: int
    number: str | None
    lot_id: int | None
    serial_id: int | None


class _Text(NamedTuple):
    number: str


class _Code(NamedTuple):
    code: str


class _ShipmentRow(NamedTuple):
    matched: str
    item_code: str
    item_name: str
    lot_id: int
    serial_id: int
    quantity: int


class _LocationRow(NamedTuple):
    location_id: int


class _StayRow(NamedTuple):
    item_code: str
    item_name: str
    lot_id: int
    serial_id: int
    arrived: int
    moved_on: int
    used: int
    first_at: datetime | None
    last_at: datetime | None
    there_now: int


def trace_numbers(
    conn: psycopg.Connection[Any], numbers: Sequence[Number], as_of: datetime | None = None, depth: int = DEPTH
) -> Trace:
    """Trace lots and serial units by their numbers, all together.

    Raises LotwatchError, naming what is written alike, when an item or a number is not known.
    """
    books = Books(conn, as_of)
    subjects = [
        subject
        for item_code, by_serial in dict.fromkeys((n.item_code, n.by_serial) for n in numbers)
        for subject in _find(books, item_code, by_serial, numbers)
    ]
    reference = ", ".join(f"{number.item_code} {number.number}" for number in numbers)
    return _trace(conn, Start("lots", reference), subjects, as_of, depth)


def trace_udi(
    conn: psycopg.Connection[Any], raw: str, today: date, as_of: datetime | None = None, depth: int = DEPTH
) -> Trace:
    """Trace what a label says: its serial unit, else its lot, else what came in the logistic unit of its SSCC.

    Raises UdiError when it cannot be read, and LotwatchError when it names no lot or nothing that is known.
    """
    from lotwatch.master.udi import parse

    label = parse(raw, today)
    if label.di is None and label.sscc is not None:
        return trace_shipment(conn, label.sscc, as_of, depth)
    number = label.serial_number or label.lot_number
    if label.di is None or number is None:
        raise LotwatchError(
            "The label names no lot or serial number", where=raw, do="trace by lot or by shipment instead"
        )
    codes = Books(conn, as_of).read("item_of_identifier", _Code, di=label.di)
    if len(codes) != 1:
        known = f"it is that of {', '.join(row.code for row in codes)}" if codes else "no item has it"
        raise LotwatchError(f"UDI-DI {label.di} names no single item: {known}", where=raw, do="trace by item and lot")
    trace = trace_numbers(conn, [Number(codes[0].code, number, label.serial_number is not None)], as_of, depth)
    return replace(trace, start=replace(trace.start, reference=raw))


def trace_shipment(
    conn: psycopg.Connection[Any], reference: str, as_of: datetime | None = None, depth: int = DEPTH
) -> Trace:
    """Trace all lots of a supplier's shipment, or of any delivery.

    `reference` is the document of a receipt, the number or reference of a purchase order, the number or tracking number
    of a delivery, the SSCC of a package, or the number of a department's or customer's order. Raises LotwatchError when it is none of these.
    """
    rows = Books(conn, as_of).read("shipment", _ShipmentRow, reference=reference)
    if not rows:
        raise LotwatchError(
            f"Nothing came or was sent under {reference!r}",
            do="give a receipt's document, an order or delivery number, a tracking number or an SSCC as its system writes it",
        )
    start = Start("shipment", reference, tuple(sorted({row.matched for row in rows})), _without_lot(rows))
    return _trace(conn, start, _subjects(rows), as_of, depth)


def trace_department(
    conn: psycopg.Connection[Any],
    code: str,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
    depth: int = DEPTH,
) -> Trace:
    """Trace every lot that came to, lay at or was used from a place (with every place in it) in a period.

    Without a period: ever. What merely lies there belongs to every period that has not ended. Raises LotwatchError when
    there is no such place, or when nothing was there.
    """
    books = Books(conn, as_of)
    places = [row.location_id for row in books.read("within", _LocationRow, code=code)]
    if not places:
        raise LotwatchError("There is no such place", where=code, do="look its code up on the Inventory page")
    ends = min((moment for moment in (until, as_of) if moment is not None), default=None)
    rows = books.read(
        "department",
        _StayRow,
        places=places,
        since=since or "-infinity",
        until=ends or "infinity",
        with_stock=ends is None,
    )
    if not rows:
        raise LotwatchError("Nothing was there in that period", where=code)
    start = Start("department", code, without_lot=_without_lot(rows))
    trace = _trace(conn, start, _subjects(rows), as_of, depth)
    lots = {Subject(lot.lot_id, 0) if lot.lot_id else Subject(0, lot.serial_id): lot for lot in trace.lots}
    stays = [
        _stay(row, lots[Subject(row.lot_id, row.serial_id)], places) for row in rows if row.lot_id or row.serial_id
    ]
    return replace(trace, stays=tuple(stays))


def _trace(
    conn: psycopg.Connection[Any], start: Start, subjects: Sequence[Subject], as_of: datetime | None, depth: int
) -> Trace:
    lots = trace_subjects(conn, subjects, as_of, depth)
    asked = tuple(lot.key for lot in lots[: len(set(subjects))])
    return Trace(start, as_of, asked, lots)


def _find(books: Books, item_code: str, by_serial: bool, numbers: Iterable[Number]) -> list[Subject]:
    wanted = [n.number for n in numbers if (n.item_code, n.by_serial) == (item_code, by_serial)]
    rows = books.read("find_numbers", _Found, item_code=item_code, numbers=wanted, by_serial=by_serial)
    if not rows:
        alike = books.read("items_like", _Code, beginning=item_code[:3])
        raise LotwatchError(
            "There is no such item",
            where=item_code,
            do=_suggest(item_code, [row.code for row in alike]) or "look its code up on the Inventory page",
        )
    found = {row.number: Subject(row.lot_id or 0, row.serial_id or 0) for row in rows if row.number is not None}
    missing = [number for number in wanted if number not in found]
    if missing:
        known = books.read("numbers_of_item", _Text, item_id=rows[0].item_id, by_serial=by_serial)
        kind = "serial number" if by_serial else "lot"
        suggestion = _suggest(missing[0], [row.number for row in known])
        raise LotwatchError(
            f"Item {item_code} has no {kind} {', '.join(missing)}",
            where=item_code,
            do=suggestion or f"none of its {len(known)} {kind}s is written alike: compare with the label",
        )
    return [found[number] for number in dict.fromkeys(wanted)]


def _suggest(given: str, known: Sequence[str]) -> str:
    """The nearest of what is known, whatever the case of its letters; empty when nothing is near."""
    by_folded = {number.casefold(): number for number in known}
    near = get_close_matches(given.casefold(), by_folded, n=_SUGGESTED, cutoff=0.5)
    return f"the nearest are {', '.join(by_folded[number] for number in near)}" if near else ""


def _subjects(rows: Iterable[_ShipmentRow | _StayRow]) -> list[Subject]:
    return list(dict.fromkeys(Subject(row.lot_id, row.serial_id) for row in rows if row.lot_id or row.serial_id))


def _without_lot(rows: Iterable[_ShipmentRow | _StayRow]) -> tuple[Unidentified, ...]:
    """What bears no number: what came of it, or at a department what came there and what lies there, if that is more."""
    quantities: dict[tuple[str, str], int] = {}
    for row in rows:
        if not row.lot_id and not row.serial_id:
            quantity = row.quantity if isinstance(row, _ShipmentRow) else max(row.arrived, row.there_now, row.used)
            name = (row.item_code, row.item_name)
            quantities[name] = max(quantities.get(name, 0), quantity)
    return tuple(Unidentified(*name, quantity) for name, quantity in sorted(quantities.items()) if quantity > 0)


def _stay(row: _StayRow, lot: LotTrace, places: Sequence[int]) -> Stay:
    there = sum(stock.quantity for stock in lot.where_now if stock.place.location_id in places)
    return Stay(lot.key, row.arrived, row.moved_on, row.used, row.first_at, row.last_at, there)
