"""Keeps suppliers' answers as they were given, and works out what of each order line comes, and when.

Answers may come twice, late or in the wrong order: all are kept, and the one that its supplier wrote last counts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import psycopg

from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class AnsweredPart:
    """Some of a line: see the columns of order_confirmation."""

    state: str
    quantity: int | None
    promised_on: date | None = None
    unit_price: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """A line as the answer names it, and our item where it is known. All None: the whole order."""

    number: int | None
    named: str | None
    item_code: str | None
    parts: tuple[AnsweredPart, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A supplier's answer to the order with the ERP's number `order_number`. `supplier_code` None: not known yet."""

    portal: str
    number: str
    issued_at: datetime
    order_number: str
    supplier_code: str | None
    lines: tuple[AnsweredLine, ...]


def keep_answer(conn: psycopg.Connection, answer: Answer) -> bool:
    """Keep an answer; False when it was kept before. It takes effect by `apply_answers`."""
    rows = [(line, number, part) for line in answer.lines for number, part in enumerate(line.parts, start=1)]
    parameters = {
        "portal": answer.portal,
        "answer_number": answer.number,
        "issued_at": answer.issued_at,
        "order_number": answer.order_number,
        "supplier_code": answer.supplier_code,
        "line_number": [line.number for line, _, _ in rows],
        "named": [line.named for line, _, _ in rows],
        "item_code": [line.item_code for line, _, _ in rows],
        "part": [number for _, number, _ in rows],
        "state": [part.state for _, _, part in rows],
        "quantity": [part.quantity for _, _, part in rows],
        "promised_on": [part.promised_on for _, _, part in rows],
        "unit_price": [part.unit_price for _, _, part in rows],
        "reason": [part.reason for _, _, part in rows],
    }
    return conn.execute(query(__package__, "keep_answer"), parameters).rowcount > 0


def apply_answers(conn: psycopg.Connection, order_numbers: Collection[str]) -> int:
    """Write what the answers in force mean into the lines of these orders, and wake what depends on it.

    Returns how many lines changed. Doing it again changes nothing.
    """
    row = conn.execute(query(__package__, "apply_answers"), {"order_numbers": list(order_numbers)}).fetchone()
    return int(row[0]) if row else 0


def apply_to_batch(conn: psycopg.Connection, batch_id: int) -> None:
    """The same for a batch's order lines: an answer may have come before the ERP has told us of the line."""
    numbers = conn.execute(query(__package__, "answered_in_batch"), {"batch_id": batch_id}).fetchall()
    if numbers:
        apply_answers(conn, [number for (number,) in numbers])


def ordered(conn: psycopg.Connection, order_number: str) -> tuple[str, dict[str, int]] | None:
    """Supplier and quantities by item of an order as the ERP told it; None where it has told none of that number."""
    rows = conn.execute(query(__package__, "ordered"), {"order_number": order_number}).fetchall()
    return (str(rows[0][0]), {code: int(quantity) for _, code, quantity in rows}) if rows else None


def unknown_orders(conn: psycopg.Connection, portal: str) -> list[tuple[str, str]]:
    """(number, supplier) of orders that a portal answered before we knew of them, and that the ERP has told since."""
    rows = conn.execute(query(__package__, "unknown_orders"), {"portal": portal}).fetchall()
    return [(str(number), str(supplier)) for number, supplier in rows]


def name_supplier(conn: psycopg.Connection, portal: str, order_number: str, supplier_code: str) -> None:
    """The order is known now, and this supplier's: the portal's answers to it count from now on."""
    parameters = {"portal": portal, "order_number": order_number, "supplier_code": supplier_code}
    conn.execute(query(__package__, "name_supplier"), parameters)


def first_answer(conn: psycopg.Connection, portal: str, order_number: str) -> str | None:
    """The number of a portal's first answer to an order: proof that it has the order. None without any."""
    row = conn.execute(query(__package__, "first_answer"), {"portal": portal, "order_number": order_number}).fetchone()
    return str(row[0]) if row else None


def last_answer(conn: psycopg.Connection, portal: str, order_number: str) -> datetime | None:
    """When the last of a portal's answers to an order was written; None without any."""
    row = conn.execute(query(__package__, "last_answer"), {"portal": portal, "order_number": order_number}).fetchone()
    return row[0] if row else None


def declined(conn: psycopg.Connection, order_number: str) -> dict[str, int | None]:
    """By item, how much the answers in force to an order decline; None is all of it."""
    return dict(conn.execute(query(__package__, "declined"), {"order_number": order_number}).fetchall())


def withdraw(conn: psycopg.Connection, order_reference: str, quantities: Mapping[str, int]) -> None:
    """We cancelled so much of these items of an order of ours: it is on order no more, whatever the ERP still says."""
    parameters = {
        "order_reference": order_reference,
        "item_code": list(quantities),
        "quantity": list(quantities.values()),
    }
    conn.execute(query(__package__, "withdraw"), parameters)


def wake(conn: psycopg.Connection, site_code: str, item_codes: Collection[str]) -> None:
    """Have these items at a site looked at again."""
    conn.execute(query(__package__, "wake"), {"site_code": site_code, "item_codes": list(item_codes)})
