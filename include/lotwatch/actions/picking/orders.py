"""What a pick wave comes to for each order in it."""

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Picked:
    """So many base units of a lot or serial unit at a stop of the walk, for a line of an order; `destination` is who gets it."""

    source: str
    order_key: str
    order_number: str
    destination: str
    demand_line_key: str
    stop: int
    item_id: int
    lot_id: int
    serial_id: int
    location_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order in its own system, with what is picked for it, along the walk."""

    source: str
    key: str
    picks: tuple[Picked, ...]


def orders_of(conn: psycopg.Connection, proposal_id: int) -> list[Order]:
    """The orders of a wave, without what a guard or an approver struck; in the order in which the walk comes by."""
    with conn.cursor(row_factory=class_row(Picked)) as cursor:
        picks = cursor.execute(query(__package__, "picked"), {"proposal_id": proposal_id}).fetchall()
    keys = dict.fromkeys((pick.source, pick.order_key) for pick in picks)
    return [Order(*key, tuple(pick for pick in picks if (pick.source, pick.order_key) == key)) for key in keys]
