"""How much was somewhere at a past moment. Of the whole stock the fact views tell (`facts.at`)."""

from collections.abc import Mapping
from datetime import UTC, datetime

import psycopg

from lotwatch.db.query import query

_EVER = datetime.max.replace(tzinfo=UTC)


def quantity_at(
    conn: psycopg.Connection,
    item_id: int,
    location_id: int,
    as_of: datetime,
    *,
    lot_id: int | None = None,
    known_at: datetime | None = None,
) -> int:
    """What was of an item (of one of its lots) in one place at `as_of`, whatever its owner and status (base units).

    By all that is known now or, with `known_at`, by what had been recorded by then.
    """
    parameters = {
        "item_id": item_id,
        "location_id": location_id,
        "lot_id": lot_id,
        "as_of": as_of,
        "known_at": known_at or _EVER,
    }
    if not lot_id:
        return _quantity(conn, "position_at", parameters)
    row = conn.execute(query(__package__, "lot_position_at"), parameters).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    quantity, has_units = row
    return int(quantity) + (_quantity(conn, "units_position_at", parameters) if has_units else 0)


def _quantity(conn: psycopg.Connection, name: str, parameters: Mapping[str, object]) -> int:
    row = conn.execute(query(__package__, name), parameters).fetchone()
    return int(row[0]) if row else 0
